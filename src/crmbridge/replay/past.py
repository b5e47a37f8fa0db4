"""What is known of one lead's past, as steps of its inputs: what runs saw, else what was recorded. Pure.

Steps that tell what sales did with a lead are kept apart: a process that has not passed it yet does not see
them, because sales would have had nothing to work on. What became of the lead is judged all the same.
"""

from __future__ import annotations

from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass, field, fields, replace
from datetime import date, datetime, time
from typing import Any, Final
from zoneinfo import ZoneInfo

from crmbridge.journey import Entry, EntryKind, Journey
from crmbridge.model import Lead, LeadStatus, Memory, Opportunity, StageRole
from crmbridge.process import Process
from crmbridge.seen import Instant, Seen, Sight, custom_name, value_of

#: Fields by which sales speaks.
SALES: Final = frozenset(
    "stage stage_at status status_at status_reason owner owner_kind owner_active "
    "opportunities opportunity_owner".split()
)
_GIVEN_BACK: Final = frozenset({EntryKind.REJECTED, EntryKind.RECYCLED, EntryKind.DISQUALIFIED})
#: What is not a person's datum that somebody may have filled in later.
_KEPT: Final = frozenset({"id", "records", "created_at", "activities", "account", "opportunities", "custom"})
_PERSON: Final = tuple(item for item in fields(Lead) if item.name not in SALES | _KEPT)
_OURS: Final = "ledger"


@dataclass(frozen=True, slots=True, kw_only=True)
class Step:
    """What became known of a lead at one moment."""

    at: datetime
    #: Field of ``Lead`` -> value.
    values: Mapping[str, Any]
    #: What sales did: seen by a process that has passed the lead.
    sales: bool = False
    #: What a live run started from here, where that did not follow from its decisions.
    memory: Memory | None = None
    #: The number of the live run that saw it; None: it comes from recorded history.
    run: int | None = None


@dataclass(frozen=True, slots=True, kw_only=True)
class Outcome:
    """What really became of a lead, as far as it is recorded."""

    passed_at: datetime | None = None
    accepted_at: datetime | None = None
    converted_at: datetime | None = None


@dataclass(frozen=True, slots=True, kw_only=True)
class Past:
    """One lead with its past."""

    #: As it was first known, without what sales did.
    lead: Lead
    #: From when on it is decided.
    began: datetime
    #: In order of time.
    steps: tuple[Step, ...] = ()
    outcome: Outcome = field(default_factory=Outcome)
    #: What live runs recorded of their decisions.
    recorded: tuple[Entry, ...] = ()
    #: When a live run saw it first; None: none did. Before that a datum is as it was first known.
    known_from: datetime | None = None
    #: Whether anything at all is recorded of its way.
    has_way: bool = False


@dataclass(frozen=True, slots=True, kw_only=True)
class Making:
    """What is the same for all leads when pasts are made."""

    process: Process
    instants: Mapping[int, Instant] = field(default_factory=dict)
    #: Leave out every datum whose past nobody recorded, instead of taking it as it was first known.
    known_only: bool = False

    def past(self, lead: Lead, journey: Journey, seen: Sequence[tuple[int, Seen]] = ()) -> Past | None:
        """Make one lead's past; None when nobody knows when it began.

        Args:
            lead: As it stands today.
            seen: What live runs saw, with their numbers, in order of time.
        """
        rows = list(self._seen_steps(seen))
        first = rows[0].at if rows else None
        steps = [*self._recorded_steps(lead, journey, first), *rows]
        began = min([at for at in (journey.created_at, *(step.at for step in steps[:1])) if at], default=None)
        if began is None and not journey.activities:
            return None
        base = self._base(lead, rows)
        return Past(
            lead=replace(base, created_at=base.created_at or journey.created_at),
            began=began or journey.activities[0].at,
            steps=tuple(steps),
            outcome=outcome_of(journey, self.process),
            recorded=tuple(item for item in journey.entries if item.source == _OURS),
            known_from=first,
            has_way=any(item.at is not None for item in journey.entries),
        )

    def _base(self, lead: Lead, rows: Sequence[Step]) -> Lead:
        """Give the lead as it was first known, without what sales did."""
        first: dict[str, Any] = dict.fromkeys(SALES) | {"opportunities": ()}
        for step in rows:
            if step.at != rows[0].at:
                break
            first |= {name: value for name, value in step.values.items() if not step.sales}
        first |= dict.fromkeys(SALES) | {"opportunities": (), "activities": lead.activities}
        base = replace(_bare(lead) if rows else lead, **first)
        hidden = self.process.qualification.sales_fields
        return _without(_bare(base) if self.known_only else base, hidden)

    # what live runs saw ------------------------------------------------------------------------------
    def _seen_steps(self, seen: Sequence[tuple[int, Seen]]) -> Iterator[Step]:
        sight = Sight()
        for run, row in seen:
            sight.take(row)
            instant = self.instants.get(run)
            if instant is None:
                continue
            values = _values(row, sight)
            mine = {name: value for name, value in values.items() if name not in SALES}
            theirs = {name: value for name, value in values.items() if name in SALES}
            yield Step(at=instant.at, values=mine, memory=row.memory, run=run)
            if theirs:
                yield Step(at=instant.at, values=theirs, sales=row.passed, run=run)

    # what was recorded -------------------------------------------------------------------------------
    def _recorded_steps(self, lead: Lead, journey: Journey, until: datetime | None) -> Iterator[Step]:
        found = [*self._way(journey), *_deals(lead.opportunities, journey)]
        found.sort(key=lambda step: step.at)
        for step in found:
            if until is None or step.at < until:
                yield step

    def _way(self, journey: Journey) -> Iterator[Step]:
        reasons = {item.at: item.reason for item in journey.entries if item.kind in _GIVEN_BACK}
        roles = {stage.name: stage.role for stage in self.process.stages}
        begun = self._with_sales_at(journey, roles)
        told: dict[str, Any]
        for entry in journey.entries:
            if entry.at is None or entry.source == _OURS:
                continue
            if entry.kind is EntryKind.STAGE:
                out = roles.get(entry.value or "") in {StageRole.LEAD, StageRole.DISQUALIFIED}
                yield Step(at=entry.at, values={"stage": entry.value, "stage_at": entry.at}, sales=not out)
            elif entry.kind is EntryKind.STATUS:
                status = LeadStatus(entry.value) if entry.value is not None else None
                told = {"status": status, "status_at": entry.at, "status_reason": reasons.get(entry.at)}
                yield Step(at=entry.at, values=told, sales=status is not LeadStatus.DISQUALIFIED)
            elif entry.kind is EntryKind.OWNER:
                owned = {"owner": entry.value, "owner_active": True if entry.value else None}
                yield Step(at=entry.at, values=owned, sales=begun is not None and entry.at >= begun)

    def _with_sales_at(self, journey: Journey, roles: Mapping[str, StageRole]) -> datetime | None:
        """Give when sales is first known to have had it."""
        early = {StageRole.LEAD, StageRole.DISQUALIFIED, None}
        moments = [
            entry.at
            for entry in journey.entries
            if entry.at is not None
            and (
                (entry.kind is EntryKind.STAGE and roles.get(entry.value or "") not in early)
                or entry.kind in {EntryKind.QUALIFIED, EntryKind.HANDED_OFF, EntryKind.ACCEPTED}
            )
        ]
        return min(moments, default=None)


