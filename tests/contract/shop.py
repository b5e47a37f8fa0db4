"""A small company in a folder, over a sandbox, run by the command line as people run it."""

from __future__ import annotations

import json
import os
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import pytest

from crmbridge.bridge import Bridge
from crmbridge.cli.app import run
from crmbridge.company import open_company
from crmbridge.sandbox import Sandbox
from crmbridge.sandbox.app import CrmApp

PROCESS = """\
format = 1

[process]
name = "Shop"
version = "1"

[[stage]]
name = "lead"
role = "lead"
next = ["mql", "disqualified"]

[[stage]]
name = "mql"
role = "qualified"
next = ["sal", "recycled", "disqualified"]

[[stage]]
name = "sal"
role = "accepted"
next = ["recycled", "disqualified"]

[[stage]]
name = "recycled"
role = "recycled"
next = ["mql", "disqualified"]

[[stage]]
name = "disqualified"
role = "disqualified"
next = []

[qualification]
threshold = 50.0
required = ["email"]

[[fit]]
name = "Has an address"
points = 60
when = [{ field = "email", op = "present" }]

[routing]
triage = "tia@example.com"

[[territory]]
name = "dach"
countries = ["DE", "AT"]
pool = "dach"

[[pool]]
name = "dach"

[[pool.member]]
owner = "ann@example.com"

[[pool.member]]
owner = "bob@example.com"

[[recycle]]
reason = "default"
cool_down_days = 0

[guards]
max_changed_share = 1.0
max_handoffs = 10000
max_overwrites = 10000
"""
REPS = ("ann", "bob", "tia")
_USERS = (
    "Username,Email,FirstName,LastName,Alias,"
    "IsActive,TimeZoneSidKey,LocaleSidKey,LanguageLocaleKey,EmailEncodingKey"
)


@dataclass(frozen=True)
class Ran:
    """What a command came to."""

    code: int
    out: str
    #: On one line, however wide the terminal is.
    err: str

    @property
    def json(self) -> Any:
        return json.loads(self.out)


@dataclass
class Shop:
    """The company."""

    folder: Path
    sandbox: Sandbox
    patch: pytest.MonkeyPatch
    capture: pytest.CaptureFixture[str]
    #: Number of the last request that `writes` leaves out.
    seen: int = 0
    #: Ids of the reps, in their order.
    hubspot_owners: tuple[str, ...] = ()

    def write(self, process: str = PROCESS, mapping: str = "format = 1\n") -> None:
        """Write the company's files."""
        self.folder.joinpath("process.toml").write_text(process, "utf-8")
        self.folder.joinpath("mapping.toml").write_text(mapping, "utf-8")

    def sign_in(self, **changed: dict[str, str] | None) -> None:
        """Put the sandbox's tokens into the environment; a CRM given as None is not used."""
        for name in [name for name in os.environ if name.startswith("CRMBRIDGE_")]:
            self.patch.delenv(name)
        for crm, values in (self.sandbox.settings() | changed).items():
            for name, value in (values or {}).items():
                self.patch.setenv(f"CRMBRIDGE_{crm.upper()}__{name.upper()}", value)

    def people(self) -> None:
        """Put the reps into both CRMs."""
        rows = [f"{name}@example.com,{name},Rep" for name in REPS]
        self.hubspot_owners = self.sandbox.load(
            "hubspot.owners", "\n".join(["email,firstName,lastName", *rows])
        ).ids
        tail = "true,Europe/Berlin,en_US,en_US,UTF-8"
        users = [f"{name}@example.com.crm,{name}@example.com,{name},Rep,{name},{tail}" for name in REPS]
        self.sandbox.load("salesforce.User", "\n".join([_USERS, *users]))

    def contacts(self, *rows: str, header: str = "email,lastname,company,country") -> None:
        assert self.sandbox.load("hubspot.contacts", "\n".join([header, *rows])).skipped == ()

    def leads(self, *rows: str, header: str = "Email,LastName,Company,Country") -> tuple[str, ...]:
        report = self.sandbox.load("salesforce.Lead", "\n".join([header, *rows]))
        assert report.skipped == ()
        return report.ids

    def run(self, command: str, *arguments: str) -> Ran:
        """Run ``crmbridge COMMAND -C FOLDER …``; an unexpected exception would reach the test."""
        words = ["crmbridge", command, *arguments, "-C", str(self.folder)]
        self.patch.setattr("sys.argv", words)
        self.capture.readouterr()
        code = run()
        shown = self.capture.readouterr()
        assert "Traceback" not in shown.out + shown.err
        return Ran(code, shown.out, " ".join(shown.err.split()))

    def bridge(self) -> Bridge:
        return open_company(self.folder)

    def sync(self) -> Any:
        """Sync, and let sandbox time pass so that the next edit is later; gives the document."""
        ran = self.run("sync", "--json")
        assert ran.code in {0, 1}, ran.err
        self.sandbox.advance(60)
        return ran.json

    @property
    def ledger(self) -> Path:
        return self.folder / "ledger.db"

    def writes(self) -> list[str]:
        """Name what calls have changed in both CRMs since `look`."""
        return [effect for entry in self.sandbox.audit(self.seen) for effect in entry["effects"]]

    def look(self) -> None:
        """Leave out of `writes` what was changed so far."""
        self.seen = max((entry["seq"] for entry in self.sandbox.audit()), default=0)

    def records(self, crm: str, object: str) -> int:
        app: CrmApp = self.sandbox.hubspot if crm == "hubspot" else self.sandbox.salesforce
        found: int = self.sandbox.run(app.state)["records"].get(object, 0)
        return found
