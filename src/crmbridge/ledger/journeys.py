"""The chapter *journeys*: what promoted decisions recorded of each lead's way, and giving it back."""

from __future__ import annotations

from collections import defaultdict
from collections.abc import Collection, Iterable, Mapping, Sequence
from typing import Any

from sqlalchemy import ColumnElement, Connection, Select, select

from crmbridge.codec import pack, unpack, unpacker
from crmbridge.journey import Entry
from crmbridge.ledger.part import CHUNK, Part
from crmbridge.ledger.store import Among, Store, to_micros
from crmbridge.ledger.tables import event, lead, planned

#: Columns of an event, in order.
EVENT = tuple(event.c.keys())
_entry = unpacker(Entry)


class Journeys(Part):
    """The chapter *journeys* of the ledger."""

    def lead_ids(self, after: str, limit: int) -> Sequence[str]:
        """See ``ports.Ledger.lead_ids``."""
        wanted = select(lead.c.id).where(lead.c.id > after).order_by(lead.c.id).limit(limit)
        with self._store.read() as tx:
            return list(tx.execute(wanted).scalars())

    def entries(self, lead_ids: Collection[str]) -> Mapping[str, Sequence[Entry]]:
        """See ``ports.Ledger.entries``."""
        found: defaultdict[str, list[Entry]] = defaultdict(list)
        with self._store.read() as tx:
            for lead_id, body in self._store.matching(tx, _bodies, list(lead_ids)).all():
                found[lead_id].append(_entry(body))
        return dict(found)


def record(store: Store, tx: Connection, chosen: ColumnElement[bool]) -> None:
    """Add the entries of planned decisions to their leads' journeys. Safe to repeat."""
    wanted = select(planned.c.lead_id, planned.c.entries).where(chosen, planned.c.entries.is_not(None))
    after = ""
    while rows := tx.execute(
        wanted.where(planned.c.lead_id > after).order_by(planned.c.lead_id).limit(CHUNK)
    ).all():
        news = [row for found in rows for row in event_rows(found[0], unpack(found[1], list[Entry]))]
        store.put(tx, event, EVENT, news)
        after = rows[-1].lead_id


def event_rows(lead_id: str, entries: Iterable[Entry]) -> list[tuple[Any, ...]]:
    """Give the rows of a lead's entries; the first four columns are the key."""
    return [
        (lead_id, entry.kind.value, to_micros(entry.at) or 0, entry.value or "", pack(entry))
        for entry in entries
    ]


def absorb(store: Store, tx: Connection, survivor: str, absorbed: str) -> None:
    """Let the journey of an absorbed lead go on as its survivor's."""
    rows = tx.execute(select(event).where(event.c.lead_id == absorbed)).all()
    store.put(tx, event, EVENT, [(survivor, *row[1:]) for row in rows])
    tx.execute(event.delete().where(event.c.lead_id == absorbed))


def _bodies(among: Among) -> Select[str, bytes]:
    order = (event.c.lead_id, event.c.at, event.c.kind, event.c.value)
    return select(event.c.lead_id, event.c.body).where(among(event.c.lead_id)).order_by(*order)
