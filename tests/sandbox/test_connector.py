"""The HubSpot-Salesforce connector between the two emulated CRMs (facts: hubspot §3, §9, line 28)."""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import replace
from typing import Any

import pytest

from crmbridge.errors import ConfigError
from crmbridge.sandbox import ConnectorOptions, FieldMapping, Sandbox
from crmbridge.sandbox.connector_rules import parse, winner
from tests.sandbox.conftest import Http

RUN = 15 * 60
BASE = "/services/data/v62.0/sobjects"
PHONE = FieldMapping(hubspot="phone", lead="Phone", contact="Phone")
NAMES = (
    FieldMapping(hubspot="email", lead="Email", contact="Email"),
    FieldMapping(hubspot="lastname", lead="LastName", contact="LastName"),
    FieldMapping(hubspot="company", lead="Company"),
)


@pytest.fixture
def org(sandbox: Sandbox) -> Iterator[Http]:
    """Give a plain client of the Salesforce side, and switch the connector off afterwards."""
    ready = sandbox.ready["salesforce"]
    client = Http(ready["instance_url"], ready["session_id"])
    yield client
    client.pool.clear()
    sandbox.connect(None)


def connected(sandbox: Sandbox, *fields: FieldMapping, **settings: Any) -> None:
    sandbox.connect(ConnectorOptions(fields=(*NAMES, *fields), **settings))


def lead(org: Http, **fields: Any) -> str:
    answer = org.post(f"{BASE}/Lead", {"LastName": "Doe", "Company": "Acorn", **fields})
    assert answer.status == 201, answer.data
    return str(answer.json["id"])


def pair(sandbox: Sandbox, http: Http, org: Http, *fields: FieldMapping, **settings: Any) -> tuple[str, str]:
    """A contact and a lead that the connector knows to be one person."""
    contact = http.contact(email="a@example.com", lifecyclestage="lead")
    record = lead(org, Email="a@example.com")
    connected(sandbox, *fields, **settings)
    sandbox.advance(RUN)
    assert http.read(contact, "salesforceleadid") == {"salesforceleadid": record}
    return contact, record


def both(http: Http, org: Http, contact: str, record: str) -> tuple[str | None, str | None]:
    return http.read(contact, "phone")["phone"], org.get(f"{BASE}/Lead/{record}").json["Phone"]


def change(sandbox: Sandbox, org: Http, record: str, **fields: Any) -> None:
    sandbox.advance(60)
    assert org("PATCH", f"{BASE}/Lead/{record}", fields).status == 204


def test_what_it_prefers_from_salesforce_comes_back_for_ever(sandbox: Sandbox, http: Http, org: Http) -> None:
    """HS-9.28: an adapter that fights the connector shows up as oscillation."""
    contact, record = pair(sandbox, http, org, replace(PHONE, rule="prefer_salesforce"))
    change(sandbox, org, record, Phone="1")
    sandbox.advance(RUN)
    for _ in range(3):
        http.update(contact, phone="2")
        assert both(http, org, contact, record) == ("2", "1")
        sandbox.advance(RUN)
        assert both(http, org, contact, record) == ("1", "1")
    shown = http.get(f"/crm/v3/objects/contacts/{contact}?propertiesWithHistory=phone").json
    history = shown["propertiesWithHistory"]["phone"]
    assert [(item["value"], item["sourceType"]) for item in history[:4]] == [
        ("1", "SALESFORCE"),
        ("2", "INTEGRATION"),
        ("1", "SALESFORCE"),
        ("2", "INTEGRATION"),
    ]


def test_a_blank_in_salesforce_is_filled_when_it_is_preferred(
    sandbox: Sandbox, http: Http, org: Http
) -> None:
    """HS-9.28"""
    contact, record = pair(sandbox, http, org, replace(PHONE, rule="prefer_salesforce"))
    http.update(contact, phone="2")
    sandbox.advance(RUN)
    assert both(http, org, contact, record) == ("2", "2")


@pytest.mark.parametrize(
    ("rule", "expected"),
    [
        ("two_way", (("2", "2"), ("3", "3"))),
        ("always_hubspot", (("2", "2"), ("2", "2"))),
        ("always_salesforce", ((None, None), ("3", "3"))),
        ("never", (("2", None), ("2", "3"))),
    ],
)
def test_each_rule_copies_as_it_says(
    sandbox: Sandbox, http: Http, org: Http, rule: str, expected: Any
) -> None:
    """HS-9.28"""
    contact, record = pair(sandbox, http, org, replace(PHONE, rule=rule))
    http.update(contact, phone="2")
    sandbox.advance(RUN)
    assert both(http, org, contact, record) == expected[0]
    change(sandbox, org, record, Phone="3")
    sandbox.advance(RUN)
    assert both(http, org, contact, record) == expected[1]


