"""The rules of writing records: validation, uniqueness, lifecycle, stamps, history, derived properties."""

from __future__ import annotations

from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass
from typing import Any

from crmbridge.sandbox.clock import iso_ms
from crmbridge.sandbox.hubspot import lifecycle, stage_dates, webhook_events
from crmbridge.sandbox.hubspot.derived import DERIVED
from crmbridge.sandbox.hubspot.errors import HubSpotError, ValueProblem
from crmbridge.sandbox.hubspot.objects import CONTACTS, ObjectType
from crmbridge.sandbox.hubspot.pipelines_default import STAGE_PROPERTIES
from crmbridge.sandbox.hubspot.portal import Portal, Source
from crmbridge.sandbox.hubspot.properties_contacts import NEW_CONTACT
from crmbridge.sandbox.hubspot.store import HistoryEntry, Record, stamped
from crmbridge.sandbox.hubspot.validation_rules import broken
from crmbridge.sandbox.hubspot.values import Invalid, checked, problem, same

Values = dict[str, str]


class InvalidValues(Exception):
    """The values of one record that are not valid."""

    def __init__(self, problems: Sequence[ValueProblem]) -> None:
        self.problems = tuple(problems)
        super().__init__(", ".join(item.code for item in self.problems))


def validated(
    portal: Portal, kind: ObjectType, given: Mapping[str, Any], *, loading: bool = False, rules: bool = False
) -> Values:
    """Bring written values into the form in which they are kept.

    Args:
        portal: The account.
        kind: Type of the record.
        given: Property name to JSON value.
        loading: Read-only properties may be given.
        rules: The portal's own validation rules hold.

    Raises:
        InvalidValues: All problems at once.
    """
    definitions, owners = portal.catalog.properties(kind), portal.owners.active_ids()
    values: Values = {}
    problems: list[ValueProblem] = []
    for name, value in given.items():
        definition = definitions.get(name)
        if definition is None:
            problems.append(ValueProblem(name, "PROPERTY_DOESNT_EXIST", f'Property "{name}" does not exist'))
        elif definition["modificationMetadata"]["readOnlyValue"] and not loading:
            message = f'"{name}" is a read only property; its value cannot be set.'
            problems.append(ValueProblem(name, "READ_ONLY_VALUE", message))
        else:
            try:
                values[name] = checked(definition, value, owners)
            except Invalid as invalid:
                problems.append(problem(name, invalid))
    if rules:
        problems += _broken_rules(portal, kind, values)
    if problems:
        raise InvalidValues(problems)
    return values


def _broken_rules(portal: Portal, kind: ObjectType, values: Values) -> list[ValueProblem]:
    kept = portal.catalog.part("rule", kind)
    named = [(name, value) for name, value in values.items() if name in kept]
    return [item for name, value in named for item in broken(kept[name]["rules"], name, value)]


def resolved(
    portal: Portal, kind: ObjectType, record: Record, values: Values, *, may_go_back: bool = False
) -> Values:
    """Give the properties that a write really changes, with what they change to.

    People may move the lifecycle stage back (``may_go_back``), API clients only as the portal's switch says.

    Raises:
        InvalidValues: A backward lifecycle write that the portal rejects.
    """
    definitions, options = portal.catalog.properties(kind), portal.options
    changed: Values = {}
    for name, value in values.items():
        old = record.properties.get(name, "")
        new = _appended(old, value)
        if name == lifecycle.PROPERTY and not may_go_back:
            new = _staged(portal, kind, old, new)
        if not (options.same_value_writes_are_no_ops and same(definitions[name], old, new)):
            changed[name] = new
    return changed


