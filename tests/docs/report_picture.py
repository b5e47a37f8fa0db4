"""Write docs/report-demo.png: ``python -m tests.docs.report_picture`` (with Chromium installed).

``python -m tests.docs.report_picture PAGE.html [PACK.html]`` writes the page and the pack instead.

The page is Acorn's, the company of ``make demo``, after a year that tests/docs/invented_year.py invents: the
demo itself has seen one morning.
"""

from __future__ import annotations

import sys
from collections.abc import Iterator
from dataclasses import replace
from datetime import date, timedelta
from functools import cache
from importlib import resources
from pathlib import Path
from tempfile import TemporaryDirectory

from PIL import Image

from crmbridge.lists import ListRow
from crmbridge.metrics import Document, Quota, report
from crmbridge.metrics.steps import Terms
from crmbridge.presenting import drawn
from crmbridge.process import Process
from crmbridge.report import Contents, Meeting, Work, pack, page, window
from crmbridge.reporting import outline, terms
from tests.docs.browser import photograph
from tests.docs.invented_year import NOW, OWNERS, journeys

PICTURE = Path(__file__).parents[2] / "docs" / "report-demo.png"
#: Pixels; the page ends where the picture does.
SIZE = (1280, 2500)
LEADS = 3_000
_HOUR = 3_600


@cache
def process() -> Process:
    """Give Acorn's process."""
    files = resources.files("crmbridge.cli").joinpath("demo_company", "process.toml")
    with resources.as_file(files) as path:
        return Process.load(path)


@cache
def document(leads: int = LEADS, days_ago: int = 0) -> Document:
    """Give the figures of Acorn's year as of some days ago."""
    return report(journeys(leads), outline(process()), _terms(leads, days_ago))


def _terms(leads: int, days_ago: int) -> Terms:
    """Give Acorn's terms, with promises that its file leaves open."""
    found = terms(process(), NOW - timedelta(days=days_ago), lambda: None)
    windows = {"accepted": 14, "sales_qualified": 30, "opportunity": 45, "customer": 90}
    promised = (
        Quota(measure="qualified", period="quarter", target=round(leads * 0.105), begins=date(2026, 1, 1)),
        Quota(measure="won", period="quarter", target=round(leads * 0.0115), begins=date(2026, 1, 1)),
    )
    return replace(found, windows=windows, quotas=promised, target=lambda _: 4.0 * _HOUR)


def contents(leads: int = LEADS) -> Contents:
    """Give everything that the page shows."""
    counts = {"almost_qualified": 64, "due": 41, "overdue": 9, "unrouted": 3, "quarantined": 1}
    work = Work(
        almost=list(_rows(almost=True)), due=list(_rows(almost=False)), counts=counts,
        until=NOW + timedelta(days=7),
    )  # fmt: skip
    return Contents(
        name=process().name, document=document(leads), work=work, process=drawn(process())
    )  # fmt: skip


def meeting(leads: int = LEADS) -> Meeting:
    """Give what Acorn's next meeting looks at."""
    last, before = ((NOW - moment).days for moment in window(NOW, None))
    return Meeting(contents=contents(leads), last=document(leads, last), before=document(leads, before))


_PEOPLE = (
    "Maya Lind",
    "Tom Okafor",
    "Inês Prado",
    "Jonas Weiß",
    "Léa Martin",
    "Sam Reyes",
    "Aiko Mori",
    "Eva Novak",
)
_COMPANIES = ("Alder Mills", "Birch & Sons", "Cedar Cloud", "Dogwood Foods", "Elm Logistics", "Fir Energy")


def _rows(*, almost: bool) -> Iterator[ListRow]:
    data = ("phone", "country", "company", "phone")
    owners = list(OWNERS.items())
    for number, name in enumerate(_PEOPLE):
        territory, owner = owners[number % len(owners)]
        yield ListRow(
            lead_id=f"L{100 + number:06}",
            name=name,
            company=_COMPANIES[number % len(_COMPANIES)],
            email=None,
            owner=None if almost else f"{owner}@example.com",
            stage="lead" if almost else ("mql", "sal")[number % 2],
            score=88.0 - 3 * number,
            engagement_score=40.0,
            due_at=NOW + timedelta(hours=9 * number - 20),
            promise="first_touch",
            overdue=9 * number < 20,
            overdue_seconds=3600.0 * (20 - 9 * number) if 9 * number < 20 else None,
            datum=data[number % len(data)] if almost else None,
            pool=None,
            territory=territory,
            why=None if almost else "first touch",
            qualified_at=None,
            assigned_at=None,
            recent_activity_count=14 - number,
            last_activity_at=NOW - timedelta(hours=7 * number + 3),
            records=(),
        )


def write(target: Path) -> None:
    """Make the page, take its picture, and keep as many colours as it needs."""
    with TemporaryDirectory(prefix="crmbridge-report-") as folder:
        found, taken = Path(folder) / "report.html", Path(folder) / "report.png"
        found.write_text(page(contents()), "utf-8")
        photograph(found, taken, *SIZE)
        with Image.open(taken) as picture:
            picture.convert("RGB").quantize(256).save(target, optimize=True)


def main() -> None:
    """Write the picture; or the page and the pack, where files are named for them."""
    if len(sys.argv) > 1:
        for name, text in zip(sys.argv[1:], (page(contents()), pack(meeting())), strict=False):
            Path(name).write_text(text, "utf-8")
    else:
        write(PICTURE)


if __name__ == "__main__":
    main()
