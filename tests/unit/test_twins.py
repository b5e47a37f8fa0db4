"""Frozen objects made by open twins against those that their own constructors make."""

from __future__ import annotations

from dataclasses import FrozenInstanceError, dataclass, field, replace
from typing import Any

import pytest
from hypothesis import given
from hypothesis import strategies as st

from crmbridge.model import NO_MEMORY, Change, Lead, Memory, Record, RecordRef
from crmbridge.ports import Planned, StoredLead, StoredRecord
from crmbridge.twins import changer, maker
from tests.unit.process.strategies import leads, memories

REF = RecordRef("hubspot", "contacts", "1")


@dataclass(frozen=True, slots=True)
class _Mixed:
    first: int
    second: str = "two"
    third: list[int] = field(default_factory=list)
    fourth: str = field(default="four", kw_only=True)


def given_fields(found: Any) -> dict[str, Any]:
    return {name: getattr(found, name) for name in found.__slots__}


@given(leads)
def test_a_made_lead_is_the_constructed_one(lead: Lead) -> None:
    made = maker(Lead)(**given_fields(lead))
    assert made == lead
    assert type(made) is Lead
    with pytest.raises(FrozenInstanceError):
        made.id = "other"  # type: ignore[misc]  # that is what is tested


@given(memories, memories, st.sets(st.sampled_from(Memory.__slots__)))
def test_a_changed_memory_is_the_replaced_one(memory: Memory, other: Memory, names: set[str]) -> None:
    news = {name: getattr(other, name) for name in names}
    before = given_fields(memory)
    assert changer(Memory)(memory, news) == replace(memory, **news)
    assert given_fields(memory) == before


@pytest.mark.parametrize(
    ("kind", "values"),
    [
        (Memory, {}),
        (Record, {"ref": REF, "version": "1", "modified_at": None, "fields": {}}),
        (StoredLead, {"id": "L1", "records": ()}),
        (Planned, {"lead_id": "L1", "decision": None}),
        (Change, {"lead_id": "L1", "crm": "hubspot", "object": "contacts", "id": "1", "field": "score",
                  "old": None, "new": 1.0, "reason": "x"}),
    ],
)  # fmt: skip
def test_what_is_left_out_has_its_default(kind: Any, values: dict[str, Any]) -> None:
    assert maker(kind)(**values) == kind(**values)


def test_a_default_that_is_made_is_made_anew() -> None:
    make = maker(StoredRecord)
    record = Record(ref=REF, version="1", modified_at=None, fields={})
    assert make(record=record).base is not make(record=record).base


def test_arguments_are_given_as_to_the_class() -> None:
    make = maker(_Mixed)
    assert make(1, "x", fourth="y") == _Mixed(1, "x", fourth="y")
    assert make(1) == _Mixed(1)
    with pytest.raises(TypeError):
        make(1, "x", [], "y")  # type: ignore[call-arg]  # that is what is tested
    with pytest.raises(TypeError):
        make()  # type: ignore[call-arg]  # that is what is tested


def test_a_class_that_checks_itself_is_refused() -> None:
    class Checked(_Mixed):
        def __post_init__(self) -> None:
            raise ValueError

    with pytest.raises(TypeError, match="__post_init__"):
        maker(Checked)


def test_nobody_is_remembered_by_one_memory() -> None:
    assert Memory() == NO_MEMORY
