"""One field of a person over time: what several records say becomes one sequence of values."""

from __future__ import annotations

from collections.abc import Callable, Iterable, Iterator, Mapping, Sequence
from dataclasses import dataclass, replace
from datetime import datetime, timedelta
from typing import NamedTuple

from crmbridge.history import FieldChange, RecordHistory, in_time
from crmbridge.model import RecordRef, StageRole, Value
from crmbridge.process import Process
from crmbridge.timeline.rules import TimelineProblem

#: For so long two CRMs may show two owners without anybody wondering: connectors take their time.
PATIENCE = timedelta(days=1)
#: Notes a problem: kind, record, what, at.
Note = Callable[[str, str, str, datetime | None], None]


class Step(NamedTuple):
    """One value that the person's field got."""

    change: FieldChange
    ref: RecordRef
    #: It is the first value of its record, not an edit.
    is_first: bool

    @property
    def value(self) -> Value:
        """Give the value."""
        return self.change.value


@dataclass(frozen=True, slots=True)
class Stream:
    """One field of one record."""

    ref: RecordRef
    #: In order of time, cleaned.
    changes: tuple[FieldChange, ...]
    #: From when on it is complete; None: not recorded at all.
    since: datetime | None

    def steps(self) -> Iterator[Step]:
        """Give its changes as steps."""
        for index, change in enumerate(self.changes):
            yield Step(change, self.ref, index == 0)


def noting(lead_id: str, problems: list[TimelineProblem]) -> Note:
    """Give what notes problems of one lead."""

    def note(kind: str, record: str, what: str, at: datetime | None) -> None:
        problems.append(TimelineProblem(lead_id=lead_id, kind=kind, record=record, what=what, at=at))

    return note


#: Fields whose unreadable values are problems, and which.
_UNKNOWN = {"stage": "unknown_stage", "status": "unknown_status"}


def cleaned(
    history: RecordHistory,
    name: str,
    *,
    born_at: datetime | None,
    ends_at: datetime | None,
    now: datetime,
    note: Note,
) -> Stream:
    """Take one field out of a record's past; moments that cannot be are taken away.

    Args:
        born_at: When the person's first record was created.
        ends_at: From when on another record speaks for the person (a conversion); None: never.
        now: When the history was read.
    """
    found: list[FieldChange] = []
    for change in history.changes:
        if change.field != name or (ends_at is not None and change.at is not None and change.at > ends_at):
            continue
        if change.raw is not None:
            note(_UNKNOWN.get(name, "unknown_status"), str(history.ref), name, change.at)
        found.append(_believed(change, history.ref, born_at, now, note))
    return Stream(history.ref, tuple(sorted(found, key=in_time)), history.since.get(name))


def _believed(
    change: FieldChange, ref: RecordRef, born_at: datetime | None, now: datetime, note: Note
) -> FieldChange:
    at = change.at
    if at is None:
        return change
    if at > now:
        note("in_future", str(ref), change.field, at)
        return replace(change, at=None)
    # A day alone is its midnight, which may lie before the creation on that day.
    margin = timedelta(0) if change.exact else timedelta(days=1)
    if born_at is not None and at < born_at - margin:
        note("before_creation", str(ref), change.field, at)
        return replace(change, at=None)
    return change


def by_authority(streams: Sequence[Stream], side: str) -> Iterator[Step]:
    """Let the CRM with the authority speak from when it is recorded; before that, whoever can."""
    mine = [stream for stream in streams if stream.ref.crm == side and stream.since is not None]
    since = min((stream.since for stream in mine if stream.since), default=None)
    if since is None:
        yield from collapsed(merged(streams))
        return
    steps = merged(streams)
    yield from collapsed(
        step
        for step in steps
        if step.ref.crm == side or (step.change.at is not None and step.change.at < since)
    )


def merged(streams: Iterable[Stream]) -> list[Step]:
    """Put the steps of several records in order of time; a record's first value goes before an edit."""
    steps = [step for stream in streams for step in stream.steps()]
    return sorted(steps, key=lambda step: (*in_time(step.change), not step.is_first, step.ref))


def collapsed(steps: Iterable[Step]) -> Iterator[Step]:
    """Leave out what says again what is known: the first who said it counts."""
    last: object = None
    for step in steps:
        value = step.change.raw or step.change.value
        if value == last or (last is not None and step.is_first and step.value is None):
            continue
        last = value
        yield step


class StageMerge:
    """Puts a person's stage together from records that follow each other with some delay.

    The first value of a further record counts only where it is ahead. An edit counts, unless the record
    merely catches up with a stage that the person has passed. A backward edit is one that goes back from
    where its own record stood.
    """

    def __init__(self, process: Process) -> None:
        self._rank = {stage.name: index for index, stage in enumerate(process.stages)}
        self._roles = {stage.name: stage.role for stage in process.stages}
        self._own: dict[RecordRef, Value] = {}
        self._person: Value = None

    def steps(self, streams: Sequence[Stream]) -> Iterator[Step]:
        """Give the person's steps."""
        return collapsed(step for step in merged(streams) if self._counts(step))

    def _counts(self, step: Step) -> bool:
        before, self._own[step.ref] = self._own.get(step.ref), step.value
        if step.change.raw is not None:
            return True
        if self._person is None:
            self._person = step.value
            return True
        if step.value is None or (step.is_first and not self._is_ahead(step.value, self._person)):
            return False
        if not self._is_ahead(step.value, self._person) and self._is_ahead(step.value, before):
            return self._is_back_from_sales(step.value)
        self._person = step.value
        return True

    def _is_ahead(self, value: Value, other: Value) -> bool:
        return self._rank.get(str(value), -1) > self._rank.get(str(other), -1)

    def _is_back_from_sales(self, value: Value) -> bool:
        """Tell whether somebody who was given back comes forward again: a new round, no catching up."""
        off = {StageRole.RECYCLED, StageRole.DISQUALIFIED}
        if self._roles.get(str(self._person)) in off and self._roles.get(str(value)) not in off:
            self._person = value
            return True
        return False


def two_owners(
    streams: Sequence[Stream], key_of: Callable[[str, Value], str | None], now: datetime, note: Note
) -> None:
    """Note each time that both CRMs named another owner for longer than is usual."""
    held: dict[str, str | None] = {}
    apart_since: datetime | None = None
    for step in merged(streams):
        at = step.change.at
        if apart_since is not None and at is not None and at - apart_since > PATIENCE:
            note("two_owners", str(step.ref), "owner", apart_since)
        held[step.ref.crm] = key_of(step.ref.crm, step.value)
        owners = {owner for owner in held.values() if owner is not None}
        apart_since = (apart_since or at) if len(owners) > 1 else None
    if apart_since is not None and now - apart_since > PATIENCE:
        note("two_owners", "", "owner", apart_since)


def covered_since(streams: Iterable[Stream]) -> datetime | None:
    """Give the moment from which on the field is recorded somewhere; None: nowhere."""
    return min((stream.since for stream in streams if stream.since is not None), default=None)


def ends_of(
    converted: Mapping[RecordRef, RecordRef], histories: Mapping[RecordRef, RecordHistory]
) -> dict[RecordRef, datetime]:
    """Give Lead -> when it became a Contact, from when on the Contact speaks."""
    ends: dict[RecordRef, datetime] = {}
    for lead, contact in converted.items():
        heir = histories.get(contact)
        if heir is not None and heir.created_at is not None:
            ends[lead] = heir.created_at + PATIENCE
    return ends
