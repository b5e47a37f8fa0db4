"""Salesforce's errors -> our family, by code first and by status where the code says nothing.

Five shapes arrive: REST ``[{message, errorCode, fields}]``, collections ``{statusCode, message, fields}``,
OAuth ``{error, error_description}``, duplicate rules' ``{duplicateResut, errorCode}``, and HTML or nothing
from the edge. Their texts quote queries and values: only codes and API names get out of here.
Source: REST API guide, partner WSDL 47 and recordings, checked 2026-11-21.
"""

from __future__ import annotations

import re
from collections.abc import Callable, Mapping, Sequence
from typing import Any

import msgspec
import requests
from simple_salesforce.exceptions import SalesforceError, SalesforceOperationError

from crmbridge.adapters.retry import NotCarriedOut
from crmbridge.errors import (
    AuthFailed,
    CrmBridgeError,
    FatalError,
    Forbidden,
    Moved,
    NotFound,
    QuotaExhausted,
    RateLimited,
    Refused,
    TimedOut,
    Unavailable,
    Where,
)
from crmbridge.model import OutcomeState

#: What the SDK and what lies below it may raise.
RAISED = (
    SalesforceError,
    SalesforceOperationError,
    requests.RequestException,
    msgspec.DecodeError,
)


class LocatorExpired(NotFound):
    """The cursor of a query is gone; reading starts again behind the last row."""


class Lacking(Forbidden):
    """The org or the token lacks an object or a field; the message names it."""


#: Code -> class and message.
_CODES: Mapping[str, tuple[type[CrmBridgeError], str]] = {
    "INVALID_SESSION_ID": (AuthFailed, "the token is wrong or expired"),
    "INVALID_AUTH_HEADER": (AuthFailed, "the token is wrong or expired"),
    # Refused as a whole and rolled back: nothing was carried out.
    "UNABLE_TO_LOCK_ROW": (NotCarriedOut, "a row is locked by somebody else"),
    "SERVER_UNAVAILABLE": (Unavailable, "the org is not available"),
    "UNKNOWN_EXCEPTION": (Unavailable, "the org failed"),
    "QUERY_TIMEOUT": (TimedOut, "the query took too long"),
    "API_CURRENTLY_DISABLED": (Unavailable, "the API is switched off at the moment"),
    "ORG_LOCKED": (Unavailable, "the org is locked"),
    "INSERT_UPDATE_DELETE_NOT_ALLOWED_DURING_MAINTENANCE": (Unavailable, "the org is under maintenance"),
    "STORAGE_LIMIT_EXCEEDED": (QuotaExhausted, "the org's storage is full"),
    "INVALID_QUERY_LOCATOR": (LocatorExpired, "the cursor of the query expired"),
    "NOT_FOUND": (NotFound, "the record does not exist"),
    "ENTITY_IS_DELETED": (NotFound, "the record was deleted"),
    "INVALID_CROSS_REFERENCE_KEY": (NotFound, "an id points nowhere"),
    "CANNOT_UPDATE_CONVERTED_LEAD": (Moved, "the lead was converted"),
    "ENTITY_FAILED_IFLASTMODIFIED_ON_UPDATE": (Moved, "the record changed since it was read"),
    "INVALID_FIELD": (Lacking, "a field does not exist or is hidden from the integration user"),
    "INVALID_TYPE": (Lacking, "an object does not exist or is hidden from the integration user"),
    "INVALID_FIELD_FOR_INSERT_UPDATE": (Forbidden, "the integration user may not write a field"),
    "MALFORMED_QUERY": (Forbidden, "the query was not understood"),
    "JSON_PARSER_ERROR": (Forbidden, "the request was not understood"),
    "INSUFFICIENT_ACCESS": (Forbidden, "a permission is missing"),
    "API_DISABLED_FOR_ORG": (Forbidden, "the API is not enabled in this org or for this user"),
    "UNSUPPORTED_API_VERSION": (Forbidden, "this API version is not supported"),
    "FUNCTIONALITY_NOT_ENABLED": (Forbidden, "a feature is not enabled in this org"),
}

#: Status -> class and message, for answers without a known code. Other 4xx are refusals.
_STATUSES: Mapping[int, tuple[type[CrmBridgeError], str]] = {
    300: (Refused, "several records have this key"),
    401: (AuthFailed, "the token is wrong or expired"),
    403: (Forbidden, "a permission is missing"),
    404: (NotFound, "the record or resource does not exist"),
    408: (TimedOut, "no answer in time"),
    410: (Forbidden, "this API version is not supported"),
    412: (Moved, "the record changed since it was read"),
    414: (Forbidden, "the request was too long"),
    420: (RateLimited, "too many calls at once"),
    429: (RateLimited, "too many calls at once"),
    431: (Forbidden, "the request was too long"),
}

#: Names in error texts that are API names for sure, never values.
_COLUMN = re.compile(r"No such column '([\w.]{1,120})'", re.ASCII)
_OBJECT = re.compile(r"sObject type '(\w{1,80})' is not supported", re.ASCII)

#: Code of one record's failure -> what became of its write. Any other code: FAILED.
_STATES: Mapping[str, OutcomeState] = {
    "ENTITY_IS_DELETED": OutcomeState.MOVED,
    "NOT_FOUND": OutcomeState.MOVED,
    "CANNOT_UPDATE_CONVERTED_LEAD": OutcomeState.MOVED,
    "ENTITY_FAILED_IFLASTMODIFIED_ON_UPDATE": OutcomeState.MOVED,
    "SERVER_UNAVAILABLE": OutcomeState.AMBIGUOUS,
    "UNKNOWN_EXCEPTION": OutcomeState.AMBIGUOUS,
}
LOCKED = "UNABLE_TO_LOCK_ROW"


