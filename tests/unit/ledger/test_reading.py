"""Pages arrive: what is news marks leads, what is not leaves everything as it was."""

from __future__ import annotations

from dataclasses import replace
from datetime import timedelta

import pytest

from crmbridge.ledger import SqlLedger
from crmbridge.model import Account, Opportunity, Owner, OwnerKind, Record, RecordRef
from crmbridge.ports import Run
from tests.unit.ledger.samples import (
    ANN,
    ANN_LEAD,
    BOB,
    LATER,
    NOW,
    bind_all,
    change,
    marked,
    opened,
    page,
    planned,
    record,
    settled,
    take,
    write,
)


def stored(ledger: SqlLedger, ref: RecordRef = ANN) -> Record:
    return ledger.related((), [ref])[0].record


def test_a_record_comes_back_as_it_was_read(ledger: SqlLedger, run: Run) -> None:
    read = replace(
        record(huge=10**30, half="\ud800", text="Zoë's ‘Straße’ \x00 🎉", empty=None, flag=True),
        unknown={"country": "Atlantis"},
        absorbed_ids=("8", "9"),
        linked_to=ANN_LEAD,
        other_emails=("ann@example.org",),
    )
    take(ledger, run, read)
    assert stored(ledger) == read


def test_the_payload_as_sent_is_not_kept(ledger: SqlLedger, run: Run) -> None:
    take(ledger, run, replace(record(), raw={"secret": "x"}))
    assert stored(ledger).raw == {}


def test_the_same_page_again_changes_and_marks_nothing(ledger: SqlLedger, run: Run) -> None:
    items = (record(), record(BOB), opened(), opened(BOB))
    lead_ids = settled(ledger, run, *items)
    before = ledger.load(lead_ids)
    take(ledger, run, *items)
    assert marked(ledger) == []
    assert ledger.unbound(10) == []
    assert ledger.load(lead_ids) == before


def test_of_a_record_that_comes_twice_in_a_page_the_last_counts(ledger: SqlLedger, run: Run) -> None:
    take(ledger, run, record(country="DE"), record(country="AT", version="2"))
    assert stored(ledger).fields["country"] == "AT"
    assert stored(ledger).version == "2"


def test_a_changed_field_marks_the_lead_and_is_dated(ledger: SqlLedger, run: Run) -> None:
    lead_ids = settled(ledger, run, record(country="DE"))
    take(ledger, run, record(country="AT", version="2", at=LATER))
    assert marked(ledger) == lead_ids
    part = ledger.related((), [ANN])[0]
    assert part.changed_at == {"country": LATER}
    assert part.record.fields["country"] == "AT"


def test_a_new_version_with_the_same_content_is_no_news(ledger: SqlLedger, run: Run) -> None:
    settled(ledger, run, record())
    take(ledger, run, record(version="2", at=LATER))
    assert marked(ledger) == []
    assert ledger.known_versions("hubspot", "contacts", ["1", "77"]) == {"1": "2"}
    assert stored(ledger).modified_at == LATER


def test_a_field_that_was_not_asked_for_before_counts_as_old(ledger: SqlLedger, run: Run) -> None:
    settled(ledger, run, record())
    take(ledger, run, record(version="2", persona="buyer"))
    assert ledger.related((), [ANN])[0].changed_at == {}


def test_an_edit_without_a_stamp_is_dated_by_the_run(ledger: SqlLedger, run: Run) -> None:
    settled(ledger, run, record())
    take(ledger, run, replace(record(country="AT"), modified_at=None))
    assert ledger.related((), [ANN])[0].changed_at == {"country": NOW}


def test_a_new_value_without_a_mapping_counts_as_an_edit(ledger: SqlLedger, run: Run) -> None:
    settled(ledger, run, replace(record(status=None), unknown={"status": "Odd"}))
    take(ledger, run, replace(record(status=None, version="2", at=LATER), unknown={"status": "Odder"}))
    assert ledger.related((), [ANN])[0].changed_at == {"status": LATER}


def test_deleted_records_are_kept_and_not_known(ledger: SqlLedger, run: Run) -> None:
    lead_ids = settled(ledger, run, record())
    take(ledger, run, replace(record(), deleted=True))
    assert ledger.known_versions("hubspot", "contacts", ["1"]) == {}
    assert marked(ledger) == lead_ids
    assert stored(ledger).deleted


def test_a_record_whose_keys_changed_is_unbound_again(ledger: SqlLedger, run: Run) -> None:
    settled(ledger, run, record())
    take(ledger, run, record(version="2", email="other@example.com"))
    assert [part.record.ref for part in ledger.unbound(10)] == [ANN]
    assert ledger.find(email="p1@example.com") == []
    assert ledger.related(["email:p1@example.com"], ()) == []
    assert [part.record.ref for part in ledger.related(["email:other@example.com"], ())] == [ANN]


