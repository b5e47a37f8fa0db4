"""Handlers of properties, property groups and object schemas."""

from __future__ import annotations

import re
from collections.abc import Callable, Mapping
from typing import Any

from crmbridge.sandbox.http import Response
from crmbridge.sandbox.hubspot.call import Call, answer, batch_answer, no_content, text_field
from crmbridge.sandbox.hubspot.definitions import FIELD_TYPES, WRITABLE, client_options
from crmbridge.sandbox.hubspot.errors import HubSpotError, invalid_input, not_found

_NAME = re.compile(r"[a-z][a-z0-9_]{0,99}")
#: Properties with a unique value that one object type may have (checked 2026-11-21).
MAX_UNIQUE = 10
#: JSON types of what a client may give.
_TYPES: dict[str, type] = {
    **dict.fromkeys(("label", "type", "fieldType", "groupName", "description", "referencedObjectType"), str),
    **dict.fromkeys(("calculationFormula", "currencyPropertyName", "dataSensitivity"), str),
    **dict.fromkeys(("hidden", "formField", "hasUniqueValue", "externalOptions", "showCurrencySymbol"), bool),
    "displayOrder": int,
    "options": list,
}
Json = dict[str, Any]


def list_properties(call: Call) -> Response:
    """``GET /crm/v3/properties/{type}``: all at once, no paging."""
    catalog, kind = call.portal.catalog, call.kind
    archived = call.flag("archived")
    found = catalog.archived_properties(kind) if archived else catalog.properties(kind)
    return answer({"results": list(found.values())})


def get_property(call: Call) -> Response:
    """``GET /crm/v3/properties/{type}/{name}``."""
    return answer(_property(call, call.params["name"]))


def create_property(call: Call) -> Response:
    """``POST /crm/v3/properties/{type}``."""
    return answer(_create(call, call.body), 201)


def update_property(call: Call) -> Response:
    """``PATCH /crm/v3/properties/{type}/{name}``: options are replaced as a whole."""
    item = _property(call, call.params["name"])
    given = {name: call.body[name] for name in WRITABLE if call.body.get(name) is not None}
    _check_types(given)
    _check_kind(call, {**item, **given})
    if "hasUniqueValue" in given and given["hasUniqueValue"] != item["hasUniqueValue"]:
        raise invalid_input("hasUniqueValue can only be set when a property is created")
    # hs_lead_status is read-only by its definition, yet its options can be changed (checked 2026-11-21).
    if item["modificationMetadata"]["readOnlyDefinition"] and set(given) - {"options"}:
        raise invalid_input(f"Property {item['name']} is defined by HubSpot and cannot be changed")
    changed = {**item, **given, "updatedAt": call.portal.world.clock.iso()}
    if "options" in given:
        changed["options"] = client_options(call.body)
    call.portal.catalog.put("property", call.kind, item["name"], changed)
    call.portal.world.audit.effect(f"hubspot property {call.kind.name}.{item['name']} changed")
    return answer(changed)


def archive_property(call: Call) -> Response:
    """``DELETE /crm/v3/properties/{type}/{name}``: a second time there is nothing to do."""
    name = call.params["name"]
    if name in call.portal.catalog.properties(call.kind):
        _archive(call, name)
    return no_content()


def batch_read_properties(call: Call) -> Response:
    """``POST /crm/v3/properties/{type}/batch/read``."""
    return _batch(call, lambda item: _property(call, text_field(item, "name")), 200)


def batch_create_properties(call: Call) -> Response:
    """``POST /crm/v3/properties/{type}/batch/create``: 201, or 207 when some fail."""
    return _batch(call, lambda item: _create(call, item), 201)


def batch_archive_properties(call: Call) -> Response:
    """``POST /crm/v3/properties/{type}/batch/archive``."""
    for item in call.inputs():
        name = text_field(item, "name")
        if name in call.portal.catalog.properties(call.kind):
            _archive(call, name)
    return no_content()


def list_groups(call: Call) -> Response:
    """``GET /crm/v3/properties/{type}/groups``."""
    return answer({"results": list(call.portal.catalog.groups(call.kind).values())})


def get_group(call: Call) -> Response:
    """``GET /crm/v3/properties/{type}/groups/{name}``."""
    return answer(_group(call))


def create_group(call: Call) -> Response:
    """``POST /crm/v3/properties/{type}/groups``."""
    name, label = text_field(call.body, "name"), text_field(call.body, "label")
    if not _NAME.fullmatch(name) or not label:
        raise invalid_input("A property group needs name and label")
    if name in call.portal.catalog.groups(call.kind):
        raise HubSpotError(409, f"A property group named {name} already exists.", "CONFLICT")
    order = call.body.get("displayOrder", -1)
    _check_types({"displayOrder": order})
    item = {"name": name, "label": label, "displayOrder": order, "archived": False}
    call.portal.catalog.put("group", call.kind, name, item)
    return answer(item, 201)


def update_group(call: Call) -> Response:
    """``PATCH /crm/v3/properties/{type}/groups/{name}``."""
    given = {name: call.body[name] for name in ("label", "displayOrder") if call.body.get(name) is not None}
    _check_types(given)
    item = {**_group(call), **given}
    call.portal.catalog.put("group", call.kind, item["name"], item)
    return answer(item)


