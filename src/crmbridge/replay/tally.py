"""Counts what a replay finds, lead by lead: how many, for whom, how well, what nobody can say yet. Pure."""

from __future__ import annotations

from collections import Counter
from dataclasses import dataclass, field
from datetime import timedelta
from typing import Final

from crmbridge.metrics.figures import Sample, period_of
from crmbridge.process import Process
from crmbridge.replay.past import Past
from crmbridge.replay.ticks import Ticks
from crmbridge.replay.walk import Hand, Track

#: Bands of the score, in fifths of the threshold; the last is open.
BANDS: Final = 10
#: What a lead may come to, as ``Outcome`` names it without "_at".
OUTCOMES: Final = ("accepted", "converted")


@dataclass(slots=True)
class Judged:
    """How passing agrees with one outcome, over the leads of which it is known."""

    passed_and_so: int = 0
    passed: int = 0
    so: int = 0
    leads: int = 0
    #: Too young to tell: left out.
    censored: int = 0
    censored_passed: int = 0
    #: Band -> leads, and those of them that came to it.
    bands: Counter[int] = field(default_factory=Counter)
    bands_so: Counter[int] = field(default_factory=Counter)


class Tally:
    """Of one process over one period."""

    def __init__(self, process: Process, ticks: Ticks) -> None:
        self._process, self._ticks = process, ticks
        self._end = ticks.at[-1] if ticks.at else None
        self._maturity = timedelta(days=process.parts.metrics.maturity_days)
        self.band_width = max(1.0, process.qualification.threshold / 5)
        self.leads = self.decisions = self.lead_days = 0
        #: Week -> MQLs, and hand-offs.
        self.weeks: Counter[str] = Counter()
        self.handed: Counter[str] = Counter()
        self.ways: Counter[str] = Counter()
        self.owners: Counter[str] = Counter()
        self.territories: Counter[str] = Counter()
        #: (owner, day) -> leads.
        self.owner_days: Counter[tuple[str, str]] = Counter()
        self.near: Counter[str] = Counter()
        self.passed = self.flapped = self.drops = self.unplaced = 0
        #: Seconds that those who waited for a rep longer than a tick waited.
        self.waits = Sample()
        self.judged = {name: Judged() for name in OUTCOMES}
        self.seen_live = self.with_way = self.with_activities = 0

    def hand(self, hand: Hand) -> None:
        """Count one hand-off."""
        at = self._ticks.at[hand.place]
        day = self._process.day(at)
        self.handed[period_of(day, "week")] += 1
        self.owners[hand.owner or ""] += 1
        self.territories[hand.territory or f"({hand.via})"] += 1
        self.owner_days[hand.owner or "", day.isoformat()] += 1
        if hand.asked < hand.place:
            self.waits.add((at - self._ticks.at[hand.asked]).total_seconds())

    def lead(self, track: Track, past: Past, ticks: int) -> None:
        """Count one lead at its end."""
        self.leads += 1
        self.decisions += track.decisions
        self.lead_days += ticks
        self.seen_live += past.known_from is not None
        self.with_way += past.has_way
        self.with_activities += bool(past.lead.activities)
        if track.passed is not None:
            self.passed += 1
            self.weeks[period_of(self._process.day(self._ticks.at[track.passed]), "week")] += 1
            self.ways[track.how or ""] += 1
        elif track.near is not None:
            self.near[track.near] += 1
        self.drops += track.drops
        self.flapped += track.drops > 0 and track.times > 1
        self.unplaced += track.asked is not None
        for name, judged in self.judged.items():
            self._judge(judged, track, past, name)

    def _judge(self, judged: Judged, track: Track, past: Past, name: str) -> None:
        """Count one lead under one outcome, unless it is too young or was so before the period."""
        at = getattr(past.outcome, f"{name}_at")
        if self._end is None or (at is not None and at < self._ticks.at[self._ticks.first]):
            return
        passed = track.passed is not None
        since = self._ticks.at[track.passed] if track.passed is not None else past.began
        if at is None and self._end - since < self._maturity:
            judged.censored += 1
            judged.censored_passed += passed
            return
        came = at is not None
        judged.leads += 1
        judged.passed += passed
        judged.so += came
        judged.passed_and_so += passed and came
        band = max(0, min(BANDS, int(track.best // self.band_width)))
        judged.bands[band] += 1
        judged.bands_so[band] += came
