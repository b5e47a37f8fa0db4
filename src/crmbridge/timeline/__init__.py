"""The way of one lead, rebuilt from what the CRMs recorded of all its records. Pure.

What is recorded is certain, what follows from something recorded is derived, and what nobody recorded is
unknown: a gap stays a gap. Contradictions are settled by the rules in ``rules.RULES``, each of them listed.
"""

from __future__ import annotations

from collections import Counter
from collections.abc import Iterable, Iterator, Mapping, Sequence
from dataclasses import dataclass, field, replace
from datetime import UTC, datetime, timedelta
from typing import Final

from crmbridge.history import OPPORTUNITY_STAGE, FieldChange, RecordHistory, Source
from crmbridge.identity import is_live
from crmbridge.journey import Entry, EntryKind, Evidence, Journey
from crmbridge.model import Opportunity, RecordRef, StageRole, Value
from crmbridge.ports import StoredLead, StoredRecord
from crmbridge.process import Process
from crmbridge.timeline.milestones import Milestones
from crmbridge.timeline.rules import RULES, TimelineProblem
from crmbridge.timeline.streams import (
    Note,
    StageMerge,
    Step,
    Stream,
    by_authority,
    cleaned,
    covered_since,
    ends_of,
    noting,
    two_owners,
)
from crmbridge.unify import Authority, OwnerDirectory

__all__ = [
    "FIELDS",
    "RULES",
    "Coverage",
    "Timeline",
    "TimelineContext",
    "TimelineProblem",
    "closed_at",
    "rebuild",
]

#: Canonical fields whose past a timeline is made of, and the kind of entry that each of them gives.
FIELDS: Final[Mapping[str, EntryKind]] = {
    "stage": EntryKind.STAGE,
    "status": EntryKind.STATUS,
    "owner": EntryKind.OWNER,
}
REASON: Final = "recycle_reason"
#: Milestones that a company's own date fields may tell of.
_DATES: Final[Mapping[str, EntryKind]] = {
    "qualified_at": EntryKind.QUALIFIED,
    "accepted_at": EntryKind.ACCEPTED,
    "recycled_at": EntryKind.RECYCLED,
}
#: Two tellings of one event lie no further apart: CRMs stamp when they store, we when we decide.
_SAME_EVENT: Final = timedelta(days=1)
#: A stamp and a history entry of the same move.
_SAME_MOVE: Final = timedelta(minutes=1)
#: The order in which what happened at one moment is told.
_ORDER: Final = {kind: index for index, kind in enumerate(EntryKind)}
#: … and in which it is walked through: a verdict's own word comes before the stage that follows from it.
_WALK: Final = {EntryKind.OWNER: 0, EntryKind.STATUS: 1, EntryKind.STAGE: 2}
_HISTORY: Final = {"hubspot": Source.HUBSPOT_HISTORY, "salesforce": Source.SALESFORCE_HISTORY}
_EPOCH: Final = datetime.min.replace(tzinfo=UTC)

#: How far the past of each field of ``FIELDS`` is recorded: certain (whole), derived (in part), unknown.
Coverage = Mapping[str, Evidence]


@dataclass(frozen=True, slots=True, kw_only=True)
class TimelineContext:
    """What is the same for all leads of a company."""

    process: Process
    owners: OwnerDirectory
    authority: Authority
    #: When the histories were read: nothing recorded can be later.
    now: datetime


@dataclass(frozen=True, slots=True, kw_only=True)
class Timeline:
    """A lead's journey, how far it is covered, and what had to be settled."""

    journey: Journey
    coverage: Coverage
    problems: tuple[TimelineProblem, ...] = ()


@dataclass(slots=True)
class _Person:
    """One lead in the making."""

    stored: StoredLead
    histories: Mapping[RecordRef, RecordHistory]
    context: TimelineContext
    note: Note
    problems: list[TimelineProblem]
    born_at: datetime | None = None
    ends: Mapping[RecordRef, datetime] = field(default_factory=dict)


