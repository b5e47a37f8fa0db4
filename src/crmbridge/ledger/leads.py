"""The chapter *unify*: whose records are whose, which leads are to be decided, and loading them."""

from __future__ import annotations

from collections import defaultdict
from collections.abc import Collection, Iterable, Iterator, Mapping, Sequence
from datetime import datetime
from itertools import islice

from sqlalchemy import Connection, select, union

from crmbridge.codec import pack, unpack, unpacker
from crmbridge.ledger.marks import TO_DECIDE, mark
from crmbridge.ledger.part import CHUNK, Part
from crmbridge.ledger.records import STORED, index_key, to_stored
from crmbridge.ledger.store import AnyRow, pairs, to_micros
from crmbridge.ledger.tables import (
    ONE,
    ZERO,
    account,
    activity,
    alias,
    identity_key,
    lead,
    opportunity,
    opportunity_person,
    record,
)
from crmbridge.model import Account, Activity, Conflict, Memory, Opportunity, RecordRef
from crmbridge.ports import Binding, Run, StoredLead, StoredRecord

_activity = unpacker(Activity)
_opportunity = unpacker(Opportunity)
_account = unpacker(Account)
_memory = unpacker(Memory)


class Leads(Part):
    """The chapter *unify* of the ledger."""

    def unbound(self, limit: int) -> Sequence[StoredRecord]:
        """See ``ports.Ledger.unbound``."""
        # The condition is the index's own, to the letter: a parameter there would hide the index.
        wanted = select(*STORED).where(record.c.rebind == ONE).order_by(record.c.ref).limit(limit)
        with self._store.read() as tx:
            return [to_stored(row) for row in tx.execute(wanted)]

    def related(self, keys: Collection[str], refs: Collection[RecordRef]) -> Sequence[StoredRecord]:
        """See ``ports.Ledger.related``. In order of ref."""
        names = [str(ref) for ref in refs]
        wanted = {index_key(key) for key in (*keys, *(f"ref:{name}" for name in names))}
        carriers = select(identity_key.c.ref).where(self._store.among(identity_key.c.key, wanted))
        with self._store.read() as tx:
            found = {*tx.execute(carriers).scalars(), *names}
            rows = tx.execute(select(*STORED).where(self._store.among(record.c.ref, found)))
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
        among = self._store.among(alias.c.old_id, lead_ids)
        aliases = pairs(tx.execute(select(alias.c.old_id, alias.c.lead_id).where(among)))
        return {lead_id: aliases.get(lead_id, lead_id) for lead_id in lead_ids}

    def _losers(self, tx: Connection, homes: Mapping[str, str]) -> set[str]:
        bound = select(record.c.ref, record.c.lead_id).where(self._store.among(record.c.ref, homes))
        return {
            lead_id for ref, lead_id in tx.execute(bound) if lead_id is not None and lead_id != homes[ref]
        }

    def _absorb(self, tx: Connection, survivor: str, absorbed: str) -> None:
        rows = {row.id: row for row in tx.execute(select(lead).where(lead.c.id.in_([survivor, absorbed])))}
        if absorbed == survivor or absorbed not in rows:
            return
        older = _older(rows[survivor], rows[absorbed])
        memory = {"memory": older.memory, "due_at": older.due_at}
        tx.execute(lead.update().where(lead.c.id == survivor).values(memory))
        tx.execute(record.update().where(record.c.lead_id == absorbed).values(lead_id=survivor))
        tx.execute(alias.update().where(alias.c.lead_id == absorbed).values(lead_id=survivor))
        tx.execute(lead.delete().where(lead.c.id == absorbed))
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

    # load ----------------------------------------------------------------------------------------
    def load(self, lead_ids: Sequence[str]) -> Sequence[StoredLead]:
        """See ``ports.Ledger.load``. Ids that are no lead's are left out."""
        with self._store.read() as tx:
            rows = {
                row.id: row for row in tx.execute(select(lead).where(self._store.among(lead.c.id, lead_ids)))
            }
            records = _by_lead(
                tx.execute(select(*STORED).where(self._store.among(record.c.lead_id, lead_ids)))
            )
            loader = _Loader(self, tx, [part for parts in records.values() for part in parts])
            return [
                loader.lead(rows[lead_id], records.get(lead_id, []))
                for lead_id in lead_ids
                if lead_id in rows
            ]


