# ruff: noqa: S608 - table and column names are constants of this package, values are bound
"""Owners: the people and queues that records can belong to."""

from __future__ import annotations

import json
from collections.abc import Sequence
from dataclasses import dataclass
from typing import Any

from crmbridge.sandbox.world import World

_COLUMNS = "id, email, type, first_name, last_name, user_id, created, updated, archived, teams"
FIRST_OWNER_ID = 5_000_101
_FIRST_USER_ID = 9_000_101


@dataclass(frozen=True, slots=True, kw_only=True)
class NewOwner:
    """An owner to be made."""

    email: str
    first_name: str = ""
    last_name: str = ""
    #: "PERSON" or "QUEUE".
    type: str = "PERSON"
    #: Somebody who has left: only in the archived list, without a user id.
    archived: bool = False
    teams: Sequence[str] = ()
    #: None takes the next free one.
    id: int | None = None


class Owners:
    """The owners of the portal."""

    def __init__(self, world: World) -> None:
        self._world = world
        self._active: frozenset[str] | None = None
        world.db.execute(
            "CREATE TABLE IF NOT EXISTS hs_owner (id INTEGER PRIMARY KEY, email TEXT NOT NULL,"
            " type TEXT NOT NULL, first_name TEXT NOT NULL, last_name TEXT NOT NULL,"
            " user_id INTEGER NOT NULL, created TEXT NOT NULL,"
            " updated TEXT NOT NULL, archived INTEGER NOT NULL, teams TEXT NOT NULL)"
        )

    def active_ids(self) -> frozenset[str]:
        """Give the ids that a record may be given to."""
        if self._active is None:
            rows = self._world.db.execute("SELECT id FROM hs_owner WHERE archived = 0")
            self._active = frozenset(str(row[0]) for row in rows)
        return self._active

    def add(self, owner: NewOwner) -> str:
        """Make an owner and give its id."""
        owner_id = owner.id or self._world.next_number("hs_owner", FIRST_OWNER_ID)
        now = self._world.clock.iso()
        teams = [
            {"id": str(index + 1), "name": name, "primary": index == 0}
            for index, name in enumerate(owner.teams)
        ]
        self._world.db.execute(
            f"INSERT INTO hs_owner ({_COLUMNS}) VALUES (?, ?, ?, ?, ?, ?, ?, ?, ?, ?)",
            (
                owner_id,
                owner.email,
                owner.type,
                owner.first_name,
                owner.last_name,
                self._world.next_number("hs_user", _FIRST_USER_ID),
                now,
                now,
                owner.archived,
                json.dumps(teams),
            ),
        )
        self._active = None
        return str(owner_id)

    def set_archived(self, owner_id: str, archived: bool = True) -> None:
        """Let somebody leave, or come back."""
        self._world.db.execute(
            "UPDATE hs_owner SET archived = ?, updated = ? WHERE id = ?",
            (archived, self._world.clock.iso(), int(owner_id)),
        )
        self._active = None

    def page(self, *, archived: bool, email: str, from_id: int, limit: int) -> list[dict[str, Any]]:
        """Give owners with this id or a higher one, ascending; ``email`` "" for all."""
        rows = self._world.db.execute(
            f"SELECT {_COLUMNS} FROM hs_owner WHERE archived = ? AND id >= ?"
            " AND (? = '' OR lower(email) = lower(?)) ORDER BY id LIMIT ?",
            (archived, from_id, email, email, limit),
        )
        return [_shown(row) for row in rows]

    def get(self, value: int, *, by_user: bool, archived: bool) -> dict[str, Any] | None:
        """Give one owner by owner id or user id; None when there is none in that partition."""
        column = "user_id" if by_user else "id"
        row = self._world.db.execute(
            f"SELECT {_COLUMNS} FROM hs_owner WHERE {column} = ? AND archived = ?", (value, archived)
        ).fetchone()
        return _shown(row) if row else None

    def reset(self) -> None:
        """Forget all owners."""
        self._world.db.execute("DELETE FROM hs_owner")
        self._active = None


def _shown(row: tuple[Any, ...]) -> dict[str, Any]:
    owner_id, email, kind, first, last, user_id, created, updated, archived, teams = row
    is_person = kind == "PERSON"
    shown = {
        "id": str(owner_id),
        "email": email,
        "type": kind,
        "firstName": first,
        "lastName": last,
        # Somebody who left has no user any more, but HubSpot still says which one it was.
        "userId": user_id if is_person and not archived else None,
        "userIdIncludingInactive": user_id if is_person else None,
        "createdAt": created,
        "updatedAt": updated,
        "archived": bool(archived),
    }
    return shown | ({"teams": json.loads(teams)} if teams != "[]" else {})
