"""Random leads and memories: whatever the types allow, and much that a CRM would never show."""

from __future__ import annotations

from datetime import UTC, date, datetime
from decimal import Decimal
from typing import Any

from hypothesis import strategies as st

from crmbridge.model import (
    Account,
    Activity,
    ActivityKind,
    Direction,
    Lead,
    LeadStatus,
    Memory,
    Money,
    Opportunity,
    OwnerKind,
    RecordRef,
)
from tests.unit.process.acme import ACME, ANN, BOB, NOW, PERSON, days

_STAGES = [stage.name for stage in ACME.stages]
_OWNERS = st.sampled_from([None, ANN, BOB, "queue@acme.example", "gone@acme.example"])

_near = st.integers(-400 * 24, 30 * 24).map(lambda hours: NOW + days(hours / 24))
_far = st.datetimes(datetime(1, 1, 2), datetime(9999, 12, 30), timezones=st.just(UTC))  # noqa: DTZ001 - bounds are naive by contract
moments = st.one_of(_near, _near, _far)
_maybe_moment = st.one_of(st.none(), moments)
_texts = st.one_of(
    st.none(),
    st.sampled_from(
        ["VP Sales", "chief", "Software", "rival.example", "bigco.example", "DE", "US-CA", "10115"]
    ),
    st.text(max_size=8),
)
_numbers = st.one_of(st.none(), st.integers(), st.sampled_from([10, 200, 5000]))
_money = st.one_of(st.none(), st.decimals(allow_nan=True).map(lambda amount: Money(Decimal(amount))))
_customs: st.SearchStrategy[dict[str, Any]] = st.dictionaries(
    st.sampled_from(["visits", "manual_mql", "other"]),
    st.one_of(st.none(), st.booleans(), st.floats(), st.integers(), st.text(max_size=3), moments, _money),
    max_size=3,
)
_truths = st.sampled_from([None, True, False])
_reasons = st.sampled_from(
    [None, "timing", "unreachable", "odd|one", "", "wrong_territory", "bad_data", "not_a_fit", "junk"]
)

activities = st.lists(
    st.builds(
        Activity,
        ref=st.just(RecordRef("hubspot", "a", "1")),
        person=st.just(PERSON),
        kind=st.sampled_from(ActivityKind),
        at=moments,
        direction=st.sampled_from(Direction),
        name=st.one_of(_texts, st.sampled_from(["/pricing", "Demo request"])),
        outcome=st.sampled_from([None, "NO_SHOW", "COMPLETED"]),
        owner_id=st.sampled_from([None, "1"]),
    ),
    max_size=8,
).map(lambda items: tuple(sorted(items, key=lambda item: item.at)))

_opportunities = st.lists(
    st.builds(
        Opportunity,
        ref=st.just(RecordRef("salesforce", "Opportunity", "1")),
        closed=st.booleans(),
        won=st.booleans(),
        created_at=_maybe_moment,
        close_on=st.one_of(st.none(), st.dates(date(2024, 1, 1), date(2028, 1, 1))),
        deleted=st.booleans(),
    ),
    max_size=2,
).map(tuple)

_accounts = st.one_of(
    st.none(),
    st.builds(
        Account,
        ref=st.just(RecordRef("salesforce", "Account", "1")),
        name=_texts,
        domain=_texts,
        customer=_truths,
        industry=_texts,
        employee_count=_numbers,
    ),
)

leads = st.builds(
    Lead,
    id=st.text(min_size=1, max_size=5),
    records=st.just((PERSON,)),
    email=_texts,
    last_name=_texts,
    phone=_texts,
    job_title=_texts,
    company=_texts,
    domain=_texts,
    industry=_texts,
    employee_count=_numbers,
    annual_revenue=_money,
    country=_texts,
    region=_texts,
    postal_code=_texts,
    created_at=_maybe_moment,
    stage=st.sampled_from([None, "no such stage", *_STAGES]),
    status=st.one_of(st.none(), st.sampled_from(LeadStatus)),
    status_at=_maybe_moment,
    status_reason=_reasons,
    owner=_OWNERS,
    owner_kind=st.one_of(st.none(), st.sampled_from(OwnerKind)),
    owner_active=_truths,
    opted_out=_truths,
    do_not_call=_truths,
    custom=_customs,
    unknown=st.sampled_from([(), ("country",), ("country", "phone"), ("email", "last_name", "phone")]),
    activities=activities,
    account=_accounts,
    opportunities=_opportunities,
    account_owner=_OWNERS,
    opportunity_owner=_OWNERS,
)

_seen = st.one_of(
    st.none(),
    st.text(max_size=12),
    st.tuples(st.sampled_from(LeadStatus), _reasons, _maybe_moment).map(
        lambda said: f"{said[0].value}|{said[1] or ''}|{said[2].isoformat() if said[2] else ''}"
    ),
)

memories = st.builds(
    Memory,
    stage=st.sampled_from([None, "no such stage", *_STAGES]),
    stage_at=_maybe_moment,
    qualified_at=_maybe_moment,
    qualified_score=st.one_of(st.none(), st.floats(-100, 200)),
    assigned_owner=_OWNERS,
    assigned_at=_maybe_moment,
    accepted_at=_maybe_moment,
    recycle_reason=_reasons,
    recycled_at=_maybe_moment,
    recycle_until=_maybe_moment,
    recycle_count=st.integers(0, 5),
    refused_by=st.sampled_from([(), (ANN,), (ANN, BOB)]),
    seen_status=_seen,
    process_version=st.sampled_from([None, ACME.version, "older"]),
    why=st.sampled_from([None, "because"]),
    fired=st.sampled_from([(), ("first_touch.reminder",), ("acceptance.end", "response.escalation")]),
    taken_from=_OWNERS,
    reassign_count=st.integers(0, 4),
    paused_at=_maybe_moment,
    pauses=st.lists(st.tuples(moments, moments), max_size=2).map(tuple),
    data_fix=st.sampled_from([None, None, "phone,country|0123456789abcdef", "", "|"]),
    interest_at=_maybe_moment,
)
