"""One value per field: evidence first, then authority."""

from __future__ import annotations

from datetime import datetime, timedelta
from typing import Any

import pytest

from crmbridge.model import (
    Account,
    Lead,
    LeadStatus,
    Memory,
    Opportunity,
    OwnerKind,
    RecordRef,
    move_key,
)
from crmbridge.ports import StoredLead
from crmbridge.unify import unify
from tests.unit.people import CONTACT, EARLIER, LEAD, NOW, OWNERS, PERSON, part, person, same

STAGES = ("lead", "mql", "sal", "customer", "recycled")


def lead_of(stored: StoredLead, authority: dict[str, str] | None = None, **more: Any) -> Lead:
    rules = {"owner": "salesforce", "status": "salesforce", **(authority or {})}
    return unify(
        stored,
        owners=OWNERS,
        authority=lambda name: rules.get(name, "newest"),
        same=same,
        stages=STAGES,
        owner_authority=more.get("owner_authority", {}),
    )


def test_a_value_that_is_there_beats_one_that_is_not() -> None:
    lead = lead_of(person(part(CONTACT, {"phone": None}), part(LEAD, {"phone": "+4930123"})))
    assert lead.phone == "+4930123"


def test_without_evidence_the_first_record_speaks() -> None:
    lead = lead_of(person(part(CONTACT, {"city": "Bonn"}), part(LEAD, {"city": "Berlin"})))
    assert lead.city == "Bonn"


@pytest.mark.parametrize(("authority", "city"), [("hubspot", "Bonn"), ("salesforce", "Berlin")])
def test_the_authority_s_crm_speaks(authority: str, city: str) -> None:
    stored = person(part(CONTACT, {"city": "Bonn"}), part(LEAD, {"city": "Berlin"}))
    assert lead_of(stored, {"city": authority}).city == city


def test_of_two_changes_the_later_one_wins() -> None:
    stored = person(
        part(CONTACT, {"city": "Bonn"}, base={"city": "Ulm"}, changed_at={"city": EARLIER}),
        part(LEAD, {"city": "Berlin"}, base={"city": "Ulm"}, changed_at={"city": NOW}),
    )
    assert lead_of(stored).city == "Berlin"


@pytest.mark.parametrize("earlier", [EARLIER, NOW], ids=["earlier", "in the same moment"])
def test_the_change_that_won_goes_on_winning_once_we_have_agreed_with_it(earlier: datetime) -> None:
    """The other one stands there as a conflict: it must not win by outliving the first."""
    lost = part(LEAD, {"city": "Berlin"}, base={"city": "Ulm"}, changed_at={"city": earlier})
    for base in ("Ulm", "Bonn"):
        won = part(CONTACT, {"city": "Bonn"}, base={"city": base}, changed_at={"city": NOW})
        assert lead_of(person(won, lost)).city == "Bonn"


@pytest.mark.parametrize("earlier", [EARLIER, NOW], ids=["earlier", "in the same moment"])
def test_of_two_moves_only_the_later_one_is_one_also_to_where_the_lead_is(earlier: datetime) -> None:
    """Two people move a lead in two CRMs seconds apart: the earlier move is over, in all later runs too."""
    memory = Memory(stage="sal", seen_stage=move_key("sal", EARLIER - timedelta(days=1)))
    lost = part(LEAD, {"stage": "customer"}, base={"stage": "sal"}, changed_at={"stage": earlier})
    for base in ("mql", "sal"):
        won = part(CONTACT, {"stage": "sal"}, base={"stage": base}, changed_at={"stage": NOW})
        assert lead_of(person(won, lost, memory=memory)).stage == "sal"


def test_what_we_wrote_ourselves_is_no_evidence() -> None:
    stored = person(
        part(CONTACT, {"city": "Bonn"}, base={"city": "Ulm"}, changed_at={"city": EARLIER}),
        part(LEAD, {"city": "Ulm"}, base={"city": "Ulm"}),
    )
    assert lead_of(stored).city == "Bonn"


def test_a_person_who_clears_a_field_is_believed() -> None:
    stored = person(
        part(CONTACT, {"phone": "+4930123"}, base={"phone": "+4930123"}),
        part(LEAD, {"phone": None}, base={"phone": "+4930123"}, changed_at={"phone": NOW}),
    )
    assert lead_of(stored).phone is None


def test_the_furthest_stage_counts_for_a_lead_we_never_saw() -> None:
    stored = person(part(CONTACT, {"stage": "lead"}), part(LEAD, {"stage": "sal"}))
    assert lead_of(stored).stage == "sal"


def test_a_crm_that_cannot_show_our_stage_does_not_move_the_lead() -> None:
    shown = part(CONTACT, {"stage": "mql"}, base={"stage": "mql"})
    assert lead_of(person(shown, memory=Memory(stage="recycled"))).stage == "recycled"


