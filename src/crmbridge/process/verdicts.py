"""What sales says about a lead: accept, reject, recycle, disqualify, each counted once.

Rejecting has the company's own reason codes behind it, and each means one of four things: wrongly routed
(procedural: another rep gets it at once), data wrong (clerical: marketing mends them), definition not met
(definitional: back to marketing), never (terminal). ``Memory.seen_status`` keeps the last verdict acted on,
as "status|reason|time".
"""

from __future__ import annotations

from collections.abc import Sequence
from datetime import datetime
from hashlib import sha256
from typing import Final

from crmbridge.model import Effect, Lead, LeadStatus, Memory, NoticeKind, Reason, StageRole
from crmbridge.process.case import Case
from crmbridge.process.conditions import lead_getter
from crmbridge.process.making import reason
from crmbridge.process.moments import later
from crmbridge.process.parts import OFF_THE_WAY, WITH_SALES, Stage
from crmbridge.process.promises import Rejection
from crmbridge.process.sla import has_agreed_touches, target_of, touches_of

#: What sales says with a status -> the role it moves the lead to. Other statuses are no verdict.
_VERDICTS: Final = {
    LeadStatus.ACCEPTED: StageRole.ACCEPTED,
    LeadStatus.SALES_QUALIFIED: StageRole.SALES_QUALIFIED,
    LeadStatus.CONVERTED: StageRole.OPPORTUNITY,
    LeadStatus.REJECTED: StageRole.RECYCLED,
    LeadStatus.RECYCLED: StageRole.RECYCLED,
    LeadStatus.DISQUALIFIED: StageRole.DISQUALIFIED,
}
#: Reason codes under which the process itself recycles: all opportunities lost, one untouched, no answer to
#: a hand-off, worked as long as agreed. No person gave them, so no status reason corrects them.
OPPORTUNITY_LOST: Final = "opportunity_lost"
OPPORTUNITY_STALLED: Final = "opportunity_stalled"
NO_ANSWER: Final = "no_answer"
WORKED_OUT: Final = "worked_out"
_OURS: Final = frozenset({OPPORTUNITY_LOST, OPPORTUNITY_STALLED, NO_ANSWER, WORKED_OUT})


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


def said_at(case: Case) -> datetime:
    said_at = case.lead.status_at
    return min(said_at, case.now) if said_at is not None else case.now


def follow_verdict(case: Case) -> None:
    """Do what the status says that stands there now; statuses that are no verdict say nothing."""
    verdict = _VERDICTS.get(case.lead.status) if case.lead.status is not None else None
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
        case.updates["accepted_at"] = said_at(case)


def _give_back(case: Case, verdict: StageRole) -> None:
    """Recycle or disqualify by a verdict of sales; a customer stays one."""
    lead, role = case.lead, case.stage.role
    just_disqualified = role is StageRole.DISQUALIFIED and case.moved_from is not None
    if role in {verdict, StageRole.CUSTOMER} or just_disqualified:
        return
    meant = case.process.rejections_by_reason.get(lead.status_reason or "")
    if meant is not None and verdict is StageRole.RECYCLED:
        _reject(case, meant)
    elif verdict is StageRole.RECYCLED and _is_too_early(case):
        return
    else:
        _move_by_status(case, case.process.stages_by_role[verdict])
        if verdict is StageRole.RECYCLED:
            recycle(case, lead.status_reason, said_at(case))
            if lead.status is LeadStatus.REJECTED:
                _refuse(case)


def _refuse(case: Case) -> None:
    """Remember who declined it: never straight back to them."""
    if case.lead.owner is not None:
        case.updates["refused_by"] = tuple(sorted({*case.memory.refused_by, case.lead.owner}))


def _move_by_status(case: Case, stage: Stage) -> None:
    case.move(stage, _said(case))


def _said(case: Case) -> Reason:
    status = case.lead.status.value if case.lead.status is not None else ""
    return reason(f"status.{status}", Effect.MOVE, case.lead.status_reason)


