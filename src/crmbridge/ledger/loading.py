"""Leads with everything that belongs to them: one query per kind, however many leads."""

from __future__ import annotations

from collections import defaultdict
from collections.abc import Callable, Collection, Iterable, Mapping, Sequence
from dataclasses import dataclass, replace
from operator import attrgetter
from typing import Any, Self, TypeAlias, TypeVar

from sqlalchemy import Connection, Select, select

from crmbridge.codec import unpack, unpack_value, unpacker
from crmbridge.ledger.disputes import rulings_at
from crmbridge.ledger.records import STORED, to_stored
from crmbridge.ledger.store import Among, Store, from_micros
from crmbridge.ledger.tables import account, activity, lead, opportunity, opportunity_person, record
from crmbridge.ledger.watch import quarantined_among, undone_at
from crmbridge.model import Account, Activity, Conflict, Memory, Opportunity
from crmbridge.ports import StoredLead, StoredRecord
from crmbridge.safety import Ruling, Undone
from crmbridge.twins import maker

_T = TypeVar("_T")
#: Records by their ref as text, of one lead.
_Parts: TypeAlias = Mapping[str, StoredRecord]

_activity = unpacker(Activity)
_opportunity = unpacker(Opportunity)
_account = unpacker(Account)
_memory = unpacker(Memory)
_ruling = unpacker(Ruling)
_stored = maker(StoredLead)
_at = attrgetter("at")
_by_ref = attrgetter("record.ref")
_LEAD_ID = [column.name for column in STORED].index("lead_id")


def load_leads(store: Store, tx: Connection, lead_ids: Sequence[str]) -> list[StoredLead]:
    """Load leads in the order asked for; ids that are no lead's are left out."""
    leads = {row[0]: row for row in store.matching(tx, _leads, lead_ids).all()}
    parts: defaultdict[str, dict[str, StoredRecord]] = defaultdict(dict)
    for row in store.matching(tx, _records, lead_ids).all():
        parts[row[_LEAD_ID]][row[0]] = to_stored(row)
    notes = _Notes.load(store, tx, lead_ids, [ref for mine in parts.values() for ref in mine])
    belongings = _belongings(store, tx, parts.values(), notes)
    return [belongings.lead(leads[lead_id], parts[lead_id]) for lead_id in lead_ids if lead_id in leads]


@dataclass(frozen=True, slots=True)
class _Notes:
    """What people settled, and what others do again and again: rare, so that most leads have none."""

    #: Place -> rulings on it.
    rulings: Mapping[str, list[Ruling]]
    quarantined: frozenset[str]
    #: Ref -> field -> what was put back over ours.
    undone: Mapping[str, dict[str, Undone]]

    @classmethod
    def load(cls, store: Store, tx: Connection, lead_ids: Collection[str], refs: Collection[str]) -> Self:
        """Load the notes on some leads and their records."""
        undone: defaultdict[str, dict[str, Undone]] = defaultdict(dict)
        for row in store.matching(tx, undone_at, refs).all():
            undone[row.ref][row.field] = _undone(row)
        rulings = store.matching(tx, rulings_at, [*lead_ids, *refs]).all()
        quarantined = store.matching(tx, quarantined_among, lead_ids).all()
        return cls(_by_person(rulings, _ruling), frozenset(row[0] for row in quarantined), undone)

    def rulings_of(self, places: Iterable[str]) -> tuple[Ruling, ...]:
        """Give the rulings on these places."""
        if not self.rulings:
            return ()
        return tuple(item for place in places for item in self.rulings.get(place, ()))

    def watched(self, records: Iterable[StoredRecord]) -> tuple[StoredRecord, ...]:
        """Put into each record what was put back over our values there."""
        if not self.undone:
            return tuple(records)
        undone = self.undone
        return tuple(
            replace(part, undone=undone[ref]) if (ref := str(part.record.ref)) in undone else part
            for part in records
        )


def _undone(row: Any) -> Undone:
    at = from_micros(row.last_at)
    if at is None:
        raise AssertionError("everything that was put back has a time")
    return Undone(theirs=unpack_value(row.theirs), count=row.times, last_at=at)


