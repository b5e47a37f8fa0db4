"""Handing out reps: shares, turns, leave, capacity, refusals, and what a part of a plan leaves behind."""

from __future__ import annotations

from collections import Counter
from collections.abc import Iterable, Mapping
from datetime import UTC, datetime
from typing import Any

from hypothesis import given
from hypothesis import strategies as st

from crmbridge.model import Assignment, Decision, Memory, OwnerKind, StageRole
from crmbridge.process import Assigned, Assignments, Process, advance, assign
from tests.unit.process.acme import ACME, ANN, BOB, EVA, NOW, OWNERS, TRIAGE, changed, owner

CHRISTMAS = datetime(2026, 12, 24, 9, tzinfo=UTC)


def decision(number: int, assignment: Assignment | None = None, refused_by: tuple[str, ...] = ()) -> Decision:
    return Decision(
        lead_id=f"lead-{number:04}",
        process_version="1",
        decided_at=NOW,
        stage="mql",
        role=StageRole.QUALIFIED,
        status=None,
        fit_score=0.0,
        engagement_score=0.0,
        score=0.0,
        assignment=assignment or Assignment(owner=None, pool="dach", via="territory", territory="dach"),
        handed_off=True,
        memory=Memory(qualified_at=NOW, refused_by=refused_by),
    )


def handed_out(
    candidates: Iterable[Decision],
    *,
    process: Process = ACME,
    pointers: Mapping[str, Mapping[str, float]] | None = None,
    now: datetime = NOW,
    **inputs: Any,
) -> Assignments:
    values: dict[str, Any] = {"owners": OWNERS, "loads_day": {}, "loads_30_days": {}, **inputs}
    return assign(candidates, process, pointers or {}, now=now, **values)


def reps(assignments: Assignments) -> list[str | None]:
    return [assigned.owner for assigned in assignments]


def pool(*members: dict[str, Any]) -> Process:
    """A process whose pool "dach" has these members and nothing behind it."""
    named = [
        {"owner": f"{letter}@acme.example", **member}
        for letter, member in zip("abcdef", members, strict=False)
    ]
    others = [{"name": name, "member": [{"owner": EVA}]} for name in ("emea", "west")]
    return changed(pool=[{"name": "dach", "member": named}, *others])


def everybody(process: Process) -> dict[str, Any]:
    return {key: owner(key) for key in process.owners}


def test_turns_are_smooth() -> None:
    """Ann's two of three are spread, not bunched."""
    assert reps(handed_out(decision(number) for number in range(6))) == [ANN, BOB, ANN, ANN, BOB, ANN]


def test_a_lead_names_the_pool_that_gave_its_turn() -> None:
    assert list(handed_out([decision(1)])) == [Assigned("lead-0001", ANN, "territory", "dach")]


@given(st.lists(st.integers(1, 9), min_size=1, max_size=6), st.integers(1, 120))
def test_shares_stay_near_the_ideal_at_every_moment(weights: list[int], count: int) -> None:
    """At any prefix nobody is more than one lead and a bit away from the fair share."""
    process = pool(*({"weight": weight} for weight in weights))
    given_to: Counter[str | None] = Counter()
    total = sum(weights)
    run = handed_out(
        (decision(number) for number in range(count)), process=process, owners=everybody(process)
    )
    for turn, rep in enumerate(reps(run), 1):
        given_to[rep] += 1
        for letter, weight in zip("abcdef", weights, strict=False):
            assert abs(given_to[f"{letter}@acme.example"] - turn * weight / total) <= len(weights) / 2 + 0.5


@given(st.integers(0, 14), st.integers(0, 14))
def test_two_runs_hand_out_like_one(first: int, second: int) -> None:
    """Pointers are the whole memory of a pool."""
    together = reps(handed_out(decision(number) for number in range(first + second)))
    begun = handed_out(decision(number) for number in range(first))
    apart = reps(begun)
    apart += reps(
        handed_out((decision(number) for number in range(first, first + second)), pointers=begun.pointers)
    )
    assert apart == together


def test_nothing_is_read_before_it_is_needed() -> None:
    """Lazy: a million candidates are never held."""

    def endless() -> Iterable[Decision]:
        number = 0
        while True:
            yield decision(number)
            number += 1

    iterator = iter(handed_out(endless()))
    assert [next(iterator).owner for _ in range(3)] == [ANN, BOB, ANN]


def test_who_is_on_leave_gets_nothing_and_is_not_flooded_on_return() -> None:
    """F14: Ann is away over Christmas; back again she takes her turn like everybody."""
    away = handed_out((decision(number) for number in range(20)), now=CHRISTMAS)
    assert set(reps(away)) == {BOB}
    assert "ann@acme.example" not in away.pointers["dach"]
    back = handed_out(
        (decision(number) for number in range(6)),
        pointers=away.pointers,
        now=datetime(2027, 1, 5, 9, tzinfo=UTC),
    )
    assert reps(back) == [ANN, BOB, ANN, ANN, BOB, ANN]


def test_leave_counts_the_companys_days() -> None:
    """23:30 UTC on the 20th is the 21st in Berlin: Ann's leave has begun."""
    assert reps(handed_out([decision(1)], now=datetime(2026, 12, 20, 22, 30, tzinfo=UTC))) == [ANN]
    assert reps(handed_out([decision(1)], now=datetime(2026, 12, 20, 23, 30, tzinfo=UTC))) == [BOB]


