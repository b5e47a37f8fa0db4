"""Which rows changed: the list endpoint for a first or full read, search for everything after.

Search is where changes get lost (checked 2026-11-21): its index lags behind, it gives at most 10,000
results, and rows move while they are paged. Hence:

* every search begins an overlap before the newest stamp seen, so that late rows are found;
* pages overlap by one row: if that row has moved, the walk begins again at the stamp it had reached;
* no page reaches beyond result 10,000: the walk begins again at the last stamp, and inside a single
  millisecond it goes by record id;
* a first look at the newest rows tells whether anything moved at all. What the window held is kept in
  the watermark as a fingerprint, so that an idle run costs one call however much was changed before.
"""

from __future__ import annotations

from collections.abc import Generator, Iterable, Iterator, Sequence
from dataclasses import dataclass
from datetime import timedelta
from typing import Any, Final

from crmbridge.adapters.hubspot.answers import Row, Rows
from crmbridge.adapters.hubspot.client import Client
from crmbridge.adapters.hubspot.marks import (
    SEARCH_PAGE,
    Mark,
    ScanMark,
    Window,
    epoch_ms,
    fingerprint,
    shifted,
    stamp,
    stamp_of_ms,
)
from crmbridge.adapters.hubspot.tables import stamp_property

#: HubSpot's cap on the results of one search, and the page with which it must not be passed.
SEARCH_CAP: Final = 10_000
#: Longest body of a search, in characters, and longest list of properties in a URL that we send
#: (HubSpot takes about 16,000 characters of URL; proxies take 8,000).
SEARCH_BODY: Final = 3_000
URL_PROPERTIES: Final = 7_000


@dataclass(frozen=True, slots=True)
class Batch:
    """Some rows, and the watermark once they are stored (None: not yet)."""

    rows: list[Row]
    mark: Mark | ScanMark | None
    #: False where search gave the rows: its index may be older than what we know.
    current: bool = True


class Walker:
    """Finds the changed rows of one account. Every page is one call."""

    def __init__(self, client: Client, overlap: timedelta) -> None:
        self._client = client
        self._overlap = overlap

    # all rows ----------------------------------------------------------------------------------------

    def scan(
        self, object: str, properties: Sequence[str], begun: ScanMark | None, *, full: bool
    ) -> Iterator[Batch]:
        """List every row in order of id.

        Args:
            begun: Goes on where an earlier scan stopped.
            full: The archived rows first; no watermark before the end, because there is a better one.
        """
        if full:
            yield from self._archived(object, properties)
        after, began = (begun.after, begun.began) if begun else (None, "")
        window = Window(self._overlap, began or None, begun.newest if begun else "")
        while True:
            page = self._client.page(object, properties, after, archived=False)
            if not began and page.date_ms is not None:
                began = stamp_of_ms(page.date_ms)
                window = Window(self._overlap, began)
            window.add(_keys(object, page.results))
            after = page.after
            if after is None:
                yield Batch(page.results, self._scanned(window, began, resumed=begun is not None))
                return
            going = None if full else ScanMark(after=after, began=began, newest=window.newest)
            yield Batch(page.results, going)

    def _archived(self, object: str, properties: Sequence[str]) -> Iterator[Batch]:
        after: str | None = None
        while True:
            page = self._client.page(object, properties, after, archived=True)
            yield Batch(page.results, None)
            if (after := page.after) is None:
                return

    @staticmethod
    def _scanned(window: Window, began: str, *, resumed: bool) -> Mark:
        # A resumed scan saw its first half earlier: nothing is known of the window it leaves.
        seen = "" if resumed else window.seen(window.since)
        # Lists are never behind. Only what changed while we listed may have been passed already.
        looked_ms = int(epoch_ms(began)) if began and not resumed else None
        return Mark(since=window.since, seen=seen, looked_ms=looked_ms, settled=window.newest < began)

    # changed rows ------------------------------------------------------------------------------------

    def changed(self, object: str, properties: Sequence[str], mark: Mark) -> Iterator[Batch]:
        """Search the rows changed since a watermark; nothing at all when nothing moved."""
        search = _Search(self._client, object, properties)
        look = search.since(mark.since, newest_first=True)
        seen = fingerprint(look.total, list(_keys(object, look.results)))
        complete = look.after is None
        moved = seen != mark.seen
        waited = self._has_waited(mark, look.date_ms)
        if not moved and (complete or mark.settled or not waited):
            return
        window = Window(self._overlap)
        if complete:
            window.add(_keys(object, look.results))
            yield Batch(look.results, self._searched(window, mark, look, settled=True), current=False)
            return
        for rows in search.ascending(mark.since):
            window.add(_keys(object, rows))
            yield Batch(rows, Mark(since=max(mark.since, window.since)), current=False)
        yield Batch([], self._searched(window, mark, look, settled=not moved and waited), current=False)

    def _searched(self, window: Window, mark: Mark, look: Rows, *, settled: bool) -> Mark:
        since = max(mark.since, window.since) if window.newest else mark.since
        behind = look.date_ms is not None and window.newest < stamp_of_ms(
            look.date_ms - round(self._overlap.total_seconds() * 1000)
        )
        return Mark(since=since, seen=window.seen(since), looked_ms=look.date_ms, settled=settled or behind)

    def _has_waited(self, mark: Mark, now_ms: int | None) -> bool:
        """Tell whether the index has had the time of an overlap since we last looked."""
        if mark.looked_ms is None or now_ms is None:
            return True
        return not 0 <= now_ms - mark.looked_ms < self._overlap.total_seconds() * 1000


