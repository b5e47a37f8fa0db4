"""Bugs to plant, one at a time: a campaign that does not notice them measures nothing."""

from __future__ import annotations

from collections.abc import Callable, Iterator, Mapping, Sequence
from dataclasses import replace
from typing import Any

from benchmarks.campaign.company import Plant
from crmbridge import applying
from crmbridge.bridge import Bridge
from crmbridge.model import Outcome, OutcomeState, Write
from crmbridge.ports import Crm, Page


class _Bugged:
    """A CRM in which one method does something else."""

    def __init__(self, crm: Crm, name: str, method: Callable[..., Any]) -> None:
        self._crm, self._name, self._method = crm, name, method

    def __getattr__(self, name: str) -> Any:
        return self._method if name == self._name else getattr(self._crm, name)


def _replace(bridge: Bridge, name: str, bug: Callable[[Crm], Callable[..., Any]]) -> None:
    bugged: Mapping[str, Any] = {crm.name: _Bugged(crm, name, bug(crm)) for crm in bridge.crms.values()}
    bridge.crms = bugged


def no_reread(_bridge: Bridge) -> None:
    """Write what was planned without another look at the record."""
    applying._Writer._reread = lambda self, chunk: list(chunk)  # type: ignore[method-assign]  # noqa: ARG005


def writes_twice(bridge: Bridge) -> None:
    """Make every new record again under another name, as a retry without an external id does."""

    def bug(crm: Crm) -> Callable[[Sequence[Write]], Sequence[Outcome]]:
        def write(writes: Sequence[Write]) -> Sequence[Outcome]:
            if writes[0].id is None:
                crm.write([replace(item, lead_id=f"{item.lead_id}-again") for item in writes])
            return crm.write(writes)

        return write

    _replace(bridge, "write", bug)


def forgets_the_last(bridge: Bridge) -> None:
    """Leave the last record of a batch out, and say that it was written."""

    def bug(crm: Crm) -> Callable[[Sequence[Write]], Sequence[Outcome]]:
        def write(writes: Sequence[Write]) -> Sequence[Outcome]:
            *sent, last = writes
            done = list(crm.write(sent)) if sent else []
            return [*done, Outcome(key=last.key, state=OutcomeState.WRITTEN, id=last.id or "", error=None)]

        return write

    _replace(bridge, "write", bug)


def cursor_hole(bridge: Bridge) -> None:
    """Lose the first row of every page of changes, as a cursor that begins behind its last row does."""

    def bug(crm: Crm) -> Callable[..., Iterator[Page]]:
        def changes(watermarks: Mapping[str, str], known: Any, *, full: bool = False) -> Iterator[Page]:
            for page in crm.changes(watermarks, known, full=full):
                yield replace(page, items=page.items[1:]) if watermarks else page

        return changes

    _replace(bridge, "changes", bug)


def no_budget(bridge: Bridge) -> None:
    """Forget what a run may spend."""
    _replace(bridge, "meter", lambda _crm: lambda _meter: None)


#: Name -> (the bug, the column that has to notice).
PLANTS: Mapping[str, tuple[Plant, str]] = {
    "no_reread": (no_reread, "overwritten"),
    "writes_twice": (writes_twice, "duplicates"),
    "forgets_the_last": (forgets_the_last, "lost"),
    "cursor_hole": (cursor_hole, "lost"),
    "no_budget": (no_budget, "overrun"),
}
