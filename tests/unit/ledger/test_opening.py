"""Opening a ledger: new, newer than the code, and where there is none."""

from __future__ import annotations

import os
import sqlite3
from pathlib import Path

import pytest
from alembic.autogenerate import compare_metadata
from alembic.migration import MigrationContext
from sqlalchemy import text

from crmbridge.codec import pack
from crmbridge.errors import ConfigError, CrmBridgeError, FatalError, Unavailable
from crmbridge.ledger import SqlLedger, migrations
from crmbridge.ledger.migrations import VERSIONS
from crmbridge.ledger.tables import audit, intent, metadata, version
from crmbridge.ledger.tables import lead as lead_table
from crmbridge.ledger.tables import planned as planned_table
from crmbridge.model import Memory
from crmbridge.ports import Ledger, Limiter, Run
from tests.unit.ledger.conftest import Open, on_shared_databases
from tests.unit.ledger.samples import ANN, NOW, bind_all, change, page, record, take, write


def test_the_ledger_is_what_the_ports_ask_for(ledger: SqlLedger) -> None:
    as_port: Ledger = ledger  # the type checker is the test
    limiter: Limiter = ledger.limiter
    assert as_port.watermarks("hubspot") == {}
    assert limiter.acquire("hubspot", 1, 1.0) == 0.0


@on_shared_databases
def test_what_was_stored_is_there_when_the_ledger_is_opened_again(
    database: tuple[str, str], open_ledger: Open
) -> None:
    with open_ledger() as before:
        run = before.begin("sync", NOW, {})
        take(before, run, record())
        lead_ids = bind_all(before, run)
    assert [part.record for part in open_ledger().load(lead_ids)[0].records] == [record()]


@on_shared_databases
def test_a_ledger_of_a_newer_version_is_refused(database: tuple[str, str], open_ledger: Open) -> None:
    ledger = open_ledger()
    with ledger._store.write() as tx:
        tx.execute(version.update().values(version_num="9999"))
    with pytest.raises(ConfigError, match=f"schema version 9999, this crmbridge knows up to {VERSIONS[-1]}"):
        open_ledger()


def test_the_migrations_make_the_tables_that_the_code_uses(ledger: SqlLedger) -> None:
    with ledger._store.read() as tx:
        context = MigrationContext.configure(
            tx,
            opts={
                "compare_type": True,
                "include_name": lambda name, kind, _: kind != "table" or name in metadata.tables,
            },
        )
        differences = compare_metadata(context, metadata)
    assert differences == []


@on_shared_databases
def test_a_ledger_of_the_first_version_goes_on_with_all_that_it_holds(
    database: tuple[str, str], open_ledger: Open, monkeypatch: pytest.MonkeyPatch
) -> None:
    """What a company's runs left under the schema before this one: memory, audit, intents, a plan."""
    with monkeypatch.context() as then:
        then.setattr(migrations, "VERSIONS", ("0001",))
        old = open_ledger()
        run = old.begin("sync", NOW, {"process": "1"})
        take(old, run, record())
        [lead_id] = bind_all(old, run)
        sent = write(change(lead_id))
        place = {"run": run.fence, "crm": "hubspot", "object": "contacts", "record": "1"}
        plan = {"run": run.fence, "lead_id": lead_id, "adopted": 0, "handed_off": 0, "qualified_at": 0}
        tried = {**place, "at": 0, "lead_id": lead_id, "field": "score", "old": pack(None), "new": pack(60.0)}
        with old._store.write(run) as tx:
            tx.execute(planned_table.insert().values(**plan, changes=1, conflicts=0))
            tx.execute(audit.insert().values(**tried, reason="fit.role", state="written"))
            tx.execute(intent.insert().values(**place, body=pack(sent)))
            tx.execute(lead_table.update().values(memory=pack(Memory(stage="mql"))))
        old.finish(run, "done", {})
    now = open_ledger()
    assert [part.record for part in now.load([lead_id])[0].records] == [record()]
    assert now.load([lead_id])[0].memory == Memory(stage="mql")
    assert [(item.field, item.new, item.created) for item in now.history(lead_id)] == [("score", 60.0, False)]
    assert now.open_intents() == [sent]
    assert (now.counts(run).leads, now.entries([lead_id])) == (1, {})
    assert now.begin("sync", NOW, {"process": "1"}).fence == run.fence + 1


def test_companies_in_one_postgres_do_not_see_each_other(postgres_url: str) -> None:
    with SqlLedger(postgres_url, company="one") as one, SqlLedger(postgres_url, company="two") as two:
        run = one.begin("sync", NOW, {})
        take(one, run, record())
        one.finish(run, "done", {})
        assert two.related((), [ANN]) == []
    with SqlLedger(postgres_url, company="one") as one, one._store.write() as tx:
        tx.execute(text("DROP SCHEMA crmbridge_one CASCADE"))
        tx.execute(text("DROP SCHEMA crmbridge_two CASCADE"))


