"""What holds for every lead and every memory, however odd."""

from __future__ import annotations

import os
import subprocess
import sys
from dataclasses import replace
from datetime import datetime
from pathlib import Path

from hypothesis import given, settings
from hypothesis import strategies as st

from crmbridge.codec import encode
from crmbridge.model import Lead, Memory
from crmbridge.process import decide, explain
from tests.unit.process.acme import ACME, ANN, HOT, NOW, TRIAGE, carried_out, changed, owned
from tests.unit.process.strategies import leads, memories, moments

NO_TRIAGE = changed(routing={"mode": "direct", "keep_owner": False, "triage": "nobody@acme.example"})
SHORT = changed(
    recycle=[{"reason": "default", "cool_down_days": 0, "reentry": "cool_down", "score": "reset"}],
    qualification={"threshold": 0.0, "required": [], "fit_minimum": 0.0, "engagement_minimum": 0.0},
)
#: Everything that sales can promise, with every answer to silence.
PROMISING = [
    changed(
        calendar=[
            {"name": "office", "timezone": "Europe/Berlin", "holidays": ["DE-BE"], "countries": ["DE"]},
            {"name": "bay", "timezone": "America/Los_Angeles", "territories": ["california"]},
        ],
        sla={
            "pause": [{"field": "job_title", "op": "eq", "value": "chief"}],
            "reassign_at": 2.0,
            "manager": "eva@acme.example",
            "undirected": True,
            "target": [
                {
                    "name": "all",
                    "response_minutes": 30,
                    "first_touch_minutes": 240,
                    "touches": 3,
                    "touches_by": {"call": 1},
                    "touches_days": 14,
                    "acceptance_hours": 24,
                    "silence": silence,
                    "decision_hours": 72,
                    "working_days": 30,
                    "after_working": "recycled",
                }
            ],
        },
        reject=[
            {"reason": "wrong_territory", "class": "procedural"},
            {"reason": "bad_data", "class": "clerical", "data": ["phone", "country"]},
            {"reason": "not_a_fit", "class": "definitional"},
            {"reason": "junk", "class": "terminal"},
        ],
        recycle=[
            {"reason": "unreachable", "needs_touches": True, "reentry": "cool_down"},
            {"reason": "timing", "until_field": "other", "cool_down_days": 10},
            {"reason": "opportunity_stalled", "stalled_days": 60},
            {"reason": "default", "cool_down_days": 0},
        ],
        customers={"threshold": 10, "accounts": True},
        routing={"triage": triage},
    )
    for silence, triage in (
        ("none", TRIAGE),
        ("accepted", TRIAGE),
        ("rejected", TRIAGE),
        ("recycled", TRIAGE),
        ("reassign", ANN),
    )
]
PROCESSES = {
    "acme": ACME,
    "no triage": NO_TRIAGE,
    "short": SHORT,
    **{f"promising {number}": process for number, process in enumerate(PROMISING)},
}
#: By name: the process of a failing example would fill pages.
names = st.sampled_from(sorted(PROCESSES))
THOROUGH = settings(max_examples=150, deadline=None)


@THOROUGH
@given(leads, names, memories, moments)
def test_every_lead_gets_a_decision(lead: Lead, name: str, memory: Memory, now: datetime) -> None:
    """Total: no lead, no memory and no moment raises, and every lead is in a stage."""
    process = PROCESSES[name]
    decision = decide(lead, process, memory, now)
    assert process.stage(decision.stage) is not None
    assert decision.score == round(decision.fit_score + decision.engagement_score, 6)
    assert decision.due_at is None or decision.due_at >= now
    assert not (decision.handed_off and decision.held)


@THOROUGH
@given(leads, names, memories, moments)
def test_the_same_input_gives_the_same_bytes(lead: Lead, name: str, memory: Memory, now: datetime) -> None:
    """Pure: two runs agree to the byte, whatever was decided in between."""
    process = PROCESSES[name]
    first = encode(decide(lead, process, memory, now))
    decide(HOT, process, memory, now)
    assert encode(decide(lead, process, memory, now)) == first


@THOROUGH
@given(leads, names, memories, moments)
def test_deciding_again_on_what_was_decided_changes_nothing(
    lead: Lead, name: str, memory: Memory, now: datetime
) -> None:
    """The CRMs show the decision, the ledger remembers it: same stage, same memory, nothing handed over."""
    process = PROCESSES[name]
    decision = decide(lead, process, memory, now)
    shown, remembered = carried_out(lead, decision)
    again = decide(shown, process, remembered, now)
    assert (again.stage, again.memory, again.handed_off) == (decision.stage, remembered, False)


@THOROUGH
@given(leads, names, memories, moments)
def test_a_lost_write_is_wanted_again(lead: Lead, name: str, memory: Memory, now: datetime) -> None:
    """After a crash the CRMs still show the old state: stage and memory stay as they were decided.

    The stage is then what we remember, and the owner whom we assigned: nobody edited either.
    """
    process = PROCESSES[name]
    decision = decide(lead, process, memory, now)
    shown, remembered = carried_out(lead, decision)
    stale = replace(shown, status=lead.status)
    again = decide(stale, process, remembered, now)
    assert (again.stage, again.memory, again.handed_off) == (decision.stage, remembered, False)


@THOROUGH
@given(leads, memories)
def test_explaining_any_lead_gives_its_decision(lead: Lead, memory: Memory) -> None:
    """Total as well, and never another decision than the one that counts."""
    explanation = explain(lead, ACME, memory, NOW)
    assert explanation.decision == decide(lead, ACME, memory, NOW)


def test_a_decision_does_not_depend_on_the_order_of_a_set() -> None:
    """Another hash seed, another process: the same bytes."""
    script = (
        "from tests.unit.process.acme import *\n"
        "from crmbridge.codec import encode\n"
        "from crmbridge.process import decide\n"
        "print(encode(decide(HOT, Process.load(FILE), KNOWN, NOW)).decode())"
    )
    root = Path(__file__).parents[3]

    def run(seed: str) -> str:
        env = {**os.environ, "PYTHONHASHSEED": seed, "PYTHONPATH": str(root)}
        command = [sys.executable, "-c", script]
        return subprocess.run(command, env=env, cwd=root, capture_output=True, text=True, check=True).stdout

    assert run("1") == run("2")


def test_a_lead_that_was_handed_over_twice_in_a_row_stays_with_the_first_rep() -> None:
    """The whole of law 1 for one lead: decide, carry out, decide, and nothing is left to do."""
    decision = decide(HOT, ACME, Memory(), NOW)
    lead, memory = carried_out(HOT, decision, rep=ANN)
    again = decide(lead, ACME, memory, NOW)
    assert decision.handed_off
    assert (again.memory, again.handed_off, again.assignment, again.due_at) == (memory, False, None, None)
    assert again.memory.assigned_owner == ANN != TRIAGE
    assert owned(lead) == lead
