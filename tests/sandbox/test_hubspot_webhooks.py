"""Webhooks out: subscriptions, signatures, batches, resends, disorder (facts: hubspot §9, line 26)."""

from __future__ import annotations

import base64
import hashlib
import hmac
from collections.abc import Iterator
from typing import Any

import pytest

from crmbridge.sandbox import Sandbox, SandboxOptions
from crmbridge.sandbox.hubspot import webhook_signing
from crmbridge.sandbox.hubspot.tokens import PRIVATE_APP_ID, PUBLIC_APP_ID
from tests.sandbox.conftest import Http
from tests.sandbox.receiver import Receiver, receiving

API = f"/webhooks/v3/{PUBLIC_APP_ID}"
PLAIN = {"webhook_disorder": False, "webhook_duplicate_ratio": 0.0, "webhook_reused_id_ratio": 0.0}


@pytest.fixture
def receiver() -> Iterator[Receiver]:
    with receiving() as receiver:
        yield receiver


def listen(sandbox: Sandbox, receiver: Receiver, *events: str, **switches: Any) -> None:
    """Let the private app hear of events: "contact.creation", "contact.propertyChange city" …"""
    wanted = []
    for event in events:
        name, _, detail = event.partition(" ")
        key = (
            "objectTypeId" if detail.startswith("0-") and name != "object.propertyChange" else "propertyName"
        )
        wanted.append({"eventType": name} | ({key: detail} if detail else {}))
    sandbox.set_options(hubspot=PLAIN | switches)
    sandbox.act("hubspot", "set_webhooks", target_url=receiver.url, subscriptions=wanted)


def attempts(sandbox: Sandbox) -> list[dict[str, Any]]:
    state: dict[str, Any] = sandbox.run(sandbox.hubspot.state)
    found: list[dict[str, Any]] = state["webhooks"]["attempts"]
    return found


def test_our_own_writes_come_back(sandbox: Sandbox, http: Http, receiver: Receiver) -> None:
    """HS-9.26"""
    listen(sandbox, receiver, "contact.creation", "contact.propertyChange city", "contact.deletion")
    record_id = http.contact(email="a@example.com")
    http.update(record_id, city="Berlin", phone="1")
    http.update(record_id, city="")
    http("DELETE", f"/crm/v3/objects/contacts/{record_id}")
    assert receiver.events == []
    sandbox.advance(1)
    told = [(e["subscriptionType"], e.get("propertyValue"), e.get("changeFlag")) for e in receiver.events]
    assert told == [
        ("contact.creation", None, "CREATED"),
        ("contact.propertyChange", "Berlin", None),
        ("contact.propertyChange", "", None),
        ("contact.deletion", None, "DELETED"),
    ]
    assert {
        (e["changeSource"], e["sourceId"], e["objectId"], e["attemptNumber"]) for e in receiver.events
    } == {("INTEGRATION", PRIVATE_APP_ID, int(record_id), 0)}


def test_a_write_that_changes_nothing_says_nothing(sandbox: Sandbox, http: Http, receiver: Receiver) -> None:
    """HS-9.26"""
    record_id = http.contact(email="a@example.com", city="Berlin")
    listen(sandbox, receiver, "contact.propertyChange city")
    http.update(record_id, city="Berlin")
    sandbox.act("hubspot", "edit", object="contacts", id=record_id, properties={"city": "Wien"})
    sandbox.advance(1)
    assert [(e["propertyValue"], e["changeSource"]) for e in receiver.events] == [("Wien", "CRM_UI")]


def test_both_signatures_can_be_verified(sandbox: Sandbox, http: Http, receiver: Receiver) -> None:
    """HS-9.26"""
    listen(sandbox, receiver, "contact.creation")
    http.contact(email="a@example.com")
    sandbox.advance(1)
    secret, headers, body = sandbox.ready["hubspot"]["client_secret"], receiver.headers[0], receiver.bodies[0]
    assert headers["X-HubSpot-Signature"] == hashlib.sha256(secret.encode() + body).hexdigest()
    assert headers["X-HubSpot-Signature-Version"] == "v1"
    uri = receiver.url.replace("%3A", ":")
    message = b"POST" + uri.encode() + body + headers["X-HubSpot-Request-Timestamp"].encode()
    expected = base64.b64encode(hmac.new(secret.encode(), message, hashlib.sha256).digest()).decode()
    assert headers["X-HubSpot-Signature-v3"] == expected


