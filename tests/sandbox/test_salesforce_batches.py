"""Collections and composite of the emulated org. "sf_8_n" names line n of the facts, §8."""

from __future__ import annotations

from typing import Any

import pytest

from tests.sandbox.salesforce import BASE, Client


@pytest.fixture
def client() -> Client:
    return Client()


def record(type_: str = "Lead", **fields: Any) -> dict[str, Any]:
    return {"attributes": {"type": type_}, **fields}


def test_a_collection_has_one_result_each_in_order_sf_8_19(client: Client) -> None:
    lead = client.lead()
    records = [
        record(id=lead, City="Bonn"),
        record(id=lead, City="x" * 41),
        record(id="00Q000000000001EAA", City="Bonn"),
        record("Contact", Id=lead, LastName="x"),
        {"id": lead, "City": "Bonn"},
        record(City="Bonn"),
    ]
    answer = client.patch("composite/sobjects", {"allOrNone": False, "records": records})
    assert answer.status == 200
    assert answer.body[0] == {"id": lead, "success": True, "errors": []}
    codes = [result["errors"][0]["statusCode"] for result in answer.body[1:]]
    assert codes == [
        "STRING_TOO_LONG",
        "INVALID_CROSS_REFERENCE_KEY",
        "INVALID_CROSS_REFERENCE_KEY",
        "JSON_PARSER_ERROR",
        "MISSING_ARGUMENT",
    ]
    assert all("id" not in result and result["success"] is False for result in answer.body[1:])


@pytest.mark.parametrize(("strict", "taken"), [(False, [True, True, False]), (True, [True, False, False])])
def test_whether_attributes_must_be_first_is_a_switch_sf_8_19(
    client: Client, strict: bool, taken: list[bool]
) -> None:
    client.options.attributes_first = strict
    last = {"LastName": "A", "Company": "A", "attributes": {"type": "Lead"}}
    without = {"LastName": "A", "Company": "A"}
    records = [record(**without), last, without]
    answer = client.post("composite/sobjects", {"records": records}).body
    assert [result["success"] for result in answer] == taken


def test_all_or_none_takes_everything_back_sf_8_19(client: Client) -> None:
    records = [record(LastName="A", Company="A"), record(LastName="B")]
    entry = client.world.audit.begin(at="", crm="salesforce", method="POST", path="", query="")
    answer = client.post("composite/sobjects", {"allOrNone": True, "records": records}).body
    codes = [result["errors"][0]["statusCode"] for result in answer]
    assert codes == ["ALL_OR_NONE_OPERATION_ROLLED_BACK", "REQUIRED_FIELD_MISSING"]
    assert client.records("SELECT Id FROM Lead") == []
    assert entry.effects == []


def test_a_collection_takes_200_records_and_10_chunks_sf_8_19(client: Client) -> None:
    many = [record(LastName="A", Company="A")] * 201
    assert client.post("composite/sobjects", {"records": many}).code == "EXCEEDED_ID_LIMIT"
    mixed = [record("Lead", LastName="A", Company="A"), record("Contact", LastName="A")] * 6
    assert client.post("composite/sobjects", {"records": mixed}).status == 400
    assert client.post("composite/sobjects", {"records": mixed[:10]}).status == 200
    assert client.post("composite/sobjects", {"records": many[:200]}).status == 200
    assert client.app.state()["records"]["Lead"] == 205


def test_a_collection_is_upserted_by_external_id_sf_8_19(client: Client) -> None:
    client.custom("Lead.Ext__c", label="Ext", type="Text", length=40, externalId=True, unique=True)
    lead = client.lead(Ext__c="1")
    records = [
        record(Ext__c="1", City="Bonn"),
        record(Ext__c="2", LastName="B", Company="B"),
        record(City="x"),
    ]
    answer = client.patch("composite/sobjects/Lead/Ext__c", {"records": records}).body
    assert answer[0] == {"id": lead, "success": True, "errors": [], "created": False}
    assert (answer[1]["success"], answer[1]["created"]) == (True, True)
    assert answer[2]["success"] is answer[2]["created"] is False


