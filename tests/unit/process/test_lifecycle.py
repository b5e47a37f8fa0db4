"""Where a lead is: adoption, moves by hand, verdicts of sales, opportunities, recycling."""

from __future__ import annotations

from dataclasses import replace
from datetime import datetime, timedelta
from typing import Any

import pytest

from crmbridge.model import (
    Decision,
    Direction,
    Effect,
    Lead,
    LeadStatus,
    Memory,
    Opportunity,
    RecordRef,
    StageRole,
)
from crmbridge.process import Process, decide
from tests.unit.process.acme import (
    ACME,
    ANN,
    BOB,
    COLD,
    HOT,
    KNOWN,
    NOW,
    activity,
    carried_out,
    changed,
    days,
    owned,
    with_sales,
)


def run(lead: Lead, memory: Memory = KNOWN, now: datetime = NOW, process: Process = ACME) -> Decision:
    return decide(lead, process, memory, now)


def moves(decision: Decision) -> list[str]:
    return [reason.rule for reason in decision.reasons if reason.effect is Effect.MOVE]


def at_sales(stage: str = "mql", **changes: Any) -> Lead:
    """A lead that Ann has."""
    return owned(replace(HOT, stage=stage, status=LeadStatus.NEW), **changes)


def said(status: LeadStatus, reason: str | None = None, ago: float | None = None) -> dict[str, Any]:
    """What sales wrote into the status fields."""
    return {"status": status, "status_reason": reason, "status_at": None if ago is None else NOW - days(ago)}


# first sight -----------------------------------------------------------------------------------------
@pytest.mark.parametrize("stage", [stage.name for stage in ACME.stages if stage.name != "lead"])
def test_a_first_run_takes_over_what_it_finds(stage: str) -> None:
    """Stages that are set stay, and nobody is handed over again."""
    decision = run(at_sales(stage), Memory())
    assert (decision.stage, decision.adopted, decision.handed_off) == (stage, True, False)
    assert moves(decision)[0] == "stage.adopted"


def test_a_lead_in_no_stage_begins_at_the_first() -> None:
    for stage in (None, "a stage of another process"):
        decision = run(replace(COLD, stage=stage), Memory())
        assert (decision.stage, decision.adopted) == ("lead", False)


def test_an_owner_that_is_set_stays() -> None:
    decision = run(owned(HOT, BOB), Memory())
    assert decision.adopted
    assert decision.assignment is not None
    assert (decision.assignment.owner, decision.assignment.via) == (BOB, "existing_owner")


def test_a_first_run_does_not_replace_who_left_before_its_time() -> None:
    lead = at_sales("sal", owner_active=False)
    decision = run(lead, Memory())
    assert not decision.handed_off
    shown, memory = carried_out(lead, decision)
    assert not run(shown, memory, NOW + days(30)).handed_off


def test_an_mql_that_is_found_without_an_owner_is_handed_over() -> None:
    """S48: it lay there unrouted."""
    decision = run(replace(HOT, stage="mql"), Memory())
    assert (decision.adopted, decision.handed_off, decision.memory.qualified_at) == (True, True, NOW)


def test_a_stage_that_the_new_version_does_not_know_is_taken_from_the_crm() -> None:
    assert run(replace(COLD, stage="sal"), replace(KNOWN, stage="old name")).stage == "sal"
    assert run(replace(COLD, stage=None), replace(KNOWN, stage="old name")).stage == "lead"


# moves by hand ---------------------------------------------------------------------------------------
@pytest.mark.parametrize(
    ("before", "after"),
    [
        ("lead", "sal"),
        ("mql", "sal"),
        ("sal", "mql"),
        ("mql", "lead"),
        ("mql", "disqualified"),
        ("recycled", "sal"),
    ],
)
def test_a_person_may_move_a_lead_anywhere(before: str, after: str) -> None:
    """S4: journeys are not linear; a person's move counts."""
    lead = replace(COLD, stage=after, owner=ANN, owner_active=True)
    decision = run(lead, with_sales(before))
    assert decision.stage == after
    assert "person.moved" in moves(decision)


