"""The headline figures, each with its definition; what is not recorded has no tile."""

from __future__ import annotations

from collections.abc import Iterator
from typing import Any

from crmbridge.metrics import Document
from crmbridge.report.contents import Tile
from crmbridge.report.language import Language
from crmbridge.report.sections.base import reached


def tiles(document: Document, language: Language) -> list[Tile]:
    """Give the headline figures."""
    return [
        Tile(language.word(key), value, note, language.definition(means, document))
        for key, means, value, note in _known(document, language)
    ]


def _known(document: Document, language: Language) -> Iterator[tuple[str, str, str, str]]:
    """Give (word, definition, figure, what stands below it) of all that is recorded."""
    number, leads = language.number, document["leads"]
    yield "leads", "leads", number(leads), ""
    roles = (("qualified", "qualified"), ("accepted", "accepted"), ("opportunities", "opportunity"))
    for key, role in roles:
        if (count := reached(document, role)) is not None:
            yield key, key, number(count), _of(language, count, leads)
    if document["won"] is not None:
        yield "won", "won", number(document["won"]), _of(language, document["won"], leads)
    if document["win_rate"] is not None:
        note = f"{number(document['won'])} : {number(document['lost'])}"
        yield "win_rate", "rate", language.share(document["win_rate"]), note
    if document["revenue_by_currency"]:
        yield "revenue", "revenue", language.money(document["revenue_by_currency"], short=True), ""
    yield from _times(document, language)
    if (coverage := document["feedback"]["coverage"]) is not None:
        note = _pair(language, document["feedback"]["with_feedback"], document["feedback"]["passed"])
        yield "feedback", "feedback", language.share(coverage), note


def _times(document: Document, language: Language) -> Iterator[tuple[str, str, str, str]]:
    touched: dict[str, Any] = document["follow_up"]
    if touched["n"]:
        clock = "business_" if touched["business_median_seconds"] is not None else ""
        note = f"90 %: {language.seconds(touched[f'{clock}p90_seconds'])}"
        yield "follow_up", "follow_up", language.seconds(touched[f"{clock}median_seconds"]), note
    if (sla := touched["sla"])["judged"]:
        note = _pair(language, sla["inside"], sla["judged"])
        yield "sla", "sla", language.share(sla["share"]), note
    closed = document["time_to_close"]
    if closed["n"]:
        note = f"90 %: {language.number(closed['p90_days'])}"
        yield "time_to_close", "time_to_close", language.number(closed["median_days"]), note


def _of(language: Language, part: float, whole: float) -> str:
    return language.share(part / whole) if whole else ""


def _pair(language: Language, part: float, whole: float) -> str:
    return f"{language.number(part)} / {language.number(whole)}"
