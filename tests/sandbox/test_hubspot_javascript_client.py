"""The unmodified @hubspot/api-client against the sandbox over a real socket."""

from __future__ import annotations

from typing import Any

import pytest

from crmbridge.sandbox import Sandbox
from tests.sandbox import node


@pytest.fixture(scope="module")
def seen() -> Any:
    """Give what the script saw; it does everything once."""
    with Sandbox() as sandbox:
        ready = sandbox.ready["hubspot"]
        return {**node.run("hubspot.mjs", {"ready": ready}), "ready": ready}


def test_it_creates_reads_changes_and_archives(seen: Any) -> None:
    assert seen["read"] == {"same": True, "phone": "2", "history": ["2", "1"], "created": True}
    assert seen["archived"] == {"gone": [404, "OBJECT_NOT_FOUND"], "kept": 1}


def test_it_writes_and_reads_in_batches(seen: Any) -> None:
    assert seen["batches"] == {
        "created": ["COMPLETE", 5],
        "updated": ["Ulm"] * 5,
        "read": [5, 1, "OBJECT_NOT_FOUND"],
        "upserted": [False, True],
        "taken": [409, "CONFLICT"],
    }


def test_it_pages_and_searches(seen: Any) -> None:
    assert seen["pages"] == {"first": 2, "overlap": False, "all": 6}
    emails = [f"p{number}@example.com" for number in (1, 2, 3)]
    assert seen["found"] == {"total": 4, "emails": emails, "after": "3"}


def test_it_associates(seen: Any) -> None:
    expected = seen["associations"]["expected"]
    assert seen["associations"] == {"linked": expected, "batch": [1, 1], "expected": expected}


def test_it_reads_the_portal(seen: Any) -> None:
    assert seen["portal"] == {"owners": 1, "property": "number", "all": True, "stages": True}
    assert seen["raw"] == seen["ready"]["portal_id"]


def test_it_tells_errors_apart(seen: Any) -> None:
    assert seen["errors"] == {
        "token": [401, "INVALID_AUTHENTICATION"],
        "value": [400, "VALIDATION_ERROR"],
        "twice": [409, "CONFLICT"],
        "unknown": [404, "OBJECT_NOT_FOUND"],
    }


def test_it_refreshes_a_token(seen: Any) -> None:
    portal = seen["ready"]["portal_id"]
    assert seen["oauth"] == {"kind": "bearer", "seconds": 1_800, "works": 1, "portal": portal}
