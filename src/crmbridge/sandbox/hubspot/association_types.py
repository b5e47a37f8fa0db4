"""Association types: which number leads from which object type to which, HubSpot's and the portal's own."""

from __future__ import annotations

from typing import Any

from crmbridge.sandbox.hubspot.errors import invalid_input
from crmbridge.sandbox.hubspot.objects import ASSOCIATION_TYPES, BY_NAME, PRIMARY_TYPES, ObjectType
from crmbridge.sandbox.hubspot.portal import Portal

HUBSPOT_DEFINED, USER_DEFINED = "HUBSPOT_DEFINED", "USER_DEFINED"
_CATEGORIES = (HUBSPOT_DEFINED, USER_DEFINED, "INTEGRATOR_DEFINED")
_TARGETS = {
    (start, number): end
    for table in (ASSOCIATION_TYPES, PRIMARY_TYPES)
    for (start, end), number in table.items()
}


def labels(portal: Portal, kind: ObjectType, to: ObjectType) -> list[dict[str, Any]]:
    """Give the portal's own labels that lead from one type to another."""
    return [item for item in portal.catalog.part("label", kind).values() if item["to"] == to.name]


def type_id(portal: Portal, kind: ObjectType, spec: Any) -> int:
    """Read an association type as a request names it.

    Raises:
        HubSpotError: 400, it is none, or its category is another.
    """
    number = spec.get("associationTypeId") if isinstance(spec, dict) else None
    category = spec.get("associationCategory", HUBSPOT_DEFINED) if isinstance(spec, dict) else None
    if isinstance(number, bool) or not isinstance(number, int) or category not in _CATEGORIES:
        raise invalid_input("Invalid association type: associationTypeId and associationCategory")
    own = str(number) in portal.catalog.part("label", kind)
    if own != (category == USER_DEFINED):
        raise invalid_input(f"Association type {number} is not {category}")
    return number


def target(portal: Portal, kind: ObjectType, number: int) -> ObjectType:
    """Give the object type to which an association type leads.

    Raises:
        HubSpotError: 400, it does not begin at this type.
    """
    own = portal.catalog.part("label", kind).get(str(number))
    name = own["to"] if own else _TARGETS.get((kind.name, number))
    if name is None:
        raise invalid_input(f"Association type {number} does not start at {kind.name}")
    return BY_NAME[name]


def default_type(kind: ObjectType, to: ObjectType) -> int:
    """Give the unlabelled type between two object types.

    Raises:
        HubSpotError: 400, there is none.
    """
    number = ASSOCIATION_TYPES.get((kind.name, to.name))
    if number is None:
        raise invalid_input(f"No default association type between {kind.name} and {to.name}")
    return number


def inverse(portal: Portal, kind: ObjectType, to: ObjectType, number: int) -> int:
    """Give the type of the same association seen from the other end."""
    own = portal.catalog.part("label", kind).get(str(number))
    if own is not None:
        return int(own["inverse"])
    table = PRIMARY_TYPES if PRIMARY_TYPES.get((kind.name, to.name)) == number else ASSOCIATION_TYPES
    return table[to.name, kind.name]


def shown(portal: Portal, kind: ObjectType, to: ObjectType, number: int) -> tuple[str, str | None]:
    """Give category and label of a type."""
    own = portal.catalog.part("label", kind).get(str(number))
    if own is not None:
        return USER_DEFINED, own["label"]
    return HUBSPOT_DEFINED, "Primary" if PRIMARY_TYPES.get((kind.name, to.name)) == number else None
