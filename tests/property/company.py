"""A small company for the laws: two people in one pool, two fit rules, one recycle reason."""

from __future__ import annotations

from typing import Any

from crmbridge.model import Owner, OwnerKind
from crmbridge.process import Process

PROCESS: dict[str, Any] = {
    "format": 1,
    "process": {"name": "Laws", "version": "1", "timezone": "Europe/Berlin"},
    "stage": [
        {"name": "lead", "role": "lead", "definition": "Known", "next": ["mql", "disqualified"]},
        {
            "name": "mql",
            "role": "qualified",
            "definition": "Handed over",
            "next": ["sal", "recycled", "disqualified"],
        },
        {"name": "sal", "role": "accepted", "definition": "Accepted", "next": ["recycled", "disqualified"]},
        {"name": "recycled", "role": "recycled", "definition": "Given back", "next": ["mql", "disqualified"]},
        {"name": "disqualified", "role": "disqualified", "definition": "Out", "next": []},
    ],
    "qualification": {"threshold": 50.0, "required": ["email", "last_name"]},
    "fit": [
        {
            "name": "Boss",
            "points": 50,
            "when": [{"field": "job_title", "op": "contains", "value": "head"}],
        },
        {"name": "Near", "points": 10, "when": [{"field": "country", "op": "eq", "value": "DE"}]},
    ],
    "routing": {"mode": "direct", "triage": "tia@example.com"},
    "territory": [{"name": "dach", "countries": ["DE", "AT"], "pool": "dach"}],
    "pool": [
        {"name": "dach", "member": [{"owner": "ann@example.com"}, {"owner": "bob@example.com", "weight": 2}]}
    ],
    "recycle": [{"reason": "default", "cool_down_days": 0, "max_cycles": 2, "reentry": "cool_down"}],
    "guards": {"max_changed_share": 1.0, "max_handoffs": 10000, "max_overwrites": 10000},
}


def process() -> Process:
    return Process.parse(PROCESS)


def owners(crm: str) -> list[Owner]:
    """The same three people, as one CRM knows them."""
    people = ("ann", "bob", "tia")
    return [
        Owner(
            key=f"{name}@example.com",
            kind=OwnerKind.PERSON,
            name=name,
            hubspot_id=f"h-{name}" if crm == "hubspot" else None,
            hubspot_active=crm == "hubspot",
            salesforce_id=f"s-{name}" if crm == "salesforce" else None,
            salesforce_active=crm == "salesforce",
        )
        for name in people
    ]
