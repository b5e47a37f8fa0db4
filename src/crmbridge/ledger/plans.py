"""The chapter *plan*: what a run found, appended page by page and streamed out in apply order.

Nothing here holds a plan in memory: rows come in pages found by their key, so that a reader may take its
time and other methods may write in between.
"""

from __future__ import annotations

from collections import Counter
from collections.abc import Iterable, Iterator, Mapping, Sequence
from datetime import datetime
from itertools import islice
from typing import Any

from sqlalchemy import Connection, Select, Update, bindparam, func, select, tuple_

from crmbridge.codec import pack, unpack, unpacker
from crmbridge.ledger.marks import EDITED_SINCE, TO_DECIDE
from crmbridge.ledger.part import CHUNK, Part
from crmbridge.ledger.runs import FINISHED, PLANNING
from crmbridge.ledger.store import Among, AnyRow, as_counts, to_micros
from crmbridge.ledger.tables import ONE, assignment, change, conflict, lead, planned, pointer, record
from crmbridge.ledger.tables import run as run_table
from crmbridge.model import Change, Conflict, Decision
from crmbridge.ports import PlanCounts, Planned, Run

_PLANNED = tuple(planned.c.keys())
_CHANGE = tuple(change.c.keys())
#: The apply order behind the run, as the primary key has it.
_ORDER = tuple(change.c[name] for name in ("rank", "crm", "object", "update", "plain", "record", "field"))

_decision = unpacker(Decision)
_change = unpacker(Change)
_conflict = unpacker(Conflict)


class Plans(Part):
    """The chapter *plan* of the ledger."""

    def append(self, run: Run, planned: Iterable[Planned]) -> None:
        """See ``ports.Ledger.append``. Safe to repeat."""
        remaining = iter(planned)
        with self._store.write(run) as tx:
            number = self._number(tx, run)
            while chunk := list(islice(remaining, CHUNK)):
                # Of one lead that comes twice in a chunk the last counts.
                self._append(tx, number, list({item.lead_id: item for item in chunk}.values()))

    def _append(self, tx: Connection, number: int, items: Sequence[Planned]) -> None:
        store = self._store
        lead_ids = [item.lead_id for item in items]
        self._forget(tx, number, lead_ids)
        store.put(tx, planned, _PLANNED, [_planned_row(number, item) for item in items], update=_PLANNED[2:])
        changes = [row for item in items for row in _change_rows(number, item)]
        store.put(tx, change, _CHANGE, changes, update=("lead_id", "overwrites", "done", "body"))
        conflicts = [
            (number, item.lead_id, place, pack(found))
            for item in items
            for place, found in enumerate(item.conflicts)
        ]
        store.put(tx, conflict, ("run", "lead_id", "place", "body"), conflicts, update=("body",))
        # They are decided with everything that is known by now.
        store.matching(tx, _decided, lead_ids)

    def _forget(self, tx: Connection, number: int, lead_ids: Sequence[str]) -> None:
        """Take back what the run planned for these leads before."""
        before = list(self._store.matching(tx, _planned_before, lead_ids, number=number).scalars())
        for table in (change, conflict) if before else ():
            mine = self._store.among(table.c.lead_id, before)
            tx.execute(table.delete().where(table.c.run + 0 == number, mine))

    def candidates(self, run: Run) -> Iterator[Decision]:
        """See ``ports.Ledger.candidates``. The plan may be appended to while this is read."""
        with self._store.read() as tx:
            number = self._number(tx, run)
        wanted = select(planned.c.qualified_at, planned.c.lead_id, planned.c.decision).where(
            planned.c.run == number, planned.c.handed_off == ONE
        )
        for row in self._stream(wanted, (planned.c.qualified_at, planned.c.lead_id)):
            yield _decision(row.decision)

    def pointers(self) -> Mapping[str, Mapping[str, float]]:
        """See ``ports.Ledger.pointers``."""
        with self._store.read() as tx:
            rows = tx.execute(select(pointer.c.pool, pointer.c.credits).order_by(pointer.c.pool))
            return {pool: unpack(shares, dict[str, float]) for pool, shares in rows}

    def loads(self, since: datetime) -> Mapping[str, int]:
        """See ``ports.Ledger.loads``. A lead assigned to somebody twice counts twice."""
        count = select(assignment.c.owner, func.count()).where(assignment.c.at >= to_micros(since))
        with self._store.read() as tx:
            return as_counts(
                tx.execute(count.group_by(assignment.c.owner).order_by(assignment.c.owner)).all()
            )

    # totals --------------------------------------------------------------------------------------
    def counts(self, run: Run) -> PlanCounts:
        """See ``ports.Ledger.counts``."""
        with self._store.read() as tx:
            number = self._number(tx, run)
            totals = tx.execute(
                select(
                    func.count(),
                    func.coalesce(func.sum(planned.c.adopted), 0),
                    func.coalesce(func.sum(planned.c.handed_off), 0),
                    func.coalesce(func.sum(planned.c.changes), 0),
                    func.coalesce(func.sum(planned.c.conflicts), 0),
                ).where(planned.c.run == number)
            ).one()
            leads, adopted, handed_off, changes, conflicts = (int(value) for value in totals)
            skipped = _group(tx, planned.c.run == number, planned.c.skipped)
            return PlanCounts(
                leads=leads,
                decided=skipped.pop(None, 0),
                adopted=adopted,
                handed_off=handed_off,
                skipped=skipped,
                changes=changes,
                conflicts=conflicts,
                records=_changed_records(tx, number),
                known=_known_records(tx),
                overwrites=_group(
                    tx, (change.c.run == number) & (change.c.overwrites == 1), change.c.crm, change.c.field
                ),
            )

    # what comes out ------------------------------------------------------------------------------
    def changes(self, run: Run, *, open_only: bool = False) -> Iterator[Change]:
        """See ``ports.Ledger.changes``.

        The changes of one record stand together; inside a group, creations come before updates and
        records whose owner changes before others, so that batches of one kind are as full as can be.
        """
        with self._store.read() as tx:
            number = self._number(tx, run)
        wanted = select(*_ORDER, change.c.body).where(change.c.run == number)
        for row in self._stream(wanted.where(change.c.done == 0) if open_only else wanted, _ORDER):
            yield _change(row.body)

    def conflicts(self, run: Run | None = None) -> Iterator[Conflict]:
        """See ``ports.Ledger.conflicts``. In order of lead."""
        with self._store.read() as tx:
            number = _last_finished(tx) if run is None else self._number(tx, run)
        wanted = select(conflict.c.lead_id, conflict.c.place, conflict.c.body).where(conflict.c.run == number)
        for row in self._stream(wanted, (conflict.c.lead_id, conflict.c.place)):
            yield _conflict(row.body)

    def _stream(self, wanted: Select[Any], keys: Sequence[Any]) -> Iterator[AnyRow]:
        """Read rows a page at a time, each page behind the last row of the one before."""
        page: Sequence[AnyRow] = ()
        while True:
            behind = wanted.where(tuple_(*keys) > tuple_(*page[-1][: len(keys)])) if page else wanted
            with self._store.read() as tx:
                page = tx.execute(behind.order_by(*keys).limit(CHUNK)).all()
            yield from page
            if len(page) < CHUNK:
                return


