"""From text to tree: the grammar, and syntax errors in the service's words."""

from __future__ import annotations

from functools import lru_cache
from typing import Any, NoReturn

from lark import Lark, Token, Transformer, UnexpectedInput, UnexpectedToken
from lark.exceptions import VisitError

from crmbridge.sandbox.salesforce.failures import ApiError, refuse
from crmbridge.sandbox.salesforce.soql import tree

#: Longest statement, in characters.
MAX_STATEMENT = 100_000

# Keywords are regular expressions, so that an object or field may be called like one ("FROM Group"): the
# contextual lexer only looks for what can come next.
_GRAMMAR = r"""
select: SELECT items FROM source scope? where? with_? group? having? order? limit? offset? for_*
?items: item ("," item)*               -> items
item: (path | call) NAME?              -> item
    | typeof                           -> item
    | "(" select ")"                   -> item
typeof: TYPEOF path case+ otherwise? END
case: WHEN NAME THEN path ("," path)*
otherwise: ELSE path ("," path)*
source: PATH AS? NAME?
scope: USING SCOPE NAME
where: WHERE condition
with_: WITH NAME
group: GROUP_BY (path | call) ("," (path | call))*
having: HAVING condition
order: ORDER_BY key ("," key)*
key: (path | call) (ASC | DESC)? (NULLS_FIRST | NULLS_LAST)?
limit: LIMIT NUMBER
offset: OFFSET NUMBER
for_: FOR NAME ("," NAME)*

?condition: unit
          | unit (AND unit)+           -> all_of
          | unit (OR unit)+            -> some_of
?unit: NOT unit                        -> negated
     | "(" condition ")"
     | (path | call) OPERATOR literal          -> compare
     | (path | call) LIKE literal              -> compare
     | (path | call) (IN | NOT_IN | INCLUDES | EXCLUDES) "(" literal ("," literal)* ")" -> within
     | (path | call) (IN | NOT_IN) "(" select ")"                                        -> within_select
literal: STRING | NUMBER | DATETIME | DATE | TRUE | FALSE | NULL | RANGE_N | RANGE
path: PATH
call: FUNCTION "(" ((path | call) ("," (path | call))*)? ")"

SELECT.4: /select\b/i
FROM.4: /from\b/i
TYPEOF.4: /typeof\b/i
WHEN.4: /when\b/i
THEN.4: /then\b/i
ELSE.4: /else\b/i
END.4: /end\b/i
AS.4: /as\b/i
USING.4: /using\b/i
SCOPE.4: /scope\b/i
WHERE.4: /where\b/i
WITH.4: /with\b/i
GROUP_BY.4: /group\s+by\b/i
HAVING.4: /having\b/i
ORDER_BY.4: /order\s+by\b/i
LIMIT.4: /limit\b/i
OFFSET.4: /offset\b/i
FOR.4: /for\b/i
ASC.4: /asc\b/i
DESC.4: /desc\b/i
NULLS_FIRST.4: /nulls\s+first\b/i
NULLS_LAST.4: /nulls\s+last\b/i
AND.4: /and\b/i
OR.4: /or\b/i
NOT_IN.5: /not\s+in\b/i
NOT.4: /not\b/i
IN.4: /in\b/i
LIKE.4: /like\b/i
INCLUDES.4: /includes\b/i
EXCLUDES.4: /excludes\b/i
TRUE.4: /true\b/i
FALSE.4: /false\b/i
NULL.4: /null\b/i
OPERATOR: /!=|<>|<=|>=|=|<|>/
STRING: /'(?:[^'\\]|\\.)*'/s
DATETIME.3: /\d{4}-\d\d-\d\dT\d\d:\d\d:\d\d(?:\.\d+)?(?:Z|[+-]\d\d:?\d\d)/i
DATE.2: /\d{4}-\d\d-\d\d/
NUMBER: /[+-]?(?:\d+(?:\.\d*)?|\.\d+)(?:[eE][+-]?\d+)?/
RANGE_N.3: /[a-z][a-z_]*:\d+/i
RANGE.2: /[a-z][a-z0-9_]*/i
FUNCTION.3: /[a-z]\w*(?=\s*\()/i
PATH: /[a-z]\w*(?:\s*\.\s*[a-z]\w*)*/i
NAME: /[a-z]\w*/i
%ignore /\s+/
"""

_ESCAPES = {"n": "\n", "r": "\r", "t": "\t", "b": "\b", "f": "\f"}
_KINDS = {"TRUE": "boolean", "FALSE": "boolean", "RANGE_N": "range"}


