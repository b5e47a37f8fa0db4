"""Real histories: people work in both CRMs for months, then the past is read, shown and written (S4, S31)."""

from __future__ import annotations

from collections.abc import Iterator
from datetime import UTC, datetime, timedelta
from pathlib import Path
from typing import Any

import pytest
import requests

from crmbridge.sandbox import Sandbox
from crmbridge.sandbox.options import Options
from tests.contract.shop import PROCESS, Shop

BEGUN = datetime(2026, 1, 5, 9, tzinfo=UTC)
TRACKED = ["Lead.Status", "Lead.OwnerId", "Contact.OwnerId", "Lead.crmbridge_Stage__c"]


@pytest.fixture(scope="module")
def served() -> Iterator[Sandbox]:
    with Sandbox(clock=BEGUN) as sandbox:
        yield sandbox


@pytest.fixture
def shop(
    served: Sandbox, tmp_path: Path, monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str]
) -> Shop:
    """Give a company whose CRMs keep history from the beginning of the year."""
    served.run(lambda: setattr(served.world, "options", Options()))
    served.reset()
    served.set_clock(BEGUN)
    served.set_options(salesforce={"tracked_fields": TRACKED})
    made = Shop(tmp_path, served, monkeypatch, capsys)
    made.write()
    made.sign_in()
    made.people()
    assert made.run("provision", "--apply").code == 0
    return made


class Hands:
    """Somebody who works in both CRMs."""

    def __init__(self, shop: Shop) -> None:
        self.sandbox = shop.sandbox

    def on(self, day: int) -> str:
        """Let it be so many days after the beginning; gives the moment as documents spell it."""
        moment = BEGUN + timedelta(days=day)
        self.sandbox.set_clock(moment)
        return moment.isoformat().replace("+00:00", "Z")

    def contact(self, record_id: str | None, **properties: str) -> str:
        ready = self.sandbox.ready["hubspot"]
        path = f"/{record_id}" if record_id else ""
        return str(
            self._call(
                "PATCH" if record_id else "POST",
                f"{ready['base_url']}/crm/v3/objects/contacts{path}",
                ready["access_token"],
                {"properties": properties},
            )["id"]
        )

    def merge(self, primary: str, other: str) -> str:
        ready = self.sandbox.ready["hubspot"]
        url = f"{ready['base_url']}/crm/v3/objects/contacts/merge"
        body = {"primaryObjectId": primary, "objectIdToMerge": other}
        return str(self._call("POST", url, ready["access_token"], body)["id"])

    def lead(self, record_id: str, **values: str) -> None:
        self._change("Lead", record_id, values)

    def opportunity(self, record_id: str, **values: str) -> None:
        self._change("Opportunity", record_id, values)

    def _change(self, object: str, record_id: str, values: dict[str, str]) -> None:
        ready = self.sandbox.ready["salesforce"]
        url = f"{ready['instance_url']}/services/data/v62.0/sobjects/{object}/{record_id}"
        self._call("PATCH", url, ready["session_id"], values)

    @staticmethod
    def _call(method: str, url: str, token: str, body: Any) -> Any:
        headers = {"Authorization": f"Bearer {token}"}
        answer = requests.request(method, url, json=body, headers=headers, timeout=5)
        assert answer.ok, answer.text
        return answer.json() if answer.content else {}


def read(shop: Shop, record_id: str, *names: str) -> dict[str, Any]:
    ready = shop.sandbox.ready["hubspot"]
    url = f"{ready['base_url']}/crm/v3/objects/contacts/{record_id}?properties={','.join(names)}"
    answer = requests.get(url, headers={"Authorization": f"Bearer {ready['access_token']}"}, timeout=5)
    properties = answer.json()["properties"]
    return {name: properties[name] for name in names}


def entries(document: Any, *kinds: str) -> list[tuple[str | None, str, str | None, str]]:
    return [
        (entry["at"], entry["kind"], entry["value"] or entry["reason"], entry["evidence"])
        for entry in document["entries"]
        if entry["kind"] in kinds
    ]


