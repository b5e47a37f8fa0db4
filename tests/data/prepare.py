"""Public lead lists, rewritten as CSV files with API names that the sandbox loads.

Only names change, and a cell that says "nothing chosen" becomes empty. What the lists lack and a CRM
wants (an e-mail address, a last name) is made of the row's number: such columns are never scored and never
required. A column without a name cannot be loaded; it is dropped and reported.
"""

from __future__ import annotations

import csv
import io
import re
from collections.abc import Callable, Iterable, Mapping, Sequence
from dataclasses import dataclass
from datetime import UTC, datetime
from pathlib import Path

SHARED = Path(__file__).parents[3] / "shared" / "data"
XEDUCATION = SHARED / "xeducation" / "Leads.csv"
PIPELINES = SHARED / "crm_and_sales_pipelines" / "CRM-and-Sales-Pipelines.csv"
STATUSES = SHARED / "crm_and_sales_pipelines" / "published_Status_Summary_by_Country.csv"

#: An untouched drop-down: no value.
_UNTOUCHED = frozenset({"Select"})
#: Columns of the pipelines whose API name is not made of their own.
_PIPELINE_NAMES = {
    "Organization": "Company",
    "Country": "Country",
    "Industry": "Industry",
    "Status": "Status",
    "Owner": "OwnerId",
    "Lead acquisition date": "CreatedDate",
}


@dataclass(frozen=True, kw_only=True)
class Prepared:
    """A rewritten file."""

    text: str
    #: Rows below the header.
    count: int
    #: Names of the columns, in order; the invented ones last.
    header: tuple[str, ...]
    #: Columns nobody wrote and that exist because a CRM wants them.
    invented: tuple[str, ...]
    #: Positions (from 1) of columns without a name.
    dropped: tuple[int, ...]
    #: Cells that said "nothing chosen".
    emptied: int


def email(number: int) -> str:
    """Invent the address of the person in a row (1: the first below the header)."""
    return f"person{number}@example.com"


def xeducation(limit: int | None = None) -> Prepared:
    """Rewrite the online school's leads as HubSpot contacts; None: all of them."""
    invented: dict[str, Callable[[int], str]] = {"email": email, "lastname": _last_name}
    return _rewritten(_rows(XEDUCATION, limit), hubspot_name, invented, {})


def pipelines(owners: Mapping[str, str], *, first_email: int = 1, limit: int | None = None) -> Prepared:
    """Rewrite the pipelines as Salesforce Leads.

    Args:
        owners: Name of a rep -> user id.
        first_email: Number of the first row's address, to overlap with another list or not.
        limit: None: all rows.
    """
    invented: dict[str, Callable[[int], str]] = {
        "Email": lambda number: email(number + first_email - 1),
        "LastName": _last_name,
    }
    cells: dict[str, Callable[[str], str]] = {"OwnerId": owners.__getitem__, "CreatedDate": _moment}
    return _rewritten(_rows(PIPELINES, limit), _salesforce_name, invented, cells)


def pipeline_owners() -> tuple[str, ...]:
    """Name the reps of the pipelines, sorted."""
    header, *rows = _rows(PIPELINES, None)
    place = header.index("Owner")
    return tuple(sorted({row[place] for row in rows}))


def rep_email(name: str) -> str:
    """Invent the address of a rep, which is the owner key."""
    return f"{name.lower().replace(' ', '.')}@example.com"


def hubspot_name(column: str) -> str:
    """Make a property name: "TotalVisits" -> "total_visits"."""
    words = re.sub(r"(?<=[a-z])(?=[A-Z])", " ", column)
    return re.sub(r"[^a-z0-9]+", "_", words.lower()).strip("_")


def _salesforce_name(column: str) -> str:
    plain = re.sub(r"[^A-Za-z0-9]+", "_", column).strip("_")
    return _PIPELINE_NAMES.get(column, f"{plain}__c")


def _rewritten(
    rows: Sequence[Sequence[str]],
    rename: Callable[[str], str],
    invented: Mapping[str, Callable[[int], str]],
    cells: Mapping[str, Callable[[str], str]],
) -> Prepared:
    first, *body = rows
    places = [place for place, name in enumerate(first) if name.strip()]
    names = [rename(first[place]) for place in places]
    out = io.StringIO(newline="")
    writer = csv.writer(out)
    writer.writerow([*names, *invented])
    for number, row in enumerate(body, 1):
        kept = ("" if row[place] in _UNTOUCHED else row[place] for place in places)
        real = [cells.get(name, str)(cell) for name, cell in zip(names, kept, strict=True)]
        writer.writerow([*real, *(make(number) for make in invented.values())])
    return Prepared(
        text=out.getvalue(),
        count=len(body),
        header=(*names, *invented),
        invented=tuple(invented),
        dropped=tuple(place + 1 for place in range(len(first)) if place not in places),
        emptied=_count(body, places),
    )


def _count(body: Iterable[Sequence[str]], places: Sequence[int]) -> int:
    return sum(row[place] in _UNTOUCHED for row in body for place in places)


def _rows(file: Path, limit: int | None) -> list[list[str]]:
    with file.open(encoding="utf-8-sig", newline="") as lines:
        header, *rows = csv.reader(lines)
    return [header, *rows[:limit]]


def _last_name(number: int) -> str:
    return f"Person {number}"


def _moment(american_date: str) -> str:
    return datetime.strptime(american_date, "%m/%d/%Y").replace(tzinfo=UTC).isoformat()
