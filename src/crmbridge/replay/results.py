"""What a replay found, as people and pages read it. Plain data: ``--json`` prints exactly this."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass, field
from datetime import datetime

from crmbridge.model import Value


@dataclass(frozen=True, slots=True, kw_only=True)
class Share:
    """A part of a whole, with its 95 % interval (Wilson)."""

    part: int
    whole: int
    #: None of nothing.
    rate: float | None
    low: float | None
    high: float | None


@dataclass(frozen=True, slots=True, kw_only=True)
class Band:
    """Leads by the highest score they had before it was known how they ended."""

    #: From this score on, and below that; None: open.
    score_from: float | None
    score_below: float | None
    came: Share
    #: Rate of the band over the rate of all; None where either is unknown.
    lift: float | None


@dataclass(frozen=True, slots=True, kw_only=True)
class Quality:
    """How passing a lead agrees with what really became of it ("accepted", "converted")."""

    outcome: str
    #: Of the leads that were passed: those that came to it. Of those that came to it: the passed ones.
    precision: Share
    recall: Share
    #: Of all leads.
    base: Share
    lift: float | None
    #: Leads that are too young to tell, and the passed ones of them: in none of the shares.
    censored: int
    censored_passed: int
    bands: tuple[Band, ...]


@dataclass(frozen=True, slots=True, kw_only=True)
class Load:
    """What one rep would have got."""

    owner: str
    leads: int
    per_week: float
    most_a_day: int


@dataclass(frozen=True, slots=True, kw_only=True)
class Feasibility:
    """Whether everybody would have got a rep in time, given capacity and leave."""

    #: Leads that had to wait for a rep beyond the moment they qualified, and how long (hours).
    waited: int
    median_hours: float | None
    p90_hours: float | None
    #: Leads that still had none at the end.
    unplaced: int


@dataclass(frozen=True, slots=True, kw_only=True)
class Version:
    """What one process would have done."""

    name: str
    version: str
    fingerprint: str
    leads: int
    #: Lead-days (ticks) of the period, and the decisions that they took.
    lead_days: int
    decisions: int
    #: Leads that it passed, by how.
    passed: int
    ways: Mapping[str, int]
    #: ISO week -> leads passed for the first time, and hand-offs.
    weeks: Mapping[str, int]
    handed_over: Mapping[str, int]
    loads: tuple[Load, ...]
    #: Territory -> hand-offs; "(via)" where no territory chose.
    territories: Mapping[str, int]
    #: Datum -> leads that were never passed because it alone was missing.
    near_misses: Mapping[str, int]
    #: Leads that fell below the threshold and qualified again.
    flapped: int
    quality: tuple[Quality, ...]
    feasibility: Feasibility


@dataclass(frozen=True, slots=True, kw_only=True)
class Coverage:
    """How much of the past is known."""

    leads: int
    #: Leads that a live run saw: their data are known from then on, exactly.
    seen_live: int
    #: Leads with at least one recorded moment of stage, status or owner; leads with activities.
    with_way: int
    with_activities: int
    #: Reason -> leads that could not be replayed.
    skipped: Mapping[str, int]
    #: Moments that were decided: those of live runs, and ends of days.
    live_moments: int
    days: int
    #: Whether data without a recorded past were left out instead of taken as first known.
    known_only: bool


@dataclass(frozen=True, slots=True, kw_only=True)
class Changed:
    """A lead with which two processes would have done something else."""

    lead: str
    #: "passed by the new one alone", "passed by the old one alone", "passed at another time", "somebody
    #: else gets it".
    what: str
    old_at: datetime | None = None
    new_at: datetime | None = None
    old_owner: str | None = None
    new_owner: str | None = None
    #: The rules in which the decisions first differ; empty until somebody asks for the lead.
    because: tuple[str, ...] = ()


@dataclass(frozen=True, slots=True, kw_only=True)
class Reasoned:
    """One rule of one decision."""

    rule: str
    value: Value = None
    threshold: Value | tuple[Value, ...] = None
    points: float | None = None


@dataclass(frozen=True, slots=True, kw_only=True)
class Day:
    """One decision about one lead."""

    at: datetime
    stage: str
    score: float
    owner: str | None
    handed_off: bool
    missing: tuple[str, ...]
    held: str | None
    reasons: tuple[Reasoned, ...]


@dataclass(frozen=True, slots=True, kw_only=True)
class LeadTrace:
    """One lead, decision by decision, under the process and under the one it is compared with."""

    lead: str
    days: tuple[Day, ...]
    old_days: tuple[Day, ...] = ()
    #: The first difference and the rules behind it; None: there is none.
    changed: Changed | None = None


@dataclass(frozen=True, slots=True, kw_only=True)
class Replay:
    """What one process, or two side by side, would have done over a period."""

    since: datetime
    until: datetime
    coverage: Coverage
    new: Version
    old: Version | None = None
    #: By what is different -> leads.
    differences: Mapping[str, int] = field(default_factory=dict)
    #: The first of them, each with its rules.
    changed: tuple[Changed, ...] = ()
    lead: LeadTrace | None = None
