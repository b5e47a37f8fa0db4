"""The company's lease, as every transaction of a run needs it: checked, and prolonged on the way."""

from __future__ import annotations

import time
from collections.abc import Callable
from typing import Any

from sqlalchemy import BigInteger, Connection, cast, func, select

from crmbridge.errors import LeaseLost
from crmbridge.ledger.tables import lease
from crmbridge.ports import Run

#: A lease that was prolonged at most so long ago is not prolonged again for its own sake.
_FRESH_SECONDS = 5.0


class Lease:
    """One company's lease, with what this process last saw of it."""

    def __init__(self, company: str, *, seconds: float, clock: Callable[[], float] | None) -> None:
        self.company = company
        self.seconds = seconds
        self._watch = clock or time.monotonic
        #: The fence that held the lease, and when that was seen last; None when nobody of ours does.
        self._held: tuple[int, float] | None = None

    def now(self) -> float:
        """Read the watch that tells how fresh the lease is: a given clock, or this process's own."""
        return self._watch()

    def hold(self, tx: Connection, run: Run, now: float | None) -> None:
        """Check the fence and prolong the lease, in one statement. None for ``now``: the server's clock.

        Raises:
            LeaseLost: another run has taken over, or this one has ended.
        """
        now_micros: Any = _SERVER_MICROS if now is None else round(now * 1e6)
        mine = (lease.c.name == self.company) & (lease.c.fence == run.fence) & lease.c.holder.is_not(None)
        expires_at = now_micros + round(self.seconds * 1e6)
        if tx.execute(lease.update().where(mine).values(expires_at=expires_at)).rowcount:
            return
        fence = select(lease.c.fence).where(lease.c.name == self.company)
        if tx.execute(fence).scalar_one_or_none() == run.fence:
            raise LeaseLost("this run has ended")
        raise LeaseLost("another run has taken over this company")

    def held(self, run: Run, at: float) -> None:
        """Note that the run held the lease at that moment of ``now``."""
        self._held = run.fence, at

    def let_go(self) -> None:
        """Note that the run has given the lease back."""
        self._held = None

    def is_fresh(self, run: Run) -> bool:
        """Tell whether the run's lease was prolonged a moment ago: nobody can have taken it since."""
        fence, at = self._held or (None, 0.0)
        return fence == run.fence and 0 <= self.now() - at < min(_FRESH_SECONDS, self.seconds / 4)


_SERVER_MICROS = cast(func.extract("epoch", func.clock_timestamp()) * 1_000_000, BigInteger)
