"""Bulk API 2.0 of the emulated org. "sf_8_n" names line n of the facts, §8."""

from __future__ import annotations

from typing import Any

import pytest

from tests.sandbox.salesforce import Answer, Client

DELIMITED = {
    "COMMA": ",",
    "TAB": "\t",
    "PIPE": "|",
    "SEMICOLON": ";",
    "CARET": "^",
    "BACKQUOTE": "`",
}


@pytest.fixture
def client() -> Client:
    return Client()


def leads(count: int) -> str:
    return "LastName,Company\n" + "".join(f"L{number},Acme\n" for number in range(count))


def states(client: Client, job: str, kind: str = "ingest") -> list[str]:
    """Poll until the end and give every state seen."""
    seen: list[str] = []
    while not seen or seen[-1] in ("Open", "UploadComplete", "InProgress"):
        seen.append(client.get(f"jobs/{kind}/{job}").body["state"])
        assert len(seen) < 50
    return seen


def open_job(client: Client, **more: Any) -> Answer:
    return client.post("jobs/ingest", {"operation": "insert", "object": "Lead", **more})


def test_an_insert_goes_through_every_state_sf_8_21(client: Client) -> None:
    made = open_job(client).body
    assert (made["state"], made["jobType"], made["apiVersion"]) == ("Open", "V2Ingest", 62.0)
    assert made["contentUrl"] == f"services/data/v62.0/jobs/ingest/{made['id']}/batches"
    assert made["id"].startswith("750")
    assert client.get(f"jobs/ingest/{made['id']}").body["state"] == "Open"
    client.put(f"{made['contentUrl'].removeprefix('services/data/v62.0/')}/", leads(2).encode())
    closed = client.patch(f"jobs/ingest/{made['id']}", {"state": "UploadComplete"})
    assert closed.body["state"] == "UploadComplete"
    assert client.records("SELECT Id FROM Lead") == []
    assert states(client, made["id"]) == ["InProgress", "JobComplete"]
    done = client.get(f"jobs/ingest/{made['id']}/").body
    assert (done["numberRecordsProcessed"], done["numberRecordsFailed"]) == (2, 0)
    written = client.table(f"jobs/ingest/{made['id']}/successfulResults/")
    assert {row["sf__Created"] for row in written} == {"true"}
    found = {row["Id"] for row in client.records("SELECT Id FROM Lead")}
    assert {row["sf__Id"] for row in written} == found


@pytest.mark.parametrize(("polls", "expected"), [(0, 1), (1, 2), (3, 6)])
def test_a_switch_says_how_often_a_client_must_poll_sf_8_21(
    client: Client, polls: int, expected: int
) -> None:
    client.options.bulk_polls = polls
    job = client.ingest("insert", leads(1))
    assert len(states(client, job)) == expected


def test_time_moves_a_job_when_a_step_takes_seconds_sf_8_21(client: Client) -> None:
    client.options.bulk_step_seconds = 10
    client.options.bulk_batch_records = 2
    job = client.ingest("insert", leads(3))
    for _ in range(5):
        assert client.get(f"jobs/ingest/{job}").body["state"] == "UploadComplete"
    client.world.clock.advance(20)
    # Nobody polls: the records are there all the same.
    assert client.soql("SELECT COUNT() FROM Lead").body["totalSize"] == 2
    assert client.get(f"jobs/ingest/{job}").body["numberRecordsProcessed"] == 2
    client.world.clock.advance(10)
    assert client.get(f"jobs/ingest/{job}").body["state"] == "JobComplete"


def test_a_job_is_written_batch_by_batch_and_what_an_abort_leaves_can_be_read_sf_8_21(
    client: Client,
) -> None:
    client.options.bulk_batch_records = 2
    job = client.ingest("insert", leads(5))
    seen = [client.get(f"jobs/ingest/{job}").body["numberRecordsProcessed"] for _ in range(2)]
    assert seen == [0, 2]
    assert client.patch(f"jobs/ingest/{job}", {"state": "Aborted"}).body["state"] == "Aborted"
    assert client.get(f"jobs/ingest/{job}").body["state"] == "Aborted"
    for spelling in ("unprocessedrecords", "unprocessedRecords"):
        left = client.table(f"jobs/ingest/{job}/{spelling}")
        assert [row["LastName"] for row in left] == ["L2", "L3", "L4"]
    assert client.soql("SELECT COUNT() FROM Lead").body["totalSize"] == 2


