"""What goes through JSON or msgpack comes out equal."""

from __future__ import annotations

from collections.abc import Callable
from datetime import UTC, date, datetime, timedelta, timezone
from decimal import Decimal
from typing import Any

import msgspec
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from crmbridge.codec import decode, encode, pack, unpack
from crmbridge.model import (
    Account,
    Activity,
    ActivityKind,
    Assignment,
    Change,
    Conflict,
    Decision,
    Effect,
    Lead,
    LeadStatus,
    Memory,
    Money,
    Opportunity,
    Outcome,
    OutcomeState,
    Owner,
    OwnerKind,
    Reason,
    Record,
    RecordRef,
    StageRole,
    Value,
    Write,
)
from crmbridge.ports import Binding, Planned, Run, StoredLead, StoredRecord

NOW = datetime(2026, 3, 2, 9, 30, 15, 123456, tzinfo=UTC)
REF = RecordRef("hubspot", "contacts", "1")

moments = st.datetimes(min_value=datetime(1900, 1, 1), max_value=datetime(2200, 1, 1), timezones=st.just(UTC))  # noqa: DTZ001 — the bounds take no zone
money = st.builds(
    Money,
    st.decimals(allow_nan=False, allow_infinity=False, places=2, min_value=-(10**12), max_value=10**12),
    st.sampled_from([None, "EUR", "JPY"]),
)
texts = st.text(alphabet=st.characters(), max_size=20)  # half surrogate pairs and NUL included
values: st.SearchStrategy[Value] = st.one_of(
    st.none(), st.booleans(), st.integers(), st.floats(allow_nan=False), texts, moments, money
)
plain = st.text(alphabet=st.characters(codec="utf-8"), max_size=20)
refs = st.builds(RecordRef, plain, plain, plain)
mappings = st.dictionaries(plain, values, max_size=5)
memories = st.builds(
    Memory, stage=st.none() | plain, qualified_at=st.none() | moments, refused_by=st.tuples(plain)
)
reasons = st.builds(
    Reason,
    plain,
    st.sampled_from(Effect),
    values,
    values | st.lists(values, max_size=3).map(tuple),
    st.none() | st.floats(0, 9),
)
records = st.builds(
    Record,
    ref=refs,
    version=plain,
    modified_at=st.none() | moments,
    fields=mappings,
    unknown=st.dictionaries(plain, plain, max_size=2),
    linked_to=st.none() | refs,
    raw=st.just({}),
)
activities = st.builds(
    Activity, ref=refs, person=refs, kind=st.sampled_from(ActivityKind), at=moments, name=st.none() | plain
)
opportunities = st.builds(
    Opportunity,
    ref=refs,
    people=st.tuples(refs),
    amount=st.none() | money,
    close_on=st.none() | st.dates(),
    created_at=st.none() | moments,
)
leads = st.builds(
    Lead,
    id=plain,
    annual_revenue=st.none() | money,
    status=st.none() | st.sampled_from(LeadStatus),
    custom=mappings,
    activities=st.lists(activities, max_size=2).map(tuple),
    opportunities=st.lists(opportunities, max_size=2).map(tuple),
    created_at=st.none() | moments,
)
decisions = st.builds(
    Decision,
    lead_id=plain,
    process_version=plain,
    decided_at=moments,
    stage=plain,
    role=st.sampled_from(StageRole),
    status=st.none() | st.sampled_from(LeadStatus),
    fit_score=st.floats(0, 100),
    engagement_score=st.floats(0, 100),
    score=st.floats(0, 200),
    assignment=st.none() | st.builds(Assignment, st.none() | plain, st.none() | plain, plain),
    reasons=st.lists(reasons, max_size=3).map(tuple),
    memory=memories,
)
changes = st.builds(
    Change,
    lead_id=plain,
    crm=plain,
    object=plain,
    id=st.none() | plain,
    field=plain,
    old=values,
    new=values,
    reason=plain,
)
conflicts = st.builds(
    Conflict,
    lead_id=plain,
    kind=plain,
    records=st.tuples(refs),
    field=st.none() | plain,
    theirs=values,
    ours=values,
)
writes = st.builds(Write, lead_id=plain, crm=plain, object=plain, id=st.none() | plain, values=mappings)

