"""Logging of the command line: short fixed event words on stderr, without personal data or tokens.

Only the command line calls ``configure``; embedded, the package leaves the host's logging alone. What may
be logged is a list of keys. Everything else is left out and named under ``withheld``: a new key has to be
thought about before it shows.
"""

from __future__ import annotations

import logging
import re
import sys
from collections.abc import Mapping, MutableMapping
from typing import Any, TextIO

import structlog
from structlog.typing import EventDict, Processor

from crmbridge.errors import CrmBridgeError

#: Keys that hold ids, names of our own or the CRM's vocabulary, and numbers.
SAFE_KEYS = frozenset(
    {
        "action",
        "attempt",
        "bucket",
        "code",
        "company",
        "correlation_id",
        "crm",
        "error",
        "event",
        "exit_code",
        "field",
        "file",
        "guard",
        "kind",
        "lead_id",
        "level",
        "limit",
        "logger",
        "object",
        "process_version",
        "reason",
        "record_id",
        "run_id",
        "state",
        "status",
        "timestamp",
    }
)
#: Endings of keys that hold nothing but numbers.
_NUMBERS = ("_count", "_seconds", "_days", "_bytes")
_EVENT = re.compile(r"[a-z][a-z0-9_]*(\.[a-z][a-z0-9_]*)*")
_EVENT_LENGTH = 48
#: Looks like an address or a token, wherever it stands: long, with digits and letters mixed.
_SUSPICIOUS = re.compile(r"@|\beyJ|Bearer|\bpat-|\b00D\w{12,15}!")
_TEXT_LENGTH = 200


def configure(*, as_json: bool | None = None, level: str = "warning", stream: TextIO | None = None) -> None:
    """Set up structlog for this process; may be repeated.

    Args:
        as_json: One JSON object a line; None: unless the stream is a terminal.
        level: "debug", "info", "warning" or "error"; less is not computed at all.
        stream: None: stderr.
    """
    is_json = not (stream or sys.stderr).isatty() if as_json is None else as_json
    render: Processor = structlog.processors.JSONRenderer() if is_json else structlog.dev.ConsoleRenderer()
    structlog.configure(
        processors=[
            structlog.contextvars.merge_contextvars,
            structlog.processors.add_log_level,
            structlog.processors.TimeStamper(fmt="iso", utc=True),
            name_error,
            withhold,
            render,
        ],
        wrapper_class=structlog.make_filtering_bound_logger(logging.getLevelName(level.upper())),
        # stderr as it is when something is logged: whoever replaces it meanwhile gets the lines.
        logger_factory=lambda *_: structlog.WriteLogger(stream or sys.stderr),
        cache_logger_on_first_use=False,
    )


def name_error(_: Any, __: str, event: EventDict) -> EventDict:
    """Replace an exception by its class and the safe parts of ours: foreign texts may quote anything."""
    raised = event.pop("exc_info", None)
    error = sys.exc_info()[1] if raised is True else raised[1] if isinstance(raised, tuple) else raised
    if isinstance(error, BaseException):
        event["error"] = type(error).__name__
    if isinstance(error, CrmBridgeError):
        where = error.where
        known = {"crm": where.crm, "object": where.object, "record_id": where.record_id, "code": where.code}
        for key, value in known.items():
            if value is not None:
                event.setdefault(key, value)
    return event


def withhold(_: Any, __: str, event: EventDict) -> Mapping[str, Any]:
    """Leave out every key that is not known to be safe, and values that look like a person or a secret."""
    kept: MutableMapping[str, Any] = {}
    withheld = []
    for key, value in event.items():
        if _is_safe(key, value):
            kept[key] = value
        else:
            withheld.append(key if key.isidentifier() else "?")
    if not (isinstance(kept.get("event"), str) and _is_event(kept["event"])):
        kept["event"] = "unnamed_event"
    if withheld:
        kept["withheld"] = sorted(withheld)
    return kept


def _is_safe(key: str, value: Any) -> bool:
    if value is None or isinstance(value, bool | int | float):
        return key in SAFE_KEYS or key.endswith(_NUMBERS)
    # What cannot be printed could begin a line of its own, or steer the terminal.
    is_text = isinstance(value, str) and len(value) <= _TEXT_LENGTH and value.isprintable()
    return is_text and key in SAFE_KEYS and not _SUSPICIOUS.search(value)


def _is_event(word: str) -> bool:
    return len(word) <= _EVENT_LENGTH and _EVENT.fullmatch(word) is not None
