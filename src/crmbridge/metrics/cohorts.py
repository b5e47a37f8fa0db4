"""Cohorts: leads by the period they qualified in, each given the same time to get further.

A lead whose window was not over when the world was last seen is censored: it is counted as such and is in no
rate, because it may still get there.
"""

from __future__ import annotations

from array import array
from collections.abc import Iterator
from dataclasses import dataclass, field
from typing import Any, Final

from crmbridge.metrics.figures import Sample, begin_of, period_of, rate, wilson
from crmbridge.metrics.passage import Passage, Reader
from crmbridge.metrics.steps import WAY, Terms

#: Days that stand for "never" and for "reached, and nobody knows when".
_NEVER: Final = -(10**9)
_UNDATED: Final = _NEVER + 1


@dataclass(slots=True)
class Cohort:
    """The leads of one period."""

    #: Ordinal of the first day of the period.
    begins: int
    #: Ordinal of each lead's cohort day.
    days: array[int] = field(default_factory=lambda: array("i"))
    #: Role -> per lead: days until it got there.
    taken: dict[str, array[int]] = field(default_factory=dict)
    #: Per lead: 1 when sales rejected or disqualified it.
    declined: array[int] = field(default_factory=lambda: array("b"))
    #: Per lead: 1 when it was touched.
    touched: array[int] = field(default_factory=lambda: array("b"))
    touch_seconds: Sample = field(default_factory=Sample)
    touches: Sample = field(default_factory=Sample)
    scores: Sample = field(default_factory=Sample)


@dataclass(frozen=True, slots=True, kw_only=True)
class Outcome:
    """How many of a cohort got to a role within the window."""

    to: str
    window_days: int
    #: Leads whose window is over.
    mature: int
    converted: int
    #: Leads whose window is not over.
    censored: int
    #: Leads that got there on a day that nobody knows; they count as not converted.
    undated: int

    def row(self) -> dict[str, Any]:
        """Show it."""
        interval = wilson(self.converted, self.mature)
        return {
            "to": self.to,
            "window_days": self.window_days,
            "mature": self.mature,
            "converted": self.converted,
            "censored": self.censored,
            "undated": self.undated,
            "rate": rate(self.converted, self.mature),
            "low": None if interval is None else interval[0],
            "high": None if interval is None else interval[1],
        }


class Cohorts:
    """All cohorts of one report."""

    def __init__(self, reader: Reader, terms: Terms) -> None:
        self._reader, self._terms = reader, terms
        begin = "qualified" if reader.first.get("qualified") is not None else "lead"
        later = WAY[WAY.index(begin) + 1 :]
        #: Roles that cohorts are followed to, in the order of the way.
        self.roles = tuple(role for role in later if reader.first.get(role) is not None)
        self._by_begin: dict[int, Cohort] = {}
        self._outcomes: dict[tuple[int, str], Outcome] = {}
        #: Leads without a cohort day.
        self.undated = 0
        self._last_day = terms.day(terms.as_of).toordinal()

    def __iter__(self) -> Iterator[Cohort]:
        """Give the cohorts in order of time."""
        return iter([self._by_begin[begin] for begin in sorted(self._by_begin)])

    def name(self, cohort: Cohort) -> str:
        """Name a cohort by its period."""
        from_ordinal = self._terms.as_of.date().fromordinal
        return period_of(from_ordinal(cohort.begins), self._terms.period)

    def add(self, found: Passage) -> None:
        """Take one lead; one that is not in any cohort is left out."""
        qualified = self._reader.first.get("qualified")
        if qualified is not None and found.furthest < qualified:
            return
        if found.cohort is None:
            self.undated += 1
            return
        begin = begin_of(found.cohort, self._terms.period).toordinal()
        cohort = self._by_begin.get(begin)
        if cohort is None:
            cohort = self._by_begin[begin] = Cohort(begin, taken={role: array("i") for role in self.roles})
        self._outcomes.clear()
        day = found.cohort.toordinal()
        cohort.days.append(day)
        for role in self.roles:
            cohort.taken[role].append(self._taken(found, role, day))
        self._follow(cohort, found)

    def _taken(self, found: Passage, role: str, day: int) -> int:
        place = self._reader.first[role]
        if place is None or found.furthest < place:
            return _NEVER
        moment = self._reader.moment_of(found, place)
        reached = None if moment is None else self._terms.day(moment)
        if reached is None and role == "customer":
            reached = found.won_on
        return _UNDATED if reached is None else reached.toordinal() - day

    def _follow(self, cohort: Cohort, found: Passage) -> None:
        cohort.declined.append(any(role in ("rejected", "disqualified") for role, _, _ in found.verdicts))
        cohort.touched.append(found.touched_at is not None)
        if found.passed_at is not None:
            cohort.touches.add(sum(found.touches.values()))
            if found.touched_at is not None:
                cohort.touch_seconds.add((found.touched_at - found.passed_at).total_seconds())
        if found.score is not None:
            cohort.scores.add(found.score)

    def outcome(self, cohort: Cohort, role: str) -> Outcome:
        """Say how many got to a role within its window; counted once, when all leads are in."""
        known = self._outcomes.get((cohort.begins, role))
        if known is None:
            known = self._outcomes[cohort.begins, role] = self._counted(cohort, role)
        return known

    def _counted(self, cohort: Cohort, role: str) -> Outcome:
        window = self._terms.windows.get(role, 90)
        mature = converted = undated = 0
        for day, taken in zip(cohort.days, cohort.taken[role], strict=True):
            if day + window > self._last_day:
                continue
            mature += 1
            undated += taken == _UNDATED
            converted += taken > _UNDATED and taken <= window
        return Outcome(
            to=role,
            window_days=window,
            mature=mature,
            converted=converted,
            censored=len(cohort.days) - mature,
            undated=undated,
        )

    def rows(self, *, touched: bool) -> list[dict[str, Any]]:
        """Show all cohorts in order of time; ``touched``: whether touches are recorded at all."""
        return [
            {
                "cohort": self.name(cohort),
                "leads": len(cohort.days),
                "conversions": [self.outcome(cohort, role).row() for role in self.roles],
                "follow_up": {
                    "touched": sum(cohort.touched) if touched else None,
                    "median_seconds": cohort.touch_seconds.at(50),
                    "p90_seconds": cohort.touch_seconds.at(90),
                },
                "median_score": cohort.scores.at(50),
            }
            for cohort in self
        ]
