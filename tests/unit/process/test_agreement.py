"""What marketing and sales can rely on, whatever the numbers in the file: one test per promise."""

from __future__ import annotations

import tomllib
from dataclasses import replace
from importlib import resources

import pytest

from crmbridge.mapping import Mapping
from crmbridge.model import CrmName, LeadStatus, RecordRef, StageRole
from crmbridge.process import Process, decide
from tests.unit.process.acme import ACME, COLD, HOT, KNOWN, NOW, PERSON, activity, changed, owned, with_sales

DEMO = Process.parse(
    tomllib.loads(resources.files("crmbridge.cli").joinpath("demo_company/process.toml").read_text("utf-8"))
)
SALESFORCE = RecordRef("salesforce", "Lead", "1")
PEOPLE: list[tuple[CrmName, str]] = [
    ("hubspot", "contacts"),
    ("salesforce", "Lead"),
    ("salesforce", "Contact"),
]


@pytest.mark.parametrize(
    "role", [StageRole.LEAD, StageRole.QUALIFIED, StageRole.OPPORTUNITY, StageRole.CUSTOMER]
)
def test_both_crms_have_a_word_for_the_same_stage(role: StageRole) -> None:
    """S11: the same vocabulary for the same terms, whatever each CRM calls them."""
    stage = DEMO.by_role(role)
    assert stage is not None
    objects = {(found.crm, found.object): found for crm in ("hubspot", "salesforce")
               for found in Mapping.default().objects(crm)}  # fmt: skip
    assert all(objects[place].expresses("stage", stage.name) for place in PEOPLE)


def test_marketing_answers_for_the_lead_and_sales_for_what_it_accepted() -> None:
    """S15, S16: qualification is marketing's, the follow-up of accepted leads is sales'."""
    teams = {stage.role: stage.owner_team for stage in DEMO.stages}
    assert {teams[StageRole.LEAD], teams[StageRole.RECYCLED]} == {"marketing"}
    assert {teams[StageRole.ACCEPTED], teams[StageRole.SALES_QUALIFIED], teams[StageRole.OPPORTUNITY]} == {
        "sales"
    }


def test_marketing_decides_what_is_qualified_and_sales_alone_what_is_accepted() -> None:
    """S13, S17: marketing decides whether a lead could become a customer; sales then works that lead."""
    first = decide(HOT, ACME, KNOWN, NOW)
    assert first.role is StageRole.QUALIFIED
    later = decide(owned(HOT, stage="mql"), ACME, with_sales(), NOW)
    assert later.role is StageRole.QUALIFIED
    accepted = replace(owned(HOT, stage="mql"), status=LeadStatus.ACCEPTED, status_at=NOW)
    assert decide(accepted, ACME, with_sales(), NOW).role is StageRole.ACCEPTED


def test_a_persona_carries_the_fit() -> None:
    """S28: both teams know the same persona, and it gives points."""
    rule = {"name": "Our buyer", "points": 30, "when": [{"field": "persona", "op": "eq", "value": "IT head"}]}
    process = changed(fit=[rule], fit_caps=None)
    assert decide(replace(COLD, persona="IT head"), process, KNOWN, NOW).fit_score == 30
    assert decide(replace(COLD, persona="Student"), process, KNOWN, NOW).fit_score == 0


def test_what_happens_in_either_crm_feeds_the_behaviour() -> None:
    """S29: all relevant data feed the behavioural profile by themselves."""
    page, mail = activity("page_view", ago=2), activity("email_clicked", ago=1, name="News")
    both = (page, replace(mail, ref=RecordRef("salesforce", "Task", "1"), person=SALESFORCE))
    scores = [
        decide(replace(COLD, activities=done), ACME, KNOWN, NOW).engagement_score for done in ((page,), both)
    ]
    assert scores[0] < scores[1]


def test_a_lead_is_qualified_by_one_rule_wherever_its_records_are() -> None:
    """S33: sales and marketing do not qualify in two ways in two tools."""
    decisions = [
        decide(replace(HOT, records=records), ACME, KNOWN, NOW)
        for records in ((PERSON,), (SALESFORCE,), (PERSON, SALESFORCE))
    ]
    assert decisions[0] == decisions[1] == decisions[2]
    assert decisions[0].role is StageRole.QUALIFIED


def test_a_lead_is_passed_in_the_moment_in_which_it_qualifies_and_nobody_has_to_do_anything() -> None:
    """S35, S49: rigorous but not long; passing is timely and automated."""
    decision = decide(HOT, ACME, KNOWN, NOW)
    assert decision.qualified_by == "score"
    assert decision.handed_off
    assert decision.memory.qualified_at == NOW
    assert decision.assignment is not None
    assert decision.assignment.pool == "dach"


@pytest.mark.parametrize(
    ("status", "role"),
    [
        (LeadStatus.ACCEPTED, StageRole.ACCEPTED),
        (LeadStatus.SALES_QUALIFIED, StageRole.SALES_QUALIFIED),
        (LeadStatus.REJECTED, StageRole.RECYCLED),
        (LeadStatus.RECYCLED, StageRole.RECYCLED),
        (LeadStatus.DISQUALIFIED, StageRole.DISQUALIFIED),
    ],
)
def test_every_status_that_a_rep_sets_is_followed(status: LeadStatus, role: StageRole) -> None:
    """S71: reps update the status of every lead they receive, and the process moves with it."""
    lead = replace(owned(HOT, stage="mql"), status=status, status_at=NOW)
    assert decide(lead, ACME, with_sales(), NOW).role is role


@pytest.mark.parametrize("place", PEOPLE, ids=" ".join)
def test_reps_see_what_marketing_knows_inside_their_crm(place: tuple[CrmName, str]) -> None:
    """S96: scores and the reasons behind them are fields of the record, in both CRMs."""
    objects = {(found.crm, found.object): found for found in Mapping.default().objects(place[0])}
    for name in ("fit_score", "engagement_score", "score", "why", "qualified_at"):
        field = objects[place].field(name)
        assert field is not None
        assert field.write
