"""Associations, activities, owners, schema, leads (facts: hubspot §9, lines 21-23)."""

from __future__ import annotations

from typing import Any

import pytest

from crmbridge.sandbox import Sandbox
from tests.sandbox.conftest import Http

PROPERTIES = "/crm/v3/properties/contacts"
NEW_PROPERTY = {
    "name": "our_score",
    "label": "Our score",
    "type": "number",
    "fieldType": "number",
    "groupName": "contactinformation",
}


def create(http: Http, object: str, *to: tuple[str, int], **properties: str) -> str:
    """Create a record associated with others."""
    links = [
        {
            "to": {"id": to_id},
            "types": [{"associationCategory": "HUBSPOT_DEFINED", "associationTypeId": number}],
        }
        for to_id, number in to
    ]
    answer = http.post(f"/crm/v3/objects/{object}", {"properties": properties, "associations": links})
    assert answer.status == 201, answer.data
    return str(answer.json["id"])


def linked(http: Http, start: str, end: str, *ids: str) -> Any:
    inputs = [{"id": record_id} for record_id in ids]
    return http.post(f"/crm/v4/associations/{start}/{end}/batch/read", {"inputs": inputs})


def test_the_first_company_is_the_primary_one(http: Http) -> None:
    """HS-9.21"""
    contact, company = http.contact(email="a@example.com"), create(http, "companies", name="Acorn")
    path = f"/crm/v4/objects/contacts/{contact}/associations/default/companies/{company}"
    assert [http("PUT", path).status for _ in range(2)] == [200, 200]
    answer = linked(http, "contacts", "companies", contact)
    assert answer.json["results"] == [
        {
            "from": {"id": contact},
            "to": [
                {
                    "toObjectId": int(company),
                    "associationTypes": [
                        {"category": "HUBSPOT_DEFINED", "typeId": 1, "label": "Primary"},
                        {"category": "HUBSPOT_DEFINED", "typeId": 279, "label": None},
                    ],
                }
            ],
        }
    ]
    assert http.read(contact, "associatedcompanyid") == {"associatedcompanyid": company}
    assert linked(http, "0-2", "0-1", company).json["results"][0]["to"][0]["toObjectId"] == int(contact)


def test_sources_without_associations_are_named(http: Http) -> None:
    """HS-9.21"""
    contact = http.contact(email="a@example.com")
    answer = linked(http, "contacts", "companies", contact)
    assert (answer.status, answer.json["numErrors"]) == (207, 1)
    assert answer.json["errors"][0]["subCategory"] == "crm.associations.NO_ASSOCIATIONS_FOUND"


def test_one_read_has_at_most_1000_sources(http: Http) -> None:
    """HS-9.21"""
    assert linked(http, "contacts", "calls", *map(str, range(1001))).status == 400


def test_each_source_has_paging_of_its_own(http: Http) -> None:
    """HS-9.21"""
    contact = http.contact(email="a@example.com")
    calls = [create(http, "calls", (contact, 194), hs_timestamp="2026-11-01") for _ in range(3)]
    one = http.get(f"/crm/v4/objects/contacts/{contact}/associations/calls?limit=2").json
    assert [item["toObjectId"] for item in one["results"]] == [int(call) for call in calls[:2]]
    after = one["paging"]["next"]["after"]
    rest = http.post(
        "/crm/v4/associations/contacts/calls/batch/read", {"inputs": [{"id": contact, "after": after}]}
    )
    assert [item["toObjectId"] for item in rest.json["results"][0]["to"]] == [int(calls[2])]


def test_a_batch_of_associations_reports_the_bad_ones(http: Http) -> None:
    contact, company = http.contact(email="a@example.com"), create(http, "companies", name="Acorn")
    inputs = [{"from": {"id": start}, "to": {"id": company}} for start in (contact, "nobody")]
    answer = http.post("/crm/v4/associations/contacts/companies/batch/associate/default", {"inputs": inputs})
    assert (answer.status, answer.json["numErrors"]) == (207, 1)
    assert answer.json["errors"][0]["subCategory"] == "crm.associations.INVALID_IDENTIFIER"
    http("DELETE", f"/crm/v4/objects/contacts/{contact}/associations/companies/{company}")
    assert linked(http, "contacts", "companies", contact).json["results"] == []


def test_an_activity_moves_the_contacts_summary_but_not_its_stamp(sandbox: Sandbox, http: Http) -> None:
    """HS-9.22"""
    assert http.post("/crm/v3/objects/calls", {"properties": {"hs_call_title": "Hello"}}).status == 400
    contact = http.contact(email="a@example.com")
    before = http.read(contact, "lastmodifieddate")
    sandbox.advance(60)
    create(http, "meetings", (contact, 200), hs_timestamp="2026-11-01T09:00:00Z", hs_meeting_title="Demo")
    create(http, "notes", (contact, 202), hs_timestamp="2026-11-02T09:00:00Z")
    assert http.read(contact, "num_notes", "notes_last_contacted", "hs_last_sales_activity_type") == {
        "num_notes": "2",
        "notes_last_contacted": "2026-11-01T09:00:00.000Z",
        "hs_last_sales_activity_type": "MEETING",
    }
    assert http.read(contact, "lastmodifieddate") == before


def test_whether_summaries_follow_is_a_switch(sandbox: Sandbox, http: Http) -> None:
    """HS-9.22"""
    sandbox.set_options(hubspot={"summaries_follow_activities": False})
    contact = http.contact(email="a@example.com")
    create(http, "calls", (contact, 194), hs_timestamp="2026-11-01T09:00:00Z")
    assert http.read(contact, "num_notes") == {"num_notes": "0"}


