"""The portal's schema: property definitions, groups and pipelines, kept in SQLite, held in memory."""

from __future__ import annotations

import json
from collections.abc import Iterable, Mapping
from typing import Any

from crmbridge.sandbox.hubspot import pipelines_default
from crmbridge.sandbox.hubspot.definitions import P, custom_definition, definition, options
from crmbridge.sandbox.hubspot.objects import OBJECT_TYPES, ObjectType
from crmbridge.sandbox.hubspot.properties_other import GROUPS
from crmbridge.sandbox.world import World

#: When HubSpot made its own properties; any moment before the portal's first record will do.
#: What is kept: definitions, archived ones, groups, pipelines and what was done to them, association labels
#: of the portal's own, validation rules.
_PARTS = ("property", "archived", "group", "pipeline", "audit", "label", "rule")
_EPOCH = "2019-08-06T02:41:08.304Z"
Json = dict[str, Any]


class Catalog:
    """Definitions by object type and name."""

    def __init__(self, world: World) -> None:
        self._world = world
        world.db.execute(
            "CREATE TABLE IF NOT EXISTS hs_schema (part TEXT NOT NULL, type TEXT NOT NULL,"
            " name TEXT NOT NULL, definition TEXT NOT NULL, PRIMARY KEY (part, type, name))"
        )
        self._parts: dict[tuple[str, str], dict[str, Json]] = {}
        #: Names of unique properties by object type: asked for at every write.
        self._unique: dict[str, list[str]] = {}
        self._load()

    def properties(self, kind: ObjectType) -> Mapping[str, Json]:
        """Give the definitions of an object type, archived ones left out."""
        return self._parts["property", kind.name]

    def archived_properties(self, kind: ObjectType) -> Mapping[str, Json]:
        """Give the archived definitions."""
        return self._parts["archived", kind.name]

    def groups(self, kind: ObjectType) -> Mapping[str, Json]:
        """Give the property groups."""
        return self._parts["group", kind.name]

    def pipelines(self, kind: ObjectType) -> Mapping[str, Json]:
        """Give the pipelines by id."""
        return self._parts["pipeline", kind.name]

    def part(self, part: str, kind: ObjectType) -> Mapping[str, Json]:
        """Give what is kept of a part by name; see `put`."""
        return self._parts[part, kind.name]

    def unique_names(self, kind: ObjectType) -> list[str]:
        """Give the properties whose value only one record may have."""
        names = self._unique.get(kind.name)
        if names is None:
            names = [name for name, item in self.properties(kind).items() if item["hasUniqueValue"]]
            self._unique[kind.name] = names
        return names

    def stages(self, kind: ObjectType) -> list[str]:
        """Give the lifecycle stages in order."""
        return [item["value"] for item in self.stage_options(kind)]

    def stage_options(self, kind: ObjectType) -> list[Json]:
        """Give the options of the lifecycle stage in order."""
        found: list[Json] = self.properties(kind)["lifecyclestage"]["options"]
        return found

    def put(self, part: str, kind: ObjectType, name: str, item: Json) -> None:
        """Add or replace a definition; part: one of `_PARTS`."""
        self._parts[part, kind.name][name] = item
        self._unique.pop(kind.name, None)
        self._world.db.execute(
            "INSERT OR REPLACE INTO hs_schema VALUES (?, ?, ?, ?)", (part, kind.name, name, json.dumps(item))
        )

    def remove(self, part: str, kind: ObjectType, name: str) -> Json:
        """Take a definition out and give it."""
        self._unique.pop(kind.name, None)
        self._world.db.execute(
            "DELETE FROM hs_schema WHERE part = ? AND type = ? AND name = ?", (part, kind.name, name)
        )
        return self._parts[part, kind.name].pop(name)

    def add_custom(self, kind: ObjectType, given: Mapping[str, Any], user: str) -> Json:
        """Make a property of the portal's own; ``given`` was checked."""
        item = custom_definition(given["name"], given, self._world.clock.iso(), user)
        self.put("property", kind, given["name"], item)
        return item

    def sync_stage_options(self, kind: ObjectType, property_name: str) -> None:
        """Make the options of a stage property follow its pipelines, as the portal does."""
        item = self.properties(kind)[property_name]
        stages = [stage for pipeline in self.pipelines(kind).values() for stage in pipeline["stages"]]
        labels = {stage["id"]: stage["label"] for stage in stages}
        self.put("property", kind, property_name, {**item, "options": options(labels)})

    def sync_pipeline_options(self, kind: ObjectType) -> None:
        """Make the options of the pipeline property follow the pipelines."""
        name = "pipeline" if kind.name == "deals" else "hs_pipeline"
        labels = {key: item["label"] for key, item in self.pipelines(kind).items()}
        item = self.properties(kind)[name]
        self.put("property", kind, name, {**item, "options": options(labels)})

    def fill_group(self, kind: ObjectType, group: str, rows: Iterable[P]) -> None:
        """Add properties of HubSpot's own to a group."""
        for order, row in enumerate(rows):
            self.put("property", kind, row.name, definition(row, group, order, _EPOCH))

    def reset(self) -> None:
        """Go back to what a new portal has."""
        self._world.db.execute("DELETE FROM hs_schema")
        self._load()

    def _load(self) -> None:
        self._unique.clear()
        for kind in OBJECT_TYPES:
            for part in _PARTS:
                self._parts[part, kind.name] = {}
        rows = self._world.db.execute("SELECT part, type, name, definition FROM hs_schema ORDER BY rowid")
        stored = rows.fetchall()
        for part, kind_name, name, text in stored:
            self._parts[part, kind_name][name] = json.loads(text)
        if not stored:
            with self._world.transaction():
                for kind in OBJECT_TYPES:
                    self._fill(kind)

    def _fill(self, kind: ObjectType) -> None:
        for order, (group, (label, rows)) in enumerate(GROUPS[kind.name].items()):
            shown = {"name": group, "label": label, "displayOrder": order, "archived": False}
            self.put("group", kind, group, shown)
            self.fill_group(kind, group, rows)
        for pipeline in pipelines_default.PIPELINES.get(kind.name, ()):
            self.put("pipeline", kind, pipeline["id"], pipeline)
        if kind.name in pipelines_default.STAGE_PROPERTIES:
            self.sync_stage_options(kind, pipelines_default.STAGE_PROPERTIES[kind.name])
            self.sync_pipeline_options(kind)
