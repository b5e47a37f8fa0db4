"""Values of a field that tell conditions apart: if any value meets them all, one of these does.

Conditions compare a value with texts, numbers and moments that stand in the file. Between two neighbouring
numbers every value gets the same answers, and a text made of exactly the wanted pieces, joined by a
character that no unwanted piece has, contains nothing unwanted that the wanted pieces do not force.
So trying a few values decides whether conditions can hold together; regular expressions alone are tried
with a guess, and prove nothing when it fails.
"""

from __future__ import annotations

import math
import re
from collections.abc import Iterable, Iterator, Sequence
from dataclasses import dataclass
from datetime import UTC, date, datetime, time, timedelta
from itertools import islice, pairwise, product
from typing import Any, Final

from crmbridge.model import Direction, LeadStatus, OwnerKind
from crmbridge.process.conditions import ACTIVITY_FIELDS, LEAD_FIELDS, Condition
from crmbridge.process.operators import FieldKind

#: What an invented person has, where nothing else is asked for.
PLEASANT: Final[dict[str, Any]] = {
    "email": "example@customer.example",
    "first_name": "Alex",
    "last_name": "Example",
    "phone": "+4930123456",
    "mobile_phone": "+49170123456",
    "job_title": "Buyer",
    "company": "Customer Ltd",
    "website": "customer.example",
    "domain": "customer.example",
    "city": "Example",
    "postal_code": "99999",
    "employee_count": 100,
    "annual_revenue": 1_000_000,
}
_WHOLE: Final = frozenset({"employee_count", "account.employee_count"})
_CLOSED: Final[dict[str, tuple[str, ...]]] = {
    "status": tuple(status.value for status in LeadStatus),
    "owner_kind": tuple(kind.value for kind in OwnerKind),
}
_DIRECTIONS: Final = tuple(direction.value for direction in Direction)
_JOINTS: Final = " -~_¦§"
_MOST_TEXTS: Final = 200
_ONE_SECOND: Final = timedelta(seconds=1)
_NEGATIVE: Final = {
    "ne": "eq",
    "not_in": "in",
    "not_contains": "contains",
    "not_starts_with": "starts_with",
    "not_ends_with": "ends_with",
}


@dataclass(frozen=True, slots=True)
class Literal:
    """A condition on one field, that is to hold or not to hold."""

    leaf: Condition
    holds: bool

    @property
    def wanted(self) -> tuple[str, bool]:
        """Give the positive operator, and whether it is to hold."""
        positive = _NEGATIVE.get(self.leaf.op)
        return (self.leaf.op, self.holds) if positive is None else (positive, not self.holds)

    @property
    def is_pattern(self) -> bool:
        """Tell whether it is a regular expression, for which a failed guess proves nothing."""
        return self.leaf.op == "matches"


def lead_values(
    field: str, literals: Sequence[Literal], now: datetime, closed: dict[str, tuple[str, ...]]
) -> Iterator[Any]:
    """Give values of a lead's field to try, pleasant ones first."""
    if field.startswith("unknown."):
        yield from (False, True)
        return
    if field in PLEASANT:
        yield PLEASANT[field]
    known = _CLOSED | closed
    if known.get(field):
        yield from _listed_first(literals, known[field])
        yield None
        return
    kind = LEAD_FIELDS.get(field, FieldKind.ANY)
    yield from _of_kind(kind, field, literals, now)


def activity_values(field: str, literals: Sequence[Literal]) -> Iterator[Any]:
    """Give values of an activity's field to try."""
    if field == "direction":
        yield from _DIRECTIONS
    else:
        yield from _of_kind(ACTIVITY_FIELDS[field], field, literals, datetime.now(UTC))


def _of_kind(kind: FieldKind, field: str, literals: Sequence[Literal], now: datetime) -> Iterator[Any]:
    if kind in {FieldKind.TEXT, FieldKind.ANY}:
        yield from _texts(literals)
    if kind in {FieldKind.NUMBER, FieldKind.ANY}:
        yield from _numbers(literals, whole=field in _WHOLE)
    if kind in {FieldKind.BOOLEAN, FieldKind.ANY}:
        yield from (True, False)
    if kind in {FieldKind.TIME, FieldKind.ANY}:
        yield from _moments(literals, now)
    yield None


def _listed_first(literals: Sequence[Literal], values: tuple[str, ...]) -> list[str]:
    named = {text.casefold() for literal in literals for text in _strings(literal.leaf.value)}
    return sorted(values, key=lambda value: value.casefold() not in named)