def test_records_are_read_by_id_with_null_for_what_is_missing_sf_8_19(client: Client) -> None:
    lead, gone = client.lead(City="Bonn"), client.lead()
    client.delete(f"sobjects/Lead/{gone}")
    wanted = {"ids": [gone, lead[:15], "00Q000000000001EAA"], "fields": ["City", "IsConverted"]}
    url = f"{BASE}/sobjects/Lead/{lead}"
    row = {"attributes": {"type": "Lead", "url": url}, "Id": lead, "City": "Bonn", "IsConverted": False}
    assert client.post("composite/sobjects/Lead", wanted).body == [None, row, None]
    assert client.get(f"composite/sobjects/Lead?ids={lead},{gone}&fields=City,IsConverted").body == [
        row,
        None,
    ]
    wanted["fields"] = ["Foo"]
    assert client.post("composite/sobjects/Lead", wanted).code == "INVALID_FIELD"


def test_records_are_deleted_by_ids_in_the_query_sf_8_19(client: Client) -> None:
    lead, contact = client.lead(), client.create("Contact", LastName="Doe")
    answer = client.delete(f"composite/sobjects?ids={lead},{contact},00Q000000000001EAA&allOrNone=false").body
    assert [result["success"] for result in answer] == [True, True, False]
    assert client.records("SELECT Id FROM Lead") == []


def test_a_broken_body_is_refused_whole_sf_8_19(client: Client) -> None:
    assert client.patch("composite/sobjects", b"{").code == "JSON_PARSER_ERROR"
    assert client.patch("composite/sobjects", {"records": 5}).status == 400
    assert client.patch("composite/sobjects", []).status == 400


def part(method: str, path: str, name: str, body: Any = None, **headers: str) -> dict[str, Any]:
    sub: dict[str, Any] = {"method": method, "url": f"{BASE}/{path}", "referenceId": name}
    sub |= {"body": body} if body is not None else {}
    return sub | ({"httpHeaders": {k.replace("_", "-"): v for k, v in headers.items()}} if headers else {})


def test_composite_calls_refer_to_earlier_answers_and_cost_one_call_sf_8_20(client: Client) -> None:
    before = client.app.org.calls_today
    parts = [
        part("POST", "sobjects/Account", "acc", {"Name": "Acme"}),
        part("POST", "sobjects/Contact", "con", {"LastName": "Doe", "AccountId": "@{acc.id}"}),
        part("GET", "query?q=SELECT Id, Account.Name FROM Contact WHERE Id = '@{con.id}'", "q"),
        part("GET", "sobjects/Contact/@{q.records[0].Id}?fields=LastName", "row"),
        part("GET", "sobjects/Foo", "foo"),
        part("GET", "sobjects/Lead/@{foo.id}", "lost"),
    ]
    answers = client.post("composite", {"compositeRequest": parts}).body["compositeResponse"]
    assert [answer["httpStatusCode"] for answer in answers] == [201, 201, 200, 200, 404, 400]
    assert [answer["referenceId"] for answer in answers] == ["acc", "con", "q", "row", "foo", "lost"]
    assert answers[0]["httpHeaders"]["Location"].startswith(f"{BASE}/sobjects/Account/001")
    assert answers[2]["body"]["records"][0]["Account"]["Name"] == "Acme"
    assert answers[3]["body"]["LastName"] == "Doe"
    message = "The requested resource does not exist"
    assert answers[4]["body"] == [{"message": message, "errorCode": "NOT_FOUND"}]
    assert answers[5]["body"][0]["errorCode"] == "PROCESSING_HALTED"
    assert client.app.org.calls_today == before + 1


