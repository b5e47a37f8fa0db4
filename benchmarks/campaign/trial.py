"""One seeded trial: a company in some state, people at work, a fault or a kill, recovery, judgement."""

from __future__ import annotations

import random
from collections import Counter
from dataclasses import dataclass, field, replace
from functools import partial
from itertools import zip_longest
from typing import Any

from benchmarks.campaign import company
from benchmarks.campaign.company import LEASE_SECONDS, Opening, Plant, Rest
from benchmarks.campaign.crms import Crms
from benchmarks.campaign.ledgers import Ledgers
from benchmarks.campaign.letters import Letterbox
from benchmarks.campaign.people import People
from benchmarks.campaign.processes import Ended, start, wait
from benchmarks.campaign.watch import Script, Watch
from crmbridge.sandbox.faults import parse_rules

#: Paths of calls that write, and what may go wrong with one: refused, cut before or after it was applied …
_WRITES = [
    ("hubspot", "POST", "/crm/v3/objects/contacts/batch/update"),
    ("hubspot", "POST", "/crm/v3/objects/contacts/batch/upsert"),
    ("salesforce", "PATCH", "/services/data/v62.0/composite/sobjects*"),
    ("salesforce", "POST", "/services/data/v62.0/composite"),
    ("salesforce", "POST", "/services/data/v62.0/composite/sobjects"),
    ("hubspot", "POST", "/crm/v3/objects/tasks/batch/create"),
]
_READS = [("hubspot", None, None), ("salesforce", None, None)]
_ACTIONS: list[dict[str, Any]] = [
    {"reset": "after"},
    {"reset": "before"},
    {"status": 503, "body": "html"},
    {"status": 504, "body": "empty", "applied": True},
    {"status": 502, "body": "latin1", "applied": True},
    {"truncate_at": 20},
    {"status": 429, "headers": {"Retry-After": "1"}},
    {"status": 401},
]
#: What can go wrong in a run, as often as it is named.
_KINDS = (
    *("fault", "fault", "fault", "call", "write", "write", "commit", "commit", "budget"),
    *("letter", "rule"),
)
#: A rule of the org that refuses some records as long as it is there.
_REFUSED = "Lead | crmbridge_Score__c > 20 | Not today"
_QUIET_SECONDS = 1_800.0
#: The ledger's clock when the dust has settled: every failed record's wait is over.
_LATER_SECONDS = 40 * 86_400.0


@dataclass(frozen=True, slots=True)
class Prepared:
    """A company in memory that trials are forked from."""

    name: str
    crms: Crms
    #: It has run before and come to rest.
    settled: bool


@dataclass(slots=True)
class Report:
    """What one trial came to."""

    seed: int
    killed: int = 0
    faults: int = 0
    edits: int = 0
    lost: list[str] = field(default_factory=list)
    duplicates: list[str] = field(default_factory=list)
    overwritten: list[str] = field(default_factory=list)
    in_window: Counter[str] = field(default_factory=Counter)
    #: Edits lost in the window although compare-and-set should have seen them.
    compare_and_set: list[str] = field(default_factory=list)
    overrun: int = 0
    #: What else happened, for people: notes, messages, dead letters …
    seen: Counter[str] = field(default_factory=Counter)
    #: Laws that did not hold, and processes that failed.
    broken: list[str] = field(default_factory=list)

    @property
    def failed(self) -> bool:
        """Tell whether anything is as it must not be; the window has a column of its own."""
        wrong = (self.lost, self.duplicates, self.overwritten, self.compare_and_set, self.broken)
        return any(wrong) or self.overrun > 0


@dataclass(frozen=True, slots=True)
class _Aftermath:
    """How everything looks once a company has come to rest."""

    rest: Rest
    #: Markers of the notes in both CRMs, and titles of the messages that left.
    notes: list[str]
    titles: list[str]


