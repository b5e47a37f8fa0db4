"""Search (facts: hubspot §9, lines 19, 20)."""

from __future__ import annotations

from typing import Any

import pytest

from crmbridge.sandbox import Sandbox
from tests.sandbox.conftest import Http


def where(name: str, operator: str, **given: Any) -> dict[str, Any]:
    return {"propertyName": name, "operator": operator, **given}


@pytest.fixture
def people(http: Http) -> dict[str, str]:
    """Give three contacts by first name."""
    rows: list[dict[str, str]] = [
        {"firstname": "Ada", "city": "Berlin", "associatedcompanyid": "9", "email": "ada@example.com"},
        {"firstname": "Björn", "city": "MÜNCHEN", "associatedcompanyid": "10", "closedate": "2026-03-01"},
        {"firstname": "Chloe", "jobtitle": "Head of Sales", "closedate": "2026-04-01T00:00:00Z"},
    ]
    return {row["firstname"]: http.contact(**row) for row in rows}


@pytest.mark.parametrize(
    ("condition", "names"),
    [
        (where("city", "EQ", value="berlin"), ["Ada"]),
        (where("city", "EQ", value="München"), ["Björn"]),
        (where("city", "NEQ", value="Berlin"), ["Björn", "Chloe"]),
        (where("email", "EQ", value="ADA@example.com"), ["Ada"]),
        (where("email", "IN", values=["ada@example.com", "x@example.com"]), ["Ada"]),
        (where("associatedcompanyid", "GT", value=9), ["Björn"]),
        (where("associatedcompanyid", "BETWEEN", value="9", highValue="10"), ["Ada", "Björn"]),
        (where("closedate", "GTE", value="2026-03-15"), ["Chloe"]),
        (where("closedate", "LT", value="1774915200000"), ["Björn"]),
        (where("city", "IN", values=["berlin", "bremen"]), ["Ada"]),
        (where("city", "NOT_IN", values=["berlin"]), ["Björn", "Chloe"]),
        (where("city", "HAS_PROPERTY"), ["Ada", "Björn"]),
        (where("city", "NOT_HAS_PROPERTY"), ["Chloe"]),
        (where("jobtitle", "CONTAINS_TOKEN", value="sales"), ["Chloe"]),
        (where("jobtitle", "CONTAINS_TOKEN", value="sal*"), ["Chloe"]),
        (where("jobtitle", "CONTAINS_TOKEN", value="sal"), []),
        (where("jobtitle", "NOT_CONTAINS_TOKEN", value="sales"), ["Ada", "Björn"]),
    ],
)
def test_operators(http: Http, people: dict[str, str], condition: dict[str, Any], names: list[str]) -> None:
    """HS-9.20"""
    assert http.found(condition) == [people[name] for name in names]


def test_groups_are_alternatives_and_filters_of_one_group_go_together(
    http: Http, people: dict[str, str]
) -> None:
    groups = [
        {"filters": [where("city", "EQ", value="Berlin"), where("firstname", "EQ", value="Ada")]},
        {"filters": [where("firstname", "EQ", value="Chloe")]},
    ]
    answer = http.search(
        filterGroups=groups, sorts=[{"propertyName": "firstname", "direction": "DESCENDING"}]
    )
    assert answer.json["total"] == 2
    assert [item["id"] for item in answer.json["results"]] == [people["Chloe"], people["Ada"]]


def test_text_is_searched_in_the_usual_properties(http: Http, people: dict[str, str]) -> None:
    assert http.found(query="björn") == [people["Björn"]]


def test_windows_have_millisecond_precision(sandbox: Sandbox, http: Http, people: dict[str, str]) -> None:
    """HS-9.20"""
    sandbox.advance(1)
    http.update(people["Björn"], city="Bonn")
    stamp = http.read(people["Björn"], "lastmodifieddate")["lastmodifieddate"]
    assert http.found(where("lastmodifieddate", "GTE", value=stamp)) == [people["Björn"]]
    assert http.found(where("lastmodifieddate", "GT", value=stamp)) == []


