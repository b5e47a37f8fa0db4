"""What a live run saw of a lead when it decided: a seal over all of it, and what had changed. Pure.

A replay decides again over exactly this, at the moments of those runs. What merely shows our own last
decision (the stage we remember, the owner we gave) is kept as ``OURS``: another process remembers another.
"""

from __future__ import annotations

from collections.abc import Iterable, Mapping
from dataclasses import dataclass, field, fields, replace
from datetime import datetime
from hashlib import blake2b
from operator import attrgetter
from typing import Any, Final

from crmbridge.codec import pack
from crmbridge.model import (
    Account,
    Activity,
    Decision,
    Lead,
    LeadStatus,
    Memory,
    Opportunity,
    Owner,
    OwnerKind,
    RecordRef,
    Value,
    move_key,
)

#: In place of an owner: the one whom the last decision gave it.
OURS: Final = "="
#: Kept apart from the plain values, or not an input of decisions.
_APART: Final = frozenset({"id", "records", "activities", "account", "opportunities", "custom"})
_PLAIN: Final = tuple(item.name for item in fields(Lead) if item.name not in _APART)
_plain: Final = attrgetter(*_PLAIN)
_DEFAULTS: Final = {item.name: item.default for item in fields(Lead) if item.name in _PLAIN}
#: Kinds of enum among the plain values.
_ENUMS: Final[Mapping[str, type[LeadStatus] | type[OwnerKind]]] = {
    "status": LeadStatus,
    "owner_kind": OwnerKind,
}
_CUSTOM: Final = "custom."
#: Bytes of each half of a seal.
HALF: Final = 12


@dataclass(frozen=True, slots=True, kw_only=True)
class Seen:
    """What one decision saw that the one before had not."""

    #: Over everything it saw, then over the memory it left.
    seal: bytes
    #: Field -> value, with the company's own fields as "custom.NAME"; None: emptied.
    values: Mapping[str, Value]
    #: Activities that came or changed, and those that went.
    added: tuple[Activity, ...] = ()
    dropped: tuple[RecordRef, ...] = ()
    #: (what it is now,) where that changed; None: it did not.
    account: tuple[Account | None, ...] | None = None
    opportunities: tuple[Opportunity, ...] | None = None
    #: What the decision started from, where that is not what the one before left; None: it is.
    memory: Memory | None = None
    #: It had been with sales in this round already when it was decided, or was passed by this decision.
    passed: bool = False


@dataclass(slots=True)
class Sight:
    """What is seen of one lead at one moment."""

    values: dict[str, Value] = field(default_factory=dict)
    #: By their own ref and the record of the person.
    activities: dict[tuple[RecordRef, RecordRef], Activity] = field(default_factory=dict)
    account: Account | None = None
    opportunities: tuple[Opportunity, ...] = ()

    def take(self, seen: Seen) -> None:
        """Go on to what the next decision saw."""
        for name, value in seen.values.items():
            if value is None:
                self.values.pop(name, None)
            else:
                self.values[name] = value
        for gone in seen.dropped:
            for key in [key for key in self.activities if key[0] == gone]:
                del self.activities[key]
        for item in seen.added:
            self.activities[item.ref, item.person] = item
        if seen.account is not None:
            self.account = seen.account[0]
        if seen.opportunities is not None:
            self.opportunities = seen.opportunities

    def in_time(self) -> tuple[Activity, ...]:
        """Give the activities in order of (at, ref)."""
        return tuple(sorted(self.activities.values(), key=lambda item: (item.at, item.ref)))


@dataclass(frozen=True, slots=True, kw_only=True)
class Instant:
    """A live run that was carried out: when it decided, by which process, and who could be given leads."""

    run: int
    at: datetime
    #: Fingerprint of the process.
    process: str
    owners: Mapping[str, Owner]


