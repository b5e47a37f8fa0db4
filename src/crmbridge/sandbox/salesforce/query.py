"""Run queries: pages of records, and locators for the pages after the first."""

from __future__ import annotations

import random
import sqlite3
from array import array
from collections.abc import Iterator, Sequence
from dataclasses import dataclass, field
from datetime import timedelta
from typing import Any
from zoneinfo import ZoneInfo

from crmbridge.sandbox.salesforce.caller import Caller
from crmbridge.sandbox.salesforce.failures import refuse
from crmbridge.sandbox.salesforce.schema import SObject
from crmbridge.sandbox.salesforce.sight import Sight
from crmbridge.sandbox.salesforce.soql import Plan, Planner
from crmbridge.sandbox.salesforce.soql.plan import ChildPlan
from crmbridge.sandbox.salesforce.soql.shape import renderer
from crmbridge.sandbox.salesforce.store import Store

#: A user's open locators; the oldest is dropped silently (facts checked 2026-11-21).
MAX_CURSORS = 10
#: Of children that did not fit into their parent's page: one for each record of the largest page.
MAX_CHILD_CURSORS = 2_000
LOCATOR_LIFE_MS = int(timedelta(days=2).total_seconds() * 1000)
#: Rows of a page when two or more long custom text fields are selected.
LONG_TEXT_PAGE = 200
#: Groups an aggregate query may give, as it cannot be paged.
MAX_GROUPS = 2_000


@dataclass(slots=True)
class Cursor:
    """The rows of a query, fixed when it was first run; their values are read page by page."""

    user_id: str
    plan: Plan
    rowids: array[int]
    size: int
    opened_ms: int
    #: The cursor of whose page it holds the rest of one record's children.
    parent: str = ""
    #: Query name in the next page's path: always "query", even after queryAll.
    key: str = field(default="")


