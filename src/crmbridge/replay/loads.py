"""How many leads everybody was given within some days, as the ledger of live runs counts them. Pure."""

from __future__ import annotations

from bisect import bisect_left, insort
from collections import defaultdict
from datetime import datetime

from crmbridge.model import Memory


class Loads:
    """Counts assignments by owner and time."""

    def __init__(self) -> None:
        self._given: defaultdict[str, list[datetime]] = defaultdict(list)

    def note(self, before: Memory, after: Memory) -> None:
        """Count an assignment, if a decision made or found one."""
        owner, at = after.assigned_owner, after.assigned_at
        if (
            owner is not None
            and at is not None
            and (before.assigned_at, before.assigned_owner) != (at, owner)
        ):
            insort(self._given[owner], at)

    def between(self, since: datetime, until: datetime) -> dict[str, int]:
        """Count from a moment on until just before another."""
        found = {
            owner: bisect_left(moments, until) - bisect_left(moments, since)
            for owner, moments in self._given.items()
        }
        return {owner: count for owner, count in found.items() if count}
