"""What people see on a terminal: tables, one decision explained, problems in the order of the file."""

from __future__ import annotations

import re
from collections.abc import Iterable, Iterator, Mapping, Sequence
from datetime import datetime
from itertools import islice
from typing import TypeAlias

from rich.console import Console
from rich.markup import escape
from rich.padding import Padding
from rich.table import Table

from crmbridge.errors import Problem
from crmbridge.model import Change, Conflict, Decision, Money, Outcome, OutcomeState, Reason, RecordRef, Value
from crmbridge.ports import NewField, Rights
from crmbridge.process import Explanation
from crmbridge.results import Plan, Result

#: (CRM, owner id) -> the name that process files use.
OwnerNames: TypeAlias = Mapping[tuple[str, str], str]
#: Changes shown of a plan unless more are asked for.
SAMPLE = 12
#: Fields whose changes are shown first.
_TELLING = frozenset({"stage", "status", "owner", "recycle_reason"})
#: What a terminal would obey instead of show, and what turns the direction of reading.
_UNSEEN = re.compile(r"[\x00-\x1f\x7f-\x9f\u202a-\u202e\u2066-\u2069]")
#: Conflicts shown.
_CONFLICTS = 3


def show_plan(console: Console, plan: Plan, sample: int = SAMPLE) -> None:
    """Print totals, what is skipped and why, the first changes, conflicts and the cost."""
    counts = plan.counts
    console.print(
        f"[bold]{counts.leads:,}[/] leads looked at: {counts.decided:,} decided, "
        f"{counts.handed_off:,} handed to sales, {counts.adopted:,} adopted as they were"
    )
    for reason, leads in sorted(counts.skipped.items()):
        console.print(f"  {leads:,} skipped: {reason}")
    if plan.unreadable:
        fields = ", ".join(f"{name} {leads:,}" for name, leads in sorted(plan.unreadable.items()))
        console.print(f"  values that could not be read, kept as they are: {fields}")
    owners = _owner_names(plan)
    if counts.changes and sample:
        console.print(_changes_table(plan, sample, owners))
        if (hidden := counts.changes - sample) > 0:
            console.print(f"  … and {hidden:,} more (--show {counts.changes} shows all, --json has them too)")
    console.print(f"[bold]{counts.changes:,}[/] changes, {counts.conflicts:,} conflicts")
    for conflict in islice(plan.conflicts(), _CONFLICTS):
        console.print(f"  {_conflict(conflict, owners)}")
    if counts.conflicts > _CONFLICTS:
        console.print(f"  … and {counts.conflicts - _CONFLICTS:,} more (--json has them)")
    for name, calls in plan.estimates.items():
        if calls.total:
            parts = [f"{calls.rereads:,} to re-read", f"{calls.writes:,} to write"]
            parts += [
                f"{calls.verifies:,} to verify",
                *([f"{calls.notes:,} for notes"] if calls.notes else []),
            ]
            console.print(f"{name}: at most {calls.total:,} API calls to carry it out ({', '.join(parts)})")


def show_result(console: Console, result: Result) -> None:
    """Print what became of the writes, and what the run cost."""
    console.print(
        f"[bold]{result.written:,}[/] records written, {result.moved:,} moved meanwhile, "
        f"{result.failed:,} failed"
    )
    if result.waiting:
        console.print(f"  {result.waiting:,} that failed before are not due again (crmbridge failures list)")
    for error, records in sorted(result.report.errors.items()):
        console.print(f"  [red]{records:,}[/] {escape(error)}")
    posted = result.posted
    if posted.attached:
        console.print(f"{posted.attached:,} notes for reps")
    for error, notes in sorted(posted.errors.items()):
        console.print(f"  [red]{notes:,}[/] notes refused: {escape(error)}")
    told = [f"{count:,} {state}" for state, count in sorted(posted.delivered.items()) if count]
    if told:
        console.print(f"messages: {', '.join(told)}; crmbridge alerts list shows what did not arrive")
    spent = ", ".join(f"{name} {calls:,}" for name, calls in result.api_calls.items())
    console.print(f"API calls: {spent}")


def show_explanation(console: Console, explanation: Explanation, records: Iterable[RecordRef] = ()) -> None:
    """Print one decision: verdict, rules behind it, rules that did not match, what would change it."""
    decision = explanation.decision
    console.print(f"[bold]{decision.lead_id}[/] is in stage [bold]{decision.stage}[/]{_verdict(decision)}")
    if named := ", ".join(str(ref) for ref in records):
        console.print(f"records: {named}")
    console.print(
        f"score {decision.score:.4g} (fit {decision.fit_score:.4g}, "
        f"engagement {decision.engagement_score:.4g}), "
        f"process version {escape(decision.process_version)}"
    )
    if decision.memory.why:
        console.print(escape(decision.memory.why))
    console.print("\n[italic]Rules that fired[/]")
    console.print(_reasons_table(decision.reasons))
    if explanation.unmatched:
        console.print("\n[italic]Rules that did not match[/]")
        console.print(_reasons_table(explanation.unmatched))
    console.print()
    for sentence in explanation.would_change:
        console.print(f"→ {escape(sentence)}")


def show_problems(console: Console, problems: Sequence[Problem]) -> None:
    """Print every problem with its place, and below it what is wrong and what to do."""
    for problem in problems:
        colour = "red" if problem.severity == "error" else "yellow"
        place = f"{problem.file}: {problem.key}" if problem.key else problem.file
        console.print(f"[{colour}]{problem.severity}[/] [bold]{escape(place)}[/]")
        advice = f"\n→ {problem.suggestion}" if problem.suggestion else ""
        console.print(Padding(escape(problem.message + advice), (0, 0, 0, 2), expand=False))


