"""The command report: the figures of a company, or of CSV files before anything is connected."""

from __future__ import annotations

from datetime import date, datetime
from pathlib import Path
from typing import Annotated

import typer

from crmbridge.cli import show_report
from crmbridge.cli.options import AsJson, Company, Now, in_a_folder, moment, one_of
from crmbridge.cli.session import console, offline, print_json, write_private
from crmbridge.errors import ConfigError, Problem
from crmbridge.metrics import Document
from crmbridge.presenting import Files
from crmbridge.report import LANGUAGES
from crmbridge.reporting import Choice


def _day(text: str | None) -> date | None:
    if text is None:
        return None
    try:
        return datetime.fromisoformat(text).date()
    except ValueError:
        raise typer.BadParameter("give an ISO day, such as 2026-11-21") from None


def _checked_day(text: str | None) -> str | None:
    _day(text)
    return text


def report(
    *,
    files: Annotated[
        list[Path] | None, typer.Argument(metavar="[FILE]...", help="Further files after --from-csv FILE.")
    ] = None,
    company: Company = Path(),
    from_csv: Annotated[
        list[Path] | None,
        typer.Option(
            "--from-csv", metavar="FILE", help="Read CSV files instead of the ledger: files, or their folder."
        ),
    ] = None,
    mapping: Annotated[
        Path | None, typer.Option("--mapping", metavar="FILE", help="TOML file that says how to read them.")
    ] = None,
    rejects: Annotated[
        Path | None,
        typer.Option(
            "--rejects", metavar="FILE", callback=in_a_folder, help="Keep the skipped rows here, as CSV."
        ),
    ] = None,
    since: Annotated[
        str | None,
        typer.Option(
            "--since", metavar="ISO", callback=_checked_day, help="Leads that qualified on or after this day."
        ),
    ] = None,
    until: Annotated[
        str | None,
        typer.Option(
            "--until", metavar="ISO", callback=_checked_day, help="Leads that qualified before this day."
        ),
    ] = None,
    now: Now = None,
    by: Annotated[
        list[str] | None,
        typer.Option("--by", metavar="DIM", help="Group by this; repeatable. Without it: by everything."),
    ] = None,
    html: Annotated[
        Path | None,
        typer.Option("--html", metavar="FILE", callback=in_a_folder, help="Write it as one page to look at."),
    ] = None,
    pack: Annotated[
        Path | None,
        typer.Option(
            "--pack",
            metavar="FILE",
            callback=in_a_folder,
            help="Write the pack for the weekly meeting; --since is then the last meeting (a week ago).",
        ),
    ] = None,
    lang: Annotated[
        str,
        typer.Option(
            "--lang", metavar="|".join(LANGUAGES), callback=one_of(LANGUAGES), help="Language of the page."
        ),
    ] = "en",
    as_json: AsJson = False,
) -> None:
    """Show the funnel and every other figure of the lead process, each with its definition.

    Example: crmbridge report --from-csv leads.csv deals.csv --mapping funnel.toml --json
    """
    choice = Choice(since=_day(since), until=_day(until), by=tuple(by or ()), now=moment(now))
    given = [*(from_csv or ()), *(files or ())]
    if mapping is None and given:
        advice = "say how to read it: --mapping FILE.toml (docs/report.md)"
        raise ConfigError([Problem("--from-csv", "", "CSV files need a mapping", advice)])
    files_read = None if mapping is None else Files(mapping, given, rejects)
    if html is not None:
        write_private(html, _page(files_read, company, choice, lang))
    if pack is not None:
        write_private(pack, _pack(files_read, company, choice, lang))
    if as_json or (html is None and pack is None):
        document = _document(files_read, company, choice)
        print_json(document) if as_json else show_report.show_report(console(), document)


def _document(files: Files | None, company: Path, choice: Choice) -> Document:
    if files is not None:
        return files.document(choice)
    with offline(company) as bridge:
        return bridge.report(choice)


def _page(files: Files | None, company: Path, choice: Choice, language: str) -> str:
    if files is not None:
        return files.page(choice, language)
    with offline(company) as bridge:
        return bridge.report_page(choice, language)


def _pack(files: Files | None, company: Path, choice: Choice, language: str) -> str:
    if files is not None:
        return files.pack(choice, language)
    with offline(company) as bridge:
        return bridge.meeting_pack(choice, language)


COMMANDS = (report,)
