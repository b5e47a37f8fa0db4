"""Applying: intents first, one outcome per record, verification where a CRM may do something else."""

from __future__ import annotations

from collections.abc import Iterator

import pytest

from crmbridge.errors import Paused, Unavailable, UnsafePlan
from crmbridge.model import OutcomeState
from crmbridge.testing import Fate, Killed
from tests.property.world import World


@pytest.fixture
def world() -> Iterator[World]:
    made = World()
    yield made
    made.close()


def arrive(world: World, count: int) -> None:
    for number in range(count):
        world.hubspot.edit(
            "contacts",
            str(number),
            email=f"p{number}@example.org",
            last_name=f"P{number}",
            company="Acme",
            job_title="Head",
            country="DE",
        )


def test_what_the_crm_did_instead_is_a_failure_that_stays_planned(world: World) -> None:
    arrive(world, 1)
    world.salesforce.assignment_rules["Lead"] = "s-tia"
    result = world.bridge.sync()
    assert result.report.errors == {"not_taken": 1}
    assert result.failed == 1


def test_verification_reads_full_batches(world: World) -> None:
    arrive(world, 30)
    world.hubspot.batch_limit = world.salesforce.batch_limit = 10
    plan = world.bridge.plan()
    before = world.hubspot.calls
    world.bridge.apply(plan)
    estimate = plan.estimates["hubspot"]
    assert (estimate.rereads, estimate.writes, estimate.verifies) == (3, 3, 3)
    assert world.hubspot.calls - before == estimate.total


def test_a_refused_record_never_takes_the_others_with_it(world: World) -> None:
    arrive(world, 3)
    world.fail("hubspot", [Fate.REFUSE_FIRST])
    result = world.bridge.sync()
    assert (result.failed, result.written) == (1, 5)
    assert result.report.errors == {"refused": 1}
    world.wait(days=0.01)
    assert world.bridge.sync().written == 1


def test_an_answer_that_never_came_is_settled_by_reading(world: World) -> None:
    arrive(world, 2)
    world.fail("salesforce", [Fate.LOST_AFTER])
    assert world.bridge.sync().report.count(OutcomeState.AMBIGUOUS) == 2
    writes = world.salesforce.write_calls
    assert world.bridge.sync().failed == 0
    assert world.salesforce.write_calls == writes
    assert len(world.salesforce.records("Lead")) == 2


def test_what_is_certain_is_kept_when_the_crm_goes_down(world: World) -> None:
    arrive(world, 20)
    world.hubspot.batch_limit = 10
    world.hubspot.fates = [Fate.OK, Fate.DOWN]
    with pytest.raises(Unavailable):
        world.bridge.sync()
    world.settle()
    assert len(world.salesforce.records("Lead")) == 20


def test_a_killed_run_leaves_intents_that_the_next_one_settles(world: World) -> None:
    arrive(world, 4)
    world.fail("salesforce", [Fate.KILLED_HALFWAY])
    with pytest.raises(Killed):
        world.bridge.sync()
    assert len(world.ledger.open_intents()) == 4
    world.seconds += 61
    world.settle()
    assert world.ledger.open_intents() == []
    assert len(world.salesforce.records("Lead")) == 4


def test_a_record_that_moved_since_the_plan_is_left_alone(world: World) -> None:
    arrive(world, 1)
    plan = world.bridge.plan()
    world.hubspot.edit("contacts", "0", owner="h-tia")
    result = world.bridge.apply(plan)
    assert result.moved == 1
    assert world.hubspot.fields("contacts", "0")["owner"] == "h-tia"


def test_a_record_that_holds_it_already_is_not_sent(world: World) -> None:
    arrive(world, 1)
    plan = world.bridge.plan()
    for change in plan:
        if change.id is not None:
            world.hubspot.edit("contacts", change.id, **{change.field: change.new})
    before = world.hubspot.write_calls
    assert world.bridge.apply(plan).report.count(OutcomeState.UNCHANGED) == 1
    assert world.hubspot.write_calls == before


def test_a_plan_applied_again_leaves_alone_what_is_done(world: World) -> None:
    arrive(world, 2)
    plan = world.bridge.plan()
    world.bridge.apply(plan, limit=1)
    created = world.salesforce.records("Lead")[0].ref.id
    world.salesforce.edit("Lead", created, owner="s-tia", status="working", last_name="Mended")
    world.bridge.apply(plan)
    fields = world.salesforce.fields("Lead", created)
    assert (fields["owner"], fields["status"], fields["last_name"]) == ("s-tia", "working", "Mended")
    assert len(world.salesforce.records("Lead")) == 2


def test_a_pause_stops_a_run_that_is_writing_before_its_next_batch(world: World) -> None:
    arrive(world, 3)
    world.salesforce.meanwhile = lambda: world.bridge.pause("wrong owner")
    world.hubspot.meanwhile = lambda: world.bridge.pause("wrong owner")
    with pytest.raises(Paused, match="wrong owner"):
        world.bridge.sync()
    assert world.hubspot.write_calls + world.salesforce.write_calls == 1
    world.bridge.resume()
    world.settle()


def test_a_limit_goes_on_where_it_stopped(world: World) -> None:
    arrive(world, 3)
    plan = world.bridge.plan()
    for expected in (1, 2, 3):
        world.bridge.apply(plan, limit=1)
        assert len(world.salesforce.records("Lead")) == expected


def test_parts_pay_the_round_robin_as_the_whole_does(world: World) -> None:
    whole = World()
    for each in (world, whole):
        arrive(each, 3)
    plan = world.bridge.plan()
    world.bridge.apply(plan, limit=1)
    world.bridge.apply(plan)
    whole.bridge.sync()
    assert world.ledger.pointers() == whole.ledger.pointers()
    whole.close()


def test_a_plan_is_refused_once_a_later_one_has_looked(world: World) -> None:
    arrive(world, 1)
    plan = world.bridge.plan()
    world.bridge.plan()
    with pytest.raises(UnsafePlan, match="planned anew"):
        world.bridge.apply(plan)


def test_what_a_person_says_while_we_write_is_heard(world: World) -> None:
    arrive(world, 1)
    world.hubspot.meanwhile = lambda: world.hubspot.edit("contacts", "0", opted_out=True)
    world.bridge.sync()
    world.bridge.sync()
    (lead,) = world.ledger.find(email="p0@example.org")
    held = {part.record.ref.crm: part.record.fields for part in world.ledger.load([lead])[0].records}
    assert held["hubspot"]["opted_out"] is True


def test_a_record_that_a_person_deleted_is_listed_and_not_made_again(world: World) -> None:
    arrive(world, 1)
    world.bridge.sync()
    world.salesforce.remove("Lead", world.salesforce.records("Lead")[0].ref.id)
    plan = world.bridge.sync().plan
    assert [conflict.kind for conflict in plan.conflicts()] == ["deleted_there"]
    assert world.salesforce.records("Lead") == []
