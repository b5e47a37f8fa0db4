"""Where a decided lead stands for the people who work from lists: which list, whose, and how far up."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass
from datetime import datetime, timedelta
from typing import Final

from crmbridge.model import Activity, Decision, Direction, Lead, StageRole
from crmbridge.twins import maker

#: Lists that a decision puts a lead on; "" for leads that are only waited for.
PRIORITISED: Final = "prioritised"
ALMOST_QUALIFIED: Final = "almost-qualified"
UNROUTED: Final = "unrouted"
#: With sales, and not yet a matter of the opportunity's own pipeline.
_WORKED: Final = frozenset({StageRole.QUALIFIED, StageRole.ACCEPTED, StageRole.SALES_QUALIFIED})
#: How easily marketing finds a datum without asking the person: what a web site or a register tells is
#: easy, a direct line is not. Ours, and a matter of taste; what is not named is 0.6.
EASE: Final[Mapping[str, float]] = {
    **dict.fromkeys(("company", "domain", "website", "country"), 1.0),
    **dict.fromkeys(("industry", "region", "city", "postal_code", "employee_count"), 0.9),
    **dict.fromkeys(("annual_revenue", "job_title", "persona", "source"), 0.8),
    **dict.fromkeys(("last_name", "first_name"), 0.7),
    **dict.fromkeys(("phone", "mobile_phone"), 0.5),
    "email": 0.3,
}
_USUAL_EASE: Final = 0.6
_RECENT: Final = timedelta(days=30)


@dataclass(frozen=True, slots=True, kw_only=True)
class Standing:
    """One lead as the lists see it, as of its last decision. Holds no personal data."""

    lead_id: str
    #: One of the three lists, or "".
    list: str
    #: Key of who has it, or is likely to get it; "" for nobody (a pool may still choose).
    owner: str
    #: Lower comes first.
    rank: float
    stage: str
    score: float
    engagement_score: float
    decided_at: datetime
    process_version: str
    #: When the open promise of sales is due; where there is none, when the process looks at it again by
    #: itself; None: when a record changes.
    due_at: datetime | None = None
    #: Which promise that is; None: none is open.
    promise: str | None = None
    #: The one datum that is missing.
    datum: str | None = None
    #: Pool and territory that would choose, for a lead that has nobody yet.
    pool: str | None = None
    territory: str | None = None
    #: Why the lead is where it is: the rep's reasons, the dead end, or what is waited for.
    why: str | None = None
    #: When it qualified, and when its owner got it from us.
    qualified_at: datetime | None = None
    assigned_at: datetime | None = None
    #: What the person did in the last 30 days, and last of all.
    recent_activity_count: int = 0
    last_activity_at: datetime | None = None


_standing = maker(Standing)


def standing_of(lead: Lead, decision: Decision) -> Standing | None:
    """Say where a lead stands; None when it is on no list and waits for nothing."""
    name, owner = place(lead, decision)
    due_at = decision.promised_at or decision.due_at
    if not name and due_at is None:
        return None
    assignment, memory = decision.assignment, decision.memory
    did = [item for item in lead.activities if _counts(item, decision.decided_at)]
    return _standing(
        lead_id=decision.lead_id,
        list=name,
        owner=owner or "",
        rank=_rank(name, decision),
        stage=decision.stage,
        score=decision.score,
        engagement_score=decision.engagement_score,
        decided_at=decision.decided_at,
        process_version=decision.process_version,
        due_at=due_at,
        promise=decision.promise,
        datum=decision.near_miss,
        pool=assignment.pool if assignment else None,
        territory=assignment.territory if assignment else None,
        why=_why(name, decision),
        qualified_at=memory.qualified_at,
        assigned_at=memory.assigned_at,
        recent_activity_count=sum(item.at > decision.decided_at - _RECENT for item in did),
        last_activity_at=max((item.at for item in did), default=None),
    )


def place(lead: Lead, decision: Decision) -> tuple[str, str | None]:
    """Choose the list ("" for none), and whose it is."""
    assignment = decision.assignment
    if decision.near_miss is not None:
        return ALMOST_QUALIFIED, assignment.owner if assignment else None
    if decision.role not in _WORKED:
        return "", lead.owner
    owner = decision.memory.assigned_owner or lead.owner or (assignment.owner if assignment else None)
    return (PRIORITISED if owner else UNROUTED), owner


def _rank(name: str, decision: Decision) -> float:
    if name == ALMOST_QUALIFIED:
        ease = EASE.get(decision.near_miss or "", _USUAL_EASE)
        return -(max(decision.engagement_score, 0.0) + 1.0) * ease
    return -decision.score


def _why(name: str, decision: Decision) -> str | None:
    if name == PRIORITISED:
        return decision.memory.why
    if name == UNROUTED:
        return decision.held or (decision.assignment.via if decision.assignment else "no_owner")
    waits = (reason.rule for reason in decision.reasons if reason.rule.startswith("recycle."))
    return decision.held or next(waits, None)


def _counts(activity: Activity, now: datetime) -> bool:
    """Tell whether the person did it, and by now; what we sent is no activity of theirs."""
    return activity.at <= now and activity.direction is not Direction.OUTBOUND
