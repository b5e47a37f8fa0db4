"""Counting passages: the funnel, groups by dimension, periods and verdicts. Flat but for numbers."""

from __future__ import annotations

from collections import Counter, defaultdict
from datetime import date, datetime
from decimal import Decimal
from typing import Any, Final

from crmbridge.metrics.figures import Sample, period_of, rate, tidy
from crmbridge.metrics.passage import Passage, Reader
from crmbridge.metrics.steps import OFF, Outline, Terms

#: Key of a row by dimension -> role on the way that it counts.
_BY_ROLE: Final = {
    "qualified": "qualified",
    "accepted": "accepted",
    "opportunities": "opportunity",
}


class Group:
    """The leads that have one value in one dimension."""

    __slots__ = ("answered", "close_days", "leads", "lost", "passed", "reached", "revenue", "touch", "won")

    def __init__(self, steps: int) -> None:
        self.leads = self.won = self.lost = self.passed = self.answered = 0
        #: Leads whose furthest step on the way is this one.
        self.reached = [0] * steps
        self.revenue: dict[str, Decimal] = {}
        self.close_days = Sample()
        self.touch = Sample()

    def add(self, found: Passage) -> None:
        """Count one lead."""
        self.leads += 1
        self.won += found.won
        self.lost += found.lost
        if found.furthest >= 0:
            self.reached[found.furthest] += 1
        if found.passed_at is not None:
            self.passed += 1
            self.answered += found.answered
            if found.touched_at is not None:
                self.touch.add((found.touched_at - found.passed_at).total_seconds())
        if found.close_days is not None:
            self.close_days.add(found.close_days)
        if found.revenue:
            for currency, amount in found.revenue.items():
                self.revenue[currency] = self.revenue.get(currency, Decimal(0)) + amount

    def at_least(self, place: int | None) -> int | None:
        """Count the leads that reached a step or a further one; None where the company has no such step."""
        return None if place is None else sum(self.reached[place:])


