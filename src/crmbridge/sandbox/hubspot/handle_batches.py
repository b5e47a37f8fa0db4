"""Handlers of batches: read, create, update, upsert, archive.

Without trace ids a batch is all or nothing; with a unique ``objectWriteTraceId`` on every input the good
ones are written and the others named in a 207. Unknown ids are always a 207.
"""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field
from typing import Any

from crmbridge.sandbox.http import Response
from crmbridge.sandbox.hubspot import associations, showing
from crmbridge.sandbox.hubspot.call import (
    Call,
    batch_answer,
    names_field,
    no_content,
    object_field,
    record_id,
    text_field,
)
from crmbridge.sandbox.hubspot.errors import (
    HubSpotError,
    ValueProblem,
    ids_not_found,
    invalid_input,
    invalid_values,
)
from crmbridge.sandbox.hubspot.lookup import check_unique, index_of, normalised, resolve
from crmbridge.sandbox.hubspot.objects import ObjectType
from crmbridge.sandbox.hubspot.portal import Portal
from crmbridge.sandbox.hubspot.requirements import missing_properties
from crmbridge.sandbox.hubspot.store import Record
from crmbridge.sandbox.hubspot.writing import (
    InvalidValues,
    Values,
    Write,
    archive_many,
    conflict,
    create_many,
    resolved,
    update_many,
    validated,
)

Json = dict[str, Any]


@dataclass(slots=True)
class Batch:
    """A batch being worked on: what went wrong so far."""

    call: Call
    inputs: list[Json]
    #: Good inputs are written although others fail.
    partial: bool
    started: str
    errors: list[Json] = field(default_factory=list)
    #: Invalid values and conflicts of a batch that is all or nothing.
    problems: list[ValueProblem] = field(default_factory=list)
    refusals: list[HubSpotError] = field(default_factory=list)

    def fail(self, item: Mapping[str, Any], error: HubSpotError) -> None:
        """Note that an input cannot be written."""
        if self.partial:
            self.errors.append(error.as_entry(str(item["objectWriteTraceId"])))
        else:
            self.refusals.append(error)

    def invalid(self, item: Mapping[str, Any], invalid: InvalidValues) -> None:
        """Note that an input has invalid values."""
        if self.partial:
            self.fail(item, invalid_values(invalid.problems, self.call.portal.portal_id))
        else:
            self.problems += invalid.problems

    def settle(self) -> None:
        """Refuse the whole batch if it is all or nothing and something went wrong.

        Raises:
            HubSpotError: Nothing was written.
        """
        if self.problems:
            raise invalid_values(self.problems, self.call.portal.portal_id)
        for error in self.refusals:
            if error.status == 409:  # a conflict without trace ids does not say with which record
                raise HubSpotError(409, f"{self.call.kind.singular.capitalize()} already exists", "CONFLICT")
            raise error


def batch_read(call: Call) -> Response:
    """``POST …/batch/read``: by id or, with ``idProperty``, by a unique property."""
    kind, portal, started = call.kind, call.portal, call.portal.world.clock.iso()
    history = names_field(call.body, "propertiesWithHistory")
    keys = [text_field(item, "id") for item in call.inputs(50 if history else 100)]
    ids = resolve(portal, kind, keys, text_field(call.body, "idProperty"))
    archived = call.flag("archived")
    found = {
        number: record
        for number, record in portal.store.get(kind, ids.values()).items()
        if record.archived == archived
    }
    records = showing.by_id(found, ids.values())
    names = showing.wanted(portal, kind, names_field(call.body, "properties"))
    shown = [showing.show(portal, kind, record, names) for record in records]
    showing.with_history(portal, kind, records, shown, history)
    missing = [key for key in dict.fromkeys(keys) if ids.get(key) not in found]
    errors = [ids_not_found(kind.label, missing).as_entry()] if missing else []
    return batch_answer(call, shown, errors, started=started)


def batch_create(call: Call) -> Response:
    """``POST …/batch/create``: 201, or 207 with trace ids."""
    batch, kind, portal = _batch(call), call.kind, call.portal
    good: list[tuple[Values, list[associations.Link]]] = []
    taken: set[tuple[str, str]] = set()
    for item in batch.inputs:
        checked = _checked_new(batch, kind, item, object_field(item, "properties"), taken)
        if checked is not None:
            good.append(checked)
    batch.settle()
    with portal.world.transaction():
        records = create_many(portal, kind, [values for values, _ in good], call.source)
        for record, (_, links) in zip(records, good, strict=True):
            associations.link_all(portal, kind, record.id, links)
    shown = [showing.show(portal, kind, record, record.properties) for record in records]
    return batch_answer(call, shown, batch.errors, started=batch.started, status=201)


def batch_update(call: Call) -> Response:
    """``POST …/batch/update``: by record id, or by the unique property each input names."""
    batch, kind, portal = _batch(call), call.kind, call.portal
    targets = _targets(batch, kind)
    writes: list[Write] = []
    given: dict[int, Json] = {}
    for item, record in targets:
        given[record.id] = object_field(item, "properties")
        write = _checked_write(batch, kind, record, item)
        if write is not None:
            writes.append(write)
    batch.settle()
    with portal.world.transaction():
        update_many(portal, kind, writes, call.source)
    shown = [_shown_write(portal, kind, write, given[write.record.id]) for write in writes]
    return batch_answer(call, shown, batch.errors, started=batch.started)