def test_a_way_that_the_process_does_not_foresee_is_named() -> None:
    decision = run(replace(COLD, stage="opportunity"), with_sales("disqualified"))
    assert moves(decision) == ["person.moved", "stage.off_path"]


def test_a_recycled_lead_does_not_slip_back_by_a_label() -> None:
    """It comes back by the rules alone; HubSpot still shows the stage before anyway."""
    memory = with_sales("recycled", recycled_at=NOW - days(5), recycle_until=NOW + days(5), recycle_count=1)
    for shown in ("lead", "mql"):
        assert run(replace(HOT, stage=shown), memory).stage == "recycled"


def test_a_disqualified_lead_stays_out_while_its_status_says_so() -> None:
    memory = with_sales("disqualified", seen_status="disqualified||")
    lead = at_sales("mql", **said(LeadStatus.DISQUALIFIED))
    assert run(lead, memory).stage == "disqualified"
    assert run(replace(lead, status=LeadStatus.WORKING), memory).stage == "mql"


def test_a_person_who_gives_the_lead_to_somebody_else_is_followed() -> None:
    """People win: the new owner is remembered, and is the one who counts from then on."""
    lead = at_sales(owner=BOB)
    decision = run(lead, with_sales())
    assert (decision.handed_off, decision.memory.assigned_owner) == (False, BOB)
    gone = run(replace(lead, owner_active=False), decision.memory, NOW + days(1))
    assert gone.handed_off


# verdicts of sales -----------------------------------------------------------------------------------
@pytest.mark.parametrize(
    ("status", "stage", "role"),
    [
        (LeadStatus.ACCEPTED, "sal", StageRole.ACCEPTED),
        (LeadStatus.SALES_QUALIFIED, "sales_qualified", StageRole.SALES_QUALIFIED),
        (LeadStatus.CONVERTED, "sal", StageRole.ACCEPTED),
        (LeadStatus.REJECTED, "recycled", StageRole.RECYCLED),
        (LeadStatus.RECYCLED, "recycled", StageRole.RECYCLED),
        (LeadStatus.DISQUALIFIED, "disqualified", StageRole.DISQUALIFIED),
        (LeadStatus.WORKING, "mql", StageRole.QUALIFIED),
        (LeadStatus.ATTEMPTING, "mql", StageRole.QUALIFIED),
        (LeadStatus.UNKNOWN, "mql", StageRole.QUALIFIED),
        (None, "mql", StageRole.QUALIFIED),
    ],
)
def test_a_verdict_of_sales_moves_the_lead(status: LeadStatus | None, stage: str, role: StageRole) -> None:
    """S8, S34, S72: qualified, recycle, junk, could not reach."""
    decision = run(at_sales(status=status), with_sales())
    assert (decision.stage, decision.role) == (stage, role)
    assert (decision.memory.accepted_at == NOW) is (stage in {"sal", "sales_qualified"})


def test_a_verdict_counts_from_when_it_was_given() -> None:
    decision = run(at_sales(**said(LeadStatus.RECYCLED, "timing", ago=3)), with_sales())
    memory = decision.memory
    assert (memory.recycled_at, memory.recycle_until) == (NOW - days(3), NOW + days(87))
    assert (memory.recycle_reason, memory.recycle_count) == ("timing", 1)


def test_a_verdict_counts_once() -> None:
    lead = at_sales(**said(LeadStatus.REJECTED, "timing"))
    first = run(lead, with_sales())
    again = run(replace(lead, stage="recycled"), first.memory, NOW + days(1))
    assert again.memory == first.memory


def test_a_rejection_remembers_who_refused() -> None:
    decision = run(at_sales(**said(LeadStatus.REJECTED, "definition_not_met")), with_sales(refused_by=(BOB,)))
    assert decision.memory.refused_by == (ANN, BOB)
    assert decision.status is None, "the word of sales is left alone"


