"""HubSpot's answers as far as we read them: decoded by msgspec, unknown keys ignored."""

from __future__ import annotations

from datetime import datetime
from email.utils import parsedate_to_datetime
from typing import Any, Final

import msgspec

from crmbridge.adapters.hubspot.errors import Entry
from crmbridge.normalise import read_email


class Row(msgspec.Struct, rename="camel", gc=False):
    """One CRM object as it comes."""

    id: str
    properties: dict[str, str | None]
    updated_at: str = ""
    archived: bool = False
    object_write_trace_id: str | None = None


class Next(msgspec.Struct):
    after: str


class Paging(msgspec.Struct):
    next: Next | None = None


class Rows(msgspec.Struct, rename="camel"):
    """A page of a list or a search, or the answer to a batch."""

    #: Absent from an answer that is no answer of HubSpot's: refused by the decoder.
    results: list[Row]
    paging: Paging | None = None
    #: Search only: how many rows match.
    total: int = 0
    errors: list[Entry] = []
    #: The server's clock when it answered, epoch ms; None when it did not say. From the header.
    date_ms: int | None = None

    @property
    def after(self) -> str | None:
        """Give where the next page begins; None on the last one."""
        return self.paging.next.after if self.paging and self.paging.next else None


class PastValue(msgspec.Struct, rename="camel", gc=False):
    """One entry of a property's history."""

    value: str | None = None
    timestamp: str = ""
    source_type: str = ""


class PastRow(msgspec.Struct, rename="camel", gc=False):
    """One CRM object with the history of some properties, newest first."""

    id: str
    properties: dict[str, str | None]
    properties_with_history: dict[str, list[PastValue]] = {}
    archived: bool = False


class PastRows(msgspec.Struct):
    """The answer to a batch read with history."""

    results: list[PastRow]


class AssociationType(msgspec.Struct, rename="camel"):
    type_id: int = 0


class Peer(msgspec.Struct, rename="camel"):
    # A JSON number in live answers although the specification says text.
    to_object_id: str | int
    association_types: list[AssociationType] = []


class FromId(msgspec.Struct):
    id: str | int


class Associated(msgspec.Struct, rename={"source": "from"}):
    source: FromId
    to: list[Peer]
    paging: Paging | None = None


class Associations(msgspec.Struct):
    results: list[Associated]


DECODERS: Final[dict[Any, msgspec.json.Decoder[Any]]] = {
    Rows: msgspec.json.Decoder(Rows),
    Associations: msgspec.json.Decoder(Associations),
    PastRows: msgspec.json.Decoder(PastRows),
    dict: msgspec.json.Decoder(dict[str, Any]),
}


def date_ms(text: str | None) -> int | None:
    """Read a Date header as epoch milliseconds; None when it is missing or none."""
    if text is None:
        return None
    try:
        return int(parsedate_to_datetime(text).timestamp() * 1000)
    except ValueError:
        return None


def stamped(text: str) -> datetime | None:
    """Read a stamp of the API's own, which are all alike: the general reader takes five times as long."""
    try:
        return datetime.fromisoformat(text) if text else None
    except ValueError:
        return None


def parts(text: str) -> tuple[str, ...]:
    """Split HubSpot's ";" lists, sorted."""
    return tuple(sorted({part.strip() for part in text.split(";")} - {""}))


def emails(text: str) -> tuple[str, ...]:
    """Read a ";" list of addresses, sorted; what is none is left out."""
    read = (read_email(part) for part in parts(text))
    return tuple(sorted({email for email in read if isinstance(email, str)}))