def test_a_job_aborted_before_it_ran_gives_everything_back(client: Client) -> None:
    job = client.ingest("insert", leads(3))
    client.patch(f"jobs/ingest/{job}", {"state": "Aborted"})
    assert len(client.table(f"jobs/ingest/{job}/unprocessedrecords")) == 3


def test_good_rows_are_written_and_bad_ones_tell_why_sf_8_21(client: Client) -> None:
    data = f"LastName,Company,Email\nAsh,A,a@b.example\n,B,\n{'x' * 81},C,\nDee,D,nonsense\n"
    job = client.ingest("insert", data)
    done = client.finished(job)
    assert (done["state"], done["numberRecordsProcessed"], done["numberRecordsFailed"]) == (
        "JobComplete",
        4,
        3,
    )
    errors = {row["Company"]: row["sf__Error"] for row in client.table(f"jobs/ingest/{job}/failedResults")}
    assert errors["B"] == "REQUIRED_FIELD_MISSING:Required fields are missing: [LastName]:LastName --"
    assert errors["C"].startswith("STRING_TOO_LONG:")
    assert errors["D"].startswith("INVALID_EMAIL_ADDRESS:")
    assert client.table(f"jobs/ingest/{job}/unprocessedrecords") == []
    header = client.get(f"jobs/ingest/{job}/unprocessedrecords").body
    assert header == b'"LastName","Company","Email"\n'


def test_an_empty_cell_is_left_alone_and_na_clears_sf_8_21(client: Client) -> None:
    lead = client.lead(City="Bonn", Phone="1", HasOptedOutOfEmail=False)
    job = client.ingest("update", f"id,City,Phone,HasOptedOutOfEmail\n{lead},,#N/A,yes\n")
    assert client.finished(job)["numberRecordsFailed"] == 0
    row = client.get(f"sobjects/Lead/{lead}").body
    assert (row["City"], row["Phone"], row["HasOptedOutOfEmail"]) == ("Bonn", None, True)
    written = client.table(f"jobs/ingest/{job}/successfulResults")
    assert written == [
        {"sf__Id": lead, "sf__Created": "false", "id": lead, "City": "", "Phone": "#N/A"}
        | {"HasOptedOutOfEmail": "yes"}
    ]


def test_results_come_in_an_order_of_their_own_but_always_the_same_sf_8_21(client: Client) -> None:
    def order(of: Client) -> list[str]:
        job = of.ingest("insert", leads(50))
        of.finished(job)
        first = of.table(f"jobs/ingest/{job}/successfulResults")
        assert of.table(f"jobs/ingest/{job}/successfulResults") == first
        return [row["LastName"] for row in first]

    shuffled = order(client)
    assert shuffled == order(Client())
    assert sorted(shuffled) == sorted(f"L{number}" for number in range(50)) != shuffled
    client.options.bulk_shuffle_results = False
    assert order(client) == [f"L{number}" for number in range(50)]


def test_upsert_tells_new_from_known_records_sf_8_21(client: Client) -> None:
    client.custom("Lead.Ext__c", label="Ext", type="Text", length=9, externalId=True)
    client.lead(Ext__c="1")
    twin = client.lead(Email="t@b.example"), client.lead(Email="t@b.example")
    job = client.ingest(
        "upsert",
        "Ext__c,LastName,Company\n1,One,A\n2,Two,B\n,Three,C\n",
        externalIdFieldName="Ext__c",
    )
    assert client.finished(job)["numberRecordsFailed"] == 1
    written = client.table(f"jobs/ingest/{job}/successfulResults")
    assert {row["Ext__c"]: row["sf__Created"] for row in written} == {"1": "false", "2": "true"}
    job = client.ingest("upsert", "Email,LastName\nt@b.example,X\n", externalIdFieldName="Email")
    assert client.finished(job)["numberRecordsFailed"] == 1
    assert "DUPLICATE" in client.table(f"jobs/ingest/{job}/failedResults")[0]["sf__Error"]
    job = client.ingest("upsert", f"Id,LastName,Company\n{twin[0]},X,Y\n,New,Z\n", externalIdFieldName="Id")
    client.finished(job)
    created = {
        row["LastName"]: row["sf__Created"] for row in client.table(f"jobs/ingest/{job}/successfulResults")
    }
    assert created == {"X": "false", "New": "true"}


