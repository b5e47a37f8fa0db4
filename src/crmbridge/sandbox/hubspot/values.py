"""Property values: what the portal accepts for each type, and the one form in which it keeps them.

Kept values are text: datetimes as ``2026-11-21T08:00:00.000Z``, dates as ``2026-11-21``, booleans as
"true" and "false", sets as "a;b". No value is the empty text.
"""

from __future__ import annotations

import math
import re
from collections.abc import Callable, Mapping, Set
from datetime import UTC, datetime
from typing import Any

from crmbridge.sandbox.clock import from_ms, iso_ms, to_ms
from crmbridge.sandbox.hubspot.errors import ValueProblem

#: Longest text HubSpot keeps in one property.
MAX_TEXT_CHARACTERS = 65_536
_DAY_MS = 86_400_000
_FIRST_MS = to_ms(datetime(1, 1, 1, tzinfo=UTC))
_LAST_MS = to_ms(datetime(9999, 12, 31, tzinfo=UTC))
_EMAIL = re.compile(r"[^@\s,;<>\"]+@[^@\s,;<>\"]+\.[^@\s,;<>\".]{2,}")
_DATE = re.compile(r"\d{4}-\d{2}-\d{2}")


class Invalid(Exception):
    """A value that is refused, with HubSpot's code and message."""

    def __init__(self, code: str, message: str) -> None:
        self.code = code
        self.message = message
        super().__init__(message)


def as_text(value: Any) -> str:
    """Give a JSON value as the text HubSpot makes of it; null and "" are both "no value"."""
    if value is None:
        return ""
    if isinstance(value, bool):
        return "true" if value else "false"
    return value if isinstance(value, str) else str(value)


def checked(definition: Mapping[str, Any], value: Any, owners: Set[str]) -> str:
    """Bring a value into the form in which it is kept.

    Args:
        definition: The property, as the properties API shows it.
        value: From JSON or a CSV cell.
        owners: Ids that a property referring to an owner may hold.

    Raises:
        Invalid: The value does not fit the property.
    """
    text = as_text(value)
    if not text:
        return ""
    if definition.get("referencedObjectType") == "OWNER":
        return _owner(text, owners)
    if definition["name"] == "email":
        return _email(text)
    check = _CHECKS.get(definition["type"])
    return check(text, definition) if check else _string(text, definition)


def moment_ms(text: str) -> int:
    """Read epoch milliseconds or ISO 8601 (without offset: UTC).

    Raises:
        ValueError: It is neither, or out of range.
    """
    if text.lstrip("-").isdecimal():
        value = int(text)
    else:
        moment = datetime.fromisoformat(text)
        value = to_ms(moment if moment.tzinfo else moment.replace(tzinfo=UTC))
    if not _FIRST_MS <= value <= _LAST_MS:
        raise ValueError("no year between 1 and 9999")
    return value


def _string(text: str, _: Mapping[str, Any]) -> str:
    if len(text) > MAX_TEXT_CHARACTERS:
        raise Invalid(
            "PROPERTY_VALUE_TOO_LONG", f"The value is longer than {MAX_TEXT_CHARACTERS} characters."
        )
    return text


def _email(text: str) -> str:
    address = text.strip().lower()
    if not _EMAIL.fullmatch(address) or len(address) > 254:
        raise Invalid("INVALID_EMAIL", f"Email address {text} is invalid")
    return address


def _owner(text: str, owners: Set[str]) -> str:
    if text not in owners:
        raise Invalid("INVALID_OWNER_ID", f"Owner {text} does not exist or is not active.")
    return text


def _number(text: str, _: Mapping[str, Any]) -> str:
    try:
        good = math.isfinite(float(text)) and "_" not in text
    except ValueError:
        good = False
    if not good:
        raise Invalid("INVALID_INTEGER", f"{text} was not a valid number.")
    return text.strip()


def _boolean(text: str, definition: Mapping[str, Any]) -> str:
    if text.lower() not in ("true", "false"):
        raise Invalid("INVALID_OPTION", f'{text} was not one of the allowed options: ["true","false"]')
    del definition
    return text.lower()


def _datetime(text: str, _: Mapping[str, Any]) -> str:
    try:
        return iso_ms(moment_ms(text))
    except ValueError:
        raise Invalid("INVALID_LONG", f"{text} was not a valid long.") from None


def _date(text: str, _: Mapping[str, Any]) -> str:
    try:
        milliseconds = moment_ms(text)
    except ValueError:
        raise Invalid("INVALID_LONG", f"{text} was not a valid long.") from None
    if milliseconds % _DAY_MS and not _DATE.fullmatch(text):
        raise Invalid("INVALID_DATE", f"{text} is at {from_ms(milliseconds):%H:%M:%S} UTC, not midnight!")
    return from_ms(milliseconds).strftime("%Y-%m-%d")


def _enumeration(text: str, definition: Mapping[str, Any]) -> str:
    if definition.get("externalOptions"):
        return text
    options = [option["value"] for option in definition["options"]]
    if definition["fieldType"] == "checkbox":
        parts = list(dict.fromkeys(part.strip() for part in text.split(";") if part.strip()))
    else:
        parts = [text]
    for part in parts:
        if part not in options:
            allowed = "[" + ", ".join(options) + "]"
            raise Invalid("INVALID_OPTION", f"{part} was not one of the allowed options: {allowed}")
    # A leading ";" appends to what is there; the writer of the record resolves it.
    return (";" if text.startswith(";") else "") + ";".join(parts)


_CHECKS: dict[str, Callable[[str, Mapping[str, Any]], str]] = {
    "number": _number,
    "bool": _boolean,
    "datetime": _datetime,
    "date": _date,
    "enumeration": _enumeration,
}


def problem(name: str, invalid: Invalid) -> ValueProblem:
    """Name the property of a refused value."""
    return ValueProblem(name, invalid.code, invalid.message)


def same(definition: Mapping[str, Any], old: str, new: str) -> bool:
    """Tell whether two kept values mean the same: numbers by value, everything else by text."""
    if old == new:
        return True
    if definition["type"] != "number" or not old or not new:
        return False
    return float(old) == float(new)
