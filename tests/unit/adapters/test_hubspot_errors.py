"""HubSpot's errors in our words: every status, every shape, every class of the SDK."""

from __future__ import annotations

import importlib
import json
import pkgutil
from collections.abc import Iterator
from typing import Any

import hubspot
import msgspec
import pytest
import urllib3.exceptions
from hubspot.crm.objects.exceptions import ApiException

from crmbridge.adapters.hubspot.errors import Rejected, body_of, is_foreign, reasons, translate
from crmbridge.adapters.retry import NotCarriedOut, retry_after
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
    TransientError,
    Unavailable,
)

PERSON = "ada@example.com"


def answered(status: int, body: Any = None, **headers: str) -> ApiException:
    error = ApiException(status=status, reason="whatever")
    error.body = body if isinstance(body, str) or body is None else json.dumps(body)
    error.headers = headers
    return error


def test_a_503_tells_how_long_to_wait_where_it_does() -> None:
    told = translate(answered(503, None, **{"Retry-After": "17"}), "contacts")
    assert isinstance(told, Unavailable)
    assert (told.retry_after_seconds, retry_after(told)) == (17.0, 17.0)
    silent = translate(answered(503), "contacts")
    assert retry_after(silent) is None


@pytest.mark.parametrize(
    ("status", "ours"),
    [
        (302, FatalError),
        (400, Refused),
        (401, AuthFailed),
        (403, Forbidden),
        (404, NotFound),
        (409, Refused),
        (414, Refused),
        (423, NotCarriedOut),
        (429, RateLimited),
        (477, NotCarriedOut),
        (500, Unavailable),
        (502, Unavailable),
        (503, Unavailable),
        (504, Unavailable),
        (521, Unavailable),
        (524, Unavailable),
        (526, Unavailable),
    ],
)
def test_the_status_says_what_to_do(status: int, ours: type[CrmBridgeError]) -> None:
    error = translate(answered(status), "contacts")
    assert type(error) is ours or (ours is Refused and type(error) is Rejected)
    assert (error.where.crm, error.where.object, error.where.status) == ("hubspot", "contacts", status)


@pytest.mark.parametrize(
    ("policy", "headers", "seconds"),
    [
        ("SECONDLY", {}, 1.0),
        ("TEN_SECONDLY_ROLLING", {}, 10.0),
        ("TEN_SECONDLY_ROLLING", {"Retry-After": "3"}, 3.0),
        ("A_NEW_ONE", {}, None),
    ],
)
def test_too_many_calls_wait_as_the_limit_that_was_hit_asks(
    policy: str, headers: dict[str, str], seconds: float | None
) -> None:
    body = {"status": "error", "message": "…", "errorType": "RATE_LIMIT", "policyName": policy}
    assert retry_after(translate(answered(429, body, **headers))) == seconds


def test_the_spent_day_stops_the_run() -> None:
    assert isinstance(translate(answered(429, {"policyName": "DAILY"})), QuotaExhausted)


@pytest.mark.parametrize(("status", "seconds"), [(423, 2.0), (477, 600.0)])
def test_a_lock_is_waited_out(status: int, seconds: float) -> None:
    assert retry_after(translate(answered(status))) == seconds


def test_a_move_to_another_region_says_how_long_it_takes() -> None:
    assert retry_after(translate(answered(477, None, **{"Retry-After": "86400"}))) == 86_400.0


def test_a_missing_scope_is_named() -> None:
    body = {
        "category": "MISSING_SCOPES",
        "correlationId": "c-1",
        "context": {"requiredGranularScopes": ["crm.objects.leads.read"]},
    }
    error = translate(answered(403, body))
    assert str(error) == (
        "missing scope: crm.objects.leads.read (hubspot MISSING_SCOPES HTTP 403 correlation c-1)"
    )


#: The five shapes an error can have, all about the same person.
SHAPES = {
    "flat": {"status": "error", "message": f"Contact {PERSON} exists", "category": "CONFLICT"},
    "errors": {
        "message": f"{PERSON} is wrong",
        "category": "VALIDATION_ERROR",
        "errors": [{"message": PERSON, "code": "INVALID_EMAIL", "context": {"propertyName": ["email"]}}],
    },
    "nested": {
        "category": "VALIDATION_ERROR",
        "message": 'Property values were not valid: [{"isValid":false,"message":"ada@example.com",'
        '"error":"INVALID_OPTION","name":"persona"}]',
    },
    "rate": {"errorType": "RATE_LIMIT", "message": PERSON, "policyName": "SECONDLY"},
    "oauth": {"error": "invalid_grant", "error_description": PERSON, "status": "BAD_REFRESH_TOKEN"},
}