def test_each_part_has_its_own_conditional_headers_sf_8_20(client: Client) -> None:
    one, two = client.lead(), client.lead()
    read = "Sat, 21 Nov 2026 08:00:00 GMT"
    client.world.clock.advance(5)
    client.patch(f"sobjects/Lead/{two}", {"City": "Theirs"})
    parts = [
        part("PATCH", f"sobjects/Lead/{one}", "a", {"City": "Ours"}, If_Unmodified_Since=read),
        part("PATCH", f"sobjects/Lead/{two}", "b", {"City": "Ours"}, If_Unmodified_Since=read),
        part("GET", "sobjects", "c", If_Modified_Since="Sat, 21 Nov 2026 09:00:00 GMT"),
    ]
    answers = client.post("composite", {"compositeRequest": parts}).body["compositeResponse"]
    assert [answer["httpStatusCode"] for answer in answers] == [204, 412, 304]
    assert answers[2]["body"] is None
    assert set(answers[2]["httpHeaders"]) == {"ETag", "Last-Modified"}
    cities = client.records("SELECT City FROM Lead ORDER BY Id")
    assert cities == [{"City": "Ours"}, {"City": "Theirs"}]


def test_composite_all_or_none_takes_everything_back_sf_8_20(client: Client) -> None:
    parts = [
        part("POST", "sobjects/Lead", "a", {"LastName": "A", "Company": "A"}),
        part("POST", "sobjects/Lead", "b", {"LastName": "B"}),
    ]
    answers = client.post("composite", {"allOrNone": True, "compositeRequest": parts}).body[
        "compositeResponse"
    ]
    assert [answer["body"][0]["errorCode"] for answer in answers] == [
        "PROCESSING_HALTED",
        "REQUIRED_FIELD_MISSING",
    ]
    assert client.records("SELECT Id FROM Lead") == []


def test_composite_takes_25_parts_of_which_5_query_sf_8_20(client: Client) -> None:
    many = [part("GET", "limits", f"r{number}") for number in range(26)]
    assert client.post("composite", {"compositeRequest": many}).status == 400
    assert client.post("composite", {"compositeRequest": many[:25]}).status == 200
    queries = [part("GET", "query?q=SELECT Id FROM Lead", f"r{number}") for number in range(6)]
    assert client.post("composite", {"compositeRequest": queries}).status == 400
    assert client.post("composite", {"compositeRequest": queries[:5]}).status == 200
    twice = [part("GET", "limits", "same"), part("GET", "limits", "same")]
    assert client.post("composite", {"compositeRequest": twice}).status == 400


def test_a_header_of_the_whole_call_holds_for_its_parts(client: Client) -> None:
    ann = client.user("ann")
    client.options.assignment_owner = "ann@org.example"
    parts = [part("POST", "sobjects/Lead", "a", {"LastName": "A", "Company": "A"})]
    client.post("composite", {"compositeRequest": parts}, sforce_auto_assign="FALSE")
    client.post("composite", {"compositeRequest": parts})
    owners = [row["OwnerId"] for row in client.records("SELECT OwnerId FROM Lead ORDER BY Id")]
    assert owners == [client.app.org.seeds.integration_user_id, ann]


def test_the_parts_of_a_batch_are_independent_and_each_counts_sf_8_3(client: Client) -> None:
    before = client.app.org.calls_today
    parts = [
        {"method": "POST", "url": "v62.0/sobjects/Lead", "richInput": {"LastName": "A", "Company": "A"}},
        {"method": "GET", "url": "v62.0/sobjects/Foo"},
        {"method": "GET", "url": "v62.0/query?q=SELECT LastName FROM Lead"},
    ]
    answer = client.post("composite/batch", {"batchRequests": parts}).body
    assert answer["hasErrors"] is True
    assert [result["statusCode"] for result in answer["results"]] == [201, 404, 200]
    assert client.app.org.calls_today == before + 3
    halted = client.post("composite/batch", {"haltOnError": True, "batchRequests": parts}).body
    assert [result["statusCode"] for result in halted["results"]] == [201, 404, 412]
