"""The commands that set a company up: init, check, provision."""

from __future__ import annotations

from pathlib import Path
from typing import Annotated

import typer

from crmbridge.cli import documents, exits, show
from crmbridge.cli.options import AsJson, Company, in_a_folder
from crmbridge.cli.session import console, opened, print_json
from crmbridge.company import start_company
from crmbridge.model import OutcomeState


def init(company: Company = Path()) -> None:
    """Write a commented company folder from the live schema of both CRMs; existing files stay.

    Example: crmbridge init -C companies/acme
    """
    screen = console()
    for path in start_company(company):
        screen.print(f"wrote {path}")
    screen.print(f"answer the lines with QUESTION, then run: crmbridge check -C {company}")


def check(
    company: Company = Path(),
    permission_set: Annotated[
        Path | None,
        typer.Option(
            "--permission-set",
            metavar="FILE",
            callback=in_a_folder,
            help="Write the Salesforce permission set that is needed.",
        ),
    ] = None,
    as_json: AsJson = False,
) -> None:
    """Compare process and mapping with both CRMs: every problem in one go, and the rights needed.

    Example: crmbridge check -C companies/acme --permission-set crmbridge.permissionset-meta.xml
    """
    with opened(company) as bridge:
        problems, rights = bridge.check(), bridge.rights()
        deployable = "".join(right.deployable for right in rights.values())
        if permission_set is not None:
            permission_set.write_text(deployable, "utf-8")
        if as_json:
            document = {"problems": documents.plain(problems), "rights": documents.plain(rights)}
            print_json(document)
        else:
            screen = console()
            show.show_problems(screen, problems)
            for name, right in rights.items():
                show.show_rights(screen, name, right)
            show.show_verdict(screen, problems)
    if any(problem.severity == "error" for problem in problems):
        raise typer.Exit(exits.USAGE)


def provision(
    company: Company = Path(),
    apply: Annotated[
        bool, typer.Option("--apply", metavar="", help="Create them; without it they are only shown.")
    ] = False,
    as_json: AsJson = False,
) -> None:
    """Show, and with --apply create, the custom fields that the mapping needs. Safe to repeat.

    Example: crmbridge provision -C companies/acme --apply
    """
    with opened(company) as bridge:
        needed = bridge.needed_fields()
        outcomes = bridge.create_fields(needed) if apply else {}
        if as_json:
            print_json({"needed": documents.plain(needed), "outcomes": documents.plain(outcomes)})
        else:
            show.show_provision(console(), needed, outcomes)
    if any(item.state is OutcomeState.FAILED for items in outcomes.values() for item in items):
        raise typer.Exit(exits.FAILED)


COMMANDS = (init, check, provision)
