"""Notices -> messages: which alert tells whom, in which words. Pure; sending is ``posting``."""

from __future__ import annotations

from collections.abc import Iterable, Iterator, Mapping
from datetime import datetime
from string import Template
from typing import Final

from crmbridge.model import Conflict, Decision, Lead, Notice, NoticeKind, StageRole
from crmbridge.outbox import Delivery
from crmbridge.process import Process

#: What is said where the file says nothing: title and body per kind.
_TEXTS: Final[Mapping[NoticeKind, tuple[str, str]]] = {
    NoticeKind.HANDED_OFF: (
        "New qualified lead: $name, $company",
        "Score $score. $why\n$name, $job_title, $company, $country\n$phone, $email\nFor $owner",
    ),
    NoticeKind.REMINDER: (
        "Reminder: $name, $company",
        "$clock is due at $due_at. $owner has the lead.\n$phone, $email",
    ),
    NoticeKind.ESCALATION: (
        "Overdue: $name, $company",
        "$clock was due at $due_at. $owner has the lead; $manager is told.\n$phone, $email",
    ),
    NoticeKind.REASSIGNED: (
        "Given to somebody else: $name, $company",
        "$owner did not work the lead in time ($rule).",
    ),
    NoticeKind.UNROUTED: (
        "Nobody gets this lead: $name, $company",
        "$rule. Country: $country. Score $score.",
    ),
    NoticeKind.QUARANTINED: ("Somebody has to look at a lead", "Lead $lead_id: $rule"),
    NoticeKind.TOUCHES_MISSING: (
        "Not tried often enough: $name, $company",
        "$owner gave the lead back as unreachable before the agreed touches were made. It stays with $owner.",
    ),
    NoticeKind.DATA_FIX: (
        "Data to mend: $name, $company",
        "Sales found data wrong or missing.\n$phone, $email",
    ),
    NoticeKind.INTEREST: ("A customer shows interest: $name, $company", "Score $score.\n$phone, $email"),
}


def notices_of(lead: Lead, decision: Decision) -> Iterator[Notice]:
    """Give what a decision has to tell: its own notices, and the hand-off or the dead end."""
    yield from decision.notices
    chosen, memory = decision.assignment, decision.memory
    if decision.handed_off and memory.assigned_owner is not None:
        when = memory.assigned_at or decision.decided_at
        yield _notice(NoticeKind.HANDED_OFF, lead, decision, when.isoformat(), chosen.via if chosen else "")
    elif decision.role is StageRole.QUALIFIED and chosen is not None and not (chosen.owner or chosen.pool):
        yield _notice(NoticeKind.UNROUTED, lead, decision, _stamp(memory.qualified_at), chosen.via)


def quarantined(conflict: Conflict, at: datetime) -> Notice:
    """Give the notice of a lead that nobody can tell apart."""
    refs = ",".join(map(str, conflict.records))
    kind = NoticeKind.QUARANTINED
    key = f"{conflict.lead_id}|{kind.value}|{refs}"
    return Notice(key=key, kind=kind, lead_id=conflict.lead_id, at=at, rule=conflict.kind)


def _notice(kind: NoticeKind, lead: Lead, decision: Decision, key: str, rule: str) -> Notice:
    return Notice(
        key=f"{lead.id}|{kind.value}|{key}",
        kind=kind,
        lead_id=lead.id,
        at=decision.decided_at,
        owner=decision.memory.assigned_owner,
        rule=rule,
        score=decision.score,
        why=decision.memory.why,
    )


def _stamp(moment: datetime | None) -> str:
    return moment.isoformat() if moment is not None else ""


# messages --------------------------------------------------------------------------------------------
def deliveries(
    notices: Iterable[Notice], lead: Lead, stage: str, process: Process, now: datetime
) -> tuple[Delivery, ...]:
    """Write the messages that the alerts of the file ask for: one per alert and destination."""
    return tuple(delivery for notice in notices for delivery in _of_notice(notice, lead, stage, process, now))


def _of_notice(notice: Notice, lead: Lead, stage: str, process: Process, now: datetime) -> Iterator[Delivery]:
    fields: dict[str, str] | None = None
    for alert in process.parts.alerts:
        if notice.kind.value not in alert.on or not (alert.when is None or alert.when.test(lead, now)):
            continue
        fields = fields or _fields(notice, lead, stage, process)
        title, body = _TEXTS[notice.kind]
        for to in alert.to:
            yield Delivery(
                key=f"{alert.name}|{to}|{notice.key}",
                lead_id=notice.lead_id,
                alert=alert.name,
                to=to,
                kind=notice.kind.value,
                at=notice.at,
                title=_one_line(Template(alert.title or title).safe_substitute(fields)),
                body=Template(alert.body or body).safe_substitute(fields),
                owner=notice.owner,
                manager=notice.manager,
            )


def _one_line(text: str) -> str:
    return " ".join(text.split())


def _fields(notice: Notice, lead: Lead, stage: str, process: Process) -> dict[str, str]:
    """Give every placeholder a text; what is not known is a dash."""
    due = notice.due_at.astimezone(process.zone) if notice.due_at is not None else None
    found = {
        "kind": notice.kind.value,
        "lead_id": notice.lead_id,
        "name": " ".join(part for part in (lead.first_name, lead.last_name) if part),
        "email": lead.email,
        "phone": lead.phone or lead.mobile_phone,
        "company": lead.company,
        "country": lead.country,
        "job_title": lead.job_title,
        "source": lead.source,
        "score": f"{notice.score:g}" if notice.score is not None else None,
        "why": notice.why,
        "owner": notice.owner,
        "manager": notice.manager,
        "clock": (notice.clock or "").replace("_", " "),
        "due_at": f"{due:%Y-%m-%d %H:%M %Z}" if due is not None else None,
        "rule": notice.rule,
        "stage": stage,
    }
    return {name: value or "–" for name, value in found.items()}
