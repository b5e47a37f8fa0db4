"""The fit score: who the person is, with one reason per rule that fired.

Where a group gives more than its cap, the excess is taken off its last rules first: the reasons of a
group add up to what the group really gave. The engagement score is in ``compiling``.

What a rule says about an industry, a country or a title is the same for the next lead that has it, so
rules on one such field are answered together and remembered by the field's value: one look-up per field
instead of one test and one reason per rule.
"""

from __future__ import annotations

from collections.abc import Callable, Mapping, Sequence
from datetime import datetime
from operator import itemgetter
from typing import Any, Final, TypeAlias

from crmbridge.model import Effect, Lead, Reason
from crmbridge.process.compiling import cut
from crmbridge.process.conditions import Condition, depends_on_value_alone, lead_getter, leaves
from crmbridge.process.making import reason, rounded
from crmbridge.process.operators import Get
from crmbridge.process.parts import FitRule

#: A score with the reasons that make it up, in the order of the file.
Scored: TypeAlias = tuple[float, list[Reason]]
#: Places in the file with the reasons of rules that fired.
_Fired: TypeAlias = list[tuple[int, Reason]]
#: A rule with its place in the file.
_Placed: TypeAlias = tuple[int, FitRule]

_SCORE: Final = Effect.SCORE
#: Types that never equal each other: 1, 1.0 and True are one key and three values.
_REMEMBERED: Final = frozenset((str, int, type(None)))
#: Most values that are remembered per field; then it starts over.
_VALUES_KEPT: Final = 4096
#: Hardly two leads share a value of these: nothing is gained by remembering them.
_OWN: Final = frozenset(
    (
        "email",
        "first_name",
        "last_name",
        "phone",
        "mobile_phone",
        "company",
        "website",
        "domain",
        "postal_code",
    )
)
_place: Final = itemgetter(0)


class FitScorer:
    """Scores who a person is. The same lead gives the same score; remembered answers only save time."""

    __slots__ = ("_alone", "_caps", "_together")

    def __init__(self, rules: Sequence[FitRule], caps: Mapping[str, float]) -> None:
        placed = tuple(enumerate(rules))
        by_field: dict[str, list[_Placed]] = {}
        for place, rule in placed:
            by_field.setdefault(_shared_field(rule.when), []).append((place, rule))
        self._alone = tuple((place, rule.when.test, rule) for place, rule in by_field.pop("", []))
        self._together = tuple(_answers(name, found) for name, found in by_field.items())
        self._caps = tuple((cap, _members(group, rules)) for group, cap in caps.items())

    def score(self, lead: Lead, now: datetime) -> Scored:
        """Total the rules that the lead meets."""
        fired: _Fired = []
        for get, answers, answer in self._together:
            value = get(lead)
            known = answers.get(value) if value.__class__ in _REMEMBERED else None
            fired += answer(lead, now, value) if known is None else known
        for place, test, rule in self._alone:
            if test(lead, now):
                fired.append((place, _reason(rule, lead)))
        fired.sort(key=_place)
        if self._caps:
            fired = self._capped(fired)
        reasons = [found for _, found in fired]
        return rounded(sum([found.points or 0.0 for found in reasons])), reasons

    def _capped(self, fired: _Fired) -> _Fired:
        """Cut the groups that give too much; the reasons say what was really given."""
        points = {place: found.points or 0.0 for place, found in fired}
        for cap, places in self._caps:
            given = [points.get(place, 0.0) for place in places]
            excess = sum(given) - cap
            if excess > 0.0:
                points.update(zip(places, cut(given, excess), strict=True))
        return [
            (place, found if points[place] == found.points else _cut_to(found, points[place]))
            for place, found in fired
        ]


_Answer: TypeAlias = Callable[[Lead, datetime, Any], _Fired]


def _members(group: str, rules: Sequence[FitRule]) -> tuple[int, ...]:
    return tuple(place for place, rule in enumerate(rules) if rule.group == group)


def _answers(name: str, rules: Sequence[_Placed]) -> tuple[Get, dict[Any, _Fired], _Answer]:
    """Give how to read a field, what its rules said about its values, and how to ask them."""
    remembered: dict[Any, _Fired] = {}

    def answer(lead: Lead, now: datetime, value: Any) -> _Fired:
        fired = [(place, _reason(rule, lead)) for place, rule in rules if rule.when.test(lead, now)]
        if value.__class__ in _REMEMBERED:
            if len(remembered) >= _VALUES_KEPT:
                remembered.clear()
            remembered[value] = fired
        return fired

    return lead_getter(name), remembered, answer


def _shared_field(when: Condition) -> str:
    """Name the one field whose value decides a condition and is shared by many leads; "" when none does."""
    fields = {leaf.field for leaf in leaves(when)}
    if len(fields) != 1 or fields & _OWN or not depends_on_value_alone(when):
        return ""
    return next(iter(fields))


def _reason(rule: FitRule, lead: Lead) -> Reason:
    value = rule.shows(lead) if rule.shows is not None else None
    return reason(rule.rule, _SCORE, value, None, rule.points)


def _cut_to(found: Reason, points: float) -> Reason:
    return reason(found.rule, _SCORE, found.value, None, rounded(points))