def translate(error: Exception, object: str | None = None) -> CrmBridgeError:
    """Give our error for whatever the SDK raised. Raise it ``from None``: the original quotes bodies."""
    if isinstance(error, SalesforceError):
        return from_answer(error.status, error.content, object)
    if isinstance(error, requests.RequestException):
        return _from_requests(error, object)
    if isinstance(error, (msgspec.DecodeError, SalesforceOperationError)):
        return Unavailable("the answer was not understood", Where("salesforce", object))
    raise error


def from_answer(status: int, content: Any, object: str | None = None) -> CrmBridgeError:
    """Give our error for a refused request or sub-request.

    Args:
        content: The decoded body, or text where it was no JSON.
    """
    code, text = _code_and_text(content)
    where = Where("salesforce", object, status=status, code=code)
    if code == "REQUEST_LIMIT_EXCEEDED":
        return _limit(text, where)
    if code is not None and code in _CODES:
        kind, message = _CODES[code]
        return kind(_named(message, text), where)
    kind, message = _STATUSES.get(status) or _by_hundreds(status)
    return kind(message, where)


def from_token_endpoint(status: int, content: Any) -> CrmBridgeError:
    """Give our error for a refused sign-in; ``error_description`` may name the user and is dropped."""
    code, _ = _code_and_text(content)
    where = Where("salesforce", status=status, code=code)
    if status >= 500:
        return Unavailable("the sign-in is not available", where)
    if status == requests.codes.too_many_requests:
        return RateLimited("too many sign-ins", where)
    return AuthFailed("the sign-in was refused", where)


def state_of(status: int, code: str | None) -> OutcomeState:
    """Say what became of one record's write.

    Args:
        status: HTTP status of the sub-request; 400 for an item of a collection.
    """
    if status == requests.codes.precondition_failed:
        return OutcomeState.MOVED
    if code is not None and code in _STATES:
        return _STATES[code]
    return OutcomeState.AMBIGUOUS if status >= 500 else OutcomeState.FAILED


#: What Salesforce's codes look like: "UNABLE_TO_LOCK_ROW", "invalid_grant", "sf:INVALID_LOGIN".
_CODE = re.compile(r"[A-Za-z][A-Za-z0-9_:.]{1,79}")


def code_of(items: Sequence[Mapping[str, Any]] | None, fallback: str = "UNKNOWN") -> str:
    """Give the code of a record's failure, whichever key it stands under.

    A trigger that ran into a lock is a lock (facts, REST guide): the code inside the text counts then.
    """
    if not items:
        return fallback
    first = items[0]
    code = safe(first.get("statusCode") or first.get("errorCode")) or fallback
    quotes_lock = code == "CANNOT_INSERT_UPDATE_ACTIVATE_ENTITY" and LOCKED in str(first.get("message"))
    return LOCKED if quotes_lock else code


def _limit(text: str, where: Where) -> CrmBridgeError:
    if "TotalRequests" in text:
        return QuotaExhausted("the org's API calls of the day are spent", where)
    return RateLimited("too many long calls at once", where)


def _named(message: str, text: str) -> str:
    found = _COLUMN.search(text) or _OBJECT.search(text)
    return f"{message}: {found.group(1)}" if found else message


def _by_hundreds(status: int) -> tuple[type[CrmBridgeError], str]:
    if status >= 500:
        return Unavailable, "the org failed"
    return Refused, "the request was refused"


def _code_and_text(content: Any) -> tuple[str | None, str]:
    """Find code and text in any of the shapes; None for HTML, text and nothing."""
    item = content[0] if isinstance(content, list) and content else content
    if not isinstance(item, Mapping):
        return None, ""
    code = next(
        (item[key] for key in ("errorCode", "statusCode", "exceptionCode", "error") if key in item), None
    )
    return safe(code), str(item.get("message", ""))


def safe(text: object) -> str | None:
    """Give a text that is a code for sure; None for anything else: a proxy may put anything there."""
    return text if isinstance(text, str) and _CODE.fullmatch(text) else None


#: In this order: a class may be a subclass of a later one.
_REQUESTS: tuple[tuple[type[requests.RequestException], type[CrmBridgeError], str], ...] = (
    (requests.exceptions.ConnectTimeout, NotCarriedOut, "no connection in time"),
    (requests.exceptions.Timeout, TimedOut, "no answer in time"),
    (requests.exceptions.SSLError, FatalError, "the TLS certificate was not accepted"),
    (requests.exceptions.ProxyError, Unavailable, "the proxy failed"),
    (requests.exceptions.TooManyRedirects, FatalError, "the server redirects in circles"),
    (requests.exceptions.InvalidURL, FatalError, "the address of the org is wrong"),
    (requests.exceptions.MissingSchema, FatalError, "the address of the org is wrong"),
    (requests.exceptions.InvalidSchema, FatalError, "the address of the org is wrong"),
)


def _from_requests(error: requests.RequestException, object: str | None) -> CrmBridgeError:
    where = Where("salesforce", object)
    for raised, kind, message in _REQUESTS:
        if isinstance(error, raised):
            return kind(message, where)
    if isinstance(error, requests.ConnectionError) and _never_connected(error):
        return NotCarriedOut("no connection", where)
    return Unavailable("the connection broke", where)


def _never_connected(error: requests.ConnectionError) -> bool:
    """Tell whether no byte was sent: nobody listened, or the name was not found."""
    reason = getattr(error.args[0] if error.args else None, "reason", None)
    return type(reason).__name__ in {"NewConnectionError", "NameResolutionError"}


#: Makes an error out of status and decoded body.
Translator = Callable[[int, Any], CrmBridgeError]
