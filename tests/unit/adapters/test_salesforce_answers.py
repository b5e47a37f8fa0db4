"""Odd answers of an org, as the adapter meets them on the wire."""

from __future__ import annotations

import json
from collections.abc import Callable, Iterator
from collections.abc import Mapping as MappingType
from typing import Any
from urllib.parse import unquote

import pytest
import requests
import responses

from crmbridge.adapters.retry import NotCarriedOut, RetryPolicy
from crmbridge.adapters.salesforce import Salesforce
from crmbridge.adapters.salesforce.tables import DESCRIBED, SOURCES
from crmbridge.adapters.tokens import Grant, OAuthTokens
from crmbridge.errors import AuthFailed, ConfigError, Forbidden, QuotaExhausted, Unavailable
from crmbridge.mapping import Mapping
from crmbridge.model import Outcome, OutcomeState, Value, Write
from crmbridge.ports import NewField, Page

URL = "https://acme.my.salesforce.com"
BASE = f"{URL}/services/data/v62.0"
ORG = "00DAA00000000012AA"
LEADS = ("00QAA00000000012AA", "00QAA00000000022AA", "00QAA00000000032AA")
STAMP = "2026-05-01T07:25:37.000+0000"

Sub = dict[str, Any]
Part = tuple[int, Any]


def columns(name: str) -> set[str]:
    found = Mapping.default().object("salesforce", name)
    mapped = {*found.names, *(f.code for f in found.fields if f.code)} if found else set()
    return {*SOURCES.get(name, SOURCES["User"]).fields, *mapped} - {"CurrencyIsoCode", "CountryCode"}


def describe(name: str) -> dict[str, Any]:
    fields = [{"name": column, "label": column, "type": "string"} for column in sorted(columns(name))]
    return {"queryable": True, "createable": True, "updateable": True, "deletable": False, "fields": fields}


class Org:
    """Answers composites part by part; everything else is registered test by test."""

    def __init__(self) -> None:
        self.rows: dict[str, list[Part]] = {}
        self.parts: list[Part] = []
        self.asked: list[Sub] = []

    def answer(self, request: requests.PreparedRequest) -> tuple[int, MappingType[str, str], str]:
        subs: list[Sub] = json.loads(request.body or "{}")["compositeRequest"]
        self.asked.extend(subs)
        found = [self._part(sub) for sub in subs]
        body = [
            {"body": content, "httpHeaders": {}, "httpStatusCode": status, "referenceId": sub["referenceId"]}
            for sub, (status, content) in zip(subs, found, strict=True)
        ]
        return 200, {"Date": "Fri, 01 May 2026 12:00:00 GMT"}, json.dumps({"compositeResponse": body})

    def _part(self, sub: Sub) -> Part:
        path = unquote(sub["url"]).removeprefix("/services/data/v62.0/")
        if path.endswith("/describe"):
            name = path.split("/")[1]
            return 200, describe(name)
        if sub["method"] != "GET":
            return self.parts.pop(0)
        name = path.rpartition(" FROM ")[2].split()[0]
        if path.endswith("LIMIT 200"):
            return 200, {"totalSize": 1, "done": True, "records": [lead(0)]}
        given = self.rows.get(name, [])
        return given.pop(0) if given else (200, {"totalSize": 0, "done": True, "records": []})

    def queries(self, name: str) -> list[str]:
        texts = [unquote(sub["url"]) for sub in self.asked]
        return [text for text in texts if f" FROM {name}" in text]


@pytest.fixture
def wire() -> Iterator[responses.RequestsMock]:
    with responses.RequestsMock() as mock:
        yield mock


@pytest.fixture
def org(wire: responses.RequestsMock) -> Org:
    made = Org()
    made.rows["Organization"] = [(200, {"done": True, "records": [{"Id": ORG[:15]}]})]
    made.rows["CurrencyType"] = [(400, [{"errorCode": "INVALID_TYPE", "message": "sObject type"}])]
    wire.add_callback("POST", f"{BASE}/composite", callback=made.answer)
    return made


@pytest.fixture
def waits() -> list[float]:
    return []


@pytest.fixture
def crm(waits: list[float]) -> Salesforce:
    return connect(waits)


def connect(waits: list[float], **settings: Any) -> Salesforce:
    policy = RetryPolicy(sleep=waits.append, jitter=lambda: 1.0)
    options: dict[str, Any] = {"instance_url": URL, "session_id": "token-1", "policy": policy} | settings
    return Salesforce(Mapping.default(), **options)


