"""The tables of the process file -> the parts of a process. Problems are collected, never raised."""

from __future__ import annotations

import re
from collections.abc import Iterable, Mapping
from datetime import UTC, date, datetime, time
from typing import Any, Final
from zoneinfo import ZoneInfo

from crmbridge.model import ActivityKind, StageRole
from crmbridge.process import building_promises as promised
from crmbridge.process.conditions import Condition, lead_getter, leaves
from crmbridge.process.names import owner_key, slug
from crmbridge.process.operators import Get
from crmbridge.process.parts import (
    OFF_THE_WAY,
    EmailEngagement,
    EngagementRule,
    FitRule,
    Guards,
    Hold,
    Identity,
    Member,
    NamedAccount,
    Parts,
    Pool,
    Qualification,
    Recycling,
    Routing,
    Scope,
    Stage,
    Territory,
    rank_of,
)
from crmbridge.process.reading import Reader

FORMAT: Final = 1
_DAY_SECONDS: Final = 86_400.0
#: Part of the older engagement that counts after a recycling.
_KEEPS: Final = {"keep": 1.0, "halve": 0.5, "reset": 0.0}
_COUNTRY: Final = re.compile(r"[A-Z]{2}")
_REGION: Final = re.compile(r"[A-Z]{2}-[A-Z0-9]{1,3}")


def build(reader: Reader, data: Mapping[str, Any]) -> Parts:
    """Read the whole file. With problems in ``reader`` the parts are incomplete and must not be used."""
    top = reader.table("", data, "")
    if top["format"] not in {None, FORMAT}:
        reader.problem("format", f"this version reads format {FORMAT}")
    head = reader.table("process", top["process"], "process")
    timezone = _timezone(reader, head["timezone"])
    wanted = _qualification(reader, top["qualification"])
    calendars = tuple(
        promised.calendar(reader, raw, path, timezone) for raw, path in _each(top["calendar"], "calendar")
    )
    stages = _stages(reader, top["stage"])
    roles = {stage.name: stage.role for stage in stages}
    return Parts(
        name=head["name"] or "",
        version=head["version"] or "",
        timezone=timezone,
        applies_to=head["applies_to"],
        identity=Identity(**reader.table("identity", top["identity"], "identity")),
        scope=_scope(reader, top["scope"]),
        stages=stages,
        qualification=wanted,
        fit=tuple(_fit(reader, raw, path) for raw, path in _each(top["fit"], "fit")),
        fit_caps=dict(top["fit_caps"]),
        engagement=tuple(
            _engagement(reader, raw, path) for raw, path in _each(top["engagement"], "engagement")
        ),
        engagement_caps=dict(top["engagement_caps"]),
        routing=_routing(reader, top["routing"]),
        named_accounts=tuple(
            _named(reader, raw, path) for raw, path in _each(top["named_account"], "named_account")
        ),
        territories=tuple(
            _territory(reader, raw, path) for raw, path in _each(top["territory"], "territory")
        ),
        pools=tuple(_pool(reader, raw, path) for raw, path in _each(top["pool"], "pool")),
        recyclings=tuple(_recycling(reader, raw, path) for raw, path in _each(top["recycle"], "recycle")),
        guards=Guards(**reader.table("guards", top["guards"], "guards")),
        rejections=tuple(
            promised.rejection(reader, raw, path, [name for name, _ in wanted.required])
            for raw, path in _each(top["reject"], "reject")
        ),
        calendars=calendars,
        sla=promised.sla(reader, top["sla"], calendars),
        handoff=promised.handoff(reader, top["handoff"]),
        programmes=tuple(
            promised.programme(reader, raw, path, roles) for raw, path in _each(top["programme"], "programme")
        ),
        alerts=tuple(
            promised.alert(reader, raw, path, calendars) for raw, path in _each(top["alert"], "alert")
        ),
        customers=promised.customers(reader, top["customers"]),
        quota=promised.quota(reader, top["quota"]),
        metrics=promised.metrics(reader, top["metrics"]),
    )


def _each(tables: Iterable[Mapping[str, Any]], path: str) -> list[tuple[Mapping[str, Any], str]]:
    return [(raw, f"{path}[{index}]") for index, raw in enumerate(tables)]


def _seconds(days: float | None) -> float | None:
    return days * _DAY_SECONDS if days is not None else None


def _timezone(reader: Reader, name: str) -> str:
    try:
        ZoneInfo(name)
    except (KeyError, ValueError, OSError):  # unknown, malformed, or a directory of the time zone data
        reader.problem("process.timezone", f"{name!r} is no IANA time zone", "for example Europe/Berlin")
        return "UTC"
    return name


