"""The past: field history of tracked fields, and what a conversion left behind.

Rows exist only for fields that an administrator tracks, from that day on, and for 18 to 24 months (object
reference of LeadHistory, checked 2026-11-21). Since when a field is tracked nobody says: the oldest row of
the whole org does. A field without any row counts as untracked, and its past as unknown.
"""

from __future__ import annotations

from collections.abc import Callable, Collection, Iterator, Mapping, Sequence
from dataclasses import dataclass
from datetime import datetime
from threading import Lock
from typing import Any, Final

from crmbridge.adapters.salesforce.client import QueryPage, Request, decode
from crmbridge.adapters.salesforce.errors import Lacking
from crmbridge.adapters.salesforce.schema import Org
from crmbridge.adapters.salesforce.soql import id18, is_id, query_path, select, within
from crmbridge.adapters.salesforce.tables import CRM, IDS_PER_QUERY, QUERIES_PER_CALL
from crmbridge.adapters.salesforce.values import Row, as_day, as_id, as_moment, chunks
from crmbridge.adapters.salesforce.walk import run_queries
from crmbridge.errors import NotFound
from crmbridge.history import OPPORTUNITY_STAGE, Doer, FieldChange, RecordHistory, Source, in_time
from crmbridge.mapping import ObjectMap
from crmbridge.model import LeadStatus, RecordRef
from crmbridge.normalise import Reading, Unknown

#: Records whose past one call reads.
BATCH: Final = IDS_PER_QUERY * QUERIES_PER_CALL
#: Object -> where its field history is kept.
_TABLES: Final[Mapping[str, str]] = {"Lead": "LeadHistory", "Contact": "ContactHistory"}
_OPPORTUNITY: Final = "Opportunity"
#: User types that no person stands behind. Integrations sign in as standard users: nobody can tell.
_DOERS: Final[Mapping[str, Doer]] = {
    "Standard": Doer.PERSON,
    "AutomatedProcess": Doer.AUTOMATION,
    "CloudIntegrationUser": Doer.INTEGRATION,
}
#: History rows that tell of an event instead of a value.
_CONVERTED: Final = "leadConverted"


@dataclass(frozen=True, slots=True)
class _Wanted:
    """What to ask for, and how to read it."""

    object: str
    #: Field as history names it -> (canonical field, what reads a value of it).
    fields: Mapping[str, tuple[str, Callable[[Any], Reading]]]
    #: Canonical field -> since when it is tracked.
    since: Mapping[str, datetime]


class Past:
    """The history half of the adapter. Thread-safe."""

    def __init__(self, org: Org) -> None:
        self._org = org
        self._lock = Lock()
        self._tracked: Mapping[tuple[str, str], datetime] | None = None

    def histories(
        self, object: str, ids: Sequence[str], fields: Collection[str]
    ) -> Iterator[list[RecordHistory]]:
        """See ``ports.Crm.history``."""
        unique = sorted({id18(record_id) for record_id in ids if is_id(record_id)})
        queries, read = self._plan(object, fields)
        for group in chunks(list(chunks(unique, IDS_PER_QUERY)), QUERIES_PER_CALL):
            asked = [queries(part) for part in group]
            rows = run_queries(self._org.client, object, asked, deleted=True)
            yield [found for row in rows if (found := read(row, self._children(row, object))) is not None]

    def _plan(
        self, object: str, fields: Collection[str]
    ) -> tuple[Callable[[Sequence[str]], str], Callable[[Row, Iterator[Row]], RecordHistory | None]]:
        if object == _OPPORTUNITY:
            child = "(SELECT StageName, CreatedDate FROM OpportunityHistories)"
            return _asking(object, ("Id", "CreatedDate", "IsDeleted"), child), _opportunity
        wanted = self._wanted(self._org.map(object), fields)
        ask = _asking(object, self._own_columns(object), _child(wanted))
        return ask, lambda row, past: to_history(row, past, wanted)

    def _own_columns(self, object: str) -> tuple[str, ...]:
        wanted = ("Id", "CreatedDate", "IsDeleted", "MasterRecordId", "IsConverted", "ConvertedDate")
        offered = self._org.metadata.schema.objects[object]
        return tuple(name for name in wanted if name in offered)

    def _children(self, row: Row, object: str) -> Iterator[Row]:
        """Give the history rows that came along; the rest of a long history is fetched."""
        name = "OpportunityHistories" if object == _OPPORTUNITY else "Histories"
        child = row.get(name)
        while child:
            yield from child["records"]
            url = None if child.get("done", True) else child.get("nextRecordsUrl")
            answer = self._org.client.query_more(url, object) if url else None
            child = decode(answer.content, dict[str, Any]) if answer else None

    # what is tracked ---------------------------------------------------------------------------------

    def _wanted(self, found: ObjectMap, fields: Collection[str]) -> _Wanted:
        tracked, named = self._all_tracked(), {}
        for name in sorted(fields):
            mapped = found.field(name)
            if mapped is not None:
                named[_history_name(mapped.name)] = (name, found.reader(name) or _as_it_is)
        since = {
            name: tracked[found.object, field]
            for field, (name, _) in named.items()
            if (found.object, field) in tracked
        }
        return _Wanted(found.object, named, since)

    def _all_tracked(self) -> Mapping[tuple[str, str], datetime]:
        """Ask once, in one call, for the oldest row of every field."""
        with self._lock:
            if self._tracked is None:
                self._tracked = dict(self._ask_tracked())
            return self._tracked

    def _ask_tracked(self) -> Iterator[tuple[tuple[str, str], datetime]]:
        present = [name for name in _TABLES if name in self._org.metadata.schema.objects]
        queries = [
            f"SELECT Field, MIN(CreatedDate) oldest FROM {_TABLES[name]} GROUP BY Field"  # noqa: S608 - ours
            for name in present
        ]
        answers = self._org.client.composite([Request("GET", query_path(query)) for query in queries])
        for name, answer in zip(present, answers, strict=True):
            if not answer.ok:
                error = answer.error(_TABLES[name])
                if isinstance(error, (Lacking, NotFound)):
                    continue  # history is switched off for the object: nothing of it is known
                raise error
            for row in decode(answer.body, QueryPage).records:
                oldest = as_moment(row["oldest"])
                if oldest is not None:
                    yield (name, row["Field"]), oldest


