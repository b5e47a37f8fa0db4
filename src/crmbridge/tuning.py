"""Suggests points and a threshold from what became of past leads. Applies nothing.

A logistic regression with a light ridge (scikit-learn, extra ``tune``) learns on the older leads which rules
go with the outcome, and is judged on the newer ones. Points are its weights, scaled to the file's own; a
rule whose interval is too wide, or that fired too seldom, keeps its points.
"""

from __future__ import annotations

from collections.abc import Iterable, Sequence
from dataclasses import dataclass, field, replace
from datetime import datetime, timedelta
from math import ceil
from random import Random
from typing import Any, Final

from crmbridge.errors import ConfigError, Problem
from crmbridge.model import Lead
from crmbridge.process import Process
from crmbridge.process.lint import World, lint
from crmbridge.process.names import slug
from crmbridge.replay.past import Past
from crmbridge.replay.report import share
from crmbridge.replay.results import Share

#: Below these a suggestion would be noise (S21): leads whose end is known, of either kind, and with a rule.
LEAST_LEADS: Final = 200
LEAST_OF_EACH: Final = 30
LEAST_WITH_RULE: Final = 20
#: Part of the leads, the oldest, that points are fitted on.
_FITTED: Final = 0.7
#: Fits of which the intervals are made.
_BOOTSTRAP: Final = 60
_OUTCOME: Final = "converted"
_ASSUMED: Final = (
    "the data of {} leads are as they were first known, maybe after the lead had ended: a rule on something "
    "that is filled in late looks better than it is"
)


@dataclass(frozen=True, slots=True, kw_only=True)
class Weighed:
    """One rule of the process."""

    #: As reasons name it.
    rule: str
    points: float
    suggested: float
    #: 95 % interval of what the data say, in points (bootstrap).
    low: float
    high: float
    #: Leads of the fitted part with which it fired.
    leads: int


@dataclass(frozen=True, slots=True, kw_only=True)
class Cut:
    """What one threshold would have done with the leads that were held out."""

    threshold: float
    #: Leads passed: the volume that sales would have got.
    passed: int
    precision: Share
    recall: Share


@dataclass(frozen=True, slots=True, kw_only=True)
class Suggestion:
    """What tuning found."""

    outcome: str = _OUTCOME
    leads: int
    converted: int
    censored: int
    warnings: tuple[str, ...] = ()
    #: Why nothing is suggested; None: something is.
    refused: str | None = None
    #: Leads that began before were fitted on, the others judged by; None where nothing is suggested.
    split_at: datetime | None = None
    rules: tuple[Weighed, ...] = ()
    #: The threshold that is suggested, and the choice around it.
    threshold: float | None = None
    cuts: tuple[Cut, ...] = ()
    #: What today's file does with the leads that were held out.
    today: Cut = field(
        default_factory=lambda: Cut(threshold=0.0, passed=0, precision=share(0, 0), recall=share(0, 0))
    )


@dataclass(frozen=True, slots=True)
class _Case:
    """One lead: what its rules gave before it was known how it ended."""

    began: datetime
    converted: bool
    #: Rule -> points that it gave.
    points: dict[str, float]


def suggest(pasts: Iterable[Past], process: Process, now: datetime) -> Suggestion:
    """Suggest points and a threshold.

    Args:
        pasts: Of all leads; read once.
        now: Leads younger than ``[metrics] maturity_days`` then are too young to tell.

    Raises:
        ConfigError: the statistics library is not installed (extra ``tune``).
    """
    cases, censored, assumed = _cases(pasts, process, now)
    converted = sum(case.converted for case in cases)
    warnings = [*_leaks(process, now), *([_ASSUMED.format(assumed)] if assumed else [])]
    found = Suggestion(leads=len(cases), converted=converted, censored=censored, warnings=tuple(warnings))
    refused = _refusal(cases, converted)
    if refused is not None:
        return replace(found, refused=refused)
    cases.sort(key=lambda case: case.began)
    cut = ceil(len(cases) * _FITTED)
    older, newer = cases[:cut], cases[cut:]
    if min(_split(older), default=0) < 1 or len({case.converted for case in newer}) < 2:
        return replace(found, refused="the newer or the older leads all ended alike: nothing to learn from")
    rules = _weighed(older, process)
    scored = [(_score(case, rules), case.converted) for case in newer]
    cuts = _cuts(scored)
    today = _cut([(sum(case.points.values()), case.converted) for case in newer], _threshold(process))
    return replace(
        found,
        split_at=newer[0].began,
        rules=rules,
        cuts=cuts,
        threshold=_best(cuts, today),
        today=today,
    )


