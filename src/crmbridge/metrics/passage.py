"""One journey as the report reads it: which steps it reached, on which days, touched when, worth what."""

from __future__ import annotations

from collections import Counter
from dataclasses import dataclass, field
from datetime import date, datetime
from decimal import Decimal
from typing import TypeVar

from crmbridge.journey import Entry, EntryKind, Journey
from crmbridge.metrics.steps import OFF, Outline, Terms
from crmbridge.model import Direction, Opportunity

_Day = TypeVar("_Day", date, datetime)
#: Entries that say as much as a step with this role.
_AS_ROLE = {
    EntryKind.QUALIFIED: "qualified",
    EntryKind.HANDED_OFF: "qualified",
    EntryKind.ACCEPTED: "accepted",
}
_VERDICTS = {
    EntryKind.REJECTED: "rejected",
    EntryKind.RECYCLED: "recycled",
    EntryKind.DISQUALIFIED: "disqualified",
}


@dataclass(slots=True, kw_only=True)
class Passage:
    """What one journey gives to the figures."""

    journey: Journey
    #: Furthest step reached, as a position on the way; -1: none.
    furthest: int = -1
    #: Steps with a record of their own, by name.
    recorded: set[str] = field(default_factory=set)
    #: Per step of the way: the first moment recorded; None: none, or nobody knows when.
    moments: list[datetime | None] = field(default_factory=list)
    #: The step it is in now; None when nobody says.
    current: str | None = None
    #: The first day recorded at all.
    began: date | None = None
    #: The day by which it belongs to a cohort; None: nobody knows.
    cohort: date | None = None
    #: The hand-off, or the qualification where none is recorded: where the follow-up begins.
    passed_at: datetime | None = None
    #: (role off the way, reason, moment) of every verdict.
    verdicts: list[tuple[str, str | None, datetime | None]] = field(default_factory=list)
    #: (day, day) of the beginning and of the win; None where either is unknown or it was not won.
    close_days: int | None = None
    won: bool = False
    won_on: date | None = None
    lost: bool = False
    #: The last day on which something of it was lost; None where nobody knows.
    lost_on: date | None = None
    #: Currency ("" for none) -> amount of what was won.
    revenue: dict[str, Decimal] = field(default_factory=dict)
    #: Touches since the hand-off, by kind.
    touches: Counter[str] = field(default_factory=Counter)
    touched_at: datetime | None = None
    #: The last thing the person did before the hand-off.
    acted_at: datetime | None = None
    score: float | None = None
    answered: bool = False
    #: Opportunities that are older than the lead.
    older: int = 0


