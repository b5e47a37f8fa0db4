"""Which list a decided lead stands on, whose it is, and how far up."""

from __future__ import annotations

from dataclasses import replace

import pytest

from crmbridge.model import Lead, LeadStatus, Memory
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
