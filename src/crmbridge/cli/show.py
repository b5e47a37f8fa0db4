"""What people see on a terminal: tables, one decision explained, problems in the order of the file."""

from __future__ import annotations

from collections.abc import Iterable, Mapping, Sequence
from datetime import datetime
from itertools import islice

from rich.box import SIMPLE_HEAD
from rich.console import Console
from rich.markup import escape
from rich.table import Table

from crmbridge.errors import Problem
from crmbridge.model import Decision, Money, Outcome, Reason, Value
from crmbridge.ports import NewField, Rights
from crmbridge.process import Explanation
from crmbridge.results import Plan, Result

#: Changes shown of a plan unless more are asked for.
SAMPLE = 12
#: Conflicts shown.
_CONFLICTS = 3


def show_plan(console: Console, plan: Plan, sample: int = SAMPLE) -> None:
    """Print totals, what is skipped and why, the first changes, conflicts and the cost."""
    counts = plan.counts
    console.print(
        f"[bold]{counts.leads:,}[/] leads: {counts.decided:,} decided, "
        f"{counts.handed_off:,} handed to sales, {counts.adopted:,} adopted as they were"
    )
    for reason, leads in sorted(counts.skipped.items()):
        console.print(f"  {leads:,} skipped: {reason}")
    if plan.unreadable:
        fields = ", ".join(f"{name} {leads:,}" for name, leads in sorted(plan.unreadable.items()))
        console.print(f"  values that could not be read, kept as they are: {fields}")
    if counts.changes:
        console.print(_changes_table(plan, sample))
    hidden = counts.changes - sample
    if hidden > 0:
        console.print(f"  … and {hidden:,} more (--show {counts.changes} shows all, --json has them too)")
    console.print(f"[bold]{counts.changes:,}[/] changes, {counts.conflicts:,} conflicts")
    for conflict in islice(plan.conflicts(), _CONFLICTS):
        where = ", ".join(str(ref) for ref in conflict.records) or conflict.lead_id
        values = f": there {text(conflict.theirs)}, wanted {text(conflict.ours)}" if conflict.field else ""
        console.print(f"  [yellow]{conflict.kind}[/] {conflict.field or ''} {where}{values}")
    if counts.conflicts > _CONFLICTS:
        console.print(f"  … and {counts.conflicts - _CONFLICTS:,} more (--json has them)")
    for name, calls in plan.estimates.items():
        console.print(
            f"{name}: at most {calls.total:,} API calls to carry it out "
            f"({calls.rereads:,} to re-read, {calls.writes:,} to write, {calls.verifies:,} to verify)"
        )


def show_result(console: Console, result: Result) -> None:
    """Print what became of the writes, and what the run cost."""
    console.print(
        f"[bold]{result.written:,}[/] records written, {result.moved:,} moved meanwhile, "
        f"{result.failed:,} failed"
    )
    for error, records in sorted(result.report.errors.items()):
        console.print(f"  [red]{records:,}[/] {escape(error)}")
    spent = ", ".join(f"{name} {calls:,}" for name, calls in result.api_calls.items())
    console.print(f"API calls: {spent}")


def show_explanation(console: Console, explanation: Explanation) -> None:
    """Print one decision: verdict, rules behind it, rules that did not match, what would change it."""
    decision = explanation.decision
    console.print(f"[bold]{decision.lead_id}[/] is in stage [bold]{decision.stage}[/]{_verdict(decision)}")
    console.print(
        f"score {decision.score:.4g} (fit {decision.fit_score:.4g}, "
        f"engagement {decision.engagement_score:.4g}), "
        f"process version {escape(decision.process_version)}"
    )
    if decision.memory.why:
        console.print(f"[bold]handed over[/] {escape(decision.memory.why)}")
    console.print(_reasons_table("Rules that fired", decision.reasons))
    if explanation.unmatched:
        console.print(_reasons_table("Rules that did not match", explanation.unmatched))
    for sentence in explanation.would_change:
        console.print(f"→ {escape(sentence)}")


def show_problems(console: Console, problems: Sequence[Problem]) -> None:
    """Print every problem with its place and what to do."""
    for problem in problems:
        colour = "red" if problem.severity == "error" else "yellow"
        console.print(f"[{colour}]{problem.severity}[/] {escape(str(problem))}")
    errors = sum(problem.severity == "error" for problem in problems)
    console.print(f"{errors} errors, {len(problems) - errors} warnings")


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


def _changes_table(plan: Plan, sample: int) -> Table:
    table = Table("CRM", "Record", "Field", "From", "To", "Because", box=None, pad_edge=False, padding=(0, 2))
    for change in islice(plan, sample):
        record = f"{change.object} {change.id or '(new)'}"
        table.add_row(
            change.crm, record, change.field, text(change.old), text(change.new), escape(change.reason)
        )
    return table


def _reasons_table(title: str, reasons: Iterable[Reason]) -> Table:
    table = Table(
        "Rule",
        "Effect",
        "Found",
        "Compared with",
        "Points",
        title=title,
        title_justify="left",
        box=SIMPLE_HEAD,
    )
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
    shown = str(value).replace("\n", " ")
    return escape(shown if len(shown) <= 40 else shown[:39] + "…")


def show_rights(console: Console, crm: str, rights: Rights) -> None:
    """Print what the token needs, what it lacks, and what it could do without."""
    show_names(console, f"{crm} needs", rights.needed)
    if rights.missing:
        show_names(console, f"  [red]missing[/] in {crm}", rights.missing)
    if rights.too_much:
        show_names(console, f"  more than needed in {crm}", rights.too_much)


def show_provision(
    console: Console,
    needed: Mapping[str, Sequence[NewField]],
    outcomes: Mapping[str, Sequence[Outcome]],
) -> None:
    """Print the custom fields that are missing, and what became of creating them."""
    if not any(needed.values()):
        console.print("nothing to create: every field that the mapping needs exists")
    for crm, fields in needed.items():
        states = {outcome.key: outcome for outcome in outcomes.get(crm, ())}
        for item in fields:
            outcome = states.get(item.name)
            state = outcome.error or outcome.state.value if outcome else "missing"
            console.print(f"{crm} {item.object} {item.name} ({item.kind}): {escape(state)}")
    if any(needed.values()) and not outcomes:
        console.print("--apply creates them")
