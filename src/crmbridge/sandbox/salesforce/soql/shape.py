"""From result rows to the records of an answer."""

from __future__ import annotations

from collections.abc import Callable, Sequence
from dataclasses import dataclass, field
from typing import Any

from crmbridge.sandbox.salesforce.schema import Objects, SObject
from crmbridge.sandbox.salesforce.soql.names import Node

Rendered = dict[str, Any]
_ADDRESS_PARTS = (
    "City",
    "Country",
    "CountryCode",
    "GeocodeAccuracy",
    "Latitude",
    "Longitude",
    "PostalCode",
    "State",
    "StateCode",
    "Street",
)


@dataclass(slots=True)
class Columns:
    """The SQL columns of a statement; each is read once."""

    sqls: list[str] = field(default_factory=list)

    def index(self, sql: str) -> int:
        """Give the place of a column, adding it when it is new."""
        if sql not in self.sqls:
            self.sqls.append(sql)
        return self.sqls.index(sql)


@dataclass(slots=True)
class Shape:
    """What one record of the answer holds, in the order selected."""

    node: Node
    id_index: int
    #: Name and column of plain values.
    values: dict[str, int] = field(default_factory=dict)
    #: Those of them that are booleans.
    booleans: set[int] = field(default_factory=set)
    #: Name of a compound address -> prefix of its parts and their columns.
    addresses: dict[str, dict[str, int]] = field(default_factory=dict)
    parents: dict[str, Shape] = field(default_factory=dict)
    #: Name -> (column of the kind's id, shape) for each branch of TYPEOF.
    branches: dict[str, list[Shape]] = field(default_factory=dict)
    #: Order in which the names were selected.
    order: list[str] = field(default_factory=list)

    @property
    def is_flat(self) -> bool:
        """Whether it holds plain values only."""
        return not (self.addresses or self.parents or self.branches)

    def add_address(self, name: str, columns: dict[str, int]) -> None:
        """Add a compound address."""
        self.addresses[name] = columns
        self.order.append(name)

    def add_value(self, name: str, index: int, *, boolean: bool) -> None:
        """Add a plain value."""
        self.values[name] = index
        self.order.append(name)
        if boolean:
            self.booleans.add(index)


def address_parts(item: SObject, name: str) -> dict[str, str]:
    """Give the keys of a compound address and the fields they come from; codes only where an org has them."""
    prefix = name.removesuffix("Address")
    parts = (part for part in _ADDRESS_PARTS if item.has(prefix + part))
    return {part[0].lower() + part[1:]: prefix + part for part in parts}


def renderer(shape: Shape, schema: Objects, base: str) -> Callable[[Sequence[Any]], Rendered | None]:
    """Build the function that turns a result row into a record; None for a parent that is not there.

    Args:
        shape: What the record holds.
        schema: Tells the kind of a polymorphic parent by its id.
        base: Path that begins resources of the caller's version.
    """
    return _flat(shape, base) if shape.is_flat and not shape.node.names else _nested(shape, schema, base)


def _flat(shape: Shape, base: str) -> Callable[[Sequence[Any]], Rendered | None]:
    label = shape.node.label
    prefix = f"{base}/sobjects/{label}/"
    places = tuple(shape.values.items())
    booleans = frozenset(shape.booleans)
    plain = tuple((name, at) for name, at in places if at not in booleans)
    flags = tuple((name, at) for name, at in places if at in booleans)
    in_order = [name for name, _ in places] == [name for name, _ in plain + flags]
    names = [name for name, _ in places]
    id_index = shape.id_index

    def render(row: Sequence[Any]) -> Rendered | None:
        record_id = row[id_index]
        if record_id is None:
            return None
        record: Rendered = {"attributes": {"type": label, "url": prefix + record_id}}
        if not in_order:
            record.update(dict.fromkeys(names))
        for name, at in plain:
            record[name] = row[at]
        for name, at in flags:
            record[name] = row[at] == 1
        return record

    return render


def _nested(shape: Shape, schema: Objects, base: str) -> Callable[[Sequence[Any]], Rendered | None]:
    makers = {name: _value(at, boolean=at in shape.booleans) for name, at in shape.values.items()}
    makers |= {name: _address(parts) for name, parts in shape.addresses.items()}
    makers |= {name: renderer(parent, schema, base) for name, parent in shape.parents.items()}
    makers |= {
        name: _first_of([renderer(branch, schema, base) for branch in branches])
        for name, branches in shape.branches.items()
    }
    ordered = [(name, makers[name]) for name in dict.fromkeys(shape.order)]

    def render(row: Sequence[Any]) -> Rendered | None:
        record_id = row[shape.id_index]
        if record_id is None:
            return None
        owner = schema.of_id(record_id)
        kind = owner.name if owner is not None and shape.node.names else shape.node.label
        record: Rendered = {
            "attributes": {"type": shape.node.label, "url": f"{base}/sobjects/{kind}/{record_id}"}
        }
        for name, make in ordered:
            record[name] = make(row)
        return record

    return render


def _value(at: int, *, boolean: bool) -> Callable[[Sequence[Any]], Any]:
    if boolean:
        return lambda row: None if row[at] is None else row[at] == 1
    return lambda row: row[at]


def _address(parts: dict[str, int]) -> Callable[[Sequence[Any]], Any]:
    def make(row: Sequence[Any]) -> Any:
        found = {key: row[at] for key, at in parts.items()}
        return found if any(value is not None for value in found.values()) else None

    return make


def _first_of(renders: list[Callable[[Sequence[Any]], Rendered | None]]) -> Callable[[Sequence[Any]], Any]:
    return lambda row: next((record for render in renders if (record := render(row)) is not None), None)
