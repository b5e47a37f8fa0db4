"""What the account is and offers: identity, rights, properties, and the custom ones that we create."""

from __future__ import annotations

from collections.abc import Iterable, Iterator, Mapping, Sequence
from dataclasses import replace
from typing import Any, Final

from crmbridge.adapters.hubspot.client import DAILY, DAILY_LEFT, Client
from crmbridge.adapters.hubspot.errors import safe
from crmbridge.adapters.hubspot.tables import (
    BASE_SCOPES,
    CONNECTOR_LINKS,
    DEFAULT_PROPERTY_TYPE,
    LEADS_SCOPES,
    LEADS_WRITE_SCOPE,
    NEW_PROPERTY_TYPES,
    WRITE_SCOPE,
)
from crmbridge.errors import Forbidden, RecordError
from crmbridge.mapping import Mapping as CompanyMapping
from crmbridge.model import Outcome, OutcomeState
from crmbridge.ports import CrmIdentity, FieldOption, FieldSchema, NewField, Rights, Schema

#: Property group of everything we create.
GROUP: Final = "crmbridge"
_STAGE: Final = "lifecyclestage"
_LEAD_STAGE: Final = "hs_pipeline_stage"
#: Properties per creating call.
_BATCH: Final = 100
#: Longest text of a property.
_LONGEST_TEXT: Final = 65_536


def identity(client: Client) -> CrmIdentity:
    """See ``ports.Crm.identity``. One call; the daily quota comes with its headers (private apps)."""
    account, headers = client.account()
    return CrmIdentity(
        account_id=str(account["portalId"]),
        currency=account.get("companyCurrency"),
        calls_left=_count(headers.get(DAILY_LEFT)),
        calls_per_day=_count(headers.get(DAILY)),
    )


def _count(text: str | None) -> int | None:
    return int(text) if text and text.isdigit() else None


# rights ----------------------------------------------------------------------------------------------


def rights(client: Client, mapping: CompanyMapping) -> Rights:
    """See ``ports.Crm.rights``. Only private apps tell their scopes."""
    return Rights(granted=_granted(client), needed=needed_scopes(mapping))


def _granted(client: Client) -> frozenset[str] | None:
    try:
        scopes = client.token_info().get("scopes")
    except (RecordError, Forbidden):
        return None
    return frozenset(str(scope) for scope in scopes) if isinstance(scopes, list) else None


def needed_scopes(mapping: CompanyMapping) -> frozenset[str]:
    """Name the least scopes for this mapping. ``provision`` also needs crm.schemas.contacts.write."""
    scopes = set(BASE_SCOPES)
    if mapping.writable("hubspot", "contacts") or mapping.create_hubspot_contacts:
        scopes.add(WRITE_SCOPE)
    if mapping.object("hubspot", "leads") is not None:
        scopes |= LEADS_SCOPES
        if mapping.writable("hubspot", "leads"):
            scopes.add(LEADS_WRITE_SCOPE)
    return frozenset(scopes)


# schema ----------------------------------------------------------------------------------------------


def schema(client: Client, mapping: CompanyMapping) -> Schema:
    """See ``ports.Crm.schema``. One call per object and one per pipeline."""
    objects: dict[str, Mapping[str, FieldSchema]] = {}
    for name in ("contacts", "companies", "deals", "leads"):
        if name != "leads" or mapping.object("hubspot", "leads") is not None:
            fields = _fields(client, name)
            if fields is not None:
                objects[name] = fields
    stages = _stages(client, "contacts", objects.get("contacts", {}).get(_STAGE))
    objects["contacts"] = _with_options(objects.get("contacts", {}), _STAGE, stages)
    if "leads" in objects:
        steps = _stages(client, "leads", objects["leads"].get(_LEAD_STAGE))
        objects["leads"] = _with_options(objects["leads"], _LEAD_STAGE, steps)
    return Schema(
        crm="hubspot",
        objects=objects,
        stage_order=tuple(option.value for option in stages),
        features=frozenset(_features(objects)),
    )


def _fields(client: Client, object: str) -> Mapping[str, FieldSchema] | None:
    """Describe an object; None where the token may not see it (contacts it must)."""
    try:
        return {raw["name"]: to_field(raw) for raw in client.properties(object)}
    except (Forbidden, RecordError):
        if object == "contacts":
            raise
        return None


def to_field(raw: Mapping[str, Any]) -> FieldSchema:
    """Say a property definition in our words."""
    read_only = raw.get("calculated", False) or raw.get("modificationMetadata", {}).get(
        "readOnlyValue", False
    )
    kind = str(raw.get("type", ""))
    unique = bool(raw.get("hasUniqueValue", False))
    return FieldSchema(
        name=raw["name"],
        label=str(raw.get("label", "")),
        type=kind,
        createable=not read_only,
        updateable=not read_only,
        unique=unique,
        external_id=unique,
        length=_LONGEST_TEXT if kind == "string" else None,
        options=tuple(_option(option) for option in _in_order(raw.get("options", []))),
        # Owners and the like have options that live elsewhere.
        restricted=kind == "enumeration" and not raw.get("externalOptions", False),
        custom=not raw.get("hubspotDefined", False),
    )