class _Loader:
    """What belongs to some records, asked for once per kind."""

    def __init__(self, part: Leads, tx: Connection, records: Sequence[StoredRecord]) -> None:
        self._store, self._tx = part._store, tx
        refs = [str(stored.record.ref) for stored in records]
        self.activities = self._activities(refs)
        self.opportunities = self._opportunities(refs)
        self.accounts = self._accounts({key for stored in records for key in _account_keys(stored)})

    def lead(self, row: AnyRow, records: Sequence[StoredRecord]) -> StoredLead:
        """Put one lead together."""
        refs = [str(stored.record.ref) for stored in records]
        keys = {key for stored in records for key in _account_keys(stored)}
        opportunities = {item.ref: item for ref in refs for item in self.opportunities.get(ref, ())}
        return StoredLead(
            id=row.id,
            records=tuple(records),
            activities=_in_time([item for ref in refs for item in self.activities.get(ref, ())]),
            accounts=tuple(self.accounts[key] for key in sorted(keys) if key in self.accounts),
            opportunities=tuple(opportunities[ref] for ref in sorted(opportunities)),
            memory=None if row.memory is None else _memory(row.memory),
            conflict=None if row.conflict is None else unpack(row.conflict, Conflict),
        )

    def _activities(self, refs: Sequence[str]) -> dict[str, list[Activity]]:
        rows = self._tx.execute(
            select(activity.c.person, activity.c.body).where(self._store.among(activity.c.person, refs))
        )
        found: defaultdict[str, list[Activity]] = defaultdict(list)
        for person, body in rows:
            found[person].append(_activity(body))
        return found

    def _opportunities(self, refs: Sequence[str]) -> dict[str, list[Opportunity]]:
        rows = self._tx.execute(
            select(opportunity_person.c.person, opportunity.c.body)
            .join(opportunity, opportunity.c.ref == opportunity_person.c.ref)
            .where(self._store.among(opportunity_person.c.person, refs))
        )
        found: defaultdict[str, list[Opportunity]] = defaultdict(list)
        for person, body in rows:
            found[person].append(_opportunity(body))
        return found

    def _accounts(self, keys: Collection[str]) -> dict[str, Account]:
        rows = self._tx.execute(
            select(account.c.key, account.c.body).where(self._store.among(account.c.key, keys))
        )
        return {key: _account(body) for key, body in rows}


def _in_time(activities: list[Activity]) -> tuple[Activity, ...]:
    if len(activities) < 2:
        return tuple(activities)
    # One activity may hang on two records of the same person: it happened once.
    once = {(item.at, item.ref.crm, item.ref.object, item.ref.id): item for item in activities}
    return tuple(once[key] for key in sorted(once))


def _account_keys(stored: StoredRecord) -> Iterator[str]:
    account_id = stored.record.fields.get("account_id")
    if account_id is not None:
        yield f"{stored.record.ref.crm}:{account_id}"


def _in_order(records: list[StoredRecord]) -> list[StoredRecord]:
    return sorted(records, key=lambda stored: stored.record.ref) if len(records) > 1 else records


def _by_lead(rows: Iterable[AnyRow]) -> dict[str, list[StoredRecord]]:
    found: defaultdict[str, list[StoredRecord]] = defaultdict(list)
    for row in rows:
        found[str(row.lead_id)].append(to_stored(row))
    return {lead_id: _in_order(records) for lead_id, records in found.items()}


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
