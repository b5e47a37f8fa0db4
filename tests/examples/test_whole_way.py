"""One lead's whole way over both sandbox CRMs, with the clock driven, from a breach to the win."""

from __future__ import annotations

import json
from collections.abc import Iterator
from datetime import datetime, timedelta
from http.server import BaseHTTPRequestHandler, HTTPServer
from pathlib import Path
from threading import Thread
from typing import Any
from urllib.parse import quote

import pytest
import requests

from crmbridge.sandbox import Sandbox
from tests.cli.company import Company
from tests.contract.shop import PROCESS

#: Monday, nine o'clock in Berlin.
MONDAY = datetime.fromisoformat("2026-11-23T08:00:00+00:00")
REPS = ("ann", "bob", "cleo", "tia", "mia")
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


class Way(Company):
    """The company, and the hands of its reps in Salesforce."""

    titles: list[str]
    port: int

    def tick(self, **later: float) -> dict[str, Any]:
        """Let time pass, and run."""
        self.sandbox.advance(timedelta(**later).total_seconds())
        now = self.sandbox.run(self.sandbox.world.clock.iso)
        hook = {"CRMBRIDGE_ALERTS__CHANNEL": f"json://127.0.0.1:{self.port}"}
        ran = self.run("sync", "--json", "--now", now, **hook)
        assert ran.code == 0, ran.err
        return dict(ran.json)

    def is_settled(self) -> bool:
        """Tell whether a plan at this moment has nothing to do."""
        now = self.sandbox.run(self.sandbox.world.clock.iso)
        hook = {"CRMBRIDGE_ALERTS__CHANNEL": "json://127.0.0.1:1"}
        return bool(self.run("plan", "--json", "--now", now, **hook).json["changes"] == [])

    def rest(self, method: str, path: str, body: Any = None) -> Any:
        ready = self.sandbox.ready["salesforce"]
        url = f"{ready['instance_url']}/services/data/v{ready['api_version']}/{path}"
        signed = {"Authorization": f"Bearer {ready['session_id']}"}
        answer = requests.request(method, url, json=body, headers=signed, timeout=5)
        assert answer.ok, answer.text
        return answer.json() if answer.content else None

    def query(self, soql: str) -> list[dict[str, Any]]:
        found: list[dict[str, Any]] = self.rest("GET", f"query?q={quote(soql)}")["records"]
        return found

    def lead(self) -> dict[str, Any]:
        (row,) = self.query("SELECT Id, OwnerId, Owner.Email, crmbridge_Stage__c FROM Lead")
        return row

    def does(self, **values: Any) -> None:
        """Let the rep edit the Lead, a while later."""
        self.sandbox.advance(60)
        self.rest("PATCH", f"sobjects/Lead/{self.lead()['Id']}", values)

    def calls(self, direction: str) -> None:
        """Log a call that was made just now."""
        now = self.sandbox.run(self.sandbox.world.clock.iso)
        call = {"WhoId": self.lead()["Id"], "Subject": "Call", "Status": "Completed", "TaskSubtype": "Call"}
        made = {**call, "CallType": direction, "ActivityDate": now[:10], "OwnerId": self.lead()["OwnerId"]}
        self.rest("POST", "sobjects/Task", made)

    def owner(self) -> str:
        return str(self.lead()["Owner"]["Email"]).partition("@")[0]

    def contact(self, name: str) -> str | None:
        ready = self.sandbox.ready["hubspot"]
        answer = requests.get(
            f"{ready['base_url']}/crm/v3/objects/contacts/ada@example.com",
            params={"idProperty": "email", "properties": name},
            headers={"Authorization": f"Bearer {ready['access_token']}"},
            timeout=5,
        )
        found: str | None = answer.json()["properties"].get(name)
        return found

    def told(self) -> list[str]:
        """Give the titles of the messages since the last time."""
        found, self.titles[:] = list(self.titles), []
        return found


@pytest.fixture
def way(tmp_path: Path) -> Iterator[Way]:
    titles: list[str] = []

    class Webhook(BaseHTTPRequestHandler):
        def do_POST(self) -> None:
            message = json.loads(self.rfile.read(int(self.headers["Content-Length"])))
            titles.append(f"{message['title']}: {message['message']}")
            self.send_response(200)
            self.end_headers()

        def log_message(self, format: str, *args: Any) -> None:
            """Stay quiet."""

    server = HTTPServer(("127.0.0.1", 0), Webhook)
    thread = Thread(target=server.serve_forever, daemon=True)
    thread.start()
    with Sandbox(clock=MONDAY) as sandbox:
        folder = tmp_path / "shop"
        folder.mkdir()
        made = Way(folder, sandbox)
        made.titles, made.port = titles, server.server_port
        _furnish(made)
        yield made
    server.shutdown()
    server.server_close()
    thread.join()


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
    head = (
        "Username,Email,FirstName,LastName,Alias,"
        "IsActive,TimeZoneSidKey,LocaleSidKey,LanguageLocaleKey,EmailEncodingKey"
    )
    tail = "true,Europe/Berlin,en_US,en_US,UTF-8"
    users = [f"{name}@example.com.crm,{name}@example.com,{name},Rep,{name},{tail}" for name in REPS]
    way.sandbox.load("salesforce.User", "\n".join([head, *users]))
    owners = [f"{name}@example.com,{name},Rep" for name in REPS]
    way.sandbox.load("hubspot.owners", "\n".join(["email,firstName,lastName", *owners]))
    hook = {"CRMBRIDGE_ALERTS__CHANNEL": "json://127.0.0.1:1"}
    ran = way.run("provision", "--apply", **hook)
    assert ran.code == 0, ran.err
    way.sandbox.load(
        "hubspot.contacts", "email,lastname,company,country\nada@example.com,Ada,Acorn,Germany\n"
    )


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
