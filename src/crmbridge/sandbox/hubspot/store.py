# ruff: noqa: S608 - table and column names are constants of this package, values are bound
"""Storage of records: one SQLite table for each object type, properties as JSON text.

Lists and batch reads take whole pages with one statement; change stamps, e-mail addresses and other unique
values are columns or an index of their own, so that search need not look into the JSON.
"""

from __future__ import annotations

from collections.abc import Iterable, Sequence
from dataclasses import dataclass, field

import msgspec

from crmbridge.sandbox.clock import iso_ms
from crmbridge.sandbox.hubspot.objects import OBJECT_TYPES, ObjectType
from crmbridge.sandbox.world import World

#: First record id of every type; types overlap, as ids are unique only within one type.
FIRST_ID = 101
_COLUMNS = "id, archived, created, modified, archived_at, properties"
_SQLITE_VARIABLES = 30_000
#: Highest record id up to which a search looks at every record; most indexed properties of a type, as every
#: index is work for every write.
_SMALL_ID, _MAX_INDEXES = 2_000, 12
#: How long archived records are kept (specifications, checked 2026-11-21).
KEPT_MS = 90 * 86_400_000
_NEVER_MS = 1 << 62
_decode = msgspec.json.Decoder(dict[str, str]).decode
_encode = msgspec.json.encode


@dataclass(slots=True, kw_only=True)
class Record:
    """One record as stored."""

    id: int
    #: Epoch milliseconds.
    created: int
    modified: int
    archived: bool = False
    #: Epoch milliseconds; None unless archived.
    archived_at: int | None = None
    #: Only properties that have a value, in the form of `values`.
    properties: dict[str, str] = field(default_factory=dict)


@dataclass(frozen=True, slots=True)
class HistoryEntry:
    """A value that a property took."""

    record_id: int
    name: str
    #: Epoch milliseconds.
    at: int
    #: "" for cleared.
    value: str
    #: What it was before: of the oldest entry, the value the record was created with.
    previous: str
    source_type: str
    source_id: str