def rebuild(
    stored: StoredLead,
    histories: Mapping[RecordRef, RecordHistory],
    context: TimelineContext,
    own: Sequence[Entry] = (),
    told: Sequence[Entry] = (),
) -> Timeline:
    """Rebuild a lead's way.

    Args:
        stored: The lead with all its records, those that are gone included.
        histories: Past of its records and opportunities; one that is absent was not recorded, or is gone.
        own: What our own ledger recorded live: it counts, and what tells of the same event is left out.
        told: Stages with their moments that a file tells of: they are added to what the CRMs recorded.
    """
    person = _person(stored, histories, context)
    streams = {name: _streams(person, name) for name in (*FIELDS, REASON)}
    entries = list(_field_entries(person, streams))
    entries += _opportunity_entries(person, entries)
    entries.sort(key=_walk_order)
    if told:
        entries = _with_told(entries, told)
    roles = {stage.name: stage.role for stage in context.process.stages}
    milestones = Milestones(roles, _reasons(streams[REASON], told), covered_since(streams["stage"]))
    entries += milestones.of(entries)
    entries += _date_entries(stored, entries)
    if own:
        entries = [*own, *(entry for entry in entries if not _is_told(entry, own))]
    journey = Journey(
        lead_id=stored.id,
        created_at=person.born_at,
        entries=tuple(sorted(entries, key=_order)),
        activities=stored.activities,
        opportunities=stored.opportunities,
    )
    coverage = {name: _coverage(streams[name], person.born_at) for name in FIELDS}
    return Timeline(journey=journey, coverage=coverage, problems=tuple(person.problems))


def count_coverage(coverages: Iterable[Coverage]) -> dict[str, dict[str, int]]:
    """Total how many leads have how much of each field's past."""
    counts: dict[str, Counter[str]] = {name: Counter() for name in FIELDS}
    for coverage in coverages:
        for name, evidence in coverage.items():
            counts[name][evidence.value] += 1
    return {name: {kind.value: found[kind.value] for kind in Evidence} for name, found in counts.items()}


# the person ------------------------------------------------------------------------------------------
def _person(
    stored: StoredLead, histories: Mapping[RecordRef, RecordHistory], context: TimelineContext
) -> _Person:
    problems: list[TimelineProblem] = []
    person = _Person(stored, histories, context, noting(stored.id, problems), problems)
    person.born_at = _born_at(stored, histories)
    converted = {
        part.record.ref: part.record.converted_to for part in stored.records if part.record.converted_to
    }
    person.ends = ends_of(converted, histories)
    for part in stored.records:
        record, history = part.record, histories.get(part.record.ref)
        if record.deleted and record.merged_into is None:
            person.note("deleted", str(record.ref), "", record.modified_at)
        if history is not None and history.merges:
            first = min((at for at in history.merges.values() if at is not None), default=None)
            person.note("merged_histories", str(record.ref), "", first)
    return person


def _born_at(stored: StoredLead, histories: Mapping[RecordRef, RecordHistory]) -> datetime | None:
    """Give when the person's first record was created, as far as any CRM says."""
    found = [history.created_at for part in stored.records if (history := histories.get(part.record.ref))]
    shown = [part.record.fields.get("created_at") for part in stored.records]
    moments = [at for at in (*found, *shown) if isinstance(at, datetime)]
    return min(moments, default=None)


def _streams(person: _Person, name: str) -> list[Stream]:
    found = []
    for part in person.stored.records:
        history = person.histories.get(part.record.ref)
        if history is None:
            continue
        stream = cleaned(
            history,
            name,
            born_at=person.born_at,
            ends_at=person.ends.get(history.ref),
            now=person.context.now,
            note=person.note,
        )
        stream = stream if stream.changes else _unchanged(stream, part, name, history)
        if name == "stage" and history.stamps:
            stream = _stamped(person, stream, history)
        found.append(stream)
    return found


