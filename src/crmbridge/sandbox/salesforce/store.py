"""Records in SQLite: one table per object, one column per field, values as they go over the wire.

Datetimes are texts like ``2026-11-21T08:00:00.000+0000``, so that they sort by time; booleans are 0 and 1.
"""

from __future__ import annotations

import random
import sqlite3
from collections.abc import Iterable, Mapping, Sequence
from typing import Any

from crmbridge.sandbox.salesforce import ids
from crmbridge.sandbox.salesforce.fields import NUMERIC, REFERENCES, Field
from crmbridge.sandbox.salesforce.schema import Schema, SObject
from crmbridge.sandbox.world import World

_CASED = frozenset({"date", "datetime", "anyType"}) | REFERENCES
_INDEXED = ("SystemModstamp", "CreatedDate", "Email", "Name")
#: Filtered in wide ranges: indexed once more for the rows that queries see, which are then not looked up.
_LIVE_INDEXED = ("SystemModstamp", "CreatedDate")
_LETTERS = "ABCDEFGHJKLMNPQRSTUVWXYZabcdefghjkmnopqrstuvwxyz23456789"

Row = dict[str, Any]


class Store:
    """Read and write records as stored; rules of the service live elsewhere."""

    def __init__(self, world: World, schema: Schema) -> None:
        self.world = world
        self.schema = schema
        chance = random.Random(world.seed)
        self._pod = "".join(chance.choice(_LETTERS) for _ in range(2)) + "0"
        self.create_tables()

    @property
    def db(self) -> sqlite3.Connection:
        """The world's connection."""
        return self.world.db

    def create_tables(self) -> None:
        """Make tables and indexes that are missing."""
        for item in self.schema.objects.values():
            columns = ", ".join(_column(column) for column in item.columns())
            self.db.execute(f"CREATE TABLE IF NOT EXISTS {item.table} ({columns})")
            self._add_missing(item)
            for column in item.columns():
                if column.name in _INDEXED or column.type == "reference" or column.external_id:
                    self._index(item, column)

    def drop_tables(self) -> None:
        """Remove all records, custom fields and settings."""
        for item in self.schema.objects.values():
            self.db.execute(f"DROP TABLE IF EXISTS {item.table}")
        self.db.execute("DELETE FROM sf_custom_field")
        self.db.execute("DELETE FROM sf_setting")

    def add_column(self, item: SObject, column: Field) -> None:
        """Store a field that is new."""
        self.db.execute(f"ALTER TABLE {item.table} ADD COLUMN {_column(column)}")
        if column.external_id or column.unique or column.type == "reference":
            self._index(item, column)

    def new_ids(self, item: SObject, count: int = 1) -> list[str]:
        """Give fresh record ids in creation order."""
        first = self.world.next_number(f"salesforce.{item.name}", count=count)
        return [ids.make(item.standard.prefix, self._pod, first + step) for step in range(count)]

    def make_id(self, prefix: str, number: int) -> str:
        """Give an id of this org for something that is no record of an object."""
        return ids.make(prefix, self._pod, number)

    def insert(self, item: SObject, rows: Sequence[Row]) -> None:
        """Store new rows; they may name different fields."""
        groups: dict[tuple[str, ...], list[list[Any]]] = {}
        for row in rows:
            groups.setdefault(tuple(row), []).append(list(row.values()))
        for names, values in groups.items():
            columns = ", ".join(f'"{name}"' for name in names)
            marks = ", ".join("?" * len(names))
            self.db.executemany(f"INSERT INTO {item.table} ({columns}) VALUES ({marks})", values)  # noqa: S608 - names come from the schema

    def update(self, item: SObject, record_id: str, changes: Mapping[str, Any]) -> None:
        """Change fields of a row."""
        if changes:
            sets = ", ".join(f'"{name}" = ?' for name in changes)
            self.db.execute(f"UPDATE {item.table} SET {sets} WHERE Id = ?", (*changes.values(), record_id))  # noqa: S608 - names come from the schema

    def remove(self, item: SObject, record_id: str) -> None:
        """Remove a row for good."""
        self.db.execute(f"DELETE FROM {item.table} WHERE Id = ?", (record_id,))  # noqa: S608 - name from the schema

    def get(self, item: SObject, record_id: str) -> Row | None:
        """Give a row by its 18-character id, deleted ones too."""
        return next(iter(self.rows(item, "Id = ?", (record_id,))), None)

    def typed_objects(self) -> frozenset[str]:
        """Give the names of the objects that have active record types."""
        found = self.db.execute("SELECT DISTINCT SobjectType FROM sf_RecordType WHERE IsActive = 1")
        return frozenset(row[0] for row in found)

    def granted_fields(self, user_id: str) -> dict[str, bool]:
        """Give the fields, in lower case, that permission sets let a user read, and whether to write."""
        found = self.db.execute(
            "SELECT lower(p.Field), max(p.PermissionsEdit) FROM sf_FieldPermissions AS p "
            "JOIN sf_PermissionSetAssignment AS a ON a.PermissionSetId = p.ParentId "
            "WHERE p.PermissionsRead = 1 AND a.AssigneeId = ? GROUP BY 1",
            (user_id,),
        )
        return {name: edit == 1 for name, edit in found}

    def rows(self, item: SObject, where: str, values: Iterable[Any] = ()) -> list[Row]:
        """Give rows by an SQL condition on stored columns, oldest first."""
        cursor = self.db.execute(
            f"SELECT * FROM {item.table} WHERE {where} ORDER BY rowid",  # noqa: S608 - conditions are constants of this package
            tuple(values),
        )
        names = [column[0] for column in cursor.description]
        return [dict(zip(names, row, strict=True)) for row in cursor]

    def newest(self, item: SObject, count: int) -> list[Row]:
        """Give the records made last that are not deleted, newest first."""
        live = "IsDeleted = 0" if item.has("IsDeleted") else "1"
        last = f"SELECT rowid FROM {item.table} WHERE {live} ORDER BY rowid DESC LIMIT {count}"  # noqa: S608 - name from the schema
        return list(reversed(self.rows(item, f"rowid IN ({last})")))

    def named(self, object_: str) -> SObject:
        """Give an object that every org has."""
        return self.schema.objects[object_.lower()]

    def by_id(self, record_id: str | None) -> tuple[SObject, Row] | None:
        """Find the record of any object with this 18-character id, deleted ones too."""
        item = self.schema.of_id(record_id) if record_id else None
        row = self.get(item, record_id) if item is not None and record_id else None
        return (item, row) if item is not None and row is not None else None

    def matches(self, item: SObject, column: Field, value: Any) -> list[str]:
        """Give ids of the records that are not deleted and have this value, oldest first."""
        live = " AND IsDeleted = 0" if item.has("IsDeleted") else ""
        exact = " COLLATE BINARY" if column.case_sensitive else ""
        found = self.db.execute(
            f'SELECT Id FROM {item.table} WHERE "{column.name}" = ?{exact}{live} ORDER BY rowid',  # noqa: S608 - names come from the schema
            (value,),
        )
        return [row[0] for row in found]

    def count(self, item: SObject, *, live: bool = True) -> int:
        """Count records, without deleted and archived ones unless told."""
        flags = [f"{flag} = 0" for flag in ("IsDeleted", "IsArchived") if live and item.has(flag)]
        condition = f" WHERE {' AND '.join(flags)}" if flags else ""
        return int(self.db.execute(f"SELECT count(*) FROM {item.table}{condition}").fetchone()[0])  # noqa: S608 - name from the schema

    def stamp(self) -> str:
        """Give the sandbox's time as the service stores it: whole seconds."""
        return self.world.clock.now().strftime("%Y-%m-%dT%H:%M:%S.000+0000")

    def _add_missing(self, item: SObject) -> None:
        """Add the columns that a state file of an earlier version lacks."""
        present = {row[1] for row in self.db.execute(f"PRAGMA table_info({item.table})")}
        for column in item.columns():
            if column.name not in present:
                self.db.execute(f"ALTER TABLE {item.table} ADD COLUMN {_column(column)}")

    def _index(self, item: SObject, column: Field) -> None:
        flags = " AND ".join(f"{flag} = 0" for flag in ("IsDeleted", "IsArchived") if item.has(flag))
        if column.name in _LIVE_INDEXED and flags:
            name = f"sf_l_{item.name}_{column.name}"
            self.db.execute(
                f'CREATE INDEX IF NOT EXISTS "{name}" ON {item.table} ("{column.name}") WHERE {flags}'
            )
        self.db.execute(
            f'CREATE INDEX IF NOT EXISTS "sf_i_{item.name}_{column.name}" ON {item.table} ("{column.name}")'
        )


def _column(column: Field) -> str:
    if column.name == "Id":
        return '"Id" TEXT PRIMARY KEY'
    if column.type == "boolean":
        return f'"{column.name}" INTEGER NOT NULL DEFAULT 0'
    if column.type in NUMERIC or column.type == "int":
        return f'"{column.name}" {"INTEGER" if column.type == "int" else "REAL"}'
    cased = column.type in _CASED
    return f'"{column.name}" TEXT{"" if cased else " COLLATE NOCASE"}'
