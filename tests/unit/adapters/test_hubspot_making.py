"""What is made the fast way is what the constructors make, in every respect."""

from __future__ import annotations

import pickle
from dataclasses import FrozenInstanceError, fields
from datetime import UTC, datetime
from typing import Any

import pytest

from crmbridge.adapters.hubspot.making import record, reference, told_activity
from crmbridge.model import Activity, ActivityKind, Direction, Record, RecordRef

AT = datetime(2026, 5, 1, tzinfo=UTC)
REF = RecordRef("hubspot", "contacts", "1")
RECORD: dict[str, Any] = {
    "ref": REF,
    "version": "v1",
    "modified_at": AT,
    "fields": {"email": "a@example.com"},
    "unknown": {"country": "?"},
    "deleted": True,
    "absorbed_ids": ("2",),
    "linked_to": RecordRef("salesforce", "Lead", "3"),
    "other_emails": ("b@example.com",),
    "raw": {"email": "a@example.com"},
}
TOLD: dict[str, Any] = {
    "ref": reference("contacts.page_view", "1:2"),
    "person": REF,
    "kind": ActivityKind.PAGE_VIEW,
    "at": AT,
    "direction": Direction.INBOUND,
    "name": "/pricing",
    "raw_kind": "hs_analytics_last_timestamp",
    "deleted": True,
}
PAIRS = [
    (reference("contacts", "1"), REF),
    (record(**RECORD), Record(**RECORD)),
    (told_activity(**TOLD), Activity(**TOLD)),
]


@pytest.mark.parametrize(("made", "constructed"), PAIRS, ids=lambda each: type(each).__name__)
def test_it_equals_what_the_constructor_makes(made: Any, constructed: Any) -> None:
    assert type(made) is type(constructed)
    assert made == constructed
    assert repr(made) == repr(constructed)
    for each in fields(constructed):
        assert getattr(made, each.name) == getattr(constructed, each.name)
    assert pickle.loads(pickle.dumps(made)) == constructed  # noqa: S301 - our own


@pytest.mark.parametrize(("made", "constructed"), PAIRS, ids=lambda each: type(each).__name__)
def test_it_is_as_frozen(made: Any, constructed: Any) -> None:
    name = fields(constructed)[0].name
    with pytest.raises(FrozenInstanceError):
        setattr(made, name, None)


def test_a_reference_can_be_a_key_and_be_sorted() -> None:
    made, later = reference("contacts", "1"), reference("contacts", "2")
    assert {made: 1}[REF] == 1
    assert sorted([later, made]) == [REF, later]
