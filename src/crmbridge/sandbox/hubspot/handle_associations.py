"""Handlers of associations, v4 and dated paths."""

from __future__ import annotations

from collections.abc import Callable, Iterable
from typing import Any

from crmbridge.sandbox.http import Response
from crmbridge.sandbox.hubspot import association_types as types
from crmbridge.sandbox.hubspot import associations, showing
from crmbridge.sandbox.hubspot.association_types import HUBSPOT_DEFINED
from crmbridge.sandbox.hubspot.associations import Link
from crmbridge.sandbox.hubspot.call import (
    Call,
    answer,
    batch_answer,
    no_content,
    object_field,
    record_id,
    text_field,
)
from crmbridge.sandbox.hubspot.errors import HubSpotError, invalid_input
from crmbridge.sandbox.hubspot.objects import ObjectType, object_type

#: Sources in one batch read; targets given for each source; pairs in one batch write (checked 2026-11-21).
MAX_READ, PAGE, MAX_WRITE = 1_000, 500, 2_000
Json = dict[str, Any]


def batch_read(call: Call) -> Response:
    """``POST /crm/v4/associations/{type}/{to}/batch/read``: each source has paging of its own."""
    kind, to, started = call.kind, _to(call), call.portal.world.clock.iso()
    asked = {text_field(item, "id"): item for item in call.inputs(MAX_READ)}
    ids = {key: number for key in asked if (number := record_id(key)) is not None}
    found = associations.read(call.portal, kind, ids.values(), to)
    results, errors = [], []
    for key, item in asked.items():
        targets = found.get(ids.get(key, -1), {})
        if targets:
            results.append(_page(key, targets, record_id(text_field(item, "after")) or 0))
        else:
            errors.append(_none_found(kind, to, key))
    return batch_answer(call, results, errors, started=started)


def list_one(call: Call) -> Response:
    """``GET /crm/v4/objects/{type}/{id}/associations/{to}``."""
    kind, to, number = call.kind, _to(call), record_id(call.params["id"])
    limit = call.number("limit", PAGE, highest=PAGE)
    after = record_id(call.request.arg("after", "0")) or 0
    found = associations.read(call.portal, kind, [number or 0], to).get(number or 0, {})
    targets = {key: types for key, types in found.items() if key >= after}
    shown = [_target(key, types) for key, types in list(targets.items())[: limit + 1]]
    body: Json = {"results": shown[:limit]}
    if len(shown) > limit:
        request = call.request
        path = request.raw_path.partition("?")[0]
        body["paging"] = showing.next_page(
            request.origin, path, request.query, str(shown[limit]["toObjectId"])
        )
    return answer(body)


def put_default(call: Call) -> Response:
    """``PUT /crm/v4/objects/{type}/{id}/associations/default/{to}/{to_id}``: may be repeated."""
    started = call.portal.world.clock.iso()
    results = _associate_default(call, call.params["id"], call.params["to_id"])
    return batch_answer(call, results, [], started=started)


def put_labelled(call: Call) -> Response:
    """``PUT /crm/v4/objects/{type}/{id}/associations/{to}/{to_id}`` with a list of types."""
    type_ids = _type_ids(call, call.json)
    return answer(_associate(call, call.params["id"], call.params["to_id"], type_ids), 201)


def delete_one(call: Call) -> Response:
    """``DELETE /crm/v4/objects/{type}/{id}/associations/{to}/{to_id}``: all between the two."""
    ends = record_id(call.params["id"]), record_id(call.params["to_id"])
    if ends[0] is not None and ends[1] is not None:
        associations.dissociate(call.portal, call.kind, ends[0], _to(call), ends[1])
    return no_content()


def batch_default(call: Call) -> Response:
    """``POST /crm/v4/associations/{type}/{to}/batch/associate/default``."""
    return _batch(call, lambda start, end, _: _associate_default(call, start, end), 200)


def batch_create(call: Call) -> Response:
    """``POST /crm/v4/associations/{type}/{to}/batch/create``: 201, or 207 when some fail."""

    def create(start: str, end: str, item: Json) -> list[Json]:
        return [_associate(call, start, end, _type_ids(call, item.get("types")))]

    return _batch(call, create, 201)


def batch_archive(call: Call) -> Response:
    """``POST /crm/v4/associations/{type}/{to}/batch/archive``: each source with a list of targets."""
    with call.portal.world.transaction():
        for item in call.inputs(100):
            start = record_id(text_field(object_field(item, "from"), "id"))
            targets = item.get("to")
            ends = targets if isinstance(targets, list) else [targets]
            for target in ends:
                end = record_id(text_field(target, "id")) if isinstance(target, dict) else None
                if start is not None and end is not None:
                    associations.dissociate(call.portal, call.kind, start, _to(call), end)
    return no_content()


