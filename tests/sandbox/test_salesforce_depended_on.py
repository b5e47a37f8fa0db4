"""What unmodified clients were seen to break on: "Both" and "Salesforce" of what-clients-depend-on.md."""

from __future__ import annotations

import base64
import gzip
import hashlib
import hmac
import http.client
import json
import re
from collections.abc import Iterator
from typing import Any
from urllib.parse import quote, urlencode, urlsplit

import pytest

from crmbridge.sandbox import Sandbox
from tests.sandbox.conftest import Http
from tests.sandbox.salesforce import BASE, Client

MOMENTS = "2026-11-21T07:00:00Z", "2026-11-21T07:00:00+00:00", "2026-11-21T07:00:00+0000"


@pytest.fixture
def client() -> Client:
    return Client()


@pytest.fixture
def salesforce(sandbox: Sandbox) -> Iterator[Http]:
    ready = sandbox.ready["salesforce"]
    made = Http(ready["instance_url"], ready["session_id"])
    yield made
    made.pool.clear()


# Both


def test_every_url_of_an_answer_names_the_host_of_the_request(client: Client) -> None:
    through = {"host": "proxy.example:9"}
    auth = client.app.org.auth
    form = {"grant_type": "client_credentials", "client_id": auth.client_id}
    form["client_secret"] = auth.client_secret
    token = client.call("POST", "/services/oauth2/token", urlencode(form).encode(), **through).body
    assert token["instance_url"] == "http://proxy.example:9"
    assert token["id"].startswith("http://proxy.example:9/id/")
    info = client.get("/services/oauth2/userinfo", **through).body
    identity = client.get(urlsplit(token["id"]).path, **through).body
    for document in (info, identity):
        shown = re.findall(r"https?://[^/\"]+", json.dumps(document))
        assert set(shown) == {"http://proxy.example:9"}
    for path in ("", "sobjects/Lead/describe"):
        assert "sf.example" not in json.dumps(client.get(path, **through).body)


def test_bodies_may_be_chunked_or_packed_and_answers_are_packed_when_asked_for(
    sandbox: Sandbox,
) -> None:
    ready = sandbox.ready["salesforce"]
    connection = http.client.HTTPConnection(urlsplit(ready["instance_url"]).netloc, timeout=5)
    headers = {"Authorization": f"Bearer {ready['session_id']}", "Content-Type": "application/json"}
    lead = json.dumps({"LastName": "Ash", "Company": "Ä"}).encode()
    parts = iter([lead[:9], lead[9:]])
    connection.request("POST", f"{BASE}/sobjects/Lead/", parts, headers, encode_chunked=True)
    made = connection.getresponse()
    assert (made.status, json.loads(made.read())["success"]) == (201, True)
    packed = {**headers, "Content-Encoding": "gzip"}
    connection.request("POST", f"{BASE}/sobjects/Lead", gzip.compress(lead), packed)
    second = connection.getresponse()
    assert (second.status, bool(second.read())) == (201, True)
    asked = {**headers, "Accept-Encoding": "gzip, deflate"}
    connection.request("GET", f"{BASE}/sobjects/Lead/describe/", headers=asked)
    described = connection.getresponse()
    assert described.headers["Content-Encoding"] == "gzip"
    assert json.loads(gzip.decompress(described.read()))["name"] == "Lead"
    connection.close()


def test_head_gives_the_headers_of_get_and_no_body(sandbox: Sandbox, salesforce: Http) -> None:
    lead = salesforce.post(f"{BASE}/sobjects/Lead", {"LastName": "Ash", "Company": "A"}).json["id"]
    for path in (f"sobjects/Lead/{lead}", "sobjects", "limits/"):
        head = salesforce("HEAD", f"{BASE}/{path}")
        got = salesforce.get(f"{BASE}/{path}")
        assert (head.status, head.data) == (200, b"")
        assert head.headers.get("Last-Modified") == got.headers.get("Last-Modified")
        assert head.headers["Content-Length"] == str(len(got.data))
    assert salesforce("HEAD", f"{BASE}/sobjects/Lead/00Q000000000000EAA").status == 404


