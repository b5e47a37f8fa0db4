"""A year of runs: ``python -m benchmarks.soak [--runs 2000] [--days 365] [--people 30] [--json]``.

One embedding process makes all of them over emulated CRMs in another process, while people go on working
and the clock advances. Memory of the process and size of the ledger are printed on the way: neither may
grow with the number of runs that had nothing to do.
"""

from __future__ import annotations

import argparse
import json
import logging
import random
import sqlite3
import subprocess
import sys
import tempfile
import time
from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import asdict, dataclass
from datetime import UTC, datetime, timedelta
from pathlib import Path
from typing import Any

if __package__ in (None, ""):  # called by its path
    sys.path.insert(0, str(Path(__file__).resolve().parent.parent))

import requests
import structlog

from benchmarks import company
from benchmarks.campaign.company import MAPPING, PROCESS
from benchmarks.campaign.letters import Courier
from crmbridge.bridge import Bridge
from crmbridge.ledger import SqlLedger

_BEGIN = datetime(2026, 1, 5, 8, tzinfo=UTC)
_SERVER = (
    "import sys; from datetime import datetime; from crmbridge.sandbox.serve import serve_forever as serve;"
    " serve(demo=int(sys.argv[1]), clock=sys.argv[2])"
)
_TITLES = ("Head of Sales", "Clerk", "VP Finance", "Student", "Director")


@dataclass(frozen=True, slots=True)
class Sample:
    """How things stand after so many runs."""

    runs: int
    day: float
    #: Resident memory of the embedding process.
    memory_mb: float
    #: The ledger's file, its write-ahead log left out.
    ledger_kb: float
    #: Records written so far, in both CRMs.
    written: int
    milliseconds_per_run: float


class World:
    """The emulated CRMs in their own process, steered through their control API."""

    def __init__(self, ready: dict[str, Any]) -> None:
        self.ready = ready
        self._http = requests.Session()
        self._http.headers["Authorization"] = f"Bearer {ready['control']['token']}"
        self.now = _BEGIN

    def call(self, path: str, **body: Any) -> Any:
        answer = self._http.post(f"{self.ready['control']['url']}/{path}", json=body, timeout=30)
        answer.raise_for_status()
        return answer.json()

    def seconds(self) -> float:
        """Tell the time as the ledger asks for it."""
        return self.now.timestamp()

    def advance(self, by: timedelta) -> None:
        self.now += by
        self.call("clock", set=self.now.isoformat())

    def edit(self, chance: random.Random, people: int) -> None:
        """Let somebody in marketing change a contact."""
        contact, title = str(101 + chance.randrange(max(1, people // 2))), chance.choice(_TITLES)
        arguments = {"object": "contacts", "id": contact, "properties": {"jobtitle": title}}
        self.call("act", crm="hubspot", action="edit", arguments=arguments)


@contextmanager
def world(people: int) -> Iterator[World]:
    """Start the CRMs, and stop them."""
    command = [sys.executable, "-c", _SERVER, str(people), _BEGIN.isoformat()]
    with subprocess.Popen(command, stdout=subprocess.PIPE, text=True) as server:
        try:
            assert server.stdout is not None
            yield World(json.loads(server.stdout.readline()))
        finally:
            server.terminate()


def soak(runs: int, days: float, people: int, every: int, seed: int = 1) -> Iterator[Sample]:
    """Make the runs; gives a sample before the first, then each ``every`` runs."""
    chance = random.Random(seed)
    with tempfile.TemporaryDirectory(prefix="crmbridge-soak-") as folder, world(people) as crms:
        file = Path(folder) / "ledger.db"
        bridge = _bridge(crms, file)
        bridge.create_fields(bridge.needed_fields())
        written, begun = bridge.sync().written, time.perf_counter()
        yield Sample(1, 0.0, _memory_mb(), _ledger_kb(file), written, 0.0)
        for number in range(2, runs + 1):
            crms.advance(timedelta(days=days) / runs)
            if chance.random() < 0.25:
                crms.edit(chance, people)
            written += bridge.sync().written
            if number % every == 0 or number == runs:
                day = (crms.now - _BEGIN) / timedelta(days=1)
                spent = 1000 * (time.perf_counter() - begun) / (number - 1)
                yield Sample(number, day, _memory_mb(), _ledger_kb(file), written, spent)
        bridge.close()


def _bridge(crms: World, file: Path) -> Bridge:
    hubspot, salesforce = crms.ready["hubspot"], crms.ready["salesforce"]
    return Bridge(
        PROCESS,
        MAPPING,
        hubspot=company.hubspot(hubspot["base_url"], hubspot["access_token"], MAPPING),
        salesforce=company.salesforce(salesforce["instance_url"], salesforce["session_id"], MAPPING),
        ledger=SqlLedger(f"sqlite:///{file}", clock=crms.seconds),
        courier=Courier(None),
        clock=lambda: crms.now,
    )


def _memory_mb() -> float:
    """Give the memory that this process holds now, not the most that it ever did."""
    pages = int(Path("/proc/self/statm").read_text("ascii").split()[1])
    return round(pages * 4096 / 2**20, 1)


def _ledger_kb(file: Path) -> float:
    with sqlite3.connect(file) as db:
        size, pages, free = (
            int(db.execute(f"PRAGMA {name}").fetchone()[0])
            for name in ("page_size", "page_count", "freelist_count")
        )
    db.close()
    return round(size * (pages - free) / 1024, 1)


def main() -> None:
    """Print the samples, and at the end one JSON object with the first and the last."""
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("--runs", type=int, default=2000)
    parser.add_argument("--days", type=float, default=365.0)
    parser.add_argument("--people", type=int, default=30)
    parser.add_argument("--every", type=int, default=200)
    parser.add_argument("--json", action="store_true", help="print nothing but the object")
    given = parser.parse_args()
    logging.disable()
    structlog.configure(wrapper_class=structlog.make_filtering_bound_logger(logging.CRITICAL))
    samples = []
    for sample in soak(given.runs, given.days, given.people, given.every):
        samples.append(sample)
        if not given.json:
            print(
                f"{sample.runs:6} runs  day {sample.day:6.1f}  {sample.memory_mb:6.1f} MB"
                f"  ledger {sample.ledger_kb:8.1f} KB  {sample.written:6} written"
                f"  {sample.milliseconds_per_run:6.1f} ms a run",
                flush=True,
            )
    print(json.dumps({"first": asdict(samples[0]), "last": asdict(samples[-1])}))


if __name__ == "__main__":
    main()
