"""Salesforce's words and ours: what is asked for, and what the answers mean.

Vendor facts: the object reference, describes recorded in real orgs (v59) and facts of API v62, checked
2026-11-21.
"""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass

from crmbridge.model import ActivityKind, CrmName, Direction

CRM: CrmName = "salesforce"

# what is read ----------------------------------------------------------------------------------------

#: Records of people, in the order in which they are read.
PEOPLE = ("Lead", "Contact")
ACTIVITIES = ("Task", "Event", "CampaignMember")
#: What owners are made of, in the order in which they are read.
OWNERS = ("User", "QueueSobject")


@dataclass(frozen=True, slots=True)
class Source:
    """One object that ``changes`` reads."""

    #: Fields asked for, whatever the mapping says.
    fields: tuple[str, ...]
    #: Child relationship read along with each row, in parentheses; "" for none.
    child: str = ""
    #: Rows that are of no use are left on the server.
    where: str = ""
    #: Whether rows come in order of change, from a watermark on; otherwise whole, every time.
    incremental: bool = True


_STAMPS = ("Id", "IsDeleted", "SystemModstamp", "CreatedDate")

SOURCES: Mapping[str, Source] = {
    # Owners are few and have to be told apart by e-mail address, which needs all of them.
    "User": Source(("Id", "Name", "Email", "IsActive"), where="UserType = 'Standard'", incremental=False),
    "QueueSobject": Source(("Id", "QueueId", "SobjectType", "Queue.Name", "Queue.Email"), incremental=False),
    "Account": Source(
        (*_STAMPS, "Name", "Website", "OwnerId", "Type", "ParentId", "Industry", "NumberOfEmployees")
    ),
    "Lead": Source(
        (*_STAMPS, "LastModifiedDate", "MasterRecordId", "IsConverted", "ConvertedContactId", "OwnerId")
    ),
    "Contact": Source((*_STAMPS, "LastModifiedDate", "MasterRecordId", "AccountId", "OwnerId")),
    "OpportunityContactRole": Source((*_STAMPS, "OpportunityId")),
    "Opportunity": Source(
        (
            *(*_STAMPS, "AccountId", "OwnerId", "Amount", "CurrencyIsoCode", "StageName"),
            *("IsClosed", "IsWon", "CloseDate"),
        ),
        child="(SELECT ContactId, IsDeleted FROM OpportunityContactRoles)",
    ),
    # A series is a template for its occurrences, which are rows of their own.
    "Task": Source(
        (
            *(*_STAMPS, "WhoId", "OwnerId", "Subject", "TaskSubtype", "CallType", "CallDisposition"),
            *("Status", "IsClosed", "ActivityDate", "CompletedDateTime"),
        ),
        where="WhoId != null AND IsRecurrence = false",
    ),
    # Children are the invitees' copies of one and the same event.
    "Event": Source(
        (
            *(*_STAMPS, "WhoId", "OwnerId", "Subject", "EventSubtype"),
            *("StartDateTime", "ActivityDateTime", "ActivityDate"),
        ),
        where="WhoId != null AND IsRecurrence = false AND IsChild = false",
    ),
    "CampaignMember": Source(
        (
            *(*_STAMPS, "LeadId", "ContactId", "Status", "HasResponded"),
            *("FirstRespondedDate", "Campaign.Name"),
        )
    ),
}

#: What one call asks for: a composite takes five queries. Roles are asked for before the opportunities
#: that they belong to, so that none falls between the two.
CALLS = (
    ("User", "QueueSobject", "Account", "Lead", "OpportunityContactRole"),
    ("Contact", "Opportunity", "Task", "Event", "CampaignMember"),
)

#: First characters of an id -> person object. Tasks and events name their person by id alone.
PERSON_PREFIXES = {"00Q": "Lead", "003": "Contact"}

#: Account.Type of a new org -> whether it is a customer. A type of the company's own says nothing.
CUSTOMER_TYPES: Mapping[str, bool] = {
    "customer": True,
    "customer - direct": True,
    "customer - channel": True,
    "prospect": False,
    "analyst": False,
    "competitor": False,
    "integrator": False,
    "investor": False,
    "partner": False,
    "press": False,
    "reseller": False,
    "other": False,
    "channel partner / reseller": False,
    "installation partner": False,
    "technology partner": False,
}

# activities ------------------------------------------------------------------------------------------

#: TaskSubtype of a closed task -> kind and direction. An open one is a plan: nothing has happened yet.
TASK_KINDS: Mapping[str, tuple[ActivityKind, Direction]] = {
    "": (ActivityKind.TASK, Direction.UNKNOWN),
    "Task": (ActivityKind.TASK, Direction.UNKNOWN),
    # The direction of a call stands in CallType.
    "Call": (ActivityKind.CALL, Direction.UNKNOWN),
    # Logged by the composer: a mail of ours. Replies are EmailMessage rows, which few orgs share.
    "Email": (ActivityKind.EMAIL_SENT, Direction.OUTBOUND),
    "ListEmail": (ActivityKind.EMAIL_SENT, Direction.OUTBOUND),
    "Cadence": (ActivityKind.TASK, Direction.UNKNOWN),
}

