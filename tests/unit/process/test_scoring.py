"""Scores: who the person is, what the person did, and that the reasons add up."""

from __future__ import annotations

from dataclasses import replace
from typing import Any

import pytest
from hypothesis import given
from hypothesis import strategies as st

from crmbridge.model import Effect, Lead, Reason
from crmbridge.process import Process, decide
from crmbridge.process.making import rounded
from tests.unit.process.acme import ACME, COLD, HOT, KNOWN, NOW, activity, changed, data, days


def points(lead: Lead, process: Process = ACME) -> dict[str, float | None]:
    """Rule -> points, for the rules that fired."""
    reasons = decide(lead, process, KNOWN, NOW).reasons
    return {reason.rule: reason.points for reason in reasons if reason.effect is Effect.SCORE}


def engagement(process: Process, *activities: Any) -> float:
    lead = replace(COLD, activities=tuple(sorted(activities, key=lambda item: item.at)))
    return decide(lead, process, KNOWN, NOW).engagement_score


def only(**rule: Any) -> Process:
    """Acme with one engagement rule."""
    base = {"name": "Page", "kind": "page_view", "points": 10}
    return changed(engagement=[{**base, **rule}], engagement_caps=None)


def test_profile_and_behaviour_are_scored_apart() -> None:
    """S18, S19: a pricing-page visit counts, and so does a title."""
    decision = decide(HOT, ACME, KNOWN, NOW)
    assert decision.fit_score == 25 + 15 + 10
    assert 0 < decision.engagement_score <= 40
    assert decision.score == round(decision.fit_score + decision.engagement_score, 6)


def test_a_reason_says_what_was_found() -> None:
    """S30: every rule that fired, with its input and its points."""
    reasons = decide(HOT, ACME, KNOWN, NOW).reasons
    assert Reason("fit.decision_maker", Effect.SCORE, "VP Engineering", None, 25.0) in reasons
    assert Reason("fit.company_size", Effect.SCORE, 200, None, 15.0) in reasons


def test_the_value_of_a_reason_keeps_its_type() -> None:
    """1, 1.0 and True are equal, and must not stand in for each other in what is stored."""
    process = changed(
        fit=[{"name": "V", "points": 1, "when": [{"field": "v", "op": "present"}]}], fit_caps=None
    )
    found = [
        decide(replace(COLD, custom={"v": value}), process, KNOWN, NOW).reasons for value in (1, True, 1.0)
    ]
    values = [next(reason.value for reason in reasons if reason.rule == "fit.v") for reasons in found]
    assert [type(value) for value in values] == [int, bool, float]


def test_negative_points_count() -> None:
    lead = replace(COLD, domain=None)
    assert points(lead) == {"fit.free_mail": -15.0}
    assert decide(lead, ACME, KNOWN, NOW).fit_score == -15.0


def test_a_group_gives_no_more_than_its_cap_and_its_reasons_add_up() -> None:
    both = replace(COLD, job_title="Head engineer")
    assert points(both) == {"fit.decision_maker": 25.0, "fit.technical_role": 5.0}
    assert decide(both, ACME, KNOWN, NOW).fit_score == 30.0


def test_negative_points_are_taken_before_the_cap() -> None:
    rules = [
        {"name": "A", "points": 30, "group": "g", "when": [{"field": "email", "op": "present"}]},
        {"name": "B", "points": -10, "group": "g", "when": [{"field": "email", "op": "present"}]},
        {"name": "C", "points": 15, "group": "g", "when": [{"field": "email", "op": "present"}]},
    ]
    process = changed(fit=rules, fit_caps={"g": 30.0})
    assert points(COLD, process) == {"fit.a": 30.0, "fit.b": -10.0, "fit.c": 10.0}


def test_points_halve_with_the_half_life() -> None:
    process = only(half_life_days=30)
    assert engagement(process, activity(ago=0)) == 10.0
    assert engagement(process, activity(ago=30)) == 5.0
    assert engagement(process, activity(ago=60)) == 2.5


def test_only_the_newest_times_count() -> None:
    process = only(half_life_days=30, times=2)
    assert engagement(process, activity(ago=0), activity(ago=30), activity(ago=60)) == 15.0


def test_times_are_counted_after_the_conditions() -> None:
    """A newer visit elsewhere does not use up the count."""
    process = only(times=1, where=[{"field": "name", "op": "contains", "value": "/pricing"}])
    assert engagement(process, activity(ago=2), activity(ago=1, name="/blog")) == 10.0


def test_one_rule_running_out_leaves_the_others_of_its_kind() -> None:
    rules = [
        {"name": "First", "kind": "page_view", "points": 5, "times": 1},
        {"name": "Every", "kind": ["page_view", "call"], "points": 1},
    ]
    process = changed(engagement=rules, engagement_caps=None)
    visits = [activity(ago=ago) for ago in (1, 2, 3)]
    assert engagement(process, *visits, activity("call", ago=4)) == 5.0 + 4.0


