"""Which records are one person."""

from __future__ import annotations

import random
from collections.abc import Sequence

import pytest

from crmbridge.identity import new_lead_id, resolve
from crmbridge.model import Record, RecordRef
from crmbridge.ports import Binding, StoredRecord

CONTACT = RecordRef("hubspot", "contacts", "1")
LEAD = RecordRef("salesforce", "Lead", "00Q000000000001AAA")
TWIN = RecordRef("salesforce", "Lead", "00Q000000000002AAA")
PERSON = RecordRef("salesforce", "Contact", "003000000000001AAA")


def stored(
    ref: RecordRef, email: str | None = None, *, bound: str | None = None, **more: object
) -> StoredRecord:
    fields = {"email": email, "lead_id": more.pop("lead_id", None)}
    record = Record(ref=ref, version="1", modified_at=None, fields=fields, **more)  # type: ignore[arg-type]
    return StoredRecord(record=record, lead_id=bound)


def parts(bindings: Sequence[Binding]) -> list[tuple[tuple[RecordRef, ...], bool]]:
    return [(binding.records, binding.conflict is not None) for binding in bindings]


def test_one_address_in_both_crms_is_one_person() -> None:
    """S39: records get better, not more numerous."""
    found = resolve([stored(CONTACT, "ann@example.com"), stored(LEAD, "ann@example.com")])
    assert parts(found) == [((CONTACT, LEAD), False)]
    assert found[0].lead_id == new_lead_id(CONTACT)


def test_a_record_without_an_address_is_a_person_of_its_own() -> None:
    assert parts(resolve([stored(CONTACT), stored(LEAD)])) == [((CONTACT,), False), ((LEAD,), False)]


def test_a_second_address_counts_as_well() -> None:
    found = resolve(
        [stored(CONTACT, "ann@example.com", other_emails=("a@example.org",)), stored(LEAD, "a@example.org")]
    )
    assert parts(found) == [((CONTACT, LEAD), False)]


def test_two_leads_with_one_address_are_nobody_s_guess() -> None:
    found = resolve([stored(LEAD, "ann@example.com"), stored(TWIN, "ann@example.com")])
    assert parts(found) == [((LEAD,), True), ((TWIN,), True)]
    assert found[0].conflict is not None
    assert found[0].conflict.records == (LEAD, TWIN)


def test_what_was_bound_stays_bound_when_a_twin_appears() -> None:
    found = resolve(
        [
            stored(CONTACT, "ann@example.com", bound="L1"),
            stored(LEAD, "ann@example.com", bound="L1"),
            stored(TWIN, "ann@example.com"),
        ]
    )
    assert parts(found) == [((CONTACT, LEAD), False), ((TWIN,), True)]


def test_our_external_id_decides_between_twins() -> None:
    ours = new_lead_id(CONTACT)
    found = resolve(
        [
            stored(CONTACT, "ann@example.com", lead_id=ours),
            stored(LEAD, "ann@example.com"),
            stored(TWIN, "other@example.com", lead_id=ours),
        ]
    )
    assert parts(found) == [((CONTACT, TWIN), False), ((LEAD,), True)]
    assert found[0].lead_id == ours


def test_a_text_that_is_no_lead_id_of_ours_binds_nothing() -> None:
    found = resolve([stored(CONTACT, lead_id="same"), stored(LEAD, lead_id="same")])
    assert len(found) == 2


def test_the_connector_s_link_binds_without_an_address() -> None:
    found = resolve([stored(CONTACT, "old@example.com", linked_to=LEAD), stored(LEAD, "new@example.com")])
    assert parts(found) == [((CONTACT, LEAD), False)]


def test_a_converted_lead_stays_with_its_contact() -> None:
    found = resolve([stored(LEAD, "ann@example.com", converted_to=PERSON), stored(PERSON, "a@example.org")])
    assert parts(found) == [((PERSON, LEAD), False)]


def test_a_merged_record_stays_with_its_survivor() -> None:
    found = resolve([stored(LEAD, bound="L1"), stored(TWIN, bound="L2", deleted=True, merged_into=LEAD)])
    assert parts(found) == [((LEAD, TWIN), False)]
    assert (found[0].lead_id, found[0].absorbed) == ("L1", ("L2",))


def test_a_deleted_twin_makes_nobody_ambiguous() -> None:
    found = resolve([stored(LEAD, "ann@example.com"), stored(TWIN, "ann@example.com", deleted=True)])
    assert parts(found) == [((LEAD,), False), ((TWIN,), False)]


@pytest.mark.parametrize("seed", range(20))
def test_order_does_not_matter(seed: int) -> None:
    records = [
        stored(CONTACT, "ann@example.com"),
        stored(LEAD, "ann@example.com", bound="L1"),
        stored(TWIN, "ann@example.com"),
        stored(PERSON, "bob@example.com", linked_to=None),
    ]
    shuffled = random.Random(seed).sample(records, len(records))
    assert resolve(shuffled) == resolve(records)