#: Task.CallType -> direction.
CALL_DIRECTIONS: Mapping[str, Direction] = {
    "Inbound": Direction.INBOUND,
    "Outbound": Direction.OUTBOUND,
    # Between colleagues about the lead: nobody touched anybody.
    "Internal": Direction.UNKNOWN,
}

#: EventSubtype -> kind.
EVENT_KINDS: Mapping[str, ActivityKind] = {"": ActivityKind.MEETING, "Event": ActivityKind.MEETING}

#: CampaignMember.HasResponded -> kind and direction. Being put on a list is nothing the person did, and
#: no touch by sales either.
MEMBER_KINDS: Mapping[bool, tuple[ActivityKind, Direction]] = {
    True: (ActivityKind.CAMPAIGN_RESPONSE, Direction.INBOUND),
    False: (ActivityKind.EVENT, Direction.UNKNOWN),
}

# what is written -------------------------------------------------------------------------------------

#: Sent with every write. Without the first one the org's assignment rule takes the owner we just chose;
#: the second shows our own writes in event logs and change events.
WRITE_HEADERS = {"Sforce-Auto-Assign": "FALSE", "Sforce-Call-Options": "client=crmbridge"}
DUPLICATE_RULES = "Sforce-Duplicate-Rule-Header"
#: A record that exists may be changed although it resembles another one; a new one may not be added.
UPDATE_DUPLICATES = {DUPLICATE_RULES: "allowSave=true; includeRecordDetails=false; runAsCurrentUser=false"}
CREATE_DUPLICATES = {DUPLICATE_RULES: "allowSave=false; includeRecordDetails=false; runAsCurrentUser=false"}

READ_LIMIT = 2000
WRITE_LIMIT = 200
CONDITIONAL_LIMIT = 25
#: Queries in one composite call, and ids in one query of it.
QUERIES_PER_CALL = 5
IDS_PER_QUERY = 400

#: Canonical fields that automation of the org may change behind an accepted write: assignment rules,
#: flows and triggers go for the owner.
VERIFIED = frozenset({"owner"})

#: Digits after the point where no describe was read: standard fields; others as ``create_fields`` makes them.
SCALES = {"AnnualRevenue": 0, "NumberOfEmployees": 0}
DEFAULT_SCALE = 2

# rights and custom fields ----------------------------------------------------------------------------

#: Objects that are described: the ones that are read, and campaigns for their rights.
DESCRIBED = (
    "Account",
    "Campaign",
    "CampaignMember",
    "Contact",
    "Event",
    "Lead",
    "Opportunity",
    "OpportunityContactRole",
    "Task",
)
#: Objects whose rights are granted one by one. Tasks, events and campaign members follow the person and
#: the campaign; roles follow the opportunity; users are readable by everybody.
RIGHT_OBJECTS = ("Account", "Campaign", "Contact", "Lead", "Opportunity")
#: Flag of describe -> our word for the right, which is also the word of permission sets.
RIGHT_FLAGS = {"queryable": "read", "createable": "create", "updateable": "edit", "deletable": "delete"}

#: Fields that a permission set may not name: required ones, names and system fields
#: (describe ``permissionable: false``, recorded for Lead and Contact).
NOT_PERMISSIONABLE = frozenset(
    (
        "Id IsDeleted MasterRecordId LastName FirstName Salutation Name Company PhotoUrl Status OwnerId "
        "IsConverted ConvertedDate ConvertedAccountId ConvertedContactId ConvertedOpportunityId "
        "IsUnreadByOwner CreatedDate CreatedById LastModifiedDate LastModifiedById SystemModstamp "
        "LastActivityDate LastViewedDate LastReferencedDate JigsawContactId EmailBouncedReason "
        "EmailBouncedDate IsEmailBounced IndividualId LastCURequestDate LastCUUpdateDate StageName CloseDate"
    ).split()
)

_TEXT = {"type": "Text", "length": 255}
_PICKLIST = {"type": "Picklist"}
_NUMBER = {"type": "Number", "precision": 18, "scale": DEFAULT_SCALE}

#: mapping.Kind -> metadata of a custom field, as the Tooling API takes it.
NEW_FIELD_TYPES: Mapping[str, Mapping[str, object]] = {
    "text": _TEXT,
    "country": _TEXT,
    "region": _TEXT,
    "owner": _TEXT,
    "long_text": {"type": "LongTextArea", "length": 32768, "visibleLines": 5},
    "email": {"type": "Email"},
    "phone": {"type": "Phone"},
    "url": {"type": "Url"},
    "number": _NUMBER,
    "integer": {**_NUMBER, "scale": 0},
    "money": {"type": "Currency", "precision": 18, "scale": 2},
    "boolean": {"type": "Checkbox", "defaultValue": "false"},
    "datetime": {"type": "DateTime"},
    "date": {"type": "Date"},
    "enumeration": _PICKLIST,
    "stage": _PICKLIST,
    "status": _PICKLIST,
    "reason": _PICKLIST,
    "multi": {"type": "MultiselectPicklist", "visibleLines": 4},
}
