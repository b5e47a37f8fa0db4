"""Backfill over two fake CRMs: what the past says is written, once, and nothing that people put there."""

from __future__ import annotations

import random
from collections.abc import Iterator
from datetime import UTC, datetime, timedelta
from typing import Any

import pytest

from crmbridge.backfill import Backfill, BackfillResult
from crmbridge.errors import ConfigError, CrmBridgeError, Paused, QuotaExhausted, UnsafePlan
from crmbridge.history import Doer
from crmbridge.model import RecordRef, Value
from crmbridge.testing import FakeCrm, Fate, Killed
from tests.property.world import START, World

SINCE = datetime(2025, 1, 1, tzinfo=UTC)
WRITTEN = ("is_mql", "is_sal", "qualified_at", "accepted_at", "recycled_at", "recycle_count")


def day(number: int) -> datetime:
    """Give a moment so many days after the beginning of the period."""
    return SINCE + timedelta(days=number)


class Past(World):
    """A world with people who have a past."""

    def person(self, name: str, *steps: tuple[int, str, Value], object: str = "contacts") -> RecordRef:
        """Make a person: (day, field, value); the last value of each field stands there today."""
        crm = self.hubspot if object == "contacts" else self.salesforce
        fields = {field: value for _, field, value in steps}
        ref = crm.edit(object, name, email=f"{name}@example.com", last_name=name, company="Acme", **fields)
        crm.past.changes[ref] = []
        crm.past.created[ref] = day(steps[0][0])
        for at, field, value in steps:
            crm.past.tell(ref, field, value, day(at), Doer.PERSON)
        return ref

    def backfill(self, *, apply: bool = True, **request: Any) -> BackfillResult:
        asked = Backfill(**{"since": SINCE, **request})
        return self.bridge.backfill(asked, apply=apply)

    def holds(self, ref: RecordRef) -> dict[str, Value]:
        crm = self.hubspot if ref.crm == "hubspot" else self.salesforce
        return {name: crm.fields(ref.object, ref.id).get(name) for name in WRITTEN}


@pytest.fixture
def world() -> Iterator[Past]:
    made = Past()
    yield made
    made.close()


def test_recorded_dates_flags_and_counts_are_written(world: Past) -> None:
    ref = world.person("ada", (0, "stage", "lead"), (5, "stage", "mql"), (9, "stage", "sal"))
    found = world.backfill()
    assert (found.written, found.failed, found.tally.recorded, found.tally.by_rules) == (1, 0, 1, 0)
    assert world.holds(ref) == {
        "is_mql": True,
        "is_sal": True,
        "qualified_at": day(5),
        "accepted_at": day(9),
        "recycled_at": None,
        "recycle_count": None,
    }


def test_recycles_are_counted_with_the_date_of_the_last(world: Past) -> None:
    ref = world.person(
        "bea",
        (0, "stage", "mql"),
        (5, "status", "recycled"),
        (5, "stage", "recycled"),
        (20, "stage", "mql"),
        (20, "status", "new"),
        (30, "status", "rejected"),
    )
    world.backfill()
    held = world.holds(ref)
    assert (held["recycle_count"], held["recycled_at"], held["is_mql"]) == (2, day(30), False)


def test_created_as_an_mql_it_was_one_from_then_on(world: Past) -> None:
    ref = world.person("ada", (3, "stage", "mql"), (3, "owner", "h-ann"))
    world.backfill()
    assert world.holds(ref)["qualified_at"] == day(3)


def test_a_date_that_nobody_recorded_is_not_invented(world: Past) -> None:
    """S4: what is not tracked is unknown: it was accepted as we found it, nobody knows when it qualified."""
    world.salesforce.past.tracked = ("status",)
    ref = world.person("ada", (0, "stage", "sal"), (4, "status", "working"), object="Lead")
    found = world.backfill()
    assert world.holds(ref) == dict.fromkeys(WRITTEN)
    assert found.past.coverage["stage", "unknown"] == 1


def test_a_second_backfill_writes_nothing(world: Past) -> None:
    for number in range(5):
        world.person(f"p{number}", (number, "stage", "lead"), (number + 5, "stage", "mql"))
    assert world.backfill().written == 5
    again = world.backfill()
    assert (again.changes, again.written, again.past.changed) == (0, 0, 0)


def test_nothing_is_written_unless_asked(world: Past) -> None:
    ref = world.person("ada", (0, "stage", "lead"), (5, "stage", "mql"))
    before = world.holds(ref)
    found = world.backfill(apply=False)
    assert (found.records, found.changes > 0, found.report) == (1, True, None)
    assert world.holds(ref) == before
    assert world.hubspot.write_calls == 0
    assert {change.field for change in found.samples} <= {*WRITTEN, "recycle_until"}


