"""What unmodified clients of HubSpot were seen to depend on (facts: what-clients-depend-on)."""

from __future__ import annotations

import http.client as transport
import json
from collections.abc import Iterator
from typing import Any
from urllib.parse import urlsplit

import pytest

from crmbridge.sandbox import Sandbox
from crmbridge.sandbox.hubspot.route_table import ROUTES
from tests.sandbox.conftest import Http

CONTACTS = "/crm/v3/objects/contacts"
DATED = ("2026-03", "2026-09")


def links(value: Any) -> list[str]:
    """Give every URL in an answer."""
    if isinstance(value, dict):
        return [url for item in value.values() for url in links(item)]
    if isinstance(value, list):
        return [url for item in value for url in links(item)]
    return [value] if isinstance(value, str) and value.startswith("http") else []


class TestBoth:
    """HS-9.2: transport that clients take for granted."""

    @pytest.mark.parametrize(
        "path",
        [
            f"{CONTACTS}?limit=1",
            "/crm/v3/owners?limit=1",
            "/marketing/v3/forms?limit=1",
            "/crm/v3/lists/1/memberships?limit=1",
        ],
    )
    def test_links_are_built_from_the_host_header(self, sandbox: Sandbox, http: Http, path: str) -> None:
        ids = [http.contact(email=f"p{number}@example.com") for number in range(2)]
        sandbox.load("hubspot.owners", "email\nann@example.com\n")
        for number in range(2):
            http.post("/marketing/v3/forms", {"name": f"Form {number}"})
        http.post("/crm/v3/lists", {"name": "x", "objectTypeId": "0-1", "processingType": "MANUAL"})
        http("PUT", "/crm/v3/lists/1/memberships/add", ids)
        paging = http.get(path, Host="proxy.example:8443").json["paging"]
        assert [urlsplit(url).netloc for url in links(paging)] == ["proxy.example:8443"]

    def test_one_connection_serves_chunked_bodies_head_gzip_and_many_requests(self, http: Http) -> None:
        connection = http_connection(http)
        headers = {"Authorization": f"Bearer {http.token}", "Accept-Encoding": "gzip"}
        body = json.dumps({"properties": {"email": "a@example.com"}}).encode()
        parts = iter([body[:10], body[10:]])
        connection.request("POST", f"{CONTACTS}/", body=parts, headers=headers, encode_chunked=True)
        created = connection.getresponse()
        record_id = json.loads(created.read())["id"]
        connection.request("HEAD", f"{CONTACTS}/{record_id}/", headers=headers)
        seen = connection.getresponse()
        assert (created.status, seen.status, seen.read()) == (201, 200, b"")
        connection.request("GET", "/crm/v3/properties/contacts", headers=headers)
        zipped = connection.getresponse()
        assert (zipped.getheader("Content-Encoding"), len(zipped.read()) > 0) == ("gzip", True)
        connection.close()

    def test_values_in_a_path_may_be_escaped(self, http: Http) -> None:
        record_id = http.contact(email="a+b@example.com")
        assert http.get(f"{CONTACTS}/a%2Bb%40example.com?idProperty=email").json["id"] == record_id

    def test_a_value_without_content_is_null(self, http: Http) -> None:
        record_id = http.contact(email="a@example.com")
        assert http.read(record_id, "city") == {"city": None}


def http_connection(client: Http) -> transport.HTTPConnection:
    parts = urlsplit(client.base_url)
    return transport.HTTPConnection(parts.hostname or "", parts.port, timeout=5)


def numbered(path: str, versions: tuple[str, ...]) -> tuple[str, str]:
    """Give an operation's numbered path and its dated one, the names filled in."""
    family, _, rest = path.partition("/")
    tail = f"/{rest}" if rest else ""
    first, second = _FAMILIES.get(family, ("/crm/{v}/" + family, "/crm/" + family + "/{v}"))
    number = "v4" if family == "associations" else versions[0]
    return first.format(v=number) + tail, second + tail


_FAMILIES = {
    "account-info": ("/account-info/{v}", "/account-info/{v}"),
    "oauth": ("/oauth/{v}", "/oauth/{v}"),
    "webhooks": ("/webhooks/{v}", "/webhooks/{v}"),
    "forms": ("/marketing/{v}/forms", "/marketing/forms/{v}"),
}


