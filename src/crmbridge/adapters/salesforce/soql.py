"""SOQL texts: names are checked against a pattern, values are bound by the SDK's quoting, never pasted."""

from __future__ import annotations

import re
from collections.abc import Iterable, Sequence
from urllib.parse import quote

from simple_salesforce.format import format_soql

from crmbridge.errors import Forbidden, Where
from crmbridge.salesforce_ids import long_id

_NAME = re.compile(r"[A-Za-z]\w*(\.[A-Za-z]\w*)*", re.ASCII)
_ID = re.compile(r"[A-Za-z0-9]{15}(?:[A-Za-z0-9]{3})?", re.ASCII)


def id18(value: str) -> str:
    """Give an id in its 18-character form, which survives tools that ignore case.

    Raises:
        Forbidden: it has not the form of an id: it must not get into a URL.
    """
    if len(value) == 18 and value.isascii() and value.isalnum():
        return value
    if not _ID.fullmatch(value):
        raise Forbidden("a record id has not the form of a Salesforce id", Where("salesforce"))
    return long_id(value)


def is_id(value: object) -> bool:
    """Tell whether a value has the form of a record id."""
    return isinstance(value, str) and _ID.fullmatch(value) is not None


def field_name(name: str) -> str:
    """Give an API name back, checked.

    Raises:
        Forbidden: the mapping holds something else than an API name.
    """
    if not _NAME.fullmatch(name):
        raise Forbidden("the mapping names a field that has not the form of an API name", Where("salesforce"))
    return name


def select(object: str, fields: Iterable[str], *, child: str = "", where: str = "", order: str = "") -> str:
    """Write one query. ``child`` and ``where`` come from our own tables and the functions below."""
    columns = [field_name(name) for name in fields] + ([child] if child else [])
    condition = f" WHERE {where}" if where else ""
    tail = f" ORDER BY {order}" if order else ""
    # Not SQL, and nothing in it is a value: names are checked, conditions are bound below.
    return f"SELECT {', '.join(columns)} FROM {field_name(object)}{condition}{tail}"  # noqa: S608


def within(name: str, values: Sequence[str]) -> str:
    """Ask for rows whose field is one of the values; at least one."""
    return field_name(name) + format_soql(" IN {}", list(values))


def both(*conditions: str) -> str:
    """Join conditions, empty ones left out."""
    return " AND ".join(condition for condition in conditions if condition)


def query_path(query: str, *, deleted: bool = False) -> str:
    """Give the path of a query below the version's; ``deleted`` adds deleted, merged and archived rows."""
    return f"{'queryAll' if deleted else 'query'}/?q={quote(query, safe='')}"
