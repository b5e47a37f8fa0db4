"""Failed writes: they wait longer and longer for their next try, and end as dead letters."""

from __future__ import annotations

from collections.abc import Collection, Iterable, Mapping, Sequence
from typing import Any

from sqlalchemy import ColumnElement, Connection, select, tuple_

from crmbridge.ledger.logged import Logged, Place, place_of
from crmbridge.ledger.part import Part
from crmbridge.ledger.store import AnyRow, Store, from_micros
from crmbridge.ledger.tables import change, failure
from crmbridge.model import Outcome, OutcomeState, Write
from crmbridge.safety import Failure, delay_after

_WAITING, _DEAD, _DROPPED = 0, 1, 2
_KEY = ("crm", "object", "record")
_COLUMNS = tuple(failure.c.keys())


class Failures(Part):
    """The chapter *failures* of the ledger."""

    def failures(self) -> Sequence[Failure]:
        """See ``safety.SafetyLedger.failures``."""
        wanted = select(failure).where(failure.c.state != _DROPPED).order_by(*_places())
        with self._store.read() as tx:
            return [_failure(row) for row in tx.execute(wanted)]

    def waiting(self) -> Mapping[tuple[str, str, str], str]:
        """See ``safety.SafetyLedger.waiting``. Due is what the ledger's clock says."""
        with self._store.read() as tx:
            now = round(self._store.seconds(tx) * 1e6)
            asleep = (failure.c.state != _WAITING) | (failure.c.next_at > now)
            rows = tx.execute(select(*_places(), failure.c.version).where(asleep))
            return {(row[0], row[1], row[2]): row[3] for row in rows}

    def retry(self, lead_ids: Collection[str] | None) -> int:
        """See ``safety.SafetyLedger.retry``. Attempts are counted from the beginning again."""
        with self._store.write() as tx:
            again = failure.update().where(*self._of(lead_ids))
            return tx.execute(again.values(next_at=0, attempts=0, state=_WAITING)).rowcount

    def drop_failures(self, lead_ids: Collection[str]) -> int:
        """See ``safety.SafetyLedger.drop_failures``. Safe to repeat."""
        with self._store.write() as tx:
            dropped = failure.update().where(*self._of(lead_ids), failure.c.state != _DROPPED)
            return tx.execute(dropped.values(state=_DROPPED)).rowcount

    def _of(self, lead_ids: Collection[str] | None) -> list[ColumnElement[bool]]:
        return [] if lead_ids is None else [self._store.among(failure.c.lead_id, lead_ids)]


def note_failures(store: Store, tx: Connection, batch: Logged, max_attempts: int) -> None:
    """Count the failures of a batch, and forget those of records that were written."""
    states = {place_of(write): outcome.state for write, outcome in batch.outcomes}
    good = [
        place for place, state in states.items() if state in {OutcomeState.WRITTEN, OutcomeState.UNCHANGED}
    ]
    store.drop(tx, failure, _KEY, good)
    failed = [(write, outcome) for write, outcome in batch.outcomes if outcome.state is OutcomeState.FAILED]
    before = _before(tx, [place_of(write) for write, _ in failed]) if failed else {}
    rows = [
        _row(batch, write, outcome, before.get(place_of(write)), max_attempts) for write, outcome in failed
    ]
    store.put(tx, failure, _COLUMNS, rows, update=_COLUMNS[3:])


def wake_all(tx: Connection) -> None:
    """Make every failure due at once: the process or the mapping has changed, and may have mended it."""
    tx.execute(failure.update().values(next_at=0, attempts=0, state=_WAITING))


def forget_unplanned(tx: Connection, number: int) -> None:
    """Forget failures that a finished plan of all leads does not want to write any more."""
    still = select(change.c.record).where(
        change.c.run == number,
        change.c.crm == failure.c.crm,
        change.c.object == failure.c.object,
        change.c.record == failure.c.record,
    )
    tx.execute(failure.delete().where(~still.exists()))


def _before(tx: Connection, places: Iterable[Place]) -> dict[Place, AnyRow]:
    wanted = select(failure).where(tuple_(*_places()).in_(list(places)))
    return {Place(row.crm, row.object, row.record): row for row in tx.execute(wanted)}


def _row(
    batch: Logged, write: Write, outcome: Outcome, old: AnyRow | None, max_attempts: int
) -> tuple[Any, ...]:
    attempts = 1 if old is None else old.attempts + 1
    return (
        *place_of(write),
        write.lead_id,
        int(write.id is None),
        "\n".join(sorted(write.values)),
        outcome.error or "failed",
        attempts,
        batch.version_of(write),
        batch.at if old is None else old.first_at,
        batch.at,
        batch.at + round(delay_after(attempts).total_seconds() * 1e6),
        _WAITING if attempts < max_attempts else _DEAD,
    )


def _failure(row: AnyRow) -> Failure:
    first_at, last_at = from_micros(row.first_at), from_micros(row.last_at)
    if first_at is None or last_at is None:
        raise AssertionError("every failure has a time")
    return Failure(
        lead_id=row.lead_id,
        crm=row.crm,
        object=row.object,
        id=None if row.created else row.record,
        fields=tuple(row.fields.split("\n")),
        error=row.error,
        attempts=row.attempts,
        first_at=first_at,
        last_at=last_at,
        next_at=from_micros(row.next_at) if row.state == _WAITING else None,
        dropped=row.state == _DROPPED,
    )


def _places() -> tuple[Any, ...]:
    return tuple(failure.c[name] for name in _KEY)