@dataclass(frozen=True, slots=True, kw_only=True)
class Trial:
    """What a trial works with."""

    seed: int
    prepared: Prepared
    ledgers: Ledgers
    slot: int
    plant: Plant | None = None
    #: People aim at the moment between our re-read and our write.
    attack: bool = False
    letters: Letterbox = field(default_factory=Letterbox)

    def run(self) -> Report:
        """Play it through in this process, which should be a fork of its own."""
        chance = random.Random(f"trial {self.seed}")
        crms = self.prepared.crms
        people = People(crms, chance)
        watch = Watch(people, chance, settled=self.prepared.settled)
        report = Report(self.seed)
        calm = self._stir(people, watch, chance) and not self.attack
        twin = self._twin() if calm else None
        self.ledgers.put(self.prepared.name, self.slot)
        runs = chance.choice((1, 1, 2))
        for number in range(1, runs + 1):
            self._disturb(watch, chance, report, seconds=number * (LEASE_SECONDS + 1), calm=calm)
        if not calm and chance.random() < 0.2:
            self._take_back(watch, report, seconds=(runs + 1) * (LEASE_SECONDS + 1))
        rest = self._recover(watch, report, seconds=_LATER_SECONDS)
        if rest is not None:
            _compare(report, _Aftermath(rest, people.notes(), self.letters.titles()), twin)
        _add(report, watch)
        report.faults += crms.faults.struck
        return report

    def _stir(self, people: People, watch: Watch, chance: random.Random) -> bool:
        """Bring the company into a state of its own; returns whether people leave the runs alone."""
        self.prepared.crms.world.options.change(
            {
                "hubspot": {
                    "lifecycle": chance.choice(("ignore", "reject", "allow")),
                    "search_lag_seconds": chance.choice((0, 0, 3, 20)),
                },
                "salesforce": {"max_page_size": chance.choice((5, 2000))},
            }
        )
        people.crms.world.clock.advance(3_600)
        for _ in range(chance.randrange(4)):
            people.stir()
        for _ in range(chance.randrange(12)):
            edit = people.edit()
            if edit is not None:
                watch.note(edit)
        people.crms.world.clock.advance(3_600)
        return chance.random() < 0.25

    def _twin(self) -> _Aftermath | None:
        """See where the same company ends when nothing goes wrong, with other pages; None when it failed."""
        self.ledgers.put(self.prepared.name, self.slot)
        return wait_for(start(self._undisturbed)).value  # type: ignore[no-any-return]  # what the fork gives back

    def _undisturbed(self) -> _Aftermath | None:
        crms, letters = self.prepared.crms, Letterbox()
        crms.world.options.change({"salesforce": {"max_page_size": 2000}})
        opening = replace(self._opening(1.0), letters=letters.slot)
        rest = crms.run(partial(company.rest, opening=opening, twice=True)).value
        notes = People(crms, random.Random(self.seed)).notes()
        return _Aftermath(rest, notes, letters.titles()) if rest is not None else None

    def _disturb(
        self, watch: Watch, chance: random.Random, report: Report, *, seconds: float, calm: bool
    ) -> None:
        """Make one run in which something goes wrong."""
        crms = self.prepared.crms
        kind = chance.choice(_KINDS)
        script, opening = self._misfortune(kind, chance, self._opening(seconds))
        if kind == "rule":
            report.faults += 1
            crms.world.options.change({"salesforce": {"validation_rules": [_REFUSED]}})
        script.edits = 0.0 if calm else chance.choice((0.0, 0.1, 0.3))
        script.attack = 0.7 if self.attack else 0.0
        watch.play(script)
        done = crms.run(partial(company.sync, opening=opening, plant=self.plant), watch)
        report.killed += done.signal == 9
        if done.error or done.signal not in (0, 9):
            report.broken.append(done.error or f"signal {done.signal}")
        crms.faults.clear()
        crms.world.options.change({"salesforce": {"validation_rules": []}})

    def _take_back(self, watch: Watch, report: Report, *, seconds: float) -> None:
        """Undo the last run that wrote."""
        watch.play(Script())
        opening = self._opening(seconds)
        done = self.prepared.crms.run(partial(company.undo, opening=opening, plant=self.plant), watch)
        if done.error or done.signal:
            report.broken.append(done.error or f"signal {done.signal}")
        report.seen["undone"] += done.value == ""

    def _misfortune(self, kind: str, chance: random.Random, opening: Opening) -> tuple[Script, Opening]:
        script = Script()
        if kind == "fault":
            rules = [_rule(chance) for _ in range(chance.choice((1, 1, 2, 3)))]
            self.prepared.crms.faults.set(parse_rules(rules), self.seed)
        elif kind == "commit":
            opening = replace(opening, kill_at_commit=chance.randint(1, 40))
        elif kind == "letter":
            opening = replace(opening, kill_at_letter=chance.randint(1, 4), kill_after=chance.random() < 0.5)
        elif kind == "budget":
            script.budget = chance.randint(10, 30)
            opening = replace(opening, budget=script.budget)
        elif kind in {"call", "write"}:
            script.kill_at_write = kind == "write"
            script.kill_at = chance.randint(1, 5) if script.kill_at_write else chance.randint(1, 40)
            script.kill_after = chance.random() < 0.5
        return script, opening

    def _recover(self, watch: Watch, report: Report, *, seconds: float) -> Rest | None:
        """Let the dust settle: people have gone home, everything works."""
        crms = self.prepared.crms
        crms.world.clock.advance(_QUIET_SECONDS)
        watch.play(Script())
        done = crms.run(partial(company.rest, opening=self._opening(seconds), plant=self.plant), watch)
        if done.value is None:
            report.broken.append(done.error or f"signal {done.signal}")
            return None
        found: Rest = done.value
        report.lost += found.lost
        report.broken += found.unequal
        return found

    def _opening(self, seconds: float) -> Opening:
        return Opening(ledger_url=self.ledgers.url(self.slot), seconds=seconds, letters=self.letters.slot)