def test_owners_have_an_archived_partition_queues_and_teams(sandbox: Sandbox, http: Http) -> None:
    """HS-9.23"""
    sandbox.load("hubspot.owners", "email,firstName,type,archived,team\nann@example.com,Ann,,,Sales\n"
                 "queue@example.com,,QUEUE,,\ndan@example.com,Dan,,true,\n")  # fmt: skip
    active = http.get("/crm/v3/owners?limit=500").json["results"]
    assert [(item["email"], item["type"]) for item in active] == [
        ("admin@example.com", "PERSON"),
        ("ann@example.com", "PERSON"),
        ("queue@example.com", "QUEUE"),
    ]
    assert active[1]["teams"] == [{"id": "1", "name": "Sales", "primary": True}]
    gone = http.get("/crm/v3/owners/?archived=True").json["results"]
    assert [(item["email"], item["userId"]) for item in gone] == [("dan@example.com", None)]
    by_user = http.get(f"/crm/v3/owners/{active[1]['userId']}?idProperty=userId").json
    assert by_user["id"] == active[1]["id"]
    assert http.get("/crm/v3/owners?email=ANN@example.com").json["results"] == [active[1]]


def test_owners_are_paged(sandbox: Sandbox, http: Http) -> None:
    """HS-9.23"""
    rows = "\n".join(f"p{number}@example.com" for number in range(120))
    sandbox.load("hubspot.owners", f"email\n{rows}\n")
    first = http.get("/crm/v3/owners").json
    second = http.get(f"/crm/v3/owners?after={first['paging']['next']['after']}").json
    assert (len(first["results"]), len(second["results"])) == (100, 21)


def test_a_property_is_made_once(http: Http) -> None:
    """HS-9.23"""
    made = http.post(PROPERTIES, NEW_PROPERTY)
    assert (made.status, made.json["hubspotDefined"], made.json["options"]) == (201, False, [])
    again = http.post(PROPERTIES, NEW_PROPERTY)
    assert (again.status, again.json["category"]) == (409, "CONFLICT")
    assert http("PATCH", f"{PROPERTIES}/our_score", {"hasUniqueValue": True}).status == 400
    changed = http("PATCH", f"{PROPERTIES}/our_score", {"label": "Score"})
    assert (changed.json["label"], http.get(f"{PROPERTIES}/our_score").json["label"]) == ("Score", "Score")


@pytest.mark.parametrize(
    "change", [{"groupName": "nowhere"}, {"fieldType": "text"}, {"name": "Our Score"}, {"label": ""}]
)
def test_a_property_must_fit(http: Http, change: dict[str, str]) -> None:
    assert http.post(PROPERTIES, NEW_PROPERTY | change).status == 400


def test_properties_are_made_in_batches(http: Http) -> None:
    inputs = [NEW_PROPERTY, NEW_PROPERTY | {"name": "email"}]
    answer = http.post(f"{PROPERTIES}/batch/create", {"inputs": inputs})
    assert (answer.status, answer.json["errors"][0]["context"]) == (207, {"name": ["email"]})
    assert [item["name"] for item in answer.json["results"]] == ["our_score"]


def test_options_are_replaced_as_a_whole(http: Http) -> None:
    options = [{"label": "New", "value": "NEW"}, {"label": "Accepted", "value": "ACCEPTED"}]
    http("PATCH", f"{PROPERTIES}/hs_lead_status", {"options": options})
    record_id = http.contact(email="a@example.com", hs_lead_status="ACCEPTED")
    assert http.update(record_id, hs_lead_status="OPEN").status == 400


def test_the_contacts_pipeline_agrees_with_the_lifecycle_stages(http: Http) -> None:
    """HS-9.23"""
    pipeline = http.get("/crm/v3/pipelines/contacts").json["results"][0]
    options = http.get(f"{PROPERTIES}/lifecyclestage").json["options"]
    stages = [stage["id"] for stage in pipeline["stages"]]
    assert pipeline["id"] == "contacts-lifecycle-pipeline"
    assert stages == [option["value"] for option in options]
    assert stages[-1] == "other"


def test_a_lead_needs_a_contact_and_the_tier(sandbox: Sandbox, http: Http) -> None:
    """HS-9.23"""
    contact = http.contact(email="a@example.com")
    assert http.post("/crm/v3/objects/leads", {"properties": {"hs_lead_name": "Ada"}}).status == 400
    lead = create(http, "leads", (contact, 578), hs_lead_name="Ada")
    assert http.read(lead, "hs_pipeline_stage", "hs_lead_is_open", object="leads") == {
        "hs_pipeline_stage": "new-stage-id",
        "hs_lead_is_open": "true",
    }
    http.update(lead, "leads", hs_pipeline_stage="unqualified-stage-id")
    assert http.read(lead, "hs_lead_is_open", object="leads") == {"hs_lead_is_open": "false"}
    sandbox.set_options(hubspot={"leads_object": False})
    assert http.get("/crm/v3/objects/leads").json["category"] == "MISSING_SCOPES"


def test_a_deal_knows_whether_it_is_won(http: Http) -> None:
    deal = create(http, "deals", dealname="Acorn", dealstage="closedwon", amount="100")
    assert http.read(deal, "pipeline", "hs_is_closed_won", object="deals") == {
        "pipeline": "default",
        "hs_is_closed_won": "true",
    }


def test_lists_can_bring_associations_along(http: Http) -> None:
    contact, company = http.contact(email="a@example.com"), create(http, "companies", name="Acorn")
    http("PUT", f"/crm/v4/objects/contacts/{contact}/associations/default/companies/{company}")
    shown = http.get("/crm/v3/objects/contacts?associations=companies").json["results"][0]
    assert shown["associations"]["companies"]["results"] == [{"id": company, "type": "contact_to_company"}]
