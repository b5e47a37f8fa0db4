"""The common lead model: what both CRMs are normalised into, and what the process decides.

Everything here is a frozen dataclass with slots and knows no CRM. Conventions: times are aware UTC and
end in ``_at``; ``None`` means "known to be empty" on a value that was read and "clear it" on a value to
be written; ``UNSET`` means "not read" or "leave alone".
"""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass, field
from datetime import date, datetime
from decimal import Decimal
from enum import Enum
from typing import TYPE_CHECKING, Any, Final, Literal, TypeAlias


class Unset(Enum):
    """The type of ``UNSET``: leave alone, which is not the same as ``None``: clear."""

    UNSET = "unset"

    def __bool__(self) -> bool:
        return False


UNSET: Final = Unset.UNSET


@dataclass(frozen=True, slots=True)
class Money:
    """An amount that keeps its currency; two currencies are never added or compared."""

    #: In units of the currency (not cents).
    amount: Decimal
    #: ISO 4217 code; None when the CRM has one currency and does not say which.
    currency: str | None = None


if TYPE_CHECKING:
    #: What a canonical field may hold. Texts are stripped and never empty (empty is None). A calendar
    #: day is a datetime at midnight UTC: both CRMs' date fields are written as the day alone.
    Value: TypeAlias = str | int | float | bool | datetime | Money | None
else:
    Value = Any  # msgspec refuses a union of str and datetime; codec.py tells the two apart


class Direction(Enum):
    """Who acted towards whom."""

    #: The person acted: opened, clicked, replied, submitted, visited, called us.
    INBOUND = "inbound"
    #: We acted: sent, called, wrote. Only these can be a touch by sales.
    OUTBOUND = "outbound"
    #: The CRM does not say.
    UNKNOWN = "unknown"


class ActivityKind(Enum):
    """What happened, in one vocabulary for both CRMs."""

    EMAIL_SENT = "email_sent"
    EMAIL_OPENED = "email_opened"
    EMAIL_CLICKED = "email_clicked"
    EMAIL_REPLIED = "email_replied"
    FORM_SUBMISSION = "form_submission"
    PAGE_VIEW = "page_view"
    CALL = "call"
    MEETING = "meeting"
    TASK = "task"
    NOTE = "note"
    CAMPAIGN_RESPONSE = "campaign_response"
    EVENT = "event"
    #: A kind that no table knows; ``raw_kind`` keeps the CRM's word.
    UNKNOWN = "unknown"


class LeadStatus(Enum):
    """What is being done with the lead right now, as sales sets it in either CRM."""

    #: Nobody has worked it yet.
    NEW = "new"
    #: Sales is trying to reach the person.
    ATTEMPTING = "attempting"
    #: Sales has reached the person and is working the lead.
    WORKING = "working"
    #: Sales accepts the hand-off: a SAL.
    ACCEPTED = "accepted"
    #: Sales confirmed a real need.
    SALES_QUALIFIED = "sales_qualified"
    #: Sales declines before contact: procedural, clerical or definitional.
    REJECTED = "rejected"
    #: Sales gives it back to marketing, with a reason.
    RECYCLED = "recycled"
    #: Out for good.
    DISQUALIFIED = "disqualified"
    #: Became a contact, an account or an opportunity.
    CONVERTED = "converted"
    #: The CRM holds a value without a mapping; it is kept raw and never overwritten.
    UNKNOWN = "unknown"


class StageRole(Enum):
    """What a company's stage means to the process, whatever the company calls it."""

    #: Known, not qualified: marketing's.
    LEAD = "lead"
    #: Passed the definition: an MQL, handed over to sales.
    QUALIFIED = "qualified"
    #: Sales accepted the hand-off: a SAL.
    ACCEPTED = "accepted"
    #: Sales confirmed a real need.
    SALES_QUALIFIED = "sales_qualified"
    #: A concrete chance of a sale.
    OPPORTUNITY = "opportunity"
    #: Won.
    CUSTOMER = "customer"
    #: Given back to marketing; may qualify again.
    RECYCLED = "recycled"
    #: Out for good.
    DISQUALIFIED = "disqualified"


