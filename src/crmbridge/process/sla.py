"""What sales promised for a lead, and how far it is kept: due times, touches, the next moment that counts.

Two clocks run until the first touch: ``response`` from the buyer's action, which is what the buyer sees, and
``first_touch`` from the assignment, which is what the rep can be asked for. Touches are outbound activities
by somebody of ours after the assignment, in either CRM. Pure: the same input gives the same state.
"""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from dataclasses import dataclass
from datetime import datetime, timedelta
from operator import attrgetter
from typing import Any, Final, cast

from crmbridge.model import Activity, Direction, Lead, Memory, StageRole
from crmbridge.process.definition import Process
from crmbridge.process.hours import LATEST, ROUND_THE_CLOCK, Clock, due, merged, used
from crmbridge.process.parts import Stage
from crmbridge.process.promises import Sla, Target
from crmbridge.twins import open_twin

#: Roles in which promises about working a lead hold.
WORKED: Final = frozenset({StageRole.QUALIFIED, StageRole.ACCEPTED, StageRole.SALES_QUALIFIED})
#: Promises for whose breach a lead may be taken from the rep.
REPS: Final = frozenset({"first_touch", "acceptance"})
#: Clocks that stand still on the rep's leave, and those that run by the calendar's days.
_due_at: Final = attrgetter("due_at")
_OF_THE_REP: Final = REPS | {"decision"}
_IN_DAYS: Final = frozenset({"touches", "working"})
_DAY: Final = timedelta(days=1)
_DAY_SECONDS: Final = 86_400.0
#: Moments have microseconds: a step is reached at the moment that was given for it.
_ROUNDING_SECONDS: Final = 1e-3
_TICK: Final = timedelta(microseconds=1)
# Looked up once: the class of an enum finds its members by a call in Python.
_OUTBOUND: Final = Direction.OUTBOUND
_INBOUND: Final = Direction.INBOUND
_UNKNOWN: Final = Direction.UNKNOWN
_QUALIFIED: Final = StageRole.QUALIFIED
_ACCEPTED: Final = StageRole.ACCEPTED


@dataclass(frozen=True, slots=True, kw_only=True)
class Promise:
    """One clock of one lead."""

    #: "response", "first_touch", "acceptance", "decision", "touches" or "working".
    name: str
    started_at: datetime
    due_at: datetime
    #: When it was kept, in time or late; None: not yet.
    met_at: datetime | None
    #: What is to happen by now, in order, as long as it is open: "reminder", "escalation", "reassign", and
    #: "end" at the due time; steps that were taken already included.
    reached: tuple[str, ...]
    #: When the next step is to be taken; None: none is, or the clock stands still.
    next_at: datetime | None

    def is_broken(self, now: datetime) -> bool:
        """Tell whether it was not kept in time."""
        return (self.met_at or now) > self.due_at


@dataclass(frozen=True, slots=True, kw_only=True)
class SlaState:
    """How the promises for one lead stand at one moment."""

    #: Name of the target that holds.
    target: str
    promises: tuple[Promise, ...]
    #: Touches since the assignment, and the first of them; None: there is none.
    touches: int
    first_touch_at: datetime | None
    #: The clocks stand still: the lead is held.
    paused: bool
    #: Names of the promises that were not kept in time.
    broken: tuple[str, ...]
    #: The next moment at which something is to happen; None: nothing is.
    next_at: datetime | None


def evaluate(
    lead: Lead, process: Process, memory: Memory, now: datetime, *, stage: Stage | None = None
) -> SlaState | None:
    """Say how the promises of sales for a lead stand.

    Args:
        memory: With the assignment from which the clocks run.
        stage: Where the lead is; None: where the memory has it.

    Returns:
        None where nothing is promised: no ``[sla]``, no target that fits, or nobody was given the lead by us.
    """
    sla, since = process.parts.sla, memory.assigned_at
    if sla is None or since is None:
        return None
    where = stage or process.stages_by_name.get(memory.stage or "")
    if where is None or where.role not in WORKED:
        return None
    target = target_of(lead, process, where, now)
    if target is None:
        return None
    return _Watch(lead, process, memory, now, role=where.role, target=target).state(sla)


