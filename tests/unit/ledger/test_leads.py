"""Whose records are whose, and which leads are to be decided."""

from __future__ import annotations

from dataclasses import replace
from datetime import timedelta

import pytest

from crmbridge.ledger import SqlLedger
from crmbridge.model import Conflict, Memory, RecordRef
from crmbridge.ports import Binding, Run
from tests.unit.ledger.samples import (
    ANN,
    ANN_LEAD,
    BOB,
    LATER,
    NOW,
    bind_all,
    change,
    marked,
    message,
    note,
    opened,
    outcome,
    planned,
    record,
    settled,
    take,
    write,
)


def bind(ledger: SqlLedger, run: Run, lead_id: str, *refs: RecordRef, **more: object) -> None:
    ledger.bind(run, [Binding(lead_id=lead_id, records=refs, **more)])  # type: ignore[arg-type]  # passed through


def remember(ledger: SqlLedger, run: Run, lead_id: str, memory: Memory) -> None:
    ledger.append(run, [planned(lead_id, memory=memory)])
    ledger.promote(run, [lead_id], {})


def memory_of(ledger: SqlLedger, lead_id: str) -> Memory | None:
    return ledger.load([lead_id])[0].memory


def test_new_records_are_unbound_in_order_of_ref(ledger: SqlLedger, run: Run) -> None:
    take(ledger, run, record(ANN_LEAD), record(BOB), record(ANN))
    assert [part.record.ref for part in ledger.unbound(2)] == [ANN, BOB]
    assert len(ledger.unbound(10)) == 3


def test_a_bound_lead_is_marked_and_loaded_with_all_its_records(ledger: SqlLedger, run: Run) -> None:
    take(ledger, run, record(ANN), record(ANN_LEAD), record(BOB))
    bind(ledger, run, "L1", ANN, ANN_LEAD)
    assert [part.record.ref for part in ledger.unbound(10)] == [BOB]
    assert marked(ledger) == ["L1"]
    [lead] = ledger.load(["L1"])
    assert [part.record for part in lead.records] == [record(ANN), record(ANN_LEAD)]
    assert {part.lead_id for part in lead.records} == {"L1"}
    assert (lead.memory, lead.conflict) == (None, None)


def test_binding_again_changes_nothing(ledger: SqlLedger, run: Run) -> None:
    take(ledger, run, record(ANN))
    for _ in range(2):
        bind(ledger, run, "L1", ANN)
    assert marked(ledger) == ["L1"]


def test_leads_are_loaded_in_the_order_asked_for(ledger: SqlLedger, run: Run) -> None:
    take(ledger, run, record(ANN), record(BOB))
    bind(ledger, run, "L1", ANN)
    bind(ledger, run, "L2", BOB)
    assert [lead.id for lead in ledger.load(["L2", "nobody", "L1"])] == ["L2", "L1"]


def test_a_lead_that_loses_a_record_is_marked(ledger: SqlLedger, run: Run) -> None:
    take(ledger, run, record(ANN), record(BOB))
    bind(ledger, run, "L1", ANN, BOB)
    ledger.append(run, [planned("L1")])
    ledger.promote(run, None, {})
    bind(ledger, run, "L2", BOB)
    assert marked(ledger) == ["L1", "L2"]
    assert [part.record.ref for part in ledger.load(["L1"])[0].records] == [ANN]


def test_a_conflict_of_identity_stays_with_the_lead_until_it_is_settled(ledger: SqlLedger, run: Run) -> None:
    found = Conflict(lead_id="L1", kind="ambiguous_identity", records=(ANN, BOB))
    take(ledger, run, record(ANN))
    bind(ledger, run, "L1", ANN, conflict=found)
    assert ledger.load(["L1"])[0].conflict == found
    bind(ledger, run, "L1", ANN)
    assert ledger.load(["L1"])[0].conflict is None


# merged leads ------------------------------------------------------------------------------------
@pytest.fixture
def two(ledger: SqlLedger, run: Run) -> SqlLedger:
    take(ledger, run, record(ANN), record(BOB))
    bind(ledger, run, "L1", ANN)
    bind(ledger, run, "L2", BOB)
    return ledger


DECIDED = Memory(stage="mql", qualified_at=LATER)
EARLIER = Memory(stage="sal", qualified_at=NOW)
NEVER = Memory(stage="lead")


@pytest.mark.parametrize(
    ("survivor", "absorbed", "kept"),
    [
        (None, DECIDED, DECIDED),
        (DECIDED, None, DECIDED),
        (DECIDED, EARLIER, EARLIER),
        (EARLIER, DECIDED, EARLIER),
        (NEVER, DECIDED, DECIDED),
        (NEVER, replace(NEVER, assigned_at=NOW), replace(NEVER, assigned_at=NOW)),
        (NEVER, replace(NEVER, stage="sal"), NEVER),
    ],
)
def test_of_two_histories_the_older_decided_one_goes_on(
    two: SqlLedger, run: Run, survivor: Memory | None, absorbed: Memory | None, kept: Memory
) -> None:
    for lead_id, memory in (("L1", survivor), ("L2", absorbed)):
        if memory is not None:
            remember(two, run, lead_id, memory)
    bind(two, run, "L1", ANN, BOB, absorbed=("L2",))
    assert memory_of(two, "L1") == kept
    assert two.load(["L2"]) == []


