"""Scripted faults: what goes wrong between a client and a CRM, by rule, seeded."""

from __future__ import annotations

import json
import random
from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field
from fnmatch import fnmatchcase
from typing import Any

from crmbridge.errors import ConfigError, Problem
from crmbridge.sandbox.failures_by_name import BY_NAME, NAMES, hubspot_error, hubspot_limit, salesforce_error
from crmbridge.sandbox.http import Response

#: How the body of a fault is named in a rule.
BODIES = ("json", "html", "empty", "latin1")
RESETS = ("before", "after")


@dataclass(frozen=True, slots=True, kw_only=True)
class Action:
    """What happens instead of, or around, the ordinary answer; the parts can be combined."""

    #: Answer with this status instead; None: the app's own answer.
    status: int | None = None
    #: Answer with this failure instead, in the words of the CRM asked: one of `NAMES`.
    kind: str | None = None
    #: Body of ``status``: one of `BODIES`, or the JSON value to send.
    body: Any = "json"
    #: Added to the answer, replacing headers of the same name.
    headers: Mapping[str, str] = field(default_factory=dict)
    #: Wait before the first byte, in real seconds.
    delay_seconds: float = 0.0
    #: Wait in the middle of the body, in real seconds.
    body_delay_seconds: float = 0.0
    #: Let the app handle the request although a failure is answered: a write is applied, its answer lost.
    applied: bool = False
    #: Cut the connection: "before" the app sees the request, or "after" it was applied; None: do not.
    reset: str | None = None
    #: Send only so many bytes of the announced body, then cut the connection; None: all.
    truncate_at: int | None = None

    @property
    def replaces(self) -> bool:
        """Whether something else is answered than the app's answer."""
        return self.status is not None or self.kind is not None


@dataclass(slots=True, kw_only=True)
class Rule:
    """When an action happens: the first rule that fits a request wins."""

    action: Action
    #: "hubspot", "salesforce", or None for both.
    crm: str | None = None
    #: None for every method.
    method: str | None = None
    #: Path prefix, or a pattern with ``*``; None for every path.
    path: str | None = None
    #: Number of times it still happens; None: for ever.
    count: int | None = None
    #: Share of fitting requests it happens to, 0 to 1.
    ratio: float = 1.0
    #: Fitting requests that are let pass first.
    skip: int = 0

    def fits(self, crm: str, method: str, path: str) -> bool:
        """Tell whether a request is meant by this rule."""
        return (
            self.count != 0
            and self.crm in (None, crm)
            and self.method in (None, method)
            and (self.path is None or _path_fits(self.path, path))
        )


class Faults:
    """The rules in force."""

    def __init__(self, seed: int = 1) -> None:
        self._seed = seed
        self.clear()

    def set(self, rules: Sequence[Rule], seed: int | None = None) -> None:
        """Replace all rules; ``seed`` restarts the chance behind ratios."""
        self.rules = list(rules)
        self._random = random.Random(self._seed if seed is None else seed)

    def clear(self) -> None:
        """Let everything work again."""
        self.set([])

    def pick(self, crm: str, method: str, path: str) -> Action | None:
        """Give what happens to a request and count it; None: nothing."""
        for rule in self.rules:
            if rule.fits(crm, method, path) and self._strikes(rule):
                return rule.action
        return None

    def _strikes(self, rule: Rule) -> bool:
        if rule.skip > 0:
            rule.skip -= 1
            return False
        if self._random.random() >= rule.ratio:
            return False
        if rule.count is not None:
            rule.count -= 1
        return True


def parse_rules(data: Any) -> list[Rule]:
    """Read the rules of ``POST faults``.

    Raises:
        ConfigError: Something is not as documented; nothing is in force then.
    """
    problems: list[Problem] = []
    rules = [_parse_rule(item, f"rules[{index}]", problems) for index, item in enumerate(_listed(data))]
    if problems:
        raise ConfigError(problems)
    return rules


def answer(action: Action, crm: str) -> Response:
    """Make the answer of a fault that replaces the app's."""
    status = action.status or 500
    if action.kind is not None:
        status, value = BY_NAME[crm][action.kind]
        kind, body = "application/json;charset=utf-8", json.dumps(value).encode()
    elif action.body == "json" or not isinstance(action.body, str):
        value = _ERRORS[crm](status) if action.body == "json" else action.body
        kind, body = "application/json;charset=utf-8", json.dumps(value).encode()
    else:
        kind, body = "text/html", _PAGES[action.body]
    return Response(status=status, body=body, headers={"Content-Type": kind, **action.headers})


