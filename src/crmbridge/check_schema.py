"""Checks of a mapping against what a CRM really has: pure, one generator per question."""

from __future__ import annotations

from collections import defaultdict
from collections.abc import Collection, Iterator, Mapping
from typing import Final

from crmbridge.errors import Problem
from crmbridge.mapping import FieldMap, Kind, ObjectMap
from crmbridge.mapping import Mapping as CompanyMapping
from crmbridge.mapping_file.checks import nearest
from crmbridge.ports import FieldOption, FieldSchema, Schema
from crmbridge.provision import EXTERNAL_ID, EXTERNAL_ID_LENGTH, is_provided

_FILE: Final = "mapping.toml"
_PROVISION: Final = "run `crmbridge provision --apply`, or map a field that exists in mapping.toml"

#: The CRMs' type words -> what they hold. Checked 2026-11-21: HubSpot property types, Salesforce describe.
_TEXTS: Final = frozenset(
    {
        "string", "enumeration", "phone_number",  # HubSpot
        "textarea", "picklist", "combobox", "email", "phone", "url", "reference", "id", "encryptedstring",
    }
)  # fmt: skip
_NUMBERS: Final = frozenset({"number", "double", "int", "long", "currency", "percent"})
_BOOLEANS: Final = frozenset({"bool", "boolean"})
_MOMENTS: Final = frozenset({"datetime"})
_DAYS: Final = frozenset({"date"})

#: Kind -> types from which it can be read. Every kind can be read from a text.
_READABLE: Final[Mapping[Kind, frozenset[str]]] = {
    **dict.fromkeys(Kind, _TEXTS),
    Kind.TEXT: _TEXTS | _NUMBERS | {"multipicklist"},
    Kind.LONG_TEXT: _TEXTS | {"multipicklist"},
    Kind.OWNER: _TEXTS | _NUMBERS,
    Kind.NUMBER: _TEXTS | _NUMBERS,
    Kind.INTEGER: _TEXTS | _NUMBERS,
    Kind.MONEY: _TEXTS | _NUMBERS,
    Kind.BOOLEAN: _TEXTS | _BOOLEANS,
    Kind.DATETIME: _TEXTS | _MOMENTS | _DAYS,
    Kind.DATE: _TEXTS | _MOMENTS | _DAYS,
    Kind.MULTI: _TEXTS | {"multipicklist"},
    Kind.STAGE: _TEXTS | _BOOLEANS,
}

#: Types that a kind reads but cannot be written to without losing something.
_NOT_WRITABLE: Final[Mapping[Kind, frozenset[str]]] = {
    Kind.DATETIME: _DAYS,
    Kind.DATE: _MOMENTS,
    Kind.TEXT: _NUMBERS,
}

#: Longest text that we write, per canonical field; the others are as long as what is copied.
_LENGTHS: Final = {EXTERNAL_ID: EXTERNAL_ID_LENGTH, "why": 255, "process_version": 40}


def check_objects(mapping: CompanyMapping, schema: Schema) -> Iterator[Problem]:
    """Check every object of one CRM, and what concerns the CRM as a whole."""
    if "person_accounts" in schema.features:
        yield Problem(
            schema.crm,
            "",
            "person accounts are switched on, and crmbridge does not support them",
            "a person account is account and contact in one record: use an organisation without them",
        )
    for object_map in mapping.objects(schema.crm):
        live = schema.objects.get(object_map.object)
        if live is None:
            yield _object_missing(object_map)
        else:
            yield from check_object(mapping, object_map, live)


def _object_missing(object_map: ObjectMap) -> Problem:
    if object_map.object == "leads":
        return Problem(
            _FILE,
            "hubspot.status_object",
            "this portal or token has no Leads object: status and SAL are not read or written in HubSpot",
            'grant crm.objects.leads.read and .write (Sales Hub Professional), or set it to "contacts"',
            "warning",
        )
    return Problem(
        object_map.crm,
        object_map.object,
        f"the token cannot see {object_map.object}",
        "grant read access to the object; `crmbridge check` prints the rights that are needed",
    )