def _unchanged(stream: Stream, part: StoredRecord, name: str, history: RecordHistory) -> Stream:
    """A recorded field without changes always held what it holds; since when, its creation may tell."""
    value = part.record.fields.get(name)
    if stream.since is None or value is None:
        return stream
    is_whole = history.created_at is not None and stream.since <= history.created_at
    at = history.created_at if is_whole else None
    source = _HISTORY.get(history.ref.crm, Source.OTHER)
    return replace(stream, changes=(FieldChange(field=name, value=value, at=at, source=source),))


def _stamped(person: _Person, stream: Stream, history: RecordHistory) -> Stream:
    """Fill in stages of which only a stamp tells."""
    extra = []
    for stamp in history.stamps:
        at = stamp.entered_at
        if at is None:
            continue
        if stamp.left_at is not None and stamp.left_at < at:
            person.note("left_before_entered", str(history.ref), stamp.stage, stamp.left_at)
        told = [change.at for change in stream.changes if change.value == stamp.stage and change.at]
        if told and all(abs(moment - at) > _SAME_MOVE for moment in told):
            person.note("stage_dates_disagree", str(history.ref), stamp.stage, at)
        elif not told:
            change = FieldChange(field="stage", value=stamp.stage, at=at, source=Source.HUBSPOT_STAGE_DATES)
            extra.append(change)
    if not extra:
        return stream
    found = RecordHistory(ref=history.ref, created_at=None, since=history.since, changes=tuple(extra))
    added = cleaned(
        found, "stage", born_at=person.born_at, ends_at=None, now=person.context.now, note=person.note
    )
    # A stamp that is not believed tells nothing that the history would not.
    dated = [change for change in added.changes if change.at is not None]
    changes = sorted((*stream.changes, *dated), key=lambda change: change.at or _EPOCH)
    return replace(stream, changes=tuple(changes))


def _coverage(streams: Sequence[Stream], born_at: datetime | None) -> Evidence:
    since = covered_since(streams)
    if since is None:
        return Evidence.UNKNOWN
    return Evidence.CERTAIN if born_at is None or since <= born_at + _SAME_EVENT else Evidence.DERIVED


# entries ---------------------------------------------------------------------------------------------
def _field_entries(person: _Person, streams: Mapping[str, Sequence[Stream]]) -> Iterator[Entry]:
    context = person.context
    two_owners(streams["owner"], context.owners.key_of, context.now, person.note)
    for name, kind in FIELDS.items():
        steps = list(_steps(context, name, streams[name]))
        yield from (
            _entry(kind, _value(context, name, step), step) for step in steps if step.change.raw is None
        )
        if not steps:
            yield from _standing(person, name, kind)


def _steps(context: TimelineContext, name: str, streams: Sequence[Stream]) -> Iterator[Step]:
    side = context.authority(name)
    if name == "stage" and side not in {"hubspot", "salesforce"}:
        return StageMerge(context.process).steps(streams)
    return by_authority(streams, side)


def _value(context: TimelineContext, name: str, step: Step) -> str | None:
    if name == "owner":
        return context.owners.key_of(step.ref.crm, step.value)
    return None if step.value is None else str(step.value)


def _entry(kind: EntryKind, value: str | None, step: Step) -> Entry:
    change = step.change
    evidence = Evidence.CERTAIN if change.exact else Evidence.DERIVED
    return Entry(
        kind=kind,
        at=change.at,
        value=value,
        evidence=Evidence.UNKNOWN if change.at is None else evidence,
        source=change.source.value,
    )


def _standing(person: _Person, name: str, kind: EntryKind) -> Iterator[Entry]:
    """Where nothing is recorded, what stands there now came at some time."""
    for part in person.stored.records:
        value = part.record.fields.get(name) if is_live(part.record) else None
        if value is not None:
            ref = part.record.ref
            told = person.context.owners.key_of(ref.crm, value) if name == "owner" else str(value)
            yield Entry(kind=kind, at=None, value=told, evidence=Evidence.UNKNOWN, source=ref.crm)
            return


