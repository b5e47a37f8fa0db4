"""API calls as money: counted before each one, and a clean stop before the one that would be too many."""

from __future__ import annotations

from collections.abc import Mapping
from threading import Lock

from crmbridge.errors import QuotaExhausted, Where
from crmbridge.ports import Crm, Quota
from crmbridge.process.parts import Guards
from crmbridge.safety import SafetyLedger


class Purse:
    """Calls that one run may spend in all, over both CRMs. Thread-safe.

    Args:
        calls: None: no limit of its own.
    """

    def __init__(self, calls: int | None) -> None:
        self.calls = calls
        self._left = calls
        self._lock = Lock()

    def take(self) -> bool:
        """Take one call; False when none is left."""
        with self._lock:
            if self._left is None:
                return True
            self._left -= 1
            return self._left >= 0


class Meter:
    """Counts the calls of one run in one CRM. Thread-safe; asked before every call (``ports.Crm.meter``).

    Three limits: the run's (its purse, or its share of the account's day), the share of the account's day at
    which we leave the rest to others, and our own number of calls a day, which the ledger counts for all
    processes. What the CRM told before this run is not believed: it may be from another day.
    """

    def __init__(self, crm: Crm, ledger: SafetyLedger, limits: Guards, purse: Purse) -> None:
        self._crm, self._ledger, self._limits, self._purse = crm, ledger, limits, purse
        self._stale = crm.quota()
        self._per_day: int | None = None
        #: Calls left in the account's day, ours since the last answer taken off.
        self._left = 0
        self._calls = 0
        self._lock = Lock()

    def __call__(self) -> None:
        """Spend one call.

        Raises:
            QuotaExhausted: none is left; the call is not sent.
        """
        with self._lock:
            self._learn(self._crm.quota())
            room = self._share_left()
            if room is not None and room <= 0:
                raise self._stopped("the share of the account's day that a run may use is spent")
            if not self._purse.take():
                raise self._stopped(f"the budget of {self._purse.calls} API calls is spent")
            if not self._ledger.spend(self._crm.name, self._limits.calls_per_day(self._crm.name)):
                raise self._stopped("the calls that process.toml allows us for a day are spent")
            self._calls += 1
            self._left -= 1

    def room(self) -> int | None:
        """Say how many calls the day still holds for this run, its purse left out; None: nobody knows."""
        with self._lock:
            self._learn(self._crm.quota())
            rooms = [self._share_left()]
            ours = self._limits.calls_per_day(self._crm.name)
            if ours is not None:
                rooms.append(ours - self._ledger.spent(self._crm.name))
            known = [max(0, room) for room in rooms if room is not None]
            return min(known) if known else None

    def _learn(self, quota: Quota | None) -> None:
        if quota is None or quota == self._stale:
            return
        self._stale = None
        self._left = quota.left if self._per_day is None else min(self._left, quota.left)
        self._per_day = quota.per_day

    def _share_left(self) -> int | None:
        if self._per_day is None:
            return None
        others = self._per_day - int(self._per_day * self._limits.max_day_share)
        left = self._left - others
        if self._purse.calls is not None:
            return left
        return min(left, int(self._per_day * self._limits.max_run_share) - self._calls)

    def _stopped(self, why: str) -> QuotaExhausted:
        return QuotaExhausted(why, Where(crm=self._crm.name))


def meters(
    crms: Mapping[str, Crm], ledger: SafetyLedger, limits: Guards, budget: int | None
) -> Mapping[str, Meter]:
    """Put a meter on every CRM for one run; take them off again with ``crm.meter(None)``.

    Args:
        budget: Calls that the run may spend in all; None: its share of each account's day.
    """
    purse = Purse(budget)
    found = {name: Meter(crm, ledger, limits, purse) for name, crm in crms.items()}
    for name, crm in crms.items():
        crm.meter(found[name])
    return found
