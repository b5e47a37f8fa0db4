"""The five laws of architecture.md §1, over fake CRMs with failing and half-finished writes."""

from __future__ import annotations

import os
from collections.abc import Iterator
from contextlib import contextmanager
from typing import Any

from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st
from hypothesis.stateful import RuleBasedStateMachine, initialize, invariant, precondition, rule

from crmbridge.testing import Fate
from tests.property.world import World

NAMES = ("ann", "bob", "cid", "dee", "eve", "fay")
SLOW_MACHINE = settings(
    deadline=None,
    max_examples=100 if os.environ.get("CI") == "true" else 50,
    suppress_health_check=[HealthCheck.too_slow, HealthCheck.data_too_large],
)

people = st.lists(
    st.fixed_dictionaries(
        {
            "name": st.sampled_from(NAMES),
            "job_title": st.sampled_from(["Head of Sales", "Clerk", None]),
            "country": st.sampled_from(["DE", "AT", "FR", None]),
            "in_salesforce": st.booleans(),
            "owner": st.sampled_from([None, "ann", "bob"]),
            "stage": st.sampled_from([None, "lead", "mql"]),
            "status": st.sampled_from([None, "new", "working", "accepted", "recycled"]),
            "opted_out": st.sampled_from([None, True, False]),
        }
    ),
    max_size=6,
    unique_by=lambda person: person["name"],
)
fates = st.lists(st.sampled_from(list(Fate)), max_size=4)


@contextmanager
def world_of(invented: list[dict[str, Any]], **shape: Any) -> Iterator[World]:
    world = World(**shape)
    for number, person in enumerate(invented):
        _put(world, number, person)
    try:
        yield world
    finally:
        world.close()


def _put(world: World, number: int, person: dict[str, Any]) -> None:
    fields = {
        "email": f"{person['name']}@example.org",
        "last_name": person["name"].title(),
        "company": "Acme",
        "job_title": person["job_title"],
        "country": person["country"],
        "opted_out": person["opted_out"],
    }
    owner = person["owner"]
    hubspot_owner = f"h-{owner}" if owner else None
    world.hubspot.edit("contacts", str(number), **fields, owner=hubspot_owner, stage=person["stage"])
    if person["in_salesforce"]:
        salesforce_owner = f"s-{owner}" if owner else None
        world.salesforce.edit("Lead", f"L{number}", **fields, owner=salesforce_owner, status=person["status"])


@SLOW_MACHINE
@given(invented=people)
def test_applying_and_planning_again_is_empty(invented: list[dict[str, Any]]) -> None:
    with world_of(invented) as world:
        world.bridge.sync()
        assert world.changes() == []
        before = world.hubspot.write_calls + world.salesforce.write_calls
        world.bridge.sync()
        assert world.hubspot.write_calls + world.salesforce.write_calls == before


@SLOW_MACHINE
@given(invented=people)
def test_the_same_in_gives_the_same_plan(invented: list[dict[str, Any]]) -> None:
    with world_of(invented) as one, world_of(invented) as other:
        assert one.changes() == one.changes() == other.changes()


@SLOW_MACHINE
@given(invented=people, page_size=st.integers(1, 5), reverse=st.booleans())
def test_order_and_page_sizes_do_not_matter(
    invented: list[dict[str, Any]], page_size: int, reverse: bool
) -> None:
    with world_of(invented) as one, world_of(invented, page_size=page_size, reverse=reverse) as other:
        assert one.changes() == other.changes()


@SLOW_MACHINE
@given(invented=people, hubspot=fates, salesforce=fates)
def test_a_crash_anywhere_is_harmless(
    invented: list[dict[str, Any]], hubspot: list[Fate], salesforce: list[Fate]
) -> None:
    with world_of(invented) as undisturbed, world_of(invented) as disturbed:
        undisturbed.settle()
        disturbed.fail("hubspot", hubspot)
        disturbed.fail("salesforce", salesforce)
        disturbed.settle()
        assert disturbed.seen() == undisturbed.seen()


