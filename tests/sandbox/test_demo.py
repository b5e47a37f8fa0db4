"""The invented leads."""

from __future__ import annotations

from collections.abc import Iterator
from datetime import UTC, datetime, timedelta
from functools import partial
from typing import Any

import pytest

from crmbridge.sandbox import Sandbox
from tests.sandbox.conftest import Http

NOW = datetime(2026, 11, 21, 8, tzinfo=UTC)
LEADS = 300


@pytest.fixture(scope="module")
def demo() -> Iterator[Sandbox]:
    with Sandbox(demo=LEADS, clock=NOW) as sandbox:
        yield sandbox


@pytest.fixture(scope="module")
def contacts(demo: Sandbox) -> list[dict[str, Any]]:
    ready = demo.ready["hubspot"]
    http = Http(ready["base_url"], ready["access_token"])
    names = (
        "email,phone,hs_email_optout,recent_conversion_event_name,hs_email_last_send_date,hubspot_owner_id"
    )
    found: list[dict[str, Any]] = []
    after = "0"
    while after:
        page = http.get(f"/crm/v3/objects/contacts?limit=100&after={after}&properties={names}").json
        found += page["results"]
        after = page.get("paging", {}).get("next", {}).get("after", "")
    http.pool.clear()
    return [item["properties"] for item in found]


def salesforce(demo: Sandbox, soql: str) -> list[dict[str, Any]]:
    ready = demo.ready["salesforce"]
    http = Http(ready["instance_url"], ready["session_id"])
    answer = http.get(f"/services/data/v62.0/query?q={soql.replace(' ', '+')}")
    http.pool.clear()
    records: list[dict[str, Any]] = answer.json["records"]
    return records


def test_a_tenth_is_in_both_crms(demo: Sandbox, contacts: list[dict[str, Any]]) -> None:
    leads = salesforce(demo, "SELECT Email FROM Lead") + salesforce(demo, "SELECT Email FROM Contact")
    assert len(contacts) + len(leads) == LEADS * 1.1
    both = {item["email"] for item in contacts} & {item["Email"] for item in leads} - {None}
    assert LEADS * 0.08 <= len(both) <= LEADS * 0.1


def test_some_lack_what_a_process_needs(contacts: list[dict[str, Any]]) -> None:
    lacking = {
        name: sum(1 for item in contacts if not item[name]) for name in ("email", "phone", "hubspot_owner_id")
    }
    assert all(0 < count < len(contacts) for count in lacking.values())
    assert any(item["hs_email_optout"] == "true" for item in contacts)
    assert any(item["recent_conversion_event_name"] == "Demo request" for item in contacts)


def test_everybody_is_at_example_com(contacts: list[dict[str, Any]]) -> None:
    assert all(item["email"].endswith("@example.com") for item in contacts if item["email"])


def test_stamps_lie_in_the_past_months(contacts: list[dict[str, Any]]) -> None:
    stamps = [datetime.fromisoformat(item["lastmodifieddate"]) for item in contacts]
    assert NOW - timedelta(days=241) < min(stamps)
    assert max(stamps) <= NOW
    assert max(stamps) - min(stamps) > timedelta(days=90)


def test_one_of_the_team_has_left_and_a_queue_owns_leads(demo: Sandbox) -> None:
    users = {item["Email"]: item["IsActive"] for item in salesforce(demo, "SELECT Email, IsActive FROM User")}
    assert users["ann.berg@example.com"] is True
    assert users["dan.evans@example.com"] is False
    assert salesforce(demo, "SELECT Name FROM Group")[0]["Name"] == "Inbound leads"


def first_properties(sandbox: Sandbox) -> str:
    """Give the stored properties of the first contact."""
    return str(sandbox.world.db.execute("SELECT properties FROM hs_contacts").fetchone()[0])


def test_the_same_seed_invents_the_same_people(demo: Sandbox) -> None:
    there = demo.run(lambda: first_properties(demo))
    for seed, same in ((1, True), (2, False)):
        with Sandbox(demo=LEADS, clock=NOW, seed=seed) as again:
            assert (again.run(partial(first_properties, again)) == there) is same


def test_a_state_file_is_filled_once(tmp_path: Any) -> None:
    for _ in range(2):
        with Sandbox(demo=10, state=tmp_path / "state.sqlite") as sandbox:
            assert sandbox.run(sandbox.hubspot.state)["records"]["contacts"] == 6
