"""What moves over time: conversion with drift, the time to the first touch, quotas, cohorts."""

from __future__ import annotations

from collections.abc import Sequence
from typing import Any, Final

from crmbridge.metrics import Document
from crmbridge.report.charts import Bar, Column, Line, bars, columns, lines
from crmbridge.report.contents import Contents, Picture, Section, Table
from crmbridge.report.language import Language
from crmbridge.report.sections.base import empty, section, told
from crmbridge.report.tables import table

#: Periods that a picture has room for.
_PERIODS: Final = 18
_LINES: Final = 3
#: Roles that the lines follow, as far as the company has them.
_ROLES: Final = ("accepted", "opportunity", "customer")


# conversion ------------------------------------------------------------------------------------------
def conversion(contents: Contents, language: Language) -> Section:
    """Show the share of each cohort that got on, with the cohorts that left what chance allows."""
    document = contents.document
    made = section(contents, language, "conversion", ("cohorts", "drift"))
    shown = [row for row in document["cohorts"] if any(found["mature"] for found in row["conversions"])]
    if not shown:
        return empty(language, made)
    made.says = [language.say("says", "conversion"), *_drift_told(document, language)]
    shown = shown[-_PERIODS:]
    found = [_line(shown, role, document, language) for role in _followed(document)]
    points = [
        (f"{language.period(row['cohort'])} {line.label}", language.share(value))
        for line in found
        for row, value in zip(shown, line.values, strict=True)
        if value is not None
    ]
    names = [language.period(row["cohort"]) for row in shown]
    alt = told(language, made.title, points)
    made.pictures.append(Picture(lines("conversion", alt, names, found, language.share)))
    made.tables.append(_cohort_table(contents, language))
    return made


def _followed(document: Document) -> list[str]:
    """Name the roles that get a line: those that drifted, then the usual ones, as far as eyes can follow."""
    roles = list(dict.fromkeys(found["to"] for row in document["cohorts"] for found in row["conversions"]))
    drifted = [role for role in roles if _drifted(document, role)]
    usual = [role for role in _ROLES if role in roles]
    chosen = list(dict.fromkeys([*drifted, *usual, *roles]))[:_LINES]
    return [role for role in roles if role in chosen]


def _drifted(document: Document, role: str) -> set[str]:
    """Name the cohorts that left what chance allows."""
    tests = (document["drift"] or {"tests": []})["tests"]
    return {test["cohort"] for test in tests if test["to"] == role and test["drifted"]}


def _line(rows: Sequence[dict[str, Any]], role: str, document: Document, language: Language) -> Line:
    found = [next((each for each in row["conversions"] if each["to"] == role), None) for row in rows]
    drifted = _drifted(document, role)
    return Line(
        label=language.word(role),
        values=[None if each is None else each["rate"] for each in found],
        between=[(each["low"], each["high"]) if each and each["low"] is not None else None for each in found],
        unsure=frozenset(place for place, each in enumerate(found) if each and each["censored"]),
        marked=frozenset(place for place, row in enumerate(rows) if row["cohort"] in drifted),
    )


def _drift_told(document: Document, language: Language) -> list[str]:
    drift = document["drift"]
    if drift is None:
        return [language.say("empty", "statistics")]
    if not drift["tests"]:
        return [language.say("says", "no_baseline")]
    moved = [test for test in drift["tests"] if test["drifted"]]
    return [_moved(test, language) for test in moved[-6:]] or [language.say("says", "no_drift")]


def _moved(test: dict[str, Any], language: Language) -> str:
    return language.say(
        "says",
        "drift",
        cohort=language.period(test["cohort"]),
        to=language.word(test["to"]),
        rate=language.share(test["rate"]),
        n=language.number(test["n"]),
        baseline=language.share(test["baseline_rate"]),
        baseline_n=language.number(test["baseline_n"]),
        cause=language.say("cause", test["likely_cause"]),
    )


# cohorts ---------------------------------------------------------------------------------------------
def cohorts(contents: Contents, language: Language) -> Section:
    """Show each cohort on its way to the last stage, with the part that still has time."""
    document = contents.document
    made = section(contents, language, "cohorts", ("cohorts",))
    rows = [row for row in document["cohorts"] if row["conversions"]][-_PERIODS:]
    if not rows:
        return empty(language, made)
    last = [row["conversions"][-1] for row in rows]
    made.says.append(
        language.say(
            "says",
            "cohorts",
            period=language.word(document["period"]),
            to=language.word(last[0]["to"]),
            days=language.number(last[0]["window_days"]),
        )
    )
    legend = [language.word(key) for key in ("converted", "not_converted", "censored")]
    found = [_column(row, each, language) for row, each in zip(rows, last, strict=True)]
    points = [(each.label, " / ".join(language.number(size) for size, _ in each.parts)) for each in found]
    alt = told(language, f"{made.title} ({' / '.join(legend)})", points)
    made.pictures.append(Picture(columns("cohorts", alt, found, legend, language.number)))
    made.tables.append(_cohort_table(contents, language))
    return made


def _column(row: dict[str, Any], last: dict[str, Any], language: Language) -> Column:
    missed = last["mature"] - last["converted"]
    parts = ((last["converted"], "full"), (missed, "soft"), (last["censored"], "open"))
    return Column(language.period(row["cohort"]), parts)


