"""The fit score: who the person is, with one reason per rule that fired.

Where a group gives more than its cap, the excess is taken off its last rules first: the reasons of a
group add up to what the group really gave. The engagement score is in ``compiling``.

What a rule says about an industry, a country or a title is the same for the next lead that has it, so
neighbouring rules on one such field are answered together and remembered by the field's value: one
look-up per field instead of one test and one reason per rule. The look-ups of a file are generated as
one function: names of our own fields are text in it, everything that the file says comes in as objects.
"""

from __future__ import annotations

from collections.abc import Callable, Mapping, Sequence
from datetime import datetime
from operator import attrgetter
from typing import Any, Final, TypeAlias

from crmbridge.model import Effect, Lead, Reason
from crmbridge.process.compiling import cut
from crmbridge.process.conditions import Condition, depends_on_value_alone, lead_getter, leaves
from crmbridge.process.making import ROUNDING, reason, rounded
from crmbridge.process.parts import FitRule

#: A score with the reasons that make it up, in the order of the file.
Scored: TypeAlias = tuple[float, list[Reason]]
#: A rule with its place in the file.
_Placed: TypeAlias = tuple[int, FitRule]

_SCORE: Final = Effect.SCORE
#: Types that never equal each other: 1, 1.0 and True are one key and three values.
_REMEMBERED: Final[frozenset[type]] = frozenset((str, int, type(None)))
_MEMORABLE: Final = "value.__class__ in types"
#: What a missing value means to some conditions depends on what could not be read.
_MEMORABLE_IF_READ: Final = "value.__class__ in types and (value is not None or not lead.unknown)"
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
_START: Final = """
def score(lead, now):
"""
#: Rules of one field: what they gave for this value before, or else their answer now.
_SHARED: Final = """
    value = {value}
    found = known{number}.get(value) if {memorable} else None
    if found is None:
        found = ask{number}(lead, now, value)
    points{number}, reasons{number}, places{number} = found
"""
#: A rule that is asked of every lead.
_ASKED: Final = """
    points{number} = 0.0
    reasons{number} = places{number} = ()
    if test{number}(lead, now):
        points{number}, places{number} = rule{number}.points, ({place},)
        reasons{number} = (reason(rule{number}, lead),)
"""
_END: Final = """
    return (({points}) * 1e6 + {rounding} - {rounding}) / 1e6, [{reasons}]
"""
_CAPPED: Final = """
    return capped([{reasons}], [{places}])
"""


#: What some rules gave together: the sum of their points, their reasons, and their places in the file.
_Fired: TypeAlias = tuple[float, tuple[Reason, ...], tuple[int, ...]]


class FitScorer:
    """Scores who a person is. The same lead gives the same score; remembered answers only save time."""

    __slots__ = ("_caps", "score")

    #: Takes a lead and now; totals the rules that the lead meets.
    score: Callable[[Lead, datetime], Scored]

    def __init__(self, rules: Sequence[FitRule], caps: Mapping[str, float]) -> None:
        self._caps = tuple((cap, _members(group, rules)) for group, cap in caps.items())
        self.score = self._built(rules)

    def _built(self, rules: Sequence[FitRule]) -> Callable[[Lead, datetime], Scored]:
        names: dict[str, Any] = {"reason": _reason, "capped": self._capped}
        source = [_START]
        runs = _runs(rules)
        for number, (field, run) in enumerate(runs):
            if field:
                source.append(_shared(number, field, run, names))
            else:
                ((place, rule),) = run
                names |= {f"test{number}": rule.when.test, f"rule{number}": rule}
                source.append(_ASKED.format(number=number, place=place))
        source.append(_end(len(runs), capped=bool(self._caps)))
        exec("".join(part.lstrip("\n") for part in source), names)  # noqa: S102 - our own text throughout
        score: Callable[[Lead, datetime], Scored] = names["score"]
        return score

    def _capped(self, fired: list[Reason], places: list[int]) -> Scored:
        """Cut the groups that give too much; the reasons say what was really given."""
        points = {place: found.points or 0.0 for place, found in zip(places, fired, strict=True)}
        for cap, members in self._caps:
            given = [points.get(place, 0.0) for place in members]
            excess = sum(given) - cap
            if excess > 0.0:
                points.update(zip(members, cut(given, excess), strict=True))
        reasons = [
            found if points[place] == found.points else _cut_to(found, points[place])
            for place, found in zip(places, fired, strict=True)
        ]
        return rounded(sum([found.points or 0.0 for found in reasons])), reasons


