"""Pebble tests its process files: what happens to a lead, on the days that it happens."""

from __future__ import annotations

from pathlib import Path

import pytest
from hubspot import HubSpot

from crmbridge import Bridge
from crmbridge.sandbox import Sandbox
from crmbridge.testing.fixtures import NOW, OpenCompany

PEBBLE = Path(__file__).parents[1] / "companies" / "small"
OWNERS = "email,firstName,lastName\nkay.ito@example.com,Kay,Ito\n"
PEOPLE = """\
email,lastname,jobtitle,numemployees,lifecyclestage
ada@example.com,Lang,Director,200,lead
bob@example.com,Ott,Clerk,200,lead
"""


@pytest.fixture
def pebble(sandbox: Sandbox, open_company: OpenCompany) -> Bridge:
    sandbox.load("hubspot.owners", OWNERS)
    sandbox.load("hubspot.contacts", PEOPLE)
    return open_company(PEBBLE, crms=("hubspot",))


def stages(sandbox: Sandbox) -> dict[str, str]:
    """Read with HubSpot's own client what a person would see."""
    ready = sandbox.ready["hubspot"]
    client = HubSpot(access_token=ready["access_token"], host=ready["base_url"])
    people = client.crm.contacts.get_all(properties=["email", "lifecyclestage"])
    return {person.properties["email"]: person.properties["lifecyclestage"] for person in people}


def writes(sandbox: Sandbox) -> list[str]:
    """Give what was changed by requests, as the audit proves it."""
    return [effect for entry in sandbox.audit() for effect in entry["effects"] if " contacts " in effect]


def test_who_decides_goes_to_the_inbox_and_others_do_not(sandbox: Sandbox, pebble: Bridge) -> None:
    pebble.sync(NOW)
    assert stages(sandbox) == {"ada@example.com": "marketingqualifiedlead", "bob@example.com": "lead"}


def test_a_second_run_writes_nothing(sandbox: Sandbox, pebble: Bridge) -> None:
    pebble.sync(NOW)
    before = writes(sandbox)
    pebble.sync(NOW)
    assert writes(sandbox) == before


def test_a_bad_day_of_hubspot_changes_nothing_in_the_end(sandbox: Sandbox, pebble: Bridge) -> None:
    sandbox.set_faults({"crm": "hubspot", "method": "POST", "count": 1, "action": {"reset": "after"}})
    pebble.sync(NOW)
    pebble.sync(NOW)
    assert stages(sandbox)["ada@example.com"] == "marketingqualifiedlead"


def test_a_month_later_nothing_has_moved_by_itself(sandbox: Sandbox, pebble: Bridge) -> None:
    pebble.sync(NOW)
    sandbox.advance(30 * 86_400)
    now = sandbox.run(sandbox.world.clock.now)
    assert pebble.plan(now).counts.changes == 0
