"""Activities, accounts, opportunities and owners on their way into the tables.

The same rules for all: what comes again unchanged is no news, what is deleted leaves, and the leads that
something new concerns are marked.
"""

from __future__ import annotations

from collections.abc import Iterable, Sequence
from dataclasses import replace

from sqlalchemy import ColumnElement, Connection, Select, select

from crmbridge.codec import pack, unpack
from crmbridge.ledger.marks import mark_account_people, mark_owned, mark_people
from crmbridge.ledger.store import Among, Store, pairs
from crmbridge.ledger.tables import account, activity, opportunity, opportunity_person, owner
from crmbridge.model import Account, Activity, Opportunity, Owner


def take_activities(store: Store, tx: Connection, items: Iterable[Activity]) -> None:
    """Store activities. The people of one activity are those that come with it now; others lose it."""
    wanted = {(str(item.person), str(item.ref)): None if item.deleted else pack(item) for item in items}
    rows = store.matching(tx, _known_activities, {ref for _, ref in wanted}).all()
    known = {(person, ref): body for person, ref, body in rows}
    news = {pair: body for pair, body in wanted.items() if body is not None and known.get(pair) != body}
    gone = [pair for pair in known if wanted.get(pair) is None]
    store.put(
        tx,
        activity,
        ("person", "ref", "body"),
        [(*pair, body) for pair, body in news.items()],
        update=("body",),
    )
    store.drop(tx, activity, ("person", "ref"), gone)
    mark_people(store, tx, {person for person, _ in [*news, *gone]})


def _known_activities(among: Among) -> Select[str, str, bytes]:
    return select(activity.c.person, activity.c.ref, activity.c.body).where(among(activity.c.ref))


def take_accounts(store: Store, tx: Connection, items: Iterable[Account]) -> None:
    """Store accounts, by the id that records and opportunities name them with."""
    wanted = {f"{item.ref.crm}:{item.ref.id}": item for item in items}
    bodies = {key: None if item.deleted else pack(item) for key, item in wanted.items()}
    changed = _changed(store, tx, account.c.key, bodies)
    rows = [(key, wanted[key].owner_id, bodies[key]) for key in changed if bodies[key] is not None]
    store.put(tx, account, ("key", "owner_id", "body"), rows, update=("owner_id", "body"))
    store.drop(tx, account, ("key",), [(key,) for key in changed if bodies[key] is None])
    mark_account_people(store, tx, changed)


def take_opportunities(store: Store, tx: Connection, items: Iterable[Opportunity]) -> None:
    """Store opportunities with their people: those who left are marked as well."""
    wanted = {str(item.ref): item for item in items}
    bodies = {ref: None if item.deleted else pack(item) for ref, item in wanted.items()}
    changed = _changed(store, tx, opportunity.c.ref, bodies)
    kept = [ref for ref in changed if bodies[ref] is not None]
    links = [(str(person), ref) for ref in kept for person in wanted[ref].people]
    rows = [(ref, wanted[ref].owner_id, bodies[ref]) for ref in kept]
    before = _people(store, tx, changed)
    store.put(tx, opportunity, ("ref", "owner_id", "body"), rows, update=("owner_id", "body"))
    store.drop(tx, opportunity, ("ref",), [(ref,) for ref in changed if bodies[ref] is None])
    store.drop(tx, opportunity_person, ("ref",), [(ref,) for ref in changed])
    store.put(tx, opportunity_person, ("person", "ref"), links)
    mark_people(store, tx, before | {person for person, _ in links})


def _people(store: Store, tx: Connection, refs: Sequence[str]) -> set[str]:
    among = store.among(opportunity_person.c.ref, refs)
    return set(tx.execute(select(opportunity_person.c.person).where(among)).scalars())


def _changed(
    store: Store, tx: Connection, key: ColumnElement[str], bodies: dict[str, bytes | None]
) -> list[str]:
    """Name what is new, different or gone, in the order it came."""
    table = account if key is account.c.key else opportunity
    known = pairs(tx.execute(select(key, table.c.body).where(store.among(key, bodies))))
    return [name for name, body in bodies.items() if known.get(name) != body]


# owners ------------------------------------------------------------------------------------------
def take_owners(
    store: Store, tx: Connection, crm: str, object_name: str, items: Iterable[Owner], *, complete: bool
) -> None:
    """Store one CRM's owners; in a complete list, those that are missing can be given nothing any more.

    An empty list says nothing: a token that lost a right would otherwise dismiss everybody at once.
    """
    known = {row.id: row.body for row in tx.execute(_side(crm, object_name))}
    wanted = {str(item.id_in(crm)): item for item in items}
    if complete and wanted:
        for owner_id in known.keys() - wanted.keys():
            wanted[owner_id] = _inactive(unpack(known[owner_id], Owner), crm)
    bodies = {owner_id: pack(item) for owner_id, item in wanted.items()}
    rows = [
        (crm, object_name, owner_id, wanted[owner_id].key, body)
        for owner_id, body in bodies.items()
        if known.get(owner_id) != body
    ]
    store.put(tx, owner, ("crm", "object", "id", "key", "body"), rows, update=("key", "body"))
    mark_owned(store, tx, crm, [row[2] for row in rows])


def _side(crm: str, object_name: str) -> Select[str, bytes]:
    return select(owner.c.id, owner.c.body).where(owner.c.crm == crm, owner.c.object == object_name)


def _inactive(item: Owner, crm: str) -> Owner:
    return replace(item, hubspot_active=False) if crm == "hubspot" else replace(item, salesforce_active=False)


def all_owners(tx: Connection) -> dict[str, Owner]:
    """Join both CRMs by key, in order of key."""
    found: dict[str, Owner] = {}
    for row in tx.execute(select(owner.c.key, owner.c.body).order_by(owner.c.key, owner.c.crm, owner.c.id)):
        side = unpack(row.body, Owner)
        found[row.key] = _joined(found[row.key], side) if row.key in found else side
    return found


def _joined(one: Owner, other: Owner) -> Owner:
    """Join what two rows say of one key; of two users in one CRM the active one counts, then the first."""
    takes_hubspot = other.hubspot_id is not None and (
        one.hubspot_id is None or _better(one, other, "hubspot")
    )
    takes_salesforce = other.salesforce_id is not None and (
        one.salesforce_id is None or _better(one, other, "salesforce")
    )
    hubspot, salesforce = (other if takes_hubspot else one), (other if takes_salesforce else one)
    return replace(
        one,
        hubspot_id=hubspot.hubspot_id,
        hubspot_active=hubspot.hubspot_active,
        salesforce_id=salesforce.salesforce_id,
        salesforce_active=salesforce.salesforce_active,
        queue_objects=tuple(sorted({*one.queue_objects, *other.queue_objects})),
    )


def _better(one: Owner, other: Owner, crm: str) -> bool:
    return other.active_in(crm) and not one.active_in(crm)
