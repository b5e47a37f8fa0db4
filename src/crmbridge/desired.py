"""Decision -> the values that every record of the lead should hold.

Values follow from the decision's state, not from the moment it was taken: a plan made after a crash
wants the same as the one that was cut off.
"""

from __future__ import annotations

from crmbridge.model import UNSET, Decision, Effect, Lead, LeadStatus, StageRole, Unset, Value
from crmbridge.standing import place

#: Roles in which the lead is with sales.
HANDED_OVER = frozenset(
    {
        StageRole.QUALIFIED,
        StageRole.ACCEPTED,
        StageRole.SALES_QUALIFIED,
        StageRole.OPPORTUNITY,
        StageRole.CUSTOMER,
    }
)
#: … and sales has accepted it.
_ACCEPTED = HANDED_OVER - {StageRole.QUALIFIED}
#: Statuses by which sales gave a lead back, in the words of the model.
_GIVEN_BACK = frozenset({LeadStatus.RECYCLED, LeadStatus.REJECTED, LeadStatus.DISQUALIFIED})
#: … or nobody has set one yet: a lead handed over now starts as new.
_UNWORKED = _GIVEN_BACK | {None}


def is_handed_over(decision: Decision) -> bool:
    """Tell whether we gave the lead to sales and sales still has it."""
    return decision.role in HANDED_OVER and decision.memory.qualified_at is not None


def desired(lead: Lead, decision: Decision) -> dict[str, Value | Unset]:
    """Give the value that every record of the lead should hold, per canonical field.

    ``owner`` is our owner key. What was never decided is UNSET: an empty value never replaces one.
    """
    memory = decision.memory
    recycled = memory.recycled_at is not None
    qualified = memory.qualified_at is not None
    handed_over = is_handed_over(decision)
    accepted = memory.accepted_at is not None
    return {
        "lead_id": lead.id if handed_over or len(lead.records) > 1 else UNSET,
        "stage": decision.stage,
        "status": _status(lead, decision),
        "owner": lead.owner or UNSET,
        "recycle_reason": _recycle_reason(lead, decision),
        "fit_score": decision.fit_score,
        "engagement_score": decision.engagement_score,
        "score": decision.score,
        "is_mql": handed_over if qualified else UNSET,
        "is_sal": accepted and decision.role in _ACCEPTED if qualified else UNSET,
        "qualified_at": memory.qualified_at or UNSET,
        "accepted_at": memory.accepted_at or UNSET,
        "recycled_at": memory.recycled_at or UNSET,
        "recycle_until": memory.recycle_until if recycled else UNSET,
        "recycle_count": memory.recycle_count if recycled else UNSET,
        "why": memory.why or UNSET,
        "interest_at": memory.interest_at or UNSET,
        "programme": decision.programme,
        "sla_promise": decision.promise,
        "sla_due_at": decision.promised_at,
        "work_list": place(lead, decision)[0] or None,
        "process_version": decision.process_version,
    }


def _status(lead: Lead, decision: Decision) -> Value | Unset:
    """Give the status to show: sales' own word, unless the process moved the lead past it."""
    if decision.status is not None:
        return decision.status.value
    if decision.role is StageRole.RECYCLED and lead.status not in _GIVEN_BACK:
        return LeadStatus.RECYCLED.value
    if decision.role is StageRole.QUALIFIED and is_handed_over(decision) and lead.status in _UNWORKED:
        return LeadStatus.NEW.value
    return lead.status.value if lead.status is not None else UNSET


def _recycle_reason(lead: Lead, decision: Decision) -> Value | Unset:
    if decision.role is StageRole.DISQUALIFIED:
        return lead.status_reason or decision.memory.recycle_reason or UNSET
    if decision.role is StageRole.RECYCLED:
        return decision.memory.recycle_reason or lead.status_reason or UNSET
    return None if decision.memory.recycled_at is not None else UNSET


#: Canonical field -> the effects whose last reason explains it.
_EXPLAINED_BY = {
    "owner": (Effect.ROUTE,),
    "stage": (Effect.MOVE, Effect.QUALIFY),
    "status": (Effect.MOVE, Effect.QUALIFY),
    "is_mql": (Effect.QUALIFY, Effect.MOVE),
    "qualified_at": (Effect.QUALIFY,),
    "fit_score": (Effect.SCORE,),
    "engagement_score": (Effect.SCORE,),
    "score": (Effect.SCORE,),
    "recycle_reason": (Effect.MOVE,),
    "recycle_until": (Effect.MOVE,),
}


#: Says that a move is not on the agreed way; why it was made stands in another reason.
_OFF_PATH = "stage.off_path"


def reason_for(name: str, decision: Decision) -> str:
    """Name the rule behind a change, in words of the process file."""
    for effect in _EXPLAINED_BY.get(name, ()):
        for reason in decision.reasons:
            if reason.effect is effect and reason.rule != _OFF_PATH:
                return reason.rule
    return f"stage.{decision.stage}"
