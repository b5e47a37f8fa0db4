"""Conditions of the process file: a closed table of operators, compiled once to closures.

A condition is one field of a lead (or of an activity), one operator and, for most operators, a value.
Text is compared without regard to case. A field without a value matches ``absent``, ``ne``, ``not_in``
and the other ``not_…`` operators, and nothing else; a value of another type than the operator expects
counts as no match and never raises.
"""

from __future__ import annotations

import operator
import re
from collections.abc import Callable, Sequence
from dataclasses import dataclass
from datetime import UTC, date, datetime, time, timedelta
from enum import Enum
from operator import attrgetter
from typing import Any, Final, NamedTuple, TypeAlias

from crmbridge.model import Account, Activity, Lead, Money

#: Tell whether a lead (or an activity) meets a condition at a moment.
Test: TypeAlias = Callable[[Any, datetime], bool]
#: Read a field; None when it has no value.
Get: TypeAlias = Callable[[Any], Any]
#: Compile an operator: how to read the field, and the value to compare with.
Build: TypeAlias = Callable[[Get, Any], Test]


class FieldKind(Enum):
    """What a field holds, as far as operators care."""

    TEXT = "text"
    NUMBER = "number"
    BOOLEAN = "boolean"
    TIME = "time"
    #: A company's own field: its kind is known to the mapping, not to the process.
    ANY = "any"


_TEXTS = (
    "email first_name last_name phone mobile_phone job_title company website domain industry country region "
    "city postal_code source campaign persona stage status status_reason owner owner_kind"
)
_LEAD_KINDS: Final = {
    **dict.fromkeys(_TEXTS.split(), FieldKind.TEXT),
    **dict.fromkeys(("employee_count", "annual_revenue"), FieldKind.NUMBER),
    **dict.fromkeys(("opted_out", "do_not_call", "owner_active"), FieldKind.BOOLEAN),
    **dict.fromkeys(("created_at", "status_at"), FieldKind.TIME),
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
    "recycle_until recycle_count recycle_reason why process_version"
)
#: What a lead has and no condition may name: lists and links, and what the process itself decides.
NOT_COMPARABLE: Final = frozenset(_NO_FIELDS.split())
#: A tuple, because a union type makes the check of a hot path three times as slow.
_NUMBERS = (int, float)
#: Fields that hold an enum, whose value a condition compares.
_ENUMS = frozenset(("status", "owner_kind", "direction"))


#: A hundred years: beyond it a number of days is a slip, and would overflow arithmetic.
MOST_DAYS: Final = 36_500


class ConditionError(ValueError):
    """A condition cannot be compiled; the message says why, ``suggestion`` what to write."""

    def __init__(self, message: str, suggestion: str = "") -> None:
        super().__init__(message)
        self.suggestion = suggestion


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


# operators -------------------------------------------------------------------------------------------
# Each builder fuses the access to the field with its check: one call less in the hottest path there is.
def _is_number(value: Any) -> bool:
    return isinstance(value, _NUMBERS) and not isinstance(value, bool)


def _one_of(get: Get, values: Sequence[Any]) -> Test:
    texts = frozenset(value.casefold() for value in values if isinstance(value, str))
    truths = tuple(value for value in values if isinstance(value, bool))
    numbers = frozenset(value for value in values if _is_number(value))

    def test(subject: Any, _now: datetime) -> bool:
        value = get(subject)
        if isinstance(value, str):
            return value.casefold() in texts
        if isinstance(value, bool):
            return value in truths
        return isinstance(value, _NUMBERS) and value in numbers

    return test


def _equals(get: Get, wanted: Any) -> Test:
    return _one_of(get, [wanted])


def _not(build: Build) -> Build:
    """Negate an operator; a missing value, which matches no operator, matches its negation."""

    def negated(get: Get, wanted: Any) -> Test:
        test = build(get, wanted)
        return lambda subject, now: not test(subject, now)

    return negated


def _contains(get: Get, wanted: str) -> Test:
    text = wanted.casefold()

    def test(subject: Any, _now: datetime) -> bool:
        value = get(subject)
        return isinstance(value, str) and text in value.casefold()

    return test


