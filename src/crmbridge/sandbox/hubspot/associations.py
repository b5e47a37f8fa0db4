# ruff: noqa: S608 - table and column names are constants of this package, values are bound
"""Associations between records: both directions are stored, primary ones beside the unlabelled ones."""

from __future__ import annotations

from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass
from typing import Any

from crmbridge.sandbox.hubspot import association_types as types
from crmbridge.sandbox.hubspot import summaries, webhook_events
from crmbridge.sandbox.hubspot.call import record_id
from crmbridge.sandbox.hubspot.errors import HubSpotError, invalid_input
from crmbridge.sandbox.hubspot.objects import (
    COMPANIES,
    CONTACTS,
    PRIMARY_TYPES,
    ObjectType,
    object_type,
)
from crmbridge.sandbox.hubspot.portal import Portal

Json = dict[str, Any]


@dataclass(frozen=True, slots=True, kw_only=True)
class Link:
    """One end of an association to be made."""

    to: ObjectType
    to_id: int
    #: Association type ids; HubSpot's own and the portal's labels have different numbers.
    type_ids: tuple[int, ...]


def parse(portal: Portal, kind: ObjectType, value: Any) -> list[Link]:
    """Read the associations sent with a new record.

    Raises:
        HubSpotError: 400, a type or record is unknown.
    """
    if value is None:
        return []
    if not isinstance(value, list) or not all(isinstance(item, dict) for item in value):
        raise invalid_input("Invalid input JSON: associations must be a list of objects")
    return [_parse_one(portal, kind, item) for item in value]


def _parse_one(portal: Portal, kind: ObjectType, item: Mapping[str, Any]) -> Link:
    specs, target = item.get("types"), item.get("to")
    if not isinstance(specs, list) or not specs or not isinstance(target, dict):
        raise invalid_input("Invalid input JSON: an association needs to.id and types")
    type_ids = [types.type_id(portal, kind, spec) for spec in specs]
    kinds = {types.target(portal, kind, number) for number in type_ids}
    if len(kinds) != 1:
        raise invalid_input("The types of one association lead to several object types")
    to = kinds.pop()
    return Link(to=to, to_id=existing(portal, to, target.get("id")), type_ids=tuple(type_ids))


def existing(portal: Portal, kind: ObjectType, key: Any) -> int:
    """Give the id of a record that is there.

    Raises:
        HubSpotError: 400, as the associations API says it.
    """
    number = record_id(str(key))
    found = portal.store.get(kind, [number]) if number is not None else {}
    if number is None or number not in found or found[number].archived:
        raise HubSpotError(
            400,
            f"{key} is not a valid ID",
            extra={"subCategory": "crm.associations.INVALID_IDENTIFIER", "context": {"id": [str(key)]}},
        )
    return number


def link_all(portal: Portal, kind: ObjectType, from_id: int, links: Iterable[Link]) -> None:
    """Associate a new record."""
    for link in links:
        associate(portal, kind, from_id, link)


def associate(portal: Portal, kind: ObjectType, from_id: int, link: Link) -> None:
    """Associate two records; what is there already stays, so it may be repeated."""
    type_ids = dict.fromkeys([types.default_type(kind, link.to), *link.type_ids])
    primary = PRIMARY_TYPES.get((kind.name, link.to.name))
    if primary in type_ids:
        _drop_primary(portal, kind, from_id, link.to, primary)
    elif primary is not None and _is_first(portal, kind, from_id, link.to):
        type_ids[primary] = None  # the first company of a contact is its primary one
    new = False
    for number in type_ids:
        new |= _insert(portal, (kind, from_id), (link.to, link.to_id), number)
        _insert(portal, (link.to, link.to_id), (kind, from_id), types.inverse(portal, kind, link.to, number))
    if new:
        ends = f"{kind.name} {from_id} to {link.to.name} {link.to_id}"
        portal.world.audit.effect(f"hubspot associated {ends}")
        _tell(portal, (kind, from_id), (link.to, link.to_id), type_ids, removed=False)
        _follow(portal, kind, from_id, link)


def dissociate(portal: Portal, kind: ObjectType, from_id: int, to: ObjectType, to_id: int) -> None:
    """Remove all associations between two records."""
    there = read(portal, kind, [from_id], to).get(from_id, {}).get(to_id, [])
    _tell(portal, (kind, from_id), (to, to_id), [item["typeId"] for item in there], removed=True)
    for start, start_id, end, end_id in ((kind, from_id, to, to_id), (to, to_id, kind, from_id)):
        portal.world.db.execute(
            "DELETE FROM hs_association WHERE from_type = ? AND from_id = ? AND to_type = ? AND to_id = ?",
            (start.name, start_id, end.name, end_id),
        )
    portal.world.audit.effect(f"hubspot dissociated {kind.name} {from_id} from {to.name} {to_id}")


