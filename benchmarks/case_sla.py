"""SLA: how many leads' promises are evaluated in a second."""

from __future__ import annotations

import tomllib
from datetime import UTC, datetime, timedelta
from importlib import resources
from time import process_time

from benchmarks.measure import Line, gated
from crmbridge.model import Activity, ActivityKind, Direction, Lead, Memory, RecordRef
from crmbridge.process import Process, evaluate

_NOW = datetime(2026, 11, 24, 9, tzinfo=UTC)
_LEADS = 2_000
_SLA = """
[[calendar]]
name = "berlin"
timezone = "Europe/Berlin"
holidays = ["DE-BE"]
countries = ["DE", "AT"]

[sla]
calendar = "berlin"

[[sla.target]]
name = "demo requests"
when = [{ field = "source", op = "eq", value = "demo" }]
first_touch_minutes = 30

[[sla.target]]
name = "others"
first_touch_minutes = 240
acceptance_hours = 24
touches = 6
touches_days = 14
"""


def _process() -> Process:
    text = resources.files("crmbridge.cli").joinpath("demo_company", "process.toml").read_text("utf-8")
    return Process.parse({**tomllib.loads(text), **tomllib.loads(_SLA)})


def _lead(number: int) -> tuple[Lead, Memory]:
    person = RecordRef("hubspot", "contacts", str(number))
    given_at = _NOW - timedelta(hours=number % 40)
    calls = tuple(
        Activity(
            ref=RecordRef("salesforce", "Task", f"{number}-{place}"),
            person=person,
            kind=ActivityKind.CALL,
            at=given_at + timedelta(hours=7 * place - 14),
            direction=Direction.OUTBOUND if place % 2 else Direction.INBOUND,
            owner_id="7",
        )
        for place in range(10)
    )
    memory = Memory(
        stage="mql", assigned_at=given_at, qualified_at=given_at, assigned_owner="ann@example.com"
    )
    country = ("DE", "FR", "US", "AT")[number % 4]
    return Lead(id=str(number), country=country, source="web", activities=calls), memory


def run(*, quick: bool) -> list[Line]:
    """Evaluate leads with three promises and ten activities each."""
    process, leads = _process(), [_lead(number) for number in range(_LEADS)]
    best = float("inf")
    for _ in range(3 if quick else 9):
        started = process_time()
        states = [evaluate(lead, process, memory, _NOW) for lead, memory in leads]
        best = min(best, process_time() - started)
    assert all(state is not None and len(state.promises) == 3 for state in states)
    what = "leads evaluated, three promises, ten activities"
    return [gated("SLA", what, _LEADS / best, 50_000.0, "per second", at_least=True)]