def _opportunity_entries(person: _Person, entries: Sequence[Entry]) -> Iterator[Entry]:
    """An opportunity is there from its creation, and somebody who won is a customer from then on."""
    stages = person.context.process.stages_by_role
    told = {entry.value for entry in entries if entry.kind is EntryKind.STAGE and entry.at is not None}
    standing = [item for item in person.stored.opportunities if not item.deleted]
    begun = min((item.created_at for item in standing if item.created_at is not None), default=None)
    won = [at for item in standing if item.won and (at := closed_at(item, person.histories)) is not None]
    for role, at in ((StageRole.OPPORTUNITY, begun), (StageRole.CUSTOMER, min(won, default=None))):
        stage = stages.get(role)
        if stage is None or at is None or stage.name in told or at > person.context.now:
            continue
        yield Entry(
            kind=EntryKind.STAGE,
            at=at,
            value=stage.name,
            evidence=Evidence.DERIVED,
            source="opportunity",
        )


def closed_at(item: Opportunity, histories: Mapping[RecordRef, RecordHistory]) -> datetime | None:
    """Give when a closed opportunity was closed: recorded, else its close date; None: open, or unknown."""
    if not item.closed:
        return None
    history = histories.get(item.ref)
    for change in reversed(history.changes if history else ()):
        if change.field == OPPORTUNITY_STAGE and change.value == item.raw_stage:
            return change.at
    if item.close_on is None:
        return None
    return datetime(item.close_on.year, item.close_on.month, item.close_on.day, tzinfo=UTC)


def _with_told(entries: Sequence[Entry], told: Sequence[Entry]) -> list[Entry]:
    """Add what a file tells; what a CRM recorded of the same stage counts, from when it records stages on.

    A stage that stands there and that nobody dated came after all that, unless the file dates it.
    """
    stages = [entry for entry in entries if entry.kind is EntryKind.STAGE]
    recorded = {entry.value for entry in stages if entry.at is not None}
    since = min((entry.at for entry in stages if entry.at is not None), default=None)
    news = [
        entry
        for entry in told
        if entry.at is not None and (since is None or entry.at < since or entry.value not in recorded)
    ]
    dated = {entry.value for entry in news}
    last = [entry for entry in stages if entry.at is None and entry.value not in dated]
    rest = [entry for entry in entries if entry.kind is not EntryKind.STAGE or entry.at is not None]
    return [*sorted([*rest, *news], key=_walk_order), *last]


def _reasons(streams: Sequence[Stream], told: Sequence[Entry]) -> list[tuple[datetime, str | None]]:
    changes = [change for stream in streams for change in stream.changes]
    dated = [(change.at, _text(change.value)) for change in changes if change.at is not None]
    dated += [(entry.at, entry.reason) for entry in told if entry.at is not None and entry.reason]
    return sorted(dated, key=lambda pair: pair[0])


def _text(value: Value) -> str | None:
    return value if isinstance(value, str) else None


def _date_entries(stored: StoredLead, entries: Sequence[Entry]) -> Iterator[Entry]:
    """A company's own dates tell of milestones that nothing else dates; what we wrote is no evidence."""
    dated = {entry.kind for entry in entries if entry.at is not None}
    for name, kind in _DATES.items():
        if kind in dated:
            continue
        for part in stored.records:
            value = part.record.fields.get(name)
            if isinstance(value, datetime) and name not in part.base and is_live(part.record):
                source = part.record.ref.crm
                yield Entry(kind=kind, at=value, evidence=Evidence.DERIVED, source=source)
                break


def _is_told(entry: Entry, own: Sequence[Entry]) -> bool:
    """Tell whether the ledger recorded the same event; one of which nobody knows the time is any of them."""
    return any(
        told.kind is entry.kind
        and entry.value in {told.value, None}
        and (entry.at is None or (told.at is not None and abs(told.at - entry.at) <= _SAME_EVENT))
        for told in own
    )


def _walk_order(entry: Entry) -> tuple[datetime, int]:
    return entry.at or _EPOCH, _WALK[entry.kind]


def _order(entry: Entry) -> tuple[datetime, int, str, str]:
    return entry.at or _EPOCH, _ORDER[entry.kind], entry.value or "", entry.source
