"""What a new version of a process changes, in words that sales understands (S12).

The words follow the table of keys: what is added, taken away or changed, by the name that the file gives it.
"""

from __future__ import annotations

from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass, fields, is_dataclass
from datetime import date
from typing import Any, Final

from crmbridge.process.definition import Process
from crmbridge.process.telling import PLURAL, UNTOLD, days_off, record, told_as, words


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
    "rejections": ("reject", "reason to decline"),
    "calendars": ("calendar", "calendar"),
    "alerts": ("alert", "alert"),
    "programmes": ("programme", "programme"),
    "targets": ("sla.target", "promise of sales"),
}
#: Attributes that may name an entry of a list, the first that it has.
_NAMES: Final = ("name", "reason", "rule")
#: Parts that a file may leave out -> what people call each.
_TABLES: Final = {
    "sla": "the SLA",
    "handoff": "the hand-off's note",
    "customers": "interest of existing customers",
    "quota": "the quota",
    "metrics": "the figures",
}
#: (section, attribute) -> how a sentence calls it there.
_WHAT: Final = {
    ("qualification", "threshold"): "the threshold for an MQL",
    ("customers", "threshold"): "the score at which it is told",
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
    if (before is None) != (after is None) and is_dataclass(before or after):
        yield from _come_or_gone(attribute, before, after)
    elif is_dataclass(before) and is_dataclass(after):
        yield from _table(attribute, before, after)
    elif isinstance(before, Mapping):
        yield from _caps(attribute, before, after)
    elif _is_list(before) or _is_list(after):
        section, word = _LISTS.get(attribute, (attribute, attribute.replace("_", " ")))
        yield from _entries(section, word, _named(before), _named(after))
    else:
        yield from _changed("process", "", attribute, (before, after))


def _come_or_gone(section: str, before: Any, after: Any) -> Iterator[Difference]:
    """Name a table that was not there, or is no longer, with what it says; its lists entry by entry."""
    word, there = _TABLES[section], before if after is None else after
    said = record(there, without=_LISTS.keys())
    kind, sentence = (
        ("added", f"new: {word}: {said}") if before is None else ("removed", f"{word} is taken away")
    )
    yield Difference(section=section, name="", kind=kind, sentence=sentence)
    for each in fields(there) if before is None else ():
        if _is_list(value := getattr(there, each.name)):
            yield from _attribute(each.name, (), value)


def _table(section: str, before: Any, after: Any) -> Iterator[Difference]:
    for name, (old, new) in _pairs(before, after):
        if name in _LISTS:
            yield from _attribute(name, old, new)
        else:
            yield from _changed(section, "", name, (old, new))


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
        if each.name not in UNTOLD:
            yield each.name, (getattr(before, each.name), getattr(after, each.name))


def _changed(section: str, name: str, attribute: str, pair: tuple[Any, Any]) -> Iterator[Difference]:
    before, after = (told_as(attribute, value) for value in pair)
    if pair[0] == pair[1] or (before == after and not _are_days(*pair)):
        return
    changes = (
        _days_change(*pair)
        if _are_days(*pair)
        else f"change{'' if attribute in PLURAL else 's'} from {before} to {after}"
    )
    sentence = f"{_whose(section, name)}{_WHAT.get((section, attribute)) or words(attribute)} {changes}"
    yield Difference(section=section, name=name, kind="changed", sentence=sentence)


def _whose(section: str, name: str) -> str:
    if name:
        return f"{section.replace('_', ' ').replace('.', ' ')} {name!r}: "
    return f"{_TABLES[section]}: " if section in _TABLES else ""


def _are_days(*values: Any) -> bool:
    return all(isinstance(value, frozenset) for value in values) and any(
        isinstance(day, date) for value in values for day in value
    )


def _days_change(before: frozenset[date], after: frozenset[date]) -> str:
    """Say which days came and went: a calendar has hundreds of them."""
    came, went = after - before, before - after
    parts = [f"{word} {days_off(days)}" for word, days in (("add", came), ("leave out", went)) if days]
    return ", and ".join(parts)


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
                section=section,
                name=name,
                kind="added",
                sentence=f"new {word} {name!r}: {record(after[name], without={'name', 'reason'})}",
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
