"""What a host's webhook endpoint is told by HubSpot and no call of its API shows: who is to be forgotten."""

from __future__ import annotations

from collections.abc import Iterator, Mapping
from typing import Any, Final

from crmbridge.model import RecordRef

#: HubSpot's webhook subscription types, checked 2026-11-21.
_PRIVACY_DELETION: Final = "contact.privacyDeletion"


def privacy_deletions(events: Any, portal_id: str) -> Iterator[RecordRef]:
    """Give the contacts that the body of a webhook call tells to forget, each once.

    Args:
        events: The decoded JSON body, whose signature the host has checked; anything else is left out.
        portal_id: Whose events count: an app gets those of every portal that installed it, and the ids of
            contacts are unique in a portal alone.
    """
    found = {
        str(event.get("objectId")): None
        for event in (events if isinstance(events, list) else [])
        if isinstance(event, Mapping)
        and event.get("subscriptionType") == _PRIVACY_DELETION
        and str(event.get("portalId")) == portal_id
    }
    return (RecordRef("hubspot", "contacts", record_id) for record_id in found if record_id.isdecimal())
