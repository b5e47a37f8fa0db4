"""The HTTP server: connections, bodies, limits, TLS, faults (facts: hubspot §9, line 6)."""

from __future__ import annotations

import gzip
import json
import logging
import socket
import ssl
import urllib.request
from pathlib import Path
from typing import Any
from urllib.parse import urlsplit

import pytest

from crmbridge.errors import ConfigError
from crmbridge.sandbox import Sandbox
from crmbridge.sandbox.server import MAX_BODY_BYTES, MAX_URI_CHARACTERS
from tests.sandbox.conftest import Http

CONTACTS = "/crm/v3/objects/contacts"


def raw(http: Http, *parts: bytes) -> bytes:
    """Send bytes as they are and give all that comes until the server closes."""
    address = urlsplit(http.base_url)
    with socket.create_connection((str(address.hostname), int(address.port or 0)), timeout=5) as connection:
        for part in parts:
            connection.sendall(part)
        answer = b""
        while received := connection.recv(65_536):
            answer += received
        return answer


def head(http: Http, line: str, *headers: str) -> bytes:
    return "\r\n".join(
        [line, "Host: test", f"Authorization: Bearer {http.token}", "Connection: close", *headers, "", ""]
    ).encode()


def test_several_requests_share_a_connection(http: Http) -> None:
    for _ in range(3):
        http.get(CONTACTS)
    pool = http.pool.connection_from_url(http.base_url)
    assert pool.num_connections == 1


def test_chunked_bodies_are_read(http: Http) -> None:
    body = json.dumps({"properties": {"email": "a@example.com"}}).encode()
    chunks = b"%x\r\n%s\r\n%x\r\n%s\r\n0\r\n\r\n" % (5, body[:5], len(body) - 5, body[5:])
    start = head(http, f"POST {CONTACTS} HTTP/1.1", "Transfer-Encoding: chunked")
    assert raw(http, start, chunks).startswith(b"HTTP/1.1 201 Created")


def test_zipped_bodies_are_read(http: Http) -> None:
    body = gzip.compress(json.dumps({"properties": {"email": "a@example.com"}}).encode())
    assert http.post(CONTACTS, body, Content_Encoding="gzip").status == 201
    assert http.post(CONTACTS, b"no gzip", Content_Encoding="gzip").status == 400


def test_head_is_get_without_the_body(http: Http) -> None:
    answer = raw(http, head(http, f"HEAD {CONTACTS} HTTP/1.1"))
    assert b"Content-Length: 14" in answer
    assert answer.endswith(b"\r\n\r\n")


def test_a_client_may_wait_before_it_sends_its_body(http: Http) -> None:
    body = b'{"properties": {"email": "a@example.com"}}'
    start = head(http, f"POST {CONTACTS} HTTP/1.1", "Expect: 100-continue", f"Content-Length: {len(body)}")
    assert b"HTTP/1.1 201" in raw(http, start, body)


def test_paths_may_be_percent_encoded(http: Http) -> None:
    record_id = http.contact(email="a+b@example.com")
    assert http.get(f"{CONTACTS}/a%2Bb%40example.com?idProperty=email").json["id"] == record_id


def test_too_long_a_uri_is_a_414(http: Http) -> None:
    assert http.get(f"{CONTACTS}?properties={'x' * MAX_URI_CHARACTERS}").status == 414


def test_too_large_a_body_is_a_413(http: Http) -> None:
    start = head(http, f"POST {CONTACTS} HTTP/1.1", f"Content-Length: {MAX_BODY_BYTES + 1}")
    assert raw(http, start).startswith(b"HTTP/1.1 413")


@pytest.mark.parametrize("rubbish", [b"\x00\x01\x02\r\n\r\n", b"GET / HTTP/1.1\r\n\r\n", b"GET\r\n\r\n"])
def test_what_is_no_http_is_answered_and_closed(http: Http, rubbish: bytes) -> None:
    assert raw(http, rubbish).startswith(b"HTTP/1.1 400")


@pytest.mark.parametrize("body", [b"{", b"[]", b"\xff", b"[" * 100_000, b'"text"'])
def test_what_is_no_json_object_is_a_400(http: Http, body: bytes) -> None:
    assert http.post(CONTACTS, body).status == 400


def test_an_official_client_that_insists_on_tls_gets_it(tmp_path: Path) -> None:
    with Sandbox(tls=True) as sandbox:
        ready = sandbox.ready
        context = ssl.create_default_context(cafile=ready["ca_file"])
        request = urllib.request.Request(
            f"{ready['hubspot']['base_url']}{CONTACTS}",
            headers={"Authorization": f"Bearer {ready['hubspot']['access_token']}"},
        )
        with urllib.request.urlopen(request, context=context, timeout=5) as answer:
            assert (answer.status, answer.url[:8]) == (200, "https://")
    assert not Path(ready["ca_file"]).exists()


def test_listening_beyond_loopback_is_warned_of(caplog: pytest.LogCaptureFixture) -> None:
    with caplog.at_level(logging.WARNING), Sandbox(host="0.0.0.0") as sandbox:
        assert sandbox.ready["hubspot"]["base_url"].startswith("http://127.0.0.1:")
    assert "others can reach it" in caplog.text


