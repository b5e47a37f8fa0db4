"""Records <-> rows: what is kept of a record, what counts as a change, and who is told.

A record that comes again with another version and the same content is no news: its version is noted and
its lead is left alone.
"""

from __future__ import annotations

import hashlib
from collections.abc import Callable, Iterable, Mapping, Sequence
from dataclasses import dataclass, field
from datetime import datetime
from operator import itemgetter
from typing import Any, NamedTuple, TypeAlias

import msgspec
from sqlalchemy import Connection, Select, select

from crmbridge.codec import pack, plain_values, restore_values
from crmbridge.ledger.store import Among, AnyRow, Store, from_micros, to_micros
from crmbridge.ledger.tables import identity_key, record
from crmbridge.model import Record, RecordRef, Value
from crmbridge.ports import StoredRecord
from crmbridge.twins import maker

#: Record -> identity keys, as ``crmbridge.identity.keys`` gives them.
Keys: TypeAlias = Callable[[Record], tuple[str, ...]]

#: (ref, field) -> a value that we wrote or are about to write there: seeing it is no edit of somebody.
Ours: TypeAlias = Mapping[tuple[str, str], Value]

_KEY_LENGTH = 200
_ref = maker(RecordRef)
_record = maker(Record)
_stored = maker(StoredRecord)

#: Version of a record whose person was forgotten, and what stands in the audit where a value was.
ERASED = "erased"


class Body(msgspec.Struct, omit_defaults=True):
    """What of a record no query asks for. New fields need a default: old rows lack them."""

    fields: dict[str, Any]
    unknown: dict[str, str] = {}
    merged_into: RecordRef | None = None
    absorbed_ids: tuple[str, ...] = ()
    converted_to: RecordRef | None = None
    linked_to: RecordRef | None = None
    other_emails: tuple[str, ...] = ()


_encode = msgspec.msgpack.Encoder(order="deterministic").encode
_decode_body = msgspec.msgpack.Decoder(Body).decode
_decode_values = msgspec.msgpack.Decoder(dict[str, Any]).decode
_decode_times = msgspec.msgpack.Decoder(dict[str, datetime]).decode

#: What ``to_stored`` needs of a row.
STORED = (
    record.c.ref,
    record.c.version,
    record.c.modified_at,
    record.c.deleted,
    record.c.lead_id,
    record.c.body,
    record.c.base,
    record.c.changed_at,
)
RECORD_COLUMNS = (
    "ref",
    "crm",
    "object",
    "version",
    "modified_at",
    "deleted",
    "rebind",
    "lead_id",
    "owner_id",
    "account",
    "keys",
    "body",
    "base",
    "changed_at",
)
#: What of a row stays when its record changed, and what is replaced.
_KEPT = ("ref", "crm", "object", "lead_id", "base")
_REPLACED = tuple(name for name in RECORD_COLUMNS if name not in _KEPT)
_replaced = itemgetter(*map(RECORD_COLUMNS.index, (*_REPLACED, "ref")))


def parse_ref(text: str) -> RecordRef:
    """Read a ref as ``str(ref)`` wrote it."""
    crm, object_name, record_id = text.split(":", 2)
    return _ref(crm, object_name, record_id)


def index_key(key: str) -> str:
    """Give an identity key as the index keeps it: short, on one line, without what PostgreSQL refuses."""
    plain = key.isascii() and len(key) <= _KEY_LENGTH and "\0" not in key and "\n" not in key
    if plain or (not key.isascii() and len(key) <= _KEY_LENGTH and key.isprintable()):
        return key
    return "hash:" + hashlib.blake2b(key.encode("utf-8", "surrogatepass"), digest_size=20).hexdigest()


def encode_body(item: Record) -> bytes:
    """Give the part of a record that tells whether it changed."""
    fields = item.fields if type(item.fields) is dict else dict(item.fields)
    unknown = item.unknown if type(item.unknown) is dict else dict(item.unknown)
    body = Body(
        fields,
        unknown,
        item.merged_into,
        item.absorbed_ids,
        item.converted_to,
        item.linked_to,
        item.other_emails,
    )
    try:
        return _encode(body)
    except (OverflowError, UnicodeEncodeError):
        body.fields = plain_values(fields)
        body.unknown = {name: text.encode("utf-8", "replace").decode() for name, text in unknown.items()}
        return _encode(body)


