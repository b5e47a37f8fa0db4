"""Records: reading, validation, lifecycle, history, merge, deletion (hubspot §9, lines 7-14, 17, 18)."""

from __future__ import annotations

import json

import pytest

from crmbridge.sandbox import Sandbox
from tests.sandbox.conftest import Http

CONTACTS = "/crm/v3/objects/contacts"
DEFAULTS = {"createdate", "email", "firstname", "hs_object_id", "lastmodifieddate", "lastname"}


def test_values_are_text_or_null_and_unknown_properties_are_left_out(http: Http) -> None:
    """HS-9.7"""
    record_id = http.contact(email="a@example.com")
    shown = http.get(f"{CONTACTS}/{record_id}?properties=phone,nonsense,hs_is_contact").json
    assert set(shown["properties"]) == {
        "phone",
        "hs_is_contact",
        "createdate",
        "lastmodifieddate",
        "hs_object_id",
    }
    assert (shown["properties"]["phone"], shown["properties"]["hs_is_contact"]) == (None, "true")
    assert shown["url"].endswith(f"/record/0-1/{record_id}")
    assert set(http.get(f"{CONTACTS}/{record_id}").json["properties"]) == DEFAULTS


@pytest.mark.parametrize("query", ["limit=101", "limit=51&propertiesWithHistory=email", "limit=0", "after=x"])
def test_pages_have_limits(http: Http, query: str) -> None:
    """HS-9.8"""
    assert http.get(f"{CONTACTS}?{query}").json["category"] == "VALIDATION_ERROR"


def test_paging_is_stable_while_records_come_and_go(http: Http) -> None:
    """HS-9.8"""
    ids = [http.contact(email=f"p{number}@example.com") for number in range(5)]
    first = http.get(f"{CONTACTS}?limit=2").json
    http("DELETE", f"{CONTACTS}/{ids[0]}")
    http("DELETE", f"{CONTACTS}/{ids[2]}")
    http.contact(email="late@example.com")
    rest = http.get(f"{CONTACTS}?limit=100&after={first['paging']['next']['after']}").json
    assert [item["id"] for item in rest["results"]] == [ids[3], ids[4], "106"]
    assert "paging" not in rest
    archived = http.get(f"{CONTACTS}?archived=true").json["results"]
    assert [(item["id"], item["archived"], "archivedAt" in item) for item in archived] == [
        (ids[0], True, True),
        (ids[2], True, True),
    ]


def test_history_is_newest_first_and_a_same_value_write_leaves_no_trace(sandbox: Sandbox, http: Http) -> None:
    """HS-9.9"""
    record_id = http.contact(email="a@example.com", city="Berlin")
    sandbox.advance(60)
    http.update(record_id, city="Wien")
    before = http.read(record_id, "lastmodifieddate")
    sandbox.advance(60)
    http.update(record_id, city="Wien")
    assert http.read(record_id, "lastmodifieddate") == before
    shown = http.get(f"{CONTACTS}/{record_id}?propertiesWithHistory=city,phone").json["propertiesWithHistory"]
    assert [(item["value"], item["sourceType"]) for item in shown["city"]] == [
        ("Wien", "INTEGRATION"),
        ("Berlin", "INTEGRATION"),
    ]
    assert shown["phone"] == []


@pytest.mark.parametrize(
    ("properties", "code"),
    [
        ({"nonsense": "x"}, "PROPERTY_DOESNT_EXIST"),
        ({"hs_object_id": "1"}, "READ_ONLY_VALUE"),
        ({"hs_lead_status": "Lukewarm"}, "INVALID_OPTION"),
        ({"associatedcompanyid": "many"}, "INVALID_INTEGER"),
        ({"closedate": "yesterday"}, "INVALID_LONG"),
        ({"email": "nobody at home"}, "INVALID_EMAIL"),
        ({"hubspot_owner_id": "77"}, "INVALID_OWNER_ID"),
    ],
)
def test_a_write_is_validated(http: Http, properties: dict[str, str], code: str) -> None:
    """HS-9.10"""
    record_id = http.contact(email="a@example.com")
    answer = http.update(record_id, **properties)
    assert (answer.status, answer.json["category"]) == (400, "VALIDATION_ERROR")
    nested = json.loads(answer.json["message"].removeprefix("Property values were not valid: "))
    assert [(item["error"], item["name"]) for item in nested] == [(code, next(iter(properties)))]
    assert answer.json["errors"][0]["code"] == code