def sighted(lead: Lead, memory: Memory | None) -> Sight:
    """Give what a run sees of a lead, without what only mirrors our memory."""
    found: dict[str, Value] = {}
    for name, value in zip(_PLAIN, _plain(lead), strict=True):
        if value is not None and value != _DEFAULTS[name]:
            found[name] = value.value if name in _ENUMS else value
    if memory is not None:
        if lead.stage == memory.stage and lead.stage_at is None:
            found.pop("stage", None)
        if lead.owner is not None and lead.owner == memory.assigned_owner:
            found["owner"] = OURS
            found.pop("owner_kind", None)
            found.pop("owner_active", None)
    found |= {_CUSTOM + name: value for name, value in lead.custom.items() if value is not None}
    return Sight(
        values=found,
        activities={(item.ref, item.person): item for item in lead.activities},
        account=lead.account,
        opportunities=lead.opportunities,
    )


def value_of(name: str, value: Value) -> Any:
    """Give a kept value as ``Lead`` has it."""
    if value is None:
        return _DEFAULTS.get(name)
    kind = _ENUMS.get(name)
    return kind(value) if kind is not None else value


def custom_name(name: str) -> str | None:
    """Give the name of a company's own field; None: it is a field of ``Lead``."""
    return name.removeprefix(_CUSTOM) if name.startswith(_CUSTOM) else None


def digest_of(obj: object) -> bytes:
    """Give one half of a seal."""
    return blake2b(pack(obj), digest_size=HALF).digest()


def seal_of(sight: Sight) -> bytes:
    """Give the seal over everything that is seen."""
    return digest_of((sight.values, list(sight.activities.values()), sight.account, sight.opportunities))


def changes(before: Sight, now: Sight) -> Seen:
    """Give what changed, not sealed yet."""
    values: dict[str, Value] = {
        name: value
        for name, value in now.values.items()
        if name not in before.values or _differ(value, before.values[name])
    }
    values |= dict.fromkeys(before.values.keys() - now.values.keys())
    old, new = before.activities, now.activities
    return Seen(
        seal=b"",
        values=values,
        added=tuple(item for key, item in new.items() if old.get(key) != item),
        dropped=tuple(dict.fromkeys(key[0] for key in old if key not in new)),
        account=(now.account,) if now.account != before.account else None,
        opportunities=now.opportunities if now.opportunities != before.opportunities else None,
    )


def _differ(left: Value, right: Value) -> bool:
    return left != right or type(left) is not type(right)


@dataclass(frozen=True, slots=True)
class Look:
    """What one decision saw, and what came of it."""

    sight: Sight
    seal: bytes
    #: Half a seal of the memory that it started from.
    begun: bytes
    memory: Memory | None
    passed: bool

    @classmethod
    def at(cls, lead: Lead, memory: Memory | None, decision: Decision) -> Look:
        """Look at what a decision rests on.

        Args:
            memory: What the decision started from.
        """
        sight, begun = sighted(lead, memory), digest_of(memory)
        left = begun if decision.memory is memory else digest_of(decision.memory)
        return cls(sight, seal_of(sight) + left, begun, memory, decision.memory.qualified_at is not None)

    def is_news(self, last: bytes | None) -> bool:
        """Tell whether the decision before saw something else, or something came of this one.

        Args:
            last: The seal of the decision before; None: there was none.
        """
        return last != self.seal or self.begun != self.seal[HALF:]

    def seen(self, last: bytes | None, before: Iterable[Seen]) -> Seen:
        """Give what is to be kept.

        Args:
            before: What the decisions before saw.
        """
        known = Sight()
        for seen in before:
            known.take(seen)
        strange = self.memory is not None and (last is None or last[HALF:] != self.begun)
        found = changes(known, self.sight)
        return replace(found, seal=self.seal, memory=self.memory if strange else None, passed=self.passed)


def folded(items: Iterable[Seen]) -> Seen:
    """Put what several decisions saw into one: what the last of them saw in full."""
    known, rows = Sight(), list(items)
    for row in rows:
        known.take(row)
    last = rows[-1]
    return replace(changes(Sight(), known), seal=last.seal, memory=last.memory, passed=last.passed)


def is_acted_on(stage: str | None, stage_at: datetime | None, memory: Memory) -> bool:
    """Tell whether a stage that was seen says nothing new any more: our memory speaks."""
    return stage_at is None or (stage is not None and memory.seen_stage == move_key(stage, stage_at))