class OwnerKind(Enum):
    """A person, or a queue that people work from."""

    PERSON = "person"
    QUEUE = "queue"


@dataclass(frozen=True, slots=True, order=True)
class RecordRef:
    """One row in one CRM. Written ``hubspot:contacts:123`` on the command line."""

    #: "hubspot" or "salesforce".
    crm: str
    #: The CRM's own object name: "contacts", "Lead", "Contact".
    object: str
    #: The CRM's record id; Salesforce ids in their 18-character form.
    id: str

    def __str__(self) -> str:
        return f"{self.crm}:{self.object}:{self.id}"


@dataclass(frozen=True, slots=True, kw_only=True)
class Record:
    """One row in one CRM, normalised."""

    ref: RecordRef
    #: What the CRM offers to see that the row moved (SystemModstamp, lastmodifieddate); compared for
    #: equality only. "" when the CRM gives none.
    version: str
    #: When the CRM last changed the row; None when it does not say.
    modified_at: datetime | None
    #: Canonical field name -> value. A field that is mapped and empty is None; a field that was not
    #: asked for or does not exist there is absent. ``owner`` holds the CRM's own owner id, ``stage`` a
    #: stage name of the process, ``status`` a LeadStatus value, ``recycle_reason`` a reason code.
    fields: Mapping[str, Value]
    #: Canonical field name -> the CRM's text that could not be normalised or has no mapping. Such a
    #: field is reported, counts as present, and is never overwritten. Its entry in ``fields`` is None.
    unknown: Mapping[str, str] = field(default_factory=dict)
    #: Deleted or archived in the CRM.
    deleted: bool = False
    #: The CRM says that the person is to be forgotten (a privacy deletion): the ledger erases them.
    forgotten: bool = False
    #: The record that survived a merge; None when this one was not merged away.
    merged_into: RecordRef | None = None
    #: Ids that were merged into this record, sorted.
    absorbed_ids: tuple[str, ...] = ()
    #: The Contact that a Lead became; None when it was not converted.
    converted_to: RecordRef | None = None
    #: The counterpart that the CRM's own connector names (HubSpot's ``salesforceleadid``); None when
    #: there is none.
    linked_to: RecordRef | None = None
    #: Further e-mail addresses of the person, normalised and sorted.
    other_emails: tuple[str, ...] = ()
    #: The payload as the CRM sent it. Only in memory: the ledger does not keep it.
    raw: Mapping[str, Any] = field(default_factory=dict, repr=False, compare=False)


@dataclass(frozen=True, slots=True, kw_only=True)
class Activity:
    """Something that happened with a person, in either CRM."""

    #: Where it is recorded; several people may share one.
    ref: RecordRef
    #: The person's record it belongs to.
    person: RecordRef
    kind: ActivityKind
    #: When it happened (not when it was recorded).
    at: datetime
    direction: Direction = Direction.UNKNOWN
    #: Who of ours: the CRM's own owner id; None when nobody is named.
    owner_id: str | None = None
    #: Form name, campaign name, page path, mail subject …; None when the CRM has none.
    name: str | None = None
    #: The CRM's word for the kind.
    raw_kind: str = ""
    #: The CRM's word for how it ended (call outcome, task status); None when there is none.
    outcome: str | None = None
    #: Deleted or archived in the CRM: kept so that the deletion reaches the ledger.
    deleted: bool = False


@dataclass(frozen=True, slots=True, kw_only=True)
class Account:
    """A company, as one CRM keeps it."""

    ref: RecordRef
    name: str | None = None
    #: Registrable domain in lower case ("acme.co.uk"); None when unknown or a free-mail domain.
    domain: str | None = None
    #: The CRM's own owner id; None when nobody owns it.
    owner_id: str | None = None
    #: Whether it is a customer already; None when the CRM does not say.
    customer: bool | None = None
    #: The parent company's record id in the same CRM; None when there is none.
    parent_id: str | None = None
    industry: str | None = None
    employee_count: int | None = None
    deleted: bool = False


