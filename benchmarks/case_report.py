"""G21: the full report over a ledger and over CSV files: time and largest resident size."""

from __future__ import annotations

import csv
import random
from collections.abc import Callable, Iterator
from datetime import UTC, datetime, timedelta
from itertools import islice
from pathlib import Path
from tempfile import TemporaryDirectory
from time import perf_counter, process_time
from typing import Any

from benchmarks import company
from benchmarks.measure import Line, gated, in_child, peak_megabytes, shown
from crmbridge.bridge import Bridge
from crmbridge.identity import keys, resolve
from crmbridge.journey import Entry, EntryKind
from crmbridge.ledger import SqlLedger
from crmbridge.model import Activity, ActivityKind, Decision, Direction, Memory, Record, RecordRef, StageRole
from crmbridge.ports import Page, Planned, Run

_BEGIN = datetime(2025, 1, 6, 9, tzinfo=UTC)
_NOW = datetime(2026, 11, 21, 9, tzinfo=UTC)
_SOURCES = ("web", "event", "partner", "social", None)
_COUNTRIES = ("DE", "FR", "US", "GB", None)
_EACH = 10
_PAGE = 500
_MAPPING = """
[csv]
date_format = "%Y-%m-%d %H:%M:%S"
[[csv.files]]
path = "leads.csv"
[[csv.files]]
path = "activities.csv"
rows = "activities"
key = "lead"
at = "at"
kind_column = "kind"
direction_column = "direction"
owner = "owner"
[key]
column = "id"
[fields]
stage = "stage"
source = "source"
country = "country"
owner = "owner"
recycle_reason = "reason"
amount = "amount"
[stages]
mql = "mql"
sal = "sal"
customer = "customer"
recycled = "recycled"
[dates]
mql = "mql_at"
customer = "won_at"
"""


def run(*, quick: bool) -> list[Line]:
    """Report on 100,000 leads with 1,000,000 activities, from files and from a ledger."""
    leads = 2_000 if quick else 100_000
    found = []
    for name in ("files", "ledger"):
        took = in_child(f"case_report:over_{name}", leads=leads)
        what = f"full report over {leads:,} leads, {leads * _EACH:,} activities, from {name}"
        found += [
            gated("G21", what, took["seconds"], 20.0, "s"),
            Line(goal="G21", what="… CPU time alone", figure=shown(took["cpu"], "s")),
            gated("G21", "… largest resident size", took["peak"], 600.0, "MB"),
        ]
    return found


def over_files(leads: int) -> dict[str, float]:
    """Write the files, then read and report on them."""
    from crmbridge.reporting import Choice, report_csv  # noqa: PLC0415 - as a fresh process does

    with TemporaryDirectory() as folder:
        _write(Path(folder), leads)
        return _timed(lambda: report_csv(Path(folder) / "funnel.toml", [], Choice()), leads)


def over_ledger(leads: int) -> dict[str, float]:
    """Fill a ledger in a process of its own, then report on it."""
    from crmbridge.reporting import Choice  # noqa: PLC0415 - as a fresh process does

    with TemporaryDirectory() as folder:
        in_child("case_report:fill", folder=folder, leads=leads)
        with SqlLedger(f"sqlite:///{folder}/ledger.db") as ledger:
            bridge = Bridge(company.process(), ledger=ledger, clock=lambda: _NOW)
            return _timed(lambda: bridge.report(Choice(now=_NOW)), leads)


def _timed(make: Callable[[], dict[str, Any]], leads: int) -> dict[str, float]:
    started, cpu = perf_counter(), process_time()
    document = make()
    took = {"seconds": perf_counter() - started, "cpu": process_time() - cpu, "peak": peak_megabytes()}
    assert document["leads"] == leads
    assert sum(document["activities"].values()) == leads * _EACH
    return took


