"""API calls counted per CRM and day, for all processes of a company together."""

from __future__ import annotations

from datetime import UTC, datetime

from sqlalchemy import Connection, select
from sqlalchemy.dialects import postgresql, sqlite

from crmbridge.ledger.part import Part
from crmbridge.ledger.store import Store
from crmbridge.ledger.tables import usage


class Usage(Part):
    """The chapter *budget* of the ledger. Kept beside the limiter: a crash may lose the last few calls."""

    _permits: Store

    def spend(self, crm: str, cap: int | None) -> bool:
        """See ``safety.SafetyLedger.spend``. Days are UTC, by the ledger's clock."""
        if cap is not None and cap <= 0:
            return False
        with self._permits.write() as tx:
            table = postgresql.insert(usage) if self._permits.is_postgres else sqlite.insert(usage)
            counted = table.values(crm=crm, day=_day(self._permits, tx), calls=1).on_conflict_do_update(
                index_elements=[usage.c.crm, usage.c.day],
                set_={"calls": usage.c.calls + 1},
                where=None if cap is None else usage.c.calls < cap,
            )
            return tx.execute(counted.returning(usage.c.calls)).one_or_none() is not None

    def spent(self, crm: str) -> int:
        """See ``safety.SafetyLedger.spent``."""
        with self._permits.read() as tx:
            mine = (usage.c.crm == crm) & (usage.c.day == _day(self._permits, tx))
            return tx.execute(select(usage.c.calls).where(mine)).scalar_one_or_none() or 0


def _day(store: Store, tx: Connection) -> str:
    return datetime.fromtimestamp(store.seconds(tx), UTC).date().isoformat()
