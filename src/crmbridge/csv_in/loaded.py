"""What was read of all files: leads with their cells, and what hangs on them, column by column."""

from __future__ import annotations

from array import array
from collections import Counter, defaultdict
from dataclasses import dataclass, field
from datetime import datetime
from decimal import Decimal
from typing import Any, TypeAlias

from crmbridge.csv_in.columns import Columns, Source
from crmbridge.csv_in.spec import File, Spec

#: A cell as it is kept: text, moment or amount; None: no value.
Value: TypeAlias = Any


@dataclass(slots=True)
class Activities:
    """Activities of all leads, column by column: some thirty bytes each."""

    leads: array[int] = field(default_factory=lambda: array("i"))
    at: array[int] = field(default_factory=lambda: array("q"))
    kinds: array[int] = field(default_factory=lambda: array("b"))
    directions: array[int] = field(default_factory=lambda: array("b"))
    owners: array[int] = field(default_factory=lambda: array("i"))
    raws: array[int] = field(default_factory=lambda: array("i"))
    lines: array[int] = field(default_factory=lambda: array("i"))
    files: array[int] = field(default_factory=lambda: array("b"))
    #: Texts of owners and raw kinds, each once.
    texts: dict[str | None, int] = field(default_factory=lambda: {None: 0})

    def add(self, *values: int) -> None:
        """Take one activity: lead, moment, kind, direction, owner, raw kind."""
        columns = (self.leads, self.at, self.kinds, self.directions, self.owners, self.raws)
        for column, value in zip(columns, values, strict=True):
            column.append(value)

    def number(self, text: str | None) -> int:
        """Give the number under which a text is kept."""
        return self.texts.setdefault(text, len(self.texts))


@dataclass(frozen=True, slots=True, kw_only=True)
class Deal:
    """One opportunity of a file."""

    id: str
    created: datetime | None
    closed: datetime | None
    amount: Decimal | None
    currency: str | None
    owner: str | None
    state: str
    raw_state: str


@dataclass(slots=True)
class Loaded:
    """What was read."""

    spec: Spec
    columns: Columns
    keys: list[str] = field(default_factory=list)
    rows: list[tuple[Value, ...]] = field(default_factory=list)
    #: Key -> position of the lead.
    index: dict[str, int] = field(default_factory=dict)
    #: Per file of details: key -> cells.
    details: list[dict[str, tuple[Value, ...]]] = field(default_factory=list)
    activities: Activities = field(default_factory=Activities)
    deals: dict[int, list[Deal]] = field(default_factory=lambda: defaultdict(list))
    #: Lead -> (moment, raw stage, reason).
    history: dict[int, list[tuple[datetime, str, str | None]]] = field(
        default_factory=lambda: defaultdict(list)
    )
    #: Lead -> its rows as they stand in the files; kept where wrong rows are left out, not refused.
    lines: dict[int, list[tuple[File, int, list[str]]]] = field(default_factory=lambda: defaultdict(list))
    #: Lead -> what is wrong with the first row that is.
    faults: dict[int, str] = field(default_factory=dict)
    rows_in: int = 0
    #: The latest moment in any column that was read as one.
    latest: datetime | None = None
    notes: Counter[str] = field(default_factory=Counter)

    def get(self, source: Source, lead: int) -> Value:
        """Give a value of a lead."""
        if source.table == 0:
            return self.rows[lead][source.place]
        found = self.detail(source.table, lead)
        return None if found is None else found[source.place]

    def detail(self, table: int, lead: int) -> tuple[Value, ...] | None:
        """Give the row of details that belongs to a lead; None: there is none."""
        on = self.columns.tables[table].on
        key = self.keys[lead] if on is None else self.get(on, lead)
        return None if key is None else self.details[table - 1].get(key)
