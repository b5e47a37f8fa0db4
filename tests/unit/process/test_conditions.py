"""The operator table: every operator with a match, a miss, and a missing value."""

from __future__ import annotations

from dataclasses import replace
from datetime import UTC, date, datetime
from decimal import Decimal
from typing import Any

import pytest

from crmbridge.model import Account, Lead, LeadStatus, Money, RecordRef
from crmbridge.process.conditions import LEAD_FIELDS, Condition, lead_getter
from crmbridge.process.operators import OPERATORS
from crmbridge.process.reading import Reader
from tests.unit.process.acme import NOW, days

MISSING: dict[str, Any] = {}


def condition(*raw: dict[str, Any]) -> Condition:
    reader = Reader("process.toml")
    found = reader.lead_conditions(list(raw), "when")
    assert reader.problems == []
    return found


def complaint(raw: dict[str, Any]) -> str:
    reader = Reader("process.toml")
    reader.lead_conditions([raw], "when")
    return str(reader.problems[0])


def matches(field: str, op: str, value: Any, **lead: Any) -> bool:
    raw = {"field": field, "op": op} | ({} if value is None else {"value": value})
    return condition(raw).test(Lead(id="x", **lead), NOW)


TABLE = [
    ("eq", "source", "WEB", {"source": "web"}, {"source": "webinar"}),
    ("ne", "source", "web", {"source": "fair"}, {"source": "Web"}),
    ("in", "country", ["DE", "NO"], {"country": "NO"}, {"country": "SE"}),
    ("not_in", "country", ["DE"], {"country": "SE"}, {"country": "DE"}),
    ("lt", "employee_count", 10, {"employee_count": 9}, {"employee_count": 10}),
    ("le", "employee_count", 10, {"employee_count": 10}, {"employee_count": 11}),
    ("gt", "employee_count", 10, {"employee_count": 11}, {"employee_count": 10}),
    ("ge", "employee_count", 10, {"employee_count": 10}, {"employee_count": 9}),
    ("between", "employee_count", [1, 5], {"employee_count": 5}, {"employee_count": 6}),
    ("contains", "job_title", "head", {"job_title": "Head of IT"}, {"job_title": "Chief"}),
    ("not_contains", "job_title", "intern", {"job_title": "Chief"}, {"job_title": "Intern"}),
    ("contains_any", "job_title", ["vp", "chief"], {"job_title": "CHIEF"}, {"job_title": "clerk"}),
    ("starts_with", "phone", "+49", {"phone": "+4930"}, {"phone": "+33"}),
    ("not_starts_with", "phone", "+49", {"phone": "+33"}, {"phone": "+49"}),
    ("ends_with", "email", ".EDU", {"email": "a@b.edu"}, {"email": "a@b.com"}),
    ("not_ends_with", "email", "@acme.example", {"email": "a@b.com"}, {"email": "x@acme.example"}),
    ("matches", "job_title", r"\bvp\b", {"job_title": "EVP, VP"}, {"job_title": "SVPs"}),
    ("present", "phone", None, {"phone": "1"}, {}),
    ("absent", "phone", None, {}, {"phone": "1"}),
    ("is_true", "opted_out", None, {"opted_out": True}, {"opted_out": False}),
    ("is_false", "opted_out", None, {"opted_out": False}, {"opted_out": True}),
    (
        "before",
        "created_at",
        date(2026, 1, 1),
        {"created_at": datetime(2025, 12, 31, tzinfo=UTC)},
        {"created_at": NOW},
    ),
    (
        "after",
        "created_at",
        date(2026, 1, 1),
        {"created_at": NOW},
        {"created_at": datetime(2026, 1, 1, tzinfo=UTC)},
    ),
    ("within_days", "created_at", 7, {"created_at": NOW - days(7)}, {"created_at": NOW - days(7.1)}),
    ("older_than_days", "created_at", 7, {"created_at": NOW - days(7.1)}, {"created_at": NOW - days(7)}),
]
NEGATIONS = {"ne", "absent"} | {op for op in OPERATORS if op.startswith("not_")}


@pytest.mark.parametrize(("op", "field", "value", "hit", "miss"), TABLE, ids=[row[0] for row in TABLE])
def test_an_operator_tells_a_match_from_a_miss(
    op: str, field: str, value: Any, hit: dict[str, Any], miss: dict[str, Any]
) -> None:
    assert matches(field, op, value, **hit)
    assert not matches(field, op, value, **miss)
    assert matches(field, op, value) is (op in NEGATIONS), "a missing value matches negations alone"


