"""G15: what the ledger costs per row, and how often it commits."""

from __future__ import annotations

from collections.abc import Iterator, Mapping, Sequence
from contextlib import contextmanager
from pathlib import Path
from tempfile import TemporaryDirectory
from typing import Any

from sqlalchemy import Engine, event

from benchmarks import company
from benchmarks.company import NOW, UNREACHABLE
from benchmarks.measure import Line, gated, interleaved
from benchmarks.pages import HUBSPOT_ROWS, HubSpotPages
from benchmarks.server import serving
from crmbridge.adapters.hubspot.answers import DECODERS, Rows
from crmbridge.adapters.hubspot.read import to_record
from crmbridge.ledger import SqlLedger
from crmbridge.mapping import Mapping as CompanyMapping
from crmbridge.ports import Page

_ROWS = 100


def run(*, quick: bool) -> list[Line]:
    """Store pages of records, new and changed; then count the commits of a run."""
    pages = 10 if quick else 40
    first, again = _pages(pages, 1), _pages(pages, 2)
    page = HubSpotPages(HUBSPOT_ROWS).answer(0)
    with TemporaryDirectory() as folder:
        stores = _Stores(Path(folder))
        works = {"new": lambda: stores.taken(first, fresh=True), "changed": lambda: stores.taken(again)}
        timed, _ = interleaved(works, page=page, rows=HUBSPOT_ROWS, rounds=1 if quick else 5)
        stores.close()
    new, changed = timed["new"], timed["changed"]
    limit = "<= 10 µs on a quiet machine"
    return [
        gated("G15", "a new row (record, identity keys, body)", new.u, 10.0 / 6.2, "U"),
        Line(goal="G15", what="… the same", figure=new.text(), limit=limit),
        gated("G15", "a changed row", changed.u, 10.0 / 6.2, "U"),
        Line(goal="G15", what="… the same", figure=changed.text(), limit=limit),
        *_commits(quick=quick),
    ]


def _pages(count: int, generation: int) -> list[Page]:
    found = CompanyMapping.default().object("hubspot", "contacts")
    assert found is not None
    source = HubSpotPages(count * HUBSPOT_ROWS, generation=generation)
    rows = [DECODERS[Rows].decode(source.answer(number)).results for number in range(count)]
    return [Page(object="contacts", items=tuple(to_record(row, found) for row in page)) for page in rows]


class _Stores:
    """Ledgers in files, one after the other."""

    def __init__(self, folder: Path) -> None:
        self._folder, self._count = folder, 0
        self._ledger: SqlLedger | None = None

    def taken(self, pages: list[Page], *, fresh: bool = False) -> int:
        """Store pages as a run does."""
        if fresh or self._ledger is None:
            self.close()
            self._count += 1
            self._ledger = SqlLedger(f"sqlite:///{self._folder / str(self._count)}.db")
            self._run = self._ledger.begin("plan", NOW, {})
        for page in pages:
            self._ledger.take(self._run, "hubspot", page)
        return sum(len(page.items) for page in pages)

    def close(self) -> None:
        """Close the file that is open."""
        if self._ledger is not None:
            self._ledger.close()


def _commits(*, quick: bool) -> list[Line]:
    total = 1000 if quick else 5000
    with serving(total) as served, _counted() as commits:
        crms = {"hubspot": company.hubspot(served.url)}
        with company.bridge(crms, threshold=UNREACHABLE) as bridge:
            ledger: Any = bridge.ledger
            before = commits[0]
            run = ledger.begin("plan", NOW, {})
            count = 0
            for page in crms["hubspot"].changes({}, _nothing_known):
                ledger.take(run, "hubspot", page)
                ledger.renew(run)
                count += 1
            per_page = (commits[0] - before - 1) / count
            ledger.finish(run, "planned", {})
        with company.bridge(crms, threshold=UNREACHABLE) as bridge:
            before = commits[0]
            bridge.plan(NOW)
            in_run = (commits[0] - before) / (total / _ROWS)
    what = "commits per page read"
    return [
        gated("G15", what, per_page, 2.0, "commits"),
        Line(goal="G15", what="… of a whole plan, per 100 leads", figure=f"{in_run:.2f} commits"),
    ]


def _nothing_known(_object: str, _ids: Sequence[str]) -> Mapping[str, str]:
    return {}


@contextmanager
def _counted() -> Iterator[list[int]]:
    """Count the commits of writing transactions of every engine."""
    found = [0]

    def committed(connection: Any) -> None:
        if "crmbridge_begin" not in connection.get_execution_options():
            found[0] += 1

    event.listen(Engine, "commit", committed)
    try:
        yield found
    finally:
        event.remove(Engine, "commit", committed)
