"""Who gets a lead: the ladder rung by rung, territories by specificity, and a name for every dead end."""

from __future__ import annotations

from dataclasses import replace
from typing import Any

import pytest

from crmbridge.model import Account, Assignment, Decision, Effect, Lead, OwnerKind, RecordRef
from crmbridge.process import Process, decide
from tests.unit.process.acme import ACME, ANN, BOB, HOT, KNOWN, NOW, TRIAGE, changed, data, owned

KAY, BEA, LEA = "kay@acme.example", "bea@acme.example", "lea@acme.example"


def run(lead: Lead, process: Process = ACME, **memory: Any) -> Decision:
    return decide(lead, process, replace(KNOWN, **memory), NOW)


def chosen(lead: Lead, process: Process = ACME, **memory: Any) -> Assignment:
    assignment = run(lead, process, **memory).assignment
    assert assignment is not None
    return assignment


def account(**fields: Any) -> Account:
    return Account(ref=RecordRef("salesforce", "Account", "1"), **fields)


def to(owner: str | None, via: str, territory: str | None = None, pool: str | None = None) -> Assignment:
    return Assignment(owner=owner, pool=pool, via=via, territory=territory)


EVERYTHING = owned(
    replace(
        HOT,
        domain="bigco.example",
        account=account(customer=True),
        account_owner="acc@acme.example",
        opportunity_owner="opp@acme.example",
    ),
    BOB,
)


def test_the_ladder_is_climbed_from_the_top() -> None:
    """S45, S50: who receives is an explicit decision, and each rung gives way to the one above."""
    lead = EVERYTHING
    assert chosen(lead) == to(KAY, "named_account", "named_account.bigco.example")
    lead = replace(lead, domain="other.example")
    assert chosen(lead) == to("acc@acme.example", "customer")
    lead = replace(lead, account=account(customer=False))
    assert chosen(lead) == to("opp@acme.example", "opportunity_owner")
    lead = replace(lead, opportunity_owner=None)
    assert chosen(lead) == to("acc@acme.example", "account_owner")
    lead = replace(lead, account_owner=None)
    assert chosen(lead) == to(BOB, "existing_owner")
    lead = replace(lead, owner=None)
    assert chosen(lead) == to(None, "territory", "dach", "dach")
    lead = replace(lead, country="FR")
    assert chosen(lead) == to(TRIAGE, "triage")


def test_a_company_orders_the_ladder_itself() -> None:
    process = changed(routing={"ladder": ["territory", "existing_owner"]})
    assert chosen(EVERYTHING, process).via == "territory"
    assert chosen(replace(EVERYTHING, country="FR"), process).via == "existing_owner"


@pytest.mark.parametrize(
    "lead",
    [
        replace(HOT, domain="bigco.example"),
        replace(HOT, account=account(domain="bigco.example")),
        replace(HOT, company="big co HOLDING"),
        replace(HOT, account=account(name="Big Co Holding")),
    ],
)
def test_a_named_account_is_known_by_domain_or_name(lead: Lead) -> None:
    assert chosen(lead).owner == KAY


@pytest.mark.parametrize(
    "changes",
    [
        {"owner_active": False},
        {"owner_kind": OwnerKind.QUEUE},
        {"owner_kind": None},
        {"owner": None},
    ],
)
def test_only_a_person_who_works_here_keeps_a_lead(changes: dict[str, Any]) -> None:
    assert chosen(replace(owned(HOT, BOB), **changes)).via == "territory"


def test_keeping_owners_can_be_switched_off() -> None:
    assert chosen(owned(HOT, BOB), changed(routing={"keep_owner": False})).via == "territory"


def test_no_rung_leads_back_to_who_refused() -> None:
    refused = (ANN, BOB, KAY, "acc@acme.example", "opp@acme.example")
    assert chosen(EVERYTHING, refused_by=refused) == to(None, "territory", "dach", "dach")
    berlin = replace(EVERYTHING, postal_code="10115")
    decision = run(berlin, refused_by=(*refused, BEA))
    assert decision.assignment == to(TRIAGE, "triage")
    assert "unrouted_refused_owner" in [reason.rule for reason in decision.reasons]