def check_object(
    mapping: CompanyMapping, object_map: ObjectMap, live: Mapping[str, FieldSchema]
) -> Iterator[Problem]:
    """Check every field of one object against the live ones."""
    created = _creates(mapping, object_map)
    for field in object_map.fields:
        schema = live.get(field.code or "") or live.get(field.name)
        if schema is None:
            continue
        copied = created and field.canonical in mapping.create_fields
        yield from _access(object_map, field, schema, copied)
        yield from _types(field, schema, writes=field.write or copied)
        if field.translated and field.name == schema.name:
            yield from _options(object_map, field, schema)
    yield from _missing(object_map, live)
    yield from _written_twice(object_map)
    if created:
        yield from _required(mapping, object_map, live)
    for summary in object_map.summaries:
        if summary.at not in live and summary.file == _FILE:
            hint = nearest(summary.at, live)
            yield Problem(summary.file, f"{summary.key}.at", f"there is no field {summary.at}", hint)


def _creates(mapping: CompanyMapping, object_map: ObjectMap) -> bool:
    if object_map.object == "Lead":
        return mapping.create_salesforce_leads
    return object_map.object == "contacts" and mapping.create_hubspot_contacts


def _missing(object_map: ObjectMap, live: Mapping[str, FieldSchema]) -> Iterator[Problem]:
    """Name the fields that are not there; those of our defaults that `provision` makes in one sentence."""
    gone = [f for f in object_map.fields if f.name not in live and (f.code is None or f.code not in live)]
    ours = [f for f in gone if not f.own and f.canonical != EXTERNAL_ID and is_provided(object_map, f)]
    if ours:
        names = ", ".join(field.name for field in ours)
        message = f"{object_map.object} has no fields {names}, or the token may not see them"
        severity = "error" if any(field.write for field in ours) else "warning"
        yield Problem(ours[0].file, ours[0].key.rpartition(".")[0], message, _PROVISION, severity)
    for field in gone:
        if field not in ours:
            yield _field_missing(object_map, field, live)


def _field_missing(object_map: ObjectMap, field: FieldMap, live: Collection[str]) -> Problem:
    message = f"{object_map.object} has no field {field.name}, or the token may not see it"
    near = nearest(field.name, live) if field.own else ""
    if is_provided(object_map, field):
        what = "external id field" if field.canonical == EXTERNAL_ID else "field"
        return Problem(field.file, field.key, f"{what} missing: {message}", f"{near} {_PROVISION}".strip())
    if field.own or field.write:
        return Problem(field.file, field.key, message, near or f"map {field.canonical} or set it to false")
    advice = f"{field.canonical} stays unknown there; map it in mapping.toml, or set it to false"
    return Problem(field.file, field.key, message, advice, "warning")


def _access(object_map: ObjectMap, field: FieldMap, schema: FieldSchema, copied: bool) -> Iterator[Problem]:
    if field.write and not schema.updateable:
        yield Problem(
            field.file,
            field.key,
            f"{object_map.object}.{schema.name} cannot be written",
            f"take {field.canonical} out of [write], map another field, or grant edit access",
        )
    if copied and not schema.createable:
        advice = f"take {field.canonical} out of write.create_fields"
        message = f"{object_map.object}.{schema.name} cannot be given on creation"
        yield Problem(field.file, field.key, message, advice)
    if field.canonical == EXTERNAL_ID and not (schema.unique or schema.external_id):
        advice = "make it unique (Salesforce: an external id), or let `crmbridge provision` make one"
        yield Problem(field.file, field.key, f"{schema.name} may hold the same id twice", advice)


def _types(field: FieldMap, schema: FieldSchema, *, writes: bool) -> Iterator[Problem]:
    fits = schema.type in _READABLE[field.kind]
    loses = writes and schema.type in _NOT_WRITABLE.get(field.kind, frozenset())
    if not fits or loses:
        kinds = [kind.value for kind, types in _READABLE.items() if schema.type in types - _TEXTS]
        other = f", or use kind {' or '.join(kinds)}" if kinds and field.own else ""
        advice = f"map another field{other}"
        message = f"{schema.name} is of type {schema.type}, which does not hold {field.kind.value}"
        yield Problem(field.file, field.key, message, advice, "error" if writes else "warning")
    elif writes and schema.length is not None and schema.length < _longest(field):
        message = f"{schema.name} holds {schema.length} characters, {_longest(field)} are needed"
        yield Problem(field.file, field.key, message, "make the field longer, or map another one")


def _longest(field: FieldMap) -> int:
    return max([_LENGTHS.get(field.canonical, 0), *map(len, field.to_raw.values())])


def _options(object_map: ObjectMap, field: FieldMap, schema: FieldSchema) -> Iterator[Problem]:
    """Compare the values with the options: ours must exist, defaults must leave something to write."""
    if not schema.options:
        return
    options = {option.value: option for option in schema.options}
    table = _table_key(field)
    for meaning in field.choices:
        if meaning in field.chosen:
            yield from _chosen(field, meaning, options, schema, f"{table}.{meaning}")
    silent = _without_value(field, options, object_map.status_reasons)
    if silent and field.write:
        message = f"{schema.name} offers no value for {', '.join(silent)}: it is left as it is there"
        advice = f"add options to {schema.name}, or map existing ones under [{table}]"
        yield Problem(field.file, table, message, advice, "warning")


