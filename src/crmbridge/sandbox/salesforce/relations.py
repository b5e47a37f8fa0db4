"""Parents named by their external id: ``{"Account": {"Number__c": "7"}}`` instead of an AccountId."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any

from crmbridge.sandbox.salesforce.failures import ApiError, refuse
from crmbridge.sandbox.salesforce.fields import Field
from crmbridge.sandbox.salesforce.schema import SObject
from crmbridge.sandbox.salesforce.store import Store
from crmbridge.sandbox.salesforce.values import BadValue, to_stored

_POLYMORPHIC = (
    "Nested object for polymorphic foreign key must have an attributes field before any other fields."
)


def with_resolved_parents(store: Store, item: SObject, body: Mapping[str, Any]) -> dict[str, Any]:
    """Give a body without ``attributes``, its nested parents replaced by their ids.

    Raises:
        ApiError: A parent is not found, found twice, or is not named by one external id.
    """
    plain: dict[str, Any] = {}
    for name, value in body.items():
        reference = item.parents.get(name.lower()) if isinstance(value, dict) else None
        if reference is not None:
            plain[reference.name] = _parent_id(store, reference, value)
        elif name != "attributes":
            plain[name] = value
    return plain


def _parent_id(store: Store, reference: Field, value: Mapping[str, Any]) -> str:
    parent = store.schema.get(_type_of(reference, value))
    keys = {name: key for name, key in value.items() if name != "attributes"}
    if parent is None or len(keys) != 1:
        raise refuse("INVALID_FIELD", f"bad foreign key for {reference.name}", fields=[])
    name, raw = next(iter(keys.items()))
    key = parent.upsert_key(name)
    if key is None:
        message = f"{name} is not an External ID or indexed field for {parent.name}"
        raise refuse("INVALID_FIELD", message, fields=[])
    return _one(store, parent, key, raw)


def _type_of(reference: Field, value: Mapping[str, Any]) -> str:
    attributes = value.get("attributes")
    if isinstance(attributes, dict) and next(iter(value)) == "attributes":
        return str(attributes.get("type"))
    if len(reference.refers_to) > 1:
        raise refuse("JSON_PARSER_ERROR", _POLYMORPHIC, fields=[])
    return reference.refers_to[0]


def _one(store: Store, parent: SObject, key: Field, raw: Any) -> str:
    try:
        found = store.matches(parent, key, to_stored(key, raw))
    except BadValue as bad:
        raise ApiError(400, [bad.fault]) from None
    if len(found) != 1:
        problem = "not found" if not found else "found more than once"
        message = f"Foreign key external ID: {raw} {problem} for field {key.name} in entity {parent.name}"
        raise refuse("INVALID_FIELD", message, fields=[])
    return found[0]
