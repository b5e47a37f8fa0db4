"""The chapter *apply*: decisions become memory, intents are durable before a call, outcomes right after.

Whatever happens between two methods here, the next run finds either the outcome or the open intent.
"""

from __future__ import annotations

from collections import defaultdict
from collections.abc import Collection, Iterable, Iterator, Mapping, Sequence
from typing import Any

from sqlalchemy import ColumnElement, Connection, case, func, select
from sqlalchemy.dialects import postgresql, sqlite

from crmbridge.codec import pack, unpack
from crmbridge.ledger.failures import note_failures
from crmbridge.ledger.history import TOUCHED
from crmbridge.ledger.journeys import record
from crmbridge.ledger.logged import AUDIT_COLUMNS, CHANGE_KEY, Logged, place_of, planned_changes
from crmbridge.ledger.marks import EDITED_SINCE, TO_DECIDE, mark
from crmbridge.ledger.outbox import OutboxPart
from crmbridge.ledger.part import CHUNK
from crmbridge.ledger.sights import keep_seen
from crmbridge.ledger.standings import place
from crmbridge.ledger.tables import (
    assignment,
    audit,
    change,
    identity_key,
    intent,
    lead,
    planned,
    pointer,
)
from crmbridge.ledger.tables import run as run_table
from crmbridge.ledger.written import store_bases, store_written
from crmbridge.model import Outcome, OutcomeState, Value, Write
from crmbridge.ports import Run


