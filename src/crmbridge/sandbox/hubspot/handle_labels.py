"""Handlers of association labels: HubSpot's own types, and the portal's."""

from __future__ import annotations

import re
from typing import Any

from crmbridge.sandbox.http import Response
from crmbridge.sandbox.hubspot import associations
from crmbridge.sandbox.hubspot.association_types import HUBSPOT_DEFINED, USER_DEFINED, default_type, labels
from crmbridge.sandbox.hubspot.call import Call, answer, no_content, record_id, text_field
from crmbridge.sandbox.hubspot.errors import HubSpotError, invalid_input, not_found
from crmbridge.sandbox.hubspot.objects import PRIMARY_TYPES, ObjectType, object_type

_NAME = re.compile(r"[A-Za-z][A-Za-z0-9_]{0,99}")
#: Labels of its own that a portal may have between two types (association guide, recalled 2026-11-21).
MAX_LABELS = 50
Json = dict[str, Any]


def list_labels(call: Call) -> Response:
    """``GET /crm/v4/associations/{type}/{to}/labels``."""
    kind, to = call.kind, object_type(call.params["to"])
    results: list[Json] = [_shown(HUBSPOT_DEFINED, default_type(kind, to), None)]
    if (kind.name, to.name) in PRIMARY_TYPES:
        results.append(_shown(HUBSPOT_DEFINED, PRIMARY_TYPES[kind.name, to.name], "Primary"))
    own = [_shown(USER_DEFINED, item["typeId"], item["label"]) for item in labels(call.portal, kind, to)]
    return answer({"results": [*results, *own]})


def create_label(call: Call) -> Response:
    """``POST /crm/v4/associations/{type}/{to}/labels``: one type for each direction."""
    kind, to = call.kind, object_type(call.params["to"])
    default_type(kind, to)
    name, label = text_field(call.body, "name"), text_field(call.body, "label")
    if not _NAME.fullmatch(name) or not label:
        raise invalid_input("An association label needs name (letters, digits, underscores) and label")
    there = labels(call.portal, kind, to)
    if any(item["name"] == name or item["label"] == label for item in there):
        raise HubSpotError(409, f"An association label named {name} already exists", "CONFLICT")
    if len(there) >= MAX_LABELS:
        raise invalid_input(f"No more than {MAX_LABELS} labels can lead from {kind.name} to {to.name}")
    return answer({"results": _create(call, kind, to, name, label)})


def update_label(call: Call) -> Response:
    """``PUT /crm/v4/associations/{type}/{to}/labels``: another text for the same type."""
    item = _own(call, text_field(call.body, "associationTypeId"))
    label = text_field(call.body, "label")
    if not label:
        raise invalid_input("Invalid input JSON: label is needed")
    _rename(call, item, label)
    inverse = text_field(call.body, "inverseLabel")
    if inverse and item["inverse"] != item["typeId"]:
        to = object_type(item["to"])
        back = call.portal.catalog.part("label", to)[str(item["inverse"])]
        _rename(call, back, inverse, to)
    return no_content()


def delete_label(call: Call) -> Response:
    """``DELETE /crm/v4/associations/{type}/{to}/labels/{id}``: associations lose it, and stay."""
    item = _own(call, call.params["label"])
    kind, to = call.kind, object_type(item["to"])
    for owner, number in {(kind.name, item["typeId"]), (to.name, item["inverse"])}:
        call.portal.catalog.remove("label", object_type(owner), str(number))
        associations.forget_type(call.portal, number)
    call.portal.world.audit.effect(f"hubspot association label {item['name']} deleted")
    return no_content()


def _create(call: Call, kind: ObjectType, to: ObjectType, name: str, label: str) -> list[Json]:
    inverse = text_field(call.body, "inverseLabel")
    # Beyond HubSpot's own numbers, so that a number alone says which type is meant.
    number = call.portal.world.next_number("hs_label", 10_001, 2)
    two = bool(inverse) or kind is not to
    rows = [(kind, to, number, label)] + ([(to, kind, number + 1, inverse or label)] if two else [])
    for start, end, own, text in rows:
        back = number if not two or own != number else number + 1
        item = {"typeId": own, "name": name, "label": text, "to": end.name, "inverse": back}
        call.portal.catalog.put("label", start, str(own), item)
    call.portal.world.audit.effect(f"hubspot association label {name} created")
    return [_shown(USER_DEFINED, own, text) for _, _, own, text in rows]


def _own(call: Call, number: str) -> Json:
    found = call.portal.catalog.part("label", call.kind).get(number)
    if found is None or found["to"] != object_type(call.params["to"]).name or record_id(number) is None:
        raise not_found()
    return found


def _rename(call: Call, item: Json, label: str, owner: ObjectType | None = None) -> None:
    call.portal.catalog.put("label", owner or call.kind, str(item["typeId"]), {**item, "label": label})
    associations.relabel(call.portal, item["typeId"], label)


def _shown(category: str, number: int, label: str | None) -> Json:
    return {"category": category, "typeId": number, "label": label}
