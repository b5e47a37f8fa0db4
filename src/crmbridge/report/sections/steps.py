"""The funnel."""

from __future__ import annotations

from itertools import pairwise
from typing import Any

from crmbridge.metrics.steps import WAY
from crmbridge.report.charts import Bar, bars
from crmbridge.report.contents import Contents, Picture, Section
from crmbridge.report.language import Language
from crmbridge.report.sections.base import empty, section, told
from crmbridge.report.tables import plain, table


def funnel(contents: Contents, language: Language) -> Section:
    """Show how many leads reached each stage, and which share of the stage before."""
    document = contents.document
    made = section(contents, language, "funnel", ("reached", "recorded", "current"))
    way = [row for row in document["funnel"] if row["role"] in WAY]
    if not way:
        return empty(language, made)
    if document["won"] is not None and document["leads"]:
        made.says.append(
            language.say(
                "says",
                "funnel",
                won=language.number(document["won"]),
                leads=language.number(document["leads"]),
                rate=language.share(document["won"] / document["leads"]),
            )
        )
    rows = _bars(way, language)
    points = [(row.label, row.text) for row in rows]
    made.pictures.append(Picture(bars("funnel", told(language, made.title, points), rows)))
    keys = ("stage", "reached", "recorded", "current")
    made.tables.append(table(language, made.title, keys, _named(document["funnel"])))
    return made


def _named(rows: list[dict[str, Any]]) -> list[dict[str, Any]]:
    return [row | {"stage": plain(row["stage"])} for row in rows]


def _bars(way: list[dict[str, Any]], language: Language) -> list[Bar]:
    found = [Bar(plain(way[0]["stage"]), way[0]["reached"], language.number(way[0]["reached"]))]
    for before, row in pairwise(way):
        text = language.number(row["reached"])
        if before["reached"]:
            text += f" · {language.share(row['reached'] / before['reached'])}"
        found.append(Bar(plain(row["stage"]), row["reached"], text))
    return found
