"""SOQL of the emulated org. "sf_8_n" names line n of the facts, §8."""

from __future__ import annotations

from typing import Any

import pytest

from tests.sandbox.salesforce import BASE, Client


@pytest.fixture(scope="module")
def client() -> Client:
    """An org with four leads, none of which a test changes."""
    client = Client()
    queue = client.queue("Inbound", "Lead")
    client.lead(LastName="Ash", Email="ash@a.example", NumberOfEmployees=10, Rating="Hot", City="Köln")
    client.world.clock.advance(86_400)
    bay = client.lead(
        LastName="Bay", Email="bay@a.example", NumberOfEmployees=20, Rating="Hot", OwnerId=queue
    )
    client.world.clock.advance(86_400)
    client.lead(LastName="Cox", NumberOfEmployees=30, Rating="Cold", Company="Cox & 'Sons'")
    client.lead(LastName="Dee_x", Description="Long", AnnualRevenue=1000, HasOptedOutOfEmail=True)
    client.create("Task", WhoId=bay, Subject="Call", ActivityDate="2026-11-23")
    client.create("Task", WhoId=bay, Subject="Mail", Status="Completed")
    campaign = client.create("Campaign", Name="Fair")
    client.create("CampaignMember", CampaignId=campaign, LeadId=bay)
    return client


#: Condition on the four leads -> last names that fulfil it.
CONDITIONS = {
    "Email = 'ASH@a.example'": "Ash",
    "Email != 'ash@a.example'": "Bay Cox Dee_x",
    "Email = null": "Cox Dee_x",
    "Email != NULL": "Ash Bay",
    "email IN ('ash@a.example', 'x@y.example')": "Ash",
    "Email NOT IN ('ash@a.example')": "Bay Cox Dee_x",
    "Email IN ('ash@a.example', null)": "Ash Cox Dee_x",
    "LastName LIKE 'b%'": "Bay",
    "LastName LIKE '_o_'": "Cox",
    r"LastName LIKE '%\_x'": "Dee_x",
    "(NOT LastName LIKE 'b%')": "Ash Cox Dee_x",
    "NOT (Email = 'ash@a.example' OR Rating = 'Cold')": "Bay Dee_x",
    "NumberOfEmployees > 10 AND NumberOfEmployees <= 30": "Bay Cox",
    "NumberOfEmployees <> 20": "Ash Cox Dee_x",
    "AnnualRevenue = 1000.0": "Dee_x",
    "HasOptedOutOfEmail = TRUE": "Dee_x",
    "(Rating = 'Hot' OR Rating = 'Cold') AND (NumberOfEmployees >= 20)": "Bay Cox",
    r"Company = 'Cox & \'Sons\''": "Cox",
    "CreatedDate > 2026-11-21T09:00:00+01:00": "Bay Cox Dee_x",
    "CreatedDate <= 2026-11-21T08:00:00Z": "Ash",
    "CreatedDate = TODAY": "Cox Dee_x",
    "CreatedDate = YESTERDAY": "Bay",
    "CreatedDate < TODAY": "Ash Bay",
    "CreatedDate = LAST_N_DAYS:1": "Bay Cox Dee_x",
    "CreatedDate != TODAY": "Ash Bay",
    "CreatedDate = N_DAYS_AGO:2": "Ash",
    "Owner.Name = 'inbound'": "Bay",
    "Owner.Type = 'Queue'": "Bay",
    "Lead.Owner.Username = 'integration@org.example'": "Ash Cox Dee_x",
    "Id IN (SELECT LeadId FROM CampaignMember)": "Bay",
    "Id NOT IN (SELECT LeadId FROM CampaignMember WHERE Campaign.Name = 'Fair')": "Ash Cox Dee_x",
    "CALENDAR_YEAR(CreatedDate) = 2026 AND DAY_IN_MONTH(CreatedDate) = 22": "Bay",
}


@pytest.mark.parametrize("condition", CONDITIONS)
def test_a_condition_finds_the_leads_that_fulfil_it_sf_8_17(client: Client, condition: str) -> None:
    rows = client.records("select LastName from Lead where " + condition + " order by LastName")
    assert " ".join(row["LastName"] for row in rows) == CONDITIONS[condition]


