"""HubSpot's protocol: tokens, scopes, spellings, limits, faults (facts: hubspot §9, lines 1-6)."""

from __future__ import annotations

from typing import Any

import pytest

from crmbridge.sandbox import Sandbox
from tests.sandbox.conftest import Http

CONTACTS = "/crm/v3/objects/contacts"


def test_a_call_without_a_token_is_refused(http: Http) -> None:
    """HS-9.1"""
    http.token = ""
    answer = http.get(CONTACTS)
    assert (answer.status, answer.json["category"]) == (401, "INVALID_AUTHENTICATION")
    assert answer.json["correlationId"]


def test_a_missing_scope_is_named(sandbox: Sandbox, http: Http) -> None:
    """HS-9.1"""
    sandbox.set_options(hubspot={"scopes": ["crm.objects.contacts.read"]})
    answer = http.post(CONTACTS, {"properties": {"email": "a@example.com"}})
    assert (answer.status, answer.json["category"]) == (403, "MISSING_SCOPES")
    assert answer.json["context"]["requiredGranularScopes"] == ["crm.objects.contacts.write"]
    assert http.get(CONTACTS).status == 200


@pytest.mark.parametrize("name", ["contacts", "contact", "CONTACTS", "0-1", "contacts/"])
def test_an_object_has_several_names(http: Http, name: str) -> None:
    """HS-9.2"""
    assert http.get(f"/crm/v3/objects/{name}").json == {"results": []}


@pytest.mark.parametrize(
    "path",
    [
        "/crm/v3/objects/contacts",
        "/crm/objects/2026-03/contacts",
        "/crm/objects/2026-09/0-1",
        "/crm/v3/owners/",
        "/crm/owners/2026-03",
        "/crm/properties/2026-09/contacts",
        "/crm/pipelines/2026-03/contacts",
        "/account-info/v3/details",
        "/account-info/2026-03/details",
        "/account-info/v3/api-usage/daily/private-apps",
        "/crm/v3/schemas",
        "/crm/v4/associations/contacts/companies/labels",
    ],
)
def test_numbered_and_dated_paths_come_from_one_table(http: Http, path: str) -> None:
    assert http.get(path).status == 200


@pytest.mark.parametrize(
    "path", ["/crm/v1/objects/contacts", "/contacts/v1/lists/all", "/crm/v4/objects/contacts", "/"]
)
def test_what_is_not_served_is_a_json_404(http: Http, path: str) -> None:
    answer = http.get(path)
    assert (answer.status, answer.json["status"]) == (404, "error")


def test_another_method_is_a_405(http: Http) -> None:
    assert http("PUT", CONTACTS).status == 405


def test_an_unknown_object_type_has_no_category(http: Http) -> None:
    answer = http.get("/crm/v3/objects/butterflies")
    assert answer.status == 400
    assert set(answer.json) == {"status", "message", "correlationId"}
    assert answer.json["message"] == "Unable to infer object type from: butterflies"


@pytest.mark.parametrize("query", ["properties=phone&properties=city", "properties=phone%2Ccity"])
def test_lists_are_repeated_or_joined_by_commas(http: Http, query: str) -> None:
    """HS-9.2"""
    http.contact(email="a@example.com", phone="1")
    shown = http.get(f"{CONTACTS}?{query}&archived=False").json["results"][0]["properties"]
    assert (shown["phone"], shown["city"]) == ("1", None)


def test_answers_are_zipped_when_asked(http: Http) -> None:
    """HS-9.2"""
    answer = http.get("/crm/v3/properties/contacts", Accept_Encoding="gzip")
    assert answer.headers["Content-Encoding"] == "gzip"
    assert len(answer.json["results"]) > 100


def test_ordinary_calls_have_rate_headers_and_searches_have_none(http: Http) -> None:
    """HS-9.4"""
    listed = http.get(CONTACTS).headers
    assert listed["X-HubSpot-RateLimit-Max"] == "190"
    assert listed["X-HubSpot-RateLimit-Interval-Milliseconds"] == "10000"
    assert int(listed["X-HubSpot-RateLimit-Daily-Remaining"]) < 625_000
    assert not [name for name in http.search().headers if "RateLimit" in name]


def test_the_daily_pair_is_for_private_apps_only(sandbox: Sandbox, http: Http) -> None:
    """HS-9.4"""
    http.token = _refreshed(sandbox, http)["access_token"]
    headers = http.get(CONTACTS).headers
    assert "X-HubSpot-RateLimit-Max" in headers
    assert "X-HubSpot-RateLimit-Daily" not in headers


def test_more_calls_than_the_window_allows_are_refused_until_it_has_moved_on(
    sandbox: Sandbox, http: Http
) -> None:
    """HS-9.5"""
    sandbox.set_options(hubspot={"rate_limits": True, "ten_second_limit": 3})
    assert [http.get(CONTACTS).status for _ in range(4)] == [200, 200, 200, 429]
    refused = http.get(CONTACTS)
    assert refused.json["policyName"] == "TEN_SECONDLY_ROLLING"
    assert refused.json["errorType"] == "RATE_LIMIT"
    assert "category" not in refused.json
    assert "Retry-After" not in refused.headers
    sandbox.advance(10)
    assert http.get(CONTACTS).status == 200


