"""HubSpot's words and ours, as tables. Values checked 2026-11-21 unless a row says otherwise."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass
from typing import Final

from crmbridge.model import ActivityKind, Direction

#: Read in this order: what others refer to comes first.
PEOPLE: Final = ("contacts", "leads")
ACTIVITIES: Final = ("calls", "emails", "meetings", "notes", "tasks")

#: The property that holds the change stamp. On contacts ``hs_lastmodifieddate`` exists and is empty.
STAMPS: Final[Mapping[str, str]] = {"contacts": "lastmodifieddate"}
DEFAULT_STAMP: Final = "hs_lastmodifieddate"


def stamp_property(object: str) -> str:
    """Name the property that holds an object's change stamp."""
    return STAMPS.get(object, DEFAULT_STAMP)


#: Properties read beside the mapped ones. Those that a portal lacks are left out of the answer silently.
EXTRA_PROPERTIES: Final[Mapping[str, tuple[str, ...]]] = {
    "contacts": (
        "associatedcompanyid",
        "hs_additional_emails",
        "hs_merged_object_ids",
        "salesforcecontactid",  # the three of HubSpot's own Salesforce connector
        "salesforceleadid",
    ),
    "leads": (),
    "companies": (
        "domain",
        "hs_parent_company_id",
        "hubspot_owner_id",
        "industry",
        "lifecyclestage",
        "name",
        "numberofemployees",
    ),
    "deals": (
        "amount",
        "closedate",
        "createdate",
        "deal_currency_code",
        "dealstage",
        "hs_is_closed",
        "hs_is_closed_won",
        "hubspot_owner_id",
    ),
    "calls": (
        "hs_timestamp", "hubspot_owner_id", "hs_call_title", "hs_call_direction", "hs_call_disposition",
        "hs_call_status",
    ),
    "emails": (
        "hs_timestamp", "hubspot_owner_id", "hs_email_direction", "hs_email_subject", "hs_email_status",
    ),
    "meetings": (
        "hs_timestamp", "hubspot_owner_id", "hs_meeting_title", "hs_meeting_start_time",
        "hs_meeting_outcome", "hs_engagement_source",
    ),
    "notes": ("hs_timestamp", "hubspot_owner_id"),
    "tasks": (
        "hs_timestamp", "hubspot_owner_id", "hs_task_subject", "hs_task_status", "hs_task_type",
        "hs_task_completion_date",
    ),
}  # fmt: skip

#: Lifecycle stages of a company that is a customer; evangelist ranks after it.
CUSTOMER_STAGES: Final = frozenset({"customer", "evangelist"})
#: Stages of the default deal pipeline, for portals without ``hs_is_closed``: stage -> won.
CLOSED_DEAL_STAGES: Final[Mapping[str, bool]] = {"closedwon": True, "closedlost": False}


@dataclass(frozen=True, slots=True, kw_only=True)
class ActivityTable:
    """How one engagement object reads as an Activity. Names are properties."""

    #: What it is when ``by`` names nothing, or names a value that no row knows.
    kind: ActivityKind
    direction: Direction = Direction.UNKNOWN
    #: Property whose value decides kind and direction, by ``rows``.
    by: str | None = None
    rows: Mapping[str, tuple[ActivityKind, Direction]] | None = None
    #: When it happened: the first one that is set. ``createdAt`` is when it was recorded.
    at: tuple[str, ...] = ("hs_timestamp",)
    title: str | None = None
    #: How it ended: the first one that is set.
    outcome: tuple[str, ...] = ()
    #: The CRM's word for the kind; the object's name when it has no value.
    raw_kind: str | None = None


