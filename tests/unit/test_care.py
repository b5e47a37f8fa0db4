"""Left alone over a weekend: what fails waits, what is disputed stands, what flips is left alone."""

from __future__ import annotations

from collections.abc import Iterator
from datetime import timedelta
from typing import Any

import pytest

from crmbridge.errors import ConfigError, QuotaExhausted, UnsafePlan
from crmbridge.process import Process
from crmbridge.testing import Fate
from tests.property.company import PROCESS
from tests.property.world import World


@pytest.fixture
def world() -> Iterator[World]:
    made = World()
    yield made
    made.close()


def arrive(world: World, number: int = 0, **more: Any) -> str:
    """Let a person come who is handed to sales."""
    known = {"email": f"p{number}@example.org", "last_name": f"P{number}", "company": "Acme"}
    world.hubspot.edit("contacts", str(number), **{**known, "job_title": "Head", "country": "DE", **more})
    return f"hubspot:contacts:{number}"


def handed_over(world: World, number: int = 0) -> tuple[str, str]:
    """Hand a person over; gives the references of both records."""
    ref = arrive(world, number)
    world.bridge.sync()
    return ref, f"salesforce:Lead:{world.salesforce.records('Lead')[-1].ref.id}"


def guards(world: World, **limits: Any) -> None:
    """Change limits of the process."""
    world.bridge.process = Process.parse({**PROCESS, "guards": {**PROCESS["guards"], **limits}})


# failures ----------------------------------------------------------------------------------------
def test_a_refused_record_is_left_out_until_it_is_due_and_planned_unchanged_all_the_time(
    world: World,
) -> None:
    arrive(world)
    world.fail("hubspot", [Fate.REFUSE_FIRST])
    assert world.bridge.sync().failed == 1
    planned = world.changes()
    waiting = world.bridge.sync()
    assert (waiting.waiting, waiting.failed, waiting.written) == (1, 0, 0)
    assert world.changes() == planned != []
    world.wait(days=1)
    assert world.bridge.sync().written == 1
    assert (world.bridge.failures(), world.changes()) == ([], [])


def test_a_record_that_somebody_mends_is_tried_at_once(world: World) -> None:
    ref = arrive(world, last_name="refuse me")
    world.hubspot.refused_value = None
    world.salesforce.refused_value = "refuse me"
    guards(world, max_attempts=1)
    assert world.bridge.sync().failed == 1
    [dead] = world.bridge.failures()
    assert (dead.next_at, dead.error, dead.id) == (None, "refused", None)
    world.wait(days=9)
    assert world.bridge.sync().waiting == 1
    world.hubspot.edit("contacts", "0", last_name="Mended")
    world.bridge.retry_failures([ref])
    assert world.bridge.sync().failed == 0
    assert world.bridge.failures() == []
    assert world.salesforce.records("Lead")[0].fields["last_name"] == "Mended"


def test_a_record_that_was_given_up_is_tried_again_when_somebody_changes_it(world: World) -> None:
    ref = arrive(world)
    world.fail("hubspot", [Fate.REFUSE_FIRST])
    world.bridge.sync()
    assert world.bridge.drop_failures([ref]) == 1
    world.wait(days=30)
    assert world.bridge.sync().waiting == 1
    world.hubspot.edit("contacts", "0", country="AT")
    assert world.bridge.sync().waiting == 0
    assert world.changes() == []


# conflicts ---------------------------------------------------------------------------------------
def disputed(world: World) -> tuple[str, str]:
    """Let a status be set in both CRMs at once."""
    contact, lead = handed_over(world)
    world.hubspot.edit("contacts", "0", status="working")
    world.salesforce.edit("Lead", lead.rpartition(":")[2], status="attempting")
    world.bridge.sync()
    return contact, lead


def test_a_conflict_stands_until_it_is_settled_and_is_settled_once(world: World) -> None:
    contact, _ = disputed(world)
    [open_] = world.bridge.conflicts()
    conflict = open_.conflict
    assert (conflict.field, conflict.theirs, conflict.ours) == ("status", "working", "attempting")
    world.wait(days=1)
    world.bridge.sync()
    assert [item.first_seen_at for item in world.bridge.conflicts()] == [open_.first_seen_at]
    world.bridge.settle(contact, "status", "theirs", by="kay")
    for _ in range(2):
        world.bridge.sync()
        assert world.bridge.conflicts() == []
    assert world.hubspot.fields("contacts", "0")["status"] == "working"


