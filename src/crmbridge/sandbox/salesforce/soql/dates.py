"""Relative dates (``LAST_N_DAYS:7``): half-open ranges of local days in the querying user's time zone."""

from __future__ import annotations

from collections.abc import Callable
from datetime import UTC, date, datetime, time, timedelta
from zoneinfo import ZoneInfo

_DAY = timedelta(days=1)
_FAR = 100_000

Span = tuple[date, date]


def span(text: str, today: date) -> Span | None:
    """Give first day and day after the last of a date literal; None when there is no such literal.

    Args:
        text: ``TODAY``, ``LAST_N_DAYS:7`` … in any case.
        today: The user's day.
    """
    name, _, digits = text.upper().partition(":")
    name = name.replace("FISCAL_", "")  # the org's fiscal year is the calendar year
    number = min(int(digits), _FAR) if digits else None
    try:
        return _fixed(name, today) if number is None else _counted(name, number, today)
    except (OverflowError, ValueError):
        return date.min, date.min


def to_utc(day: date, zone: ZoneInfo) -> str:
    """Give the moment a local day begins, as datetimes are stored."""
    if day <= date(2, 1, 1):
        return "0001-01-01T00:00:00.000+0000"
    local = datetime.combine(day, time(), zone)
    return local.astimezone(UTC).strftime("%Y-%m-%dT%H:%M:%S.000+0000")


def _fixed(name: str, today: date) -> Span | None:
    if name in _DAYS:
        day = today + _DAYS[name] * _DAY
        return day, day + _DAY
    if name in ("LAST_90_DAYS", "NEXT_90_DAYS"):
        return _counted(name.replace("90", "N"), 90, today)
    when, _, unit = name.partition("_")
    starts = _UNITS.get(unit + "S")
    if starts is None or when not in _STEPS:
        return None
    return starts(today, _STEPS[when]), starts(today, _STEPS[when] + 1)


def _counted(name: str, number: int, today: date) -> Span | None:
    if name.startswith("N_") and name.endswith("_AGO"):
        starts = _UNITS.get(name[2:-4])
        return None if starts is None else (starts(today, -number), starts(today, 1 - number))
    when, _, unit = name.partition("_N_")
    starts = _UNITS.get(unit)
    if starts is None or when not in ("LAST", "NEXT"):
        return None
    if when == "NEXT":
        return starts(today, 1), starts(today, number + 1)
    # The last n days end with today, the last n weeks, months … with the one before this.
    return starts(today, -number), starts(today, 1 if unit == "DAYS" else 0)


def _day(today: date, step: int) -> date:
    return today + step * _DAY


def _week(today: date, step: int) -> date:
    # Weeks begin on Sunday, as in the locale en_US.
    return today - (today.isoweekday() % 7) * _DAY + step * 7 * _DAY


def _months(size: int) -> Callable[[date, int], date]:
    def starts(today: date, step: int) -> date:
        months = today.year * 12 + (today.month - 1) // size * size + step * size
        return date(months // 12, months % 12 + 1, 1)

    return starts


_DAYS = {"YESTERDAY": -1, "TODAY": 0, "TOMORROW": 1}
_STEPS = {"LAST": -1, "THIS": 0, "NEXT": 1}
_UNITS: dict[str, Callable[[date, int], date]] = {
    "DAYS": _day,
    "WEEKS": _week,
    "MONTHS": _months(1),
    "QUARTERS": _months(3),
    "YEARS": _months(12),
}