def batch_archive_labels(call: Call) -> Response:
    """``POST /crm/v4/associations/{type}/{to}/batch/labels/archive``: the pair stays associated."""
    kind, to, portal = call.kind, _to(call), call.portal
    with portal.world.transaction():
        for item in call.inputs(MAX_WRITE):
            start, end = (record_id(text_field(object_field(item, name), "id")) for name in ("from", "to"))
            numbers = [types.type_id(portal, kind, spec) for spec in _specs(item.get("types"))]
            _refuse_wrong(call, numbers)
            if start is not None and end is not None:
                associations.drop_types(portal, (kind, start), (to, end), numbers)
    return no_content()


def _to(call: Call) -> ObjectType:
    return object_type(call.params["to"])


def _specs(value: Any) -> list[Any]:
    if not isinstance(value, list) or not value:
        raise invalid_input("Invalid input JSON: types must be a list of association types")
    return value


def _type_ids(call: Call, value: Any) -> tuple[int, ...]:
    return tuple(types.type_id(call.portal, call.kind, spec) for spec in _specs(value))


def _refuse_wrong(call: Call, type_ids: Iterable[int]) -> None:
    to = _to(call)
    for number in type_ids:
        if types.target(call.portal, call.kind, number) is not to:
            raise invalid_input(f"Association type {number} does not lead from {call.kind.name} to {to.name}")


def _page(key: str, targets: dict[int, list[Json]], after: int) -> Json:
    page = [item for item in targets.items() if item[0] >= after]
    shown: Json = {"from": {"id": key}, "to": [_target(*item) for item in page[:PAGE]]}
    if len(page) > PAGE:
        shown["paging"] = {"next": {"after": str(page[PAGE][0])}}
    return shown


def _target(number: int, types: list[Json]) -> Json:
    # A number in live answers although the specification says string (checked 2026-11-21).
    return {"toObjectId": number, "associationTypes": types}


def _none_found(kind: ObjectType, to: ObjectType, key: str) -> Json:
    return {
        "status": "error",
        "category": "OBJECT_NOT_FOUND",
        "subCategory": "crm.associations.NO_ASSOCIATIONS_FOUND",
        "message": f"No {to.singular} is associated with {kind.singular} {key}.",
        "context": {"fromObjectId": [key], "fromObjectType": [kind.type_id], "toObjectType": [to.type_id]},
    }


def _ends(call: Call, start: str, end: str) -> tuple[int, int]:
    portal, kind, to = call.portal, call.kind, _to(call)
    ends = associations.existing(portal, kind, start), associations.existing(portal, to, end)
    if kind is to and ends[0] == ends[1]:
        raise invalid_input(f"Object {start} cannot be associated to itself ({start})")
    return ends


def _associate(call: Call, start: str, end: str, type_ids: tuple[int, ...]) -> Json:
    kind, to = call.kind, _to(call)
    from_id, to_id = _ends(call, start, end)
    _refuse_wrong(call, type_ids)
    with call.portal.world.transaction():
        associations.associate(call.portal, kind, from_id, Link(to=to, to_id=to_id, type_ids=type_ids))
    return {
        "fromObjectTypeId": kind.type_id,
        "fromObjectId": from_id,
        "toObjectTypeId": to.type_id,
        "toObjectId": to_id,
        "labels": [text for number in type_ids if (text := _text(call, number))],
    }


def _text(call: Call, number: int) -> str | None:
    return types.shown(call.portal, call.kind, _to(call), number)[1]


def _associate_default(call: Call, start: str, end: str) -> list[Json]:
    kind, to = call.kind, _to(call)
    done = _associate(call, start, end, ())
    pair = ({"id": str(done["fromObjectId"])}, {"id": str(done["toObjectId"])})
    there = {"category": HUBSPOT_DEFINED, "typeId": types.default_type(kind, to)}
    back = {"category": HUBSPOT_DEFINED, "typeId": types.default_type(to, kind)}
    return [
        {"from": pair[0], "to": pair[1], "associationSpec": _spec(there)},
        {"from": pair[1], "to": pair[0], "associationSpec": _spec(back)},
    ]


def _spec(item: Json) -> Json:
    return {"associationCategory": item["category"], "associationTypeId": item["typeId"]}


def _batch(call: Call, handle: Callable[[str, str, Json], list[Json]], status: int) -> Response:
    started = call.portal.world.clock.iso()
    results: list[Json] = []
    errors: list[Json] = []
    for item in call.inputs(MAX_WRITE):
        start, end = (text_field(object_field(item, name), "id") for name in ("from", "to"))
        try:
            results += handle(start, end, item)
        except HubSpotError as error:
            kept = {key: error.extra[key] for key in ("subCategory",) if key in error.extra}
            errors.append({**error.as_entry(), **kept})
    return batch_answer(call, results, errors, started=started, status=status)
