"""G6 and G7: from rows to a plan, with the ledger in one CRM, and in memory over two."""

from __future__ import annotations

import gc
from collections import defaultdict
from collections.abc import Callable, Iterable, Mapping, Sequence
from contextlib import ExitStack
from dataclasses import dataclass, replace
from time import process_time
from typing import Any

import msgspec

from benchmarks import company
from benchmarks.company import NOW, UNREACHABLE
from benchmarks.measure import Line, Timed, gated, interleaved
from benchmarks.pages import HUBSPOT_ROWS, SALESFORCE_ROWS, TEMPLATES, HubSpotPages, SalesforcePages
from benchmarks.server import Served, serving
from crmbridge.adapters.hubspot.activities import summaries
from crmbridge.adapters.hubspot.answers import DECODERS, Rows
from crmbridge.adapters.hubspot.read import to_record as hubspot_record
from crmbridge.adapters.hubspot.values import same as hubspot_same
from crmbridge.adapters.hubspot.write import from_change as to_hubspot
from crmbridge.adapters.salesforce.client import QueryPage
from crmbridge.adapters.salesforce.read import to_record as salesforce_record
from crmbridge.adapters.salesforce.write import from_change as to_salesforce
from crmbridge.adapters.salesforce.write import same as salesforce_same
from crmbridge.bridge import Bridge
from crmbridge.identity import resolve
from crmbridge.mapping import Mapping as CompanyMapping
from crmbridge.mapping import ObjectMap
from crmbridge.model import (
    NO_MEMORY,
    Activity,
    Change,
    Memory,
    Owner,
    OwnerKind,
    Record,
    RecordRef,
    Value,
    Write,
)
from crmbridge.plan import PlanContext, plan_lead
from crmbridge.ports import Planned, StoredLead, StoredRecord
from crmbridge.process import decide
from crmbridge.unify import OwnerDirectory, unify

#: Figures of the goals in µs were set where U was this (facts of 2026-11).
_U_THEN = 6.2
#: Rounds that ``interleaved`` runs at most, and the one before them.
_MOST_ROUNDS = 11
#: Leads that a run decides together.
_PAGE = 500


# G6 --------------------------------------------------------------------------------------------------
def one_crm(*, quick: bool) -> list[Line]:
    """G6: fetch, decode, normalise, bind, decide, compare, ledger; nothing to write."""
    total = 400 if quick else 4000
    with serving(total) as served:
        _settle(served)
        first, again = Timed(), Timed()
        works: Mapping[str, Callable[[], int]] = {}
        rounds = 1 if quick else 5
        runs = _OneCrm(served, total)
        works = {"first": runs.first, "again": runs.again, "idle": runs.unchanged}
        page = HubSpotPages(HUBSPOT_ROWS).answer(0)
        timed, _ = interleaved(works, page=page, rows=HUBSPOT_ROWS, rounds=rounds)
        runs.close()
    first, again, idle = timed["first"], timed["again"], timed["idle"]
    return [
        gated("G6", "one CRM, a first run with nothing to write", first.u, 6.0, "U"),
        Line(goal="G6", what="… the same", figure=first.text(), limit="<= 40 µs on a quiet machine"),
        gated("G6", "one CRM, every row changed since, nothing to write", again.u, 6.0, "U"),
        Line(goal="G6", what="… the same", figure=again.text(), limit="<= 40 µs on a quiet machine"),
        Line(goal="G6", what="… every row read again, none changed (--full)", figure=idle.text()),
    ]


