"""Reads tables of the process file against the key table and collects every problem with its place."""

from __future__ import annotations

import math
from collections.abc import Callable, Iterable, Mapping
from dataclasses import dataclass, field
from datetime import date, datetime
from difflib import get_close_matches
from typing import Any, Final

from crmbridge.errors import Problem
from crmbridge.process.conditions import (
    ACTIVITY_FIELDS,
    LEAD_FIELDS,
    NOT_COMPARABLE,
    Condition,
    activity_getter,
    all_of,
    any_of,
    field_condition,
    lead_getter,
)
from crmbridge.process.keys import KEYS, Key, KeyKind
from crmbridge.process.operators import MOST_DAYS, OPERATORS, ConditionError, FieldKind, Get

#: TOML integers may be of any size; anything beyond this is a slip and would overflow arithmetic.
_LARGEST = 1e12


def nearest(word: str, known: Iterable[str]) -> str:
    """Suggest the known word that looks most like ``word``; "" when none does."""
    names = list(known)
    folded = {name.casefold(): name for name in reversed(names)}
    found = get_close_matches(word.casefold(), list(folded), n=1, cutoff=0.6)
    return f"did you mean {folded[found[0]]!r}?" if found else ""


def _is_text(value: Any) -> bool:
    return isinstance(value, str) and value.strip() != ""


def _is_number(value: Any) -> bool:
    if isinstance(value, bool) or not isinstance(value, int | float):
        return False
    return math.isfinite(value) and abs(value) <= _LARGEST


def _is_whole(value: Any, least: int) -> bool:
    return _is_number(value) and isinstance(value, int) and value >= least


def _is_list(value: Any, item: Callable[[Any], bool]) -> bool:
    return isinstance(value, list) and all(map(item, value))


def _is_table(value: Any) -> bool:
    return isinstance(value, Mapping)


def _is_day(value: Any) -> bool:
    return isinstance(value, date) and not isinstance(value, datetime)


def _is_numbers(value: Any) -> bool:
    return _is_table(value) and all(map(_is_number, value.values()))


_CHECKS: Final[dict[KeyKind, Callable[[Any], bool]]] = {
    KeyKind.TEXT: _is_text,
    KeyKind.TEXTS: lambda value: _is_list(value, _is_text),
    KeyKind.TEXT_OR_TEXTS: lambda value: _is_text(value) or (bool(value) and _is_list(value, _is_text)),
    KeyKind.NUMBER: _is_number,
    KeyKind.SHARE: lambda value: _is_number(value) and 0 <= value <= 1,
    KeyKind.NOT_NEGATIVE: lambda value: _is_number(value) and value >= 0,
    KeyKind.POSITIVE: lambda value: _is_number(value) and value > 0,
    KeyKind.DAYS: lambda value: _is_number(value) and 0 <= value <= MOST_DAYS,
    KeyKind.POSITIVE_DAYS: lambda value: _is_number(value) and 0 < value <= MOST_DAYS,
    KeyKind.COUNT: lambda value: _is_whole(value, 0),
    KeyKind.POSITIVE_COUNT: lambda value: _is_whole(value, 1),
    KeyKind.BOOLEAN: lambda value: isinstance(value, bool),
    KeyKind.MOMENT: lambda value: isinstance(value, date),  # a datetime is a date
    KeyKind.DAY: _is_day,
    KeyKind.CONDITIONS: lambda value: _is_list(value, _is_table),
    KeyKind.TABLE: _is_table,
    KeyKind.TABLES: lambda value: _is_list(value, _is_table),
    KeyKind.NUMBERS: _is_numbers,
    KeyKind.NAMES: lambda value: _is_table(value) and all(map(_is_text, value.values())),
    KeyKind.DAYS_OFF: lambda value: _is_list(value, lambda item: _is_table(item) or _is_day(item)),
    KeyKind.ANYTHING: lambda value: value is not None,
}


