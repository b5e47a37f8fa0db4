"""Reading all files of a mapping and joining them; cells that nobody asked for are not kept."""

from __future__ import annotations

from collections import Counter, defaultdict
from collections.abc import Callable, Container, Iterable, Iterator, Sequence
from datetime import UTC, datetime, timedelta
from typing import Any, Final, TypeAlias

from crmbridge.csv_in.columns import AMOUNT, MOMENT, Cell, Columns, Kept
from crmbridge.csv_in.loaded import Deal, Loaded, Value
from crmbridge.csv_in.rows import Misfits, Rejects, opened
from crmbridge.csv_in.spec import DIRECTIONS, KINDS, File, Spec
from crmbridge.csv_in.texts import amount, moment_reader
from crmbridge.errors import ConfigError, Problem
from crmbridge.model import ActivityKind, Direction

EPOCH: Final = datetime(1970, 1, 1, tzinfo=UTC)
_MICROSECOND: Final = timedelta(microseconds=1)
#: (row, line) -> value.
_Read: TypeAlias = Callable[[list[str], int], Value]
#: Why a row of a history cannot be used, so that none of its lead's can.
_FAULTS: Final = frozenset({"blank_date", "bad_date", "blank_stage", "unknown_stage"})
_KINDS: Final = tuple(ActivityKind)
_DIRECTIONS: Final = tuple(Direction)


