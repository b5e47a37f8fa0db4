"""Reject, disqualify, recycle: three verbs with the company's own reason codes; and existing customers."""

from __future__ import annotations

from dataclasses import replace
from datetime import UTC, datetime, timedelta
from typing import Any

import pytest

from crmbridge.desired import desired
from crmbridge.model import (
    Account,
    Activity,
    ActivityKind,
    Decision,
    Direction,
    Lead,
    LeadStatus,
    Memory,
    NoticeKind,
    Opportunity,
    RecordRef,
    StageRole,
)
from crmbridge.process import decide, explain
from tests.unit.process.acme import ANN, BOB, EVA, HOT, KNOWN, NOW, activity, changed, days, owned, with_sales

PROCESS = changed(
    reject=[
        {"reason": "wrong_territory", "class": "procedural"},
        {"reason": "bad_data", "class": "clerical", "data": ["phone"]},
        {"reason": "not_a_fit", "class": "definitional"},
        {"reason": "junk", "class": "terminal"},
    ],
    recycle=[
        {"reason": "not_a_fit", "cool_down_days": 30, "score": "reset"},
        {"reason": "unreachable", "cool_down_days": 30, "needs_touches": True},
        {"reason": "timing", "cool_down_days": 90, "until_field": "call_back_on", "reentry": "cool_down"},
        {"reason": "no_budget", "cool_down_days": 180},
        {"reason": "opportunity_stalled", "cool_down_days": 60, "stalled_days": 45},
        {"reason": "default"},
    ],
    sla={"target": [{"name": "all", "touches": 2, "touches_days": 14}]},
)
LATER = NOW + timedelta(hours=1)


def said(status: str, reason: str | None, **changes: Any) -> Lead:
    """Ann's lead with a verdict of an hour ago."""
    verdict: dict[str, Any] = {"status": LeadStatus(status), "status_reason": reason}
    return owned(replace(HOT, stage="mql", status_at=NOW - timedelta(hours=1), **verdict, **changes))


def run(lead: Lead, memory: Memory | None = None, now: datetime = NOW) -> Decision:
    return decide(lead, PROCESS, memory or with_sales(), now)


def call(ago: float) -> Activity:
    ref = RecordRef("salesforce", "Task", str(ago))
    return Activity(
        ref=ref,
        person=HOT.records[0],
        kind=ActivityKind.CALL,
        at=NOW - days(ago),
        direction=Direction.OUTBOUND,
        owner_id="7",
    )


# reject ----------------------------------------------------------------------------------------------
@pytest.mark.parametrize("status", ["rejected", "recycled"])
@pytest.mark.parametrize(
    ("reason", "stage", "refused", "handed_off"),
    [
        ("wrong_territory", "mql", (ANN,), True),
        ("bad_data", "recycled", (), False),
        ("not_a_fit", "recycled", (ANN,), False),
        ("junk", "disqualified", (), False),
    ],
)
def test_a_reason_code_means_what_the_company_agreed(
    status: str, reason: str, stage: str, refused: tuple[str, ...], handed_off: bool
) -> None:
    """S71, S72, S73: procedural, clerical, definitional, terminal: whatever status they come with."""
    decision = run(said(status, reason))
    assert (decision.stage, decision.memory.refused_by, decision.handed_off) == (stage, refused, handed_off)


def test_a_wrongly_routed_lead_is_with_somebody_else_at_once() -> None:
    """S48: another rep, status new, clocks from the beginning; and the verdict counts once."""
    lead = said("rejected", "wrong_territory")
    decision = run(lead, with_sales(fired=("first_touch.reminder",)))
    assert decision.assignment is not None
    assert decision.assignment.owner != ANN
    assert (decision.status, decision.memory.fired, decision.memory.assigned_at) == (LeadStatus.NEW, (), None)
    given = replace(decision.memory, assigned_owner=BOB, assigned_at=NOW)
    again = run(owned(lead, BOB), given, LATER)
    assert (again.handed_off, again.memory) == (False, given)


def test_an_accepted_lead_that_is_wrongly_routed_is_an_mql_again() -> None:
    decision = run(
        replace(said("rejected", "wrong_territory"), stage="sal"), with_sales("sal", accepted_at=NOW)
    )
    assert (decision.stage, decision.memory.accepted_at, decision.handed_off) == ("mql", None, True)


