"""explain: by every kind of reference, and what cannot be told apart."""

from __future__ import annotations

from typing import Any

import pytest

from crmbridge.company import open_company
from crmbridge.settings import Settings
from tests.cli.company import NOW, Company


@pytest.fixture(scope="module")
def references(known: Company) -> dict[str, str]:
    """Give a lead of all its references, and a contact of Salesforce: kind -> reference."""
    bridge = open_company(known.folder, Settings.parse(known.sandbox.settings()))
    found: dict[str, str] = {}
    changed = dict.fromkeys(change.lead_id for change in bridge.plan())
    for lead in bridge.ledger.load(list(changed)):
        refs = {part.record.ref.object: part.record for part in lead.records}
        if refs.keys() == {"contacts", "Lead"} and "id" not in found:
            found |= {"id": lead.id, "e-mail": str(refs["Lead"].fields["email"])}
            found |= {name: str(record.ref) for name, record in refs.items()}
        if "Contact" in refs:
            found.setdefault("Contact", str(refs["Contact"].ref))
    bridge.close()
    return found


def explained(company: Company, reference: str) -> Any:
    ran = company.run("explain", reference, "--json", "--now", NOW)
    assert (ran.code, ran.err) == (0, "")
    return ran.json


@pytest.mark.parametrize("kind", ["contacts", "Lead", "e-mail"])
def test_a_lead_is_found_by_each_of_its_references(
    known: Company, references: dict[str, str], kind: str
) -> None:
    """S40: whoever brings a lead of his own sees first whether it is known, by e-mail address too."""
    assert explained(known, references[kind]) == explained(known, references["id"])


def test_a_contact_of_salesforce_is_a_lead_too(known: Company, references: dict[str, str]) -> None:
    assert explained(known, references["Contact"])["decision"]["stage"]


def test_an_explanation_has_the_rules_that_fired_and_those_that_did_not(
    known: Company, references: dict[str, str]
) -> None:
    document = explained(known, references["id"])
    assert document.keys() == {"decision", "fired", "sla", "unmatched", "would_change"}
    assert document["decision"]["lead_id"] == references["id"]
    rules = {reason["rule"] for name in ("fired", "unmatched") for reason in document[name]}
    assert {"fit.decision_maker", "engagement.talked_to_us"} <= rules


def test_people_see_the_records_behind_a_lead(known: Company, references: dict[str, str]) -> None:
    shown = known.run("explain", references["id"], "--now", NOW).out
    assert f"records: {references['contacts']}, {references['Lead']}" in shown
    assert "Rules that fired" in shown
    assert "Rules that did not match" in shown


def test_an_address_of_several_leads_is_answered_with_their_ids(known: Company) -> None:
    ran = known.run("explain", "Twin@Example.com", "--now", NOW)
    assert (ran.code, ran.out) == (2, "")
    assert "matches 2 leads: L" in ran.err
    assert "give one of these lead ids" in ran.err


@pytest.mark.parametrize(
    "reference",
    ["nobody@example.com", "L0000000000000000dead", "hubspot:contacts:999999", "salesforce:Lead", ""],
)
def test_a_reference_of_nobody_is_said_to_be_one(known: Company, reference: str) -> None:
    ran = known.run("explain", reference)
    assert (ran.code, ran.out) == (2, "")
    assert "matches no lead" in ran.err
