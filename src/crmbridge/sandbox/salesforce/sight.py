"""What the API's users see of the org: without features it lacks, hidden fields and rights they have not.

Rules, history and files work on the whole org; queries, describes and writes through the API on this.
"""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import replace

from crmbridge.sandbox.options import SalesforceOptions
from crmbridge.sandbox.salesforce.fields import Field
from crmbridge.sandbox.salesforce.schema import Objects, Schema, SObject
from crmbridge.sandbox.world import World

#: Objects of features an org may lack -> the feature.
_FEATURE_OBJECTS = {
    "Territory2": "territories", "Territory2Model": "territories", "Territory2Type": "territories",
    "UserTerritory2Association": "territories", "ObjectTerritory2Association": "territories",
    "CurrencyType": "currencies",
}  # fmt: skip
_WRITES = frozenset({"create", "update", "delete"})


class Sight:
    """The org through the eyes of its API users; made anew when a switch or the schema changes."""

    def __init__(
        self,
        world: World,
        schema: Schema,
        record_types: Callable[[], frozenset[str]],
        granted: Callable[[], dict[str, bool]],
    ) -> None:
        self._world = world
        self._schema = schema
        #: Names of the objects that have record types.
        self._record_types = record_types
        #: Custom fields that permission sets show, and whether they may be written.
        self._granted = granted
        self._key: tuple[object, ...] | None = None
        self._seen = Objects({})

    @property
    def objects(self) -> Objects:
        """The objects and fields that are seen at this moment."""
        options = self._world.options.salesforce
        typed = self._record_types()
        granted = self._granted() if options.new_fields_hidden else None
        key = (
            typed, granted, self._schema.version, options.territories, options.multi_currency,
            options.state_country_codes, options.hidden_objects, options.hidden_fields,
            options.read_only_objects, options.read_only_fields, options.read_only_profile,
        )  # fmt: skip
        if key != self._key:
            if self._key is not None:
                self._schema.touch()  # the stamp of describe moves with permissions, too
            self._key = key
            self._seen = _Eye(options, typed, granted).look(self._schema)
        return self._seen

    def forget(self) -> None:
        """Look anew without moving the stamp of describe."""
        self._key = None


class _Eye:
    """The switches at one moment."""

    def __init__(
        self, options: SalesforceOptions, typed: frozenset[str], granted: dict[str, bool] | None
    ) -> None:
        switches = {
            "territories": options.territories,
            "currencies": options.multi_currency,
            "states": options.state_country_codes,
        }
        self._features = {name for name, on in switches.items() if on}
        self._typed = typed
        #: None: every custom field is seen.
        self._granted = granted
        self._options = options
        self._hidden = _lower(options.hidden_fields)
        self._fixed = _lower(options.read_only_fields)

    def look(self, schema: Schema) -> Objects:
        hidden = _lower(self._options.hidden_objects)
        return Objects(
            {
                key: self._object(item)
                for key, item in schema.objects.items()
                if key not in hidden and _FEATURE_OBJECTS.get(item.name) in (None, *self._features)
            }
        )

    def _object(self, item: SObject) -> SObject:
        locked = self._options.read_only_profile or item.name.lower() in _lower(
            self._options.read_only_objects
        )
        standard = item.standard
        if locked:
            rights = [word for word in standard.abilities.split() if word not in _WRITES]
            standard = replace(standard, abilities=" ".join(rights))
        fields = {
            key: self._field(item, column, locked=locked)
            for key, column in item.fields.items()
            if self._is_seen(item, column)
        }
        return SObject(standard, fields)

    def _is_seen(self, item: SObject, column: Field) -> bool:
        path = f"{item.name}.{column.name}".lower()
        if path in self._hidden and column.name != "Id":
            return False
        if column.custom and self._granted is not None and column.permissionable:
            return path in self._granted
        if column.feature == "recordtypes":
            return item.name in self._typed
        return column.feature is None or column.feature in self._features

    def _field(self, item: SObject, column: Field, *, locked: bool) -> Field:
        path = f"{item.name}.{column.name}".lower()
        granted = self._granted is None or self._granted.get(path, True)
        if locked or path in self._fixed or not granted:
            return replace(column, createable=False, updateable=False)
        return column


def _lower(names: frozenset[str]) -> frozenset[str]:
    return frozenset(name.lower() for name in names)