def write(number: int, if_version: str | None = None, **values: Value) -> Write:
    return Write(
        lead_id=f"l{number}",
        crm="salesforce",
        object="Lead",
        id=LEADS[number],
        values=values or {"score": 50.0},
        if_version=if_version,
    )


def collection(*items: MappingType[str, Any]) -> list[dict[str, Any]]:
    return [{"errors": [], "success": True} | dict(item) for item in items]


def failed(code: str) -> dict[str, Any]:
    return {"success": False, "errors": [{"statusCode": code, "message": "x@example.com", "fields": []}]}


def no_versions(_object: str, _ids: Any) -> dict[str, str]:
    return {}


# sign-in ---------------------------------------------------------------------------------------------


def test_a_new_token_is_fetched_once_and_the_request_keeps_its_headers_and_body(
    wire: responses.RequestsMock, org: Org, waits: list[float]
) -> None:
    given = iter([Grant("old"), Grant("new")])
    crm = connect(waits, session_id=OAuthTokens(lambda: next(given)))
    crm.identity()
    wire.add("PATCH", f"{BASE}/composite/sobjects", status=401, json=[{"errorCode": "INVALID_SESSION_ID"}])
    wire.add("PATCH", f"{BASE}/composite/sobjects", json=collection({"id": LEADS[0]}))
    (outcome,) = crm.write([write(0)])
    assert outcome.state is OutcomeState.WRITTEN
    first, second = (call.request for call in wire.calls[-2:])
    assert second.headers["Authorization"] == "Bearer new"
    assert second.headers["Sforce-Auto-Assign"] == "FALSE"
    assert second.body == first.body
    assert crm.calls == 3


def test_a_token_that_stays_refused_ends_after_one_repetition(
    wire: responses.RequestsMock, waits: list[float]
) -> None:
    given = iter([Grant("old"), Grant("new"), Grant("newer")])
    wire.add("POST", f"{BASE}/composite", status=401, json=[{"errorCode": "INVALID_SESSION_ID"}])
    with pytest.raises(AuthFailed):
        connect(waits, session_id=OAuthTokens(lambda: next(given))).identity()
    assert len(wire.calls) == 2


def test_no_way_to_sign_in_is_said_before_any_call(waits: list[float]) -> None:
    with pytest.raises(ConfigError, match="no way to sign in"):
        connect(waits, session_id=None, client_id="app")


def test_client_credentials_are_sent_as_basic_to_the_instance(
    wire: responses.RequestsMock, org: Org, waits: list[float]
) -> None:
    wire.add("POST", f"{URL}/services/oauth2/token", json={"access_token": "t", "instance_url": URL})
    crm = connect(waits, session_id=None, client_id="app", client_secret="secret")
    assert crm.identity().account_id == ORG
    assert wire.calls[0].request.headers["Authorization"].startswith("Basic ")
    assert "secret" not in str(wire.calls[0].request.body)


def test_a_write_that_finds_no_token_was_not_carried_out(
    wire: responses.RequestsMock, org: Org, waits: list[float]
) -> None:
    wire.add("POST", f"{URL}/services/oauth2/token", json={"access_token": "t"})
    wire.add("POST", f"{URL}/services/oauth2/token", status=503, body="<html>")
    wire.add("PATCH", f"{BASE}/composite/sobjects", status=401, json=[{"errorCode": "INVALID_SESSION_ID"}])
    crm = connect(waits, session_id=None, client_id="app", client_secret="secret")
    crm.identity()
    with pytest.raises(NotCarriedOut):
        crm.write([write(0)])


def test_a_refused_sign_in_names_its_code_and_nobody(
    wire: responses.RequestsMock, waits: list[float]
) -> None:
    answer = {"error": "invalid_grant", "error_description": "ann@example.com is frozen"}
    wire.add("POST", f"{URL}/services/oauth2/token", status=400, json=answer)
    crm = connect(waits, session_id=None, client_id="app", client_secret="secret")
    with pytest.raises(AuthFailed, match="invalid_grant") as caught:
        crm.identity()
    assert "ann@example.com" not in str(caught.value)


# reading ---------------------------------------------------------------------------------------------


def test_an_html_page_of_the_edge_is_waited_out_when_reading(
    wire: responses.RequestsMock, waits: list[float]
) -> None:
    wire.add("POST", f"{BASE}/composite", status=503, body="<html>Maintenance</html>")
    with pytest.raises(Unavailable) as caught:
        connect(waits).identity()
    assert "html" not in str(caught.value)
    assert len(wire.calls) == 6
    assert len(waits) == 5


