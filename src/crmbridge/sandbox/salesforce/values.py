"""Values between the wire and the store: types, lengths, picklists, with the service's own complaints."""

from __future__ import annotations

import math
import re
from collections.abc import Callable
from datetime import UTC, date, datetime
from typing import Any

from crmbridge.sandbox.salesforce import ids
from crmbridge.sandbox.salesforce.failures import Fault
from crmbridge.sandbox.salesforce.fields import Field

_EMAIL = re.compile(r"[^\s@<>,;:\"()\[\]]+@[^\s@<>,;:\"()\[\]]+\.[^\s@<>,;:\"()\[\].]+")
_DATE = re.compile(r"\d{4}-\d{2}-\d{2}")
_JSON_NAMES = {str: "VALUE_STRING", int: "VALUE_NUMBER_INT", float: "VALUE_NUMBER_FLOAT"}
_INT_MAX = 2**31 - 1

#: Turns a JSON value into a stored one, or raises `BadValue`.
Reader = Callable[[Field, Any], Any]


class BadValue(Exception):
    """A value the service refuses for a field."""

    def __init__(self, fault: Fault) -> None:
        super().__init__(fault.code)
        self.fault = fault


def to_stored(column: Field, value: Any) -> Any:
    """Check a JSON value against a field and give what is stored; None clears.

    Texts that can be read as a number, boolean or date are accepted for such fields, as the service does.

    Raises:
        BadValue: The service would refuse it.
    """
    if value is None or value == "":
        return 0 if column.type == "boolean" else None
    reader: Reader = _READERS.get(column.type, _text)
    return reader(column, value)


def to_wire(column: Field, value: Any) -> Any:
    """Give the JSON value of a stored one."""
    return value == 1 if column.type == "boolean" else value


def parse_datetime(text: str) -> str | None:
    """Give a datetime with zone as it is stored; None when it is none."""
    try:
        moment = datetime.fromisoformat(text)
    except ValueError:
        return None
    if moment.tzinfo is None:
        return None if "T" in text else moment.strftime("%Y-%m-%dT00:00:00.000+0000")
    try:
        return moment.astimezone(UTC).strftime("%Y-%m-%dT%H:%M:%S.000+0000")
    except OverflowError:
        return None


def parse_date(text: str) -> str | None:
    """Give a date as it is stored; of a datetime its date; None when it is none."""
    head = text[:10]
    if not _DATE.fullmatch(head) or (len(text) > 10 and text[10] != "T"):
        return None
    try:
        return date.fromisoformat(head).isoformat()
    except ValueError:
        return None


def _unreadable(column: Field, value: Any) -> BadValue:
    kind = _JSON_NAMES.get(type(value), "START_OBJECT")
    if isinstance(value, bool):
        kind = "VALUE_TRUE" if value else "VALUE_FALSE"
    if isinstance(value, list):
        kind = "START_ARRAY"
    wanted = {"datetime": "datetime", "date": "date", "boolean": "boolean", "int": "int"}.get(column.type)
    wanted = wanted or ("double" if column.precision else "string")
    shown = "" if isinstance(value, dict | list) else f" value {_shown(value)}"
    problem = f"Cannot deserialize instance of {wanted} from {kind}{shown}"
    message = f"{problem} or request may be missing a required field"
    return BadValue(Fault("JSON_PARSER_ERROR", message))


def _shown(value: Any) -> str:
    if isinstance(value, int) and abs(value) > 10**30:
        return "…"  # Python refuses to write very long numbers
    return str(value).lower() if isinstance(value, bool) else str(value)


def _blame(column: Field, code: str, message: str) -> BadValue:
    return BadValue(Fault(code, f"{column.label}: {message}", (column.name,)))


def _text(column: Field, value: Any) -> str | None:
    if not isinstance(value, str):
        raise _unreadable(column, value)
    text = value.replace("\x00", "").strip()
    if column.length and len(text) > column.length:
        raise _blame(column, "STRING_TOO_LONG", f"data value too large: {text} (max length={column.length})")
    return text or None


def _email(column: Field, value: Any) -> str | None:
    text = _text(column, value)
    if text is not None and not _EMAIL.fullmatch(text):
        raise _blame(column, "INVALID_EMAIL_ADDRESS", f"invalid email address: {text}")
    return text


def _picklist(column: Field, value: Any) -> str | None:
    text = _text(column, value)
    return None if text is None else _one_of(column, text)


def _one_of(column: Field, text: str) -> str:
    if column.feature == "states":
        return text  # names and codes are checked together, see places
    for known, active in column.values:
        if known.lower() == text.lower() and (active or not column.restricted):
            return known
    if column.restricted:
        raise _blame(
            column,
            "INVALID_OR_NULL_FOR_RESTRICTED_PICKLIST",
            f"bad value for restricted picklist field: {text}",
        )
    return text


def _multipicklist(column: Field, value: Any) -> str | None:
    text = _text(column, value)
    if text is None:
        return None
    return ";".join(_one_of(column, part.strip()) for part in text.split(";") if part.strip())


def _boolean(column: Field, value: Any) -> int:
    if isinstance(value, bool):
        return int(value)
    if isinstance(value, str) and value.lower() in _BOOLEANS:
        return _BOOLEANS[value.lower()]
    raise _unreadable(column, value)


_BOOLEANS = {"true": 1, "1": 1, "false": 0, "0": 0}


def _number(column: Field, value: Any) -> float:
    number = _as_float(column, value)
    if not math.isfinite(number) or abs(number) >= 10 ** (column.precision - column.scale):
        raise _blame(
            column,
            "NUMBER_OUTSIDE_VALID_RANGE",
            f"value outside of valid range on numeric field: {_shown(value)}",
        )
    return round(number, column.scale)


def _as_float(column: Field, value: Any) -> float:
    if isinstance(value, bool) or not isinstance(value, int | float | str):
        raise _unreadable(column, value)
    try:
        return float(value.replace("_", "x") if isinstance(value, str) else value)
    except (ValueError, OverflowError):
        raise _unreadable(column, value) from None


def _int(column: Field, value: Any) -> int:
    number = _as_float(column, value)
    if not math.isfinite(number) or number != int(number):
        raise _unreadable(column, value)
    if abs(number) > _INT_MAX:
        raise _blame(
            column,
            "NUMBER_OUTSIDE_VALID_RANGE",
            f"value outside of valid range on numeric field: {_shown(value)}",
        )
    return int(number)


def _datetime(column: Field, value: Any) -> str:
    stored = parse_datetime(value) if isinstance(value, str) else None
    if stored is None:
        raise _unreadable(column, value)
    return stored


def _date(column: Field, value: Any) -> str:
    stored = parse_date(value) if isinstance(value, str) else None
    if stored is None:
        raise _unreadable(column, value)
    return stored


def _id(column: Field, value: Any) -> str:
    long_id = ids.to_long(value) if isinstance(value, str) else None
    if long_id is None:
        raise _blame(column, "MALFORMED_ID", f"id value of incorrect type: {_shown(value)}")
    return long_id


_READERS: dict[str, Reader] = {
    "email": _email,
    "picklist": _picklist,
    "multipicklist": _multipicklist,
    "boolean": _boolean,
    "double": _number,
    "currency": _number,
    "percent": _number,
    "int": _int,
    "datetime": _datetime,
    "date": _date,
    "id": _id,
    "reference": _id,
}
