"""The words *decide* and *plan* of a run: every marked lead, page by page, appended to the ledger.

Two passes. The first decides every lead and plans those that need no rep. The second hands out reps once
per run, in the order of (qualified_at, lead id), and plans the rest: so neither page sizes nor the order
in which records arrived can change who gets what.
"""

from __future__ import annotations

from collections import Counter
from collections.abc import Callable, Collection, Iterable, Iterator, Mapping, Sequence
from dataclasses import replace
from datetime import datetime, timedelta
from typing import Any

from crmbridge.chunks import chunks
from crmbridge.handoff import attachments
from crmbridge.identity import is_live
from crmbridge.mapping import Mapping as CompanyMapping
from crmbridge.mapping import ObjectMap
from crmbridge.model import NO_MEMORY, Conflict, Decision, Lead, Notice, RecordRef, Value
from crmbridge.notices import deliveries, notices_of, quarantined
from crmbridge.object_map import FieldMap
from crmbridge.outbox import Delivery
from crmbridge.plan import PlanContext, plan_lead
from crmbridge.ports import Crm, FieldSchema, Ledger, Planned, Progress, Run, Schema, StoredLead, no_progress
from crmbridge.process import (
    Explanation,
    Process,
    advance,
    assign,
    decide,
    explain,
    with_clocks,
    with_rep,
)
from crmbridge.recording import recorded
from crmbridge.sightings import Sightings
from crmbridge.standing import standing_of
from crmbridge.twins import changer
from crmbridge.unify import OwnerDirectory, unify

_with = changer(Planned)
#: Leads loaded, decided and stored together.
_PAGE = 500