def outcome_of(journey: Journey, process: Process) -> Outcome:
    """Give what really became of a lead; the earliest of everything that tells of it."""
    roles = {stage.name: stage.role for stage in process.stages}
    found: dict[StageRole, list[datetime]] = {}
    for entry in journey.entries:
        role = roles.get(entry.value or "") if entry.kind is EntryKind.STAGE else _ROLES.get(entry.kind)
        if role is not None and entry.at is not None:
            found.setdefault(role, []).append(entry.at)
    won = [at for item in journey.opportunities if item.won and not item.deleted and (at := closed(item))]
    accepted = [at for role in _ACCEPTED for at in found.get(role, ())]
    converted = [*found.get(StageRole.CUSTOMER, ()), *won]
    return Outcome(
        passed_at=min(found.get(StageRole.QUALIFIED, ()), default=None),
        accepted_at=min([*accepted, *converted], default=None),
        converted_at=min(converted, default=None),
    )


_ROLES: Final = {
    EntryKind.QUALIFIED: StageRole.QUALIFIED,
    EntryKind.HANDED_OFF: StageRole.QUALIFIED,
    EntryKind.ACCEPTED: StageRole.ACCEPTED,
}
_ACCEPTED: Final = (StageRole.ACCEPTED, StageRole.SALES_QUALIFIED, StageRole.OPPORTUNITY)


def closed(item: Opportunity) -> datetime | None:
    """Give the moment of closing, as far as the opportunity says: the end of its day in UTC."""
    if not item.closed or item.close_on is None:
        return None
    return end_of(item.close_on, ZoneInfo("UTC"))


def end_of(day: date, zone: ZoneInfo) -> datetime:
    """Give the last second of a day."""
    return datetime.combine(day, time(23, 59, 59), zone).astimezone(ZoneInfo("UTC"))


def _deals(opportunities: Sequence[Opportunity], journey: Journey) -> Iterator[Step]:
    """Let opportunities come and close when they did; one without a time of creation is not invented."""
    dated = [item for item in opportunities if item.created_at is not None and not item.deleted]
    moments = {item.created_at for item in dated} | {closed(item) for item in dated}
    born = journey.created_at
    for at in sorted(moment for moment in moments if moment is not None):
        there = tuple(_as_of(item, at) for item in dated if item.created_at and item.created_at <= at)
        yield Step(at=at, values={"opportunities": there}, sales=born is None or at >= born)


def _as_of(item: Opportunity, at: datetime) -> Opportunity:
    end = closed(item)
    return replace(item, closed=False, won=False) if item.closed and (end is None or end > at) else item


def _values(row: Seen, sight: Sight) -> dict[str, Any]:
    """Give what changed as fields of ``Lead``."""
    found: dict[str, Any] = {}
    for name, value in row.values.items():
        if custom_name(name) is None:
            found[name] = value_of(name, value)
    if len(found) < len(row.values):
        own = {key: value for name, value in sight.values.items() if (key := custom_name(name))}
        found["custom"] = own
    if row.added or row.dropped:
        found["activities"] = sight.in_time()
    if row.account is not None:
        found["account"] = row.account[0]
    if row.opportunities is not None:
        found["opportunities"] = row.opportunities
    return found


def _bare(lead: Lead) -> Lead:
    """Leave out every datum of the person that may have been filled in later."""
    nothing: dict[str, Any] = {item.name: item.default for item in _PERSON}
    return replace(lead, **nothing, custom={}, account=None)


def _without(lead: Lead, hidden: Sequence[str]) -> Lead:
    """Leave out what sales fills in after the hand-off: it would foretell what it follows from."""
    if not hidden:
        return lead
    own = {name: value for name, value in lead.custom.items() if name not in hidden}
    known: dict[str, Any] = {item.name: item.default for item in _PERSON if item.name in hidden}
    return replace(lead, custom=own, **known)
