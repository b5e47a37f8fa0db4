"""Recorded answers against ours for the same request: keys, types, statuses, error codes."""

from __future__ import annotations

import json
from collections.abc import Callable, Iterator
from pathlib import Path
from typing import Any

import pytest

from crmbridge.sandbox import Sandbox
from tests.sandbox.conftest import Answer, Http

RECORDED = Path(__file__).parents[3] / "shared" / "payloads" / "hubspot"
pytestmark = pytest.mark.skipif(not RECORDED.exists(), reason="the recorded payloads are not here")
#: Recorded of what the sandbox does not emulate.
NOT_SERVED = {"events_visited_page"}
#: Keys whose value must be the same text.
CODES = {"category", "subCategory", "code", "error", "errorType", "policyName", "status"}
CONTACTS = "/crm/v3/objects/contacts"


def recorded(name: str) -> Any:
    return json.loads((RECORDED / f"{name}.json").read_text("utf-8"))


def differences(theirs: Any, ours: Any, where: str = "") -> Iterator[str]:
    """Give recorded keys that we lack and values of another type; null fits everywhere."""
    if theirs is None or ours is None:
        return
    if type(theirs) is not type(ours):
        yield f"{where}: {type(ours).__name__} instead of {type(theirs).__name__}"
    elif isinstance(theirs, dict):
        for key, value in theirs.items():
            if key not in ours:
                yield f"{where}.{key}: missing"
            elif key in CODES and value != ours[key]:
                yield f"{where}.{key}: {ours[key]!r} instead of {value!r}"
            else:
                yield from differences(value, ours[key], f"{where}.{key}")
    elif isinstance(theirs, list) and theirs:
        if not ours:
            yield f"{where}: empty"
        else:
            yield from differences(theirs[0], ours[0], f"{where}[0]")


def batch(http: Http, verb: str, *inputs: dict[str, Any]) -> Answer:
    return http.post(f"{CONTACTS}/batch/{verb}", {"inputs": list(inputs)})


def person(name: str) -> dict[str, Any]:
    return {"properties": {"email": f"{name}@example.com", "firstname": name, "lastname": "Doe",
                           "lifecyclestage": "lead"}}  # fmt: skip


def with_trace(*inputs: dict[str, Any]) -> list[dict[str, Any]]:
    return [{**item, "objectWriteTraceId": str(number)} for number, item in enumerate(inputs)]


def create_partial(sandbox: Sandbox, http: Http) -> Answer:
    http.contact(email="taken@example.com")
    return batch(http, "create", *with_trace(person("taken"), person("free")))


def create_conflict(sandbox: Sandbox, http: Http) -> Answer:
    http.contact(email="taken@example.com")
    return batch(http, "create", person("taken"))


def update(sandbox: Sandbox, http: Http, *more: dict[str, Any]) -> Answer:
    record_id = http.contact(email="a@example.com", lifecyclestage="lead")
    return batch(http, "update", {"id": record_id, "properties": {"firstname": "M", "lastname": "B"}}, *more)


def update_partial(sandbox: Sandbox, http: Http) -> Answer:
    return update(sandbox, http, {"id": "unknownIdentifier888", "properties": {}})


WRONG = {"first000name": "x", "last000name": "y"}


def update_invalid(sandbox: Sandbox, http: Http) -> Answer:
    ids = [http.contact(email=f"p{number}@example.com") for number in range(2)]
    return batch(http, "update", *({"id": record_id, "properties": WRONG} for record_id in ids))


def limited(policy: str) -> Callable[[Sandbox, Http], Answer]:
    def call(sandbox: Sandbox, http: Http) -> Answer:
        sandbox.set_options(hubspot={"rate_limits": True, policy: 1})
        http.get(CONTACTS)
        return http.get(CONTACTS)

    return call


def not_allowed(sandbox: Sandbox, http: Http) -> Answer:
    sandbox.set_options(hubspot={"scopes": ["oauth"]})
    return http.get(CONTACTS)


def page(sandbox: Sandbox, http: Http) -> Answer:
    for number in range(2):
        http.contact(email=f"p{number}@example.com")
    return http.get(f"{CONTACTS}?limit=1&properties=email")


def associate(http: Http, *pairs: tuple[str, str], to: str = "companies", number: int = 279) -> Answer:
    spec = [{"associationCategory": "HUBSPOT_DEFINED", "associationTypeId": number}]
    inputs = [{"from": {"id": start}, "to": {"id": end}, "types": spec} for start, end in pairs]
    return http.post(f"/crm/v4/associations/contacts/{to}/batch/create", {"inputs": inputs})


def associated(sandbox: Sandbox, http: Http) -> Answer:
    company = http.post("/crm/v3/objects/companies", {"properties": {"name": "Acorn"}}).json["id"]
    return associate(http, (http.contact(email="a@example.com"), company))


def not_associated(sandbox: Sandbox, http: Http) -> Answer:
    contact = http.contact(email="a@example.com")
    answer = associate(http, ("unknown_id_123456798", contact), (contact, contact), to="contacts", number=449)
    order = sorted(answer.json["errors"], key=lambda error: "subCategory" not in error)
    return Answer(answer.status, answer.headers, json.dumps({**answer.json, "errors": order}).encode())


