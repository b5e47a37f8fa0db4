"""Describe: what the org tells about its objects and fields."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from typing import Any

from crmbridge.sandbox.salesforce import places
from crmbridge.sandbox.salesforce.fields import NUMERIC, REFERENCES, Field
from crmbridge.sandbox.salesforce.schema import Objects, SObject

MASTER_RECORD_TYPE = "012000000000000AAA"
_SOAP = {
    "id": "tns:ID", "reference": "tns:ID", "boolean": "xsd:boolean", "int": "xsd:int", "date": "xsd:date",
    "datetime": "xsd:dateTime", "address": "urn:address", "anyType": "xsd:anyType",
    **dict.fromkeys(NUMERIC, "xsd:double"),
}  # fmt: skip
_NEVER = dict.fromkeys(
    (
        "aiPredictionField", "autoNumber", "cascadeDelete", "dependentPicklist", "deprecatedAndHidden",
        "displayLocationInDecimal", "encrypted", "formulaTreatNullNumberAsZero", "highScaleNumber",
        "htmlFormatted", "restrictedDelete", "searchPrefilterable", "writeRequiresMasterRead",
    ),
    False,
)  # fmt: skip
_NOTHING = dict.fromkeys(
    (
        "calculatedFormula", "controllerName", "defaultValueFormula", "filteredLookupInfo", "inlineHelpText",
        "mask", "maskType", "referenceTargetField", "relationshipOrder",
    ),
    None,
)  # fmt: skip
_FLAGS_FALSE = dict.fromkeys(
    (
        "activateable", "custom", "customSetting", "deepCloneable", "deprecatedAndHidden", "hasSubtypes",
        "isInterface", "isSubtype",
    ),
    False,
)  # fmt: skip
_NONE_FLAGS = dict.fromkeys(
    (
        "associateEntityType", "associateParentEntity", "defaultImplementation", "extendedBy",
        "extendsInterfaces", "implementedBy", "implementsInterfaces", "listviewable", "lookupLayoutable",
        "networkScopeFieldName",
    ),
    None,
)  # fmt: skip


def describe_global(schema: Objects, base: str) -> dict[str, Any]:
    """Give the list of all objects."""
    objects = [_flags(item) | {"urls": urls(item, base)} for item in schema.objects.values()]
    return {"encoding": "UTF-8", "maxBatchSize": 200, "sobjects": objects}


def describe(
    schema: Objects, item: SObject, base: str, origin: str, record_types: Sequence[dict[str, Any]] = ()
) -> dict[str, Any]:
    """Give everything about one object; beside Master its record types, as `record_type` gives them."""
    prefix = item.standard.prefix
    details = {
        "uiDetailTemplate": f"{origin}/{{ID}}",
        "uiEditTemplate": f"{origin}/{{ID}}/e",
        "uiNewRecord": f"{origin}/{prefix}/e",
    }
    return {
        "actionOverrides": [],
        **_NONE_FLAGS,
        **_flags(item),
        "childRelationships": [_child(child, column) for child, column in schema.children(item.name)],
        "compactLayoutable": True,
        "fields": [describe_field(column) for column in item.fields.values()],
        "namedLayoutInfos": [],
        "recordTypeInfos": [*record_types, _master(item, base, default=not record_types)],
        "searchLayoutable": item.can("undelete"),
        "sobjectDescribeOption": "FULL",
        "supportedScopes": [{"label": f"All {item.standard.plural.lower()}", "name": "everything"}],
        "urls": urls(item, base) | details,
    }


def basic(item: SObject, base: str) -> dict[str, Any]:
    """Give what describe global tells about one object."""
    return _flags(item) | {"urls": urls(item, base)}


def urls(item: SObject, base: str) -> dict[str, str]:
    """Give the paths of an object's resources."""
    own = f"{base}/sobjects/{item.name}"
    return {
        "compactLayouts": f"{own}/describe/compactLayouts",
        "rowTemplate": f"{own}/{{ID}}",
        "approvalLayouts": f"{own}/describe/approvalLayouts",
        "listviews": f"{own}/listviews",
        "describe": f"{own}/describe",
        "quickActions": f"{own}/quickActions",
        "layouts": f"{own}/describe/layouts",
        "sobject": own,
    }