def test_a_503_is_waited_out_for_as_long_as_it_asks(wire: responses.RequestsMock, waits: list[float]) -> None:
    wire.add("POST", f"{BASE}/composite", status=503, body="busy", headers={"Retry-After": "17"})
    with pytest.raises(Unavailable) as caught:
        connect(waits).identity()
    assert caught.value.retry_after_seconds == 17
    assert set(waits) == {18.0}  # as asked, and the jitter that keeps callers apart


def test_the_days_calls_being_spent_stops_at_once(wire: responses.RequestsMock, crm: Salesforce) -> None:
    spent = [{"errorCode": "REQUEST_LIMIT_EXCEEDED", "message": "TotalRequests Limit exceeded."}]
    wire.add("POST", f"{BASE}/composite", status=403, json=spent)
    with pytest.raises(QuotaExhausted):
        crm.identity()
    assert len(wire.calls) == 1


def lead(number: int, **values: Any) -> dict[str, Any]:
    return {"Id": LEADS[number], "SystemModstamp": STAMP, "IsDeleted": False} | values


def leads_of(pages: Iterator[Page]) -> list[Page]:
    return [page for page in pages if page.object == "Lead"]


def test_a_cursor_that_expired_is_replaced_by_a_query_behind_the_last_row(
    wire: responses.RequestsMock, org: Org, crm: Salesforce
) -> None:
    more = "/services/data/v62.0/query/0r8xx3R2yF2gs3VASQ-2000"
    page = {"done": False, "records": [lead(0)], "nextRecordsUrl": more}
    org.rows["Lead"] = [(200, page), (200, page)]
    wire.add("GET", URL + more, status=400, json=[{"errorCode": "INVALID_QUERY_LOCATOR", "message": ""}])
    org.rows["Lead"].append((200, {"done": True, "records": [lead(1)]}))
    pages = leads_of(crm.changes({}, no_versions))
    assert [item.ref.id for page in pages for item in page.items] == [LEADS[0], LEADS[1]]  # type: ignore[union-attr]  # records
    assert f"(SystemModstamp = 2026-05-01T07:25:37Z AND Id > '{LEADS[0]}')" in org.queries("Lead")[-1]


def test_a_next_page_on_another_host_is_never_asked_for(org: Org, crm: Salesforce) -> None:
    page = {"done": False, "records": [lead(0)], "nextRecordsUrl": "@evil.example/x"}
    org.rows["Lead"] = [(200, page), (200, page)]
    with pytest.raises(Unavailable):
        leads_of(crm.changes({}, no_versions))


def test_a_run_begins_a_little_before_the_last_one_ended(org: Org, crm: Salesforce) -> None:
    org.rows["Lead"] = [(200, {"totalSize": 1, "done": True, "records": [lead(0)]})]
    (page,) = leads_of(crm.changes({}, no_versions))
    assert page.watermark is not None
    org.asked.clear()
    (again,) = leads_of(crm.changes({"Lead": page.watermark}, no_versions))
    since = org.queries("Lead")[0].partition("SystemModstamp >= ")[2][:20]
    assert "2026-05-01T07:23:00Z" <= since <= "2026-05-01T07:23:37Z"
    assert again.watermark == page.watermark


def test_rows_whose_version_is_known_are_counted_and_not_given(org: Org, crm: Salesforce) -> None:
    org.rows["Lead"] = [(200, {"done": True, "records": [lead(0), lead(1)]})]
    (page,) = leads_of(crm.changes({}, lambda _object, _ids: {LEADS[0]: STAMP}))
    assert page.rows_count == 2
    assert [item.ref.id for item in page.items] == [LEADS[1]]  # type: ignore[union-attr]  # records


def test_a_field_that_vanished_is_named(org: Org, crm: Salesforce) -> None:
    message = "No such column 'crmbridge_Score__c' on entity 'Lead'."
    org.rows["Lead"] = [(400, [{"errorCode": "INVALID_FIELD", "message": message}])]
    with pytest.raises(Forbidden, match="crmbridge_Score__c"):
        leads_of(crm.changes({}, no_versions))


