"""search (SOSL) and parameterizedSearch."""

from __future__ import annotations

from collections.abc import Iterator, Mapping
from typing import Any

from crmbridge.sandbox.salesforce import sosl
from crmbridge.sandbox.salesforce.failures import refuse
from crmbridge.sandbox.salesforce.fields import Field
from crmbridge.sandbox.salesforce.org import Org
from crmbridge.sandbox.salesforce.schema import SObject
from crmbridge.sandbox.salesforce.wire import Call, Reply

#: Types of the fields that are searched, by group; a group without types is searched by name.
_TYPES = {
    "all": {"string", "email", "phone", "picklist", "textarea", "url", "combobox", "multipicklist"},
    "sidebar": {"string", "email", "phone"},
    "email": {"email"},
    "phone": {"phone"},
}
_NAMES = {"name", "firstname", "lastname", "company", "subject", "username", "companyname"}
#: Characters of a long text that are searched.
_SEARCHED = 2_000
#: From this version on the records are in an object; before it the answer is a list of them.
_OBJECT_FROM = 37.0


def search(org: Org, call: Call) -> Reply:
    """GET search?q=FIND {…}."""
    statement = call.arg("q")
    if statement is None:
        raise sosl.malformed("A search string has to be specified")
    return _answer(call, _found(org, call, sosl.parse(statement)))


def parameterized(org: Org, call: Call) -> Reply:
    """GET or POST parameterizedSearch."""
    given = call.object() if call.method == "POST" else _from_query(call)
    term = given.get("q")
    if not isinstance(term, str):
        raise sosl.malformed("q is required")
    wanted = tuple(_wanted(one, given) for one in _list(given.get("sobjects")))
    limit = min(_whole(given.get("overallLimit")) or sosl.MAX_RECORDS, sosl.MAX_RECORDS)
    group = str(given.get("in") or "all").lower().removesuffix(" fields")
    return _answer(call, _found(org, call, sosl.Search(term, group, wanted, limit)))


def _answer(call: Call, records: list[dict[str, Any]]) -> Reply:
    return Reply(body={"searchRecords": records} if float(call.caller.version) >= _OBJECT_FROM else records)


def _found(org: Org, call: Call, asked: sosl.Search) -> list[dict[str, Any]]:
    if asked.group not in (*_TYPES, "name"):
        raise sosl.malformed(f"unknown search group: {asked.group[:40]}")
    alternatives = sosl.matcher(asked.term)
    wanted = asked.wanted or tuple(
        sosl.Wanted(item.name) for item in org.seen.objects.values() if _searchable(item)
    )
    records: list[dict[str, Any]] = []
    for one in wanted:
        records += _of_object(org, call, one, alternatives, asked.group)
    return records[: asked.limit]


def _of_object(
    org: Org, call: Call, wanted: sosl.Wanted, alternatives: sosl.Alternatives, group: str
) -> list[dict[str, Any]]:
    item = org.seen.get(wanted.object)
    if item is None or not _searchable(item):
        raise refuse("INVALID_TYPE", f"sObject type '{wanted.object}' is not supported.")
    plan = org.queries.planner(call.caller.user_id).plan(wanted.soql)
    if plan.kind != "rows" or plan.children:
        raise sosl.malformed("only fields can be returned")
    texts = [f'substr({plan.row_sql}."{column.name}", 1, {_SEARCHED})' for column in _columns(item, group)]
    if not texts:
        return []
    rowids = [
        rowid
        for rowid, text in org.queries.texts(plan, texts)
        if sosl.fulfils(alternatives, text)
    ]  # fmt: skip
    most = sosl.MAX_RECORDS if plan.limit is None else plan.limit
    return org.queries.records(call.caller, plan, rowids[plan.offset : plan.offset + most])


def _searchable(item: SObject) -> bool:
    return item.can("undelete") or item.name == "User"


def _columns(item: SObject, group: str) -> Iterator[Field]:
    types = _TYPES.get(group)
    for column in item.columns():
        if column.type in types if types is not None else column.name.lower() in _NAMES:
            yield column


def _from_query(call: Call) -> dict[str, Any]:
    """Read ``q=…&sobject=Lead&Lead.fields=Id,Name&Lead.limit=5`` into the form of the POST body."""
    names = [value for key, value in call.query if key == "sobject"]
    keys = ("fields", "limit", "where", "orderBy")
    objects: list[dict[str, Any]] = [
        {"name": name} | {key: value for key in keys if (value := call.arg(f"{name}.{key}") or "")}
        for name in names
    ]
    general = ("q", "in", "fields", "overallLimit", "defaultLimit")
    given: dict[str, Any] = {key: call.arg(key) for key in general if call.arg(key)}
    return given | {"sobjects": objects}


def _wanted(one: Any, given: Mapping[str, Any]) -> sosl.Wanted:
    body = one if isinstance(one, dict) else {"name": one}
    fields = _list(body.get("fields") or given.get("fields"))
    clauses = [
        f"{word} {value}"
        for word, key in (("WHERE", "where"), ("ORDER BY", "orderBy"))
        if (value := body.get(key))
    ]
    limit = _whole(body.get("limit") or given.get("defaultLimit"))
    clauses += [f"LIMIT {limit}"] if limit else []
    return sosl.Wanted(str(body.get("name")), ", ".join(map(str, fields)), " ".join(clauses))


def _list(value: Any) -> list[Any]:
    if isinstance(value, str):
        return [part.strip() for part in value.split(",") if part.strip()]
    return value if isinstance(value, list) else []


def _whole(value: Any) -> int:
    text = str(value) if value is not None and not isinstance(value, bool) else ""
    return int(text) if text.isdecimal() and len(text) < 9 else 0
