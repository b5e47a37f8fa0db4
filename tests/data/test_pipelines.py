"""3,000 leads of nine countries as Salesforce Leads, with a status that tells of the whole process."""

from __future__ import annotations

import csv
from collections import Counter
from collections.abc import Iterator

import pytest

from tests.data import prepare
from tests.data.prepare import Prepared
from tests.data.world import Outcome, carried_out, opened, read, salesforce_users

pytestmark = pytest.mark.skipif(
    not prepare.PIPELINES.is_file(), reason="../shared with the pipelines of leads is absent"
)
#: Status of the list -> stage of the process.
STAGES = {
    "New": "lead",
    "Qualified": "mql",
    "Sales Accepted": "sal",
    "Opportunity": "opportunity",
    "Customer": "customer",
    "Churned Customer": "former_customer",
    "Disqualified": "disqualified",
}
#: Territory -> who gets its leads; what nobody claims (France) goes to triage.
REPS = {
    "dach": {"emily.johnson@example.com", "kevin.anderson@example.com"},
    "italy": {"laura.thompson@example.com"},
    "iberia": {"michael.brown@example.com"},
    "benelux": {"sarah.davis@example.com"},
    None: {"john.smith@example.com"},
}


@pytest.fixture(scope="module")
def routed() -> Iterator[tuple[Prepared, Outcome]]:
    folder = "crm_and_sales_pipelines"
    with opened(read(folder, "process.toml"), read(folder, "mapping.toml"), ["salesforce"]) as world:
        names = prepare.pipeline_owners()
        users = world.sandbox.load("salesforce.User", salesforce_users([prepare.rep_email(n) for n in names]))
        prepared = prepare.pipelines(dict(zip(names, users.ids, strict=True)))
        world.load("salesforce.Lead", prepared.text)
        world.provision()
        yield prepared, carried_out(world)


def test_every_row_is_accounted_for(routed: tuple[Prepared, Outcome]) -> None:
    prepared, outcome = routed
    (loaded,) = outcome.world.reports
    assert loaded.rows == prepared.count == 3000 == loaded.loaded + len(loaded.skipped)
    assert outcome.counts.leads == loaded.loaded
    assert outcome.counts.decided + sum(outcome.counts.skipped.values()) == outcome.counts.leads
    assert outcome.counts.adopted == outcome.counts.decided
    assert (outcome.result.moved, outcome.result.failed) == (0, 0)


def test_each_status_is_the_stage_that_the_published_summary_counts(
    routed: tuple[Prepared, Outcome],
) -> None:
    _, outcome = routed
    with prepare.STATUSES.open(encoding="utf-8-sig", newline="") as lines:
        published: Counter[str] = Counter()
        for row in csv.DictReader(lines):
            published[STAGES[row["Status Name"]]] += int(row["Status Count"])
    lead_ids = {change.lead_id for change in outcome.changed("score")}
    found = Counter(str(lead.memory.stage) for lead in outcome.world.leads(lead_ids) if lead.memory)
    handed_over = outcome.counts.handed_off
    assert found == published + Counter(mql=handed_over) - Counter(lead=handed_over)
    assert found["sal"] == 528


def test_the_plan_lists_who_gets_what_by_country(routed: tuple[Prepared, Outcome]) -> None:
    _, outcome = routed
    owners = outcome.world.bridge.ledger.owners()
    ids = {owner.salesforce_id: key for key, owner in owners.items()}
    handed_over = {decision.lead_id: decision for decision in outcome.handed_over}
    listed = outcome.changed("owner")
    assert len(listed) > 250
    for change in listed:
        assignment = handed_over[change.lead_id].assignment
        assert assignment is not None
        assert ids[str(change.new)] in REPS[assignment.territory]
        assert change.old != change.new
    territories = {decision.assignment.territory for decision in outcome.handed_over if decision.assignment}
    assert territories == set(REPS)


def test_leads_that_sales_had_already_keep_who_works_them(routed: tuple[Prepared, Outcome]) -> None:
    _, outcome = routed
    handed_over = {decision.lead_id for decision in outcome.handed_over}
    assert {change.lead_id for change in outcome.changed("owner")} <= handed_over
    assert {change.lead_id for change in outcome.changed("stage")} == handed_over


def test_a_pool_shares_by_weight(routed: tuple[Prepared, Outcome]) -> None:
    _, outcome = routed
    got = Counter(
        decision.memory.assigned_owner
        for decision in outcome.handed_over
        if decision.assignment and decision.assignment.territory == "dach"
    )
    assert got["emily.johnson@example.com"] == pytest.approx(2 * got["kevin.anderson@example.com"], abs=2)


def test_the_second_plan_is_empty(routed: tuple[Prepared, Outcome]) -> None:
    _, outcome = routed
    assert (outcome.again.changes, outcome.again.conflicts) == (0, 0)
    assert (outcome.at_rest.leads, outcome.at_rest.changes) == (0, 0)
