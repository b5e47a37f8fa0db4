"""HubSpot's errors -> our family. Nothing personal passes: codes, ids of support and scope names only.

The generated client has 61 exception modules without a shared base, so errors are told apart by what
they carry. Statuses and bodies: HubSpot's error handling guide and recorded answers (checked 2026-11-21).
"""

from __future__ import annotations

import re
from collections.abc import Mapping
from typing import Any, Final

import msgspec
import urllib3.exceptions

from crmbridge.adapters.retry import NotCarriedOut
from crmbridge.errors import (
    AuthFailed,
    CrmBridgeError,
    FatalError,
    Forbidden,
    NotFound,
    QuotaExhausted,
    RateLimited,
    Refused,
    TimedOut,
    Unavailable,
    Where,
)

#: Codes, categories and property names look like this; anything else may quote a person's data.
_CODE = re.compile(r"[A-Za-z][\w.:-]{1,99}")
#: Property messages carry a JSON list with the codes.
_NESTED_CODES = re.compile(r'"error":"([A-Z0-9_]+)","name":"([\w]+)"')


class Entry(msgspec.Struct, rename="camel"):
    """One error of a list: in a 207 answer, or the ``errors`` of a 400."""

    category: str | None = None
    code: str | None = None
    message: str = ""
    context: dict[str, Any] | None = None

    def named(self, key: str) -> tuple[str, ...]:
        """Give the values of a context key; empty when the error does not say."""
        values = (self.context or {}).get(key)
        return tuple(str(value) for value in values) if isinstance(values, list) else ()

    @property
    def reason(self) -> str:
        """Give code and property, for the outcome of a record."""
        found = _NESTED_CODES.search(self.message)
        code = found[1] if found else self.code or self.category
        names = (found[2],) if found else self.named("propertyName")
        parts = [safe(code) or "UNKNOWN", *filter(None, (safe(name) for name in names[:1]))]
        return " ".join(parts)


class Body(Entry, rename="camel"):
    """An error answer; every key may be missing."""

    correlation_id: str | None = None
    #: 429 only: TEN_SECONDLY_ROLLING, SECONDLY, DAILY.
    policy_name: str | None = None
    errors: list[Entry] = []
    #: OAuth answers: "BAD_REFRESH_TOKEN".
    status: Any = None
    error: Any = None


_decoder = msgspec.json.Decoder(Body, strict=False)


def safe(text: object) -> str | None:
    """Give a text that is a code for sure; None for anything else."""
    return text if isinstance(text, str) and _CODE.fullmatch(text) else None


class Rejected(Refused):
    """A refused call that knows its answer: writing looks for the records at fault in it."""

    def __init__(self, message: str, where: Where, body: Body) -> None:
        super().__init__(message, where)
        self.body = body


def is_foreign(error: BaseException) -> bool:
    """Tell whether an error comes from the SDK, the connection or decoding, and not from our own code."""
    foreign = (urllib3.exceptions.HTTPError, OSError, msgspec.DecodeError, UnicodeDecodeError)
    return isinstance(error, foreign) or _is_sdk(_answered(error))


def _is_sdk(error: BaseException) -> bool:
    return type(error).__module__.startswith("hubspot.")


def translate(error: BaseException, object: str | None = None) -> CrmBridgeError:
    """Say an error of the SDK, of urllib3 or of decoding in our words. Total: never raises."""
    found = _answered(error)
    status = getattr(found, "status", None)
    if isinstance(status, int) and status > 0:
        return _by_status(status, found, object)
    return _by_class(found, object)


def _answered(error: BaseException) -> BaseException:
    """Find the SDK's error behind an error.

    The SDK decodes the bodies of its errors as UTF-8, and fails over them when a proxy answers in Latin-1
    or when TLS failed and there is no body (checked 2026-11-21).
    """
    hidden = error.__context__ if isinstance(error, (UnicodeDecodeError, AttributeError)) else None
    return hidden if hidden is not None and _is_sdk(hidden) else error


# by class: no answer, or none that can be read -------------------------------------------------------


