"""What a backfill was asked for, and what it came to."""

from __future__ import annotations

from collections.abc import Collection, Mapping
from dataclasses import dataclass, field
from datetime import UTC, datetime
from typing import Final

from crmbridge.applying import ApplyReport
from crmbridge.backfill.effects import SideEffect
from crmbridge.backfill.planning import Tally
from crmbridge.backfill.reading import PastReport
from crmbridge.backfill.told import Told
from crmbridge.guards import CallEstimate
from crmbridge.model import Change, OutcomeState

#: Before anything that a CRM or a spreadsheet tells.
BEGINNING: Final = datetime(1970, 1, 1, tzinfo=UTC)


@dataclass(frozen=True, slots=True, kw_only=True)
class Backfill:
    """What part of the past is to be written."""

    #: Dates from here on are written; what came before is only remembered.
    since: datetime
    #: The end of the past; None: the moment of the run.
    until: datetime | None = None
    #: References of leads; empty: all.
    only: Collection[str] = ()
    #: Of "stage" and "status": written, too. Owners never are.
    also: Collection[str] = ()
    #: Let the rules speak for leads that nobody ever made an MQL.
    by_rules: bool = True
    #: API calls of both CRMs that this run may spend; None: no limit but the CRMs' own.
    budget: int | None = None


@dataclass(frozen=True, slots=True, kw_only=True)
class BackfillResult:
    """A backfill that was planned and, when asked to, carried out."""

    #: Name under which it goes on when it was cut off: the same request, process and mapping.
    job: str
    #: The run whose plan and audit it is.
    run_id: str
    #: Partitions that an earlier, cut off run had planned already.
    resumed_partitions: int
    partitions: int
    since: datetime
    until: datetime
    past: PastReport
    tally: Tally
    #: Records that get at least one value, and values.
    records: int
    changes: int
    #: The first few changes.
    samples: tuple[Change, ...] = ()
    #: Calls that writing costs, per CRM, every batch full.
    estimates: Mapping[str, CallEstimate] = field(default_factory=dict)
    #: Calls spent by the whole run, per CRM.
    api_calls: Mapping[str, int] = field(default_factory=dict)
    #: How long writing is expected to take.
    expected_seconds: float = 0.0
    side_effects: tuple[SideEffect, ...] = ()
    #: None: no files were read.
    told: Told | None = None
    #: None: only planned.
    report: ApplyReport | None = None

    @property
    def written(self) -> int:
        """Count the records written."""
        return self.report.count(OutcomeState.WRITTEN) if self.report else 0

    @property
    def moved(self) -> int:
        """Count the records that somebody changed meanwhile: they were left alone."""
        return self.report.count(OutcomeState.MOVED) if self.report else 0

    @property
    def failed(self) -> int:
        """Count the records that should have been written and were not."""
        return self.report.count(OutcomeState.FAILED, OutcomeState.AMBIGUOUS) if self.report else 0
