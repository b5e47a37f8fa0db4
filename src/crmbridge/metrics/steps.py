"""The steps that a report counts, in their order, and the terms under which it does.

A step is a stage of the process (or of a file) with its meaning. Four kinds lead off the way: sales declined
before contact, gave the lead back, it is out for good, or its opportunity was lost.
"""

from __future__ import annotations

from collections.abc import Callable, Mapping
from dataclasses import dataclass, field
from datetime import UTC, date, datetime
from typing import Final, TypeAlias
from zoneinfo import ZoneInfo

from crmbridge.journey import Journey
from crmbridge.metrics.quota import Quota
from crmbridge.model import Activity, ActivityKind, Direction

#: What a step on the way may mean, in the order of the way.
WAY: Final = ("lead", "qualified", "accepted", "sales_qualified", "opportunity", "customer")
#: What a step off the way may mean.
OFF: Final = ("rejected", "recycled", "disqualified", "lost")
ROLES: Final = (*WAY, *OFF)


@dataclass(frozen=True, slots=True)
class Step:
    """A stage as the report counts it."""

    name: str
    #: One of ``ROLES``.
    role: str


@dataclass(frozen=True, slots=True)
class Outline:
    """The steps of one company, the way in its order first."""

    steps: tuple[Step, ...]

    @classmethod
    def of(cls, steps: Mapping[str, str]) -> Outline:
        """Put steps (name -> role) into the order of the way; equal roles keep their order."""
        found = [Step(name, role) for name, role in steps.items()]
        return cls(tuple(sorted(found, key=lambda step: ROLES.index(step.role))))

    @property
    def way(self) -> tuple[Step, ...]:
        """Give the steps that lead to a customer."""
        return tuple(step for step in self.steps if step.role in WAY)

    def first(self, role: str) -> int | None:
        """Give the position on the way of the first step with this role; None: the company has none."""
        return next((place for place, step in enumerate(self.way) if step.role == role), None)


#: Tells a touch by sales from everything else.
IsTouch: TypeAlias = Callable[[Activity], bool]
#: Seconds of business time between two moments of a journey; None where no calendar is configured for it.
BusinessSeconds: TypeAlias = Callable[[Journey, datetime, datetime], float | None]
#: The agreed seconds to the first touch; None where nothing is agreed for the journey.
Target: TypeAlias = Callable[[Journey], float | None]

_SPOKEN: Final = frozenset({ActivityKind.CALL, ActivityKind.MEETING})
_WRITTEN: Final = frozenset({ActivityKind.EMAIL_SENT, ActivityKind.TASK, ActivityKind.UNKNOWN})


def is_touch(activity: Activity) -> bool:
    """Count calls and meetings that did not come in, and what one of ours is named for as having sent."""
    if activity.direction is Direction.INBOUND:
        return False
    if activity.kind in _SPOKEN:
        return True
    named = activity.owner_id is not None
    return activity.direction is Direction.OUTBOUND and activity.kind in _WRITTEN and named


@dataclass(frozen=True, slots=True, kw_only=True)
class Terms:
    """Under which terms a report counts; everything that moves a figure is here."""

    #: The moment up to which the world was seen: what lies within a window that ends later is censored.
    as_of: datetime
    #: Leads whose cohort day is before ``since``, or at or after ``until``, are left out; None: no limit.
    since: date | None = None
    until: date | None = None
    #: Dimensions that are shown; None: every one that a journey has.
    dimensions: tuple[str, ...] | None = None
    #: "week", "month", "quarter" or "year".
    period: str = "month"
    #: Role -> days that a cohort is given to get there.
    windows: Mapping[str, int] = field(default_factory=lambda: dict(WINDOWS))
    #: Days are counted here.
    zone: ZoneInfo = field(default_factory=lambda: ZoneInfo("UTC"))
    #: Step from whose day the time to close runs; None: the earliest day recorded.
    close_from: str | None = None
    is_touch: IsTouch = is_touch
    business: BusinessSeconds | None = None
    target: Target | None = None
    #: Marketing's promise (measure "qualified") and sales' (measure "won").
    quotas: tuple[Quota, ...] = ()
    #: Campaign -> what it cost, in the currency of the revenue.
    costs: Mapping[str, float] = field(default_factory=dict)
    #: A shift less likely than this by chance, after care for many tests, is drift.
    alpha: float = 0.01
    #: Periods before the tested one that make up the baseline.
    baseline_periods: int = 12
    #: Fewer leads than this are shown and not tested.
    least: int = 20

    def day(self, moment: datetime) -> date:
        """Give the calendar day of a moment."""
        if moment.tzinfo is UTC and self.zone.key == "UTC":
            return moment.date()  # as nearly all are: a call less for every one of them
        return moment.astimezone(self.zone).date()


#: Days until a cohort counts as mature, where the company says nothing.
WINDOWS: Final[Mapping[str, int]] = {
    "qualified": 90,
    "accepted": 14,
    "sales_qualified": 30,
    "opportunity": 60,
    "customer": 90,
}
