"""The commands of care: failures, conflicts, quarantine, undo, history, erasure."""

from __future__ import annotations

import getpass
from pathlib import Path
from typing import Annotated

import typer

from crmbridge.cli import care_documents as documents
from crmbridge.cli import care_show as show
from crmbridge.cli import exits
from crmbridge.cli.options import Allow, AsCsv, AsJson, Budget, Company, Lead
from crmbridge.cli.session import answer, console, offline, opened, print_csv, print_json
from crmbridge.cli.show import show_plan
from crmbridge.safety import Choice

Leads = Annotated[list[str], typer.Argument(metavar="LEAD…", help="Leads, named as for explain.")]
Apply = Annotated[bool, typer.Option("--apply", metavar="", help="Do it; without this it is only shown.")]

failures = typer.Typer(
    name="failures", help="Records whose write failed: when they are tried again, and dead letters."
)
conflicts = typer.Typer(name="conflicts", help="What no rule decides, until somebody settles it.")


@failures.command("list")
def list_failures(company: Company = Path(), as_json: AsJson = False, as_csv: AsCsv = False) -> None:
    """Show what failed, why, how often, and when it is tried again.

    Example: crmbridge failures list -C companies/acme
    """
    with offline(company) as bridge:
        found = bridge.failures()
        if as_json:
            print_json([documents.failure(item) for item in found])
        elif as_csv:
            print_csv(documents.FAILURE, [documents.failure(item) for item in found])
        else:
            show.show_failures(console(), found)


@failures.command("retry")
def retry_failures(
    leads: Annotated[
        list[str] | None, typer.Argument(metavar="[LEAD…]", help="Only these leads; none: all.")
    ] = None,
    company: Company = Path(),
) -> None:
    """Have the next run try failed records again, dead letters too.

    Example: crmbridge failures retry -C companies/acme
    """
    with offline(company) as bridge:
        console().print(f"{bridge.retry_failures(leads or ()):,} records are due: the next sync tries them")


@failures.command("drop")
def drop_failures(leads: Leads, company: Company = Path()) -> None:
    """Give failed records up: not tried again until somebody changes them.

    Example: crmbridge failures drop hubspot:contacts:1234 -C companies/acme
    """
    with offline(company) as bridge:
        console().print(f"{bridge.drop_failures(leads):,} records given up")


@conflicts.callback(invoke_without_command=True)
def conflicts_alone(
    context: typer.Context, company: Company = Path(), as_json: AsJson = False, as_csv: AsCsv = False
) -> None:
    """List what no rule decides, until somebody settles it."""
    if context.invoked_subcommand is None:
        list_conflicts(company, as_json=as_json, as_csv=as_csv)


@conflicts.command("list")
def list_conflicts(company: Company = Path(), as_json: AsJson = False, as_csv: AsCsv = False) -> None:
    """Show every open conflict with both values, and since when.

    Example: crmbridge conflicts list -C companies/acme
    """
    with offline(company) as bridge:
        found = bridge.conflicts()
        if as_json:
            print_json([documents.dispute(item) for item in found])
        elif as_csv:
            print_csv(documents.DISPUTE, [documents.dispute(item) for item in found])
        else:
            show.show_conflicts(console(), found, bridge.ledger.owners())


@conflicts.command("settle")
def settle(
    lead: Lead,
    field: Annotated[
        str | None, typer.Argument(metavar="[FIELD]", help="Field, or kind of a conflict without one.")
    ] = None,
    choice: Annotated[
        str | None,
        typer.Argument(metavar="[theirs|ours]", help="theirs: it stays as it is. ours: it is overwritten."),
    ] = None,
    *,
    record: Annotated[
        str | None,
        typer.Option("--record", metavar="REF", help="Which record is meant, or is this person's."),
    ] = None,
    by: Annotated[
        str | None, typer.Option("--by", metavar="NAME", help="Who says so. Left out: who is signed in here.")
    ] = None,
    company: Company = Path(),
) -> None:
    """Settle a conflict once: for exactly these two values. The next sync carries it out.

    Example: crmbridge conflicts settle hubspot:contacts:1234 owner theirs -C companies/acme
    """
    with offline(company) as bridge:
        made = bridge.settle(lead, field, _choice(choice), record=record, by=by or getpass.getuser())
        show.show_ruling(console(), made)


def _choice(text: str | None) -> Choice | None:
    known: dict[str, Choice] = {"theirs": "theirs", "ours": "ours"}
    if text is not None and text not in known:
        raise typer.BadParameter("say theirs or ours")
    return None if text is None else known[text]


def release(lead: Lead, company: Company = Path()) -> None:
    """Let a lead out of quarantine: the next run decides it again.

    Example: crmbridge release hubspot:contacts:1234 -C companies/acme
    """
    with offline(company) as bridge:
        was_in = bridge.release(lead)
        console().print("released" if was_in else "was not in quarantine")


def undo(
    run: Annotated[str, typer.Argument(metavar="RUN", help="Id of a run, as history shows it, or: last.")],
    *,
    apply: Apply = False,
    allow: Allow = None,
    budget: Budget = None,
    company: Company = Path(),
    as_json: AsJson = False,
) -> None:
    """Show, or with --apply write, the reverse of a run: what still holds what the run wrote.

    Example: crmbridge undo last -C companies/acme
    """
    with opened(company) as bridge:
        made = bridge.undo(run, apply=apply, allow=allow or (), budget=budget)
        if as_json:
            print_json(documents.reversal(made))
            if made.result is not None and made.result.failed:
                raise typer.Exit(exits.FAILED)
            return
        show.show_reversal(console(), made)
        if made.result is None:
            show_plan(console(), made.plan)
        else:
            answer(made.result, as_json=False)


def history(lead: Lead, company: Company = Path(), as_json: AsJson = False, as_csv: AsCsv = False) -> None:
    """Show every write ever made to a lead: when, in which run, what, why, and what became of it.

    Example: crmbridge history hubspot:contacts:1234 -C companies/acme
    """
    with offline(company) as bridge:
        found = bridge.history(lead)
        if as_json:
            print_json([documents.written(item) for item in found])
        elif as_csv:
            print_csv(documents.WRITTEN, [documents.written(item) for item in found])
        else:
            show.show_history(console(), found, bridge.ledger.owners())


def prune(
    days: Annotated[int, typer.Option("--days", min=1, metavar="N", help="Keep the audit of so many days.")],
    company: Company = Path(),
) -> None:
    """Delete the audit of runs that are older. Undo and history do not reach further back then.

    Example: crmbridge prune --days 730 -C companies/acme
    """
    with offline(company) as bridge:
        console().print(f"{bridge.prune(days):,} rows deleted")


def forget(lead: Lead, *, apply: Apply = False, company: Company = Path(), as_json: AsJson = False) -> None:
    """Erase a person's data from the ledger; ids and the fact that something was written stay.

    Example: crmbridge forget hubspot:contacts:1234 --apply -C companies/acme
    """
    with offline(company) as bridge:
        found = bridge.forget(lead, apply=apply)
        if as_json:
            print_json(documents.forgotten(found, carried_out=apply))
        else:
            show.show_forgotten(console(), found, carried_out=apply)


COMMANDS = (release, undo, history, prune, forget)
GROUPS = (failures, conflicts)
