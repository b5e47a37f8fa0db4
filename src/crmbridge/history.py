"""What a CRM recorded of a record's past: which value a field got, when, and by whom.

Adapters read it (``ports.Crm.history``), the timeline makes a lead's way of it. Nothing here is inferred:
a field whose changes a CRM does not record is absent, and so is everything before recording began.
"""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass, field
from datetime import datetime
from enum import Enum

from crmbridge.model import RecordRef, Value

#: The field that tells where an opportunity stood, in the CRM's own words.
OPPORTUNITY_STAGE = "raw_stage"


class Doer(Enum):
    """Who changed a value, as far as the CRM says."""

    PERSON = "person"
    #: Another tool through the interface, an import, or ourselves.
    INTEGRATION = "integration"
    #: The CRM's own workflows, calculations and merges.
    AUTOMATION = "automation"
    UNKNOWN = "unknown"


class Source(Enum):
    """Where a change is recorded; the values are those of ``journey.Entry.source``."""

    HUBSPOT_HISTORY = "hubspot.history"
    #: Date properties that HubSpot stamps when a stage is entered.
    HUBSPOT_STAGE_DATES = "hubspot.stage_dates"
    SALESFORCE_HISTORY = "salesforce.history"
    #: The conversion of a Lead.
    SALESFORCE_CONVERSION = "salesforce.conversion"
    #: What came with another adapter or a file.
    OTHER = "other"


@dataclass(frozen=True, slots=True, kw_only=True)
class FieldChange:
    """One value that a field of a record got."""

    #: Canonical field name, or ``OPPORTUNITY_STAGE``.
    field: str
    #: As ``Record.fields`` holds it: ``owner`` is the CRM's own id. None: emptied, or unreadable (``raw``).
    value: Value
    #: None: it held this when recording began, since nobody knows when.
    at: datetime | None
    doer: Doer = Doer.UNKNOWN
    source: Source = Source.OTHER
    #: The CRM's text where no mapping knows it; None otherwise.
    raw: str | None = None
    #: False: only the calendar day is known, ``at`` is its midnight UTC.
    exact: bool = True


@dataclass(frozen=True, slots=True, kw_only=True)
class StageStamp:
    """When a record entered and left a stage, by properties that the CRM stamps itself."""

    stage: str
    entered_at: datetime | None
    #: None: it has not been left, or the portal has no such property.
    left_at: datetime | None = None


@dataclass(frozen=True, slots=True, kw_only=True)
class RecordHistory:
    """The recorded past of one record."""

    #: Of the record as it is now: a merged one's is that of its survivor.
    ref: RecordRef
    #: When the record was created; None when the CRM does not say.
    created_at: datetime | None
    #: Canonical field -> from when on all its changes are recorded. Absent: they are not, or nobody can
    #: tell.
    since: Mapping[str, datetime] = field(default_factory=dict)
    #: In order of time; what was there when recording began comes first.
    changes: tuple[FieldChange, ...] = ()
    #: In the order of the mapping's stages.
    stamps: tuple[StageStamp, ...] = ()
    #: Ids of records that were merged into it -> when; None: nobody knows.
    merges: Mapping[str, datetime | None] = field(default_factory=dict)


def in_time(change: FieldChange) -> tuple[bool, float]:
    """Give the key that sorts changes by time, those without one first."""
    return (True, change.at.timestamp()) if change.at is not None else (False, 0.0)
