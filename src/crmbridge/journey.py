"""The way of one lead through the process, as far as it is recorded: for reports, timelines and replays.

A journey says what happened and when, each entry with its evidence. What nobody recorded is not in it: a
gap stays a gap.
"""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass, field
from datetime import datetime
from enum import Enum
from typing import Final

from crmbridge.model import Activity, Opportunity

#: ``Entry.source`` of what a file told.
TOLD: Final = "csv"


class Evidence(Enum):
    """How sure an entry is."""

    #: Recorded by a CRM's field history, a stamp that the CRM sets itself, or our own ledger.
    CERTAIN = "certain"
    #: Follows from something that is recorded: a conversion date, a later stage, an activity.
    DERIVED = "derived"
    #: It happened, or may have; nothing says when.
    UNKNOWN = "unknown"


class EntryKind(Enum):
    """What an entry tells of."""

    #: Entered the stage ``value`` (a stage name of the process).
    STAGE = "stage"
    #: Got the status ``value`` (a LeadStatus value); ``reason`` is the company's reason code.
    STATUS = "status"
    #: Got the owner ``value`` (an owner key); None: lost its owner.
    OWNER = "owner"
    #: Became an MQL; ``value`` is how: "score", "form", "manual", "email_engagement", or None.
    QUALIFIED = "qualified"
    #: Responsibility went to the owner ``value``.
    HANDED_OFF = "handed_off"
    #: Sales accepted the hand-off: a SAL.
    ACCEPTED = "accepted"
    #: Sales declined before contact; ``reason`` is the code.
    REJECTED = "rejected"
    #: Sales gave it back to marketing; ``reason`` is the code.
    RECYCLED = "recycled"
    #: Out for good; ``reason`` is the code.
    DISQUALIFIED = "disqualified"


@dataclass(frozen=True, slots=True, kw_only=True)
class Entry:
    """One thing that happened on the way."""

    kind: EntryKind
    #: None when it is known that it happened and not when.
    at: datetime | None
    #: As the kind says; None as the kind says.
    value: str | None = None
    #: Reason code; None when none was given.
    reason: str | None = None
    evidence: Evidence = Evidence.CERTAIN
    #: Who recorded it: "ledger", "hubspot.history", "hubspot.stage_dates", "salesforce.history",
    #: "salesforce.conversion", "activity", "opportunity", "csv"; "hubspot" and "salesforce" of what stands
    #: there now.
    source: str = "ledger"
    #: The score at that moment (QUALIFIED only); None when nobody recorded it.
    score: float | None = None


@dataclass(frozen=True, slots=True, kw_only=True)
class Journey:
    """One lead's way, complete as far as it was recorded."""

    lead_id: str
    #: When the person entered the first CRM; None when nobody knows.
    created_at: datetime | None = None
    #: In order of time; entries without a time come first, in order of kind and value.
    entries: tuple[Entry, ...] = ()
    #: Dimension ("source", "campaign", "country", "territory", "owner", "team" …) -> value; None is a
    #: group of its own: the leads where it is blank.
    dimensions: Mapping[str, str | None] = field(default_factory=dict)
    #: In order of (at, ref).
    activities: tuple[Activity, ...] = ()
    #: In order of ref.
    opportunities: tuple[Opportunity, ...] = ()
    #: The stage it is in now, as the CRMs, our memory or a file say; None when nobody says.
    stage: str | None = None
