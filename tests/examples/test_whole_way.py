"""The two example companies as they stand, and one lead's whole way in each, with the clock driven."""

from __future__ import annotations

import shutil
from collections.abc import Iterator
from pathlib import Path

import pytest

from tests.examples.way import Way, opened

COMPANIES = Path(__file__).parents[2] / "examples" / "companies"
ANN, BEN, CHLOE, KAY = REPS = [
    f"{name}@example.com" for name in ("ann.berg", "ben.cole", "chloe.dubois", "kay.ito")
]
#: Apprise looks at pictures with it.
pytestmark = pytest.mark.filterwarnings("ignore:'imghdr' is deprecated")


@pytest.fixture
def borealis(tmp_path: Path) -> Iterator[Way]:
    """Give the company with nine stages, and one person whom it knows a little."""
    folder = Path(shutil.copytree(COMPANIES / "nine_stages", tmp_path / "borealis"))
    with opened(folder, REPS) as way:
        way.destinations = ("sales_channel", "marketing_channel")
        ran = way.run("provision", "--apply")
        assert ran.code == 0, ran.err
        way.arrives(lastname="Ada", company="Acorn", country="Germany", jobtitle="VP Operations")
        yield way


def test_nine_stages_from_the_first_form_to_the_win(borealis: Way) -> None:
    """S1, S4, S6-S10, S43, S45, S49, S51, S54, S55, S58, S61, S71, S74, S97-S99: qualification, breach,
    another rep, rejection, rest, qualified again, acceptance, opportunity, win."""
    way = borealis
    form = way.form("Contact sales")
    way.tick()
    assert (way.contact("crmbridge_programme"), way.row("prioritised")) == ("Newsletter", None)

    way.submits(form, phone="+49 30 901820")
    first = way.tick(minutes=5)
    assert (first["handed_off"], first["attached"], first["alerts"]) == (1, 1, {"sent": 1})
    one = way.owner()
    assert one in {"ann.berg", "ben.cole"}
    assert way.contact("crmbridge_programme") is None  # sales has it now
    (task,) = way.query("SELECT Description, OwnerId FROM Task")
    assert task["OwnerId"] == way.lead()["OwnerId"]
    assert "Trial or demo request +50.0" in task["Description"]
    assert "form: Contact sales" in task["Description"]
    (told,) = way.told()
    assert told.startswith("handed_off: Ada, Acorn: Score 90.")
    listed = way.row("prioritised")
    assert listed is not None
    assert (listed["owner"], listed["recent_activity_count"]) == (f"{one}@example.com", 1)
    shown = way.lead("crmbridge_Work_List__c", "crmbridge_SLA_Promise__c", "crmbridge_SLA_Due_At__c")
    assert list(shown.values())[-3:-1] == ["prioritised", "first_touch"]
    assert str(shown["crmbridge_SLA_Due_At__c"]).startswith("2026-11-23T12:")

    way.tick(hours=3, minutes=15)
    assert [told.partition(":")[0] for told in way.told()] == ["reminder"]
    way.tick(minutes=50)
    assert [told.partition(":")[0] for told in way.told()] == ["escalation"]
    late = way.row("due")
    assert late is not None
    assert (late["promise"], late["overdue"], 0 < late["overdue_seconds"] < 3600) == (
        "first_touch",
        True,
        True,
    )
    assert way.owner() == one
    way.tick(hours=2)
    two = way.owner()
    assert two != one
    assert sorted(told.partition(":")[0] for told in way.told()) == ["handed_off", "reassigned"]
    assert way.is_settled()

    way.does(Status="Rejected", crmbridge_Recycle_Reason__c="not_a_fit")
    way.tick(minutes=5)
    assert way.lead()["crmbridge_Stage__c"] == "Recycle"
    assert way.contact("crmbridge_recycle_reason") == "not_a_fit"
    assert way.contact("crmbridge_programme") == "Newsletter"
    assert (way.is_settled(), way.told()) == (True, [])

    way.tick(days=91)
    assert way.lead()["crmbridge_Stage__c"] == "Recycle"  # nothing new
    way.submits(form, mobilephone="+49 151 23456789")
    way.tick(minutes=5)
    three = way.owner()
    assert way.lead()["crmbridge_Stage__c"] == "MQL"
    assert three not in {one, two}
    assert [told.partition(":")[0] for told in way.told()] == ["handed_off"]

    way.sandbox.advance(1800)
    way.calls("Outbound")
    way.does(Status="Accepted")
    way.tick(minutes=5)
    assert (way.lead()["crmbridge_Stage__c"], way.contact("crmbridge_is_sal")) == ("Accepted", "true")
    assert way.told() == []  # the first touch was made in time

    way.does(Status="Qualified")
    way.tick(minutes=5)
    assert way.contact("lifecyclestage") == "salesqualifiedlead"
    way.sandbox.act("salesforce", "convert", lead_id=way.lead()["Id"], opportunity_name="Ada's project")
    way.tick(hours=1)
    (deal,) = way.query("SELECT Id FROM Opportunity")
    way.rest("PATCH", f"sobjects/Opportunity/{deal['Id']}", {"StageName": "Closed Won"})
    way.tick(hours=1)
    assert way.contact("lifecyclestage") == "customer"
    assert way.is_settled()
    document = way.run("report", "--json", "--now", way.now()).json
    assert (document["won"], document["feedback"]["coverage"], document["rejected"]) == (
        1,
        1,
        {"not_a_fit": 1},
    )


