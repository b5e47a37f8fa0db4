"""A call after its transport is dealt with, and the reply before it."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass, field
from datetime import UTC, datetime
from email.utils import format_datetime, parsedate_to_datetime
from typing import Any

import msgspec

from crmbridge.sandbox.http import Response
from crmbridge.sandbox.salesforce.caller import Caller
from crmbridge.sandbox.salesforce.failures import ApiError, Fault, refuse

JSON = "application/json;charset=UTF-8"


@dataclass(frozen=True, slots=True, kw_only=True)
class Call:
    """One call of a resource, alone or inside a composite request."""

    method: str
    #: Decoded segments of the path behind the version: ("sobjects", "Lead", "00Q…").
    path: tuple[str, ...]
    query: tuple[tuple[str, str], ...] = ()
    #: JSON value, or bytes not decoded yet.
    body: Any = b""
    caller: Caller

    def arg(self, name: str) -> str | None:
        """Give the last value of a query parameter, its name in any case; None when it is absent."""
        values = [value for key, value in self.query if key.lower() == name.lower()]
        return values[-1] if values else None

    def header(self, name: str) -> str | None:
        """Give a header by its lower-case name."""
        return self.caller.headers.get(name)

    def json(self) -> Any:
        """Give the decoded body.

        Raises:
            ApiError: JSON_PARSER_ERROR.
        """
        if not isinstance(self.body, bytes):
            return self.body
        try:
            return msgspec.json.decode(self.body)
        except (msgspec.DecodeError, UnicodeDecodeError, RecursionError):
            message = (
                "The HTTP entity body is required, but this request has no entity body or it is no JSON."
            )
            raise refuse("JSON_PARSER_ERROR", message) from None

    def object(self) -> dict[str, Any]:
        """Give the decoded body, which must be a JSON object."""
        body = self.json()
        if not isinstance(body, dict):
            raise refuse("JSON_PARSER_ERROR", "The request body must be a JSON object.")
        return body


@dataclass(frozen=True, slots=True, kw_only=True)
class Reply:
    """What a resource answers."""

    status: int = 200
    #: JSON value; None sends no body.
    body: Any = None
    headers: Mapping[str, str] = field(default_factory=dict)


def error_reply(error: ApiError) -> Reply:
    """Give the reply of an error: a list of faults."""
    return Reply(status=error.status, body=[fault.top_level() for fault in error.faults])


def to_response(reply: Reply, extra: Mapping[str, str]) -> Response:
    """Encode a reply."""
    if reply.body is None:
        return Response(status=reply.status, headers={**reply.headers, **extra})
    body = reply.body if isinstance(reply.body, bytes) else msgspec.json.encode(reply.body)
    return Response(status=reply.status, body=body, headers={"Content-Type": JSON, **reply.headers, **extra})


def http_date(stored: str) -> str:
    """Give a stored datetime as an HTTP date."""
    return format_datetime(datetime.fromisoformat(stored), usegmt=True)


def http_date_of_ms(value: int) -> str:
    """Give epoch milliseconds as an HTTP date."""
    return format_datetime(datetime.fromtimestamp(value // 1000, UTC), usegmt=True)


def parse_http_date(text: str) -> datetime | None:
    """Read an HTTP date; None when it is none."""
    try:
        moment = parsedate_to_datetime(text)
    except (ValueError, TypeError, IndexError, OverflowError):
        return None
    return moment if moment.tzinfo else moment.replace(tzinfo=UTC)


def precondition(call: Call, modified: datetime, *, strict: bool) -> Reply | None:
    """Check If-Modified-Since and If-Unmodified-Since; None: go on.

    Args:
        call: The call with its headers.
        modified: When the thing was last modified, whole seconds.
        strict: A date that cannot be read is an error, as on writes; otherwise it is ignored.
    """
    unmodified = _date_header(call, "if-unmodified-since", strict=strict)
    if unmodified is not None and modified > unmodified:
        return failed_precondition()
    since = _date_header(call, "if-modified-since", strict=strict)
    if since is not None and modified <= since:
        return Reply(status=304) if not strict else failed_precondition()
    return None


def failed_precondition() -> Reply:
    """Give the 412; its body was never seen recorded, clients must go by the status."""
    fault = Fault("ENTITY_FAILED_IFLASTMODIFIED_ON_UPDATE", "The precondition of the request failed")
    return Reply(status=412, body=[fault.top_level()])


def _date_header(call: Call, name: str, *, strict: bool) -> datetime | None:
    text = call.header(name)
    if text is None:
        return None
    moment = parse_http_date(text)
    if moment is None and strict:
        raise refuse("INVALID_HTTP_HEADER", f"The value of {name} is no HTTP date")
    return moment
