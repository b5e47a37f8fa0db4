"""Readers of plain values: texts, numbers, booleans, moments, days, money and sets."""

from __future__ import annotations

import math
import re
from collections.abc import Iterable
from datetime import UTC, date, datetime, time, timedelta
from decimal import Decimal, InvalidOperation
from enum import Enum
from typing import Any, Final, TypeAlias

from crmbridge.model import Money, Value


class Unknown(Enum):
    """The type of ``UNKNOWN``: something stands there, and it cannot be told what it means."""

    UNKNOWN = "unknown"


UNKNOWN: Final = Unknown.UNKNOWN

#: What a reader gives back.
Reading: TypeAlias = Value | Unknown

_BOOLEANS: Final = {
    "true": True, "yes": True, "1": True, "on": True, "t": True, "y": True,
    "false": False, "no": False, "0": False, "off": False, "f": False, "n": False,
}  # fmt: skip

# Grouped digits count only where they can mean one thing: "1,234" is 1234 in Boston and 1.234 in Bonn.
_PLAIN_NUMBER: Final = re.compile(r"[+-]?(\d+\.?\d*|\.\d+)(e[+-]?\d{1,3})?", re.ASCII | re.IGNORECASE)
_GROUPED_NUMBERS: Final = (
    (re.compile(r"[+-]?\d{1,3}(,\d{3}){2,}(\.\d+)?", re.ASCII), ",", "."),
    (re.compile(r"[+-]?\d{1,3}(,\d{3})+\.\d+", re.ASCII), ",", "."),
    (re.compile(r"[+-]?\d{1,3}(\.\d{3}){2,}(,\d+)?", re.ASCII), ".", ","),
    (re.compile(r"[+-]?\d{1,3}(\.\d{3})+,\d+", re.ASCII), ".", ","),
)
_MAX_DIGITS: Final = 40
_EPOCH_MS: Final = re.compile(r"-?\d{11,14}", re.ASCII)
_EPOCH: Final = datetime(1970, 1, 1, tzinfo=UTC)
_CURRENCY: Final = re.compile(r"[A-Z]{3}", re.ASCII)
_AMOUNT_WITH_CURRENCY: Final = re.compile(
    r"(?:([A-Za-z]{3})\s*)?([^A-Za-z]+?)(?:\s*([A-Za-z]{3}))?", re.ASCII
)
_URL: Final = re.compile(r"(?:https?://)?[^\s/?#@:]+\.[^\s/?#@:.]+\.?(?::\d+)?(?:[/?#]\S*)?", re.IGNORECASE)


def read_text(raw: Any) -> Reading:
    """Strip a one-line text and make every run of white space one blank."""
    if isinstance(raw, str):
        return " ".join(raw.split()) or None
    return _plain_text(raw)


def read_long_text(raw: Any) -> Reading:
    """Strip a text and keep its lines."""
    if isinstance(raw, str):
        return raw.strip() or None
    return _plain_text(raw)


def _plain_text(raw: Any) -> Reading:
    if raw is None:
        return None
    if isinstance(raw, bool):
        return "true" if raw else "false"
    if isinstance(raw, float) and raw.is_integer():
        return str(int(raw))
    return str(raw) if isinstance(raw, (int, float, Decimal)) else UNKNOWN


def read_number(raw: Any) -> Reading:
    """Read a finite number as a float."""
    if type(raw) is float:
        return raw if math.isfinite(raw) else UNKNOWN
    amount = read_decimal(raw)
    if not isinstance(amount, Decimal):
        return amount
    number = float(amount)
    return number if math.isfinite(number) else UNKNOWN


def read_integer(raw: Any) -> Reading:
    """Read a whole number; "17.0" is one, "17.5" is unknown."""
    if type(raw) is str and raw.isdigit() and raw.isascii() and len(raw) <= _MAX_DIGITS:
        return int(raw)  # as nearly all are written
    amount = read_decimal(raw)
    if not isinstance(amount, Decimal):
        return amount
    if amount.adjusted() > _MAX_DIGITS or amount != amount.to_integral_value():
        return UNKNOWN
    return int(amount)


def read_decimal(raw: Any) -> Decimal | Unknown | None:
    """Read a finite number exactly; grouped digits only where the grouping can mean one thing."""
    if raw is None:
        return None
    if isinstance(raw, str):
        return _decimal_of_text(raw.strip())
    if isinstance(raw, bool) or not isinstance(raw, (int, float, Decimal)):
        return UNKNOWN
    # repr: 0.1 means 0.1 to whoever sent it, not its 55 binary digits.
    amount = raw if isinstance(raw, Decimal) else Decimal(repr(raw))
    return amount if amount.is_finite() else UNKNOWN


