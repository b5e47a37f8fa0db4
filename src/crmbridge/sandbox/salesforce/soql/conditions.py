"""WHERE and HAVING: typing rules, then SQL that is two-valued, as SOQL's conditions are."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass, field
from datetime import date
from typing import Any
from zoneinfo import ZoneInfo

from crmbridge.sandbox.salesforce import ids
from crmbridge.sandbox.salesforce.failures import ApiError, refuse
from crmbridge.sandbox.salesforce.fields import NUMERIC, REFERENCES, Field
from crmbridge.sandbox.salesforce.soql import dates, tree
from crmbridge.sandbox.salesforce.soql.names import Names
from crmbridge.sandbox.salesforce.soql.parse import pointed, text_of
from crmbridge.sandbox.salesforce.values import parse_date, parse_datetime

#: Longest text compared with.
MAX_TEXT = 4_000
_EQUALITY = {"=": "IS", "!=": "IS NOT"}
_SHOWN = {"datetime": "dateTime", "int": "int", "boolean": "boolean", "date": "date"}


@dataclass(slots=True)
class Conditions:
    """Compile the conditions of one statement; parameters are collected in the order of the SQL."""

    names: Names
    today: date
    zone: ZoneInfo
    #: Compiles a subquery to SQL: of a semi-join.
    subselect: Callable[[tree.Select], tuple[str, list[Any]]]
    #: Compiles a function; the field tells the type of its result.
    function: Callable[[tree.Call], tuple[str, Field]]
    parameters: list[Any] = field(default_factory=list)

    def sql(self, condition: tree.Condition) -> str:
        """Compile a condition."""
        match condition:
            case tree.Not(part):
                return f"NOT ifnull({self.sql(part)}, 0)"
            case tree.All(parts):
                return _balanced([self.sql(part) for part in parts], " AND ")
            case tree.Some(parts):
                return _balanced([self.sql(part) for part in parts], " OR ")
            case tree.Compare():
                return self._compare(condition)
            case tree.Within():
                return self._within(condition)
            case tree.WithinSelect():
                return self._within_select(condition)

    def _left(self, left: tree.Path | tree.Call) -> tuple[str, Field]:
        if isinstance(left, tree.Call):
            return self.function(left)
        column = self.names.column(left)
        if not column.field.filterable or column.field.type == "address":
            message = f"field '{column.field.name}' can not be filtered in a query call"
            raise pointed(self.names.statement, left.at, "INVALID_FIELD", message)
        return column.sql, column.field

    def _compare(self, condition: tree.Compare) -> str:
        sql, column = self._left(condition.left)
        operator, literal = condition.operator, condition.right
        self._fits_operator(column, operator)
        if literal.kind == "range":
            return self._ranged(sql, column, operator, literal)
        value = self._operand(column, literal, pattern=operator == "like")
        if value is None and operator not in _EQUALITY:
            raise refuse("INVALID_QUERY_FILTER_OPERATOR", f"invalid operator on null for {column.name}")
        self.parameters.append(value)
        if operator == "like":
            return f"{sql} LIKE ? ESCAPE '\\'"
        return f"{sql} {_EQUALITY.get(operator, operator)} ?"

    def _fits_operator(self, column: Field, operator: str) -> None:
        wrong = (
            (operator == "like" and (column.type in REFERENCES or not _is_text(column)))
            or (column.type == "boolean" and operator not in _EQUALITY)
            or (operator in ("includes", "excludes") and column.type != "multipicklist")
        )
        if wrong:
            kind = _SHOWN.get(column.type, column.type)
            raise refuse("INVALID_QUERY_FILTER_OPERATOR", f"invalid operator on {kind} field")

    def _within(self, condition: tree.Within) -> str:
        sql, column = self._left(condition.left)
        if condition.operator in ("includes", "excludes"):
            return self._picks(sql, column, condition)
        if any(literal.kind == "range" for literal in condition.values):
            raise self._mismatch(column, condition.values[0])
        values = [self._operand(column, literal) for literal in condition.values]
        self.parameters += [value for value in values if value is not None]
        marks = ", ".join("?" for value in values if value is not None)
        within = f"{sql} IN ({marks})"
        if None in values:
            within = f"({within} OR {sql} IS NULL)"
        return within if condition.operator == "in" else f"NOT ifnull({within}, 0)"

    def _picks(self, sql: str, column: Field, condition: tree.Within) -> str:
        self._fits_operator(column, condition.operator)
        options = []
        for literal in condition.values:
            picks = str(self._operand(column, literal) or "").split(";")
            self.parameters += [f";{pick.strip().lower()};" for pick in picks]
            options.append(" AND ".join([f"instr(';' || lower({sql}) || ';', ?) > 0"] * len(picks)))
        included = "(" + " OR ".join(f"({option})" for option in options) + ")"
        return included if condition.operator == "includes" else f"NOT ifnull({included}, 0)"

    def _within_select(self, condition: tree.WithinSelect) -> str:
        sql, column = self._left(condition.left)
        if column.type not in REFERENCES:
            message = f"semi join requires an id or reference field: {column.name}"
            raise refuse("MALFORMED_QUERY", message)
        inner, values = self.subselect(condition.select)
        self.parameters += values
        within = f"{sql} IN ({inner})"
        return within if condition.operator == "in" else f"NOT ifnull({within}, 0)"

    def _ranged(self, sql: str, column: Field, operator: str, literal: tree.Literal) -> str:
        span = dates.span(literal.text, self.today)
        if span is None:
            raise pointed(
                self.names.statement, literal.at, "MALFORMED_QUERY", f"unexpected token: '{literal.text}'"
            )
        if column.type not in ("date", "datetime"):
            raise self._mismatch(column, literal)
        ends = [day.isoformat() if column.type == "date" else dates.to_utc(day, self.zone) for day in span]
        if operator in _EQUALITY:
            self.parameters += ends
            inside = f"({sql} >= ? AND {sql} < ?)"
            return inside if operator == "=" else f"NOT ifnull({inside}, 0)"
        self.parameters.append(ends[0] if operator in ("<", ">=") else ends[1])
        return f"{sql} {'<' if operator in ('<', '<=') else '>='} ?"

    def _operand(self, column: Field, literal: tree.Literal, *, pattern: bool = False) -> Any:
        if literal.kind == "null":
            return None
        if literal.kind != _kind(column):
            raise self._mismatch(column, literal)
        if literal.kind == "string":
            return self._text(column, text_of(literal, pattern=pattern))
        value = _VALUES[literal.kind](literal.text)
        if value is None:
            raise self._mismatch(column, literal)
        return value

    def _text(self, column: Field, text: str) -> str | None:
        if len(text) > MAX_TEXT:
            raise refuse("INVALID_QUERY_FILTER_OPERATOR", "filter value is too long")
        if column.type not in REFERENCES:
            return text or None  # an empty text is stored as null
        long_id = ids.to_long(text) if text else None
        if text and long_id is None:
            raise pointed(
                self.names.statement, 0, "INVALID_QUERY_FILTER_OPERATOR", f"invalid ID field: {text}"
            )
        return long_id

    def _mismatch(self, column: Field, literal: tree.Literal) -> ApiError:
        wanted = "string" if _kind(column) == "string" else _SHOWN.get(column.type, column.type)
        quotes = "should be enclosed in quotes" if wanted == "string" else "should not be enclosed in quotes"
        message = f"value of filter criterion for field '{column.name}' must be of type {wanted} and {quotes}"
        return pointed(self.names.statement, literal.at, "INVALID_FIELD", message)


def _balanced(sqls: list[str], joint: str) -> str:
    # SQLite allows expressions 1,000 deep, and reads a chain as a tree that leans to one side.
    if len(sqls) <= 2:
        return f"({joint.join(sqls)})"
    middle = len(sqls) // 2
    return f"({_balanced(sqls[:middle], joint)}{joint}{_balanced(sqls[middle:], joint)})"


def _is_text(column: Field) -> bool:
    return _kind(column) == "string"


def _kind(column: Field) -> str:
    if column.type in NUMERIC or column.type == "int":
        return "number"
    return column.type if column.type in ("boolean", "date", "datetime") else "string"


_VALUES: dict[str, Callable[[str], Any]] = {
    "number": float,
    "boolean": lambda text: int(text.lower() == "true"),
    "date": parse_date,
    "datetime": parse_datetime,
}
