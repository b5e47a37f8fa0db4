"""When a decision can change although no record does: only then is a lead decided again by itself."""

from __future__ import annotations

from collections.abc import Iterator
from datetime import datetime
from typing import Final

from crmbridge.model import Effect, Lead, StageRole
from crmbridge.process.case import Case
from crmbridge.process.definition import Process
from crmbridge.process.lifecycle import stalls_at
from crmbridge.process.moments import just_after, later
from crmbridge.process.parts import WITH_SALES
from crmbridge.process.qualification import subscribed_at

_LEAD: Final = StageRole.LEAD
_QUALIFIED: Final = StageRole.QUALIFIED
_RECYCLED: Final = StageRole.RECYCLED
#: Holds that only a change of the record can lift.
_CONSENT: Final = frozenset({"held_opt_out", "held_do_not_call"})


def due_at(case: Case) -> datetime | None:
    """Give the moment from which the lead is to be decided again; None: only when a record changes.

    A score that decays without crossing anything is no reason: it is written when the lead is decided
    for another one.
    """
    role = case.stage.role
    if role is _LEAD or role is _RECYCLED:
        return _may_qualify_at(case)
    if role is not _QUALIFIED and role not in WITH_SALES:
        return None
    if case.assignment is not None:
        # Until a rep has it every run tries again: pools and people change by the day.
        return case.now
    if role is _QUALIFIED and case.held is not None and case.recalled("assigned_owner") is None:
        return later(case.now, 1)  # it waits, and its score may fall below the threshold
    moments = (case.sla.next_at if case.sla is not None else None, stalls_at(case))
    return min((moment for moment in moments if moment is not None), default=None)


def _may_qualify_at(case: Case) -> datetime | None:
    """Give the next moment at which time alone may qualify, or free, the lead."""
    if len(case.missing) > 1 or (case.held is not None and case.held.rule in _CONSENT):
        return None
    if case.stays is not None and case.stays.effect is Effect.HOLD:
        return None
    moments, now = _moments(case), case.now
    return min([moment for moment in moments if moment > now], default=None) if moments else None


def _moments(case: Case) -> list[datetime]:
    lead, process, now = case.lead, case.process, case.now
    moments: list[datetime] = []
    if case.stage.role is _RECYCLED:
        moments += _cool_down_ends_at(case)
    if lead.activities and lead.activities[-1].at > now:
        moments += [activity.at for activity in lead.activities]
    wanted = process.parts.qualification.email_engagement
    start = subscribed_at(lead) if wanted is not None else None
    if wanted is not None and start is not None:
        moments.append(later(start, wanted.days))
    if process.timers:
        moments += _timed(lead, process)
    if process.forgives and any((found.points or 0.0) < 0.0 for found in case.points):
        moments.append(later(now, 1))
    return moments


def _timed(lead: Lead, process: Process) -> Iterator[datetime]:
    """Give when the conditions on a date of the lead change their answer."""
    for get, days in process.timers:
        value = get(lead)
        if isinstance(value, datetime):
            yield value
            yield just_after(value, days)


def _cool_down_ends_at(case: Case) -> list[datetime]:
    until, stage_at = case.recalled("recycle_until"), case.recalled("stage_at")
    if until is not None and until > case.now:
        return [until]
    just_recycled = stage_at is not None and stage_at >= case.now
    return [just_after(case.now, 0)] if just_recycled else []