def test_a_conflict_settled_for_ours_is_written(world: World) -> None:
    contact, _ = disputed(world)
    made = world.bridge.settle(contact, "status", "ours", by="kay")
    assert (made.by, made.at) == ("kay", world.now)
    assert world.bridge.sync().written == 1
    assert world.hubspot.fields("contacts", "0")["status"] == "attempting"
    assert (world.bridge.conflicts(), world.changes()) == ([], [])


def test_another_value_after_a_ruling_is_another_conflict(world: World) -> None:
    contact, _ = disputed(world)
    world.bridge.settle(contact, "status", "theirs", by="kay")
    world.bridge.sync()
    world.hubspot.edit("contacts", "0", status=None)
    world.bridge.sync()
    assert [item.conflict.theirs for item in world.bridge.conflicts()] == [None]


def test_settling_what_is_not_open_is_refused(world: World) -> None:
    contact, _ = disputed(world)
    with pytest.raises(ConfigError, match="fits no open conflict"):
        world.bridge.settle(contact, "owner", "ours", by="kay")
    with pytest.raises(ConfigError, match="neither theirs nor ours"):
        world.bridge.settle(contact, "status", by="kay")


def test_identity_is_settled_by_naming_the_record(world: World) -> None:
    twins = [arrive(world, number, email="same@example.org") for number in (0, 1)]
    world.bridge.sync()
    assert {item.conflict.kind for item in world.bridge.conflicts()} == {"ambiguous_identity"}
    with pytest.raises(ConfigError, match="name one with --record"):
        world.bridge.settle(twins[0], by="kay")
    world.bridge.settle(twins[0], record=twins[0], by="kay")
    world.bridge.settle(twins[1], record=twins[0], by="kay")
    result = world.bridge.sync()
    assert (result.plan.counts.skipped, result.plan.counts.decided) == ({"duplicate": 1}, 1)
    assert world.bridge.conflicts() == []
    assert len(world.salesforce.records("Lead")) == 1


# owners and other tools --------------------------------------------------------------------------
def test_a_lead_whose_owner_flips_is_left_alone_until_somebody_releases_it(world: World) -> None:
    contact, lead = handed_over(world)
    for number in range(4):
        world.wait(days=0.1)
        owner = ("s-ann", "s-bob")[number % 2]
        if world.salesforce.fields("Lead", lead.rpartition(":")[2])["owner"] == owner:
            owner = "s-tia"
        world.salesforce.edit("Lead", lead.rpartition(":")[2], owner=owner)
        world.bridge.sync()
    [held] = world.bridge.quarantined()
    assert "changed owner 4 times" in held.reason
    writes = world.hubspot.write_calls + world.salesforce.write_calls
    world.hubspot.edit("contacts", "0", country="AT")
    assert world.bridge.sync().plan.counts.skipped == {"quarantined": 1}
    assert world.hubspot.write_calls + world.salesforce.write_calls == writes
    assert world.bridge.release(contact)
    assert world.bridge.sync().plan.counts.skipped == {}
    assert world.bridge.quarantined() == []


def test_an_owner_whom_we_chose_stays_whatever_changes_about_the_lead(world: World) -> None:
    _, lead = handed_over(world)
    owner = world.salesforce.fields("Lead", lead.rpartition(":")[2])["owner"]
    for country in ("AT", "FR", None, "DE"):
        world.wait(days=1)
        world.hubspot.edit("contacts", "0", country=country, job_title="Head of Sales")
        world.bridge.sync()
        assert world.salesforce.fields("Lead", lead.rpartition(":")[2])["owner"] == owner


def test_a_tool_that_puts_its_value_back_over_ours_is_reported_and_not_fought(world: World) -> None:
    contact, _ = handed_over(world)
    for _ in range(3):
        world.wait(days=0.5)
        world.hubspot.edit("contacts", "0", is_mql=False)
        world.bridge.sync()
    [open_] = world.bridge.conflicts()
    assert (open_.conflict.kind, open_.conflict.field) == ("fight", "is_mql")
    writes = world.hubspot.write_calls
    for _ in range(3):
        assert world.bridge.sync().written == 0
    assert world.hubspot.write_calls == writes
    world.bridge.settle(contact, "is_mql", "ours", by="kay")
    assert world.bridge.sync().written == 1
    assert world.hubspot.fields("contacts", "0")["is_mql"] is True


# budget ------------------------------------------------------------------------------------------
def calls(world: World) -> int:
    return world.hubspot.calls + world.salesforce.calls


