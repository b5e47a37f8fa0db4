"""One lead through the moments of a replay, from one hand-off to the next. Pure.

Decided only when something about it changed or when its last decision said it would be due: every other day
is skipped without being looked at.
"""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass, field, fields, replace
from datetime import datetime
from typing import Any, Final, cast

from crmbridge.model import Decision, Lead, Memory, OwnerKind, StageRole
from crmbridge.process import Process, decide, with_clocks
from crmbridge.replay.past import Past, Step
from crmbridge.replay.ticks import Ticks
from crmbridge.seen import OURS, is_acted_on
from crmbridge.twins import open_twin

_OpenLead: Final = open_twin(Lead)
_NAMES: Final = tuple(item.name for item in fields(Lead))
_LEAD: Final = StageRole.LEAD
_QUALIFIED: Final = StageRole.QUALIFIED
_NOTHING: Final = Memory()
_OWNER: Final = frozenset({"owner", "owner_kind", "owner_active"})
_NONE: Final[frozenset[str]] = frozenset()
#: Told of every decision: where, on what lead, from which memory, what came of it.
Watcher = Callable[[int, Lead, Memory, Decision], None]


@dataclass(slots=True)
class Hand:
    """One hand-off."""

    #: Of the tick.
    place: int
    owner: str | None
    via: str
    pool: str | None
    territory: str | None
    #: The tick at which it first waited for a rep.
    asked: int


@dataclass(slots=True)
class Track:
    """What a process did with one lead: all that is kept of it."""

    lead_id: str
    #: When it first passed it by its rules, how, and with which score; None: never.
    passed: int | None = None
    how: str | None = None
    score: float | None = None
    #: How often it became an MQL, and how often one fell below the threshold again.
    times: int = 0
    drops: int = 0
    #: The datum that alone kept it from passing, at some time.
    near: str | None = None
    #: The highest score before it was known how the lead ended.
    best: float = 0.0
    hands: list[Hand] = field(default_factory=list)
    #: Waiting for a rep since; None: it is not.
    asked: int | None = None
    decisions: int = 0


@dataclass(frozen=True, slots=True)
class Asked:
    """A lead that waits for its rep at one tick."""

    lead_id: str
    place: int
    decision: Decision
    track: Track
    #: What the decision started from.
    before: Memory


