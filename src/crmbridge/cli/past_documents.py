"""The JSON documents of the commands about the past."""

from __future__ import annotations

from typing import Any

from crmbridge.backfill import BackfillResult, PastReport
from crmbridge.cli.documents import Document, change_document, plain
from crmbridge.journey import Entry, Evidence
from crmbridge.timeline import FIELDS, Timeline, TimelineProblem


def timeline_document(found: Timeline) -> Document:
    """Show one lead's way."""
    journey = found.journey
    return {
        "lead": journey.lead_id,
        "created_at": plain(journey.created_at),
        "entries": [_entry(entry) for entry in journey.entries],
        "coverage": {name: evidence.value for name, evidence in found.coverage.items()},
        "problems": [_problem(problem) for problem in found.problems],
    }


def report_document(report: PastReport) -> Document:
    """Show what rebuilding brought."""
    return {
        "leads": report.leads,
        "entries": report.entries,
        "changed": report.changed,
        "coverage": {
            name: {kind.value: report.coverage[name, kind.value] for kind in Evidence} for name in FIELDS
        },
        "problems": dict(report.problems),
        "problems_listed": [_problem(problem) for problem in report.listed],
    }


def backfill_document(result: BackfillResult) -> Document:
    """Show a backfill."""
    return {
        "job": result.job,
        "run": result.run_id,
        "since": plain(result.since),
        "until": plain(result.until),
        **_counts(result),
        **_files(result),
        "timeline": report_document(result.past),
        "samples": [change_document(change) for change in result.samples],
        "api_calls_estimated": {name: calls.total for name, calls in result.estimates.items()},
        "api_calls": dict(result.api_calls),
        "expected_seconds": result.expected_seconds,
        "side_effects": [
            {"crm": effect.crm, "what": effect.what, "suppressed": effect.suppressed}
            for effect in result.side_effects
        ],
        "applied": result.report is not None,
        "written": result.written,
        "moved": result.moved,
        "failed": result.failed,
        "errors": dict(result.report.errors) if result.report else {},
    }


def _files(result: BackfillResult) -> dict[str, Any]:
    told = result.told
    if told is None:
        return {}
    return {"files": {"rows": told.rows, "used": told.used, "refused": dict(told.refused)}}


def _counts(result: BackfillResult) -> dict[str, Any]:
    tally = result.tally
    return {
        "leads": tally.leads,
        "skipped": dict(tally.skipped),
        "recorded": tally.recorded,
        "by_rules": tally.by_rules,
        "records": result.records,
        "change_count": result.changes,
        "fields": dict(tally.fields),
        "kept": dict(tally.kept),
        "partitions": result.partitions,
        "partitions_resumed": result.resumed_partitions,
    }


def _entry(entry: Entry) -> Document:
    return {
        "kind": entry.kind.value,
        "at": plain(entry.at),
        "value": entry.value,
        "reason": entry.reason,
        "evidence": entry.evidence.value,
        "source": entry.source,
    }


def _problem(problem: TimelineProblem) -> Document:
    return {
        "lead": problem.lead_id,
        "kind": problem.kind,
        "record": problem.record,
        "what": problem.what,
        "at": plain(problem.at),
        "rule": problem.rule,
    }