def drop_types(
    portal: Portal, start: tuple[ObjectType, int], end: tuple[ObjectType, int], numbers: Iterable[int]
) -> None:
    """Take labels off an association; the unlabelled one stays."""
    keep = types.default_type(start[0], end[0])
    for number in numbers:
        if number == keep:
            continue
        back = types.inverse(portal, start[0], end[0], number)
        for (kind, one), (to, other), key in ((start, end, number), (end, start, back)):
            portal.world.db.execute(
                "DELETE FROM hs_association WHERE from_type = ? AND from_id = ? AND to_type = ? AND to_id = ?"
                " AND type_id = ?",
                (kind.name, one, to.name, other, key),
            )


def forget_type(portal: Portal, number: int) -> None:
    """Take a label of the portal's own off all associations."""
    portal.world.db.execute("DELETE FROM hs_association WHERE type_id = ?", (number,))


def relabel(portal: Portal, number: int, label: str) -> None:
    """Give the associations of a type another label."""
    portal.world.db.execute("UPDATE hs_association SET label = ? WHERE type_id = ?", (label, number))


def read(
    portal: Portal, kind: ObjectType, ids: Iterable[int], to: ObjectType
) -> dict[int, dict[int, list[Json]]]:
    """Give the associations by source id and target id, target ids ascending."""
    wanted = list(ids)
    rows = portal.world.db.execute(
        "SELECT from_id, to_id, category, type_id, label FROM hs_association"
        " WHERE from_type = ? AND to_type = ?"
        f" AND from_id IN ({','.join('?' * len(wanted))}) ORDER BY from_id, to_id, type_id",
        (kind.name, to.name, *wanted),
    )
    found: dict[int, dict[int, list[Json]]] = {}
    for from_id, to_id, category, number, label in rows:
        shown = found.setdefault(from_id, {}).setdefault(to_id, [])
        shown.append({"category": category, "typeId": number, "label": label})
    return found


def attach(portal: Portal, kind: ObjectType, shown: Sequence[Json], names: Sequence[str]) -> None:
    """Add ``associations`` to records already shown, as list and read answers have them."""
    for name in names:
        to = object_type(name)
        found = read(portal, kind, [int(item["id"]) for item in shown], to)
        for item in shown:
            results = [
                {"id": str(to_id), "type": f"{kind.singular}_to_{to.singular}"}
                for to_id in found.get(int(item["id"]), {})
            ]
            if results:
                item.setdefault("associations", {})[to.name] = {"results": results}


def _insert(portal: Portal, start: tuple[ObjectType, int], end: tuple[ObjectType, int], number: int) -> bool:
    names = start[0].name, end[0].name
    category, label = types.shown(portal, start[0], end[0], number)
    done = portal.world.db.execute(
        "INSERT OR IGNORE INTO hs_association VALUES (?, ?, ?, ?, ?, ?, ?)",
        (names[0], start[1], names[1], end[1], category, number, label),
    )
    return done.rowcount > 0


def _is_first(portal: Portal, kind: ObjectType, from_id: int, to: ObjectType) -> bool:
    one_sided = {(CONTACTS.name, COMPANIES.name), ("deals", COMPANIES.name), ("leads", CONTACTS.name)}
    if (kind.name, to.name) not in one_sided:
        return False
    return not read(portal, kind, [from_id], to)


def _drop_primary(portal: Portal, kind: ObjectType, from_id: int, to: ObjectType, number: int | None) -> None:
    if number is None:
        return
    back = types.inverse(portal, kind, to, number)
    db = portal.world.db
    db.execute(
        "DELETE FROM hs_association WHERE from_type = ? AND from_id = ? AND to_type = ? AND type_id = ?",
        (kind.name, from_id, to.name, number),
    )
    db.execute(
        "DELETE FROM hs_association WHERE to_type = ? AND to_id = ? AND from_type = ? AND type_id = ?",
        (kind.name, from_id, to.name, back),
    )


def _tell(
    portal: Portal,
    start: tuple[ObjectType, int],
    end: tuple[ObjectType, int],
    numbers: Iterable[int],
    *,
    removed: bool,
) -> None:
    """Tell the webhooks of both directions."""
    for one, other, turned in ((start, end, False), (end, start, True)):
        kinds = [types.inverse(portal, start[0], end[0], number) if turned else number for number in numbers]
        shown = [(*types.shown(portal, one[0], other[0], number), number) for number in kinds]
        told = [(category, number, label == "Primary") for category, label, number in shown]
        webhook_events.associated(portal, one, other, told, removed=removed)


def _follow(portal: Portal, kind: ObjectType, from_id: int, link: Link) -> None:
    """Let the contact's own properties follow a new association."""
    ends = {kind.name: from_id, link.to.name: link.to_id}
    activity = next((item for item in (kind, link.to) if item.is_activity), None)
    if CONTACTS.name in ends and COMPANIES.name in ends:
        summaries.follow_company(portal, ends[CONTACTS.name])
    elif CONTACTS.name in ends and activity is not None:
        summaries.follow_activity(portal, ends[CONTACTS.name], activity, ends[activity.name])