def _asking(object: str, names: Sequence[str], child: str) -> Callable[[Sequence[str]], str]:
    """Give what writes the query for some ids: records with their history rows, in one go."""
    return lambda part: select(object, names, child=child, where=within("Id", part))


def _history_name(name: str) -> str:
    """Name a field as history does: references without "Id"."""
    return name.removesuffix("Id") if name.endswith("Id") and not name.endswith("__c") else name


def _child(wanted: _Wanted) -> str:
    names = sorted({*wanted.fields, _CONVERTED})
    columns = "Field, OldValue, NewValue, CreatedDate, CreatedBy.UserType"
    return f"(SELECT {columns} FROM Histories WHERE {within('Field', names)})"  # noqa: S608 - bound in within


def _as_it_is(value: Any) -> Reading:
    return value  # type: ignore[no-any-return]  # as the CRM sent it


# rows ------------------------------------------------------------------------------------------------


def to_history(row: Row, past: Iterator[Row], wanted: _Wanted) -> RecordHistory | None:
    """Make a Lead's or Contact's past; None for one that is gone."""
    if row.get("IsDeleted"):
        return None
    created_at = as_moment(row.get("CreatedDate"))
    rows = sorted(past, key=lambda found: str(found["CreatedDate"]))
    changes = _field_changes(rows, wanted, created_at)
    if (conversion := _conversion(row, rows, changes)) is not None:
        changes.append(conversion)
    changes.sort(key=in_time)
    begun = {
        name: max(since, created_at) if created_at is not None else since
        for name, since in wanted.since.items()
    }
    return RecordHistory(
        ref=RecordRef(CRM, wanted.object, id18(row["Id"])),
        created_at=created_at,
        since=begun,
        changes=tuple(changes),
    )


def _field_changes(rows: Sequence[Row], wanted: _Wanted, created_at: datetime | None) -> list[FieldChange]:
    changes: list[FieldChange] = []
    seen: set[str] = set()
    for row in rows:
        named = wanted.fields.get(row["Field"])
        if named is None or not _is_value_row(row):
            continue
        name, read = named
        if name not in seen:
            seen.add(name)
            changes.append(_first(row, name, read, wanted, created_at))
        changes.append(_change(row, name, read, row.get("NewValue"), as_moment(row["CreatedDate"])))
    return changes


def _is_value_row(row: Row) -> bool:
    """Leave out the names of owners, which come beside their ids."""
    if row["Field"] != "Owner":
        return True
    return any(is_id(row.get(side)) for side in ("OldValue", "NewValue"))


def _first(
    row: Row, name: str, read: Callable[[Any], Reading], wanted: _Wanted, created_at: datetime | None
) -> FieldChange:
    """Tell what stood there before the first row: since the creation, if that was tracked already."""
    since = wanted.since.get(name)
    was_tracked = created_at is not None and since is not None and since <= created_at
    return _change(row, name, read, row.get("OldValue"), created_at if was_tracked else None)


def _change(
    row: Row, name: str, read: Callable[[Any], Reading], raw: Any, at: datetime | None
) -> FieldChange:
    value = as_id(raw) if name == "owner" and is_id(raw) else None if raw is None else read(raw)
    user = row.get("CreatedBy") or {}
    return FieldChange(
        field=name,
        value=None if isinstance(value, Unknown) else value,
        at=at,
        doer=_DOERS.get(str(user.get("UserType")), Doer.UNKNOWN),
        source=Source.SALESFORCE_HISTORY,
        raw=str(raw) if isinstance(value, Unknown) else None,
    )


def _conversion(row: Row, rows: Sequence[Row], changes: Sequence[FieldChange]) -> FieldChange | None:
    """Tell of the conversion: at its row's time, else on its day; None when the status tells it already."""
    converted = LeadStatus.CONVERTED.value
    if not row.get("IsConverted") or any(
        change.field == "status" and change.value == converted for change in changes
    ):
        return None
    at = next((as_moment(found["CreatedDate"]) for found in rows if found["Field"] == _CONVERTED), None)
    return FieldChange(
        field="status",
        value=converted,
        at=at or as_day(row.get("ConvertedDate")),
        source=Source.SALESFORCE_CONVERSION,
        exact=at is not None,
    )


def _opportunity(row: Row, past: Iterator[Row]) -> RecordHistory | None:
    """Make an opportunity's past: every stage it was in, which Salesforce always keeps."""
    if row.get("IsDeleted"):
        return None
    created_at = as_moment(row.get("CreatedDate"))
    changes = [
        FieldChange(
            field=OPPORTUNITY_STAGE,
            value=found["StageName"],
            at=as_moment(found["CreatedDate"]),
            source=Source.SALESFORCE_HISTORY,
        )
        for found in past
    ]
    return RecordHistory(
        ref=RecordRef(CRM, _OPPORTUNITY, id18(row["Id"])),
        created_at=created_at,
        since={OPPORTUNITY_STAGE: created_at} if created_at is not None else {},
        changes=tuple(sorted(changes, key=in_time)),
    )
