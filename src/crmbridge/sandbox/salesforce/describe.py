"""Describe: what the org tells about its objects and fields."""

from __future__ import annotations

from typing import Any

from crmbridge.sandbox.salesforce.fields import NUMERIC, REFERENCES, Field
from crmbridge.sandbox.salesforce.schema import Schema, SObject

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


def describe_global(schema: Schema, base: str) -> dict[str, Any]:
    """Give the list of all objects."""
    objects = [_flags(item) | {"urls": urls(item, base)} for item in schema.objects.values()]
    return {"encoding": "UTF-8", "maxBatchSize": 200, "sobjects": objects}


def describe(schema: Schema, item: SObject, base: str, origin: str) -> dict[str, Any]:
    """Give everything about one object."""
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
        "recordTypeInfos": [_master(item, base)],
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
        "picklistValues": [_picklist_value(column, value, active) for value, active in column.values],
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


def _picklist_value(column: Field, value: str, active: bool) -> dict[str, Any]:
    default = value == column.default
    return {"active": active, "defaultValue": default, "label": value, "validFor": None, "value": value}


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


def _master(item: SObject, base: str) -> dict[str, Any]:
    return {
        "active": True,
        "available": True,
        "defaultRecordTypeMapping": True,
        "developerName": "Master",
        "master": True,
        "name": "Master",
        "recordTypeId": MASTER_RECORD_TYPE,
        "urls": {"layout": f"{base}/sobjects/{item.name}/describe/layouts/{MASTER_RECORD_TYPE}"},
    }