def test_the_way_of_a_contact_is_exact_and_is_written(shop: Shop) -> None:
    hands = Hands(shop)
    begun = hands.on(0)
    ada = hands.contact(None, email="ada@example.com", lastname="Ada", lifecyclestage="lead")
    qualified = hands.on(20)
    hands.contact(ada, lifecyclestage="marketingqualifiedlead", hubspot_owner_id=shop.hubspot_owners[0])
    hands.on(200)
    assert shop.run("timeline", "--rebuild", "--json").json["coverage"]["stage"]["certain"] == 1
    shown = shop.run("timeline", f"hubspot:contacts:{ada}", "--json").json
    assert entries(shown, "stage", "qualified", "handed_off") == [
        (begun, "stage", "lead", "certain"),
        (qualified, "stage", "mql", "certain"),
        (qualified, "qualified", None, "certain"),
        (qualified, "handed_off", "ann@example.com", "derived"),
    ]
    since = ("--since", "2026-01-01")
    planned = shop.run("backfill", *since, "--json").json
    assert (planned["applied"], planned["records"], planned["recorded"]) == (False, 1, 1)
    assert read(shop, ada, "crmbridge_qualified_at") == {"crmbridge_qualified_at": None}
    done = shop.run("backfill", *since, "--apply", "--json").json
    assert (done["written"], done["failed"]) == (1, 0)
    assert read(shop, ada, "crmbridge_qualified_at", "crmbridge_is_mql", "lifecyclestage") == {
        "crmbridge_qualified_at": qualified.replace("Z", ".000Z"),
        "crmbridge_is_mql": "true",
        "lifecyclestage": "marketingqualifiedlead",
    }
    shop.sandbox.advance(600)
    shop.look()
    again = shop.run("backfill", *since, "--apply", "--json").json
    assert (again["change_count"], again["timeline"]["changed"], shop.writes()) == (0, 0, [])


def test_salesforce_tells_what_it_tracks_and_the_rest_is_unknown(shop: Shop) -> None:
    hands = Hands(shop)
    hands.on(0)
    (ada,) = shop.leads("ada@example.com,Ada,Acme,Germany")
    accepted = hands.on(30)
    hands.lead(ada, Status="Working - Contacted")
    hands.on(40)
    hands.lead(ada, Status="Closed - Not Converted")
    hands.on(200)
    shop.run("timeline", "--rebuild")
    shown = shop.run("timeline", f"salesforce:Lead:{ada}", "--json").json
    # The oldest row of the whole org is the first that anybody saw: what was before it has no time.
    assert entries(shown, "status")[:2] == [
        (None, "status", "new", "unknown"),
        (accepted, "status", "working", "certain"),
    ]
    assert entries(shown, "disqualified")[0][3] == "certain"
    assert shown["coverage"] == {"stage": "unknown", "status": "derived", "owner": "unknown"}
    found = shop.run("backfill", "--since", "2026-01-01", "--recorded", "--apply", "--json").json
    assert (found["recorded"], found["by_rules"], found["failed"]) == (0, 0, 0)


def test_people_read_it_on_a_terminal(shop: Shop) -> None:
    hands = Hands(shop)
    ada = hands.contact(None, email="ada@example.com", lastname="Ada", lifecyclestage="lead")
    hands.on(20)
    hands.contact(ada, lifecyclestage="marketingqualifiedlead")
    hands.on(30)
    assert "qualified" in shop.run("timeline", f"hubspot:contacts:{ada}", "--rebuild").out
    assert "stage: recorded from the beginning: 1" in shop.run("timeline", "--rebuild").out
    plan = shop.run("backfill", "--since", "2026-01-01").out
    assert "Nothing was written: --apply writes." in plan
    assert "workflows that enrol contacts" in plan
    shown = shop.run("timeline", f"hubspot:contacts:{ada}")
    assert "coverage: stage recorded from the beginning" in shown.out


def test_a_merged_person_keeps_both_pasts(shop: Shop) -> None:
    hands = Hands(shop)
    first = hands.contact(None, email="ada@example.com", lastname="Ada", lifecyclestage="lead")
    qualified = hands.on(10)
    hands.contact(first, lifecyclestage="marketingqualifiedlead")
    hands.on(15)
    second = hands.contact(None, email="ada@example.org", lastname="Ada", lifecyclestage="lead")
    hands.on(20)
    survivor = hands.merge(first, second)
    hands.on(40)
    shop.run("timeline", "--rebuild")
    shown = shop.run("timeline", f"hubspot:contacts:{survivor}", "--json").json
    assert (qualified, "qualified", None, "certain") in entries(shown, "qualified")
    assert [problem["kind"] for problem in shown["problems"]] == ["merged_histories"]


def test_a_budget_of_its_own_stops_with_code_4_and_goes_on(shop: Shop) -> None:
    hands = Hands(shop)
    for number in range(3):
        hands.contact(None, email=f"p{number}@example.com", lifecyclestage="marketingqualifiedlead")
    hands.on(30)
    words = ("backfill", "--since", "2026-01-01", "--apply", "--json")
    stopped = shop.run(*words, "--budget", "14")
    assert stopped.code == 4
    assert "the budget of 14 API calls is spent" in stopped.err
    assert shop.run(*words).json["written"] == 3


_SALES = """
[[stage]]
name = "opportunity"
role = "opportunity"
next = ["customer", "recycled"]

[[stage]]
name = "customer"
role = "customer"
next = []
"""


