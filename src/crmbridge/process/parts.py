"""The parts of a process as frozen objects: what the tables of the file are read into.

Each attribute means what the key of the same name means in docs/process-file.md.
"""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass
from datetime import date, datetime
from typing import Final

from crmbridge.model import ActivityKind, StageRole
from crmbridge.process.conditions import Condition
from crmbridge.process.hours import Calendar
from crmbridge.process.operators import Get
from crmbridge.process.promises import Alert, Customers, HandOff, Metrics, Programme, Quota, Rejection, Sla

#: How far on the way a stage of this role is; the two that lead off the way are not on it.
_RANKS: Final = {role: index for index, role in enumerate(StageRole)}
#: Roles in which sales has given the lead back, or it is out.
OFF_THE_WAY: Final = frozenset({StageRole.RECYCLED, StageRole.DISQUALIFIED})

#: The lead is with sales, and neither won nor lost.
WITH_SALES: Final = frozenset(
    {StageRole.QUALIFIED, StageRole.ACCEPTED, StageRole.SALES_QUALIFIED, StageRole.OPPORTUNITY}
)


@dataclass(frozen=True, slots=True, kw_only=True)
class Stage:
    """One step of the lead's way, as both teams agreed it."""

    name: str
    #: What it means to the process. A company's own step in between acts as the step before it.
    role: StageRole
    #: Whether it is the one stage that stands for its role.
    main: bool
    definition: str
    #: The team that is responsible; "" when nobody is named.
    owner_team: str
    #: What must have happened before a lead may move on; "" when nothing is agreed.
    exit: str
    #: Stages that may follow; None: any.
    next: tuple[str, ...] | None
    #: Whose owner edit counts here ("hubspot" …); None: what the mapping says.
    owner_authority: str | None
    #: What a rep gives the person in this step, in the company's words.
    content: tuple[str, ...]
    #: (rank of the role, place in the file): a stage that compares greater is further on the way.
    rank: tuple[int, int]

    def allows(self, name: str) -> bool:
        """Tell whether the stage ``name`` may follow this one."""
        return self.next is None or name in self.next


def rank_of(role: StageRole, position: int) -> tuple[int, int]:
    """Place a stage on the way."""
    return _RANKS[role], position


@dataclass(frozen=True, slots=True, kw_only=True)
class FitRule:
    """Points for who the person is."""

    #: "fit.decision_maker", as reasons name it.
    rule: str
    name: str
    points: float
    group: str | None
    when: Condition
    #: The field whose value the reason shows; None when the conditions name several.
    shows: Get | None


@dataclass(frozen=True, slots=True, kw_only=True)
class EngagementRule:
    """Points for what the person did."""

    #: "engagement.pricing_page", as reasons name it.
    rule: str
    name: str
    kinds: frozenset[ActivityKind]
    #: On the activity; None: every activity of these kinds.
    where: Condition | None
    points: float
    #: Counted at most so often, newest first; None: every time.
    times: int | None
    #: None: points do not decay.
    half_life_seconds: float | None
    #: None: for ever.
    within_seconds: float | None
    group: str | None


@dataclass(frozen=True, slots=True, kw_only=True)
class EmailEngagement:
    """Qualifies who opened and clicked every e-mail."""

    #: Subscribed for at least so many days; mails of that time count.
    days: float
    #: At least so many mails were sent in that time.
    emails: int


@dataclass(frozen=True, slots=True, kw_only=True)
class Qualification:
    """The agreed definition of an MQL."""

    threshold: float
    fit_minimum: float | None
    engagement_minimum: float | None
    hysteresis: float
    #: Field name -> how to read it, in the order of the file.
    required: tuple[tuple[str, Get], ...]
    manual: bool
    #: Names as the file writes them, and folded for comparison.
    forms: tuple[str, ...]
    forms_folded: frozenset[str]
    forms_within_seconds: float | None
    email_engagement: EmailEngagement | None
    #: Fields that sales fills in after the hand-off: no rule may rest on them.
    sales_fields: tuple[str, ...]

    @property
    def drop_below(self) -> float:
        """Give the score below which an MQL that nobody got yet is none any more."""
        return round(self.threshold - self.hysteresis, 6)


@dataclass(frozen=True, slots=True, kw_only=True)
class Hold:
    """Leads that are never handed over."""

    #: "held_competitor".
    name: str
    when: Condition


@dataclass(frozen=True, slots=True, kw_only=True)
class NamedAccount:
    """A company whose leads go to one person."""

    #: "named_account.bigco.example", as reasons name it.
    rule: str
    #: Registrable domain in lower case; None when it is known by name alone.
    domain: str | None
    name: str | None
    owner: str


