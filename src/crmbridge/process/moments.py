"""Adding days to moments, without ever leaving the calendar."""

from __future__ import annotations

from datetime import UTC, datetime, timedelta
from typing import Final

_LATEST: Final = datetime.max.replace(tzinfo=UTC)
_EARLIEST: Final = datetime.min.replace(tzinfo=UTC)


def later(moment: datetime, days: float) -> datetime:
    """Add days; the end of the calendar is the end."""
    try:
        return moment + timedelta(days=days)
    except OverflowError:
        return _LATEST if days > 0 else _EARLIEST


def just_after(moment: datetime, days: float) -> datetime:
    """Give the first moment that is more than ``days`` after another."""
    end = later(moment, days)
    return end + timedelta(microseconds=1) if end < _LATEST else end
