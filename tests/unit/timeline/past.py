"""Invented pasts for timeline tests: short words for long histories."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from datetime import UTC, datetime
from typing import Any

from crmbridge.history import Doer, FieldChange, RecordHistory, Source, StageStamp
from crmbridge.journey import Entry
from crmbridge.model import Opportunity, RecordRef, Value
from crmbridge.ports import StoredLead, StoredRecord
from crmbridge.timeline import Timeline, TimelineContext, rebuild
from tests.property.company import process
from tests.unit.people import OWNERS, part, person

NOW = datetime(2026, 6, 1, tzinfo=UTC)
_SOURCES = {"hubspot": Source.HUBSPOT_HISTORY, "salesforce": Source.SALESFORCE_HISTORY}


def day(number: int, hour: int = 0) -> datetime:
    """Give a moment so many days after New Year 2026."""
    return datetime.fromtimestamp(
        datetime(2026, 1, 1, tzinfo=UTC).timestamp() + number * 86400 + hour * 3600, UTC
    )


def past(
    ref: RecordRef,
    born: int | None,
    since: Mapping[str, int] | None = None,
    stamps: Sequence[StageStamp] = (),
    merges: Mapping[str, datetime | None] | None = None,
    **fields: Sequence[tuple[int | None, Value]],
) -> RecordHistory:
    """Make a record's past: field = [(day or None, value), …]; recorded since its creation."""
    changes = [
        FieldChange(
            field=name,
            value=value if value != "???" else None,
            raw="???" if value == "???" else None,
            at=None if at is None else day(at),
            doer=Doer.PERSON,
            source=_SOURCES[ref.crm],
        )
        for name, steps in fields.items()
        for at, value in steps
    ]
    begun = {name: day(at) for name, at in (since or {}).items()}
    if since is None and born is not None:
        begun = dict.fromkeys(("stage", "status", "owner", "recycle_reason"), day(born))
    return RecordHistory(
        ref=ref,
        created_at=None if born is None else day(born),
        since=begun,
        changes=tuple(changes),
        stamps=tuple(stamps),
        merges=merges or {},
    )


def context(**authority: str) -> TimelineContext:
    return TimelineContext(
        process=process(),
        owners=OWNERS,
        authority=lambda name: authority.get(name, "newest"),
        now=NOW,
    )


def told(
    *histories: RecordHistory,
    records: Sequence[StoredRecord] | None = None,
    opportunities: Sequence[Opportunity] = (),
    own: Sequence[Entry] = (),
    **authority: str,
) -> Timeline:
    """Rebuild one lead's timeline."""
    parts = records if records is not None else [part(history.ref, {}) for history in histories]
    stored = person(*parts, opportunities=tuple(opportunities))
    known = {history.ref: history for history in histories}
    return rebuild(stored, known, context(**authority), own)


def lines(found: Timeline, *kinds: str) -> list[str]:
    """Spell the entries: "12 stage mql", "? stage mql" for no time, "~" before what is derived."""
    return [_line(entry) for entry in found.journey.entries if not kinds or entry.kind.value in kinds]


def _line(entry: Entry) -> str:
    mark = {"certain": "", "derived": "~", "unknown": "?"}[entry.evidence.value]
    at = "" if entry.at is None else str((entry.at - day(0)).days)
    words: list[Any] = [f"{mark}{at}", entry.kind.value, entry.value, entry.reason and f"({entry.reason})"]
    return " ".join(str(word) for word in words if word is not None)


def stored(*parts: StoredRecord, **more: Any) -> StoredLead:
    return person(*parts, **more)
