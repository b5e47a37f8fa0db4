"""Finds a lead, or an activity, that meets some conditions and misses others; or proves that there is none.

A condition on a lead is brought into cases, each a list of demands on single fields. Every field is then
free of the others, so that one value per field settles a case.
"""

from __future__ import annotations

from collections.abc import Callable, Collection, Iterator, Sequence
from dataclasses import dataclass, replace
from datetime import datetime
from decimal import Decimal
from functools import partial
from itertools import islice, product
from typing import Any, Final, NamedTuple, TypeAlias

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
#: Cases that are tried; beyond them nothing is proved.
_MOST_STEPS: Final = 1_000


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


class _Make(NamedTuple):
    """How subjects of one kind are made."""

    name: str
    build: Callable[[dict[str, Any]], Any]
    #: Values of a field to try for some demands.
    offer: Callable[[str, Sequence[Literal]], Iterator[Any]]


@dataclass(frozen=True, slots=True, kw_only=True)
class _Settled:
    """What is known about demands on one field."""

    #: A value that meets them all, where one was ``found``.
    value: Any
    found: bool
    #: Whether not found means that there is none.
    certain: bool
    #: Kept alive: they are remembered by their identity.
    literals: _Case


class Maker:
    """Makes leads and activities to order, as of one moment."""

    def __init__(self, now: datetime, *, countries: frozenset[str], stages: tuple[str, ...]) -> None:
        self.now = now
        self._closed = {"country": tuple(sorted(countries)), "stage": stages}
        self._known: dict[Any, _Settled] = {}

    def lead(self, demands: Sequence[Demand], base: Lead | None = None) -> Answer:
        """Find a lead that meets every demand; fields that none is about are ``base``'s."""
        start = base or bare_lead(self.now)
        return self._search(demands, _Make("lead", partial(lead_with, start), self._lead_values))

    def activity(self, kind: ActivityKind, demands: Sequence[Demand]) -> Answer:
        """Find an activity of a kind, happening now, that meets every demand."""
        return self._search(
            demands, _Make(kind.value, partial(activity_with, kind, self.now), activity_values)
        )

    def _lead_values(self, field: str, literals: Sequence[Literal]) -> Iterator[Any]:
        return lead_values(field, literals, self.now, self._closed)

    def _search(self, demands: Sequence[Demand], make: _Make) -> Answer:
        search = _Search(make, demands, self._known, self.now)
        return search.go([_of(condition, holds=holds) for condition, holds in demands], ())


@dataclass(slots=True)
class _Search:
    """Goes through the cases, one demand after the other, and turns back at the first clash."""

    make: _Make
    demands: Sequence[Demand]
    #: What was found for some demands on one field before.
    known: dict[Any, _Settled]
    now: datetime
    steps: int = 0

    def go(self, rest: Sequence[Sequence[_Case]], literals: _Case) -> Answer:
        """Settle the demands that are left, on top of what was chosen for those before."""
        if not rest:
            return self._made(literals)
        proved = True
        for case in rest[0]:
            self.steps += 1
            if self.steps > _MOST_STEPS:
                return Answer(None, proved=False)
            chosen = literals + case
            clash = self._clash(chosen, {literal.leaf.field for literal in case})
            answer = self.go(rest[1:], chosen) if clash is None else Answer(None, clash)
            if answer.subject is not None:
                return answer
            proved = proved and answer.proved
        return Answer(None, proved)

    def _clash(self, literals: _Case, fields: Collection[str]) -> bool | None:
        """Give None when every field has a value, else whether it is certain that one has none."""
        for field in fields:
            settled = self._settled(field, literals)
            if not settled.found:
                return settled.certain
        return None

    def _settled(self, field: str, literals: _Case) -> _Settled:
        mine = tuple(literal for literal in literals if literal.leaf.field == field)
        key = (field, self.make.name, *((id(literal.leaf), literal.holds) for literal in mine))
        if key not in self.known:
            self.known[key] = self._settle(field, mine)
        return self.known[key]

    def _settle(self, field: str, mine: _Case) -> _Settled:
        for value in self.make.offer(field, mine):
            subject = self.make.build({field: value})
            if all(literal.leaf.test(subject, self.now) == literal.holds for literal in mine):
                return _Settled(value=value, found=True, certain=True, literals=mine)
        return _Settled(
            value=None, found=False, certain=not any(each.is_pattern for each in mine), literals=mine
        )

    def _made(self, literals: _Case) -> Answer:
        fields = dict.fromkeys(literal.leaf.field for literal in literals)
        subject = self.make.build({field: self._settled(field, literals).value for field in fields})
        if all(condition.test(subject, self.now) == holds for condition, holds in self.demands):
            return Answer(subject, proved=True)
        return Answer(None, proved=False)


# cases -----------------------------------------------------------------------------------------------
def _of(condition: Condition, *, holds: bool) -> list[_Case]:
    """Bring a condition into cases of which one must come true, each a list of demands on fields."""
    if condition.field:
        return [(Literal(condition, holds),)]
    below = [_of(part, holds=holds) for part in condition.parts]
    if (condition.op == "all") != holds:
        return [case for cases in below for case in cases]
    joined = (tuple(literal for case in chosen for literal in case) for chosen in product(*below))
    return list(islice(joined, _MOST_STEPS))


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
