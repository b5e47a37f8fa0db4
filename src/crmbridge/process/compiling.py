"""Compiles the engagement rules into one Python function: the only loop over activities that there is.

A decision meets twenty activities and more, so each look-up, tuple and call that a rule table costs is
paid twenty times. The source that is generated is what one would write by hand for these rules; numbers
are literals in it, names and conditions come in through its namespace, never as text.
"""

from __future__ import annotations

from collections.abc import Callable, Iterator, Mapping, Sequence
from datetime import datetime, timedelta
from math import exp, log
from typing import Any, Final, TypeAlias

from crmbridge.model import Activity, ActivityKind, Effect, Reason
from crmbridge.process.conditions import Condition, depends_on_value_alone, leaves
from crmbridge.process.making import ROUNDING, OpenReason
from crmbridge.process.operators import Test
from crmbridge.process.parts import EngagementRule

#: Takes activities in order of time, now, the moment of the last recycling, and the part (0 to 1) of the
#: points that activities up to then still give. Gives the score and the reasons.
Score: TypeAlias = Callable[
    [Sequence[Activity], datetime, datetime | None, float], tuple[float, list[Reason]]
]

_DAY_SECONDS: Final = 86_400.0
#: Texts of an activity that many share: what a rule says about one of them is remembered.
_SHARED: Final = frozenset(("name", "outcome", "raw_kind"))
#: Most answers that are remembered per rule; then it starts over.
_ANSWERS_KEPT: Final = 4096
_START: Final = """
def score(activities, now, since, keeps):
"""
_UNKEPT: Final = """
    if since is not None and keeps != 1.0:
        return discounted(activities, now, since, keeps)
"""
_LOOP: Final = """
    {zero}
    for activity in reversed(activities):
        kind = activity.kind
"""
#: One kind; ``kept`` costs a comparison, so it is left out for leads that never were recycled.
_KIND: Final = """
        {word} kind is {kind}:
            age = now - activity.at
            days = age.days
            if days < 0:
                continue
"""
_KEPT: Final = """
            kept = keeps if activity.at <= since else 1.0
"""
_COUNT: Final = """
            if {test}:
                n{place} += 1
                t{place} += {points}
"""
_CAP: Final = """
    excess = {total} - {cap!r}
    if excess > 0.0:
        {names} = cut(({names}), excess)
"""
_REASON: Final = """
    if n{place}:
        t{place} = (t{place} * 1e6 + {rounding} - {rounding}) / 1e6
        total += t{place}
        made = OpenReason()
        made.rule = rule{place}
        made.effect = effect
        made.value = n{place}
        made.threshold = {times}
        made.points = t{place}
        made.__class__ = Reason
        reasons.append(made)
"""
_END: Final = """
    return (total * 1e6 + {rounding} - {rounding}) / 1e6, reasons
"""


def compile_engagement(rules: Sequence[EngagementRule], caps: Mapping[str, float]) -> Score:
    """Give the score function of some rules. Totals are rounded to 6 digits, after caps and decay."""
    if not rules:
        return lambda _activities, _now, _since, _keeps: (0.0, [])
    return _built(rules, caps, discounted=_built(rules, caps, discounted=None))


def _built(rules: Sequence[EngagementRule], caps: Mapping[str, float], *, discounted: Score | None) -> Score:
    """Compile the function; ``discounted`` is what it calls where a recycling took points away."""
    names: dict[str, Any] = {
        "discounted": discounted,
        "exp": exp,
        "cut": cut,
        "OpenReason": OpenReason,
        "Reason": Reason,
        "effect": Effect.SCORE,
        **{kind.name: kind for kind in ActivityKind},
        **{f"rule{place}": rule.rule for place, rule in enumerate(rules)},
        **{f"within{place}": _span(rule.within_seconds) for place, rule in enumerate(rules)},
    }
    for place, rule in enumerate(rules):
        if rule.where is not None:
            known: dict[str | None, bool] = {}
            names[f"known{place}"] = known
            names[f"where{place}"] = _asked(rule.where, known)
    source = "".join(part.lstrip("\n") for part in _source(rules, caps, kept=discounted is None))
    exec(source, names)  # noqa: S102 - our own text: what the file says comes in as numbers and objects
    score: Score = names["score"]
    return score