class _OneCrm:
    """Runs of one company: each work leaves behind what the next one needs."""

    def __init__(self, served: Served, total: int) -> None:
        self._served, self._total = served, total
        self._generation = 1
        self._stack = ExitStack()
        # Opened before the clock runs: an empty ledger and two SDKs are no lead's cost.
        self._ready = [self._opened() for _ in range(_MOST_ROUNDS)]

    def _opened(self) -> Bridge:
        crms = {"hubspot": company.hubspot(self._served.url)}
        return self._stack.enter_context(company.bridge(crms, threshold=UNREACHABLE))

    def first(self) -> int:
        """Plan with an empty ledger."""
        self.bridge = self._ready.pop()
        return self._planned()

    def again(self) -> int:
        """Plan when every row has another city and another stamp."""
        self._generation += 1
        self._served.set(
            settled=_settled_rows(self._served), generation=self._generation, contacts=self._total
        )
        return self._planned(full=True)

    def unchanged(self) -> int:
        """Read everything again, and decide again what no run has carried out."""
        return self._planned(full=True)

    def _planned(self, *, full: bool = False) -> int:
        plan = self.bridge.plan(NOW, full=full, allow=_EMPTY)
        changes = plan.counts.changes
        assert not changes, f"{changes} changes where there is nothing to write"
        assert plan.counts.decided == self._total, f"{plan.counts.decided} leads were decided"
        return self._total

    def close(self) -> None:
        """Forget the companies."""
        self._stack.close()


#: Objects that are empty on the server, and were before.
_EMPTY = ("empty_source",)
_SETTLED: dict[str, dict[int, dict[str, str]]] = {}


def _settled_rows(served: Served) -> dict[int, dict[str, str]]:
    return _SETTLED[served.url]


def _settle(served: Served) -> None:
    """Plan once, and let the server show what that plan would have written."""
    hubspot = company.hubspot(served.url)
    found = hubspot.mapping.object("hubspot", "contacts")
    with company.bridge({"hubspot": hubspot}, threshold=UNREACHABLE) as bridge:
        changes = [change for change in bridge.plan(NOW) if change.id is not None]
    settled: dict[int, dict[str, str]] = defaultdict(dict)
    for write in _writes(changes):
        settled[int(str(write.id)[-4:])] |= to_hubspot(write, found)
    assert len(settled) <= TEMPLATES * HUBSPOT_ROWS
    _SETTLED[served.url] = settled
    served.set(settled=settled)


def _writes(changes: Iterable[Change]) -> Iterable[Write]:
    by_record: dict[tuple[str, str, str], list[Change]] = defaultdict(list)
    for change in changes:
        if change.id is not None:
            by_record[change.crm, change.object, change.id].append(change)
    for (_, object_name, record_id), group in by_record.items():
        values = {change.field: change.new for change in group}
        yield Write(
            lead_id=group[0].lead_id, crm=group[0].crm, object=object_name, id=record_id, values=values
        )


# G7 --------------------------------------------------------------------------------------------------
class _Target:
    """One mapped object as planning sees it; the schema is not asked."""

    def __init__(self, mapped: ObjectMap) -> None:
        self.writable = tuple(item.canonical for item in mapped.fields if item.write)
        self.expresses = mapped.expresses
        self.limits: Mapping[str, int] = {}

    def length(self, name: str) -> int | None:
        """Know no limit."""
        return self.limits.get(name)

    def place(self, name: str, value: Value) -> int | None:
        """Know no order but the process's."""
        del name, value
        return None


@dataclass
class _Pair:
    """Both CRMs' rows of 2,000 people, as bytes."""

    contacts: bytes
    leads: bytes


