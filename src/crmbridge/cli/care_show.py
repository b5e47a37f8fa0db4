"""What people see of failures, conflicts, undoing, history and erasure."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from datetime import datetime

from rich.console import Console
from rich.markup import escape
from rich.table import Table

from crmbridge.cli.show import text
from crmbridge.model import Owner, Value
from crmbridge.results import Reversal
from crmbridge.safety import Dispute, Failure, Forgotten, Ruling, Written


def show_failures(console: Console, found: Sequence[Failure]) -> None:
    """Print a line per record that failed."""
    if not found:
        console.print("no record has failed")
        return
    table = _table("CRM", "Record", "Fields", "Error", "Tries", "Next try")
    for item in found:
        record = f"{item.object} {item.id or '(new)'}"
        next_try = text(item.next_at) if item.next_at else "[red]dead letter[/]"
        fields = escape(" ".join(item.fields))
        table.add_row(item.crm, record, fields, escape(item.error), str(item.attempts), next_try)
    console.print(table)
    dead = sum(item.next_at is None for item in found)
    console.print(
        f"[bold]{len(found):,}[/] records, {dead:,} of them dead letters (crmbridge failures retry)"
    )


def show_conflicts(console: Console, found: Sequence[Dispute], owners: Mapping[str, Owner]) -> None:
    """Print a line per open conflict."""
    if not found:
        console.print("no open conflict")
        return
    names = _names(owners)
    table = _table("Lead", "Kind", "Records", "Field", "There", "Wanted", "Since", "Changed there", "Because")
    for item in found:
        conflict = item.conflict
        records = " ".join(str(ref) for ref in conflict.records)
        there, wanted = (_named(conflict.field, value, names) for value in (conflict.theirs, conflict.ours))
        since, changed = _moment(item.first_seen_at), _moment(item.theirs_at)
        because = escape(item.ours_reason or "")
        table.add_row(
            conflict.lead_id,
            conflict.kind,
            escape(records),
            conflict.field,
            there,
            wanted,
            since,
            changed,
            because,
        )
    console.print(table)
    console.print(
        f"[bold]{len(found):,}[/] open; settle one: crmbridge conflicts settle LEAD FIELD theirs|ours"
    )


def show_ruling(console: Console, made: Ruling) -> None:
    """Print what was settled."""
    what = made.field or "identity"
    console.print(
        f"settled: {escape(what)} of {escape(made.place)} → {escape(made.choice)}; the next sync follows"
    )


def show_reversal(console: Console, made: Reversal) -> None:
    """Print what undoing a run cannot take back."""
    console.print(f"the reverse of run [bold]{made.of}[/] is run [bold]{made.plan.run.id}[/]")
    if made.reverse.moved_on:
        console.print(f"  {made.reverse.moved_on:,} fields hold something else by now, and stay")
    if made.reverse.forward_only:
        console.print(f"  {made.reverse.forward_only:,} stages stay: HubSpot's lifecycle only moves forward")
    for ref in made.reverse.created:
        console.print(f"  created, and stays: {escape(str(ref))}")


def show_history(console: Console, found: Sequence[Written], owners: Mapping[str, Owner]) -> None:
    """Print a line per field write."""
    if not found:
        console.print("nothing was ever written")
        return
    names = _names(owners)
    table = _table("When", "Run", "CRM", "Record", "Field", "From", "To", "Because", "Outcome")
    for item in found:
        old, new = (_named(item.field, value, names) for value in (item.old, item.new))
        outcome = item.outcome if item.error is None else f"{item.outcome} {item.error}"
        record = f"{item.object} {item.id or '(new)'}"
        row = (item.field, old, new, escape(item.reason), escape(outcome))
        table.add_row(_moment(item.at), item.run, item.crm, record, *row)
    console.print(table)


def show_forgotten(console: Console, found: Forgotten, *, carried_out: bool) -> None:
    """Print how many rows hold, or held, data of the person."""
    rows = ", ".join(f"{name} {count:,}" for name, count in sorted(found.rows.items())) or "nothing"
    console.print(f"{'erased' if carried_out else 'would be erased (--apply does it)'}: {rows}")
    for ref in found.live:
        console.print(f"  [yellow]still stands in the CRM:[/] {escape(str(ref))}; erase it there as well")


def _table(*columns: str) -> Table:
    return Table(*columns, box=None, pad_edge=False, padding=(0, 1))


def _moment(at: datetime | None) -> str:
    return "" if at is None else text(at)


def _names(owners: Mapping[str, Owner]) -> Mapping[str, str]:
    ids = ((owner.id_in(crm), owner.key) for owner in owners.values() for crm in ("hubspot", "salesforce"))
    return {owner_id: key for owner_id, key in ids if owner_id is not None}


def _named(field: str | None, value: Value, names: Mapping[str, str]) -> str:
    return text(names.get(str(value), value) if field == "owner" else value)