def test_a_recycled_lead_may_come_back_to_the_same_rep() -> None:
    """Only a rejection says: not to me."""
    assert run(at_sales(**said(LeadStatus.RECYCLED, "timing")), with_sales()).memory.refused_by == ()


def test_a_mended_reason_is_the_same_recycling_with_another_cool_down() -> None:
    lead = at_sales("recycled", **said(LeadStatus.RECYCLED))
    memory = run(replace(lead, stage="mql"), with_sales()).memory
    mended = run(replace(lead, status_reason="unreachable"), memory, NOW + days(2)).memory
    assert (mended.recycle_reason, mended.recycle_count) == ("unreachable", 1)
    assert mended.recycle_until == NOW + days(30)


def test_accepting_moves_forward_only() -> None:
    lead = at_sales("opportunity", **said(LeadStatus.ACCEPTED))
    assert run(lead, with_sales("opportunity")).stage == "opportunity"


def test_sales_may_take_up_a_recycled_lead() -> None:
    memory = with_sales(
        "recycled", recycled_at=NOW - days(5), seen_status="recycled|timing|", recycle_count=1
    )
    decision = run(at_sales("recycled", **said(LeadStatus.ACCEPTED)), memory)
    assert (decision.stage, decision.memory.accepted_at) == ("sal", NOW)


def test_an_old_verdict_that_shows_up_late_is_not_a_new_one() -> None:
    """The other CRM still shows what sales said before."""
    seen = f"recycled|timing|{(NOW - days(2)).isoformat()}"
    memory = recycled(ago=2, seen_status=seen)
    assert run(at_sales("recycled", **said(LeadStatus.ACCEPTED, ago=9)), memory).stage == "recycled"


def test_a_lead_is_told_of_a_move_by_its_status_too() -> None:
    """HubSpot has no lifecycle value for these two: the status is what it shows."""
    lead = replace(COLD, stage="recycled", status=LeadStatus.WORKING)
    assert run(lead, with_sales()).status is LeadStatus.RECYCLED
    assert run(replace(lead, stage="disqualified"), with_sales()).status is LeadStatus.DISQUALIFIED
    unknown = replace(lead, status=LeadStatus.UNKNOWN)
    assert run(unknown, with_sales()).status is None, "a value without a mapping is never overwritten"


# opportunities ---------------------------------------------------------------------------------------
def deal(**changes: Any) -> Opportunity:
    values: dict[str, Any] = {"created_at": NOW - days(2), "close_on": NOW.date(), **changes}
    return Opportunity(ref=RecordRef("salesforce", "Opportunity", "1"), **values)


def with_deals(stage: str, *deals: Opportunity, **changes: Any) -> Lead:
    return at_sales(stage, opportunities=deals, **changes)


OPEN, WON, LOST = deal(), deal(closed=True, won=True), deal(closed=True)


@pytest.mark.parametrize(
    ("stage", "deals", "after"),
    [
        ("mql", (OPEN,), "opportunity"),
        ("sal", (LOST, OPEN), "opportunity"),
        ("mql", (WON,), "customer"),
        ("opportunity", (LOST, WON), "customer"),
        ("opportunity", (LOST,), "recycled"),
        ("sal", (LOST,), "recycled"),
        ("sal", (deal(closed=True, created_at=NOW - days(400)),), "sal"),
        ("sal", (replace(WON, deleted=True),), "sal"),
        ("customer", (OPEN,), "customer"),
        ("customer", (LOST,), "customer"),
    ],
)
def test_opportunities_speak_for_themselves(stage: str, deals: tuple[Opportunity, ...], after: str) -> None:
    """S6, S9, S10: to opportunity, to customer, or back to marketing."""
    decision = run(with_deals(stage, *deals), with_sales(stage))
    assert decision.stage == after
    assert (decision.memory.recycle_reason == "opportunity_lost") is (after == "recycled")