@pytest.mark.parametrize("hubspot_last", [True, False])
def test_of_two_changes_the_last_wins(sandbox: Sandbox, http: Http, org: Http, hubspot_last: bool) -> None:
    """HS-9.28"""
    contact, record = pair(sandbox, http, org, replace(PHONE, rule="two_way"))
    if not hubspot_last:
        http.update(contact, phone="2")
    change(sandbox, org, record, Phone="3")
    sandbox.advance(60)
    if hubspot_last:
        http.update(contact, phone="2")
    sandbox.advance(RUN)
    assert both(http, org, contact, record) == (("2", "2") if hubspot_last else ("3", "3"))


def test_a_quiet_month_writes_nothing(sandbox: Sandbox, http: Http, org: Http) -> None:
    """HS-9.28 HS-9.29"""
    contact, _ = pair(sandbox, http, org, PHONE)
    before = (http.read(contact, "lastmodifieddate"), len(sandbox.connector_state()["writes"]))
    sandbox.advance(30 * 86_400)
    state = sandbox.connector_state()
    assert (http.read(contact, "lastmodifieddate"), len(state["writes"])) == before
    assert state["runs"] == 1 + 30 * 96


def test_leads_with_an_address_become_contacts(sandbox: Sandbox, http: Http, org: Http) -> None:
    """HS-9.28"""
    connected(sandbox)
    record = lead(org, Email="New@example.com")
    lead(org, LastName="Nobody")
    sandbox.advance(RUN)
    found = http.get("/crm/v3/objects/contacts?properties=email,lastname,salesforceleadid").json["results"]
    shown = [{name: item["properties"][name] for name in ("email", "lastname", "salesforceleadid")}
             for item in found]  # fmt: skip
    assert shown == [{"email": "new@example.com", "lastname": "Doe", "salesforceleadid": record}]


def test_contacts_beyond_subscriber_become_leads(sandbox: Sandbox, http: Http, org: Http) -> None:
    """HS-9.28"""
    connected(sandbox)
    stages = {"a": "", "b": "subscriber", "c": "lead"}
    ids = {
        name: http.contact(email=f"{name}@example.com", lifecyclestage=stage)
        for name, stage in stages.items()
    }
    sandbox.advance(RUN)
    made = {name: http.read(number, "salesforceleadid")["salesforceleadid"] for name, number in ids.items()}
    assert {name for name, record in made.items() if record} == {"c"}
    row = org.get(f"{BASE}/Lead/{made['c']}").json
    assert (row["Email"], row["LastName"]) == ("c@example.com", "[not provided]")
    writer = org.get(f"{BASE}/User/{row['LastModifiedById']}").json
    assert writer["Username"] == "connector@org.example"


def test_an_inclusion_list_limits_what_goes_to_salesforce(sandbox: Sandbox, http: Http, org: Http) -> None:
    """HS-9.28"""
    wanted = {"name": "Sync", "objectTypeId": "0-1", "processingType": "MANUAL"}
    number = http.post("/crm/v3/lists", wanted).json["list"]["listId"]
    inside, outside = (http.contact(email=f"{name}@example.com", lifecyclestage="lead") for name in "ab")
    http("PUT", f"/crm/v3/lists/{number}/memberships/add", [inside])
    connected(sandbox, inclusion_list=number)
    sandbox.advance(RUN)
    assert http.read(inside, "salesforceleadid")["salesforceleadid"]
    assert http.read(outside, "salesforceleadid") == {"salesforceleadid": None}


def test_owners_are_translated_by_their_addresses(sandbox: Sandbox, http: Http, org: Http) -> None:
    """HS-9.28"""
    owner = FieldMapping(hubspot="hubspot_owner_id", lead="OwnerId", contact="OwnerId", rule="two_way")
    theirs = sandbox.act("hubspot", "add_owner", email="admin@org.example")["id"]
    contact, record = pair(sandbox, http, org, owner)
    http.update(contact, hubspot_owner_id=theirs)
    sandbox.advance(RUN)
    owned = org.get(f"{BASE}/Lead/{record}").json["OwnerId"]
    assert org.get(f"{BASE}/User/{owned}").json["Email"] == "admin@org.example"


