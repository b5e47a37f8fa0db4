"""Daily allowances: what was used in the last 24 hours, by the sandbox's clock."""

from __future__ import annotations

from collections import Counter
from datetime import timedelta

from crmbridge.sandbox.clock import Clock

_HOUR_MS = int(timedelta(hours=1).total_seconds() * 1000)
_HOURS = 24


class Quota:
    """Count uses; each is forgotten a day later, by the hour."""

    def __init__(self, clock: Clock) -> None:
        self._clock = clock
        self._by_hour: Counter[int] = Counter()

    def use(self, number: int = 1) -> None:
        """Count uses at this moment."""
        self._by_hour[self._hour] += number

    @property
    def used(self) -> int:
        """Uses of the last 24 hours."""
        return sum(count for at, count in self._by_hour.items() if self._hour - _HOURS < at <= self._hour)

    def limit(self, maximum: int) -> dict[str, int]:
        """Give the allowance as ``/limits`` shows it."""
        return {"Max": maximum, "Remaining": max(maximum - self.used, 0)}

    def reset(self) -> None:
        """Forget all uses."""
        self._by_hour.clear()

    @property
    def _hour(self) -> int:
        return self._clock.now_ms() // _HOUR_MS
