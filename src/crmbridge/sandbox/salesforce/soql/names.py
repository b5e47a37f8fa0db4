"""From field paths to SQL columns: joins are added as paths need them."""

from __future__ import annotations

from dataclasses import dataclass, field

from crmbridge.sandbox.salesforce.failures import ApiError
from crmbridge.sandbox.salesforce.fields import NUMERIC, Field
from crmbridge.sandbox.salesforce.schema import Objects, SObject
from crmbridge.sandbox.salesforce.soql import tree
from crmbridge.sandbox.salesforce.soql.parse import pointed

_HINT = (
    " If you are attempting to use a custom field, be sure to append the '__c' after the custom field name. "
    "Please reference your WSDL or the describe call for the appropriate names."
)
_RELATION_HINT = (
    " If you are attempting to use a custom relationship, be sure to append the '__r' after the custom "
    "relationship name. Please reference your WSDL or the describe call for the appropriate names."
)
_TYPE_HINT = (
    " If you are attempting to use a custom object, be sure to append the '__c' after the entity name. "
    "Please reference your WSDL or the describe call for the appropriate names."
)
#: Longest path to a parent.
MAX_LEVELS = 5
_UNCASED = frozenset({"id", "reference", "date", "datetime", "boolean", "int", "anyType"}) | NUMERIC

#: Fields of the Name object, through which polymorphic parents are read.
_NAME_TYPES = {
    "Id": "id", "Name": "string", "Type": "picklist", "IsActive": "boolean", "Email": "email",
    "Phone": "phone", "FirstName": "string", "LastName": "string", "Title": "string", "Alias": "string",
    "Username": "string", "UserRoleId": "reference", "ProfileId": "reference",
}  # fmt: skip
_NAME_FIELDS = {
    name.lower(): Field(name=name, label=name, type=kind, nillable=True) for name, kind in _NAME_TYPES.items()
}


@dataclass(frozen=True, slots=True)
class Node:
    """A record in the query: the object selected from, or a parent."""

    #: Object and SQL alias; several for a polymorphic parent, of which at most one row joins.
    targets: tuple[tuple[SObject, str], ...]
    #: Whether it is read through the Name object.
    names: bool = False

    @property
    def label(self) -> str:
        """Name for ``attributes.type`` and for messages."""
        return "Name" if self.names else self.targets[0][0].name

    @property
    def id_sql(self) -> str:
        """SQL of the record's id."""
        return _first([f'{alias}."Id"' for _, alias in self.targets])

    def column(self, name: str) -> Column | None:
        """Give a field as SQL; None: there is none of this name."""
        if not self.names:
            item, alias = self.targets[0]
            column = item.find(name)
            return None if column is None else Column(column, f'{alias}."{column.name}"', alias)
        column = _NAME_FIELDS.get(name.lower())
        return None if column is None else Column(column, self._name_sql(column), "")

    def _name_sql(self, column: Field) -> str:
        if column.name == "Type":
            cases = " ".join(
                f'WHEN {alias}."Id" IS NOT NULL THEN {_type_sql(*t)}' for t in self.targets for alias in t[1:]
            )
            return f"(CASE {cases} END)"
        having = [f'{alias}."{column.name}"' for item, alias in self.targets if item.has(column.name)]
        return _first(having) + ("" if column.type in _UNCASED else " COLLATE NOCASE")


@dataclass(frozen=True, slots=True)
class Column:
    """A field as SQL."""

    field: Field
    sql: str
    #: SQL alias of its table; "" when it is put together from several.
    table: str