def test_whoever_bought_is_a_customer_whatever_a_status_says() -> None:
    lead = with_deals("sal", WON, **said(LeadStatus.RECYCLED, "timing"))
    decision = run(lead, with_sales("sal"))
    assert (decision.stage, decision.memory.recycle_count) == ("customer", 0)


def test_a_lost_opportunity_stays_where_no_policy_says_otherwise() -> None:
    process = changed(recycle=[{"reason": "timing"}])
    assert (
        run(with_deals("opportunity", LOST), with_sales("opportunity"), process=process).stage
        == "opportunity"
    )


def test_only_a_newer_opportunity_counts_after_a_recycling() -> None:
    memory = with_sales("recycled", recycled_at=NOW - days(1), recycle_until=NOW + days(89), recycle_count=1)
    assert run(with_deals("recycled", OPEN), memory).stage == "recycled"
    fresh = deal(created_at=NOW - timedelta(hours=1))
    assert run(with_deals("recycled", fresh), memory).stage == "opportunity"


def test_a_company_without_a_customer_stage_keeps_a_won_opportunity() -> None:
    parsed_stages = [stage for stage in ACME.stages if stage.name != "customer"]
    names = {stage.name for stage in parsed_stages}
    stages = [
        {
            "name": stage.name,
            "role": stage.role.value,
            "next": [name for name in stage.next or () if name in names],
        }
        for stage in parsed_stages
    ]
    process = changed(stage=stages)
    assert run(with_deals("sal", WON), with_sales("sal"), process=process).stage == "opportunity"


# coming back -----------------------------------------------------------------------------------------
def recycled(reason: str = "timing", ago: float = 100, **changes: Any) -> Memory:
    at = NOW - days(ago)
    until = at + days(ACME.recycling(reason).cool_down_days)
    values: dict[str, Any] = {
        "stage_at": at,
        "recycle_reason": reason,
        "recycled_at": at,
        "recycle_until": until,
        "recycle_count": 1,
        "seen_status": f"recycled|{reason}|",
    }
    return with_sales("recycled", **{**values, **changes})


def given_back(reason: str = "timing", **changes: Any) -> Lead:
    return at_sales("recycled", **said(LeadStatus.RECYCLED, reason), **changes)


def test_a_recycled_lead_comes_back_after_the_cool_down_with_something_new() -> None:
    """S74: nurtured until ready, and qualifies again; a new round with sales begins."""
    decision = run(given_back(), recycled())
    assert (decision.stage, decision.handed_off, decision.status) == ("mql", True, LeadStatus.NEW)
    memory = decision.memory
    assert (memory.qualified_at, memory.assigned_owner, memory.accepted_at) == (NOW, None, None)
    assert memory.recycle_count == 1


def test_nothing_comes_back_before_the_cool_down_ends() -> None:
    decision = run(given_back(), recycled(ago=89))
    assert decision.stage == "recycled"
    assert decision.due_at == NOW + days(1), "then it is looked at again by itself"
    assert run(given_back(), recycled(ago=89), NOW + days(1)).stage == "mql"


@pytest.mark.parametrize(
    "activities",
    [
        (),
        (activity(ago=101),),
        (activity("email_sent", ago=1, direction=Direction.OUTBOUND),),
        (activity("call", ago=1, direction=Direction.UNKNOWN),),
        (activity(ago=-1),),
    ],
)
def test_nothing_comes_back_without_something_new_from_the_person(activities: tuple[Any, ...]) -> None:
    """What we send, and what was before, is no evidence."""
    lead = given_back(activities=activities, custom={"manual_mql": True})
    decision = run(lead, recycled())
    assert decision.stage == "recycled"
    assert "recycle.no_new_evidence" in [reason.rule for reason in decision.reasons]