def describe_field(column: Field) -> dict[str, Any]:
    """Give everything about one field."""
    return {
        **_NEVER,
        **_NOTHING,
        "aggregatable": column.aggregatable,
        "byteLength": column.length if column.type in REFERENCES else column.length * 3,
        "calculated": column.calculated,
        "caseSensitive": column.case_sensitive,
        "compoundFieldName": column.compound,
        "createable": column.createable,
        "custom": column.custom,
        "defaultValue": column.default,
        "defaultedOnCreate": column.defaulted,
        "digits": column.digits,
        "externalId": column.external_id,
        "extraTypeInfo": _extra_type(column),
        "filterable": column.filterable,
        "groupable": column.groupable,
        "idLookup": column.id_lookup,
        "label": column.label,
        "length": column.length,
        "name": column.name,
        "nameField": column.name == "Name",
        "namePointing": column.names,
        "nillable": column.nillable,
        "permissionable": column.permissionable,
        "picklistValues": _picklist(column),
        "polymorphicForeignKey": column.names,
        "precision": column.precision,
        "queryByDistance": column.type == "address",
        "referenceTo": list(column.refers_to),
        "relationshipName": column.relationship,
        "restrictedPicklist": column.restricted,
        "scale": column.scale,
        "soapType": _SOAP.get(column.type, "xsd:string"),
        "sortable": column.sortable,
        "type": column.type,
        "unique": column.unique,
        "updateable": column.updateable,
    }


def _extra_type(column: Field) -> str | None:
    if column.type == "textarea":
        return "plaintextarea"
    if column.name == "PhotoUrl":
        return "imageurl"
    return "personname" if column.compound == "Name" or _is_person_name(column) else None


def _is_person_name(column: Field) -> bool:
    # Names put together from first and last name are the only ones of this length.
    return column.name == "Name" and column.length == 121


def _picklist(column: Field) -> list[dict[str, Any]]:
    values = [(value, value, active) for value, active in column.values]
    if column.feature == "states":
        values = [(value, label, True) for value, label in places.picklist(column.name)]
    return [
        {
            "active": active,
            "defaultValue": value == column.default,
            "label": label,
            "validFor": None,
            "value": value,
        }
        for value, label, active in values
    ]


def _flags(item: SObject) -> dict[str, Any]:
    standard = item.standard
    full = item.can("undelete")
    return {
        **_FLAGS_FALSE,
        "associateEntityType": None,
        "associateParentEntity": None,
        "createable": item.can("create"),
        "deletable": item.can("delete"),
        "feedEnabled": full,
        "keyPrefix": standard.prefix,
        "label": standard.label,
        "labelPlural": standard.plural,
        "layoutable": full,
        "mergeable": item.can("merge"),
        "mruEnabled": full,
        "name": item.name,
        "queryable": True,
        "replicateable": item.can("replicate"),
        "retrieveable": True,
        "searchable": full,
        "triggerable": item.can("replicate"),
        "undeletable": full,
        "updateable": item.can("update"),
    }


def _child(child: SObject, column: Field) -> dict[str, Any]:
    return {
        "cascadeDelete": False,
        "childSObject": child.name,
        "deprecatedAndHidden": False,
        "field": column.name,
        "junctionIdListNames": [],
        "junctionReferenceTo": [],
        "relationshipName": column.child,
        "restrictedDelete": False,
    }


def record_type(
    item: SObject, base: str, row: Mapping[str, Any], *, default: bool, master: bool = False
) -> dict[str, Any]:
    """Give one entry of recordTypeInfos for a stored record type."""
    return {
        "active": bool(row["IsActive"]),
        "available": bool(row["IsActive"]),
        "defaultRecordTypeMapping": default,
        "developerName": row["DeveloperName"],
        "master": master,
        "name": row["Name"],
        "recordTypeId": row["Id"],
        "urls": {"layout": f"{base}/sobjects/{item.name}/describe/layouts/{row['Id']}"},
    }


def _master(item: SObject, base: str, *, default: bool) -> dict[str, Any]:
    row = {"IsActive": 1, "DeveloperName": "Master", "Name": "Master", "Id": MASTER_RECORD_TYPE}
    return record_type(item, base, row, default=default, master=True)