def test_a_wrongly_routed_lead_that_nobody_gets_is_tried_again() -> None:
    """S48: no lead may be lost: while it is held it waits, and is placed afterwards."""
    held = run(replace(said("rejected", "wrong_territory"), opted_out=True))
    assert (held.handed_off, held.memory.assigned_owner, held.stage) == (False, None, "mql")
    assert run(said("rejected", "wrong_territory"), held.memory, LATER).handed_off


def test_data_that_sales_found_wrong_are_mended_by_marketing_and_the_lead_goes_back() -> None:
    """S42, S69: the data-fix list; back as soon as the datum is there, to the same rep."""
    lead = said("rejected", "bad_data")
    decision = run(lead)
    assert [notice.kind for notice in decision.notices] == [NoticeKind.DATA_FIX]
    given_back = replace(lead, stage="recycled")
    waiting = run(given_back, decision.memory, LATER)
    assert (waiting.held, waiting.stage, waiting.due_at) == ("held_data_fix", "recycled", None)
    assert run(replace(given_back, phone=None), decision.memory, LATER).held == "held_data_fix"
    mended = run(replace(given_back, phone="+4930999"), decision.memory, LATER)
    assert (mended.qualified_by, mended.stage, mended.handed_off) == ("data_fixed", "mql", True)
    assert mended.memory.recycle_count == 0
    assert mended.assignment is not None
    assert mended.assignment.owner == ANN


def test_a_lead_that_missed_the_definition_is_not_given_straight_back() -> None:
    """S8, S74: back to marketing with a cool-down, and never to who refused it."""
    decision = run(said("rejected", "not_a_fit"))
    memory = decision.memory
    assert (memory.recycle_reason, memory.recycle_count) == ("not_a_fit", 1)
    assert memory.recycle_until == NOW - timedelta(hours=1) + days(30)


def test_what_is_out_stays_out_with_its_reason() -> None:
    """S34: a terminal verdict; an older recycle reason does not hide why."""
    lead = said("rejected", "junk")
    decision = run(lead, with_sales(recycle_reason="timing"))
    assert decision.role is StageRole.DISQUALIFIED
    assert desired(lead, decision)["recycle_reason"] == "junk"
    assert desired(lead, decision)["status"] == "disqualified"


# recycle ---------------------------------------------------------------------------------------------
def test_unreachable_counts_only_after_the_agreed_touches() -> None:
    """S59, S72, S73: before, it is named and stays with the rep; afterwards the same verdict counts."""
    lead = said("recycled", "unreachable", activities=(*HOT.activities, call(0.5)))
    lead = replace(lead, activities=tuple(sorted(lead.activities, key=lambda item: item.at)))
    early = run(lead)
    assert (early.stage, early.memory.recycle_count, early.memory.seen_status) == ("mql", 0, None)
    assert "recycle.touches_missing" in [reason.rule for reason in early.reasons]
    assert [notice.kind for notice in early.notices] == [NoticeKind.TOUCHES_MISSING]
    assert desired(lead, early)["status"] == "recycled"
    worked = replace(lead, activities=(*lead.activities, call(0.1)))
    later = run(worked, early.memory, LATER)
    assert (later.stage, later.memory.recycle_reason) == ("recycled", "unreachable")


def test_unreachable_needs_nothing_where_nothing_was_agreed() -> None:
    lead = said("recycled", "unreachable")
    assert run(lead, with_sales(assigned_at=None)).stage == "recycled"


@pytest.mark.parametrize(
    ("named", "until"),
    [
        pytest.param(None, NOW - timedelta(hours=1) + days(90), id="no day: the cool-down"),
        pytest.param(NOW + days(200), NOW + days(170), id="a day: 30 days before it"),
        pytest.param("soon", NOW - timedelta(hours=1) + days(90), id="what is no day counts as none"),
    ],
)
def test_timing_follows_the_day_that_the_buyer_named(named: Any, until: datetime) -> None:
    """S73: timing with a date."""
    lead = said("recycled", "timing", custom={"call_back_on": named})
    assert run(lead).memory.recycle_until == until


