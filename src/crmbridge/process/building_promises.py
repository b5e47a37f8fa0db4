"""The tables of the promises (SLA, hand-off, alerts …) -> their parts. Problems are collected."""

from __future__ import annotations

import re
import warnings
from collections.abc import Mapping, Sequence
from datetime import date, timedelta
from functools import lru_cache
from typing import Any, Final
from zoneinfo import ZoneInfo

from crmbridge.model import ActivityKind, StageRole
from crmbridge.process.conditions import Condition, lead_getter
from crmbridge.process.hours import FIRST_YEAR, LAST_YEAR, Calendar, Shift
from crmbridge.process.keys import WEEKDAYS
from crmbridge.process.names import owner_key, slug
from crmbridge.process.promises import (
    Alert,
    Customers,
    HandOff,
    Metrics,
    Programme,
    Quota,
    Rejection,
    Sla,
    Target,
)
from crmbridge.process.reading import Reader, nearest

_SHIFT: Final = re.compile(r"([01]\d|2[0-3]):([0-5]\d)-([01]\d|2[0-4]):([0-5]\d)")
_PLACE: Final = re.compile(r"([A-Z]{2})(?:-([A-Z0-9]{1,4}))?")
_KINDS: Final = tuple(kind.value for kind in ActivityKind)
#: Monday to Friday, nine to five, where the file says nothing.
_OFFICE: Final = ((((9 * 60, 17 * 60),),) * 5) + ((), ())


# calendars -------------------------------------------------------------------------------------------
def calendar(reader: Reader, raw: Mapping[str, Any], path: str, timezone: str) -> Calendar:
    """Read one calendar; its holidays are resolved now, for the years that calendars cover."""
    values = reader.table("calendar", raw, path)
    zone = values["timezone"] or timezone
    if not _is_zone(zone):
        reader.problem(f"{path}.timezone", f"{zone!r} is no IANA time zone", "for example Europe/Berlin")
        zone = "UTC"
    closed = {day for place in values["holidays"] for day in _holidays(reader, place, path)}
    return Calendar(
        name=values["name"] or path,
        timezone=zone,
        week=_week(reader, values["hours"], f"{path}.hours"),
        closed=frozenset(closed | _days_off(reader, values["closed"], f"{path}.closed")),
        countries=tuple(values["countries"]),
        territories=tuple(values["territories"]),
    )


def _is_zone(name: str) -> bool:
    try:
        ZoneInfo(name)
    except (KeyError, ValueError, OSError):
        return False
    return True


def _week(reader: Reader, raw: Mapping[str, Any] | None, path: str) -> tuple[tuple[Shift, ...], ...]:
    if raw is None:
        return _OFFICE
    days = reader.table("calendar.hours", raw, path)
    week = tuple(_shifts(reader, days[day], f"{path}.{day}") for day in WEEKDAYS)
    if not any(week):
        reader.problem(path, "nobody ever works", 'for example monday = ["09:00-17:00"]')
    return week


def _shifts(reader: Reader, texts: Sequence[str], path: str) -> tuple[Shift, ...]:
    found: list[Shift] = []
    for text in texts:
        match = _SHIFT.fullmatch(text)
        hours = [int(part) for part in match.groups()] if match else [0, 0, 0, 0]
        start, end = hours[0] * 60 + hours[1], hours[2] * 60 + hours[3]
        if not start < end <= 24 * 60 or (found and start < found[-1][1]):
            reader.problem(path, f"{text!r} is no shift of the day", 'in order, such as "09:00-12:30"')
            continue
        found.append((start, end))
    return tuple(found)


def _holidays(reader: Reader, place: str, path: str) -> frozenset[date]:
    match = _PLACE.fullmatch(place)
    found = public_holidays(*match.groups()) if match else None
    if found is None:
        message = f"{place!r} is no country or region with known holidays"
        reader.problem(f"{path}.holidays", message, 'for example "DE" or "DE-BE"')
    return found or frozenset()


@lru_cache(maxsize=128)
def public_holidays(country: str, region: str | None = None) -> frozenset[date] | None:
    """Give the public holidays of a place for the years that calendars cover; None: nobody knows it."""
    import holidays  # noqa: PLC0415 - a tenth of a second that only files with holidays pay

    try:
        with warnings.catch_warnings():  # it warns of years before the first it knows
            warnings.simplefilter("ignore")
            years = range(FIRST_YEAR, LAST_YEAR + 1)
            return frozenset(holidays.country_holidays(country, subdiv=region, years=years))
    except (NotImplementedError, KeyError):
        return None


