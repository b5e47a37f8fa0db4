"""The commands of a run: plan, apply, sync, explain, pause, resume."""

from __future__ import annotations

from pathlib import Path
from typing import Annotated

import typer
from rich.markup import escape

from crmbridge.cli import documents, show
from crmbridge.cli.options import (
    Allow,
    AsJson,
    Budget,
    Company,
    Full,
    Lead,
    Limit,
    Now,
    Only,
    Show,
    in_a_folder,
    moment,
)
from crmbridge.cli.session import answer, console, offline, opened, print_json, records_of


def plan(
    *,
    company: Company = Path(),
    now: Now = None,
    full: Full = False,
    out: Annotated[
        Path | None,
        typer.Option("--out", metavar="FILE", callback=in_a_folder, help="Save the plan here, for apply."),
    ] = None,
    allow: Allow = None,
    budget: Budget = None,
    sample: Show = show.SAMPLE,
    as_json: AsJson = False,
) -> None:
    """Read both CRMs and show what would be written. Writes nothing.

    Example: crmbridge plan -C companies/acme --out monday.plan
    """
    with opened(company) as bridge:
        made = bridge.plan(moment(now), full=full, allow=allow or (), budget=budget)
        if out is not None:
            made.save(out)
        if as_json:
            print_json(documents.plan_document(made))
        else:
            show.show_plan(console(), made, sample)
            if out is not None:
                console().print(
                    f"saved; carry it out with: crmbridge apply {out} -C {company}", soft_wrap=True
                )


def apply(
    file: Annotated[Path, typer.Argument(metavar="FILE", help="A file that plan --out wrote.")],
    *,
    company: Company = Path(),
    limit: Limit = None,
    only: Only = None,
    allow: Allow = None,
    budget: Budget = None,
    as_json: AsJson = False,
) -> None:
    """Carry out a saved plan; refused if it was edited or the world moved on.

    Example: crmbridge apply monday.plan -C companies/acme --limit 10
    """
    with opened(company) as bridge:
        result = bridge.apply(file, limit=limit, only=only or (), allow=allow or (), budget=budget)
        answer(result, as_json=as_json)


def sync(
    *,
    company: Company = Path(),
    now: Now = None,
    full: Full = False,
    allow: Allow = None,
    budget: Budget = None,
    as_json: AsJson = False,
) -> None:
    """Plan, guard and apply in one go: the scheduled job. A second run finds nothing to do.

    Example: crmbridge sync -C companies/acme --json
    """
    with opened(company) as bridge:
        result = bridge.sync(moment(now), full=full, allow=allow or (), budget=budget)
        answer(result, as_json=as_json)


def explain(
    lead: Lead,
    company: Company = Path(),
    now: Now = None,
    as_json: AsJson = False,
) -> None:
    """Say why a lead is where it is, which rules did not match, and what would change it.

    Example: crmbridge explain hubspot:contacts:1234 -C companies/acme
    """
    with offline(company) as bridge:
        explanation = bridge.explain(lead, moment(now))
        if as_json:
            print_json(documents.plain(explanation))
        else:
            show.show_explanation(console(), explanation, records_of(bridge, explanation))


def pause(
    reason: Annotated[str, typer.Argument(metavar="REASON", help="What people will read.")],
    company: Company = Path(),
) -> None:
    """Let no run write until resume, and stop one that is writing; planning stays possible.

    Example: crmbridge pause "new territories go live on Monday" -C companies/acme
    """
    with opened(company) as bridge:
        bridge.pause(reason)
        console().print(f"paused: {escape(reason)}; crmbridge resume lifts it")


def resume(company: Company = Path()) -> None:
    """Lift a pause.

    Example: crmbridge resume -C companies/acme
    """
    with opened(company) as bridge:
        bridge.resume()
        console().print("resumed: runs may write again")


COMMANDS = (plan, apply, sync, explain, pause, resume)