def test_an_absorbed_lead_is_found_by_its_old_id(two: SqlLedger, run: Run) -> None:
    bind(two, run, "L1", ANN, BOB, absorbed=("L2",))
    bind(two, run, "L0", ANN, BOB, absorbed=("L1",))
    assert two.find(lead_id="L2") == two.find(lead_id="L1") == two.find(lead_id="L0") == ["L0"]
    assert marked(two) == ["L0"]


def test_what_an_absorbed_lead_still_has_to_tell_waits_for_its_survivor_s_writes(
    two: SqlLedger, run: Run
) -> None:
    told = replace(planned("L2"), attachments=(note("L2"),), deliveries=(message("L2"),))
    two.append(run, [told])
    two.promote(run, ["L2"], {})
    bind(two, run, "L1", ANN, BOB, absorbed=("L2",))
    two.append(run, [planned("L1", change("L1"))])
    assert (two.attachments(run, "", 10), two.deliverable(run)) == ([], [])
    sent = write(change("L1"))
    two.log(run, [(sent, outcome(sent))], ())
    assert [item.marker for item in two.attachments(run, "", 10)] == ["[m L2]"]
    assert [item.key for item in two.deliverable(run)] == ["k L2"]


def test_a_binding_under_an_old_id_goes_to_the_survivor(two: SqlLedger, run: Run) -> None:
    bind(two, run, "L1", ANN, BOB, absorbed=("L2",))
    take(two, run, record(ANN_LEAD))
    bind(two, run, "L2", ANN_LEAD)
    assert [part.record.ref for part in two.load(["L1"])[0].records] == [ANN, BOB, ANN_LEAD]
    assert two.load(["L2"]) == []


def test_a_record_that_nobody_named_follows_its_lead(two: SqlLedger, run: Run) -> None:
    bind(two, run, "L1", ANN, absorbed=("L2",))
    assert [part.record.ref for part in two.load(["L1"])[0].records] == [ANN, BOB]


# marked ------------------------------------------------------------------------------------------
def test_marked_leads_come_in_pages_in_order(ledger: SqlLedger, run: Run) -> None:
    people = [RecordRef("hubspot", "contacts", str(number)) for number in range(25)]
    take(ledger, run, *map(record, people))
    everybody = bind_all(ledger, run)
    assert len(everybody) == 25
    pages, after = [], ""
    while found := ledger.marked(NOW, after, 10):
        pages.append(list(found))
        after = found[-1]
    assert [len(found) for found in pages] == [10, 10, 5]
    assert [lead_id for found in pages for lead_id in found] == sorted(everybody)


def test_a_lead_is_due_when_its_moment_has_come(ledger: SqlLedger, run: Run) -> None:
    [lead_id] = settled(ledger, run, record())
    ledger.append(run, [planned(lead_id, due_at=LATER)])
    ledger.promote(run, None, {})
    assert marked(ledger, LATER - timedelta(microseconds=1)) == []
    assert marked(ledger, LATER) == [lead_id]
    assert ledger.marked(LATER, lead_id, 10) == []


# find --------------------------------------------------------------------------------------------
def test_a_lead_is_found_by_id_record_and_address(ledger: SqlLedger, run: Run) -> None:
    take(ledger, run, replace(record(ANN), absorbed_ids=("99",)), opened())
    [lead_id] = bind_all(ledger, run)
    assert ledger.find(lead_id=lead_id) == [lead_id]
    assert ledger.find(ref=ANN) == [lead_id]
    assert ledger.find(ref=RecordRef("hubspot", "contacts", "99")) == [lead_id]
    assert ledger.find(email=" P1@Example.com ") == [lead_id]
    assert ledger.find(lead_id="L?") == ledger.find(ref=BOB) == ledger.find(email="nobody@example.com") == []


def test_several_leads_with_one_address_are_all_found(ledger: SqlLedger, run: Run) -> None:
    take(ledger, run, record(ANN, email="both@example.com"), record(BOB, email="both@example.com"))
    bind(ledger, run, "L2", ANN)
    bind(ledger, run, "L1", BOB)
    assert ledger.find(email="both@example.com") == ["L1", "L2"]


def test_a_new_record_that_shares_no_key_is_alone(ledger: SqlLedger, run: Run) -> None:
    take(ledger, run, record(ANN), record(BOB))
    assert list(ledger.alone("", 1)) == [ANN]
    assert list(ledger.alone(str(ANN), 10)) == [BOB]
    assert list(ledger.alone(str(BOB), 10)) == []


def test_nobody_is_alone_with_a_shared_address(ledger: SqlLedger, run: Run) -> None:
    take(ledger, run, record(ANN), record(ANN_LEAD, email="p1@example.com"), record(BOB))
    assert list(ledger.alone("", 1)) == [BOB]


def test_nobody_is_alone_who_names_a_record_or_is_named(ledger: SqlLedger, run: Run) -> None:
    take(ledger, run, record(ANN), replace(record(ANN_LEAD), linked_to=ANN), record(BOB))
    assert list(ledger.alone("", 10)) == [BOB]


def test_a_bound_record_is_not_alone_again(ledger: SqlLedger, run: Run) -> None:
    settled(ledger, run, record(ANN))
    take(ledger, run, record(ANN, version="2", email="other@example.com"))
    assert list(ledger.alone("", 10)) == []


def test_known_records_are_left_out_of_the_related(ledger: SqlLedger, run: Run) -> None:
    take(ledger, run, record(ANN), record(ANN_LEAD, email="p1@example.com"))
    found = ledger.related(["email:p1@example.com"], [ANN], known=[ANN])
    assert [part.record.ref for part in found] == [ANN_LEAD]