# files -----------------------------------------------------------------------------------------------
def _write(folder: Path, leads: int) -> None:
    draw = random.Random(1)
    folder.joinpath("funnel.toml").write_text(_MAPPING, "utf-8")
    with folder.joinpath("leads.csv").open("w", newline="") as file:
        out = csv.writer(file)
        out.writerow("id mql_at won_at source country owner stage reason amount".split())
        for number in range(leads):
            stage = draw.choice(("mql", "mql", "sal", "customer", "recycled"))
            at = _qualified(number)
            won = at + timedelta(days=draw.randrange(120)) if stage == "customer" else None
            out.writerow(
                [number, _text(at), _text(won), *_of(number), stage, "timing", draw.randrange(9_000)]
            )
    with folder.joinpath("activities.csv").open("w", newline="") as file:
        out = csv.writer(file)
        out.writerow("lead kind at direction owner".split())
        for number in range(leads * _EACH):
            item = _activity(number % leads, number // leads)
            out.writerow(
                [number % leads, item.kind.value, _text(item.at), item.direction.value, item.owner_id]
            )


def _of(number: int) -> tuple[str | None, str | None, str]:
    return _SOURCES[number % 5], _COUNTRIES[number * 7 % 5], f"rep{number % 60}"


def _text(at: datetime | None) -> str:
    return "" if at is None else at.strftime("%Y-%m-%d %H:%M:%S")


def _qualified(number: int) -> datetime:
    return _BEGIN + timedelta(minutes=number * 7 % 800_000)


# ledger ----------------------------------------------------------------------------------------------
def fill(folder: str, leads: int) -> None:
    """Fill a ledger with decided leads, their activities and their journeys."""
    with SqlLedger(f"sqlite:///{folder}/ledger.db") as ledger:
        run = ledger.begin("sync", _NOW, {})
        for page in _pages(leads):
            ledger.take(run, "hubspot", Page(object="contacts", items=tuple(page), rows_count=len(page)))
        for start in range(0, leads, _PAGE):
            _activities(ledger, run, range(start, min(start + _PAGE, leads)))
        _decide(ledger, run)
        ledger.finish(run, "done", {})


def _pages(leads: int) -> Iterator[list[Record]]:
    numbers = iter(range(leads))
    while page := [_record(number) for number in islice(numbers, _PAGE)]:
        yield page


def _record(number: int) -> Record:
    source, country, owner = _of(number)
    fields = {"email": f"p{number}@example.com", "source": source, "country": country, "owner": owner,
              "created_at": _qualified(number) - timedelta(days=3)}  # fmt: skip
    ref = RecordRef("hubspot", "contacts", str(number))
    return Record(ref=ref, version="1", modified_at=_NOW, fields=fields)


def _activities(ledger: SqlLedger, run: Run, numbers: range) -> None:
    items = tuple(_activity(number, place) for number in numbers for place in range(_EACH))
    ledger.take(run, "hubspot", Page(object="calls", items=items, rows_count=len(items)))


def _activity(number: int, place: int) -> Activity:
    return Activity(
        ref=RecordRef("hubspot", "calls", f"{number}-{place}"),
        person=RecordRef("hubspot", "contacts", str(number)),
        kind=(ActivityKind.CALL, ActivityKind.MEETING, ActivityKind.EMAIL_SENT)[place % 3],
        at=_qualified(number) + timedelta(hours=(place - 2) * (number % 50) + place, seconds=number % 59),
        direction=Direction.INBOUND if place % 4 == 1 else Direction.OUTBOUND,
        owner_id=f"{number % 60}",
    )


def _decide(ledger: SqlLedger, run: Run) -> None:
    while unbound := ledger.unbound(_PAGE):
        wanted = {key for stored in unbound for key in keys(stored.record)}
        related = ledger.related(wanted, {stored.record.ref for stored in unbound})
        ledger.bind(run, resolve({found.record.ref: found for found in [*unbound, *related]}.values()))
    after = ""
    while ids := ledger.lead_ids(after, _PAGE):
        ledger.append(run, [_planned(lead_id, place) for place, lead_id in enumerate(ids)])
        after = ids[-1]
    ledger.promote(run, None, {})


def _planned(lead_id: str, place: int) -> Planned:
    at = _BEGIN + timedelta(hours=place * 13)
    memory = Memory(stage="mql", stage_at=at, qualified_at=at, qualified_score=60.0)
    decision = Decision(
        lead_id=lead_id, process_version="1", decided_at=at, stage="mql", role=StageRole.QUALIFIED,
        status=None, fit_score=30.0, engagement_score=30.0, score=60.0, memory=memory,
    )  # fmt: skip
    told = ((EntryKind.STAGE, "mql"), (EntryKind.QUALIFIED, "score"), (EntryKind.HANDED_OFF, "ann"))
    entries = tuple(Entry(kind=kind, at=at, value=value) for kind, value in told)
    return Planned(lead_id=lead_id, decision=decision, entries=entries)
