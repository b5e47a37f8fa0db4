"""What makes an MQL, what keeps it from being one, and what is missing by exactly one datum."""

from __future__ import annotations

from dataclasses import replace
from typing import Any

import pytest

from crmbridge.model import (
    Assignment,
    Decision,
    Effect,
    Lead,
    LeadStatus,
    Memory,
    OwnerKind,
    Reason,
    StageRole,
)
from crmbridge.process import Process, decide
from tests.unit.process.acme import (
    ACME,
    ANN,
    COLD,
    HOT,
    KNOWN,
    NOW,
    activity,
    carried_out,
    changed,
    days,
    with_sales,
)


def run(lead: Lead = HOT, process: Process = ACME, memory: Memory = KNOWN) -> Decision:
    return decide(lead, process, memory, NOW)


def rules(decision: Decision, effect: Effect = Effect.QUALIFY) -> list[str]:
    return [reason.rule for reason in decision.reasons if reason.effect is effect]


# the score -------------------------------------------------------------------------------------------
def test_a_lead_that_meets_the_definition_is_handed_over() -> None:
    """S7, S20, S26, S43: the threshold passes it, with its data, to a pool."""
    decision = run()
    assert (decision.stage, decision.role, decision.qualified_by) == ("mql", StageRole.QUALIFIED, "score")
    assert decision.handed_off
    assert decision.status is LeadStatus.NEW
    assert decision.assignment == Assignment(owner=None, pool="dach", via="territory", territory="dach")
    memory = decision.memory
    assert (memory.stage, memory.stage_at, memory.qualified_at) == ("mql", NOW, NOW)
    assert memory.qualified_score == decision.score


def test_the_hand_off_says_why_without_personal_data() -> None:
    """S30, S36, S37: what the rep reads before the first call."""
    why = run().memory.why
    assert why is not None
    assert why.startswith("MQL by score: score 8")
    assert "engagement 31.5), threshold 60.0. Because: Pricing page +28.7, Decision maker +25.0" in why
    assert not any(secret in why for secret in ("ada", "Lovelace", "+4930"))


def test_a_lead_below_the_threshold_stays_with_marketing() -> None:
    """S32: early leads are not passed."""
    decision = run(COLD)
    assert (decision.stage, decision.handed_off, decision.assignment) == ("lead", False, None)
    assert Reason("qualification.threshold", Effect.QUALIFY, 0.0, 60.0) in decision.reasons


@pytest.mark.parametrize("gate", ["fit_minimum", "engagement_minimum"])
def test_a_second_gate_stops_a_high_score(gate: str) -> None:
    process = changed(qualification={gate: 59.0, "manual": True})
    assert run(process=process).stage == "lead"


def test_a_score_at_the_threshold_passes() -> None:
    score = run().score
    assert run(process=changed(qualification={"threshold": score})).stage == "mql"
    assert run(process=changed(qualification={"threshold": score + 0.000001})).stage == "lead"


# the ways around the score ---------------------------------------------------------------------------
def test_a_person_may_qualify_by_hand() -> None:
    """S22, S23: whatever the score says."""
    decision = run(replace(COLD, custom={"manual_mql": True}))
    assert (decision.stage, decision.qualified_by) == ("mql", "manual")
    assert Reason("qualification.manual", Effect.QUALIFY, True) in decision.reasons


def test_a_form_qualifies() -> None:
    """S24: submitting it passes the lead, however it is written."""
    form = activity("form_submission", name="DEMO request", ago=5)
    decision = run(replace(COLD, activities=(form,)))
    assert (decision.stage, decision.qualified_by) == ("mql", "form")
    assert "qualification.form" in rules(decision)


@pytest.mark.parametrize("form", [{"name": "Newsletter"}, {"ago": 91}, {"ago": -1}, {"name": None}])
def test_another_form_an_old_one_or_a_future_one_does_not(form: dict[str, Any]) -> None:
    submitted = activity("form_submission", **{"name": "Demo request", "ago": 5, **form})
    assert run(replace(COLD, activities=(submitted,))).stage == "lead"