@dataclass(frozen=True, slots=True)
class _Belongings:
    """What belongs to some records."""

    activities: Mapping[str, list[Activity]]
    opportunities: Mapping[str, list[Opportunity]]
    accounts: Mapping[str, Account]
    notes: _Notes

    def lead(self, row: Sequence[Any], parts: _Parts) -> StoredLead:
        """Put one lead together."""
        lead_id, memory, conflict = row
        records = self.notes.watched(parts.values())
        return _stored(
            id=lead_id,
            records=records if len(records) == 1 else tuple(sorted(records, key=_by_ref)),
            activities=_in_time([item for ref in parts for item in self.activities.get(ref, ())]),
            accounts=self._accounts(records) if self.accounts else (),
            opportunities=self._opportunities(parts) if self.opportunities else (),
            memory=None if memory is None else _memory(memory),
            conflict=None if conflict is None else unpack(conflict, Conflict),
            rulings=self.notes.rulings_of([lead_id, *parts]),
            quarantined=lead_id in self.notes.quarantined,
        )

    def _accounts(self, records: Iterable[StoredRecord]) -> tuple[Account, ...]:
        keys = sorted({key for stored in records if (key := _account_key(stored)) is not None})
        return tuple(self.accounts[key] for key in keys if key in self.accounts)

    def _opportunities(self, refs: Iterable[str]) -> tuple[Opportunity, ...]:
        found = {item.ref: item for ref in refs for item in self.opportunities.get(ref, ())}
        return tuple(found[ref] for ref in sorted(found))


def _belongings(store: Store, tx: Connection, leads: Collection[_Parts], notes: _Notes) -> _Belongings:
    refs = [ref for parts in leads for ref in parts]
    keys = {_account_key(stored) for parts in leads for stored in parts.values()} - {None}
    accounts = store.matching(tx, _accounts, [str(key) for key in keys]).all() if keys else ()
    return _Belongings(
        activities=_by_person(store.matching(tx, _activities, refs).all(), _activity),
        opportunities=_by_person(store.matching(tx, _opportunities, refs).all(), _opportunity),
        accounts={key: _account(body) for key, body in accounts},
        notes=notes,
    )


def _by_person(rows: Iterable[Any], decode: Callable[[bytes], _T]) -> dict[str, list[_T]]:
    found: dict[str, list[_T]] = {}
    for person, body in rows:
        found.setdefault(person, []).append(decode(body))
    return found


def _account_key(stored: StoredRecord) -> str | None:
    account_id = stored.record.fields.get("account_id")
    return None if account_id is None else f"{stored.record.ref.crm}:{account_id}"


def _in_time(activities: list[Activity]) -> tuple[Activity, ...]:
    activities.sort(key=_at)
    moments = {item.at for item in activities}
    if len(moments) == len(activities):
        return tuple(activities)
    # One activity may hang on two records of the same person: it happened once.
    once = {(item.at, item.ref.crm, item.ref.object, item.ref.id): item for item in activities}
    return tuple(once[key] for key in sorted(once))


# statements --------------------------------------------------------------------------------------
def _leads(among: Among) -> Select[*tuple[Any, ...]]:
    return select(lead.c.id, lead.c.memory, lead.c.conflict).where(among(lead.c.id))


def _records(among: Among) -> Select[*tuple[Any, ...]]:
    return select(*STORED).where(among(record.c.lead_id))


def _activities(among: Among) -> Select[str, bytes]:
    return select(activity.c.person, activity.c.body).where(among(activity.c.person))


def _opportunities(among: Among) -> Select[str, bytes]:
    joined = opportunity_person.join(opportunity, opportunity.c.ref == opportunity_person.c.ref)
    wanted = select(opportunity_person.c.person, opportunity.c.body).select_from(joined)
    return wanted.where(among(opportunity_person.c.person))


def _accounts(among: Among) -> Select[str, bytes]:
    return select(account.c.key, account.c.body).where(among(account.c.key))
