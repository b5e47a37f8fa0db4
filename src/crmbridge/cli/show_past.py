"""What people see of the past: one lead's way, coverage, contradictions, a backfill."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Final

from rich.console import Console
from rich.markup import escape
from rich.table import Table

from crmbridge.backfill import BEGINNING, REFUSALS, SKIPS, BackfillResult, PastReport, Told
from crmbridge.cli.show import text
from crmbridge.journey import Entry, Evidence
from crmbridge.timeline import FIELDS, RULES, Timeline

_SURE: Final = {Evidence.CERTAIN: "certain", Evidence.DERIVED: "derived", Evidence.UNKNOWN: "unknown"}
_COVERED: Final = {
    Evidence.CERTAIN: "recorded from the beginning",
    Evidence.DERIVED: "recorded in part",
    Evidence.UNKNOWN: "not recorded",
}


def show_timeline(console: Console, found: Timeline) -> None:
    """Print one lead's way."""
    journey = found.journey
    created = f"{journey.created_at:%Y-%m-%d %H:%M}" if journey.created_at else "nobody knows when"
    console.print(f"[bold]{journey.lead_id}[/] first seen {created} (times are UTC)")
    table = Table(box=None, pad_edge=False)
    for heading in ("when", "what", "value", "evidence", "source"):
        table.add_column(heading, overflow="fold")
    for entry in journey.entries:
        table.add_row(*map(escape, _row(entry)))
    console.print(table)
    covered = ", ".join(f"{name} {_COVERED[evidence]}" for name, evidence in found.coverage.items())
    console.print(f"coverage: {covered}")
    if all(evidence is Evidence.UNKNOWN for evidence in found.coverage.values()):
        console.print("  if its history was never read: crmbridge timeline LEAD --rebuild reads it")
    for problem in found.problems:
        place = " ".join(part for part in (problem.record, problem.what) if part)
        when = f" {problem.at:%Y-%m-%d}" if problem.at else ""
        console.print(f"  {problem.kind}{when} {escape(place)}: {problem.rule}")


def _row(entry: Entry) -> tuple[str, str, str, str, str]:
    when = f"{entry.at:%Y-%m-%d %H:%M}" if entry.at else "?"
    value = " ".join(part for part in (entry.value, entry.reason and f"({entry.reason})") if part)
    return when, entry.kind.value, value, _SURE[entry.evidence], entry.source


def show_report(console: Console, report: PastReport) -> None:
    """Print coverage in total and the contradictions by kind."""
    console.print(
        f"[bold]{report.leads:,}[/] leads, {report.entries:,} entries ({report.changed:,} new or different)"
    )
    for name in FIELDS:
        parts = [f"{_COVERED[kind]}: {report.coverage[name, kind.value]:,}" for kind in Evidence]
        console.print(f"  {name}: {', '.join(parts)}")
    for kind, count in sorted(report.problems.items()):
        console.print(f"  {count:,} × {kind}: {RULES[kind]}")


def show_backfill(console: Console, result: BackfillResult) -> None:
    """Print a backfill: counts, samples, cost, side effects, and what became of it."""
    tally = result.tally
    if result.since > BEGINNING:
        console.print(f"backfill of {result.since:%Y-%m-%d} to {result.until:%Y-%m-%d}")
    if result.told is not None:
        _show_told(console, result.told)
    show_report(console, result.past)
    console.print(f"MQLs of the past: {tally.recorded:,} recorded, {tally.by_rules:,} by the rules alone")
    _show_counts(console, "skipped", tally.skipped)
    _show_counts(console, "left alone, there is something newer", tally.kept)
    _show_counts(console, "to write", tally.fields)
    if result.samples:
        console.print(_samples(result))
    console.print(f"[bold]{result.changes:,}[/] values in {result.records:,} records")
    _show_cost(console, result)
    if result.report is None:
        console.print("Nothing was written: --apply writes.")
        return
    console.print(
        f"{result.written:,} records written, {result.failed:,} failed, {result.moved:,} moved meanwhile"
    )
    _show_counts(console, "failed", result.report.errors)


def _show_told(console: Console, told: Told) -> None:
    console.print(f"[bold]{told.rows:,}[/] rows in the files, {told.used:,} used")
    for reason, rows in sorted(told.refused.items()):
        console.print(f"  {rows:,} × {reason}: {REFUSALS.get(reason, SKIPS.get(reason, ''))}")


def _show_counts(console: Console, what: str, counts: Mapping[str, int]) -> None:
    if counts:
        parts = ", ".join(f"{escape(name)} {count:,}" for name, count in sorted(counts.items()))
        console.print(f"  {what}: {parts}")


def _samples(result: BackfillResult) -> Table:
    table = Table(box=None, pad_edge=False)
    for heading in ("record", "field", "from", "to", "because"):
        table.add_column(heading, overflow="fold")
    for change in result.samples:
        place = f"{change.crm}:{change.object}:{change.id}"
        old, new = text(change.old), text(change.new)  # escaped there
        table.add_row(escape(place), change.field, old, new, change.reason)
    return table


def _show_cost(console: Console, result: BackfillResult) -> None:
    for name, calls in result.estimates.items():
        if calls.total:
            console.print(
                f"{name}: {calls.total:,} API calls to write it "
                f"({calls.rereads:,} to re-read, {calls.writes:,} to write, {calls.verifies:,} to verify)"
            )
    if result.expected_seconds:
        console.print(f"expected to take about {result.expected_seconds / 60:,.1f} minutes")
    for effect in result.side_effects:
        console.print(f"  {effect.crm}: {effect.what}: {effect.suppressed}")