def _contains_any(get: Get, wanted: Sequence[str]) -> Test:
    texts = tuple(text.casefold() for text in wanted)

    def test(subject: Any, _now: datetime) -> bool:
        value = get(subject)
        if not isinstance(value, str):
            return False
        folded = value.casefold()
        for text in texts:  # noqa: SIM110 - a generator costs as much as the whole search
            if text in folded:
                return True
        return False

    return test


def _starts_with(get: Get, wanted: str) -> Test:
    text = wanted.casefold()

    def test(subject: Any, _now: datetime) -> bool:
        value = get(subject)
        return isinstance(value, str) and value.casefold().startswith(text)

    return test


def _ends_with(get: Get, wanted: str) -> Test:
    text = wanted.casefold()

    def test(subject: Any, _now: datetime) -> bool:
        value = get(subject)
        return isinstance(value, str) and value.casefold().endswith(text)

    return test


def _matches(get: Get, pattern: str) -> Test:
    try:
        search = re.compile(pattern, re.IGNORECASE).search
    except (re.error, OverflowError, RecursionError) as error:
        raise ConditionError(f"is no regular expression: {error}") from None

    def test(subject: Any, _now: datetime) -> bool:
        value = get(subject)
        return isinstance(value, str) and search(value) is not None

    return test


def _compared(compare: Callable[[Any, Any], bool]) -> Build:
    def build(get: Get, limit: float) -> Test:
        def test(subject: Any, _now: datetime) -> bool:
            value = get(subject)
            return isinstance(value, _NUMBERS) and compare(value, limit) and not isinstance(value, bool)

        return test

    return build


def _between(get: Get, limits: Sequence[float]) -> Test:
    low, high = limits

    def test(subject: Any, _now: datetime) -> bool:
        value = get(subject)
        return isinstance(value, _NUMBERS) and low <= value <= high and not isinstance(value, bool)

    return test


def _moment(value: Any) -> datetime:
    """Make a moment of a TOML date or time; one without a zone is UTC."""
    if isinstance(value, datetime):
        return value if value.tzinfo is not None else value.replace(tzinfo=UTC)
    return datetime.combine(value, time(), UTC)


def _timed(compare: Callable[[datetime, datetime], bool]) -> Build:
    def build(get: Get, limit: Any) -> Test:
        moment = _moment(limit)

        def test(subject: Any, _now: datetime) -> bool:
            value = get(subject)
            return isinstance(value, datetime) and compare(value, moment)

        return test

    return build


def _aged(compare: Callable[[timedelta, timedelta], bool]) -> Build:
    def build(get: Get, days: float) -> Test:
        span = timedelta(days=days)

        def test(subject: Any, now: datetime) -> bool:
            value = get(subject)
            return isinstance(value, datetime) and compare(now - value, span)

        return test

    return build


def _is(check: Callable[[Any], bool]) -> Build:
    return lambda get, _nothing: lambda subject, _now: check(get(subject))


class ValueKind(Enum):
    """What an operator's ``value`` must be; the text completes "must be …"."""

    NONE = "left out"
    SCALAR = "a text, a number or true/false"
    SCALARS = "a list of texts and numbers"
    TEXT = "a text that is not empty"
    TEXTS = "a list of texts that are not empty"
    NUMBER = "a number"
    RANGE = "two numbers, the smaller one first"
    MOMENT = "a date or a date and time"
    DAYS = "a number of days, from 0 to 36500"


class Operator(NamedTuple):
    """One row of the operator table."""

    #: Field kinds it can be used on; a company's own field takes every operator.
    fields: frozenset[FieldKind]
    value: ValueKind
    build: Build


_TEXT = frozenset({FieldKind.TEXT})
_NUMBER = frozenset({FieldKind.NUMBER})
_BOOLEAN = frozenset({FieldKind.BOOLEAN})
_TIME = frozenset({FieldKind.TIME})
_SCALAR = _TEXT | _NUMBER | _BOOLEAN
_ALL = _SCALAR | _TIME

