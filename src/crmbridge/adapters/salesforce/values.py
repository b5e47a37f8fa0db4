"""Single values as Salesforce writes them -> ours. Mapped fields go through the mapping's readers instead."""

from __future__ import annotations

from collections.abc import Iterator, Mapping, Sequence
from datetime import UTC, datetime
from typing import Any, TypeAlias, TypeVar

from crmbridge.adapters.salesforce.soql import id18
from crmbridge.adapters.salesforce.tables import CRM
from crmbridge.model import RecordRef

#: One row as it was decoded.
Row: TypeAlias = Mapping[str, Any]

T = TypeVar("T")


def as_id(value: Any) -> str | None:
    """Read a reference; None when it is empty."""
    return id18(value) if value else None


def as_ref(object: str, value: Any) -> RecordRef | None:
    """Read a reference to a record of a known object; None when it is empty."""
    return RecordRef(CRM, object, id18(value)) if value else None


def as_text(value: Any) -> str | None:
    """Read a one-line text; None when it is empty."""
    return " ".join(value.split()) or None if isinstance(value, str) else None


def as_moment(value: Any) -> datetime | None:
    """Read ``2026-05-01T07:25:37.000+0000`` as a moment in UTC; None when it is empty."""
    if not value:
        return None
    moment = datetime.fromisoformat(value)
    return moment if moment.tzinfo is UTC else moment.astimezone(UTC)  # nearly all are written in it


def as_day(value: Any) -> datetime | None:
    """Read ``2026-05-01`` as its midnight UTC; None when it is empty."""
    return datetime.fromisoformat(value).replace(tzinfo=UTC) if value else None


def chunks(items: Sequence[T], size: int) -> Iterator[list[T]]:
    """Cut a sequence into lists of at most ``size``."""
    return (list(items[start : start + size]) for start in range(0, len(items), size))