def test_the_table_above_is_complete() -> None:
    assert {row[0] for row in TABLE} == set(OPERATORS)


def test_a_value_of_another_type_is_no_match() -> None:
    """Custom fields may hold anything; nothing raises and nothing is guessed."""
    odd = {"visits": "twelve"}
    assert not matches("visits", "gt", 10, custom=odd)
    assert not matches("visits", "contains", "t", custom={"visits": 12})
    assert not matches("visits", "gt", 0, custom={"visits": True}), "true is not 1"
    assert not matches("visits", "eq", 1, custom={"visits": True})
    assert not matches("visits", "within_days", 5, custom={"visits": 3})


def test_amounts_compare_by_their_number() -> None:
    rich = Money(Decimal("5000000.00"), "EUR")
    assert matches("annual_revenue", "ge", 1_000_000, annual_revenue=rich)
    assert not matches("annual_revenue", "present", None, annual_revenue=Money(Decimal("NaN")))
    assert matches("deal", "lt", 10, custom={"deal": Money(Decimal("9.99"))})


def test_enums_compare_by_their_value() -> None:
    assert matches("status", "eq", "accepted", status=LeadStatus.ACCEPTED)
    assert matches("status", "absent", None)


def test_what_could_not_be_normalised_is_there_all_the_same() -> None:
    assert matches("country", "present", None, unknown=("country",))
    assert not matches("country", "absent", None, unknown=("country",))
    assert matches("unknown.country", "is_true", None, unknown=("country",))
    assert matches("unknown.country", "is_false", None)


def test_account_fields_are_missing_without_an_account() -> None:
    account = Account(ref=RecordRef("salesforce", "Account", "1"), customer=True, employee_count=50)
    assert matches("account.customer", "is_true", None, account=account)
    assert matches("account.employee_count", "ge", 50, account=account)
    assert matches("account.industry", "absent", None, account=account)
    assert not matches("account.customer", "is_true", None)


def test_any_and_all_nest() -> None:
    nested = condition(
        {"field": "email", "op": "present"},
        {
            "any": [
                {"field": "source", "op": "eq", "value": "web"},
                {
                    "all": [
                        {"field": "country", "op": "eq", "value": "DE"},
                        {"field": "city", "op": "present"},
                    ]
                },
            ]
        },
    )
    lead = Lead(id="x", email="a@b.example", country="DE")
    assert not nested.test(lead, NOW)
    assert nested.test(replace(lead, city="Berlin"), NOW)
    assert nested.test(replace(lead, source="Web"), NOW)
    assert nested.text == "email present and (source eq web or country eq DE and city present)"


def test_a_future_date_is_not_within_the_last_days() -> None:
    assert not matches("created_at", "within_days", 7, created_at=NOW + days(1))


@pytest.mark.parametrize(
    ("raw", "expected"),
    [
        ({"field": "email", "op": "gt", "value": 3}, "does not work on a text field"),
        ({"field": "employee_count", "op": "contains", "value": "1"}, "use one of eq, ne, in"),
        ({"field": "created_at", "op": "before", "value": "2026-01-01"}, "must be a date"),
        ({"field": "created_at", "op": "within_days", "value": -1}, "from 0 to 36500"),
        ({"field": "employee_count", "op": "between", "value": [5, 1]}, "the smaller one first"),
        ({"field": "email", "op": "in", "value": []}, "must be a list"),
        ({"field": "email", "op": "contains_any", "value": [""]}, "not empty"),
        ({"field": "email", "op": "present", "value": True}, "must be left out"),
        ({"field": "email", "op": "contains"}, "must be a text"),
        ({"field": "email", "op": "matches", "value": "("}, "is no regular expression"),
        ({"field": "email", "op": "containz", "value": "x"}, "did you mean 'contains'?"),
        ({"field": "score", "op": "gt", "value": 3}, "nothing a condition can compare"),
        ({"field": "account.name", "op": "present"}, "nothing a condition can compare"),
        ({"field": "email", "op": "present", "note": "x"}, "unknown key"),
        ({"any": []}, "not empty"),
        ({"any": ["email"]}, "must be a condition"),
        ({"op": "present"}, "is missing"),
    ],
)
def test_a_bad_condition_is_refused_with_its_place(raw: dict[str, Any], expected: str) -> None:
    text = complaint(raw)
    assert text.startswith("process.toml: when[0]")
    assert expected in text


def test_every_lead_field_can_be_read() -> None:
    for name in LEAD_FIELDS:
        assert lead_getter(name)(Lead(id="x")) is None
