"""The chapter *the past*: histories as the CRMs gave them, the journeys, how far a backfill has got."""

from __future__ import annotations

from collections.abc import Collection, Iterable, Mapping, Sequence
from itertools import islice
from typing import Any

from sqlalchemy import Connection, Select, select

from crmbridge.codec import pack, unpack, unpacker
from crmbridge.history import RecordHistory
from crmbridge.journey import Entry
from crmbridge.ledger.journeys import EVENT, event_rows
from crmbridge.ledger.part import CHUNK, Part
from crmbridge.ledger.records import parse_ref
from crmbridge.ledger.store import Among
from crmbridge.ledger.tables import checkpoint, event, lead, past
from crmbridge.model import Memory, RecordRef
from crmbridge.ports import Run

_history = unpacker(RecordHistory)
_entry = unpacker(Entry)
_EVENT_KEY = tuple(column.name for column in event.primary_key.columns)
#: Source of the entries that we recorded while it happened.
_LIVE = "ledger"


class PastChapter(Part):
    """The chapter *the past* of the ledger."""

    # histories -----------------------------------------------------------------------------------
    def keep_past(self, run: Run, items: Iterable[tuple[RecordHistory, str]]) -> None:
        """See ``ports.Ledger.keep_past``."""
        remaining = iter(items)
        with self._store.write(run) as tx:
            while chunk := list(islice(remaining, CHUNK)):
                rows = [(str(history.ref), version, pack(history)) for history, version in chunk]
                self._store.put(tx, past, ("ref", "version", "body"), rows, update=("version", "body"))

    def past(self, refs: Collection[RecordRef]) -> Mapping[RecordRef, tuple[RecordHistory, str]]:
        """See ``ports.Ledger.past``."""
        with self._store.read() as tx:
            rows = self._store.matching(tx, _kept, [str(ref) for ref in refs]).all()
        return {parse_ref(ref): (_history(body), version) for ref, version, body in rows}

    # journeys ------------------------------------------------------------------------------------
    def keep_journeys(self, run: Run, journeys: Mapping[str, Sequence[Entry]]) -> int:
        """See ``ports.Ledger.keep_journeys``."""
        wanted = {
            row[:4]: row
            for name, entries in journeys.items()
            for row in event_rows(name, (entry for entry in entries if entry.source != _LIVE))
        }
        with self._store.write(run) as tx:
            known = {tuple(row[:4]): row for row in self._events(tx, journeys)}
            live = {key for key, row in known.items() if _entry(row[4]).source == _LIVE}
            news = [
                row
                for key, row in wanted.items()
                if key not in live and (key not in known or known[key][4] != row[4])
            ]
            gone = [key for key in known if key not in wanted and key not in live]
            self._store.drop(tx, event, _EVENT_KEY, gone)
            self._store.put(tx, event, EVENT, news, update=("body",))
        return len(news) + len(gone)

    def _events(self, tx: Connection, lead_ids: Collection[str]) -> Sequence[Any]:
        return self._store.matching(tx, _journeys, list(lead_ids)).all() if lead_ids else ()

    # memories ------------------------------------------------------------------------------------
    def recall_past(self, run: Run, memories: Mapping[str, Memory]) -> None:
        """See ``ports.Ledger.recall_past``. Safe to repeat.

        A memory without a process version is one that no run decided: it may be replaced.
        """
        with self._store.write(run) as tx:
            rows = self._store.matching(tx, _memories, list(memories)).all() if memories else ()
            free = [
                row[0] for row in rows if row[1] is None or unpack(row[1], Memory).process_version is None
            ]
            self._store.alter(
                tx, lead, ("memory",), ("id",), [(pack(memories[lead_id]), lead_id) for lead_id in free]
            )

    # checkpoints ---------------------------------------------------------------------------------
    def checkpoint(self, run: Run, job: str, part: str, body: Mapping[str, int | str]) -> None:
        """See ``ports.Ledger.checkpoint``. Its time is the wall clock's."""
        with self._store.write(run) as tx:
            row = (job, part, round(self._store.seconds(tx) * 1e6), pack(dict(body)))
            self._store.put(tx, checkpoint, ("job", "part", "at", "body"), [row], update=("at", "body"))

    def checkpoints(self, job: str) -> Mapping[str, Mapping[str, int | str]]:
        """See ``ports.Ledger.checkpoints``."""
        wanted = select(checkpoint.c.part, checkpoint.c.body).where(checkpoint.c.job == job)
        with self._store.read() as tx:
            rows = tx.execute(wanted.order_by(checkpoint.c.part)).all()
        return {part: unpack(body, dict[str, int | str]) for part, body in rows}


def _kept(among: Among) -> Select[str, str, bytes]:
    return select(past.c.ref, past.c.version, past.c.body).where(among(past.c.ref))


def _journeys(among: Among) -> Select[*tuple[Any, ...]]:
    return select(event).where(among(event.c.lead_id))


def _memories(among: Among) -> Select[str, bytes | None]:
    return select(lead.c.id, lead.c.memory).where(among(lead.c.id))
