"""The report on a terminal: one table per figure, and under it what the figure means."""

from __future__ import annotations

from collections.abc import Iterable, Mapping, Sequence
from typing import Any

from rich.console import Console
from rich.markup import escape
from rich.table import Table

from crmbridge.metrics import Document

#: Values of a dimension that are shown; --json has all.
_SHOWN = 12
_DAY = 86_400


def show_report(console: Console, document: Document) -> None:
    """Print the report."""
    _rows(console, document)
    meant = document["definitions"]
    _section(console, "Funnel", meant, ("reached", "recorded", "current"))
    console.print(_table(("stage", "reached", "recorded", "current"), document["funnel"]))
    _section(console, "Conversion", meant, ("conversion",))
    console.print(_table(("from", "to", "n", "converted", "rate"), document["conversion"]))
    _section(console, "Time to close and revenue", meant, ("time_to_close", "won", "lost", "revenue"))
    console.print(
        _table(("won", "lost", "win_rate", "n", "median_days", "p90_days", "revenue"), [_closing(document)])
    )
    _section(console, "Follow-up", meant, ("follow_up", "touch"))
    console.print(_follow_up(document))
    _verdicts(console, document)
    _cohorts(console, document)
    _tested(console, document)
    _quota(console, document)
    for dimension, rows in document["by"].items():
        _by(console, dimension, rows)


def _rows(console: Console, document: Document) -> None:
    console.print(
        f"[bold]{document['leads']:,}[/] leads as of {document['as_of']}; "
        f"rows: {document['rows_in']:,} read, {document['rows_used']:,} used"
    )
    for reason, rows in document["rows_skipped"].items():
        console.print(f"  {rows:,} skipped: {escape(reason)}")
    for reason, leads in document["leads_left_out"].items():
        console.print(f"  {leads:,} leads left out: {escape(reason)}")
    for note, count in document["notes"].items():
        console.print(f"  {count:,} {escape(note)}")


def _section(console: Console, title: str, meant: Mapping[str, str], names: Sequence[str]) -> None:
    console.print(f"\n[bold italic]{title}[/]")
    for name in names:
        console.print(f"[dim]{name}: {escape(meant[name])}[/]")


def _table(keys: Sequence[str], rows: Iterable[Mapping[str, Any]]) -> Table:
    table = Table(box=None, pad_edge=False, padding=(0, 1))
    for key in keys:
        table.add_column(key.replace("_", " "), justify="left" if key in _WORDS else "right")
    for row in rows:
        table.add_row(*(_cell(key, row.get(key)) for key in keys))
    return table


_WORDS = frozenset(
    {"stage", "from", "to", "value", "reason", "cohort", "verdict", "dimension", "what", "period"}
)
_SHARES = frozenset(
    {"rate", "win_rate", "coverage", "share", "low", "high", "baseline_rate", "rest_rate", "progress"}
)


def _cell(key: str, value: Any) -> str:
    if value is None:
        return "(blank)" if key == "value" else "–"
    if key in _SHARES:
        return f"{value:.2%}"
    if key.endswith("_seconds"):
        return duration(value)
    if isinstance(value, float):
        return f"{value:,.2f}"
    if isinstance(value, int) and not isinstance(value, bool):
        return f"{value:,}"
    return escape("".join(sign if sign.isprintable() else " " for sign in str(value)))


def duration(seconds: float) -> str:
    """Write seconds as people say them: 45 s, 12 min, 3.5 h, 2.1 d."""
    for unit, size in (("d", _DAY), ("h", 3_600), ("min", 60)):
        if abs(seconds) >= size:
            return f"{seconds / size:.1f} {unit}"
    return f"{seconds:.0f} s"


def _closing(document: Document) -> dict[str, Any]:
    revenue = document["revenue"]
    if revenue is None and document["revenue_by_currency"]:
        each = document["revenue_by_currency"].items()
        revenue = ", ".join(f"{amount:,} {currency or '(no currency)'}" for currency, amount in each)
    return {**document, **document["time_to_close"], "revenue": revenue}


def _follow_up(document: Document) -> Table:
    found = document["follow_up"]
    keys = ("passed", "n", "untouched", "median_seconds", "p90_seconds", "business_median_seconds",
            "business_p90_seconds", "median_touches")  # fmt: skip
    shown = (*keys, "share") if found["sla"]["judged"] else keys
    return _table(shown, [{**found, **found["sla"]}])


def _verdicts(console: Console, document: Document) -> None:
    rows = [
        {"what": what, "reason": reason or "(none given)", "n": count}
        for what in ("rejected", "recycled", "disqualified", "lost_reasons")
        for reason, count in document[what].items()
    ]
    if rows:
        _section(console, "Given back, declined, lost", document["definitions"], ("recycled", "feedback"))
        console.print(_table(("what", "reason", "n"), rows))
        console.print(_table(("passed", "with_feedback", "coverage"), [document["feedback"]]))


def _cohorts(console: Console, document: Document) -> None:
    rows = [
        {"cohort": cohort["cohort"], "leads": cohort["leads"], **outcome}
        for cohort in document["cohorts"]
        for outcome in cohort["conversions"]
    ]
    if rows:
        _section(console, "Cohorts", document["definitions"], ("cohorts",))
        keys = (
            "cohort",
            "leads",
            "to",
            "window_days",
            "mature",
            "converted",
            "rate",
            "low",
            "high",
            "censored",
        )
        console.print(_table(keys, rows))


def _tested(console: Console, document: Document) -> None:
    if document["drift"] is None:
        console.print("\ndrift and segments need the statistics library: pip install 'crmbridge[report]'")
        return
    moved = [row for row in document["drift"]["tests"] if row["drifted"]]
    if document["drift"]["tests"]:
        _section(console, "Drift", document["definitions"], ("drift",))
    if moved:
        keys = ("cohort", "to", "n", "rate", "baseline_n", "baseline_rate", "likely_cause")
        console.print(_table(keys, moved))
    elif document["drift"]["tests"]:
        console.print("none: every cohort is within chance of the ones before it")
    apart = [row for row in document["segments"] if row["verdict"] != "as the rest"]
    if apart:
        _section(console, "Segments", document["definitions"], ("segments",))
        shown = ("dimension", "value", "measure", "n", "rate", "low", "high", "rest_rate", "verdict")
        console.print(_table(shown, apart[:_SHOWN]))


def _quota(console: Console, document: Document) -> None:
    for measure, quota in (document["quota"] or {}).items():
        _section(console, f"Quota: {measure}", document["definitions"], ("quota",))
        keys = (
            "period",
            "target",
            "carried_over",
            "due",
            "delivered",
            "running_target",
            "progress",
            "shortfall",
        )
        console.print(_table(keys, quota["periods"]))


def _by(console: Console, dimension: str, rows: Sequence[Mapping[str, Any]]) -> None:
    console.print(f"\n[bold italic]By {escape(dimension)}[/]")
    keys = ("value", "leads", "qualified", "accepted", "opportunities", "won", "rate", "lost", "win_rate",
            "revenue", "median_days", "p90_days")  # fmt: skip
    known = [key for key in keys if key in ("value", "leads") or any(row[key] is not None for row in rows)]
    console.print(_table(known, rows[:_SHOWN]))
    if len(rows) > _SHOWN:
        console.print(f"  … and {len(rows) - _SHOWN:,} more (--json has them)")
