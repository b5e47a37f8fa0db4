"""What an administrator makes for the integration: custom fields, and a permission set of least rights."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from typing import Any
from xml.sax.saxutils import escape

import structlog

from crmbridge.adapters.salesforce.client import Client, QueryPage, decode
from crmbridge.adapters.salesforce.errors import code_of
from crmbridge.adapters.salesforce.schema import needed_rights
from crmbridge.adapters.salesforce.soql import query_path, select, within
from crmbridge.adapters.salesforce.tables import CRM, NEW_FIELD_TYPES, NOT_PERMISSIONABLE, WRITE_LIMIT
from crmbridge.errors import Ambiguous, Forbidden, NotFound, RecordError
from crmbridge.mapping import Mapping as CompanyMapping
from crmbridge.model import Outcome, OutcomeState
from crmbridge.ports import FieldOption, NewField

log = structlog.get_logger("crmbridge.salesforce")

#: Name of the permission set that ``permission_set`` writes and ``create_fields`` extends.
PERMISSION_SET = "crmbridge"
_EXISTS = frozenset({"DUPLICATE_DEVELOPER_NAME", "DUPLICATE_VALUE"})


def create_fields(client: Client, fields: Sequence[NewField]) -> list[Outcome]:
    """Create custom fields by the Tooling API, one call each, the external id field first.

    A new field is hidden from everybody. Where the permission set "crmbridge" is deployed, its users are
    given the fields; where it is not, a warning says so and an administrator has to.
    """
    ordered = sorted(fields, key=lambda field: not field.external_id)
    found = {id(field): _create(client, field) for field in ordered}
    outcomes = [found[id(field)] for field in fields]
    present = {OutcomeState.WRITTEN, OutcomeState.UNCHANGED}
    _grant(client, [field for field in fields if found[id(field)].state in present])
    return outcomes


def _create(client: Client, field: NewField) -> Outcome:
    key = f"{field.object}.{field.name}"
    body = {"FullName": key, "Metadata": metadata(field)}
    try:
        answer = client.send("POST", "tooling/sobjects/CustomField", body, object=field.object, write=True)
    except Ambiguous as error:
        return Outcome(key=key, state=OutcomeState.AMBIGUOUS, error=error.where.code)
    except RecordError as error:
        exists = error.where.code in _EXISTS
        state = OutcomeState.UNCHANGED if exists else OutcomeState.FAILED
        return Outcome(key=key, state=state, error=None if exists else error.where.code)
    created = decode(answer.content, dict[str, Any])
    return Outcome(key=key, state=OutcomeState.WRITTEN, id=created.get("id"))


def metadata(field: NewField) -> dict[str, Any]:
    """Write a custom field as the Tooling API takes it."""
    made = dict(NEW_FIELD_TYPES.get(field.kind, NEW_FIELD_TYPES["text"]))
    made |= {"label": field.label, "description": field.description}
    if made["type"] == "Text":
        made["length"] = min(field.length or 255, 255)
    if field.external_id:
        # Ids are compared whatever their case: two that differ in case only would be one person.
        made |= {"externalId": True, "unique": True, "caseSensitive": False}
    if "Picklist" in str(made["type"]):
        made["valueSet"] = {"restricted": False, "valueSetDefinition": _values(field.options)}
    return made


def _values(options: Sequence[FieldOption]) -> dict[str, Any]:
    values = [{"fullName": found.value, "label": found.label, "default": False} for found in options]
    return {"sorted": False, "value": values}


def _grant(client: Client, fields: Sequence[NewField]) -> None:
    """Let the users of our permission set see and write the fields."""
    set_id = _permission_set_id(client) if fields else None
    if set_id is None:
        if fields:
            log.warning("fields_not_granted", crm=CRM, reason="no permission set named crmbridge")
        return
    for start in range(0, len(fields), WRITE_LIMIT):
        rows = [_field_permission(set_id, field) for field in fields[start : start + WRITE_LIMIT]]
        answer = client.send("POST", "composite/sobjects", {"allOrNone": False, "records": rows}, write=True)
        for item in decode(answer.content, list[dict[str, Any]]):
            if not item.get("success") and (code := code_of(item.get("errors"))) not in _EXISTS:
                log.warning("fields_not_granted", crm=CRM, reason=code)


def _permission_set_id(client: Client) -> str | None:
    query = select("PermissionSet", ["Id"], where=within("Name", [PERMISSION_SET]))
    try:
        page = decode(client.send("GET", query_path(query)).content, QueryPage)
    except (Forbidden, NotFound):
        return None
    return str(page.records[0]["Id"]) if page.records else None


def _field_permission(set_id: str, field: NewField) -> dict[str, Any]:
    return {
        "attributes": {"type": "FieldPermissions"},
        "ParentId": set_id,
        "SobjectType": field.object,
        "Field": f"{field.object}.{field.name}",
        "PermissionsRead": True,
        "PermissionsEdit": True,
    }


def permission_set(mapping: CompanyMapping) -> str:
    """Write the permission set that the mapping needs and nothing more, as metadata XML.

    Every object that is read comes with "view all": rows that sharing hides would look deleted. Required
    and system fields are left out, because Salesforce refuses permission sets that name them.
    """
    parts = [
        _element("description", "What crmbridge needs, written from its mapping."),
        *_field_permissions(mapping),
        _element("hasActivationRequired", "false"),
        _element("label", PERMISSION_SET),
        *_object_permissions(needed_rights(mapping)),
        *(_block("userPermissions", {"enabled": True, "name": name}) for name in _user_permissions(mapping)),
    ]
    body = "\n".join(parts)
    return (
        '<?xml version="1.0" encoding="UTF-8"?>\n'
        f'<PermissionSet xmlns="http://soap.sforce.com/2006/04/metadata">\n{body}\n</PermissionSet>\n'
    )


def _field_permissions(mapping: CompanyMapping) -> list[str]:
    editable = _editable(mapping)
    names = {
        f"{found.object}.{name}"
        for found in mapping.objects(CRM)
        for name in (*found.names, *(f.code for f in found.fields if f.code))
        if name not in NOT_PERMISSIONABLE
    }
    return [
        _block("fieldPermissions", {"editable": name in editable, "field": name, "readable": True})
        for name in sorted(names)
    ]


def _editable(mapping: CompanyMapping) -> frozenset[str]:
    """Name the fields ("Lead.Phone") that are written to, on records that exist or when one is created."""
    names = set()
    for found in mapping.objects(CRM):
        wanted = set(mapping.writable(CRM, found.object))
        if found.object == "Lead" and mapping.create_salesforce_leads:
            wanted |= {*mapping.create_fields, "lead_id"}
        fields = [field for field in found.fields if field.canonical in wanted]
        names |= {f"{found.object}.{name}" for f in fields for name in (f.name, f.code) if name}
    return frozenset(names)


def _object_permissions(needed: frozenset[str]) -> list[str]:
    blocks = []
    for name in sorted({right.partition(".")[0] for right in needed}):
        rights: Mapping[str, Any] = {
            "allowCreate": f"{name}.create" in needed,
            "allowDelete": False,
            "allowEdit": f"{name}.edit" in needed,
            "allowRead": True,
            "modifyAllRecords": False,
            "object": name,
            "viewAllRecords": True,
        }
        blocks.append(_block("objectPermissions", rights))
    return blocks


def _user_permissions(mapping: CompanyMapping) -> list[str]:
    """Name the general permissions; giving away leads of other people needs one of its own."""
    owners = {
        found.object for found in mapping.objects(CRM) if "owner" in mapping.writable(CRM, found.object)
    }
    extra = {"Lead": "TransferAnyLead", "Contact": "TransferAnyEntity"}
    return sorted({"ApiEnabled", *(extra[name] for name in owners if name in extra)})


def _block(name: str, values: Mapping[str, Any]) -> str:
    inner = "\n".join("    " + _element(key, _text(value)) for key, value in values.items())
    return f"    <{name}>\n{inner}\n    </{name}>"


def _element(name: str, text: str) -> str:
    return f"    <{name}>{escape(text)}</{name}>"


def _text(value: object) -> str:
    return str(value).lower() if isinstance(value, bool) else str(value)
