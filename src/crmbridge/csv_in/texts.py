"""Texts of a file -> moments and amounts, strictly by the declared format."""

from __future__ import annotations

import re
from collections.abc import Callable, Sequence
from datetime import UTC, datetime
from decimal import Decimal, InvalidOperation
from functools import lru_cache
from typing import Final, TypeAlias
from zoneinfo import ZoneInfo

#: Text -> moment (aware); raises ValueError where the text does not fit.
ReadMoment: TypeAlias = Callable[[str], datetime]

#: What these formats write, digit by digit: read by the interpreter's own fast reader.
_FAST: Final = {
    "%Y-%m-%d": re.compile(r"\d{4}-\d\d-\d\d", re.ASCII),
    "%Y-%m-%d %H:%M:%S": re.compile(r"\d{4}-\d\d-\d\d \d\d:\d\d:\d\d", re.ASCII),
    "%Y-%m-%dT%H:%M:%S": re.compile(r"\d{4}-\d\d-\d\dT\d\d:\d\d:\d\d", re.ASCII),
    "%Y-%m-%d %H:%M": re.compile(r"\d{4}-\d\d-\d\d \d\d:\d\d", re.ASCII),
    "iso": re.compile(r"\d{4}-\d\d-\d\d([T ]\d\d:\d\d(:\d\d([.,]\d{1,6})?)?(Z|[+-]\d\d:?\d\d)?)?", re.ASCII),
}
#: Of these, the ones with a time of day and no offset.
_TIMED: Final = frozenset(_FAST) - {"%Y-%m-%d", "iso"}
#: Days repeat; more texts than this are not kept.
_REMEMBERED: Final = 50_000


def moment_reader(formats: Sequence[str], timezone: str) -> ReadMoment:
    """Make a reader for texts in one of some formats; times without an offset are of ``timezone``.

    A text that two formats read as different moments is refused like one that fits none.
    """
    if timezone == "UTC" and len(formats) == 1 and formats[0] in _TIMED:
        return _fast(formats[0])
    zone = UTC if timezone == "UTC" else ZoneInfo(timezone)
    readers = [_one(pattern) for pattern in formats]

    def read(text: str) -> datetime:
        found = None
        for reader in readers:
            try:
                moment = reader(text)
            except ValueError:
                continue
            if found is not None and moment != found:
                raise ValueError("two formats read it differently")
            found = moment
        if found is None:
            raise ValueError("fits no format")
        return found.replace(tzinfo=zone).astimezone(UTC) if found.tzinfo is None else found.astimezone(UTC)

    if len(readers) == 1 and formats[0] == "iso":
        return read
    return lru_cache(_REMEMBERED)(read)


def _fast(pattern: str) -> ReadMoment:
    """Read the commonest moments in one go: files have millions of them."""
    fits, slow = _FAST[pattern].fullmatch, _one(pattern)

    def read(text: str) -> datetime:
        if fits(text):
            return datetime.fromisoformat(text + "+00:00")
        return slow(text).replace(tzinfo=UTC)

    return read


def _one(pattern: str) -> Callable[[str], datetime]:
    fast = _FAST.get(pattern)

    def read(text: str) -> datetime:
        if fast is not None and fast.fullmatch(text):
            return datetime.fromisoformat(text)
        if pattern == "iso":
            raise ValueError("is not ISO 8601")
        return datetime.strptime(text, pattern)  # noqa: DTZ007 - the zone is declared beside the format

    return read


def amount(text: str, decimal: str, thousands: str) -> Decimal:
    """Read a number as declared.

    Raises:
        ValueError: it does not fit.
    """
    groups = rf"\d{{1,3}}(?:{re.escape(thousands)}\d{{3}})+|\d+" if thousands else r"\d+"
    if not re.fullmatch(rf"[+-]?(?:{groups})(?:{re.escape(decimal)}\d+)?", text, re.ASCII):
        raise ValueError("is no number in the declared form")
    plain = text.replace(thousands, "") if thousands else text
    try:
        return Decimal(plain.replace(decimal, "."))
    except InvalidOperation:
        raise ValueError("is no number") from None