def _planned_before(among: Among) -> Select[str]:
    return select(planned.c.lead_id).where(planned.c.run == bindparam("number"), among(planned.c.lead_id))


def _decided(among: Among) -> Update:
    edited = among(lead.c.id) & (lead.c.marked == EDITED_SINCE)
    return lead.update().where(edited).values(marked=TO_DECIDE)


def _planned_row(number: int, item: Planned) -> tuple[Any, ...]:
    found = item.decision
    memory = None if found is None else found.memory
    return (
        number,
        item.lead_id,
        item.skipped,
        int(found is not None and found.adopted),
        int(found is not None and found.handed_off),
        (memory and to_micros(memory.qualified_at)) or 0,
        None if found is None else to_micros(found.due_at),
        len(item.changes),
        len(item.conflicts),
        memory and memory.assigned_owner,
        memory and to_micros(memory.assigned_at),
        # Nobody asks for the others: a decision is made again from what it rests on.
        pack(found) if found is not None and found.handed_off else None,
        None if memory is None else pack(memory),
        pack([(str(ref), name, value) for ref, name, value in item.agreed]) if item.agreed else None,
        pack(list(item.entries)) if item.entries else None,
        None if item.standing is None else pack(item.standing),
        pack((item.attachments, item.deliveries)) if item.attachments or item.deliveries else None,
        None if item.seen is None else item.seen.seal + pack(item.seen),
    )


def _change_rows(number: int, item: Planned) -> Iterator[tuple[Any, ...]]:
    handed_off = item.decision is not None and item.decision.handed_off
    owned = {(found.crm, found.object, found.id) for found in item.changes if found.field == "owner"}
    for found in item.changes:
        owner_changes = (found.crm, found.object, found.id) in owned
        yield (
            number,
            int(not (handed_off or owned)),  # all of a lead goes first, or none: records depend on each other
            found.crm,
            found.object,
            int(found.id is not None),
            int(not owner_changes),
            found.id or found.lead_id,
            found.field,
            found.lead_id,
            int(found.old is not None),
            0,
            pack(found),
        )


def _group(tx: Connection, condition: Any, *columns: Any) -> dict[Any, int]:
    rows = tx.execute(select(*columns, func.count()).where(condition).group_by(*columns).order_by(*columns))
    return dict(as_counts(rows.all()))


def _changed_records(tx: Connection, number: int) -> Mapping[tuple[bool, str, str, bool, bool], int]:
    kind = (change.c.rank, change.c.crm, change.c.object, change.c.update, change.c.plain)
    each = select(*kind, change.c.record).where(change.c.run == number).distinct().subquery()
    columns = [each.c[column.name] for column in kind]
    rows = tx.execute(select(*columns, func.count()).group_by(*columns).order_by(*columns))
    return {(not row[0], row[1], row[2], not row[3], not row[4]): int(row[5]) for row in rows}


def _known_records(tx: Connection) -> dict[tuple[str, str], int]:
    """Count by ranges of the primary key: counting by column would read every record's body."""
    known: Counter[tuple[str, str]] = Counter()
    ref = tx.execute(select(func.min(record.c.ref))).scalar_one_or_none()
    while ref is not None:
        crm, object_name, _ = ref.split(":", 2)
        start, end = f"{crm}:{object_name}:", f"{crm}:{object_name};"  # ";" is what follows ":"
        inside = (record.c.ref >= start) & (record.c.ref < end)
        total = tx.execute(select(func.count(record.c.ref)).where(inside)).scalar_one()
        deleted = tx.execute(
            select(func.count(record.c.ref)).where(inside, record.c.deleted == ONE)
        ).scalar_one()
        known[crm, object_name] = total - deleted
        ref = tx.execute(select(func.min(record.c.ref)).where(record.c.ref >= end)).scalar_one_or_none()
    return dict(known)


def _last_finished(tx: Connection) -> int:
    finished = run_table.c.state.in_(FINISHED) & run_table.c.kind.in_(PLANNING)
    wanted = select(func.max(run_table.c.number)).where(finished)
    return int(tx.execute(wanted).scalar_one_or_none() or 0)