def test_some_reasons_end_with_their_cool_down() -> None:
    """S73: who could not be reached is tried again without a new visit."""
    lead = given_back("unreachable", activities=tuple(activity(ago=ago) for ago in (32, 33, 34)))
    process = changed(qualification={"threshold": 50.0})
    assert run(lead, recycled("unreachable", ago=31), process=process).stage == "mql"


def test_after_the_last_cycle_it_stays_recycled() -> None:
    assert run(given_back(), recycled(recycle_count=3)).stage == "mql"
    decision = run(given_back(), recycled(recycle_count=4))
    assert (decision.stage, decision.held, decision.due_at) == ("recycled", "held_cycle_limit", None)


def test_a_form_from_before_the_recycling_does_not_bring_it_back() -> None:
    old = activity("form_submission", name="Demo request", ago=40)
    fresh = activity("page_view", name="/blog", ago=1)
    memory = recycled("unreachable", ago=31)
    lead = given_back(
        "unreachable", activities=(old, fresh), job_title=None, employee_count=None, industry=None
    )
    assert run(lead, memory).stage == "recycled"
    new = activity("form_submission", name="Demo request", ago=20)
    assert run(replace(lead, activities=(old, new, fresh)), memory).qualified_by == "form"


@pytest.mark.parametrize(
    ("reason", "score"), [("timing", 10.0), ("unreachable", 5.0), ("definition_not_met", 0.0)]
)
def test_the_older_engagement_is_kept_halved_or_reset(reason: str, score: float) -> None:
    process = changed(engagement=[{"name": "Page", "kind": "page_view", "points": 10}], engagement_caps=None)
    lead = given_back(reason, activities=(activity(ago=50),))
    assert run(lead, recycled(reason, ago=40), process=process).engagement_score == score
    newer = replace(lead, activities=(activity(ago=50), activity(ago=1)))
    assert run(newer, recycled(reason, ago=40), process=process).engagement_score == score + 10.0


def test_it_never_comes_back_in_the_run_that_recycled_it() -> None:
    """Even without any cool-down: sales would see it bounce."""
    process = changed(recycle=[{"reason": "default", "cool_down_days": 0, "reentry": "cool_down"}])
    decision = run(at_sales(**said(LeadStatus.REJECTED)), with_sales(), process=process)
    assert decision.stage == "recycled"
    assert decision.due_at is not None
    later = decision.due_at + timedelta(seconds=1)
    assert (
        run(at_sales("recycled", **said(LeadStatus.REJECTED)), decision.memory, later, process).stage == "mql"
    )


def test_it_never_goes_straight_back_to_who_refused_it() -> None:
    memory = recycled(refused_by=(ANN,), seen_status="rejected|timing|")
    decision = run(at_sales("recycled", **said(LeadStatus.REJECTED, "timing")), memory)
    assert decision.assignment is not None
    assert (decision.assignment.pool, decision.assignment.via) == ("dach", "territory"), (
        "not the existing owner"
    )
    assert decision.memory.refused_by == (ANN,)


def test_a_process_may_forbid_the_way_back() -> None:
    stages = [
        {"name": stage.name, "role": stage.role.value, "next": list(stage.next or ())}
        for stage in ACME.stages
    ]
    stages[6]["next"] = ["disqualified"]
    assert run(given_back(), recycled(), process=changed(stage=stages)).stage == "recycled"


