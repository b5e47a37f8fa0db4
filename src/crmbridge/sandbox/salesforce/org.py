"""The org as its parts see it: storage, schema, writing, querying and sign-in, put together once."""

from __future__ import annotations

from crmbridge.sandbox.salesforce.auth import Auth
from crmbridge.sandbox.salesforce.bulk import Desk
from crmbridge.sandbox.salesforce.caller import Caller
from crmbridge.sandbox.salesforce.failures import not_found, refuse
from crmbridge.sandbox.salesforce.orgrules import OrgRules
from crmbridge.sandbox.salesforce.query import Queries
from crmbridge.sandbox.salesforce.quota import Quota
from crmbridge.sandbox.salesforce.schema import Objects, Schema, SObject
from crmbridge.sandbox.salesforce.seeds import Seeds
from crmbridge.sandbox.salesforce.sight import Sight
from crmbridge.sandbox.salesforce.store import Store
from crmbridge.sandbox.salesforce.writes import Writer
from crmbridge.sandbox.world import World


class Org:
    """Everything the resources work on."""

    def __init__(self, world: World) -> None:
        self.world = world
        self.schema = Schema(world)
        self.store = Store(world, self.schema)
        self.seeds = Seeds(self.store)
        self.seeds.plant()
        self.sight = Sight(
            world,
            self.schema,
            self.store.typed_objects,
            lambda: self.store.granted_fields(self.seeds.integration_user_id),
        )
        self.queries = Queries(self.store, self.sight)
        self.writer = Writer(self.store, OrgRules(self.store, self._fulfils))
        self.auth = Auth(self.store, self.seeds)
        self.auth.reset()
        self.bulk = Desk(self.store, self.writer)
        self.calls = Quota(world.clock)

    def reset(self) -> None:
        """Go back to a new org."""
        self.store.drop_tables()
        # Numbers begin anew, so that the same ids come again and the ready line stays true.
        self.world.db.execute("DELETE FROM sequence WHERE name LIKE 'salesforce.%'")
        self.schema.reset()
        self.store.create_tables()
        self.seeds.plant()
        self.sight.forget()
        self.queries.reset()
        self.writer.effects.clear()
        self.auth.reset()
        self.bulk.reset()
        self.calls.reset()

    def object(self, name: str) -> SObject:
        """Give an object by the name in a path.

        Raises:
            ApiError: NOT_FOUND.
        """
        item = self.seen.get(name)
        if item is None:
            raise not_found()
        return item

    @property
    def seen(self) -> Objects:
        """The objects as API users see them."""
        return self.sight.objects

    def count_call(self, number: int = 1) -> None:
        """Count API calls against the daily limit.

        Raises:
            ApiError: REQUEST_LIMIT_EXCEEDED.
        """
        if self.calls_today + number > self.world.options.salesforce.daily_api_requests:
            raise refuse("REQUEST_LIMIT_EXCEEDED", "TotalRequests Limit exceeded.", status=403)
        self.calls.use(number)

    @property
    def calls_today(self) -> int:
        """Calls of the last 24 hours."""
        return self.calls.used

    @property
    def usage(self) -> str:
        """Value of the header that tells how much of the limit is used."""
        return f"api-usage={self.calls_today}/{self.world.options.salesforce.daily_api_requests}"

    def system_caller(self) -> Caller:
        """Give the caller of actions that come from no request."""
        return Caller(user_id=self.seeds.integration_user_id, version="62.0")

    def _fulfils(self, item: SObject, record_id: str, condition: str) -> bool:
        return self.queries.fulfils(item, record_id, condition, self.seeds.integration_user_id)