def test_values_in_paths_are_percent_encoded(client: Client) -> None:
    client.custom("Lead.Ext__c", label="Ext", type="Text", length=40, externalId=True, unique=True)
    key = "a/b c+ü%&?"
    made = client.patch(f"sobjects/Lead/Ext__c/{quote(key, safe='')}", {"LastName": "A", "Company": "B"})
    assert made.status == 201
    assert client.get(f"sobjects/Lead/Ext__c/{quote(key, safe='')}").body["Ext__c"] == key


# Salesforce


@pytest.mark.parametrize("number", [31, 45, 52, 59, 66])
def test_every_version_in_use_answers(client: Client, number: int) -> None:
    version = f"/services/data/v{number}.0"
    root = client.get(version).body
    assert root["sobjects"] == f"{version}/sobjects"
    assert root["identity"].startswith("http://sf.example:1/id/00D")
    assert {"query", "queryAll", "search", "limits", "composite", "jobs"} <= root.keys()


def test_tokens_have_the_shape_that_clients_check(client: Client) -> None:
    auth = client.app.org.auth
    client_id, secret = auth.client_id, auth.client_secret
    refresh = {"grant_type": "refresh_token", "refresh_token": auth.refresh_token}
    for form in ({"grant_type": "client_credentials"}, refresh):
        sent = {**form, "client_id": client_id, "client_secret": secret}
        token = client.call("POST", "/services/oauth2/token", urlencode(sent).encode()).body
        assert re.fullmatch(r"00D\w{12,15}![\w.]+", token["access_token"])
        signed = (token["id"] + token["issued_at"]).encode()
        expected = base64.b64encode(hmac.new(secret.encode(), signed, hashlib.sha256).digest()).decode()
        assert token["signature"] == expected
        client.token = token["access_token"]
        assert client.get("/services/oauth2/userinfo").status == 200
    assert re.fullmatch(r"00D\w{12,15}![\w.]+", auth.first_token)


def test_every_data_answer_tells_the_usage(client: Client) -> None:
    for path in ("limits", "query?q=SELECT Id FROM Lead", "sobjects", "query?q=nonsense", "sobjects/Foo"):
        assert re.fullmatch(r"api-usage=\d+/100000", client.get(path).headers["Sforce-Limit-Info"])
    limits = client.get("limits").body
    for name in ("DailyApiRequests", "DailyBulkApiBatches"):
        assert limits[name].keys() == {"Max", "Remaining"}
    client.lead()
    counts = client.get("limits/recordCount/?sObjects=Lead").body
    assert counts == {"sObjects": [{"count": 1, "name": "Lead"}]}


def test_users_and_the_organisation_can_be_read(client: Client) -> None:
    user = client.get("/services/oauth2/userinfo").body["user_id"]
    assert client.get(f"sobjects/User/{user}").body["Username"] == "integration@org.example"
    found = client.records("SELECT Id, Name, OrganizationType, IsSandbox, InstanceName FROM Organization")
    assert len(found) == 1
    identity = client.get(f"/id/{found[0]['Id']}/{user}").body
    assert identity["username"] == "integration@org.example"
    assert {"user_id", "organization_id", "display_name", "email", "urls", "user_type"} <= identity.keys()
    assert client.get(f"/id/00D000000000000EAA/{user}").status == 404


#: Statement -> names and Apex types of its columns.
COLUMNS: dict[str, list[tuple[str, str | None]]] = {
    "SELECT Id, Name, CreatedDate, IsConverted FROM Lead": [
        ("Id", "Id"),
        ("Name", "String"),
        ("CreatedDate", "Datetime"),
        ("IsConverted", "Boolean"),
    ],
    "SELECT NumberOfEmployees, AnnualRevenue, ConvertedDate, OwnerId FROM Lead": [
        ("NumberOfEmployees", "Integer"),
        ("AnnualRevenue", "Double"),
        ("ConvertedDate", "Date"),
        ("OwnerId", "Id"),
    ],
    "SELECT Status, COUNT(Id) n FROM Lead GROUP BY Status": [("Status", "String"), ("n", "Double")],
    "SELECT Owner.Name, (SELECT Id, Subject FROM Tasks) FROM Lead": [("Owner", None), ("Tasks", None)],
}


