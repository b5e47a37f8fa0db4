"""What a decision adds to a lead's journey once it is carried out: the difference it makes to our memory.

So deciding the same again records nothing, and a run that is repeated records everything once.
"""

from __future__ import annotations

from collections.abc import Iterator
from datetime import datetime

from crmbridge.journey import Entry, EntryKind, Evidence
from crmbridge.model import Decision, Lead, LeadStatus, Memory, StageRole
from crmbridge.twins import maker

_made = maker(Entry)


def recorded(before: Memory, decision: Decision, lead: Lead) -> tuple[Entry, ...]:
    """Give the entries of one decision.

    Args:
        before: What the ledger remembered when the decision was made.
        lead: As the CRMs held it then.
    """
    return (*_stage(before, decision, lead), *_passed(before, decision), *_said(before, decision, lead))


def recalled(memory: Memory) -> tuple[Entry, ...]:
    """Give what a memory tells of a journey that was not recorded while it happened."""
    found = []
    if memory.qualified_at is not None:
        found.append(_entry(EntryKind.QUALIFIED, memory.qualified_at, score=memory.qualified_score))
    if memory.assigned_at is not None:
        found.append(_entry(EntryKind.HANDED_OFF, memory.assigned_at, memory.assigned_owner))
    if memory.accepted_at is not None:
        found.append(_entry(EntryKind.ACCEPTED, memory.accepted_at))
    if memory.recycled_at is not None:
        found.append(_entry(EntryKind.RECYCLED, memory.recycled_at, reason=memory.recycle_reason))
    return tuple(found)


def _stage(before: Memory, decision: Decision, lead: Lead) -> Iterator[Entry]:
    after = decision.memory
    if after.stage is None or after.stage == before.stage:
        return
    at, evidence = after.stage_at, Evidence.CERTAIN
    if before.stage is None and decision.role is StageRole.LEAD:
        at, evidence = lead.created_at, Evidence.DERIVED
    elif decision.adopted:
        at, evidence = None, Evidence.UNKNOWN  # it was there when we first looked
    yield _made(
        kind=EntryKind.STAGE, at=at, value=after.stage, evidence=Evidence.UNKNOWN if at is None else evidence
    )
    if decision.role is StageRole.DISQUALIFIED:
        yield _entry(EntryKind.DISQUALIFIED, at, reason=lead.status_reason)


def _passed(before: Memory, decision: Decision) -> Iterator[Entry]:
    after = decision.memory
    if after.qualified_at is not None and after.qualified_at != before.qualified_at:
        yield _entry(
            EntryKind.QUALIFIED, after.qualified_at, decision.qualified_by, score=after.qualified_score
        )
    given = after.assigned_owner is not None and (after.assigned_owner, after.assigned_at) != (
        before.assigned_owner,
        before.assigned_at,
    )
    if given:
        yield _entry(EntryKind.OWNER, after.assigned_at, after.assigned_owner)
    if given and decision.handed_off:
        yield _entry(EntryKind.HANDED_OFF, after.assigned_at, after.assigned_owner)


def _said(before: Memory, decision: Decision, lead: Lead) -> Iterator[Entry]:
    after = decision.memory
    if after.accepted_at is not None and after.accepted_at != before.accepted_at:
        yield _entry(EntryKind.ACCEPTED, after.accepted_at)
    if after.recycled_at is not None and after.recycled_at != before.recycled_at:
        declined = lead.status is LeadStatus.REJECTED
        kind = EntryKind.REJECTED if declined else EntryKind.RECYCLED
        yield _entry(kind, after.recycled_at, reason=after.recycle_reason)
    elif any(reason.rule == "reject.procedural" for reason in decision.reasons):
        # Wrongly routed: declined, and with somebody else at once.
        yield _entry(EntryKind.REJECTED, lead.status_at or decision.decided_at, reason=lead.status_reason)
    if after.seen_status is not None and after.seen_status != before.seen_status and lead.status is not None:
        at = lead.status_at or decision.decided_at
        yield _entry(EntryKind.STATUS, at, lead.status.value, lead.status_reason)


def _entry(
    kind: EntryKind,
    at: datetime | None,
    value: str | None = None,
    reason: str | None = None,
    *,
    score: float | None = None,
) -> Entry:
    evidence = Evidence.UNKNOWN if at is None else Evidence.CERTAIN
    return _made(kind=kind, at=at, value=value, reason=reason, evidence=evidence, score=score)