class PeopleWin(RuleBasedStateMachine):
    """People edit between runs and calls fail; what a person set last stands, and runs come to rest."""

    @initialize(invented=people)
    def begin(self, invented: list[dict[str, Any]]) -> None:
        self.world = World()
        self.count = len(invented)
        #: (crm, object, id, field) -> what a person set last.
        self.edited: dict[tuple[str, str, str, str], Any] = {}
        self.thrown_away: set[str] = set()
        for number, person in enumerate(invented):
            _put(self.world, number, person)

    @rule(person=st.fixed_dictionaries({"job_title": st.sampled_from(["Head", "Clerk"])}))
    def arrive(self, person: dict[str, Any]) -> None:
        fresh = {"country": "DE", "owner": None, "stage": None, "status": None, "opted_out": None}
        name = f"new{self.count}"
        _put(self.world, self.count, {**fresh, **person, "name": name, "in_salesforce": False})
        self.count += 1

    @precondition(lambda self: self.world.salesforce.records("Lead"))
    @rule(index=st.integers(0, 50), owner=st.sampled_from(["s-ann", "s-bob"]))
    def give_to(self, index: int, owner: str) -> None:
        leads = self.world.salesforce.records("Lead")
        self._edit("salesforce", "Lead", leads[index % len(leads)].ref.id, owner=owner)

    @precondition(lambda self: self.world.salesforce.records("Lead"))
    @rule(
        index=st.integers(0, 50), status=st.sampled_from(["working", "accepted", "recycled", "disqualified"])
    )
    def work(self, index: int, status: str) -> None:
        leads = self.world.salesforce.records("Lead")
        self._edit("salesforce", "Lead", leads[index % len(leads)].ref.id, status=status)

    @rule(index=st.integers(0, 50), title=st.sampled_from(["Head", "Clerk", None]))
    def promote(self, index: int, title: str | None) -> None:
        contacts = self.world.hubspot.records("contacts")
        if contacts:
            self._edit("hubspot", "contacts", contacts[index % len(contacts)].ref.id, job_title=title)

    @precondition(lambda self: self.world.salesforce.records("Lead"))
    @rule(index=st.integers(0, 50))
    def throw_away(self, index: int) -> None:
        leads = self.world.salesforce.records("Lead")
        record = leads[index % len(leads)]
        self.world.salesforce.remove("Lead", record.ref.id)
        # What was gone before we ever saw it is nobody's record: a person who qualifies later gets one.
        if self.world.ledger.find(ref=record.ref):
            self.thrown_away.add(str(record.fields["email"]))
        self.edited = {key: value for key, value in self.edited.items() if key[2] != record.ref.id}

    @rule(index=st.integers(0, 50), crm=st.sampled_from(["hubspot", "salesforce"]))
    def opt_out_while_we_write(self, index: int, crm: str) -> None:
        """Somebody objects just after one of our calls."""
        contacts = self.world.hubspot.records("contacts")
        if contacts:
            record_id = contacts[index % len(contacts)].ref.id
            fake = getattr(self.world, crm)
            fake.meanwhile = lambda: self.world.hubspot.edit("contacts", record_id, opted_out=True)

    @invariant()
    def what_was_thrown_away_stays_away(self) -> None:
        if hasattr(self, "world"):
            emails = {record.fields["email"] for record in self.world.salesforce.records("Lead")}
            assert not emails & self.thrown_away

    @rule(crm=st.sampled_from(["hubspot", "salesforce"]), fate=st.sampled_from(list(Fate)))
    def go_wrong(self, crm: str, fate: Fate) -> None:
        self.world.fail(crm, [fate])

    @rule(days=st.sampled_from([0.01, 1.0, 40.0]))
    def wait(self, days: float) -> None:
        self.world.wait(days)

    @rule()
    def sync(self) -> None:
        self.world.sync()

    @invariant()
    def what_a_person_set_stands(self) -> None:
        for (crm, target, record_id, name), value in getattr(self, "edited", {}).items():
            if name in {"owner", "job_title"}:
                assert getattr(self.world, crm).fields(target, record_id)[name] == value

    @invariant()
    def nobody_is_there_twice(self) -> None:
        if hasattr(self, "world"):
            emails = [record.fields["email"] for record in self.world.salesforce.records("Lead")]
            assert len(emails) == len(set(emails))

    def teardown(self) -> None:
        if not hasattr(self, "world"):
            return
        self.world.fail("hubspot", [])
        self.world.fail("salesforce", [])
        self.world.settle(4)
        self.what_a_person_set_stands()
        self.the_ledger_knows_what_the_crms_hold()
        self.world.close()

    def the_ledger_knows_what_the_crms_hold(self) -> None:
        """Nothing that a person changed is hidden from the next decision."""
        for crm, target in ((self.world.hubspot, "contacts"), (self.world.salesforce, "Lead")):
            for record in crm.records(target):
                (lead_id,) = self.world.ledger.find(ref=record.ref)
                held = {part.record.ref: part.record for part in self.world.ledger.load([lead_id])[0].records}
                assert dict(held[record.ref].fields) == dict(record.fields)

    def _edit(self, crm: str, target: str, record_id: str, **values: Any) -> None:
        getattr(self.world, crm).edit(target, record_id, **values)
        self.edited |= {(crm, target, record_id, name): value for name, value in values.items()}


TestPeopleWin = PeopleWin.TestCase

TestPeopleWin.settings = settings(SLOW_MACHINE, max_examples=40, stateful_step_count=15)
