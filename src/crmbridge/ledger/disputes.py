"""Conflicts that last from run to run, and the rulings by which people settle them."""

from __future__ import annotations

from collections.abc import Collection, Sequence
from datetime import datetime
from typing import Any

from sqlalchemy import Connection, Select, func, select

from crmbridge.codec import pack, unpacker
from crmbridge.ledger.failures import forget_unplanned
from crmbridge.ledger.forgetting import erase_rest
from crmbridge.ledger.marks import mark
from crmbridge.ledger.part import CHUNK, Part
from crmbridge.ledger.records import decode_times
from crmbridge.ledger.store import Among, AnyRow, from_micros, to_micros
from crmbridge.ledger.tables import audit, conflict, dispute, record, ruling, undone
from crmbridge.model import Conflict
from crmbridge.ports import Run
from crmbridge.safety import Dispute, Ruling

_COLUMNS = tuple(dispute.c.keys())
_conflict = unpacker(Conflict)


class Disputes(Part):
    """The chapter *conflicts* of the ledger."""

    def track(self, run: Run, now: datetime) -> None:
        """See ``safety.SafetyLedger.track``. Safe to repeat."""
        with self._store.write(run) as tx:
            number = self._number(tx, run)
            listed = select(conflict).where(conflict.c.run == number)
            for rows in tx.execute(listed).partitions(CHUNK):
                found = [_row(_conflict(row.body), number, now) for row in rows]
                self._store.put(tx, dispute, _COLUMNS, found, update=("run", "body"))
            tx.execute(dispute.delete().where(dispute.c.run != number))
            forget_unplanned(tx, number)
            erase_rest(self._store, tx)

    def disputes(self) -> Sequence[Dispute]:
        """See ``safety.SafetyLedger.disputes``."""
        order = (dispute.c.lead_id, dispute.c.kind, dispute.c.field, dispute.c.records)
        with self._store.read() as tx:
            return [_dispute(tx, row) for row in tx.execute(select(dispute).order_by(*order)).all()]

    def rule(self, rulings: Sequence[Ruling]) -> None:
        """See ``safety.SafetyLedger.rule``. Whoever rules for us starts the count of undone writes anew."""
        rows = [(item.place, item.field, pack(item)) for item in rulings]
        with self._store.write() as tx:
            self._store.put(tx, ruling, ("place", "field", "body"), rows, update=("body",))
            ours = [(item.place, item.field) for item in rulings if item.choice == "ours"]
            self._store.drop(tx, undone, ("ref", "field"), ours)

    def decide_again(self, lead_ids: Collection[str]) -> None:
        """See ``safety.SafetyLedger.decide_again``. Safe to repeat."""
        with self._store.write() as tx:
            mark(self._store, tx, lead_ids)


def rulings_at(among: Among) -> Select[str, bytes]:
    """Ask for the rulings on some places."""
    return select(ruling.c.place, ruling.c.body).where(among(ruling.c.place))


def _row(found: Conflict, number: int, now: datetime) -> tuple[Any, ...]:
    records = "\n".join(str(ref) for ref in found.records)
    key = (found.lead_id, found.kind, found.field or "", records)
    return (*key, to_micros(now), number, pack(found))


def _dispute(tx: Connection, row: AnyRow) -> Dispute:
    found, since = _conflict(row.body), from_micros(row.first_seen_at)
    if since is None:
        raise AssertionError("every conflict has a time")
    if found.field is None or len(found.records) != 1:
        return Dispute(conflict=found, first_seen_at=since)
    kept = tx.execute(select(record.c.changed_at).where(record.c.ref == str(found.records[0])))
    ours = _last_write(tx, found)
    return Dispute(
        conflict=found,
        first_seen_at=since,
        theirs_at=decode_times(kept.scalar_one_or_none()).get(found.field),
        ours_at=from_micros(ours.at) if ours else None,
        ours_reason=ours.reason if ours else None,
    )


def _last_write(tx: Connection, found: Conflict) -> AnyRow | None:
    ref = found.records[0]
    mine = (audit.c.crm == ref.crm) & (audit.c.object == ref.object) & (audit.c.record == ref.id)
    newest = select(func.max(audit.c.number)).where(
        audit.c.lead_id == found.lead_id, mine, audit.c.field == found.field, audit.c.state == "written"
    )
    wanted = select(audit.c.at, audit.c.reason).where(audit.c.number == newest.scalar_subquery())
    return tx.execute(wanted).one_or_none()
