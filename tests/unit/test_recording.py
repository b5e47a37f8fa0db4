"""What decisions add to a journey: once, with its moment and evidence, and nothing when nothing changed."""

from __future__ import annotations

from dataclasses import replace
from datetime import UTC, datetime, timedelta
from typing import Any

import pytest

from crmbridge.journey import Entry, EntryKind, Evidence
from crmbridge.ledger import SqlLedger
from crmbridge.model import Effect, Lead, LeadStatus, Memory, Reason, StageRole
from crmbridge.recording import recalled, recorded
from tests.unit.ledger.samples import ANN, BOB, bind_all, decision, planned, record, take

NOW = datetime(2026, 3, 2, 9, tzinfo=UTC)
BEFORE = NOW - timedelta(days=30)
LEAD = Lead(id="L1", created_at=BEFORE)


def told(before: Memory, after: Memory, lead: Lead = LEAD, **decided: Any) -> list[tuple[Any, ...]]:
    made = decision("L1", memory=after, **decided)
    return [(e.kind.value, e.at, e.value, e.reason) for e in recorded(before, made, lead)]


def test_a_new_lead_entered_its_first_stage_when_it_was_created() -> None:
    after = Memory(stage="lead", stage_at=NOW)
    (entry,) = recorded(Memory(), decision("L1", memory=after), LEAD)
    assert (entry.at, entry.evidence) == (BEFORE, Evidence.DERIVED)


def test_a_lead_taken_over_was_there_at_an_unknown_time() -> None:
    made = decision("L1", memory=Memory(stage="sal", stage_at=NOW), adopted=True, role=StageRole.ACCEPTED)
    (entry,) = recorded(Memory(), made, LEAD)
    assert (entry.value, entry.at, entry.evidence) == ("sal", None, Evidence.UNKNOWN)


def test_a_hand_off_tells_how_it_qualified_with_its_score_and_who_got_it() -> None:
    """S43, S98."""
    before = Memory(stage="lead", stage_at=BEFORE)
    after = replace(
        before, stage="mql", stage_at=NOW, qualified_at=NOW, qualified_score=71.5,
        assigned_owner="ann@example.com", assigned_at=NOW,
    )  # fmt: skip
    made = decision(
        "L1", memory=after, role=StageRole.QUALIFIED, handed_off=True, qualified_by="score", stage="mql"
    )
    found = recorded(before, made, LEAD)
    assert [(entry.kind.value, entry.at, entry.value, entry.score) for entry in found] == [
        ("stage", NOW, "mql", None),
        ("qualified", NOW, "score", 71.5),
        ("owner", NOW, "ann@example.com", None),
        ("handed_off", NOW, "ann@example.com", None),
    ]


@pytest.mark.parametrize(
    ("status", "kind"), [(LeadStatus.REJECTED, "rejected"), (LeadStatus.RECYCLED, "recycled")]
)
def test_a_verdict_is_told_as_sales_said_it(status: LeadStatus, kind: str) -> None:
    """S8, S9, S73: declined before contact is not given back."""
    before = Memory(stage="mql", stage_at=BEFORE)
    after = replace(
        before, stage="recycled", stage_at=NOW, recycled_at=NOW, recycle_reason="timing", recycle_count=1,
        seen_status=f"{status.value}|timing|",
    )  # fmt: skip
    lead = replace(LEAD, status=status, status_reason="timing", status_at=NOW)
    assert told(before, after, lead, role=StageRole.RECYCLED) == [
        ("stage", NOW, "recycled", None),
        (kind, NOW, None, "timing"),
        ("status", NOW, status.value, "timing"),
    ]


def test_out_for_good_and_acceptance_are_told() -> None:
    before = Memory(stage="mql", stage_at=BEFORE)
    accepted = replace(before, stage="sal", stage_at=NOW, accepted_at=NOW)
    assert told(before, accepted, role=StageRole.ACCEPTED)[1] == ("accepted", NOW, None, None)
    out = replace(before, stage="junk", stage_at=NOW)
    lead = replace(LEAD, status_reason="student")
    assert told(before, out, lead, role=StageRole.DISQUALIFIED)[1] == ("disqualified", NOW, None, "student")


def test_the_same_decision_again_tells_nothing() -> None:
    memory = Memory(stage="sal", stage_at=NOW, accepted_at=NOW, qualified_at=BEFORE, assigned_owner="a")
    assert told(memory, replace(memory, process_version="2"), role=StageRole.ACCEPTED) == []


def test_a_memory_tells_what_was_not_recorded_while_it_happened() -> None:
    memory = Memory(qualified_at=BEFORE, qualified_score=50, recycled_at=NOW, recycle_reason="timing")
    assert [(entry.kind, entry.at, entry.reason) for entry in recalled(memory)] == [
        (EntryKind.QUALIFIED, BEFORE, None),
        (EntryKind.RECYCLED, NOW, "timing"),
    ]
    assert recalled(Memory()) == ()


# in the ledger ---------------------------------------------------------------------------------------
ENTRY = Entry(kind=EntryKind.STAGE, at=NOW, value="mql")


@pytest.fixture
def ledger() -> Any:
    with SqlLedger("sqlite://") as opened:
        yield opened


def test_entries_are_recorded_when_a_plan_is_promoted_and_once(ledger: SqlLedger) -> None:
    run = ledger.begin("sync", NOW, {})
    take(ledger, run, record())
    (lead_id,) = bind_all(ledger, run)
    ledger.append(run, [replace(planned(lead_id), entries=(ENTRY,))])
    assert ledger.entries([lead_id]) == {}
    for _ in range(2):
        ledger.promote(run, None, {})
        assert ledger.entries([lead_id]) == {lead_id: [ENTRY]}
    assert list(ledger.lead_ids("", 10)) == [lead_id]
    assert list(ledger.lead_ids(lead_id, 10)) == []


def test_the_journey_of_an_absorbed_lead_goes_on_as_its_survivors(ledger: SqlLedger) -> None:
    run = ledger.begin("sync", NOW, {})
    take(ledger, run, record(ANN), record(BOB))
    lead_ids = bind_all(ledger, run)
    later = replace(ENTRY, at=NOW + timedelta(days=1), value="sal")
    ledger.append(
        run, [replace(planned(i), entries=(e,)) for i, e in zip(lead_ids, (ENTRY, later), strict=True)]
    )
    ledger.promote(run, None, {})
    take(ledger, run, record(BOB, version="2", email="p1@example.com", lead_id=lead_ids[0]))
    bind_all(ledger, run)
    (survivor,) = ledger.lead_ids("", 10)
    assert ledger.entries(lead_ids) == {survivor: [ENTRY, later]}


def test_a_lead_that_was_wrongly_routed_was_declined_although_it_was_not_given_back() -> None:
    """S76: every rejection is on the record, also one that went straight to somebody else."""
    lead = replace(
        LEAD, status=LeadStatus.REJECTED, status_reason="wrong_territory", status_at=NOW - timedelta(hours=1)
    )
    before = Memory(stage="mql", stage_at=BEFORE, assigned_owner="ann@example.com", assigned_at=BEFORE)
    after = replace(
        before,
        assigned_owner=None,
        assigned_at=None,
        taken_from="ann@example.com",
        refused_by=("ann@example.com",),
    )
    because = (Reason("reject.procedural", Effect.MOVE, "wrong_territory"),)
    assert told(before, after, lead, reasons=because) == [
        ("rejected", NOW - timedelta(hours=1), None, "wrong_territory")
    ]
    assert told(before, after, lead) == []