def archive_group(call: Call) -> Response:
    """``DELETE /crm/v3/properties/{type}/groups/{name}``."""
    group, properties = _group(call)["name"], call.portal.catalog.properties(call.kind).values()
    if any(item["groupName"] == group for item in properties):
        raise invalid_input(f"Property group {group} still has properties")
    call.portal.catalog.remove("group", call.kind, group)
    return no_content()


def list_schemas(call: Call) -> Response:
    """``GET /crm/v3/schemas``: the portal has no custom objects."""
    call.flag("archived")
    return answer({"results": []})


def get_schema(call: Call) -> Response:
    """``GET /crm/v3/schemas/{type}``: of a standard object; custom ones are not there."""
    if call.params["type"].startswith("2-"):
        raise not_found()
    kind, catalog = call.kind, call.portal.catalog
    name = kind.name.capitalize()
    return answer(
        {
            "id": kind.type_id,
            "objectTypeId": kind.type_id,
            "name": kind.label,
            "fullyQualifiedName": kind.label,
            "labels": {"singular": kind.singular.capitalize(), "plural": name},
            "primaryDisplayProperty": (kind.one_of or kind.required or ("hs_object_id",))[0],
            "requiredProperties": list(kind.required),
            "searchableProperties": [],
            "secondaryDisplayProperties": [],
            "properties": list(catalog.properties(kind).values()),
            "associations": [],
            "archived": False,
        }
    )


def _property(call: Call, name: str) -> Json:
    found = call.portal.catalog.properties(call.kind).get(name)
    if found is None:
        raise HubSpotError(404, f"Property with name {name[:100]} does not exist.", "OBJECT_NOT_FOUND")
    return found


def _create(call: Call, given: Mapping[str, Any]) -> Json:
    catalog, kind = call.portal.catalog, call.kind
    name = text_field(given, "name")
    lacking = [
        key for key in ("name", "label", "type", "fieldType", "groupName") if not text_field(given, key)
    ]
    if lacking:
        raise invalid_input(f"Property creation needs: {', '.join(lacking)}", properties=lacking)
    if name in catalog.properties(kind):
        message = f"A property named '{name}' already exists."
        raise HubSpotError(409, message, "CONFLICT", {"subCategory": "Properties.PROPERTY_EXISTS"})
    _check(call, given, name)
    item = catalog.add_custom(kind, given, call.source.id)
    call.portal.world.audit.effect(f"hubspot property {kind.name}.{name} created")
    return item


def _check_types(given: Mapping[str, Any]) -> None:
    """Refuse values of another JSON type than the definition has."""
    wrong = [name for name, value in given.items() if name in _TYPES and type(value) is not _TYPES[name]]
    options = given.get("options", []) if "options" not in wrong else []
    if not all(isinstance(item, dict) for item in options):
        wrong.append("options")
    elif any(type(item.get("displayOrder") or 0) is not int for item in options):
        wrong.append("options.displayOrder")
    if wrong:
        raise invalid_input(f"Invalid input JSON: {', '.join(wrong)} is of another type", properties=wrong)


def _check_kind(call: Call, given: Mapping[str, Any]) -> None:
    """Refuse a definition whose type, field type and group do not go together; HubSpot's own are kept."""
    if not given.get("hubspotDefined") and given["fieldType"] not in FIELD_TYPES.get(given["type"], ()):
        raise invalid_input(f"Invalid type {given['type']} with fieldType {given['fieldType']}")
    if given["groupName"] not in call.portal.catalog.groups(call.kind):
        raise invalid_input(f"Property group {given['groupName']} does not exist")


def _check(call: Call, given: Mapping[str, Any], name: str) -> None:
    catalog, kind = call.portal.catalog, call.kind
    if not _NAME.fullmatch(name):
        raise invalid_input(f"Invalid property name {name[:100]}: lower-case letters, digits and underscores")
    _check_types({key: value for key, value in given.items() if value is not None})
    _check_kind(call, given)
    values = [option["value"] for option in client_options(given)]
    if len(values) != len(set(values)) or not all(values):
        raise invalid_input(f"The options of {name} need values that differ")
    custom = [
        item
        for item in catalog.properties(kind).values()
        if item["hasUniqueValue"] and not item["hubspotDefined"]
    ]
    if given.get("hasUniqueValue") and len(custom) >= MAX_UNIQUE:
        raise invalid_input(f"No more than {MAX_UNIQUE} properties can have unique values")


def _archive(call: Call, name: str) -> None:
    catalog, kind = call.portal.catalog, call.kind
    if catalog.properties(kind)[name]["hubspotDefined"]:
        raise invalid_input(f"Property {name} is defined by HubSpot and cannot be archived")
    item = catalog.remove("property", kind, name)
    catalog.put(
        "archived", kind, name, {**item, "archived": True, "archivedAt": call.portal.world.clock.iso()}
    )


def _batch(call: Call, handle: Callable[[Json], Json], status: int) -> Response:
    started = call.portal.world.clock.iso()
    results, errors = [], []
    for item in call.inputs():
        try:
            results.append(handle(item))
        except HubSpotError as error:
            named = {"context": {"name": [text_field(item, "name")]}}
            errors.append({**error.as_entry(), **named})
    return batch_answer(call, results, errors, started=started, status=status)


def _group(call: Call) -> Json:
    found = call.portal.catalog.groups(call.kind).get(call.params["name"])
    if found is None:
        raise not_found()
    return found
