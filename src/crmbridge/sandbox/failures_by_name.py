"""Failures that have a name, in the words of the CRM that is asked; for `crmbridge.sandbox.faults`.

Statuses and texts as recorded or documented (checked 2026-11-21); the text of HubSpot's 423 is ours.
"""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any

_CORRELATION_ID = "00000000-0000-4000-8000-000000000000"


def hubspot_error(message: str, **more: str) -> Mapping[str, Any]:
    """Give an error body of HubSpot's."""
    return {"status": "error", "message": message, "correlationId": _CORRELATION_ID, **more}


def hubspot_limit(policy: str, words: str) -> Mapping[str, Any]:
    """Give the body of a 429 of HubSpot's."""
    return hubspot_error(f"You have reached your {words} limit.", errorType="RATE_LIMIT", policyName=policy)


def salesforce_error(code: str, message: str) -> list[Mapping[str, Any]]:
    """Give an error body of Salesforce's."""
    return [{"message": message, "errorCode": code}]


#: CRM -> name -> status and body.
BY_NAME: Mapping[str, Mapping[str, tuple[int, Any]]] = {
    "hubspot": {
        "expired_token": (
            401,
            hubspot_error(
                "The OAuth token used to make this call expired 1 day(s) ago.",
                category="EXPIRED_AUTHENTICATION",
            ),
        ),
        "lock": (423, hubspot_error("The resource is locked.", category="RESOURCE_LOCKED")),
        "daily_limit": (429, hubspot_limit("DAILY", "daily")),
        "rate_limit": (429, hubspot_limit("TEN_SECONDLY_ROLLING", "ten_secondly_rolling")),
    },
    "salesforce": {
        "expired_token": (401, salesforce_error("INVALID_SESSION_ID", "Session expired or invalid")),
        "lock": (
            400,
            salesforce_error("UNABLE_TO_LOCK_ROW", "unable to obtain exclusive access to this record"),
        ),
        "daily_limit": (403, salesforce_error("REQUEST_LIMIT_EXCEEDED", "TotalRequests Limit exceeded.")),
        "rate_limit": (
            403,
            salesforce_error(
                "REQUEST_LIMIT_EXCEEDED", "ConcurrentRequests (Concurrent API Requests) Limit exceeded."
            ),
        ),
    },
}
NAMES = tuple(BY_NAME["hubspot"])