class _TwoCrms:
    """Decode, normalise, join, decide and compare, in memory; the ledger's part is played by two dicts."""

    def __init__(self) -> None:
        self.mapping = CompanyMapping.default()
        self.process = company.process(threshold=UNREACHABLE)
        self.maps: dict[tuple[str, str], ObjectMap] = {
            (found.crm, found.object): found
            for crm in ("hubspot", "salesforce")
            for found in self.mapping.objects(crm)
        }
        ann = Owner(
            key="ann.berg@example.com", kind=OwnerKind.PERSON, name="Ann", hubspot_id="11",
            salesforce_id="005000000000001AAA", hubspot_active=True, salesforce_active=True,
        )  # fmt: skip
        bob = replace(ann, key="ben.cole@example.com", hubspot_id="12", salesforce_id="005000000000002AAA")
        self.owners = OwnerDirectory({owner.key: owner for owner in (ann, bob)})
        self.stages = tuple(stage.name for stage in self.process.stages)
        self.context = PlanContext(
            targets={place: _Target(found) for place, found in self.maps.items()},
            owners=self.owners,
            authority=self.mapping.authority,
            same=self._same,
            stage_rank={name: rank for rank, name in enumerate(self.stages)},
        )
        self.memories: dict[str, Memory] = {}
        self.bases: dict[RecordRef, dict[str, Value]] = {}

    def _same(self, ref: RecordRef, name: str, left: Value, right: Value) -> bool:
        found = self.maps[ref.crm, ref.object].field(name)
        if ref.crm == "hubspot":
            return hubspot_same(found.kind if found else None, left, right)
        return left == right if found is None else salesforce_same(found.kind, left, right, 2)

    def decode(self, pair: _Pair) -> tuple[Any, Any]:
        """Decode both pages."""
        return DECODERS[Rows].decode(pair.contacts).results, msgspec.json.decode(
            pair.leads, type=QueryPage
        ).records

    def normalise(self, contacts: Any, leads: Any) -> tuple[list[Record], dict[RecordRef, list[Activity]]]:
        """Make records and activities."""
        contact_map, lead_map = self.maps["hubspot", "contacts"], self.maps["salesforce", "Lead"]
        records, activities = [], {}
        for row in contacts:
            record = hubspot_record(row, contact_map)
            records.append(record)
            activities[record.ref] = list(summaries(row, contact_map.summaries))
        records += [salesforce_record(row, lead_map) for row in leads]
        return records, activities

    def join(self, records: Sequence[Record], activities: Any) -> list[StoredLead]:
        """Settle who is who, and put everything that belongs to a lead together."""
        stored = {part.ref: StoredRecord(record=part, base=self.bases.get(part.ref, {})) for part in records}
        return [
            StoredLead(
                id=binding.lead_id,
                records=tuple(stored[ref] for ref in binding.records),
                activities=tuple(sorted(
                    (item for ref in binding.records for item in activities.get(ref, ())),
                    key=lambda item: (item.at, item.ref),
                )),
                memory=self.memories.get(binding.lead_id),
            )
            for binding in resolve(stored.values())
        ]  # fmt: skip

    def unify(self, stored: StoredLead) -> Any:
        """Make the lead."""
        return unify(
            stored,
            owners=self.owners,
            authority=self.mapping.authority,
            same=self._same,
            stages=self.stages,
            owner_authority=self.process.owner_authority,
        )

    def plan(self, pair: _Pair, spent: dict[str, float] | None = None) -> list[Planned]:
        """Do it all; ``spent`` gets the CPU seconds of each step."""
        clock = _Clock(spent)
        contacts, leads = self.decode(pair)
        clock.note("decode")
        records, activities = self.normalise(contacts, leads)
        clock.note("normalise")
        joined = self.join(records, activities)
        clock.note("join")
        planned: list[Planned] = []
        for start in range(0, len(joined), _PAGE):
            planned += self._decided(joined[start : start + _PAGE], clock)
        return planned

    def _decided(self, joined: Sequence[StoredLead], clock: _Clock) -> list[Planned]:
        """Do a page of leads, as large as the run's."""
        unified = [self.unify(stored) for stored in joined]
        clock.note("unify")
        decisions = [
            decide(lead, self.process, stored.memory or NO_MEMORY, NOW)
            for stored, lead in zip(joined, unified, strict=True)
        ]
        clock.note("decide")
        planned = [
            plan_lead(stored, lead, decision, self.context)
            for stored, lead, decision in zip(joined, unified, decisions, strict=True)
        ]
        clock.note("compare")
        return planned


