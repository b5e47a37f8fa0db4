"""What others do to our records again and again: owners that flip, values that are put back."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from datetime import datetime
from typing import Any

from sqlalchemy import Connection, Select, func, select

from crmbridge.codec import pack
from crmbridge.ledger.marks import mark
from crmbridge.ledger.part import Part
from crmbridge.ledger.records import PutBack
from crmbridge.ledger.store import Among, Store, from_micros, to_micros
from crmbridge.ledger.tables import owner_change, quarantine, record, undone
from crmbridge.ports import Run
from crmbridge.safety import Quarantined


class Watch(Part):
    """The chapter *owners and other tools* of the ledger."""

    def quarantine(self, run: Run, since: datetime, more_than: int, now: datetime) -> int:
        """See ``safety.SafetyLedger.quarantine``. A lead that is in quarantine already is not counted."""
        times = func.count().label("times")
        wanted = (
            select(record.c.lead_id, owner_change.c.ref, times)
            .join(record, record.c.ref == owner_change.c.ref)
            .where(owner_change.c.at > to_micros(since), record.c.lead_id.is_not(None))
            .where(record.c.lead_id.not_in(select(quarantine.c.lead_id)))
            .group_by(record.c.lead_id, owner_change.c.ref)
            .having(times > more_than)
            .order_by(record.c.lead_id, owner_change.c.ref)
        )
        with self._store.write(run) as tx:
            found = {row.lead_id: row for row in tx.execute(wanted)}
            days = round((now - since).total_seconds() / 86_400)
            rows = [
                (
                    lead_id,
                    to_micros(now),
                    f"owner_flapping: {row.ref} changed owner {row.times} times in {days} days",
                )
                for lead_id, row in found.items()
            ]
            self._store.put(tx, quarantine, ("lead_id", "since_at", "reason"), rows)
        return len(rows)

    def quarantined(self) -> Sequence[Quarantined]:
        """See ``safety.SafetyLedger.quarantined``."""
        with self._store.read() as tx:
            rows = tx.execute(select(quarantine).order_by(quarantine.c.lead_id)).all()
        return [
            Quarantined(lead_id=row.lead_id, since_at=since, reason=row.reason)
            for row in rows
            if (since := from_micros(row.since_at)) is not None
        ]

    def release(self, lead_id: str) -> bool:
        """See ``safety.SafetyLedger.release``."""
        mine = select(record.c.ref).where(record.c.lead_id == lead_id)
        with self._store.write() as tx:
            was_in = tx.execute(quarantine.delete().where(quarantine.c.lead_id == lead_id)).rowcount
            tx.execute(owner_change.delete().where(owner_change.c.ref.in_(mine)))
            mark(self._store, tx, [lead_id])
        return bool(was_in)


def note_owner_changes(store: Store, tx: Connection, changes: Sequence[tuple[str, datetime]]) -> None:
    """Note that somebody gave these records to another owner. The same change seen twice counts once."""
    store.put(tx, owner_change, ("ref", "at"), [(ref, to_micros(at)) for ref, at in changes])


def note_put_back(store: Store, tx: Connection, items: Sequence[PutBack]) -> None:
    """Count values that were put back over ours; another value than the last time starts a new count."""
    if not items:
        return
    among = store.among(undone.c.ref, [item.ref for item in items])
    before = {(row.ref, row.field): row for row in tx.execute(select(undone).where(among))}
    rows = []
    for item in items:
        old = before.get((item.ref, item.field))
        theirs, at = pack(item.theirs), to_micros(item.at)
        if old is not None and old.theirs == theirs and old.last_at == at:
            continue  # the same moment read twice
        count = old.times + 1 if old is not None and old.theirs == theirs else 1
        rows.append((item.ref, item.field, theirs, count, at))
    store.put(
        tx,
        undone,
        ("ref", "field", "theirs", "times", "last_at"),
        rows,
        update=("theirs", "times", "last_at"),
    )


def forget_counts(tx: Connection, before: datetime) -> None:
    """Delete what nobody counts any more: owner changes and values put back before that."""
    tx.execute(owner_change.delete().where(owner_change.c.at < to_micros(before)))
    tx.execute(undone.delete().where(undone.c.last_at < to_micros(before)))


def quarantined_among(among: Among) -> Select[str]:
    """Ask which of some leads are in quarantine."""
    return select(quarantine.c.lead_id).where(among(quarantine.c.lead_id))


def undone_at(among: Among) -> Select[*tuple[Any, ...]]:
    """Ask which values of some records were put back, more than once."""
    return select(undone).where(among(undone.c.ref), undone.c.times > 1)


def fold(tx: Connection, absorbed: str, survivor: str) -> None:
    """Move a lead's quarantine to the lead that absorbed it."""
    rows: Mapping[str, Any] = {
        row.lead_id: row
        for row in tx.execute(select(quarantine).where(quarantine.c.lead_id.in_([absorbed, survivor])))
    }
    if absorbed in rows and survivor in rows:
        tx.execute(quarantine.delete().where(quarantine.c.lead_id == absorbed))
    elif absorbed in rows:
        tx.execute(quarantine.update().where(quarantine.c.lead_id == absorbed).values(lead_id=survivor))