class Store:
    """Read and write records; no rule of HubSpot's is known here."""

    def __init__(self, world: World) -> None:
        self._world = world
        self._db = world.db
        for kind in OBJECT_TYPES:
            self._create(kind)
        for statement in _SHARED_TABLES.split(";"):
            self._db.execute(statement)
        # SQLite's own lower() knows ASCII only.
        self._db.create_function("lower_text", 1, _lower, deterministic=True)
        #: When the next archived record is to be forgotten, epoch milliseconds.
        self.next_expiry_ms = self._next_expiry()
        #: Indexed properties by type.
        self._indexed: dict[str, set[str]] = {kind.name: set() for kind in OBJECT_TYPES}

    def _create(self, kind: ObjectType) -> None:
        self._db.execute(
            f"CREATE TABLE IF NOT EXISTS {kind.table} (id INTEGER PRIMARY KEY, archived INTEGER NOT NULL,"
            " created INTEGER NOT NULL, modified INTEGER NOT NULL, archived_at INTEGER,"
            " properties TEXT NOT NULL)"
        )
        self._db.execute(
            f"CREATE INDEX IF NOT EXISTS {kind.table}_modified ON {kind.table} (archived, modified, id)"
        )

        self._db.execute(
            f"CREATE INDEX IF NOT EXISTS {kind.table}_archived ON {kind.table} (id) WHERE archived = 1"
        )

    def new_ids(self, kind: ObjectType, count: int) -> range:
        """Reserve record ids, ascending."""
        first = self._world.next_number(kind.table, FIRST_ID, count)
        return range(first, first + count)

    def page(self, kind: ObjectType, *, archived: bool, from_id: int, limit: int) -> list[Record]:
        """Give records with this id or a higher one, ascending."""
        # "+" keeps SQLite on the id: the index on change stamps would have to be sorted for every page.
        partition = "archived = 1" if archived else "+archived = 0"
        rows = self._db.execute(
            f"SELECT {_COLUMNS} FROM {kind.table} WHERE id >= ? AND {partition} ORDER BY id LIMIT ?",
            (from_id, limit),
        )
        return [_record(row) for row in rows]

    def get(self, kind: ObjectType, ids: Iterable[int]) -> dict[int, Record]:
        """Give the records that exist, archived ones too, in no order."""
        wanted = [record_id for record_id in set(ids) if 0 <= record_id < 2**63]
        found: dict[int, Record] = {}
        for start in range(0, len(wanted), _SQLITE_VARIABLES):
            part = wanted[start : start + _SQLITE_VARIABLES]
            marks = ",".join("?" * len(part))
            for row in self._db.execute(f"SELECT {_COLUMNS} FROM {kind.table} WHERE id IN ({marks})", part):
                found[row[0]] = _record(row)
        return found

    def expire(self, now: int) -> None:
        """Forget records that were archived long ago."""
        for kind in OBJECT_TYPES:
            gone = self._db.execute(
                f"SELECT id FROM {kind.table} WHERE archived = 1 AND archived_at <= ?", (now - KEPT_MS,)
            )
            for (record_id,) in gone.fetchall():
                self.delete(kind, record_id)
        self.next_expiry_ms = self._next_expiry()

    def _next_expiry(self) -> int:
        found = [
            self._db.execute(f"SELECT MIN(archived_at) FROM {kind.table} WHERE archived = 1").fetchone()[0]
            for kind in OBJECT_TYPES
        ]
        return min((at + KEPT_MS for at in found if at is not None), default=_NEVER_MS)

    def put(self, kind: ObjectType, records: Sequence[Record]) -> None:
        """Insert or replace records."""
        self._db.executemany(
            f"INSERT OR REPLACE INTO {kind.table} ({_COLUMNS}) VALUES (?, ?, ?, ?, ?, ?)",
            [
                (
                    item.id,
                    item.archived,
                    item.created,
                    item.modified,
                    item.archived_at,
                    _text(item.properties),
                )
                for item in records
            ],
        )
        for item in records:
            if item.archived_at is not None:
                self.next_expiry_ms = min(self.next_expiry_ms, item.archived_at + KEPT_MS)

    def delete(self, kind: ObjectType, record_id: int) -> None:
        """Forget a record with its history, index entries, associations and aliases."""
        self._db.execute(f"DELETE FROM {kind.table} WHERE id = ?", (record_id,))
        for table in ("hs_history", "hs_unique", "hs_pending", "hs_list_member"):
            self._db.execute(f"DELETE FROM {table} WHERE type = ? AND id = ?", (kind.name, record_id))
        self._db.execute("DELETE FROM hs_alias WHERE type = ? AND survivor = ?", (kind.name, record_id))
        self.delete_associations(kind, record_id)

    def delete_associations(self, kind: ObjectType, record_id: int) -> None:
        """Remove all associations of a record, in both directions."""
        for end in ("from", "to"):
            self._db.execute(
                f"DELETE FROM hs_association WHERE {end}_type = ? AND {end}_id = ?", (kind.name, record_id)
            )

    def count(self, kind: ObjectType, *, archived: bool = False) -> int:
        """Count records."""
        found = self._db.execute(f"SELECT COUNT(*) FROM {kind.table} WHERE archived = ?", (archived,))
        return int(found.fetchone()[0])

    def has_value(self, kind: ObjectType, name: str, value: str) -> bool:
        """Tell whether a record that is not archived has this value."""
        found = self._db.execute(
            f"SELECT 1 FROM {kind.table} WHERE archived = 0 AND json_extract(properties, ?) = ? LIMIT 1",
            (f'$."{name}"', value),
        )
        return found.fetchone() is not None

    def find(self, kind: ObjectType, name: str, values: Iterable[str]) -> dict[str, int]:
        """Find record ids by values of a unique property."""
        found: dict[str, int] = {}
        wanted = list(dict.fromkeys(values))
        for start in range(0, len(wanted), _SQLITE_VARIABLES):
            part = wanted[start : start + _SQLITE_VARIABLES]
            rows = self._db.execute(
                "SELECT value, id FROM hs_unique WHERE type = ? AND property = ? AND value IN"
                f" ({','.join('?' * len(part))})",
                (kind.name, name, *part),
            )
            found.update(dict(rows.fetchall()))
        return found

    def set_unique(self, kind: ObjectType, name: str, record_id: int, values: Iterable[str]) -> None:
        """Replace the values under which a record is found by a unique property."""
        self._db.execute(
            "DELETE FROM hs_unique WHERE type = ? AND property = ? AND id = ?", (kind.name, name, record_id)
        )
        self._db.executemany(
            "INSERT INTO hs_unique (type, property, value, id) VALUES (?, ?, ?, ?)",
            [(kind.name, name, value, record_id) for value in values if value],
        )

    def survivors(self, kind: ObjectType, ids: Iterable[int]) -> dict[int, int]:
        """Give the ids of merged-away records with the id they live on under."""
        wanted = list(set(ids))
        marks = ",".join("?" * len(wanted))
        rows = self._db.execute(
            f"SELECT id, survivor FROM hs_alias WHERE type = ? AND id IN ({marks})", (kind.name, *wanted)
        )
        return dict(rows.fetchall())

    def add_alias(self, kind: ObjectType, gone: int, survivor: int) -> None:
        """Let a merged-away id resolve to its survivor, and what resolved to it as well."""
        self._db.execute(
            "UPDATE hs_alias SET survivor = ? WHERE type = ? AND survivor = ?", (survivor, kind.name, gone)
        )
        self._db.execute("INSERT OR REPLACE INTO hs_alias VALUES (?, ?, ?)", (kind.name, gone, survivor))

    def add_history(self, kind: ObjectType, entries: Iterable[HistoryEntry]) -> None:
        """Append to the history."""
        self._db.executemany(
            "INSERT INTO hs_history (type, id, name, at, value, previous, source_type, source_id)"
            " VALUES (?, ?, ?, ?, ?, ?, ?, ?)",
            [
                (kind.name, e.record_id, e.name, e.at, e.value, e.previous, e.source_type, e.source_id)
                for e in entries
            ],
        )

    def history(self, kind: ObjectType, ids: Sequence[int], names: Sequence[str]) -> list[HistoryEntry]:
        """Give recorded changes, newest first; a value set at creation and never changed has none."""
        rows = self._db.execute(
            "SELECT id, name, at, value, previous, source_type, source_id FROM hs_history WHERE type = ?"
            f" AND id IN ({','.join('?' * len(ids))}) AND name IN ({','.join('?' * len(names))})"
            " ORDER BY at DESC, seq DESC",
            (kind.name, *ids, *names),
        )
        return [HistoryEntry(*row) for row in rows]

    def defer_search(self, kind: ObjectType, before: Sequence[tuple[int, Record | None]], until: int) -> None:
        """Let search see records as they were (None: not at all) until a moment in epoch milliseconds."""
        self._db.executemany(
            "INSERT INTO hs_pending (type, id, visible_at, modified, properties) VALUES (?, ?, ?, ?, ?)"
            " ON CONFLICT (type, id) DO UPDATE SET visible_at = excluded.visible_at",
            [
                (kind.name, key, until, old.modified if old else 0, _text(old.properties) if old else None)
                for key, old in before
            ],
        )

    def index_property(self, kind: ObjectType, name: str, expression: str) -> None:
        """Index a property that is searched for, unless the records are few or many properties are indexed.

        Args:
            kind: The type.
            name: A property that the type has.
            expression: How searches write it in SQL.
        """
        present = self._indexed[kind.name]
        if name in present or len(present) == _MAX_INDEXES or not name.isidentifier():
            return
        highest = self._db.execute(f"SELECT MAX(id) FROM {kind.table}").fetchone()[0]
        if (highest or 0) > _SMALL_ID:
            present.add(name)
            self._db.execute(
                f'CREATE INDEX IF NOT EXISTS "{kind.table}_p_{name}" ON {kind.table}'
                f" (archived, {expression}, id)"
            )

    def settle_search(self, now: int) -> None:
        """Let search see what has become visible by now."""
        self._db.execute("DELETE FROM hs_pending WHERE visible_at <= ?", (now,))

    def clear(self) -> None:
        """Forget everything."""
        for table in [kind.table for kind in OBJECT_TYPES] + list(_SHARED_NAMES):
            self._db.execute(f"DELETE FROM {table}")
        self.next_expiry_ms = _NEVER_MS


