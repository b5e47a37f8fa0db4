"""Bring the tables to the version of this code, under a lock, once, however many processes start.

Alembic's own runner takes no lock: of four that start at once on an empty database three fail. Ours
holds SQLite's write lock or a PostgreSQL advisory lock, and imports Alembic only when there is work.
"""

from __future__ import annotations

from pathlib import Path
from typing import Any

from sqlalchemy import Connection, inspect, select, text

from crmbridge.errors import ConfigError, Problem
from crmbridge.ledger.store import Store
from crmbridge.ledger.tables import version

#: Schema versions in order, each a file in ``versions``; the last is what this code works with.
VERSIONS = ("0001", "0002")

#: Any number that no other user of the database is likely to lock on.
_LOCK = 0x63726D6272


def upgrade(store: Store) -> None:
    """Migrate to the newest version. Safe to repeat and to run from many processes at once.

    Raises:
        ConfigError: the ledger was written by a newer crmbridge.
    """
    with store.read() as tx:
        if _version(tx) == VERSIONS[-1]:
            return
    with store.write() as tx:
        if store.is_postgres:
            tx.execute(text("SELECT pg_advisory_xact_lock(:lock)"), {"lock": _LOCK})
            if store.schema is not None:
                tx.execute(text(f'CREATE SCHEMA IF NOT EXISTS "{store.schema}"'))
        if _version(tx) != VERSIONS[-1]:
            _run_alembic(tx)


def _version(tx: Connection) -> str | None:
    """Give the version of the tables; None for a database without them."""
    if not inspect(tx).has_table(version.name):
        return None
    found = tx.execute(select(version.c.version_num)).scalar_one_or_none()
    if found is not None and found not in VERSIONS:
        message = f"the ledger has schema version {found}, this crmbridge knows up to {VERSIONS[-1]}"
        raise ConfigError([Problem("CRMBRIDGE_LEDGER_URL", "", message, "upgrade crmbridge")])
    return found


def _run_alembic(tx: Connection) -> None:
    from alembic.operations import Operations  # noqa: PLC0415 — half a second that most starts can save
    from alembic.runtime.migration import MigrationContext  # noqa: PLC0415 — the same
    from alembic.script import ScriptDirectory  # noqa: PLC0415 — the same

    scripts = ScriptDirectory(str(Path(__file__).parent))

    def steps(current: Any, _: MigrationContext) -> Any:
        return scripts._upgrade_revs(VERSIONS[-1], current)

    options = {"version_table": version.name, "fn": steps}
    context = MigrationContext.configure(tx, opts=options)
    with Operations.context(context):
        context.run_migrations()
