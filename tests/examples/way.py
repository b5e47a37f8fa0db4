"""A company in which one lead's whole way is gone: the hands of its people, and what they are told."""

from __future__ import annotations

import json
from collections.abc import Iterable, Iterator
from contextlib import contextmanager
from datetime import datetime, timedelta
from http.server import BaseHTTPRequestHandler, HTTPServer
from pathlib import Path
from threading import Thread
from typing import Any
from urllib.parse import quote

import requests

from crmbridge.sandbox import Sandbox
from tests.cli.company import Company, Ran

#: Monday, nine o'clock in Berlin.
MONDAY = datetime.fromisoformat("2026-11-23T08:00:00+00:00")


class Way(Company):
    """The company, and the hands of its reps in Salesforce."""

    titles: list[str]
    port: int
    #: Destinations of alerts that the process names.
    destinations: tuple[str, ...] = ("channel",)
    #: Of the person whose way it is.
    email = "ada@example.com"
    #: Id of the deal that was opened.
    deal = ""

    def hooks(self, port: int | None = None) -> dict[str, str]:
        url = f"json://127.0.0.1:{port or self.port}"
        return {f"CRMBRIDGE_ALERTS__{name}".upper(): url for name in self.destinations}

    def now(self) -> str:
        """Give the moment that the sandbox's clock shows."""
        return str(self.sandbox.run(self.sandbox.world.clock.iso))

    def run(self, command: str, *words: str, **changed: str) -> Ran:
        """Run a command with the destinations that the process names."""
        return super().run(command, *words, **{**self.hooks(), **changed})

    def tick(self, **later: float) -> dict[str, Any]:
        """Let time pass, and run."""
        self.sandbox.advance(timedelta(**later).total_seconds())
        ran = self.run("sync", "--json", "--now", self.now())
        assert ran.code == 0, ran.err
        return dict(ran.json)

    def is_settled(self) -> bool:
        """Tell whether a plan at this moment has nothing to do."""
        return bool(self.run("plan", "--json", "--now", self.now()).json["changes"] == [])

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

    def lead(self, *names: str) -> dict[str, Any]:
        """Read the only Lead, with these fields besides the usual ones."""
        wanted = ("Id", "OwnerId", "Owner.Email", "crmbridge_Stage__c", *names)
        (row,) = self.query(f"SELECT {', '.join(wanted)} FROM Lead")
        return row

    def does(self, **values: Any) -> None:
        """Let the rep edit the Lead, a while later."""
        self.sandbox.advance(60)
        self.rest("PATCH", f"sobjects/Lead/{self.lead()['Id']}", values)

    def calls(self, direction: str) -> None:
        """Log a call that was made just now."""
        now = self.now()
        call = {"WhoId": self.lead()["Id"], "Subject": "Call", "Status": "Completed", "TaskSubtype": "Call"}
        made = {**call, "CallType": direction, "ActivityDate": now[:10], "OwnerId": self.lead()["OwnerId"]}
        self.rest("POST", "sobjects/Task", made)

    def owner(self) -> str:
        return str(self.lead()["Owner"]["Email"]).partition("@")[0]

    def hubspot(self, method: str, path: str, body: Any = None) -> Any:
        ready = self.sandbox.ready["hubspot"]
        signed = {"Authorization": f"Bearer {ready['access_token']}"}
        answer = requests.request(method, f"{ready['base_url']}/{path}", json=body, headers=signed, timeout=5)
        assert answer.ok, answer.text
        return answer.json() if answer.content else None

    def contact(self, name: str) -> str | None:
        """Read a property of the contact."""
        path = f"crm/v3/objects/contacts/{self.email}?idProperty=email&properties={name}"
        found: str | None = self.hubspot("GET", path)["properties"].get(name)
        return found

    def submits(self, form: str, **values: str) -> None:
        """Let the person fill in a form on the web site, a minute later."""
        self.sandbox.advance(60)
        given = {"email": self.email, **values}
        fields = [{"objectTypeId": "0-1", "name": name, "value": value} for name, value in given.items()]
        portal = self.sandbox.ready["hubspot"]["portal_id"]
        self.hubspot("POST", f"submissions/v3/integration/submit/{portal}/{form}", {"fields": fields})

    def edits(self, **properties: str) -> None:
        """Let somebody edit the contact, a minute later."""
        self.sandbox.advance(60)
        path = f"crm/v3/objects/contacts/{self.email}?idProperty=email"
        self.hubspot("PATCH", path, {"properties": properties})

    def owner_id(self, email: str) -> str:
        """Find HubSpot's id of a rep."""
        owners = self.hubspot("GET", "crm/v3/owners?limit=100")["results"]
        return next(str(owner["id"]) for owner in owners if owner["email"] == email)

    def holder(self) -> str | None:
        """Give the e-mail address of who owns the contact."""
        owners = self.hubspot("GET", "crm/v3/owners?limit=100")["results"]
        owner = self.contact("hubspot_owner_id")
        return next((str(item["email"]) for item in owners if str(item["id"]) == owner), None)

    def opens_deal(self, stage: str) -> None:
        """Open an opportunity for the contact, a minute later."""
        self.sandbox.advance(60)
        contact = self.hubspot("GET", f"crm/v3/objects/contacts/{self.email}?idProperty=email")["id"]
        tie = {"associationCategory": "HUBSPOT_DEFINED", "associationTypeId": 3}
        properties = {"dealname": "Project", "pipeline": "default", "dealstage": stage, "amount": "1000"}
        made = {"properties": properties, "associations": [{"to": {"id": contact}, "types": [tie]}]}
        self.deal = str(self.hubspot("POST", "crm/v3/objects/deals", made)["id"])

    def wins_deal(self) -> None:
        """Win it, a minute later."""
        self.sandbox.advance(60)
        path = f"crm/v3/objects/deals/{self.deal}"
        self.hubspot("PATCH", path, {"properties": {"dealstage": "closedwon"}})

    def form(self, name: str) -> str:
        """Make a form, and give its id."""
        made = self.hubspot("POST", "marketing/v3/forms/", {"name": name, "formType": "hubspot"})
        return str(made["id"])

    def row(self, what: str) -> dict[str, Any] | None:
        """Give the person's row of a list; None when there is none."""
        found = self.run("list", what, "--json", "--now", self.now()).json["rows"]
        return next((row for row in found if row["email"] == self.email), None)

    def arrives(self, **properties: str) -> None:
        """Put the person into HubSpot."""
        given = {"email": self.email, **properties}
        self.sandbox.load("hubspot.contacts", f"{','.join(given)}\n{','.join(given.values())}\n")

    def told(self) -> list[str]:
        """Give the titles of the messages since the last time."""
        found, self.titles[:] = list(self.titles), []
        return found


