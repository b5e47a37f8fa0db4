"""sObject collections: up to 200 records in one call, one result each."""

from __future__ import annotations

from collections.abc import Callable, Iterable
from itertools import groupby
from typing import Any

from crmbridge.sandbox.salesforce import ids
from crmbridge.sandbox.salesforce.failures import ApiError, not_found, refuse
from crmbridge.sandbox.salesforce.org import Org
from crmbridge.sandbox.salesforce.resources.records import wire_record
from crmbridge.sandbox.salesforce.schema import SObject
from crmbridge.sandbox.salesforce.wire import Call, Reply
from crmbridge.sandbox.salesforce.writes import SeveralMatches

MAX_RECORDS = 200
MAX_CHUNKS = 10
MAX_RETRIEVED = 2_000
_ATTRIBUTES_FIRST = (
    "Nested object for polymorphic foreign key must have an attributes field before any other fields."
)
_ROLLED_BACK = (
    "Record rolled back because not all records were valid and the request was using AllOrNone header"
)

Result = dict[str, Any]


def create(org: Org, call: Call) -> Reply:
    """POST composite/sobjects."""

    def one(record: dict[str, Any]) -> Result:
        item = _object_of(org, record)
        return _done(org.writer.create(call.caller, item, _fields(record)))

    return _each(org, *_records(call), one)


def update(org: Org, call: Call) -> Reply:
    """PATCH composite/sobjects."""

    def one(record: dict[str, Any]) -> Result:
        item = _object_of(org, record)
        body = _fields(record)
        record_id = _record_id(item, body.pop(next((k for k in body if k.lower() == "id"), ""), None))
        org.writer.update(call.caller, item, record_id, body)
        return _done(record_id)

    return _each(org, *_records(call), one)


def upsert(org: Org, call: Call) -> Reply:
    """PATCH composite/sobjects/{object}/{external id field}."""
    item = org.object(call.path[2])
    key = item.upsert_key(call.path[3])
    if key is None:
        raise not_found(f"Provided external ID field does not exist or is not accessible: {call.path[3]}")

    def one(record: dict[str, Any]) -> Result:
        if _object_of(org, record).name != item.name:
            raise refuse("INVALID_TYPE", f"all records must be of type {item.name}", [])
        body = _fields(record)
        value = body.pop(next((k for k in body if k.lower() == key.name.lower()), ""), None)
        try:
            record_id, created = org.writer.upsert(call.caller, item, key, value, body)
        except SeveralMatches:
            message = f"{key.name}: more than one record found for external id field"
            raise refuse("DUPLICATE_EXTERNAL_ID", message, []) from None
        return _done(record_id) | {"created": created}

    return _each(org, *_records(call), one, failed={"created": False})


def delete(org: Org, call: Call) -> Reply:
    """DELETE composite/sobjects?ids=…"""
    wanted = [one.strip() for one in (call.arg("ids") or "").split(",") if one.strip()]
    if not wanted:
        raise refuse("MISSING_ARGUMENT", "ids parameter is required")
    _within(len(wanted))
    all_or_none = (call.arg("allOrNone") or "").lower() == "true"

    def one(text: str) -> Result:
        item = org.seen.of_id(text)
        if item is None or ids.to_long(text) is None:
            raise refuse("MALFORMED_ID", f"bad id {text}", [])
        record_id = _record_id(item, text)
        org.writer.delete(item, record_id, call.caller)
        return _done(record_id)

    return _each(org, wanted, all_or_none, one)


def retrieve(org: Org, call: Call) -> Reply:
    """GET composite/sobjects/{object}?ids=…&fields=…, or POST with both in the body."""
    item = org.object(call.path[2])
    given = call.object() if call.method == "POST" else {k: _split(call.arg(k)) for k in ("ids", "fields")}
    wanted, names = _texts(given.get("ids")), _texts(given.get("fields"))
    if not wanted or not names:
        raise refuse("MISSING_ARGUMENT", "ids and fields are required")
    if len(wanted) > MAX_RETRIEVED:
        raise refuse(
            "EXCEEDED_ID_LIMIT", f"record limit reached. cannot retrieve more than {MAX_RETRIEVED} records"
        )
    fields = list(dict.fromkeys(["Id", *names]))
    wire_record(item, dict.fromkeys(column.name for column in item.columns()), "", fields)
    return Reply(body=_retrieved(org, call, item, wanted, fields))


