"""A report from where the figures come from: a company's ledger, or CSV files."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass, replace
from datetime import date, datetime
from pathlib import Path
from typing import Any

from crmbridge.csv_in import read_csv
from crmbridge.errors import ConfigError, Problem
from crmbridge.journey import Journey
from crmbridge.metrics import Document, Outline, Quota, Terms, report
from crmbridge.model import Lead, StageRole
from crmbridge.process import Process
from crmbridge.process import Quota as AgreedQuota
from crmbridge.process.conditions import leaves
from crmbridge.process.hours import Clock, between
from crmbridge.process.sla import clock_of, is_touch


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
    """Give the terms of a report on a company, as its process file states them.

    Touches, working time and windows are those of ``[sla]``, promises those of ``[quota]``, and the rest
    those of ``[metrics]``. Time to close runs from the qualification.
    """
    qualified, wanted, sla = process.by_role(StageRole.QUALIFIED), process.metrics, process.sla
    found = Terms(
        as_of=now,
        zone=process.zone,
        close_from=None if qualified is None else qualified.name,
        dimensions=wanted.dimensions or None,
        quotas=_quotas(process.quota),
        alpha=wanted.drift_significance,
        baseline_periods=wanted.drift_baseline_periods,
        least=wanted.drift_min_leads,
    )
    found = replace(found, windows={**found.windows, "qualified": round(wanted.maturity_days)})
    if process.quota is not None:
        found = replace(found, period=process.quota.period)
    if sla is None:
        return found
    return replace(
        found,
        is_touch=lambda activity: is_touch(activity, sla),
        business=lambda journey, start, end: between(_clock(journey, process), start, end),
        target=lambda journey: _first_touch_seconds(journey, process, now),
    )


def _quotas(agreed: AgreedQuota | None) -> tuple[Quota, ...]:
    """Give both sides' promises in the words of a report."""
    if agreed is None:
        return ()
    owed = (("qualified", agreed.qualified), ("won", agreed.customers))
    return tuple(
        Quota(
            measure=measure,
            period=agreed.period,
            target=number,
            begins=agreed.since,
            carry_over=agreed.carry_over,
            carry_surplus=agreed.carry_over,
        )
        for measure, number in owed
        if number is not None
    )


#: Fields of a lead that a journey tells as a dimension of the same name.
_TOLD = ("source", "campaign", "country", "region", "persona", "industry")


def _lead(journey: Journey) -> Lead:
    told: dict[str, Any] = {name: journey.dimensions.get(name) for name in _TOLD}
    return Lead(id=journey.lead_id, **told)


def _clock(journey: Journey, process: Process) -> Clock:
    return clock_of(_lead(journey), process)


def _first_touch_seconds(journey: Journey, process: Process, now: datetime) -> float | None:
    """Give the window that was agreed for a journey's lead; None where nothing is, or nobody can tell.

    A target with conditions on what a journey does not tell makes it untold: nothing is guessed.
    """
    qualified = process.by_role(StageRole.QUALIFIED)
    lead, territory = _lead(journey), journey.dimensions.get("territory")
    for target in process.sla.targets if process.sla is not None else ():
        if target.stages and (qualified is None or qualified.name not in target.stages):
            continue
        if target.territories and territory not in target.territories:
            continue
        if not {leaf.field for leaf in leaves(target.when)} <= journey.dimensions.keys() & set(_TOLD):
            return None if leaves(target.when) else target.first_touch_seconds
        if target.when.test(lead, now):
            return target.first_touch_seconds
    return None
