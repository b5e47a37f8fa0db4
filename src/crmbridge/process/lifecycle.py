"""Where a lead is: moves that people made, verdicts of sales, opportunities, recycling.

Everything here follows from what stands in the CRMs now and what the ledger remembers, so that deciding
again on what was decided changes nothing. A verdict of sales counts once: ``Memory.seen_status`` keeps
the last one acted on, as "status|reason|time".
"""

from __future__ import annotations

from datetime import UTC, datetime, timedelta
from typing import Final

from crmbridge.model import Effect, Lead, LeadStatus, Memory, Opportunity, StageRole, move_key
from crmbridge.process.case import Case
from crmbridge.process.definition import Process
from crmbridge.process.making import reason
from crmbridge.process.parts import OFF_THE_WAY, Stage

#: What sales says with a status -> the role it moves the lead to. Other statuses are no verdict.
_VERDICTS: Final = {
    LeadStatus.ACCEPTED: StageRole.ACCEPTED,
    LeadStatus.SALES_QUALIFIED: StageRole.SALES_QUALIFIED,
    LeadStatus.CONVERTED: StageRole.OPPORTUNITY,
    LeadStatus.REJECTED: StageRole.RECYCLED,
    LeadStatus.RECYCLED: StageRole.RECYCLED,
    LeadStatus.DISQUALIFIED: StageRole.DISQUALIFIED,
}
#: The lead is with sales, and neither won nor lost.
WITH_SALES: Final = frozenset(
    {StageRole.QUALIFIED, StageRole.ACCEPTED, StageRole.SALES_QUALIFIED, StageRole.OPPORTUNITY}
)
#: Sales has accepted it.
_ACCEPTED: Final = (WITH_SALES - {StageRole.QUALIFIED}) | {StageRole.CUSTOMER}
#: A recycled lead comes back to these by the rules alone, whatever somebody sets by hand.
_BY_RULES: Final = frozenset({StageRole.LEAD, StageRole.QUALIFIED})
#: Reason code under which a lead is recycled when all its opportunities are lost.
OPPORTUNITY_LOST: Final = "opportunity_lost"
#: Looked up once: the class of an enum finds its members by a call in Python.
_LEAD: Final = StageRole.LEAD
_RECYCLED: Final = StageRole.RECYCLED
_LATEST: Final = datetime.max.replace(tzinfo=UTC)


def begin(lead: Lead, process: Process, memory: Memory, now: datetime) -> Case:
    """Find the stage a lead is in, before the process itself qualifies it."""
    case = _start(lead, process, memory, now)
    standing = [item for item in lead.opportunities if not item.deleted] if lead.opportunities else []
    if standing:
        # Before any verdict: whoever bought is a customer, whatever a status says.
        _follow_won(case, standing)
    if lead.status is not None and not is_seen(lead, memory):
        _follow_verdict(case, _VERDICTS.get(lead.status))
    if standing:
        _follow_opportunities(case, standing)
    if case.stage.role is _RECYCLED and lead.status_reason is not None:
        _correct_reason(case)
    if case.updates:
        _settle_verdict(case)
    return case


def _settle_verdict(case: Case) -> None:
    """Count the verdict that stands there now as acted on: it belongs to the stage that is left."""
    key = status_key(case.lead) if case.lead.status is not None else None
    if key is not None and "stage" in case.updates:
        case.updates["seen_status"] = key
    if case.memory.stage is None and case.stage.role is not _LEAD:
        case.adopted = True


# where it stands -------------------------------------------------------------------------------------
def _start(lead: Lead, process: Process, memory: Memory, now: datetime) -> Case:
    """Begin with the remembered stage, or a person's move away from it, or what is found."""
    find = process.stages_by_name.get
    observed = find(lead.stage) if lead.stage is not None else None
    remembered = find(memory.stage) if memory.stage is not None else None
    if remembered is None:
        case = Case(lead, process, memory, now, observed or process.first_stage)
        _adopt(case)
    else:
        case = Case(lead, process, memory, now, remembered)
        if observed is not None and observed is not remembered and _is_move(observed, remembered, lead):
            _move_by_hand(case, observed)
    if lead.owner != memory.assigned_owner:
        _follow_owner(case)
    return case