def _reject(case: Case, meant: Rejection) -> None:
    """Do what the company agreed for a reason code: another rep, marketing's desk, or the way out."""
    lead, stages = case.lead, case.process.stages_by_role
    key = status_key(lead)
    if meant.kind == "terminal":
        _move_by_status(case, stages[StageRole.DISQUALIFIED])
    elif meant.kind == "procedural" and case.stage.role in WITH_SALES:
        case.take_back(reason("reject.procedural", Effect.MOVE, lead.status_reason))
        case.updates["seen_status"] = key
    else:
        _move_by_status(case, stages[StageRole.RECYCLED])
        if meant.kind == "clerical":
            _put_on_the_desk(case, meant)
        else:
            recycle(case, lead.status_reason, said_at(case))
            _refuse(case)


def _put_on_the_desk(case: Case, meant: Rejection) -> None:
    """Give the lead to marketing to mend its data: no cool-down, no cycle, and back as soon as they are."""
    at, names = said_at(case), tuple(name for name, _ in meant.data)
    case.updates |= {
        "recycle_reason": case.lead.status_reason,
        "recycled_at": at,
        "recycle_until": at,
        "data_fix": f"{','.join(names)}|{data_digest(case.lead, names)}",
    }
    case.tell(NoticeKind.DATA_FIX, at.isoformat(), "reject.clerical")


def data_digest(lead: Lead, names: Sequence[str]) -> str:
    """Give a fingerprint of some data of a lead: tells whether somebody has changed them."""
    found = "\n".join(f"{name}={lead_getter(name)(lead)!r}" for name in names)
    return sha256(found.encode("utf-8", "surrogatepass")).hexdigest()[:16]


def _is_too_early(case: Case) -> bool:
    """Tell whether a reason holds only after touches that were not made: the lead stays with the rep."""
    process, lead = case.process, case.lead
    since, sla = case.recalled("assigned_at"), process.parts.sla
    if not process.recycling(lead.status_reason).needs_touches or sla is None or since is None:
        return False
    target = target_of(lead, process, case.stage, case.now)
    if target is None or not target.asks_touches or case.stage.role not in WITH_SALES:
        return False
    touches = touches_of(lead, sla, since, case.now)
    if has_agreed_touches(target, touches) is not None:
        return False
    agreed = target.touches or sum(target.touches_by.values())
    case.moves += (reason("recycle.touches_missing", Effect.MOVE, len(touches), agreed),)
    case.is_too_early = True
    case.tell(NoticeKind.TOUCHES_MISSING, since.isoformat(), "recycle.touches_missing")
    return True


def correct_recycling(case: Case) -> None:
    """Follow a reason or a day that was mended after the recycling: the same recycling, another cool-down."""
    given, memory = case.lead.status_reason, case.memory
    if "stage" in case.updates or memory.recycled_at is None or memory.data_fix is not None:
        return
    code = memory.recycle_reason
    if given is not None and code not in {given, *_OURS}:
        case.moves += (reason("recycle.reason_corrected", Effect.MOVE, given, code),)
        case.updates["recycle_reason"] = code = given
    elif case.process.recycling(code).until is None:
        return
    until = _cool_until(case, code, memory.recycled_at)
    if until != memory.recycle_until:
        case.updates["recycle_until"] = until


def recycle(case: Case, code: str | None, at: datetime) -> None:
    """Remember a recycling: its reason, its cool-down, and that it is one more."""
    case.updates |= {
        "recycle_reason": code,
        "recycled_at": at,
        "recycle_until": _cool_until(case, code, at),
        "recycle_count": case.memory.recycle_count + 1,
        "data_fix": None,
    }


def _cool_until(case: Case, code: str | None, at: datetime) -> datetime:
    """Give the end of the cool-down: so long before the day that sales named, else after the verdict."""
    policy = case.process.recycling(code)
    named = policy.until(case.lead) if policy.until is not None else None
    if isinstance(named, datetime):
        return later(named, -policy.days_before)
    return later(at, policy.cool_down_days)
