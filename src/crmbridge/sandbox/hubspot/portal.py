"""One HubSpot portal: what its handlers share."""

from __future__ import annotations

import uuid
from dataclasses import dataclass

from crmbridge.sandbox.hubspot.catalog import Catalog
from crmbridge.sandbox.hubspot.lifecycle import DEFAULT_STAGES
from crmbridge.sandbox.hubspot.limits import Limits
from crmbridge.sandbox.hubspot.objects import CONTACTS
from crmbridge.sandbox.hubspot.owners import NewOwner, Owners
from crmbridge.sandbox.hubspot.stage_dates import GENERATIONS, GROUP, rows
from crmbridge.sandbox.hubspot.store import Store
from crmbridge.sandbox.hubspot.tokens import Tokens
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
        self.limits = Limits(world)
        self._generations: frozenset[str] = frozenset()
        self._found()

    @property
    def options(self) -> HubSpotOptions:
        """The switches, as they are now."""
        return self.world.options.hubspot

    def correlation_id(self) -> str:
        """Give a fresh id for an error answer."""
        return str(uuid.UUID(int=self.world.random.getrandbits(128), version=4))

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
        self.limits = Limits(self.world)
        self._found()

    def _found(self) -> None:
        if not self.owners.active_ids() and not self.tokens.founded:
            self.owners.add(NewOwner(email="admin@example.com", first_name="Portal", last_name="Admin"))
        self.tokens.found()
        self.follow_stages()
