"""Invented pasts in memory: many leads with a few fields, activities and an end."""

from __future__ import annotations

from collections.abc import Collection, Iterable, Iterator, Mapping, Sequence
from datetime import UTC, datetime, timedelta
from random import Random
from typing import Any

from crmbridge.journey import Entry, EntryKind, Journey
from crmbridge.model import Activity, ActivityKind, Direction, Lead, Owner, OwnerKind, RecordRef
from crmbridge.process import Process
from crmbridge.replay import Making, Past
from tests.property.company import PROCESS

BEGIN = datetime(2025, 1, 6, tzinfo=UTC)
END = BEGIN + timedelta(days=300)


def day(number: float) -> datetime:
    return BEGIN + timedelta(days=number)


def process_of(**changed: Any) -> Process:
    """The laws' company with a few more rules, and some tables changed."""
    engagement = [{"name": "Visit", "kind": "page_view", "points": 15, "half_life_days": 30}]
    return Process.parse({**PROCESS, "engagement": engagement, **changed})


def owners(process: Process) -> dict[str, Owner]:
    """Everybody that the file names, at work."""
    return {key: Owner(key=key, kind=OwnerKind.PERSON, name=key) for key in process.owners}


class Pasts:
    """A source of pasts that were made before."""

    def __init__(self, pasts: Iterable[Past], page: int = 100) -> None:
        self._pasts = sorted(pasts, key=lambda past: past.lead.id)
        self._page = page
        self.loaded = 0

    def pages(self) -> Iterator[Sequence[Past]]:
        for start in range(0, len(self._pasts), self._page):
            yield self._pasts[start : start + self._page]

    def load(self, lead_ids: Collection[str]) -> Mapping[str, Past]:
        self.loaded += len(lead_ids)
        return {past.lead.id: past for past in self._pasts if past.lead.id in lead_ids}


def lead(name: str, **fields: Any) -> Lead:
    whole = {"email": f"{name}@example.org", "last_name": name, "country": "DE", "created_at": day(0)}
    return Lead(id=name, **{**whole, **fields})


def visit(name: str, at: float) -> Activity:
    ref = RecordRef("hubspot", "events", f"{name}-{at}")
    person = RecordRef("hubspot", "contacts", name)
    return Activity(
        ref=ref, person=person, kind=ActivityKind.PAGE_VIEW, at=day(at), direction=Direction.INBOUND
    )


def stage(name: str, at: float | None) -> Entry:
    moment = None if at is None else day(at)
    return Entry(kind=EntryKind.STAGE, at=moment, value=name, source="hubspot.history")


def past(made: Lead, process: Process, *entries: Entry, known_only: bool = False) -> Past:
    journey = Journey(
        lead_id=made.id,
        created_at=made.created_at,
        entries=entries,
        activities=made.activities,
        opportunities=made.opportunities,
    )
    found = Making(process=process, known_only=known_only).past(made, journey)
    assert found is not None
    return found


def crowd(process: Process, count: int, seed: int = 1) -> list[Past]:
    """People of whom the bosses and the busy are accepted more often."""
    random = Random(seed)
    found = []
    for number in range(count):
        boss, visits = random.random() < 0.3, random.randrange(6)
        name, born = f"p{number:05}", random.uniform(0, 200)
        acts = sorted(random.uniform(born, born + 60) for _ in range(visits))
        made = lead(
            name,
            job_title="Head of Sales" if boss else "Clerk",
            country=random.choice(["DE", "FR"]),
            created_at=day(born),
            activities=tuple(visit(name, at) for at in acts),
        )
        likely = random.random() < 0.1 + 0.5 * boss + 0.04 * visits
        entries = [stage("mql", born + 20), stage("sal", born + 25)] if likely else []
        found.append(past(made, process, *entries))
    return found
