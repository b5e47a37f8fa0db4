"""Search requests compiled to SQL conditions."""

from __future__ import annotations

from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass
from typing import Any

from crmbridge.sandbox.clock import iso_ms
from crmbridge.sandbox.hubspot.errors import HubSpotError, invalid_input
from crmbridge.sandbox.hubspot.lookup import index_of, normalised
from crmbridge.sandbox.hubspot.objects import ObjectType
from crmbridge.sandbox.hubspot.portal import Portal
from crmbridge.sandbox.hubspot.values import moment_ms

#: Search guide, checked 2026-11-21 (an older changelog says 10 and 25).
MAX_GROUPS, MAX_FILTERS_PER_GROUP, MAX_FILTERS = 5, 6, 18
_QUERIED = {
    "contacts": ("email", "firstname", "lastname", "phone", "company", "hs_additional_emails"),
    "companies": ("name", "domain", "website", "phone"),
    "deals": ("dealname",),
    "leads": ("hs_lead_name",),
}
Values = list[Any]


@dataclass(frozen=True, slots=True, kw_only=True)
class Query:
    """SQL of one search, with its values."""

    where: str
    values: Values
    order: str
    order_values: Values


@dataclass(frozen=True, slots=True)
class _Column:
    """A property as SQL sees it."""

    #: Expression with at most the value below.
    sql: str
    values: Values
    type: str
    #: Brings a filter's value into the form of the column.
    convert: Callable[[str], Any]


def compile_search(portal: Portal, kind: ObjectType, body: Mapping[str, Any]) -> Query:
    """Compile a search request.

    Raises:
        HubSpotError: 400, it is not as documented or over a limit; 500, a filter from the epoch on.
    """
    groups = [_group(portal, kind, filters) for filters in _groups(body)]
    parts: list[str] = ["archived = 0"]
    values: Values = []
    if groups:
        parts.append("(" + " OR ".join(sql for sql, _ in groups) + ")")
        values += [value for _, group in groups for value in group]
    text = body.get("query")
    if text:
        sql, more = _full_text(kind, str(text))
        parts.append(sql)
        values += more
    order, order_values = _order(portal, kind, body.get("sorts"))
    return Query(where=" AND ".join(parts), values=values, order=order, order_values=order_values)


def _groups(body: Mapping[str, Any]) -> list[list[Any]]:
    sent = body.get("filterGroups") or []
    if not isinstance(sent, list):
        raise invalid_input("Invalid input JSON: filterGroups must be a list")
    groups = [group.get("filters") if isinstance(group, dict) else None for group in sent]
    if body.get("filters"):
        groups.append(body["filters"])
    if any(not isinstance(filters, list) for filters in groups):
        raise invalid_input("Invalid input JSON: filters must be a list")
    lists = [filters for filters in groups if filters]
    if len(lists) > MAX_GROUPS:
        raise invalid_input(f"The number of filter groups is over the limit of {MAX_GROUPS}.")
    if max(map(len, lists), default=0) > MAX_FILTERS_PER_GROUP or sum(map(len, lists)) > MAX_FILTERS:
        raise invalid_input(
            f"The number of filters is over {MAX_FILTERS_PER_GROUP} in a group or {MAX_FILTERS} in all."
        )
    return lists


def condition(portal: Portal, kind: ObjectType, item: Mapping[str, Any]) -> tuple[str, Values]:
    """Compile one filter of a search.

    Raises:
        HubSpotError: As `compile_search`.
    """
    return _filter(portal, kind, item)


def _group(portal: Portal, kind: ObjectType, filters: Sequence[Any]) -> tuple[str, Values]:
    parts, values = [], []
    for item in filters:
        sql, more = _filter(portal, kind, item)
        parts.append(sql)
        values += more
    return "(" + " AND ".join(parts) + ")", values


