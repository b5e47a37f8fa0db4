"""Every error that the SDK or the org can give becomes one of ours, with nothing personal in it."""

from __future__ import annotations

import json
from collections.abc import Iterator
from typing import Any

import msgspec
import pytest
import requests
from simple_salesforce import exceptions as sdk_exceptions
from simple_salesforce.exceptions import SalesforceError, SalesforceGeneralError

from crmbridge.adapters.retry import NotCarriedOut
from crmbridge.adapters.salesforce.errors import (
    Lacking,
    LocatorExpired,
    code_of,
    from_answer,
    from_token_endpoint,
    state_of,
    translate,
)
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
)
from crmbridge.model import OutcomeState

SECRET = "ann@example.com"


def rest(code: str, message: str = SECRET) -> list[dict[str, Any]]:
    return [{"errorCode": code, "message": message, "fields": [SECRET]}]


@pytest.mark.parametrize(
    ("status", "content", "kind"),
    [
        (401, rest("INVALID_SESSION_ID"), AuthFailed),
        (403, rest("REQUEST_LIMIT_EXCEEDED", "TotalRequests Limit exceeded."), QuotaExhausted),
        (403, rest("REQUEST_LIMIT_EXCEEDED", "ConcurrentRequests Limit exceeded."), RateLimited),
        (400, rest("UNABLE_TO_LOCK_ROW"), NotCarriedOut),
        (503, rest("SERVER_UNAVAILABLE"), Unavailable),
        (500, rest("UNKNOWN_EXCEPTION"), Unavailable),
        (400, rest("QUERY_TIMEOUT"), TimedOut),
        (400, rest("INVALID_QUERY_LOCATOR"), LocatorExpired),
        (404, rest("NOT_FOUND"), NotFound),
        (404, rest("ENTITY_IS_DELETED"), NotFound),
        (400, rest("CANNOT_UPDATE_CONVERTED_LEAD"), Moved),
        (412, rest("SOMETHING_NEW"), Moved),
        (412, "", Moved),
        (300, ["/services/data/v62.0/sobjects/Lead/1"], Refused),
        (400, rest("FIELD_CUSTOM_VALIDATION_EXCEPTION"), Refused),
        (400, {"duplicateResut": {}, "errorCode": "DUPLICATES_DETECTED", "message": SECRET}, Refused),
        (400, rest("INVALID_FIELD_FOR_INSERT_UPDATE"), Forbidden),
        (400, rest("MALFORMED_QUERY"), Forbidden),
        (403, "<html>", Forbidden),
        (410, None, Forbidden),
        (414, "<h1>Bad Message 414</h1>", Forbidden),
        (420, None, RateLimited),
        (502, "", Unavailable),
        (503, "<html>Down for maintenance</html>", Unavailable),
        (400, {"exceptionCode": "InvalidVersion"}, Refused),
    ],
)
def test_an_answer_is_translated_by_its_code_first(
    status: int, content: Any, kind: type[CrmBridgeError]
) -> None:
    error = from_answer(status, content, "Lead")
    assert type(error) is kind
    assert SECRET not in str(error)
    assert (error.where.crm, error.where.object, error.where.status) == ("salesforce", "Lead", status)


def test_a_missing_field_is_named_and_the_query_is_not() -> None:
    message = f"\nWHERE Email = '{SECRET}'\nERROR at Row:1\nNo such column 'Score__c' on entity 'Lead'."
    error = from_answer(400, rest("INVALID_FIELD", message), "Lead")
    assert isinstance(error, Lacking)
    assert "Score__c" in str(error)
    assert SECRET not in str(error)


def test_a_missing_object_is_named() -> None:
    error = from_answer(400, rest("INVALID_TYPE", "sObject type 'Campaign' is not supported."), None)
    assert "Campaign" in str(error)


@pytest.mark.parametrize(
    ("status", "content", "kind"),
    [
        (400, {"error": "invalid_grant", "error_description": f"user {SECRET} hasn't approved"}, AuthFailed),
        (401, {"error": "invalid_client_id"}, AuthFailed),
        (400, None, AuthFailed),
        (429, None, RateLimited),
        (503, None, Unavailable),
    ],
)
def test_a_refused_sign_in_keeps_the_code_alone(
    status: int, content: Any, kind: type[CrmBridgeError]
) -> None:
    error = from_token_endpoint(status, content)
    assert type(error) is kind
    assert SECRET not in str(error)


