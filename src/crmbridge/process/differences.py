"""What a new version of a process changes, in words that sales understands (S12).

The words follow the table of keys: what is added, taken away or changed, by the name that the file gives it.
"""

from __future__ import annotations

from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass, fields, is_dataclass
from datetime import date
from enum import Enum
from typing import Any, Final

from crmbridge.process.conditions import Condition
from crmbridge.process.definition import Process


@dataclass(frozen=True, slots=True, kw_only=True)
class Difference:
    """One thing that is not as it was."""

    #: Section of the file, as the sentence begins with it: "stage", "fit", "qualification" …
    section: str
    #: The name that the file gives it; "" for a section that is one table.
    name: str
    #: "added", "removed" or "changed".
    kind: str
    #: One sentence.
    sentence: str


#: Attribute of ``Parts`` that is a list -> (section, what people call an entry). One that is not named here
#: is called as the attribute is.
_LISTS: Final = {
    "stages": ("stage", "stage"),
    "fit": ("fit", "fit rule"),
    "engagement": ("engagement", "engagement rule"),
    "named_accounts": ("named_account", "named account"),
    "territories": ("territory", "territory"),
    "pools": ("pool", "pool"),
    "recyclings": ("recycle", "recycle reason"),
}
#: Attributes that may name an entry of a list, the first that it has.
_NAMES: Final = ("name", "reason", "rule")
_DAY_SECONDS: Final = 86_400.0
#: Attributes that follow from others, or that only a program reads.
_UNTOLD: Final = frozenset({"rule", "shows", "main", "rank", "forms_folded"})
#: Attribute -> how a sentence calls it.
_WORDS: Final = {
    "applies_to": "whom it concerns",
    "threshold": "the threshold for an MQL",
    "fit_minimum": "the least fit score of an MQL",
    "engagement_minimum": "the least engagement score of an MQL",
    "hysteresis": "the margin before an MQL is dropped",
    "required": "the data that a lead must have",
    "manual": "qualifying a lead by hand",
    "forms": "the forms that qualify at once",
    "forms_within_seconds": "how long a form counts",
    "email_engagement": "qualifying by e-mail engagement",
    "sales_fields": "the fields that sales fills in",
    "points": "points",
    "when": "the condition",
    "where": "the condition",
    "group": "the group",
    "times": "how often it counts",
    "half_life_seconds": "the half-life",
    "within_seconds": "how long it counts",
    "kinds": "the activities that count",
    "owner_team": "the responsible team",
    "exit": "what must have happened to move on",
    "definition": "what it means",
    "next": "the stages that may follow",
    "cool_down_days": "the rest before it may come back (days)",
    "max_cycles": "how often a lead may come back",
    "keeps": "the share of the engagement that is kept",
    "needs_evidence": "coming back only with something new",
    "members": "who takes turns",
    "mode": "who gets an MQL first",
    "triage": "the triage point",
    "tele_qualification": "the tele-qualification team",
    "keep_owner": "keeping the owner a lead has",
    "ladder": "the order of routing",
    "holds": "what is never handed over",
}


def differences(old: Process, new: Process) -> tuple[Difference, ...]:
    """Say what changes from one process to another, in the order of the file; empty when nothing does."""
    return tuple(_differences(old, new))


def _differences(old: Process, new: Process) -> Iterator[Difference]:
    """Compare every attribute of ``Parts``, whatever it is: nothing of the file is left out."""
    for each in fields(old.parts):
        yield from _attribute(each.name, getattr(old.parts, each.name), getattr(new.parts, each.name))
    yield from _orders(old, new)


def _attribute(attribute: str, before: Any, after: Any) -> Iterator[Difference]:
    if is_dataclass(before) and is_dataclass(after):
        for name, pair in _pairs(before, after):
            yield from _changed(attribute, "", name, pair)
    elif isinstance(before, Mapping):
        yield from _caps(attribute, before, after)
    elif _is_list(before) or _is_list(after):
        section, word = _LISTS.get(attribute, (attribute, attribute.replace("_", " ")))
        yield from _entries(section, word, _named(before), _named(after))
    else:
        yield from _changed("process", "", attribute, (before, after))


def _is_list(value: Any) -> bool:
    return isinstance(value, tuple) and bool(value) and is_dataclass(value[0])


