"""Recorded answers and our skeletons of them, reproduced in shape: same keys, types and error codes.

The recordings are at hand in the project's workshop only; they are never committed.
"""

from __future__ import annotations

import json
import re
from collections.abc import Callable, Iterator
from pathlib import Path
from typing import Any
from urllib.parse import quote, urlencode

import pytest

from tests.sandbox.salesforce import BASE, Answer, Client

PAYLOADS = Path(__file__).parents[3] / "shared" / "payloads" / "salesforce"
pytestmark = pytest.mark.skipif(not PAYLOADS.exists(), reason="the recorded payloads are not here")


def read(name: str) -> Any:
    path = PAYLOADS / name
    return json.loads(path.read_text("utf-8")) if path.exists() else {}


def exchanges() -> Iterator[Any]:
    """Give every recorded request with its answer; an answer of 500 was no answer of the API."""
    for path in sorted((PAYLOADS / "cci_bsd3").glob("http_*.json")):
        for number, one in enumerate(json.loads(path.read_text("utf-8"))):
            if one["status"] != 500:
                yield pytest.param(one, id=f"{path.stem}-{number}")


def differences(ours: Any, theirs: Any, where: str = "") -> Iterator[str]:
    """Give the places at which an answer has not the shape of another; null fits any type."""
    if theirs is None or ours is None:
        return
    if isinstance(theirs, dict) and isinstance(ours, dict):
        yield from (f"{where}.{key} is missing" for key in theirs.keys() - ours.keys())
        for key in theirs.keys() & ours.keys():
            yield from differences(ours[key], theirs[key], f"{where}.{key}")
    elif isinstance(theirs, list) and isinstance(ours, list):
        for number, (one, other) in enumerate(zip(ours, theirs, strict=False)):
            yield from differences(one, other, f"{where}[{number}]")
    elif type(ours) is not type(theirs) and {type(ours), type(theirs)} != {int, float}:
        yield f"{where} is {type(ours).__name__}, recorded {type(theirs).__name__}"


def codes(body: Any) -> list[str]:
    """Give every error code of a body, in order."""
    return re.findall(r'"(?:errorCode|statusCode)": "(\w+)"', json.dumps(body))


@pytest.fixture
def client() -> Client:
    return Client()


@pytest.mark.parametrize("exchange", list(exchanges()))
def test_a_recorded_request_gets_an_answer_of_the_recorded_shape(client: Client, exchange: Any) -> None:
    expected = exchange["response"]
    for _ in range(_accounts(exchange)):
        client.create("Account", Name="Smith Corp.")
    body = json.dumps(exchange["request"]).replace("vxx.0", "v62.0").replace("v49.0", "v62.0")
    client.world.clock.advance(-10 * 365 * 86_400)  # describes are older than the recorded If-Modified-Since
    client.app.org.schema.touch()
    path = exchange["uri"].split("/data/")[1].partition("/")[2]
    answer = client.call(exchange["method"], path, body.encode())
    assert answer.status == exchange["status"]
    assert list(differences(answer.body, expected)) == []
    assert codes(answer.body) == codes(expected)
    for ours, theirs in zip(_parts(answer.body), _parts(expected), strict=True):
        assert ours["httpStatusCode"] == theirs["httpStatusCode"]
        assert ours["httpHeaders"].keys() == theirs["httpHeaders"].keys()


def _parts(body: dict[str, Any]) -> list[dict[str, Any]]:
    parts: list[dict[str, Any]] = body.get("compositeResponse", [])
    return parts


def _accounts(exchange: Any) -> int:
    """Give the number of accounts the recorded org had."""
    sizes = re.findall(r'"totalSize": (\d+)', json.dumps(exchange["response"]))
    return int(sizes[0]) if sizes else 0


def test_an_unknown_object_is_refused_in_the_recorded_words(client: Client) -> None:
    wanted = read("cci_bsd3/http_TestCountSObjects_test_count_sobjects__errors.json")
    theirs = wanted[0]["response"]["compositeResponse"][1]["body"]
    assert client.soql("select count() from XYZZY").body == theirs


def test_the_organisation_has_the_recorded_fields(client: Client) -> None:
    theirs = read("cci_bsd3/GET_sobjects_Organization.json")
    ours = client.get(f"sobjects/Organization/{client.app.org.seeds.org_id}").body
    assert list(differences(ours, theirs)) == []


def test_fields_of_the_other_objects_are_known(client: Client) -> None:
    """Objects without a recorded describe: every field we describe exists in the published schema, if it
    is an old one, and none of the fields that integrations use is missing."""
    schema = json.dumps(read("jsforce_standard_schema_subset.json"))
    for name in ("Task", "User", "Campaign", "CampaignMember", "LeadStatus", "Group", "GroupMember"):
        for field in client.get(f"sobjects/{name}/describe").body["fields"]:
            if field["type"] in ("reference", "boolean", "date"):
                assert f'"{field["name"]}"' in schema or field["name"] in _NEWER, (name, field["name"])


