"""What the service checks before it writes a record, in its order and words."""

from __future__ import annotations

from collections.abc import Callable, Iterator, Mapping
from typing import Any

from crmbridge.sandbox.salesforce.failures import ApiError, Fault, refuse
from crmbridge.sandbox.salesforce.fields import Field
from crmbridge.sandbox.salesforce.schema import SObject
from crmbridge.sandbox.salesforce.store import Row, Store
from crmbridge.sandbox.salesforce.values import BadValue, to_stored

_NO_RIGHT = (
    "Unable to create/update fields: {names}. Please check the security settings of this field and verify "
    "that it is read/write for your profile or permission set."
)
#: Owners that may have left, since Spring '15; people and tasks need an active one (checked 2026-11-21).
_MAY_HAVE_INACTIVE_OWNER = frozenset({"Account", "Opportunity"})


def writable(item: SObject, body: Mapping[str, Any], *, create: bool) -> dict[str, tuple[Field, Any]]:
    """Give the fields a body names, with their JSON values.

    Raises:
        ApiError: A field is unknown, or may not be written this way.
    """
    named: dict[str, tuple[Field, Any]] = {}
    for name, value in body.items():
        column = item.find(name)
        if column is None:
            raise refuse("INVALID_FIELD", f"No such column '{name}' on sobject of type {item.name}")
        named[column.name] = (column, value)
    locked = [name for name, (column, _) in named.items() if not _has_right(column, create=create)]
    if locked:
        raise refuse(
            "INVALID_FIELD_FOR_INSERT_UPDATE", _NO_RIGHT.format(names=", ".join(locked)), fields=locked
        )
    return named


def _has_right(column: Field, *, create: bool) -> bool:
    return column.createable if create else column.updateable


def stored(named: Mapping[str, tuple[Field, Any]]) -> Row:
    """Turn JSON values into stored ones.

    Raises:
        ApiError: With every value that is refused.
    """
    row: Row = {}
    faults: list[Fault] = []
    for name, (column, value) in named.items():
        try:
            row[name] = to_stored(column, value)
        except BadValue as bad:
            faults.append(bad.fault)
    if faults:
        raise ApiError(400, faults)
    return row


def required(item: SObject, row: Mapping[str, Any], *, create: bool) -> None:
    """Refuse a record without its required fields; an update may leave them out but not clear them."""
    missing = [
        column.name
        for column in item.fields.values()
        if _is_needed(column, create=create) and row.get(column.name, None if create else "") is None
    ]
    if missing:
        raise refuse(
            "REQUIRED_FIELD_MISSING", f"Required fields are missing: [{', '.join(missing)}]", fields=missing
        )


def _is_needed(column: Field, *, create: bool) -> bool:
    if create:
        return column.required
    return not column.nillable and column.updateable and column.type != "boolean"


def references(store: Store, item: SObject, changes: Mapping[str, Any]) -> None:
    """Refuse references to records that do not exist, are deleted, or are of another object."""
    for name, value in changes.items():
        column = item.fields[name.lower()]
        if value is not None and column.refers_to:
            _reference(store, item, column, value)


def _reference(store: Store, item: SObject, column: Field, value: str) -> None:
    known = [name for name in column.refers_to if store.schema.get(name) is not None]
    if not known:
        return  # profiles, roles and the like are not kept here: any id will do
    found = store.by_id(value)
    if found is None:
        raise refuse("INVALID_CROSS_REFERENCE_KEY", "invalid cross reference id", fields=[])
    if found[0].name not in known:
        raise refuse(
            "FIELD_INTEGRITY_EXCEPTION", f"{column.label}: id value of incorrect type: {value}", [column.name]
        )
    if found[1].get("IsDeleted"):
        raise refuse("ENTITY_IS_DELETED", "entity is deleted", fields=[])
    if column.name == "RecordTypeId" and not _fits_type(item, found[1]):
        message = f"Record Type ID: this ID value isn't valid for the user: {value}"
        raise refuse("INVALID_CROSS_REFERENCE_KEY", message, ["RecordTypeId"])
    if column.name == "OwnerId":
        _owner(store, item, *found)


def _fits_type(item: SObject, record_type: Row) -> bool:
    return bool(record_type["IsActive"]) and record_type["SobjectType"] == item.name


