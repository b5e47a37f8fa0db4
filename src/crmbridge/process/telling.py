"""Values of a process file in words that a person reads: durations, days off, working hours, conditions."""

from __future__ import annotations

from collections.abc import Collection, Mapping, Sequence
from dataclasses import fields, is_dataclass
from datetime import date
from enum import Enum
from itertools import groupby
from typing import Any, Final

from crmbridge.process.conditions import Condition
from crmbridge.process.hours import Calendar

_DAY_SECONDS: Final = 86_400.0
#: Attributes that follow from others, or that only a program reads.
UNTOLD: Final = frozenset({"rule", "shows", "main", "rank", "forms_folded", "steps", "_layout"})
#: Seconds of working time: told in hours and minutes, for a day of work has no 24 of them.
_IN_HOURS: Final = frozenset(
    {"response_seconds", "first_touch_seconds", "acceptance_seconds", "decision_seconds", "digest_seconds"}
)
#: Attributes that are shares of a window.
_STEPS: Final = "rep_steps"
_DAYS_OFF: Final = "closed"
_WEEK: Final = "week"
#: Days off that a sentence names; of more it says how many.
_NAMED_DAYS: Final = 5
_SAYS_NOTHING: Final = frozenset({"nothing", "none", "always"})
_WEEKDAYS: Final = ("Monday", "Tuesday", "Wednesday", "Thursday", "Friday", "Saturday", "Sunday")
#: Attributes that are called by a plural.
PLURAL: Final = frozenset(
    {"points", "required", "forms", "sales_fields", "kinds", "next", "holds", "data", "channels", "managers"}
    | {"stages", "territories", "touches_by", "touches_days", "qualified", "customers", "again_days"}
    | {"maturity_days", "drift_baseline_periods", "drift_min_leads", "countries", "regions", "industries"}
    | {"postal_prefixes", _WEEK, _DAYS_OFF}
)
#: Attribute -> how a sentence calls it.
_WORDS: Final = {
    "applies_to": "whom it concerns",
    "threshold": "the threshold",
    "fit_minimum": "the least fit score of an MQL",
    "engagement_minimum": "the least engagement score of an MQL",
    "hysteresis": "the margin before an MQL is dropped",
    "required": "the data that a lead must have",
    "manual": "qualifying a lead by hand",
    "forms": "the forms that qualify at once",
    "forms_within_seconds": "how long a form counts",
    "email_engagement": "qualifying by e-mail engagement",
    "sales_fields": "the fields that sales fills in",
    "points": "points",
    "when": "the condition",
    "where": "the condition",
    "group": "the group",
    "times": "how often it counts",
    "half_life_seconds": "the half-life",
    "within_seconds": "how long it counts",
    "kinds": "the activities that count",
    "owner_team": "the responsible team",
    "exit": "what must have happened to move on",
    "definition": "what it means",
    "next": "the stages that may follow",
    "content": "what the person is given",
    "cool_down_days": "the rest before it may come back (days)",
    "max_cycles": "how often a lead may come back",
    "keeps": "the share of the engagement that is kept",
    "needs_evidence": "coming back only with something new",
    "needs_touches": "giving it back only after the agreed touches",
    "members": "who takes turns",
    "mode": "who gets an MQL first",
    "triage": "the triage point",
    "tele_qualification": "the tele-qualification team",
    "keep_owner": "keeping the owner a lead has",
    "ladder": "the order of routing",
    "holds": "what is never handed over",
    "kind": "the class",
    "data": "the data to mend",
    _WEEK: "the working hours",
    _DAYS_OFF: "the days off",
    "calendar": "the calendar",
    "channels": "what counts as a touch",
    "undirected": "counting calls without a direction as touches",
    "pause": "when the clocks stand still",
    "managers": "the managers",
    "manager": "the manager of everybody else",
    "max_reassignments": "how often a lead is given to somebody else",
    "stages": "the stages in which it holds",
    "territories": "the territories in which it holds",
    "response_seconds": "the time from the buyer's action to the first touch",
    "first_touch_seconds": "the time from the assignment to the first touch",
    "touches": "the number of touches",
    "touches_by": "the touches by kind",
    "touches_days": "the days for the touches",
    "acceptance_seconds": "the time to accept or decline",
    "silence": "what no answer counts as",
    "decision_seconds": "the time to a decision after the acceptance",
    "working_days": "how long a lead is worked (days)",
    "after_working": "what happens after that",
    _STEPS: "what happens at which share of the time",
    "note": "what is put on the record",
    "crm": "the CRM that it is put into",
    "language": "the language",
    "activities": "how many of the last activities are told",
    "contact_data": "telling contact data",
    "on": "what is told",
    "to": "where it is told",
    "title": "the title",
    "body": "the text",
    "digest_seconds": "how long messages are collected",
    "again_days": "the days before it is told again",
    "owner": "the owner",
    "accounts": "counting people of customer accounts as customers",
    "period": "the period",
    "qualified": "the MQLs that marketing delivers",
    "customers": "the customers that sales wins",
    "carry_over": "carrying a shortfall over",
    "since": "the first day that counts",
    "costs": "what campaigns cost",
    "maturity_days": "the days until a cohort is complete",
    "dimensions": "what figures are broken down by",
    "drift_significance": "the chance below which a difference counts as drift",
    "drift_baseline_periods": "the periods that make the baseline",
    "drift_min_leads": "the least leads of a cohort that proves something",
}


