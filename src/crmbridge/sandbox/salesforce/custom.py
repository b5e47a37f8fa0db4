"""Custom fields: made by the tooling API or by loading a file, visible to every token at once."""

from __future__ import annotations

import re
from collections.abc import Mapping
from typing import Any

from crmbridge.sandbox.salesforce.failures import refuse
from crmbridge.sandbox.salesforce.fields import Field, build
from crmbridge.sandbox.salesforce.schema import SObject
from crmbridge.sandbox.salesforce.store import Store

_NAME = re.compile(r"[A-Za-z](?!\w*__\w*__c)[A-Za-z0-9_]{0,39}__c")
#: Metadata type -> describe type and the length it has when none is given.
_TYPES = {
    "Text": ("string", 255),
    "TextArea": ("textarea", 255),
    "LongTextArea": ("textarea", 32_768),
    "Html": ("textarea", 32_768),
    "Email": ("email", 80),
    "Phone": ("phone", 40),
    "Url": ("url", 255),
    "Picklist": ("picklist", 255),
    "MultiselectPicklist": ("multipicklist", 4_099),
    "Checkbox": ("boolean", 0),
    "Date": ("date", 0),
    "DateTime": ("datetime", 0),
    "Number": ("double", 18),
    "Currency": ("currency", 18),
    "Percent": ("percent", 18),
    "Lookup": ("reference", 18),
}
_NUMBERS = ("double", "currency", "percent")
_PREFIX = "00N"


def create_field(store: Store, full_name: str, metadata: Mapping[str, Any]) -> tuple[str, str]:
    """Create a custom field from its metadata and give its id and name.

    Args:
        store: Where the column is made.
        full_name: ``Lead.Score__c``.
        metadata: As the Metadata API words it: label, type, length, externalId, unique, valueSet …

    Raises:
        ApiError: The object, the name or the type is not acceptable, or the field exists.
    """
    object_, _, name = full_name.partition(".")
    item = store.schema.get(object_)
    if item is None:
        raise refuse("INVALID_CROSS_REFERENCE_KEY", f"no CustomObject named {object_} found", ["FullName"])
    if not _NAME.fullmatch(name):
        raise refuse("FIELD_INTEGRITY_EXCEPTION", f"The field name is not valid: {name}", ["FullName"])
    if item.has(name):
        message = f"There is already a field named {name} on {item.name}."
        raise refuse("DUPLICATE_DEVELOPER_NAME", message, ["DeveloperName"])
    column = _column(name, metadata)
    return add_field(store, item, column), column.name


def add_field(store: Store, item: SObject, column: Field) -> str:
    """Store a custom field and give its id."""
    number = store.world.next_number("salesforce.CustomField")
    field_id = store.make_id(_PREFIX, number)
    store.add_column(item, column)
    store.schema.remember(field_id, item, column)
    return field_id


def text_field(name: str) -> Field:
    """Give the field that loading a file makes: a text of 255 characters."""
    return build(
        name=name, label=_label(name), type="string", size=255, scale=0, rights="ncu", extras=(), custom=True
    )


def _column(name: str, metadata: Mapping[str, Any]) -> Field:
    kind = metadata.get("type")
    if not isinstance(kind, str) or kind not in _TYPES:
        raise refuse("FIELD_INTEGRITY_EXCEPTION", f"Field type is not supported: {kind}", ["type"])
    type_, usual = _TYPES[kind]
    size = metadata.get("precision") if type_ in _NUMBERS else metadata.get("length")
    size = _whole(size, 131_072 if type_ not in _NUMBERS else 18) or usual
    scale = _whole(metadata.get("scale"), size)
    if type_ == "string" and size > 255:
        raise refuse("FIELD_INTEGRITY_EXCEPTION", "Length must be at most 255", ["Length"])
    return build(
        name=name,
        label=str(metadata.get("label") or _label(name)),
        type=type_,
        size=size,
        scale=scale,
        rights="cu" + ("" if metadata.get("required") is True else "n") + ("d" if type_ == "boolean" else ""),
        extras=_extras(name, metadata),
        refers_to=(str(metadata["referenceTo"]),) if metadata.get("referenceTo") else (),
        values=_values(metadata),
        custom=True,
    )  # fmt: skip


def _whole(value: Any, most: int) -> int:
    fits = isinstance(value, int) and not isinstance(value, bool) and 0 < value <= most
    return int(value) if fits else 0


def _extras(name: str, metadata: Mapping[str, Any]) -> list[str]:
    extras = [flag for flag in ("unique", "externalId") if metadata.get(flag) is True]
    if metadata.get("caseSensitive") is True:
        extras.append("caseSensitive")
    if isinstance(metadata.get("valueSet"), dict) and metadata["valueSet"].get("restricted") is True:
        extras.append("restricted")
    if metadata.get("externalId") is True:
        extras.append("idLookup")
    if metadata.get("referenceTo"):
        child = metadata.get("relationshipName") or name.removesuffix("__c") + "s"
        extras.append(f"child={child}__r")
    return extras


def _values(metadata: Mapping[str, Any]) -> tuple[tuple[str, bool], ...]:
    value_set = metadata.get("valueSet")
    definition = value_set.get("valueSetDefinition") if isinstance(value_set, dict) else None
    entries = definition.get("value", []) if isinstance(definition, dict) else []
    return tuple(
        (
            ("*" if entry.get("default") is True else "") + str(_value_name(entry)),
            entry.get("isActive") is not False,
        )
        for entry in entries
        if isinstance(entry, dict) and _value_name(entry)
    )


def _value_name(entry: Mapping[str, Any]) -> Any:
    return entry.get("valueName") or entry.get("fullName") or entry.get("label")


def _label(name: str) -> str:
    return name.removesuffix("__c").replace("_", " ")