def test_a_record_is_found_by_what_names_it(ledger: SqlLedger, run: Run) -> None:
    take(ledger, run, replace(record(), linked_to=ANN_LEAD, absorbed_ids=("99",)))
    assert [part.record.ref for part in ledger.related((), [ANN_LEAD])] == [ANN]
    assert [part.record.ref for part in ledger.related((), [RecordRef("hubspot", "contacts", "99")])] == [ANN]


@pytest.mark.parametrize(
    "email", ["x" * 5000 + "@example.com", "a\x00b@example.com", "a\nb@example.com", "\ud800@x.y"]
)
def test_hostile_keys_are_found_like_any_other(ledger: SqlLedger, run: Run, email: str) -> None:
    take(ledger, run, record(email=email))
    assert [part.record.ref for part in ledger.related([f"email:{email}"], ())] == [ANN]


def test_watermarks_move_with_their_page_only(ledger: SqlLedger, run: Run) -> None:
    take(ledger, run, record(), watermark="w1")
    take(ledger, run, record(BOB))
    assert ledger.watermarks("hubspot") == {"contacts": "w1"}
    assert ledger.watermarks("salesforce") == {}


def test_versions_are_asked_for_in_any_number(ledger: SqlLedger, run: Run) -> None:
    people = [RecordRef("hubspot", "contacts", str(number)) for number in range(3000)]
    ledger.take(run, "hubspot", page(*map(record, people)))
    assert (
        len(ledger.known_versions("hubspot", "contacts", [str(number) for number in range(40_000)])) == 3000
    )


# observe -----------------------------------------------------------------------------------------
def test_observing_marks_no_settled_lead_for_nothing(ledger: SqlLedger, run: Run) -> None:
    settled(ledger, run, record())
    ledger.observe(run, [record(version="2", at=LATER)])
    assert marked(ledger) == []
    assert stored(ledger).version == "2"


def test_observing_our_own_value_is_no_edit(ledger: SqlLedger, run: Run) -> None:
    lead_ids = settled(ledger, run, record())
    wanted = change(lead_ids[0], ANN, "score", 12.5, 60.0)
    ledger.append(run, [planned(lead_ids[0], wanted)])
    ledger.log(run, [], [write(wanted)])
    ledger.observe(run, [record(version="2", at=LATER, score=60.0)])
    assert ledger.related((), [ANN])[0].changed_at == {}


def test_an_edit_seen_between_decision_and_write_keeps_its_lead_marked(ledger: SqlLedger, run: Run) -> None:
    lead_ids = settled(ledger, run, record())
    ledger.observe(run, [record(version="2", at=LATER, country="AT")])
    assert marked(ledger) == lead_ids
    assert ledger.related((), [ANN])[0].changed_at == {"country": LATER}


# activities --------------------------------------------------------------------------------------
def test_a_new_activity_marks_its_person(ledger: SqlLedger, run: Run) -> None:
    lead_ids = settled(ledger, run, record(), record(BOB))
    take(ledger, run, opened())
    assert len(marked(ledger)) == 1
    assert [lead.activities for lead in ledger.load(lead_ids) if lead.activities] == [(opened(),)]


def test_an_activity_waits_for_its_person(ledger: SqlLedger, run: Run) -> None:
    take(ledger, run, opened())
    take(ledger, run, record())
    [lead_id] = bind_all(ledger, run)
    assert ledger.load([lead_id])[0].activities == (opened(),)


def test_an_activity_that_moved_to_another_person_leaves_the_first(ledger: SqlLedger, run: Run) -> None:
    lead_ids = settled(ledger, run, record(), record(BOB), opened(ANN))
    take(ledger, run, opened(BOB))
    assert marked(ledger) == sorted(lead_ids)
    owners = {lead.records[0].record.ref: lead.activities for lead in ledger.load(lead_ids)}
    assert owners == {ANN: (), BOB: (opened(BOB),)}


def test_a_deleted_activity_is_gone(ledger: SqlLedger, run: Run) -> None:
    lead_ids = settled(ledger, run, record(), opened(), opened(number=2))
    take(ledger, run, opened(deleted=True))
    assert marked(ledger) == lead_ids
    assert ledger.load(lead_ids)[0].activities == (opened(number=2),)


def test_activities_come_in_order_of_time_and_once_per_person(ledger: SqlLedger, run: Run) -> None:
    twin = RecordRef("salesforce", "Lead", "00Q")
    shared = [opened(ANN, 1), opened(twin, 1), opened(ANN, 3), opened(ANN, 2)]
    take(ledger, run, record(), record(twin, email="p1@example.com"), *shared)
    [lead_id] = bind_all(ledger, run)
    numbers = [activity.ref.id for activity in ledger.load([lead_id])[0].activities]
    assert numbers == ["1", "2", "3"]


# accounts and opportunities ----------------------------------------------------------------------
COMPANY = Account(ref=RecordRef("hubspot", "companies", "7"), name="Acme", owner_id="o7")
DEAL = Opportunity(ref=RecordRef("hubspot", "deals", "5"), people=(ANN,), owner_id="o5")


