"""The chapter lists: leads stand where the last plan that was carried out put them."""

from __future__ import annotations

from dataclasses import replace
from datetime import timedelta

from crmbridge.ledger import SqlLedger
from crmbridge.model import Decision, RecordRef, StageRole
from crmbridge.ports import Planned, Run
from crmbridge.standing import PRIORITISED, UNROUTED, Standing
from tests.unit.ledger.samples import NOW, bind_all, record, take


def made(lead_id: str, name: str = PRIORITISED, **values: object) -> Standing:
    given: dict[str, object] = {
        "owner": "ann@acme.example", "rank": 0.0, "stage": "mql", "score": 1.0, "engagement_score": 1.0,
        "decided_at": NOW, "process_version": "1",
    }  # fmt: skip
    return Standing(lead_id=lead_id, list=name, **(given | values))  # type: ignore[arg-type]


def planned(found: Standing | None, lead_id: str) -> Planned:
    decision = Decision(
        lead_id=lead_id, process_version="1", decided_at=NOW, stage="mql", role=StageRole.QUALIFIED,
        status=None, fit_score=0, engagement_score=0, score=0,
    )  # fmt: skip
    return Planned(lead_id=lead_id, decision=decision, standing=found)


def known(ledger: SqlLedger, run: Run, count: int) -> list[str]:
    people = (
        record(RecordRef("hubspot", "contacts", str(number)), email=f"p{number}@acme.example")
        for number in range(count)
    )
    take(ledger, run, *people)
    return bind_all(ledger, run)


def carried_out(ledger: SqlLedger, run: Run, standings: dict[str, Standing | None]) -> None:
    ledger.append(run, [planned(found, lead_id) for lead_id, found in standings.items()])
    ledger.promote(run, None, {})


def test_a_list_comes_best_first_and_by_owner(ledger: SqlLedger) -> None:
    run = ledger.begin("sync", NOW, {})
    one, two, three, four = known(ledger, run, 4)
    carried_out(ledger, run, {
        one: made(one, rank=-10), two: made(two, rank=-30),
        three: made(three, rank=-20, owner="bob@acme.example"),
        four: made(four, UNROUTED, owner=""),
    })  # fmt: skip
    assert [found.lead_id for found in ledger.standings(PRIORITISED)] == [two, three, one]
    assert [found.lead_id for found in ledger.standings(PRIORITISED, owner="ann@acme.example")] == [two, one]
    assert list(ledger.standings(UNROUTED)) == [made(four, UNROUTED, owner="")]


def test_a_plan_that_was_not_carried_out_puts_nobody_on_a_list(ledger: SqlLedger) -> None:
    run = ledger.begin("plan", NOW, {})
    (one,) = known(ledger, run, 1)
    ledger.append(run, [planned(made(one), one)])
    assert list(ledger.standings(PRIORITISED)) == []


def test_a_lead_that_is_decided_again_stands_on_its_new_list_alone(ledger: SqlLedger) -> None:
    run = ledger.begin("sync", NOW, {})
    one, two = known(ledger, run, 2)
    carried_out(ledger, run, {one: made(one), two: made(two)})
    ledger.finish(run, "done", {})
    again = ledger.begin("sync", NOW, {})
    carried_out(ledger, again, {one: made(one, UNROUTED), two: None})
    assert list(ledger.standings(PRIORITISED)) == []
    assert [found.lead_id for found in ledger.standings(UNROUTED)] == [one]


def test_what_is_due_comes_by_its_moment(ledger: SqlLedger) -> None:
    run = ledger.begin("sync", NOW, {})
    one, two, three = known(ledger, run, 3)
    hour = timedelta(hours=1)
    carried_out(ledger, run, {
        one: made(one, "", due_at=NOW + hour), two: made(two, "", due_at=NOW - hour),
        three: made(three, "", due_at=NOW + 9 * hour),
    })  # fmt: skip
    assert [found.lead_id for found in ledger.due_standings(NOW + 2 * hour)] == [two, one]


def test_a_long_list_comes_whole_a_page_at_a_time(ledger: SqlLedger) -> None:
    run = ledger.begin("sync", NOW, {})
    leads = known(ledger, run, 1100)
    carried_out(ledger, run, {lead_id: made(lead_id) for lead_id in leads})
    assert [found.lead_id for found in ledger.standings(PRIORITISED)] == sorted(leads)
    assert ledger.lead_ids(sorted(leads)[1], 2) == sorted(leads)[2:4]


def test_the_texts_of_a_field_are_counted(ledger: SqlLedger) -> None:
    run = ledger.begin("sync", NOW, {})
    countries = ["DE", "DE", None]
    take(
        ledger,
        run,
        *(
            record(RecordRef("hubspot", "contacts", str(n)), country=found)
            for n, found in enumerate(countries)
        ),
    )
    gone = record(RecordRef("hubspot", "contacts", "9"), country="FR")
    take(ledger, run, replace(gone, deleted=True))
    assert ledger.tally("country") == {"DE": 2}


def test_a_changed_process_that_concerns_changed_leads_alone_marks_nobody(ledger: SqlLedger) -> None:
    """S12: grandfathering: what stands stays until something about the lead changes."""
    run = ledger.begin("sync", NOW, {"process": "1"})
    (one,) = known(ledger, run, 1)
    carried_out(ledger, run, {one: None})
    ledger.finish(run, "done", {})
    kept = ledger.begin("sync", NOW, {"process": "2", "applies_to": "changed"})
    assert ledger.marked(NOW, "", 10) == []
    ledger.finish(kept, "done", {})
    ledger.begin("sync", NOW, {"process": "3", "applies_to": "all"})
    assert ledger.marked(NOW, "", 10) == [one]


def test_another_mapping_marks_every_lead_whomever_the_process_concerns(ledger: SqlLedger) -> None:
    first = {"process": "1", "mapping": "1", "applies_to": "changed"}
    run = ledger.begin("sync", NOW, first)
    (one,) = known(ledger, run, 1)
    carried_out(ledger, run, {one: None})
    ledger.finish(run, "done", {})
    ledger.begin("sync", NOW, first | {"mapping": "2"})
    assert ledger.marked(NOW, "", 10) == [one]