def test_a_stage_that_a_person_sets_is_a_move() -> None:
    shown = part(CONTACT, {"stage": "customer"}, base={"stage": "mql"}, changed_at={"stage": NOW})
    assert lead_of(person(shown, memory=Memory(stage="recycled"))).stage == "customer"


def test_the_status_is_sales_own_word_with_its_moment() -> None:
    stored = person(
        part(CONTACT, {"status": "new"}),
        part(LEAD, {"status": "working"}, base={"status": "new"}, changed_at={"status": NOW}),
    )
    lead = lead_of(stored)
    assert (lead.status, lead.status_at) == (LeadStatus.WORKING, NOW)


def test_the_owner_follows_the_authority_of_the_stage() -> None:
    stored = person(
        part(CONTACT, {"owner": "11", "stage": "mql"}), part(LEAD, {"owner": "005B", "stage": "mql"})
    )
    assert lead_of(stored).owner == "bob@example.com"
    assert lead_of(stored, owner_authority={"mql": "hubspot"}).owner == "ann@example.com"


def test_the_owner_we_assigned_counts_until_a_person_chooses_another() -> None:
    memory = Memory(assigned_owner="ann@example.com")
    waiting = person(part(LEAD, {"owner": None}), memory=memory)
    assert lead_of(waiting).owner == "ann@example.com"
    chosen = part(LEAD, {"owner": "005B"}, base={"owner": "005A"}, changed_at={"owner": NOW})
    assert lead_of(person(chosen, memory=memory)).owner == "bob@example.com"


def test_an_owner_whom_no_list_knows_keeps_the_id() -> None:
    lead = lead_of(person(part(LEAD, {"owner": "005X"})))
    assert (lead.owner, lead.owner_kind, lead.owner_active) == ("salesforce:owner:005X", None, None)


def test_queues_and_people_who_left_are_told_apart() -> None:
    assert lead_of(person(part(LEAD, {"owner": "00G1"}))).owner_kind is OwnerKind.QUEUE
    assert lead_of(person(part(LEAD, {"owner": "005G"}))).owner_active is False


def test_a_converted_lead_gives_no_values() -> None:
    stored = person(part(LEAD, {"city": "Old"}, converted_to=PERSON), part(PERSON, {"city": "New"}))
    assert lead_of(stored).city == "New"


@pytest.mark.parametrize(
    ("fields", "domain"),
    [
        ({"website": "https://www.acme.co.uk/jobs", "email": "ann@other.example"}, "acme.co.uk"),
        ({"website": None, "email": "ann@mail.acme.co.uk"}, "acme.co.uk"),
        ({"website": None, "email": "ann@gmail.com"}, None),
        ({"email": None}, None),
    ],
)
def test_the_domain_is_the_company_s(fields: dict[str, str | None], domain: str | None) -> None:
    assert lead_of(person(part(CONTACT, fields))).domain == domain


def test_the_company_s_own_fields_are_custom() -> None:
    assert lead_of(person(part(CONTACT, {"tier": "gold"}))).custom == {"tier": "gold"}


def test_what_could_not_be_read_is_named() -> None:
    assert lead_of(person(part(CONTACT, {"country": None}, unknown={"country": "?"}))).unknown == ("country",)


def test_account_and_opportunity_bring_their_owners() -> None:
    account = Account(ref=RecordRef("salesforce", "Account", "001A"), owner_id="005A")
    open_deal = Opportunity(ref=RecordRef("salesforce", "Opportunity", "006A"), owner_id="005B")
    stored = person(part(PERSON, {"account_id": "001A"}), accounts=(account,), opportunities=(open_deal,))
    lead = lead_of(stored)
    assert (lead.account_owner, lead.opportunity_owner) == ("ann@example.com", "bob@example.com")


def test_an_account_owner_who_left_owns_nothing() -> None:
    account = Account(ref=RecordRef("salesforce", "Account", "001A"), owner_id="005G")
    assert lead_of(person(part(PERSON, {"account_id": "001A"}), accounts=(account,))).account_owner is None


def test_a_move_by_hand_counts_once_and_an_earlier_one_not_at_all() -> None:
    moved = part(CONTACT, {"stage": "lead"}, base={"stage": "mql"}, changed_at={"stage": EARLIER})
    new = lead_of(person(moved, memory=Memory(stage="mql")))
    assert (new.stage, new.stage_at) == ("lead", EARLIER)
    for seen_at in (EARLIER, NOW):
        seen = Memory(stage="mql", seen_stage=move_key("lead", seen_at))
        again = lead_of(person(moved, memory=seen))
        assert (again.stage, again.stage_at) == ("mql", None)
