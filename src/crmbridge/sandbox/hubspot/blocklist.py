"""Addresses that were forgotten by GDPR: only their digests are kept."""

from __future__ import annotations

import hashlib
from collections.abc import Iterable

from crmbridge.sandbox.world import World


class Blocklist:
    """Remembers that an address was forgotten, not the address."""

    def __init__(self, world: World) -> None:
        self._world = world
        world.db.execute("CREATE TABLE IF NOT EXISTS hs_blocklist (digest TEXT PRIMARY KEY)")

    def add(self, addresses: Iterable[str]) -> None:
        """Remember addresses; empty ones are ignored."""
        rows = [(_digest(address),) for address in addresses if address.strip()]
        self._world.db.executemany("INSERT OR IGNORE INTO hs_blocklist VALUES (?)", rows)

    def has(self, address: str) -> bool:
        """Tell whether an address was forgotten."""
        query = "SELECT 1 FROM hs_blocklist WHERE digest = ?"
        return self._world.db.execute(query, (_digest(address),)).fetchone() is not None

    def reset(self) -> None:
        """Forget that anything was forgotten."""
        self._world.db.execute("DELETE FROM hs_blocklist")


def _digest(address: str) -> str:
    return hashlib.sha256(address.strip().lower().encode()).hexdigest()