@dataclass(frozen=True, slots=True, kw_only=True)
class Territory:
    """A rule area that decides who works a lead."""

    name: str
    countries: tuple[str, ...]
    regions: tuple[str, ...]
    postal_prefixes: tuple[str, ...]
    industries: tuple[str, ...]
    employees_from: int | None
    employees_to: int | None
    #: One of the two is set.
    pool: str | None
    owner: str | None
    precedence: int

    @property
    def rule(self) -> str:
        """Name it as reasons do."""
        return f"territory.{self.name}"


@dataclass(frozen=True, slots=True, kw_only=True)
class Member:
    """Somebody who takes a turn in a pool."""

    owner: str
    #: Share of the leads against the other members' weights.
    weight: float
    #: None: no limit.
    capacity_per_day: int | None
    capacity_per_30_days: int | None
    #: First and last day, both included.
    leave: tuple[tuple[date, date], ...]

    def is_away(self, day: date) -> bool:
        """Tell whether they are on leave."""
        return any(first <= day <= last for first, last in self.leave)


@dataclass(frozen=True, slots=True, kw_only=True)
class Pool:
    """People among whom leads are handed out in turn."""

    name: str
    #: Next pool when nobody is available; None: triage.
    fallback: str | None
    members: tuple[Member, ...]


@dataclass(frozen=True, slots=True, kw_only=True)
class Routing:
    """Who gets a lead that qualified."""

    mode: str
    #: Owner keys; None when the file names nobody.
    triage: str | None
    tele_qualification: str | None
    keep_owner: bool
    ladder: tuple[str, ...]
    holds: tuple[Hold, ...]
    reassign_inactive: bool


@dataclass(frozen=True, slots=True, kw_only=True)
class Recycling:
    """What happens to a lead that sales gave back for one reason."""

    #: Reason code; "default" stands for every code without an entry.
    reason: str
    cool_down_days: float
    #: How often it may come back; afterwards it stays recycled.
    max_cycles: int
    #: Part of the engagement before the recycling that still counts: 1, 0.5 or 0.
    keeps: float
    #: Whether the lead must do something after the recycling before it may come back.
    needs_evidence: bool
    #: Whether the verdict holds only after the touches that the SLA asks for.
    needs_touches: bool = False
    #: Reads the day named by sales, which takes the place of the cool-down; None: there is no such field.
    until: Get | None = None
    until_field: str | None = None
    #: The lead may come back so many days before that day.
    days_before: float = 0.0
    #: For "opportunity_stalled": an open opportunity without any activity for so long; None: never.
    stalled_days: float | None = None


@dataclass(frozen=True, slots=True, kw_only=True)
class Identity:
    """The accounts that may be touched; None: the CRM is not used."""

    hubspot_portal_id: str | None
    salesforce_org_id: str | None


@dataclass(frozen=True, slots=True, kw_only=True)
class Scope:
    """Which leads are ours at all."""

    #: Leads created before, or at an unknown time, are not ours; None: any time.
    created_after: datetime | None
    when: Condition


@dataclass(frozen=True, slots=True, kw_only=True)
class Guards:
    """Numbers at which a plan is refused, a record given up, a lead left alone, and a run stopped."""

    max_changed_share: float
    min_changed: int
    max_overwrites: int
    max_handoffs: int
    max_attempts: int = 12
    max_owner_changes: int = 3
    max_undone: int = 3
    watch_days: float = 14
    #: Of the account's API calls of a day, whoever makes them.
    max_day_share: float = 0.8
    #: … for one run.
    max_run_share: float = 0.25
    #: Calls of ours alone; None: no limit of our own.
    hubspot_calls_per_day: int | None = None
    salesforce_calls_per_day: int | None = None

    def calls_per_day(self, crm: str) -> int | None:
        """Give our own limit of a day in one CRM; None when there is none."""
        return self.hubspot_calls_per_day if crm == "hubspot" else self.salesforce_calls_per_day


@dataclass(frozen=True, slots=True, kw_only=True)
class Parts:
    """Everything a file says, before its parts are checked against each other."""

    name: str
    version: str
    timezone: str
    #: "all": a changed file decides every lead anew; "changed": known leads from their next change on.
    applies_to: str
    identity: Identity
    scope: Scope
    stages: tuple[Stage, ...]
    qualification: Qualification
    fit: tuple[FitRule, ...]
    fit_caps: Mapping[str, float]
    engagement: tuple[EngagementRule, ...]
    engagement_caps: Mapping[str, float]
    routing: Routing
    named_accounts: tuple[NamedAccount, ...]
    territories: tuple[Territory, ...]
    pools: tuple[Pool, ...]
    recyclings: tuple[Recycling, ...]
    guards: Guards
    rejections: tuple[Rejection, ...]
    calendars: tuple[Calendar, ...]
    #: None where the file says nothing about it.
    sla: Sla | None
    handoff: HandOff | None
    alerts: tuple[Alert, ...]
    programmes: tuple[Programme, ...]
    customers: Customers | None
    quota: Quota | None
    metrics: Metrics
