"""Replays at the moments of live runs, over what those runs saw: their decisions, one for one."""

from __future__ import annotations

from collections.abc import Iterator
from typing import Any

import pytest

from crmbridge.mapping import Mapping as CompanyMapping
from crmbridge.model import Decision, Lead, Memory
from crmbridge.replay import replay, ticks
from crmbridge.replaying import LedgerSource
from tests.property.company import process
from tests.property.world import START, World

#: What two decisions must have in common; reps, dates and the next due time are in it.
_SAME = ("stage", "role", "status", "score", "missing", "near_miss", "qualified_by", "handed_off", "due_at")


class Live(World):
    """A world that keeps the decisions that were carried out."""

    def __post_init__(self) -> None:
        super().__post_init__()
        self.decided: dict[tuple[str, Any], Decision] = {}
        append = self.ledger.append

        def noted(run: Any, planned: Any) -> None:
            items = list(planned)
            for item in items:
                if item.decision is not None:
                    self.decided[item.lead_id, item.decision.decided_at] = item.decision
            append(run, items)

        self.ledger.append = noted  # type: ignore[method-assign]


@pytest.fixture
def world() -> Iterator[Live]:
    made = Live()
    yield made
    made.close()


def person(world: World, name: str, **fields: Any) -> None:
    whole = {"email": f"{name}@example.org", "last_name": name, "company": "Acme", **fields}
    world.hubspot.edit("contacts", name, **whole)


def story(world: World) -> None:
    """Some weeks of work: people come, change, qualify; sales accepts, gives back and passes on."""
    for number in range(6):
        person(world, f"p{number}", country="DE" if number % 2 else "FR")
    world.bridge.sync()
    world.wait(1)
    for number in range(4):
        person(world, f"p{number}", job_title="Head of Sales")
    world.bridge.sync()
    world.wait(1)
    for record in world.salesforce.records("Lead")[:2]:
        world.salesforce.edit("Lead", record.ref.id, status="accepted")
    person(world, "late", job_title="head", country="DE")
    world.bridge.sync()
    world.wait(3)
    for record in world.salesforce.records("Lead")[1:3]:
        world.salesforce.edit("Lead", record.ref.id, status="recycled")
    world.hubspot.edit("contacts", "p1", owner="h-tia")
    world.hubspot.edit("contacts", "p4", stage="mql")
    world.bridge.sync()
    world.wait(2)
    world.bridge.sync()
    world.wait(0.25)
    person(world, "p5", job_title="Head", country=None)
    world.bridge.sync()


def replayed(world: World) -> dict[tuple[str, Any], Decision]:
    source = LedgerSource(world.ledger, process(), CompanyMapping.parse({"format": 1}))
    moments = ticks(START, world.now, process().zone, source.instants, world.ledger.owners())
    found: dict[tuple[str, Any], Decision] = {}

    def watch(place: int, lead: Lead, before: Memory, decision: Decision) -> None:
        found[lead.id, decision.decided_at] = decision

    replay([process()], source, moments, [watch])
    return found


def test_a_replay_at_the_moments_of_live_runs_gives_their_decisions_one_for_one(world: Live) -> None:
    story(world)
    found = replayed(world)
    news = {key: item for key, item in world.decided.items() if key in found}
    assert len(found) >= 20
    for key, decision in news.items():
        for name in _SAME:
            assert getattr(found[key], name) == getattr(decision, name), (key, name)
        assert found[key].memory == decision.memory, key
    # What the replay passed over was decided live and changed nothing.
    for key in world.decided.keys() - found.keys():
        assert not world.decided[key].handed_off
    assert found.keys() <= world.decided.keys()