def test_the_people_of_an_opportunity_are_read_again_when_a_role_changed(org: Org, crm: Salesforce) -> None:
    opportunity = {"Id": "006AA0000000001YAA", "SystemModstamp": STAMP, "IsDeleted": False}
    roles = {"done": True, "records": [{"ContactId": "003AA0000000001YAA", "IsDeleted": False}]}
    role = {"Id": "00KAA00000000012AA", "SystemModstamp": STAMP, "OpportunityId": opportunity["Id"]}
    org.rows["OpportunityContactRole"] = [(200, {"done": True, "records": [role]})]
    org.rows["Opportunity"] = [
        (200, {"done": True, "records": []}),
        (200, {"done": True, "records": [opportunity | {"OpportunityContactRoles": roles}]}),
    ]
    marks = dict.fromkeys(("Opportunity", "OpportunityContactRole"), "2026-05-01T00:00:00Z")
    pages = [page for page in crm.changes(marks, no_versions) if page.object.startswith("Opportunity")]
    (item,) = [item for page in pages for item in page.items]
    assert [person.id for person in item.people] == ["003AA0000000001YAA"]  # type: ignore[union-attr]  # an opportunity
    assert pages[-1].object == "OpportunityContactRole"
    assert pages[-1].watermark is not None


def test_ids_of_another_form_never_reach_an_address(crm: Salesforce) -> None:
    assert crm.read("Lead", ["../User/005", "https://evil.example"]) == {}
    (outcome,) = crm.write(
        [Write(lead_id="l", crm="salesforce", object="Lead", id="../x", values={"score": 1.0})]
    )
    assert outcome == Outcome(key="../x", state=OutcomeState.FAILED, error="MALFORMED_ID")


# writing ---------------------------------------------------------------------------------------------


def test_each_record_of_a_collection_has_its_own_outcome(
    wire: responses.RequestsMock, org: Org, crm: Salesforce
) -> None:
    answer = collection({"id": LEADS[0]}, failed("STRING_TOO_LONG"), failed("CANNOT_UPDATE_CONVERTED_LEAD"))
    wire.add("PATCH", f"{BASE}/composite/sobjects", json=answer)
    outcomes = crm.write([write(0), write(1), write(2)])
    assert [(outcome.key, outcome.state.value, outcome.error) for outcome in outcomes] == [
        (LEADS[0], "written", None),
        (LEADS[1], "failed", "STRING_TOO_LONG"),
        (LEADS[2], "moved", "CANNOT_UPDATE_CONVERTED_LEAD"),
    ]
    sent = json.loads(wire.calls[-1].request.body or "{}")
    assert sent["allOrNone"] is False
    assert all(next(iter(record)) == "attributes" for record in sent["records"])


def test_locked_records_alone_are_sent_again_a_few_times(
    wire: responses.RequestsMock, org: Org, crm: Salesforce, waits: list[float]
) -> None:
    locked = failed("UNABLE_TO_LOCK_ROW")
    wire.add("PATCH", f"{BASE}/composite/sobjects", json=collection({"id": LEADS[0]}, locked))
    wire.add("PATCH", f"{BASE}/composite/sobjects", json=collection(locked))
    wire.add("PATCH", f"{BASE}/composite/sobjects", json=collection({"id": LEADS[1]}))
    assert [outcome.state for outcome in crm.write([write(0), write(1)])] == [OutcomeState.WRITTEN] * 2
    sizes = [len(json.loads(call.request.body or "{}").get("records", ())) for call in wire.calls[1:]]
    assert sizes == [2, 1, 1]
    assert waits == [1.0, 2.0]


def test_a_record_that_stays_locked_fails(wire: responses.RequestsMock, org: Org, crm: Salesforce) -> None:
    wire.add("PATCH", f"{BASE}/composite/sobjects", json=collection(failed("UNABLE_TO_LOCK_ROW")))
    (outcome,) = crm.write([write(0)])
    assert (outcome.state, outcome.error) == (OutcomeState.FAILED, "UNABLE_TO_LOCK_ROW")
    assert len(wire.calls) == 1 + 4


@pytest.mark.parametrize(
    "lost",
    [
        lambda wire: wire.add("PATCH", f"{BASE}/composite/sobjects", body=requests.ConnectionError("reset")),
        lambda wire: wire.add("PATCH", f"{BASE}/composite/sobjects", body=requests.ReadTimeout()),
        lambda wire: wire.add("PATCH", f"{BASE}/composite/sobjects", status=503, body="<html>"),
        lambda wire: wire.add("PATCH", f"{BASE}/composite/sobjects", body="<html>all is well</html>"),
        lambda wire: wire.add("PATCH", f"{BASE}/composite/sobjects", json=collection({"id": LEADS[0]})),
    ],
    ids=["reset", "timeout", "down", "no json", "too few answers"],
)
def test_a_write_without_a_clear_answer_is_in_doubt_and_is_not_sent_again(
    wire: responses.RequestsMock, org: Org, crm: Salesforce, lost: Callable[[responses.RequestsMock], None]
) -> None:
    lost(wire)
    outcomes = crm.write([write(0), write(1)])
    assert {outcome.state for outcome in outcomes} == {OutcomeState.AMBIGUOUS}
    assert len(wire.calls) == 2