def test_old_activities_fall_out_of_the_window() -> None:
    process = only(within_days=10)
    assert engagement(process, activity(ago=10), activity(ago=10.01)) == 10.0


def test_what_has_not_happened_yet_does_not_count() -> None:
    process = only()
    assert engagement(process, activity(ago=-1)) == 0.0
    lead = replace(COLD, activities=(activity(ago=-1),))
    assert decide(lead, process, KNOWN, NOW).due_at == NOW + days(1), "it is decided again when it happens"


def test_a_group_of_activities_has_a_cap() -> None:
    visits = [activity(ago=0, name=f"/pricing/{number}") for number in range(30)]
    assert engagement(ACME, *visits) == 40.0


def test_a_missed_meeting_takes_points_and_is_forgiven_by_the_day() -> None:
    lead = replace(COLD, activities=(activity("meeting", outcome="NO_SHOW", ago=1),))
    decision = decide(lead, ACME, KNOWN, NOW)
    assert decision.engagement_score == -10.0
    assert decision.due_at == NOW + days(1)


@pytest.mark.parametrize("threshold", [0.3, 0.1 + 0.2])
def test_scores_are_rounded_before_they_meet_a_threshold(threshold: float) -> None:
    """0.1 + 0.2 is 0.3 here."""
    rules = [
        {"name": name, "points": share, "when": [{"field": "email", "op": "present"}]}
        for name, share in (("A", 0.1), ("B", 0.2))
    ]
    process = changed(
        fit=rules,
        fit_caps=None,
        qualification={"threshold": round(threshold, 6), "fit_minimum": 0.0, "engagement_minimum": 0.0},
    )
    decision = decide(COLD, process, KNOWN, NOW)
    assert decision.score == 0.3
    assert decision.qualified_by == "score"


def test_the_same_scoring_runs_on_existing_customers() -> None:
    """S93: a customer's interest shows, and a customer stays one."""
    decision = decide(replace(HOT, stage="customer"), ACME, replace(KNOWN, stage="customer"), NOW)
    assert decision.score > 60
    assert (decision.stage, decision.handed_off) == ("customer", False)


def test_an_answer_is_remembered_by_value_and_never_by_lead() -> None:
    """Rules on one field are asked once per value; the next lead with another value is asked again."""
    process = Process.parse(data())
    titles = ["VP Sales", "Engineer", None, "VP Sales", "Clerk"]
    found = [points(replace(COLD, job_title=title), process) for title in titles]
    assert found == [
        {"fit.decision_maker": 25.0},
        {"fit.technical_role": 15.0},
        {},
        {"fit.decision_maker": 25.0},
        {},
    ]


def test_more_values_than_are_remembered_change_nothing() -> None:
    process = Process.parse(data())
    scores = {decide(replace(COLD, job_title=f"VP {n}"), process, KNOWN, NOW).fit_score for n in range(5000)}
    assert scores == {25.0}


def test_reasons_keep_the_order_of_the_file_where_rules_on_one_field_stand_apart() -> None:
    rules = [
        {"name": "Big", "points": 1, "when": [{"field": "employee_count", "op": "gt", "value": 100}]},
        {"name": "Head", "points": 2, "when": [{"field": "job_title", "op": "contains", "value": "head"}]},
        {"name": "Bigger", "points": 4, "when": [{"field": "employee_count", "op": "gt", "value": 500}]},
    ]
    process = changed(fit=rules, fit_caps=None)
    for _ in range(2):
        lead = replace(COLD, employee_count=900, job_title="Head of Sales")
        assert list(points(lead, process)) == ["fit.big", "fit.head", "fit.bigger"]
        assert decide(lead, process, KNOWN, NOW).fit_score == 7.0


def test_what_cannot_be_normalised_is_present_after_a_lead_that_has_nothing() -> None:
    """An answer about a missing value is never remembered where it depends on what is unknown."""
    rules = [{"name": "Located", "points": 3, "when": [{"field": "city", "op": "present"}]}]
    process = changed(fit=rules, fit_caps=None)
    cities = [("Berlin", ()), (None, ()), (None, ("city",)), ("Berlin", ("city",)), (None, ())]
    leads = [replace(COLD, city=city, unknown=unknown) for city, unknown in cities]
    scores = [decide(lead, process, KNOWN, NOW).fit_score for lead in leads]
    assert scores == [3.0, 0.0, 3.0, 3.0, 0.0]


@given(st.floats(min_value=-1e9, max_value=1e9))
def test_points_are_rounded_as_round_does(number: float) -> None:
    assert rounded(number) == round(number * 1e6) / 1e6
