"""The most points that rules can give: exact over all leads, with caps and rules that exclude each other."""

from __future__ import annotations

from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass, field
from typing import Any, Final

from crmbridge.model import Lead
from crmbridge.process.definition import Process
from crmbridge.process.lint.meeting import Answer, Demand, Maker, bare_lead
from crmbridge.process.parts import EngagementRule, FitRule

#: Combinations of rules that are tried; beyond them the bound is the sum of all points.
_MOST_TRIES: Final = 60


@dataclass(frozen=True, slots=True, kw_only=True)
class Best:
    """The best lead that was found, and what no lead exceeds."""

    lead: Lead
    #: Its fit score.
    score: float
    #: No lead has more; equal to ``score`` where nothing stayed open.
    bound: float


def best_lead(process: Process, maker: Maker, demands: Sequence[Demand]) -> Best:
    """Find the lead with the best fit among those that meet the demands."""
    rules = sorted(process.parts.fit, key=lambda rule: -abs(rule.points))
    search = _Search(process, maker, [rule for rule in rules if rule.points != 0])
    found = maker.lead(demands)
    search.look_at(found.subject)
    search.go(0, tuple(demands), {}, found.subject)
    score, lead = search.score, search.lead
    return Best(lead=lead or bare_lead(maker.now), score=score if lead else 0.0, bound=search.bound)


@dataclass(slots=True)
class _Search:
    """Branch and bound: rule by rule as one would like it, then the other way round."""

    process: Process
    maker: Maker
    #: The ones with the most points first.
    rules: Sequence[FitRule]
    lead: Lead | None = None
    score: float = float("-inf")
    bound: float = float("-inf")
    tries: int = field(default=0)

    def go(self, place: int, demands: tuple[Demand, ...], fires: dict[str, bool], lead: Lead | None) -> None:
        """Settle the rules from ``place`` on; ``lead`` meets the demands so far."""
        hoped = self._total(fires)
        if hoped <= self.bound:
            return
        if place == len(self.rules) or self.tries > _MOST_TRIES:
            self.bound = hoped
            return
        rule = self.rules[place]
        for wanted in (rule.points > 0, rule.points < 0):
            narrower = (*demands, (rule.when, wanted))
            answer = self._narrowed(narrower, lead)
            self.look_at(answer.subject)
            if not answer.is_never:
                self.go(place + 1, narrower, {**fires, rule.rule: wanted}, answer.subject)

    def _narrowed(self, demands: tuple[Demand, ...], lead: Lead | None) -> Answer:
        """Ask for a lead that meets one demand more; the one at hand may do so already."""
        condition, wanted = demands[-1]
        if lead is not None and condition.test(lead, self.maker.now) == wanted:
            return Answer(lead, proved=True)
        self.tries += 1
        return self.maker.lead(demands)

    def look_at(self, lead: Any) -> None:
        """Remember the best lead so far, by what the process itself gives it."""
        if lead is None:
            return
        score, _ = self.process.fit.score(lead, self.maker.now)
        if score > self.score:
            self.score, self.lead = score, lead

    def _total(self, fires: Mapping[str, bool]) -> float:
        """Total what fires, and of what is open only what adds."""
        parts = self.process.parts
        return capped(
            [(rule.group, rule.points) for rule in parts.fit if fires.get(rule.rule, rule.points > 0)],
            parts.fit_caps,
        )


def most_engagement(
    rules: Sequence[EngagementRule],
    caps: Mapping[str, float],
    is_possible: Callable[[EngagementRule], bool],
) -> float:
    """Give what no lead's engagement score exceeds: every possible activity, all of them just now."""
    points = [
        (rule.group, rule.points * (float("inf") if rule.times is None else rule.times))
        for rule in rules
        if rule.points > 0 and is_possible(rule)
    ]
    return capped(points, caps)


def capped(points: Sequence[tuple[str | None, float]], caps: Mapping[str, float]) -> float:
    """Total points by group, each up to its cap."""
    groups: dict[str | None, float] = {}
    for group, given in points:
        groups[group] = groups.get(group, 0.0) + given
    limits = {group: caps.get(group, float("inf")) if group else float("inf") for group in groups}
    return round(sum(min(total, limits[group]) for group, total in groups.items()), 6)
