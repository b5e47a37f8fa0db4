"""Guards over a finished plan: what looks wrong is refused before the first write, with numbers.

A guard that was named in ``allow`` is skipped: overriding is explicit, one guard at a time.
"""

from __future__ import annotations

from collections import Counter
from collections.abc import Collection, Iterator, Mapping
from dataclasses import dataclass, replace
from math import ceil

from crmbridge.errors import GuardFinding, Paused, UnsafePlan
from crmbridge.planfile import PlanHeader
from crmbridge.ports import Crm, Ledger, PlanCounts
from crmbridge.process.parts import Guards

#: To find the records that were just created, to look for the notes, and to make them.
_CALLS_OF_A_NOTE = 3


@dataclass(frozen=True, slots=True, kw_only=True)
class CallEstimate:
    """API calls that carrying out a plan will cost in one CRM, beside the least there can be."""

    rereads: int = 0
    writes: int = 0
    verifies: int = 0
    #: For notes on the records of leads that are handed over.
    notes: int = 0

    @property
    def total(self) -> int:
        """Add them up."""
        return self.rereads + self.writes + self.verifies + self.notes


def estimate(
    counts: PlanCounts,
    crms: Mapping[str, Crm],
    *,
    compare_and_set: bool = False,
    noted: Mapping[str, str] | None = None,
    fields: Collection[str] | None = None,
) -> dict[str, CallEstimate]:
    """Compute the calls of a plan from its counts: every batch full, nothing retried.

    Args:
        compare_and_set: Owners may be written in small conditional batches.
        fields: The fields that are written; None: any, and so those that have to be read back.
        noted: CRM in which a hand-off may leave a note -> an object that it may hang on.
    """
    return {
        name: replace(
            _estimate_one(counts, crm, compare_and_set, fields),
            notes=_note_calls(counts, crm, noted[name]) if noted and name in noted else 0,
        )
        for name, crm in crms.items()
    }


def _note_calls(counts: PlanCounts, crm: Crm, target: str) -> int:
    batches = ceil(counts.handed_off / crm.write_limit(target, create=True, conditional=False))
    return _CALLS_OF_A_NOTE * batches


def calls_to_write(crm: Crm, target: str, records: int, *, create: bool, conditional: bool) -> int:
    """Compute the calls of so many writes of one kind, nothing retried."""
    jobs, bulk = 0, None if conditional else crm.bulk(target)
    if bulk is not None:
        jobs, records = divmod(records, bulk.most)
        if records >= bulk.least:
            jobs, records = jobs + 1, 0
    batches = ceil(records / crm.write_limit(target, create=create, conditional=conditional))
    return batches + (jobs * bulk.calls if bulk is not None else 0)


def _estimate_one(
    counts: PlanCounts, crm: Crm, compare_and_set: bool, fields: Collection[str] | None
) -> CallEstimate:
    updates: Counter[tuple[bool, str]] = Counter()
    verified: Counter[tuple[bool, str, bool]] = Counter()
    writes = 0
    for (first, name, target, create, owner_changed), records in counts.records.items():
        if name != crm.name:
            continue
        conditional = compare_and_set and owner_changed and not create and name == "salesforce"
        writes += calls_to_write(crm, target, records, create=create, conditional=conditional)
        if not create:
            updates[first, target] += records
        checked = crm.verify_fields(target)
        if checked and (fields is None or not checked.isdisjoint(fields)):
            verified[first, target, create] += records
    return CallEstimate(
        rereads=sum(ceil(records / crm.read_limit(place[1])) for place, records in updates.items()),
        writes=writes,
        verifies=sum(ceil(records / crm.read_limit(place[1])) for place, records in verified.items()),
    )


def guard(
    counts: PlanCounts,
    limits: Guards,
    *,
    estimates: Mapping[str, CallEstimate],
    rooms: Mapping[str, int | None],
    allow: Collection[str] = (),
) -> None:
    """Refuse a plan that looks wrong.

    Args:
        rooms: CRM -> API calls that the run may still spend today; None: nobody knows.
        allow: Names of guards to skip.

    Raises:
        UnsafePlan: with every guard that refused, its number, its limit and the counts behind it.
    """
    findings = [
        *_changed_share(counts, limits),
        *_overwrites(counts, limits),
        *_handoffs(counts, limits),
        *_calls(estimates, rooms),
    ]
    refused = [finding for finding in findings if finding.guard not in allow]
    if refused:
        raise UnsafePlan(refused)


