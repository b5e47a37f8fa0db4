"""Makes records and activities by open twins: constructors were a fifth of what reading a contact costs."""

from __future__ import annotations

from collections.abc import Mapping
from datetime import datetime
from typing import Any, Final, cast

from crmbridge.model import Activity, ActivityKind, Direction, Record, RecordRef, Value
from crmbridge.twins import open_twin

_OpenRef: Final = open_twin(RecordRef)
_OpenRecord: Final = open_twin(Record)
_OpenActivity: Final = open_twin(Activity)


def reference(object: str, record_id: str) -> RecordRef:
    """Make a reference to one of HubSpot's own."""
    made: Any = _OpenRef()
    made.crm = "hubspot"
    made.object = object
    made.id = record_id
    made.__class__ = RecordRef
    return cast("RecordRef", made)


def record(
    *,
    ref: RecordRef,
    version: str,
    modified_at: datetime | None,
    fields: Mapping[str, Value],
    unknown: Mapping[str, str],
    deleted: bool,
    absorbed_ids: tuple[str, ...],
    linked_to: RecordRef | None,
    other_emails: tuple[str, ...],
    raw: Mapping[str, Any],
) -> Record:
    """Make a record; HubSpot converts nothing, and a record that was merged away is not given."""
    made: Any = _OpenRecord()
    made.ref = ref
    made.version = version
    made.modified_at = modified_at
    made.fields = fields
    made.unknown = unknown
    made.deleted = deleted
    made.forgotten = False
    made.merged_into = made.converted_to = None
    made.absorbed_ids = absorbed_ids
    made.linked_to = linked_to
    made.other_emails = other_emails
    made.raw = raw
    made.__class__ = Record
    return cast("Record", made)


def told_activity(
    *,
    ref: RecordRef,
    person: RecordRef,
    kind: ActivityKind,
    at: datetime,
    direction: Direction,
    name: str | None,
    raw_kind: str,
    deleted: bool,
) -> Activity:
    """Make an activity that a contact's own properties tell: it has no owner and no outcome."""
    made: Any = _OpenActivity()
    made.ref = ref
    made.person = person
    made.kind = kind
    made.at = at
    made.direction = direction
    made.owner_id = made.outcome = None
    made.name = name
    made.raw_kind = raw_kind
    made.deleted = deleted
    made.__class__ = Activity
    return cast("Activity", made)
