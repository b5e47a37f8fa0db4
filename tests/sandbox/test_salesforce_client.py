"""The unmodified simple-salesforce against the sandbox over a real socket."""

from __future__ import annotations

import csv
import io
from collections.abc import Iterator
from datetime import UTC, datetime, timedelta
from pathlib import Path
from typing import Any
from urllib.parse import urlsplit

import pytest
import requests
from requests.adapters import HTTPAdapter
from simple_salesforce.api import Salesforce
from simple_salesforce.exceptions import SalesforceGeneralError, SalesforceMalformedRequest

from crmbridge.sandbox import Sandbox


class PlainHttp(HTTPAdapter):
    """Send what the client addresses with https to the sandbox over http; it knows no other scheme."""

    def __init__(self, origin: str) -> None:
        super().__init__()
        self._origin = origin

    def send(self, request: requests.PreparedRequest, *args: Any, **kwargs: Any) -> requests.Response:
        parts = urlsplit(request.url or "")
        request.url = f"{self._origin}{parts.path}" + (f"?{parts.query}" if parts.query else "")
        return super().send(request, *args, **kwargs)


@pytest.fixture(scope="module")
def sandbox() -> Iterator[Sandbox]:
    with Sandbox() as running:
        yield running


def session(sandbox: Sandbox) -> requests.Session:
    made = requests.Session()
    made.trust_env = False
    made.mount("https://", PlainHttp(sandbox.ready["salesforce"]["instance_url"]))
    return made


@pytest.fixture
def sf(sandbox: Sandbox) -> Iterator[Any]:
    sandbox.reset()
    ready = sandbox.ready["salesforce"]
    with session(sandbox) as http:
        yield Salesforce(
            instance_url=ready["instance_url"],
            session_id=ready["session_id"],
            version=ready["api_version"],
            session=http,
        )


def test_records_are_created_read_changed_and_deleted(sf: Any) -> None:
    lead = sf.Lead.create({"LastName": "Doe", "Company": "Acme"})["id"]
    assert sf.Lead.update(lead, {"City": "Köln"}) == 204
    assert sf.Lead.get(lead)["City"] == "Köln"
    assert sf.Lead.get_by_custom_id("Id", lead)["Name"] == "Doe"
    assert sf.Lead.delete(lead) == 204
    assert sf.query("SELECT Id FROM Lead")["totalSize"] == 0


def test_all_pages_of_a_query_are_read(sf: Any, sandbox: Sandbox) -> None:
    rows = "LastName,Company\n" + "".join(f"L{number},Acme\n" for number in range(4_500))
    sandbox.load("salesforce.Lead", rows)
    found = list(sf.query_all_iter("SELECT Id, Owner.Name FROM Lead"))
    assert len({row["Id"] for row in found}) == 4_500


def test_describe_limits_updated_and_deleted_answer(sf: Any) -> None:
    assert {item["name"] for item in sf.describe()["sobjects"]} >= {"Lead", "Contact", "User", "Group"}
    assert sf.Lead.describe()["name"] == "Lead"
    assert sf.Lead.metadata()["objectDescribe"]["name"] == "Lead"
    assert sf.limits()["DailyApiRequests"]["Max"] == 100_000
    assert sf.api_usage["api-usage"].total == 100_000
    now = datetime.now(UTC)
    assert sf.Lead.updated(now - timedelta(days=1), now)["ids"] == []
    assert sf.Lead.deleted(now - timedelta(days=1), now)["deletedRecords"] == []


def test_collections_composite_and_tooling_go_through_restful(sf: Any) -> None:
    metadata = {"label": "Ext", "type": "Text", "length": 40, "externalId": True, "unique": True}
    sf.restful(
        "tooling/sobjects/CustomField", method="POST", json={"FullName": "Lead.Ext__c", "Metadata": metadata}
    )
    records = [
        {"attributes": {"type": "Lead"}, "Ext__c": str(n), "LastName": "L", "Company": "C"}
        for n in range(200)
    ]
    body = {"allOrNone": False, "records": records}
    made = sf.restful("composite/sobjects/Lead/Ext__c", method="PATCH", json=body)
    assert all(result["created"] for result in made)
    again = sf.restful("composite/sobjects/Lead/Ext__c", method="PATCH", json=body)
    assert [result["id"] for result in again] == [result["id"] for result in made]
    assert sf.Lead.upsert("Ext__c/7", {"City": "Bonn"}) == 200


def test_refusals_become_the_clients_exceptions(sf: Any) -> None:
    with pytest.raises(SalesforceMalformedRequest) as malformed:
        sf.query("SELECT Foo FROM Lead")
    content: Any = malformed.value.content
    assert content[0]["errorCode"] == "INVALID_FIELD"
    lead = sf.Lead.create({"LastName": "Doe", "Company": "Acme"})["id"]
    with pytest.raises(SalesforceGeneralError) as lost:
        sf.Lead.update(lead, {"City": "x"}, headers={"If-Unmodified-Since": "Thu, 01 Jan 2015 00:00:00 GMT"})
    assert lost.value.status == 412


def test_the_clients_own_sign_ins_work(sandbox: Sandbox) -> None:
    ready = sandbox.ready["salesforce"]
    common = {"consumer_key": ready["client_id"], "version": ready["api_version"]}
    with session(sandbox) as http:
        by_secret: Any = Salesforce(
            consumer_secret=ready["client_secret"], domain="acme.my", session=http, **common
        )
        assert by_secret.query("SELECT Id FROM Organization")["records"][0]["Id"] == ready["org_id"]
        by_key: Any = Salesforce(
            username=ready["username"], privatekey_file=ready["private_key_file"], session=http, **common
        )
        assert by_key.query("SELECT COUNT() FROM User")["totalSize"] == 2


def test_its_bulk_api_loads_queries_and_deletes(sf: Any, sandbox: Sandbox, tmp_path: Path) -> None:
    rows = [{"LastName": f"L{number}", "Company": "Köln"} for number in range(30)] + [
        {"LastName": "", "Company": "nobody"}
    ]
    (job,) = sf.bulk2.Lead.insert(records=rows, wait=0.01)
    assert (job["numberRecordsTotal"], job["numberRecordsFailed"]) == (31, 1)
    failed = sf.bulk2.Lead.get_failed_records(job["job_id"])
    assert "REQUIRED_FIELD_MISSING:Required fields are missing: [LastName]:LastName --" in failed
    assert "Köln" in sf.bulk2.Lead.get_successful_records(job["job_id"])
    assert sf.bulk2.Lead.get_unprocessed_records(job["job_id"]).count("\n") == 1
    pages = list(sf.bulk2.Lead.query("SELECT Id, Company FROM Lead", max_records=20, wait=0.01))
    found = [row for page in pages for row in csv.DictReader(io.StringIO(page))]
    assert (len(pages), len(found)) == (2, 30)
    assert {row["Company"] for row in found} == {"Köln"}
    files = sf.bulk2.Lead.download("SELECT Id FROM Lead", path=str(tmp_path), wait=0.01)
    assert sum(one["number_of_records"] for one in files) == 30
    gone = sf.bulk2.Lead.delete(records=[{"Id": row["Id"]} for row in found[:10]], wait=0.01)
    assert gone[0]["numberRecordsProcessed"] == 10
    assert sf.query("SELECT COUNT() FROM Lead")["totalSize"] == 20