@pytest.mark.parametrize("statement", COLUMNS)
def test_columns_of_a_query_can_be_asked_for(client: Client, statement: str) -> None:
    body = client.get(f"query?q={quote(statement)}&columns=true").body
    assert [(one["columnName"], one["apexType"]) for one in body["columnMetadata"]] == COLUMNS[statement]
    assert (body["entityName"], body["keyPrefix"]) == ("Lead", "00Q")
    nested = {one["columnName"]: one["joinColumns"] for one in body["columnMetadata"]}
    if "Tasks" in nested:
        assert [one["columnName"] for one in nested["Tasks"]] == ["Id", "Subject"]
        assert nested["Owner"][0]["columnName"] == "Name"


@pytest.mark.parametrize(
    ("where", "operation", "fields"),
    [
        ("Email = 'a@b.example'", "Index", ["Email"]),
        ("SystemModstamp > 2026-01-01T00:00:00Z", "Index", ["SystemModstamp"]),
        ("City = 'Bonn'", "TableScan", []),
    ],
)
def test_a_query_can_be_explained(client: Client, where: str, operation: str, fields: list[str]) -> None:
    client.lead(City="Bonn")
    statement = f"SELECT Id FROM Lead WHERE {where}"
    body = client.get(f"query?explain={quote(statement)}").body
    plan = body["plans"][0]
    assert (plan["leadingOperationType"], plan["fields"]) == (operation, fields)
    assert plan["sobjectCardinality"] == 1
    assert body["sourceQuery"] == statement


@pytest.mark.parametrize("moment", MOMENTS)
def test_moments_in_conditions_may_have_any_zone(client: Client, moment: str) -> None:
    client.lead()
    assert len(client.records(f"select id from lead where createddate>{moment}")) == 1
    span = f"start={quote(moment)}&end={quote('2026-11-21T09:00:00+00:00')}"
    client.world.clock.advance(7200)
    for kind in ("updated", "deleted"):
        assert client.get(f"sobjects/Lead/{kind}/?{span}").status == 200


def test_numbers_are_described_with_a_precision(client: Client) -> None:
    for name in ("Lead", "Contact", "Opportunity", "Campaign", "Account"):
        for field in client.get(f"sobjects/{name}/describe").body["fields"]:
            if field["type"] in ("double", "currency", "percent"):
                assert field["precision"] > 0, field["name"]
            if field["type"] == "int":
                assert field["digits"] > 0, field["name"]


@pytest.mark.parametrize("value", [True, False, None, "absent"])
def test_all_or_none_may_be_anything_or_absent(client: Client, value: Any) -> None:
    records = [
        {"attributes": {"type": "Lead"}, "LastName": "A", "Company": "B"},
        {"attributes": {"type": "Lead"}, "LastName": "A"},
    ]
    body = {"records": records} | ({} if value == "absent" else {"allOrNone": value})
    good, bad = client.post("composite/sobjects", body).body
    assert good["success"] is (value is not True)
    assert (bad["success"], "id" in bad) == (False, False)


# SOSL


@pytest.fixture(scope="module")
def searched() -> Client:
    client = Client()
    client.lead(LastName="Smith", FirstName="Ann", Email="ann@acme.example", Company="Acme Ltd", City="Bonn")
    client.lead(LastName="Smithers", Email="x@y.example", Phone="0228-1234", Company="Acme GmbH")
    client.lead(LastName="Jones", Description="knows Smith", Company="Ice & Co")
    client.create("Contact", LastName="Smith", Title="CEO")
    client.delete(f"sobjects/Lead/{client.lead(LastName='Smith', FirstName='Gone')}")
    return client


