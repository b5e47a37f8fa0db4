"""The command line as a whole: its commands, and errors as people read them."""

from __future__ import annotations

import gc
from collections.abc import Callable
from importlib.metadata import version
from typing import Annotated

import typer
from rich.console import Console
from rich.markup import escape

from crmbridge.cli import (
    alert_commands,
    care_commands,
    exits,
    list_commands,
    past_commands,
    process_commands,
    replay_commands,
    report_commands,
    run_commands,
    sandbox_commands,
    setup_commands,
    show,
)
from crmbridge.errors import ConfigError, CrmBridgeError, UnsafePlan
from crmbridge.logs import configure

app = typer.Typer(
    name="crmbridge",
    help="One lead process over HubSpot and Salesforce: plan it, look at it, apply it.",
    no_args_is_help=True,
    add_completion=False,
    pretty_exceptions_enable=False,
    rich_markup_mode="rich",
)
_PANELS: dict[str, tuple[Callable[..., None], ...]] = {
    "Try it without any account": sandbox_commands.COMMANDS,
    "Set a company up": setup_commands.COMMANDS,
    "The process": process_commands.COMMANDS,
    "Run": run_commands.COMMANDS,
    "Work": list_commands.COMMANDS,
    "Look at it": report_commands.COMMANDS,
    "The past": (*past_commands.COMMANDS, *replay_commands.COMMANDS),
    "Look after it": care_commands.COMMANDS,
}
for panel, commands in _PANELS.items():
    for command in commands:
        app.command(command.__name__.rstrip("_").replace("_", "-"), rich_help_panel=panel)(command)
for group in care_commands.GROUPS:
    app.add_typer(group, rich_help_panel="Look after it")
app.add_typer(alert_commands.alerts, name="alerts", rich_help_panel="Look after it")
app.add_typer(sandbox_commands.sandbox, name="sandbox", rich_help_panel="Try it without any account")


@app.callback(invoke_without_command=True)
def main(
    show_version: Annotated[
        bool, typer.Option("--version", metavar="", help="Print the version and stop.")
    ] = False,
) -> None:
    """One lead process over HubSpot and Salesforce: plan it, look at it, apply it."""
    if show_version:
        typer.echo(f"crmbridge {version('crmbridge')}")
        raise typer.Exit


def run() -> int:
    """Run the command line; returns the exit code."""
    configure()
    # This process is ours alone: what was imported stays, and millions of short-lived rows are no reason to
    # walk through it every 700 of them (a quarter of a run's CPU, docs/benchmarks.md).
    gc.freeze()
    gc.set_threshold(50_000, 20, 50)
    try:
        app()
    except CrmBridgeError as error:
        return _report(error)
    except SystemExit as stop:  # typer has said what it had to say
        return stop.code if isinstance(stop.code, int) else exits.DONE
    return exits.DONE


def _report(error: CrmBridgeError) -> int:
    console, code = Console(stderr=True, highlight=False), exits.code_for(error)
    if isinstance(error, ConfigError):
        show.show_problems(console, error.problems)
    elif isinstance(error, UnsafePlan):
        for finding in error.findings:
            console.print(f"[red]{exits.WORDS[code]}[/] {escape(finding.message)}")
    else:
        console.print(f"[red]{exits.WORDS[code]}[/] {exits.family_name(error)}: {escape(str(error))}")
    if advice := exits.advice_for(error):
        console.print(advice)
    return code