def test_a_new_member_starts_with_the_others() -> None:
    begun = handed_out(decision(number) for number in range(7))
    reps(begun)
    process = changed(
        pool=[
            {"name": "dach", "member": [{"owner": ANN, "weight": 2}, {"owner": BOB}, {"owner": EVA}]},
            {"name": "emea", "member": [{"owner": EVA}]},
            {"name": "west", "member": [{"owner": EVA}]},
        ]
    )
    after = reps(
        handed_out((decision(number) for number in range(8)), process=process, pointers=begun.pointers)
    )
    assert Counter(after)[EVA] == 2, "a quarter of eight, and no catching up"


def test_capacity_ends_the_turn_for_the_day() -> None:
    loads = {ANN: 19}
    found = reps(handed_out((decision(number) for number in range(4)), loads_day=loads, loads_30_days=loads))
    assert found == [ANN, BOB, BOB, BOB]
    assert reps(handed_out([decision(1)], loads_30_days={ANN: 300})) == [BOB]


def test_leads_that_come_another_way_fill_the_capacity_too() -> None:
    kept = Assignment(owner=ANN, pool=None, via="existing_owner")
    found = reps(handed_out([decision(1, kept), decision(2)], loads_day={ANN: 19}))
    assert found == [ANN, BOB]


def test_who_refused_a_lead_is_passed_over_and_keeps_the_turn() -> None:
    run = handed_out([decision(1, refused_by=(ANN,)), decision(2), decision(3)])
    assert reps(run) == [BOB, ANN, ANN]


def test_an_empty_pool_falls_back() -> None:
    owners = {**OWNERS, ANN: owner(ANN, salesforce_active=False), BOB: owner(BOB, hubspot_active=False)}
    assert list(handed_out([decision(1)], owners=owners)) == [
        Assigned("lead-0001", EVA, "fallback_pool", "emea")
    ]
    owners[EVA] = owner(EVA, salesforce_active=False)
    assert list(handed_out([decision(1)], owners=owners)) == [
        Assigned("lead-0001", TRIAGE, "triage_pool_empty")
    ]
    owners[TRIAGE] = owner(TRIAGE, salesforce_active=False)
    assert list(handed_out([decision(1)], owners=owners)) == [
        Assigned("lead-0001", None, "unrouted_no_owner")
    ]


def test_all_who_could_have_refused_means_triage() -> None:
    assert next(iter(handed_out([decision(1, refused_by=(ANN, BOB, EVA))]))).via == "triage_pool_empty"


def test_somebody_who_exists_in_one_crm_alone_may_get_leads() -> None:
    alone = owner(BOB, salesforce_id=None, salesforce_active=False)
    owners = {**OWNERS, ANN: owner(ANN, hubspot_active=False), BOB: alone}
    assert reps(handed_out([decision(1)], owners=owners)) == [BOB]


def test_a_fixed_owner_who_left_means_triage() -> None:
    fixed = Assignment(owner="lea@acme.example", pool=None, via="territory", territory="dach large")
    owners = {**OWNERS, "lea@acme.example": owner("lea@acme.example", hubspot_active=False)}
    assert list(handed_out([decision(1, fixed)])) == [Assigned("lead-0001", "lea@acme.example", "territory")]
    assert list(handed_out([decision(1, fixed)], owners=owners)) == [
        Assigned("lead-0001", TRIAGE, "triage_inactive_owner")
    ]
    del owners["lea@acme.example"]
    assert next(iter(handed_out([decision(1, fixed)], owners=owners))).via == "triage_unknown_owner"


def test_a_dead_end_stays_what_it_is() -> None:
    dead = Assignment(owner=None, pool=None, via="unrouted_no_country")
    assert list(handed_out([decision(1, dead)])) == [Assigned("lead-0001", None, "unrouted_no_country")]


def test_a_queue_is_found_by_the_name_that_people_use() -> None:
    """S44: a triage queue has no e-mail address."""
    queue = owner(
        "salesforce:Group:00G1",
        kind=OwnerKind.QUEUE,
        name="Inbound MQLs",
        hubspot_id=None,
        hubspot_active=False,
    )
    process = changed(routing={"mode": "triage", "triage": "inbound mqls"})
    wanted = Assignment(owner="inbound mqls", pool=None, via="triage")
    run = handed_out([decision(1, wanted)], process=process, owners={queue.key: queue})
    assert list(run) == [Assigned("lead-0001", "salesforce:Group:00G1", "triage")]


@given(st.integers(0, 25), st.sampled_from([NOW, CHRISTMAS]))
def test_carrying_out_a_part_of_a_plan_moves_the_turns_by_that_part(count: int, now: datetime) -> None:
    whole = handed_out((decision(number) for number in range(30)), now=now)
    picks = [(item.pool, item.owner) for item in list(whole)[:count]]
    part = handed_out((decision(number) for number in range(count)), now=now)
    reps(part)
    named = [(name, rep) for name, rep in picks if name is not None and rep is not None]
    assert advance(ACME, {}, named, owners=OWNERS, now=now) == part.pointers


def test_picks_of_who_is_gone_are_ignored() -> None:
    assert advance(ACME, {}, [("dach", "gone@acme.example"), ("old pool", ANN)]) == {
        "dach": {ANN: 0.0, BOB: 0.0},
        "emea": {EVA: 0.0},
        "west": {"wes@acme.example": 0.0},
    }
