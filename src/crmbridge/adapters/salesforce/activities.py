"""Tasks, events and campaign members -> activities."""

from __future__ import annotations

from collections.abc import Callable, Mapping
from datetime import datetime

from crmbridge.adapters.salesforce.soql import id18
from crmbridge.adapters.salesforce.tables import (
    CALL_DIRECTIONS,
    CRM,
    EVENT_KINDS,
    MEMBER_KINDS,
    PERSON_PREFIXES,
    TASK_KINDS,
)
from crmbridge.adapters.salesforce.values import Row, as_day, as_id, as_moment, as_ref, as_text
from crmbridge.model import Activity, ActivityKind, Direction, RecordRef


def to_activity(object: str, row: Row) -> Activity | None:
    """Normalise a Task, Event or CampaignMember; None when it is about nobody we know the kind of."""
    return _ACTIVITIES[object](row)


def _task(row: Row) -> Activity | None:
    subtype = row.get("TaskSubtype") or ""
    created_at = as_moment(row.get("CreatedDate"))
    if not row.get("IsClosed"):
        # Still to be done, so nothing has happened with the person; its day is when it is due.
        return _activity("Task", row, at=created_at, kind=ActivityKind.TASK, raw_kind=subtype)
    kind, direction = TASK_KINDS.get(subtype, (ActivityKind.UNKNOWN, Direction.UNKNOWN))
    if kind is ActivityKind.CALL:
        direction = CALL_DIRECTIONS.get(row.get("CallType") or "", Direction.UNKNOWN)
    at = as_moment(row.get("CompletedDateTime")) or as_day(row.get("ActivityDate")) or created_at
    return _activity("Task", row, at=at, kind=kind, raw_kind=subtype, direction=direction)


def _event(row: Row) -> Activity | None:
    subtype = row.get("EventSubtype") or ""
    kind = EVENT_KINDS.get(subtype, ActivityKind.UNKNOWN)
    starts_at = as_moment(row.get("StartDateTime") or row.get("ActivityDateTime"))
    at = starts_at or as_day(row.get("ActivityDate")) or as_moment(row.get("CreatedDate"))
    return _activity("Event", row, at=at, kind=kind, raw_kind=subtype)


def _member(row: Row) -> Activity | None:
    kind, direction = MEMBER_KINDS[bool(row.get("HasResponded"))]
    created_at = as_moment(row.get("CreatedDate"))
    day = as_day(row.get("FirstRespondedDate"))
    # A day is all there is of a response; on the day the row was made, that moment is closer.
    is_same_day = day is not None and created_at is not None and day.date() == created_at.date()
    at = created_at if day is None or is_same_day else day
    return _activity("CampaignMember", row, at=at, kind=kind, direction=direction)


_ACTIVITIES: Mapping[str, Callable[[Row], Activity | None]] = {
    "Task": _task,
    "Event": _event,
    "CampaignMember": _member,
}


def _activity(
    object: str,
    row: Row,
    *,
    at: datetime | None,
    kind: ActivityKind,
    raw_kind: str = "",
    direction: Direction = Direction.UNKNOWN,
) -> Activity | None:
    person = _person(row)
    if person is None or at is None:
        return None
    campaign = row.get("Campaign") or {}
    return Activity(
        ref=RecordRef(CRM, object, id18(row["Id"])),
        person=person,
        kind=kind,
        at=at,
        direction=direction,
        owner_id=as_id(row.get("OwnerId")),
        name=as_text(row.get("Subject") or campaign.get("Name")),
        raw_kind=raw_kind or object,
        outcome=as_text(row.get("CallDisposition") or row.get("Status")),
        deleted=bool(row.get("IsDeleted")),
    )


def _person(row: Row) -> RecordRef | None:
    # The member of a converted lead names both: the contact is who it is now.
    who = row.get("WhoId") or row.get("ContactId") or row.get("LeadId")
    name = PERSON_PREFIXES.get(str(who)[:3])
    return as_ref(name, who) if name is not None else None
