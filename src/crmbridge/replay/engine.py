"""The run of a replay: leads one by one up to their first hand-off, then reps in the order of time. Pure.

Only leads that wait for a rep depend on each other, so only these are kept, as one decision each; at every
tick they get their reps as a live run gives them, and are walked on. Everything else streams.
"""

from __future__ import annotations

from collections import defaultdict
from collections.abc import Collection, Iterable, Iterator, Mapping, Sequence
from dataclasses import dataclass, field, replace
from datetime import timedelta
from heapq import heappop, heappush
from typing import Final, Protocol

from crmbridge.model import Decision, Lead, Memory
from crmbridge.process import Process, advance, assign, with_rep
from crmbridge.replay.loads import Loads
from crmbridge.replay.past import Past
from crmbridge.replay.tally import Tally
from crmbridge.replay.ticks import Ticks
from crmbridge.replay.walk import Asked, Hand, Track, Walk, Watcher, slim

#: Leads whose past is loaded again at a time.
_PAGE: Final = 500


class Source(Protocol):
    """Where pasts come from. Reading them twice gives the same."""

    def pages(self) -> Iterator[Sequence[Past]]:
        """Give every lead's past, some at a time, in order of lead id."""

    def load(self, lead_ids: Collection[str]) -> Mapping[str, Past]:
        """Give the pasts of some leads."""


@dataclass(slots=True)
class Replayed:
    """What one process did with a period."""

    process: Process
    ticks: Ticks
    tally: Tally
    #: Lead id -> track, of the leads that it passed or handed over.
    tracks: dict[str, Track] = field(default_factory=dict)


class Replayer:
    """Replays one process."""

    def __init__(self, process: Process, source: Source, ticks: Ticks, watch: Watcher | None = None) -> None:
        self._process, self._source, self._ticks = process, source, ticks
        self._watch = watch
        self._loads = Loads()
        self._pointers: Mapping[str, Mapping[str, float]] = {}
        self._asked: defaultdict[int, list[Asked]] = defaultdict(list)
        self._heap: list[int] = []
        self.found = Replayed(process, ticks, Tally(process, ticks))

    def take(self, pasts: Iterable[Past]) -> None:
        """Walk some leads up to their first hand-off, or to the end."""
        for past in pasts:
            self._go_on(Walk(past, self._process, self._ticks), past)

    def finish(self) -> Replayed:
        """Hand out reps, tick by tick, until nobody waits any more."""
        while self._heap:
            place = heappop(self._heap)
            asked = self._asked.pop(place)
            asked.sort(key=_in_turn)
            made = self._given(place, asked)
            for start in range(0, len(asked), _PAGE):
                self._resume(place, asked[start : start + _PAGE], made)
        return self.found

    # one tick ----------------------------------------------------------------------------------------
    def _given(self, place: int, asked: Sequence[Asked]) -> dict[str, Decision]:
        """Hand out reps as a live run does: by qualification, with what everybody was given before."""
        now, owners = self._ticks.at[place], self._ticks.owners_at(place)
        today = self._process.day_began_at(now)
        handed = assign(
            (item.decision for item in asked),
            self._process,
            self._pointers,
            owners,
            loads_day=self._loads.between(today, now),
            loads_30_days=self._loads.between(today - timedelta(days=29), now),
            now=now,
        )
        made: dict[str, Decision] = {}
        picks: list[tuple[str, str]] = []
        for item, found in zip(asked, handed, strict=True):
            made[item.lead_id] = with_rep(item.decision, found, now)
            if found.pool is not None and found.owner is not None:
                picks.append((found.pool, found.owner))
            self._hand(place, item.track, made[item.lead_id])
        if picks:
            self._pointers = advance(self._process, self._pointers, picks, owners=owners, now=now)
        return made

    def _hand(self, place: int, track: Track, decision: Decision) -> None:
        chosen = decision.assignment
        if chosen is None or place < self._ticks.first:
            return
        asked = place if track.asked is None else track.asked
        if chosen.owner is not None:
            hand = Hand(place, chosen.owner, chosen.via, chosen.pool, chosen.territory, asked)
            track.hands.append(hand)
            track.asked = None
            self.found.tally.hand(hand)

    def _resume(self, place: int, asked: Sequence[Asked], made: Mapping[str, Decision]) -> None:
        pasts = self._source.load([item.lead_id for item in asked])
        for item in asked:
            past = pasts[item.lead_id]
            walk = Walk(past, self._process, self._ticks, item.track)
            decision = walk.resume(made[item.lead_id], place)
            self._watched(place, walk.lead, item.before, decision)
            self._go_on(walk, past)

    # one lead ----------------------------------------------------------------------------------------
    def _go_on(self, walk: Walk, past: Past) -> None:
        asked = walk.on(self._watched)
        if asked is not None:
            if asked.place not in self._asked:
                heappush(self._heap, asked.place)
            self._asked[asked.place].append(replace(asked, decision=self._kept(asked.decision)))
            return
        track = walk.track
        self.found.tally.lead(track, past, walk.looked_at)
        if track.passed is not None or track.hands:
            self.found.tracks[track.lead_id] = track

    def _kept(self, decision: Decision) -> Decision:
        return decision if self._watch is not None else slim(decision)

    def _watched(self, place: int, lead: Lead, before: Memory, decision: Decision) -> None:
        self._loads.note(before, decision.memory)
        if self._watch is not None:
            self._watch(place, lead, before, decision)


def _in_turn(item: Asked) -> tuple[bool, float, str]:
    """Sort as the ledger does: who never qualified comes first."""
    at = item.decision.memory.qualified_at
    return at is not None, at.timestamp() if at is not None else 0.0, item.lead_id


def replay(
    processes: Sequence[Process], source: Source, ticks: Ticks, watches: Sequence[Watcher | None] = ()
) -> list[Replayed]:
    """Replay some processes over the same past, reading it once.

    Args:
        watches: Told of every decision, one for each process; empty: nobody is.
    """
    told = watches or (None,) * len(processes)
    made = [Replayer(process, source, ticks, watch) for process, watch in zip(processes, told, strict=True)]
    for page in source.pages():
        for each in made:
            each.take(page)
    return [each.finish() for each in made]
