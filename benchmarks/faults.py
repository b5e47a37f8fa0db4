"""The fault campaign: ``python -m benchmarks.faults --runs 500 --seed 1 [--ledger URL] [--json]``.

Every run forks from a company in memory (both CRMs emulated, some people, a ledger), brings it into a
state of its own, lets people edit between the calls of a sync, and strikes: a scripted fault, a budget
that ends, or ``kill -9`` at a call or at a commit. Then the company recovers, and a judge inside the CRMs
says whether a record was lost, made twice, or a person's edit overwritten.
"""

from __future__ import annotations

import argparse
import gc
import json
import logging
import os
import sys
import tempfile
import time
from collections import Counter
from collections.abc import Callable, Iterator, Sequence
from contextlib import contextmanager
from functools import partial
from pathlib import Path
from typing import Any

if __package__ in (None, ""):  # called by its path
    sys.path.insert(0, str(Path(__file__).resolve().parent.parent))

import structlog

from benchmarks.campaign import company
from benchmarks.campaign.company import NOW, Opening, Plant
from benchmarks.campaign.crms import Crms
from benchmarks.campaign.ledgers import Ledgers, ledgers
from benchmarks.campaign.plants import PLANTS
from benchmarks.campaign.processes import start, wait
from benchmarks.campaign.trial import Prepared, Report, Trial, wait_for

PEOPLE = 12
#: Seeds of the invented people that trials are forked from; each also as a company that came to rest.
WORLDS = (1, 2)


def prepare(kept: Ledgers, slots: int) -> list[Prepared]:
    """Make the companies, before and after their first run; everything a trial does not have to do."""
    for slot in range(slots):
        crms = Crms(people=2, seed=9, clock=NOW)
        crms.run(partial(company.provision, opening=Opening(ledger_url=kept.url(slot))))
    kept.keep(0, "new")
    warm = Crms(people=PEOPLE, seed=9, clock=NOW)
    warm.lend(partial(company.rest, opening=Opening(ledger_url=kept.url(0))))
    found = []
    for seed in WORLDS:
        for settled in (False, True):
            found.append(_company(kept, seed, settled=settled))
    gc.collect()
    gc.freeze()
    return found


def _company(kept: Ledgers, seed: int, *, settled: bool) -> Prepared:
    name, crms = f"w{seed}{'s' if settled else 'n'}", Crms(people=PEOPLE, seed=seed, clock=NOW)
    kept.put("new", 0)
    opening = Opening(ledger_url=kept.url(0))
    for work in (company.provision, company.rest) if settled else (company.provision,):
        done = crms.run(partial(work, opening=opening))
        if done.error:
            raise RuntimeError(done.error)
    kept.keep(0, name)
    return Prepared(name, crms, settled)


@contextmanager
def campaign(ledger: str, jobs: int = 1) -> Iterator[Callable[..., list[Report]]]:
    """Prepare everything; gives the function that plays the trials of some seeds, perhaps with a bug."""
    with tempfile.TemporaryDirectory(prefix="crmbridge-campaign-") as folder:
        kept = ledgers(ledger, Path(folder))
        try:
            prepared = prepare(kept, jobs)

            def play(
                seeds: Sequence[int], plant: Plant | None = None, *, attack: bool = False
            ) -> list[Report]:
                trial = partial(Trial, ledgers=kept, plant=plant, attack=attack)
                work = [partial(_share, seeds[slot::jobs], prepared, trial, slot) for slot in range(jobs)]
                return [
                    report
                    for child in [start(share, 0) for share in work]
                    for report in wait_for(child).value
                ]

            yield play
        finally:
            kept.clean()


def _share(
    seeds: Sequence[int], prepared: Sequence[Prepared], trial: Callable[..., Trial], slot: int
) -> list[Report]:
    """Play some trials one after the other, each in a fork of its own."""
    found = []
    for seed in seeds:
        chosen = prepared[seed % len(prepared)]
        done = wait(start(trial(seed=seed, prepared=chosen, slot=slot).run))
        broken = [done.error or f"signal {done.signal}"]
        found.append(done.value or Report(seed, broken=broken))
    return found


def totals(reports: Sequence[Report]) -> dict[str, Any]:
    """Add up what the command prints."""
    return {
        "runs": len(reports),
        "killed": sum(report.killed for report in reports),
        "faults": sum(report.faults for report in reports),
        "lost": sum(len(report.lost) for report in reports),
        "duplicates": sum(len(report.duplicates) for report in reports),
        "overwritten": sum(len(report.overwritten) for report in reports),
        "overwritten_in_window": sum(report.in_window.total() for report in reports),
        "overrun": sum(report.overrun for report in reports),
        "failed_seeds": sorted(report.seed for report in reports if report.failed),
    }


def tell(reports: Sequence[Report], seconds: float) -> None:
    """Print for people what failed and where the window is."""
    for report in sorted(reports, key=lambda report: report.seed):
        wrong = [*report.broken, *report.lost, *report.duplicates, *report.overwritten]
        for line in (*wrong, *report.compare_and_set):
            print(f"seed {report.seed}: {line}")
        if report.overrun:
            print(f"seed {report.seed}: {report.overrun} calls beyond the budget")
    window = sum((report.in_window for report in reports), Counter[str]())
    edits = sum(report.edits for report in reports)
    seen = sum((report.seen for report in reports), Counter[str]())
    print(", ".join(f"{count} {what}" for what, count in sorted(seen.items())))
    print(f"{edits} edits by people; lost in the window: {dict(window) or 'none'}")
    print(f"{len(reports)} runs in {seconds:.1f} s, {1000 * seconds / max(1, len(reports)):.0f} ms each")


def main() -> int:
    """Run the campaign; 1 when a seed failed."""
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("--runs", type=int, default=500)
    parser.add_argument("--seed", type=int, default=1, help="the first seed; one that failed runs alone")
    parser.add_argument("--ledger", default="sqlite://", help="sqlite:// or postgresql://…")
    parser.add_argument("--jobs", type=int, default=min(2, os.cpu_count() or 1), help="trials at once")
    parser.add_argument("--attack", action="store_true", help="people aim at the window before each write")
    parser.add_argument("--plant", choices=PLANTS, help="plant a bug, to see that the figures show it")
    parser.add_argument("--json", action="store_true", help="print nothing but the object")
    given = parser.parse_args()
    logging.disable()
    structlog.configure(wrapper_class=structlog.make_filtering_bound_logger(logging.CRITICAL))
    begun = time.perf_counter()
    plant = PLANTS[given.plant][0] if given.plant else None
    with campaign(given.ledger, given.jobs) as play:
        reports = play(range(given.seed, given.seed + given.runs), plant, attack=given.attack)
    if not given.json:
        tell(reports, time.perf_counter() - begun)
    found = totals(reports)
    if given.json and found["failed_seeds"]:
        print("failed seeds:", *found["failed_seeds"], file=sys.stderr)
    print(json.dumps(found))
    return 1 if found["failed_seeds"] else 0


if __name__ == "__main__":
    sys.exit(main())
