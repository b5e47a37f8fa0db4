"""HubSpot's owners: the whole list each time, because nothing tells which ones changed."""

from __future__ import annotations

from collections.abc import Iterator
from typing import Any

from crmbridge.adapters.hubspot.client import Client
from crmbridge.model import Owner, OwnerKind
from crmbridge.ports import Page


def page(client: Client, *, first: bool) -> Page:
    """Read all owners as one complete page: one call for up to 500.

    Args:
        first: The archived ones, too: old records may name an owner who left before we came. Afterwards
            somebody who is deactivated vanishes from the list, which says it as well.
    """
    active = [to_owner(raw) for raw in _listed(client, archived=False)]
    keys = {owner.key for owner in active}
    archived = [to_owner(raw) for raw in _listed(client, archived=True)] if first else []
    # Somebody who left and came back has a new id under the old address.
    items = [*active, *(owner for owner in archived if owner.key not in keys)]
    return Page(object="owners", items=tuple(items), watermark="listed", complete=True, rows_count=len(items))


def to_owner(raw: dict[str, Any]) -> Owner:
    """Normalise an owner."""
    owner_id, email = str(raw["id"]), str(raw.get("email") or "").strip().lower()
    name = " ".join(part for part in (raw.get("firstName"), raw.get("lastName")) if part)
    return Owner(
        key=email or f"hubspot:owners:{owner_id}",
        kind=OwnerKind.QUEUE if raw.get("type") == "QUEUE" else OwnerKind.PERSON,
        name=name or email or owner_id,
        hubspot_id=owner_id,
        hubspot_active=not raw.get("archived", False),
    )


def _listed(client: Client, *, archived: bool) -> Iterator[dict[str, Any]]:
    after: str | None = None
    while True:
        answer = client.owners(after, archived=archived)
        yield from answer["results"]
        after = ((answer.get("paging") or {}).get("next") or {}).get("after")
        if after is None:
            return