def _named(entries: Sequence[Any]) -> dict[str, Any]:
    """Give the entries of a list by what names each; by their place where nothing does."""
    found: dict[str, Any] = {}
    for place, entry in enumerate(entries):
        name = next((getattr(entry, each) for each in _NAMES if hasattr(entry, each)), f"number {place + 1}")
        found[str(name)] = entry
    return found


def _pairs(before: Any, after: Any) -> Iterator[tuple[str, tuple[Any, Any]]]:
    for each in fields(before):
        if each.name not in _UNTOLD:
            yield each.name, (getattr(before, each.name), getattr(after, each.name))


def _changed(section: str, name: str, attribute: str, pair: tuple[Any, Any]) -> Iterator[Difference]:
    days = attribute.endswith("_seconds")
    before, after = (_days(value) if days else told(value) for value in pair)
    if before == after:
        return
    what = _WORDS.get(attribute, attribute.replace("_", " "))
    whose = f"{section.replace('_', ' ')} {name!r}: " if name else ""
    yield Difference(
        section=section, name=name, kind="changed", sentence=f"{whose}{what} changes from {before} to {after}"
    )


def _caps(section: str, before: Mapping[str, float], after: Mapping[str, float]) -> Iterator[Difference]:
    for group in dict.fromkeys([*before, *after]):
        pair = (before.get(group), after.get(group))
        yield from _changed(section, group, "most points", pair)


def _entries(
    section: str, word: str, before: Mapping[str, Any], after: Mapping[str, Any]
) -> Iterator[Difference]:
    for name in dict.fromkeys([*before, *after]):
        if name not in before:
            yield Difference(
                section=section, name=name, kind="added", sentence=f"new {word} {name!r}: {told(after[name])}"
            )
        elif name not in after:
            yield Difference(
                section=section, name=name, kind="removed", sentence=f"{word} {name!r} is taken away"
            )
        else:
            for attribute, pair in _pairs(before[name], after[name]):
                yield from _changed(section, name, attribute, pair)


def _orders(old: Process, new: Process) -> Iterator[Difference]:
    """Name a changed order of stages or of capped rules: there, the order means something."""
    for attribute, word in (("stages", "stage"), ("fit", "fit rule"), ("engagement", "engagement rule")):
        names = [[item.name for item in getattr(each.parts, attribute)] for each in (old, new)]
        shared = [[name for name in listed if name in names[0] and name in names[1]] for listed in names]
        if shared[0] != shared[1]:
            sentence = f"the order of the {word}s changes: {', '.join(shared[1])}"
            yield Difference(section=word.partition(" ")[0], name="", kind="changed", sentence=sentence)


# values ----------------------------------------------------------------------------------------------
def told(value: Any) -> str:
    """Write a value of the process as a person reads it."""
    if value is None or value in ("", ()):
        return "nothing"
    if isinstance(value, bool):
        return "yes" if value else "no"
    if isinstance(value, Condition):
        return value.text or "always"
    if isinstance(value, int | float):
        return f"{value:g}"
    if isinstance(value, Enum | date):
        return str(value.value if isinstance(value, Enum) else value.isoformat())
    if isinstance(value, frozenset):
        return ", ".join(sorted(told(item) for item in value))
    if isinstance(value, Sequence) and not isinstance(value, str):
        return ", ".join(_item(item) for item in value)
    return _record(value) if is_dataclass(value) else str(value)


def _days(seconds: float | None) -> str:
    return "nothing" if seconds is None else f"{seconds / _DAY_SECONDS:g} days"


def _item(item: Any) -> str:
    """Write one of several; a required field comes as (name, how to read it), a leave as two days."""
    if isinstance(item, tuple) and len(item) == 2 and callable(item[1]):
        return str(item[0])
    return " to ".join(told(part) for part in item) if isinstance(item, tuple) else told(item)


def _record(value: Any) -> str:
    parts = [
        f"{_WORDS.get(each.name, each.name.replace('_', ' '))} "
        f"{_days(found) if each.name.endswith('_seconds') else told(found)}"
        for each in fields(value)
        if each.name not in _UNTOLD | {"name", "reason"}
        and (found := getattr(value, each.name)) not in (None, "", ())
    ]
    named = getattr(value, "name", None)
    return f"{named} ({'; '.join(parts)})" if named and parts else "; ".join(parts) or str(named or "")
