"""Single records: create, read, update, delete, and the same by external id."""

from __future__ import annotations

import hashlib
from datetime import datetime
from typing import Any

from crmbridge.sandbox.salesforce import ids
from crmbridge.sandbox.salesforce.failures import not_found, refuse
from crmbridge.sandbox.salesforce.fields import Field
from crmbridge.sandbox.salesforce.org import Org
from crmbridge.sandbox.salesforce.schema import SObject
from crmbridge.sandbox.salesforce.soql.shape import address_parts
from crmbridge.sandbox.salesforce.store import Row
from crmbridge.sandbox.salesforce.values import to_wire
from crmbridge.sandbox.salesforce.wire import (
    Call,
    Reply,
    failed_precondition,
    http_date,
    precondition,
)
from crmbridge.sandbox.salesforce.writes import SeveralMatches


def create(org: Org, call: Call) -> Reply:
    """POST sobjects/{object}."""
    item = org.object(call.path[1])
    record_id = org.writer.create(call.caller, item, call.object())
    body = {"id": record_id, "success": True, "errors": []}
    return Reply(status=201, body=body, headers=_location(call, item, record_id))


def read(org: Org, call: Call) -> Reply:
    """GET sobjects/{object}/{id}."""
    item = org.object(call.path[1])
    row = org.writer.existing(item, record_id_of(item, call.path[2]))
    return _read_row(item, row, call)


def update(org: Org, call: Call) -> Reply:
    """PATCH sobjects/{object}/{id}."""
    item = org.object(call.path[1])
    record_id = record_id_of(item, call.path[2])
    row = org.writer.existing(item, record_id)
    refused = _conditions(item, row, call, strict=True)
    if refused is not None:
        return refused
    body = call.object()
    if any(name.lower() == "id" for name in body):
        raise refuse("INVALID_FIELD", "The Id field should not be specified in the sobject data.")
    org.writer.update(call.caller, item, record_id, body)
    return Reply(status=204)


def delete(org: Org, call: Call) -> Reply:
    """DELETE sobjects/{object}/{id}."""
    item = org.object(call.path[1])
    org.writer.delete(item, record_id_of(item, call.path[2]), call.caller)
    return Reply(status=204)


def read_by_key(org: Org, call: Call) -> Reply:
    """GET sobjects/{object}/{external id field}/{value}."""
    item, key = _keyed(org, call)
    found = _matching(org, item, key, call.path[3])
    if len(found) > 1:
        return _several(call, item, found)
    return _read_row(item, org.writer.existing(item, found[0]), call)


def upsert(org: Org, call: Call) -> Reply:
    """PATCH sobjects/{object}/{external id field}/{value}."""
    item, key = _keyed(org, call)
    body = call.object()
    if any(name.lower() in ("id", key.name.lower()) for name in body):
        raise refuse("INVALID_FIELD", f"The {key.name} field should not be specified in the sobject data.")
    update_only = (call.arg("updateOnly") or "").lower() == "true"
    try:
        record_id, created = org.writer.upsert(
            call.caller, item, key, call.path[3], body, update_only=update_only
        )
    except SeveralMatches as several:
        return _several(call, item, several.ids)
    if not created and float(call.caller.version) < 46:
        return Reply(status=204)
    result = {"id": record_id, "success": True, "errors": [], "created": created}
    return Reply(status=201 if created else 200, body=result, headers=_location(call, item, record_id))


def delete_by_key(org: Org, call: Call) -> Reply:
    """DELETE sobjects/{object}/{external id field}/{value}."""
    item, key = _keyed(org, call)
    found = _matching(org, item, key, call.path[3])
    if len(found) > 1:
        return _several(call, item, found)
    org.writer.delete(item, found[0], call.caller)
    return Reply(status=204)


