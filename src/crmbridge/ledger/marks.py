"""Which leads are to be decided: the marks on them, and who sets them.

0: settled. 1: to decide, or its changes are not written yet. 2: somebody edited a record after the lead
was decided in this run; writing the rest of its plan does not settle it.
"""

from __future__ import annotations

from collections.abc import Collection

from sqlalchemy import ColumnElement, Connection, Select, Update, select

from crmbridge.ledger.store import Among, Store
from crmbridge.ledger.tables import account, lead, opportunity, opportunity_person, record

TO_DECIDE = 1
EDITED_SINCE = 2


def mark(store: Store, tx: Connection, lead_ids: Collection[str], value: int = TO_DECIDE) -> None:
    """Raise the mark of leads."""
    if lead_ids:
        store.matching(tx, _to_decide if value == TO_DECIDE else _edited_since, lead_ids)


def mark_people(store: Store, tx: Connection, refs: Collection[str]) -> None:
    """Mark the leads of these records."""
    if refs:
        store.matching(tx, _of_people, refs)


def mark_account_people(store: Store, tx: Connection, accounts: Collection[str]) -> None:
    """Mark the leads whose records name one of these accounts (``crm:id``)."""
    if accounts:
        store.matching(tx, _of_accounts, accounts)


def mark_owned(store: Store, tx: Connection, crm: str, owner_ids: Collection[str]) -> None:
    """Mark the leads that these owners own, themselves or through an account or an opportunity.

    Reads all records: owners change a few times a month, and an index would cost every record a row.
    """
    if not owner_ids:
        return
    mine = record.c.ref.startswith(f"{crm}:", autoescape=True)
    accounts = select(account.c.key).where(
        account.c.key.startswith(f"{crm}:", autoescape=True), store.among(account.c.owner_id, owner_ids)
    )
    people = (
        select(opportunity_person.c.person)
        .join(opportunity, opportunity.c.ref == opportunity_person.c.ref)
        .where(store.among(opportunity.c.owner_id, owner_ids))
    )
    owned = store.among(record.c.owner_id, owner_ids)
    tx.execute(_raised_where(mine & (owned | record.c.account.in_(accounts) | record.c.ref.in_(people))))


def _to_decide(among: Among) -> Update:
    return _raised(among(lead.c.id), TO_DECIDE)


def _edited_since(among: Among) -> Update:
    return _raised(among(lead.c.id), EDITED_SINCE)


def _of_people(among: Among) -> Update:
    return _raised_where(among(record.c.ref))


def _of_accounts(among: Among) -> Update:
    return _raised_where(among(record.c.account))


def _raised_where(condition: ColumnElement[bool]) -> Update:
    leads: Select[str | None] = select(record.c.lead_id).where(condition, record.c.lead_id.is_not(None))
    return _raised(lead.c.id.in_(leads), TO_DECIDE)


def _raised(condition: ColumnElement[bool], value: int) -> Update:
    return lead.update().where(condition, lead.c.marked < value).values(marked=value)
