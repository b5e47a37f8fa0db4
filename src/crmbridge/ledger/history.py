"""Every write ever made: by lead, by run, and for how long it is kept."""

from __future__ import annotations

from collections.abc import Collection, Iterator, Sequence
from datetime import datetime
from typing import Any

from sqlalchemy import Select, select, tuple_

from crmbridge.codec import unpack_value
from crmbridge.ledger.marks import EDITED_SINCE, mark
from crmbridge.ledger.part import CHUNK, Part
from crmbridge.ledger.sights import fold_seen
from crmbridge.ledger.store import AnyRow, from_micros, to_micros
from crmbridge.ledger.tables import alias, audit
from crmbridge.ledger.tables import run as run_table
from crmbridge.ledger.watch import forget_counts
from crmbridge.ports import Run
from crmbridge.safety import Written

#: States after which the CRM may hold something that it did not hold before.
TOUCHED = ("written", "ambiguous", "settled")


class History(Part):
    """The chapter *audit* of the ledger."""

    def history(self, lead_id: str) -> Sequence[Written]:
        """See ``safety.SafetyLedger.history``."""
        former = select(alias.c.old_id).where(alias.c.lead_id == lead_id)
        mine = (audit.c.lead_id == lead_id) | audit.c.lead_id.in_(former)
        with self._store.read() as tx:
            return [_written(row) for row in tx.execute(_rows().where(mine).order_by(audit.c.number))]

    def written_by(self, run_id: str) -> Iterator[Written]:
        """See ``safety.SafetyLedger.written_by``. Streams: the ledger may be written meanwhile."""
        wanted = _rows().where(run_table.c.id == run_id, audit.c.state.in_(TOUCHED))
        order = tuple_(audit.c.lead_id, audit.c.number)
        after = ("", 0)
        while True:
            page_of = wanted.where(order > after).order_by(audit.c.lead_id, audit.c.number).limit(CHUNK)
            with self._store.read() as tx:
                page = tx.execute(page_of).all()
            yield from map(_written, page)
            if len(page) < CHUNK:
                return
            after = (page[-1].lead_id, page[-1].number)

    def last_written(self) -> str | None:
        """See ``safety.SafetyLedger.last_written``."""
        newest = (
            select(audit.c.run).where(audit.c.state.in_(TOUCHED)).order_by(audit.c.number.desc()).limit(1)
        )
        with self._store.read() as tx:
            mine = run_table.c.number == newest.scalar_subquery()
            return tx.execute(select(run_table.c.id).where(mine)).scalar_one_or_none()

    def keep_deciding(self, run: Run, lead_ids: Collection[str]) -> None:
        """See ``safety.SafetyLedger.keep_deciding``. Safe to repeat."""
        with self._store.write(run) as tx:
            mark(self._store, tx, lead_ids, EDITED_SINCE)

    def prune(self, before: datetime, watched: datetime) -> int:
        """See ``safety.SafetyLedger.prune``. The runs themselves stay, with their counts."""
        old = select(run_table.c.number).where(run_table.c.started_at < to_micros(before))
        with self._store.write() as tx:
            forget_counts(tx, min(before, watched))
            fold_seen(self._store, tx, before)
            return tx.execute(audit.delete().where(audit.c.run.in_(old))).rowcount


def _rows() -> Select[*tuple[Any, ...]]:
    joined = audit.join(run_table, run_table.c.number == audit.c.run)
    return select(audit, run_table.c.id.label("run_id")).select_from(joined)


def _written(row: AnyRow) -> Written:
    at = from_micros(row.at)
    if at is None:
        raise AssertionError("every write has a time")
    return Written(
        at=at,
        run=row.run_id,
        lead_id=row.lead_id,
        crm=row.crm,
        object=row.object,
        id=row.record,
        field=row.field,
        old=unpack_value(row.old),
        new=unpack_value(row.new),
        reason=row.reason,
        outcome=row.state,
        error=row.error,
        created=bool(row.created),
    )
