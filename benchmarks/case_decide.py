"""G8: one decision, with its reasons, against zen-engine on the same policy."""

from __future__ import annotations

import json
from datetime import UTC, datetime, timedelta
from math import exp, log
from typing import Any

import zen

from benchmarks import policy
from benchmarks.measure import Line, Timed, gated, interleaved, shown
from benchmarks.pages import HUBSPOT_ROWS, HubSpotPages
from crmbridge.model import NO_MEMORY, Activity, ActivityKind, Decision, Direction, Lead, RecordRef
from crmbridge.process import Process, decide

_NOW = datetime(2026, 11, 21, 9, tzinfo=UTC)
_LEADS = 400
_COUNTRIES = ("DE", "AT", "US", "GB", "FR", "ES", "JP", "BR", None)
_TITLES = ("Head of Sales", "VP Marketing", "Sales Manager", "Student", "Engineer", None)
_INDUSTRIES = ("Software", "Retail", "Finance", None)
_SOURCES = ("ORGANIC_SEARCH", "PAID_SEARCH", "DIRECT_TRAFFIC")
_KINDS = tuple(dict.fromkeys(rule.kind for rule in policy.ENGAGEMENTS))
_NAMES = ("/pricing", "/product", "Newsletter", "/blog")


def _lead(number: int, activities: int) -> Lead:
    return Lead(
        id=f"L{number:020x}",
        email=f"p{number}@example.com" if number % 11 else None,
        last_name="Adler",
        company=f"Company {number}" if number % 7 else None,
        phone="+4930123456" if number % 13 else None,
        country=_COUNTRIES[number % len(_COUNTRIES)],
        job_title=_TITLES[number % len(_TITLES)],
        employee_count=number * 7 % 3000 if number % 5 else None,
        industry=_INDUSTRIES[number % len(_INDUSTRIES)],
        source=_SOURCES[number % len(_SOURCES)],
        city="Berlin" if number % 2 else None,
        website="https://example.com" if number % 3 else None,
        stage="lead",
        activities=tuple(_activity(number, place, activities) for place in range(activities)),
    )


def _activity(number: int, place: int, count: int) -> Activity:
    # The oldest first, over a year and a half.
    age = timedelta(days=540 * (count - place) / count, hours=number % 24)
    return Activity(
        ref=RecordRef("hubspot", "events", f"{number}-{place}"),
        person=RecordRef("hubspot", "contacts", str(number)),
        kind=ActivityKind(_KINDS[(number + place * 5) % len(_KINDS)]),
        at=_NOW - age,
        direction=Direction.INBOUND,
        name=_NAMES[(number + place) % len(_NAMES)],
    )


def _context(lead: Lead) -> dict[str, Any]:
    """Give zen what it needs of a lead; not timed."""
    names = {fit.field for fit in policy.FITS} | set(policy.REQUIRED)
    acts = [
        {"kind": item.kind.value, "name": item.name, "age_days": (_NOW - item.at).total_seconds() / 86400}
        for item in lead.activities
    ]
    return {**{name: getattr(lead, name) for name in names}, "activities": acts}


class _Hosted:
    """What a Python host adds around zen's best case: decay, gates, required data."""

    def __init__(self) -> None:
        self._expression = zen.compile_expression(policy.expression())
        self._by_kind: dict[str, list[tuple[int, float, float, str]]] = {}
        for place, rule in enumerate(policy.ENGAGEMENTS):
            row = (place, rule.points, -log(2.0) / rule.half_life_days, rule.name)
            self._by_kind.setdefault(rule.kind, []).append(row)

    def engagement(self, context: dict[str, Any]) -> float:
        """Add up what the activities still give."""
        totals = [0.0] * len(policy.ENGAGEMENTS)
        for item in context["activities"]:
            for place, points, decay, name in self._by_kind.get(item["kind"], ()):
                if not name or name in item["name"]:
                    totals[place] += points * exp(decay * item["age_days"])
        mail = sum(total for total, rule in zip(totals, policy.ENGAGEMENTS, strict=True) if rule.group)
        rest = sum(total for total, rule in zip(totals, policy.ENGAGEMENTS, strict=True) if not rule.group)
        return min(policy.MAIL_CAP, mail) + rest

    def decide(self, context: dict[str, Any]) -> dict[str, Any]:
        """Decide with one call of a compiled expression."""
        found = self._expression.evaluate(context)
        points, covered = found[: len(policy.FITS)], found[len(policy.FITS) :]
        fit, engagement = sum(points), self.engagement(context)
        missing = [name for name in policy.REQUIRED if context[name] is None]
        enough = fit >= policy.FIT_MINIMUM and engagement >= policy.ENGAGEMENT_MINIMUM
        return {
            "fit_score": fit,
            "engagement_score": engagement,
            "missing": missing,
            "qualified": enough and fit + engagement >= policy.THRESHOLD and not missing,
            "area": {"territory": policy.AREAS[covered.index(True)].name},
        }