def _retrieved(org: Org, call: Call, item: SObject, wanted: list[str], names: list[str]) -> list[Any]:
    long_ids = [ids.to_long(text) for text in wanted]
    known = list(dict.fromkeys(one for one in long_ids if one))
    marks = ", ".join("?" * len(known))
    rows = {row["Id"]: row for row in org.store.rows(item, f"Id IN ({marks})", known)}
    return [
        wire_record(item, rows[one], call.caller.base, names)
        if one in rows and not rows[one].get("IsDeleted")
        else None
        for one in long_ids
    ]


def _each(
    org: Org,
    records: Iterable[Any],
    all_or_none: bool,
    one: Callable[[Any], Result],
    failed: Result | None = None,
) -> Reply:
    """Do one thing to each record; each fails alone, or all together when asked for."""
    more = failed or {}
    mark = len(org.writer.effects)
    with org.world.transaction() as db:
        db.execute("SAVEPOINT collection")
        results = [_attempt(one, record, more) for record in records]
        if all_or_none and not all(result["success"] for result in results):
            db.execute("ROLLBACK TO collection")
            del org.writer.effects[mark:]
            results = [_rolled_back(result, more) for result in results]
        db.execute("RELEASE collection")
    return Reply(body=results)


def _attempt(one: Callable[[Any], Result], record: Any, more: Result) -> Result:
    try:
        return one(record)
    except ApiError as error:
        faults = [fault.per_record() for fault in error.faults]
        if error.status == 404 and faults[0]["statusCode"] == "NOT_FOUND":
            faults[0] |= {
                "statusCode": "INVALID_CROSS_REFERENCE_KEY",
                "message": "invalid cross reference id",
            }
        return {"success": False, "errors": faults, **more}


def _rolled_back(result: Result, more: Result) -> Result:
    if not result["success"]:
        return result
    fault = {"statusCode": "ALL_OR_NONE_OPERATION_ROLLED_BACK", "message": _ROLLED_BACK, "fields": []}
    return {"success": False, "errors": [fault], **more}


def _done(record_id: str) -> Result:
    return {"id": record_id, "success": True, "errors": []}


def _records(call: Call) -> tuple[list[dict[str, Any]], bool]:
    body = call.object()
    records = body.get("records")
    if not isinstance(records, list) or not all(isinstance(record, dict) for record in records):
        raise refuse("JSON_PARSER_ERROR", "records must be a list of objects")
    _within(len(records))
    chunks = sum(1 for _ in groupby(records, key=_type_of))
    if chunks > MAX_CHUNKS:
        message = (
            f"Cannot have more than {MAX_CHUNKS} chunks in a single operation. Please rearrange the data."
        )
        raise refuse("LIMIT_EXCEEDED", message)
    return records, body.get("allOrNone") is True


def _within(count: int) -> None:
    if count > MAX_RECORDS:
        message = f"record limit reached. cannot submit more than {MAX_RECORDS} records in this call"
        raise refuse("EXCEEDED_ID_LIMIT", message)


def _type_of(record: dict[str, Any]) -> str:
    attributes = record.get("attributes")
    return str(attributes.get("type")).lower() if isinstance(attributes, dict) else ""


def _object_of(org: Org, record: dict[str, Any]) -> SObject:
    # Recorded for a record without attributes. jsforce sends the id before them, cumulusci and
    # django-salesforce send them last, and all three load real orgs so (checked 2026-11-21).
    late = org.store.world.options.salesforce.attributes_first and next(iter(record), "") != "attributes"
    if late or not isinstance(record.get("attributes"), dict):
        raise refuse("JSON_PARSER_ERROR", _ATTRIBUTES_FIRST, [])
    name = str(record["attributes"].get("type"))
    item = org.seen.get(name)
    if item is None:
        raise refuse("INVALID_TYPE", f"sObject type '{name}' is not supported.", [])
    return item


def _fields(record: dict[str, Any]) -> dict[str, Any]:
    return {name: value for name, value in record.items() if name != "attributes"}


def _record_id(item: SObject, text: Any) -> str:
    if text is None:
        raise refuse("MISSING_ARGUMENT", "Id not specified in an update call", [])
    record_id = ids.to_long(text) if isinstance(text, str) else None
    if record_id is None:
        raise refuse("MALFORMED_ID", f"{item.name} ID: id value of incorrect type: {text}", ["Id"])
    if not record_id.startswith(item.standard.prefix):
        raise refuse("INVALID_CROSS_REFERENCE_KEY", "invalid cross reference id", [])
    return record_id


def _split(text: str | None) -> list[str]:
    return [part.strip() for part in (text or "").split(",") if part.strip()]


def _texts(value: Any) -> list[str]:
    return value if isinstance(value, list) and all(isinstance(one, str) for one in value) else []
