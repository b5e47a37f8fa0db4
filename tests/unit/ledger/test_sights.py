"""What live runs saw: kept when a plan is carried out, folded when it grows old, erased with the person."""

from __future__ import annotations

from datetime import timedelta

from crmbridge.ledger import SqlLedger
from crmbridge.model import Activity, ActivityKind, Decision, Lead, Memory, RecordRef, StageRole
from crmbridge.ports import Planned, Run
from crmbridge.seen import OURS, Look, Seen, Sight, folded, sighted
from tests.unit.ledger.samples import ANN, NOW, record, settled

PERSON = RecordRef("hubspot", "contacts", "1")


def visit(number: int) -> Activity:
    ref = RecordRef("hubspot", "events", str(number))
    return Activity(ref=ref, person=PERSON, kind=ActivityKind.PAGE_VIEW, at=NOW + timedelta(days=number))


def decision(lead_id: str, memory: Memory) -> Decision:
    return Decision(
        lead_id=lead_id, process_version="1", decided_at=NOW, stage="lead", role=StageRole.LEAD, status=None,
        fit_score=0.0, engagement_score=0.0, score=0.0, memory=memory,
    )  # fmt: skip


def look(lead: Lead, memory: Memory | None, after: Memory) -> Look:
    return Look.at(lead, memory, decision(lead.id, after))


def test_what_only_mirrors_our_memory_is_kept_as_ours() -> None:
    memory = Memory(stage="mql", assigned_owner="ann")
    assert sighted(Lead(id="a", stage="mql", owner="ann"), memory).values == {"owner": OURS}
    assert sighted(Lead(id="a", stage="sal", owner="bob"), memory).values == {"stage": "sal", "owner": "bob"}


def test_only_what_is_new_is_kept_and_all_of_it_comes_back() -> None:
    memory = Memory(stage="lead")
    first = look(Lead(id="a", country="DE", custom={"tier": 1}, activities=(visit(1),)), None, memory)
    one = first.seen(None, ())
    again = look(Lead(id="a", country="DE", custom={"tier": 1}, activities=(visit(1),)), memory, memory)
    assert not again.is_news(one.seal)
    later = look(Lead(id="a", country="FR", activities=(visit(1), visit(2))), memory, memory)
    assert later.is_news(one.seal)
    two = later.seen(one.seal, [one])
    assert (two.values, two.added, two.memory) == ({"country": "FR", "custom.tier": None}, (visit(2),), None)
    sight = Sight()
    for item in (one, two):
        sight.take(item)
    assert (sight.values, sight.in_time()) == ({"country": "FR"}, (visit(1), visit(2)))
    whole = folded([one, two])
    assert (whole.values, whole.added, whole.seal) == ({"country": "FR"}, (visit(1), visit(2)), two.seal)


def test_a_memory_that_no_decision_left_is_kept() -> None:
    one = look(Lead(id="a"), None, Memory(stage="lead")).seen(None, ())
    strange = Memory(stage="mql", qualified_at=NOW)
    assert look(Lead(id="a"), strange, strange).seen(one.seal, [one]).memory == strange


def carried_out(ledger: SqlLedger, run: Run, lead_id: str, seen: Seen, *, promote: bool = True) -> None:
    ledger.note_instant(run, run.started_at, "process")
    ledger.append(run, [Planned(lead_id=lead_id, decision=decision(lead_id, Memory()), seen=seen)])
    if promote:
        ledger.promote(run, None, {})


def test_a_plan_that_is_not_carried_out_leaves_nothing(ledger: SqlLedger, run: Run) -> None:
    [lead_id] = settled(ledger, run, record(ANN))
    seen = look(Lead(id=lead_id, country="DE"), None, Memory()).seen(None, ())
    carried_out(ledger, run, lead_id, seen, promote=False)
    assert (ledger.instants(), ledger.seals([lead_id]), ledger.seen([lead_id])) == ([], {}, {})
    ledger.promote(run, None, {})
    ledger.promote(run, None, {})
    assert [item.at for item in ledger.instants()] == [run.started_at]
    assert ledger.seals([lead_id]) == {lead_id: seen.seal}
    assert ledger.seen([lead_id]) == {lead_id: [(run.fence, seen)]}


def test_a_person_who_is_forgotten_is_forgotten_here_too(ledger: SqlLedger, run: Run) -> None:
    [lead_id] = settled(ledger, run, record(ANN))
    carried_out(ledger, run, lead_id, look(Lead(id=lead_id, city="Bonn"), None, Memory()).seen(None, ()))
    ledger.forget(lead_id, carry_out=True)
    assert ledger.seen([lead_id]) == {}