def lists(*, offset: int) -> Callable[[Sandbox, Http], Answer]:
    def call(sandbox: Sandbox, http: Http) -> Answer:
        where = {"filterType": "PROPERTY", "property": "email", "operation": {"operator": "IS_KNOWN"}}
        branch = {"filterBranchType": "AND", "filters": [where], "filterBranches": []}
        http.contact(email="a@example.com")
        for processing in ("DYNAMIC", "SNAPSHOT", "MANUAL"):
            wanted: dict[str, Any] = {"name": processing, "objectTypeId": "0-1", "processingType": processing}
            wanted |= {} if processing == "MANUAL" else {"filterBranch": branch}
            assert http.post("/crm/v3/lists", wanted).status == 200
        return http.post("/crm/v3/lists/search", {"offset": offset, "count": 2})

    return call


def forms(sandbox: Sandbox, http: Http) -> Answer:
    for number in range(2):
        group = {"groupType": "default_group", "richTextType": "text"}
        more = {"configuration": {"embedType": "V3", "notifyRecipients": ["1"]}, "fieldGroups": [group]}
        assert http.post("/marketing/v3/forms", {"name": f"Form {number}", **more}).status == 201
    return http.get("/marketing/forms/2026-09-beta?limit=1")


def bad_refresh(sandbox: Sandbox, http: Http) -> Answer:
    ready = sandbox.ready["hubspot"]
    form = f"client_id={ready['client_id']}&client_secret={ready['client_secret']}&refresh_token=gone"
    return http.post("/oauth/2026-03/token", f"grant_type=refresh_token&{form}".encode())


def new_group(sandbox: Sandbox, http: Http) -> Answer:
    return http.post(
        "/crm/v3/properties/contacts/groups", {"name": "ours", "label": "Ours", "displayOrder": 9}
    )


def new_properties(sandbox: Sandbox, http: Http) -> Answer:
    new_group(sandbox, http)
    item = {"name": "age__c", "label": "Age", "type": "number", "fieldType": "number", "groupName": "ours"}
    return http.post("/crm/v3/properties/contacts/batch/create", {"inputs": [item]})


#: Name of the file to the status and to the request that is recorded in it.
CASES: dict[str, tuple[int, Callable[[Sandbox, Http], Answer]]] = {
    "account_info_details": (200, lambda _, http: http.get("/account-info/v3/details")),
    "associations_v4_batch_207": (207, not_associated),
    "associations_v4_create_response": (201, associated),
    "batch_create_201_success": (201, lambda _, http: batch(http, "create", person("a"), person("b"))),
    "batch_create_207_partial": (207, create_partial),
    "batch_create_400_many_invalid": (
        400,
        lambda _, http: batch(http, "create", {"properties": WRONG}, {"properties": WRONG}),
    ),
    "batch_create_409_conflict": (409, create_conflict),
    "batch_update_200_success": (200, update),
    "batch_update_207_partial": (207, update_partial),
    "batch_update_400_duplicate_ids": (
        400,
        lambda _, http: batch(http, "update", {"id": "123456"}, {"id": "123456"}),
    ),
    "batch_update_400_many_invalid": (400, update_invalid),
    "error_403_missing_scopes": (403, not_allowed),
    "error_429_daily": (429, limited("daily_limit")),
    "error_429_ten_secondly": (429, limited("ten_second_limit")),
    "list_contacts_200": (200, page),
    "lists_search_page1": (200, lists(offset=0)),
    "lists_search_page2": (200, lists(offset=2)),
    "marketing_forms": (200, forms),
    "oauth_400_bad_refresh_token": (400, bad_refresh),
    "pipelines_contacts_lifecycle": (200, lambda _, http: http.get("/crm/v3/pipelines/contacts")),
    "pipelines_deals": (200, lambda _, http: http.get("/crm/v3/pipelines/deals")),
    "properties_batch_create_response": (201, new_properties),
    "properties_contacts_sampled": (200, lambda _, http: http.get("/crm/v3/properties/contacts")),
    "property_group_create_response": (201, new_group),
    "search_400_bad_object_type": (400, lambda _, http: http.post("/crm/v3/objects/butterflies/search")),
}


def test_every_recorded_answer_is_looked_at() -> None:
    assert {path.stem for path in RECORDED.glob("*.json")} == CASES.keys() | NOT_SERVED


@pytest.mark.parametrize("name", CASES)
def test_the_same_request_gets_the_recorded_shape(sandbox: Sandbox, http: Http, name: str) -> None:
    """HS-9.3"""
    status, call = CASES[name]
    answer = call(sandbox, http)
    assert (answer.status, list(differences(recorded(name), answer.json))) == (status, [])


@pytest.mark.parametrize("name", ["pipelines_contacts_lifecycle", "pipelines_deals"])
def test_stages_are_the_recorded_ones_in_order(http: Http, name: str) -> None:
    """HS-9.13"""
    ours = http.get(f"/crm/v3/pipelines/{name.split('_')[1]}").json["results"][0]
    theirs = recorded(name)["results"][0]
    keys = ("id", "displayOrder", "metadata", "createdAt")
    shown = [[{key: stage[key] for key in keys} for stage in part["stages"]] for part in (ours, theirs)]
    assert shown[0] == shown[1]


def test_recorded_properties_are_defined_alike(http: Http) -> None:
    """HS-9.23"""
    ours = {item["name"]: item for item in http.get("/crm/v3/properties/contacts").json["results"]}
    keys = ("type", "fieldType", "hasUniqueValue", "externalOptions", "referencedObjectType")
    theirs = [item for item in recorded("properties_contacts_sampled")["results"] if item["name"] in ours]
    different = {
        (item["name"], key): (ours[item["name"]].get(key), item.get(key))
        for item in theirs
        for key in keys
        if ours[item["name"]].get(key) != item.get(key)
    }
    assert len(theirs) >= 5
    assert different == {}