class Deciding:
    """Decides and plans leads of one company at one moment.

    Args:
        mapping: The company's, not fitted to what the CRMs have.
        schemas: What the CRMs have: an object that an account lacks is not written to.
        now: The moment of every decision; the only clock there is.
    """

    def __init__(
        self,
        *,
        process: Process,
        mapping: CompanyMapping,
        crms: Mapping[str, Crm],
        schemas: Mapping[str, Schema],
        ledger: Ledger,
        now: datetime,
        progress: Progress = no_progress,
    ) -> None:
        self.process = process
        self.ledger = ledger
        self.now = now
        self._progress = progress
        #: Field -> leads decided in which it holds something that could not be read.
        self.unreadable: Counter[str] = Counter()
        self._mapping = mapping.offered(schemas)
        self._owners = OwnerDirectory(ledger.owners())
        self._context = _plan_context(process, self._mapping, crms, schemas, self._owners)
        self._stages = tuple(stage.name for stage in process.stages)
        self._sightings = Sightings(ledger)

    @property
    def owners(self) -> OwnerDirectory:
        """Everybody who can own a lead in either CRM."""
        return self._owners

    @property
    def context(self) -> PlanContext:
        """What planning needs to know of the company."""
        return self._context

    def authority(self, name: str) -> str:
        """Say whose value of a field wins."""
        return self._mapping.authority(name)

    def decide(self, run: Run) -> None:
        """Decide every marked lead; those that need a rep are planned without one for now."""
        self.ledger.note_instant(run, self.now, self.process.fingerprint)
        after = ""
        while ids := self.ledger.marked(self.now, after, _PAGE):
            planned = [self._planned(stored) for stored in self.ledger.load(ids)]
            self.ledger.append(run, self._sightings.noted(planned))
            self.ledger.renew(run)
            self._progress("decide leads", len(ids))
            after = ids[-1]

    def assign(self, run: Run) -> None:
        """Hand out reps to the leads that this plan gives to sales, and plan them again with theirs."""
        for page in chunks(self._assigned(run), _PAGE):
            chosen = {decision.lead_id: decision for decision in page}
            loaded = self.ledger.load(list(chosen))
            planned = [self._plan(stored, chosen[stored.id]) for stored in loaded]
            self.ledger.append(run, self._sightings.noted(planned))
            self.ledger.renew(run)

    def explain(self, lead_id: str) -> Explanation:
        """Decide one lead again and say why, what did not match, and what would change it."""
        stored = self.ledger.load([lead_id])[0]
        return explain(self.unify(stored), self.process, stored.memory or NO_MEMORY, self.now)

    def unify(self, stored: StoredLead) -> Lead:
        """Make one lead of a person's records, by the company's field authority."""
        return unify(
            stored,
            owners=self._owners,
            authority=self._mapping.authority,
            same=self._context.same,
            stages=self._stages,
            owner_authority=self.process.owner_authority,
        )

    def _planned(self, stored: StoredLead) -> Planned:
        if stored.quarantined:
            told = Conflict(lead_id=stored.id, kind="quarantined", records=())
            return Planned(
                lead_id=stored.id, decision=None, skipped="quarantined", deliveries=self._alarm(told)
            )
        if (claim := claimed(stored)) is not None:
            listed = () if claim == "duplicate" or stored.conflict is None else (stored.conflict,)
            messages = tuple(item for found in listed for item in self._alarm(found))
            return Planned(
                lead_id=stored.id, decision=None, skipped=claim, conflicts=listed, deliveries=messages
            )
        if not any(is_live(part.record) for part in stored.records):
            return Planned(lead_id=stored.id, decision=None, skipped="deleted")
        lead = self._sightings.of(stored, self.unify(stored))
        if not self.process.covers(lead, self.now):
            return Planned(lead_id=stored.id, decision=None, skipped="out_of_scope")
        self.unreadable.update(lead.unknown)
        return self._recorded(stored, lead, decide(lead, self.process, stored.memory or NO_MEMORY, self.now))

    def _plan(self, stored: StoredLead, decision: Decision) -> Planned:
        lead = self._sightings.of(stored, self.unify(stored))
        if decision.memory.assigned_owner is not None:
            lead = replace(lead, owner=decision.memory.assigned_owner)
            decision = with_clocks(decision, lead, self.process, self.now)
        return self._recorded(stored, lead, decision)

    def _recorded(self, stored: StoredLead, lead: Lead, decision: Decision) -> Planned:
        """Plan one decision, with what it adds to the lead's journey, the list it means and what goes out."""
        planned = plan_lead(stored, lead, decision, self._context)
        made = planned.decision
        if made is None:
            return planned
        more: dict[str, Any] = {}
        if (standing := standing_of(lead, made)) is not None:
            more["standing"] = standing
        if decision.memory is not stored.memory:
            more["entries"] = recorded(stored.memory or NO_MEMORY, decision, lead)
        more |= self._outgoing(stored, lead, made, planned)
        return _with(planned, more) if more else planned

    def _outgoing(
        self, stored: StoredLead, lead: Lead, decision: Decision, planned: Planned
    ) -> dict[str, Any]:
        """Give the note for the rep, and the messages to people."""
        parts = self.process.parts
        found: dict[str, Any] = {}
        if parts.alerts:
            found["deliveries"] = self._messages(notices_of(lead, decision), lead, decision.stage)
        if parts.handoff is not None and _is_given(decision):
            records = [part.record.ref for part in stored.records if is_live(part.record)]
            records += {RecordRef(item.crm, item.object, "") for item in planned.changes if item.id is None}
            notes = attachments(lead, decision, self.process, records, self._owner_id(decision))
            found["attachments"] = notes
        return found

    def _messages(self, told: Iterable[Notice], lead: Lead, stage: str) -> tuple[Delivery, ...]:
        return deliveries(told, lead, stage, self.process, self.now) if self.process.parts.alerts else ()

    def _alarm(self, conflict: Conflict) -> tuple[Delivery, ...]:
        """Tell of a lead that is left alone until a person looks."""
        return self._messages([quarantined(conflict, self.now)], Lead(id=conflict.lead_id), "")

    def _owner_id(self, decision: Decision) -> Callable[[str], str | None]:
        owner = self._owners.get(decision.memory.assigned_owner)
        return lambda crm: owner.id_in(crm) if owner is not None else None

    def _assigned(self, run: Run) -> Iterator[Decision]:
        """Give the plan's candidates with the owner that each of them gets."""
        asked: list[Decision] = []
        today = self.process.day_began_at(self.now)
        handed_out = assign(
            _noted(self.ledger.candidates(run), asked),
            self.process,
            self.ledger.pointers(),
            self._owners.by_key,
            loads_day=self.ledger.loads(today),
            loads_30_days=self.ledger.loads(today - timedelta(days=29)),
            now=self.now,
        )
        for found in handed_out:
            yield with_rep(asked.pop(), found, self.now)


def pointers_after(
    process: Process, ledger: Ledger, run: Run, lead_ids: Collection[str] | None
) -> Mapping[str, Mapping[str, float]]:
    """Say where the round robins stand once these leads have got their reps.

    Args:
        lead_ids: Of the run's plan; None: all of it. Leads that an earlier part of the plan gave their rep
            are not counted again.
    """
    chosen = (found for found in ledger.candidates(run) if lead_ids is None or found.lead_id in lead_ids)
    picks: list[tuple[str, str]] = []
    decided_at: datetime | None = None
    for page in chunks(chosen, _PAGE):
        for found in _not_yet_given(page, ledger):
            decided_at = decided_at or found.decided_at
            pick = found.assignment
            if pick is not None and pick.pool is not None and pick.owner is not None:
                picks.append((pick.pool, pick.owner))
    if not picks:
        return ledger.pointers()
    return advance(process, ledger.pointers(), picks, owners=ledger.owners(), now=decided_at)