class _Tree(Transformer[Token, tree.Select]):
    """Build our tree; one method for each rule of the grammar."""

    def path(self, parts: list[Token]) -> tree.Path:
        names = tuple(name.strip() for name in parts[0].split("."))
        return tree.Path(names, parts[0].start_pos or 0)

    def call(self, parts: list[Any]) -> tree.Call:
        return tree.Call(parts[0].lower(), tuple(parts[1:]), parts[0].start_pos)

    def literal(self, parts: list[Token]) -> tree.Literal:
        token = parts[0]
        text = token[1:-1] if token.type == "STRING" else str(token)
        return tree.Literal(_KINDS.get(token.type, token.type.lower()), text, token.start_pos or 0)

    def compare(self, parts: list[Any]) -> tree.Compare:
        operator = parts[1].lower().replace("<>", "!=")
        return tree.Compare(parts[0], operator, parts[2])

    def within(self, parts: list[Any]) -> tree.Within:
        return tree.Within(parts[0], " ".join(parts[1].lower().split()), tuple(parts[2:]))

    def within_select(self, parts: list[Any]) -> tree.WithinSelect:
        return tree.WithinSelect(parts[0], " ".join(parts[1].lower().split()), parts[2])

    def negated(self, parts: list[Any]) -> tree.Not:
        return tree.Not(parts[1])

    def all_of(self, parts: list[Any]) -> tree.All:
        return tree.All(tuple(parts[::2]))

    def some_of(self, parts: list[Any]) -> tree.Some:
        return tree.Some(tuple(parts[::2]))

    def typeof(self, parts: list[Any]) -> tree.TypeOf:
        return tree.TypeOf(parts[1], tuple(part for part in parts[2:] if isinstance(part, tree.Case)))

    def case(self, parts: list[Any]) -> tree.Case:
        return tree.Case(str(parts[1]), tuple(parts[3:]), parts[1].start_pos)

    def otherwise(self, parts: list[Any]) -> tree.Case:
        return tree.Case("", tuple(parts[1:]), parts[0].start_pos)

    def item(self, parts: list[Any]) -> tree.Item:
        return tree.Item(parts[0], str(parts[1]) if len(parts) > 1 else "")

    def items(self, parts: list[tree.Item]) -> tuple[tree.Item, ...]:
        return tuple(parts)

    def source(self, parts: list[Token]) -> tree.Source:
        alias = str(parts[-1]) if len(parts) > 1 else ""
        return tree.Source(str(parts[0]), alias, parts[0].start_pos or 0)

    def key(self, parts: list[Any]) -> tree.Order:
        words = {part.type for part in parts[1:]}
        return tree.Order(parts[0], "DESC" in words, "NULLS_LAST" in words)

    def where(self, parts: list[Any]) -> tuple[str, Any]:
        return "where", parts[1]

    def having(self, parts: list[Any]) -> tuple[str, Any]:
        return "having", parts[1]

    def group(self, parts: list[Any]) -> tuple[str, Any]:
        return "group", tuple(parts[1:])

    def order(self, parts: list[Any]) -> tuple[str, Any]:
        return "order", tuple(parts[1:])

    def limit(self, parts: list[Token]) -> tuple[str, Any]:
        return "limit", _whole(parts[1])

    def offset(self, parts: list[Token]) -> tuple[str, Any]:
        return "offset", _whole(parts[1])

    def scope(self, _parts: list[Any]) -> tuple[str, Any]:
        return "", None

    with_ = for_ = scope

    def select(self, parts: list[Any]) -> tree.Select:
        _select, items, _from, source, *clauses = parts
        given: dict[str, Any] = dict(clauses)
        given.pop("", None)
        empty = {"where": None, "group": (), "having": None, "order": (), "limit": None, "offset": 0}
        return tree.Select(items=items, source=source, **{**empty, **given})


def _whole(token: Token) -> int:
    if not token.isdecimal():
        raise refuse("MALFORMED_QUERY", f"unexpected token: '{token}'")
    return int(token[:18])


_PARSER = Lark(_GRAMMAR, start="select", parser="lalr", lexer="contextual", maybe_placeholders=False)


@lru_cache(maxsize=256)
def parse(statement: str) -> tree.Select:
    """Read a SOQL statement.

    Raises:
        ApiError: MALFORMED_QUERY.
    """
    if len(statement) > MAX_STATEMENT:
        raise refuse("QUERY_TOO_COMPLICATED", "SOQL statement is too long")
    try:
        return _Tree().transform(_PARSER.parse(statement))
    except UnexpectedInput as problem:
        _refuse_syntax(statement, problem)
    except VisitError as problem:
        if isinstance(problem.orig_exc, ApiError):
            raise problem.orig_exc from None
        raise
    except RecursionError:
        raise refuse("QUERY_TOO_COMPLICATED", "SOQL statement is nested too deeply") from None


def _refuse_syntax(statement: str, problem: UnexpectedInput) -> NoReturn:
    at = int(getattr(problem, "pos_in_stream", 0) or 0)
    if isinstance(problem, UnexpectedToken) and problem.token.type == "$END":
        raise refuse("MALFORMED_QUERY", "unexpected token: '<EOF>'") from None
    word = statement[at:].split(maxsplit=1)[:1] or ["<EOF>"]
    raise pointed(statement, at, "MALFORMED_QUERY", f"unexpected token: '{word[0][:80]}'") from None


def pointed(statement: str, at: int, code: str, message: str) -> ApiError:
    """Build an error that shows the line of the statement with a mark under the place."""
    row = statement.count("\n", 0, at) + 1
    column = at - (statement.rfind("\n", 0, at) + 1) + 1
    line = statement.split("\n")[row - 1]
    mark = " " * (column - 1) + "^"
    return refuse(code, f"\n{line}\n{mark}\nERROR at Row:{row}:Column:{column}\n{message}")


def text_of(literal: tree.Literal, *, pattern: bool = False) -> str:
    """Give the text of a string literal; for LIKE its escapes stay escaped."""
    if "\\" not in literal.text and not pattern:
        return literal.text
    kept: list[str] = []
    chars = iter(literal.text)
    for char in chars:
        kept.append(_unescaped(next(chars, ""), pattern=pattern) if char == "\\" else char)
    return "".join(kept)


def _unescaped(char: str, *, pattern: bool) -> str:
    if pattern and char in "%_\\":
        return "\\" + char
    return _ESCAPES.get(char, char)
