"""Invented people, records and decisions for the ledger's tests."""

from __future__ import annotations

from collections.abc import Iterable
from datetime import UTC, datetime, timedelta
from decimal import Decimal
from typing import Any

from crmbridge.identity import keys, resolve
from crmbridge.ledger import SqlLedger
from crmbridge.model import (
    Activity,
    ActivityKind,
    Change,
    Conflict,
    Decision,
    Memory,
    Money,
    Outcome,
    OutcomeState,
    Record,
    RecordRef,
    StageRole,
    Value,
    Write,
)
from crmbridge.outbox import Attachment, Delivery
from crmbridge.ports import Page, Planned, Run

NOW = datetime(2026, 3, 2, 9, tzinfo=UTC)
LATER = NOW + timedelta(days=1)
ANN = RecordRef("hubspot", "contacts", "1")
ANN_LEAD = RecordRef("salesforce", "Lead", "00Q000000000001AAA")
BOB = RecordRef("hubspot", "contacts", "2")


class Clock:
    """A wall clock that moves when told."""

    def __init__(self) -> None:
        self.seconds = 1_700_000_000.0

    def __call__(self) -> float:
        return self.seconds


def record(ref: RecordRef = ANN, *, version: str = "1", at: datetime = NOW, **fields: Value) -> Record:
    """Make a record; its e-mail address follows from its id, unless given."""
    known: dict[str, Value] = {
        "email": f"p{ref.id}@example.com",
        "country": "DE",
        "score": 12.5,
        "created_at": NOW,
    }
    return Record(
        ref=ref,
        version=version,
        modified_at=at,
        fields={**known, "annual_revenue": Money(Decimal("1000.50"), "EUR"), **fields},
    )


def opened(ref: RecordRef = ANN, number: int = 1, **changes: Any) -> Activity:
    """Make an opened mail."""
    values: dict[str, Any] = {
        "ref": RecordRef("hubspot", "emails", str(number)),
        "person": ref,
        "kind": ActivityKind.EMAIL_OPENED,
        "at": NOW + timedelta(minutes=number),
        "name": "Spring news",
    }
    return Activity(**{**values, **changes})


def page(*items: Any, object: str = "contacts", **settings: Any) -> Page:
    return Page(object=object, items=items, rows_count=len(items), **settings)


def take(ledger: SqlLedger, run: Run, *items: Any, **settings: Any) -> None:
    """Take a page of each CRM's items."""
    for crm in ("hubspot", "salesforce"):
        mine = [item for item in items if item.ref.crm == crm]
        if mine:
            ledger.take(run, crm, page(*mine, **settings))


def bind_all(ledger: SqlLedger, run: Run) -> list[str]:
    """Settle every identity; give the ids of all marked leads."""
    while unbound := ledger.unbound(500):
        wanted = {key for stored in unbound for key in keys(stored.record)}
        related = ledger.related(wanted, {stored.record.ref for stored in unbound})
        ledger.bind(run, resolve({stored.record.ref: stored for stored in [*unbound, *related]}.values()))
    return marked(ledger)


def marked(ledger: SqlLedger, now: datetime = NOW) -> list[str]:
    return list(ledger.marked(now, "", 1000))


def settled(ledger: SqlLedger, run: Run, *items: Any) -> list[str]:
    """Take, bind and decide items without any change: nothing is marked afterwards."""
    take(ledger, run, *items)
    lead_ids = bind_all(ledger, run)
    ledger.append(run, [planned(lead_id) for lead_id in lead_ids])
    ledger.promote(run, None, {})
    assert marked(ledger) == []
    return lead_ids


def decision(lead_id: str, **changes: Any) -> Decision:
    values: dict[str, Any] = {
        "lead_id": lead_id,
        "process_version": "1",
        "decided_at": NOW,
        "stage": "lead",
        "role": StageRole.LEAD,
        "status": None,
        "fit_score": 10.0,
        "engagement_score": 5.0,
        "score": 15.0,
        "memory": Memory(stage="lead", stage_at=NOW),
    }
    return Decision(**{**values, **changes})


def planned(lead_id: str, *changes: Change, conflicts: Iterable[Conflict] = (), **decided: Any) -> Planned:
    return Planned(
        lead_id=lead_id,
        decision=decision(lead_id, **decided),
        changes=changes,
        conflicts=tuple(conflicts),
    )


def change(
    lead_id: str, ref: RecordRef | None = ANN, field: str = "score", old: Value = None, new: Value = 60.0
) -> Change:
    """Plan one field; without a ref a Salesforce Lead is created."""
    return Change(
        lead_id=lead_id,
        crm=ref.crm if ref else "salesforce",
        object=ref.object if ref else "Lead",
        id=ref.id if ref else None,
        field=field,
        old=old,
        new=new,
        reason="fit.role",
        based_on_version="1" if ref else "",
    )


def write(*changes: Change) -> Write:
    """Make the write that carries changes of one record."""
    first = changes[0]
    values = {item.field: item.new for item in changes}
    return Write(lead_id=first.lead_id, crm=first.crm, object=first.object, id=first.id, values=values)


def outcome(
    sent: Write, state: OutcomeState = OutcomeState.WRITTEN, *, id: str | None = None, version: str = "2"
) -> Outcome:
    return Outcome(key=sent.key, state=state, id=id or sent.id, version=version)


def note(lead_id: str, text: str = "") -> Attachment:
    """Make a task for a rep."""
    return Attachment(
        marker=f"[m {lead_id}]",
        lead_id=lead_id,
        crm="hubspot",
        object="contacts",
        id="1",
        kind="task",
        title=text,
        body=text,
        owner_id=None,
        at=NOW,
    )


def message(lead_id: str, text: str = "") -> Delivery:
    """Make a message to a channel."""
    return Delivery(
        key=f"k {lead_id}",
        lead_id=lead_id,
        alert="sales",
        to="channel",
        kind="handed_off",
        at=NOW,
        title=text,
        body=text,
    )
