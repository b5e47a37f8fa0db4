"""Search loses nothing while rows move, share a millisecond, or number more than it gives."""

from __future__ import annotations

import random
from datetime import timedelta
from typing import Any

import pytest

from crmbridge.adapters.hubspot import marks, walk
from crmbridge.adapters.hubspot.answers import Next, Paging, Row, Rows
from crmbridge.adapters.hubspot.marks import Mark, ScanMark, shifted, stamp_of_ms
from crmbridge.adapters.hubspot.walk import Batch, Walker

START_MS = 1_795_176_000_000
OVERLAP = timedelta(seconds=2)
DAY = timedelta(days=1)


class Index:
    """HubSpot's search over a few rows: paged by offset, capped, and moving while it is read."""

    def __init__(self, stamps: dict[int, int], *, move_every: int = 0) -> None:
        #: Record id -> milliseconds after the start.
        self.stamps = stamps
        self.calls = 0
        self.now_ms = max(stamps.values(), default=0)
        self._move_every = move_every
        self._chance = random.Random(7)

    def search(self, object: str, request: dict[str, Any]) -> Rows:
        self.calls += 1
        if self._move_every and self.calls % self._move_every == 0:
            self._move()
        offset, limit = int(request.get("after", 0)), request["limit"]
        assert offset + limit <= walk.SEARCH_CAP, "paged past the cap"
        rows = [row for row in self._sorted(request["sorts"][0]) if self._fits(row, request)]
        page = rows[offset : offset + limit]
        more = offset + limit < len(rows)
        return Rows(
            results=[_row(record, at) for record, at in page],
            paging=Paging(next=Next(after=str(offset + limit))) if more else None,
            total=len(rows),
            date_ms=START_MS + self.now_ms,
        )

    def _sorted(self, sort: dict[str, str]) -> list[tuple[int, int]]:
        by = 0 if sort["propertyName"] == "hs_object_id" else 1
        rows = list(self.stamps.items())
        return sorted(rows, key=lambda row: row[by], reverse=sort["direction"] == "DESCENDING")

    @staticmethod
    def _fits(row: tuple[int, int], request: dict[str, Any]) -> bool:
        record, at = row
        for wanted in request["filter_groups"][0]["filters"]:
            value = int(wanted["value"])
            found = record if wanted["propertyName"] == "hs_object_id" else START_MS + at
            good = {"GTE": found >= value, "EQ": found == value, "GT": found > value}[wanted["operator"]]
            if not good:
                return False
        return True

    def _move(self) -> None:
        self.now_ms += 1
        self.stamps[self._chance.choice(list(self.stamps))] = self.now_ms


def _row(record: int, at: int) -> Row:
    text = stamp_of_ms(START_MS + at)
    return Row(id=str(record), properties={"lastmodifieddate": text}, updated_at=text)


@pytest.fixture(autouse=True)
def small_pages(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(walk, "SEARCH_PAGE", 20)
    monkeypatch.setattr(marks, "SEARCH_PAGE", 20)
    monkeypatch.setattr(walk, "SEARCH_CAP", 100)


def begin() -> Mark:
    return Mark(since=stamp_of_ms(START_MS))


def walked(index: Index, mark: Mark | ScanMark) -> tuple[dict[int, str], Mark]:
    """Walk to the end: record id -> last version seen, and the watermark left."""
    assert isinstance(mark, Mark)
    seen: dict[int, str] = {}
    for batch in Walker(index, OVERLAP).changed("contacts", ["x"], mark):  # type: ignore[arg-type]  # a fake
        assert isinstance(batch, Batch)
        seen |= {int(row.id): row.updated_at for row in batch.rows}
        assert isinstance(batch.mark, Mark)
        assert batch.mark.since >= mark.since
        mark = batch.mark
    return seen, mark


@pytest.mark.parametrize(
    "stamps",
    [
        {n: n * 10 for n in range(1, 8)},
        {n: n * 10 for n in range(1, 351)},
        dict.fromkeys(range(1, 351), 5),
        {n: n // 90 for n in range(1, 351)},
        {n: 5 if n < 150 else n for n in range(1, 301)},
    ],
    ids=["one page", "beyond the cap", "one millisecond", "bulk jobs", "bulk job, then single ones"],
)
def test_every_row_arrives(stamps: dict[int, int]) -> None:
    seen, _ = walked(Index(stamps), begin())
    assert seen.keys() == stamps.keys()


@pytest.mark.parametrize("move_every", [1, 2, 3])
@pytest.mark.parametrize("spread", [1, 40])
def test_no_row_is_lost_while_rows_move(move_every: int, spread: int) -> None:
    index = Index({n: n // spread for n in range(1, 301)}, move_every=move_every)
    seen, _ = walked(index, begin())
    assert seen.keys() == index.stamps.keys()


def test_an_unchanged_window_costs_one_call_and_gives_nothing() -> None:
    index = Index(dict.fromkeys(range(1, 251), 5))
    _, mark = walked(index, begin())
    index.calls = 0
    assert walked(index, mark) == ({}, mark)
    assert index.calls == 1


def test_a_full_window_is_walked_once_more_when_the_index_had_its_time() -> None:
    index = Index(dict.fromkeys(range(1, 251), 5))
    _, mark = walked(index, begin())
    index.now_ms += 3_000
    seen, settled = walked(index, mark)
    assert len(seen) == 250
    index.now_ms += 3_000
    assert walked(index, settled) == ({}, settled)


def test_a_row_that_the_index_shows_late_is_found_within_the_overlap() -> None:
    index = Index({1: 1_000, 2: 2_000})
    _, mark = walked(index, begin())
    index.stamps[3] = 1_500
    seen, _ = walked(index, mark)
    assert 3 in seen


def test_the_next_search_begins_an_overlap_before_the_newest_row() -> None:
    _, mark = walked(Index({1: 10_000, 2: 20_000}), begin())
    assert mark.since == shifted(stamp_of_ms(START_MS + 20_000), -OVERLAP)
