"""The chapter *unify*: whose records are whose, which leads are to be decided, and loading them."""

from __future__ import annotations

from collections.abc import Collection, Iterable, Mapping, Sequence
from datetime import datetime
from itertools import islice
from typing import Any

from sqlalchemy import Connection, Select, bindparam, select, union

from crmbridge.codec import pack, unpacker
from crmbridge.ledger.journeys import absorb
from crmbridge.ledger.loading import load_leads
from crmbridge.ledger.marks import TO_DECIDE, mark
from crmbridge.ledger.part import CHUNK, Part
from crmbridge.ledger.records import STORED, index_key, parse_ref, to_stored
from crmbridge.ledger.store import Among, AnyRow, pairs, to_micros
from crmbridge.ledger.tables import (
    ONE,
    ZERO,
    alias,
    attachment,
    delivery,
    failure,
    identity_key,
    lead,
    record,
    standing,
)
from crmbridge.ledger.watch import fold
from crmbridge.model import Memory, RecordRef
from crmbridge.ports import Binding, Run, StoredLead, StoredRecord

_memory = unpacker(Memory)


class Leads(Part):
    """The chapter *unify* of the ledger."""

    def alone(self, after: str, limit: int) -> Sequence[RecordRef]:
        """See ``ports.Ledger.alone``. Told by the identity keys: no record is decoded for it."""
        wanted = (
            select(record.c.ref, record.c["keys"])
            .where(record.c.rebind == ONE, record.c.lead_id.is_(None), record.c.ref > bindparam("after"))
            .order_by(record.c.ref)
            .limit(limit)
        )
        with self._store.read() as tx:
            while rows := tx.execute(wanted, {"after": after}).all():
                if found := self._alone(tx, dict(pairs(rows))):
                    return found
                after = rows[-1].ref
        return ()

    def _alone(self, tx: Connection, keys: Mapping[str, str]) -> list[RecordRef]:
        """Keep those that only carry addresses, and none that another record carries or that name them."""
        own = {ref: lines.split("\n") if lines else [] for ref, lines in keys.items()}
        weak = {ref: names for ref, names in own.items() if all(map(_is_address, names))}
        named = {index_key(f"ref:{ref}"): ref for ref in weak}
        wanted = {*named, *(name for names in weak.values() for name in names)}
        shared: set[str] = set()
        first: dict[str, str] = {}
        for name, ref in self._store.matching(tx, _carriers, wanted).all():
            if name in named or first.setdefault(name, ref) != ref:
                shared.add(name)
        taken = {ref for name, ref in named.items() if name in shared}
        return [
            parse_ref(ref)
            for ref, names in weak.items()
            if ref not in taken and (not shared or shared.isdisjoint(names))
        ]

    def unbound(self, limit: int) -> Sequence[StoredRecord]:
        """See ``ports.Ledger.unbound``."""
        # The condition is the index's own, to the letter: a parameter there would hide the index.
        wanted = select(*STORED).where(record.c.rebind == ONE).order_by(record.c.ref).limit(limit)
        with self._store.read() as tx:
            return [to_stored(row) for row in tx.execute(wanted).all()]

    def related(
        self, keys: Collection[str], refs: Collection[RecordRef], *, known: Collection[RecordRef] = ()
    ) -> Sequence[StoredRecord]:
        """See ``ports.Ledger.related``. In order of ref."""
        names = {str(ref) for ref in refs}
        wanted = {index_key(key) for key in (*keys, *(f"ref:{name}" for name in names))}
        with self._store.read() as tx:
            carriers = {ref for _, ref in self._store.matching(tx, _carriers, wanted).all()}
            missing = (carriers | names) - {str(ref) for ref in known}
            rows = self._store.matching(tx, _stored, missing).all() if missing else ()
        return _in_order([to_stored(row) for row in rows])

    # bind ----------------------------------------------------------------------------------------
    def bind(self, run: Run, bindings: Iterable[Binding]) -> None:
        """See ``ports.Ledger.bind``. Safe to repeat.

        Of an absorbed lead the memory moves to the survivor where it has none; where both have one, the
        lead that was qualified first is the person's history (then the one assigned first; one that
        never was comes last; a tie keeps the survivor's). Its id lives on as an alias, the audit keeps
        it. A lead that loses a record to another one is marked.
        """
        remaining = iter(bindings)
        with self._store.write(run) as tx:
            while chunk := list(islice(remaining, CHUNK)):
                self._bind(tx, chunk)

    def _bind(self, tx: Connection, bindings: Sequence[Binding]) -> None:
        homes = self._homes(tx, [binding.lead_id for binding in bindings])
        rows = {(homes[binding.lead_id], str(ref)) for binding in bindings for ref in binding.records}
        losers = self._losers(tx, {ref: lead_id for lead_id, ref in rows})
        conflicts = [
            (homes[item.lead_id], TO_DECIDE, None if item.conflict is None else pack(item.conflict))
            for item in bindings
        ]
        self._store.put(tx, lead, ("id", "marked", "conflict"), conflicts, update=("conflict",))
        self._store.alter(
            tx, record, ("rebind", "lead_id"), ("ref",), [(0, lead_id, ref) for lead_id, ref in sorted(rows)]
        )
        for binding in bindings:
            for absorbed in binding.absorbed:
                self._absorb(tx, homes[binding.lead_id], absorbed)
        mark(self._store, tx, {*homes.values(), *losers})

    def _homes(self, tx: Connection, lead_ids: Sequence[str]) -> dict[str, str]:
        """Follow aliases: a lead that was absorbed lives on as its survivor."""
        aliases = pairs(self._store.matching(tx, _aliases, lead_ids).all())
        return {lead_id: aliases.get(lead_id, lead_id) for lead_id in lead_ids}

    def _losers(self, tx: Connection, homes: Mapping[str, str]) -> set[str]:
        bound = self._store.matching(tx, _homes_before, homes).all()
        return {lead_id for ref, lead_id in bound if lead_id is not None and lead_id != homes[ref]}

    def _absorb(self, tx: Connection, survivor: str, absorbed: str) -> None:
        rows = {row.id: row for row in tx.execute(select(lead).where(lead.c.id.in_([survivor, absorbed])))}
        if absorbed == survivor or absorbed not in rows:
            return
        older = _older(rows[survivor], rows[absorbed])
        memory = {"memory": older.memory, "due_at": older.due_at}
        tx.execute(lead.update().where(lead.c.id == survivor).values(memory))
        tx.execute(record.update().where(record.c.lead_id == absorbed).values(lead_id=survivor))
        for table in (failure, attachment, delivery):
            tx.execute(table.update().where(table.c.lead_id == absorbed).values(lead_id=survivor))
        fold(tx, absorbed, survivor)
        absorb(self._store, tx, survivor, absorbed)
        tx.execute(alias.update().where(alias.c.lead_id == absorbed).values(lead_id=survivor))
        tx.execute(lead.delete().where(lead.c.id == absorbed))
        tx.execute(standing.delete().where(standing.c.lead_id == absorbed))
        self._store.put(tx, alias, ("old_id", "lead_id"), [(absorbed, survivor)], update=("lead_id",))

    # which leads ---------------------------------------------------------------------------------
    def marked(self, now: datetime, after: str, limit: int) -> Sequence[str]:
        """See ``ports.Ledger.marked``."""
        open_ = select(lead.c.id).where(lead.c.marked > ZERO, lead.c.id > after)
        due = select(lead.c.id).where(lead.c.due_at <= to_micros(now), lead.c.id > after)
        both = union(open_, due)
        with self._store.read() as tx:
            return list(tx.execute(both.order_by(both.selected_columns.id).limit(limit)).scalars())

    def find(
        self, *, lead_id: str | None = None, ref: RecordRef | None = None, email: str | None = None
    ) -> Sequence[str]:
        """See ``ports.Ledger.find``. A record that was merged away is found by its old id, too."""
        with self._store.read() as tx:
            if lead_id is not None:
                home = self._homes(tx, [lead_id])[lead_id]
                return sorted(tx.execute(select(lead.c.id).where(lead.c.id == home)).scalars())
            name = "" if ref is None else str(ref)
            key = f"ref:{name}" if email is None else f"email:{email.strip().lower()}"
            carriers = select(identity_key.c.ref).where(identity_key.c.key == index_key(key))
            bound = select(record.c.lead_id).where(record.c.ref.in_(carriers) | (record.c.ref == name))
            return sorted({found for found in tx.execute(bound).scalars() if found is not None})

    def load(self, lead_ids: Sequence[str]) -> Sequence[StoredLead]:
        """See ``ports.Ledger.load``. Ids that are no lead's are left out."""
        with self._store.read() as tx:
            return load_leads(self._store, tx, lead_ids)


