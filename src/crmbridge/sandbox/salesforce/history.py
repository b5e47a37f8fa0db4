"""Field history: rows for tracked fields only, from the moment they are tracked."""

from __future__ import annotations

from collections.abc import Iterator, Mapping
from typing import Any

from crmbridge.sandbox.salesforce.fields import Field
from crmbridge.sandbox.salesforce.schema import SObject
from crmbridge.sandbox.salesforce.store import Row, Store

#: Object -> where its field history is kept.
HISTORIES = {
    "Lead": "LeadHistory",
    "Contact": "ContactHistory",
    "Opportunity": "OpportunityFieldHistory",
}
_STAGE_FIELDS = ("StageName", "Amount", "CloseDate", "Probability", "ForecastCategory")
_COPIED = (*_STAGE_FIELDS, "ExpectedRevenue")


class History:
    """Write history rows of creates and updates."""

    def __init__(self, store: Store) -> None:
        self._store = store

    def created(self, user_id: str, item: SObject, row: Row) -> None:
        """Note that a record was created."""
        if self._tracked(item):
            self._add(user_id, item, [(row["Id"], "created", None, None, None)])
        if item.name == "Opportunity":
            self._staged(user_id, row)

    def changed(self, user_id: str, item: SObject, before: Row, changes: Mapping[str, Any]) -> None:
        """Note what an update changed; call it before the update is stored."""
        moved = {name: value for name, value in changes.items() if before.get(name) != value}
        tracked = self._tracked(item)
        entries = [
            entry
            for name, value in moved.items()
            if name in tracked
            for entry in self._entries(item.fields[name.lower()], before, value)
        ]
        self._add(user_id, item, entries)
        if item.name == "Opportunity" and any(name in moved for name in _STAGE_FIELDS):
            self._staged(user_id, {**before, **changes})

    def special(self, user_id: str, item: SObject, record_id: str, event: str) -> None:
        """Note an event that is no field change, such as ``leadConverted``."""
        if self._tracked(item):
            self._add(user_id, item, [(record_id, event, None, None, None)])

    def _tracked(self, item: SObject) -> set[str]:
        if item.name not in HISTORIES:
            return set()
        wanted = self._store.world.options.salesforce.tracked_fields
        return {name.partition(".")[2] for name in wanted if name.partition(".")[0] == item.name}

    def _entries(self, column: Field, before: Row, value: Any) -> Iterator[tuple[Any, ...]]:
        name = column.name.removesuffix("Id") if column.refers_to else column.name
        kind = "EntityId" if column.refers_to else "Text"
        old = before.get(column.name)
        if column.long_text:
            yield before["Id"], name, None, None, kind  # long texts show that they changed, not how
        elif column.refers_to:
            # A reference shows up twice: as names, then as ids.
            yield before["Id"], name, self._name(old), self._name(value), "Text"
            yield before["Id"], name, old, value, kind
        else:
            yield before["Id"], name, _shown(column, old), _shown(column, value), kind

    def _name(self, record_id: str | None) -> str | None:
        found = self._store.by_id(record_id)
        return found[1].get("Name") if found is not None else None

    def _add(self, user_id: str, item: SObject, entries: list[tuple[Any, ...]]) -> None:
        if not entries:
            return
        history = self._store.named(HISTORIES[item.name])
        audit = {"CreatedById": user_id, "CreatedDate": self._store.stamp()}
        rows = [
            {
                "Id": new_id,
                f"{item.name}Id": record_id,
                "Field": name,
                "OldValue": old,
                "NewValue": new,
                "DataType": kind,
                **audit,
            }
            for new_id, (record_id, name, old, new, kind) in zip(
                self._store.new_ids(history, len(entries)), entries, strict=True
            )
        ]
        self._store.insert(history, rows)

    def _staged(self, user_id: str, row: Row) -> None:
        history = self._store.named("OpportunityHistory")
        stamp = self._store.stamp()
        entry = {"Id": self._store.new_ids(history)[0], "OpportunityId": row["Id"]}
        entry |= {"CreatedById": user_id, "CreatedDate": stamp, "SystemModstamp": stamp}
        self._store.insert(history, [entry | {name: row.get(name) for name in _COPIED}])


def _shown(column: Field, value: Any) -> Any:
    if value is None or column.type != "boolean":
        return None if value is None else str(value)
    return "true" if value else "false"
