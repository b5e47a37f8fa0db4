"""The commands that look at the process itself: lint, chart, diff-process. They call no CRM."""

from __future__ import annotations

from collections import Counter
from pathlib import Path
from typing import Annotated

import typer
from rich.console import Console
from rich.markup import escape
from rich.padding import Padding
from rich.table import Table

from crmbridge.chart import FORMATS, steps
from crmbridge.cli import documents, exits
from crmbridge.cli.options import AsJson, Company, Now, in_a_folder, moment, one_of
from crmbridge.cli.session import console, offline, print_json
from crmbridge.comparing import Comparison, compare
from crmbridge.process import Process
from crmbridge.process.lint import Finding

_COLOURS = {"error": "red", "warning": "yellow", "info": "cyan"}


def lint(company: Company = Path(), as_json: AsJson = False, now: Now = None) -> None:
    """Prove what is wrong with the process, each time with an example lead that shows it.

    Needs no CRM; once a run has read them, owners who left and countries that leads come from count too.

    Example: crmbridge lint -C companies/acme
    """
    with offline(company) as bridge:
        found = bridge.lint(moment(now))
        counts = Counter(finding.severity for finding in found)
        if as_json:
            totals = {f"{name}s": counts[name] for name in ("error", "warning")} | {"infos": counts["info"]}
            print_json({"findings": [_finding(finding) for finding in found], **totals})
        else:
            _show_findings(console(), found)
    if counts["error"]:
        raise typer.Exit(exits.USAGE)


def _finding(finding: Finding) -> documents.Document:
    plain: documents.Document = documents.plain(finding)
    for name in ("example", "memory"):
        plain[name] = _said(plain[name])
    return plain


def _said(lead: documents.Document) -> documents.Document:
    """Leave out what is not known of an example, and what is the same for all."""
    return {key: value for key, value in lead.items() if value and key not in {"id", "records"}}


def _show_findings(screen: Console, found: tuple[Finding, ...]) -> None:
    for finding in found:
        place = f"{finding.file}: {finding.key}"
        screen.print(
            f"[{_COLOURS[finding.severity]}]{finding.severity}[/] [bold]{escape(place)}[/] ({finding.rule})"
        )
        lead = ", ".join(f"{key} {_short(key, value)}" for key, value in _finding(finding)["example"].items())
        words = f"{finding.message}\n→ {finding.suggestion}\nfor example a lead with {lead}"
        screen.print(Padding(escape(words), (0, 0, 0, 2), expand=False))
    counts = Counter(finding.severity for finding in found)
    screen.print(", ".join(f"{counts[name]} {name}" + "s" * (counts[name] != 1) for name in _COLOURS))


def _short(key: str, value: object) -> str:
    return str(len(value)) if key == "activities" and isinstance(value, list) else str(value)


def chart(
    company: Company = Path(),
    format_: Annotated[
        str,
        typer.Option(
            "--format",
            metavar="|".join([*FORMATS, "table"]),
            callback=one_of([*FORMATS, "table"]),
            help="How it is drawn.",
        ),
    ] = "table",
    out: Annotated[
        Path | None,
        typer.Option("--out", metavar="FILE", callback=in_a_folder, help="Write it here, not to stdout."),
    ] = None,
) -> None:
    """Draw the live process: stages, definitions, responsible teams, exit criteria, moves, SLA.

    As Markdown it is the whole agreement, to be printed and signed.

    Example: crmbridge chart -C companies/acme --format svg --out process.svg
    """
    with offline(company) as bridge:
        process = bridge.process
        if format_ == "table":
            _show_steps(console(), process)
        elif out is not None:
            out.write_text(FORMATS[format_](process), "utf-8")
        else:
            typer.echo(FORMATS[format_](process), nl=False)


def _show_steps(screen: Console, process: Process) -> None:
    table = Table(
        "Stage", "Means", "Responsible", "To move on", "Then", "SLA", box=None, pad_edge=False, padding=(0, 1)
    )
    for step in steps(process):
        then = "any stage" if step.next is None else ", ".join(step.next)
        table.add_row(
            *map(escape, (step.name, step.definition, step.owner_team, step.exit, then)),
            escape("; ".join(step.promised)),
        )
    screen.print(f"[bold]{escape(process.name)}[/], version {escape(process.version)}")
    screen.print(table)


def diff_process(
    old: Annotated[Path, typer.Argument(metavar="OLD", help="The process file as it was.")],
    new: Annotated[Path, typer.Argument(metavar="NEW", help="The process file as it shall be.")],
    company: Annotated[
        Path | None,
        typer.Option("--company", "-C", metavar="DIR", help="Count what it means for this company's leads."),
    ] = None,
    as_json: AsJson = False,
    now: Now = None,
) -> None:
    """Say in words what a new version of the process changes, and for how many leads.

    Example: crmbridge diff-process process.toml process-2027.toml -C companies/acme
    """
    before, after = Process.load(old), Process.load(new)
    if company is None:
        found = compare(before, after)
    else:
        with offline(company) as bridge:
            found = bridge.compare(after, moment(now), old=before)
    if as_json:
        print_json(documents.plain(found))
    else:
        _show_comparison(console(), found)


def _show_comparison(screen: Console, found: Comparison) -> None:
    screen.print(f"from version {escape(found.old_version)} to {escape(found.new_version)}")
    for difference in found.differences:
        screen.print(Padding(escape(f"· {difference.sentence}"), (0, 0, 0, 2), expand=False))
    if found.effects is not None:
        of = f"of {found.effects.leads:,} leads would be decided differently"
        screen.print(f"[bold]{found.effects.different:,}[/] {of}")
        for what, leads in found.effects.by.items():
            screen.print(f"  {leads:,} {what}")
    screen.print(found.applies)


COMMANDS = (lint, chart, diff_process)