def _keys(object: str, rows: Iterable[Row]) -> Iterator[tuple[str, str]]:
    name = stamp_property(object)
    return ((stamp(row.properties.get(name) or row.updated_at), row.id) for row in rows)


class _Search:
    """Searches of one object: what to ask for stays, the filter moves."""

    def __init__(self, client: Client, object: str, properties: Sequence[str]) -> None:
        self._client = client
        self._object = object
        self._properties = list(properties)
        self._stamp = stamp_property(object)

    def since(self, since: str, offset: int = 0, *, newest_first: bool = False) -> Rows:
        """Give a page of the rows changed at ``since`` or later."""
        direction = "DESCENDING" if newest_first else "ASCENDING"
        return self._page([_filter(self._stamp, "GTE", epoch_ms(since))], self._stamp, direction, offset)

    def ascending(self, since: str) -> Iterator[list[Row]]:
        """Give all rows changed at ``since`` or later, the earliest first, each version of a row once."""
        begin: str | None = since
        told: set[tuple[str, str]] = set()
        while begin is not None:
            reached = yield from self._untold(self._stretch(begin), told)
            if reached == begin:  # one millisecond holds more than a stretch does
                for rows in self._millisecond(begin):
                    yield [row for row in rows if self._key(row) not in told]
                reached = shifted(begin, timedelta(milliseconds=1))
            begin = reached
            told = {key for key in told if key[0] >= (begin or "")}

    def _untold(
        self, pages: Generator[list[Row], None, str | None], told: set[tuple[str, str]]
    ) -> Generator[list[Row], None, str | None]:
        """Pass on what a stretch gives but what was given before; returns what the stretch returns."""
        while True:
            try:
                rows = next(pages)
            except StopIteration as end:
                reached: str | None = end.value
                return reached
            fresh = [row for row in rows if self._key(row) not in told]
            told.update(self._key(row) for row in fresh)
            yield fresh

    def _stretch(self, since: str) -> Generator[list[Row], None, str | None]:
        """Page as far as is safe; returns the stamp to begin again at, None at the end."""
        offset, last, reached = 0, None, since
        while offset + SEARCH_PAGE <= SEARCH_CAP:
            page = self.since(since, offset)
            rows = page.results
            if offset and not (rows and self._key(rows[0]) == last):
                return reached  # rows moved under us, and some may have slipped past
            yield rows[1:] if offset else rows
            if page.after is None:
                return None
            last = self._key(rows[-1])
            # Now and then a row comes out of order: no further than the earliest one on the page.
            reached = max(since, min(self._key(row)[0] for row in rows))
            offset += len(rows) - 1
        return reached

    def _millisecond(self, at: str) -> Iterator[list[Row]]:
        """Give all rows of one millisecond by id: bulk jobs stamp more than 10,000 rows alike."""
        last = "0"
        while True:
            filters = [_filter(self._stamp, "EQ", epoch_ms(at)), _filter("hs_object_id", "GT", last)]
            page = self._page(filters, "hs_object_id", "ASCENDING", 0)
            yield page.results
            if page.after is None or not page.results:
                return
            last = page.results[-1].id

    def _key(self, row: Row) -> tuple[str, str]:
        return next(_keys(self._object, (row,)))

    def _page(self, filters: list[dict[str, str]], sort: str, direction: str, offset: int) -> Rows:
        request: dict[str, Any] = {
            "filter_groups": [{"filters": filters}],
            "sorts": [{"propertyName": sort, "direction": direction}],
            "properties": self._properties,
            "limit": SEARCH_PAGE,
        }
        if offset:
            request["after"] = str(offset)
        return self._client.search(self._object, request)


def _filter(name: str, operator: str, value: str) -> dict[str, str]:
    return {"propertyName": name, "operator": operator, "value": value}


def fits(properties: Sequence[str]) -> bool:
    """Tell whether so many properties can be asked for in a list's URL and in a search's body."""
    in_url = sum(len(name) + len("&properties=") for name in properties)
    in_body = sum(len(name) + len(', ""') for name in properties)
    return in_url <= URL_PROPERTIES and in_body <= SEARCH_BODY - 500
