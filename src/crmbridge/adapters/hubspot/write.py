"""Writing: batches with one outcome per record. ``from_change`` is the direction ours -> CRM."""

from __future__ import annotations

from collections.abc import Callable, Iterable, Sequence
from dataclasses import dataclass
from typing import Any, Final

from crmbridge.adapters.hubspot.activities import associated
from crmbridge.adapters.hubspot.answers import Row, Rows
from crmbridge.adapters.hubspot.client import Client
from crmbridge.adapters.hubspot.errors import Entry, Rejected
from crmbridge.adapters.hubspot.read import Reader
from crmbridge.adapters.hubspot.tables import LEAD_TO_CONTACT
from crmbridge.adapters.hubspot.values import to_wire
from crmbridge.errors import Ambiguous, FatalError, MappingError, RecordError, TransientError
from crmbridge.mapping import Mapping as CompanyMapping
from crmbridge.mapping import ObjectMap
from crmbridge.model import Outcome, OutcomeState, Record, Write

#: Records per call, whatever is done to them.
BATCH: Final = 100

#: Codes that concern every record that writes the property: no use in looking for the one at fault.
_HOPELESS: Final = frozenset({"PROPERTY_DOESNT_EXIST", "READ_ONLY_VALUE"})

#: The one property that a new lead has for sure.
_LEAD_NAME: Final = "hs_lead_name"

#: Object -> the property by which a new record is recognised in an answer without trace ids.
_KNOWN_BY: Final = {"leads": _LEAD_NAME, "notes": "hs_note_body", "tasks": "hs_task_body"}

_Send = Callable[[list[dict[str, Any]]], Rows]


@dataclass(frozen=True, slots=True)
class Item:
    """One record on its way out."""

    #: Place in the batch that we were given; its text is the trace id.
    index: int
    write: Write
    #: As HubSpot takes it.
    input: dict[str, Any]

    @property
    def names(self) -> frozenset[str]:
        return frozenset(self.input["properties"])

    def outcome(self, state: OutcomeState, error: str | None = None) -> Outcome:
        return Outcome(key=self.write.key, state=state, id=self.write.id, error=error)


class Writer:
    """The writing half of the adapter."""

    def __init__(self, client: Client, mapping: CompanyMapping, reader: Reader) -> None:
        self._client = client
        self._mapping = mapping
        self._reader = reader

    def write(self, writes: Sequence[Write]) -> list[Outcome]:
        """See ``ports.Crm.write``."""
        if not writes:
            return []
        target, create = writes[0].object, writes[0].id is None
        object_map = self._mapping.object("hubspot", target)
        if object_map is None:
            raise LookupError(f"the mapping has no HubSpot object {target}")
        ready: list[Item] = []
        outcomes: dict[int, Outcome] = {}
        for index, write in enumerate(writes):
            try:
                ready.append(Item(index, write, _input(index, write, object_map)))
            except MappingError:
                outcomes[index] = Outcome(
                    key=write.key, state=OutcomeState.FAILED, id=write.id, error="MAPPING"
                )
        if create and target == "leads":
            outcomes |= self._create_leads(ready)
        else:
            send = self._client.upsert if create else self._client.update
            outcomes |= in_rounds(lambda inputs: send(target, inputs), ready)
        return [outcomes[index] for index in range(len(writes))]

    def _create_leads(self, items: Sequence[Item]) -> dict[int, Outcome]:
        """Create leads of HubSpot's Leads object; a contact that has one gets no second.

        A lead cannot be upserted: it must name its contact when it is created (checked 2026-11-21). The
        contact is found by our external id, one call for 100, and its lead by association.
        """
        contacts = self._reader.read_external("contacts", [item.write.lead_id for item in items])
        leads = associated(self._client, "contacts", "leads", [c.ref.id for c in contacts.values()])
        outcomes, new, old = dict[int, Outcome](), list[Item](), list[Item]()
        for item in items:
            contact = contacts.get(item.write.lead_id)
            if contact is None:
                outcomes[item.index] = item.outcome(OutcomeState.FAILED, "NO_CONTACT")
            elif there := leads.get(contact.ref.id):
                old.append(_existing(item, there[-1]))
            else:
                new.append(_new_lead(item, contact))
        # The old ones first: if the second call fails, the run is told by an exception or an outcome.
        outcomes |= in_rounds(lambda inputs: self._client.update("leads", inputs), old)
        return outcomes | in_rounds(lambda inputs: self._client.create("leads", inputs), new)