def _owner(store: Store, item: SObject, kind: SObject, owner: Row) -> None:
    if kind.name == "Group":
        _queue(store, item, owner)
    elif not owner["IsActive"] and item.name not in _MAY_HAVE_INACTIVE_OWNER:
        message = (
            f"operation performed with inactive user [{owner['Id'][:15]}] as owner of {item.name.lower()}"
        )
        raise refuse("INACTIVE_OWNER_OR_USER", message, fields=[])


def _queue(store: Store, item: SObject, group: Row) -> None:
    serves = store.rows(
        store.named("QueueSobject"), "QueueId = ? AND SobjectType = ?", (group["Id"], item.name)
    )
    if group["Type"] != "Queue" or not serves:
        raise refuse("INVALID_CROSS_REFERENCE_KEY", "invalid cross reference id", fields=["OwnerId"])


def unique(store: Store, item: SObject, changes: Mapping[str, Any], own_id: str = "") -> None:
    """Refuse a value that another record already has in a unique field."""
    for name, value in changes.items():
        column = item.fields[name.lower()]
        if not column.unique or value is None:
            continue
        for other in store.matches(item, column, value):
            if other != own_id:
                message = f"duplicate value found: {name} duplicates value on record with id: {other[:15]}"
                raise refuse("DUPLICATE_VALUE", message, fields=[])


def object_rules(store: Store, item: SObject, row: Row, *, create: bool) -> None:
    """Refuse what this object does not allow, whatever its fields are."""
    for complaint in _OBJECT_RULES.get(item.name, _nothing)(store, row, create):
        raise complaint


def _nothing(_store: Store, _row: Row, _create: bool) -> Iterator[ApiError]:
    return iter(())


def _activity(_store: Store, row: Row, _create: bool) -> Iterator[ApiError]:
    if str(row.get("WhoId") or "").startswith("00Q") and row.get("WhatId"):
        message = "Related To ID: cannot be set when the activity is related to a lead"
        yield refuse("FIELD_INTEGRITY_EXCEPTION", message, fields=["WhatId"])


def _member(store: Store, row: Row, create: bool) -> Iterator[ApiError]:
    people = [name for name in ("LeadId", "ContactId") if row.get(name)]
    if not people:
        yield refuse(
            "REQUIRED_FIELD_MISSING",
            "Required fields are missing: [LeadId, ContactId]",
            fields=["LeadId", "ContactId"],
        )
    elif create and store.rows(
        store.named("CampaignMember"),
        f"CampaignId = ? AND {people[0]} = ? AND IsDeleted = 0",
        (row["CampaignId"], row[people[0]]),
    ):
        yield refuse("DUPLICATE_VALUE", "Already a campaign member.", fields=[])


def _territory_model(store: Store, row: Row, _create: bool) -> Iterator[ApiError]:
    active = store.rows(
        store.named("Territory2Model"), "State = 'Active' AND Id != ? AND IsDeleted = 0", (row["Id"],)
    )
    if row.get("State") == "Active" and active:
        message = "Only one territory model can be active at a time."
        yield refuse("FIELD_INTEGRITY_EXCEPTION", message, fields=["State"])


def _field_permissions(store: Store, row: Row, create: bool) -> Iterator[ApiError]:
    object_, _, name = str(row.get("Field")).partition(".")
    item = store.schema.get(object_)
    if item is None or not item.has(name):
        message = f"Field Name: bad value for restricted picklist field: {row.get('Field')}"
        yield refuse("INVALID_OR_NULL_FOR_RESTRICTED_PICKLIST", message, fields=["Field"])
    where = "ParentId = ? AND Field = ?"
    if create and store.rows(store.named("FieldPermissions"), where, (row["ParentId"], row["Field"])):
        message = "duplicate value found: <unknown> duplicates value on record with id: <unknown>"
        yield refuse("DUPLICATE_VALUE", message, fields=[])


_OBJECT_RULES: dict[str, Callable[[Store, Row, bool], Iterator[ApiError]]] = {
    "Task": _activity,
    "Event": _activity,
    "CampaignMember": _member,
    "FieldPermissions": _field_permissions,
    "Territory2Model": _territory_model,
}