def test_postgres_takes_its_time_from_the_server(postgres_url: str) -> None:
    with SqlLedger(postgres_url, company="clock") as ledger:
        assert ledger.limiter.acquire("hubspot", 1, 10.0) == 0.0
        assert 5.0 < ledger.limiter.acquire("hubspot", 1, 10.0) <= 10.0
        with ledger._store.write() as tx:
            tx.execute(text("DROP SCHEMA crmbridge_clock CASCADE"))


def test_a_new_file_is_its_owners_alone(tmp_path: Path) -> None:
    with SqlLedger(f"sqlite:///{tmp_path}/ledger.db") as ledger:
        ledger.begin("sync", NOW, {})
        modes = {path.name: oct(path.stat().st_mode & 0o777) for path in tmp_path.iterdir()}
    assert set(modes.values()) == {"0o600"}
    assert "ledger.db" in modes


def test_sqlite_is_opened_durable(tmp_path: Path) -> None:
    with SqlLedger(f"sqlite:///{tmp_path}/ledger.db") as ledger, ledger._store.read() as tx:
        assert tx.execute(text("PRAGMA journal_mode")).scalar_one() == "wal"
        assert tx.execute(text("PRAGMA synchronous")).scalar_one() == 2


@pytest.mark.parametrize(
    ("url", "message"),
    [
        ("nonsense", "not a database URL"),
        ("mysql://host/db", "mysql is not supported"),
        ("sqlite:////nowhere/at/all/ledger.db", "cannot be opened"),
    ],
)
def test_a_url_that_cannot_work_is_a_configuration_error(url: str, message: str) -> None:
    with pytest.raises(ConfigError, match=message):
        SqlLedger(url)


def test_a_server_that_is_not_there_is_tried_again_later() -> None:
    with pytest.raises(Unavailable):
        SqlLedger("postgresql://127.0.0.1:9/nobody")


def test_a_file_that_is_no_ledger_is_fatal(tmp_path: Path) -> None:
    path = tmp_path / "ledger.db"
    path.write_bytes(b"ann@example.com" * 1000)
    with pytest.raises(FatalError) as caught:
        SqlLedger(f"sqlite:///{path}")
    assert "SQLITE_NOTADB" in str(caught.value)


@pytest.mark.skipif(os.geteuid() == 0, reason="root may write everywhere")
def test_a_read_only_file_is_fatal(tmp_path: Path) -> None:
    path = tmp_path / "ledger.db"
    SqlLedger(f"sqlite:///{path}").close()
    path.chmod(0o400)
    with pytest.raises(FatalError), SqlLedger(f"sqlite:///{path}") as ledger:
        ledger.begin("sync", NOW, {})


def test_a_database_error_quotes_no_rows(ledger: SqlLedger, run: Run) -> None:
    def break_a_rule() -> None:
        with ledger._store.write(run) as tx:
            row = {"old_id": "ann@example.com", "lead_id": None}
            tx.execute(metadata.tables["crmbridge_alias"].insert().values(row))

    with pytest.raises(CrmBridgeError) as caught:
        break_a_rule()
    assert "example.com" not in str(caught.value)
    assert caught.value.__cause__ is None
    assert caught.value.__suppress_context__


def test_another_writer_is_waited_for(tmp_path: Path) -> None:
    path = tmp_path / "ledger.db"
    with SqlLedger(f"sqlite:///{path}") as one, SqlLedger(f"sqlite:///{path}") as other:
        run = one.begin("sync", NOW, {})
        # A reader that stays open neither blocks the writer nor is it blocked.
        with other._store.read() as tx:
            before = tx.execute(text("SELECT count(*) FROM crmbridge_record")).scalar_one()
            one.take(run, "hubspot", page(record()))
            assert tx.execute(text("SELECT count(*) FROM crmbridge_record")).scalar_one() == before
        assert other.known_versions("hubspot", "contacts", ["1"]) == {"1": "1"}


def test_the_ledger_lives_beside_a_hosts_own_tables(tmp_path: Path) -> None:
    path = tmp_path / "host.db"
    with sqlite3.connect(path) as host:
        host.execute("CREATE TABLE lead (id TEXT)")
    host.close()
    with SqlLedger(f"sqlite:///{path}") as ledger, ledger._store.read() as tx:
        names = tx.execute(text("SELECT name FROM sqlite_master WHERE type = 'table'")).scalars().all()
    assert all(name == "lead" or name.startswith(("crmbridge_", "sqlite_")) for name in names)


def test_every_table_is_documented() -> None:
    page = (Path(__file__).parents[3] / "docs" / "ledger.md").read_text("utf-8")
    names = [name.removeprefix("crmbridge_") for name in [*metadata.tables, version.name]]
    assert [name for name in names if f"`{name}`" not in page] == []