def test_neither_stage_nor_owner_moves_and_nobody_is_assigned(world: Past) -> None:
    world.person("ada", (0, "stage", "lead"), (5, "stage", "mql"))
    world.backfill()
    assert world.hubspot.fields("contacts", "ada")["owner"] is None
    assert world.ledger.loads(SINCE) == {}


def test_what_people_put_there_stays(world: Past) -> None:
    ref = world.person("ada", (0, "stage", "lead"), (5, "stage", "mql"))
    world.hubspot.edit("contacts", "ada", qualified_at=day(77))
    found = world.backfill()
    assert world.holds(ref)["qualified_at"] == day(77)
    assert found.tally.kept == {"qualified_at": 1}


def test_the_period_says_what_is_written(world: Past) -> None:
    ref = world.person("ada", (0, "stage", "lead"), (5, "stage", "mql"), (9, "stage", "sal"))
    world.backfill(until=day(7))
    # The acceptance lies behind the period: flags would say how things stood then, and are left alone.
    assert world.holds(ref) == {**dict.fromkeys(WRITTEN), "qualified_at": day(5)}


def test_rules_speak_only_for_those_nobody_made_an_mql(world: Past) -> None:
    ref = world.person("boss", (0, "stage", "lead"), (3, "job_title", "Head of Sales"))
    found = world.backfill()
    assert (found.tally.by_rules, found.tally.recorded) == (1, 0)
    assert world.holds(ref)["qualified_at"] == day(0)
    assert world.backfill(by_rules=False).tally.by_rules == 0


def test_only_the_leads_that_were_named(world: Past) -> None:
    first = world.person("ada", (0, "stage", "lead"), (5, "stage", "mql"))
    second = world.person("bea", (0, "stage", "lead"), (5, "stage", "mql"))
    world.bridge.plan()
    world.backfill(only=[str(first)])
    assert world.holds(first)["is_mql"] is True
    assert world.holds(second)["is_mql"] is None


def test_the_live_process_goes_on_from_the_past(world: Past) -> None:
    ref = world.person("ada", (0, "stage", "mql"), (5, "stage", "sal"), (5, "owner", "h-ann"))
    world.backfill()
    world.settle()
    assert world.holds(ref)["qualified_at"] == day(0)
    assert world.hubspot.fields("contacts", "ada")["stage"] == "sal"


@pytest.mark.parametrize(
    "request_",
    [{"since": START + timedelta(days=9)}, {"until": START + timedelta(days=9)}, {"also": ["owner"]}],
)
def test_a_period_that_is_none_is_refused(world: Past, request_: dict[str, Any]) -> None:
    with pytest.raises(ConfigError):
        world.backfill(**request_)


def test_a_stage_is_written_when_asked(world: Past) -> None:
    world.person("ada", (0, "stage", "mql"))
    world.person("ada", (9, "stage", "sal"), object="Lead")
    found = world.backfill(also=["stage"])
    assert found.failed == 0


def test_many_records_take_the_bulk_way_and_a_conditional_write_never(world: Past) -> None:
    refs = crowd(world)
    world.hubspot.bulk_from = 8
    planned = world.backfill(apply=False)
    assert planned.estimates["hubspot"].writes == 1
    found = world.backfill()
    # Read again in batches of three just before, then written in one go.
    assert (found.written, found.failed, world.hubspot.write_calls) == (12, 0, 1)
    assert all(world.holds(ref)["is_mql"] for ref in refs)
    world.hubspot.bulk_from = 13
    assert world.backfill(apply=False).changes == 0


def test_a_backfill_is_undone_as_any_run(world: Past) -> None:
    refs = crowd(world, 4)
    before = [world.holds(ref) for ref in refs]
    found = world.backfill()
    world.hubspot.edit("contacts", refs[0].id, qualified_at=day(99))
    world.bridge.undo(found.run_id, apply=True)
    after = [world.holds(ref) for ref in refs]
    # What somebody changed since stays; the rest is as it was.
    assert after[0]["qualified_at"] == day(99)
    assert after[1:] == [
        {
            name: value or (False if name.startswith("is_") and new[name] is False else None)
            for name, value in old.items()
        }
        for old, new in zip(before[1:], after[1:], strict=True)
    ]
    assert [held["qualified_at"] for held in after[1:]] == [None, None, None]


# cut off ---------------------------------------------------------------------------------------------
def crowd(world: Past, count: int = 12) -> list[RecordRef]:
    world.hubspot.batch_limit = 3
    return [
        world.person(f"p{number:02}", (number, "stage", "lead"), (number + 5, "stage", "mql"))
        for number in range(count)
    ]


