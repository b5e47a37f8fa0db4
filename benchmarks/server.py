"""Both CRMs as far as reading goes, from precomputed pages, in a process of its own.

Cheap enough not to matter on a second core, and outside the process whose CPU time is measured. Counts
calls and connections; a path that it does not know is a 404 and counted as unknown.
"""

from __future__ import annotations

import asyncio
import json
import subprocess
import sys
from collections import Counter
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from dataclasses import dataclass, field
from email.utils import formatdate
from typing import Any
from urllib.parse import parse_qs, unquote, urlsplit
from urllib.request import Request, urlopen

from benchmarks.pages import TEAM, HubSpotPages, SalesforcePages, contact, lead

_EMPTY_PAGE = b'{"results":[],"total":0}'
_EMPTY_QUERY = b'{"totalSize":0,"done":true,"records":[]}'
_ORG = b'{"totalSize":1,"done":true,"records":[{"Id":"00D000000000001EAA"}]}'
_ACCOUNT = b'{"portalId":1000001,"accountType":"DEVELOPER_TEST","companyCurrency":"EUR","timeZone":"UTC"}'
#: Tokens with which the server answers an error: what both clients make of it is compared.
FAILURES = (401, 403, 429, 500)


@dataclass
class State:
    """What is served, and what was asked for."""

    hubspot: HubSpotPages
    salesforce: SalesforcePages
    calls: Counter[str] = field(default_factory=Counter)
    unknown: Counter[str] = field(default_factory=Counter)
    connections: int = 0

    def change(self, wanted: dict[str, Any]) -> None:
        """Serve something else from now on."""
        settled = {int(number): values for number, values in wanted.get("settled", {}).items()}
        total = wanted.get("contacts", self.hubspot.total)
        self.hubspot = HubSpotPages(total, settled, wanted.get("generation", 1))
        self.salesforce = SalesforcePages(wanted.get("leads", self.salesforce.total))

    def stats(self) -> dict[str, Any]:
        """Give the counters and set them back."""
        found = {"calls": dict(self.calls), "unknown": dict(self.unknown), "connections": self.connections}
        self.calls.clear()
        self.unknown.clear()
        self.connections = 0
        return found


class _Connection(asyncio.Protocol):
    """HTTP/1.1 as two Python clients speak it: one request after the other, bodies with a length."""

    def __init__(self, state: State) -> None:
        self._state = state
        self._buffer = b""

    def connection_made(self, transport: asyncio.BaseTransport) -> None:
        assert isinstance(transport, asyncio.Transport)
        self._transport = transport
        self._is_counted = False

    def data_received(self, data: bytes) -> None:
        self._buffer += data
        while (end := self._buffer.find(b"\r\n\r\n")) >= 0:
            head = self._buffer[:end].decode("latin-1")
            length = _length(head)
            if len(self._buffer) < end + 4 + length:
                return
            body, self._buffer = self._buffer[end + 4 : end + 4 + length], self._buffer[end + 4 + length :]
            self._answer(head, body)

    def _answer(self, head: str, body: bytes) -> None:
        method, target, _ = head.split(" ", 2)
        url = urlsplit(target)
        path = url.path.rstrip("/")
        control = path.startswith("/__")
        if not control and not self._is_counted:
            self._is_counted = True
            self._state.connections += 1
        status, content = 200, b""
        failing = next((code for code in FAILURES if f"Bearer fail-{code}" in head), None)
        if failing is not None:
            status, content = failing, b'{"status":"error","message":"no","category":"BENCHMARK"}'
        elif (found := _route(self._state, method, path, url.query, body)) is None:
            self._state.unknown[f"{method} {path}"] += 1
            status, content = 404, b'{"status":"error","message":"unknown"}'
        else:
            content = found
        if not control:
            self._state.calls[f"{method} {path}"] += 1
        self._transport.write(_head(status, len(content)) + content)


def _length(head: str) -> int:
    lines = head.lower().split("\r\n")
    found = next((line for line in lines if line.startswith("content-length:")), ":0")
    return int(found.partition(":")[2])


def _head(status: int, length: int) -> bytes:
    return (
        f"HTTP/1.1 {status} X\r\nContent-Type: application/json;charset=UTF-8\r\n"
        f"Date: {formatdate(usegmt=True)}\r\nContent-Length: {length}\r\n\r\n"
    ).encode()


def _route(state: State, method: str, path: str, query: str, body: bytes) -> bytes | None:
    if path == "/__stats":
        return json.dumps(state.stats()).encode()
    if path == "/__set":
        state.change(json.loads(body))
        return b"{}"
    if path.startswith("/services/data/"):
        return _salesforce(state, path, body)
    return _hubspot(state, method, path, query)


