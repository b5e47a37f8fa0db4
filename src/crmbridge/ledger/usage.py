"""API calls counted per CRM and day, for all processes of a company together."""

from __future__ import annotations

from datetime import UTC, datetime
from functools import cache

from sqlalchemy import BigInteger, Connection, bindparam, select
from sqlalchemy.dialects import postgresql, sqlite
from sqlalchemy.sql.dml import ReturningInsert

from crmbridge.ledger.part import Part
from crmbridge.ledger.store import Store
from crmbridge.ledger.tables import usage

#: More calls than anybody makes in a day.
_NO_CAP = 2**62


class Usage(Part):
    """The chapter *budget* of the ledger. Kept beside the limiter: a crash may lose the last few calls."""

    _permits: Store

    def spend(self, crm: str, cap: int | None) -> bool:
        """See ``safety.SafetyLedger.spend``. Days are UTC, by the ledger's clock."""
        if cap is not None and cap <= 0:
            return False
        with self._permits.write() as tx:
            row = {"crm": crm, "day": _day(self._permits, tx), "cap": _NO_CAP if cap is None else cap}
            return tx.execute(_counted(self._permits.is_postgres), row).one_or_none() is not None

    def spent(self, crm: str) -> int:
        """See ``safety.SafetyLedger.spent``."""
        with self._permits.read() as tx:
            mine = (usage.c.crm == crm) & (usage.c.day == _day(self._permits, tx))
            return tx.execute(select(usage.c.calls).where(mine)).scalar_one_or_none() or 0


def _day(store: Store, tx: Connection) -> str:
    return datetime.fromtimestamp(store.seconds(tx), UTC).date().isoformat()


@cache
def _counted(is_postgres: bool) -> ReturningInsert[int]:
    """Count one call, unless the day has ``cap`` already; built once, because every call of a run asks."""
    table = postgresql.insert(usage) if is_postgres else sqlite.insert(usage)
    given = table.values(crm=bindparam("crm"), day=bindparam("day"), calls=1)
    counted = given.on_conflict_do_update(
        index_elements=[usage.c.crm, usage.c.day],
        set_={"calls": usage.c.calls + 1},
        where=usage.c.calls < bindparam("cap", type_=BigInteger),
    )
    return counted.returning(usage.c.calls)