def _adopt(case: Case) -> None:
    """Take a lead over as it is found: it is new, or its remembered stage is not in the process any more."""
    lead, stage = case.lead, case.stage
    case.updates = {"stage": stage.name, "stage_at": case.now}
    case.adopted = stage.role is not _LEAD or lead.owner is not None
    if stage.role is _RECYCLED:
        _recycle(case, lead.status_reason, _said_at(case))
    elif lead.owner_active is False and stage.role in WITH_SALES:
        # Taken over as it stands: a first run does not replace who left before its time.
        case.updates["assigned_owner"] = lead.owner
        case.updates["assigned_at"] = None
    if case.adopted:
        case.moves += (reason("stage.adopted", Effect.MOVE, stage.name),)


def _follow_owner(case: Case) -> None:
    """Take it as given that a person gave the lead to somebody else after us; people win."""
    lead, memory = case.lead, case.memory
    if lead.owner is not None and memory.assigned_owner is not None:
        case.updates |= {"assigned_owner": lead.owner, "assigned_at": case.now}
        case.moves += (reason("person.reassigned", Effect.ROUTE),)


def _is_move(observed: Stage, remembered: Stage, lead: Lead) -> bool:
    """Tell whether another stage than the remembered one is a move, or merely not shown.

    A CRM without a value for recycled or disqualified still shows an earlier stage. Out of recycled, a
    person may move a lead forward to sales, not back into the queue: that way leads through the rules.
    """
    if remembered.role is StageRole.RECYCLED:
        return observed.role not in _BY_RULES
    if remembered.role is StageRole.DISQUALIFIED:
        return lead.status is not LeadStatus.DISQUALIFIED
    return True


def _move_by_hand(case: Case, observed: Stage) -> None:
    before = case.stage
    case.move(observed, reason("person.moved", Effect.MOVE, observed.name, before.name))
    case.moved_from = before
    case.updates["seen_stage"] = move_key(observed.name, case.lead.stage_at)
    if observed.role is StageRole.RECYCLED:
        _recycle(case, case.lead.status_reason, case.now)
    elif observed.role in _ACCEPTED and (case.memory.accepted_at is None or before.role in OFF_THE_WAY):
        case.updates["accepted_at"] = case.now


# verdicts of sales -----------------------------------------------------------------------------------
def status_key(lead: Lead) -> str | None:
    """Spell a verdict as ``Memory.seen_status`` keeps it; None when the status is none."""
    if lead.status is None or lead.status not in _VERDICTS:
        return None
    said_at = lead.status_at.isoformat() if lead.status_at is not None else ""
    return f"{lead.status.value}|{lead.status_reason or ''}|{said_at}"


def is_seen(lead: Lead, memory: Memory) -> bool:
    """Tell whether a verdict has been acted on, or is older than the one that has.

    Without a time in the CRM, the same status with the same reason is the same verdict.
    """
    seen = memory.seen_status
    if seen is None or lead.status is None:
        return False
    said, _, seen_at = seen.rpartition("|")
    is_same = said == f"{lead.status.value}|{lead.status_reason or ''}"
    if lead.status_at is None:
        return is_same
    before = _parsed(seen_at) or (memory.stage_at if is_same else None)
    return before is not None and lead.status_at <= before


def _parsed(text: str) -> datetime | None:
    try:
        moment = datetime.fromisoformat(text)
    except ValueError:
        return None
    return moment if moment.tzinfo is not None else None


def _said_at(case: Case) -> datetime:
    said_at = case.lead.status_at
    return min(said_at, case.now) if said_at is not None else case.now


def _follow_verdict(case: Case, verdict: StageRole | None) -> None:
    if verdict is None:
        return
    if verdict in OFF_THE_WAY:
        _give_back(case, verdict)
    else:
        _advance(case, verdict)


def _advance(case: Case, verdict: StageRole) -> None:
    """Move forward what sales accepted, also out of recycled or disqualified unless just put there."""
    accepted = case.process.stages_by_role[StageRole.ACCEPTED]
    target = case.process.stages_by_role.get(verdict, accepted)
    if verdict is StageRole.OPPORTUNITY and not case.lead.opportunities:
        target = accepted
    off = case.stage.role in OFF_THE_WAY
    if (off and case.moved_from is not None) or (not off and target.rank <= case.stage.rank):
        return
    _move_by_status(case, target)
    if case.memory.accepted_at is None or off:
        case.updates["accepted_at"] = _said_at(case)


def _give_back(case: Case, verdict: StageRole) -> None:
    """Recycle or disqualify by a verdict of sales; a customer stays one."""
    lead, role = case.lead, case.stage.role
    just_disqualified = role is StageRole.DISQUALIFIED and case.moved_from is not None
    if role in {verdict, StageRole.CUSTOMER} or just_disqualified:
        return
    _move_by_status(case, case.process.stages_by_role[verdict])
    if verdict is StageRole.RECYCLED:
        _recycle(case, lead.status_reason, _said_at(case))
        if lead.status is LeadStatus.REJECTED and lead.owner is not None:
            case.updates["refused_by"] = tuple(sorted({*case.memory.refused_by, lead.owner}))


