"""Whatever is sent, the answer is one of the service: never a 500, never a traceback."""

from __future__ import annotations

import logging
from typing import Any

import pytest
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st

from tests.sandbox.salesforce import BASE, Client

JSON = st.recursive(
    st.none() | st.booleans() | st.integers() | st.floats(allow_nan=False) | st.text(max_size=8),
    lambda inner: st.lists(inner, max_size=3) | st.dictionaries(st.text(max_size=8), inner, max_size=3),
    max_leaves=8,
)
_NAMES = (
    "Id LastName Company Email OwnerId Owner Status DoNotCall AnnualRevenue NumberOfEmployees "
    "EmailBouncedDate ConvertedDate attributes records ids id fields compositeRequest batchRequests "
    "method url referenceId type FullName Metadata allOrNone"
)
NAMES = st.sampled_from(_NAMES.split())
KNOWN = ["Lead", "GET", "PATCH", "00Q000000000001EAA", f"{BASE}/sobjects/Lead", "@{a.b[0]}"]
VALUES = JSON | st.sampled_from(KNOWN)
PARTS = st.lists(st.dictionaries(NAMES, VALUES, max_size=4), max_size=3)
BODIES = st.dictionaries(NAMES, VALUES | PARTS, max_size=5)
_STEPS = (
    "sobjects Lead LeadStatus describe query queryAll composite batch limits tooling CustomField updated "
    "deleted Email Id recordCount 00Q000000000001EAA 0r8-1"
)
STEPS = st.sampled_from(_STEPS.split())
PATHS = st.lists(STEPS | st.text(alphabet="aZ09%/.-_@ é", max_size=5), max_size=4).map("/".join)
_WORDS = (
    "SELECT FROM WHERE Id Lead Name Owner.Name COUNT() COUNT(Id) GROUP_BY ORDER_BY LIMIT 1 ( ) , = IN NOT "
    "LIKE 'a%' ' null TODAY LAST_N_DAYS:99999999 2026-01-01 2026-13-01T00:00:00Z CreatedDate TYPEOF WHEN "
    "THEN END Tasks AND OR FIELDS(ALL) HAVING 1e999 DESC OFFSET IsConverted Address a.b.c.d.e.f.g"
)
WORDS = st.sampled_from(_WORDS.split()).map(lambda word: word.replace("_BY", " BY"))


TARGETS = [
    ("POST", "sobjects/Lead"),
    ("PATCH", "composite/sobjects"),
    ("POST", "composite"),
    ("POST", "composite/batch"),
    ("POST", "tooling/sobjects/CustomField"),
    ("POST", "composite/sobjects/Lead"),
    ("PATCH", "sobjects/Lead/Email/a@b.example"),
    ("PATCH", "composite/sobjects/Lead/Email"),
]
HEADERS = [
    "if-modified-since",
    "if-unmodified-since",
    "if-match",
    "sforce-query-options",
    "sforce-duplicate-rule-header",
    "authorization",
]


@pytest.fixture(scope="module")
def client() -> Client:
    client = Client()
    client.lead(Email="a@b.example")
    return client


def refuse_500(client: Client, method: str, path: str, body: Any = None, **headers: str) -> None:
    answer = client.call(method, path, body, **headers)
    assert answer.status < 500, answer.body


FUZZ = settings(max_examples=150, deadline=None, suppress_health_check=list(HealthCheck), derandomize=True)


@FUZZ
@given(method=st.sampled_from(["GET", "POST", "PATCH", "DELETE", "PUT"]), path=PATHS, body=BODIES | JSON)
def test_no_path_and_body_breaks_the_org(client: Client, method: str, path: str, body: Any) -> None:
    refuse_500(client, method, path, body)


@FUZZ
@given(target=st.sampled_from(TARGETS), body=BODIES)
def test_no_body_of_a_write_breaks_the_org(client: Client, target: tuple[str, str], body: Any) -> None:
    refuse_500(client, *target, body)


@FUZZ
@given(words=st.lists(WORDS, max_size=14))
def test_no_statement_breaks_soql(client: Client, words: list[str]) -> None:
    for begin in ("", "SELECT Id FROM Lead WHERE "):
        statement = begin + " ".join(words)
        answer = client.soql(statement)
        assert answer.status in (200, 400), answer.body


@FUZZ
@given(name=st.sampled_from(HEADERS), value=st.text(alphabet=st.characters(codec="latin-1"), max_size=20))
def test_no_header_breaks_the_org(client: Client, name: str, value: str) -> None:
    refuse_500(client, "GET", "sobjects/Lead/describe", **{name: value})
    refuse_500(client, "PATCH", "sobjects/Account/001000000000001AAA", {}, **{name: value})


def test_deep_nesting_is_refused_not_followed(client: Client, caplog: pytest.LogCaptureFixture) -> None:
    caplog.set_level(logging.ERROR)
    statement = "SELECT Id FROM Lead WHERE " + "(" * 4_000 + "Id = null" + ")" * 4_000
    assert client.soql(statement).status in (200, 400)
    assert client.soql("SELECT Id FROM Lead WHERE " + "NOT " * 4_000 + "Id = null").status in (200, 400)
    assert client.post("sobjects/Lead", b'{"a":' * 50_000).status == 400
    assert caplog.records == []
