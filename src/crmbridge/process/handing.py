"""What a decision becomes when its rep is known: the last step of a hand-off."""

from __future__ import annotations

from dataclasses import replace
from datetime import datetime

from crmbridge.model import Assignment, Decision, Lead, Memory
from crmbridge.process.definition import Process
from crmbridge.process.pools import Assigned
from crmbridge.process.sla import evaluate, first_open


def with_rep(decision: Decision, found: Assigned, now: datetime) -> Decision:
    """Put the rep into a decision; one that nobody could be found for hands nothing over."""
    territory = decision.assignment.territory if decision.assignment else None
    assignment = Assignment(owner=found.owner, pool=found.pool, via=found.via, territory=territory)
    if found.owner is None:
        return replace(decision, assignment=assignment, handed_off=False)
    memory = replace(decision.memory, assigned_owner=found.owner, assigned_at=now)
    return replace(decision, assignment=assignment, memory=memory, due_at=None)


def with_clocks(decision: Decision, lead: Lead, process: Process, now: datetime) -> Decision:
    """Let the clocks of the SLA run from the assignment, or stand still: they say when the lead is due next.

    Args:
        lead: With its new owner.
    """
    memory = _standing_still(decision.memory, lead, process, now)
    promised = evaluate(lead, process, memory, now)
    first = first_open(promised) if promised is not None else None
    return replace(
        decision,
        memory=memory,
        due_at=promised.next_at if promised is not None else None,
        promise=first.name if first is not None else None,
        promised_at=first.due_at if first is not None else None,
    )


def _standing_still(memory: Memory, lead: Lead, process: Process, now: datetime) -> Memory:
    """Stop the clocks from the beginning where the lead is paused as it is handed over."""
    sla = process.parts.sla
    if sla is None or sla.pause is None or memory.paused_at is not None or not sla.pause.test(lead, now):
        return memory
    return replace(memory, paused_at=now)