def test_a_converted_lead_lives_on_as_its_contact(sandbox: Sandbox, http: Http, org: Http) -> None:
    """HS-9.28"""
    contact, record = pair(sandbox, http, org, PHONE)
    done = sandbox.act("salesforce", "convert", lead_id=record)
    sandbox.advance(RUN)
    names = ("salesforcecontactid", "salesforceaccountid")
    assert http.read(contact, *names) == dict(
        zip(names, (done["contact_id"], done["account_id"]), strict=True)
    )
    org("PATCH", f"{BASE}/Contact/{done['contact_id']}", {"Phone": "9"})
    sandbox.advance(RUN)
    assert http.read(contact, "phone") == {"phone": "9"}


def test_opportunities_move_the_stage_forward_only(sandbox: Sandbox, http: Http, org: Http) -> None:
    """HS-9.28"""
    contact, record = pair(sandbox, http, org, stages_by_opportunity=True)
    done = sandbox.act("salesforce", "convert", lead_id=record, opportunity_name="Deal")
    sandbox.advance(2 * RUN)
    assert http.read(contact, "lifecyclestage") == {"lifecyclestage": "opportunity"}
    path = f"{BASE}/Opportunity/{done['opportunity_id']}"
    for stage, expected in (("Closed Won", "customer"), ("Prospecting", "customer")):
        assert org("PATCH", path, {"StageName": stage}).status == 204
        sandbox.advance(RUN)
        assert http.read(contact, "lifecyclestage") == {"lifecyclestage": expected}


def test_a_refused_value_is_noted_without_it(sandbox: Sandbox, http: Http, org: Http) -> None:
    """HS-9.28"""
    status = FieldMapping(hubspot="hs_lead_status", lead="Title", rule="always_salesforce")
    contact, record = pair(sandbox, http, org, status)
    change(sandbox, org, record, Title="Chief Secret Officer")
    sandbox.advance(RUN)
    refusals = sandbox.connector_state()["refusals"]
    assert [(item["id"], item["reason"]) for item in refusals] == [
        (contact, "hs_lead_status: INVALID_OPTION")
    ]


def test_a_deleted_lead_is_let_go(sandbox: Sandbox, http: Http, org: Http) -> None:
    _, record = pair(sandbox, http, org, PHONE)
    assert org("DELETE", f"{BASE}/Lead/{record}").status == 204
    sandbox.advance(RUN)
    assert sandbox.connector_state()["refusals"] == []


def test_it_is_switched_by_the_control_api(sandbox: Sandbox, http: Http, org: Http, control: Http) -> None:
    """HS-9.28"""
    settings = {"every_minutes": 1, "fields": [{"hubspot": "email", "lead": "Email"}]}
    assert control.post("/connector", settings).json["on"] is True
    http.contact(email="a@example.com", lifecyclestage="lead")
    assert control.post("/clock", {"advance_seconds": 60}).status == 200
    state = control.get("/connector").json
    assert (state["runs"], [item["object"] for item in state["writes"]]) == (1, ["Lead"])
    assert control.post("/connector", {"on": False}).json["on"] is False
    control.post("/clock", {"advance_seconds": 600})
    assert control.get("/connector").json["runs"] == 1


def test_it_can_be_there_from_the_start() -> None:
    with Sandbox(connector=ConnectorOptions(every_minutes=5)) as sandbox:
        sandbox.advance(600)
        assert sandbox.connector_state()["runs"] == 2
        sandbox.reset()
        sandbox.advance(300)
        assert sandbox.connector_state()["runs"] == 1


def test_settings_are_checked_all_at_once() -> None:
    wrong = {"nonsense": 1, "every_minutes": 0, "creates": "Person", "inclusion_list": 7,
             "fields": [{"rule": "loudest"}, "x", {"hubspot": "phone", "lead": 1}]}  # fmt: skip
    with pytest.raises(ConfigError) as caught:
        parse(wrong)
    assert {item.key for item in caught.value.problems} == {
        "nonsense", "every_minutes", "creates", "inclusion_list", "fields[0].hubspot", "fields[0].rule",
        "fields[1]", "fields[2].lead",
    }  # fmt: skip


@pytest.mark.parametrize(
    ("known", "expected"),
    [(None, "hubspot"), (("1", "2"), ""), (("0", "2"), "hubspot"), (("1", "0"), "salesforce")],
)
def test_two_way_looks_at_what_changed(known: tuple[str, str] | None, expected: str) -> None:
    """HS-9.28"""
    assert winner("two_way", "1", "2", known, newer=True) == expected