#: urllib3's classes -> ours, first match counts.
_BY_CLASS: Final[tuple[tuple[tuple[type[BaseException], ...], type[CrmBridgeError], str], ...]] = (
    (
        (urllib3.exceptions.NewConnectionError, urllib3.exceptions.ConnectTimeoutError),
        NotCarriedOut,
        "no connection",
    ),
    ((urllib3.exceptions.TimeoutError,), TimedOut, "no answer in time"),
    ((urllib3.exceptions.HTTPError, OSError), Unavailable, "the connection broke"),
    ((msgspec.DecodeError, UnicodeDecodeError), Unavailable, "the answer cannot be read"),
)


def _by_class(error: BaseException, object: str | None) -> CrmBridgeError:
    where = Where("hubspot", object)
    error = getattr(error, "reason", None) or error if _is_exhausted(error) else error
    for classes, ours, message in _BY_CLASS:
        if isinstance(error, classes):
            return ours(message, where)
    if getattr(error, "status", None) == 0:  # the SDK's word for a TLS failure
        return Unavailable("TLS failed", where)
    # What is left are the SDK's own checks of a request before it is sent.
    return Refused(f"the request is not valid ({type(error).__name__})", where)


def _is_exhausted(error: BaseException) -> bool:
    return isinstance(error, urllib3.exceptions.MaxRetryError)


# by status -------------------------------------------------------------------------------------------

#: HubSpot's own limits, by ``policyName``: seconds to wait. Retry-After is usually absent.
_POLICY_SECONDS: Final[Mapping[str, float]] = {
    "SECONDLY": 1.0,  # search: 5 a second and account
    "TEN_SECONDLY_ROLLING": 10.0,
}
#: Status -> seconds to wait before it makes sense to come back; the call did nothing.
_LOCKED_SECONDS: Final[Mapping[int, float]] = {
    423: 2.0,  # a lock, held for two seconds
    477: 600.0,  # the account moves to another region; Retry-After says up to 24 hours
}
_MESSAGES: Final[Mapping[int, tuple[type[CrmBridgeError], str]]] = {
    401: (AuthFailed, "the access token is wrong, expired or revoked"),
    404: (NotFound, "not found"),
}


def _by_status(status: int, error: BaseException, object: str | None) -> CrmBridgeError:
    body = body_of(error)
    code = safe(body.category) or safe(body.policy_name) or safe(body.status)
    where = Where("hubspot", object, None, status, code, safe(body.correlation_id))
    waited = _seconds(getattr(error, "headers", None))
    if status == 429:
        return _too_many(body, where, waited)
    if status == 403:
        return Forbidden(f"missing scope: {_scopes(body)}", where)
    if status in _LOCKED_SECONDS:
        return NotCarriedOut("locked", where, waited or _LOCKED_SECONDS[status])
    if status in _MESSAGES:
        ours, message = _MESSAGES[status]
        return ours(message, where)
    if status >= 500:
        return Unavailable("HubSpot is down or busy", where, waited)
    if status < 400:
        return FatalError("a redirect or an unexpected answer; is this HubSpot?", where)
    return Rejected(f"refused: {reasons(body)}", where, body)


def _too_many(body: Body, where: Where, waited: float | None) -> CrmBridgeError:
    if body.policy_name == "DAILY":
        return QuotaExhausted("the daily quota of the HubSpot account is spent", where)
    asked = waited if waited is not None else _POLICY_SECONDS.get(body.policy_name or "")
    return RateLimited("too many calls", where, asked)


def reasons(body: Body) -> str:
    """List the distinct reasons of an error answer, without its messages."""
    entries = body.errors or [body]
    return ", ".join(dict.fromkeys(entry.reason for entry in entries))


def _scopes(body: Body) -> str:
    return ", ".join(filter(None, (safe(name) for name in body.named("requiredGranularScopes")))) or "unknown"


def body_of(error: BaseException) -> Body:
    """Decode the body of an SDK error; an empty one when it is no JSON object (5xx may be HTML)."""
    raw = getattr(error, "body", None)
    try:
        return _decoder.decode(raw) if isinstance(raw, (str, bytes)) else Body()
    except (msgspec.DecodeError, UnicodeDecodeError):
        return Body()


def _seconds(headers: Any) -> float | None:
    """Read Retry-After, which HubSpot gives in seconds."""
    found = headers.get("Retry-After") if hasattr(headers, "get") else None
    return float(found) if isinstance(found, str) and found.isdigit() else None
