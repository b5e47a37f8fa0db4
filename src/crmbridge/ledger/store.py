"""Transactions on the ledger's database: the fence, the clock, and batches of rows."""

from __future__ import annotations

import threading
import time
from collections.abc import Callable, Collection, Iterable, Iterator, Mapping, Sequence
from contextlib import AbstractContextManager, contextmanager, nullcontext
from datetime import UTC, datetime, timedelta
from typing import Any, TypeAlias

import msgspec
from sqlalchemy import (
    ColumnElement,
    Connection,
    CursorResult,
    Executable,
    Row,
    Table,
    any_,
    bindparam,
    func,
    select,
)
from sqlalchemy.dialects import postgresql, sqlite
from sqlalchemy.types import Text

from crmbridge.ledger.engine import checked_url, is_memory, open_engine, schema_of, translated
from crmbridge.ledger.lease import Lease
from crmbridge.ports import Run

#: Seconds since 1970, as ``time.time`` gives them.
Clock: TypeAlias = Callable[[], float]

#: A row whose columns are read by name.
AnyRow: TypeAlias = "Row[*tuple[Any, ...]]"

#: Column -> "is one of the values": what a statement about many rows is built with.
Among: TypeAlias = Callable[[ColumnElement[str]], ColumnElement[bool]]

_EPOCH = datetime(1970, 1, 1, tzinfo=UTC)
_MICROSECOND = timedelta(microseconds=1)
_VALUES = "among_values"


def to_micros(at: datetime | None) -> int | None:
    """Give a moment as the tables keep it."""
    return None if at is None else (at - _EPOCH) // _MICROSECOND


def from_micros(micros: int | None) -> datetime | None:
    """Give back a moment from a table."""
    return None if micros is None else _EPOCH + timedelta(microseconds=micros)


def pairs(rows: Iterable[Any]) -> dict[Any, Any]:
    """Turn rows of two columns into a mapping."""
    return {row[0]: row[1] for row in rows}


def as_counts(rows: Sequence[Any]) -> Mapping[Any, int]:
    """Turn (key, …, count) rows into a mapping; a single key column is not wrapped in a tuple."""
    return {(row[0] if len(row) == 2 else tuple(row[:-1])): int(row[-1]) for row in rows}


