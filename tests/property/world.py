"""Two fake CRMs, a ledger and a bridge, with a way to run until nothing is left to do."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass, field
from datetime import UTC, datetime, timedelta
from typing import Any

from crmbridge.bridge import Bridge
from crmbridge.errors import CrmBridgeError
from crmbridge.ledger import SqlLedger
from crmbridge.mapping import Mapping as CompanyMapping
from crmbridge.model import CrmName, Value
from crmbridge.testing import FakeCrm, Fate, Killed
from tests.property.company import owners, process

START = datetime(2026, 3, 2, 9, tzinfo=UTC)

#: Versions, stamps and ids of created records differ between runs; what people see does not.
_SEEN = (
    "email job_title country phone last_name company stage status owner recycle_reason is_mql is_sal "
    "qualified_at score recycle_count"
).split()


@dataclass
class World:
    """One company with its CRMs."""

    mapping: dict[str, Any] = field(default_factory=dict)
    page_size: int = 100
    reverse: bool = False

    def __post_init__(self) -> None:
        self.hubspot, self.salesforce = self._fake("hubspot"), self._fake("salesforce")
        for crm in (self.hubspot, self.salesforce):
            for owner in owners(crm.name):
                crm.add(owner)
        self.seconds = 0.0
        self.now = START
        self.ledger = SqlLedger("sqlite://", clock=lambda: self.seconds, lease_seconds=60.0)
        self.bridge = Bridge(
            process(),
            CompanyMapping.parse({"format": 1, **self.mapping}),
            hubspot=self.hubspot,
            salesforce=self.salesforce,
            ledger=self.ledger,
            clock=lambda: self.now,
        )

    def _fake(self, name: CrmName) -> FakeCrm:
        return FakeCrm(name, page_size=self.page_size, reverse=self.reverse, now=START)

    def close(self) -> None:
        self.ledger.close()

    def fail(self, crm: str, fates: list[Fate]) -> None:
        """Let the next writing calls of a CRM end badly."""
        getattr(self, crm).fates = list(fates)

    def sync(self) -> None:
        """One run, whatever becomes of it; a dead run's lease runs out, what failed waits for nothing."""
        self.bridge.retry_failures()
        try:
            self.bridge.sync()
        except (Killed, CrmBridgeError):
            self.seconds += 61

    def settle(self, runs: int = 12) -> None:
        """Run until a plan is empty."""
        for _ in range(runs):
            self.sync()
            if not self.changes():
                return
        raise AssertionError(f"still not empty after {runs} runs: {self.changes()[:3]}")

    def changes(self) -> list[tuple[str, ...]]:
        """What the next run would write."""
        plan = self.bridge.plan()
        return [(c.crm, c.object, c.id or "", c.field, str(c.old), str(c.new)) for c in plan]

    def seen(self) -> dict[str, list[Mapping[str, Value]]]:
        """What people see in both CRMs, record by record, whatever ids were minted."""
        found = {
            "contacts": self.hubspot.records("contacts"),
            "Lead": self.salesforce.records("Lead"),
        }
        return {
            name: sorted(({key: record.fields.get(key) for key in _SEEN} for record in records), key=repr)
            for name, records in found.items()
        }

    def wait(self, days: float) -> None:
        """Let time pass."""
        self.now += timedelta(days=days)
        self.seconds += days * 86_400
        self.hubspot.now = max(self.hubspot.now, self.now)
        self.salesforce.now = max(self.salesforce.now, self.now)
