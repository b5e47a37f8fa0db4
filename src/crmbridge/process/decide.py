"""One function that composes the policy: lead, process, memory, now -> decision.

Pure and total: no clock, no I/O, no randomness, and a decision for every lead. Deciding again on what
was decided (the lead shows the stage, the status and the owner; the memory is the decision's) gives the
same stage and the same memory and hands nothing over.
"""

from __future__ import annotations

from datetime import datetime
from typing import Any, Final, cast

from crmbridge.model import Decision, Effect, Lead, LeadStatus, Memory, OwnerKind, Reason, StageRole
from crmbridge.process.case import Case
from crmbridge.process.definition import Process
from crmbridge.process.due import due_at
from crmbridge.process.follow_up import keep_promises
from crmbridge.process.interest import is_customer, note_interest
from crmbridge.process.lifecycle import begin
from crmbridge.process.making import OpenDecision, reason, remember, rounded
from crmbridge.process.parts import WITH_SALES
from crmbridge.process.programmes import programme_of
from crmbridge.process.qualification import (
    judge,
    keeps_qualified,
    missing_data,
    needs_mending,
    stays_recycled,
)
from crmbridge.process.routing import hold, route
from crmbridge.process.sla import SlaState, first_open
from crmbridge.process.verdicts import is_seen, status_key
from crmbridge.process.why import why

# Looked up once: the class of an enum finds its members by a call in Python.
_LEAD: Final = StageRole.LEAD
_QUALIFIED: Final = StageRole.QUALIFIED
_RECYCLED: Final = StageRole.RECYCLED
_DISQUALIFIED: Final = StageRole.DISQUALIFIED
_QUALIFY: Final = Effect.QUALIFY
_HOLD: Final = Effect.HOLD
_NEW: Final = LeadStatus.NEW
_UNKNOWN: Final = LeadStatus.UNKNOWN


def decide(lead: Lead, process: Process, memory: Memory, now: datetime) -> Decision:
    """Decide where a lead should be, who should work it, and why.

    Args:
        lead: As the CRMs hold it now; ``stage`` is what a person set, or what we remember.
        memory: As the ledger keeps it; ``NO_MEMORY`` for a lead that was never decided.
        now: Aware. Activities after it have not happened yet.

    Returns:
        A decision, always. Its ``memory`` is what the ledger keeps once the decision is carried out;
        ``assigned_owner`` and ``assigned_at`` in it are set by whoever runs ``assign``.
    """
    case = begin(lead, process, memory, now)
    since = case.recalled("recycled_at")
    _score(case, since)
    case.missing = missing_data(lead, process.parts.qualification)
    case.held = hold(lead, process, now)
    parts = process.parts
    if parts.sla is not None:
        keep_promises(case, parts.sla)
    role = case.stage.role
    if parts.customers is not None and is_customer(case, parts.customers):
        note_interest(case, parts.customers)
    elif role is _LEAD:
        _qualify(case, since)
    elif role is _RECYCLED:
        _bring_back(case)
    elif role in WITH_SALES:
        _keep_placed(case)
    return _decision(case)


def _score(case: Case, since: datetime | None) -> None:
    process, lead, now = case.process, case.lead, case.now
    keeps = 1.0 if since is None else _kept(case)
    fit, points = process.fit.score(lead, now)
    engagement, reasons = process.engagement(lead.activities, now, since, keeps)
    case.fit_score, case.engagement_score = fit, engagement
    case.points = (*points, *reasons)
    case.score = rounded(fit + engagement)


def _kept(case: Case) -> float:
    """Give the part of its points that activities before the recycling still give."""
    if case.recalled("data_fix") is not None:
        return 1.0  # sales found a slip in the data, and nothing wrong with what the person did
    return case.process.recycling(case.recalled("recycle_reason")).keeps


# on the way to sales ---------------------------------------------------------------------------------
def _bring_back(case: Case) -> None:
    """Let a recycled lead qualify again, by the rules alone."""
    memory = case.remembered()
    if memory.data_fix is not None:
        _bring_back_mended(case, memory.data_fix)
        return
    policy = case.process.recycling(memory.recycle_reason)
    case.stays = stays_recycled(case.lead, memory, policy, case.now)
    if case.stays is not None:
        case.judged += (case.stays,)
        return
    # Never in the run that recycled it: sales would see it come straight back.
    was_before = memory.stage_at is None or memory.stage_at < case.now
    if was_before and case.stage.allows(case.process.stages_by_role[_QUALIFIED].name):
        _qualify(case, memory.recycled_at)


