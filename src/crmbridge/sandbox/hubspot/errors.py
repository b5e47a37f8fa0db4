"""HubSpot's error answers, made from what a handler raises."""

from __future__ import annotations

import json
from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass, field
from typing import Any


@dataclass(slots=True)
class HubSpotError(Exception):
    """An answer that is an error; the app adds the correlation id."""

    status: int
    message: str
    category: str | None = "VALIDATION_ERROR"
    #: Further keys of the body: context, errors, policyName …
    extra: Mapping[str, Any] = field(default_factory=dict)
    headers: Mapping[str, str] = field(default_factory=dict)

    def body(self, correlation_id: str) -> dict[str, Any]:
        """Give the body as HubSpot sends it."""
        body = {"status": "error", "message": self.message, "correlationId": correlation_id, **self.extra}
        return body | ({"category": self.category} if self.category else {})

    def as_entry(self, trace_id: str | None = None) -> dict[str, Any]:
        """Give the error as one entry of a 207 answer."""
        context = dict(self.extra.get("context", {}))
        if trace_id is not None:
            context = {"objectWriteTraceId": [trace_id], **context}
        entry: dict[str, Any] = {"status": "error", "category": self.category, "message": self.message}
        return entry | ({"context": context} if context else {})


@dataclass(frozen=True, slots=True)
class ValueProblem:
    """One property value that is not valid."""

    name: str
    #: HubSpot's code: PROPERTY_DOESNT_EXIST, INVALID_OPTION …
    code: str
    message: str


def invalid_values(problems: Sequence[ValueProblem], portal_id: int) -> HubSpotError:
    """Make the answer that lists invalid property values: JSON within the message, and ``errors``.

    As in recorded answers (checked 2026-11-21), ``errors`` names no input and repeats nothing, so it has
    fewer entries than there are failures.
    """
    inner = [
        {
            "isValid": False,
            "message": problem.message,
            "error": problem.code,
            "name": problem.name,
            "localizedErrorMessage": problem.message,
            "portalId": portal_id,
        }
        for problem in problems
    ]
    distinct = tuple(dict.fromkeys(problems))
    errors = [
        {"message": item.message, "code": item.code, "context": {"propertyName": [item.name]}}
        for item in distinct
    ]
    text = json.dumps(inner, separators=(",", ":"), ensure_ascii=False)
    return HubSpotError(400, f"Property values were not valid: {text}", extra={"errors": errors})


def not_found() -> HubSpotError:
    """Make the answer for one record that is not there."""
    return HubSpotError(404, "resource not found", "OBJECT_NOT_FOUND")


def ids_not_found(label: str, ids: Iterable[str]) -> HubSpotError:
    """Make the entry for ids of a batch that are not there."""
    message = (
        f"Could not get some {label} objects, they may be deleted or not exist. Check that ids are valid."
    )
    return HubSpotError(404, message, "OBJECT_NOT_FOUND", {"context": {"ids": list(ids)}})


def invalid_input(message: str, **context: list[str]) -> HubSpotError:
    """Make the answer for a request that is not as documented."""
    return HubSpotError(400, message, extra={"context": context} if context else {})


def missing_scopes(scopes: Iterable[str]) -> HubSpotError:
    """Make the answer for a token without any of these scopes."""
    context = {"requiredGranularScopes": sorted(scopes), "links": ["https://developers.hubspot.com/scopes"]}
    message = "One or more of the following scopes are required."
    return HubSpotError(403, message, "MISSING_SCOPES", {"context": context})
