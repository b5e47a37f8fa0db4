"""The org's objects and fields: standard ones from our tables, custom ones as the company made them."""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import dataclass, field
from functools import cache

import msgspec

from crmbridge.sandbox.salesforce.fields import Field, parse_fields
from crmbridge.sandbox.salesforce.objects import ALIASES, OBJECTS, PICKLISTS, Standard
from crmbridge.sandbox.world import World


@dataclass(slots=True)
class SObject:
    """One object with its fields, found by name in any case."""

    standard: Standard
    #: Lower-case API name -> field, in the order of describe.
    fields: dict[str, Field]
    #: Lower-case relationship name -> the reference field behind it.
    parents: dict[str, Field] = field(default_factory=dict)

    def __post_init__(self) -> None:
        self.parents = {item.relationship.lower(): item for item in self.fields.values() if item.relationship}

    @property
    def name(self) -> str:
        """API name."""
        return self.standard.name

    @property
    def table(self) -> str:
        """Name of its SQLite table."""
        return f"sf_{self.standard.name}"

    def can(self, ability: str) -> bool:
        """Tell whether records can be "create"d, "update"d, "delete"d …"""
        return ability in self.standard.abilities.split()

    def find(self, name: str) -> Field | None:
        """Give a field by API name in any case."""
        return self.fields.get(name.lower())

    def has(self, name: str) -> bool:
        """Tell whether there is a field of this name."""
        return name.lower() in self.fields

    def columns(self) -> Iterator[Field]:
        """Give the fields that are stored; compound addresses are put together from their parts."""
        return (item for item in self.fields.values() if item.type != "address")

    def add(self, item: Field) -> None:
        """Add a field, or replace the one of this name."""
        self.fields[item.name.lower()] = item
        self.__post_init__()

    def upsert_key(self, name: str) -> Field | None:
        """Give the field when records can be addressed by it: external id, idLookup, or Id."""
        item = self.find(name)
        return item if item is not None and (item.external_id or item.id_lookup) else None


class Objects:
    """A set of objects, found by name in any case or by the ids of their records."""

    def __init__(self, objects: dict[str, SObject]) -> None:
        #: By lower-case API name.
        self.objects = objects
        #: By the first three characters of their ids.
        self.prefixes = {item.standard.prefix: item for item in objects.values()}

    def get(self, name: str) -> SObject | None:
        """Give an object by API name in any case."""
        return self.objects.get(name.lower())

    def of_id(self, record_id: str) -> SObject | None:
        """Give the object a record id belongs to."""
        return self.prefixes.get(record_id[:3])

    def children(self, parent: str) -> Iterator[tuple[SObject, Field]]:
        """Give the objects and reference fields whose records can be read as children of an object."""
        for item in self.objects.values():
            for column in item.fields.values():
                if column.child is not None and parent in column.refers_to:
                    yield item, column


class Schema(Objects):
    """All objects of the org, kept in the world's storage as far as a company changed them."""

    def __init__(self, world: World) -> None:
        self._world = world
        #: Grows with every change of the schema.
        self.version = 0
        super().__init__({})
        self.reset()

    def reset(self) -> None:
        """Go back to a new org's objects and read the custom fields that are stored."""
        super().__init__({standard.name.lower(): _standard(standard) for standard in OBJECTS})
        self.version += 1
        self._world.db.execute(
            "CREATE TABLE IF NOT EXISTS sf_custom_field "
            "(id TEXT PRIMARY KEY, object TEXT, name TEXT, data TEXT)"
        )
        self._world.db.execute("CREATE TABLE IF NOT EXISTS sf_setting (name TEXT PRIMARY KEY, value TEXT)")
        for _id, object_, data in self.custom_rows():
            self.objects[object_.lower()].add(msgspec.json.decode(data, type=Field))

    def custom_rows(self) -> list[tuple[str, str, str]]:
        """Give id, object and JSON of the custom fields, oldest first."""
        return self._world.db.execute(
            "SELECT id, object, data FROM sf_custom_field ORDER BY rowid"
        ).fetchall()

    def remember(self, field_id: str, object_: SObject, item: Field) -> None:
        """Store a custom field and let every describe show it."""
        data = msgspec.json.encode(item).decode()
        self._world.db.execute(
            "INSERT OR REPLACE INTO sf_custom_field VALUES (?, ?, ?, ?)",
            (field_id, object_.name, item.name, data),
        )
        object_.add(item)
        self.version += 1
        self.touch()

    def touch(self) -> None:
        """Move the org-wide stamp of describe."""
        self.set("described_at", str(self._world.clock.now_ms() // 1000 * 1000))

    @property
    def described_ms(self) -> int:
        """Epoch milliseconds of the last change of any description, whole seconds."""
        stored = self.setting("described_at")
        if not stored:
            self.touch()
            stored = self.setting("described_at")
        return int(stored)

    def setting(self, name: str) -> str:
        """Give a stored setting; "" when there is none."""
        row = self._world.db.execute("SELECT value FROM sf_setting WHERE name = ?", (name,)).fetchone()
        return row[0] if row else ""

    def set(self, name: str, value: str) -> None:
        """Store a setting."""
        self._world.db.execute("INSERT OR REPLACE INTO sf_setting VALUES (?, ?)", (name, value))


def _standard(standard: Standard) -> SObject:
    return SObject(standard, dict(_parsed(standard)))


@cache
def _parsed(standard: Standard) -> tuple[tuple[str, Field], ...]:
    picklists = _picklists(standard.name)
    return tuple((item.name.lower(), item) for item in parse_fields(standard.table, picklists, ALIASES))


def _picklists(object_: str) -> dict[str, str]:
    general = {name: values for name, values in PICKLISTS.items() if "." not in name}
    own = {
        name.partition(".")[2]: values
        for name, values in PICKLISTS.items()
        if name.partition(".")[0] == object_ and "." in name
    }
    return {**general, **own}