def test_a_day_that_is_named_later_counts_as_well() -> None:
    """S69: what sales adds afterwards improves the decision."""
    memory = run(said("recycled", "timing")).memory
    lead = replace(said("recycled", "timing", custom={"call_back_on": NOW + days(40)}), stage="recycled")
    decision = run(lead, memory, LATER)
    assert decision.memory.recycle_until == NOW + days(10)
    assert decision.due_at == NOW + days(10)
    assert run(lead, decision.memory, NOW + days(11)).handed_off


def test_an_opportunity_that_lies_untouched_is_given_back() -> None:
    """S9, S10: stalled after 45 days without any activity; a new one counts again."""
    opportunity = Opportunity(ref=RecordRef("salesforce", "Opportunity", "1"), created_at=NOW - days(9))
    lead = owned(replace(HOT, stage="opportunity", opportunities=(opportunity,), activities=(call(9),)))
    memory = with_sales("opportunity", stage_at=NOW - days(9), accepted_at=NOW - days(9))
    waiting = run(lead, memory)
    assert (waiting.stage, waiting.due_at) == ("opportunity", NOW + days(36))
    stalled = run(lead, memory, NOW + days(36))
    assert (stalled.stage, stalled.memory.recycle_reason) == ("recycled", "opportunity_stalled")
    touched = replace(lead, activities=(call(9), activity(ago=-30)))
    assert run(touched, memory, NOW + days(36)).stage == "opportunity"


# by hand, and customers ------------------------------------------------------------------------------
def test_who_qualified_by_hand_and_why_is_told() -> None:
    """S22, S23: manual qualification with who and why."""
    custom: dict[str, Any] = {
        "manual_mql": True,
        "manual_by": "Eva Marin",
        "manual_reason": "asked about prices at the fair",
    }
    lead = replace(HOT, activities=(), custom=custom)
    found = explain(lead, changed(qualification={"manual": True}), KNOWN, NOW)
    told = {reason.rule: reason.value for reason in found.fired}
    assert told["qualification.manual"] == "Eva Marin: asked about prices at the fair"


CUSTOMERS = changed(customers={"threshold": 40, "again_days": 90, "owner": EVA, "accounts": True})


def customer(**changes: Any) -> Lead:
    return owned(replace(HOT, stage="customer", account_owner=BOB, **changes))


def test_a_customer_s_interest_goes_to_the_account_team_and_is_no_new_lead() -> None:
    """S93: no MQL, no move, no new owner; told once until something new happens much later."""
    memory = with_sales("customer", stage_at=NOW - days(300))
    decision = decide(customer(), CUSTOMERS, memory, NOW)
    assert [(notice.kind, notice.owner) for notice in decision.notices] == [(NoticeKind.INTEREST, BOB)]
    assert (decision.stage, decision.handed_off, decision.memory.qualified_at) == (
        "customer",
        False,
        memory.qualified_at,
    )
    assert decide(customer(), CUSTOMERS, decision.memory, LATER).notices == ()
    much_later = NOW + days(100)
    assert decide(customer(), CUSTOMERS, decision.memory, much_later).notices == ()
    active = customer(activities=tuple(activity(ago=-99 + step) for step in (2, 1, 0)))
    assert len(decide(active, CUSTOMERS, decision.memory, much_later).notices) == 1


def test_a_new_person_of_a_customer_s_account_is_interest_as_well() -> None:
    account = Account(ref=RecordRef("salesforce", "Account", "1"), customer=True)
    decision = decide(replace(HOT, account=account), CUSTOMERS, KNOWN, NOW)
    assert (decision.stage, [notice.owner for notice in decision.notices]) == ("lead", [EVA])


def test_a_quiet_customer_interests_nobody() -> None:
    quiet = customer(activities=())
    assert decide(quiet, CUSTOMERS, with_sales("customer", stage_at=NOW - days(300)), NOW).notices == ()


def test_explaining_tells_the_clocks() -> None:
    """S58: explain shows what is due when."""
    process = changed(sla={"target": [{"name": "all", "first_touch_minutes": 60}]})
    at = datetime(2026, 11, 21, 8, 30, tzinfo=UTC)
    found = explain(
        owned(replace(HOT, stage="mql")), process, with_sales(assigned_at=at, qualified_at=at), NOW
    )
    assert found.sla is not None
    assert found.sla.promises[0].due_at == at + timedelta(hours=1)
    assert any("first touch" in sentence for sentence in found.would_change)
