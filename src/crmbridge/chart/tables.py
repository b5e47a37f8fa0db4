"""The process as a table: definitions, owners, exit criteria, and what else both teams agreed on."""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from dataclasses import dataclass

from crmbridge.chart.promises import measure, plain, promised_in, sections, signatures
from crmbridge.process import Process
from crmbridge.process.parts import EngagementRule, Stage, Territory
from crmbridge.process.telling import told


@dataclass(frozen=True, slots=True, kw_only=True)
class Step:
    """One stage, in words."""

    name: str
    #: What it stands for in the process; a company's own step acts as the step before it.
    role: str
    definition: str
    owner_team: str
    exit: str
    #: Stages that may follow; None: any.
    next: tuple[str, ...] | None
    #: What sales promises for leads in it.
    promised: tuple[str, ...] = ()
    #: Which figures tell how it goes.
    measure: str = ""
    #: What a rep gives the person in it.
    content: tuple[str, ...] = ()


def steps(process: Process) -> tuple[Step, ...]:
    """Give the stages in the order of the way; the ones off the way come last."""
    return tuple(_step(process, stage) for stage in sorted(process.stages, key=lambda stage: stage.rank))


def _step(process: Process, stage: Stage) -> Step:
    return Step(
        name=stage.name,
        role=stage.role.value if stage.main else f"part of {stage.role.value}",
        definition=stage.definition,
        owner_team=stage.owner_team,
        exit=stage.exit,
        next=stage.next,
        promised=promised_in(process, stage),
        measure=measure(stage),
        content=stage.content,
    )


# Markdown --------------------------------------------------------------------------------------------
def markdown(process: Process) -> str:
    """Write the agreement as Markdown, to be printed and signed: stages, definition, routing, promises."""
    return "\n".join(_lines(process)) + "\n"


def _lines(process: Process) -> Iterator[str]:
    yield from (f"# {plain(process.name)}", "", f"Version {plain(process.version)}", "", "## Stages", "")
    yield from _table(
        ("Stage", "Means", "Responsible", "To move on", "May be followed by", "SLA", "Measured by"),
        [_step_row(step) for step in steps(process)],
    )
    given = [(step.name, ", ".join(step.content)) for step in steps(process) if step.content]
    if given:
        yield from ("", "## What the person is given", "")
        yield from _table(("Stage", "Content"), given)
    yield from ("", "## What makes a qualified lead", "")
    yield from _table(("", ""), list(_definition(process)))
    rules = [(rule.name, rule.points, rule.when.text) for rule in process.parts.fit]
    rules += [(rule.name, rule.points, _activity(rule)) for rule in process.parts.engagement]
    if rules:
        yield ""
        yield from _table(
            ("Rule", "Points", "When"), [(name, f"{give:+g}", when) for name, give, when in rules]
        )
    yield from ("", "## Who gets it", "")
    yield from _table(("", ""), list(_routing(process)))
    yield from ("", "## What happens to what sales gives back", "")
    yield from _table(
        ("Reason", "Rests (days)", "Comes back at most", "Engagement kept", "Needs something new"),
        [
            (entry.reason, told(entry.cool_down_days), f"{entry.max_cycles} times", f"{entry.keeps:.0%}",
             told(entry.needs_evidence))
            for entry in process.parts.recyclings
        ],
    )  # fmt: skip
    for title, head, rows in sections(process):
        yield from ("", f"## {title}", "")
        yield from _table(head, rows)
    yield ""
    yield from signatures(process)


def _step_row(step: Step) -> Sequence[str]:
    following = "any stage" if step.next is None else ", ".join(step.next) or "nothing: the way ends here"
    promised = "; ".join(step.promised) or "–"
    return step.name, step.definition, step.owner_team, step.exit, following, promised, step.measure


def _definition(process: Process) -> Iterator[tuple[str, str]]:
    wanted = process.qualification
    yield "Threshold", f"{wanted.threshold:g} points"
    for name, limit in (("Least fit", wanted.fit_minimum), ("Least engagement", wanted.engagement_minimum)):
        if limit is not None:
            yield name, f"{limit:g} points"
    yield "Required data", ", ".join(name for name, _ in wanted.required) or "none"
    yield "By hand", told(wanted.manual)
    yield "By form", ", ".join(wanted.forms) or "none"
    if wanted.email_engagement is not None:
        mails = wanted.email_engagement
        yield (
            "By e-mail",
            f"every one of at least {mails.emails} e-mails opened and clicked in {mails.days:g} days",
        )


def _activity(rule: EngagementRule) -> str:
    kinds = ", ".join(sorted(kind.value for kind in rule.kinds))
    return f"{kinds} with {rule.where.text}" if rule.where is not None else kinds


def _routing(process: Process) -> Iterator[tuple[str, str]]:
    routing = process.routing
    yield "First", {"direct": "straight to a rep"}.get(routing.mode, routing.mode.replace("_", " "))
    yield "Order", ", ".join(routing.ladder)
    yield "What nobody claims", routing.triage or "stays without an owner"
    for territory in process.territories:
        yield f"Territory {territory.name}", f"{_area(territory)} → {territory.pool or territory.owner}"
    for pool in process.pools:
        yield f"Pool {pool.name}", ", ".join(member.owner for member in pool.members)


def _area(territory: Territory) -> str:
    lists = (territory.countries, territory.regions, territory.postal_prefixes, territory.industries)
    parts = [", ".join(names) for names in lists if names]
    low, high = territory.employees_from, territory.employees_to
    if low is not None or high is not None:
        parts.append(f"{low or 0} to {high if high is not None else 'any number of'} employees")
    return "; ".join(parts) or "everywhere"


def _table(head: Sequence[str], rows: Sequence[Sequence[str]]) -> Iterator[str]:
    yield _row(head)
    yield "|" + "---|" * len(head)
    yield from (_row(row) for row in rows)


def _row(cells: Sequence[str]) -> str:
    return "| " + " | ".join(plain(cell) for cell in cells) + " |"