class Tally:
    """All counts of one report."""

    def __init__(self, outline: Outline, terms: Terms, reader: Reader) -> None:
        self._outline, self._terms, self._reader = outline, terms, reader
        self.all = Group(len(outline.way))
        self.groups: dict[str, dict[str | None, Group]] = defaultdict(dict)
        self.current: Counter[str] = Counter()
        self.recorded: Counter[str] = Counter()
        self.verdicts: dict[str, Counter[str]] = {role: Counter() for role in OFF}
        self.periods: dict[str, Counter[str]] = defaultdict(Counter)
        #: Measure -> day -> how many: for quotas.
        self.days: dict[str, Counter[date]] = {"qualified": Counter(), "won": Counter()}
        self.touches: Counter[str] = Counter()
        #: Kind -> activities of any direction at any time.
        self.activities: Counter[str] = Counter()
        self.touch_counts = Sample()
        self.from_action, self.business = Sample(), Sample()
        self.inside = self.judged = 0
        #: Agreed seconds to the first touch -> passed leads under that promise.
        self.agreed: Counter[float] = Counter()
        self.notes: Counter[str] = Counter()

    # what is recorded at all ----------------------------------------------------------------------------
    def has(self, what: str) -> bool:
        """Tell whether anything of a kind is recorded: a count of what nobody records is no figure.

        Args:
            what: "won", "lost", "touched", "feedback", a role off the way, or a key of a period's row.
        """
        roles = set(self._reader.names.values())
        if what in OFF:
            return what in roles or bool(self.verdicts[what])
        if what == "won":
            return "customer" in roles or self.all.won > 0
        if what == "touched":
            return bool(self.activities)
        if what == "feedback":
            return "accepted" in roles or any(self.has(role) for role in OFF if role != "lost")
        if what == "passed":
            return "qualified" in roles or self.all.passed > 0
        if what == "leads":
            return any(counts["leads"] for counts in self.periods.values())
        return _BY_ROLE[what] in roles

    def told(self, what: str, count: int) -> int | None:
        """Give a count of something that is recorded; None of what is not."""
        return count if self.has(what) else None

    def add(self, found: Passage) -> None:
        """Count one lead everywhere."""
        self.all.add(found)
        self._group(found)
        if found.current is None:
            self.notes["without a stage that the report counts"] += 1
        else:
            self.current[found.current] += 1
        self.recorded.update(found.recorded)
        self._count_periods(found)
        self._count_verdicts(found)
        self._follow_up(found)
        self.activities.update(item.kind.value for item in found.journey.activities)
        if found.older:
            self.notes["opportunities older than their lead; not the lead's"] += found.older
        if found.close_days is not None and found.close_days < 0:
            self.notes["won on a day before the time to close begins; counted as it is"] += 1

    def _group(self, found: Passage) -> None:
        dimensions = found.journey.dimensions
        for name in self._terms.dimensions if self._terms.dimensions is not None else dimensions:
            groups, value = self.groups[name], dimensions.get(name)
            group = groups.get(value)
            if group is None:
                group = groups[value] = Group(len(self._outline.way))
            group.add(found)

    # when -----------------------------------------------------------------------------------------------
    def _count_periods(self, found: Passage) -> None:
        if found.journey.created_at is not None:
            self._note("leads", self._terms.day(found.journey.created_at))
        for name, role in _BY_ROLE.items():
            place = self._reader.first.get(role)
            if place is not None and found.furthest >= place:
                day = self._day(self._reader.moment_of(found, place))
                self._note(name, day)
                if name == "qualified" and day is not None:
                    self.days["qualified"][day] += 1
        if found.won:
            self._note("won", found.won_on)
            if found.won_on is not None:
                self.days["won"][found.won_on] += 1

    def _count_verdicts(self, found: Passage) -> None:
        said = {role for role, _, _ in found.verdicts}
        for role, reason, at in found.verdicts:
            self.verdicts[role][reason or ""] += 1
            self._note(role, self._day(at))
        for name in found.recorded:
            # A stage off the way without a verdict of its own is one, without a reason.
            role = self._reader.names[name]
            if role in OFF and role != "lost" and role not in said:
                self.verdicts[role][""] += 1
        if found.lost and "lost" not in said:
            self.verdicts["lost"][""] += 1

    def _day(self, moment: datetime | None) -> date | None:
        return None if moment is None else self._terms.day(moment)

    def _note(self, what: str, day: date | None) -> None:
        self.periods["" if day is None else period_of(day, self._terms.period)][what] += 1

    # follow-up ------------------------------------------------------------------------------------------
    def _follow_up(self, found: Passage) -> None:
        start, end = found.passed_at, found.touched_at
        if start is None:
            return
        self.touches.update(found.touches)
        self.touch_counts.add(sum(found.touches.values()))
        target = None if self._terms.target is None else self._terms.target(found.journey)
        business = self._business(found, start, end or self._terms.as_of)
        if end is not None:
            if found.acted_at is not None:
                self.from_action.add((end - found.acted_at).total_seconds())
            if business is not None:
                self.business.add(business)
        self._judge(target, start, end, business)

    def _business(self, found: Passage, start: datetime, end: datetime) -> float | None:
        return None if self._terms.business is None else self._terms.business(found.journey, start, end)

    def _judge(
        self, target: float | None, start: datetime, end: datetime | None, business: float | None
    ) -> None:
        """Count a lead once its window is over or it was touched; one that still has time is left out."""
        if target is None:
            return
        self.agreed[target] += 1
        taken = business
        if taken is None:
            taken = ((end or self._terms.as_of) - start).total_seconds()
        if end is not None or taken > target:
            self.judged += 1
            self.inside += end is not None and taken <= target

    # rows -----------------------------------------------------------------------------------------------
    def funnel(self) -> list[dict[str, Any]]:
        """Give one row per step."""
        rows = [
            {"stage": step.name, "role": step.role, "reached": self.all.at_least(place)}
            for place, step in enumerate(self._outline.way)
        ]
        rows += [
            {"stage": step.name, "role": step.role, "reached": self.recorded[step.name]}
            for step in self._outline.steps[len(self._outline.way) :]
        ]
        return [
            row | {"recorded": self.recorded[str(row["stage"])], "current": self.current[str(row["stage"])]}
            for row in rows
        ]

    def conversion(self) -> list[dict[str, Any]]:
        """Give every pair of steps on the way."""
        way, reached = self._outline.way, [self.all.at_least(p) for p in range(len(self._outline.way))]
        return [
            {
                "from": way[start].name,
                "to": way[end].name,
                "n": reached[start],
                "converted": reached[end],
                "rate": rate(reached[end], reached[start]),
            }
            for start in range(len(way))
            for end in range(start + 1, len(way))
        ]

    def by(self) -> dict[str, list[dict[str, Any]]]:
        """Give dimension -> rows, the largest group first, the blank one where its size puts it."""
        return {
            name: [
                self._row(value, group) | self._worth(name, value, group) for value, group in _ordered(groups)
            ]
            for name, groups in self.groups.items()
        }

    def _worth(self, name: str, value: str | None, group: Group) -> dict[str, Any]:
        """Set revenue against cost; null where either is not known, or amounts have several currencies."""
        cost = self._terms.costs.get(value or "") if name == "campaign" else None
        nothing = [Decimal(0)] if self.all.revenue and not group.won else []
        amounts = list(group.revenue.values()) or nothing
        gained = float(amounts[0]) - cost if cost is not None and len(amounts) == 1 else None
        return {"cost": cost, "roi": round(gained / cost, 6) if gained is not None and cost else None}

    def _row(self, value: str | None, group: Group) -> dict[str, Any]:
        counts = {key: group.at_least(self._reader.first.get(role)) for key, role in _BY_ROLE.items()}
        won, lost = self.told("won", group.won), self.told("lost", group.lost)
        return {
            "value": value,
            "leads": group.leads,
            **counts,
            "won": won,
            "rate": rate(won, group.leads),
            **money(group.revenue),
            "median_days": group.close_days.at(50),
            "p90_days": group.close_days.at(90),
            "lost": lost,
            "win_rate": win_rate(won, lost),
            "passed": self.told("passed", group.passed),
            "feedback": self.told("feedback", group.answered),
            "touched": self.told("touched", len(group.touch)),
            "median_touch_seconds": group.touch.at(50),
            "p90_touch_seconds": group.touch.at(90),
        }

    def period_rows(self) -> list[dict[str, Any]]:
        """Give what happened in each period, in order; undated events come last, with period null."""
        names = sorted(name for name in self.periods if name) + ([""] if "" in self.periods else [])
        keys = ["leads", *_BY_ROLE, "won", *(role for role in OFF if role != "lost")]
        return [
            {"period": name or None, **{key: self.told(key, self.periods[name][key]) for key in keys}}
            for name in names
        ]


def _ordered(groups: dict[str | None, Group]) -> list[tuple[str | None, Group]]:
    return sorted(groups.items(), key=lambda item: (-item[1].leads, item[0] is None, item[0] or ""))


def win_rate(won: int | None, lost: int | None) -> float | None:
    """Give the share of what was won of what was decided; None where either is not recorded."""
    return None if won is None or lost is None else rate(won, won + lost)


def money(revenue: dict[str, Decimal]) -> dict[str, Any]:
    """Show amounts: one number where there is one currency, and always each currency by itself."""
    single = next(iter(revenue.values())) if len(revenue) == 1 else None
    each = {currency: tidy(amount) for currency, amount in sorted(revenue.items())}
    return {"revenue": tidy(single), "revenue_by_currency": each}