def _scope(reader: Reader, raw: Mapping[str, Any]) -> Scope:
    values = reader.table("scope", raw, "scope")
    moment: Any = values["created_after"]
    if moment is not None and not isinstance(moment, datetime):
        moment = datetime.combine(moment, time(), UTC)
    if moment is not None and moment.tzinfo is None:
        moment = moment.replace(tzinfo=UTC)
    return Scope(created_after=moment, when=reader.lead_conditions(values["when"], "scope.when"))


# stages ----------------------------------------------------------------------------------------------
def _stages(reader: Reader, tables: list[Mapping[str, Any]]) -> tuple[Stage, ...]:
    stages: list[Stage] = []
    before = StageRole.LEAD
    for position, (raw, path) in enumerate(_each(tables, "stage")):
        values = reader.table("stage", raw, path)
        own = values["role"] is not None
        role = StageRole(values["role"]) if own else before
        if not own and role in OFF_THE_WAY:
            reader.problem(
                f"{path}.role", f"is missing, and the stage before is {role.value}", "name its role"
            )
        stages.append(_stage(values, role, own, position))
        before = role
    return tuple(stages)


def _stage(values: Mapping[str, Any], role: StageRole, main: bool, position: int) -> Stage:
    following = values["next"]
    return Stage(
        name=values["name"] or f"stage {position}",
        role=role,
        main=main,
        definition=values["definition"],
        owner_team=values["owner_team"],
        exit=values["exit"],
        next=tuple(following) if following is not None else None,
        owner_authority=values["owner_authority"],
        content=tuple(values["content"]),
        rank=rank_of(role, position),
    )


# qualification and scores ----------------------------------------------------------------------------
def _qualification(reader: Reader, raw: Mapping[str, Any]) -> Qualification:
    values = reader.table("qualification", raw, "qualification")
    forms = tuple(values["forms"])
    email = values["email_engagement"]
    path = "qualification.email_engagement"
    mails = reader.table(path, email, path) if email is not None else None
    return Qualification(
        threshold=float(values["threshold"] or 0.0),
        fit_minimum=values["fit_minimum"],
        engagement_minimum=values["engagement_minimum"],
        hysteresis=values["hysteresis"],
        required=tuple((name, lead_getter(name)) for name in values["required"]),
        manual=values["manual"],
        forms=forms,
        forms_folded=frozenset(form.strip().casefold() for form in forms),
        forms_within_seconds=_seconds(values["forms_within_days"]),
        email_engagement=EmailEngagement(days=mails["days"] or 0, emails=mails["emails"]) if mails else None,
        sales_fields=tuple(values["sales_fields"]),
    )


def _fit(reader: Reader, raw: Mapping[str, Any], path: str) -> FitRule:
    values = reader.table("fit", raw, path)
    if values["when"] == []:
        reader.problem(f"{path}.when", "must not be empty: the rule would match every lead")
    when = reader.lead_conditions(values["when"], f"{path}.when")
    name = values["name"] or path
    return FitRule(
        rule=f"fit.{slug(name)}",
        name=name,
        points=float(values["points"] or 0),
        group=values["group"],
        when=when,
        shows=_shown(when),
    )


def _shown(when: Condition) -> Get | None:
    """Read the value that a reason shows, when all conditions are on one field."""
    found = {leaf.field: leaf.get for leaf in leaves(when)}
    return next(iter(found.values())) if len(found) == 1 else None


def _engagement(reader: Reader, raw: Mapping[str, Any], path: str) -> EngagementRule:
    values = reader.table("engagement", raw, path)
    kinds = values["kind"] if isinstance(values["kind"], list) else [values["kind"]]
    where = reader.activity_conditions(values["where"], f"{path}.where")
    name = values["name"] or path
    return EngagementRule(
        rule=f"engagement.{slug(name)}",
        name=name,
        kinds=frozenset(ActivityKind(kind) for kind in kinds if kind is not None),
        where=where if values["where"] else None,
        points=float(values["points"] or 0),
        times=values["times"],
        half_life_seconds=_seconds(values["half_life_days"]),
        within_seconds=_seconds(values["within_days"]),
        group=values["group"],
    )


# routing ---------------------------------------------------------------------------------------------
def _routing(reader: Reader, raw: Mapping[str, Any]) -> Routing:
    values = reader.table("routing", raw, "routing")
    return Routing(
        mode=values["mode"],
        triage=owner_key(values["triage"]),
        tele_qualification=owner_key(values["tele_qualification"]),
        keep_owner=values["keep_owner"],
        ladder=tuple(values["ladder"]),
        holds=tuple(_hold(reader, item, path) for item, path in _each(values["hold"], "routing.hold")),
        reassign_inactive=values["reassign_inactive"],
    )