def test_the_index_lags_behind_while_reads_do_not(sandbox: Sandbox, http: Http) -> None:
    """HS-9.19"""
    record_id = http.contact(email="a@example.com", city="Berlin")
    sandbox.set_options(hubspot={"search_lag_seconds": 60})
    late = http.contact(email="b@example.com", city="Bonn")
    http.update(record_id, city="Bonn")
    assert http.read(record_id, "city") == {"city": "Bonn"}
    assert http.found(where("city", "EQ", value="Bonn")) == []
    assert http.found(where("city", "EQ", value="Berlin")) == [record_id]
    sandbox.advance(61)
    assert http.found(where("city", "EQ", value="Bonn")) == [record_id, late]


def test_archived_records_are_not_found(http: Http, people: dict[str, str]) -> None:
    """HS-9.19"""
    http("DELETE", f"/crm/v3/objects/contacts/{people['Ada']}")
    answer = http.search()
    assert answer.json["total"] == 2


def test_pages_follow_an_offset(http: Http, people: dict[str, str]) -> None:
    first = http.search(limit=2).json
    assert (first["total"], first["paging"]["next"]["after"]) == (3, "2")
    second = http.search(limit=2, after=2).json
    assert [item["id"] for item in second["results"]] == [people["Chloe"]]
    assert "paging" not in second


@pytest.mark.parametrize(
    "body",
    [
        {"limit": 201},
        {"limit": 200, "after": "9900"},
        {"after": "NTI1Cg%3D%3D"},
        {"filters": [where("city", "EQ", value="x" * 3000)]},
        {"filterGroups": [{"filters": [where("city", "EQ", value="x")]}] * 6},
        {"filters": [where("city", "EQ", value="x")] * 7},
        {"filterGroups": [{"filters": [where("city", "EQ", value="x")] * 4}] * 5},
        {"filters": [where("nonsense", "EQ", value="x")]},
        {"filters": [where("city", "LIKE", value="x")]},
        {"filters": [where("city", "IN", value="x")]},
        {"sorts": ["nonsense"]},
    ],
)
def test_what_is_over_a_limit_or_unknown_is_a_400(http: Http, body: dict[str, Any]) -> None:
    """HS-9.19"""
    assert http.search(**body).status == 400


def test_a_list_token_is_refused_in_its_own_words(http: Http) -> None:
    """HS-9.19"""
    assert http.search(after="abc").json["message"].startswith("Cannot deserialize value of type")


def test_a_filter_from_the_epoch_fails(http: Http) -> None:
    """HS-9.19"""
    assert http.search(where("lastmodifieddate", "GTE", value="0")).status == 500


def test_a_search_over_many_records_uses_an_index_and_finds_the_same(sandbox: Sandbox, http: Http) -> None:
    rows = "".join(f"p{number}@example.com,Lang{number % 7}\n" for number in range(2_100))
    sandbox.load("hubspot.contacts", f"email,lastname\n{rows}")
    sandbox.set_options(hubspot={"search_lag_seconds": 0})
    wanted = {"propertyName": "lastname", "operator": "EQ", "value": "LANG3"}
    assert http.search(wanted, limit=1).json["total"] == 300
    record_id = http.found(wanted, limit=1)[0]
    http.update(record_id, lastname="Other")
    assert http.search(wanted, limit=1).json["total"] == 299

    def plan() -> str:
        db = sandbox.world.db
        sql = """SELECT COUNT(*) FROM hs_contacts WHERE archived = 0
                 AND (lower_text(json_extract(properties, '$."lastname"')) = 'x')"""
        return str(db.execute(f"EXPLAIN QUERY PLAN {sql}").fetchone()[3])

    assert "hs_contacts_p_lastname" in sandbox.run(plan)
