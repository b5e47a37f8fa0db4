"""Both lists at once: a tenth of the people are in both CRMs under the same address."""

from __future__ import annotations

from collections.abc import Iterator, Mapping
from typing import Any

import pytest

from tests.data import prepare
from tests.data.world import Outcome, carried_out, hubspot_owners, opened, read, salesforce_users

pytestmark = [
    pytest.mark.skipif(
        not (prepare.XEDUCATION.is_file() and prepare.PIPELINES.is_file()),
        reason="../shared with both lists is absent",
    ),
    pytest.mark.slow,
]
CONTACTS, LEADS = 9240, 3000
#: In both lists: a tenth of everybody.
SHARED = 1113
SHOWN_ALIKE = ("stage", "is_mql", "score", "lead_id")


def mapping() -> dict[str, Any]:
    """Name things in HubSpot as the school does, in Salesforce as the pipelines do."""
    school, pipelines = read("xeducation", "mapping.toml"), read("crm_and_sales_pipelines", "mapping.toml")
    stages = {"former_customer": False}
    return school | pipelines | {"hubspot": {**school["hubspot"], "stages": stages}, "write": school["write"]}


def process() -> dict[str, Any]:
    """Take the pipelines' process with the rules and the territories of both."""
    school, pipelines = read("xeducation", "process.toml"), read("crm_and_sales_pipelines", "process.toml")
    joined = {name: [*pipelines[name], *school[name]] for name in ("fit", "territory", "pool")}
    qualification = {"threshold": 50.0, "required": ["country"]}
    caps, guards = school["fit_caps"], school["guards"]
    return pipelines | joined | {"qualification": qualification, "fit_caps": caps, "guards": guards}


@pytest.fixture(scope="module")
def joined() -> Iterator[Outcome]:
    with opened(process(), mapping(), ["hubspot", "salesforce"]) as world:
        names = prepare.pipeline_owners()
        reps = [prepare.rep_email(name) for name in names]
        reps += [f"{name}@example.com" for name in ("asha", "omar", "ravi", "tara")]
        world.sandbox.load("hubspot.owners", hubspot_owners(reps))
        users = world.sandbox.load("salesforce.User", salesforce_users(reps))
        ids: Mapping[str, str] = dict(zip(names, users.ids, strict=False))
        world.load("hubspot.contacts", prepare.xeducation().text)
        first = CONTACTS - SHARED + 1
        world.load("salesforce.Lead", prepare.pipelines(ids, first_email=first).text)
        world.provision()
        yield carried_out(world)


def test_everybody_is_one_lead_and_is_accounted_for(joined: Outcome) -> None:
    people = CONTACTS + LEADS - SHARED
    assert SHARED / people == pytest.approx(0.1, abs=0.001)
    assert joined.counts.known == {("hubspot", "contacts"): CONTACTS, ("salesforce", "Lead"): LEADS}
    assert joined.counts.leads == people
    assert joined.counts.decided + sum(joined.counts.skipped.values()) == people
    assert (joined.result.moved, joined.result.failed) == (0, 0)


def test_people_in_both_crms_are_tied_and_shown_alike(joined: Outcome) -> None:
    tied = {change.lead_id for change in joined.changed("lead_id")}
    both = [lead for lead in joined.world.leads(tied) if len(lead.records) == 2]
    assert len(both) == SHARED
    for lead in both:
        left, right = (part.record.fields for part in lead.records)
        assert left["email"] == right["email"]
        assert left["lead_id"] == right["lead_id"] == lead.id
        assert left["score"] == right["score"]


def test_a_hand_off_shows_in_both_crms(joined: Outcome) -> None:
    owners = joined.world.bridge.ledger.owners().values()
    keys = {owner.hubspot_id: owner.key for owner in owners}
    keys |= {owner.salesforce_id: owner.key for owner in owners}
    handed_over = joined.world.leads({decision.lead_id for decision in joined.handed_over})
    both = [lead for lead in handed_over if len(lead.records) == 2]
    assert len(both) > 20
    for lead in both:
        left, right = (part.record.fields for part in lead.records)
        assert [left[name] for name in SHOWN_ALIKE] == [right[name] for name in SHOWN_ALIKE]
        assert left["stage"] == "mql"
        assert keys[str(left["owner"])] == keys[str(right["owner"])]


def test_nobody_is_in_a_crm_twice(joined: Outcome) -> None:
    found = joined.world.sandbox.run(joined.world.sandbox.salesforce.state)
    assert found["records"]["Lead"] == LEADS


def test_the_second_plan_is_empty(joined: Outcome) -> None:
    assert joined.again.changes == 0
    assert (joined.at_rest.leads, joined.at_rest.changes) == (0, 0)