def mails(*, clicked: int = 3, names: bool = True, first: float = 40) -> Lead:
    """Somebody who got a mail forty days ago and three since, and opened them all."""
    made = [activity("email_sent", ago=first, name="Welcome")]
    for number, ago in enumerate((25, 15, 5)):
        name = f"Mail {number}" if names else None
        made.append(activity("email_sent", ago=ago, name=name))
        made.append(activity("email_opened", ago=ago - 1, name=name))
        if number < clicked:
            made.append(activity("email_clicked", ago=ago - 2, name=name))
    return replace(COLD, activities=tuple(sorted(made, key=lambda item: item.at)))


@pytest.mark.parametrize("names", [True, False])
def test_opening_and_clicking_every_mail_qualifies(names: bool) -> None:
    """S25: subscribed for thirty days, and every mail of that time was opened and clicked."""
    decision = run(mails(names=names))
    assert (decision.stage, decision.qualified_by) == ("mql", "email_engagement")
    assert Reason("qualification.email_engagement", Effect.QUALIFY, 3, 3) in decision.reasons


def test_one_mail_that_was_not_clicked_does_not() -> None:
    assert run(mails(clicked=2)).stage == "lead"
    assert run(mails(clicked=2, names=False)).stage == "lead"


def test_a_fresh_subscriber_waits_for_the_thirty_days() -> None:
    """The lead comes up again by itself on the day."""
    decision = run(mails(first=26))
    assert decision.stage == "lead"
    assert decision.due_at == NOW + days(4)


def test_the_ways_are_told_apart_in_one_order() -> None:
    form = activity("form_submission", name="Demo request", ago=5)
    lead = replace(HOT, custom={"manual_mql": True}, activities=(form, *HOT.activities))
    decision = run(lead)
    assert decision.qualified_by == "manual"
    assert [rule for rule in rules(decision) if rule.endswith(("manual", "form", "threshold"))] == [
        "qualification.manual",
        "qualification.form",
        "qualification.threshold",
    ]


# required data and near misses -----------------------------------------------------------------------
def test_a_near_miss_names_the_datum_and_who_would_get_the_lead() -> None:
    """S41, S42: everything but the telephone number."""
    decision = run(replace(HOT, phone=None))
    assert (decision.stage, decision.near_miss, decision.missing) == ("lead", "phone", ("phone",))
    assert decision.assignment == Assignment(owner=None, pool="dach", via="territory", territory="dach")
    assert (decision.handed_off, decision.qualified_by) == (False, None)
    assert decision.memory.qualified_at is None


def test_two_missing_data_are_no_near_miss() -> None:
    decision = run(replace(HOT, phone=None, last_name=None))
    assert (decision.near_miss, decision.missing) == (None, ("last_name", "phone"))


def test_a_low_score_is_no_near_miss() -> None:
    assert run(replace(COLD, phone=None)).near_miss is None


def test_without_critical_data_nobody_qualifies_whoever_says_so() -> None:
    """S38: neither a form nor a tick stands in for the telephone number."""
    decision = run(replace(COLD, phone=None, custom={"manual_mql": True}))
    assert (decision.stage, decision.near_miss) == ("lead", "phone")


def test_a_datum_that_could_not_be_normalised_is_there() -> None:
    decision = run(replace(HOT, country=None, unknown=("country",)))
    assert (decision.stage, decision.missing) == ("mql", ())


def test_a_companys_own_field_may_be_required() -> None:
    process = changed(qualification={"required": ["email", "budget"]})
    assert run(process=process).near_miss == "budget"
    assert run(replace(HOT, custom={"budget": 5}), process).stage == "mql"


# consent ---------------------------------------------------------------------------------------------
@pytest.mark.parametrize(
    ("changes", "held"),
    [
        ({"opted_out": True}, "held_opt_out"),
        ({"do_not_call": True}, "held_do_not_call"),
        ({"opted_out": True, "do_not_call": True}, "held_opt_out"),
        ({"domain": "rival.example"}, "held_competitor"),
    ],
)
def test_a_held_lead_is_never_handed_over(changes: dict[str, Any], held: str) -> None:
    """Consent counts whichever side took it back; the score is computed all the same."""
    decision = run(replace(HOT, **changes))
    assert (decision.held, decision.stage, decision.handed_off) == (held, "lead", False)
    assert (decision.qualified_by, decision.assignment) == ("score", None)
    assert held in rules(decision, Effect.HOLD)


