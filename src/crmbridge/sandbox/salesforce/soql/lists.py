"""The SELECT list: fields, parents, children, TYPEOF, FIELDS() and the columns of aggregate queries."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass

from crmbridge.sandbox.salesforce.failures import refuse
from crmbridge.sandbox.salesforce.schema import Objects, SObject
from crmbridge.sandbox.salesforce.soql import functions, tree
from crmbridge.sandbox.salesforce.soql.names import Column, Node, unknown_children
from crmbridge.sandbox.salesforce.soql.parse import pointed
from crmbridge.sandbox.salesforce.soql.plan import ChildPlan, Plan
from crmbridge.sandbox.salesforce.soql.shape import Shape, address_parts

#: Most records when FIELDS() asks for custom fields.
MAX_FIELDS_LIMIT = 200


@dataclass(slots=True)
class SelectList:
    """Fill a plan with what its statement selects."""

    schema: Objects
    statement: str
    plan: Plan
    child: Callable[[tree.Select, SObject], Plan]

    def fill(self, select: tree.Select) -> None:
        """Add every item of the list."""
        if self.plan.kind == "count":
            return
        for item in select.items:
            if self.plan.kind == "aggregate":
                self._aggregate(item, select)
            else:
                self._item(item, select)

    def _item(self, item: tree.Item, select: tree.Select) -> None:
        match item.what:
            case tree.Path():
                self._field(item.what)
            case tree.Select():
                self._children(item.what)
            case tree.TypeOf():
                self._type_of(item.what)
            case tree.Call(name="fields"):
                self._all_fields(item.what, select)
            case tree.Call():
                sql, column = functions.compile_call(self.plan.names, item.what)
                name = item.alias or column.name
                self.plan.shape.add_value(
                    name, self.plan.columns.index(sql), boolean=column.type == "boolean"
                )

    def _field(self, path: tree.Path) -> None:
        column = self.plan.names.column(path)
        *parents, _name = self.plan.names.local(path)
        shape = self.plan.shape
        for depth in range(1, len(parents) + 1):
            shape = self._parent(shape, tuple(parents[:depth]), path)
        if column.field.name in shape.order:
            message = f"duplicate field selected: {column.field.name}"
            raise pointed(self.statement, path.at, "INVALID_FIELD", message)
        self._add(shape, column)

    def _add(self, shape: Shape, column: Column) -> None:
        if column.field.type == "address":
            parts = {
                key: self.plan.columns.index(f'{column.table}."{name}"')
                for key, name in address_parts(shape.node.targets[0][0], column.field.name).items()
            }
            shape.add_address(column.field.name, parts)
            return
        index = self.plan.columns.index(column.sql)
        shape.add_value(column.field.name, index, boolean=column.field.type == "boolean")

    def _parent(self, shape: Shape, names: tuple[str, ...], path: tree.Path) -> Shape:
        reference, _sql = self.plan.names.reference(names, path)
        name = reference.relationship or ""
        if name not in shape.parents:
            node = self.plan.names.parent(names, path)
            shape.parents[name] = Shape(node, self.plan.columns.index(node.id_sql))
            shape.order.append(name)
        return shape.parents[name]

    def _children(self, select: tree.Select) -> None:
        own, _, wanted = select.source.name.lower().rpartition(".")
        if own and own != self.plan.root.name.lower():
            raise unknown_children(self.statement, select.source)
        for item, reference in self.schema.children(self.plan.root.name):
            if (reference.child or "").lower() == wanted:
                plan = self.child(select, item)
                if plan.kind != "rows":
                    raise refuse("MALFORMED_QUERY", "aggregates are not allowed in a subquery")
                self.plan.children.append(ChildPlan(reference.child or "", plan, reference))
                return
        raise unknown_children(self.statement, select.source)

    def _type_of(self, type_of: tree.TypeOf) -> None:
        names = self.plan.names.local(type_of.path)
        reference, sql = self.plan.names.reference(names, type_of.path)
        if len(reference.refers_to) < 2:
            raise refuse("MALFORMED_QUERY", f"{names[-1]} is not polymorphic")
        name = reference.relationship or ""
        self.plan.shape.order.append(name)
        self.plan.shape.branches[name] = [
            shape for target in reference.refers_to for shape in self._branch(target, sql, type_of)
        ]

    def _branch(self, target: str, sql: str, type_of: tree.TypeOf) -> list[Shape]:
        item = self.schema.get(target)
        cases = [case for case in type_of.cases if case.object.lower() in (target.lower(), "")]
        if item is None:
            return []
        node = self.plan.names.branch(sql, item)
        shape = Shape(node, self.plan.columns.index(node.id_sql))
        for path in cases[0].fields if cases else ():
            self._branch_field(shape, node, path, strict=bool(cases[0].object))
        return [shape]

    def _branch_field(self, shape: Shape, node: Node, path: tree.Path, *, strict: bool) -> None:
        column = node.column(path.names[-1])
        if column is not None:
            self._add(shape, column)
        elif strict:
            message = f"No such column '{path.names[-1]}' on entity '{node.label}'."
            raise pointed(self.statement, path.at, "INVALID_FIELD", message)

    def _all_fields(self, call: tree.Call, select: tree.Select) -> None:
        which = call.args[0].names[0].lower() if call.args and isinstance(call.args[0], tree.Path) else ""
        if which not in ("all", "standard", "custom"):
            raise pointed(self.statement, call.at, "MALFORMED_QUERY", "unexpected token: 'FIELDS'")
        if which != "standard" and (select.limit is None or select.limit > MAX_FIELDS_LIMIT):
            message = f"The SOQL FIELDS function must have a LIMIT of at most {MAX_FIELDS_LIMIT}"
            raise refuse("MALFORMED_QUERY", message)
        for column in self.plan.root.fields.values():
            if which == "all" or column.custom == (which == "custom"):
                self._field(tree.Path((column.name,), call.at))

    def _aggregate(self, item: tree.Item, select: tree.Select) -> None:
        if not isinstance(item.what, tree.Path | tree.Call):
            raise refuse("MALFORMED_QUERY", "subqueries are not allowed in an aggregate query")
        if isinstance(item.what, tree.Call):
            sql, column = functions.compile_call(self.plan.names, item.what)
            unnamed = sum(1 for label, _ in self.plan.labels if label.startswith("expr"))
            name = item.alias or f"expr{unnamed}"
        else:
            found = self.plan.names.column(item.what)
            sql, column, name = found.sql, found.field, item.alias or found.field.name
        if not functions.is_aggregate(item.what):
            self._must_be_grouped(item.what, select)
        if name in (label for label, _ in self.plan.labels):
            raise pointed(self.statement, item.what.at, "MALFORMED_QUERY", f"duplicate alias: {name}")
        self.plan.columns.sqls.append(sql)
        self.plan.labels.append((name, column.type == "boolean"))

    def _must_be_grouped(self, what: tree.Path | tree.Call, select: tree.Select) -> None:
        keys = {self._sql(key) for key in select.group}
        if self._sql(what) not in keys:
            name = what.names[-1] if isinstance(what, tree.Path) else what.name
            message = f"Field must be grouped or aggregated: {name}"
            raise pointed(self.statement, what.at, "MALFORMED_QUERY", message)

    def _sql(self, what: tree.Path | tree.Call) -> str:
        if isinstance(what, tree.Call):
            return functions.compile_call(self.plan.names, what)[0]
        return self.plan.names.column(what).sql
