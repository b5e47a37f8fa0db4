"""Finds a lead, or an activity, that meets some conditions and misses others; or proves that there is none.

A condition on a lead is brought into cases, each a list of demands on single fields. Every field is then
free of the others, so that one value per field settles a case.
"""

from __future__ import annotations

from collections.abc import Callable, Iterator, Sequence
from dataclasses import dataclass, replace
from datetime import datetime
from decimal import Decimal
from itertools import islice, product
from typing import Any, Final, TypeAlias

from crmbridge.model import (
    Account,
    Activity,
    ActivityKind,
    Direction,
    Lead,
    LeadStatus,
    Money,
    OwnerKind,
    RecordRef,
)
from crmbridge.process.conditions import LEAD_FIELDS, Condition
from crmbridge.process.lint.values import Literal, activity_values, lead_values

#: A condition, and whether it is to hold.
Demand: TypeAlias = tuple[Condition, bool]
_Case: TypeAlias = tuple[Literal, ...]

_PERSON: Final = RecordRef("hubspot", "contacts", "example")
_ACCOUNT: Final = Account(ref=RecordRef("salesforce", "Account", "example"))
#: Cases of nested conditions that are tried; beyond them nothing is proved.
_MOST_CASES: Final = 2_000


@dataclass(frozen=True, slots=True)
class Answer:
    """Whether some demands can be met at once."""

    #: A lead or an activity that meets them; None: none was found.
    subject: Any
    #: Whether nothing found means that nothing exists.
    proved: bool

    @property
    def is_never(self) -> bool:
        """Tell whether it is certain that nothing meets the demands."""
        return self.subject is None and self.proved


class Maker:
    """Makes leads and activities to order, as of one moment."""

    def __init__(self, now: datetime, *, countries: frozenset[str], stages: tuple[str, ...]) -> None:
        self.now = now
        self._closed = {"country": tuple(sorted(countries)), "stage": stages}

    def lead(self, demands: Sequence[Demand], base: Lead | None = None) -> Answer:
        """Find a lead that meets every demand; fields that none is about are ``base``'s."""
        start = base or bare_lead(self.now)

        def build(values: dict[str, Any]) -> Lead:
            return lead_with(start, values)

        def offer(field: str, literals: Sequence[Literal]) -> Iterator[Any]:
            return lead_values(field, literals, self.now, self._closed)

        return self._search(demands, build, offer)

    def activity(self, kind: ActivityKind, demands: Sequence[Demand]) -> Answer:
        """Find an activity of a kind, happening now, that meets every demand."""

        def build(values: dict[str, Any]) -> Activity:
            return activity_with(kind, self.now, values)

        return self._search(demands, build, activity_values)

    def _search(
        self,
        demands: Sequence[Demand],
        build: Callable[[dict[str, Any]], Any],
        offer: Callable[[str, Sequence[Literal]], Iterator[Any]],
    ) -> Answer:
        proved, tried = True, 0
        for case in islice(_cases(demands), _MOST_CASES):
            tried += 1
            values, certain = _settle(case, build, offer, self.now)
            subject = build(values) if values is not None else None
            if subject is not None and _meets(subject, demands, self.now):
                return Answer(subject, proved=True)
            proved = proved and values is None and certain
        return Answer(None, proved and tried < _MOST_CASES)


def _settle(
    case: _Case,
    build: Callable[[dict[str, Any]], Any],
    offer: Callable[[str, Sequence[Literal]], Iterator[Any]],
    now: datetime,
) -> tuple[dict[str, Any] | None, bool]:
    """Give a value for each field of a case, or None, and whether None is certain."""
    values: dict[str, Any] = {}
    for field in dict.fromkeys(literal.leaf.field for literal in case):
        mine = [literal for literal in case if literal.leaf.field == field]
        for value in offer(field, mine):
            subject = build({field: value})
            if all(literal.leaf.test(subject, now) == literal.holds for literal in mine):
                values[field] = value
                break
        else:
            return None, not any(literal.is_pattern for literal in mine)
    return values, True


def _meets(subject: Any, demands: Sequence[Demand], now: datetime) -> bool:
    return all(condition.test(subject, now) == holds for condition, holds in demands)


# cases -----------------------------------------------------------------------------------------------
def _cases(demands: Sequence[Demand]) -> Iterator[_Case]:
    return _all_of([_of(condition, holds=holds) for condition, holds in demands])


def _of(condition: Condition, *, holds: bool) -> list[_Case]:
    if condition.field:
        return [(Literal(condition, holds),)]
    below = [_of(part, holds=holds) for part in condition.parts]
    if (condition.op == "all") == holds:
        return list(islice(_all_of(below), _MOST_CASES))
    return [case for cases in below for case in cases]


def _all_of(below: Sequence[Sequence[_Case]]) -> Iterator[_Case]:
    for chosen in product(*below):
        yield tuple(literal for case in chosen for literal in case)


# making ----------------------------------------------------------------------------------------------
def bare_lead(now: datetime) -> Lead:
    """Give a lead of which nothing is known but that it exists."""
    return Lead(id="example", records=(_PERSON,), created_at=now)


def lead_with(lead: Lead, values: dict[str, Any]) -> Lead:
    """Set fields by the names that conditions use."""
    plain: dict[str, Any] = {}
    custom, account, unknown = dict(lead.custom), {}, set(lead.unknown)
    for field, value in values.items():
        if field.startswith("unknown."):
            unknown ^= {field.removeprefix("unknown.")} if value else set()
        elif field.startswith("account."):
            account[field.removeprefix("account.")] = value
        elif field in LEAD_FIELDS:
            plain[field] = _typed(field, value)
        else:
            custom[field] = value
    if account:
        plain["account"] = replace(lead.account or _ACCOUNT, **account)
    return replace(lead, custom=custom, unknown=tuple(sorted(unknown)), **plain)


def _typed(field: str, value: Any) -> Any:
    makers: dict[str, Callable[[Any], Any]] = {
        "status": LeadStatus,
        "owner_kind": OwnerKind,
        "annual_revenue": lambda number: Money(Decimal(str(number))),
    }
    return makers[field](value) if value is not None and field in makers else value


def activity_with(kind: ActivityKind, now: datetime, values: dict[str, Any]) -> Activity:
    """Make an activity that happens now."""
    found: dict[str, Any] = {"raw_kind": "", "direction": "inbound", **values}
    return Activity(
        ref=RecordRef("hubspot", kind.value, "example"),
        person=_PERSON,
        kind=kind,
        at=now,
        direction=Direction(found.pop("direction")),
        **(found | {"raw_kind": found["raw_kind"] or ""}),
    )