ACTIVITY_TABLES: Final[Mapping[str, ActivityTable]] = {
    "calls": ActivityTable(
        kind=ActivityKind.CALL,
        by="hs_call_direction",
        rows={
            "INBOUND": (ActivityKind.CALL, Direction.INBOUND),
            "OUTBOUND": (ActivityKind.CALL, Direction.OUTBOUND),
        },
        title="hs_call_title",
        outcome=("hs_call_disposition", "hs_call_status"),
    ),
    "emails": ActivityTable(
        kind=ActivityKind.UNKNOWN,
        by="hs_email_direction",
        rows={
            "EMAIL": (ActivityKind.EMAIL_SENT, Direction.OUTBOUND),
            "INCOMING_EMAIL": (ActivityKind.EMAIL_REPLIED, Direction.INBOUND),
            # FORWARDED_EMAIL is missing on purpose: either side's mail may be forwarded to the CRM.
        },
        title="hs_email_subject",
        outcome=("hs_email_status",),
        raw_kind="hs_email_direction",
    ),
    "meetings": ActivityTable(
        kind=ActivityKind.MEETING,
        by="hs_engagement_source",
        # Booked by the person on a scheduling page; entered by a rep (both recalled, not documented).
        rows={
            "MEETINGS": (ActivityKind.MEETING, Direction.INBOUND),
            "CRM_UI": (ActivityKind.MEETING, Direction.OUTBOUND),
        },
        at=("hs_meeting_start_time", "hs_timestamp"),
        title="hs_meeting_title",
        outcome=("hs_meeting_outcome",),
    ),
    "notes": ActivityTable(kind=ActivityKind.NOTE),
    "tasks": ActivityTable(
        kind=ActivityKind.TASK,
        at=("hs_task_completion_date", "hs_timestamp"),  # the second is when it is due
        title="hs_task_subject",
        outcome=("hs_task_status",),
        raw_kind="hs_task_type",
    ),
}

#: The outcomes of calls that every portal has. Own ones keep their GUID.
CALL_DISPOSITIONS: Final[Mapping[str, str]] = {
    "9d9162e7-6cf3-4944-bf63-4dff82258764": "Busy",
    "f240bbac-87c9-4f6e-bf70-924b57d47db7": "Connected",
    "a4c4c377-d246-4b32-a13b-75a56a4cd0ff": "Left live message",
    "b2cf5968-551e-4856-9783-52b3da59a7d0": "Left voicemail",
    "73a0d17f-1163-4015-bdd5-ec830791da20": "No answer",
    "17b47fee-58de-441e-a44c-c6300d46f273": "Wrong number",
}

#: Kinds -> (type, fieldType) of a property that we create. A datetime uses fieldType "date".
NEW_PROPERTY_TYPES: Final[Mapping[str, tuple[str, str]]] = {
    "long_text": ("string", "textarea"),
    "number": ("number", "number"),
    "integer": ("number", "number"),
    "money": ("number", "number"),
    "boolean": ("bool", "booleancheckbox"),
    "datetime": ("datetime", "date"),
    "date": ("date", "date"),
    "enumeration": ("enumeration", "select"),
    "stage": ("enumeration", "select"),
    "status": ("enumeration", "select"),
    "reason": ("enumeration", "select"),
    "multi": ("enumeration", "checkbox"),
}
DEFAULT_PROPERTY_TYPE: Final = ("string", "text")

#: Scopes without which nothing works, and those that each use of the mapping adds.
BASE_SCOPES: Final = frozenset(
    {
        "crm.objects.companies.read",
        "crm.objects.contacts.read",
        "crm.objects.deals.read",
        "crm.objects.owners.read",
        "crm.schemas.contacts.read",
    }
)
WRITE_SCOPE: Final = "crm.objects.contacts.write"
LEADS_SCOPES: Final = frozenset({"crm.objects.leads.read"})
LEADS_WRITE_SCOPE: Final = "crm.objects.leads.write"

#: Properties of HubSpot's own Salesforce connector -> object of the counterpart. A contact that became
#: one in Salesforce carries both: the Contact is the living one.
CONNECTOR_LINKS: Final = (("salesforcecontactid", "Contact"), ("salesforceleadid", "Lead"))

#: Association of a lead with its contact, needed at creation.
LEAD_TO_CONTACT: Final = 578

#: Association types marked as the primary one: lead -> contact, deal -> company.
PRIMARY_ASSOCIATIONS: Final = frozenset({LEAD_TO_CONTACT, 5})

_CHECK_CHARACTERS = "ABCDEFGHIJKLMNOPQRSTUVWXYZ012345"


def salesforce_id(text: str) -> str | None:
    """Give an id's 18-character form; None for what is no Salesforce id."""
    if len(text) not in {15, 18} or not (text.isascii() and text.isalnum()):
        return None
    chunks = (text[start : start + 5] for start in (0, 5, 10))
    return text[:15] + "".join(_CHECK_CHARACTERS[_capitals(chunk)] for chunk in chunks)


def _capitals(chunk: str) -> int:
    return sum(1 << position for position, letter in enumerate(chunk) if letter.isupper())
