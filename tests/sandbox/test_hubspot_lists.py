"""Lists and their members (facts: hubspot §2.13, §9, line 24)."""

from __future__ import annotations

from typing import Any

import pytest

from crmbridge.sandbox import Sandbox
from tests.sandbox.conftest import Answer, Http

LISTS = "/crm/v3/lists"


def where(name: str, operator: str, **given: Any) -> dict[str, Any]:
    return {"filterType": "PROPERTY", "property": name, "operation": {"operator": operator, **given}}


def branch(*filters: dict[str, Any], joined: str = "AND", **more: Any) -> dict[str, Any]:
    return {"filterBranchType": joined, "filters": list(filters), "filterBranches": [], **more}


def make(http: Http, name: str = "Ours", processing: str = "MANUAL", **more: Any) -> Answer:
    return http.post(f"{LISTS}/", {"name": name, "objectTypeId": "0-1", "processingType": processing, **more})


def made(http: Http, name: str = "Ours", processing: str = "MANUAL", **more: Any) -> str:
    answer = make(http, name, processing, **more)
    assert answer.status == 200, answer.data
    return str(answer.json["list"]["listId"])


def members(http: Http, number: str, order: str = "") -> list[str]:
    shown = http.get(f"{LISTS}/{number}/memberships{order}").json["results"]
    return [item["recordId"] for item in shown]


def test_members_are_added_and_removed_with_the_odd_key(http: Http) -> None:
    """HS-9.24"""
    number, (first, second) = made(http), (http.contact(email=f"{name}@example.com") for name in "ab")
    added = http("PUT", f"{LISTS}/{number}/memberships/add", [first, second, "999", "x"])
    assert added.json == {
        "recordsIdsAdded": [first, second],
        "recordIdsRemoved": [],
        "recordIdsMissing": ["999", "x"],
    }
    again = http("PUT", f"{LISTS}/{number}/memberships/add", [first]).json
    assert (again["recordsIdsAdded"], again["recordIdsMissing"]) == ([], [])
    change = {"recordIdsToAdd": [], "recordIdsToRemove": [second, "998"]}
    removed = http("PUT", f"{LISTS}/{number}/memberships/add-and-remove", change)
    assert removed.json["recordIdsRemoved"] == [second]
    assert members(http, number) == [first]


def test_a_dynamic_list_follows_its_filter_and_refuses_edits(http: Http) -> None:
    """HS-9.24"""
    number = made(
        http, processing="DYNAMIC", filterBranch=branch(where("city", "IS_EQUAL_TO", values=["Bonn"]))
    )
    record_id = http.contact(email="a@example.com", city="Bonn")
    http.contact(email="b@example.com", city="Kiel")
    assert members(http, number) == [record_id]
    for verb in ("add", "remove"):
        refused = http("PUT", f"{LISTS}/{number}/memberships/{verb}", [record_id])
        assert (refused.status, refused.json["category"]) == (400, "VALIDATION_ERROR")
    http.update(record_id, city="Kiel")
    assert members(http, number) == []


def test_a_snapshot_is_filled_once_and_can_be_edited(http: Http) -> None:
    """HS-9.24"""
    first = http.contact(email="a@example.com", city="Bonn")
    number = made(http, processing="SNAPSHOT", filterBranch=branch(where("city", "IS_KNOWN")))
    second = http.contact(email="b@example.com", city="Bonn")
    assert members(http, number) == [first]
    http("PUT", f"{LISTS}/{number}/memberships/add", [second])
    assert members(http, number) == [first, second]
    assert http("DELETE", f"{LISTS}/{number}/memberships").status == 204
    assert members(http, number) == []


@pytest.mark.parametrize(
    ("filters", "names"),
    [
        (branch(where("city", "IS_ANY_OF", values=["Bonn", "Kiel"])), "ab"),
        (branch(where("city", "IS_NOT_EQUAL_TO", values=["Bonn"])), "bc"),
        (branch(where("city", "CONTAINS", values=["ON"])), "a"),
        (branch(where("city", "IS_UNKNOWN")), "c"),
        (branch(where("associatedcompanyid", "IS_GREATER_THAN", value=5)), "b"),
        (branch(where("associatedcompanyid", "IS_BETWEEN", lowerBound=1, upperBound=5)), "a"),
        (branch(where("city", "IS_EQUAL_TO", value="Bonn"), where("city", "IS_UNKNOWN"), joined="OR"), "ac"),
        (branch(joined="OR", filterBranches=[branch(where("city", "IS_KNOWN"))]), "ab"),
        (branch(), "abc"),
    ],
)
def test_filters_select(http: Http, filters: dict[str, Any], names: str) -> None:
    rows = {
        "a": {"city": "Bonn", "associatedcompanyid": "3"},
        "b": {"city": "Kiel", "associatedcompanyid": "9"},
    }
    ids = {name: http.contact(email=f"{name}@example.com", **rows.get(name, {})) for name in "abc"}
    number = made(http, processing="DYNAMIC", filterBranch=filters)
    assert members(http, number) == [ids[name] for name in names]