def _days_off(reader: Reader, raw: Sequence[Any], path: str) -> set[date]:
    found: set[date] = set()
    for index, item in enumerate(raw):
        if isinstance(item, date):
            found.add(item)
            continue
        values = reader.table("calendar.closed", item, f"{path}[{index}]")
        first, last = values["from"], values["to"]
        if first is None or last is None:
            continue
        if not timedelta(0) <= last - first <= timedelta(days=366):
            reader.problem(f"{path}[{index}]", f"{first} to {last} is no span of up to a year")
            continue
        found |= {first + timedelta(days=day) for day in range((last - first).days + 1)}
    return found


def _named(reader: Reader, name: str | None, calendars: Sequence[Calendar], path: str) -> Calendar | None:
    found = next((item for item in calendars if item.name == name), None)
    if name is not None and found is None:
        names = [item.name for item in calendars]
        reader.problem(path, f"{name!r} is no calendar", nearest(name, names))
    return found


# the SLA ---------------------------------------------------------------------------------------------
def sla(reader: Reader, raw: Mapping[str, Any] | None, calendars: Sequence[Calendar]) -> Sla | None:
    """Read what sales promises; None when the file says nothing."""
    if raw is None:
        return None
    values = reader.table("sla", raw, "sla")
    if not values["target"]:
        reader.problem("sla.target", "has none: nothing is promised", "add [[sla.target]]")
    targets = enumerate(values["target"])
    return Sla(
        targets=tuple(_target(reader, item, f"sla.target[{index}]", values) for index, item in targets),
        calendar=_named(reader, values["calendar"], calendars, "sla.calendar"),
        channels=frozenset(ActivityKind(kind) for kind in values["channels"]),
        undirected=values["undirected"],
        pause=_conditions(reader, values["pause"], "sla.pause"),
        managers={owner_key(key) or "": owner_key(name) or "" for key, name in values["managers"].items()},
        manager=owner_key(values["manager"]),
        max_reassignments=values["max_reassignments"],
    )


def _conditions(reader: Reader, raw: list[Any] | None, path: str) -> Condition | None:
    if raw == []:
        reader.problem(path, "must not be empty: it would always hold", "leave it out")
    return reader.lead_conditions(raw, path) if raw else None


def _target(reader: Reader, raw: Mapping[str, Any], path: str, common: Mapping[str, Any]) -> Target:
    values = reader.table("sla.target", raw, path)
    _check_target(reader, values, path)
    return Target(
        rule=f"sla.{slug(values['name'] or path)}",
        name=values["name"] or path,
        when=reader.lead_conditions(values["when"], f"{path}.when"),
        stages=frozenset(values["stages"]),
        territories=frozenset(values["territories"]),
        response_seconds=_times(values["response_minutes"], 60),
        first_touch_seconds=_times(values["first_touch_minutes"], 60),
        touches=values["touches"],
        touches_by=_touches_by(reader, values["touches_by"], f"{path}.touches_by"),
        touches_days=values["touches_days"],
        acceptance_seconds=_times(values["acceptance_hours"], 3600),
        silence=values["silence"],
        decision_seconds=_times(values["decision_hours"], 3600),
        working_days=values["working_days"],
        after_working=values["after_working"],
        steps=_steps(values, common, ("remind_at", "escalate_at")),
        rep_steps=_steps(values, common, ("remind_at", "escalate_at", "reassign_at")),
    )


#: Key of the file -> what happens at that share.
_STEPS: Final = {"remind_at": "reminder", "escalate_at": "escalation", "reassign_at": "reassign"}


def _steps(
    values: Mapping[str, Any], common: Mapping[str, Any], names: Sequence[str]
) -> tuple[tuple[str, float], ...]:
    shares = [(_STEPS[name], values[name] or common[name]) for name in names]
    given = [(step, float(share)) for step, share in shares if share is not None]
    return tuple(sorted([*given, ("end", 1.0)], key=lambda step: step[1]))


def _times(value: float | None, factor: float) -> float | None:
    return value * factor if value is not None else None


_PROMISES: Final = (
    *("response_minutes", "first_touch_minutes", "touches", "touches_by", "acceptance_hours"),
    *("decision_hours", "working_days"),
)