def conflict(portal: Portal, kind: ObjectType, values: Values, own_id: int | None) -> HubSpotError | None:
    """Give the refusal of a value that another record has, or that was forgotten; None when all is well."""
    forgotten = portal.options.blocklist_refuses_contacts and kind is CONTACTS and own_id is None
    if forgotten and portal.blocklist.has(values.get("email", "")):
        return HubSpotError(400, "The contact was deleted for privacy and cannot be made again.")
    for name in portal.catalog.unique_names(kind):
        if not values.get(name):
            continue
        index, keys = _index_keys(kind, name, values)
        for taken in portal.store.find(kind, index, keys).values():
            if taken != own_id:
                message = f"{kind.singular.capitalize()} already exists. Existing ID: {taken}"
                return HubSpotError(409, message, "CONFLICT", {"context": {"existingId": [str(taken)]}})
    return None


@dataclass(frozen=True, slots=True)
class Write:
    """A valid write to an existing record: what it changes."""

    record: Record
    changed: Values


def create_many(portal: Portal, kind: ObjectType, rows: Iterable[Values], source: Source) -> list[Record]:
    """Make records of validated values, in order."""
    rows = list(rows)
    now = portal.world.clock.now_ms()
    records = []
    for record_id, values in zip(portal.store.new_ids(kind, len(rows)), rows, strict=True):
        record = Record(id=record_id, created=now, modified=now)
        start(portal, kind, record, values, source)
        records.append(record)
        portal.world.audit.effect(f"hubspot {kind.name} {record_id} created")
    _defer(portal, kind, [(record.id, None) for record in records])
    portal.store.put(kind, records)
    for record in records:
        index(portal, kind, record, record.properties)
    webhook_events.created(portal, kind, records, source)
    return records


def update_many(portal: Portal, kind: ObjectType, writes: Sequence[Write], source: Source) -> None:
    """Apply valid writes; one that changes nothing leaves stamps and history alone."""
    now = portal.world.clock.now_ms()
    real = [write for write in writes if write.changed]
    before: list[tuple[int, Record | None]] = [(write.record.id, _copy(write.record)) for write in real]
    entries = [entry for write in real for entry in _entries(write, source, now)]
    for write in real:
        _apply(portal, kind, write.record, write.changed, now)
        names = ",".join(write.changed)
        portal.world.audit.effect(f"hubspot {kind.name} {write.record.id} updated {names}")
    _defer(portal, kind, before)
    portal.store.put(kind, [write.record for write in real])
    portal.store.add_history(kind, entries)
    for write in real:
        index(portal, kind, write.record, write.changed)
    pairs = [(old, write.record) for (_, old), write in zip(before, real, strict=True)]
    webhook_events.updated(portal, kind, pairs, source)


def touch(portal: Portal, kind: ObjectType, record: Record, values: Values) -> None:
    """Set properties that HubSpot keeps itself, without moving the change stamp."""
    _merge(record.properties, values)
    portal.store.put(kind, [record])


def archive_many(portal: Portal, kind: ObjectType, ids: Iterable[int]) -> None:
    """Archive records; unknown and archived ones are ignored."""
    now = portal.world.clock.now_ms()
    records = [record for record in portal.store.get(kind, ids).values() if not record.archived]
    for record in records:
        record.archived, record.archived_at = True, now
        portal.store.delete_associations(kind, record.id)
        for name in portal.catalog.unique_names(kind):
            portal.store.set_unique(kind, name, record.id, ())
        portal.world.audit.effect(f"hubspot {kind.name} {record.id} archived")
    portal.store.put(kind, records)
    webhook_events.simple(portal, kind, "deletion", [record.id for record in records])


def start(portal: Portal, kind: ObjectType, record: Record, values: Values, source: Source) -> None:
    """Fill a new record: defaults, the values, and what follows from them."""
    defaults = {
        "hs_object_source": source.type,
        "hs_object_source_id": source.id,
        "hs_object_source_label": source.type,
        **_pipeline_defaults(portal, kind, values),
    }
    _apply(
        portal, kind, record, {**defaults, **{k: _appended("", v) for k, v in values.items()}}, record.created
    )
    if kind is CONTACTS:
        _merge(record.properties, {"hs_all_contact_vids": str(record.id), **NEW_CONTACT})


