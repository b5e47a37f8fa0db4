"""Writes the past: partitions of leads are read, walked through and planned, then written in full batches.

A backfill that was cut off, by a kill, a pause or its budget, goes on where it stopped when the same one is
asked for again: planned partitions are not read again, and what was written is not written again.
"""

from __future__ import annotations

import hashlib
from collections import Counter
from collections.abc import Callable, Collection, Mapping, Sequence
from dataclasses import replace
from datetime import datetime
from itertools import islice
from typing import Any, Final, TypeAlias

from crmbridge.applying import apply
from crmbridge.asof import Walker
from crmbridge.backfill.effects import SideEffect, side_effects
from crmbridge.backfill.planning import MOVES, PastPlan, Period, Tally, is_decided, memory_to_keep
from crmbridge.backfill.reading import PARTITION, PastLead, PastReader, PastReport
from crmbridge.backfill.results import BEGINNING, Backfill, BackfillResult
from crmbridge.backfill.told import REFUSALS, SKIPS, Told
from crmbridge.deciding import Deciding
from crmbridge.errors import ConfigError, GuardFinding, Problem, UnsafePlan
from crmbridge.guards import CallEstimate, estimate, refuse_paused
from crmbridge.identity import is_live
from crmbridge.model import Lead, Memory
from crmbridge.ports import Crm, Ledger, PlanCounts, Planned, Progress, Run, StoredLead
from crmbridge.process import Process

__all__ = [
    "BEGINNING",
    "MOVES",
    "PARTITION",
    "REFUSALS",
    "SKIPS",
    "Backfill",
    "BackfillResult",
    "Backfiller",
    "PastReader",
    "PastReport",
    "SideEffect",
    "Told",
]

#: Changes shown of a plan.
SAMPLES: Final = 12
#: Seconds per writing call until this run has made some: typical answers of a batch of 100 or 200 records.
_SECONDS_PER_CALL: Final[Mapping[str, float]] = {"hubspot": 0.6, "salesforce": 2.0}
_RUN: Final = "run"
#: A checkpoint.
_Kept: TypeAlias = Mapping[str, int | str]