def test_a_whole_story_round_by_round() -> None:
    """S6, S8, S74: handed over, rejected, cooled down, back to somebody else, accepted, won."""
    lead, memory = carried_out(HOT, run(HOT, Memory()), rep=ANN)
    rejected = run(replace(lead, **said(LeadStatus.REJECTED, "timing")), memory, NOW + days(1))
    lead, memory = carried_out(replace(lead, **said(LeadStatus.REJECTED, "timing")), rejected)
    visits = tuple(replace(visit, at=visit.at + days(95)) for visit in HOT.activities)
    lead = replace(lead, activities=HOT.activities + visits)
    back = run(lead, memory, NOW + days(96))
    assert back.handed_off
    assert memory.refused_by == (ANN,)
    lead, memory = carried_out(lead, back, rep=BOB)
    assert lead.status is LeadStatus.NEW
    accepted = run(replace(lead, status=LeadStatus.ACCEPTED, status_reason=None), memory, NOW + days(97))
    assert (accepted.stage, accepted.memory.accepted_at) == ("sal", NOW + days(97))
    lead, memory = carried_out(replace(lead, status=LeadStatus.ACCEPTED), accepted)
    won = deal(closed=True, won=True, created_at=NOW + days(98))
    bought = run(replace(lead, opportunities=(won,)), memory, NOW + days(120))
    assert (bought.stage, bought.due_at) == ("customer", None)


# who left --------------------------------------------------------------------------------------------
@pytest.mark.parametrize("stage", ["mql", "sal", "sales_qualified", "opportunity"])
def test_an_owner_who_left_is_replaced(stage: str) -> None:
    """F12, F15: nobody's lead rots with somebody who is gone."""
    lead = at_sales(stage, owner_active=False)
    decision = run(lead, with_sales(stage))
    assert (decision.stage, decision.handed_off) == (stage, True)
    assert "routing.inactive_owner" in [reason.rule for reason in decision.reasons]
    shown, memory = carried_out(lead, decision, rep=BOB)
    assert memory.assigned_owner == BOB
    assert not run(shown, memory).handed_off


def test_an_owner_who_left_stays_where_the_process_says_so() -> None:
    process = changed(routing={"reassign_inactive": False})
    assert not run(at_sales(owner_active=False), with_sales(), process=process).handed_off


def test_a_customer_keeps_its_owner() -> None:
    assert not run(at_sales("customer", owner_active=False), with_sales("customer")).handed_off


def test_an_adopted_opportunity_is_lost_with_what_closes_from_then_on() -> None:
    """Nobody knows when it qualified: what was lost before the first run was lost before its time."""
    memory = replace(KNOWN, stage="opportunity", stage_at=NOW - days(10))
    before = deal(closed=True, created_at=None, close_on=(NOW - days(11)).date())
    assert run(with_deals("opportunity", before), memory).stage == "opportunity"
    after = replace(before, close_on=(NOW - days(9)).date())
    assert run(with_deals("opportunity", before, after), memory).stage == "recycled"


# time ------------------------------------------------------------------------------------------------
def test_a_condition_on_time_brings_the_lead_up_again_when_its_answer_changes() -> None:
    """Time changes decisions without any record changing, and only then is a lead decided by itself."""
    old = {
        "name": "Old",
        "points": 60,
        "when": [{"field": "created_at", "op": "older_than_days", "value": 120}],
    }
    process = changed(fit=[old], fit_caps=None, qualification={"engagement_minimum": 0.0})
    decision = run(COLD, process=process)
    assert (decision.stage, decision.due_at) == ("lead", NOW + days(20) + timedelta(microseconds=1))
    assert decision.due_at is not None
    assert run(COLD, now=decision.due_at, process=process).stage == "mql"


def test_a_lead_that_time_cannot_change_is_never_due() -> None:
    assert run(COLD).due_at is None
    assert run(replace(COLD, phone=None, email=None, activities=(activity(ago=-1),))).due_at is None
    assert run(at_sales("disqualified"), with_sales("disqualified")).due_at is None
    assert run(at_sales("sal"), with_sales("sal")).due_at is None


def test_an_mql_waiting_for_consent_is_looked_at_every_day() -> None:
    """Its score may fall below the threshold meanwhile."""
    lead = replace(HOT, stage="mql", status=LeadStatus.NEW, opted_out=True)
    decision = run(lead, with_sales(assigned_owner=None, assigned_at=None))
    assert (decision.held, decision.due_at) == ("held_opt_out", NOW + days(1))
