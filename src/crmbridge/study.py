"""What people ask about the process and its leads: why, how many, what is wrong, who comes first."""

from __future__ import annotations

from abc import ABC, abstractmethod
from collections.abc import Callable, Iterator
from dataclasses import replace
from datetime import datetime, timedelta

from crmbridge import presenting
from crmbridge.comparing import Comparison, compare, effects
from crmbridge.deciding import Deciding
from crmbridge.journeys import LedgerJourneys
from crmbridge.lists import ListRow, work_list
from crmbridge.mapping import Mapping as CompanyMapping
from crmbridge.metrics import Document, report
from crmbridge.normalise.places import country_codes
from crmbridge.ports import Ledger
from crmbridge.process import Explanation, Process
from crmbridge.process.lint import Finding, World, lint
from crmbridge.references import find_lead
from crmbridge.replay import Replay
from crmbridge.replaying import LedgerSource, Trial, try_out
from crmbridge.report import Contents
from crmbridge.reporting import Choice, outline, terms
from crmbridge.tuning import Suggestion, suggest


class Study(ABC):
    """The part of ``Bridge`` that reads what the ledger knows and writes nothing."""

    process: Process
    mapping: CompanyMapping
    ledger: Ledger
    _clock: Callable[[], datetime]

    @abstractmethod
    def _deciding(self, now: datetime | None) -> Deciding: ...

    def explain(self, lead: str, now: datetime | None = None) -> Explanation:
        """Say what the process decides about a lead, which rules did not match, what would change it.

        Raises:
            ConfigError: the reference matches no lead, or several.
        """
        return self._deciding(now).explain(find_lead(self.ledger, lead))

    def report(self, choice: Choice | None = None) -> Document:
        """Give the figures of the lead process, from what the ledger recorded.

        Args:
            choice: Period, moment and dimensions; None: everything, as of the clock.

        Returns:
            The document that ``crmbridge report --json`` prints; docs/report.md explains every key.
        """
        chosen = choice or Choice()
        now = chosen.now or self._clock()
        deciding = self._deciding(now)
        wanted = chosen.by or self.process.parts.metrics.dimensions
        journeys = LedgerJourneys(self.ledger, self.process, deciding.unify, wanted)
        agreed = chosen.terms(terms(self.process, now, lambda: journeys.lead))
        return report(journeys, outline(self.process), agreed, journeys.rows)

    def report_page(self, choice: Choice | None = None, language: str = "en") -> str:
        """Give the report as one HTML page, with the process and the lists of people at work.

        Args:
            language: One of ``crmbridge.report.LANGUAGES``.

        Raises:
            ConfigError: the extra ``report`` is not installed.
        """
        chosen = choice or Choice()
        now = chosen.now or self._clock()
        return presenting.page(self._contents(replace(chosen, now=now), now), language)

    def meeting_pack(self, choice: Choice | None = None, language: str = "en") -> str:
        """Give the pack for the weekly meeting as one HTML page (S91).

        Args:
            choice: ``since`` is the day of the last meeting (None: a week ago); ``until`` does not count.
            language: As for ``report_page``.

        Raises:
            ConfigError: as for ``report_page``; or the last meeting is not before now.
        """
        wanted = choice or Choice()
        chosen = replace(wanted, since=None, until=None)
        now = (chosen.now or self._clock()).astimezone(self.process.zone)
        meeting = presenting.meeting(
            lambda moment: self.report(replace(chosen, now=moment)),
            lambda document: self._contents(chosen, now, document),
            (now, wanted.since),
        )
        return presenting.pack(meeting, language)

    def _contents(self, choice: Choice, now: datetime, document: Document | None = None) -> Contents:
        lists = presenting.Lists(self.work_list, self.ledger, now)
        return Contents(
            name=self.process.name,
            document=document or self.report(choice),
            since=None if choice.since is None else choice.since.isoformat(),
            until=None if choice.until is None else choice.until.isoformat(),
            work=lists.work([found.key for found in self.lint(now) if found.severity != "info"]),
            process=presenting.drawn(self.process),
        )

    def lint(self, now: datetime | None = None) -> tuple[Finding, ...]:
        """Find what is wrong with the process, each time with a lead that shows it; writes nothing.

        What was read of the CRMs counts: their owners, and the countries that leads come from.
        """
        world = World(
            now=now or self._clock(),
            owners=self.ledger.owners(),
            countries=self.ledger.tally("country"),
            every_country=country_codes(),
        )
        return lint(self.process, world)

    def work_list(
        self, name: str, now: datetime | None = None, *, owner: str | None = None, days: float = 1
    ) -> Iterator[ListRow]:
        """Give a list that people work from, best first (see `lists`).

        Args:
            name: One of ``lists.LISTS``.
            owner: Only this owner's leads; None: everybody's.
            days: How far ahead the list of what is due looks.
        """
        moment = now or self._clock()
        return work_list(self.ledger, name, moment, owner=owner, ahead=timedelta(days=days))

    def compare(self, new: Process, now: datetime | None = None, *, old: Process | None = None) -> Comparison:
        """Say what another process would change, also for the leads that the ledger knows; writes nothing.

        Args:
            old: What it is compared with; None: the process of this bridge.
        """
        before, moment = old or self.process, now or self._clock()
        return compare(before, new, effects(before, new, self.ledger, self.mapping, moment))

    def tune(self, now: datetime | None = None) -> Suggestion:
        """Suggest points and a threshold from what became of past leads; applies nothing.

        Raises:
            ConfigError: the statistics library is not installed (extra ``tune``).
        """
        source = LedgerSource(self.ledger, self.process, self.mapping)
        pasts = (past for page in source.pages() for past in page)
        return suggest(pasts, self.process, now or self._clock())

    def replay(self, trial: Trial) -> Replay:
        """Say what a process would have done over a period of the past, alone or beside another one.

        Reads the ledger alone: no CRM is called and nothing is written. At the moments of recorded live runs
        it decides over exactly what they saw, on other days over what is recorded. Goes through the period a
        second time where single leads are shown.

        Raises:
            ConfigError: the period is none, or the lead is not known.
        """
        known = find_lead(self.ledger, trial.lead) if trial.lead is not None else None
        return try_out(replace(trial, lead=known), self.ledger, self.process, self.mapping)
