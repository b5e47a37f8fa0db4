"""Failure stories of this trade about writing, re-enacted over the real adapters: each with the right end."""

from __future__ import annotations

from collections.abc import Iterator
from datetime import UTC, datetime
from typing import Any

import pytest
import requests

from crmbridge.errors import CrmBridgeError, QuotaExhausted
from crmbridge.sandbox import Sandbox
from crmbridge.testing import Killed
from tests.sandbox.story import Story, shop

MORNING = datetime(2026, 11, 23, 8, tzinfo=UTC)
LEADS = "/services/data/v62.0/composite/sobjects/Lead*"


@pytest.fixture(scope="module")
def served() -> Iterator[Sandbox]:
    with Sandbox(clock=MORNING) as sandbox:
        yield sandbox


@pytest.fixture
def story(served: Sandbox) -> Iterator[Story]:
    made = Story(served)
    yield made
    made.bridge.close()


@pytest.mark.parametrize(
    "action",
    [
        pytest.param({"status": 504, "body": "empty", "applied": True}, id="timeout after"),
        pytest.param({"reset": "after"}, id="cut after"),
        pytest.param({"reset": "before"}, id="cut before"),
    ],
)
def test_f1_a_retry_after_a_timeout_makes_no_second_record(story: Story, action: dict[str, Any]) -> None:
    """F1: the answer to a creation never came; what was made is found by reading, not by sending."""
    story.contact("dee@example.org")
    story.sandbox.set_faults(
        {"crm": "salesforce", "method": "PATCH", "path": LEADS, "count": 1, "action": action}
    )
    assert story.sync().failed == 1
    story.pass_time(days=1)
    story.sync()
    lead = story.only_lead("dee@example.org")
    # The first request comes through after all, late: it finds the record by our external id.
    ready = story.sandbox.ready["salesforce"]
    late = requests.patch(
        f"{ready['instance_url']}/services/data/v62.0/sobjects/Lead/crmbridge_Lead_Id__c"
        f"/{lead['crmbridge_Lead_Id__c']}",
        json={"Email": "dee@example.org", "LastName": "Doe", "Company": "Acme"},
        headers={"Authorization": f"Bearer {ready['session_id']}"},
        timeout=10,
    )
    assert late.status_code == 200
    assert story.only_lead("dee@example.org")["Id"] == lead["Id"]


def test_f2_a_run_that_dies_behind_a_creation_does_not_create_again(
    story: Story, monkeypatch: pytest.MonkeyPatch
) -> None:
    """F2: the intent is durable before the call: a run that died knows afterwards what it may have made."""
    story.contact("dee@example.org")
    write = story.salesforce.write

    def write_and_die(writes: Any) -> Any:
        write(writes)
        raise Killed

    monkeypatch.setattr(story.salesforce, "write", write_and_die)
    with pytest.raises(Killed):
        story.sync()
    made = story.only_lead("dee@example.org")
    assert [intent.lead_id for intent in story.ledger.open_intents()] == [made["crmbridge_Lead_Id__c"]]
    story.open()
    story.look()
    story.pass_time()
    story.sync()
    assert story.only_lead("dee@example.org")["OwnerId"] == made["OwnerId"]
    assert not [effect for effect in story.effects() if "Lead" in effect and "created" in effect]
    assert story.ledger.open_intents() == []


def test_f3_after_the_last_edit_writing_stops_within_two_runs(story: Story) -> None:
    """F3: our own writes come back as changes and are recognised by their values."""
    contact = story.contact("dee@example.org")
    story.sync()
    story.edit_lead(story.only_lead("dee@example.org")["Id"], Status="Working - Contacted")
    story.edit_contact(contact, jobtitle="Head of Sales")
    story.sync()
    assert story.properties(contact)["hs_lead_status"] == "IN_PROGRESS"
    story.sync()
    story.look()
    assert story.sync().written == 0
    assert story.sync().written == 0
    assert story.effects() == []


def test_f3_a_tool_that_fights_back_makes_no_endless_loop(story: Story) -> None:
    """F3: another tool puts its value back each time; we write no more often, and then not at all."""
    contact = story.contact("dee@example.org")
    story.sync()
    written = 0
    for _round in range(5):
        story.edit_contact(contact, hubspot_owner_id=story.hubspot_ids["tia"], hs_lead_status="OPEN_DEAL")
        story.edit_contact(contact, lifecyclestage="lead")
        written += story.sync().written
    assert written <= 2
    assert story.properties(contact)["hubspot_owner_id"] == story.hubspot_ids["tia"]


def test_f4_owners_are_set_once_and_assignment_rules_do_not_take_them(story: Story) -> None:
    """F4: one authority per stage and a lease on the owner: neither a rule nor a new fact reassigns."""
    story.sandbox.set_options(salesforce={"assignment_owner": "tia@example.com"})
    contact = story.contact("dee@example.org")
    story.sync()
    owner = story.only_lead("dee@example.org")["OwnerId"]
    assert story.owner_name(owner) in {"ann", "bob"}
    for country, title in (("AT", "Head"), ("FR", "Clerk"), ("DE", "CEO")):
        story.edit_contact(contact, country=country, jobtitle=title)
        story.sync()
        assert story.only_lead("dee@example.org")["OwnerId"] == owner


