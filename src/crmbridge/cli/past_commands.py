"""The commands about the past: timeline and backfill."""

from __future__ import annotations

from datetime import datetime
from pathlib import Path
from typing import Annotated

import typer

from crmbridge.backfill import MOVES, Backfill
from crmbridge.cli import exits, past_documents, show_past
from crmbridge.cli.options import Allow, AsJson, Company, Now, Only, moment
from crmbridge.cli.session import console, opened, print_json


def _known_moves(names: list[str] | None) -> list[str] | None:
    for name in names or ():
        if name not in MOVES:
            raise typer.BadParameter(f"a backfill does not write {name}; known: {', '.join(MOVES)}")
    return names


def _checked_moment(text: str | None) -> str | None:
    moment(text)
    return text


def timeline(
    lead: Annotated[
        str | None,
        typer.Argument(
            metavar="LEAD",
            help="Lead id, hubspot:contacts:ID, salesforce:Lead:ID, salesforce:Contact:ID or e-mail.",
        ),
    ] = None,
    *,
    company: Company = Path(),
    rebuild: Annotated[
        bool,
        typer.Option(
            "--rebuild", metavar="", help="Read the recorded history of this lead, or of all, afresh."
        ),
    ] = False,
    now: Now = None,
    as_json: AsJson = False,
) -> None:
    """Show when a lead entered which stage, who had it, and how sure that is; --rebuild reads the histories.

    Example: crmbridge timeline hubspot:contacts:1234 -C companies/acme --rebuild
    """
    if lead is None and not rebuild:
        raise typer.BadParameter("name a lead, or read the history of all with --rebuild")
    with opened(company) as bridge:
        report = None
        if rebuild:
            report = bridge.rebuild_timelines([lead] if lead else (), moment(now))
        if lead is not None:
            found = bridge.timeline(lead, moment(now))
            if as_json:
                print_json(past_documents.timeline_document(found))
            else:
                show_past.show_timeline(console(), found)
        elif report is not None and as_json:
            print_json(past_documents.report_document(report))
        elif report is not None:
            show_past.show_report(console(), report)


def backfill(
    *,
    since: Annotated[
        str, typer.Option("--since", metavar="ISO", callback=_checked_moment, help="Dates from here on.")
    ],
    until: Annotated[
        str | None,
        typer.Option(
            "--until", metavar="ISO", callback=_checked_moment, help="… up to here; not given: now."
        ),
    ] = None,
    only: Only = None,
    also: Annotated[
        list[str] | None,
        typer.Option(
            "--also",
            metavar="FIELD",
            callback=_known_moves,
            help="Write the stage or status of the past, too; repeatable: stage, status.",
        ),
    ] = None,
    recorded: Annotated[
        bool,
        typer.Option(
            "--recorded", metavar="", help="Only what was recorded; the rules pass nobody afterwards."
        ),
    ] = False,
    apply: Annotated[
        bool, typer.Option("--apply", metavar="", help="Write; without it the plan is shown.")
    ] = False,
    budget: Annotated[
        int | None,
        typer.Option(
            "--budget", min=1, metavar="N", help="At most so many API calls; run it again to go on."
        ),
    ] = None,
    allow: Allow = None,
    company: Company = Path(),
    now: Now = None,
    as_json: AsJson = False,
) -> None:
    """Write statuses, flags and dates of the past where nobody has put anything; plans unless --apply.

    Example: crmbridge backfill --since 2024-01-01 -C companies/acme
    """
    request = Backfill(
        since=_moment(since),
        until=moment(until),
        only=tuple(only or ()),
        also=tuple(also or ()),
        by_rules=not recorded,
        budget=budget,
    )
    with opened(company) as bridge:
        result = bridge.backfill(request, moment(now), apply=apply, allow=allow or ())
        if as_json:
            print_json(past_documents.backfill_document(result))
        else:
            show_past.show_backfill(console(), result)
        if result.failed:
            raise typer.Exit(exits.FAILED)


def _moment(text: str) -> datetime:
    found = moment(text)
    if found is None:
        raise typer.BadParameter("give an ISO moment")
    return found


COMMANDS = (timeline, backfill)
