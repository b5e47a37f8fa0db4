"""What a query job gives: pages of CSV."""

from __future__ import annotations

from array import array
from collections.abc import Callable, Iterator, Sequence
from typing import Any

from crmbridge.sandbox.salesforce.bulk.jobs import QueryJob
from crmbridge.sandbox.salesforce.bulk.tables import write_table
from crmbridge.sandbox.salesforce.failures import ApiError, refuse
from crmbridge.sandbox.salesforce.soql import Plan
from crmbridge.sandbox.salesforce.soql.shape import Shape
from crmbridge.sandbox.salesforce.store import Store

#: Rows read by one statement, which names each of them.
_CHUNK = 10_000
_ZONE = "+0000"

Reader = Callable[[Sequence[Any]], str]


def check_plan(plan: Plan) -> None:
    """Refuse what the REST API answers and a query job does not (queries page, checked 2026-11-21)."""
    complaints = (
        (plan.kind != "rows", "Aggregate Relationships not supported in Bulk Query"),
        (bool(plan.offset), "Offset not supported in Bulk Query"),
        (bool(plan.children), "Subqueries not supported in Bulk Query"),
        (bool(plan.shape.branches), "TYPEOF not supported in Bulk Query"),
        (_has_address(plan.shape), "Selecting compound data not supported in Bulk Query"),
    )
    for applies, message in complaints:
        if applies:
            raise _unsupported(message)


def _unsupported(message: str) -> ApiError:
    return refuse("API_ERROR", message)


def _has_address(shape: Shape) -> bool:
    return bool(shape.addresses) or any(_has_address(parent) for parent in shape.parents.values())


def find_rows(store: Store, plan: Plan) -> array[int]:
    """Give the rows of a plan in its order."""
    clauses = f"{plan.where_sql}{plan.order_sql}{plan.window_sql}"
    sql = f"SELECT {plan.row_sql}.rowid {plan.names.from_sql}{clauses}"
    return array("q", (row[0] for row in store.db.execute(sql, plan.parameters)))


def page(store: Store, job: QueryJob, start: int, count: int) -> tuple[bytes, int]:
    """Give one page as CSV and the number of its rows."""
    readers = dict(_readers(job.plan.shape, ""))
    rowids = job.rowids[start : start + count]
    rows = [
        [read(row) for read in readers.values()]
        for at in range(0, len(rowids), _CHUNK)
        for row in _read(store, job.plan, rowids[at : at + _CHUNK])
    ]
    return write_table(list(readers), rows, job.delimiter, job.line_ending), len(rows)


def _read(store: Store, plan: Plan, rowids: array[int]) -> Iterator[Sequence[Any]]:
    rowid = f"{plan.row_sql}.rowid"
    columns = ", ".join([rowid, *plan.columns.sqls])
    marks = ",".join(map(str, rowids))
    found = store.db.execute(f"SELECT {columns} {plan.names.from_sql} WHERE {rowid} IN ({marks})")
    by_rowid = {row[0]: row[1:] for row in found}
    return (by_rowid[rowid] for rowid in rowids if rowid in by_rowid)


def _readers(shape: Shape, prefix: str) -> Iterator[tuple[str, Reader]]:
    for name in dict.fromkeys(shape.order):
        if name in shape.parents:
            yield from _readers(shape.parents[name], f"{prefix}{name}.")
        else:
            at = shape.values[name]
            yield f"{prefix}{name}", _flag(at) if at in shape.booleans else _text(at)


def _flag(at: int) -> Reader:
    return lambda row: "" if row[at] is None else "true" if row[at] == 1 else "false"


def _text(at: int) -> Reader:
    def read(row: Sequence[Any]) -> str:
        value = row[at]
        if value is None:
            return ""
        text = str(value)
        # Datetimes end in Z here, unlike in JSON (facts checked 2026-11-21).
        return text[:-5] + "Z" if len(text) == 28 and text.endswith(_ZONE) and text[10] == "T" else text

    return read