def test_delete_fills_the_recycle_bin_and_hard_delete_does_not_sf_8_21(client: Client) -> None:
    soft, hard = client.lead(), client.lead()
    client.finished(client.ingest("delete", f"Id\n{soft}\n00Q000000000000EAA\n"))
    client.finished(client.ingest("hardDelete", f"Id\n{hard}\n"))
    found = client.records("SELECT Id, IsDeleted FROM Lead", "queryAll")
    assert found == [{"Id": soft, "IsDeleted": True}]
    client.options.bulk_hard_delete = False
    refused = open_job(client, operation="hardDelete")
    assert (refused.status, refused.code) == (400, "FEATURENOTENABLED")


def test_a_parent_is_named_by_its_key_sf_8_21(client: Client) -> None:
    client.custom("Account.No__c", label="No", type="Text", length=9, externalId=True)
    account = client.create("Account", Name="Acme", No__c="7")
    ann = client.user("ann")
    job = client.ingest("insert", "LastName,Account.No__c\nAsh,7\nBay,8\n", "Contact")
    assert client.finished(job)["numberRecordsFailed"] == 1
    assert client.records("SELECT AccountId FROM Contact") == [{"AccountId": account}]
    job = client.ingest("insert", "LastName,Company,User:Owner.Username\nAsh,A,ann@org.example\n")
    assert client.finished(job)["numberRecordsFailed"] == 0
    assert client.records("SELECT OwnerId FROM Lead") == [{"OwnerId": ann}]


@pytest.mark.parametrize("delimiter", DELIMITED)
@pytest.mark.parametrize("ending", ["LF", "CRLF"])
def test_delimiters_line_endings_and_fields_of_several_lines_sf_8_21(
    client: Client, delimiter: str, ending: str
) -> None:
    mark, end = DELIMITED[delimiter], {"LF": "\n", "CRLF": "\r\n"}[ending]
    street = f"One{end}Two {mark} ü"
    data = mark.join(("LastName", "Company", "Street")) + end
    data += mark.join(("Ash", '"A ""quoted"" one"', f'"{street}"'))  # no line end behind the last row
    job = client.ingest("insert", data, columnDelimiter=delimiter, lineEnding=ending)
    assert client.finished(job)["numberRecordsProcessed"] == 1
    assert client.records("SELECT Company, Street FROM Lead") == [
        {"Company": 'A "quoted" one', "Street": street}
    ]
    raw = client.get(f"jobs/ingest/{job}/successfulResults").body.decode()
    assert raw.startswith(mark.join(('"sf__Id"', '"sf__Created"', '"LastName"', '"Company"', '"Street"')))
    assert raw.endswith(f'"{street}"{end}')


#: What is wrong with a file -> the error that fails its job.
BAD_FILES = {
    b"LastName,Company\r\nA,B\r\n": "ClientInputError : LineEnding is invalid on user data. "
    "Current LineEnding setting is LF",
    b"LastName,Companie\nA,B\n": "InvalidBatch : Field name not found : Companie",
    b"\xef\xbb\xbfLastName,Company\nA,B\n": "InvalidBatch : Field name not found : \ufeffLastName",
    b"LastName,Owner.Email\nA,B\n": "InvalidBatch : type is needed for polymorphic foreign key : Owner.Email",
    b"LastName,Foo.Email\nA,B\n": "InvalidBatch : Field name not found : Foo.Email",
    b"LastName\nA,B\n": "InvalidBatch : Failed to parse CSV: a row has more cells than the header",
    b"LastName,Company\n\xff,B\n": "ClientInputError : Invalid UTF-8 in user data",
}


