"""CSV files in: reading, and handing rows to the CRM they are for."""

from __future__ import annotations

import csv
import io
from collections.abc import Iterator, Mapping
from dataclasses import asdict, dataclass, field
from pathlib import Path
from typing import Any

from crmbridge.errors import ConfigError, Problem
from crmbridge.sandbox.app import CrmApp, LoadResult, SkippedRow

#: Longest cell that is read; HubSpot keeps 65,536 characters, Salesforce twice as many.
_MAX_CELL_CHARACTERS = 1_000_000


@dataclass(frozen=True, slots=True, kw_only=True)
class LoadReport:
    """What became of one file: ``rows`` = ``loaded`` + number of ``skipped``."""

    #: As given: "hubspot.contacts".
    object: str
    #: Rows below the header; empty lines do not count.
    rows: int
    loaded: int
    skipped: tuple[SkippedRow, ...] = ()
    #: Positions (from 1) of columns without a name; they were left out.
    nameless_columns: tuple[int, ...] = ()
    created_fields: tuple[str, ...] = ()
    #: Ids of the records in the order of the rows, "" for a skipped one.
    ids: tuple[str, ...] = ()

    def as_dict(self) -> dict[str, Any]:
        """Give the report as JSON values."""
        return asdict(self)


@dataclass(slots=True)
class Table:
    """A CSV file being read."""

    #: Names of the columns that have one.
    header: list[str]
    nameless: tuple[int, ...]
    _positions: list[int]
    _width: int
    _lines: Iterator[tuple[int, list[str]]]
    count: int = 0
    ragged: list[SkippedRow] = field(default_factory=list)

    def rows(self) -> Iterator[tuple[int, list[str]]]:
        """Give line number and cells of each row; ragged ones are noted instead."""
        for line, cells in self._lines:
            self.count += 1
            if len(cells) > self._width and not any(cells[self._width :]):
                cells = cells[: self._width]  # noqa: PLW2901 - trailing empty cells are no cells
            if len(cells) != self._width:
                reason = f"has {len(cells)} cells, the header has {self._width}"
                self.ragged.append(SkippedRow(line=line, reason=reason))
                continue
            yield line, [cells[position].strip() for position in self._positions]


def load(apps: Mapping[str, CrmApp], name: str, text: str, *, create_fields: bool = False) -> LoadReport:
    """Load the text of a CSV file into "hubspot.contacts", "salesforce.Lead" and so on.

    Raises:
        ConfigError: The CRM, the object or columns are unknown, or it is no CSV; nothing was loaded.
    """
    crm, _, object_name = name.partition(".")
    if crm not in apps or not object_name:
        advice = "hubspot.contacts=FILE.csv or salesforce.Lead=FILE.csv"
        raise ConfigError([Problem(name, "", "unknown CRM or object", advice)])
    table = read_table(text, name)
    result = apps[crm].load_csv(object_name, table.header, table.rows(), create_fields)
    return _report(name, table, result)


def load_file(
    apps: Mapping[str, CrmApp], name: str, path: Path, *, create_fields: bool = False
) -> LoadReport:
    """Load a CSV file in UTF-8, with or without a byte order mark.

    Raises:
        ConfigError: As `load`, or the file cannot be read.
    """
    try:
        text = path.read_text(encoding="utf-8-sig")
    except (OSError, UnicodeDecodeError) as error:
        reason = (
            "is not UTF-8" if isinstance(error, UnicodeDecodeError) else f"cannot be read: {error.strerror}"
        )
        raise ConfigError([Problem(path.name, "", reason)]) from None
    return load(apps, name, text, create_fields=create_fields)


def read_table(text: str, file: str) -> Table:
    """Read the header and prepare the rows.

    Raises:
        ConfigError: There is no header, or a name is in it twice.
    """
    lines = _lines(text.removeprefix("\ufeff"), file)
    _, header = next(lines, (0, []))
    names = [name.strip() for name in header]
    named = [name for name in names if name]
    doubles = sorted({name for name in named if named.count(name) > 1})
    problems = [Problem(file, name, "two columns have this name") for name in doubles]
    if not named:
        problems = [Problem(file, "", "has no header row with API names")]
    if problems:
        raise ConfigError(problems)
    positions = [position for position, name in enumerate(names) if name]
    nameless = tuple(position + 1 for position, name in enumerate(names) if not name)
    return Table(named, nameless, positions, len(names), lines)


def _lines(text: str, file: str) -> Iterator[tuple[int, list[str]]]:
    csv.field_size_limit(_MAX_CELL_CHARACTERS)
    reader = csv.reader(io.StringIO(text, newline=""))
    try:
        for cells in reader:
            if cells:
                yield reader.line_num, cells
    except csv.Error as error:
        raise ConfigError([Problem(file, f"line {reader.line_num}", f"is no CSV: {error}")]) from None


def _report(name: str, table: Table, result: LoadResult) -> LoadReport:
    skipped = sorted([*table.ragged, *result.skipped], key=lambda row: row.line)
    return LoadReport(
        object=name,
        rows=table.count,
        loaded=result.loaded_count,
        skipped=tuple(skipped),
        nameless_columns=table.nameless,
        created_fields=result.created_fields,
        ids=result.ids,
    )
