"""Erasing a person: values go from every table, ids and the fact that something was written stay."""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from dataclasses import replace
from typing import Any

from sqlalchemy import ColumnElement, Connection, Table, func, select

from crmbridge.codec import pack, unpacker
from crmbridge.identity import is_live
from crmbridge.ledger.part import Part
from crmbridge.ledger.records import ERASED, STORED, encode_body, to_stored
from crmbridge.ledger.store import Store
from crmbridge.ledger.tables import (
    ONE,
    activity,
    alias,
    attachment,
    audit,
    change,
    conflict,
    delivery,
    dispute,
    failure,
    identity_key,
    intent,
    lead,
    past,
    planned,
    record,
    ruling,
    seen,
    standing,
    undone,
)
from crmbridge.model import Memory, Record
from crmbridge.safety import Forgotten

#: Tables whose rows about the lead go; what else is the person's goes or is emptied row by row below.
BY_LEAD = (planned, change, conflict, dispute, failure, standing, attachment, delivery, seen)
_memory = unpacker(Memory)
_NOTHING = pack(ERASED)


class Forgetting(Part):
    """The chapter *people* of the ledger."""

    def forget(self, lead_id: str, *, carry_out: bool) -> Forgotten:
        """See ``safety.SafetyLedger.forget``.

        The lead keeps its id, its records' ids, and when it was in which stage with which owner; its records
        count as deleted until a CRM shows them alive again.
        """
        with self._store.write() as tx:
            return erase(self._store, tx, lead_id, carry_out=carry_out)


def erase(store: Store, tx: Connection, lead_id: str, *, carry_out: bool = True) -> Forgotten:
    """Erase a lead, or only count what would be erased."""
    mine = _Mine(store, tx, lead_id)
    known = store.among(record.c.ref, mine.refs) & (record.c.version != ERASED)
    records = [to_stored(row).record for row in tx.execute(select(*STORED).where(known))]
    counts = {"record": len(records)}
    for table, condition in mine.rows():
        count = tx.execute(select(func.count()).select_from(table).where(condition)).scalar_one()
        counts[table.name.removeprefix("crmbridge_")] = count
        if carry_out:
            tx.execute(table.delete().where(condition))
    written = audit.c.lead_id.in_(mine.lead_ids) & ((audit.c.new != _NOTHING) | (audit.c.old != _NOTHING))
    counts["audit"] = tx.execute(select(func.count()).select_from(audit).where(written)).scalar_one()
    if carry_out:
        tx.execute(audit.update().where(written).values(old=_NOTHING, new=_NOTHING))
        _empty(tx, records)
        _silence(tx, lead_id)
    return Forgotten(
        lead_id=lead_id,
        rows={name: count for name, count in counts.items() if count},
        live=tuple(sorted(item.ref for item in records if is_live(item))),
    )


def erase_rest(store: Store, tx: Connection) -> None:
    """Erase deleted records that turned out to be of a person who was forgotten before."""
    other = record.alias()
    gone = (record.c.deleted == ONE) & (record.c.version == ERASED)
    late = (other.c.deleted == ONE) & (other.c.version != ERASED)
    joined = record.join(other, (other.c.lead_id == record.c.lead_id) & late)
    for lead_id in (
        tx.execute(select(record.c.lead_id).select_from(joined).where(gone).distinct()).scalars().all()
    ):
        if lead_id is not None:
            erase(store, tx, lead_id)


class _Mine:
    """Which rows are one person's."""

    def __init__(self, store: Store, tx: Connection, lead_id: str) -> None:
        former = tx.execute(select(alias.c.old_id).where(alias.c.lead_id == lead_id)).scalars()
        self.lead_ids = [lead_id, *former]
        # A record that we created a moment ago is not bound yet, and carries our id.
        keys = [f"lead:{name}" for name in self.lead_ids]
        carriers = select(identity_key.c.ref).where(identity_key.c.key.in_(keys))
        bound = select(record.c.ref).where((record.c.lead_id == lead_id) | record.c.ref.in_(carriers))
        self.refs = list(tx.execute(bound).scalars())
        self._store = store

    def rows(self) -> Iterator[tuple[Table, ColumnElement[bool]]]:
        """Give the tables whose rows go, each with which of them."""
        among, refs = self._store.among, self.refs
        for table in BY_LEAD:
            yield table, among(table.c.lead_id, self.lead_ids)
        yield identity_key, among(identity_key.c.ref, refs) & _is_personal(identity_key.c.key)
        yield activity, among(activity.c.person, refs)
        yield ruling, among(ruling.c.place, [*refs, *self.lead_ids])
        yield undone, among(undone.c.ref, refs)
        # What the past held may be anything that the mapping reads.
        yield past, among(past.c.ref, refs)
        place = intent.c.crm + ":" + intent.c.object + ":" + intent.c.record
        yield intent, among(place, refs) | among(intent.c.record, self.lead_ids)


def _is_personal(key: ColumnElement[str]) -> ColumnElement[bool]:
    return key.startswith("email:") | key.startswith("hash:")


def _empty(tx: Connection, records: Sequence[Record]) -> None:
    """Leave of the records what ties them to each other: ids."""
    for item in records:
        bare = Record(
            ref=item.ref,
            version=ERASED,
            modified_at=item.modified_at,
            fields={},
            merged_into=item.merged_into,
            absorbed_ids=item.absorbed_ids,
            converted_to=item.converted_to,
            linked_to=item.linked_to,
        )
        nothing = dict.fromkeys(("owner_id", "account", "base", "changed_at"))
        mine = record.update().where(record.c.ref == str(item.ref))
        values = {"version": ERASED, "deleted": 1, "rebind": 0, "keys": "", "body": encode_body(bare)}
        tx.execute(mine.values({**nothing, **values}))


def _silence(tx: Connection, lead_id: str) -> None:
    """Take the words out of the lead's memory, and leave nothing to decide."""
    kept = tx.execute(select(lead.c.memory).where(lead.c.id == lead_id)).scalar_one_or_none()
    values: dict[str, Any] = {"marked": 0, "due_at": None, "conflict": None}
    if kept is not None:
        values["memory"] = pack(replace(_memory(kept), why=None))
    tx.execute(lead.update().where(lead.c.id == lead_id).values(values))
