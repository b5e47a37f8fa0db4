"""Which list a decided lead stands on, whose it is, and how far up."""

from __future__ import annotations

from dataclasses import replace
from datetime import timedelta

import pytest

from crmbridge.desired import desired
from crmbridge.mapping import Mapping
from crmbridge.model import Direction, Lead, LeadStatus, Memory
from crmbridge.process import decide
from crmbridge.standing import ALMOST_QUALIFIED, EASE, PRIORITISED, UNROUTED, Standing, standing_of
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
    owned,
    with_sales,
)


def standing(lead: Lead, memory: Memory = KNOWN) -> Standing | None:
    return standing_of(lead, decide(lead, ACME, memory, NOW))


def test_a_lead_with_a_rep_is_on_the_reps_list_with_the_reason_why() -> None:
    """S30, S53: score first, and why the lead is qualified."""
    shown, memory = carried_out(HOT, decide(HOT, ACME, KNOWN, NOW))
    found = standing(shown, memory)
    assert found is not None
    assert (found.list, found.owner, found.rank) == (PRIORITISED, ANN, -found.score)
    assert found.why is not None
    assert "Decision maker" in found.why
    assert found.assigned_at == NOW


def test_a_lead_that_lacks_one_datum_is_almost_qualified_with_its_likely_owner() -> None:
    """S41: exactly one important datum is missing, and which one is part of the answer."""
    found = standing(replace(HOT, phone=None))
    assert found is not None
    assert (found.list, found.datum, found.pool, found.owner) == (ALMOST_QUALIFIED, "phone", "dach", "")


def test_a_lead_that_lacks_two_is_not() -> None:
    """S41."""
    found = standing(replace(HOT, phone=None, last_name=None))
    assert found is None or found.list != ALMOST_QUALIFIED


def test_the_almost_qualified_come_by_activity_and_by_how_easily_the_datum_is_found() -> None:
    """S42: much activity and an easy datum first."""
    busy = tuple(activity("email_clicked", ago=ago) for ago in (3, 2, 1))
    leads = {
        "easy and busy": replace(HOT, country=None, activities=(*busy, *HOT.activities)),
        "easy": replace(HOT, country=None),
        "hard": replace(HOT, phone=None),
    }
    ranks = {name: found.rank for name, lead in leads.items() if (found := standing(lead)) is not None}
    assert sorted(ranks, key=lambda name: ranks[name]) == list(leads)
    assert EASE["country"] > EASE["phone"] > EASE["email"]


def test_an_mql_that_nobody_has_is_unrouted_by_the_name_of_its_dead_end() -> None:
    """S48: no lead is lost; each dead end has a name."""
    lead = replace(HOT, stage="mql", opted_out=True)
    found = standing(lead, with_sales(assigned_owner=None, assigned_at=None))
    assert found is not None
    assert (found.list, found.owner, found.why) == (UNROUTED, "", "held_opt_out")


def test_a_recycled_lead_waits_for_the_end_of_its_cool_down() -> None:
    given_back = replace(owned(HOT, stage="sal"), status=LeadStatus.RECYCLED, status_reason="timing")
    found = standing(given_back, with_sales("sal"))
    assert found is not None
    assert (found.list, found.due_at, found.why) == ("", NOW + days(90), "recycle.cool_down")


@pytest.mark.parametrize("lead", [COLD, replace(HOT, stage="customer")])
def test_other_leads_are_on_no_list(lead: Lead) -> None:
    assert standing(lead) is None


def test_only_what_the_person_did_counts_as_activity() -> None:
    """S29."""
    sent = activity("email_sent", ago=1, direction=activity("call").direction.OUTBOUND)
    old = activity("email_clicked", ago=40)
    later = activity("page_view", ago=-1)
    found = standing(replace(HOT, phone=None, activities=(old, *HOT.activities, sent, later)))
    assert found is not None
    assert (found.recent_activity_count, found.last_activity_at) == (3, NOW - days(1))


PROMISED = changed(
    sla={"remind_at": 0.5, "target": [{"name": "all", "first_touch_minutes": 240, "working_days": 30}]}
)


def test_the_list_says_which_promise_is_due_and_keeps_what_is_overdue() -> None:
    """S53, S58: also when every step was taken and the process has nothing more to do by itself."""
    shown, memory = carried_out(HOT, decide(HOT, PROMISED, KNOWN, NOW))
    late = NOW + timedelta(hours=6)
    fired = decide(shown, PROMISED, memory, late).memory
    for decision in (decide(shown, PROMISED, memory, NOW), decide(shown, PROMISED, fired, late)):
        found = standing_of(shown, decision)
        assert found is not None
        assert (found.promise, found.due_at) == ("first_touch", NOW + timedelta(hours=4))


def test_what_is_kept_makes_room_for_the_next_promise() -> None:
    """S60."""
    shown, memory = carried_out(HOT, decide(HOT, PROMISED, KNOWN, NOW))
    called = activity("call", ago=-1 / 24, direction=Direction.OUTBOUND, owner_id="5")
    found = decide(
        replace(shown, activities=(*shown.activities, called)), PROMISED, memory, NOW + timedelta(hours=2)
    )
    assert (found.promise, found.promised_at) == ("working", NOW + days(30))
    held = decide(replace(shown, opted_out=True), PROMISED, memory, NOW + timedelta(hours=2))
    assert (held.promise, held.promised_at) == (None, None)


def test_the_list_stands_in_the_crms_as_fields() -> None:
    """S54: which list, what is due when, the score and the reason; taken away when it is over."""
    shown, memory = carried_out(HOT, decide(HOT, PROMISED, KNOWN, NOW))
    wanted = desired(shown, decide(shown, PROMISED, memory, NOW))
    assert wanted["work_list"] == PRIORITISED
    assert (wanted["sla_promise"], wanted["sla_due_at"]) == ("first_touch", NOW + timedelta(hours=4))
    assert wanted["score"] == decide(shown, PROMISED, memory, NOW).score
    assert "Decision maker" in str(wanted["why"])
    over = desired(COLD, decide(COLD, PROMISED, KNOWN, NOW))
    assert (over["work_list"], over["sla_promise"], over["sla_due_at"]) == (None, None, None)
    near = replace(HOT, phone=None)
    assert desired(near, decide(near, PROMISED, KNOWN, NOW))["work_list"] == ALMOST_QUALIFIED


@pytest.mark.parametrize("object", ["contacts", "Lead", "Contact"])
def test_the_fields_of_the_list_are_written_as_soon_as_they_have_a_name(object: str) -> None:
    """S54: naming them in mapping.toml is all there is to do."""
    names = {"work_list": "a__c", "sla_promise": "b__c", "sla_due_at": "c__c", "programme": "d__c"}
    salesforce = {"lead": {"fields": names}, "contact": {"fields": names}}
    mapping = Mapping.parse({"format": 1, "hubspot": {"fields": names}, "salesforce": salesforce})
    found = mapping.object("hubspot" if object == "contacts" else "salesforce", object)
    assert found is not None
    assert {name for name in names if (field := found.field(name)) and field.write} == set(names)
