"""An in-memory CRM with scripted failures.

`FakeCrm` keeps canonical records, so that a process can be tried without any mapping. It fails on
demand in the ways that real CRMs do: a refused record, an answer that never came (before or after the
write was applied), a CRM that is down.
"""

from __future__ import annotations

from collections.abc import Callable, Collection, Iterator, Mapping, Sequence
from dataclasses import dataclass, field, replace
from datetime import UTC, datetime, timedelta
from enum import Enum
from typing import TypeGuard

from crmbridge.chunks import chunks
from crmbridge.errors import Unavailable, Where
from crmbridge.history import Doer, RecordHistory
from crmbridge.model import (
    Account,
    Activity,
    CrmName,
    Opportunity,
    Outcome,
    OutcomeState,
    Owner,
    Record,
    RecordRef,
    Value,
    Write,
)
from crmbridge.outbox import Attachment
from crmbridge.ports import BulkWay, CrmIdentity, Item, KnownVersions, NewField, Page, Quota, Rights, Schema
from crmbridge.testing.fake_past import FakePast

#: Objects in the order in which `changes` reads them.
_ORDER = ("owners", "accounts", "contacts", "leads", "Lead", "Contact", "opportunities", "activities")


class Fate(Enum):
    """What becomes of one call that writes."""

    #: Carried out and answered.
    OK = "ok"
    #: The first record of the batch is refused, the others are written.
    REFUSE_FIRST = "refuse_first"
    #: The connection dies before anything is written.
    LOST_BEFORE = "lost_before"
    #: Everything is written and the answer is lost.
    LOST_AFTER = "lost_after"
    #: Half of the batch is written, then the process is killed.
    KILLED_HALFWAY = "killed_halfway"
    #: The CRM answers that it is down.
    DOWN = "down"


class Killed(BaseException):
    """Stands for ``kill -9``: nothing catches it, no clean-up of the run takes place."""


@dataclass(slots=True)
class _Row:
    item: Item
    seq: int
    external_id: str | None = None