def wait_for(child: Any) -> Ended:
    """Wait for a fork that has CRMs of its own; its failure is ours."""
    done = wait(child)
    if done.error:
        raise RuntimeError(done.error)
    return done


def _add(report: Report, watch: Watch) -> None:
    verdict = watch.verdict
    report.edits = verdict.edits
    report.overwritten += verdict.overwritten
    report.duplicates += verdict.duplicates
    report.in_window += verdict.in_window
    report.compare_and_set += verdict.missed_by_compare_and_set
    report.overrun += verdict.overrun


def _compare(report: Report, found: _Aftermath, twin: _Aftermath | None) -> None:
    """Judge what was made or told twice, and where an undisturbed company ended otherwise."""
    report.duplicates += [f"{item}: made or told twice" for item in _repeated(found.notes + found.titles)]
    report.seen += Counter(
        {
            "notes": len(found.notes),
            "messages": len(found.titles),
            "messages nobody knows of": len(found.rest.unsure),
            "dead letters": found.rest.dead_letters,
            "quarantined": found.rest.quarantined,
        }
    )
    if twin is None:
        return
    report.broken += twin.rest.unequal
    report.lost += _different(twin.rest.seen, found.rest.seen)
    report.lost += [f"{note}: not made" for note in sorted({*twin.notes} - {*found.notes})]
    told = {*found.titles, *found.rest.unsure}
    report.lost += [f"{title}: not told" for title in sorted({*twin.titles} - told)]


def _repeated(items: list[str]) -> list[str]:
    return sorted(item for item, count in Counter(items).items() if count > 1)


def _rule(chance: random.Random) -> dict[str, Any]:
    at_writes = chance.random() < 0.7
    crm, method, path = chance.choice(_WRITES if at_writes else _READS)
    return {
        "crm": crm,
        "method": method,
        "path": path,
        "skip": chance.randrange(3) if at_writes else chance.randrange(25),
        "count": chance.choice((1, 1, 2, 5)),
        "action": chance.choice(_ACTIONS),
    }


def _different(wanted: list[Any], found: list[Any]) -> list[str]:
    """Name the records that ended otherwise than they would have without the fault."""
    extra = [repr(item) for item in found if item not in wanted]
    missing = [repr(item) for item in wanted if item not in found]
    pairs = zip_longest(extra, missing, fillvalue="no record")
    return [f"ended otherwise: {one} instead of {other}" for one, other in pairs]