@dataclass(slots=True)
class Reader:
    """Collects the problems of one file while its tables are read. Values that are wrong read as defaults."""

    file: str
    problems: list[Problem] = field(default_factory=list)

    def problem(self, key: str, message: str, suggestion: str = "") -> None:
        """Note something that stops the run."""
        self.problems.append(Problem(self.file, key, message, suggestion))

    def warning(self, key: str, message: str, suggestion: str = "") -> None:
        """Note something that does not stop the run."""
        self.problems.append(Problem(self.file, key, message, suggestion, "warning"))

    @property
    def errors(self) -> tuple[Problem, ...]:
        """Give the problems that stop the run."""
        return tuple(problem for problem in self.problems if problem.severity == "error")

    def table(self, section: str, raw: Mapping[str, Any], path: str) -> dict[str, Any]:
        """Read one table: every key of its section, with defaults for what is absent or wrong."""
        keys = KEYS[section]
        self._refuse_unknown(raw, [key.name for key in keys], path)
        return {key.name: self._value(key, raw, path) for key in keys}

    def _refuse_unknown(self, raw: Mapping[str, Any], known: list[str], path: str) -> None:
        for name in raw:
            if name not in known:
                advice = nearest(name, known) or f"known keys: {', '.join(known)}"
                self.problem(_join(path, name), "unknown key", advice)

    def _value(self, key: Key, raw: Mapping[str, Any], path: str) -> Any:
        place = _join(path, key.name)
        if key.name not in raw:
            if key.required:
                self.problem(place, "is missing", f"must be {key.kind.value}")
            return key.default
        value = raw[key.name]
        if not _CHECKS[key.kind](value):
            self.problem(place, f"must be {key.kind.value}, not {_describe(value)}")
            return key.default
        return value if self._is_choice(key, value, place) else key.default

    def _is_choice(self, key: Key, value: Any, place: str) -> bool:
        values = value if isinstance(value, list) else [value]
        wrong = [item for item in values if key.choices and item not in key.choices]
        for item in wrong:
            advice = nearest(item, key.choices) or f"one of {', '.join(key.choices)}"
            self.problem(place, f"{item!r} is not known here", advice)
        return not wrong

    # conditions ------------------------------------------------------------------------------------
    def lead_conditions(self, raw: list[Any] | None, path: str) -> Condition:
        """Read conditions on a lead, all of which must hold."""
        return all_of(self._conditions(raw or [], path, self._lead_field))

    def activity_conditions(self, raw: list[Any] | None, path: str) -> Condition:
        """Read conditions on an activity, all of which must hold."""
        return all_of(self._conditions(raw or [], path, self._activity_field))

    def _conditions(self, raw: list[Any], path: str, resolve: _Resolve) -> list[Condition]:
        found = (self._condition(item, f"{path}[{index}]", resolve) for index, item in enumerate(raw))
        return [condition for condition in found if condition is not None]

    def _condition(self, raw: Any, path: str, resolve: _Resolve) -> Condition | None:
        if not isinstance(raw, Mapping):
            self.problem(path, f"must be a condition, not {_describe(raw)}")
            return None
        for name, join in (("any", any_of), ("all", all_of)):
            if name in raw:
                return self._nested(raw, name, join, path, resolve)
        before = len(self.problems)
        known = [key.name for key in KEYS["condition"]]
        self._refuse_unknown(raw, known, path)
        values = {key.name: self._value(key, raw, path) for key in KEYS["condition"][:2]}
        op = values["op"]
        if op is not None and op not in OPERATORS:
            self.problem(f"{path}.op", f"{op!r} is no operator", nearest(op, OPERATORS) or _OPERATOR_LIST)
        resolved = resolve(values["field"], path) if values["field"] is not None else None
        if len(self.problems) > before or resolved is None:
            return None
        get, kind = resolved
        try:
            return field_condition(values["field"], op, raw.get("value"), get=get, kind=kind)
        except ConditionError as error:
            self.problem(path, str(error), error.suggestion)
            return None

    def _nested(
        self,
        raw: Mapping[str, Any],
        name: str,
        join: Callable[[list[Condition]], Condition],
        path: str,
        resolve: _Resolve,
    ) -> Condition | None:
        self._refuse_unknown(raw, [name], path)
        inner = raw[name]
        if not isinstance(inner, list) or not inner:
            self.problem(f"{path}.{name}", "must be a list of conditions that is not empty")
            return None
        return join(self._conditions(inner, f"{path}.{name}", resolve))

    def _lead_field(self, name: str, path: str) -> tuple[Get, FieldKind] | None:
        if name.startswith("unknown."):
            return lead_getter(name), FieldKind.BOOLEAN
        if name in NOT_COMPARABLE or (name.startswith("account.") and name not in LEAD_FIELDS):
            advice = nearest(name, LEAD_FIELDS) or "name a field of the lead, or one of your own fields"
            self.problem(f"{path}.field", f"{name!r} is nothing a condition can compare", advice)
            return None
        return lead_getter(name), LEAD_FIELDS.get(name, FieldKind.ANY)

    def _activity_field(self, name: str, path: str) -> tuple[Get, FieldKind] | None:
        if name in ACTIVITY_FIELDS:
            return activity_getter(name), ACTIVITY_FIELDS[name]
        advice = nearest(name, ACTIVITY_FIELDS) or f"one of {', '.join(ACTIVITY_FIELDS)}"
        self.problem(f"{path}.field", f"{name!r} is no field of an activity", advice)
        return None


_Resolve = Callable[[str, str], tuple[Get, FieldKind] | None]
_OPERATOR_LIST = "one of " + ", ".join(OPERATORS)


def _join(path: str, name: str) -> str:
    return f"{path}.{name}" if path else name


def _describe(value: Any) -> str:
    """Name a value's type without repeating the value."""
    if isinstance(value, bool):
        return "true or false"
    for kind, name in _TYPE_NAMES:
        if isinstance(value, kind):
            return name
    return type(value).__name__


_TYPE_NAMES: Final[tuple[tuple[type, str], ...]] = (
    (str, "a text"),
    (int, "this number"),
    (float, "this number"),
    (list, "this list"),
    (Mapping, "a table"),
    (date, "a date"),
)
