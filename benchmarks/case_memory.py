"""G12: the largest resident size of a streamed run, above what the imports take, and its growth."""

from __future__ import annotations

from typing import Any

from benchmarks import company
from benchmarks.company import NOW, UNREACHABLE
from benchmarks.measure import Line, gated, in_child, peak_megabytes, shown
from benchmarks.server import serving


def run(*, quick: bool) -> list[Line]:
    """Plan two CRMs with few and with many leads, each in a fresh process."""
    sizes = (1000, 3000) if quick else (20_000, 100_000)
    few, many = (in_child("case_memory:planned", leads=size) for size in sizes)
    above = many["peak"] - many["imported"]
    growth = many["peak"] - few["peak"]
    found = f"{many['peak']:.0f} MB, of which imports and an empty ledger take {many['imported']:.0f} MB"
    return [
        gated("G12", f"{sizes[1]:,} leads over both CRMs, above the imports", above, 64.0, "MB"),
        Line(goal="G12", what="… in all", figure=found),
        _growth(sizes, growth, quick=quick),
    ]


def _growth(sizes: tuple[int, int], growth: float, *, quick: bool) -> Line:
    what = f"growth from {sizes[0]:,} to {sizes[1]:,} leads"
    if quick:  # caches of a fixed size are still filling up
        return Line(goal="G12", what=what, figure=shown(growth, "MB"))
    return gated("G12", what, growth, 8.0, "MB")


def planned(leads: int) -> dict[str, float]:
    """Plan once and give the peaks, in megabytes."""
    in_hubspot = leads * 6 // 10 // 100 * 100
    with serving(in_hubspot, leads - in_hubspot) as served:
        # A run over nobody imports all that a run needs.
        with serving(0) as nobody, company.bridge(_both(nobody.url), threshold=UNREACHABLE) as empty:
            empty.plan(NOW)
        with company.bridge(_both(served.url), threshold=UNREACHABLE) as bridge:
            imported = peak_megabytes()
            bridge.plan(NOW)
    return {"imported": imported, "peak": peak_megabytes()}


def _both(url: str) -> dict[str, Any]:
    return {"hubspot": company.hubspot(url), "salesforce": company.salesforce(url)}
