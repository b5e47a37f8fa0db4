"""Lists that people work from, as far as a page has room: almost qualified (S41, S42), due and overdue."""

from __future__ import annotations

from typing import Any

from crmbridge.lists import ListRow
from crmbridge.report.contents import Contents, Section
from crmbridge.report.language import Language
from crmbridge.report.sections.base import empty, section
from crmbridge.report.tables import plain, table


def almost(contents: Contents, language: Language) -> Section:
    """Show who lacks a single datum, and which."""
    made = section(contents, language, "almost", is_wide=True)
    if contents.work is None:
        return empty(language, made, "no_ledger")
    rows = [_row(row) for row in contents.work.almost]
    if not rows:
        return empty(language, made)
    made.says.append(language.say("says", "almost"))
    keys = ("lead", "name", "company", "datum", "score", "activities", "acted", "owner", "territory")
    total = contents.work.counts.get("almost_qualified")
    made.tables.append(table(language, made.title, keys, rows, is_open=True, total=total))
    return made


def due(contents: Contents, language: Language) -> Section:
    """Show what is due and what is overdue."""
    made = section(contents, language, "due", is_wide=True)
    work = contents.work
    if work is None:
        return empty(language, made, "no_ledger")
    rows = [_row(row) | {"overdue": _overdue(row, language)} for row in work.due]
    if not rows:
        return empty(language, made)
    overdue, total = work.counts.get("overdue", 0), work.counts.get("due", len(rows))
    rest = language.number(total - overdue)
    until = language.moment(work.until)
    made.says.append(
        language.say("says", "due", overdue=language.number(overdue), rest=rest, until=until)
    )  # fmt: skip
    keys = ("lead", "name", "company", "stage", "due_at", "overdue", "owner", "waiting_for")
    made.tables.append(table(language, made.title, keys, rows, is_open=True, total=total))
    return made


def _overdue(row: ListRow, language: Language) -> str:
    return language.say("page", "yes" if row.overdue else "no")


def _row(row: ListRow) -> dict[str, Any]:
    words = {
        "lead": row.lead_id,
        "name": row.name,
        "company": row.company,
        "stage": row.stage,
        "owner": row.owner,
        "datum": row.datum,
        "territory": row.territory,
        "waiting_for": (row.promise or "").replace("_", " ") or row.why,
    }
    return {key: plain(value) if value else None for key, value in words.items()} | {
        "score": row.score,
        "activities": row.recent_activity_count,
        "acted": row.last_activity_at,
        "due_at": row.due_at,
    }
