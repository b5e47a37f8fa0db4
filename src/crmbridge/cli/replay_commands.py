"""The commands that try a process on the past: replay and tune. They call no CRM."""

from __future__ import annotations

from datetime import UTC, datetime
from pathlib import Path
from typing import Annotated

import typer

from crmbridge.cli import documents, show_replay
from crmbridge.cli.options import AsJson, Company, Now, in_a_folder, moment
from crmbridge.cli.session import console, offline, print_json
from crmbridge.errors import ConfigError, Problem
from crmbridge.process import Process
from crmbridge.replaying import Trial
from crmbridge.tuning import written


def _checked_moment(text: str | None) -> str | None:
    moment(text)
    return text


def replay(
    *,
    process: Annotated[
        Path | None,
        typer.Option("--process", metavar="FILE", help="The process to try; not given: the company's own."),
    ] = None,
    against: Annotated[
        Path | None, typer.Option("--against", metavar="FILE", help="Another one beside it.")
    ] = None,
    since: Annotated[
        str, typer.Option("--since", metavar="ISO", callback=_checked_moment, help="Decide from here on.")
    ],
    until: Annotated[
        str | None,
        typer.Option(
            "--until", metavar="ISO", callback=_checked_moment, help="… up to here; not given: now."
        ),
    ] = None,
    lead: Annotated[
        str | None,
        typer.Option("--lead", metavar="LEAD", help="Show this lead decision by decision, with the rules."),
    ] = None,
    known_only: Annotated[
        bool,
        typer.Option(
            "--known-only", metavar="", help="Leave out data whose past nobody recorded; else as first known."
        ),
    ] = False,
    company: Company = Path(),
    as_json: AsJson = False,
) -> None:
    """Try a process on recorded history, alone or beside another; writes nothing and calls no CRM.

    Example: crmbridge replay --process new.toml --against process.toml --since 2025-01-01 -C companies/acme
    """
    files = _loaded({"process": process, "against": against})
    with offline(company, needs_ledger=True) as bridge:
        trial = Trial(
            new=files.get("process") or bridge.process,
            old=files.get("against"),
            since=moment(since) or datetime.now(UTC),
            until=moment(until) or datetime.now(UTC),
            known_only=known_only,
            lead=lead,
        )
        found = bridge.replay(trial)
        if as_json:
            print_json(documents.plain(found))
        else:
            show_replay.show_replay(console(), found)


def _loaded(files: dict[str, Path | None]) -> dict[str, Process]:
    """Load the process files; the problems of all of them come at once."""
    found: dict[str, Process] = {}
    problems: list[Problem] = []
    for name, path in files.items():
        try:
            if path is not None:
                found[name] = Process.load(path)
        except ConfigError as error:
            problems.extend(error.problems)
    if problems:
        raise ConfigError(problems)
    return found


def tune(
    *,
    out: Annotated[
        Path | None,
        typer.Option(
            "--out",
            metavar="FILE",
            callback=in_a_folder,
            help="Write the suggested process here, for review.",
        ),
    ] = None,
    company: Company = Path(),
    now: Now = None,
    as_json: AsJson = False,
) -> None:
    """Suggest threshold and points from what became of past leads; applies nothing.

    Example: crmbridge tune -C companies/acme --out process-next.toml
    """
    file = company / "process.toml"
    with offline(company, needs_ledger=True) as bridge:
        found = bridge.tune(moment(now))
    if out is not None and found.refused is None:
        out.write_text(written(file.read_text("utf-8-sig"), found), "utf-8")
    if as_json:
        print_json(documents.plain(found))
    else:
        show_replay.show_tuning(console(), found, out)


COMMANDS = (replay, tune)