class Backfiller:
    """Carries out one backfill under a lease.

    Args:
        only: Lead ids; None: all.
        now: The moment of the run.
    """

    def __init__(
        self,
        request: Backfill,
        *,
        process: Process,
        deciding: Deciding,
        crms: Mapping[str, Crm],
        ledger: Ledger,
        past: PastReader,
        only: Sequence[str] | None,
        now: datetime,
        progress: Progress,
    ) -> None:
        self._request = _checked(request, now)
        self._process, self._deciding, self._crms, self._ledger = process, deciding, crms, ledger
        self._only = sorted(set(only)) if only is not None else None
        self._now, self._progress = now, progress
        self._until = request.until or now
        self._tally = Tally()
        self._walker = Walker(process, self._until, by_rules=request.by_rules)
        period = Period(since=request.since, until=self._until, also=frozenset(request.also))
        self._plan = PastPlan(deciding.context, period, self._tally)
        self._past = past

    def carry_out(
        self,
        lease: Run,
        job: str,
        *,
        write: bool,
        rooms: Mapping[str, Callable[[], int | None]],
        allow: Collection[str],
    ) -> BackfillResult:
        """Plan and, when asked to, write.

        Args:
            rooms: CRM -> says how many calls the day still holds for this run; None: nobody knows.

        Raises:
            UnsafePlan: it is paused, or needs more calls than a run may spend; nothing was written.
            QuotaExhausted, Paused: cut off; the same request goes on.
        """
        if write:
            refuse_paused(self._ledger)
        run, done = self._begun(lease, job, write=write)
        partitions = self._planned(run, job, done, write=write)
        counts = self._ledger.counts(run)
        estimates = estimate(counts, self._crms, fields=self._tally.fields)
        report = None
        if write:
            self._refuse_calls(estimates, rooms, allow)
            self._expect(counts)
            report = apply(
                run,
                self._crms,
                self._ledger,
                max_attempts=self._process.guards.max_attempts,
                progress=self._progress,
            )
            self._ledger.checkpoint(lease, job, _RUN, {"id": run.id, "open": 0})
        return BackfillResult(
            job=job,
            resumed_partitions=len(done),
            partitions=partitions,
            since=self._request.since,
            until=self._until,
            past=self._past.report,
            tally=self._tally,
            estimates=estimates,
            expected_seconds=_expected_seconds(estimates),
            report=report,
            **self._plan_of(run, counts),
        )

    def _plan_of(self, run: Run, counts: PlanCounts) -> dict[str, Any]:
        """Give what a result shows of the plan itself."""
        return {
            "run_id": run.id,
            "records": sum(counts.records.values()),
            "changes": counts.changes,
            "samples": tuple(islice(self._ledger.changes(run), SAMPLES)),
            "side_effects": side_effects({crm for _, crm, *_ in counts.records}, self._tally.fields),
        }

    # partitions --------------------------------------------------------------------------------------
    def _begun(self, lease: Run, job: str, *, write: bool) -> tuple[Run, list[_Kept]]:
        """Go on with a plan that was cut off, or begin a new one."""
        kept = self._ledger.checkpoints(job)
        before = kept.get(_RUN)
        if write and before is not None and before["open"]:
            run_id = str(before["id"])
            parts = [body for body in kept.values() if body.get("run") == run_id]
            if self._is_whole(replace(lease, id=run_id), parts):
                _restore(parts, self._tally, self._past.report)
                return replace(lease, id=run_id), parts
        if write:
            self._ledger.checkpoint(lease, job, _RUN, {"id": lease.id, "open": 1})
        return lease, []

    def _is_whole(self, run: Run, parts: Sequence[_Kept]) -> bool:
        """Tell whether the ledger still holds everything that these partitions planned."""
        known = self._ledger.run(run.id) is not None
        leads = int(parts[-1]["tally/leads"]) if parts else 0
        return known and self._ledger.counts(run).leads >= leads

    def _planned(self, run: Run, job: str, done: Sequence[_Kept], *, write: bool) -> int:
        number = len(done)
        after = str(done[-1]["last"]) if done else ""
        for lead_ids in self._past.pages(self._only, after):
            self._partition(run, lead_ids, write=write)
            number += 1
            if write:
                body: _Kept = {"run": run.id, "last": lead_ids[-1], **_kept(self._tally, self._past.report)}
                self._ledger.checkpoint(run, job, f"part:{number:06d}", body)
            self._progress("walk through the past of leads", len(lead_ids))
            self._ledger.renew(run)
        return number

    def _partition(self, run: Run, lead_ids: Sequence[str], *, write: bool) -> None:
        memories: dict[str, Memory] = {}
        planned = [self._lead(item, memories) for item in self._past.take(run, lead_ids)]
        self._ledger.append(run, planned)
        if write:
            self._ledger.recall_past(run, memories)

    def _lead(self, item: PastLead, memories: dict[str, Memory]) -> Planned:
        self._tally.leads += 1
        skipped, lead = self._skipped(item.stored)
        walked = None
        if lead is not None:
            walked = self._walker.walk(lead, item.timeline.journey, item.histories)
            skipped = skipped or ("no_past" if walked is None else None)
        if walked is None or lead is None:
            self._tally.skipped[skipped or "no_past"] += 1
            return Planned(lead_id=item.stored.id, decision=None, skipped=skipped)
        if walked.decision.memory.qualified_at is not None:
            self._tally.by_rules += walked.by_rules
            self._tally.recorded += not walked.by_rules
        if not is_decided(item.stored.memory):
            kept = memory_to_keep(walked, lead, self._process, self._now)
            if kept is not None:
                memories[item.stored.id] = kept
        return self._plan.plan(item.stored, walked)

    def _skipped(self, stored: StoredLead) -> tuple[str | None, Lead | None]:
        if stored.conflict is not None:
            return "ambiguous_identity", None
        if stored.quarantined:
            return "quarantined", None
        if not any(is_live(part.record) for part in stored.records):
            return "deleted", None
        # The memory of an earlier backfill must not speak for what stands in the CRMs.
        lead = self._deciding.unify(stored if is_decided(stored.memory) else replace(stored, memory=None))
        return (None, lead) if self._process.covers(lead, self._now) else ("out_of_scope", None)

    # guards and progress -----------------------------------------------------------------------------
    def _refuse_calls(
        self,
        estimates: Mapping[str, CallEstimate],
        rooms: Mapping[str, Callable[[], int | None]],
        allow: Collection[str],
    ) -> None:
        """Refuse to begin what the day does not hold; with a budget of its own it stops and goes on."""
        if self._request.budget is not None or "calls" in allow:
            return
        for name, calls in estimates.items():
            room = rooms[name]()
            if room is not None and calls.total > room:
                message = (
                    f"calls: the backfill needs {calls.total} {name} API calls, this run may spend {room} "
                    "more today; spread it over days with --budget"
                )
                raise UnsafePlan([GuardFinding("calls", calls.total, room, message)])

    def _expect(self, counts: PlanCounts) -> None:
        expect: Callable[[str, int], None] | None = getattr(self._progress, "expect", None)
        if expect is not None:
            for (_, crm, object_name, _, _), records in counts.records.items():
                expect(f"write {crm} {object_name}", records)


