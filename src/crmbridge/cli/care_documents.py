"""The documents of the commands of care: one row per item, the same keys in JSON and in CSV."""

from __future__ import annotations

from crmbridge.cli.documents import Document, plain, plan_document, result_document
from crmbridge.results import Reversal
from crmbridge.safety import Dispute, Failure, Forgotten, Written

#: Columns, in the order of the keys of the documents.
FAILURE = (
    "crm",
    "object",
    "id",
    "lead",
    "fields",
    "error",
    "attempts",
    "first_at",
    "last_at",
    "next_at",
    "dead",
)
DISPUTE = (
    "lead",
    "kind",
    "records",
    "field",
    "theirs",
    "ours",
    "first_seen_at",
    "theirs_at",
    "ours_at",
    "ours_reason",
)
WRITTEN = (
    "at",
    "run",
    "lead",
    "crm",
    "object",
    "id",
    "field",
    "old",
    "new",
    "reason",
    "outcome",
    "error",
    "created",
)


def failure(item: Failure) -> Document:
    """Show a failed record; without values."""
    return {
        "crm": item.crm,
        "object": item.object,
        "id": item.id,
        "lead": item.lead_id,
        "fields": list(item.fields),
        "error": item.error,
        "attempts": item.attempts,
        "first_at": plain(item.first_at),
        "last_at": plain(item.last_at),
        "next_at": plain(item.next_at),
        "dead": item.next_at is None,
    }


def dispute(item: Dispute) -> Document:
    """Show an open conflict."""
    found = item.conflict
    return {
        "lead": found.lead_id,
        "kind": found.kind,
        "records": [str(ref) for ref in found.records],
        "field": found.field,
        "theirs": plain(found.theirs),
        "ours": plain(found.ours),
        "first_seen_at": plain(item.first_seen_at),
        "theirs_at": plain(item.theirs_at),
        "ours_at": plain(item.ours_at),
        "ours_reason": item.ours_reason,
    }


def written(item: Written) -> Document:
    """Show one field write."""
    return {
        "at": plain(item.at),
        "run": item.run,
        "lead": item.lead_id,
        "crm": item.crm,
        "object": item.object,
        "id": item.id,
        "field": item.field,
        "old": plain(item.old),
        "new": plain(item.new),
        "reason": item.reason,
        "outcome": item.outcome,
        "error": item.error,
        "created": item.created,
    }


def reversal(made: Reversal) -> Document:
    """Show the reverse of a run: the plan, what stays, and what was written."""
    shown = plan_document(made.plan) if made.result is None else result_document(made.result)
    return shown | {
        "undone_run": made.of,
        "run": made.plan.run.id,
        "created": [str(ref) for ref in made.reverse.created],
        "moved_on": made.reverse.moved_on,
        "forward_only": made.reverse.forward_only,
    }


def forgotten(item: Forgotten, *, carried_out: bool) -> Document:
    """Show what erasing a person came to."""
    return {
        "lead": item.lead_id,
        "rows": dict(item.rows),
        "live": [str(ref) for ref in item.live],
        "erased": carried_out,
    }
