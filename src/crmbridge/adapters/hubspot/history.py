"""The past: ``propertiesWithHistory`` and the dates that HubSpot stamps when a stage is entered."""

from __future__ import annotations

from collections.abc import Callable, Collection, Iterator, Mapping, Sequence
from dataclasses import dataclass
from datetime import UTC, datetime
from functools import cache
from typing import Any, Final

from crmbridge.adapters.hubspot.answers import PastRow, PastValue, parts, stamped
from crmbridge.adapters.hubspot.client import Client
from crmbridge.history import (
    OPPORTUNITY_STAGE,
    Doer,
    FieldChange,
    RecordHistory,
    Source,
    StageStamp,
    in_time,
)
from crmbridge.mapping import Mapping as CompanyMapping
from crmbridge.mapping import ObjectMap
from crmbridge.model import RecordRef
from crmbridge.normalise import Reading, Unknown

#: Records per batch read with history (specification checked 2026-11-21; 100 without).
BATCH: Final = 50

#: What a history entry's ``sourceType`` says of who did it. Types that no row knows stay unknown.
DOERS: Final[Mapping[str, Doer]] = {
    "CRM_UI": Doer.PERSON,
    "CONTACTS_WEB": Doer.PERSON,
    "CONTACTS": Doer.PERSON,
    "CRM_UI_BULK_ACTION": Doer.PERSON,
    "MOBILE_IOS": Doer.PERSON,
    "MOBILE_ANDROID": Doer.PERSON,
    "SALES": Doer.PERSON,
    "API": Doer.INTEGRATION,
    "INTEGRATION": Doer.INTEGRATION,
    "INTEGRATIONS_SYNC": Doer.INTEGRATION,
    "SALESFORCE": Doer.INTEGRATION,
    "IMPORT": Doer.INTEGRATION,
    "MIGRATION": Doer.INTEGRATION,
    "AUTOMATION_PLATFORM": Doer.AUTOMATION,
    "WORKFLOWS": Doer.AUTOMATION,
    "CALCULATED": Doer.AUTOMATION,
    "MERGE_CONTACTS": Doer.AUTOMATION,
    "MERGE_OBJECTS": Doer.AUTOMATION,
    "ASSOCIATIONS": Doer.AUTOMATION,
    "DEALS": Doer.AUTOMATION,
    "ANALYTICS": Doer.AUTOMATION,
    "FORM": Doer.AUTOMATION,
    "AI_GROUP": Doer.AUTOMATION,
}

#: The three generations of stage dates, newest first: (entered, left). Which exist differs by portal.
_GENERATIONS: Final = (
    ("hs_v2_date_entered_{}", "hs_v2_date_exited_{}"),
    ("hs_date_entered_{}", "hs_date_exited_{}"),
    ("hs_lifecyclestage_{}_date", None),
)
_LIFECYCLE: Final = "lifecyclestage"
_MERGED: Final = "hs_calculated_merged_vids"
#: Properties of a deal whose past is read, by canonical name; the others are read through the mapping.
_DEAL: Final = {OPPORTUNITY_STAGE: "dealstage", "owner": "hubspot_owner_id"}


@dataclass(frozen=True, slots=True)
class _Wanted:
    """What to ask for, and how to read it."""

    object: str
    #: Canonical field -> (property, what reads a value of it).
    fields: Mapping[str, tuple[str, Callable[[Any], Reading]]]
    #: Stage -> its names in the CRM.
    stages: Mapping[str, Sequence[str]]
    #: Raw status -> the reason code it implies.
    reasons: Mapping[str, str]

    @property
    def stamps(self) -> list[str]:
        """Name the stage dates to ask for, of all generations: what a portal lacks is left out silently."""
        patterns = [pattern for pair in _GENERATIONS for pattern in pair if pattern is not None]
        raws = [raw for names in self.stages.values() for raw in names]
        return [pattern.format(raw) for raw in raws for pattern in patterns]


def histories(
    client: Client, mapping: CompanyMapping, object: str, ids: Sequence[str], fields: Collection[str]
) -> Iterator[list[RecordHistory]]:
    """See ``ports.Crm.history``."""
    wanted = _wanted(mapping, object, fields)
    if not wanted.fields:
        return
    properties = ["createdate", _MERGED, *wanted.stamps]
    with_history = sorted({name for name, _ in wanted.fields.values()})
    unique = list(dict.fromkeys(ids))
    for start in range(0, len(unique), BATCH):
        rows = client.past(object, unique[start : start + BATCH], properties, with_history).results
        yield [to_history(row, wanted) for row in rows if not row.archived]


