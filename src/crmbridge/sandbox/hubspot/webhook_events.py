"""What happened to records, told to the webhooks; a portal without subscriptions spends nothing on it."""

from __future__ import annotations

from collections.abc import Iterable, Mapping, Sequence
from typing import Any

from crmbridge.sandbox.hubspot.objects import ObjectType
from crmbridge.sandbox.hubspot.portal import Portal, Source
from crmbridge.sandbox.hubspot.store import Record

#: Properties that change with every write and that nobody can subscribe to.
_SILENT = frozenset({"lastmodifieddate", "hs_lastmodifieddate"})
_FLAGS = {"creation": "CREATED", "deletion": "DELETED", "privacyDeletion": "DELETED"}


def created(portal: Portal, kind: ObjectType, records: Iterable[Record], source: Source) -> None:
    """Tell of new records, and of each value they came with."""
    if portal.webhooks.active:
        for record in records:
            _simple(portal, kind, "creation", record.id, source)
            _properties(portal, kind, record.id, record.properties, source)


def updated(
    portal: Portal, kind: ObjectType, pairs: Iterable[tuple[Record | None, Record]], source: Source
) -> None:
    """Tell of changed values: of each record as it was and as it is."""
    if portal.webhooks.active:
        for old, new in pairs:
            before = old.properties if old else {}
            names = before.keys() | new.properties.keys()
            changed = {
                name: new.properties.get(name, "")
                for name in sorted(names)
                if before.get(name) != new.properties.get(name)
            }
            _properties(portal, kind, new.id, changed, source)


def simple(portal: Portal, kind: ObjectType, verb: str, ids: Iterable[int]) -> None:
    """Tell of records that were deleted, restored or forgotten, by whoever acts at present."""
    if portal.webhooks.active:
        for record_id in ids:
            _simple(portal, kind, verb, record_id, portal.acting)


def merged(portal: Portal, kind: ObjectType, survivor: Record, first: Record, second: Record) -> None:
    """Tell of two records that became one."""
    if portal.webhooks.active:
        moved = sum(1 for name in second.properties if name not in first.properties)
        details = {
            "objectId": survivor.id,
            "primaryObjectId": first.id,
            "mergedObjectIds": [first.id, second.id],
            "newObjectId": survivor.id,
            "numberOfPropertiesMoved": moved,
        }
        portal.webhooks.note(kind, "merge", {**_origin(portal.acting), **details})


def associated(
    portal: Portal,
    start: tuple[ObjectType, int],
    end: tuple[ObjectType, int],
    types: Sequence[tuple[str, int, bool]],
    *,
    removed: bool,
) -> None:
    """Tell of associations, seen from their start; a type is category, id, and whether it is primary."""
    if portal.webhooks.active:
        for category, number, primary in types:
            details = {
                "objectId": start[1],
                "fromObjectId": start[1],
                "toObjectId": end[1],
                "fromObjectTypeId": start[0].type_id,
                "toObjectTypeId": end[0].type_id,
                "associationType": f"{start[0].label}_TO_{end[0].label}",
                "associationTypeId": number,
                "associationCategory": category,
                "associationRemoved": removed,
                "isPrimaryAssociation": primary,
            }
            portal.webhooks.note(start[0], "associationChange", {**_origin(portal.acting), **details})


def _simple(portal: Portal, kind: ObjectType, verb: str, record_id: int, source: Source) -> None:
    details: dict[str, Any] = {"objectId": record_id, **_origin(source)}
    flag = _FLAGS.get(verb)
    portal.webhooks.note(kind, verb, details | ({"changeFlag": flag} if flag else {}))


def _properties(
    portal: Portal, kind: ObjectType, record_id: int, values: Mapping[str, str], source: Source
) -> None:
    for name, value in values.items():
        if name not in _SILENT:
            details = {"objectId": record_id, "propertyName": name, "propertyValue": value}
            more = {**_origin(source), "isSensitive": False}
            portal.webhooks.note(kind, "propertyChange", details | more, name)


def _origin(source: Source) -> dict[str, str]:
    return {"changeSource": source.type, "sourceId": source.id}
