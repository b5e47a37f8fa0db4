"""A replay over a company's ledger. Needs no CRM, and is given nothing that could write."""

from __future__ import annotations

from collections import Counter
from collections.abc import Collection, Iterator, Mapping, Sequence
from dataclasses import dataclass, replace
from datetime import UTC, datetime
from itertools import islice
from typing import Final, Protocol

from crmbridge.errors import ConfigError, Problem
from crmbridge.identity import is_live
from crmbridge.journey import Entry, Journey
from crmbridge.mapping import Mapping as CompanyMapping
from crmbridge.model import Lead, Owner
from crmbridge.ports import StoredLead
from crmbridge.process import Process
from crmbridge.replay import Changed, Making, Past, Replay, Replayed, Source, Ticks, replay, ticks
from crmbridge.replay.report import Tracer, because, differences, trace_of, version_of
from crmbridge.replay.results import Coverage, LeadTrace
from crmbridge.seen import Instant, Seen
from crmbridge.unify import OwnerDirectory, unify

_PAGE: Final = 500
#: Differences that are listed, each with its rules.
LISTED: Final = 200


class PastLedger(Protocol):
    """What a replay may ask of a ledger: it reads."""

    def lead_ids(self, after: str, limit: int) -> Sequence[str]: ...

    def load(self, lead_ids: Sequence[str]) -> Sequence[StoredLead]: ...

    def entries(self, lead_ids: Collection[str]) -> Mapping[str, Sequence[Entry]]: ...

    def seen(self, lead_ids: Sequence[str]) -> Mapping[str, Sequence[tuple[int, Seen]]]: ...

    def instants(self) -> Sequence[Instant]: ...

    def owners(self) -> Mapping[str, Owner]: ...


@dataclass(frozen=True, slots=True, kw_only=True)
class Trial:
    """What somebody wants to try on the past."""

    #: The process that is tried, and the one beside it; None: it is tried alone.
    new: Process
    old: Process | None = None
    since: datetime
    until: datetime
    #: Leave out data without a recorded past.
    known_only: bool = False
    #: Show this lead decision by decision; None: none.
    lead: str | None = None


class LedgerSource:
    """Pasts of all leads of a ledger, in order of lead id, some at a time.

    Args:
        process: Whose stages the records are read with.
    """

    def __init__(
        self, ledger: PastLedger, process: Process, mapping: CompanyMapping, *, known_only: bool = False
    ) -> None:
        self._ledger, self._process, self._mapping = ledger, process, mapping
        self._owners = OwnerDirectory(ledger.owners())
        self.instants = ledger.instants()
        runs = {item.run: item for item in self.instants}
        self._making = Making(process=process, instants=runs, known_only=known_only)
        #: Reason -> leads that are not replayed; complete after ``pages``.
        self.skipped: Counter[str] = Counter()

    def pages(self) -> Iterator[Sequence[Past]]:
        """See ``replay.Source``."""
        after = ""
        while ids := self._ledger.lead_ids(after, _PAGE):
            yield list(self._pasts(ids, self.skipped))
            after = ids[-1]

    def load(self, lead_ids: Collection[str]) -> Mapping[str, Past]:
        """See ``replay.Source``."""
        return {past.lead.id: past for past in self._pasts(sorted(lead_ids), Counter())}

    def _pasts(self, lead_ids: Sequence[str], skipped: Counter[str]) -> Iterator[Past]:
        entries, seen = self._ledger.entries(lead_ids), self._ledger.seen(lead_ids)
        for stored in self._ledger.load(lead_ids):
            past = self._past(stored, entries.get(stored.id, ()), seen.get(stored.id, ()))
            if isinstance(past, Past):
                yield past
            else:
                skipped[past] += 1

    def _past(
        self, stored: StoredLead, entries: Sequence[Entry], seen: Sequence[tuple[int, Seen]]
    ) -> Past | str:
        if stored.conflict is not None:
            return "ambiguous_identity"
        if not any(is_live(part.record) for part in stored.records):
            return "deleted"
        lead = self._lead(stored)
        journey = Journey(
            lead_id=stored.id,
            created_at=lead.created_at,
            entries=tuple(sorted(entries, key=lambda item: (item.at is not None, item.at or _EPOCH))),
            activities=stored.activities,
            opportunities=stored.opportunities,
        )
        return self._making.past(lead, journey, seen) or "no_past"

    def _lead(self, stored: StoredLead) -> Lead:
        """Give the lead as its records stand, whatever our own process remembers of it."""
        return unify(
            replace(stored, memory=None),
            owners=self._owners,
            authority=self._mapping.authority,
            same=lambda _ref, _name, left, right: left == right,
            stages=tuple(stage.name for stage in self._process.stages),
            owner_authority=self._process.owner_authority,
        )


