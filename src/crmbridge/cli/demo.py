"""`crmbridge demo`: the main job on the embedded sandbox and SQLite, from nothing, in one command."""

from __future__ import annotations

import time
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from dataclasses import replace
from datetime import UTC, datetime
from importlib import resources
from itertools import islice
from pathlib import Path
from tempfile import TemporaryDirectory

from rich.console import Console

from crmbridge.bridge import Bridge
from crmbridge.cli import show
from crmbridge.cli.progress import Steps
from crmbridge.cli.session import console, print_json, records_of
from crmbridge.company import open_company
from crmbridge.errors import ConfigError, Problem
from crmbridge.logs import configure
from crmbridge.process import Explanation
from crmbridge.results import Plan, Result
from crmbridge.sandbox import Sandbox
from crmbridge.settings import Settings

#: Time stands still in the demo, so that it prints the same wherever and whenever it runs.
MORNING = datetime(2026, 11, 23, 8, tzinfo=UTC)
#: Leads that are looked at for an example to explain.
_LOOKED_AT = 500


def run_demo(leads: int, keep: Path | None, *, as_json: bool) -> None:
    """Plan, apply, plan again, explain one decision; prints them, or one JSON document."""
    started = time.monotonic()
    configure(level="error")  # a sandbox has no administrator to tell
    screen = Console(quiet=True) if as_json else console()
    with (
        _company(keep) as folder,
        Sandbox(demo=leads, clock=MORNING) as sandbox,
        Steps(Console(stderr=True)) as steps,
    ):
        settings = Settings.parse(sandbox.settings())
        bridge = open_company(folder, settings, progress=steps)
        try:
            result, again = _story(bridge, screen)
        finally:
            bridge.close()
    if as_json:
        print_json(_document(result, again, time.monotonic() - started))
    else:
        screen.print(f"\nThe company's files are in {keep}" if keep else "")


def _story(bridge: Bridge, screen: Console) -> tuple[Result, Plan]:
    screen.rule("1. What is missing: crmbridge provision --apply")
    needed = bridge.needed_fields()
    bridge.create_fields(needed)
    for crm, fields in needed.items():
        screen.print(f"{crm}: {len(fields)} custom fields created, such as {fields[0].name}")
    screen.rule("2. What would be written: crmbridge plan")
    plan = bridge.plan(MORNING)
    show.show_plan(screen, plan)
    screen.rule("3. Carry it out: crmbridge apply")
    result = replace(bridge.apply(plan), plan=plan)
    show.show_result(screen, result)
    screen.rule("4. And again: crmbridge plan")
    again = bridge.plan(MORNING)
    show.show_plan(screen, again)
    screen.rule("5. Why: crmbridge explain LEAD")
    for example in _examples(bridge, plan):
        show.show_explanation(screen, example, records_of(bridge, example))
    return result, again


def _examples(bridge: Bridge, plan: Plan) -> Iterator[Explanation]:
    """Give a lead that was handed over by its score, and one that lacks a single datum."""
    wanted: list[Callable[[Explanation], bool]] = [
        lambda found: (found.decision.memory.why or "").startswith("MQL by score"),
        lambda found: found.decision.near_miss is not None,
    ]
    leads = dict.fromkeys(change.lead_id for change in plan)
    for fits in wanted:
        explained = (bridge.explain(lead, MORNING) for lead in islice(leads, _LOOKED_AT))
        yield from islice(filter(fits, explained), 1)


def _document(result: Result, again: Plan, seconds: float) -> dict[str, float]:
    return {
        "leads": result.plan.counts.leads,
        "changes": result.plan.counts.changes,
        "changes_second_run": again.counts.changes,
        "api_calls": sum(result.plan.api_calls.values()) + sum(result.api_calls.values()),
        "api_calls_second_run": sum(again.api_calls.values()),
        "duration_seconds": round(seconds, 2),
    }


@contextmanager
def _company(keep: Path | None) -> Iterator[Path]:
    """Put the demo company's files somewhere: a folder to keep, or one that goes away.

    Raises:
        ConfigError: the folder to keep holds a company already, which would be lost.
    """
    if keep is not None and keep.joinpath("process.toml").exists():
        raise ConfigError([Problem(str(keep), "", "holds a company already", "name a new folder")])
    with TemporaryDirectory(prefix="crmbridge-demo-") as scratch:
        folder = keep or Path(scratch)
        folder.mkdir(parents=True, exist_ok=True)
        for name in ("process.toml", "mapping.toml"):
            text = resources.files("crmbridge.cli").joinpath("demo_company", name).read_text("utf-8")
            folder.joinpath(name).write_text(text, "utf-8")
        yield folder