def _cohort_table(contents: Contents, language: Language) -> Table:
    rows = [
        {
            "cohort": row["cohort"],
            "leads": row["leads"],
            **found,
            "to": language.word(found["to"]),
            "interval": None if found["low"] is None else (found["low"], found["high"]),
        }
        for row in contents.document["cohorts"][-_PERIODS:]
        for found in row["conversions"]
    ]
    keys = ("cohort", "leads", "to", "mature", "converted", "rate", "interval", "censored")
    latest = rows[::-1]
    return table(language, language.say("title", "cohorts"), keys, latest)


# follow-up -------------------------------------------------------------------------------------------
def follow_up(contents: Contents, language: Language) -> Section:
    """Show how long first touches took, against what was agreed."""
    found = contents.document["follow_up"]
    figures = ("follow_up", "touch", "sla") if found["sla"]["judged"] else ("follow_up", "touch")
    made = section(contents, language, "follow_up", figures)
    if not found["n"]:
        return empty(language, made)
    is_business = found["distribution"]["clock"] == "business"
    made.says = _follow_up_told(found, language, is_business=is_business)
    bins = found["distribution"]["bins"]
    while len(bins) > 2 and not bins[-1]["n"]:
        bins = bins[:-1]
    agreed = [row["seconds"] for row in found["sla"]["agreed"]]
    rows = [_bin(each, agreed, language) for each in bins]
    alt = told(language, made.title, [(row.label, row.text) for row in rows])
    line = _line_at(bins, agreed, language) if len(agreed) == 1 else None
    made.pictures.append(Picture(bars("follow_up", alt, rows, line=line)))
    counted = [{"time": row.label, "n": row.value} for row in rows]
    made.tables.append(table(language, made.title, ("time", "n"), counted))
    return made


def _follow_up_told(found: dict[str, Any], language: Language, *, is_business: bool) -> list[str]:
    clock = "business_" if is_business else ""
    number = language.number
    says = [
        language.say(
            "says",
            "follow_up",
            n=number(found["n"]),
            median=language.seconds(found[f"{clock}median_seconds"]),
            p90=language.seconds(found[f"{clock}p90_seconds"]),
            untouched=number(found["untouched"]),
            passed=number(found["passed"]),
        )
    ]
    if is_business:
        says[0] += " " + language.say("says", "business")
    sla = found["sla"]
    if sla["judged"]:
        says.append(
            language.say("says", "sla", share=language.share(sla["share"]), judged=number(sla["judged"]))
        )
    return says


def _bin(each: dict[str, Any], agreed: Sequence[float], language: Language) -> Bar:
    end = each["up_to"]
    label = (
        f"> {language.seconds(each['above'])}"
        if end is None
        else language.say("says", "within", time=language.seconds(end))
    )
    late = bool(agreed) and (end is None or end > max(agreed))
    return Bar(label, each["n"], language.number(each["n"]), colour="two" if late else "one")


def _line_at(bins: Sequence[dict[str, Any]], agreed: Sequence[float], language: Language) -> tuple[int, str]:
    """Find the place between the bars at which the agreed time ends."""
    inside = sum(each["up_to"] is not None and each["up_to"] <= agreed[0] for each in bins)
    return inside, language.say("says", "sla_line", time=language.seconds(agreed[0]))


# quota -----------------------------------------------------------------------------------------------
def quota(contents: Contents, language: Language) -> Section:
    """Show what each side owes, what it delivered and what it carries over."""
    made = section(contents, language, "quota", ("quota",))
    promised = {name: found for name, found in (contents.document["quota"] or {}).items() if found["periods"]}
    if not promised:
        return empty(language, made)
    for measure, found in promised.items():
        rows = found["periods"][-_PERIODS:]
        title = language.say("title", f"quota_{measure}")
        made.says.append(f"{title} – {_owed(rows[-1], language)}")
        made.pictures.append(Picture(_quota_picture(measure, title, rows, language), title))
        keys = ("period", "target", "carried_over", "due", "delivered", "running_target", "progress",
                "shortfall")  # fmt: skip
        made.tables.append(table(language, title, keys, rows[::-1]))
    return made


def _owed(row: dict[str, Any], language: Language) -> str:
    says = language.say(
        "says",
        "quota",
        period=language.period(row["period"]),
        delivered=language.number(row["delivered"]),
        due=language.number(row["due"]),
        progress=language.share(row["progress"]),
        state=language.say("says", "on_track" if row["on_track"] else "behind"),
    )
    if row["carried_over"] > 0:
        carried = language.say("says", "carried", n=language.number(row["carried_over"]))
        says = says.removesuffix(".") + f"; {carried}."
    return says


def _quota_picture(measure: str, title: str, rows: Sequence[dict[str, Any]], language: Language) -> str:
    legend = [language.word("delivered"), language.word("due")]
    found = [
        Column(language.period(row["period"]), ((row["delivered"], "full"),), owed=row["due"]) for row in rows
    ]
    points = [(each.label, f"{each.parts[0][0]:g} / {each.owed:g}") for each in found]
    alt = told(language, f"{title} ({' / '.join(legend)})", points)
    return columns(f"quota-{measure}", alt, found, legend, language.number)
