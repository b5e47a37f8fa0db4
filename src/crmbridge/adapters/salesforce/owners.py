"""Users and queues -> owners: the whole list each time, because e-mail addresses tell them apart."""

from __future__ import annotations

from collections.abc import Iterable, Sequence
from dataclasses import replace

from crmbridge.adapters.salesforce.soql import id18
from crmbridge.adapters.salesforce.tables import CRM
from crmbridge.adapters.salesforce.values import Row
from crmbridge.model import Owner, OwnerKind


def to_owners(users: Iterable[Row], queues: Iterable[Row]) -> tuple[Owner, ...]:
    """Normalise all users and queues together, in order of id.

    The key is the e-mail address. Where several share one, it goes to the active person with the lowest
    id, and the others are known by their id.
    """
    members: dict[str, list[Row]] = {}
    for row in queues:
        members.setdefault(id18(row["QueueId"]), []).append(row)
    owners = [_user(row) for row in users] + [_queue(*member) for member in members.items()]
    first: dict[str, str | None] = {}
    for owner in sorted(owners, key=_claim):
        first.setdefault(owner.key, owner.salesforce_id)
    return tuple(
        owner if first[owner.key] == owner.salesforce_id else _keyed_by_id(owner)
        for owner in sorted(owners, key=lambda owner: owner.salesforce_id or "")
    )


def _claim(owner: Owner) -> tuple[bool, bool, str]:
    """Order those who share an address by who may have it."""
    return owner.kind is OwnerKind.QUEUE, not owner.salesforce_active, owner.salesforce_id or ""


def _user(row: Row) -> Owner:
    user_id = id18(row["Id"])
    email = (row.get("Email") or "").strip().lower()
    return Owner(
        key=email or f"{CRM}:User:{user_id}",
        kind=OwnerKind.PERSON,
        name=row.get("Name") or "",
        salesforce_id=user_id,
        salesforce_active=bool(row.get("IsActive")),
    )


def _queue(queue_id: str, rows: Sequence[Row]) -> Owner:
    queue = rows[0].get("Queue") or {}
    email = (queue.get("Email") or "").strip().lower()
    return Owner(
        key=email or f"{CRM}:Group:{queue_id}",
        kind=OwnerKind.QUEUE,
        name=queue.get("Name") or "",
        salesforce_id=queue_id,
        salesforce_active=True,
        queue_objects=tuple(sorted({str(row["SobjectType"]) for row in rows})),
    )


def _keyed_by_id(owner: Owner) -> Owner:
    name = "Group" if owner.kind is OwnerKind.QUEUE else "User"
    return replace(owner, key=f"{CRM}:{name}:{owner.salesforce_id}")