class Loader:
    """Reads the files in the mapping's order: leads first, then what hangs on them.

    Args:
        strict: Refuse all files for one value that does not fit; otherwise its lead is marked with it.
    """

    def __init__(self, spec: Spec, columns: Columns, rejects: Rejects, *, strict: bool = True) -> None:
        self.loaded = Loaded(spec, columns)
        self._columns, self._rejects, self._strict = columns, rejects, strict
        #: What is wrong with the row that is being read.
        self._fault: str | None = None
        #: Without a file of leads the keys of a history are the leads.
        self._implied = all(file.rows != "leads" for file in spec.files)
        self._misfits = Misfits()
        self._texts: dict[str, str] = {}
        self._unknown: dict[str, Counter[str]] = defaultdict(Counter)

    def load(self) -> Loaded:
        """Read everything.

        Raises:
            ConfigError: something does not fit what was declared; with the first rows of each kind.
        """
        spec = self.loaded.spec
        for file in spec.files:
            if file.rows == "leads":
                self._leads(file, self._columns.tables[0])
        table = 0
        for place, file in enumerate(spec.files):
            if file.rows == "details":
                table += 1
                self._details(file, table)
            elif file.rows != "leads":
                take = {"activities": self._activity, "deals": self._deal, "history": self._past}[file.rows]
                self._hanging(file, take(file, place))
        self._check_stages()
        self._misfits.refuse()
        self._refuse_unknown()
        return self.loaded

    # rows ---------------------------------------------------------------------------------------------
    def _rows(self, file: File) -> Iterator[tuple[str, int, list[str]]]:
        """Give (key, line, row) of the rows that can be used so far."""
        loaded, skip = self.loaded, self._rejects.skip
        missing = file.format.missing
        with opened(file) as table:
            width, key = len(table.columns), table.columns.index(file.key) if file.key else None
            chosen = [(table.columns.index(name), values) for name, values in file.only.items()]
            for line, row in table.rows():
                loaded.rows_in += 1
                if len(row) != width:
                    skip(file, line, row, "ragged_row")
                elif any(row[place].strip() not in values for place, values in chosen):
                    skip(file, line, row, "not_selected")
                elif key is None:
                    yield f"{file.name}:{line}", line, row
                elif not (text := row[key].strip()) or text in missing:
                    skip(file, line, row, "blank_key")
                else:
                    yield text, line, row

    def _leads(self, file: File, kept: Kept) -> None:
        loaded, read = self.loaded, self._reader(file, kept.of(file))
        for key, line, row in self._rows(file):
            cells = read(row, line)
            known = loaded.index.get(key)
            if known is not None and loaded.rows[known] == cells:
                self._rejects.skip(file, line, row, "duplicate_row")
            elif known is not None and self._strict:
                self._rejects.skip(file, line, row, "duplicate_key")
            else:
                fault = None if known is None else "duplicate_key"
                self._keep(self._new(key, cells) if known is None else known, file, line, row, fault)

    def _new(self, key: str, cells: tuple[Value, ...]) -> int:
        lead = self.loaded.index[key] = len(self.loaded.keys)
        self.loaded.keys.append(key)
        self.loaded.rows.append(cells)
        return lead

    def _keep(self, lead: int, file: File, line: int, row: list[str], fault: str | None) -> None:
        """Keep a row for its lead, with what is wrong with it."""
        fault, self._fault = fault or self._fault, None
        if self._strict:
            return
        self.loaded.lines[lead].append((file, line, row))
        if fault is not None:
            self.loaded.faults.setdefault(lead, fault)

    def _details(self, file: File, table: int) -> None:
        loaded, kept = self.loaded, self._columns.tables[table]
        found: dict[str, tuple[Value, ...]] = {}
        loaded.details.append(found)
        wanted = self._wanted(kept)
        read = self._reader(file, kept.of(file))
        for key, line, row in self._rows(file):
            if key not in wanted:
                self._rejects.skip(file, line, row, "no_match")
                continue
            cells = read(row, line)
            if key in found:
                self._rejects.skip(
                    file, line, row, "duplicate_row" if found[key] == cells else "duplicate_key"
                )
            else:
                found[key] = cells
        self._note_unmatched(file, kept, found)

    def _note_unmatched(self, file: File, kept: Kept, found: Container[str]) -> None:
        """Say how many leads have no row of details, and how many could not have one."""
        named = "leads" if file.on is None else f"leads with a {file.on}"
        if kept.on is None:
            keys: Iterable[Value] = self.loaded.keys
        else:
            keys = (self.loaded.get(kept.on, lead) for lead in range(len(self.loaded.keys)))
        for key in keys:
            if key is None:
                self.loaded.notes[f"leads with a blank {file.on}: none in {file.label}"] += 1
            elif key not in found:
                self.loaded.notes[f"{named} without a row in {file.label}"] += 1

    def _wanted(self, kept: Kept) -> Any:
        if kept.on is None:
            return self.loaded.index
        values = (self.loaded.get(kept.on, lead) for lead in range(len(self.loaded.keys)))
        return {value for value in values if value is not None}

    def _hanging(self, file: File, take: Callable[[int, int, list[str]], str | None]) -> None:
        for key, line, row in self._rows(file):
            lead = self.loaded.index.get(key)
            if lead is None and self._implied:
                lead = self._new(key, ())
            reason = "no_match" if lead is None else take(lead, line, row)
            if lead is not None and (reason is None or (not self._strict and reason in _FAULTS)):
                self._keep(lead, file, line, row, reason)
            elif reason is not None:
                self._rejects.skip(file, line, row, reason)

    # activities, deals, history --------------------------------------------------------------------------
    def _activity(self, file: File, place: int) -> Callable[[int, int, list[str]], str | None]:
        at = self._moment(file, self._columns.moment(file, "at"))
        owner, ident = (self._text(file, name) if name in file.more else None for name in ("owner", "id"))
        kind_of, direction_of = self._kind(file), self._direction(file)
        kept, ids = self.loaded.activities, set[str]()

        def take(lead: int, line: int, row: list[str]) -> str | None:
            moment, (kind, raw) = at(row, line), kind_of(row)
            if moment is None:
                return "blank_date"
            if kind is None:
                return "not_counted"
            if ident is not None and (name := ident(row)) is not None:
                if name in ids:
                    return "duplicate_key"
                ids.add(name)
            by = 0 if owner is None else kept.number(owner(row))
            kept.add(lead, (moment - EPOCH) // _MICROSECOND, kind, direction_of(row), by, kept.number(raw))
            kept.lines.append(line)
            kept.files.append(place)
            return None

        return take

    def _kind(self, file: File) -> Callable[[list[str]], tuple[int | None, str | None]]:
        column = self._text(file, "kind_column")
        if "kind_column" not in file.more:
            fixed = _KINDS.index(KINDS[file.more["kind"]])
            return lambda _: (fixed, None)
        known, unknown = self.loaded.spec.kinds, self._unknown["kinds"]
        own = {**{name: kind for name, kind in KINDS.items() if not known}, **known}
        fallback = file.more.get("kind")

        def kind(row: list[str]) -> tuple[int | None, str | None]:
            raw = column(row)
            if raw is None and fallback is None:
                return None, None
            if raw is None or raw not in own:
                if fallback is None:
                    unknown[str(raw)] += 1
                    return None, raw
                return _KINDS.index(KINDS[fallback]), raw
            found = own[raw]
            return (None if found is None else _KINDS.index(found)), raw

        return kind

    def _direction(self, file: File) -> Callable[[list[str]], int]:
        column, unknown = self._text(file, "direction_column"), self._unknown["directions"]
        fixed = _DIRECTIONS.index(DIRECTIONS[file.more.get("direction", "unknown")])
        if "direction_column" not in file.more:
            return lambda _: fixed
        known = file.more.get("directions") or {name: name for name in DIRECTIONS}

        def direction(row: list[str]) -> int:
            raw = column(row)
            if raw is not None and raw not in known:
                unknown[raw] += 1
            told = known.get(raw) if raw is not None else None
            return fixed if told is None else _DIRECTIONS.index(DIRECTIONS[told])

        return direction

    def _deal(self, file: File, _: int) -> Callable[[int, int, list[str]], str | None]:
        created = self._moment(file, self._columns.moment(file, "created"))
        closed = self._moment(file, self._columns.moment(file, "closed"))
        money = self._amount(file, self._columns.text(file, "amount", AMOUNT))
        owner, ident, currency = (self._text(file, name) for name in ("owner", "id", "currency"))
        state_of, ids, deals = self._state(file), set[str](), self.loaded.deals
        fallback = self.loaded.spec.currency

        def take(lead: int, line: int, row: list[str]) -> str | None:
            name, (state, raw) = ident(row) or f"{file.name}:{line}", state_of(row)
            if name in ids:
                return "duplicate_key"
            ids.add(name)
            deals[lead].append(
                Deal(
                    id=name, created=created(row, line), closed=closed(row, line), amount=money(row, line),
                    currency=currency(row) or fallback, owner=owner(row), state=state, raw_state=raw,
                )
            )  # fmt: skip
            return None

        return take

    def _state(self, file: File) -> Callable[[list[str]], tuple[str, str]]:
        column, unknown = self._text(file, "state"), self._unknown[f"{file.label}: won, lost, open"]
        if file.more["won"] is True:
            return lambda _: ("won", "")
        known = {raw: state for state in ("won", "lost", "open") for raw in file.more.get(state) or ()}

        def state(row: list[str]) -> tuple[str, str]:
            raw = column(row) or ""
            if raw not in known:
                unknown[raw] += 1
            return known.get(raw, "open"), raw

        return state

    def _past(self, file: File, _: int) -> Callable[[int, int, list[str]], str | None]:
        at = self._moment(file, self._columns.moment(file, "at"))
        value, reason = self._text(file, "value"), self._text(file, "reason")
        stages, unknown, history = (
            self.loaded.spec.values, self._unknown["stages"], self.loaded.history,
        )  # fmt: skip

        def take(lead: int, line: int, row: list[str]) -> str | None:
            moment, raw = at(row, line), value(row)
            if moment is None:
                return self._fault or "blank_date"
            if raw is None:
                return "blank_stage"
            if raw not in stages and not self._strict:
                return "unknown_stage"
            if raw not in stages:
                unknown[raw] += 1
            elif stages[raw] is None:
                return "not_counted"
            history[lead].append((moment, raw, reason(row)))
            return None

        return take

    # cells ------------------------------------------------------------------------------------------------
    def _reader(self, file: File, cells: Sequence[Cell]) -> Callable[[list[str], int], tuple[Value, ...]]:
        makers = {MOMENT: self._moment, AMOUNT: self._amount}
        reads = [
            makers[cell.how](file, cell) if cell.how in makers else self._plain(file, cell) for cell in cells
        ]
        return lambda row, line: tuple([read(row, line) for read in reads])

    def _plain(self, file: File, cell: Cell) -> _Read:
        place, missing, texts = cell.place, file.format.missing, self._texts

        def read(row: list[str], _: int) -> Value:
            text = row[place].strip()
            return None if not text or text in missing else texts.setdefault(text, text)

        return read

    def _text(self, file: File, name: str) -> Callable[[list[str]], str | None]:
        cell = self._columns.text(file, name)
        if cell is None:
            return lambda _: None
        read = self._plain(file, cell)
        return lambda row: read(row, 0)

    def _moment(self, file: File, cell: Cell | None) -> _Read:
        if cell is None:
            return lambda *_: None
        place, missing, loaded = cell.place, file.format.missing, self.loaded
        moment_of = moment_reader(cell.formats, file.format.timezone)
        advice = f"declared: {' or '.join(cell.formats)}"

        def read(row: list[str], line: int) -> Value:
            text = row[place].strip()
            if not text or text in missing:
                return None
            try:
                moment = moment_of(text)
            except (ValueError, OverflowError):
                message = "is no date in the declared format"
                return self._misfit("bad_date", file, line, cell.column, message, advice)
            if loaded.latest is None or moment > loaded.latest:
                loaded.latest = moment
            return moment

        return read

    def _amount(self, file: File, cell: Cell | None) -> _Read:
        if cell is None:
            return lambda *_: None
        place, missing, told = cell.place, file.format.missing, file.format

        def read(row: list[str], line: int) -> Value:
            text = row[place].strip()
            if not text or text in missing:
                return None
            try:
                return amount(text, told.decimal, told.thousands)
            except ValueError:
                advice = f"declared: decimal = {told.decimal!r}, thousands = {told.thousands!r}"
                message = "is no number in the declared form"
                return self._misfit("bad_number", file, line, cell.column, message, advice)

        return read

    def _misfit(self, fault: str, *place_and_message: Any) -> None:
        """Note a text that does not fit: for the files as a whole, or for its row."""
        if self._strict:
            self._misfits.note(*place_and_message)
        self._fault = fault

    # what nobody declared ---------------------------------------------------------------------------------
    def _check_stages(self) -> None:
        spec, loaded = self.loaded.spec, self.loaded
        if spec.stage_column is None:
            return
        source = self._columns.find(spec.stage_column, "text")
        if not self._strict:
            known = {None, *spec.values}
            for lead in range(len(loaded.keys)):
                if loaded.get(source, lead) not in known:
                    loaded.faults.setdefault(lead, "unknown_stage")
            return
        raws = Counter(loaded.get(source, lead) for lead in range(len(loaded.keys)))
        self._unknown["stages"].update({raw: n for raw, n in raws.items() if raw not in {None, *spec.values}})

    def _refuse_unknown(self) -> None:
        found = [
            Problem(
                self.loaded.spec.place.file,
                key,
                f"{len(values)} values are not declared: {_listed(values)}",
                "declare each; false means that it says nothing" if key in ("stages", "kinds") else "",
            )
            for key, values in self._unknown.items()
            if values
        ]
        if found:
            raise ConfigError(found)


def _listed(values: Counter[str]) -> str:
    shown = ", ".join(f"{value!r} ({rows:,} rows)" for value, rows in values.most_common(10))
    return shown + (" …" if len(values) > 10 else "")
