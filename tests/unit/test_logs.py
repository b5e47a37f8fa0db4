"""Log lines hold fixed words, ids and numbers; people and secrets never get in."""

from __future__ import annotations

import io
import json
import subprocess
import sys
from collections.abc import Iterator
from typing import Any

import pytest
import structlog

from crmbridge.errors import Refused, Where
from crmbridge.logs import configure


@pytest.fixture
def lines() -> Iterator[Any]:
    stream = io.StringIO()
    configure(as_json=True, level="info", stream=stream)
    yield lambda: [json.loads(line) for line in stream.getvalue().splitlines()]
    structlog.reset_defaults()


def logged(lines: Any) -> dict[str, Any]:
    [line] = lines()
    assert line.pop("timestamp").endswith("Z")
    return dict(line)


def test_a_line_holds_the_event_and_what_is_safe(lines: Any) -> None:
    structlog.get_logger("crmbridge").info(
        "record_written", crm="hubspot", record_id="1", wait_seconds=0.5, page_count=3
    )
    assert logged(lines) == {
        "event": "record_written",
        "level": "info",
        "crm": "hubspot",
        "record_id": "1",
        "wait_seconds": 0.5,
        "page_count": 3,
    }


@pytest.mark.parametrize(
    "extra",
    [
        {"email": "ann@example.com"},
        {"new": "Ann"},
        {"record_id": "ann@example.com"},
        {"reason": "Bearer abc"},
        {"code": "pat-na1-11111111"},
        {"object": {"first_name": "Ann"}},
        {"name_count": "Ann"},
        {"reason": "x" * 500},
        {"Ann Example": 1},
    ],
    ids=lambda extra: next(iter(extra)),
)
def test_what_might_be_personal_or_secret_is_left_out_and_named(lines: Any, extra: dict[str, Any]) -> None:
    structlog.get_logger().warning("retry", **extra)
    line = logged(lines)
    key = next(iter(extra))
    assert line == {"event": "retry", "level": "warning", "withheld": [key if key.isidentifier() else "?"]}


@pytest.mark.parametrize("event", ["Could not write Ann Example", "ann@example.com", "x" * 60, "Retry", ""])
def test_an_event_is_a_short_fixed_word(lines: Any, event: str) -> None:
    structlog.get_logger().info(event)
    assert logged(lines)["event"] == "unnamed_event"


def test_an_exception_shows_its_class_and_our_own_its_place(lines: Any) -> None:
    error = Refused("refused for Ann", Where("hubspot", "contacts", "1", code="BAD"))
    structlog.get_logger().error("write_failed", exc_info=error)
    line = logged(lines)
    assert line == {
        "event": "write_failed",
        "level": "error",
        "error": "Refused",
        "crm": "hubspot",
        "object": "contacts",
        "record_id": "1",
        "code": "BAD",
    }


def test_the_exception_at_hand_is_found(lines: Any) -> None:
    try:
        _ = 1 / 0
    except ZeroDivisionError:
        structlog.get_logger().exception("write_failed")
    assert logged(lines)["error"] == "ZeroDivisionError"


def test_a_foreign_exception_shows_its_class_alone(lines: Any) -> None:
    structlog.get_logger().error("write_failed", exc_info=ValueError("ann@example.com"))
    assert logged(lines) == {"event": "write_failed", "level": "error", "error": "ValueError"}


def test_less_than_the_level_is_silent(lines: Any) -> None:
    structlog.get_logger().debug("page_read")
    assert lines() == []


def test_a_terminal_gets_readable_lines() -> None:
    stream = io.StringIO()
    configure(as_json=False, stream=stream)
    structlog.get_logger().warning("retry", attempt=2, email="ann@example.com")
    structlog.reset_defaults()
    assert "retry" in stream.getvalue()
    assert "example.com" not in stream.getvalue()


def test_importing_configures_nothing() -> None:
    code = "import structlog, crmbridge.logs; assert not structlog.is_configured()"
    subprocess.run([sys.executable, "-c", code], check=True)