def _input(index: int, write: Write, object_map: ObjectMap) -> dict[str, Any]:
    properties = from_change(write, object_map)
    made: dict[str, Any] = {"objectWriteTraceId": str(index), "properties": properties}
    if write.id is not None:
        return {"id": write.id, **made}
    key = object_map.field("lead_id")
    if key is None:
        return made
    properties[key.name] = write.lead_id
    return {"id": write.lead_id, "idProperty": key.name, **made}


def _existing(item: Item, id: str) -> Item:
    made = {"id": id, "objectWriteTraceId": str(item.index), "properties": item.input["properties"]}
    return Item(item.index, item.write, made)


def _new_lead(item: Item, contact: Record) -> Item:
    named = [contact.fields.get(name) for name in ("first_name", "last_name")]
    name = " ".join(str(part) for part in named if part) or str(contact.fields.get("email") or contact.ref.id)
    kind = {"associationCategory": "HUBSPOT_DEFINED", "associationTypeId": LEAD_TO_CONTACT}
    made = {
        "objectWriteTraceId": str(item.index),
        "properties": {_LEAD_NAME: name, **item.input["properties"]},
        "associations": [{"to": {"id": contact.ref.id}, "types": [kind]}],
    }
    return Item(item.index, item.write, made)


# sending ---------------------------------------------------------------------------------------------


def in_rounds(send: _Send, items: Sequence[Item]) -> dict[int, Outcome]:
    """Send so that no id comes twice in one call: HubSpot would refuse the whole batch."""
    outcomes: dict[int, Outcome] = {}
    rest = list(items)
    while rest:
        first = {item.write.key: item for item in reversed(rest)}
        batch = [item for item in rest if first[item.write.key] is item]
        rest = [item for item in rest if first[item.write.key] is not item]
        outcomes |= _sent(send, batch) if not outcomes else _sent_after_others(send, batch)
    return outcomes


def _sent(send: _Send, items: Sequence[Item]) -> dict[int, Outcome]:
    """Send one batch, and again in parts when records in it are refused with the others."""
    if not items:
        return {}
    try:
        rows = send([item.input for item in items])
    except Ambiguous:
        return _all(items, OutcomeState.AMBIGUOUS)
    except RecordError as error:
        return _refused(send, items, error)
    return _settled(items, rows)


def _sent_after_others(send: _Send, items: Sequence[Item]) -> dict[int, Outcome]:
    """Send when other records of the batch are written already: their outcomes must not be lost."""
    try:
        return _sent(send, items)
    except (TransientError, FatalError):
        # The run meets the same error at its next call; these are settled by reading.
        return _all(items, OutcomeState.AMBIGUOUS)


