"""Salesforce's two forms of a record id: 15 characters as people see it, 18 for tools that ignore case."""

from __future__ import annotations

from typing import Final

_CHECKSUM: Final = "ABCDEFGHIJKLMNOPQRSTUVWXYZ012345"
_SHORT: Final = 15


def long_id(value: str) -> str:
    """Give the 18-character form of a 15-character id; anything else comes back as it is."""
    if len(value) != _SHORT or not (value.isascii() and value.isalnum()):
        return value
    return value + "".join(_checksum(value[start : start + 5]) for start in range(0, _SHORT, 5))


def _checksum(chunk: str) -> str:
    return _CHECKSUM[sum(1 << place for place, char in enumerate(chunk) if "A" <= char <= "Z")]
