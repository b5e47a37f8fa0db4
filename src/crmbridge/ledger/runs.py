"""Runs and the company's lease: one run at a time, across processes and machines.

The lease row is the only lock that is trusted. Its fencing number grows with every run; a holder that
wakes up late carries an old number, and its next transaction is refused.
"""

from __future__ import annotations

from collections.abc import Mapping
from datetime import datetime

from sqlalchemy import Connection, func, select

from crmbridge.codec import pack, unpack
from crmbridge.errors import LeaseLost
from crmbridge.ledger.failures import wake_all
from crmbridge.ledger.marks import TO_DECIDE
from crmbridge.ledger.part import Part
from crmbridge.ledger.store import AnyRow, from_micros, to_micros
from crmbridge.ledger.tables import change, conflict, lead, lease, planned, setting
from crmbridge.ledger.tables import run as run_table
from crmbridge.ports import Run

#: States in which a run's plan is complete.
FINISHED = ("planned", "done", "stopped", "refused")
#: Kinds of run that decide every lead there is to decide.
PLANNING = ("plan", "sync")

#: Plans that were never applied are kept for ``apply`` and for reading; older ones go.
_KEPT_PLANS = 5

#: Entries of a run's header on which every decision rests.
_DECIDES = ("process", "mapping")

_PAUSE = "pause"

#: Kind of the runs that may go on after days with the plan they made.
BACKFILL = "backfill"


