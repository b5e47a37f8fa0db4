"""Decision -> changes: what each record should hold, against what it holds and what we last wrote.

Three values meet at every field: *base* (what we last wrote, or saw when both sides agreed), *theirs*
(what the CRM holds) and *ours* (what the process wants). Ours equals theirs: nothing to do. Theirs equals
base: safe to write. Otherwise somebody changed it after us, and unless the field's authority is ``ours``
that is a conflict: listed, never overwritten.
"""

from __future__ import annotations

from collections.abc import Collection, Iterator, Mapping, Sequence
from dataclasses import dataclass, field
from datetime import timedelta
from typing import Literal, Protocol, TypeAlias

from crmbridge.desired import desired, is_handed_over, reason_for
from crmbridge.identity import is_live
from crmbridge.model import UNSET, Change, Conflict, Decision, Lead, OwnerKind, RecordRef, Unset, Value
from crmbridge.ports import Planned, StoredLead, StoredRecord
from crmbridge.safety import Ruling
from crmbridge.twins import maker
from crmbridge.unify import Authority, OwnerDirectory, Same

_planned = maker(Planned)
_change = maker(Change)
_SCORES = frozenset({"fit_score", "engagement_score", "score"})
#: Written only along with another change of the record: alone they are not worth a call.
_RIDERS = frozenset({"process_version"})

#: Objects whose stage only moves forward: HubSpot takes a backward write and keeps the old stage.
FORWARD_ONLY = frozenset({("hubspot", "contacts")})
#: Conflicts in which there is nothing of ours to write: a person can only say that it may stay as it is.
SET_ASIDE = frozenset({"unknown_value", "missing_for_create", "too_long", "deleted_there"})

#: What to do with one field: write it, note that both sides agree, leave it alone, or list a conflict.
Verdict: TypeAlias = Literal["write", "agreed", "leave", "field", "fight", "unknown_value"]


class Target(Protocol):
    """What planning needs to know of one CRM object: the mapping, seen from here."""

    @property
    def writable(self) -> Collection[str]:
        """Canonical fields that may be written there, in a fixed order."""

    def expresses(self, name: str, value: Value) -> bool:
        """Tell whether the object has a value for ours (HubSpot's lifecycle has none for "recycled")."""

    def length(self, name: str) -> int | None:
        """Give the longest text that a field holds; None when there is no limit or nobody knows."""

    def place(self, name: str, value: Value) -> int | None:
        """Give the place of a value in the CRM's own order of options; None when nobody knows."""


@dataclass(frozen=True, slots=True, kw_only=True)
class PlanContext:
    """Everything about the company that planning needs; the same for all leads of a run."""

    #: (crm, object) -> what may be written there.
    targets: Mapping[tuple[str, str], Target]
    owners: OwnerDirectory
    authority: Authority
    same: Same
    #: Stage name -> its place in the process.
    stage_rank: Mapping[str, int]
    forward_only: frozenset[tuple[str, str]] = FORWARD_ONLY
    #: A score is rewritten when it moved by at least this much: decay moves every score every day.
    score_step: float = 5.0
    #: Somebody put the same value back over ours so often, within so long: we stop writing it.
    max_undone: int = 3
    watch: timedelta = timedelta(days=14)
    #: Create a Salesforce Lead for a lead handed over that exists only in HubSpot.
    create_salesforce_leads: bool = True
    #: Create a HubSpot contact for a lead that exists only in Salesforce.
    create_hubspot_contacts: bool = False
    #: Fields of the person copied into a record that is created, in order.
    create_fields: tuple[str, ...] = ()
    #: Fields that the CRM wants on creation, per (crm, object).
    required: Mapping[tuple[str, str], tuple[str, ...]] = field(default_factory=dict)


def plan_lead(stored: StoredLead, lead: Lead, decision: Decision, context: PlanContext) -> Planned:
    """Find what is to be written for one lead. Pure; the same in gives the same out."""
    plan = _LeadPlan(lead, decision, context, stored.rulings)
    for part in stored.records:
        if is_live(part.record):
            plan.compare(part)
    for place in plan.missing_records(stored):
        plan.create(place)
    return _planned(
        lead_id=stored.id,
        decision=decision,
        changes=tuple(plan.changes),
        conflicts=tuple(plan.conflicts),
        agreed=tuple(plan.agreed),
    )


