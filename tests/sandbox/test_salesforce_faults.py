"""Faults between a client and the org, and sameness. "sf_8_n" names line n of the facts, §8."""

from __future__ import annotations

from collections.abc import Iterator
from typing import Any

import pytest
import urllib3

from crmbridge.sandbox import Sandbox
from tests.sandbox.conftest import Http
from tests.sandbox.salesforce import BASE, Client

LEAD = {"LastName": "Ash", "Company": "A"}
LOCKED = [{"message": "unable to obtain exclusive access", "errorCode": "UNABLE_TO_LOCK_ROW", "fields": []}]
CONCURRENT = [
    {
        "message": "ConcurrentRequests (Concurrent API Requests) Limit exceeded.",
        "errorCode": "REQUEST_LIMIT_EXCEEDED",
    }
]


@pytest.fixture
def salesforce(sandbox: Sandbox) -> Iterator[Http]:
    ready = sandbox.ready["salesforce"]
    made = Http(ready["instance_url"], ready["session_id"])
    yield made
    made.pool.clear()
    sandbox.set_faults()


def leads(salesforce: Http) -> int:
    return int(salesforce.get(f"{BASE}/query?q=SELECT+COUNT()+FROM+Lead").json["totalSize"])


#: What goes wrong -> status and begin of the body.
FAULTS: dict[str, tuple[dict[str, Any], int, bytes]] = {
    "503 in HTML": ({"status": 503, "body": "html"}, 503, b"<html>"),
    "502 without a body": ({"status": 502, "body": "empty"}, 502, b""),
    "a locked row": ({"status": 400, "body": LOCKED}, 400, b'[{"message": "unable'),
    "too many at once": ({"status": 403, "body": CONCURRENT}, 403, b'[{"message": "Concurrent'),
    "a session that ended": ({"status": 401}, 401, b'[{"message"'),
    "a slow answer": ({"delay_seconds": 0.01}, 201, b'{"id"'),
}


@pytest.mark.parametrize("name", FAULTS)
def test_a_scripted_fault_happens_once_sf_8_4(sandbox: Sandbox, salesforce: Http, name: str) -> None:
    action, status, begin = FAULTS[name]
    rule = {"crm": "salesforce", "method": "POST", "count": 1, "action": action}
    sandbox.set_faults(rule)
    failed = salesforce.post(f"{BASE}/sobjects/Lead", LEAD)
    assert (failed.status, failed.data[: len(begin)]) == (status, begin)
    assert leads(salesforce) == (1 if status == 201 else 0)
    assert salesforce.post(f"{BASE}/sobjects/Lead", LEAD).status == 201


@pytest.mark.parametrize(("reset", "written"), [("before", 0), ("after", 1)])
def test_a_reset_loses_the_answer_before_or_after_the_write_sf_8_4(
    sandbox: Sandbox, salesforce: Http, reset: str, written: int
) -> None:
    sandbox.set_faults({"crm": "salesforce", "method": "POST", "count": 1, "action": {"reset": reset}})
    with pytest.raises(urllib3.exceptions.ProtocolError):
        salesforce.post(f"{BASE}/sobjects/Lead", LEAD)
    assert leads(salesforce) == written


def test_faults_strike_by_ratio_and_seed_sf_8_4(sandbox: Sandbox, salesforce: Http) -> None:
    def struck() -> list[int]:
        rule = {"crm": "salesforce", "ratio": 0.5, "action": {"status": 503}}
        sandbox.set_faults(rule, seed=7)
        return [salesforce.get(f"{BASE}/limits").status for _ in range(20)]

    first = struck()
    assert set(first) == {200, 503}
    assert struck() == first


def everything(client: Client) -> list[Any]:
    """Do some of everything and give every answer."""
    lead = client.lead(Email="a@b.example")
    job = client.ingest("insert", "LastName,Company\nAsh,A\nBay,B\n")
    done = client.finished(job)
    results = client.get(f"jobs/ingest/{job}/successfulResults").body
    record = {"attributes": {"type": "Lead"}, "id": lead, "City": "Bonn"}
    updated = client.patch("composite/sobjects", {"records": [record]}).body
    return [lead, done, results, updated, client.soql("SELECT FIELDS(STANDARD) FROM Lead").body]


def test_the_same_calls_get_the_same_answers_sf_8_25() -> None:
    assert everything(Client()) == everything(Client())


def test_the_audit_log_proves_that_nothing_was_written_sf_8_25(sandbox: Sandbox, salesforce: Http) -> None:
    salesforce.post(f"{BASE}/sobjects/Lead", LEAD)
    before = sandbox.audit()[-1]
    salesforce.get(f"{BASE}/query?q=SELECT+Id+FROM+Lead")
    salesforce.post(f"{BASE}/sobjects/Lead", {})
    later = sandbox.audit(before["seq"])
    assert before["effects"][0].endswith("created LastName, Company")
    assert [entry["effects"] for entry in later] == [[], []]
    assert {entry["user"] for entry in later} == {"integration@org.example"}
    assert sandbox.run(sandbox.salesforce.state)["records"]["Lead"] == 1
