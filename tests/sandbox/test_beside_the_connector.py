"""HubSpot's own Salesforce connector runs beside us: both come to rest, and a fight is told, not fought."""

from __future__ import annotations

from collections.abc import Iterator
from datetime import UTC, datetime

import pytest

from crmbridge.sandbox import Sandbox
from crmbridge.sandbox.connector_rules import DEFAULT_FIELDS, ConnectorOptions, FieldMapping
from tests.sandbox.story import Story

MORNING = datetime(2026, 11, 23, 8, tzinfo=UTC)
#: What portals usually map, and two of our own fields, as somebody does who wants them "in sync".
BESIDE = ConnectorOptions(
    fields=[
        *DEFAULT_FIELDS,
        FieldMapping(hubspot="crmbridge_score", lead="crmbridge_Score__c", rule="two_way"),
        FieldMapping(hubspot="crmbridge_is_mql", lead="crmbridge_Is_MQL__c", rule="prefer_salesforce"),
    ],
    creates="Lead",
)
#: The portal's old score was mapped onto our field, and is copied over it every quarter of an hour.
FIGHTING = ConnectorOptions(
    fields=[FieldMapping(hubspot="numemployees", lead="crmbridge_Score__c", rule="always_hubspot")],
    creates="",
)


@pytest.fixture(scope="module")
def served() -> Iterator[Sandbox]:
    with Sandbox(clock=MORNING) as sandbox:
        yield sandbox


@pytest.fixture
def story(served: Sandbox) -> Iterator[Story]:
    made = Story(served)
    yield made
    served.connect(None)
    made.bridge.close()


def a_round(story: Story) -> tuple[int, int]:
    """Make one run of ours, then let a quarter of an hour pass; gives what we and the connector wrote."""
    before = len(story.sandbox.connector_state()["writes"])
    written = story.sync().written
    story.pass_time(minutes=16)
    return written, len(story.sandbox.connector_state()["writes"]) - before


@pytest.mark.parametrize("first", ["we", "the connector"])
def test_after_the_last_edit_both_we_and_the_connector_fall_silent(story: Story, first: str) -> None:
    """Our writes fall to zero within two runs, whoever of us was there first."""
    contact = story.contact("dee@example.org", phone="+493012345", lifecyclestage="lead")
    if first == "we":
        story.sync()
    story.sandbox.connect(BESIDE)
    story.pass_time(minutes=16)
    story.sync()
    lead = story.only_lead("dee@example.org")["Id"]
    story.edit_lead(lead, Status="Working - Contacted", OwnerId=story.user_ids["tia"], Phone="+493099999")
    story.edit_contact(contact, jobtitle="Head of Sales", city="Bonn")
    story.pass_time(minutes=16)
    story.edit_contact(contact, hubspot_owner_id=story.hubspot_ids["bob"], city="Ulm")
    rounds = [a_round(story) for _ in range(5)]
    assert min(rounds[0]) > 0, rounds
    assert rounds[2:] == [(0, 0)] * 3, rounds
    row = story.only_lead("dee@example.org")
    # It prefers Salesforce: there the owner and the place stay, and everything else came across.
    assert story.owner_name(row["OwnerId"]) == story.owner_name(story.properties(contact)["hubspot_owner_id"])
    assert row["Title"] == "Head of Sales"
    assert row["City"] == story.properties(contact)["city"]
    assert story.properties(contact)["hs_lead_status"] == "IN_PROGRESS"


def test_a_connector_that_copies_over_our_field_is_reported_and_left_alone(story: Story) -> None:
    """We write it three times; then it is a fight, listed by name, and no longer ours to write."""
    story.contact("dee@example.org", numemployees="500")
    story.sync()
    story.sandbox.connect(FIGHTING)
    story.pass_time(minutes=16)
    rounds = [a_round(story) for _ in range(7)]
    assert [ours for ours, _ in rounds[4:]] == [0, 0, 0], rounds
    assert 1 <= sum(ours for ours, _ in rounds) <= 3
    assert [theirs for _, theirs in rounds[4:]] == [0, 0, 0]
    assert story.only_lead("dee@example.org")["crmbridge_Score__c"] == 500
    assert ("fight", "score") in story.conflicts()