#: Younger than the published schema.
_NEWER = {"CampaignMemberRecordTypeId", "IsHighPriority", "CompletedDateTime"}


def _bulk(client: Client) -> Any:
    return client.post("jobs/ingest", {"operation": "update", "object": "Lead"}).body


def _query_job(client: Client) -> Any:
    return client.post("jobs/query", {"operation": "query", "query": "SELECT Id FROM Lead"}).body


def _token(client: Client) -> Any:
    auth = client.app.org.auth
    form = {"grant_type": "client_credentials", "client_id": auth.client_id}
    sent = urlencode(form | {"client_secret": auth.client_secret}).encode()
    return client.call("POST", "/services/oauth2/token", sent).body


def _page(client: Client) -> Any:
    lead = client.lead()
    client.create("Task", WhoId=lead, Subject="Call")
    for _ in range(200):
        client.lead()
    statement = "SELECT Id, Owner.Name, (SELECT Id FROM Tasks), (SELECT Id FROM CampaignMembers) FROM Lead"
    return client.soql(statement, sforce_query_options="batchSize=200").body


def _update(client: Client) -> Any:
    record = {"attributes": {"type": "Lead"}, "id": client.lead(), "City": "Bonn"}
    return client.patch("composite/sobjects", {"records": [record]}).body


def _upsert(client: Client, times: int) -> Any:
    client.custom("Lead.E__c", label="E", type="Text", length=9, externalId=True)
    body = {"LastName": "A", "Company": "B"}
    return [client.patch("sobjects/Lead/E__c/1", body).body for _ in range(times)][-1]


def _span(client: Client) -> str:
    client.delete(f"sobjects/Lead/{client.lead()}")
    client.lead()
    client.world.clock.advance(7_200)
    return "start=2026-11-21T07:00:00%2B00:00&end=2026-11-21T10:00:00%2B00:00"


def _composite(client: Client) -> Any:
    stamp = client.get("sobjects").headers["Last-Modified"]
    read_ = {"method": "GET", "url": f"{BASE}/sobjects", "referenceId": "r0"}
    make = {"method": "POST", "url": f"{BASE}/sobjects/Account", "referenceId": "r1", "body": {"Name": "A"}}
    parts = [{**read_, "httpHeaders": {"If-Modified-Since": stamp}}, make]
    return client.post("composite", {"compositeRequest": parts}).body


def _graph(client: Client) -> Any:
    part = {"method": "GET", "url": f"{BASE}/limits", "referenceId": "r"}
    return client.post("composite/graph", {"graphs": [{"graphId": "g1", "compositeRequest": [part]}]}).body


def _batch(client: Client) -> Any:
    return client.post("composite/batch", {"batchRequests": [{"method": "GET", "url": "v62.0/limits"}]}).body


def _counted(client: Client) -> Any:
    client.create("Account", Name="A")
    return client.get("limits/recordCount?sObjects=Account").body


def _grouped(client: Client) -> Any:
    client.lead()
    return client.soql("SELECT Status, COUNT(Id) FROM Lead GROUP BY Status").body["records"][0]


#: Skeleton -> how our answer to compare with it is made.
_ANSWERS: dict[str, Callable[[Client], Any]] = {
    "token": _token,
    "versions": lambda client: client.get("/services/data").body,
    "create_201": lambda client: client.post("sobjects/Lead", {"LastName": "A", "Company": "B"}).body,
    "upsert_201": lambda client: _upsert(client, 1),
    "upsert_200_update": lambda client: _upsert(client, 2),
    "query_page": _page,
    "count_query": lambda client: client.soql("SELECT COUNT() FROM Lead").body,
    "aggregate_row": _grouped,
    "collections_update": _update,
    "composite": _composite,
    "composite_graph": _graph,
    "composite_batch": _batch,
    "limits": lambda client: client.get("limits").body,
    "record_count": _counted,
    "get_updated": lambda client: client.get(f"sobjects/Lead/updated?{_span(client)}").body,
    "get_deleted": lambda client: client.get(f"sobjects/Lead/deleted?{_span(client)}").body,
    "bulk2_ingest_job": _bulk,
    "bulk2_query_job": _query_job,
}


@pytest.mark.parametrize("name", _ANSWERS)
def test_an_answer_has_the_shape_of_its_skeleton(client: Client, name: str) -> None:
    theirs = read("shapes/responses.json")[name]
    ours = _ANSWERS[name](client)
    if name == "query_page":  # the skeleton shows one record
        ours = {**ours, "records": ours["records"][:1]}
    assert list(differences(ours, theirs)) == []
    assert ours, "an empty answer has no shape"


def test_client_credentials_answer_more_than_other_grants(client: Client) -> None:
    assert read("shapes/responses.json")["token_extra_client_credentials"].keys() <= _token(client).keys()


def _expired(client: Client) -> Answer:
    client.token = "00D!x"
    return client.get("limits")