_Answer: TypeAlias = Callable[[Lead, datetime, Any], _Fired]


def _end(runs: int, *, capped: bool) -> str:
    """Put together what so many runs of rules gave."""
    each = {name: [f"{name}{number}" for number in range(runs)] for name in ("points", "reasons", "places")}
    reasons, places = (", ".join(f"*{name}" for name in each[kind]) for kind in ("reasons", "places"))
    if capped:
        return _CAPPED.format(reasons=reasons, places=places)
    return _END.format(points=" + ".join(["0.0", *each["points"]]), reasons=reasons, rounding=ROUNDING)


def _members(group: str, rules: Sequence[FitRule]) -> tuple[int, ...]:
    return tuple(place for place, rule in enumerate(rules) if rule.group == group)


def _runs(rules: Sequence[FitRule]) -> list[tuple[str, tuple[_Placed, ...]]]:
    """Give what is asked together: neighbours on one field with its name, and each other rule with ""."""
    found: list[tuple[str, tuple[_Placed, ...]]] = []
    for placed in enumerate(rules):
        field = _shared_field(placed[1].when)
        if field and found and found[-1][0] == field:
            found[-1] = (field, (*found[-1][1], placed))
        else:
            found.append((field, (placed,)))
    return found


def _shared(number: int, field: str, run: Sequence[_Placed], names: dict[str, Any]) -> str:
    """Write the look-up of what neighbouring rules give for a field's value."""
    get = lead_getter(field)
    known: dict[Any, _Fired] = {}
    alone = all(depends_on_value_alone(rule.when) for _, rule in run)
    names |= {
        "types": _REMEMBERED,
        f"get{number}": get,
        f"known{number}": known,
        f"ask{number}": _asking(run, known, alone=alone),
    }
    value = f"lead.{field}" if isinstance(get, attrgetter) else f"get{number}(lead)"
    return _SHARED.format(number=number, value=value, memorable=_MEMORABLE if alone else _MEMORABLE_IF_READ)


def _asking(run: Sequence[_Placed], known: dict[Any, _Fired], *, alone: bool) -> _Answer:
    """Give how to ask neighbouring rules on one field; what they say is put down in ``known``.

    Args:
        alone: The value alone decides; otherwise a missing one does where nothing was unreadable.
    """

    def ask(lead: Lead, now: datetime, value: Any) -> _Fired:
        met = [(place, rule) for place, rule in run if rule.when.test(lead, now)]
        fired = (
            sum([rule.points for _, rule in met]),
            tuple([_reason(rule, lead) for _, rule in met]),
            tuple([place for place, _ in met]),
        )
        if value.__class__ in _REMEMBERED and (alone or value is not None or not lead.unknown):
            if len(known) >= _VALUES_KEPT:
                known.clear()
            known[value] = fired
        return fired

    return ask


def _shared_field(when: Condition) -> str:
    """Name the one field whose value decides a condition and is shared by many leads; "" when none does."""
    fields = {leaf.field for leaf in leaves(when)}
    if len(fields) != 1 or fields & _OWN or not depends_on_value_alone(when, given=True):
        return ""
    return next(iter(fields))


def _reason(rule: FitRule, lead: Lead) -> Reason:
    value = rule.shows(lead) if rule.shows is not None else None
    return reason(rule.rule, _SCORE, value, None, rule.points)


def _cut_to(found: Reason, points: float) -> Reason:
    return reason(found.rule, _SCORE, found.value, None, rounded(points))