def decode_body(data: bytes) -> Body:
    """Read back what ``encode_body`` wrote."""
    body = _decode_body(data)
    if b"amount" in data or b"python" in data:  # the marks of what msgpack has no type for
        restore_values(body.fields)
    return body


def decode_values(data: bytes | None) -> dict[str, Any]:
    """Read a mapping of values; nothing kept is an empty one."""
    return restore_values(_decode_values(data)) if data else {}


def decode_times(data: bytes | None) -> dict[str, datetime]:
    """Read a mapping of moments; nothing kept is an empty one."""
    return _decode_times(data) if data else {}


def to_record(ref: RecordRef, version: str, modified_at: int | None, deleted: int, body: Body) -> Record:
    """Put a record together again; the payload as the CRM sent it is not kept."""
    return _record(
        ref=ref,
        version=version,
        modified_at=from_micros(modified_at),
        fields=body.fields,
        unknown=body.unknown,
        deleted=bool(deleted),
        merged_into=body.merged_into,
        absorbed_ids=body.absorbed_ids,
        converted_to=body.converted_to,
        linked_to=body.linked_to,
        other_emails=body.other_emails,
    )


def to_stored(row: Sequence[Any]) -> StoredRecord:
    """Read a row of ``STORED``."""
    ref, version, modified_at, deleted, lead_id, body, base, changed_at = row
    return _stored(
        record=to_record(parse_ref(ref), version, modified_at, deleted, decode_body(body)),
        base=decode_values(base),
        changed_at=decode_times(changed_at),
        lead_id=lead_id,
    )


class PutBack(NamedTuple):
    """Somebody replaced a value that we had written."""

    ref: str
    field: str
    theirs: Value
    at: datetime