#: Statement -> error code.
REFUSED = {
    "SELEC Id FROM Lead": "MALFORMED_QUERY",
    "SELECT Id FROM Lead WHERE": "MALFORMED_QUERY",
    "SELECT Id FROM Lead WHERE Id IN ()": "MALFORMED_QUERY",
    "SELECT Id FROM Lead WHERE Rating = 'a' AND Rating = 'b' OR Rating = 'c'": "MALFORMED_QUERY",
    "SELECT * FROM Lead": "MALFORMED_QUERY",
    "SELECT Id FROM Lead LIMIT -1": "MALFORMED_QUERY",
    "SELECT Id, FROM Lead": "MALFORMED_QUERY",
    'SELECT Id FROM Lead WHERE LastName = "x"': "MALFORMED_QUERY",
    "SELECT Foo FROM Lead": "INVALID_FIELD",
    "SELECT Owner.Foo FROM Lead": "INVALID_FIELD",
    "SELECT Foo.Name FROM Lead": "INVALID_FIELD",
    "SELECT Id, Id FROM Lead": "INVALID_FIELD",
    "SELECT Id FROM Foo": "INVALID_TYPE",
    "SELECT Id, (SELECT Id FROM Foos) FROM Lead": "INVALID_TYPE",
    "SELECT Id FROM Lead WHERE Description = 'x'": "INVALID_FIELD",
    "SELECT Id FROM Lead WHERE CreatedDate > '2026-01-01T00:00:00Z'": "INVALID_FIELD",
    "SELECT Id FROM Lead WHERE CreatedDate > 2026-01-01": "INVALID_FIELD",
    "SELECT Id FROM Lead WHERE ConvertedDate > 2026-01-01T00:00:00Z": "INVALID_FIELD",
    "SELECT Id FROM Lead WHERE LastName = 5": "INVALID_FIELD",
    "SELECT Id FROM Lead WHERE LastName = TODAY": "INVALID_FIELD",
    "SELECT Id FROM Lead WHERE NumberOfEmployees = '5'": "INVALID_FIELD",
    "SELECT Id FROM Lead WHERE IsConverted = 'true'": "INVALID_FIELD",
    "SELECT Id FROM Lead WHERE CreatedDate = SOMEDAY": "MALFORMED_QUERY",
    "SELECT Id FROM Lead WHERE Id = 'x'": "INVALID_QUERY_FILTER_OPERATOR",
    "SELECT Id FROM Lead WHERE Id LIKE '00Q%'": "INVALID_QUERY_FILTER_OPERATOR",
    "SELECT Id FROM Lead WHERE IsConverted > true": "INVALID_QUERY_FILTER_OPERATOR",
    "SELECT Id FROM Lead ORDER BY Description": "MALFORMED_QUERY",
    "SELECT Id FROM Lead OFFSET 2001": "NUMBER_OUTSIDE_VALID_RANGE",
    "SELECT Rating, Id FROM Lead GROUP BY Rating": "MALFORMED_QUERY",
    "SELECT CreatedDate FROM Lead GROUP BY CreatedDate": "MALFORMED_QUERY",
    "SELECT SUM(LastName) FROM Lead": "MALFORMED_QUERY",
    "SELECT COUNT(), Id FROM Lead": "MALFORMED_QUERY",
    "SELECT Id FROM Lead HAVING COUNT(Id) > 1": "MALFORMED_QUERY",
    "SELECT FIELDS(ALL) FROM Lead": "MALFORMED_QUERY",
    "SELECT NOSUCH(Id) FROM Lead": "MALFORMED_QUERY",
}


@pytest.mark.parametrize("statement", REFUSED)
def test_a_statement_is_refused_with_the_services_code_sf_8_17(client: Client, statement: str) -> None:
    answer = client.soql(statement)
    assert (answer.status, answer.code) == (400, REFUSED[statement])


def test_an_error_points_at_its_place_sf_8_17(client: Client) -> None:
    message = client.soql("select count() from XYZZY").body[0]["message"]
    assert message.startswith(
        "\nselect count() from XYZZY\n                    ^\nERROR at Row:1:Column:21\n"
        "sObject type 'XYZZY' is not supported."
    )
    second_row = client.soql("SELECT Id,\n  Foo FROM Lead").body[0]["message"]
    assert second_row.startswith("\n  Foo FROM Lead\n  ^\nERROR at Row:2:Column:3\n")


