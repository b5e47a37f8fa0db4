"""One run at a time, and a dead one hinders nobody."""

from __future__ import annotations

from datetime import timedelta

import pytest

from crmbridge.errors import LeaseLost
from crmbridge.ledger import SqlLedger
from crmbridge.ports import Run
from tests.unit.ledger.conftest import Open, on_shared_databases
from tests.unit.ledger.samples import ANN, NOW, Clock, bind_all, change, page, planned, record, settled, take


def test_a_run_is_found_with_its_header_and_state(ledger: SqlLedger, run: Run) -> None:
    assert ledger.run(run.id) == (run, {"process": "1"}, "running")
    ledger.finish(run, "done", {"written": 3})
    assert ledger.run(run.id) == (run, {"process": "1"}, "done")
    assert ledger.run("nobody") is None


def test_a_live_run_keeps_others_out(ledger: SqlLedger, run: Run) -> None:
    with pytest.raises(LeaseLost):
        ledger.begin("sync", NOW, {})
    ledger.renew(run)


def test_the_next_run_begins_when_the_lease_is_given_back(ledger: SqlLedger, run: Run) -> None:
    ledger.finish(run, "done", {})
    assert ledger.begin("plan", NOW, {}).fence == run.fence + 1


def test_a_run_that_has_ended_can_store_nothing_more(ledger: SqlLedger, run: Run) -> None:
    ledger.finish(run, "done", {})
    with pytest.raises(LeaseLost):
        ledger.take(run, "hubspot", page(record()))


def test_a_renewed_lease_lasts_on(ledger: SqlLedger, run: Run, clock: Clock) -> None:
    clock.seconds += 100
    ledger.renew(run)
    clock.seconds += 100
    with pytest.raises(LeaseLost):
        ledger.begin("sync", NOW, {})


def test_what_a_run_stores_prolongs_its_lease(ledger: SqlLedger, run: Run, clock: Clock) -> None:
    clock.seconds += 100
    take(ledger, run, record())
    ledger.renew(run)
    clock.seconds += 100
    with pytest.raises(LeaseLost):
        ledger.begin("sync", NOW, {})


def test_a_run_that_has_just_ended_renews_nothing(ledger: SqlLedger, run: Run) -> None:
    take(ledger, run, record())
    ledger.finish(run, "done", {})
    with pytest.raises(LeaseLost):
        ledger.renew(run)


def test_an_expired_lease_is_taken_over_and_the_late_holder_refused(
    ledger: SqlLedger, run: Run, clock: Clock
) -> None:
    clock.seconds += 121
    successor = ledger.begin("sync", NOW, {})
    with pytest.raises(LeaseLost):
        ledger.take(run, "hubspot", page(record(), watermark="late"))
    with pytest.raises(LeaseLost):
        ledger.renew(run)
    with pytest.raises(LeaseLost):
        ledger.finish(run, "done", {})
    assert ledger.watermarks("hubspot") == {}
    found = ledger.run(run.id)
    assert found is not None
    assert found[2] == "abandoned"
    ledger.renew(successor)


def test_an_expired_lease_that_nobody_took_is_still_its_holders(
    ledger: SqlLedger, run: Run, clock: Clock
) -> None:
    clock.seconds += 1000
    ledger.take(run, "hubspot", page(record(), watermark="w"))
    assert ledger.watermarks("hubspot") == {"contacts": "w"}


@on_shared_databases
def test_two_handles_share_the_lease(database: tuple[str, str], open_ledger: Open, clock: Clock) -> None:
    one, other = open_ledger(), open_ledger()
    run = one.begin("sync", NOW, {})
    with pytest.raises(LeaseLost):
        other.begin("sync", NOW, {})
    clock.seconds += 121
    other.begin("sync", NOW, {})
    with pytest.raises(LeaseLost):
        one.renew(run)


def test_a_half_made_plan_of_a_dead_run_is_deleted_and_its_leads_stay_marked(
    ledger: SqlLedger, run: Run, clock: Clock
) -> None:
    take(ledger, run, record())
    lead_ids = bind_all(ledger, run)
    ledger.append(run, [planned(lead_ids[0], change(lead_ids[0]))])
    clock.seconds += 121
    ledger.begin("sync", NOW, {})
    assert list(ledger.changes(run)) == []
    assert list(ledger.marked(NOW, "", 10)) == lead_ids


def test_the_last_five_plans_are_kept(ledger: SqlLedger, run: Run) -> None:
    ledger.finish(run, "done", {})
    runs = []
    for day in range(7):
        runs.append(ledger.begin("plan", NOW + timedelta(days=day), {}))
        ledger.append(runs[-1], [planned("L1", change("L1", ANN))])
        ledger.finish(runs[-1], "planned", {})
    ledger.begin("plan", NOW, {})
    assert [len(list(ledger.changes(before))) for before in runs] == [0, 0, 1, 1, 1, 1, 1]


def test_a_plan_is_carried_out_under_the_lease_of_a_later_run(ledger: SqlLedger, run: Run) -> None:
    ledger.append(run, [planned("L1", change("L1", ANN))])
    ledger.finish(run, "planned", {})
    applying = ledger.begin("apply", NOW, {})
    as_planned = Run(id=run.id, kind=run.kind, started_at=run.started_at, fence=applying.fence)
    ledger.promote(as_planned, None, {})
    assert len(list(ledger.changes(as_planned))) == 1
    ledger.finish(as_planned, "done", {})
    states = [found[2] for found in map(ledger.run, (run.id, applying.id)) if found]
    assert states == ["done", "done"]


@pytest.mark.parametrize(
    ("header", "is_marked"),
    [
        ({"process": "2"}, True),
        ({"process": "1"}, False),
        ({}, False),
        ({"process": "1", "by": "cron"}, False),
    ],
)
def test_another_process_marks_every_lead(
    ledger: SqlLedger, run: Run, header: dict[str, str], is_marked: bool
) -> None:
    lead_ids = settled(ledger, run, record(ANN))
    ledger.finish(run, "done", {})
    ledger.begin("sync", NOW, header)
    assert list(ledger.marked(NOW, "", 10)) == (lead_ids if is_marked else [])


def test_a_pause_lasts_until_it_is_lifted(ledger: SqlLedger) -> None:
    assert ledger.paused() is None
    for reason in ("migration", "migration until Friday"):
        ledger.pause(reason)
    assert ledger.paused() == "migration until Friday"
    for _ in range(2):
        ledger.pause(None)
    assert ledger.paused() is None


def test_closing_twice_is_closing_once(ledger: SqlLedger) -> None:
    ledger.close()
    ledger.close()
