"""What a run comes to: the plan it made and, when it wrote, what became of it."""

from __future__ import annotations

from collections.abc import Iterator, Mapping
from dataclasses import dataclass, field
from pathlib import Path

from crmbridge import planfile
from crmbridge.applying import ApplyReport
from crmbridge.guards import CallEstimate
from crmbridge.model import Change, Conflict, OutcomeState
from crmbridge.ports import Ledger, PlanCounts, Run
from crmbridge.posting import PostReport
from crmbridge.undo import Reverse


@dataclass(frozen=True, slots=True, kw_only=True)
class Plan:
    """A finished plan. It iterates over its changes from the ledger and never holds them all."""

    #: The run that made it.
    run: Run
    ledger: Ledger
    header: planfile.PlanHeader
    counts: PlanCounts
    #: Calls that carrying it out will cost, per CRM.
    estimates: Mapping[str, CallEstimate]
    #: Calls that making it cost, per CRM.
    api_calls: Mapping[str, int]
    #: Field -> leads decided in which it holds something that could not be read: kept raw, never overwritten.
    unreadable: Mapping[str, int] = field(default_factory=dict)

    def __iter__(self) -> Iterator[Change]:
        """Give the changes in the order in which they would be written."""
        return iter(self.ledger.changes(self.run))

    def conflicts(self) -> Iterator[Conflict]:
        """Give what no rule decides: it is left alone until a person settles it."""
        return iter(self.ledger.conflicts(self.run))

    def save(self, path: Path) -> int:
        """Write the plan to a file (see `planfile`); returns the number of changes."""
        return planfile.write(path, self.header, self)


@dataclass(frozen=True, slots=True, kw_only=True)
class Result:
    """What a run that wrote came to."""

    plan: Plan
    report: ApplyReport
    #: Notes and messages that went out.
    posted: PostReport = field(default_factory=PostReport)
    #: Calls of the whole run, per CRM; of ``apply``, those after the plan was made.
    api_calls: Mapping[str, int]

    @property
    def written(self) -> int:
        """Count the records written."""
        return self.report.count(OutcomeState.WRITTEN)

    @property
    def moved(self) -> int:
        """Count the records that somebody changed since the plan: the next run plans them again."""
        return self.report.count(OutcomeState.MOVED)

    @property
    def failed(self) -> int:
        """Count the records that should have been written and were not; they stay planned."""
        return self.report.count(OutcomeState.FAILED, OutcomeState.AMBIGUOUS)

    @property
    def waiting(self) -> int:
        """Count the records that failed before and were not tried: not due again yet, or dead letters."""
        return self.report.waiting


@dataclass(frozen=True, slots=True, kw_only=True)
class Reversal:
    """What undoing a run comes to."""

    #: Id of the run that is undone.
    of: str
    #: The plan of the reverse; a run of its own, which can be undone as well.
    plan: Plan
    #: What stays: records created, fields that somebody changed since.
    reverse: Reverse
    #: None: it was only planned.
    result: Result | None = None