def test_searches_have_a_limit_of_their_own(sandbox: Sandbox, http: Http) -> None:
    """HS-9.5"""
    sandbox.set_options(hubspot={"rate_limits": True, "retry_after": True, "search_second_limit": 2})
    statuses = [http.search().status, http.search(object="companies").status]
    refused = http.search()
    assert [*statuses, refused.status] == [200, 200, 429]
    assert refused.json["message"] == "You have reached your secondly limit."
    assert "X-HubSpot-RateLimit-Daily" in refused.headers
    assert refused.headers["Retry-After"] == "1"
    assert http.get(CONTACTS).status == 200


def test_the_day_ends_at_its_limit(sandbox: Sandbox, http: Http) -> None:
    """HS-9.5"""
    http.get(CONTACTS)
    sandbox.set_options(hubspot={"rate_limits": True, "daily_limit": 2})
    assert http.get(CONTACTS).status == 200
    refused = http.get(CONTACTS)
    assert (refused.status, refused.json["policyName"]) == (429, "DAILY")
    assert refused.json["requestId"]
    sandbox.advance(86_400)
    usage = http.get("/account-info/v3/api-usage/daily/private-apps").json["results"][0]
    assert (usage["currentUsage"], usage["usageLimit"]) == (1, 2)


def test_a_refresh_token_gives_an_access_token_that_expires(sandbox: Sandbox, http: Http) -> None:
    """HS-9.27"""
    issued = _refreshed(sandbox, http)
    assert (issued["expires_in"], issued["hub_id"]) == (1800, int(sandbox.ready["hubspot"]["portal_id"]))
    http.token = issued["access_token"]
    assert http.get(CONTACTS).status == 200
    sandbox.advance(1800)
    expired = http.get(CONTACTS)
    assert (expired.status, expired.json["category"]) == (401, "EXPIRED_AUTHENTICATION")


def test_a_rotated_refresh_token_ends_the_old_one(sandbox: Sandbox, http: Http) -> None:
    """HS-9.27"""
    sandbox.set_options(hubspot={"rotate_refresh_tokens": True})
    assert _refreshed(sandbox, http)["refresh_token"] != sandbox.ready["hubspot"]["refresh_token"]
    again = _refreshed(sandbox, http)
    assert (again["error"], again["status"]) == ("invalid_grant", "BAD_REFRESH_TOKEN")


def test_a_portal_that_is_gone_refreshes_nothing(sandbox: Sandbox, http: Http) -> None:
    """HS-9.27"""
    sandbox.set_options(hubspot={"portal_gone": True})
    refused = _refreshed(sandbox, http)
    assert (refused["error"], refused["status"]) == ("access_denied", "BAD_HUB")


def test_the_token_tells_its_portal_and_scopes(sandbox: Sandbox, http: Http) -> None:
    path = "/oauth/v2/private-apps/get/access-token-info"
    told = http.post(path, {"tokenKey": http.token}).json
    assert told["hubId"] == http.get("/account-info/v3/details").json["portalId"]
    assert "crm.objects.contacts.read" in told["scopes"]


def test_links_stay_on_the_host_that_the_client_named(http: Http) -> None:
    for number in range(2):
        http.contact(email=f"p{number}@example.com")
    page = http.get(f"{CONTACTS}?limit=1&properties=phone", Host="proxy.example:8443").json
    assert page["paging"]["next"] == {
        "after": "102",
        "link": "http://proxy.example:8443/crm/v3/objects/contacts?limit=1&properties=phone&after=102",
    }


@pytest.mark.parametrize(
    ("headers", "origin"),
    [
        ({"Host": "crm.example", "X_Forwarded_Proto": "https"}, "https://crm.example"),
        ({"Host": "crm.example", "X_Forwarded_Proto": "HTTPS, http"}, "https://crm.example"),
        ({"Host": "crm.example", "X_Forwarded_Proto": "javascript"}, "http://crm.example"),
        ({"Host": "crm.example"}, "http://crm.example"),
        ({"Host": "api.hubapi.com"}, "https://api.hubapi.com"),
        ({"Host": "api.hubapi.com:8443", "X_Forwarded_Proto": "http"}, "http://api.hubapi.com:8443"),
    ],
)
def test_links_have_the_scheme_that_the_client_used(http: Http, headers: dict[str, str], origin: str) -> None:
    for number in range(2):
        http.contact(email=f"p{number}@example.com")
    link = http.get(f"{CONTACTS}?limit=1", **headers).json["paging"]["next"]["link"]
    assert link.startswith(f"{origin}/crm/")


@pytest.mark.parametrize("path", ["/properties/v1/contacts/properties", "/contacts/v1/lists", "/nowhere"])
def test_a_legacy_or_unknown_path_is_a_404_in_the_usual_shape(http: Http, path: str) -> None:
    answer = http.get(path)
    assert answer.status == 404
    assert set(answer.json) == {"status", "message", "correlationId", "category"}


def _refreshed(sandbox: Sandbox, http: Http) -> dict[str, Any]:
    ready = sandbox.ready["hubspot"]
    form = "&".join(f"{name}={ready[name]}" for name in ("client_id", "client_secret", "refresh_token"))
    answer = http.post(
        "/oauth/v1/token",
        f"grant_type=refresh_token&{form}".encode(),
        Content_Type="application/x-www-form-urlencoded",
    )
    issued: dict[str, Any] = answer.json
    return issued