@dataclass(frozen=True, slots=True, kw_only=True)
class Opportunity:
    """A concrete chance of a sale, as one CRM keeps it."""

    ref: RecordRef
    #: The people it is about, sorted; empty when the CRM names none.
    people: tuple[RecordRef, ...] = ()
    #: The company's record id in the same CRM; None when there is none.
    account_id: str | None = None
    owner_id: str | None = None
    amount: Money | None = None
    #: The CRM's own stage value.
    raw_stage: str = ""
    closed: bool = False
    #: Won; False while it is open.
    won: bool = False
    created_at: datetime | None = None
    #: Expected or actual day of closing; None when unknown.
    close_on: date | None = None
    deleted: bool = False


@dataclass(frozen=True, slots=True, kw_only=True)
class Owner:
    """Who can own a lead: one person or queue, with their id in each CRM."""

    #: Our name for them, as process files write it: the e-mail address in lower case, or
    #: ``hubspot:owners:ID`` / ``salesforce:Group:ID`` where there is none.
    key: str
    kind: OwnerKind
    #: For people to read. Never logged.
    name: str
    #: None when they have no (active or inactive) counterpart in that CRM.
    hubspot_id: str | None = None
    salesforce_id: str | None = None
    #: Can be given leads in that CRM. False where there is no counterpart.
    hubspot_active: bool = False
    salesforce_active: bool = False
    #: Salesforce objects that a queue may own; empty for people.
    queue_objects: tuple[str, ...] = ()

    def id_in(self, crm: str) -> str | None:
        """Give the owner id to write in ``crm``; None when there is no counterpart."""
        return self.hubspot_id if crm == "hubspot" else self.salesforce_id

    def active_in(self, crm: str) -> bool:
        """Tell whether leads can be given to them in ``crm``."""
        return self.hubspot_active if crm == "hubspot" else self.salesforce_active

    @property
    def active(self) -> bool:
        """Tell whether they can be given leads at all: inactive in one CRM is inactive."""
        ids = ((self.hubspot_id, self.hubspot_active), (self.salesforce_id, self.salesforce_active))
        return all(is_active for owner_id, is_active in ids if owner_id is not None)


@dataclass(frozen=True, slots=True, kw_only=True)
class Lead:
    """One person of interest, whatever records the CRMs keep. One value per field, by field authority."""

    #: Ours, stable over runs and written to the external id field.
    id: str
    #: All records of the person, sorted. Empty only in tests and trials.
    records: tuple[RecordRef, ...] = ()
    #: Normalised: lower case, no display name. None when the person has none.
    email: str | None = None
    first_name: str | None = None
    last_name: str | None = None
    #: E.164 ("+4930123456"), or as it was typed where no country is known.
    phone: str | None = None
    mobile_phone: str | None = None
    job_title: str | None = None
    #: Company name as text; the account is ``account``.
    company: str | None = None
    website: str | None = None
    #: Registrable domain of website or e-mail, lower case; None for free-mail addresses.
    domain: str | None = None
    industry: str | None = None
    employee_count: int | None = None
    annual_revenue: Money | None = None
    #: ISO 3166-1 alpha-2 ("DE").
    country: str | None = None
    #: ISO 3166-2 ("US-CA").
    region: str | None = None
    city: str | None = None
    postal_code: str | None = None
    #: Where the lead came from, in the company's own words.
    source: str | None = None
    campaign: str | None = None
    persona: str | None = None
    #: When the person entered the first CRM.
    created_at: datetime | None = None
    #: A stage name of the process, as the CRMs hold it now; None when unset or unknown.
    stage: str | None = None
    #: When somebody moved it there by hand, by the CRM's clock; None when nobody did or no CRM says.
    stage_at: datetime | None = None
    #: As sales set it in either CRM; None when unset.
    status: LeadStatus | None = None
    #: When the status was set, as far as the CRMs say; None when they do not.
    status_at: datetime | None = None
    #: The company's code for why it was rejected, recycled or disqualified; None when not given.
    status_reason: str | None = None
    #: Key of the Owner by the authority of the stage; None when nobody owns it.
    owner: str | None = None
    #: Person or queue; None when nobody owns it or the owner is in no owner list.
    owner_kind: OwnerKind | None = None
    #: Whether that owner can be given leads; None when nobody owns it or we cannot tell.
    owner_active: bool | None = None
    #: Opted out of e-mail; None when the CRMs do not say.
    opted_out: bool | None = None
    do_not_call: bool | None = None
    #: The company's further fields, as the mapping names them.
    custom: Mapping[str, Value] = field(default_factory=dict)
    #: Fields whose value could not be normalised or has no mapping; sorted. They count as present.
    unknown: tuple[str, ...] = ()
    #: In order of (at, ref).
    activities: tuple[Activity, ...] = ()
    account: Account | None = None
    #: In order of ref.
    opportunities: tuple[Opportunity, ...] = ()
    #: Key of the account's owner, and of the owner of an open opportunity. None when there is none,
    #: when it is a queue, or when it cannot be given leads any more.
    account_owner: str | None = None
    opportunity_owner: str | None = None


