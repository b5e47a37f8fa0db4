"""The agreement on paper: what each side promises, how time is counted, a place to sign (S66, S95)."""

from __future__ import annotations

from collections.abc import Iterator, Mapping, Sequence
from typing import Final

from crmbridge.model import StageRole
from crmbridge.process import Process
from crmbridge.process.parts import Stage
from crmbridge.process.promises import Programme, Quota, Target
from crmbridge.process.sla import WORKED
from crmbridge.process.telling import days_off, hours, told, week

#: Section heading -> head and rows of its table.
Section = tuple[str, Sequence[str], Sequence[Sequence[str]]]

_QUALIFIED: Final = StageRole.QUALIFIED
#: What of the report tells how a step goes, by what the step means (S56).
_MEASURES: Final[Mapping[StageRole, str]] = {
    StageRole.LEAD: "leads; share that qualifies",
    StageRole.QUALIFIED: "qualified leads against the quota; time to the first touch; share inside the SLA; "
    "share accepted",
    StageRole.ACCEPTED: "accepted leads; feedback coverage; share that goes on",
    StageRole.SALES_QUALIFIED: "share that becomes an opportunity",
    StageRole.OPPORTUNITY: "opportunities; win rate; days to close",
    StageRole.CUSTOMER: "customers against the quota; revenue",
    StageRole.RECYCLED: "recycled by reason; share that comes back",
    StageRole.DISQUALIFIED: "disqualified by reason",
}


def measure(stage: Stage) -> str:
    """Say which figures of the report tell how a step goes."""
    return _MEASURES[stage.role]


def promised_in(process: Process, stage: Stage) -> tuple[str, ...]:
    """Say what sales promises for leads in a stage, a sentence per target; empty where nothing is."""
    sla = process.parts.sla
    if sla is None or stage.role not in WORKED:
        return ()
    holding = [target for target in sla.targets if not target.stages or stage.name in target.stages]
    found = [(target.name, "; ".join(_promises(target, stage.role))) for target in holding]
    several = len([text for _, text in found if text]) > 1
    return tuple(f"{name}: {text}" if several else text for name, text in found if text)


def _promises(target: Target, role: StageRole) -> Iterator[str]:
    if role is _QUALIFIED:
        if target.response_seconds is not None:
            yield f"first touch {hours(target.response_seconds)} after the buyer's action"
        if target.first_touch_seconds is not None:
            yield f"first touch within {hours(target.first_touch_seconds)}"
        if target.acceptance_seconds is not None:
            yield f"accepted or declined within {hours(target.acceptance_seconds)}"
    elif role is StageRole.ACCEPTED and target.decision_seconds is not None:
        yield f"qualified or given back within {hours(target.decision_seconds)}"
    if target.asks_touches:
        yield _touches(target)
    if target.working_days is not None:
        yield f"worked for {target.working_days:g} days at most"


def _touches(target: Target) -> str:
    counts = target.touches_by.items()
    kinds = ", ".join(f"{count} × {kind.value.replace('_', ' ')}" for kind, count in counts)
    within = f" in {target.touches_days:g} days" if target.touches_days is not None else ""
    if target.touches is None:
        return kinds + within
    return f"{target.touches} touches{within}" + (f", of which {kinds}" if kinds else "")


# the written agreement -------------------------------------------------------------------------------
def sections(process: Process) -> Iterator[Section]:
    """Give what both sides promised, section by section; what is not agreed is left out."""
    if process.parts.sla is not None:
        targets = process.parts.sla.targets
        head = ("For", "Which leads", "Promised", "Reminder, manager told, somebody else", "And then")
        yield "What sales promises", head, [_target(each, len(targets) > 1) for each in targets]
        yield "How time and touches are counted", ("", ""), list(_counting(process))
    if process.quota is not None:
        yield "What is delivered", ("Who", "What", "By when"), list(_quota(process.quota))
    if process.parts.rejections:
        rows = [(each.reason, *_class(each.kind, each.data)) for each in process.parts.rejections]
        yield "What reasons to decline mean", ("Reason", "Class", "What becomes of the lead"), rows
    if process.parts.programmes:
        yield (
            "Nurture programmes",
            ("Programme", "For"),
            [_programme(each) for each in process.parts.programmes],
        )
    if process.parts.handoff is not None or process.alerts or process.parts.customers is not None:
        yield "Who is told", ("What", "How"), list(_told(process))


