"""What a query would give and cost: ``query?columns=true`` and ``query?explain=``."""

from __future__ import annotations

import re
from typing import Any

from crmbridge.sandbox.salesforce.fields import NUMERIC, Field
from crmbridge.sandbox.salesforce.org import Org
from crmbridge.sandbox.salesforce.soql import Plan
from crmbridge.sandbox.salesforce.soql.names import Node
from crmbridge.sandbox.salesforce.soql.shape import Shape
from crmbridge.sandbox.salesforce.wire import Call, Reply

_APEX = {
    "id": "Id", "reference": "Id", "boolean": "Boolean", "int": "Integer", "date": "Date",
    "datetime": "Datetime", "address": "Address", **dict.fromkeys(NUMERIC, "Double"),
}  # fmt: skip
#: SQLite's word for a lookup is SEARCH; a SCAN reads everything, even along an index.
_INDEX = re.compile(
    r"SEARCH .*?USING (?:COVERING )?INDEX sf_[il]_\w+?_(\w+) |SEARCH .*?USING INDEX (sqlite_autoindex)"
)


def columns(org: Org, call: Call, statement: str) -> Reply:
    """Tell the columns of a query, parents and children as columns within columns."""
    plan = org.queries.planner(call.caller.user_id).plan(statement)
    body = {
        "columnMetadata": _columns(plan),
        "entityName": plan.root.name,
        "groupBy": bool(plan.group_sql),
        "idSelected": "Id" in plan.shape.values,
        "keyPrefix": plan.root.standard.prefix,
    }
    return Reply(body=body)


def _columns(plan: Plan) -> list[dict[str, Any]]:
    if plan.kind != "rows":
        return [_of_field(name, plan.root.find(name)) for name, _ in plan.labels]
    children = [
        _column(child.name, aggregate=True, joined=_columns(child.plan), foreign=child.name)
        for child in plan.children
    ]
    return _of_shape(plan.shape) + children


def _of_shape(shape: Shape) -> list[dict[str, Any]]:
    return [
        _column(name, joined=_of_shape(shape.parents[name]), foreign=name)
        if name in shape.parents
        else _of_field(name, _field(shape.node, name))
        for name in dict.fromkeys(shape.order)
    ]


def _field(node: Node, name: str) -> Field | None:
    column = node.column(name)
    return None if column is None else column.field


def _of_field(name: str, field: Field | None) -> dict[str, Any]:
    if field is None:  # an aggregate: a number without a field of its own
        return _column(name, aggregate=True, apex="Double")
    return _column(
        name, apex=_APEX.get(field.type, "String"), insertable=field.createable, updatable=field.updateable
    )


def _column(
    name: str,
    *,
    aggregate: bool = False,
    apex: str | None = None,
    insertable: bool = False,
    updatable: bool = False,
    joined: list[dict[str, Any]] | None = None,
    foreign: str | None = None,
) -> dict[str, Any]:
    return {
        "aggregate": aggregate,
        "apexType": apex,
        "booleanType": apex == "Boolean",
        "columnName": name,
        "custom": name.endswith("__c"),
        "displayName": name,
        "foreignKeyName": foreign,
        "insertable": insertable,
        "joinColumns": joined or [],
        "numberType": apex in ("Double", "Integer"),
        "textType": apex in ("String", "Id"),
        "updatable": updatable,
    }


def explained(org: Org, call: Call, statement: str) -> Reply:
    """Tell how a query would run: by the index the store would use, or by reading the whole table."""
    plan = org.queries.planner(call.caller.user_id).plan(statement)
    indexed = _indexed(org, plan)
    total = org.store.count(plan.root)
    found = org.queries.count(plan) if plan.kind == "rows" else total
    step = {
        "cardinality": found,
        "fields": indexed,
        "leadingOperationType": "Index" if indexed else "TableScan",
        "notes": [] if indexed else [_note(plan)],
        "relativeCost": round(found / total, 4) if indexed and total else 1.0,
        "sobjectCardinality": total,
        "sobjectType": plan.root.name,
    }
    return Reply(body={"plans": [step], "sourceQuery": statement})


def _indexed(org: Org, plan: Plan) -> list[str]:
    sql = f"EXPLAIN QUERY PLAN SELECT 1 {plan.names.from_sql}{plan.where_sql}"
    first = org.store.db.execute(sql, plan.parameters).fetchone()
    match = _INDEX.search(f"{first[3]} ") if first else None
    return [match[1] or "Id"] if match else []


def _note(plan: Plan) -> dict[str, Any]:
    return {
        "description": "Not considering filter for optimization because unindexed",
        "fields": ["IsDeleted"] if plan.root.has("IsDeleted") else [],
        "tableEnumOrId": plan.root.name,
    }