def names(client: Client, rest: str) -> str:
    rows = client.records("SELECT LastName FROM Lead " + rest)
    return " ".join(row["LastName"] for row in rows)


def test_rows_are_ordered_by_several_keys_with_nulls_where_asked_sf_8_17(client: Client) -> None:
    assert names(client, "ORDER BY Rating, LastName DESC") == "Dee_x Cox Bay Ash"
    assert names(client, "ORDER BY Rating DESC NULLS LAST, LastName") == "Ash Bay Cox Dee_x"
    assert names(client, "ORDER BY LastName LIMIT 2 OFFSET 1") == "Bay Cox"


def test_parents_are_nested_records_or_null_sf_8_17(client: Client) -> None:
    rows = client.soql("SELECT Owner.Name, ConvertedContact.Name, CreatedBy.Username FROM Lead LIMIT 1").body
    row = rows["records"][0]
    assert row["Owner"]["attributes"]["type"] == "Name"
    assert row["Owner"]["attributes"]["url"].startswith(f"{BASE}/sobjects/User/005")
    assert row["ConvertedContact"] is None
    assert row["CreatedBy"]["attributes"]["type"] == "User"


def test_children_are_nested_pages_or_null_sf_8_17(client: Client) -> None:
    rows = client.records(
        "SELECT LastName, (SELECT Subject, Owner.Name FROM Tasks WHERE IsClosed = false LIMIT 5) "
        "FROM Lead WHERE LastName < 'C' ORDER BY LastName"
    )
    assert rows[0]["Tasks"] is None
    assert rows[1]["Tasks"]["totalSize"] == 1
    assert rows[1]["Tasks"]["done"] is True
    assert rows[1]["Tasks"]["records"][0]["Subject"] == "Call"


def test_an_address_is_an_object_or_null(client: Client) -> None:
    rows = client.records("SELECT Address FROM Lead ORDER BY LastName LIMIT 2")
    assert rows[0]["Address"]["city"] == "Köln"
    assert rows[1]["Address"] is None


#: Statement -> records without attributes.
AGGREGATES: dict[str, list[dict[str, Any]]] = {
    "SELECT COUNT(Id) n FROM Lead": [{"n": 4}],
    "SELECT Rating, COUNT(Id), MAX(NumberOfEmployees) top FROM Lead GROUP BY Rating ORDER BY Rating": [
        {"Rating": None, "expr0": 1, "top": None},
        {"Rating": "Cold", "expr0": 1, "top": 30},
        {"Rating": "Hot", "expr0": 2, "top": 20},
    ],
    "SELECT Rating FROM Lead GROUP BY Rating HAVING COUNT(Id) > 1": [{"Rating": "Hot"}],
    "SELECT SUM(NumberOfEmployees) s, AVG(NumberOfEmployees) a, MIN(LastName) m FROM Lead": [
        {"s": 60, "a": 20.0, "m": "Ash"}
    ],
    "SELECT COUNT_DISTINCT(Rating) FROM Lead": [{"expr0": 2}],
    "SELECT Owner.Name who, COUNT(Id) n FROM Lead GROUP BY Owner.Name ORDER BY COUNT(Id) DESC": [
        {"who": "Integration", "n": 3},
        {"who": "Inbound", "n": 1},
    ],
    "SELECT DAY_ONLY(CreatedDate) d, COUNT(Id) n FROM Lead GROUP BY DAY_ONLY(CreatedDate) LIMIT 1": [
        {"d": "2026-11-21", "n": 1}
    ],
}


@pytest.mark.parametrize("statement", AGGREGATES)
def test_aggregates_count_and_group_sf_8_17(client: Client, statement: str) -> None:
    answer = client.soql(statement).body
    assert all(row["attributes"] == {"type": "AggregateResult"} for row in answer["records"])
    assert client.records(statement) == AGGREGATES[statement]


def test_count_without_a_field_gives_the_number_only_sf_8_17(client: Client) -> None:
    answer = client.soql("SELECT COUNT() FROM Lead WHERE Rating = 'Hot'").body
    assert answer == {"totalSize": 2, "done": True, "records": []}


def test_names_of_objects_and_fields_ignore_case_and_may_be_keywords_sf_8_17(client: Client) -> None:
    assert client.records("SELECT NAME, type FROM group") == [{"Name": "Inbound", "Type": "Queue"}]


