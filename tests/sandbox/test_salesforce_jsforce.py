"""The unmodified jsforce against the sandbox over a real socket."""

from __future__ import annotations

from typing import Any

import pytest

from crmbridge.sandbox import Sandbox
from crmbridge.sandbox.salesforce.custom import create_field
from tests.sandbox import node


@pytest.fixture(scope="module")
def seen() -> Any:
    """Give what the script saw; it does everything once."""
    external = {"type": "Text", "length": 20, "externalId": True, "unique": True}
    with Sandbox() as sandbox:
        store = sandbox.salesforce.org.store
        sandbox.run(lambda: create_field(store, "Lead.Ext__c", external))
        sandbox.load("salesforce.Contact", "LastName\n" + "".join(f"C{n}\n" for n in range(2_500)))
        ready = sandbox.ready["salesforce"]
        return {**node.run("jsforce.mjs", {"ready": ready, "version": "62.0"}), "ready": ready}


def test_it_signs_in_by_session_and_by_client_credentials(seen: Any) -> None:
    assert seen["login"]["organizationId"] == seen["ready"]["org_id"]
    assert seen["identity"] == seen["ready"]["username"]
    assert seen["versions"] == 38


def test_it_writes_and_reads_rows(seen: Any) -> None:
    assert (seen["row"]["Company"], seen["row"]["City"]) == ("Köln & Co", "Bonn")
    assert seen["created"] == [True, True, True, False]
    assert (seen["missing"], seen["refused"]) == ("NOT_FOUND", "REQUIRED_FIELD_MISSING")
    assert seen["upserted"] == [True, False]
    assert seen["deleted"] is True


def test_it_queries_page_by_page(seen: Any) -> None:
    assert seen["page"] == {"done": False, "records": 2_000, "owner": "Integration"}
    assert (seen["more"], seen["all"]) == (500, 2_500)
    assert [row["LastName"] for row in seen["found"]] == ["L2", "L1"]
    assert seen["count"] == 3
    assert [row["LastName"] for row in seen["searched"]] == ["Ash"]


def test_it_describes_the_org_and_its_limits(seen: Any) -> None:
    assert seen["described"] is True
    assert seen["global"] > 20
    assert (seen["limits"], seen["usage"]) == (100_000, 100_000)
    assert isinstance(seen["updated"], list)


def test_it_sends_composite_requests(seen: Any) -> None:
    answers = seen["composite"]["compositeResponse"]
    assert [answer["httpStatusCode"] for answer in answers] == [201, 201]


def test_it_loads_and_queries_in_bulk(seen: Any) -> None:
    assert seen["bulk"]["good"] == [['Bulk "1"', "true"]]
    assert seen["bulk"]["bad"] == ["REQUIRED_FIELD_MISSING:Required fields are missing: [Company]:Company --"]
    assert seen["bulk"]["left"] == 0
    assert seen["bulkRows"] == [{"LastName": 'Bulk "1"', "Company": "Line\nbreak"}]