@pytest.mark.parametrize("data", BAD_FILES)
def test_a_file_that_cannot_be_read_fails_its_job_sf_8_21(client: Client, data: bytes) -> None:
    job = open_job(client).body["id"]
    client.put(f"jobs/ingest/{job}/batches", data)
    client.patch(f"jobs/ingest/{job}", {"state": "UploadComplete"})
    done = client.finished(job)
    assert (done["state"], done["errorMessage"]) == ("Failed", BAD_FILES[data])
    assert client.records("SELECT Id FROM Lead") == []
    assert client.table(f"jobs/ingest/{job}/failedResults") == []


def test_a_crlf_job_refuses_a_file_with_lf_sf_8_21(client: Client) -> None:
    job = client.ingest("insert", leads(1), lineEnding="CRLF")
    assert client.finished(job)["errorMessage"].endswith("setting is CRLF")


def test_moves_that_are_not_allowed_are_400_sf_8_21(client: Client) -> None:
    job = client.ingest("insert", leads(1))
    busy = f"jobs/ingest/{job}"
    assert client.patch(busy, {"state": "UploadComplete"}).code == "INVALIDJOBSTATE"
    assert client.put(f"{busy}/batches", b"LastName\n").code == "INVALIDJOBSTATE"
    assert client.delete(busy).code == "INVALIDJOBSTATE"
    assert client.patch(busy, {"state": "JobComplete"}).status == 400
    client.finished(job)
    refused = client.patch(busy, {"state": "Aborted"})
    assert refused.body == [
        {"errorCode": "INVALIDJOBSTATE", "message": "Aborting already Completed Job not allowed"}
    ]
    assert client.delete(busy).status == 204
    assert client.get(busy).code == "NOT_FOUND"


def test_there_is_one_upload_of_at_most_so_many_bytes_sf_8_21(client: Client) -> None:
    job = open_job(client).body["id"]
    client.options.bulk_max_upload_bytes = 30
    assert client.put(f"jobs/ingest/{job}/batches", leads(9).encode()).status == 413
    assert client.put(f"jobs/ingest/{job}/batches", leads(1).encode()).status == 201
    again = client.put(f"jobs/ingest/{job}/batches", leads(1).encode())
    assert (again.status, again.code) == (400, "CLIENTINPUTERROR")
    assert client.put("jobs/ingest/750000000000001AAA/batches", b"x").status == 404
    wrong = client.put(f"jobs/ingest/{job}/batches", b"{}", content_type="application/json")
    assert wrong.status == 415


@pytest.mark.parametrize(
    ("body", "code"),
    [
        ({"operation": "insert", "object": "Foo"}, "INVALIDENTITY"),
        ({"operation": "insert"}, "INVALIDENTITY"),
        ({"operation": "insert", "object": "LeadStatus"}, "INVALIDENTITY"),
        ({"operation": "explode", "object": "Lead"}, "JSON_PARSER_ERROR"),
        ({"operation": "upsert", "object": "Lead"}, "INVALIDJOB"),
        ({"operation": "upsert", "object": "Lead", "externalIdFieldName": "City"}, "INVALIDJOB"),
        ({"operation": "insert", "object": "Lead", "lineEnding": "CR"}, "JSON_PARSER_ERROR"),
        ({"operation": "insert", "object": "Lead", "columnDelimiter": "DOT"}, "JSON_PARSER_ERROR"),
        ({"operation": "insert", "object": "Lead", "contentType": "XML"}, "JSON_PARSER_ERROR"),
    ],
)
def test_a_job_that_cannot_be_is_refused_sf_8_21(client: Client, body: dict[str, Any], code: str) -> None:
    refused = client.post("jobs/ingest", body)
    assert (refused.status, refused.code) == (400, code)


def test_job_and_data_may_come_in_one_request(client: Client) -> None:
    body = (
        b'--B\r\nContent-Type: application/json\r\nContent-Disposition: form-data; name="job"\r\n\r\n'
        b'{"operation": "insert", "object": "Lead"}\r\n'
        b'--B\r\nContent-Type: text/csv\r\nContent-Disposition: form-data; name="content"\r\n\r\n'
        b"LastName,Company\nAsh,A\n\r\n--B--\r\n"
    )
    made = client.post("jobs/ingest", body, content_type="multipart/form-data; boundary=B")
    assert made.body["state"] == "UploadComplete"
    assert client.finished(made.body["id"])["numberRecordsProcessed"] == 1