#: Search -> last names found.
SEARCHES = {
    "FIND {smith} IN ALL FIELDS RETURNING Lead(Id, LastName)": ["Smith", "Jones"],
    "FIND {Smith} RETURNING Lead(Id, LastName), Contact(LastName)": ["Smith", "Jones", "Smith"],
    "FIND {smith*} IN NAME FIELDS RETURNING Lead(LastName)": ["Smith", "Smithers"],
    "FIND {sm?th} IN NAME FIELDS RETURNING Lead(LastName)": ["Smith"],
    'FIND {"ann smith"} RETURNING Lead(LastName)': ["Smith"],
    "FIND {ann@acme.example} IN EMAIL FIELDS RETURNING Lead(LastName)": ["Smith"],
    "FIND {1234} IN PHONE FIELDS RETURNING Lead(LastName)": ["Smithers"],
    "FIND {acme AND bonn} RETURNING Lead(LastName)": ["Smith"],
    "FIND {acme AND NOT bonn} RETURNING Lead(LastName)": ["Smithers"],
    "FIND {bonn OR ice} RETURNING Lead(LastName)": ["Smith", "Jones"],
    "FIND {acme} RETURNING Lead(LastName WHERE City = 'Bonn')": ["Smith"],
    "find {acme} in all fields returning Lead(LastName order by LastName desc limit 1)": ["Smithers"],
    "FIND {acme} RETURNING Lead(LastName) LIMIT 1": ["Smith"],
    "FIND {ice\\&} RETURNING Lead(LastName) WITH SNIPPET LIMIT 5": ["Jones"],
    "FIND {nobody} RETURNING Lead(LastName)": [],
}


@pytest.mark.parametrize("statement", SEARCHES)
def test_sosl_finds_words_in_fields(searched: Client, statement: str) -> None:
    answer = searched.get(f"search?q={quote(statement)}")
    assert answer.status == 200, answer.body
    found = answer.body["searchRecords"]
    assert [row["LastName"] for row in found] == SEARCHES[statement]
    assert all(row["attributes"]["url"].startswith(BASE) for row in found)


def test_sosl_without_returning_gives_ids_of_all_objects(searched: Client) -> None:
    found = searched.get(f"search/?q={quote('FIND {smith}')}").body["searchRecords"]
    assert [row["attributes"]["type"] for row in found] == ["Contact", "Lead", "Lead"]
    old = searched.get(f"/services/data/v36.0/search?q={quote('FIND {smith}')}").body
    assert len(old) == 3


@pytest.mark.parametrize(
    ("statement", "code"),
    [
        ("FIND Smith", "MALFORMED_SEARCH"),
        ("FIND {a}", "MALFORMED_SEARCH"),
        ("FIND {smith} RETURNING Lead(Id", "MALFORMED_SEARCH"),
        ("FIND {smith} RETURNING", "MALFORMED_SEARCH"),
        ("FIND {smith} NONSENSE", "MALFORMED_SEARCH"),
        ("FIND {a*b*c*d*e} RETURNING Lead", "MALFORMED_SEARCH"),
        ("FIND {smith} RETURNING Lead(Foo)", "INVALID_FIELD"),
        ("FIND {smith} RETURNING Foo(Id)", "INVALID_TYPE"),
        ("FIND {smith} RETURNING LeadStatus(Id)", "INVALID_TYPE"),
    ],
)
def test_a_search_that_cannot_be_is_refused(searched: Client, statement: str, code: str) -> None:
    refused = searched.get(f"search?q={quote(statement)}")
    assert (refused.status, refused.code) == (400, code)


def test_a_search_may_come_as_parameters(searched: Client) -> None:
    asked = "q=acme&sobject=Lead&Lead.fields=LastName&Lead.limit=1&in=ALL"
    one = searched.get(f"parameterizedSearch?{asked}").body["searchRecords"]
    assert [row["LastName"] for row in one] == ["Smith"]
    body = {"q": "smith", "sobjects": [{"name": "Lead", "where": "City = 'Bonn'"}, {"name": "Contact"}]}
    both = searched.post("parameterizedSearch", {**body, "fields": ["Id", "Name"]}).body["searchRecords"]
    assert [row["Name"] for row in both] == ["Ann Smith", "Smith"]
    assert searched.post("parameterizedSearch", {"sobjects": []}).code == "MALFORMED_SEARCH"
