"""What every chapter of the ledger stands on."""

from __future__ import annotations

from sqlalchemy import Connection, select

from crmbridge.ledger.records import Keys
from crmbridge.ledger.store import Store
from crmbridge.ledger.tables import run as run_table
from crmbridge.ports import Run

#: Rows that are worked on at a time where there may be any number: memory stays flat.
CHUNK = 500


class Part:
    """A chapter of ``SqlLedger``: its methods, over the common store."""

    _store: Store
    _keys: Keys

    def _number(self, tx: Connection, run: Run) -> int:
        """Give the number a run's rows are kept under: the fence it was opened with."""
        found = tx.execute(select(run_table.c.number).where(run_table.c.id == run.id)).scalar_one_or_none()
        return run.fence if found is None else int(found)