def _pipeline_defaults(portal: Portal, kind: ObjectType, values: Values) -> Values:
    if kind is CONTACTS:
        stage = portal.options.default_lifecycle_stage
        return {"hs_pipeline": lifecycle.PIPELINE_ID, **({lifecycle.PROPERTY: stage} if stage else {})}
    name = STAGE_PROPERTIES.get(kind.name)
    if name is None:
        return {}
    key = "pipeline" if kind.name == "deals" else "hs_pipeline"
    pipelines = portal.catalog.pipelines(kind)
    chosen = values.get(key) or next(iter(pipelines))
    return {key: chosen, name: pipelines[chosen]["stages"][0]["id"]}


def _apply(portal: Portal, kind: ObjectType, record: Record, changed: Values, now: int) -> None:
    properties = record.properties
    old_stage, old_owner = properties.get(lifecycle.PROPERTY, ""), properties.get("hubspot_owner_id", "")
    _merge(properties, changed)
    if kind is CONTACTS and changed.get(lifecycle.PROPERTY, old_stage) != old_stage:
        known = portal.catalog.properties(kind)
        moved = stage_dates.stamps(properties, old_stage, changed[lifecycle.PROPERTY], now)
        _merge(properties, {name: value for name, value in moved.items() if name in known})
    if changed.get("hubspot_owner_id", old_owner) != old_owner:
        _merge(properties, {"hubspot_owner_assigneddate": iso_ms(now)})
    derive = DERIVED.get(kind.name)
    if derive:
        _merge(properties, derive(properties, portal.catalog.pipelines(kind)))
    record.modified = now
    stamped(kind, record)


def _merge(properties: Values, values: Mapping[str, str]) -> None:
    for name, value in values.items():
        if value:
            properties[name] = value
        else:
            properties.pop(name, None)


def _appended(old: str, new: str) -> str:
    """Resolve a leading ";": the values are added to those that are there."""
    if not new.startswith(";"):
        return new
    return ";".join(dict.fromkeys(part for part in f"{old}{new}".split(";") if part))


def _staged(portal: Portal, kind: ObjectType, old: str, new: str) -> str:
    try:
        return lifecycle.allowed(portal.catalog.stages(kind), old, new, portal.options.lifecycle)
    except Invalid as invalid:
        raise InvalidValues([problem(lifecycle.PROPERTY, invalid)]) from None


def _entries(write: Write, source: Source, now: int) -> list[HistoryEntry]:
    old = write.record.properties
    return [
        HistoryEntry(write.record.id, name, now, value, old.get(name, ""), source.type, source.id)
        for name, value in write.changed.items()
    ]


def _index_keys(kind: ObjectType, name: str, values: Mapping[str, str]) -> tuple[str, list[str]]:
    """Give under which name and keys a unique value is indexed; all addresses of a contact share one."""
    value = values.get(name, "")
    if kind is CONTACTS and name == "hs_additional_emails":
        return "email", [part.strip().lower() for part in value.split(";") if part.strip()]
    return name, [value] if value else []


def index(portal: Portal, kind: ObjectType, record: Record, changed: Mapping[str, str]) -> None:
    names = [name for name in portal.catalog.unique_names(kind) if name in changed]
    if kind is CONTACTS and {"email", "hs_additional_emails"} & set(names):
        names = [name for name in names if name != "hs_additional_emails"]
        keys = [key for name in ("email", "hs_additional_emails") for key in _keys(kind, name, record)]
        portal.store.set_unique(kind, "email", record.id, dict.fromkeys(keys))
        names = [name for name in names if name != "email"]
    for name in names:
        portal.store.set_unique(kind, name, record.id, _keys(kind, name, record))


def _keys(kind: ObjectType, name: str, record: Record) -> list[str]:
    return _index_keys(kind, name, record.properties)[1]


def _defer(portal: Portal, kind: ObjectType, before: Sequence[tuple[int, Record | None]]) -> None:
    lag = portal.options.search_lag_seconds
    if lag > 0:
        portal.store.defer_search(kind, before, portal.world.clock.now_ms() + round(lag * 1000))


def _copy(record: Record) -> Record:
    return Record(
        id=record.id,
        created=record.created,
        modified=record.modified,
        properties=dict(record.properties),
    )
