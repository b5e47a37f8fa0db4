"""The command for lists that people work from."""

from __future__ import annotations

import sys
from dataclasses import astuple, fields
from datetime import UTC, datetime
from itertools import islice
from pathlib import Path
from typing import Annotated

import typer
from rich.table import Table

from crmbridge.cli import documents, show
from crmbridge.cli.options import AsCsv, AsJson, Company, Now, moment, one_of
from crmbridge.cli.session import console, offline, print_json
from crmbridge.csv_text import write_table
from crmbridge.lists import DEAD_LETTERS, DUE, LISTS, QUARANTINED, ListRow
from crmbridge.standing import ALMOST_QUALIFIED, UNROUTED

_NAMES = "|".join(LISTS)
#: Columns of the table that a list has besides lead, name, company and owner.
_COLUMNS = {
    ALMOST_QUALIFIED: ("datum", "recent_activity_count"),
    DUE: ("promise", "due_at", "overdue_seconds", "why"),
    QUARANTINED: ("why",),
    DEAD_LETTERS: ("why",),
}
_USUAL = ("score", "stage", "assigned_at", "why")
_TITLES = {
    "recent_activity_count": "Active (30 d)", "due_at": "Due", "overdue_seconds": "Overdue by",
    "promise": "Promise", "datum": "Missing", "why": "Why",
    "assigned_at": "Since", "score": "Score", "stage": "Stage", "owner": "Owner",
}  # fmt: skip


def list_(
    what: Annotated[str, typer.Argument(metavar=_NAMES, help="Which list.", callback=one_of(LISTS))],
    *,
    company: Company = Path(),
    owner: Annotated[
        str | None, typer.Option("--owner", metavar="OWNER", help="Only this owner's leads: e-mail or queue.")
    ] = None,
    days: Annotated[
        float, typer.Option("--days", min=0, metavar="N", help="For due: how many days ahead.")
    ] = 1.0,
    limit: Annotated[int | None, typer.Option("--limit", min=1, metavar="N", help="At most so many.")] = None,
    as_csv: AsCsv = False,
    as_json: AsJson = False,
    now: Now = None,
) -> None:
    """Show a list that people work from, as of the last run: who comes first, why, and what is missing.

    Example: crmbridge list prioritised -C companies/acme --owner ann@acme.example --csv
    """
    at = moment(now) or datetime.now(UTC)
    with offline(company, needs_ledger=True) as bridge:
        rows = islice(bridge.work_list(what, at, owner=owner, days=days), limit)
        if as_json:
            print_json({"list": what, "now": at.isoformat(), "rows": documents.plain(list(rows))})
        elif as_csv:
            write_table(sys.stdout, [each.name for each in fields(ListRow)], map(_cells, rows))
        else:
            _show(what, list(rows))


def _cells(row: ListRow) -> tuple[object, ...]:
    return (*astuple(row)[:-1], " ".join(row.records))


def _show(what: str, rows: list[ListRow]) -> None:
    columns = _COLUMNS.get(what, _USUAL)
    table = Table("Lead", "Name", "Company", box=None, pad_edge=False, padding=(0, 1))
    for name in ("owner", *columns):
        table.add_column(_TITLES[name])
    for row in rows:
        who = show.text(row.owner or (f"pool {row.pool}" if row.pool else None))
        cells = [_cell(row, name) for name in columns]
        table.add_row(row.lead_id, show.text(row.name), show.text(row.company), who, *cells)
    screen = console()
    if rows:
        screen.print(table)
    screen.print(f"[bold]{len(rows):,}[/] {LISTS[what]}" + _named_dead_ends(what, rows))


def _cell(row: ListRow, name: str) -> str:
    value = getattr(row, name)
    if name == "overdue_seconds" and value is not None:
        value = _span(value)
    shown = show.text(value.replace("_", " ") if name == "promise" and value else value)
    return f"[red]{shown}[/]" if name in {"due_at", "overdue_seconds"} and row.overdue else shown


def _span(seconds: float) -> str:
    """Write how long ago something was due, in its two largest units: "2 d 3 h"."""
    minutes = int(seconds // 60)
    parts = [(minutes // 1440, "d"), (minutes // 60 % 24, "h"), (minutes % 60, "min")]
    first = next((place for place, (count, _) in enumerate(parts) if count), 2)
    return " ".join(f"{count} {unit}" for count, unit in parts[first : first + 2])


def _named_dead_ends(what: str, rows: list[ListRow]) -> str:
    if what != UNROUTED or not rows:
        return ""
    counts = {row.why or "": sum(other.why == row.why for other in rows) for row in rows}
    return "; " + ", ".join(f"{reason} {count:,}" for reason, count in sorted(counts.items()))


COMMANDS = (list_,)
