"""Which leads are to be decided: the marks on them, and who sets them.

0: settled. 1: to decide, or its changes are not written yet. 2: somebody edited a record after the lead
was decided in this run; writing the rest of its plan does not settle it.
"""

from __future__ import annotations

from collections.abc import Collection

from sqlalchemy import ColumnElement, Connection, Select, select

from crmbridge.ledger.store import Store
from crmbridge.ledger.tables import account, lead, opportunity, opportunity_person, record

TO_DECIDE = 1
EDITED_SINCE = 2


def mark(store: Store, tx: Connection, lead_ids: Collection[str], value: int = TO_DECIDE) -> None:
    """Raise the mark of leads."""
    if lead_ids:
        _raise_marks(tx, store.among(lead.c.id, lead_ids), value)


def mark_people(store: Store, tx: Connection, refs: Collection[str]) -> None:
    """Mark the leads of these records."""
    if refs:
        _mark_where(tx, store.among(record.c.ref, refs))


def mark_account_people(store: Store, tx: Connection, accounts: Collection[str]) -> None:
    """Mark the leads whose records name one of these accounts (``crm:id``)."""
    if accounts:
        _mark_where(tx, store.among(record.c.account, accounts))


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
    _mark_where(tx, mine & (owned | record.c.account.in_(accounts) | record.c.ref.in_(people)))


def _mark_where(tx: Connection, condition: ColumnElement[bool]) -> None:
    leads: Select[str | None] = select(record.c.lead_id).where(condition, record.c.lead_id.is_not(None))
    _raise_marks(tx, lead.c.id.in_(leads), TO_DECIDE)


def _raise_marks(tx: Connection, condition: ColumnElement[bool], value: int) -> None:
    tx.execute(lead.update().where(condition, lead.c.marked < value).values(marked=value))