def test_the_signature_agrees_with_the_known_answer() -> None:
    """HS-9.26"""
    url, body = "https://example.com/hooks/hubspot?x=a%3Ab", b'[{"eventId":1}]'
    signed = webhook_signing.headers("both", "secret", url, body, 1_700_000_000_000)
    assert signed["X-HubSpot-Signature-v3"] == "c9t+A46Q0nBlXkDX5PybbULjts8QkLnVKgC2xHOb4Qg="


@pytest.mark.parametrize(("which", "absent"), [("v1", "-v3"), ("v3", "-Version")])
def test_one_signature_alone_is_a_switch(
    sandbox: Sandbox, http: Http, receiver: Receiver, which: str, absent: str
) -> None:
    """HS-9.26"""
    listen(sandbox, receiver, "contact.creation", webhook_signatures=which)
    http.contact(email="a@example.com")
    sandbox.advance(1)
    assert f"X-HubSpot-Signature{absent}" not in receiver.headers[0]


def test_events_come_in_arrays_of_up_to_100(sandbox: Sandbox, http: Http, receiver: Receiver) -> None:
    """HS-9.26"""
    listen(sandbox, receiver, "contact.creation")
    for part in range(2):
        inputs = [{"properties": {"email": f"p{part}-{n}@example.com"}} for n in range(60)]
        assert http.post("/crm/v3/objects/contacts/batch/create", {"inputs": inputs}).status == 201
    sandbox.advance(1)
    assert [item["events"] for item in attempts(sandbox)] == [100, 20]
    assert len({event["objectId"] for event in receiver.events}) == 120


def test_a_failure_is_sent_again_up_to_ten_times_within_a_day(
    sandbox: Sandbox, http: Http, receiver: Receiver
) -> None:
    """HS-9.26"""
    listen(sandbox, receiver, "contact.creation")
    receiver.statuses += [500] * 11
    http.contact(email="a@example.com")
    sandbox.advance(86_400)
    assert [event["attemptNumber"] for event in receiver.events] == list(range(11))
    state = sandbox.run(sandbox.hubspot.state)["webhooks"]
    assert (state["lost"], state["waiting"]) == (1, 0)
    moments = [item["at"] for item in state["attempts"]]
    assert moments == sorted(set(moments))


def test_a_resend_that_works_is_the_last(sandbox: Sandbox, http: Http, receiver: Receiver) -> None:
    """HS-9.26"""
    listen(sandbox, receiver, "contact.creation")
    receiver.statuses += [404, 302]
    http.contact(email="a@example.com")
    sandbox.advance(7 * 86_400)
    assert [item["status"] for item in attempts(sandbox)] == [404, 302, 200]


def test_nobody_there_counts_as_a_failure(sandbox: Sandbox, http: Http, receiver: Receiver) -> None:
    """HS-9.26"""
    receiver.url = "http://127.0.0.1:9/nobody"
    listen(sandbox, receiver, "contact.creation")
    http.contact(email="a@example.com")
    sandbox.advance(100)
    assert [item["status"] for item in attempts(sandbox)] == [None, None]


def test_disorder_duplicates_and_reused_ids_are_switches(
    sandbox: Sandbox, http: Http, receiver: Receiver
) -> None:
    """HS-9.26"""
    spoiled = {"webhook_disorder": True, "webhook_duplicate_ratio": 0.5, "webhook_reused_id_ratio": 0.5}
    listen(sandbox, receiver, "contact.creation", **spoiled)
    ids = [int(http.contact(email=f"p{number}@example.com")) for number in range(12)]
    sandbox.advance(1)
    got = [event["objectId"] for event in receiver.events]
    assert len(got) > len(ids)
    assert set(got) == set(ids)
    assert list(dict.fromkeys(got)) != ids
    assert len({event["eventId"] for event in receiver.events}) < len(ids)


def test_merges_restores_and_forgetting_are_told(sandbox: Sandbox, http: Http, receiver: Receiver) -> None:
    """HS-9.17 HS-9.18 HS-9.26"""
    listen(sandbox, receiver, "contact.merge", "contact.restore", "contact.privacyDeletion")
    first, second = http.contact(email="a@example.com"), http.contact(email="b@example.com", phone="5")
    third = http.contact(email="c@example.com")
    merge = {"primaryObjectId": first, "objectIdToMerge": second}
    new = int(http.post("/crm/v3/objects/contacts/merge", merge).json["id"])
    http("DELETE", f"/crm/v3/objects/contacts/{third}")
    sandbox.act("hubspot", "restore", object="contacts", id=third)
    http.post("/crm/v3/objects/contacts/gdpr-delete", {"objectId": third})
    sandbox.advance(1)
    merged, restored, forgotten = receiver.events
    assert (merged["primaryObjectId"], merged["newObjectId"]) == (int(first), new)
    assert merged["mergedObjectIds"] == [int(first), int(second)]
    assert merged["numberOfPropertiesMoved"] >= 1
    assert (restored["subscriptionType"], restored["objectId"]) == ("contact.restore", int(third))
    assert forgotten["subscriptionType"] == "contact.privacyDeletion"


