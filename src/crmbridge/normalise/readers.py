"""The table from kind to reader, and bounded memories of texts that were read before."""

from __future__ import annotations

from collections.abc import Callable, Mapping
from enum import Enum
from typing import Any, Final

from crmbridge.model import UNSET, Unset
from crmbridge.normalise.people import read_email, read_phone
from crmbridge.normalise.places import read_country, read_region
from crmbridge.normalise.scalars import (
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
    """One memory per kind that repeats. Each company has its own: what people wrote does not outlive its mapping."""

    def __init__(self) -> None:
        self.plain: Mapping[Kind, TextMemory] = {
            kind: TextMemory(read) for kind, read in PLAIN_READERS.items() if kind not in NOT_REMEMBERED
        }
        self.pairs: Mapping[Kind, PairMemory] = {
            kind: PairMemory(read) for kind, read in PAIR_READERS.items() if kind not in NOT_REMEMBERED
        }

    def of(self, kind: Kind) -> Callable[[Any], Reading | Unset]:
        """Give the reader of a plain kind, with its memory if it has one.

        What has a memory raises TypeError for a value without a hash: the reader in ``PLAIN_READERS`` takes it.
        """
        memory = self.plain.get(kind)
        return PLAIN_READERS[kind] if memory is None else memory.__getitem__
