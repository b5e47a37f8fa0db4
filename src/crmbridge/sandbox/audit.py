"""The audit log: what was called, as whom, and what it changed."""

from __future__ import annotations

from collections import deque
from collections.abc import Iterator
from dataclasses import dataclass, field
from typing import Any

#: Older entries are forgotten, so that a sandbox that runs for weeks keeps its memory.
KEPT_ENTRIES = 200_000


@dataclass(slots=True, kw_only=True)
class Entry:
    """One request to one of the CRMs."""

    #: Counts requests of both CRMs from 1, without gaps.
    seq: int
    #: Sandbox time, ISO 8601 with Z.
    at: str
    #: "hubspot" or "salesforce".
    crm: str
    method: str
    #: Decoded path without the query.
    path: str
    #: The query as sent, without "?".
    query: str = ""
    #: What was answered; 0 when the connection was reset instead.
    status: int = 0
    #: The app or user whose token was sent; "" when nobody was recognised.
    user: str = ""
    #: What changed, one short text each, without values: "hubspot contacts 101 updated email".
    effects: list[str] = field(default_factory=list)

    def as_dict(self) -> dict[str, Any]:
        """Give the entry as the control API shows it."""
        return {name: getattr(self, name) for name in self.__slots__}


class Audit:
    """Collect entries; apps add the user and the effects of the request being handled."""

    def __init__(self) -> None:
        self._entries: deque[Entry] = deque(maxlen=KEPT_ENTRIES)
        self._seq = 0
        self._current: Entry | None = None

    def begin(self, *, at: str, crm: str, method: str, path: str, query: str) -> Entry:
        """Open the entry of a request; called by the server before the app."""
        self._seq += 1
        entry = Entry(seq=self._seq, at=at, crm=crm, method=method, path=path, query=query)
        self._entries.append(entry)
        self._current = entry
        return entry

    def end(self, entry: Entry, status: int) -> None:
        """Close the entry with the status that was answered."""
        entry.status = status
        self._current = None

    def user(self, name: str) -> None:
        """Note as whom the current request acts. Outside of a request nothing is noted."""
        if self._current is not None:
            self._current.user = name

    def effect(self, text: str) -> None:
        """Note a change made by the current request. Outside of a request nothing is noted."""
        if self._current is not None:
            self._current.effects.append(text)

    def since(self, seq: int = 0) -> Iterator[Entry]:
        """Give the kept entries with a higher number, oldest first."""
        return (entry for entry in self._entries if entry.seq > seq)

    def clear(self) -> None:
        """Forget all entries and count from 1 again."""
        self._entries.clear()
        self._seq = 0