def _move_by_status(case: Case, stage: Stage) -> None:
    status = case.lead.status.value if case.lead.status is not None else ""
    case.move(stage, reason(f"status.{status}", Effect.MOVE, case.lead.status_reason))


def _correct_reason(case: Case) -> None:
    """Follow a reason that was mended after the recycling: the same recycling, another cool-down."""
    given, memory = case.lead.status_reason, case.memory
    if "stage" in case.updates or memory.recycled_at is None:
        return
    if memory.recycle_reason in {given, OPPORTUNITY_LOST}:
        return
    until = later(memory.recycled_at, case.process.recycling(given).cool_down_days)
    case.updates |= {"recycle_reason": given, "recycle_until": until}
    case.moves += (reason("recycle.reason_corrected", Effect.MOVE, given, memory.recycle_reason),)


def _recycle(case: Case, code: str | None, at: datetime) -> None:
    """Remember a recycling: its reason, its cool-down, and that it is one more."""
    case.updates |= {
        "recycle_reason": code,
        "recycled_at": at,
        "recycle_until": later(at, case.process.recycling(code).cool_down_days),
        "recycle_count": case.memory.recycle_count + 1,
    }


# opportunities ---------------------------------------------------------------------------------------
def _follow_won(case: Case, standing: list[Opportunity]) -> None:
    customer = case.process.stages_by_role.get(StageRole.CUSTOMER)
    if customer is not None and any(item.won for item in standing):
        _reach(case, customer, "opportunity.won")


def _follow_opportunities(case: Case, standing: list[Opportunity]) -> None:
    """Let facts speak: an open opportunity is one, and when all are lost the lead is recycled."""
    opportunity = case.process.stages_by_role.get(StageRole.OPPORTUNITY)
    # Without a customer stage, a won one keeps the lead where an open one does.
    alive = [item for item in standing if item.won or not item.closed]
    if opportunity is not None and any(_counts(item, case) for item in alive):
        _reach(case, opportunity, "opportunity.open")
    elif not alive and _are_lost(standing, case):
        _recycle_lost(case, len(standing))


def _reach(case: Case, stage: Stage, rule: str) -> None:
    if case.stage.role not in OFF_THE_WAY and stage.rank <= case.stage.rank:
        return
    case.move(stage, reason(rule, Effect.MOVE))
    if case.recalled("accepted_at") is None:
        case.updates["accepted_at"] = case.now


def _counts(opportunity: Opportunity, case: Case) -> bool:
    """Tell whether an opportunity counts: once a lead was given back, only a newer one does."""
    name = "stage_at" if case.stage.role is StageRole.DISQUALIFIED else "recycled_at"
    since = case.recalled(name)
    return since is None or (opportunity.created_at is not None and opportunity.created_at > since)


def _are_lost(standing: list[Opportunity], case: Case) -> bool:
    """Tell whether what is lost belongs to this journey: older ones were lost before its time."""
    if case.stage.role not in WITH_SALES:
        return False
    began = [case.recalled(name) for name in ("qualified_at", "recycled_at")]
    since = max((moment for moment in began if moment is not None), default=None)
    if since is not None:
        return any(item.created_at is not None and since < item.created_at <= case.now for item in standing)
    stage_at = case.recalled("stage_at")
    if case.stage.role is not StageRole.OPPORTUNITY or stage_at is None:
        return False
    return any(item.close_on is not None and item.close_on >= stage_at.date() for item in standing)


def _recycle_lost(case: Case, count: int) -> None:
    entries = case.process.recyclings_by_reason
    if OPPORTUNITY_LOST in entries or "default" in entries:
        recycled = case.process.stages_by_role[StageRole.RECYCLED]
        case.move(recycled, reason("opportunity.lost", Effect.MOVE, count))
        _recycle(case, OPPORTUNITY_LOST, case.now)


# time ------------------------------------------------------------------------------------------------
def later(moment: datetime, days: float) -> datetime:
    """Add days; the end of the calendar is the end."""
    try:
        return moment + timedelta(days=days)
    except OverflowError:
        return _LATEST


def just_after(moment: datetime, days: float) -> datetime:
    """Give the first moment that is more than ``days`` after another."""
    end = later(moment, days)
    return end + timedelta(microseconds=1) if end < _LATEST else end
