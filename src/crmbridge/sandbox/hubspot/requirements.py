"""What a new record must have."""

from __future__ import annotations

from collections.abc import Mapping, Sequence

from crmbridge.sandbox.hubspot.associations import Link
from crmbridge.sandbox.hubspot.errors import HubSpotError, invalid_input
from crmbridge.sandbox.hubspot.objects import CONTACTS, LEADS, ObjectType


def missing_properties(
    kind: ObjectType, values: Mapping[str, str], links: Sequence[Link]
) -> HubSpotError | None:
    """Give the answer for a record that lacks something; None when it is complete."""
    lacking = [name for name in kind.required if not values.get(name)]
    if lacking:
        named = ", ".join(lacking)
        return invalid_input(f"Error creating {kind.label}. Some required properties were not set: {named}.",
                             properties=lacking)  # fmt: skip
    if kind.one_of and not any(values.get(name) for name in kind.one_of):
        named = ", ".join(kind.one_of)
        return invalid_input(
            f"At least one of these properties is needed: {named}", properties=[*kind.one_of]
        )
    if kind is LEADS and not any(link.to is CONTACTS for link in links):
        return invalid_input("A lead must be associated with a contact.")
    return None