def _bring_back_mended(case: Case, data_fix: str) -> None:
    """Hand a lead over again as soon as the data that sales found wrong are mended: it had qualified."""
    case.stays = needs_mending(case, data_fix)
    if case.stays is not None:
        case.judged += (case.stays,)
    elif case.held is None and not case.missing:
        case.qualified_by = "data_fixed"
        because = reason("qualification.data_fixed", _QUALIFY)
        case.updates |= {"data_fix": None, "recycle_reason": None, "recycled_at": None, "recycle_until": None}
        case.move(case.process.stages_by_role[_QUALIFIED], because)
        _remember_mql(case)
        _hand_over(case)


def _qualify(case: Case, since: datetime | None) -> None:
    """Make it an MQL if it meets the definition; name the one datum that is missing if that is all."""
    qualified_by = judge(case, since)
    if qualified_by is None:
        return
    if not case.missing:
        case.qualified_by = qualified_by
        if case.held is None:
            because = reason("qualification.passed", _QUALIFY, qualified_by)
            case.move(case.process.stages_by_role[_QUALIFIED], because)
            _remember_mql(case)
            _hand_over(case)
    elif len(case.missing) == 1 and case.held is None:
        case.near_miss = case.missing[0]
        case.judged += (reason("qualification.required", _QUALIFY, None, case.missing),)
        case.assignment, case.routed = route(case.lead, case.process, case.recalled("refused_by"))


def _remember_mql(case: Case) -> None:
    """Begin a new round with sales: nobody has it, and nobody has accepted it."""
    updates, memory = case.updates, case.memory
    updates["qualified_at"] = case.now
    updates["qualified_score"] = case.score
    updates["assigned_owner"] = updates["assigned_at"] = updates["accepted_at"] = None
    if memory.fired or memory.reassign_count:
        updates |= {"fired": (), "reassign_count": 0}
    if memory.taken_from is not None:
        updates["taken_from"] = None
    updates["why"] = why(case)
    key = status_key(case.lead)
    if key is not None:
        updates["seen_status"] = key


def _hand_over(case: Case) -> None:
    """Choose who gets the lead; responsibility changes hands unless every way is a dead end."""
    assignment, routed = route(case.lead, case.process, case.recalled("refused_by"))
    case.assignment = assignment
    case.routed += routed
    case.handed_off = assignment.owner is not None or assignment.pool is not None
    if case.handed_off and case.process.parts.sla is not None:
        case.start_clocks()


# with sales ------------------------------------------------------------------------------------------
def _keep_placed(case: Case) -> None:
    """See to it that a lead with sales has somebody who works it."""
    came_from, role = case.moved_from, case.stage.role
    if role is _QUALIFIED and came_from is not None and came_from.role not in WITH_SALES:
        # The label put on by hand is a hand-off like any other (S31).
        case.qualified_by = "manual"
        _remember_mql(case)
        if case.held is None:
            _hand_over(case)
    elif role is _QUALIFIED and is_unplaced(case):
        _place(case)
    elif _is_abandoned(case):
        _replace_owner(case)


def is_unplaced(case: Case) -> bool:
    """Tell whether an MQL has reached nobody: no owner, or still the queue it lay in before."""
    lead = case.lead
    if case.recalled("assigned_owner") is not None:
        return False
    if lead.owner is None or lead.owner == case.recalled("taken_from"):
        return True
    lies_in_queue = lead.owner_kind is OwnerKind.QUEUE and lead.owner not in case.process.owners
    return lies_in_queue and case.recalled("qualified_at") is not None