def test_a_converted_lead_goes_on_as_a_contact_with_its_opportunity(shop: Shop) -> None:
    shop.write(PROCESS.replace("[qualification]", f"{_SALES}\n[qualification]"))
    hands = Hands(shop)
    hands.on(0)
    (ada,) = shop.leads("ada@example.com,Ada,Acme,Germany")
    hands.on(10)
    hands.lead(ada, crmbridge_Stage__c="mql")
    converted = hands.on(30)
    made = shop.sandbox.act(
        "salesforce", "convert", lead_id=ada, opportunity_name="A deal", owner_id=_ann(shop)
    )
    won = hands.on(50)
    hands.opportunity(made["opportunity_id"], StageName="Closed Won")
    hands.on(60)
    assert shop.run("timeline", "--rebuild").code == 0
    shown = shop.run("timeline", f"salesforce:Contact:{made['contact_id']}", "--json").json
    assert (converted, "status", "converted", "certain") in entries(shown, "status")
    assert entries(shown, "stage")[-2:] == [
        (converted, "stage", "opportunity", "derived"),
        (won, "stage", "customer", "derived"),
    ]
    assert [entry[:2] for entry in entries(shown, "accepted")] == [(converted, "accepted")]
    done = shop.run("backfill", "--since", "2026-01-01", "--apply", "--json").json
    assert done["failed"] == 0
    written = shop.run("timeline", f"salesforce:Contact:{made['contact_id']}", "--json").json
    assert written["entries"] == shown["entries"]


def _ann(shop: Shop) -> str:
    ready = shop.sandbox.ready["salesforce"]
    query = "SELECT+Id+FROM+User+WHERE+Email='ann@example.com'"
    url = f"{ready['instance_url']}/services/data/v62.0/query?q={query}"
    headers = {"Authorization": f"Bearer {ready['session_id']}"}
    return str(requests.get(url, headers=headers, timeout=5).json()["records"][0]["Id"])


TOLD = """\
[csv]
date_format = "DD.MM.YYYY"
[key]
column = "E-Mail"
names = "email"
[dates]
mql = "MQL seit"
sal = "SAL seit"
"""


def test_a_spreadsheet_is_read_corrected_and_read_again(shop: Shop) -> None:
    hands = Hands(shop)
    hands.on(0)
    ada, bea = (
        hands.contact(None, email=f"{name}@example.com", lastname=name, lifecyclestage="lead")
        for name in ("ada", "bea")
    )
    hands.on(200)
    mapping, file, rejects = (shop.folder / name for name in ("told.toml", "old.csv", "rejects.csv"))
    mapping.write_text(TOLD, "utf-8")
    rows = (
        "ada@example.com,01.02.2026,05.02.2026",
        "bea@example.com,2026-02-01,",
        "cyd@example.com,01.02.2026,",
    )
    file.write_text("\n".join(["E-Mail,MQL seit,SAL seit", *rows]), "utf-8")
    read_so = ("--mapping", str(mapping), "--rejects", str(rejects))
    shown = shop.run("backfill", "--from-csv", str(file), *read_so)
    assert shown.code == 0
    assert "3 rows in the files, 1 used" in shown.out
    assert "1 × bad_date: a date that does not have the declared format" in shown.out
    done = shop.run("backfill", "--from-csv", str(file), *read_so, "--apply", "--json").json
    assert done["files"] == {"rows": 3, "used": 1, "refused": {"bad_date": 1, "unknown_lead": 1}}
    assert (done["written"], done["failed"]) == (1, 0)
    names = ("crmbridge_qualified_at", "crmbridge_is_sal", "lifecyclestage")
    assert read(shop, ada, *names) == {
        "crmbridge_qualified_at": "2026-02-01T00:00:00.000Z",
        "crmbridge_is_sal": "true",
        "lifecyclestage": "lead",
    }
    rejects.write_text(rejects.read_text("utf-8").replace("2026-02-01", "01.02.2026"), "utf-8")
    told = ("--from-csv", str(rejects), "--mapping", str(mapping), "--apply", "--json")
    again = shop.run("backfill", *told).json
    assert (again["files"]["used"], again["written"]) == (1, 1)
    assert read(shop, bea, *names[:1]) == {"crmbridge_qualified_at": "2026-02-01T00:00:00.000Z"}
    assert shop.run("backfill", *told).json["change_count"] == 0


@pytest.mark.parametrize(
    ("words", "told"),
    [
        ((), "--since"),
        (("--from-csv", "x.csv"), "need a mapping"),
        (("--since", "2026-01-01", "--rejects", "r.csv"), "goes with --from-csv"),
        (("--from-csv", "x.csv", "--mapping", "m.toml", "--only", "a@b.c"), "name their leads themselves"),
    ],
)
def test_options_that_do_not_go_together_are_refused(shop: Shop, words: tuple[str, ...], told: str) -> None:
    ran = shop.run("backfill", *words)
    assert (ran.code, told in ran.err) == (2, True)
