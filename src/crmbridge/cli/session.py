"""A command's surroundings: the company opened, the console, progress, one JSON document."""

from __future__ import annotations

import sys
from collections.abc import Iterable, Iterator
from contextlib import contextmanager
from pathlib import Path
from typing import Any

import msgspec
import typer
from rich.console import Console

from crmbridge.bridge import Bridge
from crmbridge.cli import documents, exits, show
from crmbridge.cli.progress import Steps
from crmbridge.company import open_company, open_offline
from crmbridge.csv_text import table
from crmbridge.errors import ConfigError, Problem
from crmbridge.model import RecordRef
from crmbridge.process import Explanation
from crmbridge.results import Result


@contextmanager
def opened(company: Path) -> Iterator[Bridge]:
    """Open a company folder with progress on stderr, and close its ledger afterwards.

    Raises:
        ConfigError: there is no such folder, or something in it or in the environment is wrong.
    """
    if not company.joinpath("process.toml").exists():
        advice = f"name a company folder with -C DIR, or write one: crmbridge init -C {company}"
        raise ConfigError([Problem(str(company), "", "holds no process.toml", advice)])
    with Steps(Console(stderr=True)) as steps:
        bridge = open_company(company, progress=steps)
        try:
            yield bridge
        finally:
            bridge.close()


@contextmanager
def offline(company: Path, *, needs_ledger: bool = False) -> Iterator[Bridge]:
    """Open a company folder for what its files and its ledger can answer, without its CRMs.

    Raises:
        ConfigError: there is no such folder, no ledger where one is needed, or something in it is wrong.
    """
    if not company.joinpath("process.toml").exists():
        advice = f"name a company folder with -C DIR, or write one: crmbridge init -C {company}"
        raise ConfigError([Problem(str(company), "", "holds no process.toml", advice)])
    bridge = open_offline(company)
    try:
        if needs_ledger and not bridge.ledger.lead_ids("", 1):
            advice = f"carry out a run first: crmbridge sync -C {company}"
            raise ConfigError([Problem(str(company), "", "the ledger knows no leads yet", advice)])
        yield bridge
    finally:
        bridge.close()


def records_of(bridge: Bridge, explanation: Explanation) -> list[RecordRef]:
    """Name the records in both CRMs that an explained lead is made of."""
    stored = bridge.ledger.load([explanation.decision.lead_id])
    return [part.record.ref for lead in stored for part in lead.records]


def console() -> Console:
    """Give the console for what a command answers; a file or a pipe gets wide lines."""
    return Console(highlight=False, width=None if sys.stdout.isatty() else 120)


def print_json(document: Any) -> None:
    """Print the one document of ``--json``."""
    sys.stdout.write(msgspec.json.format(msgspec.json.encode(document)).decode() + "\n")


def write_private(path: Path, text: str) -> None:
    """Write a file that its owner alone can read: it may name people."""
    path.touch(mode=0o600)
    path.write_text(text, "utf-8")


def print_csv(columns: tuple[str, ...], rows: Iterable[documents.Document]) -> None:
    """Print the one table of ``--csv``; lists within a cell are joined by spaces."""
    sys.stdout.write(table(columns, (documents.cells(row, columns) for row in rows)))


def answer(result: Result, *, as_json: bool) -> None:
    """Show a run that wrote.

    Raises:
        typer.Exit: with code 1 when some records failed.
    """
    if as_json:
        print_json(documents.result_document(result))
    else:
        screen = console()
        show.show_plan(screen, result.plan, sample=0)
        show.show_result(screen, result)
    if result.failed:
        raise typer.Exit(exits.FAILED)
