"""One CRM's rate limit, shared by all processes of a company: a ring of reserved start times.

Permit k may start no earlier than permit k - limit plus the window. One row update reserves the start;
the caller sleeps once. Nobody polls, the order is first come first served, and a process that dies
merely wastes its slot. Permits reach the wire with uneven delay, so the caller adds a margin to the
CRM's window (10.25 s for HubSpot's 10 s: measured, it gave exactly the allowance, 10.00 s overshot).
"""

from __future__ import annotations

from array import array
from bisect import bisect_left, bisect_right

from sqlalchemy import Connection, select

from crmbridge.ledger.store import AnyRow, Store
from crmbridge.ledger.tables import limiter

#: A start further ahead than this cannot be a queue; the wall clock was set back.
_HORIZON_SECONDS = 3600.0


class SqlLimiter:
    """Implements ``ports.Limiter``. Thread-safe; durability is not needed, so it does not wait for disks."""

    def __init__(self, store: Store) -> None:
        self._store = store

    def acquire(self, bucket: str, limit: int, window_seconds: float) -> float:
        """See ``ports.Limiter.acquire``.

        Args:
            bucket: One ring each; all its callers should give the same limit and window.
            limit: Permits per window, at least 1.
            window_seconds: The CRM's window with the caller's margin.
        """
        with self._store.write() as tx:
            now, row = self._store.seconds(tx), self._row(tx, bucket)
            starts = _current(row.starts, now, window_seconds)
            start = max(now, row.pause_until / 1e6, starts[-1] if starts else now)
            if len(starts) >= limit:
                start = max(start, starts[-limit] + window_seconds)
            starts.append(start)
            mine = limiter.c.bucket == bucket
            tx.execute(limiter.update().where(mine).values(starts=starts.tobytes()))
        return float(start - now)

    def pause(self, bucket: str, seconds: float) -> None:
        """See ``ports.Limiter.pause``. A longer pause stays; permits given before are not taken back."""
        with self._store.write() as tx:
            before = self._row(tx, bucket).pause_until
            until = round((self._store.seconds(tx) + seconds) * 1e6)
            tx.execute(
                limiter.update().where(limiter.c.bucket == bucket).values(pause_until=max(until, before))
            )

    def _row(self, tx: Connection, bucket: str) -> AnyRow:
        wanted = (
            select(limiter.c.starts, limiter.c.pause_until)
            .where(limiter.c.bucket == bucket)
            .with_for_update()
        )
        found = tx.execute(wanted).one_or_none()
        if found is None:
            self._store.put(tx, limiter, ("bucket", "starts", "pause_until"), [(bucket, b"", 0)])
            found = tx.execute(wanted).one()
        return found


def _current(kept: bytes, now: float, window_seconds: float) -> array[float]:
    """Read the starts that still count."""
    starts = array("d")
    starts.frombytes(kept)
    return starts[bisect_right(starts, now - window_seconds) : bisect_left(starts, now + _HORIZON_SECONDS)]
