"""Opening the database under the ledger, and translating what its drivers raise.

SQLite as measured for this design: driver autocommit with our own BEGIN (a deferred BEGIN that writes
later fails with "database is locked" as soon as two processes meet), WAL, synchronous FULL, a long busy
timeout. PostgreSQL through psycopg 3. Every error of the driver is translated, without its text: it may
quote rows.
"""

from __future__ import annotations

import sqlite3
import time
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from pathlib import Path

from sqlalchemy import URL, Connection, Engine, event
from sqlalchemy import create_engine as sa_engine
from sqlalchemy import exc as sa_exc
from sqlalchemy.engine import make_url
from sqlalchemy.pool import StaticPool

from crmbridge.errors import ConfigError, CrmBridgeError, FatalError, Problem, Unavailable, Where

_BUSY_SECONDS = 30.0
_OLDEST_SQLITE = (3, 35, 0)
#: SQLite conditions that pass by themselves; all others need a person (disk full, read-only file …).
_PASSING = frozenset({"SQLITE_BUSY", "SQLITE_LOCKED", "SQLITE_PROTOCOL", "SQLITE_INTERRUPT"})


def checked_url(url: str) -> URL:
    try:
        parsed = make_url(url)
    except (sa_exc.ArgumentError, ValueError):
        raise _config("it is not a database URL", "sqlite:///ledger.sqlite or postgresql://host/db") from None
    if parsed.drivername in {"postgresql", "postgres"}:
        parsed = parsed.set(drivername="postgresql+psycopg")
    if parsed.drivername not in {"sqlite", "sqlite+pysqlite", "postgresql+psycopg"}:
        raise _config(f"{parsed.drivername} is not supported", "use sqlite or postgresql")
    return parsed


def _config(message: str, suggestion: str = "") -> ConfigError:
    return ConfigError([Problem("CRMBRIDGE_LEDGER_URL", "", message, suggestion)])


def is_memory(url: URL) -> bool:
    return url.get_backend_name() == "sqlite" and url.database in {None, "", ":memory:"}


def schema_of(url: URL, company: str) -> str | None:
    """Give the PostgreSQL schema of a company; None where the connection's own is used."""
    if url.get_backend_name() == "sqlite" or company == "default" or "search_path" in str(url.query):
        return None
    slug = "".join(char if char.isascii() and char.isalnum() else "_" for char in company.lower())
    return f"crmbridge_{slug}"[:63]


def open_engine(url: URL, schema: str | None, *, durable: bool) -> Engine:
    if url.get_backend_name() == "postgresql":
        return _postgres(url, schema, durable=durable)
    if sqlite3.sqlite_version_info < _OLDEST_SQLITE:
        raise _config("SQLite is older than 3.35", "use a newer Python, or PostgreSQL")
    if is_memory(url):
        engine = sa_engine(
            "sqlite://", poolclass=StaticPool, connect_args={"check_same_thread": False}, hide_parameters=True
        )
    else:
        _create_private(Path(str(url.database)))
        engine = sa_engine(url, connect_args={"timeout": _BUSY_SECONDS}, hide_parameters=True)
    event.listen(engine, "connect", _on_connect(durable=durable))
    event.listen(engine, "begin", _on_begin)
    return engine


def _postgres(url: URL, schema: str | None, *, durable: bool) -> Engine:
    options = [str(url.query["options"])] if "options" in url.query else []
    options += [f"-csearch_path={schema}"] if schema else []
    options += [] if durable else ["-csynchronous_commit=off"]
    try:
        return sa_engine(
            url.difference_update_query(["options"]),
            paramstyle="format",
            connect_args={"options": " ".join(options)},
            hide_parameters=True,
            pool_pre_ping=True,
        )
    except ModuleNotFoundError:
        raise _config("the PostgreSQL driver is missing", "pip install 'crmbridge[postgres]'") from None


def _create_private(path: Path) -> None:
    """Create the file for its owner alone, as it will hold personal data; SQLite's side files follow it."""
    try:
        path.touch(mode=0o600, exist_ok=True)
    except OSError as error:
        raise _config(
            f"the file cannot be opened ({type(error).__name__})", "is there such a folder?"
        ) from None


def _on_connect(*, durable: bool) -> Callable[[sqlite3.Connection, object], None]:
    def connected(driver: sqlite3.Connection, _: object) -> None:
        driver.isolation_level = None  # the driver begins nothing by itself; _on_begin does
        _switch_to_wal(driver)
        driver.execute(f"PRAGMA synchronous = {'FULL' if durable else 'NORMAL'}")
        driver.execute(
            "PRAGMA cache_size = -16384"
        )  # KiB; the default of 2 MiB thrashes from 50,000 leads on

    return connected


def _switch_to_wal(driver: sqlite3.Connection) -> None:
    """Set the journal mode, which does not wait for other starters by itself."""
    deadline = time.monotonic() + _BUSY_SECONDS
    while True:
        try:
            driver.execute("PRAGMA journal_mode = WAL").fetchall()
        except sqlite3.OperationalError as error:
            if error.sqlite_errorname not in _PASSING or time.monotonic() > deadline:
                raise
            time.sleep(0.01)
        else:
            return


def _on_begin(tx: Connection) -> None:
    tx.exec_driver_sql(str(tx.get_execution_options().get("crmbridge_begin", "BEGIN IMMEDIATE")))


# errors ------------------------------------------------------------------------------------------
@contextmanager
def translated() -> Iterator[None]:
    try:
        yield
    except sa_exc.DBAPIError as error:
        raise _translate(error) from None
    except sa_exc.TimeoutError:
        raise Unavailable("no connection to the ledger became free in time") from None


def _translate(error: sa_exc.DBAPIError) -> CrmBridgeError:
    """Say what to do about a database error; its own text may quote rows and is left out."""
    original = error.orig
    code = getattr(original, "sqlite_errorname", None) or getattr(original, "sqlstate", None)
    where = Where(code=str(code) if code else type(original).__name__)
    is_sqlite = isinstance(original, sqlite3.Error)
    passing = (
        code in _PASSING if is_sqlite else isinstance(error, sa_exc.OperationalError | sa_exc.InterfaceError)
    )
    if passing:
        return Unavailable("the ledger's database is busy or cannot be reached", where)
    return FatalError("the ledger's database refused", where)
