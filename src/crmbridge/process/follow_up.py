"""What follows from the promises of sales: reminders, escalations, silence, another rep. Each step once.

``Memory.fired`` keeps the steps that were taken for the present owner; a run that comes late takes the
strongest step of each promise alone.
"""

from __future__ import annotations

from datetime import datetime
from typing import Final

from crmbridge.model import Effect, NoticeKind, Reason, StageRole
from crmbridge.process.case import Case
from crmbridge.process.making import reason
from crmbridge.process.promises import Sla, Target
from crmbridge.process.routing import route
from crmbridge.process.sla import WORKED, Promise, evaluate, target_of
from crmbridge.process.verdicts import NO_ANSWER, WORKED_OUT, recycle

_SLA: Final = Effect.SLA
#: Step -> what people are told.
_NOTICES: Final = {"reminder": NoticeKind.REMINDER, "escalation": NoticeKind.ESCALATION}


def keep_promises(case: Case, sla: Sla) -> None:
    """Look at the clocks of a lead with sales, and take the steps that are due."""
    if case.recalled("assigned_at") is None or case.stage.role not in WORKED:
        return
    if case.recalled("assigned_at") < case.now:  # at that very moment `handing` has looked already
        _stand_still(case, sla)
    case.sla = evaluate(case.lead, case.process, case.remembered(), case.now, stage=case.stage)
    target = target_of(case.lead, case.process, case.stage, case.now) if case.sla is not None else None
    if case.sla is None or target is None or case.recalled("assigned_at") >= case.now:
        return
    due = [(promise, _due_steps(case, promise)) for promise in case.sla.promises]
    for promise, steps in due:
        if steps:
            _tell(case, promise, steps, target)
    if any(steps for _, steps in due):
        taken = {f"{promise.name}.{step}" for promise, steps in due for step in steps}
        case.updates["fired"] = tuple(sorted({*case.recalled("fired"), *taken}))
        _act(case, target, taken, sla)
        # What was remembered moves the next moment on; a lead that moved has clocks of its own again.
        case.sla = evaluate(case.lead, case.process, case.remembered(), case.now, stage=case.stage)


def _stand_still(case: Case, sla: Sla) -> None:
    """Stop the clocks of a lead that is held, and start them again when it is not."""
    held = case.held is not None or (sla.pause is not None and sla.pause.test(case.lead, case.now))
    paused_at = case.recalled("paused_at")
    if held and paused_at is None:
        case.updates["paused_at"] = case.now
    elif not held and paused_at is not None:
        span = (paused_at, case.now)
        case.updates |= {"paused_at": None, "pauses": (*case.recalled("pauses"), span)}


def _due_steps(case: Case, promise: Promise) -> list[str]:
    fired = case.recalled("fired")
    return [step for step in promise.reached if f"{promise.name}.{step}" not in fired]


def _tell(case: Case, promise: Promise, steps: list[str], target: Target) -> None:
    """Say once what is late: the strongest of what people are to be told."""
    rule = f"{target.rule}.{promise.name}"
    case.promised += tuple(reason(f"{rule}.{step}", _SLA, None, promise.due_at) for step in steps)
    told = [step for step in steps if step in _NOTICES]
    if told:
        since = case.recalled("qualified_at" if promise.name == "response" else "assigned_at")
        key = f"{promise.name}|{_stamp(since)}"
        case.tell(_NOTICES[told[-1]], key, rule, clock=promise.name, due_at=promise.due_at)


def _stamp(moment: datetime | None) -> str:
    return moment.isoformat() if moment is not None else ""


def _act(case: Case, target: Target, taken: set[str], sla: Sla) -> None:
    """Do what the process says for silence, for a lead that was worked long enough, and for a breach."""
    if "acceptance.end" in taken and target.silence != "none":
        if _take_silence(case, target, sla):
            return
    elif "working.end" in taken and target.after_working == "recycled":
        _give_back(case, WORKED_OUT, reason(f"{target.rule}.working.recycled", _SLA, WORKED_OUT))
        return
    for step in ("first_touch.reassign", "acceptance.reassign"):
        if step in taken:
            _reassign(case, reason(f"{target.rule}.{step}", Effect.ROUTE), sla)
            return


def _take_silence(case: Case, target: Target, sla: Sla) -> bool:
    """Take silence for an answer, as agreed; returns whether that moved the lead."""
    because = reason(f"{target.rule}.silence_{target.silence}", Effect.MOVE)
    if target.silence == "reassign":
        return _reassign(case, because, sla)
    if target.silence == "accepted":
        case.move(case.process.stages_by_role[StageRole.ACCEPTED], because)
        case.updates["accepted_at"] = case.now
        return True
    if target.silence == "rejected" and case.lead.owner is not None:
        case.updates["refused_by"] = tuple(sorted({*case.recalled("refused_by"), case.lead.owner}))
    _give_back(case, NO_ANSWER, because)
    return True


def _give_back(case: Case, code: str, because: Reason) -> None:
    case.move(case.process.stages_by_role[StageRole.RECYCLED], because)
    recycle(case, code, case.now)


def _reassign(case: Case, because: Reason, sla: Sla) -> bool:
    """Give the lead to somebody else, if there is anybody else and it was not passed on too often."""
    holder, count = case.lead.owner, case.recalled("reassign_count")
    if case.stage.role is StageRole.SALES_QUALIFIED or count >= sla.max_reassignments:
        return False
    refused = {*case.recalled("refused_by"), *({holder} - {None})}
    chosen, _ = route(case.lead, case.process, refused)
    if chosen.pool is None and chosen.owner in {None, holder}:
        return False
    case.tell(NoticeKind.REASSIGNED, _stamp(case.recalled("assigned_at")), because.rule, owner=holder)
    case.take_back(because)
    case.updates["reassign_count"] = count + 1
    return True
