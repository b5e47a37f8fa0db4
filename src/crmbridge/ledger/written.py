"""What we wrote, and what both sides agree on, goes into the records: as observed value and as base."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass, replace
from typing import Any

from sqlalchemy import Connection, select

from crmbridge.codec import pack
from crmbridge.ledger.records import (
    RECORD_COLUMNS,
    STORED,
    Body,
    Keys,
    decode_body,
    decode_times,
    decode_values,
    encode_body,
    index_key,
    parse_ref,
    record_row,
    to_record,
)
from crmbridge.ledger.store import AnyRow, Store
from crmbridge.ledger.tables import identity_key, record
from crmbridge.model import Record, Value


@dataclass(frozen=True, slots=True, kw_only=True)
class Written:
    """One record after a good outcome."""

    ref: str
    lead_id: str
    values: Mapping[str, Value]
    #: Planned fields that were found in place and not sent.
    in_place: tuple[str, ...]
    #: "" when the CRM did not say.
    version: str
    #: Nothing was sent: what was observed stands, whatever spelling of the same value we wanted.
    was_there: bool


def store_written(store: Store, tx: Connection, keys: Keys, items: Sequence[Written]) -> None:
    """Store the values as observed and as base; a record that is new to the ledger is bound to its lead."""
    known = _known(store, tx, [item.ref for item in items])
    rows: list[tuple[Any, ...]] = []
    fresh: list[tuple[str, str]] = []
    stale: list[tuple[str, str]] = []
    for item in items:
        old = known.get(item.ref)
        row, names = _created(item, keys) if old is None else _updated(item, old, keys)
        rows.append(row)
        before = [] if old is None else old.keys.split("\n")
        fresh.extend((name, item.ref) for name in names if name not in before)
        stale.extend((name, item.ref) for name in before if name not in names)
    replaced = tuple(name for name in RECORD_COLUMNS if name not in {"ref", "crm", "object", "lead_id"})
    store.put(tx, record, RECORD_COLUMNS, rows, update=replaced)
    store.drop(tx, identity_key, ("key", "ref"), stale)
    store.put(tx, identity_key, ("key", "ref"), fresh)


def store_bases(
    store: Store, tx: Connection, bases: Mapping[str, Mapping[str, Value]], *, only_if_held: bool = False
) -> None:
    """Add to the bases of records; with ``only_if_held`` only what the record is known to hold."""
    rows = []
    for ref, row in _known(store, tx, bases).items():
        held = decode_body(row.body).fields if only_if_held else {}
        news = {
            name: value
            for name, value in bases[ref].items()
            if not only_if_held or (name in held and held[name] == value)
        }
        base = decode_values(row.base) | news
        rows.append((pack(base), ref))
    store.alter(tx, record, ("base",), ("ref",), rows)


def _known(store: Store, tx: Connection, refs: Any) -> dict[str, AnyRow]:
    columns = (*STORED, record.c.rebind, record.c["keys"])
    return {row.ref: row for row in tx.execute(select(*columns).where(store.among(record.c.ref, list(refs))))}


def _created(item: Written, keys: Keys) -> tuple[tuple[Any, ...], list[str]]:
    fields = {**item.values, "lead_id": item.lead_id}
    made = Record(ref=parse_ref(item.ref), version=item.version, modified_at=None, fields=fields)
    names = [index_key(key) for key in keys(made)]
    row = record_row(
        item.ref,
        made,
        encode_body(made),
        rebind=False,
        keys=names,
        changed_at=None,
        lead_id=item.lead_id,
        base=dict(item.values),
    )
    return row, names


def _updated(item: Written, old: AnyRow, keys: Keys) -> tuple[tuple[Any, ...], list[str]]:
    body = decode_body(old.body)
    seen = {name: body.fields.get(name, value) for name, value in item.values.items()}
    values = seen if item.was_there else dict(item.values)
    held = {name: body.fields[name] for name in item.in_place if name in body.fields}
    made = replace(
        to_record(parse_ref(item.ref), old.version, old.modified_at, old.deleted, _with(body, values)),
        version=item.version or old.version,
    )
    names = [index_key(key) for key in keys(made)]
    changed_at = decode_times(old.changed_at)
    row = record_row(
        item.ref,
        made,
        encode_body(made),
        rebind=bool(old.rebind),
        keys=names,
        changed_at={name: at for name, at in changed_at.items() if name not in values},
        lead_id=old.lead_id,
        base={**decode_values(old.base), **held, **values},
    )
    return row, names


def _with(body: Body, values: Mapping[str, Value]) -> Body:
    body.fields.update(values)
    for name in values:
        body.unknown.pop(name, None)
    return body
