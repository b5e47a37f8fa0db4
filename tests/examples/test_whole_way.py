"""One lead's whole way over both sandbox CRMs, with the clock driven, from a breach to the win."""

from __future__ import annotations

from collections.abc import Iterator
from pathlib import Path

import pytest

from tests.contract.shop import PROCESS
from tests.examples.way import Way, opened

REPS = [f"{name}@example.com" for name in ("ann", "bob", "cleo", "tia", "mia")]
PROMISES = """
[[calendar]]
name = "berlin"
timezone = "Europe/Berlin"
holidays = ["DE-BE"]
countries = ["DE"]

[sla]
reassign_at = 1.5
manager = "mia@example.com"

[[sla.target]]
name = "all"
first_touch_minutes = 240

[[reject]]
reason = "not_a_fit"
class = "definitional"

[handoff]

[[alert]]
name = "sales"
on = ["handed_off", "reminder", "escalation", "reassigned"]
to = ["channel"]
title = "$kind of $name"
body = "$owner, $manager"
"""
STAGES = """
[[stage]]
name = "opportunity"
role = "opportunity"
next = ["customer", "recycled", "disqualified"]

[[stage]]
name = "customer"
role = "customer"
next = []

[[stage]]
name = "recycled"
"""


@pytest.fixture
def way(tmp_path: Path) -> Iterator[Way]:
    folder = tmp_path / "shop"
    folder.mkdir()
    with opened(folder, REPS) as made:
        _furnish(made)
        yield made


def _furnish(way: Way) -> None:
    process = PROCESS.replace('\n[[stage]]\nname = "recycled"\n', STAGES)
    process = process.replace('"recycled", "disqualified"]', '"opportunity", "recycled", "disqualified"]')
    process = process.replace(
        'owner = "bob@example.com"',
        'owner = "bob@example.com"\n\n[[pool.member]]\nowner = "cleo@example.com"',
    )
    process = process.replace("cool_down_days = 0", "cool_down_days = 30")
    way.folder.joinpath("process.toml").write_text(process + PROMISES, "utf-8")
    way.folder.joinpath("mapping.toml").write_text("format = 1\n", "utf-8")
    ran = way.run("provision", "--apply")
    assert ran.code == 0, ran.err
    way.arrives(lastname="Ada", company="Acorn", country="Germany")


@pytest.mark.filterwarnings("ignore:'imghdr' is deprecated")
def test_the_whole_way_of_a_lead(way: Way) -> None:
    """S6-S10, S43, S51, S58, S61, S71, S74: qualification, reminder, breach, another rep, rejection, rest,
    re-qualification, acceptance, opportunity, win."""
    first = way.tick()
    assert (first["handed_off"], first["attached"], first["alerts"]) == (1, 1, {"sent": 1})
    one = way.owner()
    assert way.told() == [f"handed_off of Ada: {one}@example.com, –"]
    (task,) = way.query("SELECT Subject, Description, OwnerId, Status FROM Task")
    assert task["OwnerId"] == way.lead()["OwnerId"]
    assert "Has an address +60.0" in task["Description"]
    assert way.contact("lifecyclestage") == "marketingqualifiedlead"

    way.tick(hours=3, minutes=15)
    assert way.told() == [f"reminder of Ada: {one}@example.com, mia@example.com"]
    way.tick(minutes=50)
    assert way.told() == [f"escalation of Ada: {one}@example.com, mia@example.com"]
    assert way.owner() == one
    way.tick(hours=2)
    two = way.owner()
    assert two != one
    assert sorted(title.partition(" ")[0] for title in way.told()) == ["handed_off", "reassigned"]
    assert way.is_settled()
    assert way.lead()["crmbridge_Stage__c"] == "mql"

    way.does(Status="Rejected", crmbridge_Recycle_Reason__c="not_a_fit")
    way.tick()
    assert way.lead()["crmbridge_Stage__c"] == "recycled"
    assert way.contact("crmbridge_recycle_reason") == "not_a_fit"
    assert way.is_settled()
    assert way.told() == []

    way.tick(days=31)
    assert way.lead()["crmbridge_Stage__c"] == "recycled"
    way.calls("Inbound")
    way.tick(hours=1)
    three = way.owner()
    assert (way.lead()["crmbridge_Stage__c"], len({one, two, three})) == ("mql", 3)
    assert way.told() == [f"handed_off of Ada: {three}@example.com, –"]

    way.sandbox.advance(1800)
    way.calls("Outbound")
    way.does(Status="Accepted")
    way.tick()
    assert (way.lead()["crmbridge_Stage__c"], way.contact("crmbridge_is_sal")) == ("sal", "true")
    way.tick(days=3)
    assert way.told() == []  # the first touch was made in time

    way.sandbox.act("salesforce", "convert", lead_id=way.lead()["Id"], opportunity_name="Ada's project")
    way.tick(hours=1)
    assert way.contact("lifecyclestage") == "opportunity"
    (deal,) = way.query("SELECT Id FROM Opportunity")
    way.rest("PATCH", f"sobjects/Opportunity/{deal['Id']}", {"StageName": "Closed Won"})
    way.tick(hours=1)
    assert way.contact("lifecyclestage") == "customer"
    assert way.told() == []
    assert way.is_settled()
