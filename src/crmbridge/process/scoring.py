"""Fit and engagement scores, with one reason per rule that fired.

A rule's points are rounded to 6 digits after decay, and the totals again, so that no threshold ever
meets a difference that only exists in binary. Where a group gives more than its cap, the excess is taken
off its last rules first: the reasons of a group add up to what the group really gave.
"""

from __future__ import annotations

from collections.abc import Iterable, Mapping, Sequence
from datetime import datetime
from math import exp, log
from typing import Final, NamedTuple, TypeAlias

from crmbridge.model import Activity, Effect, Lead, Reason
from crmbridge.process.conditions import Test
from crmbridge.process.making import OpenReason, freeze, reason, rounded
from crmbridge.process.parts import EngagementRule, FitRule

_SCORE: Final = Effect.SCORE
#: A score with the reasons that make it up, in the order of the file.
Scored: TypeAlias = tuple[float, list[Reason]]
#: Cap, and the places of the group's rules in the file.
_Cap: TypeAlias = tuple[float, tuple[int, ...]]


def _caps(rules: Sequence[FitRule | EngagementRule], caps: Mapping[str, float]) -> tuple[_Cap, ...]:
    return tuple(
        (cap, tuple(index for index, rule in enumerate(rules) if rule.group == group))
        for group, cap in caps.items()
    )


def _cut(points: list[float], caps: Iterable[_Cap]) -> None:
    """Take what a group gives beyond its cap off its last rules, in place."""
    for cap, places in caps:
        excess = -cap
        for place in places:
            excess += points[place]
        if excess > 0.0:
            _cut_group(points, places, excess)


def _cut_group(points: list[float], places: tuple[int, ...], excess: float) -> None:
    for place in reversed(places):
        taken = min(excess, max(points[place], 0.0))
        points[place] -= taken
        excess -= taken


class FitScorer:
    """Scores who a person is. Immutable once made."""

    __slots__ = ("_caps", "_rules")

    def __init__(self, rules: Sequence[FitRule], caps: Mapping[str, float]) -> None:
        self._rules = tuple((index, rule.when.test, rule) for index, rule in enumerate(rules))
        self._caps = _caps(rules, caps)

    def score(self, lead: Lead, now: datetime) -> Scored:
        """Total the rules that the lead meets."""
        if self._caps:
            return self._score_capped(lead, now)
        total = 0.0
        reasons = []
        for _, test, rule in self._rules:
            if test(lead, now):
                total += rule.points
                reasons.append(_full(rule, lead))
        return rounded(total), reasons

    def _score_capped(self, lead: Lead, now: datetime) -> Scored:
        fired = [(place, rule) for place, test, rule in self._rules if test(lead, now)]
        points = [0.0] * len(self._rules)
        for place, rule in fired:
            points[place] = rule.points
        _cut(points, self._caps)
        reasons = [
            _full(rule, lead) if points[place] == rule.points else _capped(rule, lead, rounded(points[place]))
            for place, rule in fired
        ]
        return rounded(sum(points)), reasons


def _full(rule: FitRule, lead: Lead) -> Reason:
    """Say that a rule gave all its points. Made once per value: reasons never change."""
    value = rule.shows(lead) if rule.shows is not None else None
    key = (value.__class__, value)  # 1, 1.0 and True are equal, and three values
    return rule.made.get(key) or rule.remembered(key, reason(rule.rule, _SCORE, value, None, rule.points))


def _capped(rule: FitRule, lead: Lead, points: float) -> Reason:
    value = rule.shows(lead) if rule.shows is not None else None
    return reason(rule.rule, _SCORE, value, None, points)


class _Counted(NamedTuple):
    """An engagement rule as the hot loop reads it."""

    place: int
    where: Test | None
    points: float
    times: int
    #: Exponent per second; 0.0: no decay.
    decay: float
    within_seconds: float


class EngagementScorer:
    """Scores what a person did. Immutable once made."""

    __slots__ = ("_by_kind", "_caps", "_named")

    def __init__(self, rules: Sequence[EngagementRule], caps: Mapping[str, float]) -> None:
        self._named = tuple((rule.rule, rule.times) for rule in rules)
        self._caps = _caps(rules, caps)
        by_kind: dict[str, list[_Counted]] = {}
        for place, rule in enumerate(rules):
            for name in sorted(kind.value for kind in rule.kinds):
                by_kind.setdefault(name, []).append(_counted(place, rule))
        # Keyed by text: the hash of an enum member is computed in Python, once per activity.
        self._by_kind = {name: tuple(rows) for name, rows in by_kind.items()}

    def score(
        self, activities: Sequence[Activity], now: datetime, since: datetime | None, keeps: float
    ) -> Scored:
        """Total the activities that the rules count.

        Args:
            activities: In order of time; later ones than ``now`` have not happened yet.
            since: When the lead was last recycled; None: never.
            keeps: Part (0 to 1) of the points that activities up to ``since`` still give.
        """
        totals = [0.0] * len(self._named)
        counts = [0] * len(self._named)
        open_rows = self._by_kind.copy()
        for activity in reversed(activities):
            rows = open_rows.get(activity.kind._value_)
            if not rows:
                continue
            age = (now - activity.at).total_seconds()
            if age < 0.0:
                continue
            kept = keeps if since is not None and activity.at <= since else 1.0
            for place, where, points, times, decay, within_seconds in rows:
                if age <= within_seconds and (where is None or where(activity, now)):
                    totals[place] += kept * points * exp(decay * age)
                    counts[place] = count = counts[place] + 1
                    if count >= times:
                        left = tuple([row for row in rows if counts[row[0]] < row[3]])
                        open_rows[activity.kind._value_] = left
        return self._scored(totals, counts)

    def _scored(self, totals: list[float], counts: list[int]) -> Scored:
        if self._caps:
            _cut(totals, self._caps)
        points = [rounded(total) if total else 0.0 for total in totals]
        reasons = [
            OpenReason(rule, _SCORE, count, times, given)
            for (rule, times), count, given in zip(self._named, counts, points, strict=True)
            if count
        ]
        return rounded(sum(points)), freeze(reasons)


def _counted(place: int, rule: EngagementRule) -> _Counted:
    return _Counted(
        place=place,
        where=rule.where.test if rule.where is not None else None,
        points=rule.points,
        times=rule.times if rule.times is not None else 2**62,
        decay=-log(2.0) / rule.half_life_seconds if rule.half_life_seconds is not None else 0.0,
        within_seconds=rule.within_seconds if rule.within_seconds is not None else float("inf"),
    )
