"""SOSL: what ``FIND {word} IN ALL FIELDS RETURNING Lead(Id, Name)`` asks for.

The part in an object's brackets is SOQL and is read by its parser.
"""

from __future__ import annotations

import re
from collections.abc import Iterator
from dataclasses import dataclass, field

from crmbridge.sandbox.salesforce.failures import ApiError, refuse

#: Records one search gives at most (SOSL limits, checked 2026-11-21).
MAX_RECORDS = 2_000
#: Characters a search term may have.
MAX_TERM = 10_000
#: Stars of one word; more would let a pattern run for minutes.
_MAX_STARS = 2
_FIND = re.compile(r"\s*find\s*(?:\{((?:[^{}\\]|\\.)*)\}|'((?:[^'\\]|\\.)*)')\s*", re.IGNORECASE | re.DOTALL)
_IN = re.compile(r"in\s+(all|name|email|phone|sidebar)\s+fields\b\s*", re.IGNORECASE)
_RETURNING = re.compile(r"returning\b\s*", re.IGNORECASE)
_NAME = re.compile(r"[A-Za-z]\w*\s*")
_LIMIT = re.compile(r"limit\s+(\d{1,9})\s*", re.IGNORECASE)
_WITH = re.compile(r"(?:with|update)\s+[^()]*?(?=\blimit\b|$)", re.IGNORECASE | re.DOTALL)
_CLAUSES = re.compile(r"\b(?:using|where|order\s+by|limit|offset)\b", re.IGNORECASE)
_USING = re.compile(r"\busing\s+listview\s*=\s*\w+", re.IGNORECASE)
_TERM = re.compile(r'"([^"]*)"|(\()|(\))|([^\s()"]+)')

#: Alternatives, each of words and whether they must be missing.
Alternatives = list[list[tuple[bool, re.Pattern[str]]]]


@dataclass(frozen=True, slots=True)
class Wanted:
    """One object of RETURNING."""

    object: str
    #: "Id, Name"; "" asks for ids only.
    fields: str = ""
    #: The clauses behind the fields: " WHERE … ORDER BY … LIMIT …".
    clauses: str = ""

    @property
    def soql(self) -> str:
        """The query that reads the records."""
        return f"SELECT {self.fields or 'Id'} FROM {self.object} {self.clauses}"  # noqa: S608 - SOQL, parsed and compiled like any other


@dataclass(frozen=True, slots=True)
class Search:
    """A search that was asked for."""

    term: str
    #: "all", "name", "email", "phone" or "sidebar".
    group: str = "all"
    #: Empty: every object that can be searched.
    wanted: tuple[Wanted, ...] = field(default_factory=tuple)
    limit: int = MAX_RECORDS


def parse(statement: str) -> Search:
    """Read a SOSL statement.

    Raises:
        ApiError: MALFORMED_SEARCH.
    """
    found = _FIND.match(statement)
    if found is None:
        raise malformed("No search term found. The search term must be enclosed in braces.")
    at = found.end()
    group, at = _taken(_IN, statement, at)
    wanted, at = _returning(statement, at)
    skipped = _WITH.match(statement, at)
    at = skipped.end() if skipped else at
    limit, at = _taken(_LIMIT, statement, at)
    if statement[at:].strip():
        raise malformed(f"unexpected token: {statement[at:].split(maxsplit=1)[0][:80]}")
    return Search(
        _unescaped(found[1] if found[1] is not None else found[2]),
        group.lower() or "all",
        wanted,
        min(int(limit or MAX_RECORDS), MAX_RECORDS),
    )


def malformed(message: str) -> ApiError:
    """Build the error of a search that cannot be read."""
    return refuse("MALFORMED_SEARCH", message)


def matcher(term: str) -> Alternatives:
    """Compile a search term: alternatives of words that must all be there, or must not.

    Words match whole words in any case; ``*`` stands for any characters, ``?`` for one. A term between
    quotes matches its words in a row. AND, OR and AND NOT join terms; a blank is AND.

    Raises:
        ApiError: MALFORMED_SEARCH: it is too short, too long or has no word in it.
    """
    if len(re.sub(r"\W", "", term)) < 2:
        raise malformed(f"search term must be longer than one character: {term[:80]}")
    if len(term) > MAX_TERM:
        raise malformed("search term is too long")
    alternatives: Alternatives = [[]]
    negated = False
    for word, phrase in _words(term):
        operator = "" if phrase else word.upper()
        if operator == "OR":
            alternatives.append([])
        elif operator == "NOT":
            negated = True
        elif operator != "AND":
            alternatives[-1].append((negated, _pattern(word)))
            negated = False
    return [words for words in alternatives if words]


def fulfils(alternatives: Alternatives, text: str) -> bool:
    """Tell whether a record's text has what a compiled term asks for."""
    return any(
        all((pattern.search(text) is None) == negated for negated, pattern in words) for words in alternatives
    )


def _words(term: str) -> Iterator[tuple[str, bool]]:
    for match in _TERM.finditer(term):
        if match[1] is not None:
            yield match[1], True
        elif match[4]:
            yield match[4], False


def _pattern(word: str) -> re.Pattern[str]:
    tokens = re.findall(r"[\w*?]+", re.sub(r"\*+", "*", word))
    if not tokens:
        return re.compile(r"(?!)")
    if any(token.count("*") > _MAX_STARS for token in tokens):
        raise malformed("too many wildcards in a search term")
    spelled = [re.escape(token).replace(r"\*", r"\w*").replace(r"\?", r"\w") for token in tokens]
    return re.compile(r"(?<!\w)" + r"\W+".join(spelled) + r"(?!\w)", re.IGNORECASE)


def _taken(pattern: re.Pattern[str], statement: str, at: int) -> tuple[str, int]:
    match = pattern.match(statement, at)
    return (match[1], match.end()) if match else ("", at)


def _returning(statement: str, at: int) -> tuple[tuple[Wanted, ...], int]:
    begin = _RETURNING.match(statement, at)
    if begin is None:
        return (), at
    wanted: list[Wanted] = []
    at = begin.end()
    while True:
        name = _NAME.match(statement, at)
        if name is None:
            raise malformed("an object is expected behind RETURNING")
        inner, at = _brackets(statement, name.end())
        wanted.append(_wanted(name[0].strip(), inner))
        if statement[at : at + 1] != ",":
            return tuple(wanted), at
        at = _past_blanks(statement, at + 1)


def _wanted(name: str, inner: str) -> Wanted:
    clause = _CLAUSES.search(inner)
    split = clause.start() if clause else len(inner)
    return Wanted(name, inner[:split].strip(), _USING.sub("", inner[split:]).strip())


def _brackets(statement: str, at: int) -> tuple[str, int]:
    """Give what is in the brackets that begin here, and where the text goes on behind them."""
    if statement[at : at + 1] != "(":
        return "", at
    depth, quoted, place = 0, False, at
    while place < len(statement):
        char = statement[place]
        if char == "\\" and quoted:
            place += 1
        elif char == "'":
            quoted = not quoted
        elif not quoted:
            depth += {"(": 1, ")": -1}.get(char, 0)
            if depth == 0:
                return statement[at + 1 : place], _past_blanks(statement, place + 1)
        place += 1
    raise malformed("a bracket is not closed")


def _unescaped(term: str) -> str:
    return re.sub(r"\\(.)", r"\1", term, flags=re.DOTALL)


def _past_blanks(statement: str, at: int) -> int:
    return len(statement) - len(statement[at:].lstrip())