@pytest.mark.parametrize("budget", [0, 1, 5, 16, 17, 18, 19, 20, 21, 22])
def test_a_run_never_spends_more_than_its_budget_and_the_next_goes_on(world: World, budget: int) -> None:
    for number in range(6):
        arrive(world, number)
    world.hubspot.batch_limit = world.salesforce.batch_limit = 2
    before = calls(world)
    with pytest.raises(QuotaExhausted, match=f"budget of {budget} API calls"):
        world.bridge.sync(budget=budget)
    assert calls(world) - before == budget
    world.bridge.sync()
    assert world.changes() == []
    assert len(world.salesforce.records("Lead")) == 6


def test_a_saved_plan_that_ran_out_of_budget_goes_on_where_it_stopped(world: World) -> None:
    for number in range(6):
        arrive(world, number)
    world.hubspot.batch_limit = world.salesforce.batch_limit = 2
    plan = world.bridge.plan()
    with pytest.raises(QuotaExhausted):
        world.bridge.apply(plan, budget=4)
    done = sum(record.fields["stage"] == "mql" for record in world.hubspot.records("contacts"))
    assert 0 < done < 6
    world.bridge.apply(plan)
    assert world.changes() == []


def test_owners_and_hand_offs_are_written_before_the_budget_ends(world: World) -> None:
    for number in range(4):
        arrive(world, number, job_title="Head" if number == 3 else "Clerk")
    world.hubspot.batch_limit = world.salesforce.batch_limit = 1
    plan = world.bridge.plan()
    with pytest.raises(QuotaExhausted):
        world.bridge.apply(plan, budget=3)
    stages = [record.fields["stage"] for record in world.hubspot.records("contacts")]
    assert stages == [None, None, None, "mql"]


def test_the_account_s_day_is_left_to_others_from_the_agreed_share_on(world: World) -> None:
    world.bridge.sync()
    for number in range(20):
        arrive(world, number)
    world.hubspot.batch_limit = 1
    world.hubspot.calls_per_day, world.hubspot.calls_left = 100, 50
    with pytest.raises(UnsafePlan, match="calls: the plan needs"):
        world.bridge.sync()
    with pytest.raises(QuotaExhausted, match="share of the account's day"):
        world.bridge.sync(allow=["calls"])
    assert world.hubspot.calls_left >= 20
    left = world.hubspot.calls_left
    with pytest.raises(QuotaExhausted):
        world.bridge.sync(allow=["calls"], budget=1000)
    assert world.hubspot.calls_left == 19 < left  # a run spends one call to see what is left


def test_our_own_calls_of_a_day_are_counted_over_all_runs(world: World) -> None:
    guards(world, hubspot_calls_per_day=20)
    world.bridge.sync()
    world.bridge.sync()
    assert world.ledger.spent("hubspot") == world.hubspot.calls == 16
    with pytest.raises(QuotaExhausted, match=r"process\.toml allows"):
        world.bridge.sync()
    assert world.hubspot.calls == 20
    world.wait(days=1)
    world.bridge.sync()


# undo --------------------------------------------------------------------------------------------
def test_a_run_is_undone_where_the_crms_still_hold_what_it_wrote_and_is_not_done_again(world: World) -> None:
    world.salesforce.edit("Lead", "L0", email="p0@example.org", last_name="P0", company="Acme")
    arrive(world)
    before = world.seen()
    run = world.bridge.sync().plan.run.id
    after = world.seen()
    assert after != before
    shown = world.bridge.undo(run)
    assert shown.result is None
    assert world.seen() == after
    done = world.bridge.undo("last", apply=True)
    assert (done.of, done.reverse.created, done.reverse.moved_on) == (run, [], 0)
    assert world.seen() == before
    for _ in range(3):
        world.wait(days=1)
        assert world.bridge.sync().written == 0
    assert world.seen() == before


def test_looking_at_the_reverse_of_a_run_settles_nothing(world: World) -> None:
    arrive(world)
    world.bridge.sync()
    world.bridge.undo("last")
    world.hubspot.edit("contacts", "0", owner=None)
    world.bridge.sync()
    assert [item.conflict.field for item in world.bridge.conflicts()] == ["owner"]


def test_undoing_an_undoing_brings_everything_back(world: World) -> None:
    world.salesforce.edit("Lead", "L0", email="p0@example.org", last_name="P0", company="Acme")
    arrive(world)
    world.bridge.sync()
    after = world.seen()
    undone = world.bridge.undo("last", apply=True)
    world.bridge.undo(undone.plan.run.id, apply=True)
    assert world.seen() == after
    assert world.changes() == []