def _filter(portal: Portal, kind: ObjectType, item: Any) -> tuple[str, Values]:
    if not isinstance(item, dict) or not isinstance(item.get("propertyName"), str):
        raise invalid_input("Invalid input JSON: a filter needs propertyName and operator")
    operator, name = str(item.get("operator")), item["propertyName"]
    if name not in portal.catalog.properties(kind):
        raise invalid_input(f"There was a problem with the request. Property {name} does not exist.")
    if operator in ("EQ", "IN") and name in portal.catalog.unique_names(kind):
        return _unique(portal, kind, name, _given(item, operator))
    compile_operator = _OPERATORS.get(operator)
    if compile_operator is None:
        raise invalid_input(f"Invalid input JSON: unknown operator {operator[:40]}")
    return compile_operator(_column(portal, kind, name), item)


def _unique(portal: Portal, kind: ObjectType, name: str, given: Sequence[str]) -> tuple[str, Values]:
    found = portal.store.find(kind, index_of(kind, name), [normalised(name, value) for value in given])
    ids = sorted(set(found.values()))
    return f"id IN ({','.join('?' * len(ids))})", [*ids]


def _given(item: Mapping[str, Any], operator: str) -> list[str]:
    if operator in ("IN", "NOT_IN"):
        values = item.get("values")
        if not isinstance(values, list) or not values:
            raise invalid_input(f"Invalid input JSON: {operator} needs values")
        return [_text(value) for value in values]
    if item.get("value") is None:
        raise invalid_input(f"Invalid input JSON: {operator} needs a value")
    return [_text(item["value"])]


def _text(value: Any) -> str:
    if isinstance(value, bool):
        return "true" if value else "false"
    return str(value)


def _column(portal: Portal, kind: ObjectType, name: str) -> _Column:
    if name == "hs_object_id":
        return _Column("id", [], "number", _number)
    if name == kind.modified_property:
        return _Column("modified", [], "datetime", _milliseconds)
    type_name = portal.catalog.properties(kind)[name]["type"]
    sql, convert = _SQL_OF_TYPE.get(type_name, _SQL_OF_TEXT)
    # Written out, not bound: an index is used for the very same expression only.
    path = name.replace("'", "''")
    sql = sql.format(f"json_extract(properties, '$.\"{path}\"')")
    portal.store.index_property(kind, name, sql)
    return _Column(sql, [], type_name, convert)


def _number(text: str) -> float:
    try:
        return float(text)
    except ValueError:
        raise invalid_input(f"There was a problem with the request: {text[:40]} is no number") from None


def _milliseconds(text: str) -> int:
    try:
        value = moment_ms(text)
    except ValueError:
        raise invalid_input(f"There was a problem with the request: {text[:40]} is no date") from None
    if value == 0:  # the live service fails on filters from the epoch itself (checked 2026-11-21)
        raise HubSpotError(500, "There was a problem with the request.", None)
    return value


#: Type of a property -> its expression, with a place for its text, and how a filter's value is read.
_SQL_OF_TYPE: Mapping[str, tuple[str, Callable[[str], Any]]] = {
    "number": ("CAST({} AS REAL)", _number),
    "datetime": ("{}", lambda text: iso_ms(_milliseconds(text))),
    "date": ("{}", lambda text: iso_ms(_milliseconds(text))[:10]),
}
_SQL_OF_TEXT = ("lower_text({})", str.lower)


def _compare(sign: str) -> Callable[[_Column, Mapping[str, Any]], tuple[str, Values]]:
    def compiled(column: _Column, item: Mapping[str, Any]) -> tuple[str, Values]:
        value = column.convert(_given(item, str(item["operator"]))[0])
        return f"{column.sql} {sign} ?", [*column.values, value]

    return compiled


def _not_equal(column: _Column, item: Mapping[str, Any]) -> tuple[str, Values]:
    value = column.convert(_given(item, "NEQ")[0])
    return f"{column.sql} IS NOT ?", [*column.values, value]


