"""Engagements and contact summaries -> Activities, one for every person concerned."""

from __future__ import annotations

from collections.abc import Callable, Iterable, Iterator, Mapping, Sequence
from datetime import datetime
from typing import Any

from crmbridge.adapters.hubspot.answers import Peer, Row
from crmbridge.adapters.hubspot.client import Client
from crmbridge.adapters.hubspot.making import reference, told_activity
from crmbridge.adapters.hubspot.tables import (
    ACTIVITY_TABLES,
    CALL_DISPOSITIONS,
    PRIMARY_ASSOCIATIONS,
    ActivityTable,
)
from crmbridge.mapping import Summary
from crmbridge.model import Activity, ActivityKind, Direction, RecordRef
from crmbridge.normalise import read_datetime
from crmbridge.ports import Item

#: Sources of one association read.
_BATCH = 1_000

#: Kinds of summary in which the person acted; every other one that we know is ours.
_INBOUND = frozenset(
    {
        ActivityKind.EMAIL_OPENED,
        ActivityKind.EMAIL_CLICKED,
        ActivityKind.EMAIL_REPLIED,
        ActivityKind.FORM_SUBMISSION,
        ActivityKind.PAGE_VIEW,
        ActivityKind.CAMPAIGN_RESPONSE,
    }
)
_DIRECTIONS = dict.fromkeys(_INBOUND, Direction.INBOUND) | {ActivityKind.EMAIL_SENT: Direction.OUTBOUND}


def to_activities(client: Client, object: str, rows: Sequence[Row]) -> list[Item]:
    """Normalise engagements: one Activity for every contact, none for those without contacts."""
    people = associated(client, object, "contacts", [row.id for row in rows])
    return [
        activity
        for row in rows
        if (at := _at(row.properties, ACTIVITY_TABLES[object])) is not None
        for activity in _activities(object, row, at, people.get(row.id, ()))
    ]


def _activities(object: str, row: Row, at: datetime, people: Iterable[str]) -> Iterator[Activity]:
    table, raw = ACTIVITY_TABLES[object], row.properties
    kind, direction = _kind(raw, table)
    for person in people:
        yield Activity(
            ref=RecordRef("hubspot", object, row.id),
            person=RecordRef("hubspot", "contacts", person),
            kind=kind,
            at=at,
            direction=direction,
            owner_id=raw.get("hubspot_owner_id") or None,
            name=(raw.get(table.title) or None) if table.title else None,
            raw_kind=(raw.get(table.raw_kind) if table.raw_kind else None) or object,
            outcome=_outcome(raw, table),
            deleted=row.archived,
        )


def _kind(raw: Mapping[str, Any], table: ActivityTable) -> tuple[ActivityKind, Direction]:
    value = raw.get(table.by) if table.by else None
    return (table.rows or {}).get(value or "", (table.kind, table.direction))


def _at(raw: Mapping[str, Any], table: ActivityTable) -> datetime | None:
    moment = read_datetime(next((raw[name] for name in table.at if raw.get(name)), None))
    return moment if isinstance(moment, datetime) else None


def _outcome(raw: Mapping[str, Any], table: ActivityTable) -> str | None:
    found = next((str(raw[name]) for name in table.outcome if raw.get(name)), None)
    return CALL_DISPOSITIONS.get(found, found) if found else None


def summary_reader(wanted: Iterable[Summary]) -> Callable[[Row, RecordRef], list[Activity]]:
    """Make the reader of what a contact's own properties tell: the latest opening, click, form …

    The reference is made of the contact and the moment, so that the same opening is the same Activity
    every time it is read, and the next one is another.
    """
    steps = [
        (s.at, s.name or "", s.kind, f"contacts.{s.kind.value}", _DIRECTIONS.get(s.kind, Direction.UNKNOWN))
        for s in wanted
    ]

    def read(row: Row, person: RecordRef) -> list[Activity]:
        raw = row.properties
        return [
            told_activity(
                ref=reference(source, f"{row.id}:{round(at.timestamp() * 1000)}"),
                person=person,
                kind=kind,
                at=at,
                direction=direction,
                name=raw.get(name) or None,
                raw_kind=at_name,
                deleted=row.archived,
            )
            for at_name, name, kind, source, direction in steps
            if (text := raw.get(at_name)) and isinstance(at := read_datetime(text), datetime)
        ]

    return read


def summaries(row: Row, wanted: Iterable[Summary]) -> Iterator[Activity]:
    """Read what one contact's own properties tell."""
    yield from summary_reader(wanted)(row, RecordRef("hubspot", "contacts", row.id))


def associated(client: Client, source: str, target: str, ids: Sequence[str]) -> dict[str, tuple[str, ...]]:
    """Read which ``target`` ids belong to each source; a source without any is absent.

    The primary one first, then in order of id. One call for 1,000 sources.
    """
    found: dict[str, dict[str, bool]] = {}
    asked = [{"id": source_id} for source_id in ids]
    while asked:
        answer = client.associations(source, target, asked[:_BATCH])
        asked = asked[_BATCH:]
        for item in answer.results:
            source_id = str(item.source.id)
            peers = found.setdefault(source_id, {})
            peers.update((str(peer.to_object_id), _is_primary(peer)) for peer in item.to)
            if item.paging and item.paging.next:  # one with very many: its rest joins the next call
                asked.append({"id": source_id, "after": item.paging.next.after})
    return {source_id: _in_order(peers) for source_id, peers in found.items()}


def _in_order(peers: Mapping[str, bool]) -> tuple[str, ...]:
    # Ids are numbers: by length first, then as text.
    return tuple(sorted(peers, key=lambda peer: (not peers[peer], len(peer), peer)))


def _is_primary(peer: Peer) -> bool:
    return any(kind.type_id in PRIMARY_ASSOCIATIONS for kind in peer.association_types)
