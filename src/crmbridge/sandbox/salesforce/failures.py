"""Errors as the service words them: an HTTP status and a list of messages with codes."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field
from typing import Any


@dataclass(frozen=True, slots=True)
class Fault:
    """One entry of an error answer."""

    code: str
    message: str
    #: API names of the fields that are to blame; None: the key is left out of the answer.
    fields: tuple[str, ...] | None = None
    #: More keys of the entry, such as ``duplicateResut``.
    extra: Mapping[str, Any] = field(default_factory=dict)

    def top_level(self) -> dict[str, Any]:
        """Give the entry of a top-level error body, where the code is called ``errorCode``."""
        entry: dict[str, Any] = {"message": self.message, "errorCode": self.code, **self.extra}
        return entry if self.fields is None else {**entry, "fields": list(self.fields)}

    def per_record(self) -> dict[str, Any]:
        """Give the entry of one record's result in a collection, where it is called ``statusCode``."""
        entry = {"statusCode": self.code, "message": self.message, "fields": list(self.fields or ())}
        return {**entry, **self.extra}


class ApiError(Exception):
    """The request is answered with an error of the service."""

    def __init__(self, status: int, faults: Sequence[Fault]) -> None:
        super().__init__("; ".join(fault.code for fault in faults))
        self.status = status
        self.faults = tuple(faults)


def refuse(
    code: str, message: str, fields: Sequence[str] | None = None, *, status: int = 400, **extra: Any
) -> ApiError:
    """Build the error for one fault."""
    return ApiError(status, [Fault(code, message, None if fields is None else tuple(fields), extra)])


def not_found(message: str = "The requested resource does not exist") -> ApiError:
    """Build the 404 of a resource or record that is not there."""
    return refuse("NOT_FOUND", message, status=404)


def invalid_session() -> ApiError:
    """Build the 401 of a token that is unknown, expired or revoked."""
    return refuse("INVALID_SESSION_ID", "Session expired or invalid", status=401)
