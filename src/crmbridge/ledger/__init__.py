"""The ledger: what was read, decided, intended and written, in SQLite or PostgreSQL.

``docs/ledger.md`` describes the tables and what is kept; ``ports.Ledger`` what each method promises.
"""

from __future__ import annotations

from types import TracebackType
from typing import Self

from crmbridge import identity
from crmbridge.ledger.disputes import Disputes
from crmbridge.ledger.failures import Failures
from crmbridge.ledger.forgetting import Forgetting
from crmbridge.ledger.history import History
from crmbridge.ledger.journeys import Journeys
from crmbridge.ledger.leads import Leads
from crmbridge.ledger.limiter import SqlLimiter
from crmbridge.ledger.migrations import upgrade
from crmbridge.ledger.outcomes import Outcomes
from crmbridge.ledger.past import PastChapter
from crmbridge.ledger.plans import Plans
from crmbridge.ledger.reading import Reading
from crmbridge.ledger.records import Keys
from crmbridge.ledger.runs import Runs
from crmbridge.ledger.sights import Sights
from crmbridge.ledger.standings import Standings
from crmbridge.ledger.store import Clock, Store
from crmbridge.ledger.usage import Usage
from crmbridge.ledger.watch import Watch

__all__ = ["SqlLedger", "SqlLimiter"]


class SqlLedger(
    Runs,
    Reading,
    Leads,
    Plans,
    Standings,
    Outcomes,
    Failures,
    Disputes,
    Watch,
    Usage,
    History,
    Forgetting,
    Journeys,
    PastChapter,
    Sights,
):
    """Implements ``ports.Ledger``, one chapter of it per module. Thread-safe; close it when done."""

    def __init__(
        self,
        url: str,
        *,
        company: str = "default",
        clock: Clock | None = None,
        lease_seconds: float = 120.0,
        keys: Keys = identity.keys,
    ) -> None:
        """Open a ledger, and create or migrate its tables where needed.

        Args:
            url: ``sqlite:///FILE``, ``sqlite://`` (in memory), or ``postgresql://…``.
            company: On PostgreSQL every company but "default" has its own schema in the database.
            clock: Wall clock for leases, the limiter and the audit; None: the machine's on SQLite, the
                server's on PostgreSQL.
            lease_seconds: A run that has neither stored anything nor renewed its lease for so long
                counts as dead.
            keys: Gives the identity keys by which a record can be found.

        Raises:
            ConfigError: the URL is wrong, or the ledger was written by a newer crmbridge.
            Unavailable: the database cannot be reached.
        """
        self._store = Store(url, company=company, clock=clock, lease_seconds=lease_seconds)
        self._keys = keys
        try:
            upgrade(self._store)
        except BaseException:
            self._store.close()
            raise
        self._permits = self._store
        if not self._store.is_memory:
            self._permits = Store(url, company=company, clock=clock, durable=False)
        self.limiter = SqlLimiter(self._permits)

    def close(self) -> None:
        """Close all connections. Safe to repeat."""
        self._store.close()
        self._permits.close()

    def __enter__(self) -> Self:
        return self

    def __exit__(
        self, kind: type[BaseException] | None, error: BaseException | None, trace: TracebackType | None
    ) -> None:
        self.close()
