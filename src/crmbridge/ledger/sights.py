"""The chapter *what runs saw*: the moments of live runs, and what each of their decisions saw anew."""

from __future__ import annotations

from collections import defaultdict
from collections.abc import Iterator, Mapping, Sequence
from datetime import datetime
from typing import Any

from sqlalchemy import ColumnElement, Connection, Select, func, select
from sqlalchemy.dialects import postgresql, sqlite

from crmbridge.codec import pack, unpack, unpacker
from crmbridge.ledger.items import all_owners
from crmbridge.ledger.part import CHUNK, Part
from crmbridge.ledger.store import Among, Store, from_micros, to_micros
from crmbridge.ledger.tables import ONE, instant, planned, seen
from crmbridge.ledger.tables import run as run_table
from crmbridge.model import Owner
from crmbridge.ports import Run
from crmbridge.seen import HALF, Instant, Seen, folded

_SEAL = 2 * HALF
_INSTANT = tuple(instant.c.keys())
_SEEN = tuple(seen.c.keys())
_seen = unpacker(Seen)


class Sights(Part):
    """The chapter *what runs saw* of the ledger."""

    def note_instant(self, run: Run, at: datetime, process: str) -> None:
        """See ``ports.Ledger.note_instant``."""
        with self._store.write(run) as tx:
            number = self._number(tx, run)
            # Runs that were never carried out go with their plans.
            has_plan = select(planned.c.run).where(planned.c.run == instant.c.run).exists()
            tx.execute(instant.delete().where(instant.c.live == 0, ~has_plan))
            known = list(_instants(tx))
            before = known[-1].owners if known else {}
            now = all_owners(tx)
            news: dict[str, Owner | None] = {
                key: owner for key, owner in now.items() if before.get(key) != owner
            }
            news |= dict.fromkeys(before.keys() - now.keys())
            row = (number, to_micros(at), process, 0, pack(news) if news else None)
            self._store.put(tx, instant, _INSTANT, [row], update=_INSTANT[1:])

    def instants(self) -> Sequence[Instant]:
        """See ``ports.Ledger.instants``."""
        with self._store.read() as tx:
            return list(_instants(tx))

    def seals(self, lead_ids: Sequence[str]) -> Mapping[str, bytes]:
        """See ``ports.Ledger.seals``."""
        with self._store.read() as tx:
            rows = self._store.matching(tx, _seals, list(lead_ids)).all()
        return {row[0]: row[1] for row in rows}  # the last one stays

    def seen(self, lead_ids: Sequence[str]) -> Mapping[str, Sequence[tuple[int, Seen]]]:
        """See ``ports.Ledger.seen``."""
        with self._store.read() as tx:
            return _rows(self._store, tx, lead_ids)


def keep_seen(store: Store, tx: Connection, number: int, chosen: ColumnElement[bool]) -> None:
    """Keep what planned decisions saw, and that their run was carried out. Safe to repeat."""
    tx.execute(instant.update().where(instant.c.run == number).values(live=1))
    news = select(
        planned.c.lead_id,
        planned.c.run,
        func.substr(planned.c.seen, 1, _SEAL),
        func.substr(planned.c.seen, _SEAL + 1),
    ).where(chosen, planned.c.seen.is_not(None))
    table = postgresql.insert(seen) if store.is_postgres else sqlite.insert(seen)
    tx.execute(table.from_select(list(_SEEN), news).on_conflict_do_nothing())


def fold_seen(store: Store, tx: Connection, before: datetime) -> None:
    """Put what runs before a moment saw of each lead into one row: what the last of them saw."""
    old = select(func.max(run_table.c.number)).where(run_table.c.started_at < to_micros(before))
    last = tx.execute(old).scalar_one_or_none()
    if last is None:
        return
    several = (
        select(seen.c.lead_id).where(seen.c.run <= last).group_by(seen.c.lead_id).having(func.count() > 1)
    )
    lead_ids = list(tx.execute(several).scalars())
    for start in range(0, len(lead_ids), CHUNK):
        for lead_id, rows in _rows(store, tx, lead_ids[start : start + CHUNK]).items():
            gone = [(run, item) for run, item in rows if run <= last]
            whole = folded(item for _, item in gone)
            store.drop(tx, seen, ("lead_id", "run"), [(lead_id, run) for run, _ in gone])
            store.put(tx, seen, _SEEN, [(lead_id, gone[-1][0], whole.seal, pack(whole))])


def _rows(store: Store, tx: Connection, lead_ids: Sequence[str]) -> dict[str, list[tuple[int, Seen]]]:
    found: defaultdict[str, list[tuple[int, Seen]]] = defaultdict(list)
    for lead_id, run, body in store.matching(tx, _bodies, list(lead_ids)).all():
        found[lead_id].append((run, _seen(body)))
    return dict(found)


def _instants(tx: Connection) -> Iterator[Instant]:
    owners: dict[str, Owner] = {}
    for row in tx.execute(select(instant).where(instant.c.live == ONE).order_by(instant.c.run)):
        if row.owners is not None:
            owners = _with(owners, unpack(row.owners, dict[str, Owner | None]))
        at = from_micros(row.at)
        if at is None:
            raise AssertionError("every run decides at some moment")
        yield Instant(run=row.run, at=at, process=row.process, owners=owners)


def _with(owners: dict[str, Owner], news: Mapping[str, Owner | None]) -> dict[str, Owner]:
    merged: dict[str, Owner | None] = {**owners, **news}
    return {key: owner for key, owner in sorted(merged.items()) if owner is not None}


def _seals(among: Among) -> Select[*tuple[Any, ...]]:
    return (
        select(seen.c.lead_id, seen.c.seal).where(among(seen.c.lead_id)).order_by(seen.c.lead_id, seen.c.run)
    )


def _bodies(among: Among) -> Select[*tuple[Any, ...]]:
    wanted = select(seen.c.lead_id, seen.c.run, seen.c.body).where(among(seen.c.lead_id))
    return wanted.order_by(seen.c.lead_id, seen.c.run)
