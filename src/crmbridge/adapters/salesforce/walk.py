"""Walking through what changed: two composite calls when nothing did, further pages by cursor.

Queries are ordered by (SystemModstamp, Id) and see deleted, merged and archived rows (``queryAll``).
Changes of formula fields and of parents move no stamp and are not seen (object reference, 2026-11-21).
"""

from __future__ import annotations

from collections.abc import Iterable, Iterator, Mapping, Sequence
from datetime import timedelta
from typing import Any, NamedTuple

import structlog

from crmbridge.adapters.salesforce.client import Client, QueryPage, Request, SubAnswer, decode
from crmbridge.adapters.salesforce.errors import LocatorExpired
from crmbridge.adapters.salesforce.marks import (
    NEWEST,
    Mark,
    Probe,
    Window,
    literal,
    parse_mark,
    place,
)
from crmbridge.adapters.salesforce.schema import Org
from crmbridge.adapters.salesforce.soql import both, query_path, select, within
from crmbridge.adapters.salesforce.tables import (
    CALLS,
    CRM,
    IDS_PER_QUERY,
    PEOPLE,
    QUERIES_PER_CALL,
    SOURCES,
)
from crmbridge.adapters.salesforce.values import Row, chunks
from crmbridge.errors import CrmBridgeError
from crmbridge.ports import KnownVersions

log = structlog.get_logger("crmbridge.salesforce")

_OLDEST_FIRST = "SystemModstamp, Id"
_NEWEST_FIRST = "SystemModstamp DESC, Id DESC"
#: Before the first row of any org.
_BEGINNING = "1999-01-01T00:00:00Z"
_ROLES = "OpportunityContactRole"
_CHILD = "OpportunityContactRoles"


class Rows(NamedTuple):
    """One page of rows of one object."""

    object: str
    rows: Sequence[Row]
    #: How far reading got with this page; None for objects that are read whole every time.
    watermark: str | None = None
    is_last: bool = True
    #: How many rows came that the mark knew already; they are left out.
    unchanged_count: int = 0