class _Clock:
    def __init__(self, spent: dict[str, float] | None) -> None:
        self._spent, self._at = spent, process_time()

    def note(self, step: str) -> None:
        now = process_time()
        if self._spent is not None:
            self._spent[step] = self._spent.get(step, 0.0) + now - self._at
        self._at = now


def two_crms(*, quick: bool) -> list[Line]:
    """G7: the plan of people who are in both CRMs, at 1 % and at 100 % churn."""
    fresh = _Pair(HubSpotPages(0).everybody(), SalesforcePages(SALESFORCE_ROWS).answer(0))
    all_new, settled = _TwoCrms(), _TwoCrms()
    planned = settled.plan(fresh)
    one_percent = _carried_out(settled, planned)
    spent: dict[str, dict[str, float]] = {"1 %": {}, "100 %": {}}
    works = {
        "1 %": lambda: _count(settled.plan(one_percent, spent["1 %"]), 0.02),
        "100 %": lambda: _count(all_new.plan(fresh, spent["100 %"]), 1.0),
        "1 %, garbage kept": lambda: _without_collector(lambda: _count(settled.plan(one_percent), 0.02)),
    }
    page = HubSpotPages(HUBSPOT_ROWS).answer(0)
    timed, _ = interleaved(works, page=page, rows=HUBSPOT_ROWS, rounds=1 if quick else 5)
    lines = []
    for churn, micros in (("1 %", 40.0), ("100 %", 60.0)):
        found = timed[churn]
        what = f"two CRMs, {churn} of the leads with changes, per lead (two records)"
        lines.append(gated("G7", what, found.u, micros / _U_THEN, "U"))
        limit = f"<= {micros:.0f} µs on a quiet machine"
        lines.append(Line(goal="G7", what="… the same", figure=found.text(), limit=limit))
        lines.append(Line(goal="G7", what="… of it", figure=_shares(spent[churn])))
    kept = timed["1 %, garbage kept"]
    lines.append(Line(goal="G7", what="1 %, garbage not collected meanwhile", figure=kept.text()))
    return lines


def _without_collector(work: Callable[[], int]) -> int:
    gc.disable()
    try:
        return work()
    finally:
        gc.enable()


def _count(planned: Sequence[Planned], most: float) -> int:
    changed = sum(bool(item.changes) for item in planned)
    assert changed <= len(planned) * most, f"{changed} of {len(planned)} leads have changes"
    return len(planned)


def _shares(spent: Mapping[str, float]) -> str:
    total = sum(spent.values())
    return ", ".join(f"{step} {seconds / total:.0%}" for step, seconds in spent.items())


def _carried_out(two: _TwoCrms, planned: Sequence[Planned]) -> _Pair:
    """Give the pages as they are after that plan, but for one lead in a hundred."""
    contacts, leads = two.decode(
        _Pair(HubSpotPages(0).everybody(), SalesforcePages(SALESFORCE_ROWS).answer(0))
    )
    by_id = {row.id: row.properties for row in contacts} | {row["Id"]: row for row in leads}
    for number, item in enumerate(planned):
        if item.decision is not None:
            two.memories[item.lead_id] = item.decision.memory
        for write in _writes(item.changes):
            ref = RecordRef(write.crm, write.object, str(write.id))
            found = two.maps[write.crm, write.object]
            two.bases[ref] = dict(write.values)
            if number % 100:
                raw = to_hubspot(write, found) if write.crm == "hubspot" else to_salesforce(write, found)
                by_id[ref.id].update(raw)
            else:
                two.bases[ref]["score"] = None
    encoded = [msgspec.json.encode({"results": [msgspec.to_builtins(row) for row in contacts]})]
    encoded.append(msgspec.json.encode({"totalSize": len(leads), "done": True, "records": leads}))
    return _Pair(*encoded)
