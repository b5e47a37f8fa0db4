"""Handlers of list memberships."""

from __future__ import annotations

from collections.abc import Sequence
from typing import Any

from crmbridge.sandbox.clock import iso_ms
from crmbridge.sandbox.http import Response
from crmbridge.sandbox.hubspot import showing
from crmbridge.sandbox.hubspot.call import Call, answer, no_content, record_id
from crmbridge.sandbox.hubspot.errors import HubSpotError, invalid_input
from crmbridge.sandbox.hubspot.handle_lists import a_list
from crmbridge.sandbox.hubspot.lists import Member

PAGE, MAX_PAGE, MAX_CHANGES = 100, 250, 100_000
Json = dict[str, Any]


def by_id(call: Call) -> Response:
    """``GET /crm/v3/lists/{list}/memberships``: ascending record ids."""
    return _page(call, call.portal.lists.members(a_list(call)))


def by_time(call: Call) -> Response:
    """``GET /crm/v3/lists/{list}/memberships/join-order``: in the order in which they joined."""
    members = call.portal.lists.members(a_list(call))
    return _page(call, sorted(members, key=lambda member: (member[1], member[0])))


def add(call: Call) -> Response:
    """``PUT /crm/v3/lists/{list}/memberships/add`` with a list of ids."""
    return _changed(call, _ids(call.json), [])


def remove(call: Call) -> Response:
    """``PUT /crm/v3/lists/{list}/memberships/remove`` with a list of ids."""
    return _changed(call, [], _ids(call.json))


def add_and_remove(call: Call) -> Response:
    """``PUT /crm/v3/lists/{list}/memberships/add-and-remove``."""
    return _changed(call, _ids(call.body.get("recordIdsToAdd")), _ids(call.body.get("recordIdsToRemove")))


def remove_all(call: Call) -> Response:
    """``DELETE /crm/v3/lists/{list}/memberships``: the list stays."""
    item = _editable(call)
    call.portal.lists.remove(item, [key for key, _ in call.portal.lists.members(item)])
    return no_content()


def add_from(call: Call) -> Response:
    """``PUT /crm/v3/lists/{list}/memberships/add-from/{source}``."""
    item, source = _editable(call), record_id(call.params["source"])
    if source is None or call.portal.lists.get(source) is None:
        raise HubSpotError(404, "List does not exist.", "OBJECT_NOT_FOUND")
    call.portal.lists.add(item, call.portal.lists.member_ids(source))
    return no_content()


def of_record(call: Call) -> Response:
    """``GET /crm/v3/lists/records/{type}/{id}/memberships``: the lists that a record is in."""
    number = record_id(call.params["id"])
    found = call.portal.lists.of_record(call.kind, -1 if number is None else number)
    results = [
        {
            "listId": item["listId"],
            "listVersion": item["listVersion"],
            "firstAddedTimestamp": iso_ms(added),
            "lastAddedTimestamp": iso_ms(added),
        }
        for item, added in found
    ]
    return answer({"results": results, "total": len(results)})


def _page(call: Call, members: Sequence[Member]) -> Response:
    limit = call.number("limit", PAGE, highest=MAX_PAGE)
    start = record_id(call.request.arg("after", "0"))
    if start is None:
        raise invalid_input("Invalid after: it is no cursor of this list")
    page = members[start : start + limit]
    results = [{"recordId": str(key), "membershipTimestamp": iso_ms(added)} for key, added in page]
    body: Json = {"results": results, "total": len(members)}
    if start + limit < len(members):
        request = call.request
        path = request.raw_path.partition("?")[0]
        body["paging"] = showing.next_page(request.origin, path, request.query, str(start + limit))
    return answer(body)


def _ids(value: Any) -> list[str]:
    value = [] if value is None else value
    good = isinstance(value, list) and all(type(item) in (str, int) for item in value)
    if not good or len(value) > MAX_CHANGES:
        raise invalid_input(f"Record ids must be a list of up to {MAX_CHANGES} texts")
    return list(dict.fromkeys(map(str, value)))


def _editable(call: Call) -> Json:
    item = a_list(call)
    if item["processingType"] == "DYNAMIC":
        message = "Members of a DYNAMIC list follow its filter and cannot be changed."
        raise HubSpotError(400, message, extra={"subCategory": "ILS.INVALID_LIST_PROCESSING_TYPE"})
    return item


def _numbers(texts: list[str]) -> dict[str, int]:
    return {text: number for text in texts if (number := record_id(text)) is not None}


def _changed(call: Call, to_add: list[str], to_remove: list[str]) -> Response:
    item, lists, adding = _editable(call), call.portal.lists, _numbers(to_add)
    with call.portal.world.transaction():
        removed = lists.remove(item, _numbers(to_remove).values())
        added = lists.add(item, adding.values())
    members = lists.member_ids(int(item["listId"]))
    done = f"{len(added)} added, {len(removed)} removed"
    call.portal.world.audit.effect(f"hubspot list {item['listId']} members: {done}")
    return answer(
        {
            # The odd spelling is the service's own (checked 2026-11-21).
            "recordsIdsAdded": [str(number) for number in added],
            "recordIdsRemoved": [str(number) for number in removed],
            "recordIdsMissing": [text for text in to_add if adding.get(text) not in members],
        }
    )
