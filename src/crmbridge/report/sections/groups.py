"""Leads by what they have in common: territories, people in sales, segments, every other dimension."""

from __future__ import annotations

from collections.abc import Sequence
from typing import Any, Final

from crmbridge.metrics import Document
from crmbridge.report.charts import Bar, Dot, bars, dots
from crmbridge.report.contents import Contents, Picture, Section
from crmbridge.report.language import Language
from crmbridge.report.sections.base import empty, section, told
from crmbridge.report.sections.outcomes import grouped
from crmbridge.report.tables import plain, table

#: Dimensions that mean a territory, and somebody in sales: the first that is filled in counts.
_PLACES: Final = ("territory", "region", "regional_office", "country")
_PEOPLE: Final = ("owner", "sales_agent", "agent", "rep")
_TOP: Final = 12
_OUTCOMES: Final = ("value", "leads", "qualified", "accepted", "opportunities", "won", "rate", "lost",
                    "win_rate", "revenue", "median_days")  # fmt: skip
_WORK: Final = ("value", "leads", "passed", "touched", "median_touch_seconds", "feedback", "coverage",
                "accepted", "opportunities", "won", "win_rate", "revenue")  # fmt: skip


def _first(contents: Contents, names: Sequence[str]) -> str | None:
    """Name the first dimension in which anybody has a value."""
    by = contents.document["by"]
    return next((name for name in names if any(row["value"] is not None for row in by.get(name, ()))), None)


def territories(contents: Contents, language: Language) -> Section:
    """Show the leads of each territory, and which part of them qualified."""
    made = section(contents, language, "territory", ("by", "rate"))
    name = _first(contents, _PLACES)
    if name is None:
        return empty(language, made)
    rows = grouped(contents.document, name)
    has_part = any(row["qualified"] is not None for row in rows)
    if has_part:
        made.says.append(language.say("says", "territory", dimension=language.word(name)))
    found = [_place(row, language, has_part=has_part) for row in rows[:_TOP]]
    points = [(bar.label, bar.text) for bar in found]
    made.pictures.append(Picture(bars("territory", told(language, made.title, points), found)))
    named = plain(language.word(name))
    made.tables.append(table(language, named.capitalize(), _OUTCOMES, rows, first=named))
    return made


def _place(row: dict[str, Any], language: Language, *, has_part: bool) -> Bar:
    label, leads = row["value"] or language.say("page", "blank"), language.number(row["leads"])
    if not has_part:
        return Bar(label, row["leads"], leads)
    text = language.say("says", "qualified", leads=leads, n=language.number(row["qualified"]))
    return Bar(label, row["leads"], text, part=row["qualified"])


def owners(contents: Contents, language: Language) -> Section:
    """Show what each person in sales got, did and won."""
    made = section(contents, language, "owner", ("passed", "feedback", "rate"), is_wide=True)
    name = _first(contents, _PEOPLE)
    if name is None:
        return empty(language, made)
    rows = grouped(contents.document, name)
    named = plain(language.word(name))
    made.tables.append(table(language, made.title, _WORK, rows, is_open=True, first=named))
    return made


def segments(contents: Contents, language: Language) -> Section:
    """Show what does better or worse than all others, beyond chance (S79)."""
    made = section(contents, language, "segments", ("segments",))
    found = contents.document["segments"]
    if found is None:
        return empty(language, made, "statistics")
    apart = standing_out(contents.document)
    if not apart:
        return empty(language, made)
    made.says.append(language.say("says", "segments"))
    for measure in dict.fromkeys(row["measure"] for row in apart):
        rows = [row for row in apart if row["measure"] == measure][:_TOP]
        rows.sort(key=lambda row: -row["rate"])
        title = f"{made.title}: {language.word(measure)}"
        points = [(_name(row, language), language.share(row["rate"])) for row in rows]
        alt = told(language, title, points)
        drawn = dots(f"segments-{measure}", alt, [_dot(row, language) for row in rows], language.share)
        made.pictures.append(Picture(drawn, language.word(measure)))
    keys = ("value", "dimension", "measure", "verdict", "n", "rate", "interval", "other")
    made.tables.append(table(language, made.title, keys, [_row(row, language) for row in apart]))
    return made


def standing_out(document: Document) -> list[dict[str, Any]]:
    """Give the segments that differ beyond chance, the most certain first.

    Where the blank value itself stands out, the dimension is filled in on the way (an owner, a team): it
    tells how far a lead came and not what it is like. --json has those too.
    """
    apart = [row for row in document["segments"] or () if row["verdict"] != "as the rest"]
    on_the_way = {row["dimension"] for row in apart if row["value"] is None}
    return [row for row in apart if row["dimension"] not in on_the_way]


def _name(row: dict[str, Any], language: Language) -> str:
    if row["value"]:
        return plain(row["value"])
    return f"{language.word(row['dimension'])} {language.say('page', 'blank')}"


def _dot(row: dict[str, Any], language: Language) -> Dot:
    better = row["verdict"] == "outperforms"
    return Dot(_name(row, language), row["rate"], row["low"], row["high"], row["rest_rate"], better)


def _row(row: dict[str, Any], language: Language) -> dict[str, Any]:
    return row | {
        "value": _name(row, language),
        "dimension": plain(language.word(row["dimension"])),
        "measure": language.word(row["measure"]),
        "verdict": language.word(row["verdict"]),
        "interval": (row["low"], row["high"]),
        "other": row["rest_rate"],
    }


def groups(contents: Contents, language: Language) -> Section:
    """Show every other dimension as a table."""
    made = section(contents, language, "groups", ("by", "rate"), is_wide=True)
    shown = {_first(contents, _PLACES), _first(contents, _PEOPLE)}
    for name in contents.document["by"]:
        if name not in shown:
            named = plain(language.word(name))
            rows = grouped(contents.document, name)
            made.tables.append(table(language, named.capitalize(), _OUTCOMES, rows, first=named))
    return made if made.tables else empty(language, made)
