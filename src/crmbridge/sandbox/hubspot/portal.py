"""One HubSpot portal: what its handlers share."""

from __future__ import annotations

import uuid
from dataclasses import dataclass

from crmbridge.sandbox.hubspot.catalog import Catalog
from crmbridge.sandbox.hubspot.limits import Limits
from crmbridge.sandbox.hubspot.owners import NewOwner, Owners
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
        self._found()

    @property
    def options(self) -> HubSpotOptions:
        """The switches, as they are now."""
        return self.world.options.hubspot

    def correlation_id(self) -> str:
        """Give a fresh id for an error answer."""
        return str(uuid.UUID(int=self.world.random.getrandbits(128), version=4))

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
