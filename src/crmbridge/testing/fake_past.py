"""The past of a fake CRM: what its edits and writes left behind, and what a test says was there."""

from __future__ import annotations

from collections.abc import Collection, Mapping
from dataclasses import dataclass, field
from datetime import datetime

from crmbridge.history import Doer, FieldChange, RecordHistory, Source, in_time
from crmbridge.model import Record, RecordRef, Value

_SOURCES = {"hubspot": Source.HUBSPOT_HISTORY, "salesforce": Source.SALESFORCE_HISTORY}


@dataclass(slots=True)
class FakePast:
    """Keeps every value that every field ever had."""

    #: Fields whose changes are recorded; None: all.
    tracked: Collection[str] | None = None
    created: dict[RecordRef, datetime] = field(default_factory=dict)
    changes: dict[RecordRef, list[FieldChange]] = field(default_factory=dict)

    def note(self, record: Record, before: Mapping[str, Value], doer: Doer) -> None:
        """Keep what an edit or a write changed."""
        at = record.modified_at
        if at is None:
            return
        self.created.setdefault(record.ref, at)
        for name, value in record.fields.items():
            if before.get(name) != value:
                self.tell(record.ref, name, value, at, doer)

    def tell(
        self, ref: RecordRef, name: str, value: Value, at: datetime | None, doer: Doer = Doer.PERSON
    ) -> None:
        """Add one value to the past."""
        source = _SOURCES[ref.crm]
        change = FieldChange(field=name, value=value, at=at, doer=doer, source=source)
        self.changes.setdefault(ref, []).append(change)

    def history(self, ref: RecordRef, fields: Collection[str]) -> RecordHistory:
        """Give a record's past."""
        created_at = self.created.get(ref)
        recorded = [name for name in fields if self.tracked is None or name in self.tracked]
        changes = [change for change in self.changes.get(ref, ()) if change.field in recorded]
        return RecordHistory(
            ref=ref,
            created_at=created_at,
            since=dict.fromkeys(recorded, created_at) if created_at is not None else {},
            changes=tuple(sorted(changes, key=in_time)),
        )
