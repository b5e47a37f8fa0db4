"""The compiled score of activities against the plain reading of the rules."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from datetime import datetime

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from crmbridge.model import Activity, ActivityKind
from crmbridge.process.compiling import compile_engagement, cut
from crmbridge.process.conditions import activity_getter, field_condition
from crmbridge.process.operators import FieldKind
from crmbridge.process.parts import EngagementRule
from tests.unit.process.acme import NOW, PERSON
from tests.unit.process.strategies import activities, moments

PRICING = field_condition("name", "contains", "/pricing", get=activity_getter("name"), kind=FieldKind.TEXT)
rules = st.lists(
    st.builds(
        EngagementRule,
        rule=st.just("engagement.x"),
        name=st.just("X"),
        kinds=st.frozensets(st.sampled_from(ActivityKind), min_size=1, max_size=4),
        where=st.sampled_from([None, PRICING]),
        points=st.integers(-20, 20).map(float),
        times=st.sampled_from([None, 1, 2]),
        half_life_seconds=st.sampled_from([None, 86_400.0 * 30, 3600.0]),
        within_seconds=st.sampled_from([None, 86_400.0 * 100]),
        group=st.sampled_from([None, "a", "b"]),
    ),
    max_size=5,
).map(tuple)


def plainly(
    rules: Sequence[EngagementRule],
    caps: Mapping[str, float],
    done: Sequence[Activity],
    since: datetime | None,
    keeps: float,
) -> list[float]:
    """The points of every rule, computed as docs/process-file.md says."""
    points = [sum(_counted(rule, done, since, keeps)) for rule in rules]
    for group, cap in caps.items():
        places = [place for place, rule in enumerate(rules) if rule.group == group]
        excess = sum(points[place] for place in places) - cap
        if excess > 0:
            for place, left in zip(places, cut([points[place] for place in places], excess), strict=True):
                points[place] = left
    return points


def _counted(
    rule: EngagementRule, done: Sequence[Activity], since: datetime | None, keeps: float
) -> list[float]:
    found = [item for item in done if item.kind in rule.kinds and item.at <= NOW]
    found = [item for item in found if rule.where is None or rule.where.test(item, NOW)]
    ages = [((NOW - item.at).total_seconds(), item.at) for item in reversed(found)]
    ages = [(age, at) for age, at in ages if rule.within_seconds is None or age <= rule.within_seconds]
    return [
        rule.points
        * (0.5 ** (age / rule.half_life_seconds) if rule.half_life_seconds else 1.0)
        * (keeps if since is not None and at <= since else 1.0)
        for age, at in ages[: rule.times]
    ]


@settings(max_examples=300, deadline=None)
@given(
    rules,
    st.dictionaries(st.sampled_from("ab"), st.integers(0, 30).map(float)),
    activities,
    st.one_of(st.none(), moments),
    st.sampled_from([0.0, 0.5, 1.0]),
)
def test_the_compiled_score_is_the_plain_one(
    rules: tuple[EngagementRule, ...],
    caps: dict[str, float],
    done: tuple[Activity, ...],
    since: datetime | None,
    keeps: float,
) -> None:
    caps = {group: cap for group, cap in caps.items() if any(rule.group == group for rule in rules)}
    score, reasons = compile_engagement(rules, caps)(done, NOW, since, keeps)
    expected = plainly(rules, caps, done, since, keeps)
    assert score == pytest.approx(sum(expected), abs=1e-3)
    assert score == pytest.approx(sum(reason.points or 0.0 for reason in reasons), abs=2e-6)


def test_what_is_cut_comes_off_the_last_rules_and_never_off_negative_points() -> None:
    assert cut([10.0, -5.0, 20.0], 5.0) == [10.0, -5.0, 15.0]
    assert cut([10.0, -5.0, 20.0], 25.0) == [5.0, -5.0, 0.0]


def test_without_rules_nothing_is_scored() -> None:
    assert compile_engagement((), {})((), NOW, None, 1.0) == (0.0, [])


def test_names_in_the_file_never_become_code() -> None:
    """What the file says comes into the compiled function as objects."""
    hostile = EngagementRule(
        rule="engagement.'); raise SystemExit  # \n",
        name="'); raise SystemExit",
        kinds=frozenset({ActivityKind.CALL}),
        where=None,
        points=1.0,
        times=None,
        half_life_seconds=None,
        within_seconds=None,
        group="g'); raise SystemExit",
    )
    call = Activity(ref=PERSON, person=PERSON, kind=ActivityKind.CALL, at=NOW)
    score, reasons = compile_engagement((hostile,), {"g'); raise SystemExit": 5.0})((call,), NOW, None, 1.0)
    assert (score, reasons[0].rule) == (1.0, hostile.rule)


def test_more_names_than_are_remembered_change_nothing() -> None:
    """A rule's answer is remembered by the activity's name, and a pricing page stays one."""
    rule = EngagementRule(
        rule="engagement.pricing",
        name="Pricing",
        kinds=frozenset({ActivityKind.PAGE_VIEW}),
        where=PRICING,
        points=1.0,
        times=None,
        half_life_seconds=None,
        within_seconds=None,
        group=None,
    )
    names = [
        "/pricing",
        None,
        "/blog",
        *(f"/page/{number}" for number in range(5000)),
        "/PRICING",
        "/pricing",
    ]
    done = [
        Activity(ref=PERSON, person=PERSON, kind=ActivityKind.PAGE_VIEW, at=NOW, name=name) for name in names
    ]
    score = compile_engagement((rule,), {})
    assert [score(done, NOW, None, 1.0)[0] for _ in range(2)] == [3.0, 3.0]