@contextmanager
def opened(
    folder: Path, reps: Iterable[str], crms: tuple[str, ...] = ("hubspot", "salesforce")
) -> Iterator[Way]:
    """Give a way in a folder, with a webhook that keeps what it is told and CRMs with these people.

    Args:
        reps: E-mail addresses.
    """
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
        made = Way(folder, sandbox, crms)
        made.titles, made.port = titles, server.server_port
        _hire(sandbox, list(reps))
        yield made
    server.shutdown()
    server.server_close()
    thread.join()


def _hire(sandbox: Sandbox, reps: list[str]) -> None:
    names = [rep.partition("@")[0].replace(".", "") for rep in reps]
    head = (
        "Username,Email,FirstName,LastName,Alias,"
        "IsActive,TimeZoneSidKey,LocaleSidKey,LanguageLocaleKey,EmailEncodingKey"
    )
    tail = "true,Europe/Berlin,en_US,en_US,UTF-8"
    people = list(zip(reps, names, strict=True))
    users = [f"{rep}.crm,{rep},{name},Rep,{name[:8]},{tail}" for rep, name in people]
    sandbox.load("salesforce.User", "\n".join([head, *users]))
    owners = [f"{rep},{name},Rep" for rep, name in people]
    sandbox.load("hubspot.owners", "\n".join(["email,firstName,lastName", *owners]))
