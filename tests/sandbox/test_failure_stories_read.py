"""Failure stories of this trade about reading: cursors with holes, equal stamps, lag, merges, conversions."""

from __future__ import annotations

from collections.abc import Iterator
from datetime import UTC, datetime
from typing import Any

import pytest

from crmbridge.adapters.hubspot import walk as hubspot_walk
from crmbridge.model import Record
from crmbridge.sandbox import Sandbox
from crmbridge.sandbox.hubspot import handle_search
from tests.sandbox.story import Story, shop

MORNING = datetime(2026, 11, 23, 8, tzinfo=UTC)


@pytest.fixture(scope="module")
def served() -> Iterator[Sandbox]:
    with Sandbox(clock=MORNING) as sandbox:
        yield sandbox


@pytest.fixture
def story(served: Sandbox) -> Iterator[Story]:
    made = Story(served)
    yield made
    made.bridge.close()


def known(story: Story, email: str) -> bool:
    return bool(story.ledger.find(email=email))


def nothing_was_missed(story: Story) -> bool:
    """Tell whether a full read finds the ledger as the incremental runs have left it."""
    story.pass_time()
    return story.bridge.plan(full=True).counts.changes == 0


def test_f6_rows_that_appear_beside_a_saved_cursor_arrive(story: Story) -> None:
    """F6: Salesforce shows rows late whose stamp lies just before the newest one that was read."""
    story.lead("first@example.org")
    story.pass_time()
    story.lead("newest@example.org")
    story.sync()
    newest = story.only_lead("newest@example.org")["SystemModstamp"]
    before = newest.replace(":00.000", ":01.000") if ":00.000" not in newest else newest
    story.lead("late@example.org", SystemModstamp=before, CreatedDate=before)
    story.sync()
    assert known(story, "late@example.org")
    assert nothing_was_missed(story)


@pytest.mark.parametrize("lag_seconds", [1, 20, 90])
def test_f6_what_the_search_index_shows_late_arrives(story: Story, lag_seconds: int) -> None:
    """F6: HubSpot's search lags behind; what it did not show yet is found by a later run."""
    contact = story.contact("dee@example.org")
    story.sync()
    story.sandbox.set_options(hubspot={"search_lag_seconds": lag_seconds})
    story.edit_contact(contact, country="FR")
    story.bridge.sync()
    story.sandbox.advance(lag_seconds + 1)
    story.sync()
    (lead,) = story.ledger.load(story.ledger.find(email="dee@example.org"))
    held = {part.record.ref.object: part.record.fields["country"] for part in lead.records}
    assert held["contacts"] == "FR"


def _many_at_one_moment(story: Story, count: int) -> None:
    stamp = story.sandbox.run(story.sandbox.world.clock.iso)
    rows = [f"bulk{number}@example.org,Doe,{stamp}" for number in range(count)]
    report = story.sandbox.load("hubspot.contacts", "\n".join(["email,lastname,lastmodifieddate", *rows]))
    assert report.skipped == ()


def _changed_contacts(story: Story, marks: dict[str, str]) -> list[str]:
    """Read as a run does; ``marks`` go on to the next one."""
    found = []
    for page in story.hubspot.changes(dict(marks), lambda _object, _ids: {}):
        marks |= {page.object: page.watermark} if page.watermark else {}
        found += [
            item.ref.id for item in page.items if isinstance(item, Record) and page.object == "contacts"
        ]
    return found


def test_f7_more_equal_stamps_than_a_search_may_page_through_all_arrive(
    story: Story, monkeypatch: pytest.MonkeyPatch
) -> None:
    """F7: a month-end job stamps more rows alike than one search gives; with the cap lowered to 400."""
    monkeypatch.setattr(hubspot_walk, "SEARCH_CAP", 400)
    monkeypatch.setattr(handle_search, "MAX_RESULTS", 400)
    _all_arrive(story, 1_000)


@pytest.mark.slow
def test_f7_more_than_ten_thousand_equal_stamps_all_arrive(story: Story) -> None:
    """F7: the same with HubSpot's own cap."""
    _all_arrive(story, 10_250)


