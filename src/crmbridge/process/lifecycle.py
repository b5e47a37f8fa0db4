"""Where a lead is: moves that people made, verdicts of sales, opportunities, recycling.

Everything here follows from what stands in the CRMs now and what the ledger remembers, so that deciding
again on what was decided changes nothing. What sales says with a status is in ``verdicts``.
"""

from __future__ import annotations

from datetime import datetime
from typing import Final

from crmbridge.model import Effect, Lead, LeadStatus, Memory, Opportunity, Reason, StageRole, move_key
from crmbridge.process.case import Case
from crmbridge.process.definition import Process
from crmbridge.process.making import reason
from crmbridge.process.moments import later
from crmbridge.process.parts import OFF_THE_WAY, WITH_SALES, Stage
from crmbridge.process.verdicts import (
    OPPORTUNITY_LOST,
    OPPORTUNITY_STALLED,
    correct_recycling,
    follow_verdict,
    is_seen,
    recycle,
    said_at,
    status_key,
)

#: Sales has accepted it.
_ACCEPTED: Final = (WITH_SALES - {StageRole.QUALIFIED}) | {StageRole.CUSTOMER}
#: A recycled lead comes back to these by the rules alone, whatever somebody sets by hand.
_BY_RULES: Final = frozenset({StageRole.LEAD, StageRole.QUALIFIED})
#: Looked up once: the class of an enum finds its members by a call in Python.
_LEAD: Final = StageRole.LEAD
_RECYCLED: Final = StageRole.RECYCLED


def begin(lead: Lead, process: Process, memory: Memory, now: datetime) -> Case:
    """Find the stage a lead is in, before the process itself qualifies it."""
    case = _start(lead, process, memory, now)
    standing = [item for item in lead.opportunities if not item.deleted] if lead.opportunities else []
    if standing:
        # Before any verdict: whoever bought is a customer, whatever a status says.
        _follow_won(case, standing)
    if lead.status is not None and not is_seen(lead, memory):
        follow_verdict(case)
    if standing:
        _follow_opportunities(case, standing)
    if case.stage.role is _RECYCLED:
        correct_recycling(case)
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
        recycle(case, lead.status_reason, said_at(case))
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
        case.start_clocks()
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
        recycle(case, case.lead.status_reason, case.now)
    elif observed.role in _ACCEPTED and (case.memory.accepted_at is None or before.role in OFF_THE_WAY):
        case.updates["accepted_at"] = case.now


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
        _recycle_opportunity(case, OPPORTUNITY_LOST, reason("opportunity.lost", Effect.MOVE, len(standing)))
    since = _lies_since(case)
    if since is not None and later(*since) <= case.now:
        _recycle_opportunity(case, OPPORTUNITY_STALLED, reason("opportunity.stalled", Effect.MOVE, since[0]))


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


def _lies_since(case: Case) -> tuple[datetime, float] | None:
    """Give since when nothing has happened with an open opportunity, and how many days are too many."""
    entry = case.process.recyclings_by_reason.get(OPPORTUNITY_STALLED)
    days = entry.stalled_days if entry is not None else None
    entered_at = case.recalled("stage_at")
    if days is None or case.stage.role is not StageRole.OPPORTUNITY or entered_at is None:
        return None
    made = [item.created_at for item in case.lead.opportunities if not item.deleted and not item.closed]
    happened = [activity.at for activity in case.lead.activities if activity.at <= case.now]
    moments = [entered_at, *happened[-1:], *(at for at in made if at is not None and at <= case.now)]
    return (max(moments), days) if made else None


def stalls_at(case: Case) -> datetime | None:
    """Give the moment at which an untouched opportunity is given back; None: never."""
    since = _lies_since(case)
    return later(*since) if since is not None else None


def _recycle_opportunity(case: Case, code: str, because: Reason) -> None:
    entries = case.process.recyclings_by_reason
    if code in entries or "default" in entries:
        case.move(case.process.stages_by_role[StageRole.RECYCLED], because)
        recycle(case, code, case.now)