# HubSpot ---------------------------------------------------------------------------------------------
def _hubspot(state: State, method: str, path: str, query: str) -> bytes | None:
    options = parse_qs(query)
    if path == "/crm/v3/objects/contacts" and method == "GET":
        if _is_archived(options):
            return _EMPTY_PAGE
        return state.hubspot.answer(int(options.get("after", ["0"])[0]))
    if path == "/account-info/v3/details":
        return _ACCOUNT
    if path == "/crm/v3/owners":
        return _EMPTY_PAGE if _is_archived(options) else _owners()
    if path.startswith("/crm/v3/properties/"):
        return _properties()
    known = path.startswith(("/crm/v3/objects/", "/crm/v4/associations/", "/crm/v3/pipelines/"))
    return _EMPTY_PAGE if known else None


def _owners() -> bytes:
    rows = [
        {"id": owner, "email": address, "firstName": name, "archived": False}
        for address, name, owner, _ in TEAM
    ]
    return json.dumps({"results": rows}).encode()


def _is_archived(options: dict[str, list[str]]) -> bool:
    return options.get("archived", [""])[0].lower() == "true"


def _properties() -> bytes:
    rows = [{"name": name, "label": name, "type": "string", "fieldType": "text"} for name in contact(0)]
    return json.dumps({"results": rows}).encode()


# Salesforce ------------------------------------------------------------------------------------------
def _salesforce(state: State, path: str, body: bytes) -> bytes | None:
    if path.endswith("/composite"):
        parts = [_part(state, unquote(part["url"])) for part in json.loads(body)["compositeRequest"]]
        answers = b",".join(b'{"body":%s,"httpStatusCode":200,"referenceId":"r"}' % part for part in parts)
        return b'{"compositeResponse":[%s]}' % answers
    if "/query/" in path:
        return state.salesforce.answer(int(path.rpartition("-")[2]))
    return None


def _part(state: State, url: str) -> bytes:
    if url.endswith("/describe"):
        return _described()
    if " FROM Lead" in url and "LIMIT" not in url and " FROM LeadStatus" not in url:
        return state.salesforce.answer(0) if state.salesforce.total else _EMPTY_QUERY
    return _ORG if " FROM Organization" in url else _users() if " FROM User " in url else _EMPTY_QUERY


def _described() -> bytes:
    fields = [{"name": name, "label": name, "type": "string", "updateable": True} for name in lead(0)]
    return json.dumps({"fields": fields, "queryable": True, "createable": True, "updateable": True}).encode()


def _users() -> bytes:
    rows = [{"Id": user, "Name": name, "Email": address, "IsActive": True} for address, name, _, user in TEAM]
    return json.dumps({"totalSize": len(rows), "done": True, "records": rows}).encode()


# starting it -----------------------------------------------------------------------------------------
@dataclass(frozen=True, slots=True)
class Served:
    """A running server, from outside."""

    url: str

    def set(self, **wanted: Any) -> None:
        """Serve something else: ``contacts``, ``leads``, ``settled``, ``generation``."""
        self._post("/__set", wanted)

    def stats(self) -> dict[str, Any]:
        """Give calls by method and path, unknown paths and connections since the last time."""
        found: dict[str, Any] = self._post("/__stats", {})
        return found

    def _post(self, path: str, body: dict[str, Any]) -> Any:
        request = Request(self.url + path, json.dumps(body).encode(), {"Connection": "close"})
        with urlopen(request) as answer:
            return json.load(answer)


@contextmanager
def serving(contacts: int, leads: int = 0) -> Iterator[Served]:
    """Start a server in a process of its own, and stop it at the end."""
    command = [sys.executable, "-m", "benchmarks.server", str(contacts), str(leads)]
    with subprocess.Popen(command, stdout=subprocess.PIPE, text=True) as process:
        assert process.stdout is not None
        try:
            yield Served(f"http://127.0.0.1:{int(process.stdout.readline())}")
        finally:
            process.terminate()


async def _main(contacts: int, leads: int) -> None:
    state = State(HubSpotPages(contacts), SalesforcePages(leads))
    make: Callable[[], asyncio.Protocol] = lambda: _Connection(state)  # noqa: E731 - typed for create_server
    server = await asyncio.get_running_loop().create_server(make, "127.0.0.1", 0)
    print(server.sockets[0].getsockname()[1], flush=True)
    await server.serve_forever()


if __name__ == "__main__":
    asyncio.run(_main(int(sys.argv[1]), int(sys.argv[2])))