def test_jobs_are_listed_newest_first_and_kept_for_a_week_sf_8_21(client: Client) -> None:
    first, second = client.ingest("insert", leads(1)), client.ingest("insert", leads(1))
    listed = client.get("jobs/ingest?jobType=V2Ingest&isPkChunkingEnabled=false").body
    assert [job["id"] for job in listed["records"]] == [second, first]
    assert (listed["done"], listed["nextRecordsUrl"]) == (True, None)
    client.finished(first)
    client.world.clock.advance(7 * 86_400 + 1)
    assert [job["id"] for job in client.get("jobs/ingest").body["records"]] == [second]
    assert client.get(f"jobs/ingest/{first}").status == 404


def test_batches_count_against_their_own_allowance_sf_8_21(client: Client) -> None:
    client.options.daily_bulk_batches = 1
    client.options.bulk_batch_records = 2
    job = client.ingest("insert", leads(3))
    done = client.finished(job)
    assert (done["state"], done["errorMessage"]) == (
        "Failed",
        "ExceededQuota : ApiBatchItems Limit exceeded.",
    )
    assert len(client.table(f"jobs/ingest/{job}/unprocessedrecords")) == 1
    assert client.get("limits").body["DailyBulkApiBatches"] == {"Max": 1, "Remaining": 0}


def test_an_assignment_rule_runs_only_when_the_job_names_one_sf_8_12(client: Client) -> None:
    ann = client.user("ann")
    client.options.assignment_owner = "ann@org.example"
    client.finished(client.ingest("insert", leads(1)))
    assert client.records("SELECT OwnerId FROM Lead")[0]["OwnerId"] != ann
    client.finished(client.ingest("insert", leads(1), assignmentRuleId="01Q000000000001AAA"))
    assert client.records("SELECT OwnerId FROM Lead ORDER BY Id DESC")[0]["OwnerId"] == ann


def test_results_name_their_charset_unless_told_otherwise_sf_8_21(client: Client) -> None:
    job = client.ingest("insert", leads(1))
    client.finished(job)
    path = f"jobs/ingest/{job}/successfulResults"
    assert client.get(path).headers["Content-Type"] == "text/csv; charset=UTF-8"
    client.options.bulk_csv_charset = False
    assert client.get(path).headers["Content-Type"] == "text/csv"


def query_job(client: Client, statement: str, **more: str) -> str:
    made = client.post("jobs/query", {"operation": "query", "query": statement, **more})
    assert made.status == 200, made.body
    return str(made.body["id"])


def test_a_query_job_must_be_polled_before_its_results_sf_8_22(client: Client) -> None:
    client.lead(LastName="Ash", City="Köln", NumberOfEmployees=5, AnnualRevenue=10)
    job = query_job(
        client,
        "SELECT Id, LastName, City, IsConverted, NumberOfEmployees, AnnualRevenue, Phone, CreatedDate, "
        "Owner.Name, CreatedBy.Username FROM Lead",
    )
    early = client.get(f"jobs/query/{job}/results")
    assert (early.status, early.code) == (412, "JOB_NOT_COMPLETE")
    assert states(client, job, "query") == ["InProgress", "JobComplete"]
    answer = client.get(f"jobs/query/{job}/results")
    assert (answer.headers["Sforce-Locator"], answer.headers["Sforce-NumberOfRecords"]) == ("null", "1")
    header = '"Id","LastName","City","IsConverted","NumberOfEmployees","AnnualRevenue","Phone","CreatedDate"'
    lines = answer.body.decode().splitlines()
    assert lines[0] == header + ',"Owner.Name","CreatedBy.Username"'
    assert lines[1].endswith(
        '"Ash","Köln","false","5","10.0","","2026-11-21T08:00:00.000Z","Integration","integration@org.example"'
    )