class Walk:
    """One pass over all objects, from their watermarks on."""

    def __init__(
        self, org: Org, watermarks: Mapping[str, str], known: KnownVersions, *, overlap: timedelta
    ) -> None:
        self._org = org
        self._client = org.client
        self._known = known
        self._overlap = overlap
        self._marks = {name: parse_mark(watermarks.get(name)) for name in SOURCES}
        #: All opportunities are read, and their people along with them: of the roles it only matters how
        #: far they have got.
        self._roles_are_covered = self._marks["Opportunity"] is None and self._marks[_ROLES] is None

    def pages(self) -> Iterator[Rows]:
        """Yield the pages of all objects in the order of ``CALLS``, the roles after the opportunities."""
        roles: SubAnswer | None = None
        for names in CALLS:
            present = [name for name in names if self._is_present(name)]
            answers = dict(zip(present, self._answers(map(self._query, present)), strict=True))
            roles = answers.pop(_ROLES, roles)
            for name, answer in answers.items():
                yield from self._object(name, answer)
                if name == "Opportunity" and roles is not None:
                    yield from self._role_changes(roles)

    def _answers(self, queries: Iterable[str]) -> list[SubAnswer]:
        """Ask up to five queries in one call; they are answered in order."""
        return self._client.composite([Request("GET", query_path(query, deleted=True)) for query in queries])

    def _is_present(self, name: str) -> bool:
        if name in PEOPLE:
            # Asking for the map refuses a token that may not see mapped people at all.
            return self._org.mapping.object(CRM, name) is not None and bool(self._org.map(name))
        # Users and queues are not described: everybody may read them.
        is_there = name in self._org.metadata.schema.objects or not SOURCES[name].incremental
        if not is_there:
            log.warning("object_skipped", crm=CRM, object=name)
        return is_there

    # queries -----------------------------------------------------------------------------------------

    def _query(self, name: str) -> str:
        """Write the first query of an object: oldest rows first, unless its mark tells what to expect."""
        source, mark = SOURCES[name], self._marks[name]
        if not source.incremental:
            return select(name, source.fields, where=source.where, order="Id")
        if (mark and mark.newest) or (name == _ROLES and self._roles_are_covered):
            return self._ordered(name, mark.rest if mark else "", _NEWEST_FIRST)
        return self._ordered(name, mark.rest if mark else "", _OLDEST_FIRST)

    def _ordered(self, name: str, condition: str, order: str) -> str:
        source = SOURCES[name]
        where = both(source.where, condition)
        return select(name, self._org.columns(name), child=source.child, where=where, order=order)

    def _after(self, name: str, before: Sequence[Row]) -> str:
        """Write the query that goes on behind the last row of a page."""
        last = place(before[-1])
        if SOURCES[name].incremental:
            return self._ordered(name, last.rest, _OLDEST_FIRST)
        source = SOURCES[name]
        return select(name, source.fields, where=both(source.where, f"Id > '{last.id}'"), order="Id")

    def _probed(self, name: str) -> tuple[Probe, QueryPage]:
        """Ask for the newest rows, and after them for all, oldest first."""
        mark = self._marks[name]
        rest = mark.rest if mark else ""
        where = both(SOURCES[name].where, rest)
        newest = select(name, ("Id", "SystemModstamp"), where=where, order=f"{_NEWEST_FIRST} LIMIT {NEWEST}")
        answers = self._answers([newest, self._ordered(name, rest, _OLDEST_FIRST)])
        probe, first = (_page(name, answer) for answer in answers)
        return self._probe(probe), first

    # pages -------------------------------------------------------------------------------------------

    def _object(self, name: str, answer: SubAnswer) -> Iterator[Rows]:
        if not answer.ok:
            yield _skipped(name, answer.error(name))
            return
        first, mark = decode(answer.body, QueryPage), self._marks[name]
        if not SOURCES[name].incremental:
            yield from (Rows(name, page.records, is_last=page.done) for page in self._followed(name, first))
        elif mark is None or mark.newest is None:
            yield from self._walked(name, first)
        elif first.total == mark.rows_count and Probe(first.records).fingerprint() == mark.fingerprint:
            yield Rows(name, (), str(mark), unchanged_count=len(first.records))
        elif first.done:
            first.records.reverse()
            yield from self._ascending(name, first, self._probe(first))
        else:
            yield from self._since(name, first, mark)

    def _walked(self, name: str, first: QueryPage) -> Iterator[Rows]:
        """Read an object whole. More than one page needs a probe, and has to begin after it."""
        if first.done:
            # A single page shows one moment: it is its own probe.
            yield from self._ascending(name, first, self._probe(first))
        else:
            probe, again = self._probed(name)
            yield from self._ascending(name, again, probe)

    def _since(self, name: str, first: QueryPage, mark: Mark) -> Iterator[Rows]:
        """Read what changed among many rows, whose newest page is at hand, newest row first."""
        fresh = self._fresh(name, first, mark)
        if fresh is not None:
            moved = str(self._moved(first, fresh, mark))
            yield Rows(name, fresh[::-1], moved, unchanged_count=len(first.records) - len(fresh))
        else:
            (again,) = self._answers([self._ordered(name, mark.rest, _OLDEST_FIRST)])
            yield from self._ascending(name, _page(name, again), self._probe(first))

    def _fresh(self, name: str, first: QueryPage, mark: Mark) -> list[Row] | None:
        """Give what changed since the mark if that accounts for every difference; None if it does not.

        A row that changed has left the rows that the mark counted. If more are left of these than there
        should be, one has appeared late, somewhere among the many.
        """
        newer: list[Row] = [row for row in first.records if place(row) > mark.last]
        older = first.records[len(newer) :]
        if Probe(older).fingerprint() == mark.fingerprint and first.total - len(newer) == mark.rows_count:
            return newer
        # Others may have changed in the very second of the newest row that was seen.
        same = [row for row in older if place(row).stamp == mark.last.stamp]
        versions = self._known(name, [row["Id"] for row in newer + same])
        fresh: list[Row] = newer + [row for row in same if versions.get(row["Id"]) != row["SystemModstamp"]]
        left = 0
        for row in fresh:
            held = versions.get(row["Id"])
            if held is None and literal(row.get("CreatedDate") or "") <= mark.last.stamp:
                return None  # no telling whether it was counted
            left += held is not None and literal(held) >= mark.since
        is_all = len(newer) < len(first.records) and first.total - len(fresh) == (mark.rows_count or 0) - left
        return fresh if is_all else None

    def _moved(self, first: QueryPage, fresh: Sequence[Row], mark: Mark) -> Mark:
        """Move a mark forward, unless it would have to count rows that are not at hand."""
        probe = self._probe(first)
        window = Window(probe, self._overlap, mark)
        window.add(fresh[::-1])
        moved = window.mark(is_end=True)
        if moved is not None and moved.since > mark.last.stamp:
            return moved
        if probe.is_fresh:
            return Mark(mark.since)
        return Mark(mark.since, first.total, place(first.records[0]), probe.fingerprint())

    def _probe(self, page: QueryPage) -> Probe:
        """Take a page that has just been given as a probe."""
        return Probe(page.records, self._client.now)

    def _ascending(self, name: str, page: QueryPage, probe: Probe) -> Iterator[Rows]:
        """Follow a query whose oldest rows come first, with a mark on each page."""
        window = Window(probe, self._overlap, self._marks[name])
        for found in self._followed(name, page):
            window.add(found.records)
            mark = window.mark(is_end=found.done)
            yield Rows(name, found.records, str(mark) if mark else None, is_last=found.done)

    def _followed(self, name: str, page: QueryPage) -> Iterator[QueryPage]:
        """Follow a query to its end; a cursor that expired is replaced by a query behind the last row."""
        while True:
            yield page
            if page.done or page.next_url is None:
                return
            try:
                page = decode(self._client.query_more(page.next_url, name).content, QueryPage)
            except LocatorExpired:
                # As a part of a composite a query has no address, whose length would be limited.
                (again,) = self._answers([self._after(name, page.records)])
                page = _page(name, again)

    # the people of opportunities ---------------------------------------------------------------------

    def _role_changes(self, answer: SubAnswer) -> Iterator[Rows]:
        """Give the opportunities whose people changed, then how far the roles have got."""
        if self._roles_are_covered and answer.ok:
            newest = decode(answer.body, QueryPage)
            yield Rows(_ROLES, newest.records, _mark_of_all(newest))
            return
        for page in self._object(_ROLES, answer):
            if page.rows:
                yield Rows("Opportunity", self._opportunities(page.rows))
            yield page

    def _opportunities(self, roles: Sequence[Row]) -> list[Row]:
        source = SOURCES["Opportunity"]
        columns = self._org.columns("Opportunity")
        ids = sorted({str(row["OpportunityId"]) for row in roles})
        found: list[Row] = []
        for group in chunks(list(chunks(ids, IDS_PER_QUERY)), QUERIES_PER_CALL):
            queries = [
                select("Opportunity", columns, child=source.child, where=within("Id", part)) for part in group
            ]
            found.extend(run_queries(self._client, "Opportunity", queries, deleted=True))
        return found


