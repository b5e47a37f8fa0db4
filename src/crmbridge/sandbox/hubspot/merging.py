# ruff: noqa: S608 - table and column names are constants of this package, values are bound
"""Merging two records of one type."""

from __future__ import annotations

from crmbridge.sandbox.hubspot import webhook_events
from crmbridge.sandbox.hubspot.objects import CONTACTS, ObjectType
from crmbridge.sandbox.hubspot.portal import Portal
from crmbridge.sandbox.hubspot.store import Record, stamped


def merge(portal: Portal, kind: ObjectType, first: Record, second: Record) -> Record:
    """Let two records live on as one: the first one's values win, the second fills its gaps.

    Normally under a new id; with the switch `HubSpotOptions.merge_preserves_id` under the first one's
    (contact guide, checked 2026-11-21). All old ids resolve to the survivor.
    """
    now = portal.world.clock.now_ms()
    keeps_id = portal.options.merge_preserves_id
    survivor = Record(
        id=first.id if keeps_id else portal.store.new_ids(kind, 1)[0],
        created=min(first.created, second.created),
        modified=now,
        properties=_values(first, second),
    )
    gone = [record for record in (first, second) if record.id != survivor.id]
    survivor.properties |= _traces(kind, first, second, survivor.id, now)
    for record in gone:
        _hand_over(portal, kind, record, survivor.id)
    portal.store.put(kind, [stamped(kind, survivor)])
    if kind is CONTACTS:
        addresses = [survivor.properties.get("email", ""), *_others(survivor)]
        portal.store.set_unique(kind, "email", survivor.id, dict.fromkeys(addresses))
    webhook_events.merged(portal, kind, survivor, first, second)
    ids = "+".join(str(record.id) for record in (first, second))
    portal.world.audit.effect(f"hubspot {kind.name} {ids} merged into {survivor.id}")
    return survivor


def _values(first: Record, second: Record) -> dict[str, str]:
    return {**second.properties, **first.properties}


def _traces(kind: ObjectType, first: Record, second: Record, survivor: int, now: int) -> dict[str, str]:
    absorbed = [record.id for record in (first, second) if record.id != survivor]
    earlier = [part for record in (first, second) for part in _parts(record, "hs_merged_object_ids")]
    merged = list(dict.fromkeys([*earlier, *(str(number) for number in absorbed)]))
    traces = {"hs_merged_object_ids": ";".join(merged)}
    if kind is not CONTACTS:
        return traces
    additional = dict.fromkeys([*_others(first), second.properties.get("email", ""), *_others(second)])
    own = first.properties.get("email", "") or second.properties.get("email", "")
    traces |= {
        "hs_all_contact_vids": ";".join(dict.fromkeys([*merged, str(survivor)])),
        "hs_calculated_merged_vids": ";".join(f"{part}:{now}" for part in merged),
    }
    rest = ";".join(address for address in additional if address and address != own)
    return traces | ({"hs_additional_emails": rest} if rest else {})


def _hand_over(portal: Portal, kind: ObjectType, gone: Record, survivor: int) -> None:
    db = portal.world.db
    for end in ("from", "to"):
        db.execute(
            f"UPDATE OR IGNORE hs_association SET {end}_id = ? WHERE {end}_type = ? AND {end}_id = ?",
            (survivor, kind.name, gone.id),
        )
    for table in ("hs_history", "hs_unique", "hs_list_member"):
        db.execute(
            f"UPDATE OR IGNORE {table} SET id = ? WHERE type = ? AND id = ?", (survivor, kind.name, gone.id)
        )
    portal.store.add_alias(kind, gone.id, survivor)
    db.execute(f"DELETE FROM {kind.table} WHERE id = ?", (gone.id,))
    portal.store.delete_associations(kind, gone.id)


def _others(record: Record) -> list[str]:
    return _parts(record, "hs_additional_emails")


def _parts(record: Record, name: str) -> list[str]:
    return [part for part in record.properties.get(name, "").split(";") if part]
