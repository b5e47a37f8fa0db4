"""What an ingest job does with its rows: each is written alone and fails alone."""

from __future__ import annotations

from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass
from typing import Any

from crmbridge.sandbox.salesforce import ids
from crmbridge.sandbox.salesforce.bulk.jobs import IngestJob, Outcome
from crmbridge.sandbox.salesforce.bulk.tables import BadTable
from crmbridge.sandbox.salesforce.caller import Caller
from crmbridge.sandbox.salesforce.failures import ApiError, Fault, refuse
from crmbridge.sandbox.salesforce.fields import Field
from crmbridge.sandbox.salesforce.schema import Schema, SObject
from crmbridge.sandbox.salesforce.writes import SeveralMatches, Writer

#: A cell that clears the field; an empty one leaves it alone (checked 2026-11-21).
NULL = "#N/A"
#: Words for booleans, in any case (developer guide "Valid Date and Boolean values", checked 2026-11-21).
_WORDS = dict.fromkeys(("yes", "y", "true", "on", "1"), True)
_WORDS |= dict.fromkeys(("no", "n", "false", "off", "0"), False)

#: Puts the value of one cell into a record's body.
Cell = Callable[[dict[str, Any], str], None]
#: Writes one record: id and whether it is new.
Write = Callable[[dict[str, Any]], tuple[str, bool]]


def columns(schema: Schema, job: IngestJob) -> list[Cell]:
    """Read the header of a job.

    Raises:
        BadTable: A name is no field, or no way to a parent.
    """
    if job.operation in ("delete", "hardDelete") and [name.lower() for name in job.header] != ["id"]:
        raise BadTable(f"InvalidBatch : Records for {job.operation} must have the column Id and no other")
    return [_column(schema, job.item, name) for name in job.header]


def _column(schema: Schema, item: SObject, name: str) -> Cell:
    if "." in name:
        return _parent(schema, item, name)
    field = item.find(name)
    if field is None:
        raise BadTable(f"InvalidBatch : Field name not found : {name}")
    return _Value(field)


@dataclass(frozen=True, slots=True)
class _Value:
    """A column of plain values."""

    field: Field

    def __call__(self, body: dict[str, Any], text: str) -> None:
        value: Any = None if text == NULL else text
        if self.field.type == "boolean":
            value = _WORDS.get(text.lower(), text)
        body[self.field.name] = value


@dataclass(frozen=True, slots=True)
class _Parent:
    """A column ``Owner.Username``, or ``User:Owner.Username`` where parents are of several objects."""

    relationship: str
    reference: str
    key: str
    type: str

    def __call__(self, body: dict[str, Any], text: str) -> None:
        if text == NULL:
            body[self.reference] = None
        else:
            body[self.relationship] = {"attributes": {"type": self.type}, self.key: text}


def _parent(schema: Schema, item: SObject, name: str) -> Cell:
    kind, colon, path = name.rpartition(":")
    relationship, _, key = path.partition(".")
    reference = item.parents.get(relationship.lower())
    if reference is None:
        raise BadTable(f"InvalidBatch : Field name not found : {name}")
    if colon and len(reference.refers_to) == 1:
        raise BadTable(f"InvalidBatch : type is not needed for non polymorphic foreign key : {name}")
    if not colon and len(reference.refers_to) > 1:
        raise BadTable(f"InvalidBatch : type is needed for polymorphic foreign key : {name}")
    parent = schema.get(kind or reference.refers_to[0])
    if parent is None or parent.name not in reference.refers_to or parent.upsert_key(key) is None:
        raise BadTable(f"InvalidBatch : Field name not found : {name}")
    return _Parent(reference.relationship or "", reference.name, key, parent.name)


class RowWriter:
    """Write rows of one job."""

    def __init__(self, writer: Writer, schema: Schema, job: IngestJob) -> None:
        self._writer = writer
        self._job = job
        self._columns = columns(schema, job)
        self._key = job.item.upsert_key(job.external_id) if job.external_id else None
        # Only a rule named by the job assigns owners (developer guide, checked 2026-11-21).
        assigns = {} if job.assignment_rule else {"sforce-auto-assign": "FALSE"}
        self._caller = Caller(user_id=job.caller.user_id, version=job.caller.version, headers=assigns)
        self._write: Write = {
            "insert": self._insert,
            "update": self._update,
            "upsert": self._upsert,
            "delete": self._delete,
            "hardDelete": self._hard_delete,
        }[job.operation]

    def write(self, row: int) -> Outcome:
        """Write one row and tell what became of it."""
        body: dict[str, Any] = {}
        for put, text in zip(self._columns, self._job.rows[row], strict=True):
            if text:
                put(body, text)
        record_id = str(body.get("Id") or "")
        try:
            record_id, created = self._write(body)
        except ApiError as error:
            return Outcome(row, ids.to_long(record_id) or record_id, error=_error(error.faults))
        return Outcome(row, record_id, created)

    def _insert(self, body: dict[str, Any]) -> tuple[str, bool]:
        return self._writer.create(self._caller, self._job.item, body), True

    def _update(self, body: dict[str, Any]) -> tuple[str, bool]:
        record_id = _record_id(self._job.item, body.pop("Id", None))
        self._writer.update(self._caller, self._job.item, record_id, body)
        return record_id, False

    def _upsert(self, body: dict[str, Any]) -> tuple[str, bool]:
        key, item = self._key, self._job.item
        if key is None or (key.name == "Id" and "Id" not in body):
            return self._insert(body)
        value = body.pop(key.name, None)
        if value is None:
            raise refuse("MISSING_ARGUMENT", f"{key.name} not specified", [])
        try:
            return self._writer.upsert(self._caller, item, key, value, body)
        except SeveralMatches:
            message = f"{key.name}: more than one record found for external id field"
            raise refuse("DUPLICATE_EXTERNAL_ID", message, []) from None

    def _delete(self, body: dict[str, Any]) -> tuple[str, bool]:
        record_id = _record_id(self._job.item, body.get("Id"))
        self._writer.delete(self._job.item, record_id, self._caller)
        return record_id, False

    def _hard_delete(self, body: dict[str, Any]) -> tuple[str, bool]:
        record_id, _ = self._delete(body)
        self._writer.erase(self._job.item, record_id)
        return record_id, False


def _record_id(item: SObject, text: Any) -> str:
    if not text:
        raise refuse("MISSING_ARGUMENT", "Id not specified", [])
    record_id = ids.to_long(text)
    if record_id is None or not record_id.startswith(item.standard.prefix):
        raise refuse("MALFORMED_ID", f"{item.name} ID: id value of incorrect type: {text}", ["Id"])
    return record_id


def _error(faults: Sequence[Fault]) -> str:
    """Word faults as ``failedResults`` does; a record that is not there is a bad reference."""
    return ";".join(_one_error(fault) for fault in faults)


def _one_error(fault: Fault) -> str:
    code, message = _REWORDED.get(fault.code, (fault.code, fault.message))
    fields = ", ".join(fault.fields or ())
    return f"{code}:{message}:{fields + ' ' if fields else ''}--"


_REWORDED: Mapping[str, tuple[str, str]] = {
    "NOT_FOUND": ("INVALID_CROSS_REFERENCE_KEY", "invalid cross reference id")
}