def refuse_paused(ledger: Ledger) -> None:
    """Refuse to begin writing while the company is paused; nobody may override that.

    Raises:
        UnsafePlan: nothing was written.
    """
    if (reason := ledger.paused()) is not None:
        raise UnsafePlan([GuardFinding("paused", 1, 0, f"paused: {reason}; crmbridge resume lifts it")])


def stop_if_paused(ledger: Ledger) -> None:
    """Stop a run that is writing: somebody paused the company meanwhile.

    Raises:
        Paused: what was written is kept.
    """
    if (reason := ledger.paused()) is not None:
        raise Paused(f"paused: {reason}; after crmbridge resume the same command goes on")


def refuse_empty(emptied: Collection[tuple[str, str]], allow: Collection[str]) -> None:
    """Refuse to decide on a source that came back empty though it gave rows before.

    Args:
        emptied: (crm, object) pairs that were read whole.
        allow: Names of guards to skip; this one is "empty_source".

    Raises:
        UnsafePlan: nothing was decided.
    """
    if emptied and "empty_source" not in allow:
        places = ", ".join(f"{crm} {object_name}" for crm, object_name in sorted(emptied))
        message = f"empty_source: {places} came back empty, though rows of it are known"
        raise UnsafePlan([GuardFinding("empty_source", 0, 1, message)])


def _changed_share(counts: PlanCounts, limits: Guards) -> Iterator[GuardFinding]:
    changed: dict[tuple[str, str], int] = {}
    for (_, crm, object_name, create, _), records in counts.records.items():
        if not create:
            changed[crm, object_name] = changed.get((crm, object_name), 0) + records
    for (crm, object_name), records in sorted(changed.items()):
        known = counts.known.get((crm, object_name), 0)
        share = records / known if known else 1.0
        if records >= limits.min_changed and share > limits.max_changed_share:
            yield GuardFinding(
                "changed_share",
                round(share, 4),
                limits.max_changed_share,
                f"changed_share: {records} of {known} {crm} {object_name} records would change "
                f"({share:.1%}; the limit is {limits.max_changed_share:.0%})",
            )


def _overwrites(counts: PlanCounts, limits: Guards) -> Iterator[GuardFinding]:
    for (crm, name), count in sorted(counts.overwrites.items()):
        if count > limits.max_overwrites:
            yield GuardFinding(
                "overwrites",
                count,
                limits.max_overwrites,
                f"overwrites: {count} values of {name} in {crm} would be replaced "
                f"(the limit is {limits.max_overwrites})",
            )


def _handoffs(counts: PlanCounts, limits: Guards) -> Iterator[GuardFinding]:
    if counts.handed_off > limits.max_handoffs:
        yield GuardFinding(
            "handoffs",
            counts.handed_off,
            limits.max_handoffs,
            f"handoffs: {counts.handed_off} leads would be handed to sales at once "
            f"(the limit is {limits.max_handoffs})",
        )


def _calls(estimates: Mapping[str, CallEstimate], rooms: Mapping[str, int | None]) -> Iterator[GuardFinding]:
    for crm, calls in sorted(estimates.items()):
        room = rooms.get(crm)
        if room is not None and calls.total > room:
            yield GuardFinding(
                "calls",
                calls.total,
                room,
                f"calls: the plan needs {calls.total} {crm} API calls, this run may spend {room} more today "
                "(overridden, it writes as far as they reach, owners and hand-offs first)",
            )


#: What must be the same when a plan is carried out as when it was made.
_PINNED = ("company", "process_fingerprint", "mapping_fingerprint", "portal_id", "org_id", "change_count")


def refuse_moved_on(made: PlanHeader, today: PlanHeader, ledger: Ledger) -> None:
    """Refuse a plan whose process, mapping, accounts or base are not today's.

    Args:
        made: The plan's header, as it was saved.
        today: The header of the same plan, as the ledger and the company stand now.

    Raises:
        UnsafePlan: with what has changed; make the plan again.
    """
    moved = [name for name in _PINNED if getattr(today, name) != getattr(made, name)]
    if ledger.run(made.run) is None:
        moved.append("the ledger does not know this plan")
    elif ledger.applied_since(made.run):
        moved.append("a later run has written")
    elif ledger.superseded(made.run):
        moved.append("a later run has planned anew")
    if moved:
        message = f"moved_on: since the plan was made: {', '.join(moved)}; make it again"
        raise UnsafePlan([GuardFinding("moved_on", len(moved), 0, message)])
