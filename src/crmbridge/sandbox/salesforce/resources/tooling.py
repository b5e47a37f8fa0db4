"""The tooling API, only as far as custom fields need it."""

from __future__ import annotations

import re
from typing import Any

import msgspec

from crmbridge.sandbox.salesforce.custom import create_field
from crmbridge.sandbox.salesforce.failures import not_found, refuse
from crmbridge.sandbox.salesforce.fields import Field
from crmbridge.sandbox.salesforce.org import Org
from crmbridge.sandbox.salesforce.soql import parse, tree
from crmbridge.sandbox.salesforce.soql.parse import pointed, text_of
from crmbridge.sandbox.salesforce.wire import Call, Reply

_COLUMNS = (
    "Id",
    "DeveloperName",
    "TableEnumOrId",
    "FullName",
    "NamespacePrefix",
    "Length",
    "ManageableState",
)
_BY_NAME = {name.lower(): name for name in _COLUMNS}
_FIELD_ID = re.compile(r"00N[0-9A-Za-z]{12}(?:[0-9A-Za-z]{3})?")


def create_custom_field(org: Org, call: Call) -> Reply:
    """POST tooling/sobjects/CustomField."""
    if org.world.options.salesforce.read_only_profile:
        raise refuse("INSUFFICIENT_ACCESS", "You do not have the level of access necessary.", status=403)
    body = call.object()
    full_name, metadata = body.get("FullName"), body.get("Metadata")
    if not isinstance(full_name, str) or not isinstance(metadata, dict):
        missing = "Required fields are missing: [FullName, Metadata]"
        raise refuse("REQUIRED_FIELD_MISSING", missing, ["FullName", "Metadata"])
    field_id, name = create_field(org.store, full_name, metadata)
    org.writer.effects.append(f"salesforce CustomField {full_name.partition('.')[0]}.{name} created")
    location = {"Location": f"{call.caller.base}/tooling/sobjects/CustomField/{field_id}"}
    return Reply(status=201, body={"id": field_id, "success": True, "errors": []}, headers=location)


def read_custom_field(org: Org, call: Call) -> Reply:
    """GET tooling/sobjects/CustomField/{id}."""
    for row in _rows(org):
        if row["Id"][:15] == call.path[3][:15] and _FIELD_ID.fullmatch(call.path[3]):
            return Reply(body=_record(call, row, _COLUMNS))
    raise not_found()


def query(org: Org, call: Call) -> Reply:
    """GET tooling/query: CustomField with equality conditions joined by AND, and IN."""
    statement = call.arg("q") or ""
    select = parse(statement)
    if select.source.name.lower() != "customfield":
        message = f"sObject type '{select.source.name}' is not supported."
        raise pointed(statement, select.source.at, "INVALID_TYPE", message)
    rows = [row for row in _rows(org) if select.where is None or _fulfils(row, select.where, statement)]
    names = [_name(item.what, statement) for item in select.items]
    records = [_record(call, row, names) for row in rows[: select.limit]]
    body = {"size": len(records), "totalSize": len(rows), "done": True, "queryLocator": None}
    return Reply(body=body | {"entityTypeName": "CustomField", "records": records})


def _rows(org: Org) -> list[dict[str, Any]]:
    return [_row(*row) for row in org.schema.custom_rows()]


def _row(field_id: str, object_: str, data: str) -> dict[str, Any]:
    column = msgspec.json.decode(data, type=Field)
    return {
        "Id": field_id,
        "DeveloperName": column.name.removesuffix("__c"),
        "TableEnumOrId": object_,
        "FullName": f"{object_}.{column.name}",
        "NamespacePrefix": None,
        "Length": column.length or None,
        "ManageableState": "unmanaged",
    }


def _record(call: Call, row: dict[str, Any], names: Any) -> dict[str, Any]:
    url = f"{call.caller.base}/tooling/sobjects/CustomField/{row['Id']}"
    return {"attributes": {"type": "CustomField", "url": url}, **{name: row[name] for name in names}}


def _name(what: object, statement: str) -> str:
    path = what if isinstance(what, tree.Path) else tree.Path(("?",), 0)
    name = ".".join(path.names).lower()
    name = {"entitydefinition.qualifiedapiname": "tableenumorid"}.get(name, name)
    if name not in _BY_NAME:
        message = f"No such column '{path.names[-1]}' on entity 'CustomField'."
        raise pointed(statement, path.at, "INVALID_FIELD", message)
    return _BY_NAME[name]


def _fulfils(row: dict[str, Any], condition: tree.Condition, statement: str) -> bool:
    match condition:
        case tree.All(parts):
            return all(_fulfils(row, part, statement) for part in parts)
        case tree.Some(parts):
            return any(_fulfils(row, part, statement) for part in parts)
        case tree.Not(part):
            return not _fulfils(row, part, statement)
        case tree.Compare(left, "=" | "!=" as operator, right):
            same = _same(row[_name(left, statement)], right)
            return same == (operator == "=")
        case tree.Within(left, "in" | "not in" as operator, values):
            found = any(_same(row[_name(left, statement)], value) for value in values)
            return found == (operator == "in")
        case _:
            raise refuse("MALFORMED_QUERY", "this condition is not supported on CustomField")


def _same(value: Any, literal: tree.Literal) -> bool:
    wanted = None if literal.kind == "null" else text_of(literal)
    return value is wanted if value is None or wanted is None else str(value).lower() == wanted.lower()
