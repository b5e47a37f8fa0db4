"""One batch of outcomes beside what the plan wanted: what to audit, what is done, which leads are through."""

from __future__ import annotations

from collections import defaultdict
from collections.abc import Sequence
from dataclasses import dataclass
from typing import Any, NamedTuple

from sqlalchemy import Connection, select

from crmbridge.codec import pack, unpacker
from crmbridge.ledger.store import AnyRow, Store
from crmbridge.ledger.tables import change
from crmbridge.ledger.written import Written
from crmbridge.model import Change, Outcome, OutcomeState, Value, Write

AUDIT_COLUMNS = (
    "at",
    "run",
    "lead_id",
    "crm",
    "object",
    "record",
    "field",
    "old",
    "new",
    "reason",
    "state",
    "error",
    "created",
)
CHANGE_KEY = tuple(column.name for column in change.primary_key.columns)
_GOOD = frozenset({OutcomeState.WRITTEN, OutcomeState.UNCHANGED})
_change = unpacker(Change)


class Place(NamedTuple):
    """Which record a write goes to: its id, or the lead id for one that is created."""

    crm: str
    object: str
    record: str


def place_of(write: Write) -> Place:
    """Name the record of a write."""
    return Place(write.crm, write.object, write.key)


def planned_changes(store: Store, tx: Connection, number: int, lead_ids: set[str]) -> Sequence[AnyRow]:
    """Give what a run planned for some leads."""
    among = store.among(change.c.lead_id, lead_ids)
    # "+ 0" keeps SQLite from reading the run's whole plan, which stands together, instead of the leads'.
    return tx.execute(select(change).where(change.c.run + 0 == number, among)).all()


@dataclass
class Logged:
    """A batch of outcomes, and the planned changes of all its leads."""

    number: int
    at: int
    outcomes: Sequence[tuple[Write, Outcome]]
    rows: Sequence[AnyRow]

    def __post_init__(self) -> None:
        good = {place_of(write) for write, outcome in self.outcomes if outcome.state in _GOOD}
        self.planned: defaultdict[Place, dict[str, AnyRow]] = defaultdict(dict)
        self.done: list[AnyRow] = []
        self.left: list[AnyRow] = []
        for row in self.rows:
            place = Place(row.crm, row.object, row.record)
            self.planned[place][row.field] = row
            (self.done if place in good else self.left).append(row)

    def audit_rows(self) -> list[tuple[Any, ...]]:
        """Give one row per field."""
        return [
            self._audit_row(write, outcome, name, value)
            for write, outcome in self.outcomes
            for name, value in write.values.items()
        ]

    def _audit_row(self, write: Write, outcome: Outcome, name: str, value: Value) -> tuple[Any, ...]:
        row = self.planned[place_of(write)].get(name)
        wanted = None if row is None else _change(row.body)
        old, reason = (wanted.old, wanted.reason) if wanted else (write.old.get(name), "")
        place = (write.lead_id, write.crm, write.object, outcome.id or write.id, name)
        return (
            self.at,
            self.number,
            *place,
            pack(old),
            pack(value),
            reason,
            outcome.state.value,
            outcome.error,
            int(write.id is None),
        )

    def version_of(self, write: Write) -> str:
        """Give the version of the record that a write was planned on; "" when nobody knows."""
        row = next(iter(self.planned[place_of(write)].values()), None)
        return "" if row is None else _change(row.body).based_on_version

    def written(self) -> list[Written]:
        """Give what the CRM holds now for sure."""
        return [
            Written(
                ref=f"{write.crm}:{write.object}:{outcome.id or write.id}",
                lead_id=write.lead_id,
                values=write.values,
                in_place=tuple(self.planned[place_of(write)].keys() - write.values.keys()),
                version=outcome.version,
                was_there=outcome.state is OutcomeState.UNCHANGED,
            )
            for write, outcome in self.outcomes
            if outcome.state in _GOOD and (outcome.id or write.id) is not None
        ]

    def done_rows(self) -> list[tuple[Any, ...]]:
        """Give the planned changes that are done now."""
        return [(1, *row[: len(CHANGE_KEY)]) for row in self.done]

    def finished_leads(self) -> set[str]:
        """Name the leads of this batch of whose plan nothing is open."""
        still_open = {row.lead_id for row in self.left if not row.done}
        return {write.lead_id for write, _ in self.outcomes} - still_open
