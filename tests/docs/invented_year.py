"""Acorn's year: journeys under the demo company's process, invented from a seed, for pictures of the report.

What happened is made to be seen: sales got slower in the last quarter, one source sends too many students.
"""

from __future__ import annotations

import random
from collections.abc import Iterator
from datetime import UTC, datetime, timedelta
from decimal import Decimal

from crmbridge.journey import Entry, EntryKind, Journey
from crmbridge.model import Activity, ActivityKind, Direction, Money, Opportunity, RecordRef

NOW = datetime(2026, 11, 23, 8, tzinfo=UTC)
BEGIN = datetime(2025, 12, 1, 8, tzinfo=UTC)
#: From here on sales took longer and gave up sooner.
SLOWER = datetime(2026, 7, 1, tzinfo=UTC)
SOURCES = {"Web": 42, "Partner referral": 18, "Trade fair": 15, "E-mail": 15, "Purchased list": 10}
COUNTRIES = {"DE": 30, "US": 22, "GB": 16, "FR": 14, "ES": 10, "AT": 5, "CH": 3}
TERRITORIES = {
    "DE": "dach",
    "AT": "dach",
    "CH": "dach",
    "US": "west",
    "GB": "north",
    "FR": "south",
    "ES": "south",
}
OWNERS = {"dach": "ann.berg", "west": "ben.cole", "south": "chloe.dubois", "north": "kay.ito"}
#: Source -> how much likelier a lead of it is to be accepted.
LUCK = {"Partner referral": 1.25, "Purchased list": 0.45}
RECYCLED = {"timing": 4, "unreachable": 3, "no_budget": 2, "stalled": 1}
LOST = {"competitor": 3, "no_decision": 3, "no_budget": 4}


def journeys(count: int, seed: int = 7) -> Iterator[Journey]:
    """Invent so many leads; the same seed invents the same ones."""
    chance = random.Random(f"acorn {seed}")
    for number in range(count):
        yield _journey(f"L{number:06}", chance)


def _pick(chance: random.Random, weights: dict[str, int]) -> str:
    return chance.choices(list(weights), list(weights.values()))[0]


def _journey(lead_id: str, chance: random.Random) -> Journey:
    source, country = _pick(chance, SOURCES), _pick(chance, COUNTRIES)
    territory = TERRITORIES[country]
    story = _Story(lead_id, chance, LUCK.get(source, 1.0))
    story.tell(BEGIN + timedelta(hours=chance.uniform(0, 24 * 357)))
    return Journey(
        lead_id=lead_id,
        created_at=story.created_at,
        entries=tuple(story.entries),
        dimensions={
            "source": source,
            "country": country,
            "territory": territory,
            "owner": f"{OWNERS[territory]}@example.com" if story.passed else None,
            "team": "Field" if territory in {"dach", "west"} else "Inside",
        },
        activities=tuple(sorted(story.activities, key=lambda each: each.at)),
        opportunities=tuple(story.opportunities),
        stage=story.stage,
    )


class _Story:
    def __init__(self, lead_id: str, chance: random.Random, luck: float) -> None:
        self.lead_id, self.chance, self.luck = lead_id, chance, luck
        self.entries: list[Entry] = []
        self.activities: list[Activity] = []
        self.opportunities: list[Opportunity] = []
        self.passed, self.stage = False, "lead"
        self.created_at = BEGIN

    def tell(self, begins: datetime) -> None:
        """Go the way as far as chance allows, and never beyond now."""
        self.created_at = begins
        self._move("lead", begins)
        passed = self._later(begins, 9)
        if passed is None or self.chance.random() > 0.42:
            return
        self.passed = True
        self._did(ActivityKind.FORM_SUBMISSION, passed - timedelta(hours=1), Direction.INBOUND)
        self._move("mql", passed, EntryKind.QUALIFIED, score=60 + self.chance.expovariate(1 / 14))
        self._note(EntryKind.HANDED_OFF, passed)
        slow = passed >= SLOWER
        self._touch(passed, slow=slow)
        decided = self._later(passed, 2)
        if decided is None:
            return
        if self.chance.random() > 0.66 * self.luck:
            self._decline(decided)
        else:
            self._work(decided, slow=slow)

    def _decline(self, at: datetime) -> None:
        luck = self.chance.random()
        if luck < 0.55:
            self._move("recycled", at)
            self._note(EntryKind.RECYCLED, at, reason=_pick(self.chance, RECYCLED))
        elif luck < 0.72:
            self._move("disqualified", at)
            self._note(EntryKind.DISQUALIFIED, at, reason="student")

    def _work(self, at: datetime, *, slow: bool) -> None:
        self._move("sal", at, EntryKind.ACCEPTED)
        for stage, share, days in (("sales_qualified", 0.45 if slow else 0.8, 6), ("opportunity", 0.75, 8)):
            later = self._later(at, days)
            if later is None or self.chance.random() > share:
                return
            at = later
            self._move(stage, at)
        closes = self._later(at, 24)
        is_won = self.chance.random() < 0.42
        if closes is not None and is_won:
            self._move("customer", closes)
        elif closes is not None:
            self._lose(closes)
        self._open(at, closes, is_won=is_won)

    def _lose(self, at: datetime) -> None:
        reason = _pick(self.chance, LOST)
        self._move("recycled", at)
        self._note(EntryKind.RECYCLED, at, reason=reason)

    def _open(self, at: datetime, closes: datetime | None, *, is_won: bool) -> None:
        amount = Money(amount=Decimal(self.chance.randrange(4_000, 46_000, 500)), currency="EUR")
        self.opportunities.append(
            Opportunity(
                ref=RecordRef(crm="salesforce", object="Opportunity", id=f"006{self.lead_id}"),
                won=is_won and closes is not None,
                closed=closes is not None,
                amount=amount,
                created_at=at,
                close_on=None if closes is None else closes.date(),
            )
        )

    # what happens ------------------------------------------------------------------------------------
    def _later(self, at: datetime, days: float) -> datetime | None:
        """Give a moment some days later; None when that is still to come."""
        found = at + timedelta(days=self.chance.gammavariate(2, days / 2))
        return found if found <= NOW else None

    def _touch(self, at: datetime, *, slow: bool) -> None:
        for number in range(self.chance.randint(0, 2) if slow else self.chance.randint(1, 4)):
            hours = self.chance.lognormvariate(1.9 if slow else 0.9, 0.9) + 20 * number
            kind = self.chance.choice((ActivityKind.CALL, ActivityKind.CALL, ActivityKind.EMAIL_SENT))
            moment = at + timedelta(hours=hours)
            if moment <= NOW:
                self._did(kind, moment, Direction.OUTBOUND)

    def _did(self, kind: ActivityKind, at: datetime, direction: Direction) -> None:
        person = RecordRef(crm="hubspot", object="contacts", id=self.lead_id)
        ref = RecordRef(crm="hubspot", object="calls", id=f"{self.lead_id}.{len(self.activities)}")
        self.activities.append(
            Activity(ref=ref, person=person, kind=kind, at=at, direction=direction, owner_id="1")
        )

    def _move(
        self, stage: str, at: datetime, kind: EntryKind | None = None, score: float | None = None
    ) -> None:
        self.stage = stage
        self.entries.append(Entry(kind=EntryKind.STAGE, at=at, value=stage))
        if kind is not None:
            self._note(kind, at, score=score)

    def _note(
        self, kind: EntryKind, at: datetime, reason: str | None = None, score: float | None = None
    ) -> None:
        self.entries.append(Entry(kind=kind, at=at, reason=reason, score=score))