@pytest.fixture
def pebble(tmp_path: Path) -> Iterator[Way]:
    """Give the small company, which has HubSpot alone, and one person."""
    folder = Path(shutil.copytree(COMPANIES / "small", tmp_path / "pebble"))
    with opened(folder, REPS, ("hubspot",)) as way:
        way.destinations = ("team",)
        ran = way.run("provision", "--apply")
        assert ran.code == 0, ran.err
        way.arrives(lastname="Ada", company="Acorn", country="United Kingdom", jobtitle="Head of Sales")
        yield way


def test_a_triage_inbox_from_the_first_form_to_the_win(pebble: Way) -> None:
    """S5, S8, S44, S58, S61, S71, S73, S74: into the inbox, breach, taken and let lie, back into the inbox,
    rejection, rest, qualified again, acceptance, opportunity, win."""
    way = pebble
    form = way.form("Call me back")
    way.tick()
    way.submits(form, phone="+44 20 7946 0000")
    first = way.tick(minutes=5)
    assert (first["handed_off"], first["attached"], way.holder()) == (1, 1, KAY)
    assert way.contact("lifecyclestage") == "marketingqualifiedlead"
    assert [told.partition(":")[0] for told in way.told()] == ["handed_off"]

    way.tick(days=1, hours=2)
    assert [told.partition(":")[0] for told in way.told()] == ["escalation"]
    assert (way.holder(), way.is_settled()) == (KAY, True)
    way.edits(hubspot_owner_id=way.owner_id(BEN))
    way.tick(minutes=5)
    assert way.holder() == BEN
    way.tick(days=4)
    assert way.holder() == KAY  # Ben let it lie
    assert "reassigned" in {told.partition(":")[0] for told in way.told()}

    way.edits(hubspot_owner_id=way.owner_id(CHLOE))
    way.tick(minutes=5)
    way.edits(hs_lead_status="BAD_TIMING")
    way.tick(minutes=5)
    assert str(way.contact("crmbridge_recycle_until")).startswith("2027-02-26")
    assert way.is_settled()
    assert way.contact("crmbridge_is_mql") == "false"
    way.told()

    way.tick(days=91)
    assert way.contact("crmbridge_is_mql") == "false"
    way.submits(form, mobilephone="+44 7700 900123")
    way.tick(minutes=5)
    assert (way.contact("crmbridge_is_mql"), way.holder()) == ("true", KAY)

    way.edits(hubspot_owner_id=way.owner_id(ANN))
    way.tick(minutes=5)
    way.edits(lifecyclestage="salesqualifiedlead")
    way.tick(minutes=5)
    assert way.contact("crmbridge_is_sal") == "true"
    way.opens_deal("qualifiedtobuy")
    way.tick(hours=1)
    way.wins_deal()
    way.tick(hours=1)
    assert way.is_settled()
    document = way.run("report", "--json", "--now", way.now()).json
    assert (document["won"], document["feedback"]["coverage"]) == (1, 1)
    assert document["recycled"] == {"timing": 1}
