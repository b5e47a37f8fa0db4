"""Functions of SOQL: aggregates, and those that take a date apart."""

from __future__ import annotations

from dataclasses import replace

from crmbridge.sandbox.salesforce.failures import refuse
from crmbridge.sandbox.salesforce.fields import NUMERIC, Field
from crmbridge.sandbox.salesforce.soql import tree
from crmbridge.sandbox.salesforce.soql.names import Names
from crmbridge.sandbox.salesforce.soql.parse import pointed

AGGREGATES = {
    "count": "count({})",
    "count_distinct": "count(DISTINCT {})",
    "sum": "sum({})",
    "avg": "avg({})",
    "min": "min({})",
    "max": "max({})",
}
_PARTS = {
    "calendar_year": "CAST(substr({0}, 1, 4) AS INTEGER)",
    "calendar_quarter": "(CAST(substr({0}, 6, 2) AS INTEGER) + 2) / 3",
    "calendar_month": "CAST(substr({0}, 6, 2) AS INTEGER)",
    "day_in_month": "CAST(substr({0}, 9, 2) AS INTEGER)",
    "day_in_week": "CAST(strftime('%w', substr({0}, 1, 10)) AS INTEGER) + 1",
    "day_in_year": "CAST(strftime('%j', substr({0}, 1, 10)) AS INTEGER)",
    "hour_in_day": "CAST(substr({0}, 12, 2) AS INTEGER)",
    "day_only": "substr({0}, 1, 10)",
}
_PARTS |= {f"fiscal_{unit}": _PARTS[f"calendar_{unit}"] for unit in ("year", "quarter", "month")}
_COUNTED = Field(name="expr", label="expr", type="int")


def is_aggregate(what: object) -> bool:
    """Tell whether an expression is an aggregate."""
    return isinstance(what, tree.Call) and what.name in AGGREGATES


def compile_call(names: Names, call: tree.Call) -> tuple[str, Field]:
    """Give SQL of a function and a field that tells the type of its result.

    Raises:
        ApiError: The function is unknown or its argument does not fit.
    """
    if call.name in ("tolabel", "format") and len(call.args) == 1 and isinstance(call.args[0], tree.Path):
        column = names.column(call.args[0])
        return column.sql, column.field
    if call.name not in AGGREGATES and call.name not in _PARTS:
        raise pointed(names.statement, call.at, "MALFORMED_QUERY", f"unexpected token: '{call.name}'")
    if len(call.args) != 1 or not isinstance(call.args[0], tree.Path):
        raise pointed(names.statement, call.at, "MALFORMED_QUERY", f"bad argument of function: {call.name}")
    column = names.column(call.args[0])
    if call.name in _PARTS:
        return _part(call, column.sql, column.field)
    return _aggregate(call, column.sql, column.field)


def _part(call: tree.Call, sql: str, column: Field) -> tuple[str, Field]:
    if column.type not in ("date", "datetime"):
        raise refuse("INVALID_FIELD", f"field {column.name} does not support function {call.name}")
    result = replace(_COUNTED, type="date") if call.name == "day_only" else _COUNTED
    return _PARTS[call.name].format(sql), result


def _aggregate(call: tree.Call, sql: str, column: Field) -> tuple[str, Field]:
    numeric = column.type in NUMERIC or column.type == "int"
    if not column.aggregatable or (call.name in ("sum", "avg") and not numeric):
        raise refuse(
            "MALFORMED_QUERY", f"field {column.name} does not support aggregate operator {call.name.upper()}"
        )
    result = _COUNTED if call.name.startswith("count") else column
    if call.name == "avg":
        result = replace(_COUNTED, type="double")
    return AGGREGATES[call.name].format(sql), result