def _hold(reader: Reader, raw: Mapping[str, Any], path: str) -> Hold:
    values = reader.table("routing.hold", raw, path)
    if values["when"] == []:
        reader.problem(f"{path}.when", "must not be empty: every lead would be held")
    when = reader.lead_conditions(values["when"], f"{path}.when")
    return Hold(name=f"held_{slug(values['reason'] or path)}", when=when)


def _named(reader: Reader, raw: Mapping[str, Any], path: str) -> NamedAccount:
    values = reader.table("named_account", raw, path)
    domain, name = values["domain"], values["name"]
    if (domain is None) == (name is None):
        reader.problem(path, "needs a domain or a name, and not both")
    folded = domain.strip().lower() if domain else None
    return NamedAccount(
        rule=f"named_account.{folded or slug(name or path)}",
        domain=folded,
        name=name.strip() if name else None,
        owner=owner_key(values["owner"]) or "",
    )


def _territory(reader: Reader, raw: Mapping[str, Any], path: str) -> Territory:
    values = reader.table("territory", raw, path)
    employees = reader.table("territory.employees", values["employees"] or {}, f"{path}.employees")
    low, high = employees["from"], employees["to"]
    if low is not None and high is not None and low > high:
        reader.problem(f"{path}.employees", f"from {low} is more than to {high}")
    if (values["pool"] is None) == (values["owner"] is None):
        reader.problem(path, "needs a pool or an owner, and not both")
    if values["postal_prefixes"] and not values["countries"]:
        reader.problem(f"{path}.postal_prefixes", "mean nothing without countries", "add countries = […]")
    _check_codes(reader, values["countries"], _COUNTRY, f"{path}.countries", 'ISO country code such as "DE"')
    _check_codes(reader, values["regions"], _REGION, f"{path}.regions", 'ISO region code such as "US-CA"')
    return Territory(
        name=values["name"] or path,
        countries=tuple(values["countries"]),
        regions=tuple(values["regions"]),
        postal_prefixes=tuple(_postal(prefix) for prefix in values["postal_prefixes"]),
        industries=tuple(values["industries"]),
        employees_from=low,
        employees_to=high,
        pool=values["pool"],
        owner=owner_key(values["owner"]),
        precedence=values["precedence"],
    )


def _postal(prefix: str) -> str:
    return prefix.replace(" ", "").upper()


def _check_codes(reader: Reader, codes: list[str], shape: re.Pattern[str], path: str, what: str) -> None:
    for code in codes:
        if not shape.fullmatch(code):
            upper = code.strip().upper()
            advice = f"did you mean {upper!r}?" if shape.fullmatch(upper) else ""
            reader.problem(path, f"{code!r} is no {what}", advice)


def _pool(reader: Reader, raw: Mapping[str, Any], path: str) -> Pool:
    values = reader.table("pool", raw, path)
    members = tuple(_member(reader, item, place) for item, place in _each(values["member"], f"{path}.member"))
    if not members:
        reader.problem(f"{path}.member", "has nobody in it")
    return Pool(name=values["name"] or path, fallback=values["fallback"], members=members)


def _member(reader: Reader, raw: Mapping[str, Any], path: str) -> Member:
    values = reader.table("pool.member", raw, path)
    leave = [_leave(reader, item, place) for item, place in _each(values["leave"], f"{path}.leave")]
    return Member(
        owner=owner_key(values["owner"]) or "",
        weight=values["weight"],
        capacity_per_day=values["capacity_per_day"],
        capacity_per_30_days=values["capacity_per_30_days"],
        leave=tuple(span for span in leave if span is not None),
    )


def _leave(reader: Reader, raw: Mapping[str, Any], path: str) -> tuple[date, date] | None:
    values = reader.table("pool.member.leave", raw, path)
    first, last = values["from"], values["to"]
    if first is None or last is None:
        return None
    if first > last:
        reader.problem(path, f"ends ({last}) before it begins ({first})")
    return first, last


def _recycling(reader: Reader, raw: Mapping[str, Any], path: str) -> Recycling:
    values = reader.table("recycle", raw, path)
    field = values["until_field"]
    if values["stalled_days"] is not None and values["reason"] != "opportunity_stalled":
        advice = 'give it to reason = "opportunity_stalled"'
        reader.problem(f"{path}.stalled_days", "says nothing about this reason", advice)
    return Recycling(
        reason=values["reason"] or path,
        cool_down_days=values["cool_down_days"],
        max_cycles=values["max_cycles"],
        keeps=_KEEPS[values["score"]],
        needs_evidence=values["reentry"] == "new_evidence",
        needs_touches=values["needs_touches"],
        until=lead_getter(field) if field is not None else None,
        until_field=field,
        days_before=values["days_before"],
        stalled_days=values["stalled_days"],
    )
