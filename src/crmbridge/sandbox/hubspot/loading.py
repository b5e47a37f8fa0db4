"""Loading CSV rows as records, owners or associations."""

from __future__ import annotations

import re
from collections.abc import Iterable, Sequence

from crmbridge.errors import ConfigError, Problem
from crmbridge.sandbox.app import LoadResult, SkippedRow
from crmbridge.sandbox.hubspot import associations, writing
from crmbridge.sandbox.hubspot.associations import Link
from crmbridge.sandbox.hubspot.catalog import Catalog
from crmbridge.sandbox.hubspot.errors import HubSpotError
from crmbridge.sandbox.hubspot.objects import BY_NAME, ObjectType, object_type
from crmbridge.sandbox.hubspot.owners import NewOwner
from crmbridge.sandbox.hubspot.portal import Portal, Source
from crmbridge.sandbox.hubspot.store import Record, stamped
from crmbridge.sandbox.hubspot.values import moment_ms
from crmbridge.sandbox.hubspot.writing import InvalidValues, Values

Rows = Iterable[tuple[int, Sequence[str]]]
#: "associations.companies" holds ids of companies, joined by ";".
_LINKS = "associations."
_OWNER_COLUMNS = ("id", "email", "firstName", "lastName", "type", "archived", "team")
_BAD_SIGNS = re.compile(r"[^a-z0-9_]+")
_CHUNK = 2_000
_SOURCE = Source("IMPORT", "sandbox")


def load(portal: Portal, name: str, header: Sequence[str], rows: Rows, *, create_fields: bool) -> LoadResult:
    """Load rows in one transaction.

    Raises:
        ConfigError: The object or columns are unknown; nothing was loaded.
    """
    if name == "owners":
        return _load_owners(portal, header, rows)
    try:
        kind = object_type(name)
    except HubSpotError:
        known = ", ".join([*BY_NAME, "owners"])
        raise ConfigError([Problem(f"hubspot.{name}", "", "unknown object", f"known: {known}")]) from None
    with portal.world.transaction():
        created = _ensure_columns(portal.catalog, kind, header, create_fields=create_fields)
        return _Loader(portal, kind, header).load(rows, created)


def _ensure_columns(
    catalog: Catalog, kind: ObjectType, header: Sequence[str], *, create_fields: bool
) -> tuple[str, ...]:
    """Refuse unknown columns or make them text properties; gives the new ones."""
    known, file = catalog.properties(kind), f"hubspot.{kind.name}"
    unknown = [name for name in header if name not in known and not _is_link(name)]
    advice = "--create-fields makes it a text property, or rename the column"
    problems = [Problem(file, name, "unknown property", advice) for name in unknown]
    if create_fields:
        problems = [
            Problem(file, name, "no possible property name", "lower-case letters, digits and underscores")
            for name in unknown
            if _BAD_SIGNS.search(name) or not name[0].isalpha()
        ]
    if problems:
        raise ConfigError(problems)
    group = next(iter(catalog.groups(kind)))
    for name in unknown:
        label = name.replace("_", " ").capitalize()
        text = {"name": name, "label": label, "type": "string", "fieldType": "text", "groupName": group}
        catalog.add_custom(kind, text, "sandbox")
    return tuple(unknown)


def _is_link(name: str) -> bool:
    return name.startswith(_LINKS) and name.removeprefix(_LINKS) in BY_NAME