@pytest.mark.parametrize("shape", SHAPES)
def test_no_shape_lets_a_person_through(shape: str) -> None:
    error = translate(answered(400, SHAPES[shape]), "contacts")
    assert PERSON not in f"{error} {error.where} {reasons(body_of(answered(400, SHAPES[shape])))}"


@pytest.mark.parametrize(
    ("shape", "reason"),
    [("flat", "CONFLICT"), ("errors", "INVALID_EMAIL email"), ("nested", "INVALID_OPTION persona")],
)
def test_a_refusal_names_code_and_property(shape: str, reason: str) -> None:
    assert f"refused: {reason} " in str(translate(answered(400, SHAPES[shape])))


@pytest.mark.parametrize("body", [None, "", "<html>Bad Gateway</html>", "[]", "{", '{"errors": 7}'])
def test_a_body_that_is_no_error_of_hubspots_is_none(body: str | None) -> None:
    assert reasons(body_of(answered(502, body))) == "UNKNOWN"


def test_a_code_that_looks_like_a_persons_data_is_left_out() -> None:
    error = translate(answered(400, {"category": "ada@example.com", "correlationId": "a b"}))
    assert (error.where.code, error.where.correlation_id) == (None, None)


def test_an_error_page_in_another_charset_keeps_its_status() -> None:
    try:
        try:
            raise answered(503)
        except ApiException:
            b"\xe9".decode("utf-8")
    except UnicodeDecodeError as error:
        found = translate(error)
    assert isinstance(found, Unavailable)
    assert found.where.status == 503


POOL: Any = None


@pytest.mark.parametrize(
    ("error", "ours"),
    [
        (urllib3.exceptions.NewConnectionError(POOL, "refused"), NotCarriedOut),
        (urllib3.exceptions.ConnectTimeoutError(), NotCarriedOut),
        (
            urllib3.exceptions.MaxRetryError(POOL, "/", urllib3.exceptions.NewConnectionError(POOL, "x")),
            NotCarriedOut,
        ),
        (urllib3.exceptions.ReadTimeoutError(POOL, "/", "slow"), TimedOut),
        (urllib3.exceptions.ProtocolError("reset"), Unavailable),
        (urllib3.exceptions.IncompleteRead(1, 2), Unavailable),
        (urllib3.exceptions.DecodeError("gzip"), Unavailable),
        (ConnectionResetError(), Unavailable),
        (msgspec.DecodeError("truncated"), Unavailable),
        (answered(0), Unavailable),  # a TLS failure, in the SDK's words
    ],
)
def test_a_broken_connection_says_whether_anything_was_sent(error: Exception, ours: type) -> None:
    assert is_foreign(error)
    assert type(translate(error)) is ours


def sdk_errors() -> Iterator[type[Exception]]:
    for module in pkgutil.walk_packages(hubspot.__path__, "hubspot."):
        if module.name.endswith(".exceptions") and module.name != "hubspot.exceptions":  # webhooks' own
            found = vars(importlib.import_module(module.name)).values()
            yield from (kind for kind in found if isinstance(kind, type) and issubclass(kind, Exception))


def test_every_error_class_of_the_sdk_is_translated() -> None:
    classes = set(sdk_errors())
    assert len(classes) > 400
    for kind in classes:
        has_answer = kind.__name__.endswith("Exception") and kind.__name__ != "OpenApiException"
        error = kind(503) if has_answer else kind("x")
        assert is_foreign(error)
        assert type(translate(error)) is (Unavailable if has_answer else Refused), kind


def test_our_own_mistakes_are_not_taken_for_hubspots() -> None:
    assert not is_foreign(TypeError())
    assert not is_foreign(KeyError())


def test_no_status_is_left_untranslated() -> None:
    for status in range(300, 600):
        error = translate(answered(status))
        assert isinstance(error, (TransientError, FatalError, Refused, NotFound)), status
