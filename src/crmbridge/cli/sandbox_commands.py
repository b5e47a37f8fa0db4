"""The commands that need no account: demo, and the sandbox itself."""

from __future__ import annotations

import os
from pathlib import Path
from typing import Annotated

import typer

from crmbridge.cli.options import AsJson, in_a_folder
from crmbridge.errors import ConfigError, Problem

sandbox = typer.Typer(help="A local HubSpot and Salesforce over HTTP.", no_args_is_help=True)


def demo(
    leads: Annotated[
        int, typer.Option("--leads", min=10, metavar="N", help="How many people to invent.")
    ] = 1000,
    keep: Annotated[
        Path | None, typer.Option("--keep", metavar="DIR", help="Leave the company folder here.")
    ] = None,
    as_json: AsJson = False,
) -> None:
    """Run the main job on invented leads: plan, apply, a second plan that is empty, one decision explained.

    Example: crmbridge demo --leads 200
    """
    from crmbridge.cli.demo import run_demo  # noqa: PLC0415 - the sandbox comes with an extra

    run_demo(leads, keep, as_json=as_json)


@sandbox.command()
def serve(
    *,
    host: Annotated[
        str, typer.Option(metavar="ADDRESS", help="Listen here; loopback unless you know better.")
    ] = "127.0.0.1",
    hubspot_port: Annotated[int, typer.Option(metavar="N", help="0: any free port.")] = 0,
    salesforce_port: Annotated[int, typer.Option(metavar="N", help="0: any free port.")] = 0,
    tls: Annotated[
        bool, typer.Option("--tls", metavar="", help="Serve https with a certificate authority made now.")
    ] = False,
    state: Annotated[
        Path | None,
        typer.Option(
            metavar="FILE", callback=in_a_folder, help="Keep the state here; without it, in memory."
        ),
    ] = None,
    demo: Annotated[int, typer.Option(min=0, metavar="N", help="Begin with N invented leads.")] = 0,
    load: Annotated[
        list[str] | None,
        typer.Option(metavar="OBJECT=FILE.csv", help="Load rows, e.g. hubspot.contacts=a.csv; repeatable."),
    ] = None,
    create_fields: Annotated[
        bool, typer.Option("--create-fields", metavar="", help="Make custom fields of unknown columns.")
    ] = False,
    seed: Annotated[int, typer.Option(metavar="N", help="Same seed, same ids, same people.")] = 1,
    clock: Annotated[str | None, typer.Option(metavar="ISO", help="Stand still at this moment.")] = None,
    switch: Annotated[
        list[str] | None,
        typer.Option(
            metavar="CRM.SWITCH=VALUE",
            help="Change how a CRM behaves, e.g. hubspot.lifecycle=reject; repeatable.",
        ),
    ] = None,
    connector: Annotated[
        bool,
        typer.Option(
            "--connector",
            metavar="",
            help="Let HubSpot's Salesforce connector copy mapped fields between them.",
        ),
    ] = False,
) -> None:
    """Serve until interrupted; prints one JSON line when ready.

    Example: crmbridge sandbox serve --demo 1000 --hubspot-port 8801 --salesforce-port 8802
    """
    from crmbridge.sandbox.serve import serve_forever  # noqa: PLC0415 - the sandbox comes with an extra

    try:
        serve_forever(
            host=host,
            hubspot_port=hubspot_port,
            salesforce_port=salesforce_port,
            tls=tls,
            state=state,
            demo=demo,
            load=load or [],
            create_fields=create_fields,
            seed=seed,
            clock=clock,
            switch=switch or [],
            connector=connector,
        )
    except OSError as error:
        reason = os.strerror(error.errno) if error.errno else str(error)
        raise ConfigError([Problem("sandbox", "", f"cannot be served: {reason}")]) from None


COMMANDS = (demo,)
