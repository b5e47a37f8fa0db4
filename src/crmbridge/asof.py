"""A lead as it stood then: the process walked through a journey, moment by moment. Pure.

What people and CRMs recorded is followed as it would have been live. Where nobody ever made a lead an MQL,
the rules may speak: then it is decided at every moment at which something happened, too. What no history
tells (a job title of two years ago) is taken as it stands today.
"""

from __future__ import annotations

from collections import deque
from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass, fields, replace
from datetime import datetime
from math import inf
from operator import attrgetter
from typing import Any, Final, cast

from crmbridge.history import RecordHistory
from crmbridge.journey import TOLD, Entry, EntryKind, Journey
from crmbridge.model import Decision, Lead, LeadStatus, Memory, Opportunity, RecordRef, StageRole
from crmbridge.process import Process, decide
from crmbridge.timeline import closed_at
from crmbridge.twins import open_twin

_OpenLead: Final = open_twin(Lead)
_NAMES: Final = tuple(item.name for item in fields(Lead))
_values: Final = attrgetter(*_NAMES)
# Looked up once, and compared by identity: an enum finds its members and its hash by a call in Python.
_STAGE: Final = EntryKind.STAGE
_STATUS: Final = EntryKind.STATUS
_OWNER: Final = EntryKind.OWNER
_GIVEN_BACK: Final = frozenset({EntryKind.REJECTED, EntryKind.RECYCLED, EntryKind.DISQUALIFIED})
#: Kinds that tell that somebody made the lead an MQL, whenever.
_WAS_MQL: Final = frozenset({EntryKind.QUALIFIED, EntryKind.HANDED_OFF, EntryKind.ACCEPTED})
#: Where the live process lets a recycled lead come back by the rules alone.
_BY_RULES: Final = frozenset({StageRole.LEAD, StageRole.QUALIFIED})
_WAITING: Final = frozenset({StageRole.LEAD, StageRole.RECYCLED})
#: Moments at which time alone may change something, looked at between two things that happened.
_MOST_TIMERS: Final = 50


@dataclass(frozen=True, slots=True, kw_only=True)
class Walked:
    """Where a walk through the past ended."""

    #: As the lead stood at the end.
    lead: Lead
    #: The last one; its memory is the whole past's.
    decision: Decision
    #: Nobody made it an MQL: the rules did.
    by_rules: bool
    #: Nothing is recorded after the end of the walk: things still stand as it says.
    stands: bool


class Walker:
    """Walks leads of one company through their past.

    Args:
        until: Where every walk ends.
        by_rules: Let the rules speak for leads that nobody ever made an MQL.
    """

    def __init__(self, process: Process, until: datetime, *, by_rules: bool) -> None:
        # The clocks of the SLA do not run for the past.
        self._process = Process.of(replace(process.parts, sla=None), fingerprint=process.fingerprint)
        self._recorded = without_rules(self._process)
        self._until = until
        self._by_rules = by_rules

    def walk(
        self, lead: Lead, journey: Journey, histories: Mapping[RecordRef, RecordHistory]
    ) -> Walked | None:
        """Walk one lead; None when it was not there yet at the end.

        Args:
            lead: As it stands today.
        """
        standing = [entry for entry in journey.entries if _is_standing(entry)]
        standing, came_later = _told_first(standing)
        known = self._moments(journey, standing)
        if not known:
            return None
        is_open = self._by_rules and not self._was_mql(journey)
        walk = _Walk(lead, journey, histories, self._process if is_open else self._recorded)
        end = self._until
        decision = walk.through(known, standing, end, timers=is_open)
        later = came_later or any(entry.at is not None and entry.at > end for entry in standing)
        return Walked(
            lead=walk.lead,
            decision=decision,
            by_rules=is_open and decision.memory.qualified_at is not None,
            stands=not later,
        )

    def _was_mql(self, journey: Journey) -> bool:
        first = self._process.first_stage.name
        return any(
            entry.kind in _WAS_MQL or (entry.kind is EntryKind.STAGE and entry.value not in {None, first})
            for entry in journey.entries
        )

    def _moments(self, journey: Journey, standing: Sequence[Entry]) -> list[datetime]:
        """Give the moments at which the lead is decided: when something that counts happened."""
        # Who owned it decides nothing by itself: it is looked at along with the next thing that happens.
        moments = {entry.at for entry in standing if entry.at is not None and entry.kind is not _OWNER}
        if journey.created_at is not None:
            moments.add(journey.created_at)
        for item in journey.opportunities:
            if item.created_at is not None:
                moments.add(item.created_at)
        if self._by_rules:
            moments |= {activity.at for activity in journey.activities}
        return sorted(moment for moment in moments if moment <= self._until)


def without_rules(process: Process) -> Process:
    """Give a process that follows what people do and qualifies nobody by itself."""
    parts = process.parts
    closed = replace(
        parts.qualification,
        threshold=inf,
        manual=False,
        forms=(),
        forms_folded=frozenset(),
        email_engagement=None,
        required=(),
    )
    bare = replace(parts, qualification=closed, fit=(), fit_caps={}, engagement=(), engagement_caps={})
    return Process.of(bare, fingerprint=process.fingerprint)


def _is_standing(entry: Entry) -> bool:
    """Tell whether an entry says how a lead stood; the others follow from these."""
    kind = entry.kind
    return kind is _STAGE or kind is _STATUS or kind is _OWNER


