"""examples/custom_lifecycle as it stands, from its accounts to an accepted lead on HubSpot's dashboard."""

from __future__ import annotations

import shutil
from collections.abc import Iterator
from datetime import datetime
from pathlib import Path

import pytest

from crmbridge.sandbox import Sandbox
from tests.cli.company import NOW, Company
from tests.examples import juniper

EXAMPLE = Path(__file__).parents[2] / "examples" / "custom_lifecycle"


@pytest.fixture
def company(tmp_path: Path) -> Iterator[Company]:
    with Sandbox(clock=datetime.fromisoformat(NOW)) as sandbox:
        juniper.furnish(sandbox)
        yield Company(Path(shutil.copytree(EXAMPLE, tmp_path / "juniper")), sandbox)


def settle(company: Company) -> None:
    """Write all there is to write, and find nothing more to do."""
    now = company.sandbox.run(company.sandbox.world.clock.iso)
    assert company.run("sync", "--json", "--now", now).json["failed"] == 0
    assert company.run("plan", "--json", "--now", now).json["changes"] == []


def test_the_folder_fits_its_accounts_once_the_missing_fields_are_made(company: Company) -> None:
    assert company.run("check").code == 2
    needed = company.run("provision", "--apply", "--json").json["needed"]
    made = {item["name"] for items in needed.values() for item in items}
    assert made.isdisjoint({"sales_accepted", "sales_accepted_at", "Funnel_Stage__c", "Return_Reason__c"})
    ran = company.run("check", "--json")
    assert ran.code == 0, ran.json


def test_an_accepted_lead_reaches_the_companys_own_fields_and_a_returned_one_rests(company: Company) -> None:
    assert company.run("provision", "--apply").code == 0
    plan = company.folder / "first.plan"
    assert company.run("plan", "--now", NOW, "--out", str(plan)).code == 0
    assert company.run("apply", str(plan)).code == 0
    assert company.run("plan", "--json", "--now", NOW).json["changes"] == []
    box = ("lifecyclestage", "sales_accepted", "sales_accepted_at")
    assert juniper.contact(company.sandbox, "lena@example.com", *box)["lifecyclestage"] == "39102"
    assert juniper.contact(company.sandbox, "otto@example.com", *box)["lifecyclestage"] == "subscriber"
    assert juniper.lead(company.sandbox, "Funnel_Stage__c")["Funnel_Stage__c"] == "Marketing qualified"

    juniper.edit_lead(company.sandbox, Funnel_Stage__c="Accepted by sales")
    settle(company)
    assert juniper.contact(company.sandbox, "lena@example.com", *box) == {
        "lifecyclestage": "39102",
        "sales_accepted": "true",
        "sales_accepted_at": "2026-11-23T10:00:00.000Z",
    }

    juniper.edit_lead(company.sandbox, Funnel_Stage__c="Returned to marketing", Return_Reason__c="Not now")
    settle(company)
    told = juniper.contact(
        company.sandbox, "lena@example.com", "crmbridge_recycle_reason", "crmbridge_recycle_until"
    )
    assert told["crmbridge_recycle_reason"] == "timing"
    assert str(told["crmbridge_recycle_until"]).startswith("2027-05-22")
