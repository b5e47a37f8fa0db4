"""The chapter *read*: pages with their watermarks, and records read in passing."""

from __future__ import annotations

from collections.abc import Callable, Iterable, Mapping, Sequence
from datetime import datetime

from sqlalchemy import Connection, Select, select

from crmbridge.codec import unpack
from crmbridge.ledger.forgetting import erase
from crmbridge.ledger.items import all_owners, take_accounts, take_activities, take_opportunities, take_owners
from crmbridge.ledger.marks import EDITED_SINCE, mark
from crmbridge.ledger.part import Part
from crmbridge.ledger.records import Batch, Ours
from crmbridge.ledger.store import Among, pairs
from crmbridge.ledger.tables import change, intent, record, watermark
from crmbridge.ledger.watch import note_owner_changes, note_put_back
from crmbridge.model import Account, Activity, Change, Opportunity, Owner, Record, Write
from crmbridge.ports import Page, Run


class Reading(Part):
    """The chapter *read* of the ledger."""

    def watermarks(self, crm: str) -> Mapping[str, str]:
        """See ``ports.Ledger.watermarks``."""
        with self._store.read() as tx:
            rows = tx.execute(select(watermark.c.object, watermark.c.value).where(watermark.c.crm == crm))
            return pairs(rows)

    def known_versions(self, crm: str, object: str, ids: Sequence[str]) -> Mapping[str, str]:
        """See ``ports.Ledger.known_versions``. One query, however many ids."""
        start = f"{crm}:{object}:"
        with self._store.read() as tx:
            rows = self._store.matching(tx, _versions, [start + name for name in ids]).all()
        return {ref[len(start) :]: version for ref, version in rows}

    def take(self, run: Run, crm: str, page: Page) -> None:
        """See ``ports.Ledger.take``. Safe to repeat: the same page again changes and marks nothing."""
        with self._store.write(run) as tx:
            records = [item for item in page.items if isinstance(item, Record)]
            if records:
                batch = self._batch(tx, run.started_at, lambda _: _intended(tx))
                self._store_all(tx, batch, records)
                mark(self._store, tx, batch.changed)
            self._take_others(tx, crm, page)
            if page.watermark is not None:
                row = (crm, page.object, page.watermark)
                self._store.put(tx, watermark, ("crm", "object", "value"), [row], update=("value",))

    def _take_others(self, tx: Connection, crm: str, page: Page) -> None:
        activities = [item for item in page.items if isinstance(item, Activity)]
        accounts = [item for item in page.items if isinstance(item, Account)]
        opportunities = [item for item in page.items if isinstance(item, Opportunity)]
        owners = [item for item in page.items if isinstance(item, Owner)]
        if activities:
            take_activities(self._store, tx, activities)
        if accounts:
            take_accounts(self._store, tx, accounts)
        if opportunities:
            take_opportunities(self._store, tx, opportunities)
        if owners or page.complete:
            take_owners(self._store, tx, crm, page.object, owners, complete=page.complete)

    def observe(self, run: Run, records: Iterable[Record]) -> None:
        """See ``ports.Ledger.observe``.

        Marks are left as they are, with one exception: where somebody changed a field that the run's
        plan does not write, the lead stays marked even when all of its plan is written, because it was
        decided without that edit and no later ``changes`` will bring it again.
        """
        with self._store.write(run) as tx:
            number = self._number(tx, run)
            batch = self._batch(tx, run.started_at, lambda leads: self._planned(tx, number, leads))
            self._store_all(tx, batch, records)
            edited = [lead_id for lead_id, fields in batch.changed.items() if fields]
            mark(self._store, tx, edited, EDITED_SINCE)

    def owners(self) -> Mapping[str, Owner]:
        """See ``ports.Ledger.owners``. In order of key."""
        with self._store.read() as tx:
            return all_owners(tx)

    def _batch(self, tx: Connection, seen_at: datetime, ours: Callable[[set[str]], Ours]) -> Batch:
        return Batch(self._store, tx, self._keys, seen_at, ours)

    def _store_all(self, tx: Connection, batch: Batch, records: Iterable[Record]) -> None:
        batch.store_all(records)
        note_owner_changes(self._store, tx, batch.owner_changes)
        note_put_back(self._store, tx, batch.put_back)
        for lead_id in batch.to_forget:
            erase(self._store, tx, lead_id)

    def _planned(self, tx: Connection, number: int, lead_ids: set[str]) -> Ours:
        """Give what we are writing: the run's plan for these leads, and what a dead run may have written."""
        among = self._store.among(change.c.lead_id, lead_ids)
        bodies = tx.execute(select(change.c.body).where(change.c.run == number, among)).scalars()
        changes = [unpack(body, Change) for body in bodies]
        found = {(f"{item.crm}:{item.object}:{item.id}", item.field): item.new for item in changes}
        return {**found, **_intended(tx)}


def _versions(among: Among) -> Select[str, str]:
    return select(record.c.ref, record.c.version).where(among(record.c.ref), record.c.deleted == 0)


def _intended(tx: Connection) -> Ours:
    writes = [unpack(body, Write) for body in tx.execute(select(intent.c.body)).scalars()]
    return {
        (f"{write.crm}:{write.object}:{write.id}", name): value
        for write in writes
        for name, value in write.values.items()
    }
