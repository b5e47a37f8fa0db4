"""The closed table of operators: what each works on, what it compares with, and how it is compiled.

Text is compared without regard to case. A field without a value matches ``absent``, ``ne``, ``not_in``
and the other ``not_…`` operators, and nothing else; a value of another type than the operator expects
counts as no match and never raises.
"""

from __future__ import annotations

import operator
import re
from collections.abc import Callable, Sequence
from datetime import UTC, date, datetime, time, timedelta
from enum import Enum
from typing import Any, Final, NamedTuple, TypeAlias

#: Tell whether a lead (or an activity) meets a condition at a moment.
Test: TypeAlias = Callable[[Any, datetime], bool]
#: Read a field; None when it has no value.
Get: TypeAlias = Callable[[Any], Any]
#: Compile an operator: how to read the field, and the value to compare with.
Build: TypeAlias = Callable[[Get, Any], Test]
#: A tuple, because a union type makes the check of a hot path three times as slow.
_NUMBERS = (int, float)
#: A hundred years: beyond it a number of days is a slip, and would overflow arithmetic.
MOST_DAYS: Final = 36_500


class FieldKind(Enum):
    """What a field holds, as far as operators care."""

    TEXT = "text"
    NUMBER = "number"
    BOOLEAN = "boolean"
    TIME = "time"
    #: A company's own field: its kind is known to the mapping, not to the process.
    ANY = "any"


class ConditionError(ValueError):
    """A condition cannot be compiled; the message says why, ``suggestion`` what to write."""

    def __init__(self, message: str, suggestion: str = "") -> None:
        super().__init__(message)
        self.suggestion = suggestion


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


def check_operator(op: str, value: Any, kind: FieldKind) -> None:
    """Refuse an operator that does not fit the field, or a value that does not fit the operator.

    Raises:
        ConditionError: with what to write instead.
    """
    row = OPERATORS[op]
    if kind is not FieldKind.ANY and kind not in row.fields:
        usable = ", ".join(name for name, other in OPERATORS.items() if kind in other.fields)
        raise ConditionError(f"{op} does not work on a {kind.value} field", f"use one of {usable}")
    if not _VALUE_CHECKS[row.value](value):
        raise ConditionError(f"the value of {op} must be {row.value.value}")