@dataclass(slots=True)
class Names:
    """The FROM clause of one statement, growing with the paths that are looked up."""

    schema: Objects
    statement: str
    source: tree.Source
    root: SObject
    prefix: str = "t"
    joins: list[str] = field(default_factory=list)
    _nodes: dict[tuple[str, ...], Node] = field(default_factory=dict)
    _aliases: int = 0

    def __post_init__(self) -> None:
        self._nodes[()] = Node(((self.root, self._alias()),))

    @property
    def node(self) -> Node:
        """The object selected from."""
        return self._nodes[()]

    @property
    def from_sql(self) -> str:
        """The FROM clause with all joins."""
        return " ".join([f"FROM {self.root.table} AS {self.node.targets[0][1]}", *self.joins])

    def column(self, path: tree.Path) -> Column:
        """Look a field up.

        Raises:
            ApiError: INVALID_FIELD.
        """
        *parents, name = self.local(path)
        node = self.parent(tuple(parents), path)
        column = node.column(name)
        if column is None:
            message = f"No such column '{name}' on entity '{node.label}'.{_HINT}"
            raise pointed(self.statement, path.at, "INVALID_FIELD", message)
        return column

    def local(self, path: tree.Path) -> tuple[str, ...]:
        """Give a path's names without the name or alias of the object selected from."""
        own = {self.source.name.lower(), self.source.alias.lower()} - {""}
        known = len(path.names) > 1 and path.names[0].lower() in own
        return path.names[1:] if known and path.names[0].lower() not in self.root.parents else path.names

    def parent(self, names: tuple[str, ...], path: tree.Path) -> Node:
        """Give the parent at the end of relationship names, joining it when it is new."""
        key = tuple(name.lower() for name in names)
        if key not in self._nodes:
            if len(names) > MAX_LEVELS:
                message = "SOQL relationship path is too long"
                raise pointed(self.statement, path.at, "MALFORMED_QUERY", message)
            self._nodes[key] = self._joined(self.parent(names[:-1], path), names[-1], path)
        return self._nodes[key]

    def reference(self, names: tuple[str, ...], path: tree.Path) -> tuple[Field, str]:
        """Give the reference field behind the last relationship name, and its SQL."""
        found = self._reference(self.parent(names[:-1], path), names[-1])
        if found is None:
            raise self._misunderstood(names[-1], path)
        return found

    def branch(self, reference_sql: str, item: SObject) -> Node:
        """Join one kind of parent, for TYPEOF."""
        return Node(((item, self._join(item, reference_sql)),))

    def _joined(self, node: Node, name: str, path: tree.Path) -> Node:
        found = self._reference(node, name)
        if found is None:
            raise self._misunderstood(name, path)
        reference, sql = found
        items = [item for target in reference.refers_to if (item := self.schema.get(target)) is not None]
        if not items:
            raise self._misunderstood(name, path)
        targets = tuple((item, self._join(item, sql)) for item in items)
        return Node(targets, names=reference.names or len(reference.refers_to) > 1)

    def _reference(self, node: Node, name: str) -> tuple[Field, str] | None:
        if node.names:
            return None
        item, alias = node.targets[0]
        reference = item.parents.get(name.lower())
        return None if reference is None else (reference, f'{alias}."{reference.name}"')

    def _join(self, item: SObject, reference_sql: str) -> str:
        alias = self._alias()
        self.joins.append(f'LEFT JOIN {item.table} AS {alias} ON {alias}."Id" = {reference_sql}')
        return alias

    def _misunderstood(self, name: str, path: tree.Path) -> ApiError:
        message = f"Didn't understand relationship '{name}' in field path.{_RELATION_HINT}"
        return pointed(self.statement, path.at, "INVALID_FIELD", message)

    def _alias(self) -> str:
        self._aliases += 1
        return f"{self.prefix}{self._aliases}"


def unknown_type(statement: str, source: tree.Source) -> ApiError:
    """Build the error for an object that does not exist."""
    message = f"sObject type '{source.name}' is not supported.{_TYPE_HINT}"
    return pointed(statement, source.at, "INVALID_TYPE", message)


def unknown_children(statement: str, source: tree.Source) -> ApiError:
    """Build the error for a child relationship that does not exist."""
    message = f"Didn't understand relationship '{source.name}' in FROM part of query call.{_RELATION_HINT}"
    return pointed(statement, source.at, "INVALID_TYPE", message)


def _first(sqls: list[str]) -> str:
    if not sqls:
        return "NULL"
    return sqls[0] if len(sqls) == 1 else f"coalesce({', '.join(sqls)})"


def _type_sql(item: SObject, alias: str) -> str:
    # A group tells its own kind: the owner of a queued lead is of type "Queue".
    return f'{alias}."Type"' if item.name == "Group" else f"'{item.name}'"