def test_a_date_must_be_midnight(http: Http) -> None:
    """HS-9.10"""
    group = {"groupName": "contactinformation", "label": "Trial ends"}
    http.post(
        "/crm/v3/properties/contacts", {"name": "trial_end", "type": "date", "fieldType": "date", **group}
    )
    record_id = http.contact(email="a@example.com", trial_end="1767225600000")
    assert http.read(record_id, "trial_end") == {"trial_end": "2026-01-01"}
    refused = http.update(record_id, trial_end="1767225600001")
    assert refused.json["errors"][0]["code"] == "INVALID_DATE"


def test_an_owner_who_has_left_cannot_be_given_records(sandbox: Sandbox, http: Http) -> None:
    """HS-9.10"""
    owner = sandbox.act("hubspot", "add_owner", email="ann@example.com")["id"]
    record_id = http.contact(email="a@example.com", hubspot_owner_id=owner)
    sandbox.act("hubspot", "owner_leaves", id=owner)
    assert http.read(record_id, "hubspot_owner_id") == {"hubspot_owner_id": owner}
    assert http.update(http.contact(email="b@example.com"), hubspot_owner_id=owner).status == 400


def test_an_address_is_lower_cased_and_taken_only_once(http: Http) -> None:
    """HS-9.11"""
    first = http.contact(email="Ada@Example.com")
    assert http.read(first, "email") == {"email": "ada@example.com"}
    http.update(first, hs_additional_emails="second@example.com")
    for taken in ("ADA@example.com", "second@example.com"):
        answer = http.post(CONTACTS, {"properties": {"email": taken}})
        assert (answer.status, answer.json["category"]) == (409, "CONFLICT")
        assert answer.json["message"] == f"Contact already exists. Existing ID: {first}"


def test_an_empty_text_clears_and_a_semicolon_appends(http: Http) -> None:
    """HS-9.12"""
    record_id = http.contact(email="a@example.com", city="Berlin", hs_buying_role="CHAMPION")
    http.update(record_id, city="", hs_buying_role=";BLOCKER")
    assert http.read(record_id, "city", "hs_buying_role") == {
        "city": None,
        "hs_buying_role": "CHAMPION;BLOCKER",
    }


def test_a_contact_needs_something_to_be_known_by(http: Http) -> None:
    assert http.post(CONTACTS, {"properties": {"city": "Berlin"}}).status == 400


class TestLifecycle:
    """HS-9.13"""

    def test_forward_applies_and_is_stamped(self, sandbox: Sandbox, http: Http) -> None:
        record_id = http.contact(email="a@example.com", lifecyclestage="lead")
        sandbox.advance(3600)
        http.update(record_id, lifecyclestage="marketingqualifiedlead")
        names = ("lifecyclestage", "hs_v2_date_entered_lead", "hs_v2_date_exited_lead")
        shown = http.read(record_id, *names, "hs_v2_date_entered_marketingqualifiedlead")
        assert shown["lifecyclestage"] == "marketingqualifiedlead"
        assert shown["hs_v2_date_entered_marketingqualifiedlead"] == shown["hs_v2_date_exited_lead"]
        assert str(shown["hs_v2_date_entered_lead"]) < str(shown["hs_v2_date_exited_lead"])

    @pytest.mark.parametrize(
        ("mode", "status", "stage"),
        [("ignore", 200, "customer"), ("reject", 400, "customer"), ("allow", 200, "lead")],
    )
    def test_backward_does_what_the_switch_says(
        self, sandbox: Sandbox, http: Http, mode: str, status: int, stage: str
    ) -> None:
        sandbox.set_options(hubspot={"lifecycle": mode})
        record_id = http.contact(email="a@example.com", lifecyclestage="customer")
        assert http.update(record_id, lifecyclestage="lead").status == status
        assert http.read(record_id, "lifecyclestage") == {"lifecyclestage": stage}

    def test_cleared_first_any_stage_applies(self, http: Http) -> None:
        record_id = http.contact(email="a@example.com", lifecyclestage="customer")
        http.update(record_id, lifecyclestage="")
        http.update(record_id, lifecyclestage="subscriber")
        assert http.read(record_id, "lifecyclestage") == {"lifecyclestage": "subscriber"}

    def test_clear_and_set_in_one_batch_are_duplicates(self, http: Http) -> None:
        record_id = http.contact(email="a@example.com", lifecyclestage="customer")
        inputs = [{"id": record_id, "properties": {"lifecyclestage": stage}} for stage in ("", "lead")]
        assert http.post(f"{CONTACTS}/batch/update", {"inputs": inputs}).status == 400

    def test_a_portal_has_stages_of_its_own(self, sandbox: Sandbox, http: Http) -> None:
        stages = {"lead": "Lead", "134567": "Sales accepted", "customer": "Customer"}
        sandbox.act("hubspot", "set_stages", object="contacts", stages=stages)
        record_id = http.contact(email="a@example.com", lifecyclestage="134567")
        http.update(record_id, lifecyclestage="lead")
        assert http.read(record_id, "lifecyclestage") == {"lifecyclestage": "134567"}
        assert http.update(record_id, lifecyclestage="opportunity").status == 400

    def test_a_person_may_go_back(self, sandbox: Sandbox, http: Http) -> None:
        record_id = http.contact(email="a@example.com", lifecyclestage="customer")
        sandbox.act("hubspot", "edit", object="contacts", id=record_id, properties={"lifecyclestage": "lead"})
        shown = http.get(f"{CONTACTS}/{record_id}?propertiesWithHistory=lifecyclestage").json
        history = shown["propertiesWithHistory"]["lifecyclestage"]
        assert [(item["value"], item["sourceType"]) for item in history] == [
            ("lead", "CRM_UI"),
            ("customer", "INTEGRATION"),
        ]