@dataclass(frozen=True, slots=True, kw_only=True)
class Memory:
    """What the ledger remembers of a lead's decisions; input to the next one. All None for a new lead."""

    #: The stage we last decided, and since when.
    stage: str | None = None
    stage_at: datetime | None = None
    #: When it last passed the definition; the order in which reps are handed out.
    qualified_at: datetime | None = None
    #: Scores at that moment.
    qualified_score: float | None = None
    #: Key of the owner we assigned, and when; None when we never did.
    assigned_owner: str | None = None
    assigned_at: datetime | None = None
    accepted_at: datetime | None = None
    #: The reason, the moment and the end of the cool-down of the last recycling.
    recycle_reason: str | None = None
    recycled_at: datetime | None = None
    recycle_until: datetime | None = None
    #: How often it has been recycled.
    recycle_count: int = 0
    #: Owners who gave it back or let it lie, sorted: never straight back to them.
    refused_by: tuple[str, ...] = ()
    #: The status and reason already acted on, so that one verdict of sales counts once.
    seen_status: str | None = None
    #: The move by hand that was acted on last, with its time: it counts once, even if it stays to be seen.
    seen_stage: str | None = None
    #: Version of the process that decided last.
    process_version: str | None = None
    #: The reasons of the last hand-off as the rep reads them: scores and rule names, no personal data.
    why: str | None = None
    #: Steps of the SLA that were taken for the present owner, sorted ("first_touch.reminder" …): each once.
    fired: tuple[str, ...] = ()
    #: Who had it when it was taken back for somebody else; None: it was not, in this round with sales.
    taken_from: str | None = None
    #: How often it was taken from somebody who let it lie, in this round with sales.
    reassign_count: int = 0
    #: Since when the clocks of the SLA stand still; None: they run.
    paused_at: datetime | None = None
    #: When they stood still before, since the present owner has it.
    pauses: tuple[tuple[datetime, datetime], ...] = ()
    #: The data that sales found wrong, as they were: "phone,country|<digest>"; None: nothing is to be mended.
    data_fix: str | None = None
    #: When a customer's interest was told last.
    interest_at: datetime | None = None


#: Of a lead that was never decided: one for all, for making it anew takes as long as a tenth of a decision.
NO_MEMORY: Final = Memory()


class NoticeKind(Enum):
    """What people are told of."""

    #: Somebody has a new lead.
    HANDED_OFF = "handed_off"
    #: A window of the SLA is nearly over.
    REMINDER = "reminder"
    #: A promise was not kept: the manager is told.
    ESCALATION = "escalation"
    #: A lead was taken from somebody who let it lie.
    REASSIGNED = "reassigned"
    #: An MQL that nobody gets.
    UNROUTED = "unrouted"
    #: Nobody can say which records are this person's, or somebody has to look at it.
    QUARANTINED = "quarantined"
    #: "Unreachable" before the agreed touches were made.
    TOUCHES_MISSING = "touches_missing"
    #: Sales found data wrong: marketing mends them.
    DATA_FIX = "data_fix"
    #: A customer shows interest.
    INTEREST = "interest"