def _between(column: _Column, item: Mapping[str, Any]) -> tuple[str, Values]:
    if item.get("highValue") is None:
        raise invalid_input("Invalid input JSON: BETWEEN needs value and highValue")
    low, high = (column.convert(_text(item.get(key))) for key in ("value", "highValue"))
    return f"{column.sql} BETWEEN ? AND ?", [*column.values, low, high]


def _among(column: _Column, item: Mapping[str, Any]) -> tuple[str, Values]:
    values = [column.convert(value) for value in _given(item, "IN")]
    return f"{column.sql} IN ({','.join('?' * len(values))})", [*column.values, *values]


def _not_among(column: _Column, item: Mapping[str, Any]) -> tuple[str, Values]:
    sql, values = _among(column, {**item, "values": _given(item, "NOT_IN")})
    return f"({column.sql} IS NULL OR NOT {sql})", [*column.values, *values]


def _present(column: _Column, _: Mapping[str, Any]) -> tuple[str, Values]:
    return f"{column.sql} IS NOT NULL", column.values


def _absent(column: _Column, _: Mapping[str, Any]) -> tuple[str, Values]:
    return f"{column.sql} IS NULL", column.values


def _token(column: _Column, item: Mapping[str, Any]) -> tuple[str, Values]:
    """Match whole words; ``*`` stands for any end or beginning of one."""
    word = _given(item, "CONTAINS_TOKEN")[0].lower()
    escaped = word.replace("\\", "\\\\").replace("%", "\\%").replace("_", "\\_").replace("*", "%")
    separated = column.sql
    for sign in ("@", ".", ",", ";", "-", "/"):
        if sign not in word:
            separated = f"replace({separated}, '{sign}', ' ')"
    return f"' ' || {separated} || ' ' LIKE ? ESCAPE '\\'", [*column.values, f"% {escaped} %"]


def _no_token(column: _Column, item: Mapping[str, Any]) -> tuple[str, Values]:
    sql, values = _token(column, item)
    return f"({column.sql} IS NULL OR NOT ({sql}))", [*column.values, *values]


_OPERATORS: dict[str, Callable[[_Column, Mapping[str, Any]], tuple[str, Values]]] = {
    "EQ": _compare("="),
    "NEQ": _not_equal,
    "LT": _compare("<"),
    "LTE": _compare("<="),
    "GT": _compare(">"),
    "GTE": _compare(">="),
    "BETWEEN": _between,
    "IN": _among,
    "NOT_IN": _not_among,
    "HAS_PROPERTY": _present,
    "NOT_HAS_PROPERTY": _absent,
    "CONTAINS_TOKEN": _token,
    "NOT_CONTAINS_TOKEN": _no_token,
}


def _full_text(kind: ObjectType, text: str) -> tuple[str, Values]:
    names = _QUERIED.get(kind.name, ("hs_object_id",))
    escaped = text.lower().replace("\\", "\\\\").replace("%", "\\%").replace("_", "\\_")
    parts = " OR ".join("lower_text(json_extract(properties, ?)) LIKE ? ESCAPE '\\'" for _ in names)
    return f"({parts})", [value for name in names for value in (f'$."{name}"', f"%{escaped}%")]


def _order(portal: Portal, kind: ObjectType, sorts: Any) -> tuple[str, Values]:
    """Give the order: only the first sort counts, ids decide between equals."""
    if not sorts:
        return "id", []
    if not isinstance(sorts, list):
        raise invalid_input("Invalid input JSON: sorts must be a list")
    first = sorts[0] if isinstance(sorts[0], dict) else {"propertyName": sorts[0]}
    name, direction = str(first.get("propertyName")), str(first.get("direction") or "ASCENDING")
    descending = direction == "DESCENDING" or name.startswith("-")
    name = name.removeprefix("-")
    if name not in portal.catalog.properties(kind) or direction not in ("ASCENDING", "DESCENDING"):
        raise invalid_input(f"There was a problem with the request. Cannot sort by {name}.")
    column = _column(portal, kind, name)
    sign = "DESC" if descending else "ASC"
    return f"{column.sql} {sign}, id {sign}", column.values