def test_a_new_owner_is_stamped_and_the_same_owner_is_not(sandbox: Sandbox, http: Http) -> None:
    """HS-9.14"""
    owner = sandbox.act("hubspot", "add_owner", email="ann@example.com")["id"]
    record_id = http.contact(email="a@example.com")
    http.update(record_id, hubspot_owner_id=owner)
    stamped = http.read(record_id, "hubspot_owner_assigneddate")
    sandbox.advance(60)
    http.update(record_id, hubspot_owner_id=owner)
    assert http.read(record_id, "hubspot_owner_assigneddate") == stamped
    assert stamped["hubspot_owner_assigneddate"] is not None


@pytest.mark.parametrize("keeps_id", [False, True])
def test_merged_contacts_live_on_as_one(sandbox: Sandbox, http: Http, keeps_id: bool) -> None:
    """HS-9.17"""
    sandbox.set_options(hubspot={"merge_preserves_id": keeps_id})
    first, second = http.contact(email="a@example.com"), http.contact(email="b@example.com", phone="5")
    merged = http.post(f"{CONTACTS}/merge", {"primaryObjectId": first, "objectIdToMerge": second}).json["id"]
    assert (merged == first) is keeps_id
    for old in (first, second):
        assert http.get(f"{CONTACTS}/{old}").json["id"] == merged
    shown = http.read(merged, "email", "phone", "hs_additional_emails", "hs_merged_object_ids")
    absorbed = second if keeps_id else f"{first};{second}"
    assert shown == {
        "email": "a@example.com",
        "phone": "5",
        "hs_additional_emails": "b@example.com",
        "hs_merged_object_ids": absorbed,
    }
    assert http.get(f"{CONTACTS}/b@example.com?idProperty=email").json["id"] == merged
    assert [item["id"] for item in http.get(CONTACTS).json["results"]] == [merged]


def test_a_forgotten_person_is_gone(http: Http) -> None:
    """HS-9.18"""
    record_id = http.contact(email="a@example.com")
    assert http.post(f"{CONTACTS}/gdpr-delete", {"objectId": record_id}).status == 204
    assert http.get(f"{CONTACTS}/{record_id}").json["category"] == "OBJECT_NOT_FOUND"
    assert http.get(f"{CONTACTS}?archived=true").json == {"results": []}
    assert http.search().json["total"] == 0
    assert http.contact(email="a@example.com") != record_id


def test_an_archived_contact_can_be_restored(sandbox: Sandbox, http: Http) -> None:
    """HS-9.18"""
    record_id = http.contact(email="a@example.com")
    http("DELETE", f"{CONTACTS}/{record_id}")
    assert http.get(f"{CONTACTS}/{record_id}").status == 404
    assert http.get(f"{CONTACTS}/{record_id}?archived=true").status == 200
    sandbox.act("hubspot", "restore", object="contacts", id=record_id)
    assert http.get(f"{CONTACTS}/a@example.com?idProperty=email").json["id"] == record_id
