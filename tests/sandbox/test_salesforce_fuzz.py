"""Whatever is sent, the answer is one of the service: never a 500, never a traceback."""

from __future__ import annotations

import logging
from typing import Any
from urllib.parse import quote, urlencode

import pytest
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st

from crmbridge.sandbox.salesforce.routes import ROUTES
from tests.sandbox.salesforce import BASE, Client

JSON = st.recursive(
    st.none() | st.booleans() | st.integers() | st.floats(allow_nan=False) | st.text(max_size=8),
    lambda inner: st.lists(inner, max_size=3) | st.dictionaries(st.text(max_size=8), inner, max_size=3),
    max_leaves=8,
)
_NAMES = (
    "Id LastName Company Email OwnerId Owner Status DoNotCall AnnualRevenue NumberOfEmployees "
    "EmailBouncedDate ConvertedDate attributes records ids id fields compositeRequest batchRequests "
    "method url referenceId type FullName Metadata allOrNone operation object query externalIdFieldName "
    "lineEnding columnDelimiter state graphs graphId sobjects q where name in limit RecordTypeId Tasks"
)
NAMES = st.sampled_from(_NAMES.split())
KNOWN = [
    "Lead",
    "insert",
    "upsert",
    "queryAll",
    "UploadComplete",
    "SELECT Id FROM Lead",
    "smith",
    "GET",
    "PATCH",
    "00Q000000000001EAA",
    f"{BASE}/sobjects/Lead",
    "@{a.b[0]}",
]
VALUES = JSON | st.sampled_from(KNOWN)
PARTS = st.lists(st.dictionaries(NAMES, VALUES, max_size=4), max_size=3)
BODIES = st.dictionaries(NAMES, VALUES | PARTS, max_size=5)
_STEPS = (
    "sobjects Lead LeadStatus describe query queryAll composite batch limits tooling CustomField updated "
    "deleted Email Id recordCount 00Q000000000001EAA 0r8-1 jobs ingest batches results search tree graph "
    "successfulResults unprocessedrecords parameterizedSearch Territory2 JOB QUERYJOB"
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
    ("POST", "composite/tree/Lead"),
    ("POST", "composite/graph"),
    ("POST", "jobs/ingest"),
    ("POST", "jobs/query"),
    ("PATCH", "jobs/ingest/JOB"),
    ("POST", "parameterizedSearch"),
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
    client.ingest("insert", "LastName,Company\nAsh,A\n")
    client.post("jobs/query", {"operation": "query", "query": "SELECT Id FROM Lead"})
    return client


def named(client: Client, path: str) -> str:
    """Put the ids of jobs that are there into a path."""
    desk = client.app.org.bulk
    for word, kept in (("QUERYJOB", desk.queries), ("JOB", desk.ingest)):
        path = path.replace(word, next(iter(kept), "750000000000001AAA"))
    return path


def refuse_500(client: Client, method: str, path: str, body: Any = None, **headers: str) -> None:
    answer = client.call(method, named(client, path), body, **headers)
    assert answer.status < 500, answer.body


FUZZ = settings(max_examples=150, deadline=None, suppress_health_check=list(HealthCheck), derandomize=True)


@FUZZ
@given(method=st.sampled_from(["GET", "POST", "PATCH", "DELETE", "PUT"]), path=PATHS, body=BODIES | JSON)
def test_no_path_and_body_breaks_the_org(client: Client, method: str, path: str, body: Any) -> None:
    refuse_500(client, method, path, body)


PLACES = st.sampled_from(
    ["Lead", "Account", "Email", "Id", "00Q000000000001EAA", "JOB", "QUERYJOB", "0r8-1", "é", "a@b.example"]
)


@st.composite
def calls(draw: st.DrawFn) -> tuple[str, str]:
    """Give method and path of any route there is, now or later."""
    route = draw(st.sampled_from(ROUTES))
    steps = [draw(PLACES) if step == "*" else step for step in route.pattern]
    return route.method, "/".join(steps)


@FUZZ
@given(call=calls(), body=BODIES | JSON, arguments=st.dictionaries(NAMES, st.text(max_size=6), max_size=2))
def test_no_route_breaks_the_org(
    client: Client, call: tuple[str, str], body: Any, arguments: dict[str, str]
) -> None:
    method, path = call
    refuse_500(client, method, f"{path}?{urlencode(arguments)}", body)


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


_CELLS = (
    "LastName Company Id Email Owner.Name User:Owner.Username #N/A x true 0 00Q000000000001EAA a@b.example"
)
CELLS = st.sampled_from([*_CELLS.split(), '"a\nb"', '"', "\r", "\x00", "ü", ",", "\n", "\ufeff", ""])


@FUZZ
@given(
    cells=st.lists(CELLS, max_size=14),
    operation=st.sampled_from(["insert", "update", "upsert", "delete", "hardDelete"]),
    joint=st.sampled_from([",", "\n", "\t"]),
)
def test_no_upload_breaks_a_bulk_job(client: Client, cells: list[str], operation: str, joint: str) -> None:
    more = {"externalIdFieldName": "Email"} if operation == "upsert" else {}
    made = client.post("jobs/ingest", {"operation": operation, "object": "Lead", **more}).body["id"]
    refuse_500(client, "PUT", f"jobs/ingest/{made}/batches", joint.join(cells).encode())
    refuse_500(client, "PATCH", f"jobs/ingest/{made}", {"state": "UploadComplete"})
    assert client.finished(made)["state"] in ("JobComplete", "Failed")
    for kind in ("successfulResults", "failedResults", "unprocessedrecords"):
        refuse_500(client, "GET", f"jobs/ingest/{made}/{kind}")
    client.delete(f"jobs/ingest/{made}")


_SOSL = (
    "FIND {smith} {a*b*c} IN ALL FIELDS NAME RETURNING Lead Lead(Id) ( ) , WHERE Id LIMIT 1 ORDER BY Name "
    'OR AND NOT "x y" WITH SNIPPET } { \\ *'
)


@FUZZ
@given(words=st.lists(st.sampled_from(_SOSL.split()), max_size=10))
def test_no_search_breaks_the_org(client: Client, words: list[str]) -> None:
    for begin in ("", "FIND {sm?th*} RETURNING "):
        answer = client.get(f"search?q={quote(begin + ' '.join(words))}")
        assert answer.status in (200, 400), answer.body


def test_deep_nesting_is_refused_not_followed(client: Client, caplog: pytest.LogCaptureFixture) -> None:
    caplog.set_level(logging.ERROR)
    statement = "SELECT Id FROM Lead WHERE " + "(" * 4_000 + "Id = null" + ")" * 4_000
    assert client.soql(statement).status in (200, 400)
    assert client.soql("SELECT Id FROM Lead WHERE " + "NOT " * 4_000 + "Id = null").status in (200, 400)
    assert client.post("sobjects/Lead", b'{"a":' * 50_000).status == 400
    assert caplog.records == []