class TestFaults:
    """HS-9.6"""

    @pytest.mark.parametrize(
        ("action", "status", "body"),
        [
            ({"status": 423}, 423, b'"status": "error"'),
            ({"status": 524, "delay_seconds": 0.01}, 524, b'"status": "error"'),
            ({"status": 503, "body": "html"}, 503, b"<html>"),
            ({"status": 502, "body": "empty"}, 502, b""),
            ({"status": 504, "body": "latin1"}, 504, "verfügbar".encode("latin-1")),
            ({"status": 429}, 429, b'"policyName": "TEN_SECONDLY_ROLLING"'),
            ({"status": 400, "body": {"message": "own"}}, 400, b'{"message": "own"}'),
        ],
    )
    def test_an_answer_is_replaced(
        self, sandbox: Sandbox, http: Http, action: dict[str, Any], status: int, body: bytes
    ) -> None:
        sandbox.set_faults(
            {"crm": "hubspot", "method": "GET", "path": CONTACTS, "count": 1, "action": action}
        )
        answer = http.get(CONTACTS)
        assert answer.status == status
        assert body in answer.data
        assert http.get(CONTACTS).status == 200

    @pytest.mark.parametrize(
        ("kind", "hubspot", "salesforce"),
        [
            ("expired_token", (401, "EXPIRED_AUTHENTICATION"), (401, "INVALID_SESSION_ID")),
            ("lock", (423, "RESOURCE_LOCKED"), (400, "UNABLE_TO_LOCK_ROW")),
            ("daily_limit", (429, "DAILY"), (403, "REQUEST_LIMIT_EXCEEDED")),
            ("rate_limit", (429, "TEN_SECONDLY_ROLLING"), (403, "REQUEST_LIMIT_EXCEEDED")),
        ],
    )
    def test_a_failure_by_name_is_in_the_words_of_the_crm(
        self,
        sandbox: Sandbox,
        http: Http,
        kind: str,
        hubspot: tuple[int, str],
        salesforce: tuple[int, str],
    ) -> None:
        sandbox.set_faults({"action": {"kind": kind}})
        org = sandbox.ready["salesforce"]
        asked = Http(org["instance_url"], org["session_id"])
        for answer, (status, word) in (
            (http.get(CONTACTS), hubspot),
            (asked.get("/services/data/v62.0/limits"), salesforce),
        ):
            assert answer.status == status
            assert word in answer.data.decode()
            assert "Retry-After" not in answer.headers
        asked.pool.clear()

    def test_headers_are_added(self, sandbox: Sandbox, http: Http) -> None:
        sandbox.set_faults({"action": {"status": 477, "headers": {"Retry-After": "7"}}})
        answer = http.get(CONTACTS)
        assert (answer.status, answer.headers["Retry-After"]) == (477, "7")

    @pytest.mark.parametrize(
        ("action", "written"),
        [({"reset": "before"}, 0), ({"reset": "after"}, 1), ({"truncate_at": 10}, 1)],
    )
    def test_a_cut_connection_tells_nothing_of_the_write(
        self, sandbox: Sandbox, http: Http, action: dict[str, Any], written: int
    ) -> None:
        sandbox.set_faults({"method": "POST", "count": 1, "action": action})
        with pytest.raises(Exception, match=r"Connection|IncompleteRead|aborted"):
            http.post(CONTACTS, {"properties": {"email": "a@example.com"}})
        assert len(http.get(CONTACTS).json["results"]) == written

    def test_a_lost_answer_may_hide_a_write(self, sandbox: Sandbox, http: Http) -> None:
        sandbox.set_faults({"method": "POST", "count": 1, "action": {"status": 504, "applied": True}})
        assert http.post(CONTACTS, {"properties": {"email": "a@example.com"}}).status == 504
        assert len(http.get(CONTACTS).json["results"]) == 1

    def test_slow_answers_arrive_whole(self, sandbox: Sandbox, http: Http) -> None:
        sandbox.set_faults({"action": {"delay_seconds": 0.01, "body_delay_seconds": 0.01}})
        assert http.get(CONTACTS).json == {"results": []}

    def test_a_share_of_requests_fails_the_same_way_each_time(self, sandbox: Sandbox, http: Http) -> None:
        rule = {"path": "/crm/*/contacts", "ratio": 0.5, "skip": 2, "action": {"status": 503}}
        runs = []
        for _ in range(2):
            sandbox.set_faults(rule, seed=7)
            runs.append([http.get(CONTACTS).status for _ in range(12)])
        assert runs[0] == runs[1]
        assert runs[0][:2] == [200, 200]
        assert set(runs[0]) == {200, 503}

    @pytest.mark.parametrize(
        "rule",
        [
            {"action": {}},
            {"action": {"status": "503"}},
            {"action": {"status": 503, "colour": "red"}},
            {"action": {"kind": "flood"}},
            {"action": {"reset": "sometimes"}},
            {"colour": "red", "action": {"status": 503}},
            {"count": True, "action": {"status": 503}},
        ],
    )
    def test_a_rule_that_is_not_as_documented_is_refused(
        self, sandbox: Sandbox, rule: dict[str, Any]
    ) -> None:
        with pytest.raises(ConfigError):
            sandbox.set_faults(rule)