def test_what_somebody_changed_since_stays_and_what_was_created_is_listed(world: World) -> None:
    contact, lead = handed_over(world)
    world.hubspot.edit("contacts", "0", status="working")
    done = world.bridge.undo("last", apply=True)
    assert [str(ref) for ref in done.reverse.created] == [lead]
    assert done.reverse.moved_on == 1
    fields = world.hubspot.fields("contacts", "0")
    assert (fields["status"], fields["stage"], fields["owner"]) == ("working", None, None)
    assert len(world.salesforce.records("Lead")) == 1
    rows = [item for item in world.bridge.history(contact) if item.reason.startswith("undo ")]
    assert {item.field for item in rows} >= {"stage", "owner"}


def test_an_undone_value_is_written_again_when_the_process_wants_another_one(world: World) -> None:
    arrive(world, job_title="Clerk")
    world.bridge.sync()
    world.bridge.undo("last", apply=True)
    assert world.hubspot.fields("contacts", "0")["score"] is None
    world.hubspot.edit("contacts", "0", job_title="Head")
    world.bridge.sync()
    assert world.hubspot.fields("contacts", "0")["score"] == 60


def test_only_a_run_that_is_known_can_be_undone(world: World) -> None:
    for reference in ("last", "nobody"):
        with pytest.raises(ConfigError, match="no such run"):
            world.bridge.undo(reference)


def test_guards_judge_an_undoing_as_any_other_plan(world: World) -> None:
    arrive(world)
    world.bridge.sync()
    world.bridge.pause("not today")
    with pytest.raises(UnsafePlan, match="not today"):
        world.bridge.undo("last", apply=True)


# people ------------------------------------------------------------------------------------------
def test_whom_the_crms_forget_the_next_run_forgets_and_writes_nothing(world: World) -> None:
    contact, lead = handed_over(world)
    [lead_id] = world.ledger.find(ref=world.hubspot.records("contacts")[0].ref)
    world.salesforce.remove("Lead", lead.rpartition(":")[2])
    world.hubspot.forget("contacts", "0")
    writes = world.hubspot.write_calls + world.salesforce.write_calls
    for _ in range(2):
        world.bridge.sync()
    assert world.hubspot.write_calls + world.salesforce.write_calls == writes
    assert {item.new for item in world.bridge.history(lead_id)} == {"erased"}
    assert world.ledger.find(email="p0@example.org") == []
    assert world.bridge.forget(contact, apply=True).rows == {}


def privacy_deletion(object_id: int, **changed: Any) -> dict[str, Any]:
    """An event as HubSpot's webhooks tell it."""
    event = {"eventId": 1, "subscriptionType": "contact.privacyDeletion", "portalId": 62515}
    return event | {"occurredAt": 1764000000000, "attemptNumber": 0, "objectId": object_id} | changed


def test_whom_a_webhook_of_hubspot_tells_to_forget_is_forgotten(world: World) -> None:
    """HubSpot tells of a privacy deletion by webhook alone; the endpoint is the host's."""
    contact, _ = handed_over(world)
    world.hubspot.account_id = "62515"
    strangers = [
        privacy_deletion(0, portalId=1),
        privacy_deletion(0, subscriptionType="contact.deletion"),
        privacy_deletion(404),
        {"objectId": "0"},
        "nonsense",
    ]
    assert world.bridge.forget_deleted(strangers) == []
    assert world.bridge.forget_deleted({"not": "a list"}) == []
    assert world.bridge.history(contact)[0].new != "erased"
    [told] = world.bridge.forget_deleted([privacy_deletion(0), privacy_deletion(0, eventId=2)])
    assert told.rows["record"] == 2
    assert {item.new for item in world.bridge.history(contact)} == {"erased"}
    assert world.ledger.find(email="p0@example.org") == []
    assert [again.rows for again in world.bridge.forget_deleted([privacy_deletion(0)])] == [{}]


def test_the_audit_is_pruned_at_the_end_of_a_run_where_that_is_set(world: World) -> None:
    contact, _ = handed_over(world)
    world.bridge._keep_days = 30
    world.wait(days=29)
    world.bridge.sync()
    assert world.bridge.history(contact)
    world.now += timedelta(days=2)
    world.bridge.sync()
    assert [item for item in world.bridge.history(contact) if item.run.startswith("20260302")] == []