OPERATORS: Final = {
    "eq": Operator(_SCALAR, ValueKind.SCALAR, _equals),
    "ne": Operator(_SCALAR, ValueKind.SCALAR, _not(_equals)),
    "in": Operator(_TEXT | _NUMBER, ValueKind.SCALARS, _one_of),
    "not_in": Operator(_TEXT | _NUMBER, ValueKind.SCALARS, _not(_one_of)),
    "lt": Operator(_NUMBER, ValueKind.NUMBER, _compared(operator.lt)),
    "le": Operator(_NUMBER, ValueKind.NUMBER, _compared(operator.le)),
    "gt": Operator(_NUMBER, ValueKind.NUMBER, _compared(operator.gt)),
    "ge": Operator(_NUMBER, ValueKind.NUMBER, _compared(operator.ge)),
    "between": Operator(_NUMBER, ValueKind.RANGE, _between),
    "contains": Operator(_TEXT, ValueKind.TEXT, _contains),
    "not_contains": Operator(_TEXT, ValueKind.TEXT, _not(_contains)),
    "contains_any": Operator(_TEXT, ValueKind.TEXTS, _contains_any),
    "starts_with": Operator(_TEXT, ValueKind.TEXT, _starts_with),
    "not_starts_with": Operator(_TEXT, ValueKind.TEXT, _not(_starts_with)),
    "ends_with": Operator(_TEXT, ValueKind.TEXT, _ends_with),
    "not_ends_with": Operator(_TEXT, ValueKind.TEXT, _not(_ends_with)),
    "matches": Operator(_TEXT, ValueKind.TEXT, _matches),
    "present": Operator(_ALL, ValueKind.NONE, _is(lambda value: value is not None)),
    "absent": Operator(_ALL, ValueKind.NONE, _is(lambda value: value is None)),
    "is_true": Operator(_BOOLEAN, ValueKind.NONE, _is(lambda value: value is True)),
    "is_false": Operator(_BOOLEAN, ValueKind.NONE, _is(lambda value: value is False)),
    "before": Operator(_TIME, ValueKind.MOMENT, _timed(operator.lt)),
    "after": Operator(_TIME, ValueKind.MOMENT, _timed(operator.gt)),
    "within_days": Operator(_TIME, ValueKind.DAYS, _aged(lambda age, span: timedelta(0) <= age <= span)),
    "older_than_days": Operator(_TIME, ValueKind.DAYS, _aged(operator.gt)),
}


def _is_scalar(value: Any) -> bool:
    return isinstance(value, str | bool) or _is_number(value)


def _is_text(value: Any) -> bool:
    return isinstance(value, str) and value.strip() != ""


def _is_list(value: Any, item: Callable[[Any], bool]) -> bool:
    return isinstance(value, list) and bool(value) and all(map(item, value))


_VALUE_CHECKS: Final[dict[ValueKind, Callable[[Any], bool]]] = {
    ValueKind.NONE: lambda value: value is None,
    ValueKind.SCALAR: _is_scalar,
    ValueKind.SCALARS: lambda value: _is_list(value, _is_scalar),
    ValueKind.TEXT: _is_text,
    ValueKind.TEXTS: lambda value: _is_list(value, _is_text),
    ValueKind.NUMBER: _is_number,
    ValueKind.RANGE: lambda value: _is_list(value, _is_number) and len(value) == 2 and value[0] <= value[1],
    ValueKind.MOMENT: lambda value: isinstance(value, date),  # a datetime is a date
    ValueKind.DAYS: lambda value: _is_number(value) and 0 <= value <= MOST_DAYS,
}


def _check(op: str, value: Any, kind: FieldKind) -> None:
    row = OPERATORS[op]
    if kind is not FieldKind.ANY and kind not in row.fields:
        usable = ", ".join(name for name, other in OPERATORS.items() if kind in other.fields)
        raise ConditionError(f"{op} does not work on a {kind.value} field", f"use one of {usable}")
    if not _VALUE_CHECKS[row.value](value):
        raise ConditionError(f"the value of {op} must be {row.value.value}")


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
    parts: tuple[Condition, ...] = ()


def field_condition(field: str, op: str, value: Any, *, get: Get, kind: FieldKind) -> Condition:
    """Compile one condition.

    Raises:
        ConditionError: the operator does not fit the field, or the value does not fit the operator.
    """
    _check(op, value, kind)
    row = OPERATORS[op]
    days = float(value) if row.value is ValueKind.DAYS else None
    seen = _seen(field, get) if op in {"present", "absent"} else get
    return Condition(field, row.build(seen, value), _text(field, op, value), get, days)


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

    return Condition("", test, "(" + " or ".join(part.text for part in parts) + ")", parts=tuple(parts))


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