class Runs(Part):
    """The chapter *runs* of the ledger."""

    def begin(self, kind: str, now: datetime, header: Mapping[str, str]) -> Run:
        """See ``ports.Ledger.begin``.

        A lease that was not renewed for ``lease_seconds`` is taken over. Where ``header`` gives another
        "process" or "mapping" than the run before, every lead is marked: any decision may change. With
        "applies_to" "changed" in it, another "process" marks none: known leads wait for their next change.
        """
        with self._store.write() as tx:
            held, seconds = self._held(tx), self._store.seconds(tx)
            if held is not None and held.holder is not None and held.expires_at > seconds * 1e6:
                raise LeaseLost("another run is at work for this company")
            fence = 1 if held is None else int(held.fence) + 1
            run = Run(id=f"{now:%Y%m%dT%H%M%SZ}-{fence}", kind=kind, started_at=now, fence=fence)
            values = {"fence": fence, "holder": run.id, "expires_at": self._expiry(seconds)}
            self._store.put(
                tx, lease, ("name", *values), [(self._store.company, *values.values())], update=[*values]
            )
            self._abandon(tx)
            if self._is_other_process(tx, header):
                wake_all(tx)
                tx.execute(lead.update().where(lead.c.marked == 0).values(marked=TO_DECIDE))
            tx.execute(run_table.insert().values(_row(run, header)))
        return run

    def renew(self, run: Run) -> None:
        """See ``ports.Ledger.renew``. Safe to repeat, and from any thread; free right after a transaction."""
        if not self._store.lease.is_fresh(run):
            with self._store.write(run):
                pass  # every transaction of a run prolongs its lease

    def finish(self, run: Run, state: str, summary: Mapping[str, object]) -> None:
        """See ``ports.Ledger.finish``. The summary holds counts, no personal data."""
        with self._store.write(run) as tx:
            mine = run_table.c.id == run.id
            tx.execute(run_table.update().where(mine).values(state=state, summary=pack(dict(summary))))
            # A plan of an earlier run may be carried out under this lease: both are over now.
            opened = run_table.c.number == run.fence
            tx.execute(run_table.update().where(opened, run_table.c.state == "running").values(state=state))
            mine = lease.c.name == self._store.company
            tx.execute(lease.update().where(mine).values(expires_at=0, holder=None))
        self._store.lease.let_go()

    def run(self, run_id: str) -> tuple[Run, Mapping[str, str], str] | None:
        """See ``ports.Ledger.run``."""
        with self._store.read() as tx:
            row = tx.execute(select(run_table).where(run_table.c.id == run_id)).one_or_none()
        return None if row is None else (_run(row), unpack(row.header, dict[str, str]), row.state)

    def superseded(self, run_id: str) -> bool:
        """See ``ports.Ledger.superseded``."""
        mine = select(run_table.c.number).where(run_table.c.id == run_id).scalar_subquery()
        later = select(run_table.c.number).where(
            run_table.c.number > mine, run_table.c.kind.in_(PLANNING), run_table.c.state.in_(FINISHED)
        )
        with self._store.read() as tx:
            return tx.execute(later.limit(1)).one_or_none() is not None

    # pause ---------------------------------------------------------------------------------------
    def pause(self, reason: str | None) -> None:
        """See ``ports.Ledger.pause``. Safe to repeat."""
        with self._store.write() as tx:
            if reason is None:
                tx.execute(setting.delete().where(setting.c.name == _PAUSE))
            else:
                self._store.put(tx, setting, ("name", "value"), [(_PAUSE, pack(reason))], update=("value",))

    def paused(self) -> str | None:
        """See ``ports.Ledger.paused``."""
        with self._store.read() as tx:
            kept = tx.execute(select(setting.c.value).where(setting.c.name == _PAUSE)).scalar_one_or_none()
        return None if kept is None else unpack(kept, str)

    def remember(self, key: str, value: bytes, at: datetime) -> None:
        """See ``ports.Ledger.remember``."""
        with self._store.write() as tx:
            self._store.put(tx, setting, ("name", "value"), [(key, pack((value, at)))], update=("value",))

    def recall(self, key: str) -> tuple[bytes, datetime] | None:
        """See ``ports.Ledger.recall``."""
        with self._store.read() as tx:
            kept = tx.execute(select(setting.c.value).where(setting.c.name == key)).scalar_one_or_none()
        return None if kept is None else unpack(kept, tuple[bytes, datetime])

    # the lease -----------------------------------------------------------------------------------
    def _held(self, tx: Connection) -> AnyRow | None:
        columns = select(lease.c.fence, lease.c.holder, lease.c.expires_at)
        return tx.execute(columns.where(lease.c.name == self._store.company).with_for_update()).one_or_none()

    def _expiry(self, seconds: float) -> int:
        return round((seconds + self._store.lease.seconds) * 1e6)

    def _is_other_process(self, tx: Connection, header: Mapping[str, str]) -> bool:
        newest = select(run_table.c.header).order_by(run_table.c.number.desc()).limit(1)
        kept = tx.execute(newest).scalar_one_or_none()
        before = {} if kept is None else unpack(kept, dict[str, str])
        # Grandfathering: what an older version decided stays until the lead changes.
        kept = {"process"} if header.get("applies_to") == "changed" else set()
        asked = [name for name in _DECIDES if name in before and name in header and name not in kept]
        return any(before[name] != header[name] for name in asked)

    def _abandon(self, tx: Connection) -> None:
        """Close what dead runs left open, and delete the plans that nobody will ask for any more."""
        states = run_table.update().where(run_table.c.state == "running")
        tx.execute(states.values(state="abandoned"))
        kept = [*_newest(tx, ("planned",), _KEPT_PLANS), *_newest(tx, FINISHED, 1), *_unfinished(tx)]
        for table in (planned, change, conflict):
            tx.execute(table.delete().where(table.c.run.not_in(kept)))


def _newest(tx: Connection, states: tuple[str, ...], count: int) -> list[int]:
    numbers = select(run_table.c.number).where(run_table.c.state.in_(states), run_table.c.kind.in_(PLANNING))
    return list(tx.execute(numbers.order_by(run_table.c.number.desc()).limit(count)).scalars())


def _unfinished(tx: Connection) -> list[int]:
    """Name the backfills since the last finished one: one that was cut off goes on with the plan it has."""
    mine = run_table.c.kind == BACKFILL
    ended = select(func.max(run_table.c.number)).where(mine, run_table.c.state.in_(("done", "planned")))
    newer = run_table.c.number > (tx.execute(ended).scalar_one_or_none() or 0)
    return list(tx.execute(select(run_table.c.number).where(mine, newer)).scalars())


def _row(run: Run, header: Mapping[str, str]) -> dict[str, object]:
    return {
        "number": run.fence,
        "id": run.id,
        "kind": run.kind,
        "state": "running",
        "started_at": to_micros(run.started_at),
        "header": pack(dict(header)),
    }


def _run(row: AnyRow) -> Run:
    started_at = from_micros(row.started_at)
    if started_at is None:
        raise AssertionError("every run has a beginning")
    return Run(id=row.id, kind=row.kind, started_at=started_at, fence=row.number)