class _Graph:
    """zen's decision graph."""

    def __init__(self, *, inside: bool, hosted: _Hosted) -> None:
        content = zen.ZenDecisionContent(json.dumps(policy.graph(inside=inside)))
        self._decision = zen.ZenEngine().create_decision(content)
        self._hosted = None if inside else hosted

    def decide(self, context: dict[str, Any]) -> dict[str, Any]:
        """Decide with one evaluation."""
        if self._hosted is not None:
            plain = {name: value for name, value in context.items() if name != "activities"}
            context = {**plain, "engagement_score": self._hosted.engagement(context)}
        found: dict[str, Any] = self._decision.evaluate(context)["result"]
        return found


def run(*, quick: bool) -> list[Line]:
    """Decide with 0, 20 and 200 activities."""
    lines: list[Line] = []
    for activities in (0, 20, 200):
        lines += _compared(activities, quick=quick)
    return lines


def _compared(activities: int, *, quick: bool) -> list[Line]:
    process, hosted = Process.parse(policy.process()), _Hosted()
    inside, outside = _Graph(inside=True, hosted=hosted), _Graph(inside=False, hosted=hosted)
    leads = [_lead(number, activities) for number in range(_LEADS)]
    contexts = [_context(lead) for lead in leads]
    ours = [decide(lead, process, NO_MEMORY, _NOW) for lead in leads]
    engines = {"one compiled expression, rest in Python": hosted.decide, "decision graph": inside.decide}
    engines["decision graph, decay in Python"] = outside.decide
    different = [name for name, engine in engines.items() if not _equal(ours, contexts, engine)]
    some = contexts[: 40 if activities > 20 or quick else 200]
    works = {name: _every(engine, some) for name, engine in engines.items()}
    works["ours"] = lambda: len([decide(lead, process, NO_MEMORY, _NOW) for lead in leads])
    page = HubSpotPages(HUBSPOT_ROWS).answer(0)
    timed, _ = interleaved(works, page=page, rows=HUBSPOT_ROWS, rounds=3 if quick else 7)
    qualified = sum(decision.handed_off for decision in ours)
    check = Line(
        goal="G8",
        what=f"{activities} activities: decisions that differ from zen's ({qualified} of {_LEADS} hand over)",
        figure=f"{len(different)} engines differ" if different else "none",
        limit="none",
        met=not different,
    )
    return [check, *_lines(activities, timed)]


def _lines(activities: int, timed: dict[str, Timed]) -> list[Line]:
    ours = timed["ours"]
    head = f"{activities} activities:"
    lines = [
        Line(goal="G8", what=f"{head} decide with reasons", figure=ours.text(), limit=_absolute(activities))
    ]
    limits = {"decision graph": 20.0, "one compiled expression, rest in Python": 1.5}
    for name, other in timed.items():
        if name == "ours":
            continue
        ratio = other.us / ours.us
        what = f"{head} faster than zen, {name} ({other.us:.0f} µs)"
        if activities == 20 and name in limits:
            lines.append(gated("G8", what, ratio, limits[name], "times", at_least=True))
        else:
            lines.append(Line(goal="G8", what=what, figure=shown(ratio, "times")))
    return lines


def _absolute(activities: int) -> str:
    return "<= 20 µs on a quiet machine" if activities == 20 else ""


def _every(engine: Any, contexts: list[dict[str, Any]]) -> Any:
    def work() -> int:
        for context in contexts:
            engine(context)
        return len(contexts)

    return work


def _equal(ours: list[Decision], contexts: list[dict[str, Any]], engine: Any) -> bool:
    return all(_same(decision, engine(context)) for decision, context in zip(ours, contexts, strict=True))


def _same(decision: Decision, other: dict[str, Any]) -> bool:
    scores = (
        abs(decision.fit_score - other["fit_score"]) < 1e-4
        and abs(decision.engagement_score - other["engagement_score"]) < 1e-4
        if "engagement_score" in other
        else abs(decision.fit_score - other["fit_score"]) < 1e-4
    )
    routed = decision.assignment is None or decision.assignment.territory == other["area"]["territory"]
    return (
        scores
        and list(decision.missing) == list(other["missing"])
        and (decision.stage == "mql") == other["qualified"]
        and routed
    )
