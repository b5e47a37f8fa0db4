"""Records from a CSV file: checked as the service would, but stamps, ids and owners may be given."""

from __future__ import annotations

from collections.abc import Iterable, Mapping, Sequence
from itertools import islice
from typing import Any

from crmbridge.errors import ConfigError, Problem
from crmbridge.sandbox.app import LoadResult, SkippedRow
from crmbridge.sandbox.salesforce import checks
from crmbridge.sandbox.salesforce.custom import add_field, text_field
from crmbridge.sandbox.salesforce.derive import derived
from crmbridge.sandbox.salesforce.failures import ApiError
from crmbridge.sandbox.salesforce.fields import Field
from crmbridge.sandbox.salesforce.org import Org
from crmbridge.sandbox.salesforce.schema import SObject
from crmbridge.sandbox.salesforce.store import Row

_CHUNK = 2_000
_STAMPS = ("CreatedDate", "LastModifiedDate", "SystemModstamp")


class Loader:
    """Load one file."""

    def __init__(self, org: Org) -> None:
        self._org = org
        self._store = org.store

    def load(
        self,
        object_: str,
        header: Sequence[str],
        rows: Iterable[tuple[int, Sequence[str]]],
        *,
        create_fields: bool,
    ) -> LoadResult:
        """Load rows in one transaction.

        Raises:
            ConfigError: The object or column names are unknown; nothing was loaded.
        """
        item = self._org.schema.get(object_)
        if item is None:
            raise ConfigError([Problem("salesforce", object_, "there is no such object")])
        with self._org.world.transaction():
            columns, created = self._columns(item, header, create_fields=create_fields)
            kept: list[str] = []
            skipped: list[SkippedRow] = []
            lines = iter(rows)
            while chunk := list(islice(lines, _CHUNK)):
                self._chunk(item, columns, chunk, kept, skipped)
        return LoadResult(ids=tuple(kept), skipped=tuple(skipped), created_fields=tuple(created))

    def _columns(
        self, item: SObject, header: Sequence[str], *, create_fields: bool
    ) -> tuple[list[Field], list[str]]:
        names = {name: name if item.has(name) else _custom_name(name) for name in header}
        unknown = [name for name in header if not item.has(names[name])]
        problems = [
            Problem(
                "salesforce", f"{item.name}.{name}", "there is no such field", "create it, or --create-fields"
            )
            for name in unknown
            if not create_fields or not names[name]
        ]
        problems += [
            Problem("salesforce", f"{item.name}.{name}", "another column becomes the same field")
            for index, name in enumerate(header)
            if names[name].lower() in [names[other].lower() for other in header[:index]]
        ]
        if problems:
            raise ConfigError(problems)
        for name in unknown:
            add_field(self._store, item, text_field(names[name]))
        return [item.fields[names[name].lower()] for name in header], [names[name] for name in unknown]

    def _chunk(
        self,
        item: SObject,
        columns: Sequence[Field],
        chunk: Sequence[tuple[int, Sequence[str]]],
        kept: list[str],
        skipped: list[SkippedRow],
    ) -> None:
        new_ids = iter(self._store.new_ids(item, len(chunk)))
        stored: list[Row] = []
        unique = [column for column in columns if column.unique]
        for line, cells in chunk:
            try:
                row = self._row(item, columns, cells, next(new_ids))
            except ApiError as error:
                skipped.append(SkippedRow(line=line, reason=_reason(error)))
                kept.append("")
                continue
            kept.append(row["Id"])
            stored.append(row)
            if unique:  # the next row must see it
                self._store.insert(item, [stored.pop()])
        self._store.insert(item, stored)
        self._org.writer.companions(item, stored)

    def _row(self, item: SObject, columns: Sequence[Field], cells: Sequence[str], new_id: str) -> Row:
        named = {column.name: (column, cell) for column, cell in zip(columns, cells, strict=True) if cell}
        row = checks.stored(named)
        checks.required(item, row, create=True)
        row = {"Id": new_id} | self._defaults(item) | row
        row |= _later_stamps(item, named, row)
        row |= {
            name: value
            for name, value in derived(self._store, item.name, row, row).items()
            if name not in named
        }
        checks.unique(self._store, item, {name: row[name] for name in named}, row["Id"])
        if "Id" in named and self._store.get(item, row["Id"]) is not None:
            raise ApiError(400, ())
        return row

    def _defaults(self, item: SObject) -> dict[str, Any]:
        user_id, stamp = self._org.seeds.integration_user_id, self._store.stamp()
        values: dict[str, Any] = {
            column.name: column.default for column in item.columns() if isinstance(column.default, str)
        }
        values |= dict.fromkeys(_STAMPS, stamp)
        values |= dict.fromkeys(("CreatedById", "LastModifiedById", "OwnerId"), user_id)
        return {name: value for name, value in values.items() if item.has(name)}


def _later_stamps(item: SObject, named: Mapping[str, Any], row: Row) -> Row:
    """Give the stamps a file leaves out: a record was last touched when the stamps it does name say."""
    given = [row[name] for name in _STAMPS if name in named]
    if not given:
        return {}
    return {
        name: max(given) for name in _STAMPS if name not in named and item.has(name) and name != "CreatedDate"
    }


def _custom_name(name: str) -> str:
    """Give the API name of a custom field for a column; "" when none can be made of it."""
    base = name[:-3] if name.lower().endswith("__c") else name
    plain = "_".join("".join(char if char.isascii() and char.isalnum() else " " for char in base).split())
    if not plain:
        return ""
    return ("X" + plain if plain[0].isdigit() else plain)[:40] + "__c"


def _reason(error: ApiError) -> str:
    if not error.faults:
        return "DUPLICATE_VALUE: Id"
    return "; ".join(f"{fault.code}: {', '.join(fault.fields or ())}".rstrip(": ") for fault in error.faults)