@pytest.fixture(scope="module")
def plain(running_sandbox: Sandbox) -> Iterator[Http]:
    """Give one client for many questions, whatever the sandbox holds at the time."""
    ready = running_sandbox.ready["hubspot"]
    client = Http(ready["base_url"], ready["access_token"])
    yield client
    client.pool.clear()


_NAMES = {"type": "contacts", "to": "companies", "id": "101", "to_id": "101", "app": "19083858"}


@pytest.mark.parametrize(
    "route",
    [row for row in ROUTES if not row.path.startswith(("submi", "oauth"))],
    ids=lambda r: f"{r.method} {r.path}",
)
def test_every_operation_has_a_dated_path_that_answers_alike(plain: Http, route: Any) -> None:
    """HS-9.2: one table serves v3, v4 and the dated versions."""
    path = "/".join(_NAMES.get(s[1:-1], "none") if s.startswith("{") else s for s in route.path.split("/"))
    old, new = numbered(path, route.versions)
    paths = [old, *(new.replace("{v}", version) for version in DATED)]
    if route.path.startswith("webhooks"):
        paths[-1] = paths[-1].replace("/webhooks/", "/app-webhooks/")
    answers = [plain(route.method, each, b"[1") for each in paths]
    told = {(item.status, item.json.get("message") if item.data else None) for item in answers}
    assert len(told) == 1
    assert told != {(404, "Not found")}
    assert answers[0].status != 405


@pytest.mark.parametrize(
    ("path", "method"),
    [
        ("/crm/2026-03/objects/contacts", "GET"),
        ("/crm/objects/2027-03/contacts", "GET"),
        ("/contacts/v1/lists/all/contacts/all", "GET"),
        ("/engagements/v1/engagements/paged", "GET"),
        ("/crm/v3/imports", "GET"),
        ("/events/v3/events", "GET"),
    ],
)
def test_what_is_not_served_is_a_404_of_the_service(http: Http, path: str, method: str) -> None:
    answer = http(method, path)
    assert answer.status == 404
    assert {"status", "message", "correlationId"} <= answer.json.keys()


@pytest.mark.parametrize("name", ["contacts", "contact", "CONTACTS", "Contact", "0-1"])
def test_object_types_have_many_spellings(http: Http, name: str) -> None:
    """HS-9.2"""
    assert http.get(f"/crm/v3/objects/{name}").status == 200
    assert http.get(f"/crm/v3/properties/{name}/email").json["name"] == "email"


@pytest.mark.parametrize(
    "path", ["/crm/v3/objects/2-3604285", "/crm/v3/schemas/2-3604285", "/crm/v3/properties/p_car"]
)
def test_custom_objects_are_answered_as_not_there(http: Http, path: str) -> None:
    assert http.get(path).status in (400, 404)


def test_schemas_are_asked_at_start_up(http: Http) -> None:
    for path in ("/crm/v3/schemas", "/crm-object-schemas/v3/schemas", "/crm/schemas/2026-09"):
        assert http.get(path).json == {"results": []}
    shown = http.get("/crm/v3/schemas/contacts").json
    assert (shown["objectTypeId"], shown["fullyQualifiedName"]) == ("0-1", "CONTACT")
    assert "email" in {item["name"] for item in shown["properties"]}


def test_the_next_link_repeats_every_parameter_but_after(http: Http) -> None:
    """HS-9.8"""
    for number in range(3):
        http.contact(email=f"p{number}@example.com")
    page = http.get(f"{CONTACTS}?limit=1&properties=email&properties=city&archived=False&after=101").json
    following = page["paging"]["next"]
    assert isinstance(following["after"], str)
    query = "limit=1&properties=email&properties=city&archived=False&after=102"
    assert following["link"] == f"{http.base_url}{CONTACTS}?{query}"