def show_verdict(console: Console, problems: Sequence[Problem]) -> None:
    """Print how many of the problems are errors, and what to do next."""
    errors = sum(problem.severity == "error" for problem in problems)
    warnings = len(problems) - errors
    console.print(f"{_count(errors, 'error')}, {_count(warnings, 'warning')}")


def _count(number: int, noun: str) -> str:
    return f"{number} {noun}" if number == 1 else f"{number} {noun}s"


def show_names(console: Console, title: str, names: Iterable[str]) -> None:
    """Print a short list under a title."""
    listed = ", ".join(sorted(names)) or "none"
    console.print(f"{title}: {escape(listed)}")


def _verdict(decision: Decision) -> str:
    parts = [
        f" (by {decision.qualified_by})" if decision.qualified_by else "",
        f", held: {decision.held}" if decision.held else "",
        f", lacks {', '.join(decision.missing)}" if decision.missing else "",
    ]
    assignment = decision.assignment
    if assignment is not None:
        who = assignment.owner or (f"pool {assignment.pool}" if assignment.pool else "nobody")
        parts.append(f", for {escape(who)} ({assignment.via})")
    return "".join(parts)


def _telling(plan: Plan) -> Iterator[Change]:
    """Give the changes that people ask about first, then the others."""
    yield from (change for change in plan if change.field in _TELLING)
    yield from (change for change in plan if change.field not in _TELLING)


def _owner_names(plan: Plan) -> OwnerNames:
    """Give the name by which process files call an owner, by CRM and owner id."""
    return {
        (crm, owner_id): owner.key
        for owner in plan.ledger.owners().values()
        for crm in ("hubspot", "salesforce")
        if (owner_id := owner.id_in(crm)) is not None
    }


def _conflict(conflict: Conflict, owners: OwnerNames) -> str:
    where = ", ".join(str(ref) for ref in conflict.records) or conflict.lead_id
    if not conflict.field:
        return f"[yellow]{conflict.kind}[/] {where}"
    crm = conflict.records[0].crm if conflict.records else ""
    there, wanted = (_named(conflict.field, crm, value, owners) for value in (conflict.theirs, conflict.ours))
    return f"[yellow]{conflict.kind}[/] {conflict.field} {where}: there {there}, wanted {wanted}"


def _named(field: str, crm: str, value: Value, owners: OwnerNames) -> str:
    """Show a value; an owner by name, because nobody knows ids by heart."""
    return text(owners.get((crm, str(value)), value) if field == "owner" else value)


def _changes_table(plan: Plan, sample: int, owners: OwnerNames) -> Table:
    table = Table("CRM", "Record", "Field", "From", "To", "Because", box=None, pad_edge=False, padding=(0, 1))
    for change in islice(_telling(plan), sample):
        record = f"{change.object} {change.id or '(new)'}"
        old, new = (_named(change.field, change.crm, value, owners) for value in (change.old, change.new))
        table.add_row(change.crm, record, change.field, old, new, escape(change.reason))
    return table


def _reasons_table(reasons: Iterable[Reason]) -> Table:
    table = Table("Rule", "Effect", "Found", "Compared with", box=None, pad_edge=False, padding=(0, 1))
    table.add_column("Points", justify="right")
    for reason in reasons:
        points = "" if reason.points is None else f"{reason.points:+.4g}"
        threshold = reason.threshold
        compared = (
            ", ".join(text(item) for item in threshold) if isinstance(threshold, tuple) else text(threshold)
        )
        table.add_row(escape(reason.rule), reason.effect.value, text(reason.value), compared, points)
    return table


def text(value: Value) -> str:
    """Show a value to a person; markup in it stays text."""
    if value is None:
        return "–"
    if isinstance(value, datetime):
        return value.strftime("%Y-%m-%d %H:%M")
    if isinstance(value, Money):
        return f"{value.amount} {value.currency or ''}".strip()
    if isinstance(value, float):
        return f"{value:.4g}"
    shown = _UNSEEN.sub("\ufffd", str(value).replace("\n", " "))
    return escape(shown if len(shown) <= 40 else shown[:39] + "…")


def show_rights(console: Console, crm: str, rights: Rights) -> None:
    """Print the least rights that the token needs; what it lacks or has too much is a problem of its own."""
    show_names(console, f"{crm} needs", rights.needed)


def show_provision(
    console: Console,
    needed: Mapping[str, Sequence[NewField]],
    outcomes: Mapping[str, Sequence[Outcome]],
) -> None:
    """Print the custom fields that are missing, and what became of creating them."""
    if not any(needed.values()):
        console.print("nothing to create: every field that the mapping needs exists")
        return
    table = Table("CRM", "Object", "Field", "Kind", "", box=None, pad_edge=False, padding=(0, 1))
    for crm, fields in needed.items():
        found: Sequence[Outcome | None] = outcomes.get(crm) or [None] * len(fields)
        for item, outcome in zip(fields, found, strict=True):
            table.add_row(crm, item.object, item.name, item.kind, _created(outcome))
    console.print(table)
    if not outcomes:
        console.print(f"[bold]{sum(map(len, needed.values()))}[/] fields are missing; --apply creates them")


def _created(outcome: Outcome | None) -> str:
    """Say what became of creating a field, in words for a field."""
    if outcome is None:
        return "missing"
    words = {OutcomeState.WRITTEN: "created", OutcomeState.UNCHANGED: "was there"}
    state = words.get(outcome.state, f"[red]{outcome.state.value}[/]")
    return f"{state} {escape(outcome.error)}" if outcome.error else state