class _Loader:
    """Loads the rows of one file."""

    def __init__(self, portal: Portal, kind: ObjectType, header: Sequence[str]) -> None:
        self._portal, self._kind, self._header = portal, kind, header
        self._links = [name for name in header if _is_link(name)]
        self._unique = portal.catalog.unique_names(kind)
        self._taken: set[tuple[str, str]] = set()
        self._skipped: list[SkippedRow] = []
        self._ids: list[str] = []

    def load(self, rows: Rows, created: tuple[str, ...]) -> LoadResult:
        chunk: list[tuple[Record, Values]] = []
        links: list[tuple[int, str, str]] = []
        for line, cells in rows:
            given = {name: cell for name, cell in zip(self._header, cells, strict=True) if cell}
            record = self._record(line, given)
            self._ids.append(str(record[0].id) if record else "")
            if record is None:
                continue
            chunk.append(record)
            links += [(record[0].id, name, given[name]) for name in self._links if name in given]
            if len(chunk) >= _CHUNK:
                self._store(chunk)
                chunk = []
        self._store(chunk)
        for record_id, name, targets in links:
            self._link(record_id, name.removeprefix(_LINKS), targets)
        return LoadResult(ids=tuple(self._ids), skipped=tuple(self._skipped), created_fields=created)

    def _record(self, line: int, given: dict[str, str]) -> tuple[Record, Values] | None:
        values = {name: value for name, value in given.items() if name not in self._links}
        try:
            kept = writing.validated(self._portal, self._kind, values, loading=True)
            reason = self._refusal(kept)
        except InvalidValues as invalid:
            reason = "; ".join(f"{item.name}: {item.code}" for item in invalid.problems)
        if reason:
            self._skipped.append(SkippedRow(line=line, reason=reason))
            return None
        return self._new(kept), kept

    def _refusal(self, values: Values) -> str:
        for name in self._unique:
            value = values.get(name)
            if value and (
                (name, value) in self._taken
                or writing.conflict(self._portal, self._kind, {name: value}, None)
            ):
                return f"{name}: another record has this value"
        if values.get("hs_object_id"):
            number = int(float(values["hs_object_id"]))
            if ("", str(number)) in self._taken or self._portal.store.get(self._kind, [number]):
                return "hs_object_id: another record has this id"
            self._taken.add(("", str(number)))
        self._taken |= {(name, values[name]) for name in self._unique if values.get(name)}
        return ""

    def _new(self, values: Values) -> Record:
        kind, now = self._kind, self._portal.world.clock.now_ms()
        created = moment_ms(values[kind.created_property]) if kind.created_property in values else now
        modified = values.get(kind.modified_property)
        given_id = values.get("hs_object_id")
        return Record(
            id=int(float(given_id)) if given_id else self._portal.store.new_ids(kind, 1)[0],
            created=created,
            # A record that nobody touched was last modified when it was made.
            modified=moment_ms(modified) if modified else max(created, min(created, now)),
        )

    def _store(self, chunk: list[tuple[Record, Values]]) -> None:
        for record, values in chunk:
            modified = record.modified
            writing.start(self._portal, self._kind, record, values, _SOURCE)
            record.properties |= {name: value for name, value in values.items() if value}
            record.modified = modified
            stamped(self._kind, record)
        self._portal.store.put(self._kind, [record for record, _ in chunk])
        for record, values in chunk:
            writing.index(self._portal, self._kind, record, values)

    def _link(self, record_id: int, name: str, targets: str) -> None:
        to = BY_NAME[name]
        for target in targets.split(";"):
            try:
                to_id = associations.existing(self._portal, to, target.strip())
            except HubSpotError:
                problem = Problem(
                    f"hubspot.{self._kind.name}", f"{_LINKS}{name}", "names a record that is not there"
                )
                raise ConfigError([problem]) from None
            link = Link(to=to, to_id=to_id, type_ids=())
            associations.associate(self._portal, self._kind, record_id, link)


def _load_owners(portal: Portal, header: Sequence[str], rows: Rows) -> LoadResult:
    unknown = [name for name in header if name not in _OWNER_COLUMNS]
    if unknown or "email" not in header:
        advice = f"known: {', '.join(_OWNER_COLUMNS)}"
        problems = [Problem("hubspot.owners", name, "unknown column", advice) for name in unknown]
        raise ConfigError(problems or [Problem("hubspot.owners", "email", "column is missing", advice)])
    ids, skipped = [], []
    with portal.world.transaction():
        for line, cells in rows:
            row = dict(zip(header, cells, strict=True))
            reason = _owner_refusal(row)
            if reason:
                skipped.append(SkippedRow(line=line, reason=reason))
            ids.append("" if reason else portal.owners.add(_owner(row)))
    return LoadResult(ids=tuple(ids), skipped=tuple(skipped))


def _owner_refusal(row: dict[str, str]) -> str:
    if not row["email"]:
        return "email: missing"
    if row.get("type", "") not in ("", "PERSON", "QUEUE"):
        return "type: must be PERSON or QUEUE"
    return "" if (row.get("id") or "1").isdecimal() else "id: must be a number"


def _owner(row: dict[str, str]) -> NewOwner:
    return NewOwner(
        email=row["email"],
        first_name=row.get("firstName", ""),
        last_name=row.get("lastName", ""),
        type=row.get("type") or "PERSON",
        archived=row.get("archived", "").lower() == "true",
        teams=(row["team"],) if row.get("team") else (),
        id=int(row["id"]) if row.get("id") else None,
    )
