"""A compiled statement: SQL and the shape of its answer."""

from __future__ import annotations

from dataclasses import dataclass, field
from typing import Any

from crmbridge.sandbox.salesforce.fields import Field
from crmbridge.sandbox.salesforce.schema import SObject
from crmbridge.sandbox.salesforce.soql.names import Names
from crmbridge.sandbox.salesforce.soql.shape import Columns, Shape


@dataclass(frozen=True, slots=True)
class ChildPlan:
    """A subquery for the children of the records of one page."""

    name: str
    plan: Plan
    #: Reference field of the child that points to the parent.
    reference: Field


@dataclass(slots=True)
class Plan:
    """A checked and compiled statement."""

    names: Names
    columns: Columns
    #: "count", "aggregate" or "rows".
    kind: str
    shape: Shape
    where_sql: str = ""
    parameters: list[Any] = field(default_factory=list)
    group_sql: str = ""
    order_sql: str = ""
    limit: int | None = None
    offset: int = 0
    children: list[ChildPlan] = field(default_factory=list)
    #: Names of the columns of an aggregate query, and which are booleans.
    labels: list[tuple[str, bool]] = field(default_factory=list)

    @property
    def root(self) -> SObject:
        """The object selected from."""
        return self.names.root

    @property
    def row_sql(self) -> str:
        """SQL alias of the object selected from."""
        return self.names.node.targets[0][1]

    @property
    def window_sql(self) -> str:
        """LIMIT and OFFSET."""
        if self.limit is None and not self.offset:
            return ""
        return f" LIMIT {-1 if self.limit is None else self.limit} OFFSET {self.offset}"