class Reader:
    """Reads journeys under one outline and one set of terms."""

    def __init__(self, outline: Outline, terms: Terms) -> None:
        self.way = outline.way
        self.names = {step.name: step.role for step in outline.steps}
        self._place = {step.name: place for place, step in enumerate(self.way)}
        self.first = {step.role: outline.first(step.role) for step in self.way}
        self._terms = terms
        self._last_day = terms.day(terms.as_of)
        self._off = {role: [s.name for s in outline.steps if s.role == role] for role in OFF}

    def read(self, journey: Journey) -> Passage:
        """Read one journey."""
        found = Passage(journey=journey, moments=[None] * len(self.way))
        as_of = self._terms.as_of
        for entry in journey.entries:
            if entry.at is None or entry.at <= as_of:
                self._take(found, entry)
        for opportunity in journey.opportunities:
            if opportunity.created_at is None or opportunity.created_at <= as_of:
                self._follow(found, opportunity)
        self._place_now(found)
        self._date(found)
        self._touch(found)
        return found

    # entries ------------------------------------------------------------------------------------------
    def _take(self, found: Passage, entry: Entry) -> None:
        kind = entry.kind
        if kind is EntryKind.STAGE:
            if entry.value in self._place:
                self._reach(found, self._place[entry.value], entry.at)
            elif entry.value in self.names:
                found.recorded.add(entry.value)
                if self.names[entry.value] == "lost":
                    found.lost = True
                    found.lost_on = None if entry.at is None else self._terms.day(entry.at)
                    found.verdicts.append(("lost", entry.reason, entry.at))
        elif kind in _VERDICTS:
            self._note(found, _VERDICTS[kind], entry)
        elif kind in _AS_ROLE:
            self._reach_role(found, _AS_ROLE[kind], entry.at)
            if kind is EntryKind.QUALIFIED and entry.score is not None:
                found.score = entry.score
            elif kind is EntryKind.HANDED_OFF:
                found.passed_at = _earlier(found.passed_at, entry.at)
            elif kind is EntryKind.ACCEPTED:
                found.answered = True

    def _note(self, found: Passage, role: str, entry: Entry) -> None:
        found.verdicts.append((role, entry.reason, entry.at))
        found.recorded.update(self._off[role][:1])
        found.answered = True

    def _reach(self, found: Passage, place: int, at: datetime | None) -> None:
        found.furthest = max(found.furthest, place)
        found.recorded.add(self.way[place].name)
        found.moments[place] = _earlier(found.moments[place], at)

    def _reach_role(self, found: Passage, role: str, at: datetime | None) -> None:
        place = self.first.get(role)
        if place is not None:
            self._reach(found, place, at)

    def _follow(self, found: Passage, item: Opportunity) -> None:
        """Take an opportunity that began after the person was known; an earlier one is not the lead's."""
        created = found.journey.created_at
        if item.deleted:
            return
        if created and item.created_at and item.created_at.date() < created.date():
            found.older += 1
            return
        place = self.first.get("opportunity")
        if place is not None:
            found.furthest = max(found.furthest, place)
            if item.created_at is not None:
                self._reach(found, place, item.created_at)
        if item.close_on is not None and item.close_on > self._last_day:
            return  # closed later than the moment of the report: open as of then
        if item.won:
            self._win(found, item)
        elif item.closed:
            found.lost = True
            found.lost_on = item.close_on or found.lost_on

    def _win(self, found: Passage, item: Opportunity) -> None:
        found.won = True
        found.won_on = _earlier(found.won_on, item.close_on)
        place = self.first.get("customer")
        if place is not None:
            found.furthest = max(found.furthest, place)
            found.recorded.add(self.way[place].name)
        if item.amount is not None:
            currency = item.amount.currency or ""
            found.revenue[currency] = found.revenue.get(currency, Decimal(0)) + item.amount.amount

    # where and when -----------------------------------------------------------------------------------
    def _place_now(self, found: Passage) -> None:
        moves = [entry for entry in found.journey.entries if entry.kind is EntryKind.STAGE]
        past = [entry.value for entry in moves if entry.at is None or entry.at <= self._terms.as_of]
        # Where it is now says nothing of a moment before its last move.
        told = found.journey.stage if len(past) == len(moves) else None
        now = told if told is not None else (past[-1] if past else None)
        found.current = now if now in self.names else None
        place = self._place.get(now) if now is not None else None
        if place is not None:
            self._reach(found, place, None)

    def _date(self, found: Passage) -> None:
        terms, journey = self._terms, found.journey
        known = [moment for moment in (journey.created_at, *found.moments) if moment is not None]
        found.began = terms.day(min(known)) if known else None
        qualified = self.first.get("qualified")
        if qualified is None:
            found.cohort = found.began
            found.passed_at = found.passed_at or journey.created_at
        elif found.furthest >= qualified:
            moment = self.moment_of(found, qualified)
            found.cohort = terms.day(moment) if moment is not None else None
            found.passed_at = found.passed_at or moment
        self._close(found)
        # Whatever moved it on past the hand-off was an answer of sales.
        found.answered = (
            found.answered or found.lost or (qualified is not None and found.furthest > qualified)
        )

    def _close(self, found: Passage) -> None:
        place = self.first.get("customer")
        if place is not None and found.furthest >= place:
            found.won = True
            moment = self.moment_of(found, place)
            found.won_on = _earlier(found.won_on, None if moment is None else self._terms.day(moment))
        if found.won:
            found.lost = False
        start = self._start(found)
        if found.won_on is not None and start is not None:
            found.close_days = (found.won_on - start).days

    def _start(self, found: Passage) -> date | None:
        name = self._terms.close_from
        if name is None:
            return found.began
        moment = found.moments[self._place[name]]
        return None if moment is None else self._terms.day(moment)

    def moment_of(self, found: Passage, place: int) -> datetime | None:
        """Give the moment a step was reached: its own, else the earliest of a later step."""
        own = found.moments[place]
        if own is not None:
            return own
        later = [moment for moment in found.moments[place + 1 :] if moment is not None]
        return min(later, default=None)

    # follow-up ----------------------------------------------------------------------------------------
    def _touch(self, found: Passage) -> None:
        start = found.passed_at
        if start is None:
            return
        for item in found.journey.activities:
            if item.at < start:
                if item.direction is Direction.INBOUND:
                    found.acted_at = item.at
            elif item.at <= self._terms.as_of and self._terms.is_touch(item):
                found.touched_at = found.touched_at or item.at
                found.touches[item.kind.value] += 1


def _earlier(one: _Day | None, other: _Day | None) -> _Day | None:
    if one is None or other is None:
        return other if one is None else one
    return min(one, other)
