"""One sandbox for the whole run, emptied before each test, and helpers that speak HTTP to it."""

from __future__ import annotations

import json
from collections.abc import Iterator, Mapping
from dataclasses import dataclass, field
from typing import Any

import pytest
import urllib3
from hubspot import HubSpot

from crmbridge.sandbox import Sandbox


@pytest.fixture(scope="session")
def running_sandbox() -> Iterator[Sandbox]:
    with Sandbox() as sandbox:
        yield sandbox


@pytest.fixture
def sandbox(running_sandbox: Sandbox) -> Sandbox:
    """Give an empty sandbox with default switches."""
    running_sandbox.start_over()
    return running_sandbox


@dataclass
class Answer:
    """One answer of the sandbox."""

    status: int
    headers: Mapping[str, str]
    data: bytes

    @property
    def json(self) -> Any:
        return json.loads(self.data)


@dataclass
class Http:
    """A plain HTTP client with a token."""

    base_url: str
    token: str
    pool: urllib3.PoolManager = field(default_factory=lambda: urllib3.PoolManager(retries=False))

    def __call__(self, method: str, path: str, body: Any = None, **headers: str) -> Answer:
        sent = {
            "Authorization": f"Bearer {self.token}",
            **{k.replace("_", "-"): v for k, v in headers.items()},
        }
        data = body if isinstance(body, bytes | None) else json.dumps(body).encode()
        if data is not None:
            sent.setdefault("Content-Type", "application/json")
        answer = self.pool.request(method, self.base_url + path, body=data, headers=sent, timeout=5.0)
        return Answer(answer.status, answer.headers, answer.data)

    def get(self, path: str, **headers: str) -> Answer:
        return self("GET", path, **headers)

    def post(self, path: str, body: Any = None, **headers: str) -> Answer:
        return self("POST", path, {} if body is None else body, **headers)

    def contact(self, **properties: str) -> str:
        """Create a contact and give its id."""
        answer = self.post("/crm/v3/objects/contacts", {"properties": properties})
        assert answer.status == 201, answer.data
        return str(answer.json["id"])

    def update(self, record_id: str, object: str = "contacts", **properties: str) -> Answer:
        return self("PATCH", f"/crm/v3/objects/{object}/{record_id}", {"properties": properties})

    def read(self, record_id: str, *names: str, object: str = "contacts") -> dict[str, str | None]:
        """Give the named properties of a record."""
        shown = self.get(f"/crm/v3/objects/{object}/{record_id}?properties={','.join(names)}")
        assert shown.status == 200, shown.data
        return {name: shown.json["properties"][name] for name in names}

    def search(self, *filters: dict[str, Any], object: str = "contacts", **more: Any) -> Answer:
        return self.post(f"/crm/v3/objects/{object}/search", {"filters": list(filters), **more})

    def found(self, *filters: dict[str, Any], **more: Any) -> list[str]:
        """Give the ids that a search finds."""
        return [item["id"] for item in self.search(*filters, **more).json["results"]]


@pytest.fixture
def http(sandbox: Sandbox) -> Iterator[Http]:
    """Give a plain client of the HubSpot side."""
    client = Http(sandbox.ready["hubspot"]["base_url"], sandbox.ready["hubspot"]["access_token"])
    yield client
    client.pool.clear()


@pytest.fixture
def control(sandbox: Sandbox) -> Iterator[Http]:
    """Give a client of the control API."""
    client = Http(sandbox.ready["control"]["url"], sandbox.ready["control"]["token"])
    yield client
    client.pool.clear()


@pytest.fixture
def official(sandbox: Sandbox) -> HubSpot:
    """Give the official client, unmodified."""
    ready = sandbox.ready["hubspot"]
    return HubSpot(access_token=ready["access_token"], host=ready["base_url"])
