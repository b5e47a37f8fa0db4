"""The commands about the past: timeline and backfill."""

from __future__ import annotations

from pathlib import Path
from typing import Annotated

import typer

from crmbridge.backfill import BEGINNING, MOVES, Backfill
from crmbridge.cli import exits, past_documents, show_past
from crmbridge.cli.options import (
    Allow,
    AsJson,
    Budget,
    Company,
    Now,
    Only,
    checked_moment,
    in_a_folder,
    moment,
)
from crmbridge.cli.session import console, offline, opened, print_json
from crmbridge.errors import ConfigError, Problem


def _known_moves(names: list[str] | None) -> list[str] | None:
    for name in names or ():
        if name not in MOVES:
            raise typer.BadParameter(f"a backfill does not write {name}; known: {', '.join(MOVES)}")
    return names


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
    with opened(company) if rebuild else offline(company) as bridge:
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
    files: Annotated[
        list[Path] | None, typer.Argument(metavar="[FILE]...", help="Further files after --from-csv FILE.")
    ] = None,
    since: Annotated[
        str | None,
        typer.Option(
            "--since",
            metavar="ISO",
            callback=checked_moment,
            help="Dates from here on; needed unless files are read.",
        ),
    ] = None,
    until: Annotated[
        str | None,
        typer.Option("--until", metavar="ISO", callback=checked_moment, help="… up to here; not given: now."),
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
    from_csv: Annotated[
        list[Path] | None,
        typer.Option("--from-csv", metavar="FILE", help="Write what CSV files tell of leads' past."),
    ] = None,
    mapping: Annotated[
        Path | None, typer.Option("--mapping", metavar="FILE", help="How to read the CSV files.")
    ] = None,
    rejects: Annotated[
        Path | None,
        typer.Option(
            "--rejects",
            metavar="FILE",
            callback=in_a_folder,
            help="Keep the refused rows here, as CSV: corrected, they can be read again.",
        ),
    ] = None,
    apply: Annotated[
        bool, typer.Option("--apply", metavar="", help="Write; without it the plan is shown.")
    ] = False,
    budget: Budget = None,
    allow: Allow = None,
    company: Company = Path(),
    now: Now = None,
    as_json: AsJson = False,
) -> None:
    """Write statuses, flags and dates of the past where nobody has put anything; plans unless --apply.

    The past is what the CRMs recorded or, with --from-csv, what spreadsheets or an old system tell.

    Example: crmbridge backfill --since 2024-01-01 -C companies/acme
    """
    given = [*(from_csv or ()), *(files or ())]
    _check_files(given, mapping, rejects, since=since, only=only)
    request = Backfill(
        since=moment(since) or BEGINNING,
        until=moment(until),
        only=tuple(only or ()),
        also=tuple(also or ()),
        by_rules=not recorded,
        budget=budget,
    )
    with opened(company) as bridge:
        at, allowed = moment(now), allow or ()
        if mapping is None:
            result = bridge.backfill(request, at, apply=apply, allow=allowed)
        else:
            result = bridge.backfill_csv(
                mapping, given, at, rejects=rejects, request=request, apply=apply, allow=allowed
            )
        if as_json:
            print_json(past_documents.backfill_document(result))
        else:
            show_past.show_backfill(console(), result)
        if result.failed:
            raise typer.Exit(exits.FAILED)


def _check_files(
    given: list[Path],
    mapping: Path | None,
    rejects: Path | None,
    *,
    since: str | None,
    only: list[str] | None,
) -> None:
    """Refuse options that belong to the other way of asking."""
    if given and mapping is None:
        advice = "say how to read it: --mapping FILE.toml (docs/backfill.md)"
        raise ConfigError([Problem("--from-csv", "", "CSV files need a mapping", advice)])
    if mapping is not None and only:
        raise typer.BadParameter("files name their leads themselves: leave out --only")
    if mapping is None and rejects is not None:
        raise typer.BadParameter("--rejects goes with --from-csv")
    if mapping is None and since is None:
        raise typer.BadParameter("say from when on: --since 2024-01-01, or --from-csv FILE")


COMMANDS = (timeline, backfill)
