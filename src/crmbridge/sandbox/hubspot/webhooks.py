"""Webhook subscriptions of the portal's two apps, and the events that match them."""

from __future__ import annotations

import json
from collections.abc import Callable, Mapping
from typing import Any

from crmbridge.sandbox.hubspot.objects import OBJECT_TYPES, ObjectType
from crmbridge.sandbox.world import World

#: What can be subscribed to for each object type (webhook specifications, checked 2026-11-21).
VERBS = ("propertyChange", "creation", "deletion", "merge", "restore", "associationChange")
_NAMED = ("contact", "company", "deal")
EVENT_TYPES = frozenset(
    {*(f"{name}.{verb}" for name in (*_NAMED, "object") for verb in VERBS), "contact.privacyDeletion"}
)
_TYPE_IDS = {kind.singular: kind.type_id for kind in OBJECT_TYPES}
Json = dict[str, Any]
Key = tuple[str, str, str]


class Webhooks:
    """Targets and subscriptions, kept in the state file; every event that matches one is handed on."""

    def __init__(self, world: World, portal_id: int, deliver: Callable[[str, Json], None]) -> None:
        """Open them; ``deliver`` takes the app's id and one event."""
        self._world = world
        self._portal_id = portal_id
        self._deliver = deliver
        world.db.execute(
            "CREATE TABLE IF NOT EXISTS hs_webhook (app TEXT NOT NULL, id INTEGER NOT NULL,"
            " item TEXT NOT NULL, PRIMARY KEY (app, id))"
        )
        self._load()

    @property
    def active(self) -> bool:
        """Whether anybody listens: without, writes need not tell what they did."""
        return bool(self._index)

    def settings(self, app: str) -> Json | None:
        """Give the target and throttling of an app; None when it has none."""
        return self._settings.get(app)

    def subscriptions(self, app: str) -> dict[int, Json]:
        """Give an app's subscriptions by id."""
        return self._subscriptions.get(app, {})

    def configure(self, app: str, settings: Json | None) -> None:
        """Set or remove where an app's events go."""
        self._put(app, 0, settings)

    def put(self, app: str, number: int, item: Json | None) -> None:
        """Add, change or (None) remove a subscription."""
        self._put(app, number, item)

    def new_id(self) -> int:
        """Give the number of a new subscription."""
        return self._world.next_number("hs_subscription", 3_000_001)

    def note(self, kind: ObjectType, verb: str, details: Mapping[str, Any], property_name: str = "") -> None:
        """Tell of something that happened; nothing is done unless an app subscribed to it."""
        for app, subscription in self._index.get((kind.type_id, verb, property_name), ()):
            event = {
                "eventId": self._world.random.randrange(1, 2**31),
                "subscriptionId": int(subscription["id"]),
                "portalId": self._portal_id,
                "appId": int(app),
                "occurredAt": self._world.clock.now_ms(),
                "subscriptionType": subscription["eventType"],
                "objectTypeId": kind.type_id,
                **details,
            }
            self._deliver(app, event)

    def reset(self) -> None:
        """Forget all targets and subscriptions."""
        self._world.db.execute("DELETE FROM hs_webhook")
        self._load()

    def _put(self, app: str, number: int, item: Json | None) -> None:
        self._world.db.execute("DELETE FROM hs_webhook WHERE app = ? AND id = ?", (app, number))
        if item is not None:
            self._world.db.execute("INSERT INTO hs_webhook VALUES (?, ?, ?)", (app, number, json.dumps(item)))
        self._load()

    def _load(self) -> None:
        self._settings: dict[str, Json] = {}
        self._subscriptions: dict[str, dict[int, Json]] = {}
        self._index: dict[Key, list[tuple[str, Json]]] = {}
        rows = self._world.db.execute("SELECT app, id, item FROM hs_webhook ORDER BY app, id")
        for app, number, text in rows:
            item = json.loads(text)
            if number == 0:
                self._settings[app] = item
            else:
                self._subscriptions.setdefault(app, {})[number] = item
                self._index_one(app, item)

    def _index_one(self, app: str, item: Json) -> None:
        name, _, verb = item["eventType"].partition(".")
        type_id = item.get("objectTypeId") if name == "object" else _TYPE_IDS[name]
        if item["active"]:
            key = (str(type_id), verb, item.get("propertyName") or "")
            self._index.setdefault(key, []).append((app, item))
