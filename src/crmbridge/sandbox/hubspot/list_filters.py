"""Filters of lists compiled to SQL: AND and OR branches of property filters and of other lists."""

from __future__ import annotations

from collections.abc import Mapping
from typing import TYPE_CHECKING, Any

from crmbridge.sandbox.hubspot.errors import HubSpotError, invalid_input
from crmbridge.sandbox.hubspot.objects import ObjectType

if TYPE_CHECKING:
    from crmbridge.sandbox.hubspot.portal import Portal

MAX_DEPTH = 8
#: Operator of a list filter to that of a search (lists guide, recalled 2026-11-21).
_OPERATORS = {
    "IS_EQUAL_TO": "EQ",
    "IS_NOT_EQUAL_TO": "NEQ",
    "IS_ANY_OF": "IN",
    "IS_NONE_OF": "NOT_IN",
    "CONTAINS": "CONTAINS_TOKEN",
    "DOES_NOT_CONTAIN": "NOT_CONTAINS_TOKEN",
    "IS_KNOWN": "HAS_PROPERTY",
    "IS_UNKNOWN": "NOT_HAS_PROPERTY",
    "IS_GREATER_THAN": "GT",
    "IS_GREATER_THAN_OR_EQUAL_TO": "GTE",
    "IS_LESS_THAN": "LT",
    "IS_LESS_THAN_OR_EQUAL_TO": "LTE",
    "IS_BETWEEN": "BETWEEN",
}
_SEVERAL = {"EQ": "IN", "NEQ": "NOT_IN"}
Sql = tuple[str, list[Any]]


def compile_branch(portal: Portal, kind: ObjectType, branch: Any, depth: int = 0) -> Sql:
    """Compile a filter branch.

    Raises:
        HubSpotError: 400, it is not as documented, or of a kind that the sandbox does not emulate.
    """
    joined = branch.get("filterBranchType") if isinstance(branch, dict) else None
    if joined not in ("AND", "OR") or depth > MAX_DEPTH:
        raise invalid_input("filterBranch must be an AND or OR branch; others are not emulated")
    filters, branches = branch.get("filters") or [], branch.get("filterBranches") or []
    if not isinstance(filters, list) or not isinstance(branches, list):
        raise invalid_input("filters and filterBranches must be lists")
    parts = [_filter(portal, kind, item) for item in filters]
    parts += [compile_branch(portal, kind, item, depth + 1) for item in branches]
    if not parts:
        return ("1" if joined == "AND" else "0"), []
    sql = f" {joined} ".join(f"({text})" for text, _ in parts)
    return sql, [value for _, values in parts for value in values]


def _filter(portal: Portal, kind: ObjectType, item: Any) -> Sql:
    made = _FILTERS.get(str(item.get("filterType"))) if isinstance(item, dict) else None
    if made is None:
        raise invalid_input(f"filterType must be one of: {', '.join(_FILTERS)}; others are not emulated")
    return made(portal, kind, item)


def _property(portal: Portal, kind: ObjectType, item: Mapping[str, Any]) -> Sql:
    from crmbridge.sandbox.hubspot.search_sql import condition  # noqa: PLC0415 - it needs the portal

    operation = item.get("operation")
    operator = _OPERATORS.get(str(operation.get("operator"))) if isinstance(operation, dict) else None
    if operator is None or not isinstance(operation, dict):
        raise invalid_input("operation.operator is unknown or not emulated")
    try:
        return condition(portal, kind, {"propertyName": item.get("property"), **_asked(operator, operation)})
    except HubSpotError as error:  # a filter from the epoch on breaks searches, not lists
        raise invalid_input(error.message) from None


def _asked(operator: str, operation: Mapping[str, Any]) -> dict[str, Any]:
    values = operation.get("values")
    if operator == "BETWEEN":
        low, high = operation.get("lowerBound"), operation.get("upperBound")
        return {"operator": operator, "value": low, "highValue": high}
    if isinstance(values, list) and operator in ("IN", "NOT_IN", *_SEVERAL):
        return {"operator": _SEVERAL.get(operator, operator), "values": values}
    value = operation.get("value")
    if operator.endswith("TOKEN"):
        value = f"*{values[0] if isinstance(values, list) and values else value}*"
    return {"operator": operator, "value": value}


def _in_list(portal: Portal, kind: ObjectType, item: Mapping[str, Any]) -> Sql:
    del kind
    number = str(item.get("listId"))
    operator = item.get("operator", "IN_LIST")
    other = portal.lists.get(int(number)) if number.isascii() and number.isdigit() else None
    # A list of a list that follows a filter could go round in circles.
    if other is None or other["processingType"] == "DYNAMIC" or operator not in ("IN_LIST", "NOT_IN_LIST"):
        raise invalid_input("listId must name a list without a filter of its own")
    ids = sorted(portal.lists.member_ids(int(number)))
    members = "id IN (SELECT value FROM json_each(?))"
    return (f"NOT ({members})" if operator == "NOT_IN_LIST" else members), [str(ids)]


_FILTERS = {"PROPERTY": _property, "IN_LIST": _in_list}
