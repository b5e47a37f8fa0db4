"""What a backfill writes: dates, flags and counts of the past, where nobody has put anything newer. Pure."""

from __future__ import annotations

from collections import Counter
from collections.abc import Collection, Iterator, Mapping
from dataclasses import dataclass, field, replace
from datetime import datetime
from typing import Final

from crmbridge.asof import Walked
from crmbridge.desired import desired
from crmbridge.identity import is_live
from crmbridge.model import Change, Lead, Memory, RecordRef, Unset, Value
from crmbridge.plan import PlanContext
from crmbridge.ports import Planned, StoredLead, StoredRecord
from crmbridge.process import Process, decide

#: Fields that hold a moment: written where it lies in the period.
DATES: Final = ("qualified_at", "accepted_at", "recycled_at")
#: Fields that say how things stand: written where nothing is recorded after the period.
STATE: Final = ("is_mql", "is_sal", "recycle_count", "recycle_until", "recycle_reason")
#: Moves, which a backfill only makes when it is asked to.
MOVES: Final = ("stage", "status")


@dataclass(frozen=True, slots=True, kw_only=True)
class Period:
    """What part of the past is written."""

    since: datetime
    until: datetime
    #: Of ``MOVES``: written, too.
    also: frozenset[str] = frozenset()


@dataclass(slots=True)
class Tally:
    """What planning found, beside the plan itself."""

    #: Leads looked at, and leads that get at least one value.
    leads: int = 0
    #: Leads whose MQL is recorded, and those that the rules alone would have passed.
    recorded: int = 0
    by_rules: int = 0
    #: Reason -> leads.
    skipped: Counter[str] = field(default_factory=Counter)
    #: Field -> values left alone because somebody, or a later run, put something else there.
    kept: Counter[str] = field(default_factory=Counter)
    #: Field -> values to be written.
    fields: Counter[str] = field(default_factory=Counter)


class PastPlan:
    """Compares what the past says with what the records hold."""

    def __init__(self, context: PlanContext, period: Period, tally: Tally) -> None:
        self._context = context
        self._period = period
        self._tally = tally

    def plan(self, stored: StoredLead, walked: Walked) -> Planned:
        """Find what is to be written for one lead: existing records only, never an owner."""
        wanted = self._wanted(walked)
        changes = tuple(
            change
            for part in stored.records
            if is_live(part.record)
            for change in self._changes(stored, part, wanted, walked.by_rules)
        )
        self._tally.fields.update(change.field for change in changes)
        return Planned(lead_id=stored.id, decision=None, changes=changes)

    def _wanted(self, walked: Walked) -> dict[str, Value]:
        """Give the values that the past says, as far as the period asks for them."""
        everything = desired(walked.lead, walked.decision)
        since, until = self._period.since, self._period.until
        dated = {
            name: at
            for name in DATES
            if isinstance(at := everything[name], datetime) and since <= at <= until
        }
        standing = [*STATE, *self._period.also] if walked.stands and _touched(walked, since) else []
        found: dict[str, Value] = dict(dated)
        for name in standing:
            value = everything[name]
            if not isinstance(value, Unset):
                found[name] = value
        return found

    def _changes(
        self, stored: StoredLead, part: StoredRecord, wanted: Mapping[str, Value], by_rules: bool
    ) -> Iterator[Change]:
        ref = part.record.ref
        target = self._context.targets.get((ref.crm, ref.object))
        writable: Collection[str] = target.writable if target is not None else ()
        for name in writable:
            if name not in wanted or name not in part.record.fields or target is None:
                continue
            ours = wanted[name]
            if target.expresses(name, ours) and self._is_ours_to_write(stored, part, name, ours):
                yield Change(
                    lead_id=stored.id,
                    crm=ref.crm,
                    object=ref.object,
                    id=ref.id,
                    field=name,
                    old=part.record.fields[name],
                    new=ours,
                    reason="backfill.by_rules" if by_rules else "backfill.recorded",
                    based_on_version=part.record.version,
                )

    def _is_ours_to_write(self, stored: StoredLead, part: StoredRecord, name: str, ours: Value) -> bool:
        """Write where nothing stands, or what an earlier backfill wrote; whatever else is newer."""
        theirs = part.record.fields[name]
        if name not in part.record.unknown and self._same(part.record.ref, name, theirs, ours):
            return False
        if _is_free(part, name, theirs) or self._is_an_earlier_backfill(stored, part, name, theirs):
            return True
        self._tally.kept[name] += 1
        return False

    def _is_an_earlier_backfill(
        self, stored: StoredLead, part: StoredRecord, name: str, theirs: Value
    ) -> bool:
        is_base = name in part.base and self._same(part.record.ref, name, part.base[name], theirs)
        return is_base and not is_decided(stored.memory) and name not in part.record.unknown

    def _same(self, ref: RecordRef, name: str, left: Value, right: Value) -> bool:
        return left == right or self._context.same(ref, name, left, right)


def is_decided(memory: Memory | None) -> bool:
    """Tell whether a run ever decided the lead; the memory of a backfill names no process version."""
    return memory is not None and memory.process_version is not None


def _touched(walked: Walked, since: datetime) -> bool:
    """Tell whether anything of the lead's way lies in the period."""
    memory = walked.decision.memory
    moments = (memory.qualified_at, memory.accepted_at, memory.recycled_at)
    return any(at is not None and at >= since for at in moments)


def _is_free(part: StoredRecord, name: str, theirs: Value) -> bool:
    """Tell whether nothing stands there that anybody put there: a checkbox is False from birth."""
    if name in part.changed_at or name in part.record.unknown or name in part.base:
        return False
    return theirs is None or theirs is False or (name == "recycle_count" and theirs == 0)


def memory_to_keep(walked: Walked, lead: Lead, process: Process, now: datetime) -> Memory | None:
    """Give the memory that the live process goes on with; None where it would see something else.

    Args:
        lead: As it stands today.
    """
    if not walked.stands:
        return None
    past = walked.decision.memory
    is_with_sales = walked.decision.role.value in _WITH_SALES
    owner = lead.owner if is_with_sales else None
    kept = replace(past, assigned_owner=owner, assigned_at=None, why=None, process_version=None)
    found = decide(lead, process, kept, now)
    agrees = found.stage == past.stage and not any(reason.rule == "person.moved" for reason in found.reasons)
    return kept if agrees else None


_WITH_SALES: Final = frozenset({"qualified", "accepted", "sales_qualified", "opportunity"})