def first_open(state: SlaState) -> Promise | None:
    """Give the promise that runs out next, or did first; None when none is open or the clocks stand still."""
    waiting = [] if state.paused else [found for found in state.promises if found.met_at is None]
    return min(waiting, key=_due_at, default=None)


def target_of(lead: Lead, process: Process, stage: Stage, now: datetime) -> Target | None:
    """Find the first target of the file that fits a lead; None when none does."""
    sla = process.parts.sla
    for target in sla.targets if sla is not None else ():
        if target.stages and stage.name not in target.stages:
            continue
        if target.territories and _territory(lead, process) not in target.territories:
            continue
        if target.when.test(lead, now):
            return target
    return None


def clock_of(lead: Lead, process: Process) -> Clock:
    """Find the calendar of a lead: its territory's, its country's, the SLA's own, else round the clock."""
    if process.calendars_by_territory:
        found = process.calendars_by_territory.get(_territory(lead, process) or "")
        if found is not None:
            return found
    found = process.calendars_by_country.get(lead.country or "")
    sla = process.parts.sla
    return found or (sla.calendar if sla is not None else None) or ROUND_THE_CLOCK


def _territory(lead: Lead, process: Process) -> str | None:
    found = process.territory_index.find(lead)
    return found.name if found is not None else None


# touches ---------------------------------------------------------------------------------------------
def touches_of(lead: Lead, sla: Sla, since: datetime, now: datetime) -> list[Activity]:
    """Give the touches by sales from a moment on, in order."""
    found: list[Activity] = []
    for item in reversed(lead.activities):
        if item.at < since:
            break
        if item.at <= now and is_touch(item, sla):
            found.append(item)
    found.reverse()
    return found


def is_touch(item: Activity, sla: Sla) -> bool:
    """Tell whether an activity is an attempt by sales to reach the person.

    Mails that marketing sends have nobody of ours as their owner.
    """
    if item.owner_id is None or item.kind not in sla.channels:
        return False
    return item.direction is _OUTBOUND or (sla.undirected and item.direction is _UNKNOWN)


def has_agreed_touches(target: Target, touches: Sequence[Activity]) -> datetime | None:
    """Give the moment at which the agreed touches were complete; None while some are missing."""
    left = dict(target.touches_by)
    for count, item in enumerate(touches, 1):
        if left.get(item.kind):
            left[item.kind] -= 1
        if count >= (target.touches or 0) and not any(left.values()):
            return item.at
    return None


_OpenPromise: Final = open_twin(Promise)
_OpenState: Final = open_twin(SlaState)