def test_fields_and_typeof_expand(client: Client) -> None:
    row = client.records("SELECT FIELDS(STANDARD) FROM LeadStatus LIMIT 1")[0]
    assert row["ApiName"] == "Open - Not Contacted"
    rows = client.records(
        "SELECT TYPEOF Owner WHEN User THEN Username WHEN Group THEN Name, Type ELSE Id END FROM Lead "
        "ORDER BY LastName LIMIT 2"
    )
    assert rows[0]["Owner"]["Username"] == "integration@org.example"
    assert rows[1]["Owner"]["Type"] == "Queue"


def test_a_long_chain_of_conditions_is_answered(client: Client) -> None:
    chain = " OR ".join(f"NumberOfEmployees = {number}" for number in range(2_000))
    url = BASE + "/query?q=SELECT Id FROM Lead WHERE " + chain
    batch = {"compositeRequest": [{"method": "GET", "referenceId": "q", "url": url}]}
    answer = client.post("composite", batch).body["compositeResponse"][0]
    assert answer["body"]["totalSize"] == 3


@pytest.fixture(scope="module")
def big() -> Client:
    """An org with 2,500 leads."""
    client = Client()
    rows = [(line, [f"L{line:05d}", "Acme"]) for line in range(2, 2502)]
    client.app.load_csv("Lead", ["LastName", "Company"], rows, create_fields=False)
    return client


def test_pages_follow_each_other_to_the_end_sf_8_18(big: Client) -> None:
    first = big.soql("SELECT LastName FROM Lead ORDER BY LastName DESC").body
    assert (first["totalSize"], first["done"], len(first["records"])) == (2500, False, 2000)
    assert first["nextRecordsUrl"].startswith(f"{BASE}/query/0r8")
    last = big.get(first["nextRecordsUrl"]).body
    assert (last["done"], len(last["records"])) == (True, 500)
    assert "nextRecordsUrl" not in last
    assert last["records"][-1]["LastName"] == "L00002"


@pytest.mark.parametrize(
    ("asked", "given"), [("batchSize=500", 500), ("batchSize=1", 200), ("batchSize=9999", 2000)]
)
def test_the_page_size_is_kept_within_bounds_sf_8_18(big: Client, asked: str, given: int) -> None:
    page = big.soql("SELECT Id FROM Lead", sforce_query_options=asked).body
    assert len(page["records"]) == given


def test_the_rows_of_a_locator_are_fixed_when_it_is_opened_sf_8_18() -> None:
    client = Client()
    rows = [(line, [f"L{line:05d}", "Acme"]) for line in range(2, 302)]
    loaded = client.app.load_csv("Lead", ["LastName", "Company"], rows, create_fields=False)
    first = client.soql(
        "SELECT LastName FROM Lead ORDER BY LastName", sforce_query_options="batchSize=200"
    ).body
    client.lead(LastName="A")
    client.patch(f"sobjects/Lead/{loaded.ids[-1]}", {"LastName": "B"})
    rest = [row["LastName"] for row in client.get(first["nextRecordsUrl"]).body["records"]]
    assert len(rest) == 100
    assert rest[-1] == "B"


def test_only_ten_locators_stay_open_and_none_for_more_than_two_days_sf_8_18(big: Client) -> None:
    locators = [big.soql("SELECT Id FROM Lead").body["nextRecordsUrl"] for _ in range(11)]
    oldest = big.get(locators[0])
    assert (oldest.status, oldest.code) == (400, "INVALID_QUERY_LOCATOR")
    assert big.get(locators[1]).status == 200
    big.world.clock.advance(2 * 86_400 + 1)
    assert big.get(locators[-1]).code == "INVALID_QUERY_LOCATOR"
    assert big.get("query/nonsense").code == "INVALID_QUERY_LOCATOR"


def test_two_long_custom_texts_make_pages_of_200(big: Client) -> None:
    big.custom("Lead.One__c", label="One", type="LongTextArea", length=32_768, visibleLines=3)
    big.custom("Lead.Two__c", label="Two", type="LongTextArea", length=32_768, visibleLines=3)
    assert len(big.soql("SELECT One__c, Two__c FROM Lead").body["records"]) == 200