def test_f4_an_owner_that_two_sides_fight_over_is_left_to_them(story: Story) -> None:
    """F4: HubSpot's people and Salesforce's people disagree each day; we never write an owner of our own."""
    contact = story.contact("dee@example.org")
    story.sync()
    lead = story.only_lead("dee@example.org")["Id"]
    for salesforce, hubspot in (("ann", "bob"), ("bob", "tia"), ("tia", "ann")):
        story.edit_lead(lead, OwnerId=story.user_ids[salesforce])
        story.edit_contact(contact, hubspot_owner_id=story.hubspot_ids[hubspot])
        story.sync()
        story.sync()
        assert story.owner_name(story.only_lead("dee@example.org")["OwnerId"]) == salesforce


def test_f4_a_lead_whose_owner_flips_too_often_is_left_alone_until_released(story: Story) -> None:
    """F4: more changes of owner than agreed: quarantine, by name, until a person lets it out."""
    story.contact("dee@example.org")
    story.sync()
    lead = story.only_lead("dee@example.org")["Id"]
    for name in ("tia", "ann", "bob", "tia", "ann"):
        story.edit_lead(lead, OwnerId=story.user_ids[name])
        story.sync()
    assert len(story.bridge.quarantined()) == 1
    story.look()
    story.edit_lead(lead, Status="Working - Contacted")
    assert story.sync().plan.counts.skipped == {"quarantined": 1}
    assert story.effects() == []
    assert story.bridge.release("dee@example.org")
    story.sync()
    assert story.bridge.quarantined() == []


@pytest.mark.parametrize("lifecycle", ["ignore", "reject", "allow"])
def test_f5_a_stage_never_goes_back_silently(story: Story, lifecycle: str) -> None:
    """F5: HubSpot answers a backward move with 200 and keeps the stage, or refuses, or takes it."""
    story.sandbox.set_options(hubspot={"lifecycle": lifecycle})
    contact = story.contact("dee@example.org", lifecyclestage="customer")
    story.lead("dee@example.org")
    assert story.sync().failed == 0
    assert story.properties(contact)["lifecyclestage"] == "customer"
    assert story.sync().written == 0


def test_f9_no_placeholder_is_written_over_data(story: Story) -> None:
    """F9: Salesforce wants a company and nobody knows it: the lead is listed, nothing is invented."""
    contact = story.contact("dee@example.org", company="")
    known = story.contact("eve@example.org", company="Birch Ltd")
    assert story.sync().failed == 0
    assert story.leads(Email="dee@example.org") == []
    assert ("missing_for_create", "company") in story.conflicts()
    assert story.only_lead("eve@example.org")["Company"] == "Birch Ltd"
    assert "company" not in {name for name, value in story.properties(contact).items() if value}
    story.edit_lead(story.only_lead("eve@example.org")["Id"], Company="Birch Group")
    story.sync()
    assert story.properties(known)["company"] == "Birch Ltd"


def test_f10_the_second_and_the_third_status_arrive_as_the_first_did(story: Story) -> None:
    """F10: a status is not a field that is filled once."""
    contact = story.contact("dee@example.org")
    story.sync()
    lead = story.only_lead("dee@example.org")["Id"]
    seen = []
    for status in ("Working - Contacted", "Open - Not Contacted", "Working - Contacted"):
        story.edit_lead(lead, Status=status)
        story.sync()
        seen.append(story.properties(contact)["hs_lead_status"])
    assert seen == ["IN_PROGRESS", "NEW", "IN_PROGRESS"]


def test_f11_a_refused_record_stays_in_the_work_set_until_it_succeeds(story: Story) -> None:
    """F11: one success does not mark the batch as good, and a failure is not the end."""
    rule = "Lead | LastName = 'Refused' | not this one"
    story.sandbox.set_options(salesforce={"validation_rules": [rule]})
    for name in ("one", "two", "three"):
        story.contact(f"{name}@example.org", lastname="Refused" if name == "two" else "Doe")
    result = story.sync()
    assert result.failed == 1
    assert {row["Email"] for row in story.leads()} == {"one@example.org", "three@example.org"}
    story.sandbox.set_options(salesforce={"validation_rules": []})
    story.pass_time(days=2)
    assert story.sync().failed == 0
    assert {row["Email"] for row in story.leads()} == {f"{n}@example.org" for n in ("one", "two", "three")}


def test_f12_a_batch_of_leads_is_shared_out_and_nobody_who_left_gets_one(story: Story) -> None:
    """F12: assignment is one ordered pass over the ledger, against the live list of users."""
    for number in range(12):
        story.contact(f"p{number}@example.org")
    story.sync()
    assert sorted(story.owners()) == ["ann"] * 6 + ["bob"] * 6
    story.leave("ann")
    for number in range(12, 18):
        story.contact(f"p{number}@example.org")
    story.sync()
    assert story.owners()[12:] == ["bob"] * 6