def test_a_list_of_a_list(http: Http) -> None:
    """Of lists with filters none may be named: they could go round in circles."""
    inside, outside = (http.contact(email=f"{name}@example.com") for name in "ab")
    manual = made(http)
    http("PUT", f"{LISTS}/{manual}/memberships/add", [inside])
    other = {"filterType": "IN_LIST", "listId": manual, "operator": "NOT_IN_LIST"}
    number = made(http, "Others", "DYNAMIC", filterBranch=branch(other))
    assert members(http, number) == [outside]
    assert make(http, "Third", "DYNAMIC", filterBranch=branch({**other, "listId": number})).status == 400


@pytest.mark.parametrize(
    "wanted",
    [
        {"name": ""},
        {"processing": "STATIC"},
        {"processing": "DYNAMIC"},
        {"filterBranch": branch()},
        {"processing": "DYNAMIC", "filterBranch": {"filterBranchType": "NOT_ALL"}},
        {"processing": "DYNAMIC", "filterBranch": branch({"filterType": "WEBINAR"})},
        {"processing": "DYNAMIC", "filterBranch": branch(where("nonsense", "IS_KNOWN"))},
        {"processing": "DYNAMIC", "filterBranch": branch(where("createdate", "IS_GREATER_THAN", value="0"))},
        {"objectTypeId": "0-999"},
    ],
)
def test_a_list_must_be_as_documented(http: Http, wanted: dict[str, Any]) -> None:
    assert make(http, **wanted).status == 400


def test_names_are_taken_once_and_lists_are_found_by_them(http: Http) -> None:
    number = made(http, "My list")
    assert make(http, "my LIST").json["subCategory"] == "ILS.DUPLICATE_LIST_NAMES"
    found = http.get(f"{LISTS}/object-type-id/contacts/name/My%20list?includeFilters=false").json["list"]
    assert (found["listId"], found["size"]) == (number, 0)
    renamed = http("PUT", f"{LISTS}/{number}/update-list-name?listName=Other").json["updatedList"]
    assert (renamed["name"], renamed["listVersion"]) == ("Other", 2)
    assert http.get(f"{LISTS}/object-type-id/0-1/name/My%20list").status == 404


def test_lists_are_searched_by_offset(http: Http) -> None:
    numbers = [made(http, f"List {position}") for position in range(3)]
    page = http.post(f"{LISTS}/search", {"count": 2, "query": "LIST"}).json
    assert (page["offset"], page["hasMore"], page["total"]) == (2, True, 3)
    rest = http.post(f"{LISTS}/search", {"offset": page["offset"]}).json
    assert ([item["listId"] for item in rest["lists"]], rest["hasMore"]) == (numbers[2:], False)
    assert http.post(f"{LISTS}/search", {"processingTypes": ["DYNAMIC"]}).json["total"] == 0


def test_a_deleted_list_can_be_restored(http: Http) -> None:
    number = made(http)
    assert http("DELETE", f"{LISTS}/{number}").status == 204
    assert http.get(f"{LISTS}/{number}").json["category"] == "OBJECT_NOT_FOUND"
    assert http("PUT", f"{LISTS}/{number}/restore").status == 204
    assert http.get(f"{LISTS}/{number}").status == 200
    assert http("PUT", f"{LISTS}/{number}/restore").status == 404


def test_a_record_knows_its_lists_through_merge_and_archive(sandbox: Sandbox, http: Http) -> None:
    number, (first, second) = made(http), (http.contact(email=f"{name}@example.com") for name in "ab")
    http("PUT", f"{LISTS}/{number}/memberships/add", [second])
    sandbox.advance(60)
    http("PUT", f"{LISTS}/{number}/memberships/add", [first])
    assert members(http, number, "/join-order") == [second, first]
    merge = {"primaryObjectId": first, "objectIdToMerge": second}
    merged = http.post("/crm/v3/objects/contacts/merge", merge).json["id"]
    assert members(http, number) == [merged]
    told = http.get(f"{LISTS}/records/0-1/{merged}/memberships").json["results"]
    assert [item["listId"] for item in told] == [number]
    http("DELETE", f"/crm/v3/objects/contacts/{merged}")
    assert members(http, number) == []


def test_members_come_in_pages(http: Http) -> None:
    ids = [http.contact(email=f"p{number}@example.com") for number in range(3)]
    number = made(http)
    http("PUT", f"{LISTS}/{number}/memberships/add", ids)
    page = http.get(f"{LISTS}/{number}/memberships?limit=2").json
    after = page["paging"]["next"]["after"]
    rest = http.get(f"{LISTS}/{number}/memberships?limit=2&after={after}").json
    assert [item["recordId"] for item in page["results"] + rest["results"]] == ids
    assert http.get(f"{LISTS}/{number}/memberships?limit=251").status == 400
    assert http.get("/crm/lists/2026-09/memberships").status == 404


def test_lists_need_their_scope(sandbox: Sandbox, http: Http) -> None:
    """HS-9.1"""
    sandbox.set_options(hubspot={"scopes": ["crm.lists.read"]})
    assert http.post(f"{LISTS}/search").status == 200
    assert make(http).json["context"]["requiredGranularScopes"] == ["crm.lists.write"]
