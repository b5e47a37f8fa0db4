"""What people ask about the past: timelines, and writing what follows from them."""

from __future__ import annotations

from abc import ABC, abstractmethod
from collections.abc import Callable, Collection, Mapping, Sequence
from contextlib import AbstractContextManager
from dataclasses import replace
from datetime import datetime
from pathlib import Path

from crmbridge.backfill import (
    BEGINNING,
    Backfill,
    Backfiller,
    BackfillResult,
    PastReader,
    PastReport,
    job_name,
)
from crmbridge.backfill.told import Told, told_by
from crmbridge.budget import Meter
from crmbridge.csv_in import reading_csv
from crmbridge.deciding import Deciding
from crmbridge.journey import Entry
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
        return self._backfill(request, now or self._clock(), apply, allow, lambda: None)

    def backfill_csv(
        self,
        mapping: Path,
        files: Sequence[Path],
        now: datetime | None = None,
        *,
        rejects: Path | None = None,
        request: Backfill | None = None,
        apply: bool = False,
        allow: Collection[str] = (),
    ) -> BackfillResult:
        """Write what files tell of leads' past, beside what the CRMs recorded; else as `backfill`.

        Every row is used or refused with a reason. The same files again change nothing; what a later file
        tells of a lead replaces what an earlier one told. The rules pass nobody.

        Args:
            mapping: A TOML file as docs/report.md and docs/backfill.md describe it.
            rejects: Where to keep the refused rows; corrected, they can be read again.
            request: Its period and budget count; None: all of the past.

        Raises:
            ConfigError: the mapping does not fit the files or the process.
        """
        moment = now or self._clock()
        asked = replace(request or Backfill(since=BEGINNING), by_rules=False)
        roles = {stage.name: stage.role.value for stage in self.process.stages}

        def read() -> Told:
            with reading_csv(mapping, files, rejects=rejects, roles=roles) as found:
                return told_by(found, self.ledger, self.process, moment)

        return self._backfill(asked, moment, apply, allow, read)

    def _backfill(
        self,
        request: Backfill,
        now: datetime,
        apply: bool,
        allow: Collection[str],
        read: Callable[[], Told | None],
    ) -> BackfillResult:
        with self._run("backfill" if apply else "backfill_plan", request.budget) as run:
            before = self._calls()
            self._look(run, full=False, allow=allow)
            told = read()
            deciding = self._deciding(now)
            entries = told.entries if told is not None else None
            only = self._leads(request.only) if entries is None else list(entries)
            backfiller = Backfiller(
                request,
                process=self.process,
                deciding=deciding,
                crms=self.crms,
                ledger=self.ledger,
                past=self._past_reader(deciding, now, told=entries, keep=apply or entries is None),
                only=only,
                now=now,
                progress=self._progress,
            )
            prints = (self.process.fingerprint, self.mapping.fingerprint)
            job = job_name(request, only, (*prints, told.fingerprint) if told else prints)
            rooms = {name: meter.room for name, meter in self._meters.items()}
            found = backfiller.carry_out(run, job, write=apply, rooms=rooms, allow=allow)
            return replace(found, api_calls=self._spent(before), told=told)

    def _past_reader(
        self,
        deciding: Deciding,
        now: datetime,
        *,
        fresh: bool = False,
        told: Mapping[str, Sequence[Entry]] | None = None,
        keep: bool = True,
    ) -> PastReader:
        return PastReader(
            process=self.process,
            deciding=deciding,
            crms=self.crms,
            ledger=self.ledger,
            now=now,
            fresh=fresh,
            told=told,
            keep=keep,
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