def record_id_of(item: SObject, text: str) -> str:
    """Give the 18-character id a path names.

    Raises:
        ApiError: MALFORMED_ID, or NOT_FOUND when it is an id of another object.
    """
    record_id = ids.to_long(text)
    if record_id is None:
        raise refuse("MALFORMED_ID", f"{item.name} ID: id value of incorrect type: {text}", ["Id"])
    if not record_id.startswith(item.standard.prefix):
        raise not_found()
    return record_id


def wire_record(item: SObject, row: Row, base: str, names: list[str] | None = None) -> dict[str, Any]:
    """Give a whole record as JSON values, or the named fields of it.

    Raises:
        ApiError: INVALID_FIELD for a name the object does not have.
    """
    columns = list(item.fields.values()) if names is None else [_column(item, name) for name in names]
    record: dict[str, Any] = {
        "attributes": {"type": item.name, "url": f"{base}/sobjects/{item.name}/{row['Id']}"}
    }
    for column in columns:
        record[column.name] = (
            _address(item, column, row) if column.type == "address" else to_wire(column, row[column.name])
        )
    return record


def _column(item: SObject, name: str) -> Field:
    column = item.find(name)
    if column is None:
        raise refuse("INVALID_FIELD", f"No such column '{name}' on sobject of type {item.name}")
    return column


def _address(item: SObject, column: Field, row: Row) -> dict[str, Any] | None:
    parts = {key: row.get(name) for key, name in address_parts(item, column.name).items()}
    return parts if any(value is not None for value in parts.values()) else None


def _keyed(org: Org, call: Call) -> tuple[SObject, Field]:
    item = org.object(call.path[1])
    key = item.upsert_key(call.path[2])
    if key is None:
        raise not_found(f"Provided external ID field does not exist or is not accessible: {call.path[2]}")
    return item, key


def _matching(org: Org, item: SObject, key: Field, value: str) -> list[str]:
    found = org.store.matches(item, key, org.writer.key_value(key, value))
    if not found:
        raise not_found()
    return found


def _several(call: Call, item: SObject, record_ids: list[str]) -> Reply:
    return Reply(status=300, body=[f"{call.caller.base}/sobjects/{item.name}/{one}" for one in record_ids])


def _location(call: Call, item: SObject, record_id: str) -> dict[str, str]:
    return {"Location": f"{call.caller.base}/sobjects/{item.name}/{record_id}"}


def _read_row(item: SObject, row: Row, call: Call) -> Reply:
    refused = _conditions(item, row, call, strict=False)
    if refused is not None:
        return refused
    wanted = call.arg("fields")
    names = [name.strip() for name in wanted.split(",") if name.strip()] if wanted else None
    return Reply(body=wire_record(item, row, call.caller.base, names), headers=_validators(item, row))


def _conditions(item: SObject, row: Row, call: Call, *, strict: bool) -> Reply | None:
    if item.name == "Account":
        tag = _etag(row)
        wanted, unwanted = call.header("if-match"), call.header("if-none-match")
        if wanted is not None and tag not in wanted and wanted != "*":
            return failed_precondition()
        if unwanted is not None and tag in unwanted:
            return failed_precondition() if strict else Reply(status=304, headers=_validators(item, row))
    stamp = row.get("SystemModstamp")
    if not stamp:
        return None
    refused = precondition(call, datetime.fromisoformat(stamp), strict=strict)
    if refused is not None and refused.status == 304:
        return Reply(status=304, headers=_validators(item, row))
    return refused


def _validators(item: SObject, row: Row) -> dict[str, str]:
    headers = {"Last-Modified": http_date(row["SystemModstamp"])} if row.get("SystemModstamp") else {}
    # Only account rows have an ETag (developer guide, conditional requests; checked 2026-11-21).
    return headers | ({"ETag": f'"{_etag(row)}--gzip"'} if item.name == "Account" else {})


def _etag(row: Row) -> str:
    text = repr(sorted(row.items()))
    return hashlib.sha256(text.encode("utf-8", "surrogatepass")).hexdigest()[:16]