def _table_key(field: FieldMap) -> str:
    tables = {Kind.STAGE: "stages", Kind.STATUS: "statuses", Kind.REASON: "recycle_reasons"}
    if field.kind in tables:
        return field.key.rpartition(".fields.")[0] + f".{tables[field.kind]}"
    return f"{field.key}.values"


def _chosen(
    field: FieldMap, meaning: str, options: Mapping[str, FieldOption], schema: FieldSchema, key: str
) -> Iterator[Problem]:
    written = field.to_raw.get(meaning)
    for raw in field.choices[meaning]:
        option = options.get(raw)
        if option is None:
            # An open picklist takes any text: unusual, and allowed.
            severity = "error" if schema.restricted or schema.type == "enumeration" else "warning"
            message = f"{schema.name} has no option {raw!r}"
            yield Problem(_FILE, key, message, _nearest_option(raw, options), severity)
        elif option.final and meaning != "converted" and field.kind is Kind.STATUS:
            message = f"only a conversion may set {raw!r}: it cannot mean {meaning}"
            yield Problem(_FILE, key, message, "map it under converted, and another value here")
        elif not option.active and raw == written and field.write:
            message = f"option {raw!r} of {schema.name} is switched off"
            yield Problem(_FILE, key, message, "put an active value first", "warning")


def _nearest_option(raw: str, options: Mapping[str, FieldOption]) -> str:
    labelled = {option.label: option.value for option in options.values()}
    if raw in labelled:
        return f"{raw!r} is a label; its value is {labelled[raw]!r}"
    return nearest(raw, options) or f"options: {', '.join(repr(value) for value in list(options)[:12])}"


def _without_value(
    field: FieldMap, options: Mapping[str, FieldOption], reasons: Collection[str]
) -> list[str]:
    usable = {o.value for o in options.values() if o.active and not o.final} - set(reasons)
    wanted = field.choices.keys() - field.left_alone - field.chosen
    return sorted(meaning for meaning in wanted if not usable.intersection(field.choices[meaning]))


def _written_twice(object_map: ObjectMap) -> Iterator[Problem]:
    by_name: dict[str, list[FieldMap]] = defaultdict(list)
    for field in object_map.fields:
        by_name[field.name].append(field)
    for name, fields in by_name.items():
        if len(fields) > 1 and any(field.write for field in fields):
            names = " and ".join(field.canonical for field in fields)
            blamed = next((field for field in fields if field.own), fields[0])
            message = f"{object_map.object}.{name} is written by {names}"
            yield Problem(blamed.file, blamed.key, message, "one field holds one thing: map them apart")


def _required(
    mapping: CompanyMapping, object_map: ObjectMap, live: Mapping[str, FieldSchema]
) -> Iterator[Problem]:
    canonical = {field.name: field.canonical for field in object_map.fields}
    given = mapping.writable(object_map.crm, object_map.object) | set(mapping.create_fields)
    for name, schema in live.items():
        if schema.required and canonical.get(name) not in given:
            known = canonical.get(name)
            advice = (
                f"add {known} to write.create_fields" if known else "map it and add it to write.create_fields"
            )
            message = f"{object_map.object}.{name} must be given on creation"
            yield Problem(_FILE, "write.create_fields", message, advice)


def check_connector(mapping: CompanyMapping, schemas: Mapping[str, Schema]) -> Iterator[Problem]:
    """Warn of HubSpot's own Salesforce connector: it and we would write the same fields."""
    hubspot = schemas.get("hubspot")
    if hubspot is None or "connector" not in hubspot.features:
        return
    theirs = frozenset().union(
        *(mapping.writable("salesforce", m.object) for m in mapping.objects("salesforce"))
    )
    both = [
        f"{object_map.object}.{field.name}"
        for object_map in mapping.objects("hubspot")
        for field in object_map.fields
        if field.write and field.canonical in theirs
        if field.name in hubspot.objects.get(object_map.object, {})
    ]
    if both:
        yield Problem(
            "hubspot",
            "",
            f"HubSpot's own Salesforce connector runs; it and crmbridge would both write {', '.join(both)}",
            'set these to "don\'t sync" in the connector, or take them out of [write]',
            "warning",
        )