def test_f13_a_run_stops_at_its_budget_and_the_next_goes_on_owners_first(story: Story) -> None:
    """F13: calls are counted before they are sent, and grow with batches, not with people."""
    for number in range(30):
        story.contact(f"p{number}@example.org")
    story.lead("kim@example.org")
    story.pass_time()
    calls = sum(story.sandbox.calls().values())
    with pytest.raises(QuotaExhausted):
        story.bridge.sync(budget=17)
    assert sum(story.sandbox.calls().values()) - calls <= 17
    story.pass_time()
    story.sync()
    assert len(story.leads()) == 31
    assert story.sync().written == 0


def test_f13_twice_the_people_cost_no_more_calls_to_write(story: Story) -> None:
    """F13: writing goes by batches."""
    spent = []
    for first, count in ((0, 20), (20, 40)):
        for number in range(first, first + count):
            story.contact(f"p{number}@example.org")
        before = sum(story.sandbox.calls().values())
        story.sync()
        spent.append(sum(story.sandbox.calls().values()) - before)
    assert spent[1] <= spent[0]


def test_f14_who_returns_from_leave_is_neither_flooded_nor_forgotten(story: Story) -> None:
    """F14: the pointer of a returning member is set to where the others are."""
    story.contact("p0@example.org")
    story.sync()
    story.leave("ann")
    for number in range(1, 11):
        story.contact(f"p{number}@example.org")
    story.sync()
    story.come_back("ann")
    for number in range(11, 17):
        story.contact(f"p{number}@example.org")
    story.sync()
    assert sorted(story.owners()[11:]) == ["ann"] * 3 + ["bob"] * 3


def test_f15_a_rule_that_points_at_somebody_who_left_is_named_and_nothing_is_silent(story: Story) -> None:
    """F15: the policy is compared with the live list of users; who cannot be routed goes to triage."""
    story.leave("ann")
    story.leave("bob")
    story.sync()
    named = {problem.key for problem in story.bridge.check() if problem.severity == "error"}
    assert {"pool[0].member[0].owner", "pool[0].member[1].owner"} <= named
    story.contact("dee@example.org")
    story.sync()
    assert story.owners() == ["tia"]


def test_f16_only_fields_that_were_declared_are_ever_written(story: Story) -> None:
    """F16: a field that is not declared wakes no automation; a first batch can be as small as one."""
    story.open(mapping={"write": {"hubspot": ["lead_id", "score"], "salesforce_lead": ["lead_id", "score"]}})
    for name in ("dee", "eve"):
        story.contact(f"{name}@example.org")
        story.lead(f"{name}@example.org")
    plan = story.plan()
    story.look()
    story.bridge.apply(plan, limit=1)
    assert len({effect.split()[2] for effect in story.effects()}) <= 2
    story.bridge.apply(plan)
    names = {
        name
        for effect in story.effects()
        for name in effect.split(" updated ")[-1].replace(" ", "").split(",")
    }
    allowed = {"crmbridge_lead_id", "crmbridge_score", "crmbridge_Lead_Id__c", "crmbridge_Score__c"}
    assert names - {"id", "Id"} <= allowed


def test_f17_the_report_and_the_router_say_the_same(story: Story) -> None:
    """F17: there is one decision per lead; what is explained is what is planned and done."""
    story.contact("dee@example.org")
    story.sync()
    row = story.only_lead("dee@example.org")
    explained = story.bridge.explain("dee@example.org").decision
    assert explained.memory.assigned_owner == f"{story.owner_name(row['OwnerId'])}@example.com"
    assert row["crmbridge_Stage__c"] == explained.stage
    assert row["crmbridge_Score__c"] == pytest.approx(explained.score)


def test_f18_a_new_rule_is_backfilled_by_a_dry_runnable_command(story: Story) -> None:
    """F18: a full run decides everybody again; it can be looked at first, and makes nobody twice."""
    for number in range(4):
        story.contact(f"p{number}@example.org", jobtitle="Head" if number < 2 else "Clerk")
    strict = shop(fit=[{"name": "Boss", "points": 60, "when": [_is_head()]}])
    story.open(strict)
    story.sync()
    assert len(story.leads()) == 2
    story.open()
    story.pass_time()
    dry = story.bridge.plan(full=True)
    assert {change.object for change in dry if change.id is None} == {"Lead"}
    assert len(story.leads()) == 2
    story.sync(full=True)
    assert sorted(row["Email"] for row in story.leads()) == [f"p{number}@example.org" for number in range(4)]


def _is_head() -> dict[str, Any]:
    return {"field": "job_title", "op": "contains", "value": "head"}


def test_a_crm_that_is_down_stops_the_run_and_loses_nothing(story: Story) -> None:
    """What was written before the CRM went down is known; the rest is done by the next run."""
    for number in range(5):
        story.contact(f"p{number}@example.org")
    down = {"crm": "salesforce", "method": "PATCH", "path": LEADS, "action": {"status": 503, "body": "html"}}
    story.sandbox.set_faults(down)
    try:
        story.sync()
    except CrmBridgeError:
        story.pass_time()
    story.sandbox.set_faults()
    story.pass_time(days=2)
    story.sync()
    assert len(story.leads()) == 5
