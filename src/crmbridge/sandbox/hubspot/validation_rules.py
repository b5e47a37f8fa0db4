"""Validation rules that administrators put on properties; enforced from the 2026-09 paths on.

Rule names as the property validation API has them (recalled, checked against nothing but the changelog of
2026-09 on 2026-11-21); those listed here are enforced, others are kept and shown only.
"""

from __future__ import annotations

import re
from collections.abc import Callable, Mapping, Sequence
from typing import Any

from crmbridge.sandbox.hubspot.errors import ValueProblem

Arguments = Sequence[str]


def broken(rules: Sequence[Mapping[str, Any]], name: str, value: str) -> list[ValueProblem]:
    """Give what a value breaks; a cleared value breaks nothing."""
    problems = []
    for rule in rules if value else ():
        holds = _RULES.get(rule["ruleType"])
        if holds is not None and not holds(value, rule["ruleArguments"]):
            message = f"{name} does not fulfil the rule {rule['ruleType']}."
            problems.append(ValueProblem(name, "PROPERTY_VALIDATION_RULE_FAILED", message))
    return problems


def readable(rule: Mapping[str, Any]) -> bool:
    """Tell whether a rule can be kept: its arguments fit its type."""
    try:
        holds = _RULES.get(rule["ruleType"], _RULES["ALPHANUMERIC"])
        holds("1", [str(item) for item in rule["ruleArguments"]])
    except (KeyError, TypeError, ValueError, IndexError, re.error):
        return False
    return True


def _in_domain(value: str, arguments: Arguments) -> bool:
    return value.rpartition("@")[2].lower() in {item.lower() for item in arguments}


_RULES: dict[str, Callable[[str, Arguments], bool]] = {
    "MIN_LENGTH": lambda value, arguments: len(value) >= int(arguments[0]),
    "MAX_LENGTH": lambda value, arguments: len(value) <= int(arguments[0]),
    "MIN_NUMBER": lambda value, arguments: float(value) >= float(arguments[0]),
    "MAX_NUMBER": lambda value, arguments: float(value) <= float(arguments[0]),
    "ALPHANUMERIC": lambda value, _: value.isalnum(),
    "REGEX": lambda value, arguments: re.fullmatch(arguments[0], value) is not None,
    "EMAIL_ALLOWED_DOMAINS": _in_domain,
    "EMAIL_BLOCKED_DOMAINS": lambda value, arguments: not _in_domain(value, arguments),
}