def test_associations_and_any_object_can_be_listened_to(
    sandbox: Sandbox, http: Http, receiver: Receiver
) -> None:
    """HS-9.26"""
    listen(sandbox, receiver, "contact.associationChange", "object.creation 0-2")
    contact = http.contact(email="a@example.com")
    company = http.post("/crm/v3/objects/companies", {"properties": {"name": "Acorn"}}).json["id"]
    path = f"/crm/v4/objects/contacts/{contact}/associations"
    http("PUT", f"{path}/default/companies/{company}")
    http("PUT", f"{path}/default/companies/{company}")
    http("DELETE", f"{path}/companies/{company}")
    sandbox.advance(1)
    assert (receiver.events[0]["subscriptionType"], receiver.events[0]["objectTypeId"]) == (
        "object.creation",
        "0-2",
    )
    told = [(e["associationTypeId"], e["associationRemoved"]) for e in receiver.events[1:]]
    assert sorted(told) == [(1, False), (1, True), (279, False), (279, True)]
    assert {(e["fromObjectId"], e["toObjectId"]) for e in receiver.events[1:]} == {
        (int(contact), int(company))
    }


@pytest.mark.parametrize("base", ["/webhooks/v3", "/webhooks/2026-03", "/app-webhooks/2026-09"])
def test_a_public_app_subscribes_by_itself(
    sandbox: Sandbox, http: Http, receiver: Receiver, base: str
) -> None:
    """HS-9.26"""
    sandbox.set_options(hubspot=PLAIN)
    http.token = ""
    key = f"?hapikey={sandbox.ready['hubspot']['developer_api_key']}"
    settings = {"targetUrl": receiver.url, "throttling": {"maxConcurrentRequests": 10}}
    assert http("PUT", f"{base}/{PUBLIC_APP_ID}/settings{key}", settings).status == 200
    wanted = {"eventType": "contact.creation", "active": False}
    made = http.post(f"{base}/{PUBLIC_APP_ID}/subscriptions{key}", wanted).json
    one = f"{base}/{PUBLIC_APP_ID}/subscriptions/{made['id']}{key}"
    http.token = sandbox.ready["hubspot"]["access_token"]
    http.contact(email="a@example.com")
    assert http("PATCH", one, {"active": True}).json["active"] is True
    http.contact(email="b@example.com")
    sandbox.advance(1)
    assert [(event["appId"], event["objectId"]) for event in receiver.events] == [(int(PUBLIC_APP_ID), 102)]


@pytest.mark.parametrize(
    "url",
    ["https://example.com/x", "http://127.0.0.1.example.com/", "http://[::2]/", "ftp://127.0.0.1/", "file:///x",
     "http://u:p@127.0.0.1/", "http://127.0.0.1:x/", "http://[::1/", "//127.0.0.1/", ""],
)  # fmt: skip
def test_only_this_machine_is_sent_anything(http: Http, url: str) -> None:
    settings = {"targetUrl": url, "throttling": {"maxConcurrentRequests": 10}}
    assert http("PUT", f"{API}/settings", settings).status == 400


@pytest.mark.parametrize(
    "wanted",
    [
        {"eventType": "contact.explosion"},
        {"eventType": "contact.propertyChange"},
        {"eventType": "object.creation"},
        {"eventType": "contact.creation", "propertyName": "city"},
        {"eventType": "contact.creation", "active": 1},
    ],
)
def test_a_subscription_must_be_as_documented(http: Http, wanted: dict[str, Any]) -> None:
    assert http.post(f"{API}/subscriptions", wanted).status == 400
    assert http.get("/webhooks/v3/1/subscriptions").status == 404


def test_a_running_clock_delivers_by_itself(receiver: Receiver) -> None:
    """HS-9.26"""
    switches = {**PLAIN, "webhook_delay_seconds": 0.0}
    with Sandbox(SandboxOptions(options={"hubspot": switches})) as sandbox:
        wanted = [{"eventType": "contact.creation"}]
        sandbox.act("hubspot", "set_webhooks", target_url=receiver.url, subscriptions=wanted)
        client = Http(sandbox.ready["hubspot"]["base_url"], sandbox.ready["hubspot"]["access_token"])
        client.contact(email="a@example.com")
        for _ in range(200):
            if receiver.events:
                break
            client.get("/crm/v3/owners")
            sandbox.wait(0.02)
        assert len(receiver.events) == 1
        client.pool.clear()
