"""From decision to outcome, with a crash wherever one can happen."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import replace
from datetime import timedelta

import pytest
from sqlalchemy import select

from crmbridge.codec import unpack
from crmbridge.ledger import SqlLedger
from crmbridge.ledger.tables import audit
from crmbridge.model import Conflict, Memory, OutcomeState, RecordRef
from crmbridge.ports import Planned, Run, StoredRecord
from tests.unit.ledger.samples import (
    ANN,
    ANN_LEAD,
    BOB,
    LATER,
    NOW,
    Clock,
    bind_all,
    change,
    marked,
    outcome,
    planned,
    record,
    settled,
    take,
    write,
)

NextRun = Callable[[Run], Run]


@pytest.fixture
def ann(ledger: SqlLedger, run: Run) -> str:
    """Give the id of a settled lead with one record."""
    return settled(ledger, run, record(ANN))[0]


def part(ledger: SqlLedger, ref: RecordRef = ANN) -> StoredRecord:
    return ledger.related((), [ref])[0]


def audited(ledger: SqlLedger) -> list[tuple[object, ...]]:
    columns = (audit.c.record, audit.c.field, audit.c.old, audit.c.new, audit.c.reason, audit.c.state)
    with ledger._store.read() as tx:
        rows = tx.execute(select(*columns).order_by(audit.c.number)).all()
    return [(row[0], row[1], unpack(row[2], object), unpack(row[3], object), row[4], row[5]) for row in rows]


# promote -----------------------------------------------------------------------------------------
def test_a_promoted_decision_is_the_leads_memory(ledger: SqlLedger, run: Run) -> None:
    take(ledger, run, record())
    [lead_id] = bind_all(ledger, run)
    memory = Memory(stage="mql", stage_at=NOW, refused_by=("bob@example.com",))
    ledger.append(run, [planned(lead_id, memory=memory, due_at=LATER)])
    for _ in range(2):
        ledger.promote(run, None, {"dach": {"ann@example.com": 0.5}})
    assert ledger.load([lead_id])[0].memory == memory
    assert marked(ledger) == []
    assert marked(ledger, LATER) == [lead_id]
    assert ledger.pointers() == {"dach": {"ann@example.com": 0.5}}


def test_a_lead_with_changes_stays_marked_until_they_are_written(
    ledger: SqlLedger, run: Run, ann: str
) -> None:
    ledger.append(run, [planned(ann, change(ann))])
    ledger.promote(run, None, {})
    assert marked(ledger) == [ann]


def test_a_lead_with_a_conflict_is_decided_and_listed_by_every_run(
    ledger: SqlLedger, run: Run, ann: str, next_run: NextRun
) -> None:
    found = Conflict(lead_id=ann, kind="field", records=(ANN,), field="owner")
    ledger.append(run, [planned(ann, conflicts=[found])])
    ledger.promote(run, None, {})
    next_run(run)
    assert marked(ledger) == [ann]
    assert list(ledger.conflicts()) == [found]


def test_a_skipped_lead_keeps_its_memory_and_is_settled(ledger: SqlLedger, run: Run, ann: str) -> None:
    memory = ledger.load([ann])[0].memory
    take(ledger, run, record(ANN, country="AT"))
    ledger.append(run, [Planned(lead_id=ann, decision=None, skipped="out_of_scope")])
    ledger.promote(run, None, {})
    assert ledger.load([ann])[0].memory == memory
    assert marked(ledger) == []


def test_only_the_named_leads_are_promoted(ledger: SqlLedger, run: Run) -> None:
    take(ledger, run, record(ANN), record(BOB))
    first, second = bind_all(ledger, run)
    ledger.append(run, [planned(first), planned(second)])
    ledger.promote(run, [second], {})
    assert marked(ledger) == [first]
    assert [lead.memory is None for lead in ledger.load([first, second])] == [True, False]


def test_what_both_sides_agree_on_becomes_the_base(ledger: SqlLedger, run: Run, ann: str) -> None:
    for agreed in ((("country", "DE"), ("score", 12.5)), (("country", "AT"),)):
        item = replace(planned(ann), agreed=tuple((ANN, name, value) for name, value in agreed))
        ledger.append(run, [item])
        ledger.promote(run, None, {})
    assert part(ledger).base == {"country": "AT", "score": 12.5}


def test_assignments_are_counted_once_since_a_moment(ledger: SqlLedger, run: Run) -> None:
    take(ledger, run, record(ANN), record(BOB))
    first, second = bind_all(ledger, run)
    for lead_id, at in ((first, NOW), (second, LATER)):
        memory = Memory(assigned_owner="ann@example.com", assigned_at=at)
        ledger.append(run, [planned(lead_id, memory=memory)])
    for _ in range(2):
        ledger.promote(run, None, {})
    assert ledger.loads(NOW) == {"ann@example.com": 2}
    assert ledger.loads(LATER) == {"ann@example.com": 1}
    assert ledger.loads(LATER + timedelta(seconds=1)) == {}


def test_credits_of_other_pools_stay(ledger: SqlLedger, run: Run) -> None:
    ledger.promote(run, None, {"dach": {"ann@example.com": 1.0}, "uk": {}})
    ledger.promote(run, None, {"dach": {"bob@example.com": 2.0}})
    assert ledger.pointers() == {"dach": {"bob@example.com": 2.0}, "uk": {}}


# log ---------------------------------------------------------------------------------------------
def test_a_written_value_is_observed_and_base_and_settles_the_lead(
    ledger: SqlLedger, run: Run, ann: str
) -> None:
    wanted = change(ann, ANN, "score", 12.5, 60.0)
    ledger.append(run, [planned(ann, wanted)])
    ledger.promote(run, None, {})
    ledger.log(run, [], [write(wanted)])
    assert ledger.open_intents() == [write(wanted)]
    ledger.log(run, [(write(wanted), outcome(write(wanted), version="7"))], [])
    assert ledger.open_intents() == []
    assert marked(ledger) == []
    found = part(ledger)
    assert (found.record.fields["score"], found.record.version, found.base) == (60.0, "7", {"score": 60.0})
    assert audited(ledger) == [("1", "score", 12.5, 60.0, "fit.role", "written")]


def test_reading_back_what_we_wrote_is_no_news(ledger: SqlLedger, run: Run, ann: str) -> None:
    wanted = change(ann, ANN, "score", 12.5, 60.0)
    ledger.append(run, [planned(ann, wanted)])
    ledger.promote(run, None, {})
    ledger.log(run, [(write(wanted), outcome(write(wanted)))], [])
    take(ledger, run, record(ANN, version="3", at=LATER, score=60.0))
    assert marked(ledger) == []
    assert part(ledger).changed_at == {}


@pytest.mark.parametrize("state", [OutcomeState.MOVED, OutcomeState.FAILED, OutcomeState.AMBIGUOUS])
def test_any_other_outcome_leaves_record_and_mark_alone(
    ledger: SqlLedger, run: Run, ann: str, state: OutcomeState
) -> None:
    wanted = change(ann)
    ledger.append(run, [planned(ann, wanted)])
    ledger.promote(run, None, {})
    ledger.log(run, [], [write(wanted)])
    ledger.log(run, [(write(wanted), outcome(write(wanted), state))], [])
    assert marked(ledger) == [ann]
    assert (part(ledger).record, part(ledger).base) == (record(ANN), {})
    assert [row[-1] for row in audited(ledger)] == [state.value]
    is_open = state is OutcomeState.AMBIGUOUS
    assert ledger.open_intents() == ([write(wanted)] if is_open else [])


def test_a_lead_is_settled_when_all_its_records_are_written(ledger: SqlLedger, run: Run) -> None:
    take(ledger, run, record(ANN), record(ANN_LEAD, email="p1@example.com"))
    [lead_id] = bind_all(ledger, run)
    first, second = change(lead_id, ANN), change(lead_id, ANN_LEAD)
    ledger.append(run, [planned(lead_id, first, second)])
    ledger.promote(run, None, {})
    ledger.log(run, [(write(first), outcome(write(first)))], [write(second)])
    assert marked(ledger) == [lead_id]
    ledger.log(run, [(write(second), outcome(write(second)))], [])
    assert marked(ledger) == []


def test_a_field_found_in_place_counts_as_written(ledger: SqlLedger, run: Run, ann: str) -> None:
    sent, in_place = change(ann, ANN, "score", 12.5, 60.0), change(ann, ANN, "country", "AT", "DE")
    ledger.append(run, [planned(ann, sent, in_place)])
    ledger.promote(run, None, {})
    ledger.log(run, [(write(sent), outcome(write(sent)))], [])
    assert part(ledger).base == {"score": 60.0, "country": "DE"}
    assert marked(ledger) == []


def test_an_unchanged_record_keeps_the_spelling_that_was_observed(
    ledger: SqlLedger, run: Run, ann: str
) -> None:
    wanted = change(ann, ANN, "country", "AT", "de")
    ledger.append(run, [planned(ann, wanted)])
    ledger.promote(run, None, {})
    ledger.log(run, [(write(wanted), outcome(write(wanted), OutcomeState.UNCHANGED, version=""))], [])
    found = part(ledger)
    assert (found.record.fields["country"], found.base, found.record.version) == (
        "DE",
        {"country": "DE"},
        "1",
    )
    assert marked(ledger) == []


def test_a_created_record_is_bound_to_its_lead_at_once(ledger: SqlLedger, run: Run, ann: str) -> None:
    wanted = change(ann, None, "email", new="p1@example.com")
    ledger.append(run, [planned(ann, wanted)])
    ledger.promote(run, None, {})
    ledger.log(run, [(write(wanted), outcome(write(wanted), id=ANN_LEAD.id, version="v"))], [])
    assert ledger.unbound(10) == []
    assert marked(ledger) == []
    found = part(ledger, ANN_LEAD)
    assert found.lead_id == ann
    assert found.record.fields == {"email": "p1@example.com", "lead_id": ann}
    assert (found.base, found.record.version) == ({"email": "p1@example.com"}, "v")
    assert ledger.find(ref=ANN_LEAD) == [ann]


def test_an_upsert_that_met_a_known_record_adds_to_it(ledger: SqlLedger, run: Run) -> None:
    take(ledger, run, record(ANN), record(ANN_LEAD, email="p1@example.com"))
    [lead_id] = bind_all(ledger, run)
    wanted = change(lead_id, None, "score", new=60.0)
    ledger.append(run, [planned(lead_id, wanted)])
    ledger.promote(run, None, {})
    ledger.log(run, [(write(wanted), outcome(write(wanted), id=ANN_LEAD.id))], [])
    found = part(ledger, ANN_LEAD)
    assert (found.record.fields["score"], found.record.fields["country"]) == (60.0, "DE")


def test_an_edit_seen_after_the_decision_outlives_a_good_outcome(
    ledger: SqlLedger, run: Run, ann: str, next_run: NextRun
) -> None:
    wanted = change(ann, ANN, "score", 12.5, 60.0)
    ledger.append(run, [planned(ann, wanted)])
    ledger.promote(run, None, {})
    ledger.observe(run, [record(ANN, version="2", at=LATER, country="AT")])
    ledger.log(run, [(write(wanted), outcome(write(wanted)))], [])
    assert marked(ledger) == [ann]
    again = next_run(run)
    ledger.append(again, [planned(ann)])
    ledger.promote(again, None, {})
    assert marked(ledger) == []


# crashes -----------------------------------------------------------------------------------------
def crashed(ledger: SqlLedger, run: Run, clock: Clock) -> Run:
    """Kill the run where it is; give the next one."""
    clock.seconds += 121
    return ledger.begin("sync", NOW, {})


def test_a_crash_after_the_intent_leaves_it_open_and_the_lead_marked(
    ledger: SqlLedger, run: Run, ann: str, clock: Clock
) -> None:
    wanted = change(ann, ANN, "score", 12.5, 60.0)
    ledger.append(run, [planned(ann, wanted)])
    ledger.promote(run, None, {})
    ledger.log(run, [], [write(wanted)])
    crashed(ledger, run, clock)
    assert ledger.open_intents() == [write(wanted)]
    assert marked(ledger) == [ann]


def test_a_write_that_happened_before_the_crash_is_found_by_reading(
    ledger: SqlLedger, run: Run, ann: str, clock: Clock
) -> None:
    wanted = change(ann, ANN, "score", 12.5, 60.0)
    ledger.append(run, [planned(ann, wanted)])
    ledger.promote(run, None, {})
    ledger.log(run, [], [write(wanted)])
    again = crashed(ledger, run, clock)
    ledger.observe(again, [record(ANN, version="2", at=LATER, score=60.0)])
    for _ in range(2):
        ledger.settle(again, [write(wanted)])
    found = part(ledger)
    assert (found.base, found.changed_at) == ({"score": 60.0}, {})
    assert ledger.open_intents() == []
    assert marked(ledger) == [ann]


def test_a_write_that_did_not_happen_leaves_the_base_alone(
    ledger: SqlLedger, run: Run, ann: str, clock: Clock
) -> None:
    wanted = change(ann, ANN, "score", 12.5, 60.0)
    ledger.log(run, [], [write(wanted)])
    again = crashed(ledger, run, clock)
    ledger.observe(again, [record(ANN)])
    ledger.settle(again, [write(wanted)])
    assert part(ledger).base == {}
    assert ledger.open_intents() == []


def test_a_creation_that_happened_before_the_crash_is_found_by_our_id(
    ledger: SqlLedger, run: Run, ann: str, clock: Clock
) -> None:
    wanted = change(ann, None, "email", new="p1@example.com")
    ledger.append(run, [planned(ann, wanted)])
    ledger.promote(run, None, {})
    ledger.log(run, [], [write(wanted)])
    again = crashed(ledger, run, clock)
    ledger.observe(again, [record(ANN_LEAD, email="p1@example.com", lead_id=ann)])
    ledger.settle(again, [write(wanted)])
    bind_all(ledger, again)
    found = part(ledger, ANN_LEAD)
    assert (found.lead_id, found.base) == (ann, {"email": "p1@example.com"})


def test_a_crash_between_two_log_calls_keeps_exactly_what_was_logged(
    ledger: SqlLedger, run: Run, clock: Clock
) -> None:
    people = [RecordRef("hubspot", "contacts", str(number)) for number in range(6)]
    take(ledger, run, *map(record, people))
    bind_all(ledger, run)
    leads = {lead.records[0].record.ref: lead.id for lead in ledger.load(marked(ledger))}
    writes = [write(change(leads[ref], ref, "score", 12.5, 60.0)) for ref in people]
    ledger.append(run, [planned(leads[ref], change(leads[ref], ref, "score", 12.5, 60.0)) for ref in people])
    ledger.promote(run, None, {})
    ledger.log(run, [], writes[:2])
    ledger.log(run, [(item, outcome(item)) for item in writes[:2]], writes[2:4])
    again = crashed(ledger, run, clock)
    assert ledger.open_intents() == writes[2:4]
    assert marked(ledger) == sorted(leads[ref] for ref in people[2:])
    assert [part(ledger, ref).base for ref in people] == [{"score": 60.0}] * 2 + [{}] * 4
    assert list(ledger.changes(again)) == []


# what happened since -----------------------------------------------------------------------------
def test_a_plan_knows_whether_another_run_wrote_since(
    ledger: SqlLedger, run: Run, ann: str, next_run: NextRun
) -> None:
    wanted = change(ann)
    ledger.append(run, [planned(ann, wanted)])
    ledger.promote(run, None, {})
    ledger.log(run, [(write(wanted), outcome(write(wanted)))], [])
    assert not ledger.applied_since(run.id)
    later = next_run(run)
    assert not ledger.applied_since(run.id)
    ledger.log(later, [(write(wanted), outcome(write(wanted), OutcomeState.FAILED))], [])
    assert not ledger.applied_since(run.id)
    ledger.log(later, [(write(wanted), outcome(write(wanted)))], [])
    assert ledger.applied_since(run.id)
    assert not ledger.applied_since(later.id)
