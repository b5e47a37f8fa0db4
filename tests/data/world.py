"""A sandbox filled with real lists, a ledger in memory, and a bridge between them."""

from __future__ import annotations

import tomllib
from collections.abc import Collection, Iterator, Mapping, Sequence
from contextlib import contextmanager
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any

from crmbridge.bridge import Bridge
from crmbridge.company import connect
from crmbridge.ledger import SqlLedger
from crmbridge.mapping import Mapping as CompanyMapping
from crmbridge.model import Change, Conflict, Decision
from crmbridge.ports import PlanCounts, StoredLead
from crmbridge.process import Process
from crmbridge.results import Plan, Result
from crmbridge.sandbox import Sandbox
from crmbridge.sandbox.load import LoadReport
from crmbridge.settings import Settings

HERE = Path(__file__).parent
_LOCALE = {
    "IsActive": "true",
    "TimeZoneSidKey": "Europe/Berlin",
    "LocaleSidKey": "en_US",
    "LanguageLocaleKey": "en_US",
    "EmailEncodingKey": "UTF-8",
}


@dataclass(kw_only=True)
class World:
    """One company over the sandbox."""

    sandbox: Sandbox
    bridge: Bridge
    reports: list[LoadReport] = field(default_factory=list)

    def load(self, name: str, text: str) -> LoadReport:
        """Load a prepared list; its columns become custom fields."""
        report = self.sandbox.load(name, text, create_fields=True)
        self.reports.append(report)
        return report

    def provision(self) -> None:
        self.bridge.create_fields(self.bridge.needed_fields())

    def leads(self, lead_ids: Collection[str]) -> Sequence[StoredLead]:
        return self.bridge.ledger.load(sorted(lead_ids))

    def fields(self, lead_ids: Collection[str]) -> Iterator[tuple[str, Mapping[str, Any]]]:
        """Give (CRM, fields as last read or written) of every record of these leads."""
        for lead in self.leads(lead_ids):
            for part in lead.records:
                yield part.record.ref.crm, part.record.fields


@dataclass(frozen=True, kw_only=True)
class Outcome:
    """What a plan, carrying it out, and planning again came to."""

    world: World
    counts: PlanCounts
    changes: tuple[Change, ...]
    conflicts: tuple[Conflict, ...]
    handed_over: tuple[Decision, ...]
    result: Result
    again: PlanCounts
    #: A third plan, after the second one was carried out, too.
    at_rest: PlanCounts

    def changed(self, name: str) -> list[Change]:
        return [change for change in self.changes if change.field == name]


@contextmanager
def opened(process: Mapping[str, Any], mapping: Mapping[str, Any], crms: Collection[str]) -> Iterator[World]:
    """Start an empty sandbox and a company over the CRMs named."""
    with Sandbox() as sandbox:
        found = sandbox.settings()
        settings = Settings.parse({name: found[name] for name in crms})
        ledger = SqlLedger("sqlite://")
        mapped = CompanyMapping.parse(mapping)
        parts = connect(settings, mapped, limiter=ledger.limiter)
        bridge = Bridge(
            Process.parse(process),
            mapped,
            hubspot=parts.get("hubspot"),
            salesforce=parts.get("salesforce"),
            ledger=ledger,
        )
        try:
            yield World(sandbox=sandbox, bridge=bridge)
        finally:
            bridge.close()


def carried_out(world: World) -> Outcome:
    """Plan, carry it out, and plan again."""
    plan = world.bridge.plan()
    changes, conflicts = tuple(plan), tuple(plan.conflicts())
    handed_over = tuple(plan.ledger.candidates(plan.run))
    result = world.bridge.apply(plan)
    again = world.bridge.plan()
    return Outcome(
        world=world,
        counts=plan.counts,
        changes=changes,
        conflicts=conflicts,
        handed_over=handed_over,
        result=result,
        again=again.counts,
        at_rest=_after(world, again).counts,
    )


def _after(world: World, plan: Plan) -> Plan:
    world.bridge.apply(plan)
    return world.bridge.plan()


def read(*path: str) -> dict[str, Any]:
    """Read one of the test companies' files."""
    return tomllib.loads(HERE.joinpath(*path).read_text("utf-8"))


def hubspot_owners(emails: Collection[str]) -> str:
    """Give reps as rows of ``hubspot.owners``."""
    rows = [f"{email},{email.partition('@')[0]},Rep" for email in emails]
    return "\n".join(["email,firstName,lastName", *rows])


def salesforce_users(emails: Collection[str]) -> str:
    """Give reps as rows of ``salesforce.User``."""
    header = ["Username", "Email", "FirstName", "LastName", "Alias", *_LOCALE]
    rows = [
        [f"{email}.crm", email, email.partition("@")[0], "Rep", f"rep{number}", *_LOCALE.values()]
        for number, email in enumerate(emails)
    ]
    return "\n".join(",".join(row) for row in [header, *rows])
