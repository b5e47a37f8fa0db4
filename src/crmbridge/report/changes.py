"""What changed since the last meeting: the figures as of three moments, and the differences between them.

What is counted up to a moment is in the report of that moment; between two meetings happened the difference.
The time since the last meeting stands beside the same length of time before it.
"""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import dataclass
from datetime import datetime, timedelta
from typing import Any, Final

from crmbridge.metrics import Document
from crmbridge.report.contents import Contents, Section
from crmbridge.report.language import NONE, Language
from crmbridge.report.sections.base import empty, reached
from crmbridge.report.tables import table

#: Where nobody says when the last meeting was.
WEEK: Final = timedelta(days=7)
_ROLES: Final = {"qualified": "qualified", "accepted": "accepted", "opportunities": "opportunity"}


@dataclass(frozen=True, slots=True, kw_only=True)
class Meeting:
    """What a meeting looks at."""

    #: As of now.
    contents: Contents
    #: As of the last meeting, and as of the same time before it.
    last: Document
    before: Document


def window(now: datetime, since: datetime | None) -> tuple[datetime, datetime]:
    """Give the moment of the last meeting and the one as long before it.

    Args:
        since: The last meeting; None: a week ago.
    """
    last = since or now - WEEK
    return last, last - (now - last)


def counted(document: Document) -> dict[str, float | None]:
    """Give what only grows as time goes by; None for what nobody records."""
    follow_up, feedback = document["follow_up"], document["feedback"]
    verdicts = {name: _recorded(document, name) for name in ("recycled", "rejected", "disqualified")}
    return {
        "leads": document["leads"],
        **{name: reached(document, role) for name, role in _ROLES.items()},
        "passed": feedback["passed"],
        "feedback": feedback["with_feedback"],
        "touched": None if follow_up["untouched"] is None else follow_up["n"],
        "sla_inside": follow_up["sla"]["inside"] if follow_up["sla"]["agreed"] else None,
        **verdicts,
        "won": document["won"],
        "lost": document["lost"],
    }


def _recorded(document: Document, name: str) -> int | None:
    """Count verdicts; None where no period has any on record."""
    known = any(row[name] is not None for row in document["periods"])
    return sum(document[name].values()) if known else None


def changes(meeting: Meeting, language: Language) -> Section:
    """Show what happened since the last meeting, and in the same time before it."""
    made = Section(id="changes", title=language.say("title", "changes"), is_wide=True)
    rows = list(_rows(meeting, language))
    if not rows:
        return empty(language, made)
    made.tables.append(
        table(language, made.title, ("what", "since", "before", "change", "definition"), rows, is_open=True)
    )
    return made


def _rows(meeting: Meeting, language: Language) -> Iterator[dict[str, Any]]:
    document = meeting.contents.document
    now, last, before = (counted(each) for each in (document, meeting.last, meeting.before))
    for key, value in now.items():
        # What was not recorded as of an earlier moment had not happened yet.
        if value is None:
            continue
        then, earlier = last[key] or 0, before[key] or 0
        yield _row(language, document, key, value - then, then - earlier)
    for currency in document["revenue_by_currency"]:
        sums = [
            each["revenue_by_currency"].get(currency, 0) for each in (document, meeting.last, meeting.before)
        ]
        yield _money(language, document, currency, sums)  # fmt: skip


def _row(language: Language, document: Document, key: str, new: float, old: float) -> dict[str, Any]:
    return {
        "what": language.word(key),
        "since": new,
        "before": old,
        "change": _moved(language, new, old),
        "definition": language.definition(_MEANS.get(key, key), document),
    }


def _money(language: Language, document: Document, currency: str, sums: list[float]) -> dict[str, Any]:
    new, old = sums[0] - sums[1], sums[1] - sums[2]
    return {
        "what": language.word("revenue"),
        "since": language.money({currency: new}),
        "before": language.money({currency: old}),
        "change": _moved(language, new, old),
        "definition": language.definition("revenue", document),
    }


#: Figure -> the definition that it is under, where it has none of its name.
_MEANS: Final = {"touched": "touch", "sla_inside": "sla", "rejected": "recycled", "disqualified": "recycled"}


def _moved(language: Language, new: float, old: float) -> str:
    if not old:
        return NONE
    sign = "▲ +" if new > old else "▼ −" if new < old else "= "
    return f"{sign}{language.share(abs(new - old) / old)}"