def _threshold(process: Process) -> float:
    return process.qualification.threshold


# what happened ---------------------------------------------------------------------------------------
def _cases(pasts: Iterable[Past], process: Process, now: datetime) -> tuple[list[_Case], int, int]:
    """Score every lead just before it was known how it ended, or when it was old enough to tell."""
    maturity = timedelta(days=process.parts.metrics.maturity_days)
    cases: list[_Case] = []
    censored = assumed = 0
    for past in pasts:
        ended = past.outcome.converted_at
        if ended is None and now - past.began < maturity:
            censored += 1
            continue
        at = min(moment for moment in (ended, past.began + maturity, now) if moment is not None)
        lead = _as_of(past, at)
        assumed += past.known_from is None or past.known_from > at
        _, fit = process.fit.score(lead, at)
        _, engagement = process.engagement(lead.activities, at - timedelta(microseconds=1), None, 1.0)
        points = {item.rule: item.points or 0.0 for item in (*fit, *engagement)}
        cases.append(_Case(past.began, ended is not None, points))
    return cases, censored, assumed


def _as_of(past: Past, at: datetime) -> Lead:
    """Give a lead's own data just before a moment; what sales did is left out."""
    values: dict[str, Any] = {}
    for step in past.steps:
        if step.at < at and not step.sales:
            values |= step.values
    return replace(past.lead, **values)


def _refusal(cases: Sequence[_Case], converted: int) -> str | None:
    """Say why there is too little to learn from; None: there is enough."""
    if len(cases) < LEAST_LEADS:
        return f"{len(cases)} leads whose end is known are too few: at least {LEAST_LEADS} are needed"
    fewer = min(converted, len(cases) - converted)
    if fewer < LEAST_OF_EACH:
        kind = _OUTCOME if converted == fewer else f"not {_OUTCOME}"
        return f"{fewer} leads that were {kind} are too few: at least {LEAST_OF_EACH} are needed"
    return None


def _leaks(process: Process, now: datetime) -> Iterable[str]:
    """Warn of rules on data that follow from the outcome."""
    for finding in lint(process, World(now=now)):
        if finding.rule == "sales_field":
            yield f"{finding.key}: {finding.message}"


def _split(cases: Sequence[_Case]) -> list[int]:
    converted = sum(case.converted for case in cases)
    return [converted, len(cases) - converted]


# points ----------------------------------------------------------------------------------------------
def _weighed(cases: Sequence[_Case], process: Process) -> tuple[Weighed, ...]:
    """Fit, and again on resampled leads for the intervals."""
    known = {rule.rule: rule.points for rule in process.parts.fit}
    known |= {rule.rule: rule.points for rule in process.parts.engagement}
    counts = {rule: sum(rule in case.points for case in cases) for rule in known}
    used = [rule for rule in known if LEAST_WITH_RULE <= counts[rule] <= len(cases) - LEAST_WITH_RULE]
    weights = _fitted(cases, used, known)
    random = Random(0)  # noqa: S311 - the same leads give the same intervals
    tries = []
    for _ in range(_BOOTSTRAP):
        sample = random.choices(cases, k=len(cases))
        if min(_split(sample)) > 0:
            tries.append(_fitted(sample, used, known))
    scale = _scale(weights, known)
    rules = []
    for rule, points in known.items():
        kept = Weighed(
            rule=rule, points=points, suggested=points, low=points, high=points, leads=counts[rule]
        )
        told = [each[rule] * scale for each in tries if rule in each]
        rules.append(_told(kept, weights[rule] * scale, told) if rule in weights and told else kept)
    return tuple(rules)


