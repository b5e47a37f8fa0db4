"""A report from where the figures come from: a company's ledger, or CSV files."""

from __future__ import annotations

from collections.abc import Callable, Iterator, Sequence
from dataclasses import dataclass, replace
from datetime import date, datetime
from pathlib import Path

from crmbridge.csv_in import read_csv
from crmbridge.errors import ConfigError, Problem
from crmbridge.journey import Journey
from crmbridge.metrics import Document, Outline, Quota, Terms, report
from crmbridge.metrics.steps import WINDOWS
from crmbridge.model import Lead, StageRole
from crmbridge.process import Process
from crmbridge.process.hours import ROUND_THE_CLOCK, between
from crmbridge.process.sla import clock_of, is_touch, target_of


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


def terms(process: Process, now: datetime, lead: Callable[[], Lead | None]) -> Terms:
    """Give the terms of a report on a company, as its process file has them.

    Time to close runs from the qualification. Business time and the agreed time to the first touch are
    None where the process promises nothing.

    Args:
        lead: Gives the lead whose journey is counted at the moment: calendars and targets depend on it.
    """
    told, qualified = process.parts.metrics, process.stages_by_role[StageRole.QUALIFIED]
    found = Terms(
        as_of=now,
        zone=process.zone,
        close_from=qualified.name,
        dimensions=told.dimensions or None,
        windows=dict.fromkeys(WINDOWS, int(told.maturity_days)),
        quotas=tuple(_quotas(process)),
        costs=told.costs,
        alpha=told.drift_significance,
        baseline_periods=told.drift_baseline_periods,
        least=told.drift_min_leads,
    )
    sla = process.parts.sla
    if sla is None:
        return found

    def business(_: Journey, start: datetime, end: datetime) -> float | None:
        whose = lead()
        clock = ROUND_THE_CLOCK if whose is None else clock_of(whose, process)
        return None if clock is ROUND_THE_CLOCK else between(clock, start, end)

    def target(_: Journey) -> float | None:
        whose = lead()
        agreed = None if whose is None else target_of(whose, process, qualified, now)
        return None if agreed is None else agreed.first_touch_seconds

    return replace(found, business=business, target=target, is_touch=lambda activity: is_touch(activity, sla))


def _quotas(process: Process) -> Iterator[Quota]:
    told = process.parts.quota
    if told is None:
        return
    for measure, owed in (("qualified", told.qualified), ("won", told.customers)):
        if owed is not None:
            yield Quota(
                measure=measure,
                period=told.period,
                target=owed,
                begins=told.since,
                carry_over=told.carry_over,
                carry_surplus=told.carry_over,
            )