def _is_address(name: str) -> bool:
    return name.startswith("email:")


def _in_order(records: list[StoredRecord]) -> list[StoredRecord]:
    return sorted(records, key=lambda stored: stored.record.ref) if len(records) > 1 else records


def _aliases(among: Among) -> Select[str, str]:
    return select(alias.c.old_id, alias.c.lead_id).where(among(alias.c.old_id))


def _homes_before(among: Among) -> Select[str, str | None]:
    return select(record.c.ref, record.c.lead_id).where(among(record.c.ref))


def _carriers(among: Among) -> Select[str, str]:
    return select(identity_key.c.key, identity_key.c.ref).where(among(identity_key.c.key))


def _stored(among: Among) -> Select[*tuple[Any, ...]]:
    return select(*STORED).where(among(record.c.ref))


def _older(survivor: AnyRow, absorbed: AnyRow) -> AnyRow:
    """Choose whose memory goes on."""
    return min((survivor, absorbed), key=_history)


def _history(row: AnyRow) -> tuple[bool, float, float]:
    if row.memory is None:
        return True, 0.0, 0.0
    memory = _memory(row.memory)
    qualified_at, assigned_at = memory.qualified_at, memory.assigned_at
    never = float("inf")
    return (
        False,
        qualified_at.timestamp() if qualified_at else never,
        assigned_at.timestamp() if assigned_at else never,
    )
