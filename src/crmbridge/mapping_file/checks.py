"""Checks of configuration tables: each accepts a value or says what is wrong with it, and where."""

from __future__ import annotations

import math
from collections.abc import Callable, Iterable, Mapping
from dataclasses import dataclass, field
from difflib import get_close_matches
from typing import Any, TypeAlias

from crmbridge.errors import Problem


@dataclass(slots=True)
class Place:
    """A key path inside a file, collecting what is wrong there."""

    file: str
    key: str = ""
    #: The company's own file, not one of our defaults.
    own: bool = True
    problems: list[Problem] = field(default_factory=list)

    def at(self, key: str | int) -> Place:
        """Go one step down; an integer is an index."""
        inner = f"{self.key}[{key}]" if isinstance(key, int) else f"{self.key}.{key}" if self.key else key
        return Place(self.file, inner, self.own, self.problems)

    def refuse(self, message: str, suggestion: str = "") -> None:
        """Note a problem here and go on."""
        self.problems.append(Problem(self.file, self.key, message, suggestion))


#: Checks one value of the file and gives it in the form the mapping is built from; None when refused.
Check: TypeAlias = Callable[[Any, Place], Any]


def nearest(word: str, known: Iterable[str], prefix: str = "did you mean ") -> str:
    """Suggest the nearest known word; "" when none is near."""
    by_fold = {name.casefold(): name for name in known}
    found = get_close_matches(word.casefold(), by_fold, n=1, cutoff=0.6)
    return f"{prefix}{by_fold[found[0]]!r}?" if found else ""


def check_text(value: Any, place: Place) -> str | None:
    """Accept a text that is not blank."""
    if isinstance(value, str) and value.strip():
        return value.strip()
    place.refuse("must be a text", "write it in quotes")
    return None


def check_boolean(value: Any, place: Place) -> bool | None:
    """Accept true or false."""
    if isinstance(value, bool):
        return value
    place.refuse("must be true or false")
    return None


def check_step(value: Any, place: Place) -> float | None:
    """Accept a finite number that is not negative."""
    if isinstance(value, (int, float)) and not isinstance(value, bool) and 0 <= value < math.inf:
        return float(value)
    place.refuse("must be a number of points, 0 or more")
    return None


def one_of(*words: str) -> Check:
    """Make a check that accepts one of a few words."""

    def check(value: Any, place: Place) -> str | None:
        if isinstance(value, str) and value in words:
            return value
        near = nearest(value, words) if isinstance(value, str) else ""
        place.refuse(f"must be one of {', '.join(words)}", near)
        return None

    return check


def list_of(check: Check) -> Check:
    """Make a check that accepts a list of what ``check`` accepts."""

    def check_list(value: Any, place: Place) -> tuple[Any, ...] | None:
        if not isinstance(value, list):
            place.refuse("must be a list", "write it in [ ]")
            return None
        return tuple(check(item, place.at(index)) for index, item in enumerate(value))

    return check_list


def table_of(check: Check, check_key: Check | None = None) -> Check:
    """Make a check for a table with free keys."""

    def check_table(value: Any, place: Place) -> dict[str, Any]:
        if not isinstance(value, Mapping):
            place.refuse("must be a table")
            return {}
        rows = {}
        for key, row in value.items():
            if check_key is None or check_key(key, place.at(key)) is not None:
                rows[key] = check(row, place.at(key))
        return rows

    return check_table


def check_shape(shape: Mapping[str, Any], data: Any, place: Place) -> dict[str, Any]:
    """Check a table with fixed keys; unknown ones are refused with the nearest known one."""
    if not isinstance(data, Mapping):
        place.refuse("must be a table")
        return {}
    checked: dict[str, Any] = {}
    for key, value in data.items():
        check = shape.get(key)
        if check is None:
            known = ", ".join(shape)
            place.at(key).refuse("unknown key", nearest(key, shape) or f"known here: {known}")
        elif isinstance(check, Mapping):
            checked[key] = check_shape(check, value, place.at(key))
        else:
            checked[key] = check(value, place.at(key))
    return checked


def merge(base: Mapping[str, Any], over: Mapping[str, Any]) -> dict[str, Any]:
    """Lay one file over another, key by key; lists and rows are replaced whole."""
    merged = dict(base)
    for key, value in over.items():
        below = merged.get(key)
        both = isinstance(below, Mapping) and isinstance(value, Mapping)
        merged[key] = merge(below, value) if both else value  # type: ignore[arg-type]  # both are mappings
    return merged