def _all_arrive(story: Story, count: int) -> None:
    marks: dict[str, str] = {}
    story.contact("first@example.org")
    _changed_contacts(story, marks)
    story.pass_time()
    _many_at_one_moment(story, count)
    story.pass_time()
    calls = story.sandbox.calls()["hubspot"]
    assert len(set(_changed_contacts(story, marks))) >= count
    # The stretch up to the cap, the moment by id, what comes with the rows, other objects: no loop.
    assert story.sandbox.calls()["hubspot"] - calls <= 4 * count / 200 + 15


def test_f8_a_stamp_that_users_can_set_hides_nothing_and_every_page_is_fetched(story: Story) -> None:
    """F8: LastModifiedDate can be set by an import, SystemModstamp cannot; page two exists."""
    story.sandbox.set_options(salesforce={"max_page_size": 200})
    story.open(shop(qualification={"threshold": 60.0, "required": ["phone"]}))
    story.lead("first@example.org")
    story.sync()
    old = "2019-01-01T00:00:00.000+0000"
    now = story.sandbox.run(story.sandbox.salesforce.org.store.stamp)
    rows = [f"bulk{number}@example.org,Doe,Acme,{old},{now}" for number in range(450)]
    header = "Email,LastName,Company,LastModifiedDate,SystemModstamp"
    report = story.sandbox.load("salesforce.Lead", "\n".join([header, *rows]))
    assert report.skipped == ()
    story.sync()
    assert all(known(story, f"bulk{number}@example.org") for number in (0, 199, 200, 399, 400, 449))
    story.sandbox.act("salesforce", "touch", object="Lead", record_id=report.ids[7])
    assert story.sync().plan.counts.leads <= 1
    assert nothing_was_missed(story)


HOSTILE = ["o'brien@example.org", "anna\u00e9@example.org", "x+y'--@example.org"]
NAMES = ["O'Brien", 'D"Arcy', "back\\slash", "\u5c71\u7530 \U0001f600", "two\nlines", "%_' OR Id != null --"]


@pytest.mark.parametrize("name", NAMES)
def test_f19_text_never_becomes_a_query(story: Story, name: str) -> None:
    """F19: apostrophes, quotes and newlines in names and keys are values, whatever they look like."""
    email = HOSTILE[NAMES.index(name) % len(HOSTILE)]
    story.contact(email, lastname=name)
    assert story.sync().failed == 0
    (lead,) = story.leads()
    assert lead["LastName"] in {name, " ".join(name.split())}
    assert story.salesforce.read_external("Lead", [name, "it's", "a\\'b"]) == {}
    found = story.salesforce.read_external("Lead", [lead["crmbridge_Lead_Id__c"]])
    assert [record.ref.id for record in found.values()] == [lead["Id"]]
    assert story.sync().written == 0


def test_f20_several_matches_are_a_conflict_not_the_first_one(story: Story) -> None:
    """F20: two leads with one address: nobody is guessed, both are listed, nothing is written to either."""
    twins = [story.lead("dee@example.org"), story.lead("dee@example.org")]
    story.contact("dee@example.org")
    story.contact("eve@example.org")
    result = story.sync()
    assert result.plan.counts.skipped.get("ambiguous_identity", 0) >= 1
    assert not [effect for effect in story.effects() if any(twin in effect for twin in twins)]
    assert story.only_lead("eve@example.org")


def test_f21_a_skipped_record_is_a_result_like_any_other(story: Story) -> None:
    """F21: skipped, held, deleted and refused records are counted, and the run ends as any other."""
    twins = [story.lead("twin@example.org") for _ in range(2)]
    story.contact("twin@example.org")
    story.contact("held@example.org", hs_email_optout="true")
    gone = story.lead("gone@example.org")
    story.contact("fine@example.org")
    story.sync()
    story.sandbox.run(lambda: _delete(story, gone))
    result = story.sync()
    assert result.plan.counts.skipped.get("deleted") == 1
    assert twins
    assert {row["Email"] for row in story.leads()} == {"twin@example.org", "fine@example.org"}
    again = story.sync()
    assert again.written == 0
    assert again.failed == 0


