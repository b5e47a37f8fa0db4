"""Invented journeys."""

from __future__ import annotations

from collections.abc import Mapping
from datetime import UTC, datetime, timedelta
from decimal import Decimal
from typing import Any

from crmbridge.journey import Entry, EntryKind, Journey
from crmbridge.metrics import Outline, Terms
from crmbridge.model import Activity, ActivityKind, Direction, Money, Opportunity, RecordRef

DAY0 = datetime(2026, 1, 1, 9, tzinfo=UTC)
PERSON = RecordRef("hubspot", "contacts", "1")
OUTLINE = Outline.of(
    {
        "lead": "lead", "mql": "qualified", "sal": "accepted", "opportunity": "opportunity",
        "customer": "customer", "recycled": "recycled", "junk": "disqualified",
    }
)  # fmt: skip


def at(days: float) -> datetime:
    return DAY0 + timedelta(days=days)


def terms(as_of: float = 400, **changed: Any) -> Terms:
    return Terms(as_of=at(as_of), **changed)


def stage(name: str, days: float | None) -> Entry:
    return Entry(kind=EntryKind.STAGE, at=None if days is None else at(days), value=name)


def said(kind: EntryKind, days: float | None = None, **more: Any) -> Entry:
    return Entry(kind=kind, at=None if days is None else at(days), **more)


def did(
    kind: ActivityKind, days: float, direction: Direction = Direction.OUTBOUND, owner: str | None = "5"
) -> Activity:
    return Activity(
        ref=RecordRef("hubspot", "calls", str(days)),
        person=PERSON,
        kind=kind,
        at=at(days),
        direction=direction,
        owner_id=owner,
    )


def deal(*, won: bool = True, amount: str | None = None, currency: str = "EUR", **more: Any) -> Opportunity:
    return Opportunity(
        ref=RecordRef("hubspot", "deals", "1"),
        closed=True,
        won=won,
        amount=None if amount is None else Money(Decimal(amount), currency),
        **more,
    )


def journey(number: int, *entries: Entry, created: float | None = 0, **more: Any) -> Journey:
    dimensions: Mapping[str, str | None] = more.pop("by", {})
    ordered = sorted(entries, key=lambda entry: (entry.at is not None, entry.at or DAY0))
    return Journey(
        lead_id=f"L{number}",
        created_at=None if created is None else at(created),
        entries=tuple(ordered),
        dimensions=dimensions,
        **more,
    )


def mql(
    number: int, days: float, *, won: float | None = None, sal: float | None = None, **more: Any
) -> Journey:
    """A lead that qualified on a day, and perhaps was accepted and won some days later."""
    entries = [stage("mql", days)]
    if sal is not None:
        entries.append(stage("sal", days + sal))
    if won is not None:
        entries.append(stage("customer", days + won))
    return journey(number, *entries, *more.pop("entries", ()), created=days - 1, **more)