#: Both formats, as (write, read).
FORMATS: list[tuple[Callable[[object], bytes], Callable[[bytes, Any], Any]]] = [
    (encode, decode),
    (pack, unpack),
]


@pytest.mark.parametrize("types", FORMATS, ids=["json", "msgpack"])
@given(st.one_of(leads, records, decisions, changes, conflicts, writes))
@settings(max_examples=150, deadline=None)
def test_model_objects_come_back_equal(types: tuple[Any, Any], item: object) -> None:
    there, back = types
    assert back(there(item), type(item)) == item


CASES: list[object] = [
    StoredLead(
        id="L1",
        records=(
            StoredRecord(
                record=Record(
                    ref=REF, version="", modified_at=NOW, fields={"at": NOW, "sum": Money(Decimal("1.50"))}
                ),
                base={"at": NOW, "sum": Money(Decimal("1.50"), "EUR")},
                changed_at={"at": NOW},
                lead_id="L1",
            ),
        ),
        accounts=(Account(ref=REF, employee_count=3),),
        opportunities=(Opportunity(ref=REF, close_on=date(2026, 1, 2), amount=Money(Decimal(1))),),
        memory=Memory(qualified_at=NOW),
        conflict=Conflict(lead_id="L1", kind="field", records=(REF,), theirs=NOW),
    ),
    Planned(
        lead_id="L1",
        decision=None,
        changes=(
            Change(lead_id="L1", crm="a", object="b", id=None, field="c", old=NOW, new=None, reason=""),
        ),
        agreed=((REF, "at", NOW), (REF, "huge", 2**70)),
    ),
    Outcome(key="1", state=OutcomeState.WRITTEN),
    Owner(key="a@example.com", kind=OwnerKind.QUEUE, name="A", queue_objects=("Lead",)),
    Binding(lead_id="L1", records=(REF,)),
    Run(id="1", kind="sync", started_at=NOW, fence=1),
]


@pytest.mark.parametrize("types", FORMATS, ids=["json", "msgpack"])
@pytest.mark.parametrize("item", CASES, ids=lambda item: type(item).__name__)
def test_what_ports_carry_comes_back_equal(types: tuple[Any, Any], item: object) -> None:
    there, back = types
    assert back(there(item), type(item)) == item


def test_values_keep_their_types() -> None:
    kept: dict[str, Value] = {
        "whole": 1,
        "float": 1.0,
        "flag": True,
        "text": "2026-03-02T09:30:15Z",
        "at": NOW,
        "inf": float("inf"),
    }
    write = Write(lead_id="L1", crm="a", object="b", id=None, values=kept)
    for there, back in FORMATS:
        found = back(there(write), Write).values
        assert found == kept
        assert {name: type(value) for name, value in found.items()} == {
            name: type(value) for name, value in kept.items()
        }


def test_a_moment_in_another_zone_is_the_same_moment() -> None:
    local = NOW.astimezone(timezone(timedelta(hours=5)))
    write = Write(lead_id="L1", crm="a", object="b", id=None, values={"at": local})
    for there, back in FORMATS:
        assert back(there(write), Write) == write


def test_the_payload_as_sent_is_not_encoded() -> None:
    record = Record(ref=REF, version="", modified_at=None, fields={}, raw={"secret": {"amount": 1}})
    assert b"secret" not in encode(record)
    assert decode(encode(record), Record) == record


def test_json_reads_like_json() -> None:
    conflict = Conflict(
        lead_id="L1", kind="field", records=(REF,), theirs=NOW, ours=Money(Decimal("1.50"), "EUR")
    )
    assert msgspec.json.decode(encode(conflict)) == {
        "lead_id": "L1",
        "kind": "field",
        "records": [{"crm": "hubspot", "object": "contacts", "id": "1"}],
        "field": None,
        "theirs": {"datetime": "2026-03-02T09:30:15.123456Z"},
        "ours": {"amount": "1.50", "currency": "EUR"},
    }


def test_the_same_object_gives_the_same_bytes() -> None:
    one = {"b": 1, "a": 2}
    assert pack(one) == pack(dict(sorted(one.items())))


def test_what_does_not_fit_is_refused() -> None:
    with pytest.raises(msgspec.ValidationError):
        decode(b'{"lead_id": 3}', Conflict)