def _wanted(mapping: CompanyMapping, object: str, fields: Collection[str]) -> _Wanted:
    if object == "deals":
        asked = {name: (found, _as_text) for name, found in _DEAL.items() if name in fields}
        return _Wanted(object, asked, {}, {})
    found = mapping.object("hubspot", object)
    if found is None:
        return _Wanted(object, {}, {}, {})
    named = {name: mapped for name in sorted(fields) if (mapped := found.field(name)) is not None}
    readers = {name: (mapped.name, found.reader(name) or _as_text) for name, mapped in named.items()}
    return _Wanted(object, readers, _stages(found) if "stage" in named else {}, found.status_reasons)


def _stages(found: ObjectMap) -> dict[str, tuple[str, ...]]:
    """Give the names under which HubSpot stamps its own lifecycle; a stage kept elsewhere has no stamps."""
    field = found.field("stage")
    return dict(field.choices) if field is not None and field.name == _LIFECYCLE else {}


def _as_text(value: Any) -> Reading:
    return str(value) or None


def to_history(row: PastRow, wanted: _Wanted) -> RecordHistory:
    """Make a record's past of an answer; HubSpot records every property from the beginning."""
    created_at = _moment(row.properties.get("createdate"))
    past = row.properties_with_history
    changes = [
        change
        for name, (property_name, read) in wanted.fields.items()
        for change in _changes(name, past.get(property_name, ()), read, wanted.reasons)
    ]
    changes.sort(key=in_time)
    begun = created_at or min((change.at for change in changes if change.at), default=None)
    recorded = [name for name, (property_name, _) in wanted.fields.items() if property_name in past]
    return RecordHistory(
        ref=RecordRef("hubspot", wanted.object, row.id),
        created_at=created_at,
        since=dict.fromkeys(recorded, begun) if begun is not None else {},
        changes=tuple(changes),
        stamps=tuple(_stamps(row.properties, wanted.stages)),
        merges=_merges(row.properties.get(_MERGED)),
    )


def _changes(
    name: str, past: Sequence[PastValue], read: Callable[[Any], Reading], reasons: Mapping[str, str]
) -> Iterator[FieldChange]:
    for entry in past:
        reading = read(entry.value) if entry.value else None
        is_unknown = isinstance(reading, Unknown)
        at, doer = stamped(entry.timestamp), DOERS.get(entry.source_type, Doer.UNKNOWN)
        yield FieldChange(
            field=name,
            value=None if isinstance(reading, Unknown) else reading,
            at=at,
            doer=doer,
            source=Source.HUBSPOT_HISTORY,
            raw=entry.value if is_unknown else None,
        )
        if name == "status" and (implied := reasons.get(entry.value or "")) is not None:
            yield FieldChange(
                field="recycle_reason", value=implied, at=at, doer=doer, source=Source.HUBSPOT_HISTORY
            )


def _stamps(
    properties: Mapping[str, str | None], stages: Mapping[str, Sequence[str]]
) -> Iterator[StageStamp]:
    for stage, raws in stages.items():
        found = [stamp for raw in raws if (stamp := _stamp(properties, stage, raw)) is not None]
        if found:
            yield min(found, key=lambda stamp: stamp.entered_at or datetime.max.replace(tzinfo=UTC))


@cache
def _dates_of(raw: str) -> list[tuple[str, str | None]]:
    """Name the dates of one stage, newest generation first; a portal has a handful of stages."""
    return [(entered.format(raw), left.format(raw) if left else None) for entered, left in _GENERATIONS]


def _stamp(properties: Mapping[str, str | None], stage: str, raw: str) -> StageStamp | None:
    """Take the newest generation that says when the stage was entered."""
    for entered, left in _dates_of(raw):
        entered_at = _moment(properties.get(entered))
        if entered_at is not None:
            left_at = _moment(properties.get(left)) if left is not None else None
            return StageStamp(stage=stage, entered_at=entered_at, left_at=left_at)
    return None


def _merges(text: str | None) -> dict[str, datetime | None]:
    """Read "id:epoch ms;id:epoch ms"."""
    pairs = (part.partition(":") for part in parts(text or ""))
    return {record_id: _epoch(millis) for record_id, _, millis in pairs}


def _epoch(text: str) -> datetime | None:
    return datetime.fromtimestamp(int(text) / 1000, UTC) if text.isdigit() else None


def _moment(text: str | None) -> datetime | None:
    if not text:
        return None
    return _epoch(text) or stamped(text)
