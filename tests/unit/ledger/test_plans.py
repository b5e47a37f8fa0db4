"""A plan is appended page by page, totalled, and streamed out in apply order."""

from __future__ import annotations

from dataclasses import replace
from datetime import timedelta
from typing import Any

from crmbridge.ledger import SqlLedger
from crmbridge.model import Conflict, Memory, RecordRef
from crmbridge.ports import PlanCounts, Planned, Run
from tests.unit.ledger.samples import ANN, ANN_LEAD, BOB, LATER, NOW, change, decision, planned, record, take


def handed(hours: int = 0) -> dict[str, Any]:
    return {"handed_off": True, "memory": Memory(stage="mql", qualified_at=NOW + timedelta(hours=hours))}


def conflict(lead_id: str, field: str = "owner") -> Conflict:
    return Conflict(lead_id=lead_id, kind="field", records=(ANN,), field=field, theirs=NOW, ours="x")


def test_changes_stream_in_apply_order_and_keep_records_together(ledger: SqlLedger, run: Run) -> None:
    plain = [change("L1", ANN, "score"), change("L1", ANN_LEAD, "score")]
    owned = [change("L2", BOB, "score"), change("L2", BOB, "owner", new="11")]
    created = [change("L3", None, "email", new="p@example.com"), change("L3", None, "score")]
    ledger.append(
        run,
        [
            planned("L1", *plain),
            planned("L2", *owned),
            planned("L3", *created, change("L3", RecordRef("hubspot", "contacts", "3")), **handed()),
        ],
    )
    order = [(item.lead_id, item.crm, item.id, item.field) for item in ledger.changes(run)]
    assert order == [
        ("L2", "hubspot", "2", "owner"),
        ("L2", "hubspot", "2", "score"),
        ("L3", "hubspot", "3", "score"),
        ("L3", "salesforce", None, "email"),
        ("L3", "salesforce", None, "score"),
        ("L1", "hubspot", "1", "score"),
        ("L1", "salesforce", ANN_LEAD.id, "score"),
    ]


def test_a_long_plan_streams_completely_and_may_be_written_to_meanwhile(ledger: SqlLedger, run: Run) -> None:
    people = [RecordRef("hubspot", "contacts", f"{number:05}") for number in range(1203)]
    ledger.append(run, (planned(f"L{ref.id}", change(f"L{ref.id}", ref)) for ref in people))
    seen = []
    for item in ledger.changes(run):
        seen.append(item.id)
        if len(seen) % 500 == 0:
            ledger.renew(run)
    assert seen == [ref.id for ref in people]


def test_planning_a_lead_again_replaces_what_was_planned(ledger: SqlLedger, run: Run) -> None:
    ledger.append(run, [planned("L1", change("L1", ANN, "score"), conflicts=[conflict("L1")])])
    again = planned("L1", change("L1", ANN, "stage", new="mql"), stage="mql")
    for _ in range(2):
        ledger.append(run, [again])
    assert list(ledger.changes(run)) == list(again.changes)
    assert list(ledger.conflicts(run)) == []
    assert ledger.counts(run).leads == 1


def test_of_a_lead_that_comes_twice_at_once_the_later_counts(ledger: SqlLedger, run: Run) -> None:
    ledger.append(run, [planned("L1", change("L1")), planned("L1")])
    assert list(ledger.changes(run)) == []


def test_candidates_are_what_hands_over_by_the_moment_of_qualifying(ledger: SqlLedger, run: Run) -> None:
    items = [
        planned("L3", **handed(1)),
        planned("L2", **handed(1)),
        planned("L9", **handed(0)),
    ]
    ledger.append(run, [*items, planned("L1")])
    found = list(ledger.candidates(run))
    assert [item.lead_id for item in found] == ["L9", "L2", "L3"]
    assert found[0] == items[2].decision


def test_candidates_may_be_planned_again_while_they_are_read(ledger: SqlLedger, run: Run) -> None:
    ledger.append(run, [planned(f"L{number:04}", **handed()) for number in range(700)])
    seen = 0
    for found in ledger.candidates(run):
        seen += 1
        if seen % 100 == 0:
            ledger.append(run, [Planned(lead_id=found.lead_id, decision=replace(found, stage="mql"))])
    assert seen == 700


def test_counts_add_up(ledger: SqlLedger, run: Run) -> None:
    take(ledger, run, record(ANN), record(ANN_LEAD), record(BOB), replace(record(BOB), deleted=True))
    ledger.append(
        run,
        [
            planned(
                "L1", change("L1", ANN, "score", old=5.0), change("L1", ANN, "owner", new="11"), adopted=True
            ),
            planned(
                "L2", change("L2", ANN_LEAD), change("L2", None), conflicts=[conflict("L2")], handed_off=True
            ),
            Planned(lead_id="L3", decision=None, skipped="out_of_scope"),
            Planned(lead_id="L4", decision=None, skipped="out_of_scope"),
            Planned(lead_id="L5", decision=None, skipped="deleted"),
        ],
    )
    assert ledger.counts(run) == PlanCounts(
        leads=5,
        decided=2,
        adopted=1,
        handed_off=1,
        skipped={"deleted": 1, "out_of_scope": 2},
        changes=4,
        conflicts=1,
        records={
            (True, "hubspot", "contacts", False, True): 1,
            (True, "salesforce", "Lead", False, False): 1,
            (True, "salesforce", "Lead", True, False): 1,
        },
        known={("hubspot", "contacts"): 1, ("salesforce", "Lead"): 1},
        overwrites={("hubspot", "score"): 1},
    )


def test_an_empty_plan_counts_nothing(ledger: SqlLedger, run: Run) -> None:
    assert ledger.counts(run) == PlanCounts()


def test_conflicts_of_the_last_finished_plan_are_listed_without_naming_a_run(
    ledger: SqlLedger, run: Run
) -> None:
    ledger.append(run, [planned("L1", conflicts=[conflict("L1"), conflict("L1", "stage")])])
    assert list(ledger.conflicts()) == []
    ledger.finish(run, "planned", {})
    ledger.begin("sync", LATER, {})
    assert list(ledger.conflicts()) == [conflict("L1"), conflict("L1", "stage")]


def test_two_runs_do_not_see_each_others_plan(ledger: SqlLedger, run: Run) -> None:
    ledger.append(run, [planned("L1", change("L1", ANN))])
    ledger.finish(run, "planned", {})
    other = ledger.begin("plan", LATER, {})
    ledger.append(other, [planned("L1", change("L1", ANN, "stage", new="mql"))])
    assert [item.field for item in ledger.changes(run)] == ["score"]
    assert [item.field for item in ledger.changes(other)] == ["stage"]


def test_a_decision_is_kept_as_it_was_made(ledger: SqlLedger, run: Run) -> None:
    made = decision(
        "L1", handed_off=True, missing=("phone",), memory=Memory(stage="mql", refused_by=("a", "b"))
    )
    ledger.append(run, [Planned(lead_id="L1", decision=made)])
    assert list(ledger.candidates(run)) == [made]
