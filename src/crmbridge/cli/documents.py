"""The JSON documents of ``--json``: one on stdout, with the keys that scripts rely on."""

from __future__ import annotations

from typing import Any

import msgspec

from crmbridge.model import Change, Conflict
from crmbridge.results import Plan, Result

Document = dict[str, Any]


def plan_document(plan: Plan) -> Document:
    """Show a plan."""
    return {
        "leads": plan.counts.leads,
        "decided": plan.counts.decided,
        "skipped": dict(plan.counts.skipped),
        "adopted": plan.counts.adopted,
        "unreadable": dict(plan.unreadable),
        "handed_off": plan.counts.handed_off,
        "change_count": plan.counts.changes,
        "changes": [_change(change) for change in plan],
        "conflicts": [_conflict(conflict) for conflict in plan.conflicts()],
        "api_calls_estimated": {name: calls.total for name, calls in plan.estimates.items()},
    }


def result_document(result: Result) -> Document:
    """Show what a run wrote."""
    return plan_document(result.plan) | {
        "written": result.written,
        "failed": result.failed,
        "moved": result.moved,
        "waiting": result.waiting,
        "errors": dict(result.report.errors),
        "attached": result.posted.attached,
        "alerts": {state: count for state, count in sorted(result.posted.delivered.items()) if count},
        "api_calls": dict(result.api_calls),
    }


def plain(value: Any) -> Any:
    """Turn a model object into what JSON can hold."""
    return msgspec.to_builtins(value)


def cells(row: Document, columns: tuple[str, ...]) -> list[Any]:
    """Give a document's values as a line of a table; lists are joined by spaces."""
    found = [row[name] for name in columns]
    return [" ".join(map(str, value)) if isinstance(value, list) else value for value in found]


def _change(change: Change) -> Document:
    return {
        "crm": change.crm,
        "object": change.object,
        "id": change.id,
        "lead": change.lead_id,
        "field": change.field,
        "old": plain(change.old),
        "new": plain(change.new),
        "reason": change.reason,
        "based_on_version": change.based_on_version,
    }


def _conflict(conflict: Conflict) -> Document:
    return {
        "lead": conflict.lead_id,
        "kind": conflict.kind,
        "records": [str(ref) for ref in conflict.records],
        "field": conflict.field,
        "theirs": plain(conflict.theirs),
        "ours": plain(conflict.ours),
    }
