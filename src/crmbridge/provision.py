"""Which custom fields the mapping needs and the CRMs lack. Pure: creating them is the adapters' work."""

from __future__ import annotations

import re
from collections.abc import Iterator, Mapping
from typing import Final

from crmbridge.mapping import FieldMap, Kind, ObjectMap
from crmbridge.mapping import Mapping as CompanyMapping
from crmbridge.ports import FieldOption, FieldSchema, NewField, Schema

#: The key of our upserts.
EXTERNAL_ID: Final = "lead_id"
#: People fill these; we only read them.
_FILLED_BY_PEOPLE: Final = frozenset({"manual_mql", "manual_by"})
#: Our ids are shorter; Salesforce allows 255 for an external id.
EXTERNAL_ID_LENGTH: Final = 64
_TEXT_LENGTH: Final = 255

#: Names that each CRM lets us create. "hs_" is HubSpot's own, "__c" marks a custom field in Salesforce.
_CREATABLE: Final = {
    "hubspot": re.compile(r"(?!hs_|hubspot_)[a-z][a-z0-9_]{0,99}", re.ASCII),
    "salesforce": re.compile(r"[A-Za-z](?!\w*___)[A-Za-z0-9_]{0,38}[A-Za-z0-9]__c", re.ASCII),
}


#: Canonical field -> (label, description). What we set says so, so that nobody edits it by hand.
_WORDS: Final[Mapping[str, tuple[str, str]]] = {
    "lead_id": ("Lead id (crmbridge)", "Ties this record to its counterpart in the other CRM. Do not edit."),
    "stage": ("Lead stage", "Where the lead is in the agreed process. Set by crmbridge."),
    "status": ("Lead status", "What sales is doing with the lead right now."),
    "recycle_reason": ("Recycle reason", "Why sales gave the lead back or disqualified it."),
    "fit_score": ("Fit score", "How well the lead matches who we sell to. Set by crmbridge."),
    "engagement_score": ("Engagement score", "How much the lead has interacted with us. Set by crmbridge."),
    "score": ("Lead score", "Fit score plus engagement score. Set by crmbridge."),
    "is_mql": ("Is MQL", "The lead passed the agreed definition. Set by crmbridge."),
    "is_sal": ("Is SAL", "Sales accepted the lead. Set by crmbridge."),
    "qualified_at": ("Qualified at", "When the lead last passed the agreed definition. Set by crmbridge."),
    "accepted_at": ("Accepted at", "When sales accepted the lead. Set by crmbridge."),
    "recycled_at": ("Recycled at", "When the lead last went back to marketing. Set by crmbridge."),
    "recycle_until": ("Recycled until", "The lead does not qualify again before. Set by crmbridge."),
    "recycle_count": ("Recycle count", "How often the lead went back to marketing. Set by crmbridge."),
    "why": ("Why this lead", "The rules that qualified the lead, for the rep. Set by crmbridge."),
    "process_version": ("Process version", "The agreed process that decided last. Set by crmbridge."),
    "interest_at": ("Interest shown at", "When a customer's interest was told last. Set by crmbridge."),
    "programme": ("Nurture programme", "The programme that the lead is in. Set by crmbridge."),
    "sla_promise": ("Next promise", "What sales owes this lead next. Set by crmbridge."),
    "sla_due_at": ("Promise due at", "When that is due. Set by crmbridge."),
    "work_list": ("Work list", "The list that the lead is on: sort it by score. Set by crmbridge."),
    "manual_mql": ("Qualify by hand", "Tick it to hand the lead over to sales. Read by crmbridge."),
    "manual_by": ("Qualified by hand by", "Who ticked “Qualify by hand”. Read by crmbridge."),
}


def needed(mapping: CompanyMapping, schemas: Mapping[str, Schema]) -> tuple[NewField, ...]:
    """Name the fields that are written, or ticked by people, and do not exist yet.

    A field that is only read is never made: an empty one would hide a misspelt name. A field that no API
    may create (a standard name) is left to ``check``.

    Args:
        mapping: The company's.
        schemas: CRM name -> live schema. A CRM or an object that is absent needs nothing.

    Returns:
        The external id field of each object first, then by object and name; each field once.
    """
    found = {
        (field.object, field.name): field
        for crm, schema in schemas.items()
        for object_map in mapping.objects(crm)
        if (live := schema.objects.get(object_map.object)) is not None
        for field in _lacking(object_map, live)
    }
    return tuple(sorted(found.values(), key=lambda field: (not field.external_id, field.object, field.name)))


def is_provided(object_map: ObjectMap, field: FieldMap) -> bool:
    """Tell whether ``crmbridge provision`` would make a field that is missing."""
    used = field.write or field.canonical in _FILLED_BY_PEOPLE or field.canonical == EXTERNAL_ID
    return used and _CREATABLE[object_map.crm].fullmatch(field.name) is not None


def _lacking(object_map: ObjectMap, live: Mapping[str, FieldSchema]) -> Iterator[NewField]:
    for field in object_map.fields:
        if field.name not in live and is_provided(object_map, field):
            yield _new_field(object_map.object, field)


def _new_field(object: str, field: FieldMap) -> NewField:
    label, description = _WORDS.get(field.canonical, (_label(field.canonical), "Set by crmbridge."))
    external_id = field.canonical == EXTERNAL_ID
    text_length = EXTERNAL_ID_LENGTH if external_id else _TEXT_LENGTH
    return NewField(
        object=object,
        name=field.name,
        label=label,
        kind="enumeration" if field.translated else field.kind.value,
        description=description,
        external_id=external_id,
        options=_options(field),
        length=text_length if field.kind is Kind.TEXT and not field.translated else None,
    )


def _options(field: FieldMap) -> tuple[FieldOption, ...]:
    """Offer what we write, in the order of the mapping file; what is only read is offered last."""
    written = [(raw, meaning) for meaning, raw in field.to_raw.items()]
    known = {raw for raw, _ in written}
    read = [(raw, meaning) for raw, meaning in field.to_canonical.items() if raw not in known]
    return tuple(
        FieldOption(value=raw, label=_label(meaning) if raw == meaning else _label(raw))
        for raw, meaning in written + read
    )


def _label(name: str) -> str:
    """Make words of a name: "sales_qualified" is "Sales qualified"; what holds capitals stays."""
    words = name.replace("_", " ").strip()
    return (
        words.capitalize()
        if words.islower() and len(words) > 3
        else words.upper()
        if words.islower()
        else words
    )
