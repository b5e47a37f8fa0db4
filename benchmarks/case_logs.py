"""G16: lines of log."""

from __future__ import annotations

import io
from typing import Any

from benchmarks import company
from benchmarks.company import NOW
from benchmarks.measure import Line, gated
from benchmarks.server import serving
from crmbridge.logs import configure


def log_lines(*, quick: bool) -> list[Line]:
    """G16: lines at level info of a first run over both CRMs."""
    contacts, leads = (500, 500) if quick else (2000, 2000)
    written = io.StringIO()
    configure(as_json=True, level="info", stream=written)
    with serving(contacts, leads) as served:
        crms: dict[str, Any] = {
            "hubspot": company.hubspot(served.url),
            "salesforce": company.salesforce(served.url),
        }
        with company.bridge(crms) as bridge:
            count = bridge.plan(NOW).counts.leads
    lines = len(written.getvalue().splitlines())
    return [gated("G16", f"log lines at info, {count:,} leads", lines / count * 100, 3.0, "per 100 leads")]
