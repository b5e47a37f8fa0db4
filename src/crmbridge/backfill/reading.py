"""Histories into the ledger and out of it again as timelines, some leads at a time."""

from __future__ import annotations

from collections import Counter, defaultdict
from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass, field
from datetime import datetime
from typing import Final, NamedTuple

from crmbridge.deciding import Deciding
from crmbridge.history import OPPORTUNITY_STAGE, RecordHistory
from crmbridge.journey import TOLD, Entry, EntryKind
from crmbridge.model import Opportunity, RecordRef
from crmbridge.ports import Crm, Ledger, Progress, Run, StoredLead, no_progress
from crmbridge.process import Process
from crmbridge.timeline import FIELDS, REASON, Timeline, TimelineContext, TimelineProblem, rebuild

#: Leads whose past is read, rebuilt and planned together: what a killed backfill may have to do again.
PARTITION: Final = 2_000
#: Problems that are listed one by one; all of them are counted.
LISTED: Final = 1_000
_FIELDS: Final = (*FIELDS, REASON)


class PastLead(NamedTuple):
    """One lead with its past."""

    stored: StoredLead
    timeline: Timeline
    histories: Mapping[RecordRef, RecordHistory]


@dataclass(slots=True)
class PastReport:
    """What reading the past of some leads brought."""

    leads: int = 0
    entries: int = 0
    #: Entries of the ledger that came, went or changed.
    changed: int = 0
    #: (field, evidence) -> leads: how far the past of each field is recorded.
    coverage: Counter[tuple[str, str]] = field(default_factory=Counter)
    #: Kind of problem -> how many.
    problems: Counter[str] = field(default_factory=Counter)
    #: The first ``LISTED`` of them.
    listed: list[TimelineProblem] = field(default_factory=list)

    def add(self, timeline: Timeline) -> None:
        """Count one lead."""
        self.leads += 1
        self.entries += len(timeline.journey.entries)
        self.coverage.update((name, evidence.value) for name, evidence in timeline.coverage.items())
        self.problems.update(problem.kind for problem in timeline.problems)
        self.listed.extend(timeline.problems[: max(0, LISTED - len(self.listed))])


class PastReader:
    """Reads and rebuilds the past of leads.

    Args:
        now: When the histories are read; nothing recorded can be later.
        fresh: Read every history again instead of those of records that changed.
        told: Lead id -> what a file tells of it; it replaces what an earlier one told.
        keep: Store the journeys.
    """

    def __init__(
        self,
        *,
        process: Process,
        deciding: Deciding,
        crms: Mapping[str, Crm],
        ledger: Ledger,
        now: datetime,
        fresh: bool = False,
        told: Mapping[str, Sequence[Entry]] | None = None,
        keep: bool = True,
        progress: Progress = no_progress,
    ) -> None:
        self._crms = crms
        self._ledger = ledger
        self._fresh = fresh
        self._told: Mapping[str, Sequence[Entry]] = told or {}
        self._keep = keep
        self._progress = progress
        self._context = TimelineContext(
            process=process, owners=deciding.owners, authority=deciding.authority, now=now
        )
        self.report = PastReport()

    def pages(self, only: Sequence[str] | None = None, after: str = "") -> Iterator[list[str]]:
        """Give lead ids, a partition at a time.

        Args:
            only: These leads; None: all.
            after: Leave out leads up to this one: they are done.
        """
        if only is not None:
            left = sorted(lead_id for lead_id in set(only) if lead_id > after)
            yield from (left[start : start + PARTITION] for start in range(0, len(left), PARTITION))
            return
        while ids := list(self._ledger.lead_ids(after, PARTITION)):
            yield ids
            after = ids[-1]

    def take(self, run: Run, lead_ids: Sequence[str]) -> list[PastLead]:
        """Read what is missing of some leads' past, rebuild their journeys and store both."""
        leads = self._ledger.load(lead_ids)
        self._read(run, leads)
        found = self.rebuilt(leads)
        journeys = {item.stored.id: item.timeline.journey.entries for item in found}
        if self._keep:
            self.report.changed += self._ledger.keep_journeys(run, journeys)
        for item in found:
            self.report.add(item.timeline)
        return found

    def rebuilt(self, leads: Sequence[StoredLead]) -> list[PastLead]:
        """Rebuild journeys from what the ledger holds; reads no CRM and stores nothing."""
        refs = {ref for stored in leads for ref in _refs(stored)}
        kept = {ref: history for ref, (history, _) in self._ledger.past(refs).items()}
        live = self._ledger.entries([stored.id for stored in leads])
        found = []
        for stored in leads:
            entries = live.get(stored.id, ())
            own = [entry for entry in entries if entry.source == "ledger"]
            told = self._told.get(stored.id) or [entry for entry in entries if _is_told(entry)]
            mine = {ref: kept[ref] for ref in _refs(stored) if ref in kept}
            found.append(PastLead(stored, rebuild(stored, mine, self._context, own, told), mine))
        return found

    # reading -----------------------------------------------------------------------------------------
    def _read(self, run: Run, leads: Sequence[StoredLead]) -> None:
        versions = {ref: version for stored in leads for ref, version in _readable(stored)}
        kept = {} if self._fresh else self._ledger.past(versions)
        missing: defaultdict[tuple[str, str], list[str]] = defaultdict(list)
        for ref, version in versions.items():
            if ref not in kept or kept[ref][1] != version:
                missing[ref.crm, ref.object].append(ref.id)
        for (name, object_name), ids in sorted(missing.items()):
            crm = self._crms.get(name)
            if crm is not None and object_name in crm.history_objects():
                self._read_object(run, crm, object_name, ids, versions)

    def _read_object(
        self,
        run: Run,
        crm: Crm,
        object_name: str,
        ids: Sequence[str],
        versions: Mapping[RecordRef, str],
    ) -> None:
        fields = _FIELDS if object_name not in _OPPORTUNITIES else (OPPORTUNITY_STAGE,)
        for page in crm.history(object_name, ids, fields):
            self._ledger.keep_past(run, [(found, versions.get(found.ref, "")) for found in page])
            self._progress(f"read history {crm.name} {object_name}", len(page))


#: Where opportunities are kept; everything else whose past is read is a person's record.
_OPPORTUNITIES: Final = frozenset({"deals", "Opportunity"})


def _readable(stored: StoredLead) -> Iterator[tuple[RecordRef, str]]:
    """Give what has a past to be read, with what tells whether it changed since."""
    for part in stored.records:
        record = part.record
        if not record.deleted and record.merged_into is None:
            yield record.ref, record.version
    for item in stored.opportunities:
        if not item.deleted:
            yield item.ref, _stand(item)


def _is_told(entry: Entry) -> bool:
    """Tell whether a file told it; what followed from that follows again."""
    return entry.source == TOLD and entry.kind is EntryKind.STAGE


def _stand(item: Opportunity) -> str:
    return f"{item.raw_stage}|{item.closed}|{item.won}"


def _refs(stored: StoredLead) -> Iterator[RecordRef]:
    yield from (part.record.ref for part in stored.records)
    yield from (item.ref for item in stored.opportunities)
