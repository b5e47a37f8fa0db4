"""Rows of the document as tables of the page: every figure written by what it is."""

from __future__ import annotations

from collections.abc import Callable, Mapping, Sequence
from typing import Any, Final

from crmbridge.report.contents import SHOWN, Table
from crmbridge.report.language import NONE, Language

Row = Mapping[str, Any]
Write = Callable[[Language, Any], str]

_SHARES: Final = frozenset({"rate", "win_rate", "coverage", "share", "progress", "baseline", "other"})
_PERIODS: Final = frozenset({"period", "cohort"})
_MOMENTS: Final = frozenset({"due_at", "acted"})
#: Columns of text.
_TEXTS: Final = frozenset(
    {
        "stage", "value", "reason", "verdict", "dimension", "measure", "what", "to", "name", "company",
        "datum", "owner", "source", "lead", "waiting_for", "definition", "responsible", "exit", "next",
        "time", "interval", "change", "overdue", "territory",
        *_PERIODS, *_MOMENTS, "day",
    }
)  # fmt: skip
_WRITERS: Final[Mapping[str, Write]] = {
    "day": Language.day,
    "revenue": lambda language, value: language.money(value or {}),
    "interval": lambda language, value: f"{language.share(value[0])} – {language.share(value[1])}",
}


def table(
    language: Language,
    caption: str,
    keys: Sequence[str],
    rows: Sequence[Row],
    *,
    is_open: bool = False,
    total: int | None = None,
    first: str | None = None,
) -> Table:
    """Make a table of rows; columns in which nothing is known are left out.

    Args:
        keys: Columns; the first stays even when it is blank.
        total: How many rows there are, where ``rows`` are only the first of them: a list of its own command.
        first: Name of the first column, where it is not its key's.
    """
    known = [key for key in keys if key == keys[0] or any(row.get(key) not in (None, {}, "") for row in rows)]
    shown = rows[:SHOWN]
    more = (len(rows) if total is None else total) - len(shown)
    return Table(
        caption=caption,
        head=[first or language.word(known[0]), *(language.word(key) for key in known[1:])],
        rows=[[cell(language, key, row.get(key)) for key in known] for row in shown],
        numbers=frozenset(place for place, key in enumerate(known) if key not in _TEXTS),
        hidden=_hidden(language, more, "more" if total is None else "more_listed"),
        is_open=is_open,
    )


def _hidden(language: Language, more: int, key: str) -> str:
    return language.say("page", key, n=language.number(more)) if more > 0 else ""


def cell(language: Language, key: str, value: Any) -> str:
    """Write one figure."""
    if value is None:
        return language.say("page", "blank") if key == "value" else NONE
    if (write := _WRITERS.get(key)) is not None:
        return write(language, value)
    if key in _SHARES:
        return language.share(value)
    if key.endswith("_seconds"):
        return language.seconds(value)
    if key in _PERIODS:
        return language.period(value)
    if key in _MOMENTS:
        return language.moment(value)
    return plain(value) if isinstance(value, str) else language.number(value)


def plain(words: str) -> str:
    """Leave out what a browser would obey instead of show, and what turns the direction of reading."""
    return "".join(each if each.isprintable() else " " for each in words)
