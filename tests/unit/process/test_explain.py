"""Why, what did not match, and what would change it: each sentence proved by deciding again."""

from __future__ import annotations

from dataclasses import replace
from typing import Any

import pytest

from crmbridge.model import Effect, Lead, LeadStatus, Memory, Reason
from crmbridge.process import Process, decide, explain
from tests.unit.process.acme import ACME, COLD, HOT, KNOWN, NOW, activity, changed, days, owned, with_sales

ONLY_SCORE = changed(
    qualification={"manual": False, "forms": [], "fit_minimum": 0.0, "engagement_minimum": 0.0},
    engagement=[{"name": "Visit", "kind": "page_view", "points": 10}],
    engagement_caps=None,
)


def would(lead: Lead, process: Process = ONLY_SCORE, memory: Memory = KNOWN) -> tuple[str, ...]:
    return explain(lead, process, memory, NOW).would_change


def test_the_decision_is_the_one_that_counts() -> None:
    explanation = explain(HOT, ACME, KNOWN, NOW)
    assert explanation.decision == decide(HOT, ACME, KNOWN, NOW)
    assert explanation.fired == explanation.decision.reasons


def test_rules_that_did_not_match_are_listed_with_what_they_ask_for() -> None:
    unmatched = explain(HOT, ACME, KNOWN, NOW).unmatched
    assert [reason.rule for reason in unmatched] == [
        "fit.technical_role",
        "fit.visits_a_lot",
        "fit.free_mail",
        "engagement.opened_or_clicked",
        "engagement.meeting",
        "engagement.missed_meeting",
    ]
    assert unmatched[1] == Reason("fit.visits_a_lot", Effect.SCORE, None, "visits gt 10", 5.0)
    assert unmatched[4] == Reason(
        "engagement.meeting", Effect.SCORE, None, "meeting with outcome ne NO_SHOW", 20.0
    )


def test_a_missing_datum_is_named() -> None:
    """S41."""
    assert would(replace(HOT, phone=None)) == ("would be an MQL if phone were known",)


def test_several_missing_data_are_named_together() -> None:
    lead = replace(HOT, phone=None, last_name=None)
    assert would(lead) == ("would be an MQL if last_name and phone were known",)


def test_a_gap_in_the_score_is_a_number() -> None:
    lead = replace(HOT, activities=(), job_title=None)
    assert would(lead)[0] == "lacks 35 points to the threshold of 60"


def test_a_rule_that_would_close_the_gap_is_named() -> None:
    lead = replace(HOT, activities=(activity(),), job_title=None)
    assert would(lead) == (
        "lacks 25 points to the threshold of 60",
        "would be an MQL if 'Decision maker' (+25) matched: job_title contains_any chief, vp, head, director",
    )


def test_a_gap_in_a_second_gate_is_told_apart() -> None:
    process = changed(qualification={"fit_minimum": 55.0, "manual": False})
    assert "lacks 5 points to the fit minimum of 55" in would(HOT, process)


def test_a_tick_by_hand_is_offered() -> None:
    assert "would be an MQL if a person ticked manual_mql" in would(COLD, ACME)


@pytest.mark.parametrize(
    ("changes", "sentence"),
    [
        ({"opted_out": True}, "would be handed over if the person had not opted out"),
        ({"do_not_call": True}, "would be handed over if the person could be called"),
        ({"domain": "rival.example"}, "would be handed over but for held_competitor"),
        ({"opted_out": True, "do_not_call": True}, None),
    ],
)
def test_a_hold_is_named_where_it_alone_stands_in_the_way(
    changes: dict[str, Any], sentence: str | None
) -> None:
    assert would(replace(HOT, **changes)) == (() if sentence is None else (sentence,))


def recycled(**changes: Any) -> Memory:
    values: dict[str, Any] = {
        "recycled_at": NOW - days(30),
        "recycle_until": NOW + days(60),
        "recycle_reason": "timing",
        "recycle_count": 1,
        "seen_status": "recycled|timing|",
        **changes,
    }
    return with_sales("recycled", **values)


GIVEN_BACK = owned(replace(HOT, stage="recycled", status=LeadStatus.RECYCLED, status_reason="timing"))


def test_a_cool_down_is_named_with_its_end() -> None:
    assert would(GIVEN_BACK, memory=recycled()) == ("would be an MQL when the cool-down ends on 2027-01-20",)
    poor = replace(GIVEN_BACK, job_title=None, activities=())
    assert "the cool-down ends on 2027-01-20" in would(poor, memory=recycled())


def test_a_recycled_lead_without_news_is_told_so() -> None:
    memory = recycled(recycled_at=NOW - days(1), recycle_until=NOW, stage_at=NOW - days(1))
    lead = replace(GIVEN_BACK, activities=(activity(ago=5), activity(ago=4)))
    assert would(lead, memory=memory)[-1] == "needs something new from the person after the recycling"


def test_the_last_cycle_is_told_so() -> None:
    assert would(GIVEN_BACK, memory=recycled(recycle_count=4)) == (
        "stays recycled: recycled 4 times, the limit is reached",
    )


def test_an_mql_in_triage_for_want_of_a_country_is_told_so() -> None:
    process = changed(qualification={"required": []})
    assert would(replace(HOT, country=None), process) == ("would find its territory if country were known",)
    nobody = changed(qualification={"required": []}, routing=None)
    assert would(replace(HOT, country="FR"), nobody) == ("nobody claims it: unrouted_no_territory",)


def test_an_mql_that_is_worked_needs_nothing() -> None:
    assert would(owned(replace(HOT, stage="sal")), memory=with_sales("sal")) == ()