def test_compare_and_set_sends_the_version_and_the_headers_with_every_part(org: Org, crm: Salesforce) -> None:
    crm.identity()
    org.asked.clear()
    org.parts = [(204, None), (412, None), (500, [{"errorCode": "UNKNOWN_EXCEPTION", "message": ""}])]
    outcomes = crm.write([write(number, if_version=STAMP) for number in range(3)])
    assert [outcome.state.value for outcome in outcomes] == ["written", "moved", "ambiguous"]
    assert {sub["method"] for sub in org.asked} == {"PATCH"}
    assert org.asked[0]["url"] == f"/services/data/v62.0/sobjects/Lead/{LEADS[0]}"
    for sub in org.asked:
        assert sub["httpHeaders"]["If-Unmodified-Since"] == "Fri, 01 May 2026 07:25:37 GMT"
        assert sub["httpHeaders"]["Sforce-Auto-Assign"] == "FALSE"


def test_a_creation_is_an_upsert_on_our_id_and_no_alert_of_duplicates_is_overruled(
    wire: responses.RequestsMock, org: Org, crm: Salesforce
) -> None:
    answer = collection({"id": LEADS[0], "created": True})
    wire.add("PATCH", f"{BASE}/composite/sobjects/Lead/crmbridge_Lead_Id__c", json=answer)
    new = Write(lead_id="l9", crm="salesforce", object="Lead", id=None, values={"last_name": "Doe"})
    assert crm.write([new]) == [Outcome(key="l9", state=OutcomeState.WRITTEN, id=LEADS[0])]
    request = wire.calls[-1].request
    assert json.loads(request.body or "{}")["records"] == [
        {"attributes": {"type": "Lead"}, "LastName": "Doe", "crmbridge_Lead_Id__c": "l9"}
    ]
    assert request.headers["Sforce-Duplicate-Rule-Header"].startswith("allowSave=false")


def test_a_value_without_a_mapping_fails_its_record_alone(
    wire: responses.RequestsMock, org: Org, crm: Salesforce
) -> None:
    wire.add("PATCH", f"{BASE}/composite/sobjects", json=collection({"id": LEADS[1]}))
    states = [outcome.state for outcome in crm.write([write(0, stage="no such stage"), write(1)])]
    assert states == [OutcomeState.FAILED, OutcomeState.WRITTEN]


def test_nothing_is_sent_without_values(org: Org, crm: Salesforce) -> None:
    crm.identity()
    empty = Write(lead_id="l", crm="salesforce", object="Lead", id=LEADS[0], values={})
    assert [outcome.state for outcome in crm.write([empty])] == [OutcomeState.UNCHANGED]
    assert crm.calls == 1


# custom fields ---------------------------------------------------------------------------------------


def test_fields_are_created_key_first_and_those_that_exist_are_left_alone(
    wire: responses.RequestsMock, crm: Salesforce
) -> None:
    exists = [{"errorCode": "DUPLICATE_DEVELOPER_NAME", "message": "x"}]
    wire.add("POST", f"{BASE}/tooling/sobjects/CustomField", status=201, json={"id": "00NAA0000000001"})
    wire.add("POST", f"{BASE}/tooling/sobjects/CustomField", status=400, json=exists)
    wire.add("GET", f"{BASE}/query/", json={"done": True, "records": [{"Id": "0PSAA0000000001"}]})
    wire.add("POST", f"{BASE}/composite/sobjects", json=collection({}, failed("DUPLICATE_VALUE")))
    score = NewField(object="Lead", name="S__c", label="S", kind="number", description="d")
    key = NewField(object="Lead", name="K__c", label="K", kind="text", description="d", external_id=True)
    outcomes = crm.create_fields([score, key])
    assert [(outcome.key, outcome.state.value) for outcome in outcomes] == [
        ("Lead.S__c", "unchanged"),
        ("Lead.K__c", "written"),
    ]
    granted = json.loads(wire.calls[-1].request.body or "{}")["records"]
    assert [record["Field"] for record in granted] == ["Lead.S__c", "Lead.K__c"]


def test_every_described_object_is_asked_for_in_one_call(org: Org, crm: Salesforce) -> None:
    assert set(crm.schema().objects) == set(DESCRIBED)
    assert crm.rights().missing == frozenset()
    assert "Lead.create" in (crm.rights().granted or ())
    assert crm.calls == 1
