"""The chapter *lists*: where decided leads stand, for the people who work from lists."""

from __future__ import annotations

from collections import Counter
from collections.abc import Iterator, Mapping, Sequence
from datetime import datetime
from typing import Any

from sqlalchemy import ColumnElement, Connection, Select, select, tuple_

from crmbridge.codec import unpacker
from crmbridge.ledger.part import CHUNK, Part
from crmbridge.ledger.records import decode_body
from crmbridge.ledger.store import AnyRow, Store, to_micros
from crmbridge.ledger.tables import ZERO, planned, record, standing
from crmbridge.standing import Standing

_standing = unpacker(Standing)
_COLUMNS = tuple(standing.c.keys())


class Standings(Part):
    """The chapter *lists* of the ledger."""

    def standings(self, name: str, *, owner: str | None = None) -> Iterator[Standing]:
        """See ``ports.Ledger.standings``. Without an owner named, owners come one after the other."""
        wanted = select(standing.c.owner, standing.c.rank, standing.c.lead_id, standing.c.body).where(
            standing.c["list"] == name
        )
        if owner is not None:
            wanted = wanted.where(standing.c.owner == owner)
        return self._read(wanted, (standing.c.rank, standing.c.lead_id))

    def due_standings(self, until: datetime, *, owner: str | None = None) -> Iterator[Standing]:
        """See ``ports.Ledger.due_standings``."""
        wanted = select(standing.c.due_at, standing.c.lead_id, standing.c.body).where(
            standing.c.due_at.is_not(None), standing.c.due_at <= to_micros(until)
        )
        if owner is not None:
            wanted = wanted.where(standing.c.owner == owner)
        return self._read(wanted, (standing.c.due_at, standing.c.lead_id))

    def _read(self, wanted: Select[Any], keys: Sequence[ColumnElement[Any]]) -> Iterator[Standing]:
        """Read a page at a time, so that a reader may take its time and a run may write meanwhile."""
        names = [str(getattr(key, "name", "")) for key in keys]
        page: Sequence[AnyRow] = ()
        while True:
            last = [getattr(page[-1], name) for name in names] if page else None
            behind = wanted.where(tuple_(*keys) > tuple_(*last)) if last else wanted
            with self._store.read() as tx:
                page = tx.execute(behind.order_by(*keys).limit(CHUNK)).all()
            yield from (_standing(row.body) for row in page)
            if len(page) < CHUNK:
                return

    def tally(self, field: str) -> Mapping[str, int]:
        """See ``ports.Ledger.tally``. Reads every record, a page at a time."""
        found: Counter[str] = Counter()
        after = ""
        while True:
            wanted = select(record.c.ref, record.c.body).where(record.c.deleted == ZERO, record.c.ref > after)
            with self._store.read() as tx:
                page = tx.execute(wanted.order_by(record.c.ref).limit(CHUNK)).all()
            values = (decode_body(row.body).fields.get(field) for row in page)
            found.update(value for value in values if isinstance(value, str))
            if len(page) < CHUNK:
                return found
            after = page[-1].ref


def place(store: Store, tx: Connection, chosen: ColumnElement[bool]) -> None:
    """Put the leads of a plan on the lists that its decisions mean, and take them off all others."""
    leads = select(planned.c.lead_id).where(chosen)
    tx.execute(standing.delete().where(standing.c.lead_id.in_(leads)))
    wanted = select(planned.c.lead_id, planned.c.standing).where(chosen, planned.c.standing.is_not(None))
    after = ""
    while True:
        behind = wanted.where(planned.c.lead_id > after).order_by(planned.c.lead_id).limit(CHUNK)
        page = tx.execute(behind).all()
        store.put(tx, standing, _COLUMNS, [_row(row.standing) for row in page], update=_COLUMNS[1:])
        if len(page) < CHUNK:
            return
        after = page[-1].lead_id


def _row(body: bytes) -> tuple[Any, ...]:
    found = _standing(body)
    rank = round(found.rank * 1e6)
    return (found.lead_id, found.list, found.owner, rank, to_micros(found.due_at), body)