@dataclass(frozen=True, slots=True, kw_only=True)
class Notice:
    """Something that people are to be told of, once."""

    #: The same event has the same key, whatever run finds it.
    key: str
    kind: NoticeKind
    lead_id: str
    #: When it was decided.
    at: datetime
    #: Who has the lead, by owner key; None when nobody does.
    owner: str | None = None
    #: Whom it is escalated to; None when nobody is named.
    manager: str | None = None
    #: The rule behind it, and the promise ("first_touch" …) where there is one.
    rule: str = ""
    clock: str | None = None
    due_at: datetime | None = None
    score: float | None = None
    #: As ``Memory.why``; None when there is nothing to say.
    why: str | None = None


def move_key(stage: str, moved_at: datetime | None) -> str:
    """Spell a move by hand as ``Memory.seen_stage`` keeps it."""
    return f"{stage}|{moved_at.isoformat() if moved_at is not None else ''}"


class Effect(Enum):
    """What a rule did to a decision."""

    #: Added (or took away) points.
    SCORE = "score"
    #: Passed or stopped the qualification.
    QUALIFY = "qualify"
    #: Moved the lead to another stage.
    MOVE = "move"
    #: Chose, or failed to choose, who works the lead.
    ROUTE = "route"
    #: Kept the lead from being handed over.
    HOLD = "hold"
    #: Found a promise of sales nearly or not kept.
    SLA = "sla"


@dataclass(frozen=True, slots=True)
class Reason:
    """One rule with its input, its threshold and its effect. Alerts, explain and reports read the same."""

    #: Name in the process file ("fit.decision_maker", "qualification.threshold", "territory.dach").
    rule: str
    effect: Effect
    #: What was found; None when nothing was.
    value: Value = None
    #: What it was compared with; None when there is no such thing.
    threshold: Value | tuple[Value, ...] = None
    #: Points given (score rules only), after caps and decay, rounded to 6 digits.
    points: float | None = None


@dataclass(frozen=True, slots=True)
class Assignment:
    """Who should work the lead, before a pool has handed out a rep."""

    #: Key of the owner; None while a pool has to choose, or when nobody can be found.
    owner: str | None
    #: Name of the pool that chooses; None when ``owner`` is fixed.
    pool: str | None
    #: What chose: "existing_owner", "account_owner", "named_account", "territory", "triage", or the
    #: name of a dead end: "unrouted_no_country", "unrouted_no_territory", "unrouted_no_owner" …
    via: str
    #: Name of the territory or named account; None when none took part.
    territory: str | None = None


@dataclass(frozen=True, slots=True, kw_only=True)
class Decision:
    """What the process says about a lead at one moment."""

    lead_id: str
    process_version: str
    decided_at: datetime
    #: The stage the lead should be in. Never None: every lead is in a stage.
    stage: str
    role: StageRole
    #: The status to write; None leaves alone what sales set.
    status: LeadStatus | None
    #: Rounded to 6 digits; ``score`` is fit + engagement.
    fit_score: float
    engagement_score: float
    score: float
    #: Required fields without a value, in the order of the process file.
    missing: tuple[str, ...] = ()
    #: The one datum that keeps the lead from qualifying; None when none or several do.
    near_miss: str | None = None
    #: How it qualified now: "score", "form", "manual", "email_engagement"; None when it did not.
    qualified_by: str | None = None
    #: Who should work it; None when nothing is to be assigned. For a near miss: who would get it.
    assignment: Assignment | None = None
    #: True when responsibility changes hands with this decision.
    handed_off: bool = False
    #: Why nothing may be handed over or sent ("held_opt_out", "held_do_not_call" …); None otherwise.
    held: str | None = None
    #: First seen in a stage or with an owner that somebody else set: taken over as it is.
    adopted: bool = False
    #: When the decision can change without any record changing; None: never.
    due_at: datetime | None = None
    #: The nurture programme that the lead is in; None: none, or it is with sales.
    programme: str | None = None
    #: The promise of sales that runs out next, or did first ("first_touch", "acceptance" …), and when;
    #: None: none is open, or the clocks stand still.
    promise: str | None = None
    promised_at: datetime | None = None
    #: In the order in which the rules stand in the process file.
    reasons: tuple[Reason, ...] = ()
    #: What people are to be told of once this is carried out.
    notices: tuple[Notice, ...] = ()
    #: What the ledger remembers if this decision is carried out.
    memory: Memory = field(default_factory=Memory)