def _told_first(standing: list[Entry]) -> tuple[list[Entry], bool]:
    """Leave out a stage that nobody dated where a file dates others: it came after them, who knows when.

    Returns:
        What is left, and whether there was any.
    """
    if not any(entry.source == TOLD and entry.kind is _STAGE for entry in standing):
        return standing, False
    left = [entry for entry in standing if entry.kind is not _STAGE or entry.at is not None]
    return left, len(left) < len(standing)


class _Walk:
    """One lead on its way."""

    def __init__(
        self,
        lead: Lead,
        journey: Journey,
        histories: Mapping[RecordRef, RecordHistory],
        process: Process,
    ) -> None:
        opened: Any = _OpenLead()
        for name, value in zip(_NAMES, _values(lead), strict=True):
            setattr(opened, name, value)
        opened.status = opened.status_at = opened.status_reason = opened.stage = opened.stage_at = None
        opened.owner = opened.owner_kind = opened.owner_active = None
        self._open = opened
        self._process = process
        self._deals = [(item, closed_at(item, histories)) for item in lead.opportunities]
        self._reasons = _reasons(journey, lead)
        self._memory = _beginning(journey, process)
        self._dated: deque[Entry] = deque()

    @property
    def lead(self) -> Lead:
        """Give the lead as it stands now; it is not walked on after that."""
        self._open.__class__ = Lead
        return cast("Lead", self._open)

    def through(
        self, moments: Sequence[datetime], standing: Sequence[Entry], end: datetime, *, timers: bool
    ) -> Decision:
        """Decide at every moment; gives the last decision."""
        for entry in standing:
            if entry.at is None:
                self._take(entry)
        self._dated = deque(entry for entry in standing if entry.at is not None)
        decision = self._decide(moments[0])
        for moment in moments[1:]:
            if timers:
                decision = self._wait(decision, moment)
            decision = self._decide(moment)
        if timers:
            decision = self._wait(decision, end)
        self._happened(end)
        return decision

    def _decide(self, now: datetime) -> Decision:
        opened = self._open
        # What nobody moved stands where we remember it.
        opened.stage = self._memory.stage or opened.stage
        self._happened(now)
        if self._deals:
            opened.opportunities = tuple(self._deals_at(now))
        decision = decide(cast("Lead", opened), self._process, self._memory, now)
        self._memory = decision.memory
        if decision.handed_off and self._memory.assigned_owner is None:
            # It was in somebody's hands, whose ever: nobody is assigned in the past.
            owner = opened.owner or (decision.assignment and decision.assignment.owner) or "somebody"
            self._memory = replace(self._memory, assigned_owner=owner, assigned_at=now)
            decision = replace(decision, memory=self._memory)
        return decision

    def _happened(self, now: datetime) -> None:
        """Take in what was recorded up to now."""
        dated = self._dated
        while dated and (dated[0].at or now) <= now:
            entry = dated.popleft()
            self._allow(entry)
            self._take(entry)

    def _allow(self, entry: Entry) -> None:
        """What is recorded happened, whether the process would have let it or not.

        Live, a recycled lead comes back by the rules alone; in the past somebody put it back by hand.
        """
        if entry.kind is not _STAGE or self._memory.stage is None:
            return
        before = self._process.stage(self._memory.stage)
        after = self._process.stage(entry.value) if entry.value is not None else None
        was_recycled = before is not None and before.role is StageRole.RECYCLED
        if was_recycled and after is not None and after.role in _BY_RULES:
            self._memory = replace(self._memory, stage=self._process.first_stage.name)

    def _wait(self, decision: Decision, until: datetime) -> Decision:
        """Let time pass: cool-downs end, and a subscription may be long enough."""
        for _ in range(_MOST_TIMERS):
            due = decision.due_at
            if due is None or due >= until or decision.role not in _WAITING:
                break
            decision = self._decide(due)
        return decision

    def _take(self, entry: Entry) -> None:
        opened = self._open
        if entry.kind is _STAGE:
            opened.stage, opened.stage_at = entry.value, entry.at
        elif entry.kind is _OWNER:
            opened.owner = entry.value
            opened.owner_active = True if entry.value is not None else None
        else:
            opened.status = LeadStatus(entry.value) if entry.value is not None else None
            opened.status_at = entry.at
            opened.status_reason = self._reasons.get(entry.at)

    def _deals_at(self, now: datetime) -> Iterator[Opportunity]:
        for item, closing in self._deals:
            if item.created_at is None or item.created_at <= now:
                was_open = item.closed and (closing is None or closing > now)
                yield replace(item, closed=False, won=False) if was_open else item


def _beginning(journey: Journey, process: Process) -> Memory:
    """Begin at the first stage, unless the lead stood elsewhere before anything was recorded."""
    unknown = any(entry.kind is EntryKind.STAGE and entry.at is None for entry in journey.entries)
    return Memory() if unknown else Memory(stage=process.first_stage.name, stage_at=journey.created_at)


def _reasons(journey: Journey, lead: Lead) -> dict[datetime | None, str | None]:
    """Give moment -> reason of the verdict; the one that stands now belongs to the last verdict."""
    verdicts = [entry for entry in journey.entries if entry.kind in _GIVEN_BACK]
    found = {entry.at: entry.reason for entry in verdicts}
    if verdicts and verdicts[-1].reason is None:
        found[verdicts[-1].at] = lead.status_reason
    return found