def _refused(send: _Send, items: Sequence[Item], error: RecordError) -> dict[int, Outcome]:
    """Settle a batch that was refused as a whole; nothing of it is written.

    The answer names no record (without trace ids), at most properties. Those who do not write these go
    out together; among the rest the ones at fault are found by halving.
    """
    entries = (error.body.errors or [error.body]) if isinstance(error, Rejected) else []
    if len(items) == 1:
        return _failed(items, entries)
    named = _named(items, entries)
    if named and len(named) < len(items):
        others = [item for item in items if item.index not in named]
        return named | _sent(send, others)
    suspects = _suspects(items, entries)
    if suspects and _is_hopeless(entries):
        return _failed(suspects, entries) | _sent(send, _without(items, suspects))
    if suspects and len(suspects) < len(items):
        first, second = _without(items, suspects), suspects
    else:
        first, second = list(items[: len(items) // 2]), list(items[len(items) // 2 :])
    return _sent(send, first) | _sent_after_others(send, second)


def _named(items: Sequence[Item], entries: Iterable[Entry]) -> dict[int, Outcome]:
    """Give the outcomes of records that errors name, by trace id or by record id."""
    by_trace = {str(item.index): item for item in items}
    by_id = {item.input["id"]: item for item in items if "id" in item.input}
    outcomes: dict[int, Outcome] = {}
    for entry in entries:
        found = [by_trace.get(trace) for trace in entry.named("objectWriteTraceId")]
        found += [by_id.get(record_id) for record_id in entry.named("ids")]
        for item in found:
            if item is not None:
                outcomes[item.index] = item.outcome(OutcomeState.FAILED, entry.reason)
    return outcomes


def _suspects(items: Sequence[Item], entries: Sequence[Entry]) -> list[Item]:
    names = {name for entry in entries for name in entry.named("propertyName")}
    return [item for item in items if names & item.names]


def _is_hopeless(entries: Sequence[Entry]) -> bool:
    return bool(entries) and all(entry.code in _HOPELESS for entry in entries)


def _without(items: Iterable[Item], others: Sequence[Item]) -> list[Item]:
    left_out = {item.index for item in others}
    return [item for item in items if item.index not in left_out]


def _settled(items: Sequence[Item], rows: Rows) -> dict[int, Outcome]:
    """Match the answer to the batch: results come in any order, and errors name what they can."""
    outcomes = _named(items, rows.errors)
    found = _by_key(rows.results, {_key(item)[0] for item in items})
    unnamed = [
        entry for entry in rows.errors if not (entry.named("objectWriteTraceId") or entry.named("ids"))
    ]
    for item in items:
        if item.index not in outcomes:
            row = found.get(("trace", str(item.index))) or found.get(_key(item))
            outcomes[item.index] = _outcome(item, row, unnamed)
    return outcomes


def _outcome(item: Item, row: Row | None, unnamed: Sequence[Entry]) -> Outcome:
    if row is not None:
        return Outcome(key=item.write.key, state=OutcomeState.WRITTEN, id=row.id, version=row.updated_at)
    if unnamed:
        return item.outcome(OutcomeState.FAILED, unnamed[0].reason)
    return item.outcome(OutcomeState.AMBIGUOUS)


def _key(item: Item) -> tuple[str, str]:
    """Give the (property, value) by which a record's result is recognised without a trace id."""
    if "id" in item.input:
        return item.input.get("idProperty", "id"), item.input["id"]
    name = _KNOWN_BY.get(item.write.object, _LEAD_NAME)
    return name, item.input["properties"].get(name, "")


def _by_key(results: Iterable[Row], names: Iterable[str]) -> dict[tuple[str, str], Row | None]:
    """Find results by what may recognise them; None where two results look alike."""
    wanted = sorted(names)
    found: dict[tuple[str, str], Row | None] = {}
    for row in results:
        keys = [("trace", row.object_write_trace_id), ("id", row.id)]
        keys += [(name, row.properties.get(name)) for name in wanted if name != "id"]
        for name, value in keys:
            if value:
                found[name, value] = None if (name, value) in found else row
    return found


def _all(items: Iterable[Item], state: OutcomeState) -> dict[int, Outcome]:
    return {item.index: item.outcome(state) for item in items}


def _failed(items: Iterable[Item], entries: Sequence[Entry]) -> dict[int, Outcome]:
    reason = entries[0].reason if entries else "NOT_FOUND"
    return {item.index: item.outcome(OutcomeState.FAILED, reason) for item in items}


# ours -> HubSpot's properties ------------------------------------------------------------------------


def from_change(write: Write, object_map: ObjectMap) -> dict[str, str]:
    """Put a record's changes into HubSpot's words: property name -> text, "" clears.

    What this object has no property or value for is left out.

    Raises:
        MappingError: a value has no mapping.
    """
    properties: dict[str, str] = {}
    for canonical, value in write.values.items():
        field = object_map.field(canonical)
        if field is not None and not object_map.leaves_alone(canonical, value):
            properties[field.name] = to_wire(field.kind, object_map.to_raw(canonical, value))
    return properties
