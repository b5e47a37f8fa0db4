"""Watermarks of HubSpot's objects, and what they remember of the rows behind them."""

from __future__ import annotations

import heapq
import zlib
from collections import Counter
from collections.abc import Iterable, Sequence
from datetime import UTC, datetime, timedelta
from typing import Final

import msgspec

#: Where a search begins when an object was empty. HubSpot answers 500 to the epoch itself.
EARLIEST: Final = "2000-01-01T00:00:00.000Z"
#: Rows of a page of search.
SEARCH_PAGE: Final = 200
#: Seconds counted before those that are out of the window are dropped.
_PRUNE_AT: Final = 1_000


class Mark(msgspec.Struct, frozen=True, omit_defaults=True, tag="search", tag_field="by"):
    """Watermark of a completed read. Stamps are HubSpot's, never our clock's."""

    #: Where the next search begins: everything before is stored.
    since: str
    #: What the window from ``since`` on held when it was last walked; "" when nobody looked.
    seen: str = ""
    #: The server's clock at that moment, epoch ms.
    looked_ms: int | None = None
    #: The index has surely caught up with what was seen.
    settled: bool = False


class ScanMark(msgspec.Struct, frozen=True, omit_defaults=True, tag="list", tag_field="by"):
    """Watermark of a first read under way, so that it can go on after a crash."""

    after: str
    #: The server's clock when it began, and the newest stamp seen so far.
    began: str
    newest: str


_marks: msgspec.json.Decoder[Mark | ScanMark] = msgspec.json.Decoder(Mark | ScanMark)


def parse_mark(text: str | None) -> Mark | ScanMark | None:
    """Decode a watermark; None for none, and for one that no version of this adapter wrote."""
    if text is None:
        return None
    try:
        return _marks.decode(text)
    except msgspec.DecodeError:
        return None


def mark_text(mark: Mark | ScanMark) -> str:
    """Encode a watermark."""
    return msgspec.json.encode(mark).decode()


def stamp(text: str) -> str:
    """Make stamps comparable as texts: HubSpot leaves out ".000"."""
    return text if len(text) == len(EARLIEST) else text.replace("Z", ".000Z")


def shifted(text: str, by: timedelta) -> str:
    """Move a stamp."""
    return _text(datetime.fromisoformat(text) + by)


def stamp_of_ms(milliseconds: int) -> str:
    """Make a stamp of epoch milliseconds."""
    return _text(datetime.fromtimestamp(milliseconds / 1000, UTC))


def _text(moment: datetime) -> str:
    return moment.strftime("%Y-%m-%dT%H:%M:%S.") + f"{moment.microsecond // 1000:03d}Z"


def epoch_ms(text: str) -> str:
    """Give a stamp as search takes it: epoch milliseconds."""
    return str(round(datetime.fromisoformat(text).timestamp() * 1000))


class Window:
    """Follows what stands after a stamp that is known only at the end: an overlap before the newest one.

    Counts by second, so that it takes the same memory whatever was changed at once.
    """

    def __init__(self, overlap: timedelta, ceiling: str | None = None, newest: str = "") -> None:
        """Begin.

        Args:
            overlap: How far before the newest stamp the window begins.
            ceiling: The window begins no later than an overlap before this stamp.
            newest: The newest stamp seen before.
        """
        self.newest = newest
        self._overlap = overlap
        self._ceiling = ceiling
        self._seconds: Counter[str] = Counter()
        self._top: list[tuple[str, str]] = []

    @property
    def since(self) -> str:
        """Where the window begins as far as is known: a whole second."""
        if not self.newest:
            return EARLIEST
        return _second(shifted(min(self.newest, self._ceiling or self.newest), -self._overlap)) + ".000Z"

    def add(self, keys: Iterable[tuple[str, str]]) -> None:
        """Take (stamp, id) of some rows."""
        floor = self.since
        for key in keys:
            self.newest = max(self.newest, key[0])
            if key[0] >= floor:
                self._seconds[_second(key[0])] += 1
                push = heapq.heappush if len(self._top) < SEARCH_PAGE else heapq.heappushpop
                push(self._top, key)
        if len(self._seconds) > _PRUNE_AT:
            floor = _second(self.since)
            self._seconds = Counter({at: n for at, n in self._seconds.items() if at >= floor})

    def seen(self, since: str) -> str:
        """Fingerprint what the window from ``since`` (a whole second) on held."""
        total = sum(n for at, n in self._seconds.items() if at >= _second(since))
        return fingerprint(total, [key for key in self._top if key[0] >= since])


def _second(text: str) -> str:
    return text[:19]


def fingerprint(total: int, newest: Sequence[tuple[str, str]]) -> str:
    """Say in few characters what a window holds.

    Args:
        total: How many rows.
        newest: (stamp, id) of the newest ones, at most a page of them, in any order.
    """
    if not newest:
        return f"{total}"
    # Which rows of the oldest stamp made it onto the page is chance.
    oldest = min(newest)[0] if total > len(newest) else ""
    told = sorted(key for key in newest if key[0] > oldest)
    return f"{total}.{zlib.crc32(repr((max(newest)[0], told)).encode()):08x}"