def _delete(story: Story, lead: str) -> None:
    org = story.sandbox.salesforce.org
    org.writer.delete(org.store.named("Lead"), lead, org.system_caller())


def test_a_lead_that_is_converted_between_two_runs_stays_the_same_person(story: Story) -> None:
    """The lead becomes a contact of an account: one person, one history, no new lead."""
    contact = story.contact("dee@example.org")
    story.sync()
    lead = story.only_lead("dee@example.org")
    made = story.sandbox.act(
        "salesforce", "convert", lead_id=lead["Id"], owner_id=story.user_ids["ann"], opportunity_name="Deal"
    )
    story.sync()
    (found,) = story.ledger.load(story.ledger.find(email="dee@example.org"))
    refs = {part.record.ref.object: part.record.ref.id for part in found.records}
    assert refs == {"contacts": contact, "Lead": lead["Id"], "Contact": made["contact_id"]}
    assert len(story.leads(Email="dee@example.org")) == 1
    story.sync()
    assert story.sync().written == 0
    assert nothing_was_missed(story)


def test_what_is_deleted_and_taken_back_is_the_same_person_again(story: Story) -> None:
    """Out of the recycle bin: the binding holds, nothing is made twice."""
    story.contact("dee@example.org")
    story.sync()
    lead = story.only_lead("dee@example.org")
    story.sandbox.run(lambda: _delete(story, lead["Id"]))
    story.sync()
    assert story.leads() == []
    story.sandbox.act("salesforce", "undelete", object="Lead", record_id=lead["Id"])
    story.sync()
    assert story.only_lead("dee@example.org")["Id"] == lead["Id"]
    assert len(story.ledger.find(email="dee@example.org")) == 1
    assert nothing_was_missed(story)


def test_a_merged_lead_lives_on_in_its_survivor(story: Story) -> None:
    """Sales merges the lead that we made into one of its own."""
    story.contact("dee@example.org")
    story.sync()
    ours = story.only_lead("dee@example.org")["Id"]
    theirs = story.lead("d.doe@example.org")
    story.sync()
    story.sandbox.act("salesforce", "merge", object="Lead", master_id=theirs, loser_ids=[ours])
    story.sync()
    story.sync()
    assert [row["Id"] for row in story.leads()] == [theirs]
    assert story.sync().written == 0
    assert nothing_was_missed(story)


@pytest.mark.parametrize("hours", [-3, 3])
def test_a_clock_that_is_wrong_loses_nothing(story: Story, hours: int) -> None:
    """Watermarks are the CRMs' own stamps: whatever our clock says, what changed is read."""
    clock = story.sandbox.world.clock

    def wrong() -> datetime:
        return datetime.fromtimestamp(story.sandbox.run(clock.now).timestamp() + hours * 3600, UTC)

    story.bridge._clock = wrong
    contact = story.contact("dee@example.org")
    story.sync()
    for title in ("Clerk", "Head", "CEO"):
        story.edit_contact(contact, jobtitle=title)
        story.sync()
        (lead,) = story.ledger.load(story.ledger.find(email="dee@example.org"))
        titles: dict[str, Any] = {part.record.ref.object: part.record.fields for part in lead.records}
        assert titles["contacts"]["job_title"] == title


def test_a_full_run_finds_nothing_that_the_incremental_ones_had_missed(story: Story) -> None:
    """A day's work in both CRMs, read in small steps."""
    contacts = [story.contact(f"p{number}@example.org") for number in range(6)]
    story.sync()
    for number, contact in enumerate(contacts):
        story.edit_contact(contact, country="FR", jobtitle=f"Title {number}")
        story.edit_lead(story.only_lead(f"p{number}@example.org")["Id"], City=f"City {number}")
        if number % 2:
            story.sync()
    story.lead("walk.in@example.org")
    story.sync()
    story.sync()
    assert nothing_was_missed(story)