@dataclass(frozen=True, slots=True, kw_only=True)
class Change:
    """One field write on one record."""

    lead_id: str
    crm: str
    object: str
    #: None: the record is created by an upsert on the external id (the lead id).
    id: str | None
    #: Canonical field name.
    field: str
    #: Canonical values; the adapter translates. ``owner`` is the CRM's own owner id.
    old: Value
    new: Value
    #: Which rule wants it, in words of the process file.
    reason: str
    #: Version of the record the change was planned on; "" for a creation.
    based_on_version: str = ""


@dataclass(frozen=True, slots=True, kw_only=True)
class Conflict:
    """Something that no rule decides; it is listed until a person settles it, never guessed."""

    lead_id: str
    #: "field" (two values), "ambiguous_identity" (several records claim to be one person),
    #: "unknown_value" (a value without a mapping stands where we would write), "missing_for_create" (the
    #: CRM wants a datum that nobody knows), "too_long" (a text that the field does not hold: left out),
    #: "deleted_there" (sales should work it and somebody deleted its record: not made again), "fight"
    #: (somebody put the same value back over ours again and again: we have stopped writing it).
    kind: str
    #: The records concerned, sorted.
    records: tuple[RecordRef, ...]
    #: Canonical field name; None for a conflict of identity.
    field: str | None = None
    #: What stands there and what we would write.
    theirs: Value = None
    ours: Value = None


class OutcomeState(Enum):
    """What became of a write."""

    #: Written, and verified where the CRM may silently do something else.
    WRITTEN = "written"
    #: The CRM already held every value: nothing was sent.
    UNCHANGED = "unchanged"
    #: The record moved since the plan; planned again by the next run.
    MOVED = "moved"
    #: The CRM refused it, or did something else than asked.
    FAILED = "failed"
    #: No telling whether it happened; the next run settles it by reading.
    AMBIGUOUS = "ambiguous"


@dataclass(frozen=True, slots=True, kw_only=True)
class Write:
    """All changes of one record, as they go out in one call."""

    lead_id: str
    crm: str
    object: str
    #: None: create by upsert on the external id (the lead id).
    id: str | None
    #: Canonical field -> new value; None clears.
    values: Mapping[str, Value]
    #: Version to compare and set against; None when the write is not conditional.
    if_version: str | None = None
    #: Canonical field -> the value that is replaced, for the audit; a field that is absent was empty.
    old: Mapping[str, Value] = field(default_factory=dict)

    @property
    def key(self) -> str:
        """Name the write uniquely within a batch: record id, or lead id for a creation."""
        return self.id or self.lead_id


@dataclass(frozen=True, slots=True, kw_only=True)
class Outcome:
    """What became of one write. One for every record of a batch, in the order of the batch."""

    #: ``Write.key``.
    key: str
    state: OutcomeState
    #: Record id; the new one after a creation; None when nothing was created.
    id: str | None = None
    #: Version after the write; "" when the CRM does not say.
    version: str = ""
    #: The CRM's error code, without any personal data; None when it went well.
    error: str | None = None


CrmName: TypeAlias = Literal["hubspot", "salesforce"]
