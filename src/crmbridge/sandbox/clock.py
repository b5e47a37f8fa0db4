"""The sandbox's clock: the only source of time for both CRMs, so that a test can let a month pass."""

from __future__ import annotations

import time
from datetime import UTC, datetime, timedelta


def to_ms(moment: datetime) -> int:
    """Give epoch milliseconds of an aware moment."""
    return (moment - _EPOCH) // _MILLISECOND


def from_ms(value: int) -> datetime:
    """Give the aware UTC moment of epoch milliseconds."""
    return _EPOCH + timedelta(milliseconds=value)


def iso_ms(value: int) -> str:
    """Write epoch milliseconds as HubSpot does: ``2026-11-21T08:00:00.123Z``."""
    return from_ms(value).isoformat(timespec="milliseconds")[:-6] + "Z"


_EPOCH = datetime(1970, 1, 1, tzinfo=UTC)
_MILLISECOND = timedelta(milliseconds=1)


class Clock:
    """Time as the sandbox sees it: aware UTC, whole milliseconds.

    Runs in real time from the machine's clock; `set` and `advance` shift it. A frozen clock stands still
    until it is set or advanced.
    """

    def __init__(self, start: datetime | None = None) -> None:
        """Start now and run (None), or start at an aware moment and stand still."""
        self.frozen = start is not None
        self._start_ms = to_ms(start) if start is not None else 0
        self.reset()

    def reset(self) -> None:
        """Go back to the start: to real time, or to the moment at which it stood still."""
        self._shift_ms = 0
        self._at_ms = self._start_ms

    def now_ms(self) -> int:
        """Give epoch milliseconds."""
        if self.frozen:
            return self._at_ms
        return time.time_ns() // 1_000_000 + self._shift_ms

    def now(self) -> datetime:
        """Give the moment, aware UTC, without microseconds below the millisecond."""
        return from_ms(self.now_ms())

    def iso(self) -> str:
        """Give the moment as ISO 8601 with milliseconds and Z."""
        return iso_ms(self.now_ms())

    def set(self, moment: datetime) -> None:
        """Move to an aware moment, forwards or backwards; a running clock runs on from there."""
        self.advance(milliseconds=to_ms(moment) - self.now_ms())

    def advance(self, seconds: float = 0, *, milliseconds: int = 0) -> None:
        """Let time pass at once (a negative amount goes back)."""
        step = round(seconds * 1000) + milliseconds
        if self.frozen:
            self._at_ms += step
        else:
            self._shift_ms += step