def roles_of(client: Client, row: Row) -> Iterator[Row]:
    """Give the roles that came along with an opportunity; the rest of a long list is fetched."""
    child = row.get(_CHILD)
    while child:
        yield from child["records"]
        url = None if child.get("done", True) else child.get("nextRecordsUrl")
        child = decode(client.query_more(url, _ROLES).content, dict[str, Any]) if url else None


def run_queries(client: Client, object: str, queries: Sequence[str], *, deleted: bool) -> Iterator[Row]:
    """Run up to five queries on one object in one call and follow their pages to the end."""
    requests = [Request("GET", query_path(query, deleted=deleted)) for query in queries]
    for answer in client.composite(requests):
        if not answer.ok:
            raise answer.error(object)
        page = decode(answer.body, QueryPage)
        yield from page.records
        while page.next_url is not None and not page.done:
            page = decode(client.query_more(page.next_url, object).content, QueryPage)
            yield from page.records


def _skipped(name: str, error: CrmBridgeError) -> Rows:
    """Go on without an object that the org lacks; people and users it cannot lack."""
    if error.where.code != "INVALID_TYPE" or name in (*PEOPLE, "User"):
        raise error
    log.warning("object_skipped", crm=CRM, object=name)
    return Rows(name, ())


def _page(name: str, answer: SubAnswer) -> QueryPage:
    if not answer.ok:
        raise answer.error(name)
    return decode(answer.body, QueryPage)


def _mark_of_all(page: QueryPage) -> str | None:
    """Mark all rows that there are by their newest page."""
    if not page.records:
        return None
    probe = Probe(page.records)
    return str(Mark(_BEGINNING, page.total, probe.newest, probe.fingerprint()))