def _target(target: Target, one_of_many: bool) -> Sequence[str]:
    promised = [*_promises(target, _QUALIFIED)]
    if target.decision_seconds is not None:
        promised.append(f"qualified or given back within {hours(target.decision_seconds)} of the acceptance")
    which = [target.when.text or ("all others" if one_of_many else "all leads")]
    which += [f"in {', '.join(sorted(names))}" for names in (target.stages, target.territories) if names]
    after = {"none": "", "recycled": "given back to marketing as worked out"}[target.after_working]
    silence = {"none": "", "reassign": "no answer: somebody else gets it"}.get(
        target.silence, f"no answer counts as {target.silence}"
    )
    shares = [f"{step} at {share:.0%} of the time" for step, share in target.rep_steps if step != "end"]
    return (
        target.name, "; ".join(which), "; ".join(promised), "; ".join(shares),
        "; ".join(filter(None, (silence, after))) or "–",
    )  # fmt: skip


def _counting(process: Process) -> Iterator[tuple[str, str]]:
    sla = process.parts.sla
    if sla is None:
        return
    usual = sla.calendar.name if sla.calendar is not None else "round the clock"
    yield "Minutes and hours", f"working time by the lead's calendar; without one: {usual}"
    for calendar in process.parts.calendars:
        places = ", ".join((*calendar.countries, *calendar.territories)) or "nobody by itself"
        closed = f"; closed on {days_off(calendar.closed)}" if 0 < len(calendar.closed) < 20 else ""
        public = "; closed on public holidays" if len(calendar.closed) >= 20 else ""
        words = f"{week(calendar.week)}, {calendar.timezone}{closed}{public}; for {places}"
        yield f"Calendar {calendar.name}", words
    yield "Touches", ", ".join(sorted(kind.value.replace("_", " ") for kind in sla.channels))
    yield "Clocks stand still", (sla.pause.text if sla.pause is not None else "") or "while a lead is held"
    for owner, manager in sorted(sla.managers.items()):
        yield f"Manager of {owner}", manager
    yield "Manager of everybody else", sla.manager or "nobody is named"


def _quota(quota: Quota) -> Iterator[Sequence[str]]:
    over = "; a shortfall is added to the next one" if quota.carry_over else ""
    every = f"every {quota.period}{over}"
    if quota.qualified is not None:
        yield "Marketing", f"{quota.qualified:,} qualified leads", every
    if quota.customers is not None:
        yield "Sales", f"{quota.customers:,} customers", every


#: Class of a reason to decline -> what becomes of the lead.
_CLASSES: Final = {
    "procedural": "somebody else gets it at once",
    "clerical": "marketing mends the data, and it comes back",
    "definitional": "back to marketing, and counts against marketing",
    "terminal": "out for good",
}


def _class(kind: str, data: Sequence[tuple[str, object]]) -> tuple[str, str]:
    wanted = f": {', '.join(name for name, _ in data)}" if data else ""
    return kind, _CLASSES[kind] + wanted


def _programme(programme: Programme) -> tuple[str, str]:
    points = f"from {programme.threshold:g} points" if programme.threshold is not None else ""
    reasons = f"given back for {', '.join(sorted(programme.reasons))}" if programme.reasons else ""
    where = f"in {', '.join(sorted(programme.stages))}"
    return programme.name, "; ".join(filter(None, (where, reasons, points, programme.when.text)))


def _told(process: Process) -> Iterator[tuple[str, str]]:
    note, customers = process.parts.handoff, process.parts.customers
    if note is not None and note.note != "none":
        yield "The rep, on the record", f"a {note.note} with the scores, the reasons and the last activities"
    for alert in process.alerts:
        kinds = ", ".join(sorted(kind.replace("_", " ") for kind in alert.on))
        collected = f", collected for {hours(alert.digest_seconds)}" if alert.digest_seconds else ""
        yield kinds, f"{', '.join(alert.to)}{collected}"
    if customers is not None:
        yield f"interest of customers from {told(customers.threshold)} points", "the account's owner"


def signatures(process: Process) -> Iterator[str]:
    """Give a place to sign, with what tells the signed version from any other."""
    yield "## Agreed"
    yield ""
    yield f"Version {plain(process.version)}, fingerprint `{process.fingerprint[:16]}`."
    yield ""
    yield "| For | Name | Date | Signature |"
    yield "|---|---|---|---|"
    for side in ("Marketing", "Sales"):
        yield f"| {side} | | | |"


def plain(text: str) -> str:
    """Keep a company's words from being taken for Markdown or HTML."""
    marks = str.maketrans({"|": "\\|", "<": "&lt;", ">": "&gt;", "*": "\\*", "`": "\\`", "\n": " "})
    return text.translate(marks)
