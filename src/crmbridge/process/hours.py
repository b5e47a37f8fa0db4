"""The business-hours clock: working time between two moments, and the moment when so much has passed.

Interval arithmetic: a calendar is laid out once as its working intervals with the time worked before each,
so that every question is one search, however far apart the moments are. Summer time is right because the
intervals are laid out in the calendar's own time zone.
"""

from __future__ import annotations

from bisect import bisect_left, bisect_right
from collections.abc import Iterator, Sequence
from dataclasses import dataclass, field
from datetime import UTC, date, datetime, time, timedelta
from functools import lru_cache
from typing import Final, TypeAlias
from zoneinfo import ZoneInfo

#: Years that are laid out. Outside them nobody works: a lead is neither that old nor due so late.
FIRST_YEAR: Final = 2015
LAST_YEAR: Final = 2045
LATEST: Final = datetime.max.replace(tzinfo=UTC)
#: Minutes of the day: from, to (excluded).
Shift: TypeAlias = tuple[int, int]
#: A span of time: from, to (excluded).
Span: TypeAlias = tuple[datetime, datetime]


@dataclass(frozen=True, slots=True)
class _Layout:
    """Working intervals in seconds since 1970, in order."""

    starts: tuple[float, ...]
    ends: tuple[float, ...]
    #: Seconds worked before each interval.
    before: tuple[float, ...]
    #: Seconds of all intervals.
    total: float


@dataclass(frozen=True, slots=True, kw_only=True)
class Calendar:
    """When somebody works. Immutable, safe to share."""

    name: str
    #: IANA name.
    timezone: str
    #: Monday to Sunday: the shifts of the day, in order.
    week: tuple[tuple[Shift, ...], ...]
    #: Days on which nobody works: public holidays and the company's own.
    closed: frozenset[date] = frozenset()
    #: ISO countries and territories whose leads follow it.
    countries: tuple[str, ...] = ()
    territories: tuple[str, ...] = ()
    _layout: _Layout = field(init=False, repr=False, compare=False)

    def __post_init__(self) -> None:
        object.__setattr__(self, "_layout", _laid_out(self.timezone, self.week, self.closed))

    def worked(self, moment: datetime) -> float:
        """Give the working seconds from the beginning of the calendar until a moment."""
        layout, at = self._layout, moment.timestamp()
        index = bisect_right(layout.starts, at) - 1
        if index < 0:
            return 0.0
        end = layout.ends[index]
        return layout.before[index] + (min(end, at)) - layout.starts[index]

    def at(self, worked: float) -> datetime:
        """Give the first moment until which so much has been worked; the end of time when that is never."""
        layout = self._layout
        if worked > layout.total or not layout.starts:
            return LATEST
        index = bisect_left(layout.before, worked) - 1  # the end of an interval, not the next beginning
        index = max(index, 0)
        return datetime.fromtimestamp(layout.starts[index] + worked - layout.before[index], UTC)

    def is_open(self, moment: datetime) -> bool:
        """Tell whether somebody works at a moment."""
        layout, at = self._layout, moment.timestamp()
        index = bisect_right(layout.starts, at) - 1
        return index >= 0 and at < layout.ends[index]


class RoundTheClock:
    """The calendar of who has none: every second counts."""

    __slots__ = ()

    def worked(self, moment: datetime) -> float:
        """Give the seconds since 1970."""
        return moment.timestamp()

    def at(self, worked: float) -> datetime:
        """Give the moment so many seconds after 1970; the end of time when the calendar has none."""
        try:
            return datetime.fromtimestamp(worked, UTC)
        except (OverflowError, ValueError, OSError):
            return LATEST


Clock: TypeAlias = Calendar | RoundTheClock
ROUND_THE_CLOCK: Final = RoundTheClock()


def between(clock: Clock, start: datetime, end: datetime) -> float:
    """Give the working seconds from ``start`` to ``end``; 0 when ``end`` is not later."""
    return max(clock.worked(end) - clock.worked(start), 0.0)


def used(clock: Clock, start: datetime, now: datetime, away: Sequence[Span] = ()) -> float:
    """Give the working seconds since ``start``, spans in ``away`` left out (see ``due``)."""
    lost = [between(clock, max(begin, start), min(back, now)) for begin, back in away if begin < now]
    return between(clock, start, now) - sum(lost)


def due(clock: Clock, start: datetime, seconds: float, away: Sequence[Span] = ()) -> datetime:
    """Give the moment at which so much working time has passed, spans in ``away`` left out.

    Args:
        away: In order and not overlapping (see ``merged``).
    """
    wanted = clock.worked(start) + seconds
    end = clock.at(wanted)
    for begin, back in away:
        if begin >= end:
            break
        if back > start:
            wanted += between(clock, max(begin, start), back)
            end = clock.at(wanted)
    return end


def merged(spans: Sequence[Span]) -> tuple[Span, ...]:
    """Put spans in order and join those that overlap; one that ends before it begins is left out."""
    found: list[Span] = []
    for begin, end in sorted(span for span in spans if span[0] < span[1]):
        if found and begin <= found[-1][1]:
            found[-1] = (found[-1][0], max(end, found[-1][1]))
        else:
            found.append((begin, end))
    return tuple(found)


@lru_cache(maxsize=256)
def _laid_out(timezone: str, week: tuple[tuple[Shift, ...], ...], closed: frozenset[date]) -> _Layout:
    spans = [span for span in _spans(ZoneInfo(timezone), week, closed) if span[0] < span[1]]
    starts, ends = tuple(span[0] for span in spans), tuple(span[1] for span in spans)
    before: list[float] = []
    total = 0.0
    for start, end in spans:
        before.append(total)
        total += end - start
    return _Layout(starts, ends, tuple(before), total)


def _spans(
    zone: ZoneInfo, week: tuple[tuple[Shift, ...], ...], closed: frozenset[date]
) -> Iterator[tuple[float, float]]:
    day, last = date(FIRST_YEAR, 1, 1), date(LAST_YEAR, 12, 31)
    while day <= last:
        if day not in closed:
            for start, end in week[day.weekday()]:
                yield _moment(day, start, zone), _moment(day, end, zone)
        day += timedelta(days=1)


def _moment(day: date, minute: int, zone: ZoneInfo) -> float:
    if minute == 24 * 60:
        day, minute = day + timedelta(days=1), 0
    return datetime.combine(day, time(minute // 60, minute % 60), zone).timestamp()