class _Watch:
    """The clocks of one lead; made and thrown away by ``evaluate``."""

    __slots__ = (
        "_away_all", "_away_rep", "_clock", "_lead", "_memory", "_now", "_role", "_since", "_sla", "_soon",
        "_target",
    )  # fmt: skip

    def __init__(
        self, lead: Lead, process: Process, memory: Memory, now: datetime, *, role: StageRole, target: Target
    ) -> None:
        self._lead, self._memory, self._now, self._role, self._target = lead, memory, now, role, target
        self._since = memory.assigned_at or now
        self._clock = clock_of(lead, process)
        self._soon = now + _TICK if now < LATEST else now
        self._away_all = merged(memory.pauses) if memory.pauses else ()
        leave = process.away.get(memory.assigned_owner or "", ()) if process.away else ()
        leave = tuple([span for span in leave if span[1] > self._since]) if leave else ()
        self._away_rep = merged((*self._away_all, *leave)) if leave else self._away_all

    def state(self, sla: Sla) -> SlaState:
        """Total."""
        touches = touches_of(self._lead, sla, self._since, self._now)
        promises = tuple(self._promises(touches, sla))
        moments = [promise.next_at for promise in promises if promise.next_at is not None]
        paused = self._memory.paused_at is not None
        if paused and self._now < LATEST - _DAY:
            moments = [self._now + _DAY]  # a hold may end by itself
        now, made = self._now, cast("Any", _OpenState())
        made.target, made.promises, made.paused = self._target.name, promises, paused
        made.touches, made.first_touch_at = len(touches), touches[0].at if touches else None
        made.broken = tuple([found.name for found in promises if (found.met_at or now) > found.due_at])
        made.next_at = min(moments, default=None)
        made.__class__ = SlaState
        return cast("SlaState", made)

    def _promises(self, touches: Sequence[Activity], sla: Sla) -> Iterator[Promise]:
        target, role, accepted_at, since = self._target, self._role, self._memory.accepted_at, self._since
        if target.response_seconds is not None:
            began = self._acted_at()
            answer = next(iter(touches_of(self._lead, sla, began, self._now)), None)
            yield self._promise("response", began, target.response_seconds, answer.at if answer else None)
        if target.first_touch_seconds is not None:
            first = touches[0].at if touches else None
            yield self._promise("first_touch", since, target.first_touch_seconds, first)
        if target.acceptance_seconds is not None and (role is _QUALIFIED or accepted_at is not None):
            met_at = accepted_at if role is not _QUALIFIED else None
            yield self._promise("acceptance", since, target.acceptance_seconds, met_at)
        if target.decision_seconds is not None and role is _ACCEPTED and accepted_at is not None:
            yield self._promise("decision", accepted_at, target.decision_seconds, None)
        if target.touches_days is not None:
            complete_at = has_agreed_touches(target, touches)
            yield self._promise("touches", since, target.touches_days * _DAY_SECONDS, complete_at)
        if target.working_days is not None:
            yield self._promise("working", since, target.working_days * _DAY_SECONDS, None)

    def _acted_at(self) -> datetime:
        """Give when the buyer acted: the last thing the person did before the lead qualified."""
        qualified_at = min(self._memory.qualified_at or self._since, self._since)
        for item in reversed(self._lead.activities):
            if item.at <= qualified_at and item.direction is _INBOUND:
                return item.at
        return qualified_at

    def _promise(self, name: str, start: datetime, seconds: float, met_at: datetime | None) -> Promise:
        """Look at one clock: the rep's stands still on leave, and days are no working time."""
        clock = self._clock if name not in _IN_DAYS else ROUND_THE_CLOCK
        away = self._away_rep if name in _OF_THE_REP else self._away_all
        base = clock.worked(start)
        # Most spans begin later than the clock ends: a look at the first one tells.
        due_at = clock.at(base + seconds)
        due_at = due(clock, start, seconds, away) if away and away[0][0] < due_at else due_at
        reached: tuple[str, ...] = ()
        next_at = None
        if met_at is None and self._memory.paused_at is None:
            steps = self._target.rep_steps if name in REPS else self._target.steps
            passed = clock.worked(self._now) - base + _ROUNDING_SECONDS
            if away and away[0][0] < self._now:
                passed = used(clock, start, self._now, away) + _ROUNDING_SECONDS
            reached = tuple([step for step, share in steps if share * seconds <= passed])
            if reached and self._overdue(name, reached):
                next_at = self._soon
            elif len(reached) < len(steps):
                left = seconds * steps[len(reached)][1]
                next_at = clock.at(base + left)
                next_at = due(clock, start, left, away) if away and away[0][0] < next_at else next_at
                next_at = next_at if next_at < LATEST else None
        made: Any = _OpenPromise()
        made.name, made.started_at, made.due_at = name, start, due_at
        made.met_at, made.reached, made.next_at = met_at, reached, next_at
        made.__class__ = Promise
        return cast("Promise", made)

    def _overdue(self, name: str, reached: Sequence[str]) -> bool:
        """Tell whether a step that was reached is still to be taken."""
        fired = self._memory.fired
        return any(f"{name}.{step}" not in fired for step in reached)