def stamped(kind: ObjectType, record: Record) -> Record:
    """Keep the stamps and the id also as properties, so that pages need no work for them."""
    record.properties[kind.created_property] = iso_ms(record.created)
    record.properties[kind.modified_property] = iso_ms(record.modified)
    record.properties["hs_object_id"] = str(record.id)
    return record


def from_json(text: str) -> dict[str, str]:
    """Read the properties of a row."""
    return _decode(text)


def _lower(value: str | int | float | None) -> str | int | float | None:
    return value.lower() if isinstance(value, str) else value


def _text(properties: dict[str, str]) -> str:
    return _encode(properties).decode()


def _record(row: tuple[int, int, int, int, int | None, str]) -> Record:
    return Record(
        id=row[0],
        archived=bool(row[1]),
        created=row[2],
        modified=row[3],
        archived_at=row[4],
        properties=_decode(row[5]),
    )


_SHARED_NAMES = ("hs_history", "hs_unique", "hs_alias", "hs_pending", "hs_association", "hs_list_member")
_SHARED_TABLES = """
CREATE TABLE IF NOT EXISTS hs_history (
    seq INTEGER PRIMARY KEY, type TEXT NOT NULL, id INTEGER NOT NULL, name TEXT NOT NULL, at INTEGER NOT NULL,
    value TEXT NOT NULL, previous TEXT NOT NULL, source_type TEXT NOT NULL, source_id TEXT NOT NULL);
CREATE INDEX IF NOT EXISTS hs_history_record ON hs_history (type, id, name, at);
CREATE TABLE IF NOT EXISTS hs_unique (
    type TEXT NOT NULL, property TEXT NOT NULL, value TEXT NOT NULL, id INTEGER NOT NULL,
    PRIMARY KEY (type, property, value)) WITHOUT ROWID;
CREATE INDEX IF NOT EXISTS hs_unique_record ON hs_unique (type, id);
CREATE TABLE IF NOT EXISTS hs_alias (
    type TEXT NOT NULL, id INTEGER NOT NULL, survivor INTEGER NOT NULL, PRIMARY KEY (type, id)) WITHOUT ROWID;
CREATE TABLE IF NOT EXISTS hs_pending (
    type TEXT NOT NULL, id INTEGER NOT NULL, visible_at INTEGER NOT NULL, modified INTEGER NOT NULL,
    properties TEXT, PRIMARY KEY (type, id)) WITHOUT ROWID;
CREATE TABLE IF NOT EXISTS hs_association (
    from_type TEXT NOT NULL, from_id INTEGER NOT NULL, to_type TEXT NOT NULL, to_id INTEGER NOT NULL,
    category TEXT NOT NULL, type_id INTEGER NOT NULL, label TEXT,
    PRIMARY KEY (from_type, from_id, to_type, to_id, type_id)) WITHOUT ROWID;
CREATE TABLE IF NOT EXISTS hs_list_member (
    list_id INTEGER NOT NULL, type TEXT NOT NULL, id INTEGER NOT NULL, added INTEGER NOT NULL,
    PRIMARY KEY (list_id, id)) WITHOUT ROWID;
CREATE INDEX IF NOT EXISTS hs_association_to ON hs_association (to_type, to_id);
"""
