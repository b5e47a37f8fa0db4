"""Records as answers show them."""

from __future__ import annotations

from collections.abc import Iterable, Mapping, Sequence
from typing import Any
from urllib.parse import urlencode

from crmbridge.sandbox.clock import iso_ms
from crmbridge.sandbox.hubspot.objects import ObjectType
from crmbridge.sandbox.hubspot.portal import Portal
from crmbridge.sandbox.hubspot.store import HistoryEntry, Record

Json = dict[str, Any]


def wanted(portal: Portal, kind: ObjectType, asked: Sequence[str]) -> list[str]:
    """Give the properties to show: those asked for that exist, with the stamps and the id; else defaults."""
    if not asked:
        return list(kind.default_properties)
    known = portal.catalog.properties(kind)
    stamps = (kind.created_property, kind.modified_property, "hs_object_id")
    return list(dict.fromkeys(name for name in (*asked, *stamps) if name in known))


def show(portal: Portal, kind: ObjectType, record: Record, names: Iterable[str]) -> Json:
    """Give a record: text or null for each property."""
    get = record.properties.get
    shown: Json = {
        "id": get("hs_object_id"),
        "properties": {name: get(name) for name in names},
        "createdAt": get(kind.created_property),
        "updatedAt": get(kind.modified_property),
        "archived": record.archived,
        # Not in the published schema, but in live answers since November 2025: clients must bear it.
        "url": f"https://app.hubspot.com/contacts/{portal.portal_id}/record/{kind.type_id}/{record.id}",
    }
    if record.archived_at is not None:
        shown["archivedAt"] = iso_ms(record.archived_at)
    return shown


def with_history(
    portal: Portal, kind: ObjectType, records: Sequence[Record], shown: Sequence[Json], names: Sequence[str]
) -> None:
    """Add ``propertiesWithHistory`` to records already shown, newest first."""
    known = [name for name in names if name in portal.catalog.properties(kind)]
    if not known or not records:
        return
    entries: dict[tuple[int, str], list[HistoryEntry]] = {}
    for entry in portal.store.history(kind, [record.id for record in records], known):
        entries.setdefault((entry.record_id, entry.name), []).append(entry)
    for record, item in zip(records, shown, strict=True):
        item["propertiesWithHistory"] = {
            name: _history(record, name, entries.get((record.id, name), [])) for name in known
        }


def _history(record: Record, name: str, entries: Sequence[HistoryEntry]) -> list[Json]:
    """Give the history of one property; what the record was created with is not stored but known."""
    first = entries[-1].previous if entries else record.properties.get(name, "")
    shown = [_entry(entry.value, entry.at, entry.source_type, entry.source_id) for entry in entries]
    if first:
        origin = record.properties
        source = origin.get("hs_object_source", "CRM_UI"), origin.get("hs_object_source_id", "")
        shown.append(_entry(first, record.created, *source))
    return shown


def _entry(value: str, at: int, source_type: str, source_id: str) -> Json:
    entry = {"value": value, "timestamp": iso_ms(at), "sourceType": source_type}
    return entry | ({"sourceId": source_id} if source_id else {})


def next_page(origin: str, path: str, query: Iterable[tuple[str, str]], after: str) -> Json:
    """Give ``paging``: the link repeats every parameter but ``after`` on the host the client named."""
    kept = [(name, value) for name, value in query if name != "after"]
    link = f"{origin}{path}?{urlencode([*kept, ('after', after)])}"
    return {"next": {"after": after, "link": link}}


def changed_and_system(kind: ObjectType, record: Record, names: Iterable[str]) -> list[str]:
    """Give what a write's answer shows: the written properties and some that HubSpot keeps."""
    system = (
        kind.created_property,
        kind.modified_property,
        "hs_object_id",
        "hs_object_source",
        "hs_object_source_id",
        "hs_object_source_label",
        "hs_is_unworked",
        "hs_pipeline",
        "lifecyclestage",
    )
    return list(dict.fromkeys((*names, *(name for name in system if name in record.properties))))


def by_id(records: Mapping[int, Record], ids: Iterable[int]) -> list[Record]:
    """Give records in the order of ids, those that exist and are not doubles."""
    return [records[key] for key in dict.fromkeys(ids) if key in records]