def test_pages_of_a_query_job_are_stable_and_end_in_the_word_null_sf_8_22(client: Client) -> None:
    for number in range(5):
        client.lead(LastName=f"L{number}")
    job = query_job(client, "SELECT LastName FROM Lead", columnDelimiter="PIPE", lineEnding="CRLF")
    client.finished(job, "query")
    pages, locator = [], ""
    while locator != "null":
        more = f"&locator={locator}" if locator else ""
        answer = client.get(f"jobs/query/{job}/results?maxRecords=2{more}")
        assert client.get(f"jobs/query/{job}/results?maxRecords=2{more}").body == answer.body
        pages.append(answer.body)
        locator = answer.headers["Sforce-Locator"]
    assert pages == [
        b'"LastName"\r\n"L0"\r\n"L1"\r\n',
        b'"LastName"\r\n"L2"\r\n"L3"\r\n',
        b'"LastName"\r\n"L4"\r\n',
    ]
    whole = client.get(f"jobs/query/{job}/results")
    assert whole.headers["Sforce-NumberOfRecords"] == "5"
    assert client.get(f"jobs/query/{job}/results?locator=x").code == "INVALID_QUERY_LOCATOR"


def test_a_query_job_without_rows_gives_its_header_sf_8_22(client: Client) -> None:
    job = query_job(client, "SELECT Id, Name FROM Lead")
    client.finished(job, "query")
    answer = client.get(f"jobs/query/{job}/results?maxRecords=10")
    assert (answer.body, answer.headers["Sforce-NumberOfRecords"]) == (b'"Id","Name"\n', "0")
    assert answer.headers["Sforce-Locator"] == "null"


def test_query_all_as_a_job_sees_deleted_rows_sf_8_22(client: Client) -> None:
    client.delete(f"sobjects/Lead/{client.lead()}")
    job = query_job(client, "SELECT Id FROM Lead", operation="queryAll")
    assert client.finished(job, "query")["numberRecordsProcessed"] == 1


def test_results_are_given_in_the_version_of_the_job_sf_8_22(client: Client) -> None:
    job = query_job(client, "SELECT Id FROM Lead")
    client.finished(job, "query")
    other = client.get(f"/services/data/v61.0/jobs/query/{job}/results")
    assert other.status == 409


@pytest.mark.parametrize(
    ("statement", "code"),
    [
        ("SELECT COUNT() FROM Lead", "API_ERROR"),
        ("SELECT COUNT(Id) FROM Lead", "API_ERROR"),
        ("SELECT Status FROM Lead GROUP BY Status", "API_ERROR"),
        ("SELECT Id FROM Lead LIMIT 5 OFFSET 5", "API_ERROR"),
        ("SELECT Id, (SELECT Id FROM Tasks) FROM Lead", "API_ERROR"),
        ("SELECT Address FROM Lead", "API_ERROR"),
        ("SELECT TYPEOF Owner WHEN User THEN Name END FROM Lead", "API_ERROR"),
        ("SELECT Foo FROM Lead", "INVALID_FIELD"),
        ("SELECT Id FROM Foo", "INVALID_TYPE"),
        ("SELEC Id FROM Lead", "MALFORMED_QUERY"),
        ("", "API_ERROR"),
    ],
)
def test_a_query_job_refuses_what_it_cannot_do_sf_8_22(client: Client, statement: str, code: str) -> None:
    refused = client.post("jobs/query", {"operation": "query", "query": statement})
    assert (refused.status, refused.code) == (400, code)


def test_query_jobs_are_listed_aborted_and_deleted_sf_8_22(client: Client) -> None:
    job = query_job(client, "SELECT Id FROM Lead")
    assert client.get("jobs/query").body["records"][0]["id"] == job
    assert client.get("jobs/query?jobType=V2Ingest").body["records"] == []
    assert client.delete(f"jobs/query/{job}").code == "INVALIDJOBSTATE"
    assert client.patch(f"jobs/query/{job}", {"state": "Aborted"}).body["state"] == "Aborted"
    assert client.get(f"jobs/query/{job}/results").status == 412
    assert client.delete(f"jobs/query/{job}").status == 204
    client.options.daily_query_jobs = 1
    assert client.get("limits").body["DailyBulkV2QueryJobs"] == {"Max": 1, "Remaining": 0}
    refused = client.post("jobs/query", {"operation": "query", "query": "SELECT Id FROM Lead"})
    assert refused.code == "LIMIT_EXCEEDED"