class Walk:
    """One lead under one process."""

    def __init__(self, past: Past, process: Process, ticks: Ticks, track: Track | None = None) -> None:
        opened: Any = _OpenLead()
        lead = past.lead
        for name in _NAMES:
            setattr(opened, name, getattr(lead, name))
        self._open = opened
        self._past, self._process, self._ticks = past, process, ticks
        self._steps, self._next = past.steps, 0
        self._withheld: list[Step] = []
        self._memory = _NOTHING
        self._ours = False
        #: One past the last tick that it was looked at.
        self._place = 0
        self._due: datetime | None = past.began
        self.track = track or Track(past.lead.id)

    @property
    def looked_at(self) -> int:
        """Count the ticks from the lead's beginning to the end, decided or not."""
        return len(self._ticks.at) - min(self._ticks.place(self._past.began), len(self._ticks.at))

    @property
    def lead(self) -> Lead:
        """Show the lead as it stands; it changes as the walk goes on."""
        return cast("Lead", self._open)

    def resume(self, decision: Decision, place: int) -> Decision:
        """Go on behind a hand-off, with the rep that it got if there was one; gives it with its clocks."""
        self._memory = decision.memory
        self._happened(self._ticks.at[place], place)
        self._memory = decision.memory
        if decision.memory.assigned_owner is not None:
            self._open.owner, self._ours = None, True
            self._show(place)
            decision = with_clocks(decision, self.lead, self._process, self._ticks.at[place])
        self._decided(decision, place)
        return decision

    def on(self, watch: Watcher | None = None) -> Asked | None:
        """Go on to the next decision that needs a rep; None: there is none until the end.

        Args:
            watch: Told of the decisions that need none.
        """
        while (place := self._next_place()) < len(self._ticks.at):
            now = self._ticks.at[place]
            self._happened(now, place)
            self._show(place)
            lead = cast("Lead", self._open)
            if not self._process.covers(lead, now):
                self._place, self._due = place + 1, None
                continue
            before = self._memory
            decision = decide(lead, self._process, before, now)
            self._note(decision, place, before)
            if decision.handed_off:
                self.track.asked = place if self.track.asked is None else self.track.asked
                return Asked(lead.id, place, decision, self.track, before)
            if watch is not None:
                watch(place, lead, before, decision)
            self._decided(decision, place)
        return None

    # time --------------------------------------------------------------------------------------------
    def _next_place(self) -> int:
        """Give the next tick at which something may change."""
        at, ticks = self._due, self._ticks
        if self._next < len(self._steps):
            step_at = self._steps[self._next].at
            at = step_at if at is None or step_at < at else at
        if at is None:
            return len(ticks.at)
        return max(self._place, ticks.place(max(at, self._past.began)))

    def _happened(self, now: datetime, place: int) -> None:
        """Take in what became known up to now."""
        steps = self._steps
        passed = self._sees_sales(place)
        if passed and self._withheld:
            for step in self._withheld:
                self._take(step, place)
            self._withheld.clear()
        while self._next < len(steps) and steps[self._next].at <= now:
            step = steps[self._next]
            self._next += 1
            if step.sales and not passed:
                self._withheld.append(step)
            else:
                self._take(step, place)
            if step.memory is not None and (self._is_exact(place) or self._memory is _NOTHING):
                self._memory = step.memory

    def _sees_sales(self, place: int) -> bool:
        return self._memory.qualified_at is not None or self._is_exact(place)

    def _is_exact(self, place: int) -> bool:
        """Tell whether a live run decided here by this very process."""
        run = self._ticks.runs[place]
        return run is not None and run.process == self._process.fingerprint

    def _take(self, step: Step, place: int) -> None:
        opened = self._open
        # Whom sales had it with really is an outcome: here it is with whom this process gave it to.
        skipped = _OWNER if step.sales and not self._is_exact(place) else _NONE
        for name, value in step.values.items():
            if name not in skipped:
                setattr(opened, name, value)
        if "owner" in step.values and not skipped:
            self._ours = step.values["owner"] == OURS
            opened.owner = None if self._ours else opened.owner

    # what it shows -----------------------------------------------------------------------------------
    def _show(self, place: int) -> None:
        """Let the records show what we wrote there ourselves: the stage we remember, the owner we gave."""
        opened, memory = self._open, self._memory
        if opened.stage is None:
            opened.stage, opened.stage_at = memory.stage, None
        if (self._ours or opened.owner is None) and memory.assigned_owner is not None:
            opened.owner, self._ours = memory.assigned_owner, True
        elif self._ours:
            opened.owner = None
        if opened.owner is not None and (self._ours or opened.owner_kind is None):
            held_by = self._ticks.owners_at(place).get(opened.owner)
            opened.owner_kind = held_by.kind if held_by else None
            opened.owner_active = held_by.active if held_by else None
            if held_by is None and not self._ours:
                opened.owner_kind, opened.owner_active = OwnerKind.PERSON, True

    def _decided(self, decision: Decision, place: int) -> None:
        self._memory, self._due = decision.memory, decision.due_at
        self._place = place + 1
        opened = self._open
        if is_acted_on(opened.stage, opened.stage_at, self._memory):
            opened.stage = opened.stage_at = None

    # what is kept ------------------------------------------------------------------------------------
    def _note(self, decision: Decision, place: int, before: Memory) -> None:
        track = self.track
        track.decisions += 1
        if place < self._ticks.first:
            return
        ended = self._past.outcome.converted_at
        if decision.score > track.best and (ended is None or decision.decided_at < ended):
            track.best = decision.score
        if decision.near_miss is not None:
            track.near = track.near or decision.near_miss
        if decision.qualified_by is not None and decision.memory.qualified_at == decision.decided_at:
            track.times += 1
            if track.passed is None:
                track.passed, track.how, track.score = place, decision.qualified_by, decision.score
        elif decision.role is _LEAD and self._was_mql(before):
            track.drops += 1

    def _was_mql(self, before: Memory) -> bool:
        stage = self._process.stage(before.stage) if before.stage is not None else None
        return stage is not None and stage.role is _QUALIFIED


def slim(decision: Decision) -> Decision:
    """Leave what a hand-off needs: thousands of them wait for their turn."""
    return replace(decision, reasons=(), notices=())