def _span(seconds: float | None) -> timedelta | None:
    return timedelta(seconds=seconds) if seconds is not None else None


def _source(rules: Sequence[EngagementRule], caps: Mapping[str, float], *, kept: bool) -> Iterator[str]:
    zero = "; ".join(f"n{place} = 0; t{place} = 0.0" for place in range(len(rules)))
    yield _START
    yield "" if kept else _UNKEPT
    yield _LOOP.format(zero=zero)
    word = "if"
    for kind in ActivityKind:
        counted = [(place, rule) for place, rule in enumerate(rules) if kind in rule.kinds]
        if counted:
            yield _KIND.format(word=word, kind=kind.name)
            yield _KEPT if kept else ""
            for place, rule in counted:
                yield _COUNT.format(place=place, test=_test(place, rule), points=_points(rule, kept=kept))
            word = "elif"
    for group, cap in caps.items():
        yield _capped([place for place, rule in enumerate(rules) if rule.group == group], cap)
    yield "    total = 0.0\n    reasons = []\n"
    for place, rule in enumerate(rules):
        yield _REASON.format(place=place, times=rule.times, rounding=ROUNDING)
    yield _END.format(rounding=ROUNDING)


def _test(place: int, rule: EngagementRule) -> str:
    tests = []
    if rule.times is not None:
        tests.append(f"n{place} < {rule.times}")
    if rule.within_seconds is not None:
        tests.append(f"age <= within{place}")
    if rule.where is not None:
        tests.append(_where(place, rule.where))
    return " and ".join(tests) or "True"


def _where(place: int, where: Condition) -> str:
    """Look a shared text's answer up before the condition is asked: the look-up is six times as fast."""
    asked, name = f"where{place}(activity, now)", _shared_text(where)
    return f"({asked} if (met := known{place}.get(activity.{name})) is None else met)" if name else asked


def _shared_text(where: Condition) -> str:
    """Name the one text that decides a condition; "" when it is none, or not a text alone."""
    fields = {leaf.field for leaf in leaves(where)}
    return (
        next(iter(fields)) if len(fields) == 1 and fields <= _SHARED and depends_on_value_alone(where) else ""
    )


def _asked(where: Condition, known: dict[str | None, bool]) -> Test:
    """Give the test of a condition; where a shared text decides, it remembers the answer in ``known``."""
    name, test = _shared_text(where), where.test
    if not name:
        return test

    def ask(activity: Activity, now: datetime) -> bool:
        met = test(activity, now)
        if len(known) >= _ANSWERS_KEPT:
            known.clear()
        known[getattr(activity, name)] = met
        return met

    return ask


def _points(rule: EngagementRule, *, kept: bool) -> str:
    factors = ["kept"] if kept else []
    factors.append(repr(rule.points))
    if rule.half_life_seconds is not None:
        # Two multiplications take half the time of ``total_seconds``; what is lost is less than a second.
        per_second = -log(2.0) / rule.half_life_seconds
        factors.append(f"exp({per_second * _DAY_SECONDS!r} * days + {per_second!r} * age.seconds)")
    return " * ".join(factors)


def _capped(places: Sequence[int], cap: float) -> str:
    names = [f"t{place}" for place in places]
    return _CAP.format(total=" + ".join(names), cap=float(cap), names=", ".join([*names, ""]).strip())


def cut(points: Sequence[float], excess: float) -> list[float]:
    """Take what a group gives beyond its cap off its last rules; negative points stay."""
    left = list(points)
    for place in reversed(range(len(left))):
        taken = min(excess, max(left[place], 0.0))
        left[place] -= taken
        excess -= taken
    return left
