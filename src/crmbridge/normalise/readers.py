"""The table from kind to reader, and bounded memories of texts that were read before."""

from __future__ import annotations

from collections.abc import Callable, Iterable, Mapping
from enum import Enum
from operator import itemgetter
from typing import Any, Final

from crmbridge.model import UNSET, Unset
from crmbridge.normalise.people import read_email, read_phone
from crmbridge.normalise.places import read_country, read_region
from crmbridge.normalise.scalars import (
    UNKNOWN,
    Reading,
    read_boolean,
    read_date,
    read_datetime,
    read_integer,
    read_long_text,
    read_money,
    read_multi,
    read_number,
    read_text,
    read_url,
)


class Kind(Enum):
    """What a field holds, whatever the CRM calls its type."""

    TEXT = "text"
    LONG_TEXT = "long_text"
    EMAIL = "email"
    PHONE = "phone"
    COUNTRY = "country"
    REGION = "region"
    NUMBER = "number"
    INTEGER = "integer"
    BOOLEAN = "boolean"
    DATETIME = "datetime"
    DATE = "date"
    MONEY = "money"
    URL = "url"
    STAGE = "stage"
    STATUS = "status"
    REASON = "reason"
    OWNER = "owner"
    MULTI = "multi"


#: Kinds that are read from the raw value alone. Stages, statuses and reasons are first translated by
#: the mapping; an owner is the CRM's own id.
PLAIN_READERS: Final[Mapping[Kind, Callable[[Any], Reading]]] = {
    Kind.TEXT: read_text,
    Kind.LONG_TEXT: read_long_text,
    Kind.EMAIL: read_email,
    Kind.COUNTRY: read_country,
    Kind.NUMBER: read_number,
    Kind.INTEGER: read_integer,
    Kind.BOOLEAN: read_boolean,
    Kind.DATETIME: read_datetime,
    Kind.DATE: read_date,
    Kind.URL: read_url,
    Kind.STAGE: read_text,
    Kind.STATUS: read_text,
    Kind.REASON: read_text,
    Kind.OWNER: read_text,
    Kind.MULTI: read_multi,
}

#: Kinds whose meaning depends on the record's country, or (money) on its currency field.
PAIR_READERS: Final[Mapping[Kind, Callable[[Any, Any], Reading]]] = {
    Kind.PHONE: read_phone,
    Kind.REGION: read_region,
    Kind.MONEY: read_money,
}

#: Kinds whose texts are nearly all somebody's own, or that are read as fast as they are remembered.
NOT_REMEMBERED: Final = frozenset(
    {Kind.LONG_TEXT, Kind.EMAIL, Kind.PHONE, Kind.INTEGER, Kind.BOOLEAN, Kind.DATETIME}
)
#: Texts remembered per kind: enough for a page of either CRM, a few megabytes at most.
MEMORY_SIZE: Final = 4096
#: Longer texts are not worth remembering: they do not repeat.
_LONGEST_REMEMBERED: Final = 256


class TextMemory(dict[Any, Reading | Unset]):
    """Remembers what values were read as: ``memory[value]`` reads one that it has not seen.

    Full, it starts afresh: what repeats is back at once. ``UNSET`` stays ``UNSET``. Only texts and the two
    kinds of nothing are kept: as keys 1, 1.0 and True would be one. Safe to share among threads.
    """

    __slots__ = ("reader",)

    def __init__(self, reader: Callable[[Any], Reading]) -> None:
        super().__init__()
        self.reader = reader

    def __missing__(self, value: Any) -> Reading | Unset:
        reading = UNSET if value is UNSET else self.reader(value)
        if (type(value) is str and len(value) <= _LONGEST_REMEMBERED) or value is None or value is UNSET:
            if len(self) >= MEMORY_SIZE:
                self.clear()
            self[value] = reading
        return reading


class PairMemory(dict[tuple[Any, Any], Reading]):
    """As ``TextMemory``, for ``memory[value, country or currency]``; UNSET has no place here."""

    __slots__ = ("reader",)

    def __init__(self, reader: Callable[[Any, Any], Reading]) -> None:
        super().__init__()
        self.reader = reader

    def __missing__(self, pair: tuple[Any, Any]) -> Reading:
        reading = self.reader(*pair)
        value, other = pair
        if type(value) is str and len(value) <= _LONGEST_REMEMBERED and (other is None or type(other) is str):
            if len(self) >= MEMORY_SIZE:
                self.clear()
            self[pair] = reading
        return reading


class Readers:
    """One memory per kind that repeats. Each company has its own: texts do not outlive its mapping."""

    def __init__(self) -> None:
        self.plain: Mapping[Kind, TextMemory] = {
            kind: TextMemory(read) for kind, read in PLAIN_READERS.items() if kind not in NOT_REMEMBERED
        }
        self.pairs: Mapping[Kind, PairMemory] = {
            kind: PairMemory(read) for kind, read in PAIR_READERS.items() if kind not in NOT_REMEMBERED
        }

    def of(self, kind: Kind) -> Callable[[Any], Reading | Unset]:
        """Give the reader of a plain kind, with its memory if it has one.

        With a memory it raises TypeError for a value without a hash: ``PLAIN_READERS`` takes those.
        """
        memory = self.plain.get(kind)
        return PLAIN_READERS[kind] if memory is None else memory.__getitem__


def as_it_is(raw: Any) -> Any:
    """Read nothing: somebody else will."""
    return raw


def picker(names: Iterable[str]) -> Callable[[Mapping[str, Any]], tuple[Any, ...]]:
    """Make what takes the values of several keys out of a row at once; KeyError when one is missing."""
    chosen = tuple(names)
    if len(chosen) > 1:
        return itemgetter(*chosen)
    return lambda row: tuple(row[name] for name in chosen)  # of one name, itemgetter gives no tuple


def written(value: Any) -> str:
    """Write a value as tables of enumerations have it."""
    return ("true" if value else "false") if isinstance(value, bool) else str(value)


def translator(kind: Kind, exact: Mapping[str, str]) -> Callable[[Any], Reading]:
    """Make the reader of an enumeration: the table first as it is written, then whatever the case."""
    folded: dict[str, str] = {}
    for raw, canonical in exact.items():
        folded.setdefault(raw.casefold(), canonical)
    read_plain = PLAIN_READERS[kind]

    def read(raw: Any) -> Reading:
        if raw is None:
            return None
        text = written(raw).strip() if isinstance(raw, (str, bool, int, float)) else ""
        if not text:
            return None if isinstance(raw, str) else UNKNOWN
        meaning = exact.get(text) or folded.get(text.casefold())
        return UNKNOWN if meaning is None else read_plain(meaning)

    return read