def test_an_account_marks_the_leads_that_name_it(ledger: SqlLedger, run: Run) -> None:
    lead_ids = settled(ledger, run, record(account_id="7"), record(BOB))
    take(ledger, run, COMPANY, object="companies")
    assert len(marked(ledger)) == 1
    assert ledger.load(marked(ledger))[0].accounts == (COMPANY,)
    assert [len(lead.accounts) for lead in ledger.load(lead_ids)].count(0) == 1


def test_a_deleted_account_is_gone(ledger: SqlLedger, run: Run) -> None:
    lead_ids = settled(ledger, run, COMPANY, record(account_id="7"))
    take(ledger, run, replace(COMPANY, deleted=True), object="companies")
    assert marked(ledger) == lead_ids
    assert ledger.load(lead_ids)[0].accounts == ()


def test_an_opportunity_marks_people_who_joined_and_who_left(ledger: SqlLedger, run: Run) -> None:
    lead_ids = settled(ledger, run, record(), record(BOB), DEAL)
    take(ledger, run, replace(DEAL, people=(BOB,)), object="deals")
    assert marked(ledger) == sorted(lead_ids)
    owners = {lead.records[0].record.ref: len(lead.opportunities) for lead in ledger.load(lead_ids)}
    assert owners == {ANN: 0, BOB: 1}


def test_a_deleted_opportunity_is_gone(ledger: SqlLedger, run: Run) -> None:
    lead_ids = settled(ledger, run, record(), DEAL)
    take(ledger, run, replace(DEAL, people=(), deleted=True), object="deals")
    assert marked(ledger) == lead_ids
    assert ledger.load(lead_ids)[0].opportunities == ()


# owners ------------------------------------------------------------------------------------------
def hubspot_owner(number: str = "11", key: str = "ann@example.com", *, active: bool = True) -> Owner:
    return Owner(key=key, kind=OwnerKind.PERSON, name="Ann", hubspot_id=number, hubspot_active=active)


def salesforce_owner(number: str = "005A", key: str = "ann@example.com", *, active: bool = True) -> Owner:
    return Owner(key=key, kind=OwnerKind.PERSON, name="Ann", salesforce_id=number, salesforce_active=active)


def take_owners(ledger: SqlLedger, run: Run, crm: str, *owners: Owner) -> None:
    ledger.take(run, crm, page(*owners, object="owners", complete=True))


def test_owners_of_both_crms_are_joined_by_key(ledger: SqlLedger, run: Run) -> None:
    take_owners(ledger, run, "hubspot", hubspot_owner(), hubspot_owner("12", "bob@example.com"))
    take_owners(ledger, run, "salesforce", salesforce_owner())
    joined = replace(hubspot_owner(), salesforce_id="005A", salesforce_active=True)
    assert ledger.owners() == {
        "ann@example.com": joined,
        "bob@example.com": hubspot_owner("12", "bob@example.com"),
    }


def test_an_owner_who_vanished_from_a_complete_list_loses_that_side(ledger: SqlLedger, run: Run) -> None:
    take_owners(ledger, run, "hubspot", hubspot_owner(), hubspot_owner("12", "bob@example.com"))
    take_owners(ledger, run, "salesforce", salesforce_owner())
    take_owners(ledger, run, "hubspot", hubspot_owner("12", "bob@example.com"))
    gone = ledger.owners()["ann@example.com"]
    assert (gone.hubspot_id, gone.hubspot_active, gone.salesforce_active) == ("11", False, True)


def test_an_empty_list_of_owners_dismisses_nobody(ledger: SqlLedger, run: Run) -> None:
    take_owners(ledger, run, "hubspot", hubspot_owner())
    take_owners(ledger, run, "hubspot")
    assert ledger.owners()["ann@example.com"].hubspot_active


def test_of_two_users_with_one_address_the_active_one_counts(ledger: SqlLedger, run: Run) -> None:
    take_owners(ledger, run, "salesforce", salesforce_owner("005A", active=False), salesforce_owner("005B"))
    assert ledger.owners()["ann@example.com"].salesforce_id == "005B"


@pytest.mark.parametrize(
    "owned",
    [
        (record(owner="11"),),
        (replace(COMPANY, owner_id="11"), record(account_id="7")),
        (replace(DEAL, owner_id="11"), record()),
    ],
    ids=["the record", "its account", "its opportunity"],
)
def test_an_owner_who_changed_marks_the_leads_of(
    ledger: SqlLedger, run: Run, owned: tuple[Record | Account | Opportunity, ...]
) -> None:
    take_owners(ledger, run, "hubspot", hubspot_owner())
    lead_ids = settled(ledger, run, *owned)
    settled(ledger, run, record(BOB))
    take_owners(ledger, run, "hubspot", hubspot_owner(active=False))
    assert marked(ledger) == lead_ids


def test_a_list_of_owners_without_news_marks_nobody(ledger: SqlLedger, run: Run) -> None:
    take_owners(ledger, run, "hubspot", hubspot_owner())
    settled(ledger, run, record(owner="11"))
    take_owners(ledger, run, "hubspot", hubspot_owner())
    assert marked(ledger) == []
    assert marked(ledger, NOW + timedelta(days=9)) == []