class _LeadPlan:
    """What one lead's records add up to."""

    def __init__(
        self, lead: Lead, decision: Decision, context: PlanContext, rulings: Sequence[Ruling]
    ) -> None:
        self.rulings = {(item.place, item.field): item for item in rulings}
        self.lead = lead
        self.decision = decision
        self.context = context
        self.wanted = desired(lead, decision)
        self.changes: list[Change] = []
        self.conflicts: list[Conflict] = []
        self.agreed: list[tuple[RecordRef, str, Value]] = []

    def compare(self, part: StoredRecord) -> None:
        """Compare one record with what it should hold, field by field."""
        ref, fields = part.record.ref, part.record.fields
        target = self.context.targets.get((ref.crm, ref.object))
        changes: list[Change] = []
        for name in target.writable if target else ():
            if name not in fields:
                continue
            value = self._want(name)
            if value is UNSET:
                continue
            ours = self._ours(name, value, ref)
            if ours is UNSET:
                continue
            theirs = fields[name]
            verdict = self._ruled(part, name, ours, self._verdict(part, name, ours))
            if verdict == "write":
                changes.append(self._change(ref, name, theirs, ours, part.record.version))
            elif verdict == "agreed":
                if part.base.get(name, UNSET) != theirs:
                    self.agreed.append((ref, name, theirs))
            elif verdict != "leave":
                self._conflict(verdict, name, ref, theirs, ours)
        if any(change.field not in _RIDERS for change in changes):
            self.changes.extend(changes)

    def missing_records(self, stored: StoredLead) -> Iterator[RecordRef]:
        """Name the records that should be created, without an id: a held lead gets none.

        A record that somebody deleted is not made again but listed; neither is one that was converted into
        a record that we do not see.
        """
        live = {
            (part.record.ref.crm, part.record.ref.object) for part in stored.records if is_live(part.record)
        }
        crms = {part.record.ref.crm for part in stored.records}
        if self.decision.held is not None or not live:
            return
        if is_handed_over(self.decision):
            if self.context.create_salesforce_leads:
                self._list_deleted(stored, "salesforce")
                if "salesforce" not in crms:
                    yield RecordRef("salesforce", "Lead", "")
            if ("hubspot", "contacts") in live and ("hubspot", "leads") not in live:
                yield RecordRef("hubspot", "leads", "")
        if self.context.create_hubspot_contacts and "hubspot" not in crms:
            yield RecordRef("hubspot", "contacts", "")

    def _list_deleted(self, stored: StoredLead, crm: str) -> None:
        """List a lead that sales should work and whose record there somebody deleted."""
        there = [part.record for part in stored.records if part.record.ref.crm == crm]
        gone = tuple(record.ref for record in there if record.deleted)
        if gone and not any(is_live(record) for record in there) and not self._is_set_aside(gone):
            self.conflicts.append(Conflict(lead_id=self.lead.id, kind="deleted_there", records=gone))

    def _is_set_aside(self, gone: Sequence[RecordRef]) -> bool:
        return (str(gone[0]), "") in self.rulings

    def create(self, ref: RecordRef) -> None:
        """Plan a new record: the person's data, and everything the process wants it to hold.

        A field that the CRM wants and nobody knows is listed: placeholders are never written.
        """
        target = self.context.targets.get((ref.crm, ref.object))
        if target is None:
            return
        wanted = {name: self._want(name) for name in (*self.context.create_fields, *target.writable)}
        wanted["lead_id"] = self.lead.id
        values = {name: self._ours(name, value, ref) for name, value in wanted.items()}
        missing = [
            name for name in self.context.required.get((ref.crm, ref.object), ()) if not values.get(name)
        ]
        for name in missing:
            self._conflict("missing_for_create", name)
        for name, value in values.items() if not missing else ():
            if value is not None and not isinstance(value, Unset):
                self.changes.append(self._change(ref, name, None, value))

    def _ours(self, name: str, value: Value | Unset, ref: RecordRef) -> Value | Unset:
        """Translate what we want into what this record can hold; UNSET where it cannot."""
        if value is None or isinstance(value, Unset):
            return value
        if name == "owner":
            return self._owner_id(str(value), ref)
        target = self.context.targets[ref.crm, ref.object]
        if not target.expresses(name, value):
            return UNSET
        limit = target.length(name)
        if limit is not None and isinstance(value, str) and len(value) > limit:
            self._conflict("too_long", name, ref if ref.id else None)
            return UNSET
        return value

    def _owner_id(self, key: str, ref: RecordRef) -> Value | Unset:
        """Find the id to write for an owner; UNSET where the object cannot be owned by them."""
        owner = self.context.owners.get(key)
        owner_id = owner.id_in(ref.crm) if owner else None
        if owner is None or owner_id is None or not owner.active_in(ref.crm):
            return UNSET
        is_queue = owner.kind is OwnerKind.QUEUE and ref.crm == "salesforce"
        return UNSET if is_queue and ref.object not in owner.queue_objects else owner_id

    def _verdict(self, part: StoredRecord, name: str, ours: Value) -> Verdict:
        ref, theirs, same = part.record.ref, part.record.fields[name], self.context.same
        if name in part.record.unknown:
            return "unknown_value"
        if theirs == ours or same(ref, name, theirs, ours):
            return "agreed"
        if self._too_little(name, theirs, ours) or self._backward(name, ref, theirs, ours):
            return "leave"
        if self.context.authority(name) == "ours":
            return "write"
        if name in part.base:
            return "write" if same(ref, name, part.base[name], theirs) else "field"
        return "field" if name in part.changed_at or self._adopted(name, ref, theirs) else "write"

    def _ruled(self, part: StoredRecord, name: str, ours: Value, verdict: Verdict) -> Verdict:
        """Follow what a person settled about exactly these two values, and fight nobody for a field."""
        if verdict not in {"write", "field"}:
            return verdict
        ref, theirs = part.record.ref, part.record.fields[name]
        ruling = self._ruling(ref, name, theirs, ours)
        if ruling is not None and ruling.choice == "theirs":
            return "leave"
        if verdict == "write":
            return "fight" if self._is_fought(part, name, theirs) else "write"
        return "field" if ruling is None else "write"

    def _ruling(self, ref: RecordRef, name: str, theirs: Value, ours: Value) -> Ruling | None:
        found = self.rulings.get((str(ref), name))
        if found is None:
            return None
        same = self.context.same
        fits = same(ref, name, found.theirs, theirs) and same(ref, name, found.ours, ours)
        return found if fits else None

    def _is_fought(self, part: StoredRecord, name: str, theirs: Value) -> bool:
        """Tell whether this very value was put back over ours too often of late."""
        undone = part.undone.get(name)
        if undone is None or undone.count < self.context.max_undone:
            return False
        is_recent = self.decision.decided_at - undone.last_at <= self.context.watch
        return is_recent and self.context.same(part.record.ref, name, undone.theirs, theirs)

    def _too_little(self, name: str, theirs: Value, ours: Value) -> bool:
        if name not in _SCORES or not isinstance(theirs, int | float) or not isinstance(ours, int | float):
            return False
        return abs(theirs - ours) < self.context.score_step

    def _backward(self, name: str, ref: RecordRef, theirs: Value, ours: Value) -> bool:
        if name != "stage" or (ref.crm, ref.object) not in self.context.forward_only:
            return False
        # The CRM may have later stages than the process knows: a customer stays one.
        places = [self.context.targets[ref.crm, ref.object].place(name, value) for value in (theirs, ours)]
        if None not in places and places[0] > places[1]:  # type: ignore[operator]  # None was ruled out
            return True
        rank = self.context.stage_rank
        return rank.get(str(theirs), -1) > rank.get(str(ours), -1)

    def _adopted(self, name: str, ref: RecordRef, theirs: Value) -> bool:
        """Tell whether an owner who was there before us stays: somebody who works, and nobody asked."""
        return name == "owner" and self.context.owners.working_person(ref.crm, theirs) is not None

    def _change(self, ref: RecordRef, name: str, old: Value, new: Value, version: str = "") -> Change:
        return _change(
            lead_id=self.lead.id,
            crm=ref.crm,
            object=ref.object,
            id=ref.id or None,
            field=name,
            old=old,
            new=new,
            reason=reason_for(name, self.decision),
            based_on_version=version,
        )

    def _conflict(
        self, kind: str, name: str, ref: RecordRef | None = None, theirs: Value = None, ours: Value = None
    ) -> None:
        records = (ref,) if ref else ()
        place = str(ref) if ref else self.lead.id
        ruling = self.rulings.get((place, name)) if kind in SET_ASIDE else None
        if ruling is not None and (ruling.theirs, ruling.ours) == (theirs, ours):
            return
        self.conflicts.append(
            Conflict(lead_id=self.lead.id, kind=kind, records=records, field=name, theirs=theirs, ours=ours)
        )

    def _want(self, name: str) -> Value | Unset:
        """Give what the process wants; of a field that it says nothing about, what is known of the person."""
        return self.wanted[name] if name in self.wanted else self._person_value(name)

    def _person_value(self, name: str) -> Value | Unset:
        value = self.lead.custom.get(name) if name in self.lead.custom else getattr(self.lead, name, None)
        return UNSET if value is None else value