def _path_fits(pattern: str, path: str) -> bool:
    return fnmatchcase(path, pattern) if "*" in pattern else path.startswith(pattern)


def _listed(data: Any) -> list[Any]:
    return data if isinstance(data, list) else []


def _parse_rule(item: Any, key: str, problems: list[Problem]) -> Rule:
    if not isinstance(item, dict):
        problems.append(Problem("faults", key, "a rule is an object"))
        return Rule(action=Action())
    known = {name: value for name, value in item.items() if name != "action"}
    _check(known, _RULE_KEYS, key, problems)
    action = _parse_action(item.get("action"), f"{key}.action", problems)
    return Rule(action=action, **{name: known[name] for name in _RULE_KEYS if name in known})


def _parse_action(item: Any, key: str, problems: list[Problem]) -> Action:
    if not isinstance(item, dict) or not item:
        problems.append(Problem("faults", key, "an action is an object that says what goes wrong"))
        return Action()
    _check(item, _ACTION_KEYS, key, problems)
    if item.get("reset") not in (None, *RESETS):
        problems.append(Problem("faults", f"{key}.reset", "must be one of: " + ", ".join(RESETS)))
    if item.get("kind") not in (None, *NAMES):
        problems.append(Problem("faults", f"{key}.kind", "must be one of: " + ", ".join(NAMES)))
    if isinstance(item.get("body"), str) and item["body"] not in BODIES:
        problems.append(Problem("faults", f"{key}.body", "must be JSON or one of: " + ", ".join(BODIES)))
    return Action(**{name: item[name] for name in _ACTION_KEYS if name in item})


def _check(item: Mapping[str, Any], keys: Mapping[str, Any], key: str, problems: list[Problem]) -> None:
    for name, value in item.items():
        if name not in keys:
            problems.append(Problem("faults", f"{key}.{name}", "unknown key", f"known: {', '.join(keys)}"))
        elif value is not None and not _is(value, keys[name]):
            problems.append(Problem("faults", f"{key}.{name}", "has the wrong type"))


def _is(value: Any, wanted: Any) -> bool:
    # JSON's true and false count as numbers in Python.
    return isinstance(value, wanted) and isinstance(value, bool) == (wanted is bool)


_NUMBER = (int, float)
_RULE_KEYS = {"crm": str, "method": str, "path": str, "count": int, "ratio": _NUMBER, "skip": int}
_ACTION_KEYS: dict[str, Any] = {
    "status": int,
    "kind": str,
    "body": (str, dict, list),
    "headers": dict,
    "delay_seconds": _NUMBER,
    "body_delay_seconds": _NUMBER,
    "applied": bool,
    "reset": str,
    "truncate_at": int,
}

_PAGES = {
    "html": b"<html><body><h1>The service is unavailable.</h1></body></html>",
    "empty": b"",
    # A proxy's page in another encoding: clients that decode it as UTF-8 without care fall over.
    "latin1": "<html>Dienst nicht verf\u00fcgbar</html>".encode("latin-1"),
}

#: HubSpot's category and Salesforce's errorCode by status (checked 2026-11-21).
_HUBSPOT_CATEGORIES = {
    400: "VALIDATION_ERROR",
    401: "INVALID_AUTHENTICATION",
    403: "MISSING_SCOPES",
    404: "OBJECT_NOT_FOUND",
}
_SALESFORCE_CODES = {
    400: "BAD_REQUEST",
    401: "INVALID_SESSION_ID",
    403: "REQUEST_LIMIT_EXCEEDED",
    404: "NOT_FOUND",
    503: "SERVER_UNAVAILABLE",
}


def _hubspot_error(status: int) -> Any:
    if status == 429:
        return hubspot_limit("TEN_SECONDLY_ROLLING", "ten_secondly_rolling")
    category = _HUBSPOT_CATEGORIES.get(status)
    return hubspot_error(f"Scripted fault {status}", **({"category": category} if category else {}))


def _salesforce_error(status: int) -> Any:
    return salesforce_error(_SALESFORCE_CODES.get(status, "UNKNOWN_EXCEPTION"), f"Scripted fault {status}")


_ERRORS = {"hubspot": _hubspot_error, "salesforce": _salesforce_error}