def words(attribute: str) -> str:
    """Say what an attribute is about."""
    return _WORDS.get(attribute, attribute.replace("_", " "))


def told_as(attribute: str, value: Any) -> str:
    """Write the value of an attribute, which knows its unit."""
    if value is None:
        return "nothing"
    if attribute.endswith("_seconds"):
        return hours(value) if attribute in _IN_HOURS else f"{value / _DAY_SECONDS:g} days"
    if attribute == _STEPS:
        return ", ".join(f"{step} at {share:.0%}" for step, share in value)
    if attribute == _WEEK:
        return week(value)
    return days_off(value) if attribute == _DAYS_OFF else told(value)


def told(value: Any) -> str:
    """Write a value of the process as a person reads it."""
    if value is None or value in ("", (), frozenset(), {}):
        return "nothing"
    if isinstance(value, bool):
        return "yes" if value else "no"
    if isinstance(value, Condition):
        return value.text or "always"
    if isinstance(value, int | float):
        return f"{value:g}"
    if isinstance(value, Enum | date):
        return str(value.value if isinstance(value, Enum) else value.isoformat())
    return _collected(value)


def _collected(value: Any) -> str:
    if isinstance(value, Mapping):
        return ", ".join(f"{told(key)} {told(item)}" for key, item in value.items())
    if isinstance(value, frozenset):
        return ", ".join(sorted(told(item) for item in value))
    if isinstance(value, Sequence) and not isinstance(value, str):
        return ", ".join(_item(item) for item in value)
    if isinstance(value, Calendar):
        return value.name
    return record(value) if is_dataclass(value) else str(value)


def _item(item: Any) -> str:
    """Write one of several; a field comes as (name, how to read it), a leave as two days."""
    if isinstance(item, tuple) and len(item) == 2 and callable(item[1]):
        return str(item[0])
    return " to ".join(told(part) for part in item) if isinstance(item, tuple) else told(item)


def record(value: Any, *, without: Collection[str] = ()) -> str:
    """Write what a part of the file says; what says nothing ("none", any lead) is left out."""
    texts = {
        each.name: told_as(each.name, getattr(value, each.name))
        for each in fields(value)
        if each.name not in UNTOLD | {"name", "reason"} and each.name not in without
    }
    parts = [f"{words(name)} {text}" for name, text in texts.items() if text not in _SAYS_NOTHING]
    named = None if "name" in without else getattr(value, "name", None)
    return f"{named} ({'; '.join(parts)})" if named and parts else "; ".join(parts) or str(named or "")


# time ------------------------------------------------------------------------------------------------
def hours(seconds: float) -> str:
    """Write a span of working time: "45 minutes", "4 hours", "1.5 hours"."""
    minutes = seconds / 60
    unit, count = ("hour", minutes / 60) if minutes >= 60 else ("minute", minutes)
    return f"{count:g} {unit}{'' if count == 1 else 's'}"


def week(shifts: Sequence[Sequence[tuple[int, int]]]) -> str:
    """Write the shifts of a week: "Monday to Friday 09:00-17:00"."""
    told_days = []
    for key, group in groupby(enumerate(shifts), key=lambda day: tuple(day[1])):
        days = [_WEEKDAYS[number] for number, _ in group]
        if key:
            span = days[0] if len(days) == 1 else f"{days[0]} to {days[-1]}"
            told_days.append(f"{span} {', '.join(f'{_clock(a)}-{_clock(b)}' for a, b in key)}")
    return "; ".join(told_days) or "never"


def _clock(minutes: int) -> str:
    return f"{minutes // 60:02}:{minutes % 60:02}"


def days_off(days: Collection[date]) -> str:
    """Write days: each of a few, and how many of many."""
    named = ", ".join(day.isoformat() for day in sorted(days)[:_NAMED_DAYS])
    return named if len(days) <= _NAMED_DAYS else f"{named} and {len(days) - _NAMED_DAYS} more"
