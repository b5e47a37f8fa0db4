"""Handlers of lists."""

from __future__ import annotations

from typing import Any

from crmbridge.sandbox.http import Response
from crmbridge.sandbox.hubspot.call import Call, answer, names_field, no_content, record_id, text_field
from crmbridge.sandbox.hubspot.errors import HubSpotError, invalid_input
from crmbridge.sandbox.hubspot.list_filters import compile_branch
from crmbridge.sandbox.hubspot.lists import TYPES, last_added
from crmbridge.sandbox.hubspot.objects import object_type
from crmbridge.sandbox.hubspot.values import moment_ms

#: Lists of one search answer (lists API, checked 2026-11-21).
MAX_FOUND = 500
Json = dict[str, Any]


def create_list(call: Call) -> Response:
    """``POST /crm/v3/lists``: 200, not 201."""
    kind = object_type(text_field(call.body, "objectTypeId"))
    processing, branch = text_field(call.body, "processingType"), call.body.get("filterBranch")
    if processing not in TYPES:
        raise invalid_input(f"processingType must be one of: {', '.join(TYPES)}")
    if (processing == "DYNAMIC" and not branch) or (processing == "MANUAL" and branch):
        raise invalid_input("DYNAMIC lists need a filterBranch, MANUAL lists have none")
    name = _free_name(call, text_field(call.body, "name"))
    if branch:
        compile_branch(call.portal, kind, branch)
    return answer({"list": _shown(call, call.portal.lists.create(kind, name, processing, branch))})


def get_list(call: Call) -> Response:
    """``GET /crm/v3/lists/{list}``."""
    return answer({"list": _shown(call, a_list(call))})


def get_by_name(call: Call) -> Response:
    """``GET /crm/v3/lists/object-type-id/{type}/name/{name}``."""
    found = call.portal.lists.by_name(call.kind, call.params["name"])
    if found is None:
        raise _no_list()
    return answer({"list": _shown(call, found)})


def get_lists(call: Call) -> Response:
    """``GET /crm/v3/lists?listIds=1&listIds=2``: those that are there."""
    numbers = [number for text in call.names("listIds") if (number := record_id(text)) is not None]
    found = [item for number in numbers if (item := call.portal.lists.get(number)) is not None]
    return answer({"lists": [_shown(call, item) for item in found]})


def search_lists(call: Call) -> Response:
    """``POST /crm/v3/lists/search``: by offset; they cannot be sorted by their change stamp."""
    offset, size = _whole(call.body, "offset", 0), min(_whole(call.body, "count", 20), MAX_FOUND)
    found = [item for item in call.portal.lists.all() if _fits(item, call.body)]
    page = found[offset : offset + size]
    end = offset + len(page)
    shown = [_found(call, item) for item in page]
    return answer({"offset": end, "hasMore": end < len(found), "lists": shown, "total": len(found)})


def delete_list(call: Call) -> Response:
    """``DELETE /crm/v3/lists/{list}``: it can be restored."""
    item = a_list(call)
    call.portal.lists.put({**item, "deletedAt": call.portal.world.clock.iso()}, deleted=True)
    call.portal.world.audit.effect(f"hubspot list {item['listId']} deleted")
    return no_content()


def restore_list(call: Call) -> Response:
    """``PUT /crm/v3/lists/{list}/restore``."""
    number = record_id(call.params["list"])
    item = call.portal.lists.get(-1 if number is None else number, deleted=True)
    if item is None:
        raise _no_list()
    call.portal.lists.put({key: value for key, value in item.items() if key != "deletedAt"})
    return no_content()


def rename_list(call: Call) -> Response:
    """``PUT /crm/v3/lists/{list}/update-list-name?listName=``."""
    item = a_list(call)
    name = call.request.arg("listName")
    changed = call.portal.lists.change(item, name=name if name == item["name"] else _free_name(call, name))
    return answer({"updatedList": _shown(call, changed)})


def change_filters(call: Call) -> Response:
    """``PUT /crm/v3/lists/{list}/update-list-filters``: DYNAMIC lists only."""
    item, branch = a_list(call), call.body.get("filterBranch")
    if item["processingType"] != "DYNAMIC":
        raise invalid_input("Only DYNAMIC lists have filters that can be changed")
    compile_branch(call.portal, object_type(item["objectTypeId"]), branch)
    return answer({"updatedList": _shown(call, call.portal.lists.change(item, filterBranch=branch))})


def a_list(call: Call) -> Json:
    """Give the list that the path names.

    Raises:
        HubSpotError: 404, there is none.
    """
    number = record_id(call.params["list"])
    found = call.portal.lists.get(number) if number is not None else None
    if found is None:
        raise _no_list()
    return found


def _no_list() -> HubSpotError:
    extra = {"subCategory": "ILS.LIST_NOT_FOUND"}
    return HubSpotError(404, "List does not exist.", "OBJECT_NOT_FOUND", extra)


def _free_name(call: Call, name: str) -> str:
    if not name:
        raise invalid_input("A list needs a name")
    if any(item["name"].lower() == name.lower() for item in call.portal.lists.all()):
        extra = {"subCategory": "ILS.DUPLICATE_LIST_NAMES"}
        raise HubSpotError(400, "A list with this name exists already.", extra=extra)
    return name


def _shown(call: Call, item: Json) -> Json:
    filters = call.flag("includeFilters")
    kept = {key: value for key, value in item.items() if filters or key != "filterBranch"}
    return {**kept, "size": len(call.portal.lists.members(item))}


def _found(call: Call, item: Json) -> Json:
    members = call.portal.lists.members(item)
    more = {"hs_list_size": str(len(members)), "hs_list_reference_count": "0"}
    if last := last_added(members):
        more["hs_last_record_added_at"] = str(moment_ms(last))
    kept = {key: value for key, value in item.items() if key != "filterBranch"}
    return {**kept, "additionalProperties": more}


def _fits(item: Json, body: Json) -> bool:
    wanted, types = names_field(body, "listIds"), names_field(body, "processingTypes")
    if (wanted and item["listId"] not in wanted) or (types and item["processingType"] not in types):
        return False
    return text_field(body, "query").lower() in item["name"].lower()


def _whole(body: Json, name: str, default: int) -> int:
    value = body.get(name, default)
    if isinstance(value, bool) or not isinstance(value, int) or value < 0:
        raise invalid_input(f"Invalid input JSON: {name} must be a number from 0 up")
    return value
