"""One HubSpot portal: what its handlers share."""

from __future__ import annotations

import uuid
from dataclasses import dataclass
from typing import Any

from crmbridge.sandbox.hubspot.blocklist import Blocklist
from crmbridge.sandbox.hubspot.catalog import Catalog
from crmbridge.sandbox.hubspot.forms import Forms
from crmbridge.sandbox.hubspot.lifecycle import DEFAULT_STAGES
from crmbridge.sandbox.hubspot.limits import Limits
from crmbridge.sandbox.hubspot.lists import Lists
from crmbridge.sandbox.hubspot.objects import CONTACTS
from crmbridge.sandbox.hubspot.owners import NewOwner, Owners
from crmbridge.sandbox.hubspot.stage_dates import GENERATIONS, GROUP, rows
from crmbridge.sandbox.hubspot.store import Store
from crmbridge.sandbox.hubspot.tokens import PRIVATE_APP_ID, PUBLIC_APP_ID, Tokens
from crmbridge.sandbox.hubspot.webhook_delivery import Delivery
from crmbridge.sandbox.hubspot.webhooks import Webhooks
from crmbridge.sandbox.options import HubSpotOptions
from crmbridge.sandbox.world import World

_FIRST_PORTAL_ID = 24_000_000


@dataclass(frozen=True, slots=True)
class Source:
    """Who writes, as history shows it."""

    type: str
    id: str


class Portal:
    """Storage, schema, owners, tokens and limits of one account."""

    def __init__(self, world: World) -> None:
        self.world = world
        #: Another seed is another account.
        self.portal_id = _FIRST_PORTAL_ID + world.seed
        with world.transaction():
            self.store = Store(world)
            self.catalog = Catalog(world)
            self.owners = Owners(world)
            self.tokens = Tokens(world)
            self.lists = Lists(self)
            self.forms = Forms(world)
            self.blocklist = Blocklist(world)
        self.limits = Limits(world)
        self.delivery = Delivery(world, self.tokens)
        self.webhooks = Webhooks(world, self.portal_id, self.delivery.take)
        self._aim()
        #: Who acts at present: the app of the request, or a person.
        self.acting = Source("CRM_UI", "")
        self._generations: frozenset[str] = frozenset()
        self._found()

    @property
    def options(self) -> HubSpotOptions:
        """The switches, as they are now."""
        return self.world.options.hubspot

    def correlation_id(self) -> str:
        """Give a fresh id for an error answer."""
        return str(uuid.UUID(int=self.world.random.getrandbits(128), version=4))

    def subscribe(self, app: str, item: dict[str, Any]) -> dict[str, Any]:
        """Add a checked webhook subscription of an app and give it as the API shows it."""
        number, now = self.webhooks.new_id(), self.world.clock.iso()
        shown = {"id": str(number), "createdAt": now, "updatedAt": now, **item}
        self.webhooks.put(app, number, shown)
        return shown

    def aim_webhooks(self, app: str, settings: dict[str, Any] | None) -> None:
        """Set or remove the checked target of an app's webhooks."""
        self.webhooks.configure(app, settings)
        self._aim()

    def _aim(self) -> None:
        found = {app: self.webhooks.settings(app) for app in (PRIVATE_APP_ID, PUBLIC_APP_ID)}
        self.delivery.targets = {app: item["targetUrl"] for app, item in found.items() if item}

    def settle(self) -> None:
        """Bring about what is due before anything else happens: stage dates by the switch, expiry."""
        if self._generations is not self.options.stage_date_generations:
            self.follow_stages()
        if self.world.clock.now_ms() >= self.store.next_expiry_ms:
            self.store.expire(self.world.clock.now_ms())

    def follow_stages(self) -> None:
        """Let the date properties of lifecycle stages follow the stages and the switch."""
        self._generations = self.options.stage_date_generations
        catalog = self.catalog
        labels = {item["value"]: item["label"] for item in catalog.stage_options(CONTACTS)}
        wanted = {row.name: row for row in rows(labels, self._generations, DEFAULT_STAGES)}
        possible = {row.name for row in rows(labels, GENERATIONS)}
        with self.world.transaction():
            for name in possible & catalog.properties(CONTACTS).keys() - wanted.keys():
                catalog.remove("property", CONTACTS, name)
            new = [row for name, row in wanted.items() if name not in catalog.properties(CONTACTS)]
            catalog.fill_group(CONTACTS, GROUP, new)

    def reset(self) -> None:
        """Go back to an empty account with one administrator."""
        with self.world.transaction():
            self.store.clear()
            self.catalog.reset()
            self.owners.reset()
            self.tokens.reset()
            self.lists.reset()
            self.forms.reset()
            self.blocklist.reset()
        self.limits = Limits(self.world)
        self.webhooks.reset()
        self.delivery.clear()
        self._aim()
        self._found()

    def _found(self) -> None:
        if not self.owners.active_ids() and not self.tokens.founded:
            self.owners.add(NewOwner(email="admin@example.com", first_name="Portal", last_name="Admin"))
        self.tokens.found()
        self.follow_stages()
