"""R1: a replay over invented history in memory: days skipped, decisions, memory; one process and two.

``python -m benchmarks.case_replay 1000000`` makes a million leads over three years.
"""

from __future__ import annotations

import json
import sys
from collections.abc import Collection, Iterator, Mapping, Sequence
from datetime import UTC, datetime, timedelta
from random import Random
from time import process_time
from typing import Any

from benchmarks import policy
from benchmarks.measure import Line, gated, in_child, peak_megabytes, shown
from crmbridge.journey import Entry, EntryKind, Journey
from crmbridge.model import Activity, ActivityKind, Direction, Lead, Owner, OwnerKind, RecordRef
from crmbridge.process import Process
from crmbridge.replay import Making, Past, replay, ticks

BEGIN = datetime(2023, 1, 2, tzinfo=UTC)
_DAYS = 3 * 365
_PAGE = 500
_TITLES = ("Head of Sales", "VP Marketing", "Student", "Engineer", None)
_COUNTRIES = ("DE", "US", "GB", "FR", "JP")


class History:
    """Leads that are made again whenever somebody asks for them.

    Args:
        most: Activities of the busiest.
    """

    def __init__(self, process: Process, leads: int, most: int) -> None:
        self._making, self._leads, self._most = Making(process=process), leads, most

    def pages(self) -> Iterator[Sequence[Past]]:
        """Give all leads."""
        for start in range(0, self._leads, _PAGE):
            yield [self._past(number) for number in range(start, min(start + _PAGE, self._leads))]

    def load(self, lead_ids: Collection[str]) -> Mapping[str, Past]:
        """Give some."""
        return {name: self._past(int(name[1:])) for name in lead_ids}

    def _past(self, number: int) -> Past:
        random = Random(number)
        born = random.uniform(0, _DAYS)
        count = random.randrange(self._most + 1)
        moments = sorted(random.uniform(born, born + 120) for _ in range(count))
        name = f"L{number:08}"
        acts = tuple(_visit(name, BEGIN + timedelta(days=at)) for at in moments)
        lead = Lead(
            id=name,
            email=f"p{number}@example.com",
            last_name="Adler",
            company="Acme",
            phone="+4930123456",
            country=random.choice(_COUNTRIES),
            job_title=random.choice(_TITLES),
            employee_count=random.randrange(3000),
            industry="Software",
            created_at=BEGIN + timedelta(days=born),
            activities=acts,
        )
        entries: tuple[Entry, ...] = ()
        if random.random() < 0.05:
            at = BEGIN + timedelta(days=born + 30)
            entries = (Entry(kind=EntryKind.ACCEPTED, at=at, source="hubspot.history"),)
        journey = Journey(lead_id=name, created_at=lead.created_at, entries=entries, activities=acts)
        found = self._making.past(lead, journey)
        if found is None:
            raise AssertionError("everybody has a beginning")
        return found


def _visit(name: str, at: datetime) -> Activity:
    ref = RecordRef("hubspot", "events", f"{name}-{at.timestamp()}")
    person = RecordRef("hubspot", "contacts", name)
    kind = ActivityKind.PAGE_VIEW
    return Activity(ref=ref, person=person, kind=kind, at=at, direction=Direction.INBOUND, name="/pricing")


def run(*, quick: bool) -> list[Line]:
    """Replay the same history idle, busy, and under two processes."""
    leads = 2_000 if quick else 20_000
    idle, busy, two = (
        in_child("case_replay:replayed", leads=leads, most=most, versions=versions)
        for most, versions in ((0, 1), (20, 1), (20, 2))
    )
    what = f"replay of {leads:,} leads over three years"
    rate = idle["lead_days"] / idle["cpu"]
    return [
        gated("R1", f"{what}, nothing changes: lead-days a second", rate, 1_000_000, "", at_least=True),
        gated("R1", "… decisions a second", busy["decisions"] / busy["cpu"], 30_000, "", at_least=True),
        gated("R1", "… peak of memory", busy["peak"], 300.0, "MB"),
        Line(goal="R1", what="… two processes against one", figure=shown(two["cpu"] / busy["cpu"], "times")),
    ]


def replayed(leads: int, most: int, versions: int = 1) -> dict[str, Any]:
    """Replay once; CPU seconds without making the history, which a ledger would hold."""
    process = Process.parse(policy.process())
    owners = {key: Owner(key=key, kind=OwnerKind.PERSON, name=key) for key in process.owners}
    history = History(process, leads, most)
    moments = ticks(BEGIN, BEGIN + timedelta(days=_DAYS), process.zone, (), owners)
    started = process_time()
    for _ in history.pages():
        pass
    making = process_time() - started
    started = process_time()
    found = replay([process] * versions, history, moments)[0]
    cpu = max(process_time() - started - making, 1e-6)
    tally = found.tally
    counts = {"lead_days": tally.lead_days, "decisions": tally.decisions, "passed": tally.passed}
    return {**counts, "cpu": cpu, "peak": peak_megabytes()}


if __name__ == "__main__":
    print(json.dumps(replayed(int(sys.argv[1]) if len(sys.argv) > 1 else 20_000, 20), indent=2))
