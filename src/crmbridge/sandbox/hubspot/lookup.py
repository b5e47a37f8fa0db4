"""Finding the records that a request names: by id, by e-mail address, by another unique property."""

from __future__ import annotations

from collections.abc import Sequence

from crmbridge.sandbox.hubspot.call import record_id
from crmbridge.sandbox.hubspot.errors import invalid_input, not_found
from crmbridge.sandbox.hubspot.objects import CONTACTS, ObjectType
from crmbridge.sandbox.hubspot.portal import Portal
from crmbridge.sandbox.hubspot.store import Record


def resolve(portal: Portal, kind: ObjectType, keys: Sequence[str], id_property: str) -> dict[str, int]:
    """Give the record id behind each key that is known; a merged-away id gives its survivor's.

    Raises:
        HubSpotError: 400, the property is not unique.
    """
    if id_property in ("", "hs_object_id"):
        return _by_id(portal, kind, keys)
    check_unique(portal, kind, id_property)
    index, normal = index_of(kind, id_property), {key: normalised(id_property, key) for key in keys}
    found = portal.store.find(kind, index, normal.values())
    return {key: found[value] for key, value in normal.items() if value in found}


def one(
    portal: Portal, kind: ObjectType, key: str, id_property: str = "", *, archived: bool = False
) -> Record:
    """Give the record that a path names.

    Raises:
        HubSpotError: 404, there is none in that partition.
    """
    ids = resolve(portal, kind, [key], id_property)
    record = portal.store.get(kind, ids.values()).get(ids.get(key, -1))
    if record is None or record.archived != archived:
        raise not_found()
    return record


def check_unique(portal: Portal, kind: ObjectType, id_property: str) -> None:
    """Refuse a property that cannot name a record.

    Raises:
        HubSpotError: 400.
    """
    if id_property not in portal.catalog.unique_names(kind):
        raise invalid_input(f"Unable to perform update/upsert by non-unique property {id_property}")


def index_of(kind: ObjectType, id_property: str) -> str:
    """Give the index behind a unique property: all addresses of a contact share one."""
    return "email" if kind is CONTACTS and id_property == "hs_additional_emails" else id_property


def normalised(id_property: str, value: str) -> str:
    """Give a key as it is indexed."""
    return value.strip().lower() if id_property in ("email", "hs_additional_emails") else value


def _by_id(portal: Portal, kind: ObjectType, keys: Sequence[str]) -> dict[str, int]:
    numbers = {key: number for key in keys if (number := record_id(key)) is not None}
    if not numbers:
        return {}
    merged = portal.store.survivors(kind, numbers.values())
    return {key: merged.get(number, number) for key, number in numbers.items()}
