"""The agreed definition of an MQL: required data, score gates, and the three ways around the score.

Required data are asked of every way: without them a lead does not qualify, whoever says so (S38).
"""

from __future__ import annotations

from collections.abc import Sequence
from datetime import datetime, timedelta
from typing import Final

from crmbridge.model import Activity, ActivityKind, Direction, Effect, Lead, Memory, Reason
from crmbridge.process.case import Case
from crmbridge.process.conditions import lead_getter
from crmbridge.process.making import reason
from crmbridge.process.moments import later
from crmbridge.process.parts import EmailEngagement, Qualification, Recycling
from crmbridge.process.verdicts import data_digest

_QUALIFY: Final = Effect.QUALIFY
#: What only the person does, for CRMs that do not say who acted.
_INBOUND: Final = frozenset(
    {
        ActivityKind.EMAIL_OPENED,
        ActivityKind.EMAIL_CLICKED,
        ActivityKind.EMAIL_REPLIED,
        ActivityKind.FORM_SUBMISSION,
        ActivityKind.PAGE_VIEW,
        ActivityKind.CAMPAIGN_RESPONSE,
    }
)


def missing_data(lead: Lead, qualification: Qualification) -> tuple[str, ...]:
    """Name the required fields without a value. What could not be normalised is there all the same."""
    found: tuple[str, ...] = ()
    for name, get in qualification.required:
        if get(lead) is None and name not in lead.unknown:
            found += (name,)
    return found


def judge(case: Case, since: datetime | None) -> str | None:
    """Try every way to qualify, whatever data are missing, and note each that is open with its input.

    Args:
        since: When the lead was last recycled: forms and e-mails before it count no more, and a tick by
            hand needs something new to stand on. None: never.

    Returns:
        "manual", "form", "email_engagement" or "score": the first that is open; None: none is.
    """
    lead, wanted, now = case.lead, case.process.parts.qualification, case.now
    if not (wanted.manual or wanted.forms or wanted.email_engagement):
        return "score" if _by_score(case, wanted, ()) else None
    found: list[Reason] = []
    if wanted.manual:
        found += _by_hand(lead, now, since)
    if wanted.forms:
        found += _by_form(lead, wanted, now, since)
    if wanted.email_engagement is not None:
        found += _by_email(lead, wanted.email_engagement, now, since)
    passed = _by_score(case, wanted, found)
    if found:
        return found[0].rule.removeprefix("qualification.")
    return "score" if passed else None


def _by_score(case: Case, wanted: Qualification, found: Sequence[Reason]) -> bool:
    """Ask every gate that the file states, and note each after what was ``found``."""
    score, fit, engagement = case.score, case.fit_score, case.engagement_score
    least_fit, least_engagement = wanted.fit_minimum, wanted.engagement_minimum
    passed = score >= wanted.threshold
    gates = [*found, reason("qualification.threshold", _QUALIFY, score, wanted.threshold)]
    if least_fit is not None:
        passed = passed and fit >= least_fit
        gates.append(reason("qualification.fit_minimum", _QUALIFY, fit, least_fit))
    if least_engagement is not None:
        passed = passed and engagement >= least_engagement
        gates.append(reason("qualification.engagement_minimum", _QUALIFY, engagement, least_engagement))
    case.judged += tuple(gates)
    return passed


def _by_hand(lead: Lead, now: datetime, since: datetime | None) -> list[Reason]:
    if lead.custom.get("manual_mql") is not True:
        return []
    if since is not None and not has_new_evidence(lead, now, since):
        return []
    told = [lead.custom.get(name) for name in ("manual_by", "manual_reason")]
    who = ": ".join(item for item in told if isinstance(item, str))
    return [reason("qualification.manual", _QUALIFY, who or True)]


def _by_form(lead: Lead, wanted: Qualification, now: datetime, since: datetime | None) -> list[Reason]:
    for activity in reversed(lead.activities):
        if activity.kind is not ActivityKind.FORM_SUBMISSION or activity.name is None:
            continue
        counts = _is_recent(activity, wanted.forms_within_seconds, now, since)
        if counts and activity.name.casefold() in wanted.forms_folded:
            return [reason("qualification.form", _QUALIFY, activity.name, wanted.forms)]
    return []


