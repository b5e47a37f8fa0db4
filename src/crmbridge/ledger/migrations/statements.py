"""How a migration's statements become those of the database at hand."""

from __future__ import annotations

from typing import Any

_SQLITE = {
    "key": "TEXT",
    "blob": "BLOB",
    "serial": "INTEGER",
    "clustered": " WITHOUT ROWID",
}
_POSTGRES = {
    "key": 'TEXT COLLATE "C"',
    "blob": "BYTEA",
    "serial": "BIGSERIAL",
    "clustered": "",
}


def run(op: Any, statements: str) -> None:
    """Execute statements, separated by semicolons, with the database's own words for the types."""
    types = _SQLITE if op.get_bind().dialect.name == "sqlite" else _POSTGRES
    for statement in statements.strip().removesuffix(";").format_map(types).split(";"):
        op.execute(statement)
