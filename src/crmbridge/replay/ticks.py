"""When a replay decides: at the moments of recorded live runs, elsewhere at the end of every day. Pure."""

from __future__ import annotations

from bisect import bisect_left
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from datetime import UTC, datetime, timedelta
from typing import Final
from zoneinfo import ZoneInfo

from crmbridge.model import Owner
from crmbridge.replay.past import end_of
from crmbridge.seen import Instant

_DAY: Final = timedelta(days=1)


@dataclass(frozen=True, slots=True, kw_only=True)
class Ticks:
    """The moments of one replay, in order."""

    at: tuple[datetime, ...]
    #: The live run whose moment it is; None: the end of a day.
    runs: tuple[Instant | None, ...]
    #: The first tick that is reported; those before it only lead up to it.
    first: int
    #: Who can own a lead where no live run recorded it.
    owners: Mapping[str, Owner]

    def owners_at(self, place: int) -> Mapping[str, Owner]:
        """Give who could be given leads then."""
        run = self.runs[place]
        return run.owners if run is not None else self.owners

    def place(self, moment: datetime) -> int:
        """Give the first tick at or after a moment; one past the last where there is none."""
        return bisect_left(self.at, moment)


def ticks(
    since: datetime,
    until: datetime,
    zone: ZoneInfo,
    instants: Sequence[Instant],
    owners: Mapping[str, Owner],
) -> Ticks:
    """Lay out the moments of a period.

    From the first recorded live run to the last, the runs alone count: also those before ``since``, so that
    what they remembered is remembered. Before and after, every day ends with a decision.

    Args:
        owners: As they stand today: for days before the first live run, unless one recorded them.
    """
    live = [item for item in instants if item.at <= until]
    runs: list[tuple[datetime, Instant | None]] = [(item.at, item) for item in live]
    first, last = (live[0].at, live[-1].at) if live else (None, None)
    day, end = since.astimezone(zone).date(), until.astimezone(zone).date()
    while day <= end:
        at = min(end_of(day, zone), until)
        if at >= since and (first is None or last is None or not first <= at <= last):
            runs.append((at, None))
        day += _DAY
    runs.sort(key=lambda pair: pair[0])
    moments = tuple(at.astimezone(UTC) for at, _ in runs)
    return Ticks(
        at=moments,
        runs=tuple(run for _, run in runs),
        first=bisect_left(moments, since),
        owners=live[0].owners if live else owners,
    )