def _strings(value: Any) -> list[str]:
    values = value if isinstance(value, list) else [value]
    return [item for item in values if isinstance(item, str)]


# texts -----------------------------------------------------------------------------------------------
def _texts(literals: Sequence[Literal]) -> Iterator[str]:
    for literal in literals:
        if literal.wanted in {("eq", True), ("in", True)}:
            yield from _strings(literal.leaf.value)
    joints = _joints(literals)
    starts, ends = _pieces(literals, "starts_with"), _pieces(literals, "ends_with")
    start, end = max(starts, key=len, default=""), max(ends, key=len, default="")
    for middle in islice(product(*_middles(literals)), _MOST_TEXTS):
        for joint in joints:
            yield from _joined(start, middle, end, joint, joints[-1])
    yield "other"


def _joints(literals: Sequence[Literal]) -> list[str]:
    """Give characters to join pieces with: a blank where nobody minds, and one that nobody mentions."""
    said = "".join(text for literal in literals for text in _strings(literal.leaf.value))
    return [joint for joint in _JOINTS if joint not in said][:2] or ["\N{ZERO WIDTH JOINER}"]


def _pieces(literals: Sequence[Literal], op: str) -> list[str]:
    return [text for found in literals if found.wanted == (op, True) for text in _strings(found.leaf.value)]


def _middles(literals: Sequence[Literal]) -> list[list[str]]:
    """Give what the text must contain: for each demand the pieces of which one will do."""
    found = [[text] for text in _pieces(literals, "contains")]
    for literal in literals:
        if literal.wanted == ("contains_any", True):
            found.append(_strings(literal.leaf.value))
        if literal.is_pattern and literal.holds:
            found.append(_guesses(str(literal.leaf.value)))
    return found


def _joined(start: str, middle: Sequence[str], end: str, joint: str, edge: str) -> Iterator[str]:
    plain = joint.join(piece for piece in (start, *middle, end) if piece)
    if plain:
        yield plain
    before, after = ("" if start else edge), ("" if end else edge)
    yield f"{before}{joint if before else ''}{plain}{joint if after else ''}{after}"


def _guesses(pattern: str) -> list[str]:
    """Guess texts that match a pattern of plain words and alternatives."""
    bare = re.sub(r"\\[bBAZ]|\(\?:|[()^$]|(?<!\\)[?*+]", "", pattern).replace("\\s", " ")
    bare = re.sub(r"\\d", "1", re.sub(r"\{\d+,?\d*\}", "", bare))
    return [re.sub(r"\\(.)", r"\1", word) for word in bare.split("|") if word] or [bare]


# numbers and moments ---------------------------------------------------------------------------------
def _numbers(literals: Sequence[Literal], *, whole: bool) -> Iterator[float]:
    said = sorted({number for literal in literals for number in _said_numbers(literal.leaf.value)})
    around = {value + step for value in (*said, 0.0) for step in (-1, 0, 1)}
    if whole:
        rounded = {each for value in around for each in (math.floor(value), math.ceil(value))}
        yield from sorted(value for value in rounded if value >= 0)
        return
    between = {(low + high) / 2 for low, high in pairwise(said)}
    yield from sorted(around | between)


def _said_numbers(value: Any) -> Iterator[float]:
    for item in value if isinstance(value, list) else [value]:
        if isinstance(item, int | float) and not isinstance(item, bool):
            yield item


def _moments(literals: Sequence[Literal], now: datetime) -> Iterator[datetime]:
    said = sorted({moment for literal in literals for moment in _said_moments(literal.leaf, now)})
    between = (low + (high - low) / 2 for low, high in pairwise(said))
    around = (moment + step for moment in said for step in (timedelta(0), -_ONE_SECOND, _ONE_SECOND))
    yield from _possible([now, *around, *between])


def _said_moments(leaf: Condition, now: datetime) -> Iterator[datetime]:
    if leaf.days is not None:
        yield now
        try:
            yield now - timedelta(days=leaf.days)
        except OverflowError:
            yield datetime.min.replace(tzinfo=UTC) + _ONE_SECOND
    elif isinstance(leaf.value, date):
        yield _moment(leaf.value)


def _moment(value: date) -> datetime:
    if not isinstance(value, datetime):
        return datetime.combine(value, time(), UTC)
    return value if value.tzinfo is not None else value.replace(tzinfo=UTC)


def _possible(moments: Iterable[datetime]) -> Iterator[datetime]:
    return iter(dict.fromkeys(moments))
