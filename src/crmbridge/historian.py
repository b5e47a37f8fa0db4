"""What people ask about the past: timelines, and writing what follows from them."""

from __future__ import annotations

from abc import ABC, abstractmethod
from collections.abc import Callable, Collection, Mapping
from contextlib import AbstractContextManager
from dataclasses import replace
from datetime import datetime

from crmbridge.backfill import Backfill, Backfiller, BackfillResult, PastReader, PastReport, job_name
from crmbridge.budget import Meter
from crmbridge.deciding import Deciding
from crmbridge.mapping import Mapping as CompanyMapping
from crmbridge.ports import Crm, Ledger, Progress, Run
from crmbridge.process import Process
from crmbridge.references import find_lead
from crmbridge.timeline import Timeline


class Historian(ABC):
    """The part of ``Bridge`` that looks back."""

    process: Process
    mapping: CompanyMapping
    ledger: Ledger
    crms: Mapping[str, Crm]
    _clock: Callable[[], datetime]
    _progress: Progress
    _meters: Mapping[str, Meter]

    def timeline(self, lead: str, now: datetime | None = None) -> Timeline:
        """Show a lead's way, from what `rebuild_timelines` or `backfill` read; calls no CRM.

        Raises:
            ConfigError: the reference matches no lead, or several.
        """
        reader = self._past_reader(self._deciding(now), now or self._clock())
        (found,) = reader.rebuilt(self.ledger.load([find_lead(self.ledger, lead)]))
        return found.timeline

    def rebuild_timelines(
        self, only: Collection[str] = (), now: datetime | None = None, *, budget: int | None = None
    ) -> PastReport:
        """Read all recorded history afresh and store every lead's journey. Safe to repeat.

        Args:
            only: References of leads; empty: all.
            budget: As for `plan`.
        """
        with self._run("timeline", budget) as run:
            self._look(run, full=False, allow=())
            reader = self._past_reader(self._deciding(now), now or self._clock(), fresh=True)
            for lead_ids in reader.pages(self._leads(only)):
                reader.take(run, lead_ids)
                self._progress("rebuild timelines", len(lead_ids))
                self.ledger.renew(run)
            return reader.report

    def backfill(
        self,
        request: Backfill,
        now: datetime | None = None,
        *,
        apply: bool = False,
        allow: Collection[str] = (),
    ) -> BackfillResult:
        """Plan what the past says and, with ``apply``, write it; one that was cut off goes on.

        Args:
            allow: Names of guards that are overridden; here only "calls" counts.

        Raises:
            UnsafePlan: a guard refused; nothing was written.
            QuotaExhausted, Paused: cut off; the same request goes on.
        """
        moment = now or self._clock()
        with self._run("backfill" if apply else "backfill_plan", request.budget) as run:
            before = self._calls()
            self._look(run, full=False, allow=allow)
            only, deciding = self._leads(request.only), self._deciding(moment)
            backfiller = Backfiller(
                request,
                process=self.process,
                deciding=deciding,
                crms=self.crms,
                ledger=self.ledger,
                past=self._past_reader(deciding, moment),
                only=only,
                now=moment,
                progress=self._progress,
            )
            job = job_name(request, only, (self.process.fingerprint, self.mapping.fingerprint))
            rooms = {name: meter.room for name, meter in self._meters.items()}
            found = backfiller.carry_out(run, job, write=apply, rooms=rooms, allow=allow)
            return replace(found, api_calls=self._spent(before))

    def _past_reader(self, deciding: Deciding, now: datetime, *, fresh: bool = False) -> PastReader:
        return PastReader(
            process=self.process,
            deciding=deciding,
            crms=self.crms,
            ledger=self.ledger,
            now=now,
            fresh=fresh,
            progress=self._progress,
        )

    def _leads(self, references: Collection[str]) -> list[str] | None:
        return [find_lead(self.ledger, reference) for reference in references] if references else None

    # what a bridge brings ---------------------------------------------------------------------------
    @abstractmethod
    def _run(self, kind: str, budget: int | None) -> AbstractContextManager[Run]:
        """Hold the company's lease and close the run whatever happens."""

    @abstractmethod
    def _look(self, run: Run, *, full: bool, allow: Collection[str]) -> None:
        """Settle what a dead run left, and bring the ledger up to date."""

    @abstractmethod
    def _deciding(self, now: datetime | None) -> Deciding:
        """Make what decides at one moment."""

    @abstractmethod
    def _calls(self) -> dict[str, int]:
        """Count the calls made so far, per CRM."""

    @abstractmethod
    def _spent(self, before: Mapping[str, int]) -> dict[str, int]:
        """Count the calls made since then, per CRM."""