class Queries:
    """Run SOQL for callers and keep their locators."""

    def __init__(self, store: Store, sight: Sight) -> None:
        self._store = store
        self._sight = sight
        self._cursors: dict[str, Cursor] = {}

    def reset(self) -> None:
        """Forget all locators."""
        self._cursors.clear()

    def planner(self, user_id: str, *, whole: bool = False) -> Planner:
        """Give a compiler for a user at this moment; of the whole org, or of what API users see."""
        user = self._store.get(self._store.named("User"), user_id)
        zone = ZoneInfo((user or {}).get("TimeZoneSidKey") or "GMT")
        objects = self._store.schema if whole else self._sight.objects
        return Planner(objects, self._store.world.clock.now().astimezone(zone).date(), zone)

    def fulfils(self, item: SObject, record_id: str, condition: str, user_id: str) -> bool:
        """Tell whether a stored record fulfils a SOQL condition."""
        sql, values = self.planner(user_id, whole=True).condition(
            item, f"Id = '{record_id}' AND ({condition})"
        )
        return bool(self._store.db.execute(sql, values).fetchone()[0])

    def run(self, caller: Caller, statement: str, *, include_deleted: bool = False) -> dict[str, Any]:
        """Answer a query with its first page.

        Raises:
            ApiError: The statement is refused.
        """
        plan = self.planner(caller.user_id).plan(statement, include_deleted=include_deleted)
        try:
            return self._first(caller, plan)
        except sqlite3.OperationalError:  # more joins or conditions than SQLite can take
            raise refuse("QUERY_TOO_COMPLICATED", "the query is too complicated") from None

    def _first(self, caller: Caller, plan: Plan) -> dict[str, Any]:
        if plan.kind == "count":
            return {"totalSize": self.count(plan), "done": True, "records": []}
        if plan.kind == "aggregate":
            return self._aggregated(plan)
        cursor = self._open(caller, plan)
        return self._page(caller, cursor, 0)

    def more(self, caller: Caller, locator: str) -> dict[str, Any]:
        """Answer the page a locator stands for.

        Raises:
            ApiError: INVALID_QUERY_LOCATOR, when it is unknown, another user's, dropped or too old.
        """
        key, _, start = locator.rpartition("-")
        cursor = self._cursors.get(key)
        if cursor is None or cursor.user_id != caller.user_id or not start.isdecimal():
            raise refuse("INVALID_QUERY_LOCATOR", "invalid query locator")
        if self._store.world.clock.now_ms() - cursor.opened_ms > LOCATOR_LIFE_MS:
            raise refuse("INVALID_QUERY_LOCATOR", "invalid query locator")
        self._drop_children(key)  # they end when their parent's next page is read
        return self._page(caller, cursor, min(int(start[:9]), len(cursor.rowids)))

    def count(self, plan: Plan) -> int:
        """Count the rows of a plan."""
        rows = f"SELECT 1 {plan.names.from_sql}{plan.where_sql}{plan.window_sql}"
        sql = f"SELECT count(*) FROM ({rows})"  # noqa: S608 - compiled from the schema
        return int(self._store.db.execute(sql, plan.parameters).fetchone()[0])

    def _aggregated(self, plan: Plan) -> dict[str, Any]:
        columns = ", ".join(plan.columns.sqls[1:])
        clauses = f"{plan.where_sql}{plan.group_sql}{plan.order_sql}{plan.window_sql}"
        rows = self._store.db.execute(
            f"SELECT {columns} {plan.names.from_sql}{clauses}",
            plan.parameters,
        ).fetchall()
        if len(rows) > MAX_GROUPS:
            message = "Aggregate query does not support queryMore(), use LIMIT to restrict the results"
            raise refuse("EXCEEDED_ID_LIMIT", message)
        records = [_aggregate_row(plan, row) for row in rows]
        return {"totalSize": len(records), "done": True, "records": records}

    def _open(self, caller: Caller, plan: Plan) -> Cursor:
        clauses = f"{plan.where_sql}{plan.order_sql}{plan.window_sql}"
        sql = f"SELECT {plan.row_sql}.rowid {plan.names.from_sql}{clauses}"
        rowids = array("q", (row[0] for row in self._store.db.execute(sql, plan.parameters)))
        size = min(caller.batch_size, max(self._store.world.options.salesforce.max_page_size, 1))
        if _long_texts(plan) >= 2:
            size = min(size, LONG_TEXT_PAGE)
        cursor = Cursor(caller.user_id, plan, rowids, size, self._store.world.clock.now_ms())
        if len(rowids) > size or (self._store.world.options.salesforce.short_pages and len(rowids) > 1):
            self._keep(cursor)
        return cursor

    def _keep(self, cursor: Cursor) -> None:
        number = self._store.world.next_number("salesforce.locator")
        cursor.key = f"0r8{number:0>9x}AAAQ"
        most = MAX_CHILD_CURSORS if cursor.parent else MAX_CURSORS
        alike = [
            key
            for key, other in self._cursors.items()
            if other.user_id == cursor.user_id and bool(other.parent) == bool(cursor.parent)
        ]
        for key in alike[: max(len(alike) - most + 1, 0)]:
            self._drop(key)
        self._cursors[cursor.key] = cursor

    def _drop(self, key: str) -> None:
        del self._cursors[key]
        self._drop_children(key)

    def _drop_children(self, key: str) -> None:
        for child in [name for name, other in self._cursors.items() if other.parent == key]:
            del self._cursors[child]

    def _page_size(self, cursor: Cursor, start: int) -> int:
        """Give the rows of a page: the same for the same page, whenever it is read."""
        if not self._store.world.options.salesforce.short_pages:
            return cursor.size
        chance = random.Random(f"{self._store.world.seed} {cursor.key} {start}")
        return chance.randint(max(cursor.size // 4, 1), cursor.size)

    def _page(self, caller: Caller, cursor: Cursor, start: int) -> dict[str, Any]:
        end = min(start + self._page_size(cursor, start), len(cursor.rowids))
        done = end >= len(cursor.rowids)
        answer: dict[str, Any] = {"totalSize": len(cursor.rowids), "done": done}
        if not done:
            answer["nextRecordsUrl"] = f"{caller.base}/query/{cursor.key}-{end}"
        answer["records"] = self.records(caller, cursor.plan, cursor.rowids[start:end], cursor)
        return answer

    def texts(self, plan: Plan, columns: Sequence[str]) -> Iterator[tuple[int, str]]:
        """Give rowid and texts, one below the other, of the rows a plan finds without its LIMIT."""
        text = " || char(10) || ".join(f"ifnull({column}, '')" for column in columns)
        sql = f"SELECT {plan.row_sql}.rowid, {text} {plan.names.from_sql}{plan.where_sql}{plan.order_sql}"
        return iter(self._store.db.execute(sql, plan.parameters))

    def records(
        self, caller: Caller, plan: Plan, rowids: Sequence[int], cursor: Cursor | None = None
    ) -> list[dict[str, Any]]:
        """Give records by row, in this order; those that are gone are left out.

        Children beyond the page size of ``cursor`` get a locator of their own.
        """
        render = renderer(plan.shape, self._store.schema, caller.base)
        rowid = f"{plan.row_sql}.rowid"
        columns = ", ".join([rowid, *plan.columns.sqls])
        marks = ",".join(map(str, rowids))
        found = self._store.db.execute(f"SELECT {columns} {plan.names.from_sql} WHERE {rowid} IN ({marks})")
        by_rowid = {row[0]: render(row[1:]) for row in found}
        records = [record for rowid in rowids if (record := by_rowid.get(rowid)) is not None]
        for child in plan.children:
            self._attach(caller, child, records, cursor)
        return records

    def _attach(
        self, caller: Caller, child: ChildPlan, records: list[dict[str, Any]], cursor: Cursor | None
    ) -> None:
        plan = child.plan
        render = renderer(plan.shape, self._store.schema, caller.base)
        by_id = {record["attributes"]["url"][-18:]: record for record in records}
        reference = f'{plan.row_sql}."{child.reference.name}"'
        marks = ", ".join("?" * len(by_id))
        columns = ", ".join([reference, f"{plan.row_sql}.rowid", *plan.columns.sqls])
        clauses = f"{plan.where_sql} AND {reference} IN ({marks}){plan.order_sql}"
        rows = self._store.db.execute(
            f"SELECT {columns} {plan.names.from_sql}{clauses}",
            (*plan.parameters, *by_id),
        )
        groups: dict[str, list[tuple[int, dict[str, Any]]]] = {}
        for row in rows:
            record = render(row[2:])
            if record is not None:
                groups.setdefault(row[0], []).append((row[1], record))
        last = None if plan.limit is None else plan.offset + plan.limit
        for record_id, record in by_id.items():
            kept = groups.get(record_id, [])[plan.offset : last]
            record[child.name] = self._child_page(caller, plan, kept, cursor) if kept else None
        children = [record for group in groups.values() for _, record in group]
        for grandchild in plan.children if children else ():
            self._attach(caller, grandchild, children, cursor)

    def _child_page(
        self, caller: Caller, plan: Plan, kept: list[tuple[int, dict[str, Any]]], cursor: Cursor | None
    ) -> dict[str, Any]:
        size = len(kept) if cursor is None else cursor.size
        records = [record for _, record in kept[:size]]
        answer: dict[str, Any] = {"totalSize": len(kept), "done": len(kept) <= size}
        if cursor is not None and not answer["done"]:
            rest = array("q", (rowid for rowid, _ in kept))
            now = self._store.world.clock.now_ms()
            inner = Cursor(caller.user_id, plan, rest, size, now, cursor.key or "-")
            self._keep(inner)
            answer["nextRecordsUrl"] = f"{caller.base}/query/{inner.key}-{size}"
        return {**answer, "records": records}


def _aggregate_row(plan: Plan, row: Sequence[Any]) -> dict[str, Any]:
    record: dict[str, Any] = {"attributes": {"type": "AggregateResult"}}
    for (name, boolean), value in zip(plan.labels, row, strict=True):
        record[name] = value == 1 if boolean and value is not None else value
    return record


def _long_texts(plan: Plan) -> int:
    fields = (plan.root.find(name) for name in plan.shape.values)
    return sum(1 for item in fields if item is not None and item.custom and item.long_text)
