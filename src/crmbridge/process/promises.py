"""The promises of both sides as frozen objects: SLA, hand-off, alerts, verbs, quota, metrics.

Each attribute means what the key of the same name means in docs/process-file.md; minutes and hours there
are working time by the lead's calendar, days are calendar days.
"""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass
from datetime import date, timedelta
from typing import Final

from crmbridge.model import ActivityKind
from crmbridge.process.conditions import Condition
from crmbridge.process.hours import Calendar
from crmbridge.process.operators import Get

#: Kinds of activity that count as a touch unless the file names others.
CHANNELS: Final = (ActivityKind.CALL, ActivityKind.EMAIL_SENT, ActivityKind.MEETING)

#: What the templates of an alert may name.
PLACEHOLDERS: Final = (
    "kind",
    "lead_id",
    "name",
    "email",
    "phone",
    "company",
    "country",
    "job_title",
    "source",
    "score",
    "why",
    "owner",
    "manager",
    "clock",
    "due_at",
    "rule",
    "stage",
)


@dataclass(frozen=True, slots=True, kw_only=True)
class Target:
    """What sales promises for some leads."""

    #: "sla.demo_requests", as reasons name it.
    rule: str
    name: str
    when: Condition
    #: Stage names; empty: every stage in which a lead is with sales.
    stages: frozenset[str]
    #: Territory names; empty: any.
    territories: frozenset[str]
    #: Promises that were not made are None.
    response_seconds: float | None
    first_touch_seconds: float | None
    touches: int | None
    #: Kind -> so many of them; part of ``touches``, or on their own.
    touches_by: Mapping[ActivityKind, int]
    touches_days: float | None
    acceptance_seconds: float | None
    #: "none", "accepted", "rejected", "recycled" or "reassign".
    silence: str
    decision_seconds: float | None
    working_days: float | None
    #: "none" or "recycled".
    after_working: str
    #: What happens at which share of a window, in order: "reminder", "escalation" and "end" of every
    #: promise, and "reassign" of those for whose breach a lead may be taken from the rep.
    steps: tuple[tuple[str, float], ...]
    rep_steps: tuple[tuple[str, float], ...]

    @property
    def asks_touches(self) -> bool:
        """Tell whether a number of touches is agreed."""
        return self.touches is not None or bool(self.touches_by)


@dataclass(frozen=True, slots=True, kw_only=True)
class Sla:
    """What sales promises, and what happens when a promise is not kept."""

    #: In the order of the file: the first that fits a lead holds.
    targets: tuple[Target, ...]
    #: For leads that no calendar names; None: round the clock.
    calendar: Calendar | None
    channels: frozenset[ActivityKind]
    #: Calls and meetings of which the CRM does not say who acted count as touches.
    undirected: bool
    #: While it holds the clocks stand still; None: only while the lead is held.
    pause: Condition | None
    #: Owner key -> manager's owner key.
    managers: Mapping[str, str]
    #: Of everybody whom ``managers`` does not name; None: nobody.
    manager: str | None
    max_reassignments: int

    def manager_of(self, owner: str | None) -> str | None:
        """Give the owner key of somebody's manager; None when nobody is named."""
        return self.managers.get(owner or "", self.manager)


@dataclass(frozen=True, slots=True, kw_only=True)
class Rejection:
    """What a reason code of sales means, whatever status it comes with."""

    reason: str
    #: "procedural", "clerical", "definitional" or "terminal".
    kind: str
    #: Clerical: the data to mend, with how to read them.
    data: tuple[tuple[str, Get], ...]


@dataclass(frozen=True, slots=True, kw_only=True)
class Programme:
    """A nurture programme that marketing's tool runs for the leads that are in it."""

    name: str
    #: Stage names.
    stages: frozenset[str]
    #: Recycle reasons; empty: any, and none.
    reasons: frozenset[str]
    #: Least score; None: any.
    threshold: float | None
    when: Condition


@dataclass(frozen=True, slots=True, kw_only=True)
class HandOff:
    """The note that a rep finds on the record."""

    #: "task", "note" or "none".
    note: str
    #: "hubspot", "salesforce" or "both"; None: Salesforce where the lead is there, else HubSpot.
    crm: str | None
    #: "en", "es", "fr" or "pt".
    language: str
    #: So many of the last activities are told.
    activities: int
    contact_data: bool


@dataclass(frozen=True, slots=True, kw_only=True)
class Alert:
    """Who is told of what, and when."""

    name: str
    #: Notice kinds.
    on: frozenset[str]
    #: Names of destinations; their URLs are settings.
    to: tuple[str, ...]
    when: Condition | None
    #: Templates; None: the usual text.
    title: str | None
    body: str | None
    #: Collected for so long into one message; None: each at once.
    digest_seconds: float | None
    #: Messages wait until it opens; None: no quiet hours.
    calendar: Calendar | None


@dataclass(frozen=True, slots=True, kw_only=True)
class Customers:
    """How interest of existing customers is told to their account team."""

    #: Score at which interest is told.
    threshold: float
    #: Not told again for so many days.
    again_days: float
    #: Who is told where the account has no owner; None: the lead's owner.
    owner: str | None
    #: People of customer accounts are customers, too, whatever their own stage.
    accounts: bool


@dataclass(frozen=True, slots=True, kw_only=True)
class Quota:
    """What each side promises per period."""

    #: "week", "month" or "quarter"; days in the process's time zone.
    period: str
    #: MQLs that marketing delivers; None: not agreed.
    qualified: int | None
    #: Customers that sales wins; None: not agreed.
    customers: int | None
    #: A shortfall is added to the next period, a surplus taken off.
    carry_over: bool
    #: First day that counts; None: the first period with data.
    since: date | None

    def bounds(self, day: date) -> tuple[date, date]:
        """Give the first day of the period of ``day``, and the first day of the next one."""
        if self.period == "week":
            first = day - timedelta(days=day.weekday())
            return first, first + timedelta(days=7)
        months = 3 if self.period == "quarter" else 1
        month = (day.month - 1) // months * months + 1
        following = month + months
        year = day.year + following // 13
        return day.replace(month=month, day=1), date(year, (following - 1) % 12 + 1, 1)


@dataclass(frozen=True, slots=True, kw_only=True)
class Metrics:
    """How figures are counted."""

    #: Campaign -> what it cost, in the currency of the revenue.
    costs: Mapping[str, float]
    #: A cohort counts as complete so many days after its period ended.
    maturity_days: float
    #: What figures are broken down by; empty: everything that is known.
    dimensions: tuple[str, ...]
    #: Chance at which a difference counts as drift.
    drift_significance: float
    #: Cohorts before the one in question that make the baseline.
    drift_baseline_periods: int
    #: Smaller cohorts prove nothing.
    drift_min_leads: int