def settled(world: Past, refs: list[RecordRef], **request: Any) -> list[dict[str, Value]]:
    """Ask for the same backfill until it is through."""
    for _ in range(40):
        try:
            world.backfill(**request)
        except (Killed, CrmBridgeError):
            world.seconds += 61
        else:
            return [world.holds(ref) for ref in refs]
    raise AssertionError("never through")


@pytest.fixture(scope="module")
def expected() -> list[dict[str, Value]]:
    made = Past()
    found = settled(made, crowd(made))
    made.close()
    return found


def test_a_budget_stops_it_and_the_same_backfill_goes_on(
    world: Past, expected: list[dict[str, Value]]
) -> None:
    refs = crowd(world)
    with pytest.raises(QuotaExhausted):
        world.backfill(budget=24)
    assert settled(world, refs, budget=40) == expected


def test_a_budget_spreads_it_over_several_days(world: Past, expected: list[dict[str, Value]]) -> None:
    refs = crowd(world)
    stopped = 0
    while stopped < 9:
        try:
            world.backfill(budget=21)  # 16 of them look for what is new
        except QuotaExhausted:
            stopped += 1
            world.wait(1)
        else:
            break
    assert 1 <= stopped <= 4
    assert [world.holds(ref) for ref in refs] == expected


def test_a_pause_stops_it_between_batches(world: Past, expected: list[dict[str, Value]]) -> None:
    refs = crowd(world)
    world.hubspot.meanwhile = lambda: world.bridge.pause("lunch")
    with pytest.raises(Paused):
        world.backfill()
    written = world.hubspot.write_calls
    with pytest.raises(UnsafePlan):
        world.backfill()
    assert world.hubspot.write_calls == written
    world.bridge.resume()
    assert settled(world, refs) == expected


def test_a_backfill_that_goes_on_reads_no_history_again(world: Past) -> None:
    refs = crowd(world)
    world.fail("hubspot", [Fate.OK, Fate.DOWN])
    with pytest.raises(CrmBridgeError):
        world.backfill()
    world.seconds += 61
    before = world.hubspot.calls
    found = world.backfill()
    assert found.resumed_partitions == 1
    # What every run reads, then re-reads and writes of what is left: no history.
    assert world.hubspot.calls - before <= 8 + 2 * 4
    assert all(world.holds(ref)["is_mql"] for ref in refs)


class Mortal:
    """Has the process die before its next call but so many, as often as there are numbers."""

    def __init__(self, patch: pytest.MonkeyPatch, *calls: int) -> None:
        self.deaths = 0
        left, call = list(calls), FakeCrm._call

        def watched(crm: FakeCrm) -> None:
            if left and left[0] == 0:
                left.pop(0)
                self.deaths += 1
                raise Killed
            if left:
                left[0] -= 1
            call(crm)

        patch.setattr(FakeCrm, "_call", watched)


@pytest.mark.parametrize("call", [1, 9, 12, 14, 17, 19])
def test_killing_it_at_any_call_changes_nothing_in_the_end(
    call: int, expected: list[dict[str, Value]], monkeypatch: pytest.MonkeyPatch
) -> None:
    assert _lived_through(expected, monkeypatch, call) == 1


@pytest.mark.slow
@pytest.mark.parametrize("seed", range(50))
def test_killing_it_at_fifty_random_calls_changes_nothing_in_the_end(
    seed: int, expected: list[dict[str, Value]], monkeypatch: pytest.MonkeyPatch
) -> None:
    chance = random.Random(seed)
    calls = [chance.randrange(1, 22) for _ in range(4)]
    assert _lived_through(expected, monkeypatch, *calls) >= 1


def _lived_through(expected: list[dict[str, Value]], monkeypatch: pytest.MonkeyPatch, *calls: int) -> int:
    """Kill it, in partitions of five leads, and go on; gives how often it died."""
    monkeypatch.setattr("crmbridge.backfill.reading.PARTITION", 5)
    world = Past()
    refs = crowd(world)
    mortal = Mortal(monkeypatch, *calls)
    assert settled(world, refs) == expected
    assert world.backfill().changes == 0
    world.close()
    return mortal.deaths


@pytest.mark.parametrize("fate", [Fate.KILLED_HALFWAY, Fate.LOST_AFTER, Fate.LOST_BEFORE, Fate.DOWN])
def test_however_a_write_ends_the_state_is_the_same(fate: Fate, expected: list[dict[str, Value]]) -> None:
    world = Past()
    refs = crowd(world)
    world.fail("hubspot", [Fate.OK, fate])
    try:
        world.backfill()
    except (Killed, CrmBridgeError):
        world.seconds += 61
    assert settled(world, refs) == expected
    world.close()