# the request -----------------------------------------------------------------------------------------
def _checked(request: Backfill, now: datetime) -> Backfill:
    """Refuse a period that is none, and moves that nobody knows."""
    until = request.until or now
    problems = [
        Problem("backfill", "also", f"{name} is not written by a backfill", f"one of: {', '.join(MOVES)}")
        for name in request.also
        if name not in MOVES
    ]
    if request.since >= until:
        problems.append(
            Problem("backfill", "since", "lies behind the end of the period", "give an earlier one")
        )
    if until > now:
        problems.append(Problem("backfill", "until", "lies in the future", "leave it out for now"))
    if problems:
        raise ConfigError(problems)
    return request


def job_name(request: Backfill, lead_ids: Sequence[str] | None, fingerprints: Sequence[str]) -> str:
    """Name a backfill by what decides what it writes; an open end is one and the same on every day."""
    words = [
        request.since.isoformat(),
        request.until.isoformat() if request.until is not None else "",
        ",".join(sorted(request.also)),
        str(request.by_rules),
        ",".join(sorted(lead_ids)) if lead_ids is not None else "all",
        *fingerprints,
    ]
    return hashlib.sha256("\n".join(words).encode()).hexdigest()[:16]


# counts ----------------------------------------------------------------------------------------------
def _expected_seconds(estimates: Mapping[str, CallEstimate]) -> float:
    """One CRM after the other, one call after the other."""
    return round(sum(calls.total * _SECONDS_PER_CALL.get(name, 1.0) for name, calls in estimates.items()), 1)


def _counters(tally: Tally, past: PastReport) -> dict[str, Counter[Any]]:
    """Name everything that is counted by some key."""
    return {
        "skipped": tally.skipped,
        "kept": tally.kept,
        "fields": tally.fields,
        "problems": past.problems,
        "coverage": past.coverage,
    }


def _kept(tally: Tally, past: PastReport) -> dict[str, int | str]:
    """Give the totals so far as a checkpoint keeps them: "coverage/stage/certain" = 12."""
    found: dict[str, int | str] = {f"tally/{name}": getattr(tally, name) for name in _TALLIED}
    found |= {f"past/{name}": getattr(past, name) for name in _READ}
    for name, counter in _counters(tally, past).items():
        for key, count in counter.items():
            found["/".join((name, *((key,) if isinstance(key, str) else key)))] = count
    return found


def _restore(parts: Sequence[_Kept], tally: Tally, past: PastReport) -> None:
    """Go on counting where the last checkpoint stands."""
    kept = parts[-1] if parts else {}
    for name in _TALLIED if kept else ():
        setattr(tally, name, kept[f"tally/{name}"])
    for name in _READ if kept else ():
        setattr(past, name, kept[f"past/{name}"])
    counters = _counters(tally, past)
    for path, count in kept.items():
        name, *key = path.split("/")
        if name in counters:
            counters[name][key[0] if len(key) == 1 else tuple(key)] = int(count)


#: Plain numbers of a tally and of a report.
_TALLIED: Final = ("leads", "recorded", "by_rules")
_READ: Final = ("leads", "entries", "changed")
