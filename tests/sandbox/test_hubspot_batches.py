"""Batches and upserts (facts: hubspot §9, lines 15, 16)."""

from __future__ import annotations

from typing import Any

import pytest

from crmbridge.sandbox import Sandbox
from tests.sandbox.conftest import Answer, Http

BATCH = "/crm/v3/objects/contacts/batch"


def batch(http: Http, verb: str, *inputs: dict[str, Any], **more: Any) -> Answer:
    return http.post(f"{BATCH}/{verb}", {"inputs": list(inputs), **more})


def unique_property(http: Http) -> None:
    """Make the property that our own lead id is kept in."""
    answer = http.post(
        "/crm/v3/properties/contacts",
        {
            "name": "our_id",
            "label": "Our id",
            "type": "string",
            "fieldType": "text",
            "groupName": "contactinformation",
            "hasUniqueValue": True,
        },
    )
    assert answer.status == 201


@pytest.mark.parametrize("verb", ["read", "create", "update", "upsert", "archive"])
def test_a_batch_has_at_most_100_inputs(http: Http, verb: str) -> None:
    """HS-9.15"""
    assert batch(http, verb, *({"id": str(number)} for number in range(101))).status == 400


def test_the_same_record_twice_is_refused_and_nothing_written(http: Http) -> None:
    """HS-9.15"""
    record_id = http.contact(email="a@example.com")
    once = {"id": record_id, "properties": {"city": "Berlin"}}
    answer = batch(http, "update", {**once, "objectWriteTraceId": "1"}, {**once, "objectWriteTraceId": "2"})
    assert (answer.status, answer.json["context"]) == (400, {"ids": [record_id]})
    assert answer.json["message"] == f"Duplicate IDs found in batch input: [{record_id}]. IDs must be unique"
    assert http.read(record_id, "city") == {"city": None}


def test_without_trace_ids_one_bad_value_sinks_all(http: Http) -> None:
    """HS-9.15"""
    good, bad = http.contact(email="a@example.com"), http.contact(email="b@example.com")
    answer = batch(
        http,
        "update",
        {"id": good, "properties": {"city": "Berlin"}},
        {"id": bad, "properties": {"hs_lead_status": "Lukewarm"}},
    )
    assert answer.status == 400
    assert answer.json["errors"][0]["context"] == {"propertyName": ["hs_lead_status"]}
    assert http.read(good, "city") == {"city": None}


def test_with_trace_ids_the_good_ones_are_written_and_the_bad_ones_named(http: Http) -> None:
    """HS-9.15"""
    good, bad = http.contact(email="a@example.com"), http.contact(email="b@example.com")
    answer = batch(
        http,
        "update",
        {"id": good, "objectWriteTraceId": "x", "properties": {"city": "Berlin"}},
        {"id": bad, "objectWriteTraceId": "y", "properties": {"hs_lead_status": "Lukewarm"}},
    )
    assert (answer.status, answer.json["numErrors"]) == (207, 1)
    assert answer.json["errors"][0]["context"] == {"objectWriteTraceId": ["y"]}
    assert [item["id"] for item in answer.json["results"]] == [good]
    assert http.read(good, "city") == {"city": "Berlin"}


def test_unknown_ids_are_a_207_that_names_them(http: Http) -> None:
    """HS-9.15"""
    record_id = http.contact(email="a@example.com")
    asked = [
        {"id": record_id, "properties": {"city": "Berlin"}},
        {"id": "no", "properties": {"city": "Berlin"}},
    ]
    for verb in ("update", "read"):
        answer = batch(http, verb, *asked)
        assert (answer.status, answer.json["status"], len(answer.json["results"])) == (207, "COMPLETE", 1)
        assert answer.json["errors"][0]["category"] == "OBJECT_NOT_FOUND"
        assert answer.json["errors"][0]["context"] == {"ids": ["no"]}