class Store:
    """One database, seen by one company. Thread-safe; connections are pooled."""

    def __init__(
        self,
        url: str,
        *,
        company: str,
        clock: Clock | None,
        durable: bool = True,
        lease_seconds: float = 120.0,
    ) -> None:
        self.url = checked_url(url)
        self.company = company
        self.schema = schema_of(self.url, company)
        self.is_memory = is_memory(self.url)
        self.engine = open_engine(self.url, self.schema, durable=durable)
        self._reader = self.engine.execution_options(crmbridge_begin="BEGIN")
        self._clock = clock
        # The one connection of a database in memory serves one transaction at a time.
        self._turn: AbstractContextManager[object] = threading.RLock() if self.is_memory else nullcontext()
        self._statements: dict[tuple[object, ...], str] = {}
        self._matching: dict[object, tuple[str, Sequence[str], Mapping[str, Any]]] = {}
        self.is_postgres = self.engine.dialect.name == "postgresql"
        self.lease = Lease(company, seconds=lease_seconds, clock=clock)

    def close(self) -> None:
        """Close all connections. Safe to repeat."""
        self.engine.dispose()

    # transactions --------------------------------------------------------------------------------
    @contextmanager
    def read(self) -> Iterator[Connection]:
        """Open a transaction that sees one state of the database and writes nothing."""
        with self._turn, translated(), self._reader.begin() as tx:
            yield tx

    @contextmanager
    def write(self, run: Run | None = None) -> Iterator[Connection]:
        """Open a transaction that writes; with a run, only while it holds the lease, which is prolonged.

        Raises:
            LeaseLost: another run has taken over, or this one has ended.
        """
        at = self.lease.now()
        with self._turn, translated(), self.engine.begin() as tx:
            if run is not None:
                is_server_time = self._clock is None and self.is_postgres
                self.lease.hold(tx, run, None if is_server_time else self.seconds(tx))
            yield tx
        if run is not None:
            self.lease.held(run, at)

    def seconds(self, tx: Connection) -> float:
        """Read the wall clock: the server's where hosts share one, unless a clock was given."""
        if self._clock is not None:
            return self._clock()
        if self.is_postgres:
            return float(tx.execute(select(func.extract("epoch", func.clock_timestamp()))).scalar_one())
        return time.time()

    # many rows -----------------------------------------------------------------------------------
    def among(self, column: ColumnElement[str], values: Collection[str]) -> ColumnElement[bool]:
        """Say "column is one of these" with one parameter, however many there are."""
        return self._among(column, None, self._listed(values))

    def matching(
        self, tx: Connection, build: Callable[[Among], Executable], values: Collection[str], **more: Any
    ) -> CursorResult[*tuple[Any, ...]]:
        """Run the statement that ``build`` makes, compiled once; ``more`` are its other parameters.

        Args:
            build: A function of a module: a new one for every call would be kept for ever.
        """
        found = self._matching.get(build)
        if found is None:
            statement: Any = build(lambda column: self._among(column, _VALUES, None))
            compiled = statement.compile(dialect=self.engine.dialect)
            found = self._matching[build] = str(compiled), compiled.positiontup or (), compiled.params
        sql, names, constants = found
        given = {**constants, **more, _VALUES: self._listed(values)}
        return tx.exec_driver_sql(sql, tuple(given[name] for name in names))

    def _among(self, column: ColumnElement[str], name: str | None, listed: Any) -> ColumnElement[bool]:
        if self.is_postgres:
            array: Any = bindparam(name, listed, type_=postgresql.ARRAY(Text), unique=name is None)
            return column == any_(array)
        text = bindparam(name, listed, type_=Text, unique=name is None)
        return column.in_(select(func.json_each(text).table_valued("value").c.value))

    def _listed(self, values: Collection[str]) -> Any:
        return list(values) if self.is_postgres else msgspec.json.encode(list(values)).decode()

    def put(
        self,
        tx: Connection,
        table: Table,
        columns: Sequence[str],
        rows: Sequence[tuple[Any, ...]],
        *,
        update: Sequence[str] = (),
    ) -> None:
        """Insert rows; where the primary key exists, replace ``update`` (nothing: keep the old row)."""
        self._many(
            tx, ("put", table.name, *columns, None, *update), rows, lambda: self._put(table, columns, update)
        )

    def _put(self, table: Table, columns: Sequence[str], update: Sequence[str]) -> tuple[Any, Sequence[str]]:
        insert = postgresql.insert(table) if self.is_postgres else sqlite.insert(table)
        insert = insert.values({name: bindparam(name) for name in columns})
        keys = list(table.primary_key.columns)
        if update:
            news = {name: insert.excluded[name] for name in update}
            return insert.on_conflict_do_update(index_elements=keys, set_=news), columns
        return insert.on_conflict_do_nothing(index_elements=keys), columns

    def alter(
        self,
        tx: Connection,
        table: Table,
        columns: Sequence[str],
        where: Sequence[str],
        rows: Sequence[tuple[Any, ...]],
    ) -> None:
        """Update ``columns`` of the rows named by ``where``; each row gives both, in this order."""
        self._many(
            tx,
            ("alter", table.name, *columns, None, *where),
            rows,
            lambda: self._alter(table, columns, where),
        )

    def _alter(self, table: Table, columns: Sequence[str], where: Sequence[str]) -> tuple[Any, Sequence[str]]:
        update = table.update().values({name: bindparam(name) for name in columns})
        names = [f"where_{name}" for name in where]
        conditions = (table.c[name] == bindparam(f"where_{name}") for name in where)
        return update.where(*conditions), [*columns, *names]

    def drop(
        self, tx: Connection, table: Table, where: Sequence[str], rows: Sequence[tuple[Any, ...]]
    ) -> None:
        """Delete the rows named by ``where``."""
        self._many(tx, ("drop", table.name, *where), rows, lambda: self._drop(table, where))

    def _drop(self, table: Table, where: Sequence[str]) -> tuple[Any, Sequence[str]]:
        conditions = (table.c[name] == bindparam(f"where_{name}") for name in where)
        return table.delete().where(*conditions), [f"where_{name}" for name in where]

    def _many(
        self,
        tx: Connection,
        key: tuple[object, ...],
        rows: Sequence[tuple[Any, ...]],
        build: Callable[[], tuple[Any, Sequence[str]]],
    ) -> None:
        # Plain tuples to the driver: Core's own batches spend more on naming parameters than the
        # database spends on the rows.
        if not rows:
            return
        sql = self._statements.get(key)
        if sql is None:
            statement, names = build()
            compiled = statement.compile(dialect=self.engine.dialect)
            if list(compiled.positiontup or ()) != list(names):
                raise AssertionError(f"columns of {key} must come in the order of the table")
            sql = self._statements[key] = str(compiled)
        tx.exec_driver_sql(sql, list(rows))