def _place(case: Case) -> None:
    """Try an MQL again that nobody got; one that fell below the threshold meanwhile is dropped."""
    qualification = case.process.parts.qualification
    keeps = keeps_qualified(qualification, case.score, case.recalled("qualified_score"))
    if not keeps and judge(case, case.recalled("recycled_at")) is None:
        because = reason("qualification.dropped", _QUALIFY, case.score, qualification.drop_below)
        case.move(case.process.stages_by_role[_LEAD], because)
        return
    if case.held is not None:
        return
    _hand_over(case)
    if case.handed_off and case.recalled("qualified_at") is None:
        # Found as an MQL without an owner: it qualified before our time, the hand-off is now.
        case.updates |= {"qualified_at": case.now, "why": why(case)}


def _is_abandoned(case: Case) -> bool:
    """Tell whether the owner cannot work the lead any more and somebody else should get it."""
    lead = case.lead
    if lead.owner_active is not False or case.held is not None:
        return False
    if not case.process.parts.routing.reassign_inactive:
        return False
    # An owner without a time was taken over as it stood: a first run replaces nobody.
    return case.recalled("assigned_owner") is None or case.recalled("assigned_at") is not None


def _replace_owner(case: Case) -> None:
    case.routed = (reason("routing.inactive_owner", Effect.ROUTE),)
    _hand_over(case)
    if case.handed_off:
        case.updates |= {"assigned_owner": None, "assigned_at": None}


# the decision ----------------------------------------------------------------------------------------
def _decision(case: Case) -> Decision:
    made: Any = OpenDecision()
    made.lead_id = case.lead.id
    made.process_version = case.process.parts.version
    made.decided_at = case.now
    made.stage = case.stage.name
    made.role = case.stage.role
    made.status = None if case.stage.role is _LEAD else _status(case)
    made.fit_score = case.fit_score
    made.engagement_score = case.engagement_score
    made.score = case.score
    made.missing = case.missing
    made.near_miss = case.near_miss
    made.qualified_by = case.qualified_by
    made.assignment = case.assignment
    made.handed_off = case.handed_off
    made.held = None if case.held is None and case.stays is None else _held(case)
    made.adopted = case.adopted
    made.due_at = due_at(case)
    made.promise = made.promised_at = None
    programmes = case.process.parts.programmes
    made.programme = programme_of(case, programmes) if programmes else None
    if case.sla is not None:
        _promise(case, case.sla, made)
    made.reasons = _reasons(case)
    made.notices = case.notices
    made.memory = _memory(case)
    made.__class__ = Decision
    return cast("Decision", made)


def _promise(case: Case, sla: SlaState, made: Any) -> None:
    """Name the promise that is open; a lead that is to get somebody has its clocks from then on."""
    first = first_open(sla) if case.recalled("assigned_at") is not None else None
    if first is not None:
        made.promise, made.promised_at = first.name, first.due_at


def _held(case: Case) -> str | None:
    if case.held is not None:
        return case.held.rule
    return case.stays.rule if case.stays is not None and case.stays.effect is _HOLD else None


def _reasons(case: Case) -> tuple[Reason, ...]:
    """Put the reasons in the order of the file: stages, qualification, fit, engagement, routing."""
    found = case.moves + case.judged + case.points
    if case.held is not None:
        found += (case.held,)
    return found + case.routed + case.promised


def _memory(case: Case) -> Memory:
    version = case.process.parts.version
    if not case.updates and case.memory.process_version == version:
        return case.memory
    case.updates["process_version"] = version
    return remember(case.memory, case.updates)


def _status(case: Case) -> LeadStatus | None:
    """Choose the status to write: only where the process moved the lead past what sales said."""
    role, status = case.stage.role, case.lead.status
    if status is _UNKNOWN:
        return None
    if case.is_too_early:
        return status  # sales' word stays, and counts once the touches are made
    if role is _QUALIFIED:
        is_ours = case.recalled("qualified_at") is not None
        return _NEW if is_ours and (status is None or case.is_taken or _is_past(case)) else None
    if role is _RECYCLED:
        given_back = status is LeadStatus.REJECTED or status is LeadStatus.RECYCLED
        return None if given_back else LeadStatus.RECYCLED
    if role is _DISQUALIFIED:
        return LeadStatus.DISQUALIFIED if status is not LeadStatus.DISQUALIFIED else None
    return None


def _is_past(case: Case) -> bool:
    """Tell whether a verdict that stands there belongs to an earlier round."""
    if status_key(case.lead) is None:
        return False
    return "qualified_at" in case.updates or is_seen(case.lead, case.memory)