def _option(raw: Mapping[str, Any], *, final: bool = False) -> FieldOption:
    label = str(raw.get("label", raw["value"]))
    return FieldOption(value=str(raw["value"]), label=label, active=not raw.get("hidden", False), final=final)


def _in_order(raw: Iterable[Mapping[str, Any]]) -> list[Mapping[str, Any]]:
    return sorted(raw, key=lambda item: item.get("displayOrder") or 0)


def _stages(client: Client, object: str, field: FieldSchema | None) -> tuple[FieldOption, ...]:
    """Read the stages of an object's pipelines: the only place that tells their order and custom ones."""
    try:
        pipelines = client.pipelines(object)
    except (Forbidden, RecordError):
        return field.options if field else ()
    return tuple(
        FieldOption(value=str(stage["id"]), label=str(stage.get("label", "")))
        for pipeline in _in_order(pipelines)
        for stage in _in_order(pipeline.get("stages", []))
    )


def _with_options(
    fields: Mapping[str, FieldSchema], name: str, options: tuple[FieldOption, ...]
) -> Mapping[str, FieldSchema]:
    if name not in fields or not options:
        return fields
    return {**fields, name: replace(fields[name], options=options)}


def _features(objects: Mapping[str, Mapping[str, FieldSchema]]) -> Iterator[str]:
    if any(name in objects["contacts"] for name, _ in CONNECTOR_LINKS):
        yield "connector"
    if "leads" in objects:
        yield "leads_object"


# our own properties ----------------------------------------------------------------------------------


def create_fields(client: Client, fields: Sequence[NewField]) -> list[Outcome]:
    """See ``ports.Crm.create_fields``. Two calls per object, three where something is created."""
    outcomes: dict[tuple[str, str], Outcome] = {}
    for target in sorted({field.object for field in fields}):
        wanted = [field for field in fields if field.object == target]
        there = {raw["name"] for raw in client.properties(target)}
        made = _created(client, target, [field for field in wanted if field.name not in there])
        for field in wanted:
            unchanged = Outcome(key=field.name, state=OutcomeState.UNCHANGED, id=field.name)
            outcomes[target, field.name] = made.get(field.name, unchanged)
    return [outcomes[field.object, field.name] for field in fields]


def _created(client: Client, object: str, fields: Sequence[NewField]) -> dict[str, Outcome]:
    if not fields:
        return {}
    _ensure_group(client, object)
    made: dict[str, Outcome] = {}
    for start in range(0, len(fields), _BATCH):
        made |= _create_batch(client, object, fields[start : start + _BATCH])
    return made


def _create_batch(client: Client, object: str, fields: Sequence[NewField]) -> dict[str, Outcome]:
    try:
        answer = client.create_properties(object, [_new(field) for field in fields])
    except RecordError as error:
        if len(fields) > 1:  # one bad definition must not take the others with it
            parts = [_create_batch(client, object, [field]) for field in fields]
            return {name: outcome for part in parts for name, outcome in part.items()}
        state = OutcomeState.UNCHANGED if error.where.status == 409 else OutcomeState.FAILED
        (field,) = fields
        return {field.name: Outcome(key=field.name, state=state, error=_code(error, state))}
    made = {str(raw["name"]) for raw in answer["results"]}
    codes = [safe(entry.get("category")) for entry in answer.get("errors", ())]
    error_code = next((code for code in codes if code), "UNKNOWN")
    return {
        field.name: Outcome(key=field.name, state=OutcomeState.WRITTEN, id=field.name)
        if field.name in made
        else Outcome(key=field.name, state=OutcomeState.FAILED, error=error_code)
        for field in fields
    }


def _code(error: RecordError, state: OutcomeState) -> str | None:
    return error.where.code or "UNKNOWN" if state is OutcomeState.FAILED else None


def _ensure_group(client: Client, object: str) -> None:
    try:
        client.create_group(object, GROUP, "crmbridge")
    except RecordError as error:
        if error.where.status != 409:  # 409: it is there already
            raise


def _new(field: NewField) -> dict[str, Any]:
    kind, field_type = NEW_PROPERTY_TYPES.get(field.kind, DEFAULT_PROPERTY_TYPE)
    made: dict[str, Any] = {
        "name": field.name,
        "label": field.label,
        "description": field.description,
        "groupName": GROUP,
        "type": kind,
        "fieldType": field_type,
    }
    if field.external_id:
        made["hasUniqueValue"] = True  # only possible now: it cannot be switched on later
    if field.options or kind == "bool":
        made["options"] = _options(field, kind)
    return made


def _options(field: NewField, kind: str) -> list[dict[str, Any]]:
    options = field.options
    if kind == "bool" and not options:
        options = (FieldOption(value="true", label="Yes"), FieldOption(value="false", label="No"))
    return [
        {"label": option.label, "value": option.value, "displayOrder": order, "hidden": not option.active}
        for order, option in enumerate(options)
    ]