@pytest.mark.parametrize("value", [None, False])
def test_consent_that_is_given_back_or_unknown_holds_nobody(value: bool | None) -> None:
    lead = replace(HOT, opted_out=True)
    shown, memory = carried_out(lead, run(lead))
    assert run(replace(shown, opted_out=value, do_not_call=value), memory=memory).handed_off


def test_a_held_lead_is_no_near_miss() -> None:
    assert run(replace(HOT, phone=None, opted_out=True)).near_miss is None


def test_opting_out_after_the_hand_off_shows_and_moves_nothing() -> None:
    lead = replace(HOT, stage="mql", owner=ANN, owner_active=False, opted_out=True)
    decision = run(lead, memory=with_sales())
    assert (decision.stage, decision.held, decision.handed_off) == ("mql", "held_opt_out", False)


# hysteresis ------------------------------------------------------------------------------------------
def unplaced(score: float) -> Memory:
    """An MQL that passed with a score and that nobody got."""
    return with_sales(assigned_owner=None, assigned_at=None, qualified_score=score)


def mql(**changes: Any) -> Lead:
    return replace(HOT, stage="mql", status=LeadStatus.NEW, **changes)


def test_an_mql_that_nobody_got_is_tried_again() -> None:
    """S48: no lead is lost."""
    decision = run(mql(), memory=unplaced(80.0))
    assert decision.handed_off
    assert decision.assignment is not None
    assert decision.memory.qualified_at == NOW - days(10), "it qualified then, not now"


def test_a_little_below_the_threshold_is_not_dropped() -> None:
    process = changed(qualification={"threshold": run().score + 5})
    decision = run(mql(), process, unplaced(200.0))
    assert (decision.stage, decision.handed_off) == ("mql", True)


def test_far_below_the_threshold_is_dropped_and_must_pass_it_again() -> None:
    process = changed(qualification={"threshold": run().score + 11})
    decision = run(mql(), process, unplaced(200.0))
    assert (decision.stage, decision.handed_off) == ("lead", False)
    assert "qualification.dropped" in rules(decision)
    lead, memory = carried_out(mql(), decision)
    between = changed(qualification={"threshold": run().score + 5})
    assert decide(lead, between, memory, NOW).stage == "lead", "the threshold itself must be met again"


def test_a_lead_with_a_rep_is_never_dropped() -> None:
    lead = replace(COLD, stage="mql", status=LeadStatus.NEW, owner=ANN, owner_active=True)
    assert run(lead, memory=with_sales()).stage == "mql"


def test_what_a_person_made_an_mql_does_not_fall_below_a_score() -> None:
    """It never was above it."""
    lead = replace(COLD, stage="mql", status=LeadStatus.NEW)
    assert run(lead, memory=unplaced(0.0)).stage == "mql"


def test_a_label_put_on_by_hand_is_a_hand_off() -> None:
    """S31: the MQL label assigns the lead to sales."""
    decision = run(replace(COLD, stage="mql"))
    assert (decision.qualified_by, decision.handed_off, decision.memory.qualified_at) == ("manual", True, NOW)
    lead, memory = carried_out(replace(COLD, stage="mql"), decision)
    assert not run(lead, memory=memory).handed_off


def test_a_label_put_on_a_held_lead_waits_for_the_consent() -> None:
    lead = replace(COLD, stage="mql", opted_out=True)
    decision = run(lead)
    assert (decision.stage, decision.handed_off, decision.held) == ("mql", False, "held_opt_out")
    shown, memory = carried_out(lead, decision)
    assert decide(replace(shown, opted_out=False), ACME, memory, NOW).handed_off


def test_a_queue_that_still_has_the_lead_is_nobody() -> None:
    lead = mql(owner="marketing queue", owner_kind=OwnerKind.QUEUE, owner_active=True)
    assert run(lead, memory=unplaced(80.0)).handed_off
