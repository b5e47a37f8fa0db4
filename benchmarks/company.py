"""A company on the benchmark's policy: process, mapping, adapters and ledger, put together by hand."""

from __future__ import annotations

from collections.abc import Iterator, Mapping
from contextlib import contextmanager
from datetime import UTC, datetime
from pathlib import Path
from tempfile import TemporaryDirectory
from typing import Any

from benchmarks import policy
from crmbridge.bridge import Bridge
from crmbridge.ledger import SqlLedger
from crmbridge.mapping import Mapping as CompanyMapping
from crmbridge.ports import Crm, Limiter, Progress, no_progress
from crmbridge.process import Process

#: The local servers take any.
TOKEN = "pat-benchmark"
NOW = datetime(2026, 11, 21, 9, tzinfo=UTC)
#: Nobody reaches it: nothing is handed over, and only scores are written.
UNREACHABLE = 200.0


class NoLimit(Limiter):
    """Lets every call through at once: what is measured is not the waiting."""

    def acquire(self, bucket: str, limit: int, window_seconds: float) -> float:
        del bucket, limit, window_seconds
        return 0.0

    def pause(self, bucket: str, seconds: float) -> None:
        raise AssertionError(f"{bucket} was throttled for {seconds} s")


def hubspot(url: str, token: str = TOKEN, mapping: CompanyMapping | None = None) -> Any:
    """Connect to a local HubSpot."""
    from crmbridge.adapters.hubspot import HubSpot  # noqa: PLC0415 - an SDK only where it is measured

    chosen = mapping or CompanyMapping.default()
    return HubSpot(chosen, access_token=token, base_url=url, limiter=NoLimit())


def salesforce(url: str, token: str = TOKEN, mapping: CompanyMapping | None = None) -> Any:
    """Connect to a local Salesforce."""
    from crmbridge.adapters.salesforce import Salesforce  # noqa: PLC0415 - as above

    chosen = mapping or CompanyMapping.default()
    return Salesforce(chosen, instance_url=url, session_id=token, limiter=NoLimit())


def process(*, threshold: float = policy.THRESHOLD) -> Process:
    """Parse the policy."""
    return Process.parse(policy.process(threshold=threshold))


@contextmanager
def bridge(
    crms: Mapping[str, Crm],
    *,
    threshold: float = policy.THRESHOLD,
    mapping: CompanyMapping | None = None,
    progress: Progress = no_progress,
    now: datetime = NOW,
) -> Iterator[Bridge]:
    """Open a company with a fresh SQLite ledger in a file, as a company folder has it."""
    with TemporaryDirectory(prefix="crmbridge-bench-") as folder:
        made = Bridge(
            process(threshold=threshold),
            mapping,
            hubspot=crms.get("hubspot"),
            salesforce=crms.get("salesforce"),
            ledger=SqlLedger(f"sqlite:///{Path(folder) / 'ledger.db'}"),
            clock=lambda: now,
            progress=progress,
        )
        try:
            yield made
        finally:
            made.close()
