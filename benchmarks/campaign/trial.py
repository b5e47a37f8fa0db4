"""One seeded trial: a company in some state, people at work, a fault or a kill, recovery, judgement."""

from __future__ import annotations

import random
from collections import Counter
from dataclasses import asdict, dataclass, field
from functools import partial
from itertools import zip_longest
from typing import Any

from benchmarks.campaign import company
from benchmarks.campaign.company import LEASE_SECONDS, Opening, Plant, Rest
from benchmarks.campaign.crms import Crms
from benchmarks.campaign.ledgers import Ledgers
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
    #: Laws that did not hold, and processes that failed.
    broken: list[str] = field(default_factory=list)

    @property
    def failed(self) -> bool:
        """Tell whether anything is as it must not be; the window has a column of its own."""
        wrong = (self.lost, self.duplicates, self.overwritten, self.compare_and_set, self.broken)
        return any(wrong) or self.overrun > 0


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
        for runs in range(1, chance.choice((1, 1, 2)) + 1):
            self._disturb(watch, chance, report, seconds=runs * (LEASE_SECONDS + 1), calm=calm)
        found = self._recover(watch, report, seconds=_LATER_SECONDS)
        if twin is not None and found is not None:
            report.broken += twin.unequal
            report.lost += _different(twin.seen, found.seen)
        _add(report, watch)
        report.faults = crms.faults.struck
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

    def _twin(self) -> Rest:
        """See where the same company ends when nothing goes wrong, with other pages."""
        self.ledgers.put(self.prepared.name, self.slot)
        return wait_for(start(partial(self._undisturbed))).value  # type: ignore[no-any-return]  # None when it failed

    def _undisturbed(self) -> Any:
        self.prepared.crms.world.options.change({"salesforce": {"max_page_size": 2000}})
        return self.prepared.crms.run(partial(company.rest, opening=self._opening(1.0), twice=True)).value

    def _disturb(
        self, watch: Watch, chance: random.Random, report: Report, *, seconds: float, calm: bool
    ) -> None:
        """Make one run in which something goes wrong."""
        crms = self.prepared.crms
        script, opening = self._misfortune(chance, self._opening(seconds))
        script.edits = 0.0 if calm else chance.choice((0.0, 0.1, 0.3))
        script.attack = 0.7 if self.attack else 0.0
        watch.play(script)
        done = crms.run(partial(company.sync, opening=opening, plant=self.plant), watch)
        report.killed += done.signal == 9
        if done.error or done.signal not in (0, 9):
            report.broken.append(done.error or f"signal {done.signal}")
        crms.faults.clear()

    def _misfortune(self, chance: random.Random, opening: Opening) -> tuple[Script, Opening]:
        script = Script()
        kind = chance.choice(("fault", "fault", "fault", "call", "write", "write", "commit", "budget"))
        if kind == "fault":
            rules = [_rule(chance) for _ in range(chance.choice((1, 1, 2, 3)))]
            self.prepared.crms.faults.set(parse_rules(rules), self.seed)
        elif kind == "commit":
            opening = Opening(**{**asdict(opening), "kill_at_commit": chance.randint(1, 40)})
        elif kind == "budget":
            script.budget = chance.randint(10, 30)
            opening = Opening(**{**asdict(opening), "budget": script.budget})
        else:
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
        return Opening(ledger_url=self.ledgers.url(self.slot), seconds=seconds)


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