def test_results_come_in_no_order(http: Http) -> None:
    """HS-9.15"""
    ids = [http.contact(email=f"p{number}@example.com") for number in range(20)]
    answer = batch(http, "read", *({"id": record_id} for record_id in ids))
    got = [item["id"] for item in answer.json["results"]]
    assert (answer.status, sorted(got)) == (200, ids)
    assert got != ids


def test_a_conflict_in_a_create_is_named_with_trace_ids_only(http: Http) -> None:
    """HS-9.15"""
    taken = http.contact(email="a@example.com")
    inputs = [{"properties": {"email": f"{name}@example.com"}} for name in ("a", "b")]
    refused = batch(http, "create", *inputs)
    assert (refused.status, refused.json["message"]) == (409, "Contact already exists")
    traced = [{**item, "objectWriteTraceId": str(number)} for number, item in enumerate(inputs)]
    answer = batch(http, "create", *traced)
    assert answer.status == 207
    assert answer.json["errors"][0]["context"] == {"objectWriteTraceId": ["0"], "existingId": [taken]}
    assert [item["properties"]["email"] for item in answer.json["results"]] == ["b@example.com"]


def test_an_upsert_updates_or_creates_by_a_unique_property(http: Http) -> None:
    """HS-9.16"""
    unique_property(http)
    there = http.contact(email="a@example.com", our_id="L1")
    answer = batch(
        http,
        "upsert",
        {"id": "L1", "idProperty": "our_id", "properties": {"city": "Berlin"}},
        {"id": "L2", "idProperty": "our_id", "properties": {"email": "B@example.com"}},
    )
    assert answer.status == 200
    made = {item["id"]: item["new"] for item in answer.json["results"]}
    assert made == {there: False, str(int(there) + 1): True}
    assert http.read(str(int(there) + 1), "our_id", "email") == {"our_id": "L2", "email": "b@example.com"}


def test_an_upsert_needs_a_unique_property(http: Http) -> None:
    """HS-9.16"""
    answer = batch(http, "upsert", {"id": "Berlin", "idProperty": "city", "properties": {}})
    assert answer.status == 400
    assert answer.json["message"].startswith("Unable to perform update/upsert by non-unique")


@pytest.mark.parametrize(("switch", "status"), [(False, 400), (True, 207)])
def test_partial_upserts_by_address_are_a_switch(
    sandbox: Sandbox, http: Http, switch: bool, status: int
) -> None:
    """HS-9.16"""
    sandbox.set_options(hubspot={"partial_upserts_by_email": switch})
    rows = [("a@example.com", {"city": "Berlin"}), ("b@example.com", {"nonsense": "1"})]
    answer = batch(
        http,
        "upsert",
        *(
            {"id": key, "idProperty": "email", "objectWriteTraceId": key, "properties": properties}
            for key, properties in rows
        ),
    )
    assert answer.status == status


def test_a_unique_value_belongs_to_one_record(http: Http) -> None:
    unique_property(http)
    first, second = http.contact(email="a@example.com", our_id="L1"), http.contact(email="b@example.com")
    assert http.update(second, our_id="L1").json["message"].endswith(f"Existing ID: {first}")
    assert http.get("/crm/v3/objects/contacts/L1?idProperty=our_id").json["id"] == first
    assert batch(http, "read", {"id": "L1"}, idProperty="our_id").json["results"][0]["id"] == first


def test_archiving_ignores_unknown_ids(http: Http) -> None:
    record_id = http.contact(email="a@example.com")
    assert batch(http, "archive", {"id": record_id}, {"id": "999"}).status == 204
    assert http.get("/crm/v3/objects/contacts").json == {"results": []}


def test_the_audit_names_what_a_batch_changed_without_values(sandbox: Sandbox, http: Http) -> None:
    record_id = http.contact(email="a@example.com", city="Berlin")
    same = {"id": record_id, "properties": {"city": "Berlin"}}
    batch(http, "update", same)
    batch(http, "update", {"id": record_id, "properties": {"city": "Wien", "phone": "1"}})
    assert [entry["effects"] for entry in sandbox.audit()[1:]] == [
        [],
        [f"hubspot contacts {record_id} updated city,phone"],
    ]
