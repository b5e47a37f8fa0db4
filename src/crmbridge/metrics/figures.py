"""Numbers in a row: exact percentiles, shares, intervals and periods of the calendar."""

from __future__ import annotations

from array import array
from bisect import bisect_left
from collections.abc import Iterable, Sequence
from datetime import date, timedelta
from decimal import Decimal
from itertools import pairwise
from math import sqrt
from statistics import NormalDist
from typing import Final

#: Two-sided 95 %.
_Z: Final = NormalDist().inv_cdf(0.975)


def percentile(ordered: Sequence[float], percent: int) -> float | None:
    """Interpolate linearly between order statistics; None of nothing.

    Args:
        ordered: Ascending.
        percent: 0 to 100. The place is (n - 1) * percent / 100, in whole numbers: no rounding moves it.
    """
    if not ordered:
        return None
    place, rest = divmod((len(ordered) - 1) * percent, 100)
    low = ordered[place]
    return low + (ordered[place + 1] - low) * rest / 100 if rest else low


class Sample:
    """Numbers of one kind: eight bytes each, sorted when somebody asks."""

    __slots__ = ("_is_sorted", "numbers")

    def __init__(self, numbers: Iterable[float] = ()) -> None:
        self.numbers = array("d", numbers)
        self._is_sorted = False

    def add(self, number: float) -> None:
        """Take one more number."""
        self.numbers.append(number)
        self._is_sorted = False

    def __len__(self) -> int:
        return len(self.numbers)

    def at(self, percent: int) -> float | int | None:
        """Give a percentile; a whole number comes without a fraction."""
        if not self._is_sorted:
            self.numbers = array("d", sorted(self.numbers))
            self._is_sorted = True
        return tidy(percentile(self.numbers, percent))


def spread(sample: Sample, ends: Sequence[float]) -> list[dict[str, float | int | None]]:
    """Count the numbers of a sample per bin: above the end before it, up to its own; the last is open."""
    counts = [0] * (len(ends) + 1)
    for number in sample.numbers:
        counts[bisect_left(ends, number)] += 1
    edges = [(None, ends[0]), *pairwise(ends), (ends[-1], None)]
    return [{"above": low, "up_to": high, "n": n} for (low, high), n in zip(edges, counts, strict=True)]


def tidy(number: float | Decimal | None) -> float | int | None:
    """Write a whole number as one, and a decimal as JSON has it."""
    if number is None:
        return None
    return int(number) if number == int(number) else float(number)


def rate(part: int | None, whole: int | None) -> float | None:
    """Give a share between 0 and 1; None of nothing."""
    return part / whole if whole and part is not None else None


def wilson(part: int, whole: int) -> tuple[float, float] | None:
    """Give the Wilson score interval (95 %) of a share; None of nothing."""
    if not whole:
        return None
    share, square = part / whole, _Z * _Z
    middle = share + square / (2 * whole)
    margin = _Z * sqrt(share * (1 - share) / whole + square / (4 * whole * whole))
    scale = 1 + square / whole
    return max(0.0, (middle - margin) / scale), min(1.0, (middle + margin) / scale)


# periods ---------------------------------------------------------------------------------------------
def period_of(day: date, kind: str) -> str:
    """Name the period a day is in: 2026-W47, 2026-11, 2026-Q4 or 2026."""
    if kind == "week":
        year, week, _ = day.isocalendar()
        return f"{year}-W{week:02}"
    if kind == "quarter":
        return f"{day.year}-Q{(day.month + 2) // 3}"
    return f"{day.year}-{day.month:02}" if kind == "month" else str(day.year)


def begin_of(day: date, kind: str) -> date:
    """Give the first day of the period that a day is in."""
    if kind == "week":
        return day - timedelta(days=day.weekday())
    if kind == "quarter":
        return date(day.year, (day.month - 1) // 3 * 3 + 1, 1)
    return day.replace(day=1) if kind == "month" else date(day.year, 1, 1)


def next_begin(day: date, kind: str) -> date:
    """Give the first day of the period after the one that a day is in."""
    begin = begin_of(day, kind)
    # Further than the longest period of the kind, and never two of them.
    return begin_of(begin + timedelta(days={"week": 7, "month": 31, "quarter": 92, "year": 366}[kind]), kind)


PERIODS: Final = ("week", "month", "quarter", "year")