def _not_yet_given(decisions: Sequence[Decision], ledger: Ledger) -> list[Decision]:
    """Leave out leads that remember this very assignment."""
    stored = {lead.id: lead.memory for lead in ledger.load([found.lead_id for found in decisions])}
    return [
        found
        for found in decisions
        if (memory := stored.get(found.lead_id)) is None
        or (memory.assigned_owner, memory.assigned_at)
        != (found.memory.assigned_owner, found.memory.assigned_at)
    ]


def _noted(decisions: Iterable[Decision], asked: list[Decision]) -> Iterator[Decision]:
    for decision in decisions:
        asked.append(decision)
        yield decision


def claimed(stored: StoredLead) -> str | None:
    """Say why nobody may act on a lead whose records others claim too; None when that is no question.

    "duplicate": a person said that another of the records is this person's.
    """
    if stored.conflict is None:
        return None
    claimants = " ".join(str(ref) for ref in stored.conflict.records)
    key = (stored.id, "", claimants)
    choices = [item.choice for item in stored.rulings if (item.place, item.field, item.theirs) == key]
    if not choices:
        return "ambiguous_identity"
    return None if choices[0] in {str(part.record.ref) for part in stored.records} else "duplicate"


def _is_given(decision: Decision) -> bool:
    """Tell whether somebody gets the lead with this decision: its rep is known."""
    return decision.handed_off and decision.memory.assigned_owner is not None


class _MappedTarget:
    """One mapped object as planning sees it."""

    def __init__(self, mapped: ObjectMap, fields: Mapping[str, FieldSchema]) -> None:
        self.writable = tuple(item.canonical for item in mapped.fields if item.write)
        self.expresses = mapped.expresses
        known = {item.canonical: fields.get(item.name) for item in mapped.fields}
        self.length = {name: found.length for name, found in known.items() if found is not None}.get
        self._places = {item.canonical: _places(item, known[item.canonical]) for item in mapped.fields}

    def place(self, name: str, value: Value) -> int | None:
        """Give the place of a value in the CRM's own order of options; None when nobody knows."""
        return self._places.get(name, {}).get(value)


def _places(item: FieldMap, field: FieldSchema | None) -> Mapping[Value, int]:
    """Give our value -> its place among the options that the CRM offers."""
    offered = {option.value: place for place, option in enumerate(field.options)} if field else {}
    return {ours: offered[raw] for ours, raw in item.to_raw.items() if raw in offered}


def _plan_context(
    process: Process,
    mapping: CompanyMapping,
    crms: Mapping[str, Crm],
    schemas: Mapping[str, Schema],
    owners: OwnerDirectory,
) -> PlanContext:
    def same(ref: RecordRef, name: str, left: Value, right: Value) -> bool:
        crm = crms.get(ref.crm)  # none where the ledger alone is asked
        return left == right if crm is None else crm.same(ref.object, name, left, right)

    objects = [found for name in crms for found in mapping.objects(name) if _exists(found, schemas)]
    return PlanContext(
        targets={
            (found.crm, found.object): _MappedTarget(found, schemas[found.crm].objects.get(found.object, {}))
            for found in objects
        },
        owners=owners,
        authority=mapping.authority,
        same=same,
        stage_rank={stage.name: index for index, stage in enumerate(process.stages)},
        score_step=mapping.score_step,
        max_undone=process.guards.max_undone,
        watch=timedelta(days=process.guards.watch_days),
        create_salesforce_leads=mapping.create_salesforce_leads,
        create_hubspot_contacts=mapping.create_hubspot_contacts,
        create_fields=mapping.create_fields,
        required=_REQUIRED,
    )


def _exists(mapped: ObjectMap, schemas: Mapping[str, Schema]) -> bool:
    """Tell whether the account has the object: HubSpot's Leads object needs a higher tier."""
    offered = schemas[mapped.crm].objects
    return not offered or mapped.object in offered


#: What a CRM wants on creation and nobody else can know (checked 2026-11-21, Salesforce describe of Lead).
_REQUIRED: Mapping[tuple[str, str], tuple[str, ...]] = {("salesforce", "Lead"): ("last_name", "company")}
