"""Gathers what the page of the report and the meeting pack show, from a ledger or from CSV files."""

from __future__ import annotations

from collections import Counter
from collections.abc import Callable, Iterator, Sequence
from dataclasses import dataclass, replace
from datetime import date, datetime, time, timedelta
from pathlib import Path
from typing import Final, Protocol

from crmbridge import report
from crmbridge.chart import steps, svg
from crmbridge.errors import ConfigError, Problem
from crmbridge.lists import DUE, QUARANTINED, ListRow
from crmbridge.metrics import Document
from crmbridge.ports import Ledger
from crmbridge.process import Process
from crmbridge.report import Contents, Drawn, Meeting, Work
from crmbridge.reporting import Choice, report_csv
from crmbridge.standing import ALMOST_QUALIFIED, UNROUTED

#: How far ahead the list of what is due looks: to the next meeting.
_AHEAD_DAYS: Final = 7


class WorkList(Protocol):
    """Gives a list that people work from, as ``Bridge.work_list`` does."""

    def __call__(self, name: str, now: datetime | None = None, *, days: float = 1) -> Iterator[ListRow]:
        """Give one list."""


@dataclass(frozen=True, slots=True)
class Lists:
    """What waits for somebody, as the page shows it."""

    work_list: WorkList
    ledger: Ledger
    now: datetime

    def work(self, lint: Sequence[str]) -> Work:
        """Read every list: its first rows, and how many there are."""
        counts = Counter[str]()
        almost = self._first(ALMOST_QUALIFIED, counts)
        due = self._first(DUE, counts)
        for name in (UNROUTED, QUARANTINED):
            counts[name] = sum(1 for _ in self.work_list(name, self.now))
        counts["dead_letters"] = sum(found.next_at is None for found in self.ledger.failures())
        until = self.now + timedelta(days=_AHEAD_DAYS)
        named = {name.replace("-", "_"): count for name, count in counts.items()}
        return Work(almost=almost, due=due, counts=named, until=until, lint=lint)

    def _first(self, name: str, counts: Counter[str]) -> list[ListRow]:
        kept: list[ListRow] = []
        for row in self.work_list(name, self.now, days=_AHEAD_DAYS):
            counts[name] += 1
            counts["overdue"] += row.overdue and name == DUE
            if len(kept) < report.SHOWN:
                kept.append(row)
        return kept


def drawn(process: Process) -> Drawn:
    """Draw the live process."""
    return Drawn(version=process.version, svg=svg(process), steps=steps(process))


def page(contents: Contents, language: str) -> str:
    """Make the page; a missing extra is said in words.

    Raises:
        ConfigError: the extra ``report`` is not installed.
    """
    _check_installed()
    return report.page(contents, language)


def pack(meeting: Meeting, language: str) -> str:
    """Make the meeting pack, as ``page`` does."""
    _check_installed()
    return report.pack(meeting, language)


def _check_installed() -> None:
    if not report.is_available():
        advice = "pip install 'crmbridge[report]'"
        raise ConfigError([Problem("--html", "", "what draws the page is not installed", advice)])


def meeting(
    at: Callable[[datetime], Document],
    contents: Callable[[Document], Contents],
    moments: tuple[datetime, date | None],
) -> Meeting:
    """Report as of now, as of the last meeting, and as of the same time before it.

    Args:
        at: Gives the report as of a moment.
        contents: Gives what the page shows besides.
        moments: Now, in the zone of which the day of the last meeting is one; None: a week ago.

    Raises:
        ConfigError: the last meeting is not before now.
    """
    now, since = moments
    met = None if since is None else datetime.combine(since, time(), now.tzinfo)
    if met is not None and met >= now:
        advice = f"name a day before {now.isoformat()}"
        raise ConfigError([Problem("--since", met.date().isoformat(), "the last meeting is to come", advice)])
    last, before = report.window(now, met)
    return Meeting(contents=contents(at(now)), last=at(last), before=at(before))


# files -----------------------------------------------------------------------------------------------
@dataclass(frozen=True, slots=True)
class Files:
    """CSV files with how they are read."""

    mapping: Path
    files: Sequence[Path]
    rejects: Path | None = None

    def document(self, choice: Choice) -> Document:
        """Give the figures."""
        return report_csv(self.mapping, self.files, choice, self.rejects)

    def page(self, choice: Choice, language: str) -> str:
        """Make the page; raises as ``page`` and as reading the files does."""
        since = None if choice.since is None else choice.since.isoformat()
        until = None if choice.until is None else choice.until.isoformat()
        found = Contents(name="", document=self.document(choice), since=since, until=until)
        return page(found, language)

    def pack(self, choice: Choice, language: str) -> str:
        """Make the meeting pack; where nobody says when now is, it is the latest moment in the files."""
        chosen = replace(choice, since=None, until=None)
        latest = self.document(chosen)
        now = datetime.fromisoformat(latest["as_of"])

        def at(moment: datetime) -> Document:
            return latest if moment == now else self.document(replace(chosen, now=moment))

        return pack(
            meeting(at, lambda found: Contents(name="", document=found), (now, choice.since)), language
        )
