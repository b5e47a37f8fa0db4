# ruff: noqa: S608 - table names are constants of this package, values are bound
"""Lists of records: kept by hand (MANUAL), by a filter (DYNAMIC), or filled by one once (SNAPSHOT)."""

from __future__ import annotations

import json
from collections.abc import Iterable
from typing import TYPE_CHECKING, Any

from crmbridge.sandbox.clock import iso_ms
from crmbridge.sandbox.hubspot.list_filters import compile_branch
from crmbridge.sandbox.hubspot.objects import OBJECT_TYPES, ObjectType

if TYPE_CHECKING:
    from crmbridge.sandbox.hubspot.portal import Portal

TYPES = ("MANUAL", "DYNAMIC", "SNAPSHOT")
_KINDS = {kind.type_id: kind for kind in OBJECT_TYPES}
Json = dict[str, Any]
#: Record id and when it joined, epoch milliseconds.
Member = tuple[int, int]


class Lists:
    """The lists of the portal; members are kept in the store's table ``hs_list_member``."""

    def __init__(self, portal: Portal) -> None:
        self._portal = portal
        self._db = portal.world.db
        self._db.execute(
            "CREATE TABLE IF NOT EXISTS hs_list (id INTEGER PRIMARY KEY, name TEXT NOT NULL,"
            " deleted INTEGER NOT NULL, item TEXT NOT NULL)"
        )

    def create(self, kind: ObjectType, name: str, processing: str, branch: Json | None) -> Json:
        """Make a list; its filter was checked."""
        number, now = self._portal.world.next_number("hs_list"), self._portal.world.clock.iso()
        item = {
            "listId": str(number),
            "listVersion": 1,
            "createdAt": now,
            "updatedAt": now,
            "filtersUpdatedAt": now,
            "processingStatus": "COMPLETE",
            "createdById": "9000101",
            "updatedById": "9000101",
            "processingType": processing,
            "objectTypeId": kind.type_id,
            "name": name,
        } | ({"filterBranch": branch} if branch else {})
        self.put(item)
        if branch:
            self._fill(item)
        self._portal.world.audit.effect(f"hubspot list {number} created")
        return item

    def get(self, number: int, *, deleted: bool = False) -> Json | None:
        """Give a list; deleted ones only when they are asked for."""
        row = self._db.execute(
            "SELECT item FROM hs_list WHERE id = ? AND deleted = ?", (number, deleted)
        ).fetchone()
        return json.loads(row[0]) if row else None

    def by_name(self, kind: ObjectType, name: str) -> Json | None:
        """Find a list by its name in any case."""
        return next(
            (
                item
                for item in self.all()
                if item["name"].lower() == name.lower() and item["objectTypeId"] == kind.type_id
            ),
            None,
        )

    def all(self) -> list[Json]:
        """Give all lists but deleted ones, ascending ids."""
        rows = self._db.execute("SELECT item FROM hs_list WHERE deleted = 0 ORDER BY id")
        return [json.loads(row[0]) for row in rows]

    def put(self, item: Json, *, deleted: bool = False) -> None:
        """Store a list as it is now."""
        self._db.execute(
            "INSERT OR REPLACE INTO hs_list VALUES (?, ?, ?, ?)",
            (int(item["listId"]), item["name"], deleted, json.dumps(item)),
        )

    def change(self, item: Json, **parts: Any) -> Json:
        """Change a list, which makes a new version of it; another filter selects anew."""
        now = self._portal.world.clock.iso()
        changed = {**item, **parts, "updatedAt": now, "listVersion": item["listVersion"] + 1}
        if "filterBranch" in parts:
            changed["filtersUpdatedAt"] = now
        self.put(changed)
        if "filterBranch" in parts:
            self._fill(changed)
        return changed

    def members(self, item: Json) -> list[Member]:
        """Give the members that are not archived, ascending ids; a filter is looked at now."""
        if item["processingType"] == "DYNAMIC":
            self._fill(item)
        kind = _KINDS[item["objectTypeId"]]
        rows = self._db.execute(
            f"SELECT m.id, m.added FROM hs_list_member m JOIN {kind.table} r ON r.id = m.id"
            " WHERE m.list_id = ? AND m.type = ? AND r.archived = 0 ORDER BY m.id",
            (int(item["listId"]), kind.name),
        )
        return rows.fetchall()

    def add(self, item: Json, ids: Iterable[int]) -> list[int]:
        """Add records that are there and no members yet; gives those that were added."""
        kind, now = _KINDS[item["objectTypeId"]], self._portal.world.clock.now_ms()
        there = {key for key, record in self._portal.store.get(kind, ids).items() if not record.archived}
        new = sorted(there - {key for key, _ in self._raw(item)})
        self._db.executemany(
            "INSERT INTO hs_list_member VALUES (?, ?, ?, ?)",
            [(int(item["listId"]), kind.name, key, now) for key in new],
        )
        return new

    def remove(self, item: Json, ids: Iterable[int]) -> list[int]:
        """Remove members; gives those that were some."""
        gone = sorted({key for key, _ in self._raw(item)} & set(ids))
        self._db.executemany(
            "DELETE FROM hs_list_member WHERE list_id = ? AND id = ?",
            [(int(item["listId"]), key) for key in gone],
        )
        return gone

    def of_record(self, kind: ObjectType, record_id: int) -> list[tuple[Json, int]]:
        """Give the lists that a record is in, with when it joined."""
        found = []
        for item in self.all():
            if item["objectTypeId"] == kind.type_id:
                found += [(item, added) for key, added in self.members(item) if key == record_id]
        return found

    def member_ids(self, number: int) -> set[int]:
        """Give the record ids in a list; none when there is no such list."""
        item = self.get(number)
        return {key for key, _ in self.members(item)} if item else set()

    def reset(self) -> None:
        """Forget all lists; the store forgets the members."""
        self._db.execute("DELETE FROM hs_list")

    def _raw(self, item: Json) -> list[Member]:
        rows = self._db.execute(
            "SELECT id, added FROM hs_list_member WHERE list_id = ?", (int(item["listId"]),)
        )
        return rows.fetchall()

    def _fill(self, item: Json) -> None:
        """Let the members be those that the filter selects."""
        kind = _KINDS[item["objectTypeId"]]
        sql, values = compile_branch(self._portal, kind, item.get("filterBranch") or {})
        rows = self._db.execute(f"SELECT id FROM {kind.table} WHERE archived = 0 AND ({sql})", values)
        selected = {row[0] for row in rows}
        self.remove(item, {key for key, _ in self._raw(item)} - selected)
        self.add(item, selected)


def last_added(members: Iterable[Member]) -> str | None:
    """Give when the last member joined, ISO 8601; None without members."""
    latest = max((added for _, added in members), default=None)
    return None if latest is None else iso_ms(latest)
