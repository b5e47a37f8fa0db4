"""examples/embed/service.py inside a host: tokens from a callable, errors as HTTP statuses."""

from __future__ import annotations

import importlib.util
import json
from collections.abc import Iterator
from dataclasses import dataclass
from datetime import UTC, datetime
from pathlib import Path
from types import ModuleType
from typing import Any
from urllib.parse import quote
from wsgiref.util import setup_testing_defaults
from wsgiref.validate import validator

import pytest
import requests

from crmbridge import Bridge
from crmbridge.sandbox import Sandbox
from tests.cli.company import Company

SERVICE = Path(__file__).parents[2] / "examples" / "embed" / "service.py"


def load() -> ModuleType:
    spec = importlib.util.spec_from_file_location("embed_service", SERVICE)
    assert spec is not None
    assert spec.loader is not None
    module = importlib.util.module_from_spec(spec)
    spec.loader.exec_module(module)
    return module


@dataclass
class Host:
    """The web service, called as its server calls it."""

    bridge: Bridge
    sandbox: Sandbox
    app: Any
    #: How often the service was asked for a token.
    asked: list[str]

    def __call__(self, method: str, path: str) -> tuple[int, Any]:
        environ: dict[str, Any] = {}
        setup_testing_defaults(environ)
        environ |= {"REQUEST_METHOD": method, "PATH_INFO": path, "QUERY_STRING": ""}
        seen: list[str] = []

        def start(status: str, headers: list[tuple[str, str]], exc_info: Any = None) -> Any:
            seen.append(status)
            return lambda _: None

        answer = validator(self.app)(environ, start)
        try:
            body = b"".join(answer)
        finally:
            answer.close()  # type: ignore[attr-defined]  # the validator's iterator has one
        return int(seen[0].split()[0]), json.loads(body)


@pytest.fixture(scope="module")
def host(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Host]:
    folder = tmp_path_factory.mktemp("host") / "acme"
    folder.mkdir()
    with Sandbox(demo=30) as sandbox:
        Company(folder, sandbox).write_files()
        service, found = load(), sandbox.settings()
        asked: list[str] = []

        def token(crm: str, name: str) -> str:
            asked.append(crm)
            return found[crm][name]

        bridge = service.build_bridge(
            folder,
            f"sqlite:///{folder / 'ledger.db'}",
            hubspot_token=lambda: token("hubspot", "access_token"),
            hubspot_url=found["hubspot"]["base_url"],
            salesforce_token=lambda: token("salesforce", "session_id"),
            salesforce_url=found["salesforce"]["instance_url"],
        )
        bridge.create_fields(bridge.needed_fields())
        yield Host(bridge, sandbox, service.Service(bridge), asked)
        bridge.close()


def test_a_post_runs_once_and_the_next_one_finds_nothing_to_do(host: Host) -> None:
    status, first = host("POST", "/sync")
    assert (status, first["failed"], first["written"] > 0) == (200, 0, True)
    status, second = host("POST", "/sync")
    assert (status, second["written"]) == (200, 0)
    assert set(host.asked) == {"hubspot", "salesforce"}


def test_a_lead_is_explained_by_its_reference(host: Host) -> None:
    lead = host.bridge.ledger.find(email=_an_address(host))[0]
    status, document = host("GET", f"/leads/{quote(lead)}")
    assert (status, document["decision"]["lead_id"]) == (200, lead)


def test_what_the_caller_got_wrong_and_what_nobody_can_help_have_statuses_of_their_own(host: Host) -> None:
    assert host("GET", "/leads/nobody%40example.com")[0] == 422
    assert host("GET", "/elsewhere")[0] == 404
    host.bridge.pause("a holiday")
    assert host("POST", "/sync")[0] == 422
    host.bridge.resume()
    run = host.bridge.ledger.begin("sync", datetime.now(UTC), {})
    assert host("POST", "/sync")[0] == 409
    host.bridge.ledger.finish(run, "done", {})


def _an_address(host: Host) -> str:
    ready = host.sandbox.ready["hubspot"]
    rows = requests.get(
        f"{ready['base_url']}/crm/v3/objects/contacts",
        headers={"Authorization": f"Bearer {ready['access_token']}"},
        timeout=5,
    ).json()["results"]
    return str(next(row["properties"]["email"] for row in rows if row["properties"].get("email")))
