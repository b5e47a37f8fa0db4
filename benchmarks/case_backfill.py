"""B1: a backfill over the sandbox in a process of its own: calls beside their minimum, CPU and memory.

``python -m benchmarks.case_backfill 100000`` runs it with so many leads.
"""

from __future__ import annotations

import json
import subprocess
import sys
from collections.abc import Iterator
from contextlib import contextmanager
from datetime import UTC, datetime, timedelta
from pathlib import Path
from tempfile import TemporaryDirectory
from time import process_time
from typing import Any

from benchmarks import company
from benchmarks.measure import Line, ceil_div, gated, in_child, peak_megabytes
from crmbridge.backfill import Backfill, BackfillResult
from crmbridge.mapping import Mapping as CompanyMapping
from crmbridge.provision import needed

SINCE = datetime(2024, 1, 1, tzinfo=UTC)
_CREATED = datetime(2026, 1, 5, 9, tzinfo=UTC)
_HISTORY_BATCH, _BATCH = 50, 100


def run(*, quick: bool) -> list[Line]:
    """Backfill leads whose MQL is recorded, in a fresh process, and again."""
    leads = 1_000 if quick else 20_000
    found = in_child("case_backfill:filled", leads=leads)
    what = f"backfill of {leads:,} leads"
    return [
        gated("B1", f"{what}, calls over the minimum", found["calls"] / found["least"] - 1, 0.02, ""),
        gated("B1", "… our CPU a lead", found["cpu"], 150.0, "µs"),
        gated("B1", "… peak of memory", found["peak"], 300.0, "MB"),
        gated("B1", "… a second one writes", found["again"], 0, "values"),
    ]


def filled(leads: int) -> dict[str, float]:
    """Backfill once and once more; calls beside their minimum, microseconds of CPU a lead, megabytes."""
    with _served(leads) as ready:
        crms = {"hubspot": company.hubspot(ready["base_url"], ready["access_token"])}
        mapping = CompanyMapping.default()
        hubspot = crms["hubspot"]
        hubspot.create_fields(needed(mapping, {"hubspot": hubspot.schema()}))
        with company.bridge(crms, now=_CREATED + timedelta(days=30)) as bridge:
            bridge.plan()
            idle = hubspot.calls
            bridge.plan()
            idle = hubspot.calls - idle
            started = process_time()
            done = bridge.backfill(Backfill(since=SINCE), apply=True)
            cpu = (process_time() - started) / leads * 1e6
            again = bridge.backfill(Backfill(since=SINCE), apply=True)
    if done.written != leads:
        raise AssertionError(f"{done.written} of {leads} records were written")
    return {
        "calls": done.api_calls["hubspot"],
        "least": _least(done, leads) + idle,
        "cpu": cpu,
        "peak": peak_megabytes(),
        "again": again.changes,
    }


def _least(done: BackfillResult, leads: int) -> int:
    """Histories, then a look at each record before it is written, then the writes."""
    return ceil_div(leads, _HISTORY_BATCH) + 2 * ceil_div(done.records, _BATCH)


@contextmanager
def _served(leads: int) -> Iterator[Any]:
    """Serve a HubSpot with so many MQLs from another process."""
    with TemporaryDirectory(prefix="crmbridge-bench-") as folder:
        file = Path(folder) / "contacts.csv"
        rows = (f"p{number}@example.com,Person {number},marketingqualifiedlead" for number in range(leads))
        file.write_text("\n".join(["email,lastname,lifecyclestage", *rows]), "utf-8")
        command = "import sys; from crmbridge.cli.app import run; sys.exit(run())"
        words = [sys.executable, "-c", command, "sandbox", "serve", "--clock", _CREATED.isoformat()]
        server = subprocess.Popen(
            [*words, "--load", f"hubspot.contacts={file}"], stdout=subprocess.PIPE, text=True
        )
        try:
            if server.stdout is None:
                raise AssertionError("the sandbox has no output")
            yield json.loads(server.stdout.readline())["hubspot"]
        finally:
            server.terminate()
            server.wait(timeout=30)


if __name__ == "__main__":
    print(json.dumps(filled(int(sys.argv[1]) if len(sys.argv) > 1 else 20_000), indent=2))
