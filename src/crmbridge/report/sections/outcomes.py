"""How it ended: reasons, wins and losses, and whether sales answered."""

from __future__ import annotations

from typing import Any, Final

from crmbridge.metrics import Document
from crmbridge.metrics.figures import rate
from crmbridge.report.charts import Bar, bars
from crmbridge.report.contents import Contents, Picture, Section, Table
from crmbridge.report.language import Language
from crmbridge.report.sections.base import empty, section, told
from crmbridge.report.tables import plain, table

_TOP: Final = 10
#: By which wins, losses and answers are broken down, where they are recorded.
_SIDES: Final = ("source", "owner")


def reasons(contents: Contents, language: Language) -> Section:
    """Show why leads were given back, rejected and disqualified."""
    made = section(contents, language, "reasons", ("recycled",))
    for what in ("recycled", "rejected", "disqualified"):
        _reasons(made, contents.document, what, language)
    return made if made.tables else empty(language, made)


def _reasons(made: Section, document: Document, what: str, language: Language) -> None:
    counts = sorted(document[what].items(), key=lambda item: (-item[1], item[0]))
    if not counts:
        return
    total = sum(count for _, count in counts)
    rows = [
        Bar(_reason(reason, language), count, f"{language.number(count)} · {language.share(count / total)}")
        for reason, count in counts
    ]
    title = language.word(what).capitalize()
    if any(reason for reason, _ in counts):
        _draw_reasons(made, what, title, rows[:_TOP], language)
    found = [{"reason": row.label, "n": row.value, "share": row.value / total} for row in rows]
    made.tables.append(table(language, title, ("reason", "n", "share"), found))


def _draw_reasons(made: Section, what: str, title: str, rows: list[Bar], language: Language) -> None:
    alt = told(language, title, [(row.label, row.text) for row in rows])
    made.pictures.append(Picture(bars(f"reasons-{what}", alt, rows), title))


def _reason(reason: str, language: Language) -> str:
    return plain(reason).replace("_", " ") if reason else language.say("page", "none_given")


def review(contents: Contents, language: Language) -> Section:
    """Go through wins and losses (S89): the shares, why, by whom and from where, and the latest ones."""
    document = contents.document
    made = section(contents, language, "review", ("won", "lost", "time_to_close"))
    won, lost = document["won"], document["lost"]
    if not won and not lost:
        return empty(language, made)
    made.says.append(_outcome_told(document, language))
    _reasons(made, document, "lost_reasons", language)
    keys = ("value", "leads", "won", "lost", "win_rate", "revenue", "median_days")
    made.tables += _by_sides(document, keys, language)
    for what in ("won", "lost"):
        if rows := [_latest(row) for row in document["review"][what]]:
            made.tables.append(
                table(
                    language,
                    language.say("says", "latest", what=language.word(what)),
                    ("lead", "day", "days", "revenue", "reason", "source", "owner", "touches", "score"),
                    rows,
                )
            )
    return made


def _outcome_told(document: Document, language: Language) -> str:
    won, lost = language.number(document["won"]), language.number(document["lost"])
    if document["lost"] is None:
        return language.say("says", "won_only", won=won)
    if document["won"] is None:
        return language.say("says", "lost_only", lost=lost)
    return language.say("says", "review", won=won, lost=lost, rate=language.share(document["win_rate"]))


def _latest(row: dict[str, Any]) -> dict[str, Any]:
    words = {key: plain(row[key]) if row[key] else None for key in ("source", "owner", "reason")}
    return {**row, **words, "lead": plain(row["lead_id"]), "revenue": row["revenue_by_currency"]}


def _by_sides(document: Document, keys: tuple[str, ...], language: Language) -> list[Table]:
    return [
        table(
            language,
            language.word(side).capitalize(),
            keys,
            grouped(document, side),
            first=language.word(side),
        )
        for side in _SIDES
        if document["by"].get(side)
    ]


def grouped(document: Document, dimension: str) -> list[dict[str, Any]]:
    """Give the rows of one dimension as tables show them."""
    return [
        row
        | {
            "value": None if row["value"] is None else plain(row["value"]),
            "revenue": row["revenue_by_currency"],
            "coverage": rate(row["feedback"], row["passed"]),
        }
        for row in document["by"][dimension]
    ]


def feedback(contents: Contents, language: Language) -> Section:
    """Show for how many of the passed leads sales answered (S76)."""
    found = contents.document["feedback"]
    made = section(contents, language, "feedback", ("passed", "feedback"))
    if found["coverage"] is None:
        return empty(language, made)
    answered, passed = found["with_feedback"], found["passed"]
    made.says.append(
        language.say(
            "says",
            "feedback",
            answered=language.number(answered),
            passed=language.number(passed),
            coverage=language.share(found["coverage"]),
        )
    )
    side = next((side for side in _SIDES[::-1] if contents.document["by"].get(side)), None)
    if side is not None:
        rows = [row for row in grouped(contents.document, side) if row["passed"]]
        _coverage(made, side, rows, language)
    return made


def _coverage(made: Section, side: str, rows: list[dict[str, Any]], language: Language) -> None:
    found = [
        Bar(
            row["value"] or language.say("page", "blank"),
            row["passed"],
            f"{language.share(row['coverage'])}",
            part=row["feedback"],
        )
        for row in rows[:_TOP]
    ]
    points = [(bar.label, bar.text) for bar in found]
    made.pictures.append(Picture(bars("feedback", told(language, made.title, points), found)))
    keys = ("value", "passed", "feedback", "coverage")
    named = language.word(side)
    made.tables.append(table(language, named.capitalize(), keys, rows, first=named))