def _check_target(reader: Reader, values: Mapping[str, Any], path: str) -> None:
    if not any(values[name] for name in _PROMISES):
        reader.problem(path, "promises nothing", f"give one of {', '.join(_PROMISES)}")
    needs = (
        ("silence", values["silence"] != "none", "acceptance_hours"),
        ("after_working", values["after_working"] != "none", "working_days"),
        ("touches_days", values["touches_days"] is not None, "touches"),
    )
    for name, is_given, needed in needs:
        if is_given and not (values[needed] or (needed == "touches" and values["touches_by"])):
            reader.problem(f"{path}.{name}", f"means nothing without {needed}", f"add {needed}")


def _touches_by(reader: Reader, raw: Mapping[str, Any], path: str) -> dict[ActivityKind, int]:
    found: dict[ActivityKind, int] = {}
    for name, count in raw.items():
        if name not in _KINDS:
            reader.problem(f"{path}.{name}", "is no kind of activity", nearest(name, _KINDS))
        elif int(count) != count or count < 1:
            reader.problem(f"{path}.{name}", "must be a whole number, 1 or more")
        else:
            found[ActivityKind(name)] = int(count)
    return found


# verbs, hand-off, alerts, customers ------------------------------------------------------------------
def rejection(reader: Reader, raw: Mapping[str, Any], path: str, required: Sequence[str]) -> Rejection:
    """Read what a reason code of sales means."""
    values = reader.table("reject", raw, path)
    kind = values["class"] or "definitional"
    if values["data"] and kind != "clerical":
        reader.problem(f"{path}.data", f"means nothing with class {kind!r}", 'only for class = "clerical"')
    data = values["data"] or required
    if kind == "clerical" and not data:
        reader.problem(f"{path}.data", "is missing: nobody could tell when the data are mended")
    return Rejection(
        reason=values["reason"] or path,
        kind=kind,
        data=tuple((name, lead_getter(name)) for name in data) if kind == "clerical" else (),
    )


def programme(
    reader: Reader, raw: Mapping[str, Any], path: str, stages: Mapping[str, StageRole]
) -> Programme:
    """Read a nurture programme; without stages it is for those whom marketing works."""
    values = reader.table("programme", raw, path)
    usual = [name for name, role in stages.items() if role in {StageRole.LEAD, StageRole.RECYCLED}]
    threshold = values["threshold"]
    return Programme(
        name=values["name"] or path,
        stages=frozenset(values["stages"] or usual),
        reasons=frozenset(values["reasons"]),
        threshold=float(threshold) if threshold is not None else None,
        when=reader.lead_conditions(values["when"], f"{path}.when"),
    )


def handoff(reader: Reader, raw: Mapping[str, Any] | None) -> HandOff | None:
    """Read what a rep finds on the record; None when the file says nothing."""
    return HandOff(**reader.table("handoff", raw, "handoff")) if raw is not None else None


def alert(reader: Reader, raw: Mapping[str, Any], path: str, calendars: Sequence[Calendar]) -> Alert:
    """Read who is told of what."""
    values = reader.table("alert", raw, path)
    for name in values["to"] or ():
        if not re.fullmatch(r"[a-z][a-z0-9_]*", name):
            advice = (
                "a short name, such as sales_channel; its URL is the setting CRMBRIDGE_ALERTS__SALES_CHANNEL"
            )
            reader.problem(f"{path}.to", f"{name!r} is no name of a destination", advice)
    return Alert(
        name=values["name"] or path,
        on=frozenset(values["on"] or ()),
        to=tuple(values["to"] or ()),
        when=_conditions(reader, values["when"], f"{path}.when"),
        title=values["title"],
        body=values["body"],
        digest_seconds=_times(values["digest_hours"], 3600),
        calendar=_named(reader, values["calendar"], calendars, f"{path}.calendar"),
    )


def customers(reader: Reader, raw: Mapping[str, Any] | None) -> Customers | None:
    """Read how customers' interest is told; None when the file says nothing."""
    if raw is None:
        return None
    values = reader.table("customers", raw, "customers")
    owner = owner_key(values["owner"])
    return Customers(**(values | {"owner": owner, "threshold": float(values["threshold"] or 0)}))


def quota(reader: Reader, raw: Mapping[str, Any] | None) -> Quota | None:
    """Read what each side promises per period; None when the file says nothing."""
    if raw is None:
        return None
    values = reader.table("quota", raw, "quota")
    if values["qualified"] is None and values["customers"] is None:
        reader.problem("quota", "promises nothing", "give qualified (MQLs per period) or customers")
    return Quota(**values)


def metrics(reader: Reader, raw: Mapping[str, Any]) -> Metrics:
    """Read how figures are counted."""
    values = reader.table("metrics", raw, "metrics")
    return Metrics(**(values | {"dimensions": tuple(values["dimensions"])}))