_EPOCH: Final = datetime.min.replace(tzinfo=UTC)


def try_out(trial: Trial, ledger: PastLedger, process: Process, mapping: CompanyMapping) -> Replay:
    """Replay one process, or two side by side, over what the ledger holds; writes nothing.

    Args:
        process: The company's, whose stages the records are read with.

    Raises:
        ConfigError: the period is none.
    """
    if trial.since >= trial.until:
        advice = "give an earlier --since or a later --until"
        raise ConfigError([Problem("replay", "since", "is not before the end of the period", advice)])
    source = LedgerSource(ledger, process, mapping, known_only=trial.known_only)
    moments = ticks(trial.since, trial.until, trial.new.zone, source.instants, ledger.owners())
    return carried_out(trial, source, moments, source.skipped)


def carried_out(trial: Trial, source: Source, moments: Ticks, skipped: Mapping[str, int]) -> Replay:
    """Replay from any source."""
    versions = [trial.new] + ([trial.old] if trial.old is not None else [])
    found = replay(versions, source, moments)
    new, old = found[0], found[1] if trial.old is not None else None
    changed = list(differences(old, new)) if old is not None else []
    wanted = [item.lead for item in islice(changed, LISTED)]
    wanted += [trial.lead] if trial.lead is not None and trial.lead not in wanted else []
    traces = _traces(versions, source, moments, wanted) if wanted else []
    told = [_told(item, traces) for item in islice(changed, LISTED)]
    return Replay(
        since=trial.since,
        until=trial.until,
        coverage=_coverage(new, skipped, known_only=trial.known_only),
        new=version_of(new),
        old=version_of(old) if old is not None else None,
        differences=dict(sorted(Counter(item.what for item in changed).items())),
        changed=tuple(told),
        lead=_lead_of(trial, told, traces),
    )


def _traces(
    versions: Sequence[Process], source: Source, moments: Ticks, lead_ids: Sequence[str]
) -> list[Tracer]:
    """Go through the period once more and keep every decision about some leads: reps depend on the others."""
    tracers = [Tracer(lead_ids) for _ in versions]
    replay(versions, source, moments, tracers)
    return tracers


def _told(item: Changed, traces: Sequence[Tracer]) -> Changed:
    new, old = traces[0].days[item.lead], traces[1].days[item.lead]
    return replace(item, because=because(old, new))


def _lead_of(trial: Trial, told: Sequence[Changed], traces: Sequence[Tracer]) -> LeadTrace | None:
    lead_id = trial.lead
    if lead_id is None:
        return None
    old = traces[1].days[lead_id] if len(traces) > 1 else []
    changed = next((item for item in told if item.lead == lead_id), None)
    return trace_of(lead_id, traces[0].days[lead_id], old, changed)


def _coverage(found: Replayed, skipped: Mapping[str, int], *, known_only: bool) -> Coverage:
    tally, runs = found.tally, found.ticks.runs
    live = sum(run is not None for run in runs)
    return Coverage(
        leads=tally.leads,
        seen_live=tally.seen_live,
        with_way=tally.with_way,
        with_activities=tally.with_activities,
        skipped=dict(sorted(skipped.items())),
        live_moments=live,
        days=len(runs) - live,
        known_only=known_only,
    )