def _is_recent(activity: Activity, within: float | None, now: datetime, since: datetime | None) -> bool:
    if activity.at > now or (since is not None and activity.at <= since):
        return False
    return within is None or (now - activity.at).total_seconds() <= within


def _by_email(lead: Lead, wanted: EmailEngagement, now: datetime, since: datetime | None) -> list[Reason]:
    start = subscribed_at(lead)
    if lead.opted_out is True or start is None or later(start, wanted.days) > now:
        return []
    count = _answered_count(lead, wanted, now, since)
    return [reason("qualification.email_engagement", _QUALIFY, count, wanted.emails)] if count else []


def subscribed_at(lead: Lead) -> datetime | None:
    """Give the moment from which the person has been getting e-mails: the first one, else the creation."""
    sent = (activity.at for activity in lead.activities if activity.kind is ActivityKind.EMAIL_SENT)
    return min(sent, default=lead.created_at)


def _answered_count(lead: Lead, wanted: EmailEngagement, now: datetime, since: datetime | None) -> int:
    """Count the e-mails of the period; 0 when they are too few or one was not opened and clicked.

    E-mails are told apart by their name. Where a CRM does not give names, it must be as many opens and
    clicks as e-mails.
    """
    seconds = timedelta(days=wanted.days).total_seconds()
    recent = [item for item in lead.activities if _is_recent(item, seconds, now, since)]
    sent = _names(recent, ActivityKind.EMAIL_SENT)
    if len(sent) < wanted.emails:
        return 0
    for kind in (ActivityKind.EMAIL_OPENED, ActivityKind.EMAIL_CLICKED):
        answered = _names(recent, kind)
        named = {name for name in sent if name is not None}
        if not named.issubset(answered) or sent.count(None) > answered.count(None):
            return 0
    return len(sent)


def _names(activities: Sequence[Activity], kind: ActivityKind) -> list[str | None]:
    return [item.name.casefold() if item.name else None for item in activities if item.kind is kind]


def keeps_qualified(wanted: Qualification, score: float, qualified_score: float | None) -> bool:
    """Tell whether an MQL that nobody got yet stays one.

    Only what passed the threshold can fall below it: a lead that somebody made an MQL by hand stays.
    """
    if qualified_score is None or qualified_score < wanted.threshold:
        return True
    return score >= wanted.drop_below


# coming back -----------------------------------------------------------------------------------------
def has_new_evidence(lead: Lead, now: datetime, since: datetime) -> bool:
    """Tell whether the person has done something after ``since``."""
    for activity in reversed(lead.activities):
        if activity.at <= since:
            return False
        if activity.at <= now and _is_inbound(activity):
            return True
    return False


def _is_inbound(activity: Activity) -> bool:
    if activity.direction is Direction.UNKNOWN:
        return activity.kind in _INBOUND
    return activity.direction is Direction.INBOUND


def needs_mending(case: Case, data_fix: str) -> Reason | None:
    """Say which data are still as sales found them, or missing; None when they are mended.

    Args:
        data_fix: As ``Memory.data_fix`` has it.
    """
    names = tuple(data_fix.rpartition("|")[0].split(","))
    getters = [lead_getter(name) for name in names]
    there = all(get(case.lead) is not None for get in getters)
    if there and data_digest(case.lead, names) != data_fix.rpartition("|")[2]:
        return None
    return reason("held_data_fix", Effect.HOLD, None, names)


def stays_recycled(lead: Lead, memory: Memory, policy: Recycling, now: datetime) -> Reason | None:
    """Say why a recycled lead may not come back now; None when it may."""
    if memory.recycle_count > policy.max_cycles:
        return reason("held_cycle_limit", Effect.HOLD, memory.recycle_count, policy.max_cycles)
    if memory.recycle_until is not None and now < memory.recycle_until:
        return reason("recycle.cool_down", _QUALIFY, None, memory.recycle_until)
    if memory.recycled_at is None or not policy.needs_evidence:
        return None
    if has_new_evidence(lead, now, memory.recycled_at):
        return None
    return reason("recycle.no_new_evidence", _QUALIFY, None, memory.recycled_at)