def _fitted(cases: Sequence[_Case], used: Sequence[str], known: dict[str, float]) -> dict[str, float]:
    """Give rule -> log odds that its full points add."""
    if not used:
        return {}
    regression = _regression()
    rows = [[case.points.get(rule, 0.0) / (known[rule] or 1.0) for rule in used] for case in cases]
    regression.fit(rows, [case.converted for case in cases])
    return dict(zip(used, map(float, regression.coef_[0]), strict=True))


def _regression() -> Any:
    try:
        from sklearn.linear_model import LogisticRegression  # noqa: PLC0415 - seconds of imports
    except ImportError:
        advice = "pip install 'crmbridge[tune]'"
        raise ConfigError([Problem("tune", "", "the statistics library is not installed", advice)]) from None
    return LogisticRegression(C=1.0, solver="newton-cholesky")


def _scale(weights: dict[str, float], known: dict[str, float]) -> float:
    """Points per log odds, so that the points of all rules together stay what they are."""
    total = sum(abs(weight) for weight in weights.values())
    return sum(abs(known[rule]) for rule in weights) / total if total else 0.0


def _told(rule: Weighed, points: float, tries: Sequence[float]) -> Weighed:
    """Suggest what the data say, where they contradict the file beyond chance."""
    ordered = sorted(tries)
    low = round(ordered[int(len(ordered) * 0.025)], 1)
    high = round(ordered[min(len(ordered) - 1, int(len(ordered) * 0.975))], 1)
    suggested = rule.points if low <= rule.points <= high else float(round(points))
    return replace(rule, suggested=suggested, low=low, high=high)


# thresholds ------------------------------------------------------------------------------------------
def _score(case: _Case, rules: Sequence[Weighed]) -> float:
    return sum(
        case.points[item.rule] * (item.suggested / item.points)
        for item in rules
        if item.rule in case.points and item.points
    )


def _cuts(scored: Sequence[tuple[float, bool]]) -> tuple[Cut, ...]:
    """Give a choice of thresholds over the range of the scores, each once."""
    ordered = sorted(score for score, _ in scored)
    places = [ordered[min(len(ordered) - 1, len(ordered) * part // 20)] for part in range(4, 20)]
    return tuple(_cut(scored, threshold) for threshold in dict.fromkeys(float(ceil(at)) for at in places))


def _cut(scored: Sequence[tuple[float, bool]], threshold: float) -> Cut:
    passed = [came for score, came in scored if score >= threshold]
    came = sum(passed)
    whole = sum(came for _, came in scored)
    return Cut(
        threshold=threshold,
        passed=len(passed),
        precision=share(came, len(passed)),
        recall=share(came, whole),
    )


def _best(cuts: Sequence[Cut], today: Cut) -> float:
    """Choose the threshold that passes nearest to as many leads as today: sales can work that many."""
    return min(cuts, key=lambda cut: (abs(cut.passed - today.passed), -cut.threshold)).threshold


# the file --------------------------------------------------------------------------------------------
def written(text: str, found: Suggestion) -> str:
    """Put a suggestion into a process file; comments, order and everything else stay.

    Args:
        text: Of the process file, as it is.
    """
    import tomlkit  # noqa: PLC0415 - needed here alone
    from tomlkit.items import Table  # noqa: PLC0415 - … the same

    document: Any = tomlkit.parse(text)
    suggested = {item.rule: item for item in found.rules}
    for kind in ("fit", "engagement"):
        for table in document.get(kind, ()):
            item = suggested.get(f"{kind}.{slug(table['name'])}") if isinstance(table, Table) else None
            if item is not None and item.suggested != item.points:
                table["points"] = _tidy(item.suggested)
                table["points"].comment(f"was {item.points:g}; the data say {item.low:g} to {item.high:g}")
    document["qualification"]["threshold"] = found.threshold
    document["process"]["version"] = f"{document['process']['version']}-tuned"
    return tomlkit.dumps(document)


def _tidy(points: float) -> Any:
    import tomlkit  # noqa: PLC0415 - needed here alone

    return tomlkit.item(int(points) if points == int(points) else points)
