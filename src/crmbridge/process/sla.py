"""What sales promised for a lead, and how far it is kept: due times, touches, the next moment that counts.

Two clocks run until the first touch: ``response`` from the buyer's action, which is what the buyer sees, and
``first_touch`` from the assignment, which is what the rep can be asked for. Touches are outbound activities
by somebody of ours after the assignment, in either CRM. Pure: the same input gives the same state.
"""

from __future__ import annotations

from collections.abc import Callable, Iterable, Iterator, Sequence
from dataclasses import dataclass
from datetime import datetime, timedelta
from typing import Final

from crmbridge.model import Activity, Direction, Lead, Memory, StageRole
from crmbridge.process.definition import Process
from crmbridge.process.hours import LATEST, ROUND_THE_CLOCK, Clock, Span, due, merged
from crmbridge.process.parts import Stage
from crmbridge.process.promises import Sla, Target

#: Roles in which promises about working a lead hold.
WORKED: Final = frozenset({StageRole.QUALIFIED, StageRole.ACCEPTED, StageRole.SALES_QUALIFIED})
#: Promises for whose breach a lead may be taken from the rep.
REPS: Final = frozenset({"first_touch", "acceptance"})
_DAY: Final = 86_400.0
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
    #: What happens when, in order, as long as it is open: "reminder", "escalation", "reassign", and "end" at
    #: the due time. Empty when it is kept or the clock stands still.
    steps: tuple[tuple[str, datetime], ...] = ()

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
    return None if target is None else _Watch(lead, process, memory, now, where, target, since).state()


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


@dataclass(slots=True)
class _Watch:
    """The clocks of one lead; made and thrown away by ``evaluate``."""

    lead: Lead
    process: Process
    memory: Memory
    now: datetime
    stage: Stage
    target: Target
    since: datetime

    def state(self) -> SlaState:
        """Total."""
        sla = self.process.parts.sla
        touches = touches_of(self.lead, sla, self.since, self.now) if sla is not None else []
        promises = tuple(self._promises(touches, sla)) if sla is not None else ()
        return SlaState(
            target=self.target.name,
            promises=promises,
            touches=len(touches),
            first_touch_at=touches[0].at if touches else None,
            paused=self.memory.paused_at is not None,
            broken=tuple(found.name for found in promises if found.is_broken(self.now)),
            next_at=self._next_at(promises),
        )

    def _promises(self, touches: Sequence[Activity], sla: Sla) -> Iterator[Promise]:
        target, role, accepted_at = self.target, self.stage.role, self.memory.accepted_at
        first = touches[0].at if touches else None
        if target.response_seconds is not None:
            began = self._acted_at()
            answer = next(iter(touches_of(self.lead, sla, began, self.now)), None)
            yield self._working("response", began, target.response_seconds, answer.at if answer else None)
        if target.first_touch_seconds is not None:
            yield self._working("first_touch", self.since, target.first_touch_seconds, first)
        if target.acceptance_seconds is not None and (role is _QUALIFIED or accepted_at is not None):
            met_at = accepted_at if role is not _QUALIFIED else None
            yield self._working("acceptance", self.since, target.acceptance_seconds, met_at)
        if target.decision_seconds is not None and role is _ACCEPTED and accepted_at is not None:
            yield self._working("decision", accepted_at, target.decision_seconds, None)
        if target.asks_touches and target.touches_days is not None:
            yield self._calendar("touches", target.touches_days, has_agreed_touches(target, touches))
        if target.working_days is not None:
            yield self._calendar("working", target.working_days, None)

    def _acted_at(self) -> datetime:
        """Give when the buyer acted: the last thing the person did before the lead qualified."""
        qualified_at = min(self.memory.qualified_at or self.since, self.since)
        for item in reversed(self.lead.activities):
            if item.at <= qualified_at and item.direction is _INBOUND:
                return item.at
        return qualified_at

    def _away(self, name: str) -> Sequence[Span]:
        """Give when a clock stood still: while the lead was held, and the rep's own on the rep's leave."""
        pauses = self.memory.pauses
        leave = self.process.away.get(self.memory.assigned_owner or "", ()) if name != "response" else ()
        if not pauses:
            return leave
        return merged((*pauses, *leave))

    def _working(self, name: str, start: datetime, seconds: float, met_at: datetime | None) -> Promise:
        clock, away = clock_of(self.lead, self.process), self._away(name)

        def moment(share: float) -> datetime:
            return due(clock, start, seconds * share, away)

        return self._promise(name, start, moment(1.0), met_at, moment)

    def _calendar(self, name: str, days: float, met_at: datetime | None) -> Promise:
        pauses = merged(self.memory.pauses)

        def moment(share: float) -> datetime:
            return due(ROUND_THE_CLOCK, self.since, days * share * _DAY, pauses)

        return self._promise(name, self.since, moment(1.0), met_at, moment)

    def _promise(
        self,
        name: str,
        start: datetime,
        due_at: datetime,
        met_at: datetime | None,
        moment: Callable[[float], datetime],
    ) -> Promise:
        steps: list[tuple[str, datetime]] = []
        if met_at is None and self.memory.paused_at is None:
            steps = [(step, moment(share)) for step, share in self._shares(name)]
            steps.append(("end", due_at))
            steps.sort(key=lambda step: step[1])
        return Promise(name=name, started_at=start, due_at=due_at, met_at=met_at, steps=tuple(steps))

    def _shares(self, name: str) -> Iterable[tuple[str, float]]:
        target = self.target
        wanted = [("reminder", target.remind_at), ("escalation", target.escalate_at)]
        if name in REPS:
            wanted.append(("reassign", target.reassign_at))
        return ((step, share) for step, share in wanted if share is not None)

    def _next_at(self, promises: Iterable[Promise]) -> datetime | None:
        """Give the first step that was not taken yet; what is overdue is due at once."""
        if self.memory.paused_at is not None:
            return self.now + timedelta(days=1) if self.now < LATEST - timedelta(days=1) else None
        fired, soon = self.memory.fired, self.now + _TICK if self.now < LATEST else self.now
        moments = [
            max(at, soon)
            for promise in promises
            for step, at in promise.steps
            if at < LATEST and f"{promise.name}.{step}" not in fired
        ]
        return min(moments, default=None)
