"""SOQL's syntax as an independent parser sees it, and as the emulated org does."""

from __future__ import annotations

from collections.abc import Iterator
from contextlib import contextmanager
from typing import Any

import pytest

from crmbridge.adapters.salesforce import Salesforce
from crmbridge.model import Write
from crmbridge.sandbox.salesforce.caller import Caller
from tests.contract.test_salesforce_sandbox import Org, nothing_known, people
from tests.sandbox import node
from tests.sandbox.salesforce import Client
from tests.sandbox.soql_corpus import INVALID, VALID


@pytest.fixture(scope="module")
def client() -> Client:
    client = Client()
    client.custom("Lead.X__c", label="X", type="Text", length=5)
    return client


def test_the_corpus_is_large_enough_and_names_nothing_twice() -> None:
    assert len(VALID) >= 150
    assert len(INVALID) >= 60
    assert len({*VALID, *INVALID}) == len(VALID) + len(INVALID)


@pytest.mark.parametrize("statement", VALID)
def test_a_valid_statement_is_answered_sf_8_17(client: Client, statement: str) -> None:
    answer = client.soql(statement)
    assert answer.status == 200, answer.body


@pytest.mark.parametrize("statement", INVALID)
def test_an_invalid_statement_is_malformed_sf_8_17(client: Client, statement: str) -> None:
    assert client.soql(statement).code == "MALFORMED_QUERY"


def test_an_independent_parser_agrees_on_every_statement_sf_8_17() -> None:
    valid = node.run("soql.mjs", [*VALID, *INVALID])
    wrong = [
        statement
        for statement, known in zip([*VALID, *INVALID], valid, strict=True)
        if known != (statement in VALID)
    ]
    assert wrong == []


@pytest.fixture(scope="module")
def used() -> Iterator[Org]:
    org = Org()
    yield org
    org.sandbox.stop()


@contextmanager
def asked(org: Org, monkeypatch: pytest.MonkeyPatch) -> Iterator[set[str]]:
    """Collect every SOQL statement that the org is asked, also within composite requests."""
    found: set[str] = set()
    queries = org.app.org.queries
    run = queries.run

    def noted(caller: Caller, statement: str, **more: Any) -> dict[str, Any]:
        found.add(statement)
        return run(caller, statement, **more)

    with monkeypatch.context() as patch:
        patch.setattr(queries, "run", noted)
        yield found


def test_an_independent_parser_accepts_what_our_adapter_asks_sf_8_17(
    used: Org, monkeypatch: pytest.MonkeyPatch
) -> None:
    crm = used.connect()
    leads = used.load("Lead", *people(3))
    with asked(used, monkeypatch) as found:
        use(used, crm, leads)
    statements = sorted(found)
    assert len(statements) > 10
    valid = node.run("soql.mjs", statements)
    assert [one for one, known in zip(statements, valid, strict=True) if not known] == []


def use(used: Org, crm: Salesforce, leads: tuple[str, ...]) -> None:
    """Do everything the adapter reads for."""
    crm.identity()
    crm.schema()
    marks: dict[str, str] = {}
    for _ in range(2):  # the second walk goes on from the marks of the first
        for page in crm.changes(marks, nothing_known):
            marks |= {page.object: page.watermark} if page.watermark is not None else {}
        used.load("Contact", *[{"LastName": "Doe", "Email": "c@example.com"}])
    used.act("merge", object="Lead", master_id=leads[0], loser_ids=[leads[1]])
    crm.read("Lead", leads)
    crm.read_external("Lead", ["it's", "ünïcode %", "back\\slash"])
    new = Write(
        lead_id="l", crm="salesforce", object="Lead", id=None, values={"last_name": "A", "company": "B"}
    )
    crm.write([new])
