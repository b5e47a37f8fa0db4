"""Several processes at one ledger: all start at once, one dies with the lease, one wakes up late."""

from __future__ import annotations

import re
import subprocess
import sys
from pathlib import Path

import pytest
from sqlalchemy import inspect, text

from crmbridge.errors import LeaseLost
from crmbridge.ledger import SqlLedger, migrations
from crmbridge.ledger.migrations.versions import v0002
from crmbridge.ledger.tables import version
from tests.unit.ledger.conftest import Open, on_shared_databases
from tests.unit.ledger.samples import (
    NOW,
    Clock,
    bind_all,
    change,
    outcome,
    planned,
    record,
    take,
    write,
)

pytestmark = on_shared_databases

#: Forks four that open the ledger at the same moment and use it, and says how each ended.
_FOUR = """
import os, sys
import alembic.operations
from crmbridge.errors import ConfigError
from crmbridge.ledger import SqlLedger

def start():
    try:
        with SqlLedger(sys.argv[1], company=sys.argv[2]) as ledger:
            ledger.limiter.acquire("hubspot", 10, 10.0)
            return len(ledger.failures())
    except ConfigError:
        return 3

reader, writer = os.pipe()
children = []
for _ in range(4):
    children.append(os.fork())
    if not children[-1]:
        os.close(writer)
        os.read(reader, 1)  # until the last of them is there
        os._exit(start())
os.close(writer)
print(*(os.waitstatus_to_exitcode(os.waitpid(child, 0)[1]) for child in children))
"""
#: Takes the lease at the second it is given, and goes on when it is told to.
_HOLD = """
import sys
from datetime import UTC, datetime
from crmbridge.errors import LeaseLost
from crmbridge.ledger import SqlLedger
from crmbridge.ports import Page
with SqlLedger(sys.argv[1], company=sys.argv[2], clock=lambda: float(sys.argv[3])) as ledger:
    run = ledger.begin("sync", datetime(2026, 11, 21, tzinfo=UTC), {})
    print("holding", flush=True)
    sys.stdin.readline()
    try:
        ledger.take(run, "hubspot", Page(object="contacts", items=(), watermark="late", rows_count=0))
        print("stored")
    except LeaseLost:
        print("refused")
"""


def _process(code: str, *arguments: str) -> subprocess.Popen[str]:
    command = [sys.executable, "-c", code, *arguments]
    return subprocess.Popen(command, stdin=subprocess.PIPE, stdout=subprocess.PIPE, text=True)


def _holder(database: tuple[str, str], clock: Clock) -> subprocess.Popen[str]:
    """Start a process that holds the lease."""
    holder = _process(_HOLD, *database, str(clock()))
    assert holder.stdout is not None
    assert holder.stdout.readline() == "holding\n"
    return holder


def _four_at_once(database: tuple[str, str]) -> str:
    """Let four processes open the ledger at once; gives their exit codes, 3 for refused."""
    return _process(_FOUR, *database).communicate()[0].strip()


def _as_the_first_version(ledger: SqlLedger) -> None:
    """Take away what the second version added, as if it had never been there."""
    made = re.findall(r"CREATE TABLE (\w+)", v0002._TABLES)
    added = re.findall(r"ALTER TABLE (\w+) ADD COLUMN (\w+)", v0002._TABLES)
    with ledger._store.write() as tx:
        for name in made:
            tx.execute(text(f"DROP TABLE {name}"))
        for table, column in added:
            tx.execute(text(f"ALTER TABLE {table} DROP COLUMN {column}"))
        tx.execute(version.update().values(version_num="0001"))


def _columns(ledger: SqlLedger) -> dict[str, set[str]]:
    with ledger._store.read() as tx:
        found = inspect(tx)
        names = [name for name in found.get_table_names() if name.startswith("crmbridge_")]
        return {name: {column["name"] for column in found.get_columns(name)} for name in names}


def test_four_may_start_at_once_on_an_empty_ledger(database: tuple[str, str]) -> None:
    assert _four_at_once(database) == "0 0 0 0"


def test_four_may_start_at_once_on_an_old_ledger_and_nothing_in_it_is_lost(
    database: tuple[str, str], open_ledger: Open
) -> None:
    with open_ledger() as before:
        run = before.begin("sync", NOW, {"process": "1"})
        take(before, run, record(), watermark="w")
        (lead_id,) = bind_all(before, run)
        sent = write(change(lead_id))
        before.append(run, [planned(lead_id, change(lead_id))])
        before.promote(run, None, {})
        before.log(run, [(sent, outcome(sent))], [])
        before.finish(run, "done", {"written": 1})
        loaded, changes = before.load([lead_id]), list(before.changes(run))
        _as_the_first_version(before)
    assert _four_at_once(database) == "0 0 0 0"
    after = open_ledger()
    assert (after.load([lead_id]), list(after.changes(run))) == (loaded, changes)
    assert after.watermarks("hubspot") == {"contacts": "w"}
    assert [(item.field, item.outcome, item.created) for item in after.history(lead_id)] == [
        ("score", "written", False)
    ]
    # … and it works on: a run of the new version stores what only the new tables hold.
    run = after.begin("sync", NOW, {"process": "1"})
    take(after, run, record(version="2", owner="2"))
    after.finish(run, "done", {})


def test_an_old_ledger_here_is_what_the_first_version_made(
    open_ledger: Open, monkeypatch: pytest.MonkeyPatch, tmp_path: Path
) -> None:
    """The test above stands on a real first version, not on what it imagines."""
    ledger = open_ledger()
    _as_the_first_version(ledger)
    monkeypatch.setattr(migrations, "VERSIONS", ("0001",))
    with SqlLedger(f"sqlite:///{tmp_path}/first.db") as first:
        assert _columns(ledger) == _columns(first)


def test_four_that_start_on_a_newer_ledger_are_all_refused(
    database: tuple[str, str], open_ledger: Open
) -> None:
    with open_ledger() as ledger:
        before = _columns(ledger)
        with ledger._store.write() as tx:
            tx.execute(version.update().values(version_num="9999"))
        assert _four_at_once(database) == "3 3 3 3"
        assert _columns(ledger) == before


def test_a_dead_holder_is_followed_when_its_lease_has_run_out(
    database: tuple[str, str], open_ledger: Open, clock: Clock
) -> None:
    ledger = open_ledger()
    holder = _holder(database, clock)
    holder.kill()
    holder.communicate()
    with pytest.raises(LeaseLost):
        ledger.begin("sync", NOW, {})
    clock.seconds += 121
    run = ledger.begin("sync", NOW, {})
    take(ledger, run, record(), watermark="w")
    assert ledger.watermarks("hubspot") == {"contacts": "w"}


def test_a_holder_that_wakes_up_late_is_refused_at_its_next_commit(
    database: tuple[str, str], open_ledger: Open, clock: Clock
) -> None:
    ledger = open_ledger()
    holder = _holder(database, clock)
    clock.seconds += 121
    run = ledger.begin("sync", NOW, {})
    take(ledger, run, record(), watermark="w")
    assert holder.communicate("\n")[0] == "refused\n"
    assert ledger.watermarks("hubspot") == {"contacts": "w"}
    ledger.renew(run)