def _over_limit(client: Client) -> Answer:
    client.options.daily_api_requests = 0
    return client.get("limits")


def _patched(client: Client, **fields: Any) -> Answer:
    return client.patch(f"sobjects/Lead/{client.lead()}", fields)


def _deleted(client: Client) -> Answer:
    lead = client.lead()
    client.delete(f"sobjects/Lead/{lead}")
    return client.get(f"sobjects/Lead/{lead}")


def _converted(client: Client) -> Answer:
    lead = client.lead()
    client.app.act("convert", {"lead_id": lead})
    return client.patch(f"sobjects/Lead/{lead}", {"City": "Bonn"})


def _inactive(client: Client) -> Answer:
    return _patched(client, OwnerId=client.user("left", IsActive=False))


def _restricted(client: Client) -> Answer:
    return _patched(client, CleanStatus="Bogus")


def _duplicate(client: Client) -> Answer:
    client.options.duplicate_rule = "alert"
    client.lead(Email="a@b.example")
    return client.post("sobjects/Lead", {"LastName": "A", "Company": "B", "Email": "a@b.example"})


def _early(client: Client) -> Answer:
    return client.get(f"jobs/query/{_query_job(client)['id']}/results")


def _twins(client: Client) -> Answer:
    for _ in range(2):
        client.lead(Email="a@b.example")
    return client.get(f"sobjects/Lead/Email/{quote('a@b.example')}")


def _lost(client: Client) -> Answer:
    return client.patch(
        f"sobjects/Lead/{client.lead()}",
        {"City": "Bonn"},
        if_unmodified_since="Thu, 01 Jan 2015 00:00:00 GMT",
    )


def _in_collection(client: Client, record: dict[str, Any]) -> Answer:
    return client.patch("composite/sobjects/Lead/Id", {"records": [record]})


#: What the recorded errors begin with -> how ours is made; test_server.py has the web's own.
_REFUSED: dict[str, Callable[[Client], Answer]] = {
    "INVALID_SESSION_ID": _expired,
    "REQUEST_LIMIT_EXCEEDED TotalRequests": _over_limit,
    "NOT_FOUND The requested": lambda client: client.get("sobjects/Foo"),
    "NOT_FOUND Provided": lambda client: client.patch("sobjects/Lead/Namez/1", {"City": "B"}),
    "ENTITY_IS_DELETED": _deleted,
    "INVALID_TYPE": lambda client: client.soql("select count() from XYZZY"),
    "INVALID_FIELD ": lambda client: _patched(client, foo=1),
    "STRING_TOO_LONG": lambda client: _patched(client, City="x" * 41),
    "INVALID_FIELD_FOR_INSERT_UPDATE": lambda client: _patched(client, Name="A"),
    "REQUIRED_FIELD_MISSING": lambda client: client.post("sobjects/Lead", {"Company": "B"}),
    "INVALID_OR_NULL_FOR_RESTRICTED_PICKLIST": _restricted,
    "CANNOT_UPDATE_CONVERTED_LEAD": _converted,
    "INACTIVE_OWNER_OR_USER": _inactive,
    "INVALID_CROSS_REFERENCE_KEY": lambda client: client.patch(
        "composite/sobjects", {"records": [{"attributes": {"type": "Lead"}, "id": "00Q000000000000EAA"}]}
    ),
    "JSON_PARSER_ERROR": lambda client: _in_collection(client, {"Id": "x"}),
    "DUPLICATES_DETECTED": _duplicate,
    "JOB_NOT_COMPLETE": _early,
    "INVALID_QUERY_LOCATOR": lambda client: client.get("query/0r8000000000000-2000"),
    "UNSUPPORTED_API_VERSION": lambda client: client.get("/services/data/v30.0/limits"),
}


def recorded_error(begin: str) -> dict[str, Any]:
    """Give the sample whose code and message begin so."""
    code, _, text = begin.partition(" ")
    for sample in read("shapes/errors.json")["samples"]:
        entry = sample["body"][0] if isinstance(sample.get("body"), list) else {}
        entry = entry.get("errors", [entry])[0] if isinstance(entry, dict) else {}
        known = entry.get("errorCode") or entry.get("statusCode")
        if known == code and str(entry.get("message", "")).startswith(text):
            return dict(sample)
    raise AssertionError(begin)


@pytest.mark.parametrize("begin", _REFUSED)
def test_an_error_has_the_recorded_status_code_and_keys(client: Client, begin: str) -> None:
    theirs = recorded_error(begin)
    ours = _REFUSED[begin](client)
    assert ours.status == theirs["http"]
    assert codes(ours.body) == codes(theirs["body"])
    assert list(differences(ours.body, theirs["body"])) == []


def test_several_matches_and_lost_races_have_the_recorded_status(client: Client) -> None:
    several = _twins(client)
    assert several.status == 300
    assert all(url.startswith(f"{BASE}/sobjects/Lead/00Q") for url in several.body)
    assert _lost(client).status == 412