def batch_upsert(call: Call) -> Response:
    """``POST …/batch/upsert``: update by a unique property, or create."""
    batch, kind, portal = _batch(call), call.kind, call.portal
    found = _upsert_targets(batch, kind)
    writes: list[Write] = []
    rows: list[Values] = []
    taken: set[tuple[str, str]] = set()
    for item, record in found:
        if record is not None:
            write = _checked_write(batch, kind, record, item)
            writes += [write] if write is not None else []
        else:
            properties = {**object_field(item, "properties"), item["idProperty"]: item["id"]}
            checked = _checked_new(batch, kind, item, properties, taken)
            rows += [checked[0]] if checked is not None else []
    batch.settle()
    with portal.world.transaction():
        update_many(portal, kind, writes, call.source)
        records = create_many(portal, kind, rows, call.source)
    old = [{**_shown_write(portal, kind, write, write.record.properties), "new": False} for write in writes]
    new = [{**showing.show(portal, kind, item, item.properties), "new": True} for item in records]
    return batch_answer(call, [*old, *new], batch.errors, started=batch.started)


def batch_archive(call: Call) -> Response:
    """``POST …/batch/archive``: unknown ids are ignored."""
    numbers = [record_id(text_field(item, "id")) for item in call.inputs()]
    with call.portal.world.transaction():
        archive_many(call.portal, call.kind, [number for number in numbers if number is not None])
    return no_content()


def _batch(call: Call) -> Batch:
    inputs = call.inputs()
    traces = [item.get("objectWriteTraceId") for item in inputs]
    partial = bool(traces) and all(traces) and len(set(map(str, traces))) == len(traces)
    return Batch(call, inputs, partial, call.portal.world.clock.iso())


def _targets(batch: Batch, kind: ObjectType) -> list[tuple[Json, Record]]:
    """Find the records of an update; unknown ids become one error of the batch."""
    portal = batch.call.portal
    keys = [(text_field(item, "idProperty"), text_field(item, "id")) for item in batch.inputs]
    ids: dict[tuple[str, str], int] = {}
    for id_property in dict.fromkeys(name for name, _ in keys):
        asked = [key for name, key in keys if name == id_property]
        found = resolve(portal, kind, asked, id_property)
        ids |= {(id_property, key): number for key, number in found.items()}
    _refuse_doubles([str(ids.get(key, key[1])) for key in keys])
    records = {n: r for n, r in portal.store.get(kind, ids.values()).items() if not r.archived}
    missing = [key[1] for key in keys if ids.get(key) not in records]
    if missing:
        batch.errors.append(ids_not_found(kind.label, missing).as_entry())
    return [
        (item, records[ids[key]])
        for item, key in zip(batch.inputs, keys, strict=True)
        if ids.get(key) in records
    ]


def _upsert_targets(batch: Batch, kind: ObjectType) -> list[tuple[Json, Record | None]]:
    portal, found = batch.call.portal, []
    for item in batch.inputs:
        item["idProperty"] = text_field(item, "idProperty", text_field(batch.call.body, "idProperty"))
        item["id"] = normalised(item["idProperty"], text_field(item, "id"))
        if not item["id"]:
            raise invalid_input("Invalid input JSON: every input of an upsert needs id and idProperty")
        check_unique(portal, kind, item["idProperty"])
        if item["idProperty"] == "email" and not portal.options.partial_upserts_by_email:
            batch.partial = False
    _refuse_doubles([f"{item['id']}" for item in batch.inputs])
    for item in batch.inputs:
        index = index_of(kind, item["idProperty"])
        number = portal.store.find(kind, index, [item["id"]]).get(item["id"])
        found.append((item, portal.store.get(kind, [number])[number] if number is not None else None))
    return found


def _refuse_doubles(ids: Sequence[str]) -> None:
    doubles = list(dict.fromkeys(key for key in ids if ids.count(key) > 1))
    if doubles:
        named = ", ".join(doubles)
        raise invalid_input(f"Duplicate IDs found in batch input: [{named}]. IDs must be unique", ids=doubles)


def _checked_new(
    batch: Batch, kind: ObjectType, item: Json, properties: Json, taken: set[tuple[str, str]]
) -> tuple[Values, list[associations.Link]] | None:
    """Check an input that makes a record; None when it cannot be made."""
    portal = batch.call.portal
    try:
        links = associations.parse(portal, kind, item.get("associations"))
        values = validated(portal, kind, properties, rules=batch.call.checks_rules)
    except InvalidValues as invalid:
        batch.invalid(item, invalid)
        return None
    except HubSpotError as refused:
        batch.fail(item, refused)
        return None
    keys = {(name, values[name]) for name in portal.catalog.unique_names(kind) if values.get(name)}
    error = missing_properties(kind, values, links) or conflict(portal, kind, values, None)
    if error is None and keys & taken:
        error = HubSpotError(409, f"{kind.singular.capitalize()} already exists", "CONFLICT")
    if error is not None:
        batch.fail(item, error)
        return None
    taken |= keys
    return values, links


def _checked_write(batch: Batch, kind: ObjectType, record: Record, item: Json) -> Write | None:
    """Check an input that changes a record; None when it cannot be done."""
    portal = batch.call.portal
    try:
        values = validated(portal, kind, object_field(item, "properties"), rules=batch.call.checks_rules)
        changed = resolved(portal, kind, record, values)
    except InvalidValues as invalid:
        batch.invalid(item, invalid)
        return None
    error = conflict(portal, kind, changed, record.id)
    if error is not None:
        batch.fail(item, error)
        return None
    return Write(record, changed)


def _shown_write(portal: Portal, kind: ObjectType, write: Write, given: Mapping[str, Any]) -> Json:
    names = showing.changed_and_system(kind, write.record, given)
    return showing.show(portal, kind, write.record, names)