@pytest.mark.parametrize(
    ("raised", "kind"),
    [
        (requests.exceptions.ConnectTimeout(), NotCarriedOut),
        (requests.exceptions.ReadTimeout(), TimedOut),
        (requests.exceptions.SSLError(), FatalError),
        (requests.exceptions.ProxyError(), Unavailable),
        (requests.exceptions.ChunkedEncodingError(), Unavailable),
        (requests.exceptions.ContentDecodingError(), Unavailable),
        (requests.exceptions.ConnectionError("reset"), Unavailable),
        (requests.exceptions.InvalidURL(SECRET), FatalError),
        (msgspec.DecodeError(SECRET), Unavailable),
    ],
)
def test_what_happens_on_the_way_is_translated(raised: Exception, kind: type[CrmBridgeError]) -> None:
    error = translate(raised, "Lead")
    assert type(error) is kind
    assert SECRET not in str(error)


def subclasses(kind: type[Exception]) -> list[type[Exception]]:
    """Find the classes that the two libraries define below one, in an order that imports do not change."""
    found = {kind.__module__ + kind.__qualname__: kind for kind in _below(kind)}
    return [found[name] for name in sorted(found) if name.startswith(("requests.", "simple_salesforce."))]


def _below(kind: type[Exception]) -> Iterator[type[Exception]]:
    for found in kind.__subclasses__():
        yield found
        yield from _below(found)


def sdk_errors() -> list[Exception]:
    found: list[Exception] = []
    for kind in dict.fromkeys([*subclasses(SalesforceError), SalesforceGeneralError]):
        if kind is sdk_exceptions.SalesforceAuthenticationFailed:
            found.append(sdk_exceptions.SalesforceAuthenticationFailed("INVALID_LOGIN", SECRET))
        else:
            found.append(kind(f"https://x/{SECRET}", 400, SECRET, SECRET))
    found += [kind(SECRET) for kind in subclasses(sdk_exceptions.SalesforceOperationError)]
    found += [
        kind() for kind in subclasses(requests.RequestException) if kind is not requests.JSONDecodeError
    ]
    return found


@pytest.mark.parametrize("raised", sdk_errors(), ids=lambda error: type(error).__name__)
def test_no_error_of_the_sdk_gets_through(raised: Exception) -> None:
    error = translate(raised, "Lead")
    assert isinstance(error, CrmBridgeError)
    assert SECRET not in str(error)


@pytest.mark.parametrize(
    ("status", "code", "state"),
    [
        (412, "ANYTHING", OutcomeState.MOVED),
        (400, "ENTITY_IS_DELETED", OutcomeState.MOVED),
        (404, "NOT_FOUND", OutcomeState.MOVED),
        (400, "CANNOT_UPDATE_CONVERTED_LEAD", OutcomeState.MOVED),
        (400, "STRING_TOO_LONG", OutcomeState.FAILED),
        (400, "INACTIVE_OWNER_OR_USER", OutcomeState.FAILED),
        (400, "UNABLE_TO_LOCK_ROW", OutcomeState.FAILED),
        (400, "A_CODE_FROM_THE_FUTURE", OutcomeState.FAILED),
        (500, "UNKNOWN_EXCEPTION", OutcomeState.AMBIGUOUS),
        (503, None, OutcomeState.AMBIGUOUS),
    ],
)
def test_a_record_fails_moves_or_stays_in_doubt_by_its_code(
    status: int, code: str | None, state: OutcomeState
) -> None:
    assert state_of(status, code) is state


def test_a_lock_quoted_by_a_trigger_is_a_lock() -> None:
    trigger = {"statusCode": "CANNOT_INSERT_UPDATE_ACTIVATE_ENTITY", "message": "x: UNABLE_TO_LOCK_ROW, y"}
    assert code_of([trigger]) == "UNABLE_TO_LOCK_ROW"
    assert code_of([trigger | {"message": "x"}]) == "CANNOT_INSERT_UPDATE_ACTIVATE_ENTITY"
    assert code_of(None, "HTTP_400") == "HTTP_400"
    assert code_of(json.loads('[{"errorCode": "DUPLICATE_VALUE"}]')) == "DUPLICATE_VALUE"


def test_what_is_no_code_never_becomes_one() -> None:
    """A proxy may put any text where a code belongs."""
    error = from_answer(403, {"error": "user ann@example.com blocked"}, "Lead")
    assert "ann@example.com" not in str(error)
    assert code_of([{"statusCode": "ann@example.com"}]) == "UNKNOWN"
