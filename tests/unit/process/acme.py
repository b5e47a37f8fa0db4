"""The invented company Acme, its people, and leads that can be varied field by field."""

from __future__ import annotations

import tomllib
from copy import deepcopy
from dataclasses import replace
from datetime import UTC, datetime, timedelta
from pathlib import Path
from typing import Any

from crmbridge.errors import ConfigError, Problem
from crmbridge.model import (
    Activity,
    ActivityKind,
    Decision,
    Direction,
    Lead,
    Memory,
    Owner,
    OwnerKind,
    RecordRef,
)
from crmbridge.process import Process

FILE = Path(__file__).with_name("acme.toml")
NOW = datetime(2026, 11, 21, 9, tzinfo=UTC)
PERSON = RecordRef("hubspot", "contacts", "1")
ANN, BOB, EVA = "ann@acme.example", "bob@acme.example", "eva@acme.example"
TRIAGE = "inbound@acme.example"

ACME = Process.load(FILE)


def days(count: float) -> timedelta:
    return timedelta(days=count)


def data() -> dict[str, Any]:
    """The file as parsed TOML, to be broken at will."""
    return tomllib.loads(FILE.read_text(encoding="utf-8"))


def changed(**sections: Any) -> Process:
    """Acme's process with some sections replaced; tables but caps are merged, None removes one."""
    parsed = deepcopy(data())
    for name, value in sections.items():
        if value is None:
            parsed.pop(name)
        elif isinstance(value, dict) and not name.endswith("_caps"):
            parsed[name] = {**parsed.get(name, {}), **value}
        else:
            parsed[name] = value
    return Process.parse(parsed)


def problems(parsed: dict[str, Any]) -> dict[str, str]:
    """What is wrong with a file: key path -> message, errors alone."""
    try:
        Process.parse(parsed)
    except ConfigError as error:
        found: dict[str, str] = {}
        for problem in error.problems:
            if problem.severity == "error":
                found[problem.key] = f"{found.get(problem.key, '')} {_sentence(problem)}".strip()
        return found
    return {}


def _sentence(found: Problem) -> str:
    return f"{found.message} → {found.suggestion}" if found.suggestion else found.message


def activity(kind: str = "page_view", *, ago: float = 1.0, **fields: Any) -> Activity:
    """Something the person did so many days ago."""
    values: dict[str, Any] = {"direction": Direction.INBOUND, "name": "/pricing", **fields}
    ref = RecordRef("hubspot", kind, f"{kind}-{ago}-{values['name']}")
    return Activity(ref=ref, person=PERSON, kind=ActivityKind(kind), at=NOW - days(ago), **values)


#: 25 + 15 + 10 points for fit, 3 visits to the pricing page for engagement, nothing missing: an MQL.
HOT = Lead(
    id="lead-1",
    records=(PERSON,),
    email="ada@customer.example",
    last_name="Lovelace",
    phone="+4930123456",
    country="DE",
    domain="customer.example",
    job_title="VP Engineering",
    employee_count=200,
    industry="Software",
    created_at=NOW - days(100),
    stage="lead",
    activities=tuple(activity(ago=ago) for ago in (3, 2, 1)),
)
#: The same person without anything that gives points.
COLD = replace(HOT, job_title=None, employee_count=None, industry=None, activities=())
#: Decided before, and nothing came of it.
KNOWN = Memory(stage="lead", stage_at=NOW - days(50), process_version=ACME.version)


def with_sales(stage: str = "mql", **changes: Any) -> Memory:
    """The memory of a lead that was handed to Ann ten days ago."""
    memory = replace(
        KNOWN,
        stage=stage,
        stage_at=NOW - days(10),
        qualified_at=NOW - days(10),
        qualified_score=80.0,
        assigned_owner=ANN,
        assigned_at=NOW - days(10),
        why="MQL by score",
    )
    return replace(memory, **changes)


def owned(lead: Lead, owner: str = ANN, **changes: Any) -> Lead:
    """The lead as a working person's."""
    values: dict[str, Any] = {"owner": owner, "owner_kind": OwnerKind.PERSON, "owner_active": True}
    return replace(lead, **{**values, **changes})


def carried_out(lead: Lead, decision: Decision, rep: str = ANN) -> tuple[Lead, Memory]:
    """The lead as both CRMs show it once a decision is carried out, and what the ledger remembers."""
    shown = replace(lead, stage=decision.stage, status=decision.status or lead.status)
    if not decision.handed_off or decision.assignment is None:
        return shown, decision.memory
    owner = decision.assignment.owner or rep
    memory = replace(decision.memory, assigned_owner=owner, assigned_at=decision.decided_at)
    return owned(shown, owner), memory


def owner(key: str, **changes: Any) -> Owner:
    values: dict[str, Any] = {
        "kind": OwnerKind.PERSON,
        "name": key,
        "hubspot_id": f"h-{key}",
        "salesforce_id": f"s-{key}",
        "hubspot_active": True,
        "salesforce_active": True,
    }
    return Owner(key=key, **{**values, **changes})


#: Everybody the process names, all at work.
OWNERS = {key: owner(key) for key in ACME.owners}