def test_pages_are_full_unless_a_switch_says_otherwise(sandbox: Sandbox, http: Http) -> None:
    """HS-9.8"""
    ids = [http.contact(email=f"p{number}@example.com") for number in range(30)]
    assert len(http.get(f"{CONTACTS}?limit=20").json["results"]) == 20
    sandbox.set_options(hubspot={"short_pages": True})
    got, sizes, after = [], set(), "0"
    while after:
        page = http.get(f"{CONTACTS}?limit=20&after={after}").json
        got += [item["id"] for item in page["results"]]
        sizes.add(len(page["results"]))
        after = page.get("paging", {}).get("next", {}).get("after")
    assert got == ids
    assert sizes != {20, 10}


@pytest.mark.parametrize(
    "body",
    [
        {
            "filterGroups": [
                {"filters": [{"propertyName": "associatedcompanyid", "operator": "EQ", "value": 7}]}
            ]
        },
        {"filters": [{"propertyName": "associatedcompanyid", "operator": "EQ", "value": "7"}]},
        {"sorts": ["createdate"], "after": 0, "limit": 200},
        {"sorts": [{"propertyName": "createdate", "direction": "DESCENDING"}], "after": "0", "limit": "200"},
    ],
)
def test_searches_come_in_many_spellings(http: Http, body: dict[str, Any]) -> None:
    """HS-9.20"""
    record_id = http.contact(email="a@example.com", associatedcompanyid="7")
    found = http.post(f"{CONTACTS}/search", body)
    assert (found.status, [item["id"] for item in found.json["results"]]) == (200, [record_id])


def test_limits_asked_for_in_practice(http: Http) -> None:
    paths = (
        f"{CONTACTS}?limit=100",
        "/crm/v3/owners?limit=500",
        "/crm/v4/objects/contacts/1/associations/companies?limit=500",
    )
    assert [http.get(path).status for path in paths] == [200, 200, 200]
    assert http.search(limit=200).status == 200


def test_a_404_holds_what_clients_read(http: Http) -> None:
    answer = http.get(f"{CONTACTS}/999")
    assert answer.status == 404
    assert {"status", "message", "correlationId", "category"} <= answer.json.keys()


def test_a_batch_update_that_changes_nothing_leaves_the_stamp(sandbox: Sandbox, http: Http) -> None:
    """HS-9.9"""
    record_id = http.contact(email="a@example.com", city="Bonn")
    before = http.get(f"{CONTACTS}/{record_id}").json["updatedAt"]
    sandbox.advance(60)
    body = {"inputs": [{"id": record_id, "properties": {"city": "Bonn"}}]}
    answer = http.post(f"{CONTACTS}/batch/update", body)
    assert (answer.status, answer.json["status"], answer.json["results"][0]["updatedAt"]) == (
        200,
        "COMPLETE",
        before,
    )
    sandbox.set_options(hubspot={"same_value_writes_are_no_ops": False})
    assert http.post(f"{CONTACTS}/batch/update", body).json["results"][0]["updatedAt"] > before


def test_start_up_questions_are_answered(sandbox: Sandbox, http: Http) -> None:
    told = http.post("/oauth/v2/private-apps/get/access-token-info", {"tokenKey": http.token}).json
    assert {"userId", "hubId", "appId", "scopes"} <= told.keys()
    labels = http.get("/crm/v4/associations/contacts/companies/labels").json["results"]
    assert {(item["category"], item["typeId"], item["label"]) for item in labels} == {
        ("HUBSPOT_DEFINED", 279, None),
        ("HUBSPOT_DEFINED", 1, "Primary"),
    }
    assert http.get("/account-info/v3/details").json["portalId"] == told["hubId"]
    usage = http.get("/account-info/v3/api-usage/daily/private-apps").json["results"][0]
    assert {"usageLimit", "currentUsage", "resetsAt"} <= usage.keys()


def test_every_error_has_a_correlation_id_and_answers_bear_extra_keys(http: Http) -> None:
    """HS-9.3"""
    record_id = http.contact(email="a@example.com")
    assert "url" in http.get(f"{CONTACTS}/{record_id}").json
    for path in (f"{CONTACTS}/999", "/nowhere", "/crm/v3/objects/butterflies", f"{CONTACTS}?limit=x"):
        assert http.get(path).json["correlationId"]