def _decimal_of_text(text: str) -> Decimal | Unknown | None:
    if not text:
        return None
    if len(text) > _MAX_DIGITS:
        return UNKNOWN
    try:
        if _PLAIN_NUMBER.fullmatch(text):
            return Decimal(text)
        for pattern, group, point in _GROUPED_NUMBERS:
            if pattern.fullmatch(text):
                return Decimal(text.replace(group, "").replace(point, "."))
    except InvalidOperation:
        return UNKNOWN
    return UNKNOWN


def read_boolean(raw: Any) -> Reading:
    """Read true/false, yes/no, on/off, 1/0 in any case."""
    if isinstance(raw, bool) or raw is None:
        return raw
    if isinstance(raw, str):
        text = raw.strip().lower()
        return _BOOLEANS.get(text, UNKNOWN) if text else None
    return bool(raw) if isinstance(raw, (int, float)) and raw in (0, 1) else UNKNOWN


def read_datetime(raw: Any) -> Reading:
    """Read a moment in UTC: ISO 8601 in every form, or epoch milliseconds (11 to 14 digits).

    A moment without an offset is taken as UTC, which is what both CRMs' APIs speak; a bare day is its
    midnight UTC.
    """
    if isinstance(raw, str):
        return _datetime_of_text(raw.strip())
    if isinstance(raw, datetime):
        return _in_utc(raw)
    if isinstance(raw, date):
        return datetime.combine(raw, time(), UTC)
    if isinstance(raw, (int, float)) and not isinstance(raw, bool):
        return _datetime_of_ms(raw)
    return None if raw is None else UNKNOWN


def read_date(raw: Any) -> Reading:
    """Read a calendar day as its midnight UTC; the time of a moment is dropped."""
    moment = read_datetime(raw)
    if isinstance(moment, datetime):
        return moment.replace(hour=0, minute=0, second=0, microsecond=0)
    return moment


def _datetime_of_text(text: str) -> Reading:
    if text[4:5] != "-":  # all but a year, as nearly all begin
        if not text:
            return None
        if _EPOCH_MS.fullmatch(text):
            return _datetime_of_ms(int(text))
        if "-" not in text[:8]:  # the compact forms look like numbers
            return UNKNOWN
    if not text.isascii():
        return UNKNOWN
    try:
        moment = datetime.fromisoformat(text)
    except ValueError:
        return UNKNOWN
    return moment if moment.tzinfo is UTC else _in_utc(moment)  # both CRMs write Z or +0000


def _datetime_of_ms(milliseconds: float) -> Reading:
    try:
        return _EPOCH + timedelta(milliseconds=milliseconds)
    except (OverflowError, ValueError):  # beyond year 9999, or not a number
        return UNKNOWN


def _in_utc(moment: datetime) -> Reading:
    try:
        return moment.replace(tzinfo=UTC) if moment.tzinfo is None else moment.astimezone(UTC)
    except OverflowError:  # the first or last day there is, shifted out of range
        return UNKNOWN


def read_money(raw: Any, currency: Any = None) -> Reading:
    """Read an amount with its currency.

    Args:
        raw: A number, or a text with an optional ISO 4217 code ("EUR 500"). A sign such as "$" is unknown:
            several currencies use it.
        currency: ISO 4217 code from a field of its own; the code inside the text wins.
    """
    if isinstance(raw, Money):
        return raw
    code = _currency(currency)
    if isinstance(raw, str) and (match := _AMOUNT_WITH_CURRENCY.fullmatch(raw.strip())):
        before, raw, after = match.groups()
        code = _currency(before or after) or code
    amount = read_decimal(raw)
    return Money(amount, code) if isinstance(amount, Decimal) else amount


def _currency(raw: Any) -> str | None:
    text = raw.strip().upper() if isinstance(raw, str) else ""
    return text if _CURRENCY.fullmatch(text) else None


def read_multi(raw: Any) -> Reading:
    """Read a set: ";"-separated text or a list; values sorted, without repetition, joined by ";"."""
    if raw is None:
        return None
    if isinstance(raw, str):
        return join_set(raw.split(";"))
    if isinstance(raw, (list, tuple, set, frozenset)) and all(isinstance(part, str) for part in raw):
        return join_set(raw)
    return UNKNOWN


def join_set(parts: Iterable[str]) -> str | None:
    """Write a set canonically; None when it is empty."""
    return ";".join(sorted({part.strip() for part in parts} - {""})) or None


def read_url(raw: Any) -> Reading:
    """Read a web address as it was typed; what has no host is unknown."""
    if not isinstance(raw, str):
        return None if raw is None else UNKNOWN
    text = raw.strip()
    if not text:
        return None
    return text if _URL.fullmatch(text) else UNKNOWN