@pytest.mark.parametrize(
    ("changes", "name"),
    [
        ({}, "dach"),
        ({"postal_code": "12 047"}, "berlin"),
        ({"postal_code": "80331"}, "dach"),
        ({"employee_count": 1000}, "dach large"),
        ({"employee_count": 1000, "postal_code": "10115"}, "berlin"),
        ({"employee_count": 1000, "industry": "logistics"}, "dach logistics"),
        ({"industry": "Logistics"}, "dach logistics"),
        ({"country": "AT", "postal_code": "1010"}, "dach"),
        ({"country": "US", "region": "US-CA"}, "california"),
        ({"country": "NO"}, "nordics"),
    ],
)
def test_the_most_specific_territory_wins(changes: dict[str, Any], name: str) -> None:
    """S47: postal prefix before region before country; then further criteria; then precedence."""
    assert chosen(replace(HOT, **changes)).territory == name


def territories(*tables: dict[str, Any]) -> Process:
    parsed = data()
    parsed["territory"] = [{"pool": "dach", **table} for table in tables]
    return Process.parse(parsed)


def test_the_order_of_the_file_decides_nothing() -> None:
    tables = data()["territory"]
    backwards = territories(
        *reversed([{**table, "pool": table.get("pool", "dach")} for table in tables if "pool" in table])
    )
    assert chosen(HOT, backwards).territory == "dach"
    assert chosen(replace(HOT, industry="Logistics"), backwards).territory == "dach logistics"


def test_the_longer_postal_prefix_wins() -> None:
    process = territories(
        {"name": "all", "countries": ["GB"]},
        {"name": "south", "countries": ["GB"], "postal_prefixes": ["S"]},
        {"name": "sw", "countries": ["GB"], "postal_prefixes": ["sw1", "SW2"]},
    )
    lead = replace(HOT, country="GB")
    assert chosen(replace(lead, postal_code="SW1A 1AA"), process).territory == "sw"
    assert chosen(replace(lead, postal_code="s1 2ab"), process).territory == "south"
    assert chosen(replace(lead, postal_code=None), process).territory == "all"


def test_a_region_narrows_its_own_country_alone() -> None:
    process = territories({"name": "mix", "countries": ["DE", "US"], "regions": ["US-CA"]})
    assert chosen(HOT, process).territory == "mix"
    assert chosen(replace(HOT, country="US", region="US-CA"), process).territory == "mix"
    assert chosen(replace(HOT, country="US", region="US-NY"), process).via == "triage"


def test_precedence_decides_between_equally_specific_ones() -> None:
    process = territories(
        {"name": "later", "countries": ["DE"], "precedence": 20},
        {"name": "first", "countries": ["DE"], "precedence": 10},
    )
    assert chosen(HOT, process).territory == "first"


def test_a_territory_without_a_place_takes_the_rest() -> None:
    process = territories({"name": "de", "countries": ["DE"]}, {"name": "rest"})
    assert chosen(replace(HOT, country="FR"), process).territory == "rest"
    no_country = replace(HOT, country=None, unknown=("country",))
    assert chosen(no_country, process).territory == "rest"


@pytest.mark.parametrize(
    ("changes", "dead_end"),
    [
        ({"country": "FR"}, "unrouted_no_territory"),
        ({"country": "US", "region": "US-NY"}, "unrouted_no_territory"),
        ({"country": None, "unknown": ("country",)}, "unrouted_unknown_country"),
        ({"country": None}, "unrouted_no_country"),
    ],
)
def test_every_dead_end_has_a_name(changes: dict[str, Any], dead_end: str) -> None:
    """S48: without a triage point the lead is an MQL that nobody has, and that is said."""
    required = {"required": ["email"]}
    lead = replace(HOT, **changes)
    decision = run(lead, changed(qualification=required))
    assert decision.assignment == to(TRIAGE, "triage")
    assert decision.handed_off
    assert [reason.rule for reason in decision.reasons if reason.effect is Effect.ROUTE] == [
        "routing.triage",
        dead_end,
    ]
    nobody = run(lead, changed(qualification=required, routing=None))
    assert nobody.assignment == to(None, dead_end)
    assert (nobody.stage, nobody.handed_off, nobody.due_at) == ("mql", False, NOW)


def test_one_point_may_receive_everything() -> None:
    """S44."""
    process = changed(routing={"mode": "triage"})
    assert chosen(EVERYTHING, process) == to(TRIAGE, "triage")


def test_a_tele_qualification_team_may_receive_everything() -> None:
    """S46."""
    process = changed(routing={"mode": "tele_qualification"})
    assert chosen(EVERYTHING, process) == to("sdr@acme.example", "tele_qualification")


def test_reasons_name_rules_and_never_people() -> None:
    for lead in (EVERYTHING, replace(HOT, country="FR"), HOT, owned(HOT, BOB)):
        routed = [reason for reason in run(lead).reasons if reason.effect is Effect.ROUTE]
        assert routed
        assert "@" not in repr(routed)
