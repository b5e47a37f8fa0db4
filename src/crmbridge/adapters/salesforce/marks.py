"""How far reading has got: watermarks that miss nothing and do not read a bulk load again and again.

Rows are read in the order of (SystemModstamp, Id). A row is stamped when it is saved and seen when its
transaction is committed, so rows may still appear behind the last one: the next run reads from a little
before it. The mark also remembers how many rows were there and which were the newest; when that is still
so, nothing changed, and one page tells it however many rows there are.
"""

from __future__ import annotations

import re
from collections import Counter
from collections.abc import Iterable, Mapping
from datetime import UTC, datetime, timedelta
from hashlib import sha256
from typing import Any, NamedTuple

from crmbridge.adapters.salesforce.soql import id18

_STAMP = re.compile(r"\d{4}-\d\d-\d\dT\d\d:\d\d:\d\d(?:\.\d+)?Z", re.ASCII)
_ID = re.compile(r"[A-Za-z0-9]{18}", re.ASCII)
#: Rows that a fingerprint covers: the smallest page that the server gives.
NEWEST = 200
#: Stamps and the server's Date header are cut to whole seconds, and neither clock is read at the same moment.
_SAME_SECOND = timedelta(seconds=1)


class Point(NamedTuple):
    """A place in the order of (SystemModstamp, Id)."""

    #: As a SOQL literal, in UTC.
    stamp: str
    id: str

    @property
    def rest(self) -> str:
        """Condition of the rows that come after it."""
        later = f"(SystemModstamp = {self.stamp} AND Id > '{self.id}')"
        return f"(SystemModstamp > {self.stamp} OR {later})"


def place(row: Mapping[str, Any]) -> Point:
    """Give the place of a row."""
    return Point(literal(row.get("SystemModstamp") or ""), id18(row["Id"]))


def literal(stamp: str) -> str:
    """Write a stamp of an answer (``2026-05-01T07:25:37.000+0000``) as a SOQL literal."""
    return stamp.replace(".000+0000", "Z").replace("+0000", "Z")


def is_fresh(stamp: str, now: datetime | None) -> bool:
    """Tell whether a row was read so soon after its stamp that an edit of the same second may follow."""
    return now is not None and now - datetime.fromisoformat(stamp) <= _SAME_SECOND


class Mark(NamedTuple):
    """A watermark: from where to read on, and what was seen from there on."""

    #: As a SOQL literal; rows of that moment are read again.
    since: str
    #: Rows from there on; None when reading was not at its end.
    rows_count: int | None = None
    newest: Point | None = None
    #: Of the newest rows.
    fingerprint: str = ""

    def __str__(self) -> str:
        if self.newest is None:
            return self.since
        return " ".join((self.since, str(self.rows_count), *self.newest, self.fingerprint))

    @property
    def last(self) -> Point:
        """Where the rows that it counted end."""
        return self.newest or Point(self.since, "")

    @property
    def rest(self) -> str:
        """Condition of the rows to read."""
        return f"SystemModstamp >= {self.since}"


def parse_mark(text: str | None) -> Mark | None:
    """Read a watermark; None when there is none, or none that we wrote: the object is read whole then."""
    match (text or "").split(" "):
        case [since] if _STAMP.fullmatch(since):
            return Mark(since)
        case [since, count, stamp, id_, fingerprint] if (
            _STAMP.fullmatch(since) and count.isdigit() and _STAMP.fullmatch(stamp) and _ID.fullmatch(id_)
        ):
            return Mark(since, int(count), Point(stamp, id_), fingerprint)
    return None


class Probe:
    """The newest rows at the moment when a pass began.

    A pass shows rows as they are when their page is fetched: what is edited meanwhile appears with a
    newer stamp, or has been read before. So it is the probe that says how far a pass can have got.

    Args:
        now: The server's clock when the rows were given; None when nobody knows.
    """

    def __init__(self, rows: Iterable[Mapping[str, Any]], now: datetime | None = None) -> None:
        self.points = sorted(place(row) for row in rows)[-NEWEST:]
        newest = self.newest
        #: The newest row may change once more without moving its stamp, which counts whole seconds.
        self.is_fresh = newest is not None and is_fresh(newest.stamp, now)

    @property
    def newest(self) -> Point | None:
        """The newest row; None when there were none."""
        return self.points[-1] if self.points else None

    def fingerprint(self, since: str = "") -> str:
        """Give a short digest of the newest rows, as far as they are not older than ``since``."""
        young = [point for point in self.points if point.stamp >= since]
        return sha256("\n".join(map(" ".join, young)).encode()).hexdigest()[:16]


class Window:
    """Collects what a pass has seen, as far as the next mark needs it: flat memory.

    Args:
        probe: Taken before the pass, or of all its rows.
        overlap: Longest time that a transaction is expected to stay open.
        floor: The mark never goes back behind it.
    """

    def __init__(self, probe: Probe, overlap: timedelta, floor: Mark | None = None) -> None:
        self._probe = probe
        self._overlap = overlap
        self._floor = floor
        self._counts: Counter[str] = Counter()
        self._last = ""
        self._is_exact = True

    def add(self, rows: Iterable[Mapping[str, Any]]) -> None:
        """Take rows into account, in the order of the query."""
        newest = self._probe.newest
        for row in rows:
            point = place(row)
            self._counts[point.stamp] += 1
            self._last = point.stamp
            # Edited or created since the probe: whether it was counted before is not known.
            self._is_exact = self._is_exact and newest is not None and point <= newest

    def mark(self, *, is_end: bool) -> Mark | None:
        """Say from where the next run has to read on so that it misses nothing.

        Args:
            is_end: No more rows follow.

        Returns:
            None when nothing was ever read.
        """
        newest = self._probe.newest
        if newest is None or not self._last:
            return self._floor
        since = self._since(newest.stamp if is_end else min(newest.stamp, self._last))
        self._counts = Counter({stamp: count for stamp, count in self._counts.items() if stamp >= since})
        if not (is_end and self._is_exact) or self._probe.is_fresh:
            return Mark(since)
        return Mark(since, self._counts.total(), newest, self._probe.fingerprint(since))

    def _since(self, stamp: str) -> str:
        earliest = (datetime.fromisoformat(stamp) - self._overlap).astimezone(UTC)
        return max(earliest.strftime("%Y-%m-%dT%H:%M:%SZ"), self._floor.since if self._floor else "")