@dataclass(slots=True)
class FakeCrm:
    """One CRM account in memory. Implements `crmbridge.ports.Crm`.

    Args:
        name: "hubspot" or "salesforce": decides which objects can be created.
        now: Stamps of changed rows; advanced by one second at every write.
        page_size: Rows per page, to show that it does not matter.
        fates: What becomes of the next writing calls; after the last one all goes well.
        reverse: Give rows in the opposite order, to show that it does not matter.
    """

    name: CrmName
    now: datetime = datetime(2026, 1, 5, 9, tzinfo=UTC)
    page_size: int = 100
    fates: list[Fate] = field(default_factory=list)
    reverse: bool = False
    account_id: str = "fake"
    batch_limit: int = 100
    #: So many plain writes go in one call, as a bulk API takes them; None: none do.
    bulk_from: int | None = None
    calls: int = 0
    #: Calls that the account has left today, of so many; None: it does not tell.
    calls_left: int | None = None
    calls_per_day: int = 1000
    #: A value that every write of it is refused for: validation, as the CRMs do it.
    refused_value: Value = "refuse me"
    #: Done once, right after the next call that writes: what somebody else does meanwhile.
    meanwhile: Callable[[], object] | None = None
    #: Calls that wrote, and records they wrote: for "a second run writes nothing".
    write_calls: int = 0
    #: Objects in which the CRM sets another owner than asked, as assignment rules do: object -> owner id.
    assignment_rules: dict[str, str] = field(default_factory=dict)
    #: What was where when: filled by every edit and write; tests add to it.
    past: FakePast = field(default_factory=FakePast)
    _meter: Callable[[], None] | None = None
    #: Notes on records, in the order in which they were made.
    notes: list[Attachment] = field(default_factory=list)
    #: What becomes of the next calls that attach.
    note_fates: list[Fate] = field(default_factory=list)
    _rows: dict[tuple[str, str], _Row] = field(default_factory=dict)
    _seq: int = 0

    # what people and other tools do -----------------------------------------------------------------
    def edit(self, object: str, id: str, /, **fields: Value) -> RecordRef:
        """Create or change a record the way a person does in the CRM's own screens."""
        ref = RecordRef(self.name, object, id)
        row = self._rows.get((object, id))
        before = row.item.fields if row and isinstance(row.item, Record) else {}
        record = self._record(ref, {**before, **fields})
        self.past.note(record, before, Doer.PERSON)
        self._store(object, record)
        return ref

    def add(self, item: Item) -> None:
        """Add or replace an owner, account, activity, opportunity or a whole record."""
        self._store(_object_of(item), item)

    def remove(self, object: str, id: str) -> None:
        """Delete a record, as a person does."""
        row = self._rows[object, id]
        if isinstance(row.item, Record):
            self._store(object, replace(row.item, deleted=True, version=self._next_version()))

    def forget(self, object: str, id: str) -> None:
        """Delete a person for good, as a privacy request does: the CRM says so, and nothing else any more."""
        row = self._rows[object, id]
        if isinstance(row.item, Record):
            gone = Record(
                ref=row.item.ref,
                version=self._next_version(),
                modified_at=self.now,
                fields={},
                deleted=True,
                forgotten=True,
            )
            self._store(object, gone)

    def fields(self, object: str, id: str) -> Mapping[str, Value]:
        """Show what a record holds now."""
        item = self._rows[object, id].item
        return dict(item.fields) if isinstance(item, Record) else {}

    def records(self, object: str) -> Sequence[Record]:
        """Give the live records of an object, by id."""
        found = [row.item for (name, _), row in sorted(self._rows.items()) if name == object]
        return [item for item in found if isinstance(item, Record) and not item.deleted]

    # the port ---------------------------------------------------------------------------------------
    def quota(self) -> Quota | None:
        """See `ports.Crm.quota`."""
        return None if self.calls_left is None else Quota(left=self.calls_left, per_day=self.calls_per_day)

    def meter(self, before_call: Callable[[], None] | None) -> None:
        """See `ports.Crm.meter`."""
        self._meter = before_call

    def identity(self) -> CrmIdentity:
        """See `ports.Crm.identity`."""
        return CrmIdentity(account_id=self.account_id)

    def rights(self) -> Rights:
        """See `ports.Crm.rights`; a fake grants everything."""
        return Rights(granted=None, needed=frozenset())

    def schema(self) -> Schema:
        """See `ports.Crm.schema`; a fake has no fields of its own to check against."""
        return Schema(crm=self.name, objects={})

    def fit(self, schema: Schema) -> None:
        """See `ports.Crm.fit`; a fake has every field."""

    def changes(
        self, watermarks: Mapping[str, str], known: KnownVersions, *, full: bool = False
    ) -> Iterator[Page]:
        """See `ports.Crm.changes`."""
        for name in _ORDER:
            since = -1 if full else int(watermarks.get(name, "-1"))
            rows = sorted(
                (row for (target, _), row in self._rows.items() if target == name and row.seq > since),
                key=lambda row: row.seq,
                reverse=self.reverse,
            )
            mark = str(max((row.seq for row in rows), default=since))
            pages = list(chunks(rows, self.page_size))
            self._call()
            for index, page in enumerate(pages or [[]]):
                is_last = index >= len(pages) - 1
                yield self._page(name, page, known, mark if is_last else None)

    def read(self, object: str, ids: Sequence[str]) -> Mapping[str, Record]:
        """See `ports.Crm.read`."""
        self._call()
        found = {}
        for asked in ids:
            row = self._rows.get((object, asked))
            if row and isinstance(row.item, Record):
                survivor = row.item.merged_into
                record = self._rows[object, survivor.id].item if survivor else row.item
                if isinstance(record, Record) and not record.deleted:
                    found[asked] = record
        return found

    def read_external(self, object: str, lead_ids: Sequence[str]) -> Mapping[str, Record]:
        """See `ports.Crm.read_external`."""
        self._call()
        wanted = set(lead_ids)
        rows = [row for (name, _), row in self._rows.items() if name == object]
        return {
            row.external_id: row.item
            for row in rows
            if row.external_id is not None and row.external_id in wanted and isinstance(row.item, Record)
        }

    def read_limit(self, object: str) -> int:
        """See `ports.Crm.read_limit`."""
        return self.batch_limit

    def history(
        self, object: str, ids: Sequence[str], fields: Collection[str]
    ) -> Iterator[Sequence[RecordHistory]]:
        """See `ports.Crm.history`."""
        for part in chunks(list(dict.fromkeys(ids)), self.batch_limit):
            self._call()
            rows = [row for key in part if (row := self._rows.get((object, key))) is not None]
            yield [self.past.history(row.item.ref, fields) for row in rows if _is_there(row.item)]

    def history_limit(self, object: str) -> int:
        """See `ports.Crm.history_limit`."""
        return self.batch_limit

    def history_objects(self) -> Sequence[str]:
        """See `ports.Crm.history_objects`."""
        return ("contacts", "leads") if self.name == "hubspot" else ("Lead", "Contact")

    def write_limit(self, object: str, *, create: bool, conditional: bool) -> int:
        """See `ports.Crm.write_limit`."""
        return self.batch_limit

    def write(self, writes: Sequence[Write]) -> Sequence[Outcome]:
        """See `ports.Crm.write`."""
        self._call()
        self.write_calls += 1
        fate = self.fates.pop(0) if self.fates else Fate.OK
        if fate is Fate.DOWN:
            raise Unavailable("the CRM is down", Where(crm=self.name))
        if fate is Fate.LOST_BEFORE:
            return [_outcome(write, OutcomeState.AMBIGUOUS) for write in writes]
        if fate is Fate.KILLED_HALFWAY:
            for write in writes[: (len(writes) + 1) // 2]:
                self._carry_out(write)
            raise Killed
        outcomes = [
            _outcome(write, OutcomeState.FAILED, error="refused")
            if fate is Fate.REFUSE_FIRST and index == 0
            else self._carry_out(write)
            for index, write in enumerate(writes)
        ]
        if (meanwhile := self.meanwhile) is not None:
            self.meanwhile = None
            meanwhile()
        if fate is Fate.LOST_AFTER:
            return [_outcome(write, OutcomeState.AMBIGUOUS) for write in writes]
        return outcomes

    def bulk(self, object: str) -> BulkWay | None:
        """See `ports.Crm.bulk`; a fake has it where ``bulk_from`` says so, for ten batches at most."""
        if self.bulk_from is None:
            return None
        most = 10 * self.batch_limit
        return BulkWay(least=self.bulk_from, most=most, calls=1, write=lambda writes, _: self.write(writes))

    def verify_fields(self, object: str) -> frozenset[str]:
        """See `ports.Crm.verify_fields`."""
        return frozenset({"owner"}) if self.name == "salesforce" else frozenset({"stage"})

    def same(self, object: str, field: str, left: Value, right: Value) -> bool:
        """See `ports.Crm.same`; a fake compares as Python does, and an empty text is None."""
        return (left or None) == (right or None) if isinstance(left or right, str) else left == right

    def create_fields(self, fields: Sequence[NewField]) -> Sequence[Outcome]:
        """See `ports.Crm.create_fields`; a fake has every field."""
        return [Outcome(key=item.name, state=OutcomeState.UNCHANGED) for item in fields]

    def _call(self) -> None:
        if self._meter is not None:
            self._meter()
        self.calls += 1
        if self.calls_left is not None:
            self.calls_left -= 1

    def attach(self, notes: Sequence[Attachment]) -> Sequence[Outcome]:
        """See `ports.Crm.attach`; one call, and one more where something is to be made."""
        self._call()
        there = {note.marker for note in self.notes}
        fresh = [note for note in notes if note.marker not in there]
        fate = self.note_fates.pop(0) if self.note_fates and fresh else Fate.OK
        if fate is Fate.DOWN:
            raise Unavailable("the CRM is down", Where(crm=self.name))
        if fresh:
            self._call()
        outcomes = {note.marker: OutcomeState.UNCHANGED for note in notes if note.marker in there}
        for index, note in enumerate(fresh):
            outcomes[note.marker] = self._attach(note, fate, index)
        if fate is Fate.KILLED_HALFWAY:
            raise Killed
        return [Outcome(key=note.marker, state=outcomes[note.marker]) for note in notes]

    # inside -----------------------------------------------------------------------------------------
    def _attach(self, note: Attachment, fate: Fate, index: int) -> OutcomeState:
        row = self._rows.get((note.object, note.id or ""))
        gone = row is None or not isinstance(row.item, Record) or row.item.deleted
        if gone or (fate is Fate.REFUSE_FIRST and index == 0):
            return OutcomeState.FAILED
        if fate is not Fate.LOST_BEFORE and not (fate is Fate.KILLED_HALFWAY and index):
            self.notes.append(note)
        return OutcomeState.AMBIGUOUS if fate in {Fate.LOST_BEFORE, Fate.LOST_AFTER} else OutcomeState.WRITTEN

    def _page(self, name: str, rows: Sequence[_Row], known: KnownVersions, mark: str | None) -> Page:
        ids = [row.item.ref.id for row in rows if isinstance(row.item, Record)]
        versions = known(name, ids) if ids else {}
        items = tuple(
            row.item
            for row in rows
            if not isinstance(row.item, Record) or versions.get(row.item.ref.id) != row.item.version
        )
        return Page(object=name, items=items, watermark=mark, rows_count=len(rows))

    def _carry_out(self, write: Write) -> Outcome:
        row = self._find(write)
        gone = row is None or (isinstance(row.item, Record) and row.item.deleted)
        if gone and write.id is not None:
            return _outcome(write, OutcomeState.FAILED, error="not_found")
        record_id = (
            row.item.ref.id if row and isinstance(row.item, Record) else f"{self.name[0]}{self._seq + 1}"
        )
        before = row.item.fields if row and isinstance(row.item, Record) else {}
        if self.refused_value in write.values.values():
            return _outcome(write, OutcomeState.FAILED, error="refused")
        version = row.item.version if row and isinstance(row.item, Record) else None
        if write.if_version not in {None, version}:
            return _outcome(write, OutcomeState.MOVED)
        values = {**before, **write.values}
        if write.object in self.assignment_rules:
            values["owner"] = self.assignment_rules[write.object]
        record = self._record(RecordRef(self.name, write.object, record_id), values)
        external_id = row.external_id if row and write.id is not None else write.lead_id
        self.past.note(record, before, Doer.INTEGRATION)
        self._store(write.object, record, external_id)
        return Outcome(key=write.key, state=OutcomeState.WRITTEN, id=record_id, version=record.version)

    def _find(self, write: Write) -> _Row | None:
        if write.id is not None:
            return self._rows.get((write.object, write.id))
        rows = [row for (name, _), row in self._rows.items() if name == write.object]
        return next((row for row in rows if row.external_id == write.lead_id), None)

    def _record(self, ref: RecordRef, fields: Mapping[str, Value]) -> Record:
        self.now += timedelta(seconds=1)
        every = {name: fields.get(name) for name in {*_FIELDS, *fields}}
        return Record(ref=ref, version=self._next_version(), modified_at=self.now, fields=every)

    def _store(self, object: str, item: Item, external_id: str | None = None) -> None:
        key = item.key if isinstance(item, Owner) else _ref_key(item)
        self._seq += 1
        before = self._rows.get((object, key))
        kept = external_id or (before.external_id if before else None)
        self._rows[object, key] = _Row(item, self._seq, kept)

    def _next_version(self) -> str:
        return str(self._seq + 1)


#: Fields that every record of a fake has, empty unless set.
_FIELDS: Collection[str] = (
    "email",
    "first_name",
    "last_name",
    "phone",
    "company",
    "country",
    "job_title",
    "stage",
    "status",
    "owner",
    "recycle_reason",
    "lead_id",
    "score",
    "fit_score",
    "engagement_score",
    "is_mql",
    "is_sal",
    "qualified_at",
    "accepted_at",
    "recycled_at",
    "recycle_until",
    "recycle_count",
    "why",
    "process_version",
    "opted_out",
    "do_not_call",
)

_OBJECTS: Mapping[type, str] = {
    Owner: "owners",
    Account: "accounts",
    Activity: "activities",
    Opportunity: "opportunities",
}


def _is_there(item: Item) -> TypeGuard[Record]:
    return isinstance(item, Record) and not item.deleted


def _object_of(item: Item) -> str:
    return item.ref.object if isinstance(item, Record) else _OBJECTS[type(item)]


def _ref_key(item: Record | Activity | Account | Opportunity) -> str:
    return f"{item.ref.id}|{item.person.id}" if isinstance(item, Activity) else item.ref.id


def _outcome(write: Write, state: OutcomeState, error: str | None = None) -> Outcome:
    return Outcome(key=write.key, state=state, id=write.id, error=error)