@dataclass(slots=True)
class Batch:
    """Records on their way into the tables."""

    store: Store
    tx: Connection
    keys: Keys
    #: When an edit is dated if the CRM gives no stamp.
    seen_at: datetime
    #: Asked for only when a known record changed.
    ours: Callable[[set[str]], Ours]
    #: Lead id -> fields that somebody else changed since, per changed record of a bound lead.
    changed: dict[str, set[str]] = field(default_factory=dict)
    #: (ref, when): somebody else gave the record to another owner.
    owner_changes: list[tuple[str, datetime]] = field(default_factory=list)
    #: Somebody replaced what we had written.
    put_back: list[PutBack] = field(default_factory=list)
    #: Leads of whom a CRM says that the person is to be forgotten.
    to_forget: list[str] = field(default_factory=list)
    _rows: list[tuple[Any, ...]] = field(default_factory=list)
    _edited: list[tuple[Any, ...]] = field(default_factory=list)
    _moved: list[tuple[Any, ...]] = field(default_factory=list)
    _new_keys: list[tuple[str, str]] = field(default_factory=list)
    _old_keys: list[tuple[str, str]] = field(default_factory=list)

    def store_all(self, items: Iterable[Record]) -> None:
        """Store records; of one that comes twice the last counts."""
        records = {str(item.ref): item for item in items}
        known = self._known(records)
        edited: list[tuple[str, Record, bytes, AnyRow]] = []
        for ref, item in records.items():
            body, old = encode_body(item), known.get(ref)
            if item.forgotten and old is not None and old.lead_id is not None:
                self.to_forget.append(old.lead_id)
            if old is None:
                self._add(ref, item, body)
            elif old.version == ERASED and item.deleted:
                continue  # whoever was forgotten does not come back as a deleted record
            elif body != old.body or item.deleted != bool(old.deleted):
                edited.append((ref, item, body, old))
            elif item.version != old.version:
                self._moved.append((item.version, to_micros(item.modified_at), ref))
        if edited:
            ours = self.ours({old.lead_id for *_, old in edited if old.lead_id is not None})
            for ref, item, body, old in edited:
                self._replace(ref, item, body, old, ours)
        self._flush()

    def _known(self, records: Mapping[str, Record]) -> dict[str, AnyRow]:
        return {row[0]: row for row in self.store.matching(self.tx, _before, records).all()}

    def _add(self, ref: str, item: Record, body: bytes) -> None:
        keys = [index_key(key) for key in self.keys(item)]
        self._new_keys.extend((key, ref) for key in keys)
        self._rows.append(record_row(ref, item, body, rebind=True, keys=keys, changed_at=None))

    def _replace(self, ref: str, item: Record, body: bytes, old: AnyRow, ours: Ours) -> None:
        keys = [index_key(key) for key in self.keys(item)]
        before = old.keys.split("\n") if old.keys else []
        if keys != before:
            self._new_keys.extend((key, ref) for key in keys if key not in before)
            self._old_keys.extend((key, ref) for key in before if key not in keys)
        held = decode_body(old.body)
        edits = _edits(item, held) if body != old.body else set()
        if ours:
            edits -= {
                name
                for name, value in item.fields.items()
                if (ref, name) in ours and ours[ref, name] == value
            }
        changed_at = decode_times(old.changed_at) | dict.fromkeys(edits, item.modified_at or self.seen_at)
        rebind = bool(old.rebind) or keys != before
        row = record_row(ref, item, body, rebind=rebind, keys=keys, changed_at=changed_at)
        self._edited.append(_replaced(row))
        if edits and old.version != ERASED:
            self._watch(ref, item, held, old, edits)
        if old.lead_id is not None:
            gone = {"deleted"} if item.deleted != bool(old.deleted) else set()
            self.changed.setdefault(old.lead_id, set()).update(edits | gone)

    def _watch(self, ref: str, item: Record, held: Body, old: AnyRow, edits: set[str]) -> None:
        """Note what others do again and again: give the record away, put values back over ours."""
        at = item.modified_at or self.seen_at
        if "owner" in edits:
            self.owner_changes.append((ref, at))
        base = decode_values(old.base)
        for name in sorted(edits & base.keys() & item.fields.keys()):
            if held.fields.get(name) == base[name]:
                self.put_back.append(PutBack(ref, name, item.fields[name], at))

    def _flush(self) -> None:
        store, tx = self.store, self.tx
        store.put(tx, record, RECORD_COLUMNS, self._rows)
        store.alter(tx, record, _REPLACED, ("ref",), self._edited)
        store.alter(tx, record, ("version", "modified_at"), ("ref",), self._moved)
        store.drop(tx, identity_key, ("key", "ref"), self._old_keys)
        store.put(tx, identity_key, ("key", "ref"), self._new_keys)


def _before(among: Among) -> Select[*tuple[Any, ...]]:
    """Ask for what tells whether a record changed, and how."""
    columns = ("ref", "version", "deleted", "rebind", "lead_id", "keys", "body", "changed_at", "base")
    return select(*(record.c[name] for name in columns)).where(among(record.c.ref))


def record_row(
    ref: str,
    item: Record,
    body: bytes,
    *,
    rebind: bool,
    keys: Sequence[str],
    changed_at: Mapping[str, datetime] | None,
    lead_id: str | None = None,
    base: Mapping[str, Value] | None = None,
) -> tuple[Any, ...]:
    crm, account, owner_id = item.ref.crm, item.fields.get("account_id"), item.fields.get("owner")
    return (
        ref,
        crm,
        item.ref.object,
        item.version,
        to_micros(item.modified_at),
        int(item.deleted),
        int(rebind),
        lead_id,
        None if owner_id is None else str(owner_id),
        None if account is None else f"{crm}:{account}",
        "\n".join(keys),
        body,
        pack(base) if base else None,
        pack(changed_at) if changed_at else None,
    )


def _edits(item: Record, old: Body) -> set[str]:
    """Name the fields whose value, known before, is another one now."""
    now = item.fields
    edited = {name for name, value in old.fields.items() if name in now and now[name] != value}
    if not item.unknown:
        return edited
    return edited | {name for name, text in item.unknown.items() if old.unknown.get(name, text) != text}
