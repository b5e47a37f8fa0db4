"""Property definitions: the compact tables of `properties_*` made into what the properties API shows."""

from __future__ import annotations

from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass
from typing import Any

#: Keys that a client may give when it makes or changes a property (properties API, checked 2026-11-21).
WRITABLE = (
    "label", "type", "fieldType", "groupName", "description", "options", "displayOrder", "hidden",
    "formField", "hasUniqueValue", "externalOptions", "calculationFormula", "currencyPropertyName",
    "dataSensitivity", "numberDisplayHint", "referencedObjectType", "showCurrencySymbol",
)  # fmt: skip
FIELD_TYPES = {
    "string": ("text", "textarea", "html", "phonenumber", "file", "calculation_equation"),
    "number": ("number", "calculation_equation"),
    "bool": ("booleancheckbox", "calculation_equation"),
    "enumeration": ("select", "radio", "checkbox", "booleancheckbox", "calculation_equation"),
    "date": ("date",),
    "datetime": ("date",),
    "phone_number": ("phonenumber",),
}
_BOOLEAN_OPTIONS = {"true": "Yes", "false": "No"}


@dataclass(frozen=True, slots=True, kw_only=True)
class P:
    """One row of a property table. The defaults are a writable text that HubSpot itself defined."""

    name: str
    label: str
    type: str = "string"
    field: str = ""
    #: Value to label, in order.
    options: Mapping[str, str] | None = None
    read_only: bool = False
    unique: bool = False
    #: "OWNER" or "COMPANY": holds the id of one.
    refers_to: str = ""
    hidden: bool = False
    #: An enumeration whose values HubSpot does not list.
    external: bool = False


def table(text: str) -> list[P]:
    """Read rows ``name | label | type/field | flags``: ro, unique, owner, company, hidden, external."""
    rows = [[cell.strip() for cell in line.split("|")] for line in text.strip().splitlines()]
    return [_row(*row) for row in rows]


def _row(name: str, label: str, kind: str = "string", flags: str = "") -> P:
    type_name, _, field = kind.partition("/")
    words = flags.split()
    return P(
        name=name,
        label=label,
        type=type_name or "string",
        field=field,
        read_only="ro" in words,
        unique="unique" in words,
        refers_to=next((word.upper() for word in words if word in ("owner", "company")), ""),
        hidden="hidden" in words,
        external="external" in words,
    )


def definition(row: P, group: str, order: int, at: str) -> dict[str, Any]:
    """Give the definition of a property that HubSpot made."""
    field = row.field or FIELD_TYPES[row.type][0]
    shown = {
        "updatedAt": at,
        "createdAt": at,
        "name": row.name,
        "label": row.label,
        "type": row.type,
        "fieldType": field,
        "description": "",
        "groupName": group,
        "options": options(_BOOLEAN_OPTIONS if field == "booleancheckbox" else row.options or {}),
        "displayOrder": order,
        "calculated": False,
        "externalOptions": row.external or bool(row.refers_to),
        "hasUniqueValue": row.unique,
        "hidden": row.hidden,
        "hubspotDefined": True,
        "modificationMetadata": _modification(archivable=True, definition=True, value=row.read_only),
        "formField": not row.read_only,
        "dataSensitivity": "non_sensitive",
    }
    return shown | ({"referencedObjectType": row.refers_to} if row.refers_to else {})


def custom_definition(name: str, given: Mapping[str, Any], at: str, user: str) -> dict[str, Any]:
    """Give the definition of a property that a client made; ``given`` was checked."""
    defaults = {
        "description": "",
        "options": [],
        "displayOrder": -1,
        "externalOptions": False,
        "hasUniqueValue": False,
        "hidden": False,
        "formField": False,
        "dataSensitivity": "non_sensitive",
    }
    own = {key: given[key] for key in WRITABLE if given.get(key) is not None}
    return {
        "updatedAt": at,
        "createdAt": at,
        "name": name,
        **defaults,
        **own,
        "options": client_options(given),
        "calculated": "calculationFormula" in own,
        "createdUserId": user,
        "updatedUserId": user,
        "hubspotDefined": False,
        "archived": False,
        "modificationMetadata": _modification(archivable=True, definition=False, value=False),
    }


def client_options(given: Mapping[str, Any]) -> list[dict[str, Any]]:
    """Give the options a client sent, completed; a single checkbox gets Yes and No when none were sent."""
    sent: Sequence[Mapping[str, Any]] = given.get("options") or []
    if not sent and given.get("fieldType") == "booleancheckbox":
        return options(_BOOLEAN_OPTIONS)
    return [
        {
            "label": str(item.get("label", item.get("value", ""))),
            "value": str(item.get("value", "")),
            "description": str(item.get("description") or ""),
            "displayOrder": item.get("displayOrder", order),
            "hidden": bool(item.get("hidden", False)),
        }
        for order, item in enumerate(sent)
    ]


def options(labels: Mapping[str, str]) -> list[dict[str, Any]]:
    """Give options in order."""
    return [
        {"label": label, "value": value, "displayOrder": order, "hidden": False}
        for order, (value, label) in enumerate(labels.items())
    ]


def with_options(rows: Iterable[P], choices: Mapping[str, Mapping[str, str]]) -> list[P]:
    """Give the rows, those named in ``choices`` with their options."""
    return [_with(row, choices[row.name]) if row.name in choices else row for row in rows]


def _with(row: P, labels: Mapping[str, str]) -> P:
    parts = {name: getattr(row, name) for name in P.__slots__}
    return P(**{**parts, "options": labels})


def _modification(*, archivable: bool, definition: bool, value: bool) -> dict[str, bool]:
    return {"archivable": archivable, "readOnlyDefinition": definition, "readOnlyValue": value}