class Outcomes(OutboxPart):
    """The chapter *apply* of the ledger."""

    # decisions -> memory -------------------------------------------------------------------------
    def promote(
        self, run: Run, lead_ids: Collection[str] | None, pointers: Mapping[str, Mapping[str, float]]
    ) -> None:
        """See ``ports.Ledger.promote``. Safe to repeat.

        A lead with changes or conflicts stays marked (becomes so, if it was only due): until its changes
        are written, and as long as its conflicts stand, every run decides it and lists them again. A pool
        that ``pointers`` does not name keeps its credits.
        """
        with self._store.write(run) as tx:
            chosen = planned.c.run == self._number(tx, run)
            if lead_ids is not None:
                chosen &= self._store.among(planned.c.lead_id, lead_ids)
            tx.execute(_remember(chosen))
            self._log_assignments(tx, chosen)
            record(self._store, tx, chosen)
            place(self._store, tx, chosen)
            keep_seen(self._store, tx, self._number(tx, run), chosen)
            self._post(tx, chosen)
            for agreed in _agreed(tx, chosen):
                store_bases(self._store, tx, agreed)
            rows = [(pool, pack(dict(shares))) for pool, shares in pointers.items()]
            self._store.put(tx, pointer, ("pool", "credits"), rows, update=("credits",))

    def _log_assignments(self, tx: Connection, chosen: ColumnElement[bool]) -> None:
        assigned = select(planned.c.lead_id, planned.c.assigned_at, planned.c.owner).where(
            chosen, planned.c.owner.is_not(None), planned.c.assigned_at.is_not(None)
        )
        table = postgresql.insert(assignment) if self._store.is_postgres else sqlite.insert(assignment)
        tx.execute(table.from_select(["lead_id", "at", "owner"], assigned).on_conflict_do_nothing())

    # outcomes ------------------------------------------------------------------------------------
    def log(
        self,
        run: Run,
        outcomes: Sequence[tuple[Write, Outcome]],
        intents: Sequence[Write],
        *,
        max_attempts: int = 12,
    ) -> None:
        """See ``ports.Ledger.log``.

        An ambiguous outcome leaves its intent open. An outcome that is good covers its record's whole
        plan: a planned field that the write left out was found in place. Its time is the wall clock's.
        """
        with self._store.write(run) as tx:
            number = self._number(tx, run)
            if outcomes:
                self._log(tx, number, outcomes, max_attempts)
            rows = [(*place_of(write), number, pack(write)) for write in intents]
            columns = ("crm", "object", "record", "run", "body")
            self._store.put(tx, intent, columns, rows, update=("run", "body"))

    def _log(
        self, tx: Connection, number: int, outcomes: Sequence[tuple[Write, Outcome]], max_attempts: int
    ) -> None:
        wanted = planned_changes(self._store, tx, number, {write.lead_id for write, _ in outcomes})
        batch = Logged(number, self._now(tx), outcomes, wanted)
        self._store.put(tx, audit, AUDIT_COLUMNS, batch.audit_rows())
        store_written(self._store, tx, self._keys, batch.written())
        note_failures(self._store, tx, batch, max_attempts)
        self._close(tx, (write for write, outcome in outcomes if outcome.state is not OutcomeState.AMBIGUOUS))
        self._store.alter(tx, change, ("done",), CHANGE_KEY, batch.done_rows())
        self._unmark(tx, number, batch.finished_leads())

    def _now(self, tx: Connection) -> int:
        return round(self._store.seconds(tx) * 1e6)

    def _close(self, tx: Connection, writes: Iterable[Write]) -> None:
        self._store.drop(tx, intent, ("crm", "object", "record"), [place_of(write) for write in writes])

    def _unmark(self, tx: Connection, number: int, lead_ids: Collection[str]) -> None:
        # What was written without a decision (a backfill) settles nothing.
        settled = select(planned.c.lead_id).where(
            planned.c.run == number,
            self._store.among(planned.c.lead_id, lead_ids),
            planned.c.conflicts == 0,
            planned.c.memory.is_not(None),
        )
        mine = lead.c.id.in_(settled) & (lead.c.marked == TO_DECIDE)
        tx.execute(lead.update().where(mine).values(marked=0))

    # after a crash -------------------------------------------------------------------------------
    def open_intents(self) -> Sequence[Write]:
        """See ``ports.Ledger.open_intents``. In order of crm, object and record."""
        order = (intent.c.crm, intent.c.object, intent.c.record)
        with self._store.read() as tx:
            return [
                unpack(body, Write) for body in tx.execute(select(intent.c.body).order_by(*order)).scalars()
            ]

    def settle(self, run: Run, writes: Sequence[Write]) -> None:
        """See ``ports.Ledger.settle``. Safe to repeat.

        A field that now holds what the intent wanted was written by us: it becomes the base.
        """
        with self._store.write(run) as tx:
            number, at = self._number(tx, run), self._now(tx)
            rows = [
                (
                    *(at, number, write.lead_id, write.crm, write.object, write.id, name),
                    *(pack(write.old.get(name)), pack(value), "", "settled", None, int(write.id is None)),
                )
                for write in writes
                for name, value in write.values.items()
            ]
            self._store.put(tx, audit, AUDIT_COLUMNS, rows)
            bases = {ref: dict(write.values) for write in writes for ref in self._refs(tx, write)}
            store_bases(self._store, tx, bases, only_if_held=True)
            self._close(tx, writes)
            mark(self._store, tx, {write.lead_id for write in writes})

    def _refs(self, tx: Connection, write: Write) -> list[str]:
        """Find the record of a write; one that was to be created carries our id, if it exists."""
        start = f"{write.crm}:{write.object}:"
        if write.id is not None:
            return [start + write.id]
        carriers = select(identity_key.c.ref).where(identity_key.c.key == f"lead:{write.lead_id}")
        return [ref for ref in tx.execute(carriers).scalars() if ref.startswith(start)]

    def applied_since(self, run_id: str) -> bool:
        """See ``ports.Ledger.applied_since``. An unknown run: true, if anything was ever written."""
        plan = select(run_table.c.number).where(run_table.c.id == run_id)
        with self._store.read() as tx:
            number = tx.execute(plan).scalar_one_or_none() or 0
            later = select(audit.c.number).where(audit.c.run > number, audit.c.state.in_(TOUCHED))
            return tx.execute(later.limit(1)).one_or_none() is not None


def _remember(chosen: ColumnElement[bool]) -> Any:
    unfinished = (planned.c.changes > 0) | (planned.c.conflicts > 0)
    edited = lead.c.marked == EDITED_SINCE
    marked = case((edited, EDITED_SINCE), (unfinished, TO_DECIDE), else_=0)
    memory = func.coalesce(planned.c.memory, lead.c.memory)
    values = {"memory": memory, "due_at": planned.c.due_at, "marked": marked}
    return lead.update().where(chosen, lead.c.id == planned.c.lead_id).values(values)


def _agreed(tx: Connection, chosen: ColumnElement[bool]) -> Iterator[dict[str, dict[str, Value]]]:
    """Give ref -> field -> value, some leads at a time."""
    wanted = select(planned.c.lead_id, planned.c.agreed).where(chosen, planned.c.agreed.is_not(None))
    after = ""
    while rows := tx.execute(
        wanted.where(planned.c.lead_id > after).order_by(planned.c.lead_id).limit(CHUNK)
    ).all():
        found: defaultdict[str, dict[str, Value]] = defaultdict(dict)
        for row in rows:
            for ref, name, value in unpack(row.agreed, list[tuple[str, str, Value]]):
                found[ref][name] = value
        yield found
        after = rows[-1].lead_id
