"""From a parsed statement to a plan: SQL on the store's tables."""

from __future__ import annotations

from dataclasses import dataclass
from datetime import date
from typing import Any
from zoneinfo import ZoneInfo

from crmbridge.sandbox.salesforce.failures import refuse
from crmbridge.sandbox.salesforce.fields import Field
from crmbridge.sandbox.salesforce.schema import Objects, SObject
from crmbridge.sandbox.salesforce.soql import functions, tree
from crmbridge.sandbox.salesforce.soql.conditions import Conditions
from crmbridge.sandbox.salesforce.soql.lists import SelectList
from crmbridge.sandbox.salesforce.soql.names import Names, unknown_type
from crmbridge.sandbox.salesforce.soql.parse import parse, pointed
from crmbridge.sandbox.salesforce.soql.plan import Plan
from crmbridge.sandbox.salesforce.soql.shape import Columns, Shape

#: Furthest a query may skip rows.
MAX_OFFSET = 2_000


@dataclass(frozen=True, slots=True)
class Planner:
    """Compile statements for one user at one moment."""

    schema: Objects
    #: The user's day and time zone, for relative dates.
    today: date
    zone: ZoneInfo

    def plan(self, statement: str, *, include_deleted: bool = False) -> Plan:
        """Compile a statement.

        Raises:
            ApiError: It is malformed, or names what does not exist or cannot be used this way.
        """
        select = parse(statement)
        root = self.schema.get(select.source.name)
        if root is None:
            raise unknown_type(statement, select.source)
        return _Compiler(self, statement, include_deleted).select(select, root)

    def condition(self, item: SObject, condition: str) -> tuple[str, list[Any]]:
        """Compile a condition on one object to a statement that counts the records."""
        plan = self.plan(f"SELECT COUNT() FROM {item.name} WHERE {condition}")  # noqa: S608 - parsed, not executed as SQL
        return f"SELECT count(*) {plan.names.from_sql}{plan.where_sql}", plan.parameters


@dataclass(slots=True)
class _Compiler:
    planner: Planner
    statement: str
    include_deleted: bool
    depth: int = 0

    def select(self, select: tree.Select, root: SObject, prefix: str = "t") -> Plan:
        names = Names(self.planner.schema, self.statement, select.source, root, prefix)
        conditions = self._conditions(names)
        columns = Columns()
        shape = Shape(names.node, columns.index(names.node.id_sql))
        plan = Plan(names, columns, _kind(select), shape, limit=select.limit, offset=select.offset)
        self._list(select, plan)
        self._where(select, plan, conditions)
        self._grouping(select, plan, conditions)
        plan.order_sql = self._order(select, plan)
        plan.parameters = conditions.parameters
        if select.offset > MAX_OFFSET:
            raise refuse("NUMBER_OUTSIDE_VALID_RANGE", f"Maximum SOQL offset allowed is {MAX_OFFSET}")
        return plan

    def _conditions(self, names: Names) -> Conditions:
        return Conditions(
            names,
            self.planner.today,
            self.planner.zone,
            self._subselect,
            lambda call: functions.compile_call(names, call),
        )

    def _subselect(self, select: tree.Select) -> tuple[str, list[Any]]:
        self.depth += 1
        root = self.planner.schema.get(select.source.name)
        if root is None:
            raise unknown_type(self.statement, select.source)
        plan = self.select(select, root, prefix=f"s{self.depth}_")
        if plan.kind != "rows" or len(select.items) != 1 or not isinstance(select.items[0].what, tree.Path):
            raise refuse("MALFORMED_QUERY", "The inner select of a semi join must select one field")
        sql = plan.columns.sqls[next(iter(plan.shape.values.values()), 0)]
        return f"SELECT {sql} {plan.names.from_sql}{plan.where_sql} AND {sql} IS NOT NULL", plan.parameters

    def _list(self, select: tree.Select, plan: Plan) -> None:
        SelectList(self.planner.schema, self.statement, plan, self.select).fill(select)

    def _where(self, select: tree.Select, plan: Plan, conditions: Conditions) -> None:
        alias = plan.row_sql
        parts = []
        if not self.include_deleted:
            parts += [f'{alias}."{flag}" = 0' for flag in ("IsDeleted", "IsArchived") if plan.root.has(flag)]
        if select.where is not None:
            parts.append(conditions.sql(select.where))
        plan.where_sql = " WHERE " + " AND ".join(parts or ["1"])

    def _grouping(self, select: tree.Select, plan: Plan, conditions: Conditions) -> None:
        if select.having is not None and not select.group:
            raise refuse("MALFORMED_QUERY", "having clause must be used with group by")
        if select.group:
            plan.group_sql = " GROUP BY " + ", ".join(self._group_key(key, plan) for key in select.group)
        if select.having is not None:
            plan.group_sql += " HAVING " + conditions.sql(select.having)

    def _group_key(self, key: tree.Path | tree.Call, plan: Plan) -> str:
        if isinstance(key, tree.Call):
            return functions.compile_call(plan.names, key)[0]
        column = plan.names.column(key)
        if not column.field.groupable:
            message = f"field '{column.field.name}' can not be grouped in a query call"
            raise pointed(self.statement, key.at, "MALFORMED_QUERY", message)
        return column.sql

    def _order(self, select: tree.Select, plan: Plan) -> str:
        keys = [self._order_key(key, select, plan) for key in select.order]
        if plan.kind == "rows":
            # The plus keeps SQLite from walking the whole table in this order instead of using an index.
            plus = "" if keys or select.where is None else "+"
            keys.append(f"{plus}{plan.row_sql}.rowid")
        return " ORDER BY " + ", ".join(keys) if keys else ""

    def _order_key(self, key: tree.Order, select: tree.Select, plan: Plan) -> str:
        sql, column = self._order_column(key, plan)
        if (
            plan.kind == "aggregate"
            and not functions.is_aggregate(key.what)
            and not _is_grouped(key.what, select)
        ):
            raise refuse("MALFORMED_QUERY", f"Ordered field must be grouped or aggregated: {column.name}")
        if not column.sortable:
            raise refuse("MALFORMED_QUERY", f"field '{column.name}' can not be sorted in a query call")
        nulls = "LAST" if key.nulls_last else "FIRST"
        return f"{sql} {'DESC' if key.descending else 'ASC'} NULLS {nulls}"

    def _order_column(self, key: tree.Order, plan: Plan) -> tuple[str, Field]:
        if isinstance(key.what, tree.Call):
            return functions.compile_call(plan.names, key.what)
        column = plan.names.column(key.what)
        return column.sql, column.field


def _kind(select: tree.Select) -> str:
    first = select.items[0].what
    if isinstance(first, tree.Call) and first.name == "count" and not first.args:
        if len(select.items) > 1 or select.group:
            raise refuse("MALFORMED_QUERY", "count() must be the only thing selected")
        return "count"
    grouped = select.group or any(functions.is_aggregate(item.what) for item in select.items)
    return "aggregate" if grouped else "rows"


def _is_grouped(what: tree.Path | tree.Call, select: tree.Select) -> bool:
    return _plain(what) in {_plain(key) for key in select.group}


def _plain(what: tree.Path | tree.Call) -> str:
    if isinstance(what, tree.Path):
        return ".".join(what.names).lower()
    return f"{what.name}({', '.join(_plain(arg) for arg in what.args)})"
