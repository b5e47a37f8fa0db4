"""Conditions of the process file: a field of a lead or an activity, an operator, a value; compiled once."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from datetime import datetime
from enum import Enum
from operator import attrgetter
from typing import Any, Final

from crmbridge.model import Account, Activity, Lead, Money
from crmbridge.process.operators import OPERATORS, FieldKind, Get, Test, ValueKind, check_operator

_TEXTS = (
    "email first_name last_name phone mobile_phone job_title company website domain industry country region "
    "city postal_code source campaign persona stage status status_reason owner owner_kind"
)
_LEAD_KINDS: Final = {
    **dict.fromkeys(_TEXTS.split(), FieldKind.TEXT),
    **dict.fromkeys(("employee_count", "annual_revenue"), FieldKind.NUMBER),
    **dict.fromkeys(("opted_out", "do_not_call", "owner_active"), FieldKind.BOOLEAN),
    **dict.fromkeys(("created_at", "stage_at", "status_at"), FieldKind.TIME),
}
_ACCOUNT_KINDS: Final = {
    "account.customer": FieldKind.BOOLEAN,
    "account.industry": FieldKind.TEXT,
    "account.employee_count": FieldKind.NUMBER,
    "account.domain": FieldKind.TEXT,
}
#: Every field of a lead that a condition may name, with its kind. ``unknown.<field>`` and a company's
#: own fields come on top.
LEAD_FIELDS: Final = {**_LEAD_KINDS, **_ACCOUNT_KINDS}
#: Every field of an activity that a ``where`` may name.
ACTIVITY_FIELDS: Final = dict.fromkeys(("name", "direction", "outcome", "raw_kind"), FieldKind.TEXT)
_NO_FIELDS = (
    "id records custom unknown activities account opportunities account_owner opportunity_owner other_emails "
    "lead_id account_id fit_score engagement_score score is_mql is_sal qualified_at accepted_at recycled_at "
    "recycle_until recycle_count recycle_reason why process_version "
    "interest_at programme sla_promise sla_due_at work_list"
)
#: What a lead has and no condition may name: lists and links, and what the process itself decides.
NOT_COMPARABLE: Final = frozenset(_NO_FIELDS.split())
#: Fields that hold an enum, whose value a condition compares.
_ENUMS = frozenset(("status", "owner_kind", "direction"))


# reading a field -------------------------------------------------------------------------------------
def lead_getter(name: str) -> Get:
    """Compile the access to a lead's field; names that are no lead field are the company's own."""
    if name.startswith("unknown."):
        wanted = name.removeprefix("unknown.")
        return lambda lead: wanted in lead.unknown
    if name.startswith("account."):
        return _account_getter(name.removeprefix("account."))
    if name in _ENUMS:
        return _enum_getter(name)
    if name == "annual_revenue":
        return lambda lead: _plain(lead.annual_revenue)
    if name in _LEAD_KINDS:
        return attrgetter(name)
    return _custom_getter(name)


def activity_getter(name: str) -> Get:
    """Compile the access to an activity's field."""
    return _enum_getter(name) if name in _ENUMS else attrgetter(name)


def _enum_getter(name: str) -> Get:
    read = attrgetter(name)

    def get(subject: Lead | Activity) -> str | None:
        member: Enum | None = read(subject)
        return member.value if member is not None else None

    return get


def _account_getter(name: str) -> Get:
    read = attrgetter(name)

    def get(lead: Lead) -> Any:
        account: Account | None = lead.account
        return read(account) if account is not None else None

    return get


def _custom_getter(name: str) -> Get:
    def get(lead: Lead) -> Any:
        return _plain(lead.custom.get(name))

    return get


def _plain(value: Any) -> Any:
    """Compare an amount by its number; one that is no number has no value."""
    if not isinstance(value, Money):
        return value
    return float(value.amount) if value.amount.is_finite() else None


# conditions ------------------------------------------------------------------------------------------
@dataclass(frozen=True, slots=True)
class Condition:
    """One compiled condition, or an OR / AND of several."""

    #: Field name; "" for an OR or AND.
    field: str
    test: Test
    #: As a person reads it: "job_title contains_any chief, vp, head".
    text: str
    #: Reads the field; None for an OR or AND.
    get: Get | None = None
    #: Days after which ``within_days`` / ``older_than_days`` on the field change their answer.
    days: float | None = None
    #: "present" and "absent" ask what is unknown, too.
    asks_unknown: bool = False
    parts: tuple[Condition, ...] = ()
    #: Operator and value as the file has them; "any" or "all" where several are joined.
    op: str = "all"
    value: Any = None


def field_condition(field: str, op: str, value: Any, *, get: Get, kind: FieldKind) -> Condition:
    """Compile one condition.

    Raises:
        ConditionError: the operator does not fit the field, or the value does not fit the operator.
    """
    check_operator(op, value, kind)
    row = OPERATORS[op]
    days = float(value) if row.value is ValueKind.DAYS else None
    asks_unknown = op in {"present", "absent"}
    seen = _seen(field, get) if asks_unknown else get
    test = row.build(seen, value)
    return Condition(
        field, test, _text(field, op, value), get, days, asks_unknown=asks_unknown, op=op, value=value
    )


def _seen(field: str, get: Get) -> Get:
    """Read a lead's field so that what could not be normalised is there all the same."""
    if field not in _LEAD_KINDS:
        return get
    return lambda lead: True if field in lead.unknown else get(lead)


def _text(field: str, op: str, value: Any) -> str:
    if value is None:
        return f"{field} {op}"
    shown = ", ".join(map(str, value)) if isinstance(value, list) else str(value)
    return f"{field} {op} {shown}"


def any_of(parts: Sequence[Condition]) -> Condition:
    """Join conditions by OR."""
    tests = tuple(part.test for part in parts)

    def test(subject: Any, now: datetime) -> bool:
        return any(one(subject, now) for one in tests)

    return Condition(
        "", test, "(" + " or ".join(part.text for part in parts) + ")", parts=tuple(parts), op="any"
    )


def all_of(parts: Sequence[Condition]) -> Condition:
    """Join conditions by AND; without any, everything matches."""
    text = " and ".join(part.text for part in parts)
    if len(parts) == 1:
        return parts[0]
    return Condition("", _conjunction(tuple(part.test for part in parts)), text, parts=tuple(parts))


def _conjunction(tests: tuple[Test, ...]) -> Test:
    if len(tests) == 2:
        first, second = tests
        return lambda subject, now: first(subject, now) and second(subject, now)

    def test(subject: Any, now: datetime) -> bool:
        for one in tests:  # noqa: SIM110 - a generator costs as much as the whole test
            if not one(subject, now):
                return False
        return True

    return test


def leaves(condition: Condition) -> tuple[Condition, ...]:
    """Give the conditions on single fields, in order."""
    if not condition.parts:
        return (condition,) if condition.field else ()
    return tuple(leaf for part in condition.parts for leaf in leaves(part))


def depends_on_value_alone(condition: Condition, *, given: bool = False) -> bool:
    """Tell whether equal values of its fields always give the same answer, whatever the lead and the time.

    Args:
        given: Asked of fields that have a value: then it plays no part what could not be normalised.
    """
    return all(
        leaf.days is None and (given or not leaf.asks_unknown) and not leaf.field.startswith("unknown.")
        for leaf in leaves(condition)
    )
