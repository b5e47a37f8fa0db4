"""A report from where the figures come from: a company's ledger, or CSV files."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass, replace
from datetime import date, datetime
from pathlib import Path

from crmbridge.csv_in import read_csv
from crmbridge.errors import ConfigError, Problem
from crmbridge.metrics import Document, Outline, Terms, report
from crmbridge.model import StageRole
from crmbridge.process import Process


@dataclass(frozen=True, slots=True, kw_only=True)
class Choice:
    """What somebody asks a report for; None and empty: no such wish."""

    since: date | None = None
    #: Not included.
    until: date | None = None
    #: Dimensions.
    by: tuple[str, ...] = ()
    #: The moment up to which the world was seen.
    now: datetime | None = None

    def terms(self, terms: Terms) -> Terms:
        """Put the wishes into the terms of a report."""
        dimensions = self.by or terms.dimensions
        return replace(terms, since=self.since, until=self.until, dimensions=dimensions)


def report_csv(mapping: Path, files: Sequence[Path], choice: Choice, rejects: Path | None = None) -> Document:
    """Report on CSV files.

    Raises:
        ConfigError: with every problem of the mapping, or of the files under it.
    """
    found = read_csv(mapping, files, rejects=rejects)
    if unknown := [name for name in choice.by if name not in found.spec.dimensions]:
        known = ", ".join(found.spec.dimensions) or "none"
        raise ConfigError(
            [Problem("--by", name, "is no field of the mapping", f"there are: {known}") for name in unknown]
        )
    return report(found.journeys(), found.outline, choice.terms(found.terms(choice.now)), found.rows)


def outline(process: Process) -> Outline:
    """Give the stages of a process as a report counts them."""
    return Outline.of({stage.name: stage.role.value for stage in process.stages})


def terms(process: Process, now: datetime) -> Terms:
    """Give the terms of a report on a company: its time zone; time to close runs from the qualification."""
    qualified = process.by_role(StageRole.QUALIFIED)
    return Terms(as_of=now, zone=process.zone, close_from=None if qualified is None else qualified.name)
