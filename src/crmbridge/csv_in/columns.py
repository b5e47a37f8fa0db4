"""Which column of which file is meant: declared names against the headers, before any row is read."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field
from typing import Final

from crmbridge.csv_in.spec import Column, File, Spec
from crmbridge.errors import ConfigError
from crmbridge.mapping_file.checks import nearest

#: How a cell is read.
TEXT: Final = "text"
MOMENT: Final = "moment"
AMOUNT: Final = "amount"


@dataclass(frozen=True, slots=True)
class Cell:
    """One cell that is kept of every row: where it stands and how it is read."""

    column: str
    place: int
    how: str
    formats: tuple[str, ...] = ()


@dataclass(frozen=True, slots=True)
class Source:
    """Where a value of a lead is found: a table of cells, and the place among those kept."""

    #: 0: the leads; n: the n-th file of details.
    table: int
    place: int


@dataclass(slots=True)
class Kept:
    """The cells that are kept of one table."""

    #: The files behind it: all files of leads, or one of details.
    files: tuple[File, ...]
    #: File name -> its columns.
    columns: Mapping[str, tuple[str, ...]]
    cells: list[tuple[str, str, tuple[str, ...]]] = field(default_factory=list)
    #: The value that a details key is compared with; None: the lead's key.
    on: Source | None = None

    def has(self, column: str) -> bool:
        """Tell whether any of the files has the column."""
        return any(column in self.columns[file.name] for file in self.files)

    def keep(self, column: str, how: str, formats: tuple[str, ...]) -> int:
        """Ask for a cell; the same one twice is kept once."""
        wanted = (column, how, formats)
        if wanted not in self.cells:
            self.cells.append(wanted)
        return self.cells.index(wanted)

    def of(self, file: File) -> list[Cell]:
        """Give the cells as they stand in one file."""
        columns = self.columns[file.name]
        return [
            Cell(column, columns.index(column), how, formats or file.format.date_formats)
            for column, how, formats in self.cells
        ]


class Columns:
    """Resolves columns over the tables that give leads their values; notes what is not there."""

    def __init__(self, spec: Spec, columns: Mapping[str, tuple[str, ...]]) -> None:
        self.columns = columns
        leads = tuple(file for file in spec.files if file.rows == "leads")
        self.tables = [Kept(leads, columns)]
        for file in spec.files:
            if file.rows == "details":
                on = None if file.on is None else self.find(Column(file.place.at("on"), file.on), TEXT)
                self.tables.append(Kept((file,), columns, on=on))
            if file.key:
                self.own(file, file.key, "key")
            for name in file.only:
                self.own(file, name, "only")

    def find(self, column: Column, how: str) -> Source:
        """Find a column among the leads and details files.

        A name that several files have is refused: FILE.COLUMN says which is meant.
        """
        name, tables = self._named(column.name)
        found = [place for place in tables if self.tables[place].has(name)]
        if len(found) != 1:
            self._refuse(column, found)
            return Source(0, 0)
        table = self.tables[found[0]]
        for file in table.files:
            self.own(file, name, column.place.key.rpartition(".")[2])
        if how == MOMENT:
            self._check_formats(column, table.files)
        return Source(found[0], table.keep(name, how, column.formats))

    def own(self, file: File, name: str, key: str) -> int:
        """Find a column of one file; several of the same name are as wrong as none."""
        columns = self.columns[file.name]
        count = columns.count(name)
        if count == 1:
            return columns.index(name)
        message = f"{file.label} has {f'{count} columns' if count else 'no column'} {name!r}"
        hint = nearest(name, columns) or "a file without a header needs header = [names]"
        problem = file.place.at(key)
        if not any(known.message == message for known in problem.problems):
            problem.refuse(message, hint if not count else "name the columns yourself: header = [names]")
        return 0

    def _named(self, name: str) -> tuple[str, Sequence[int]]:
        """Take a name as it is; where no file has it, as FILE.COLUMN."""
        every = range(len(self.tables))
        if any(table.has(name) for table in self.tables):
            return name, every
        for place, table in enumerate(self.tables):
            for file in table.files:
                if name.startswith(f"{file.name}."):
                    return name.removeprefix(f"{file.name}."), [place]
        return name, every

    def _refuse(self, column: Column, found: Sequence[int]) -> None:
        if found:
            files = ", ".join(self.tables[place].files[0].name for place in found)
            name = self.tables[found[0]].files[0].name
            message = f"several files have a column {column.name!r}: {files}"
            column.place.refuse(message, f'say which: "{name}.{column.name}"')
            return
        every = [name for table in self.tables for file in table.files for name in self.columns[file.name]]
        hint = nearest(column.name, every) or "a file without a header needs header = [names]"
        column.place.refuse(f"no file of leads or details has a column {column.name!r}", hint)

    def _check_formats(self, column: Column, files: Sequence[File]) -> None:
        if not column.formats and not all(file.format.date_formats for file in files):
            column.place.refuse("no date_format is declared for this column", _FORMAT_HINT)

    def moment(self, file: File, name: str) -> Cell | None:
        """Find the column with a moment that ``file`` names in its own table; None: it names none."""
        told = file.more.get(name)
        if told is None:
            return None
        formats = told.get("date_format") or file.format.date_formats
        if not formats:
            file.place.at(name).refuse("no date_format is declared for this column", _FORMAT_HINT)
        return Cell(told["column"], self.own(file, told["column"], name), MOMENT, formats)

    def text(self, file: File, name: str, how: str = TEXT) -> Cell | None:
        """Find a column that ``file`` names in its own table; None: it names none."""
        told = file.more.get(name)
        return None if told is None else Cell(told, self.own(file, told, name), how)

    def refuse(self, spec: Spec) -> None:
        """Stop if something is not there.

        Raises:
            ConfigError: with every problem.
        """
        if spec.place.problems:
            raise ConfigError(spec.place.problems)


_FORMAT_HINT: Final = 'write date_format = "%Y-%m-%d" under [csv], at the file or at the column'
