"""CSV files in."""

from __future__ import annotations

from pathlib import Path

import pytest

from crmbridge.errors import ConfigError
from crmbridge.sandbox import Sandbox
from crmbridge.sandbox.app import SkippedRow
from tests.sandbox.conftest import Http


def test_a_file_with_a_byte_order_mark_is_read(sandbox: Sandbox, http: Http, tmp_path: Path) -> None:
    file = tmp_path / "people.csv"
    file.write_bytes("\ufeffemail,city\r\na@example.com,Zürich\r\n".encode())
    assert sandbox.load("hubspot.contacts", file).loaded == 1
    assert http.read("101", "email", "city") == {"email": "a@example.com", "city": "Zürich"}


def test_every_row_is_loaded_or_skipped_with_its_line_and_reason(sandbox: Sandbox) -> None:
    text = "\n".join(
        [
            "email,lifecyclestage,",
            "a@example.com,lead,",
            "short@example.com",
            "b@example.com,Marketing Qualified Lead,x",
            "A@example.com,lead,",
            "",
            "c@example.com,customer,,,",
            '"d@example.com","lead","two\nlines"',
        ]
    )
    report = sandbox.load("hubspot.contacts", text)
    assert report.skipped == (
        SkippedRow(line=3, reason="has 1 cells, the header has 3"),
        SkippedRow(line=4, reason="lifecyclestage: INVALID_OPTION"),
        SkippedRow(line=5, reason="email: another record has this value"),
    )
    assert (report.rows, report.loaded, report.nameless_columns) == (6, 3, (3,))
    assert report.ids == ("101", "", "", "102", "103")


def test_unknown_columns_are_all_named_and_nothing_is_loaded(sandbox: Sandbox, http: Http) -> None:
    with pytest.raises(ConfigError) as caught:
        sandbox.load("hubspot.contacts", "email,visits,pages\na@example.com,1,2\n")
    assert [problem.key for problem in caught.value.problems] == ["visits", "pages"]
    assert http.get("/crm/v3/objects/contacts").json == {"results": []}


def test_unknown_columns_become_text_properties_when_asked(sandbox: Sandbox, http: Http) -> None:
    report = sandbox.load("hubspot.contacts", "email,total_visits\na@example.com,5\n", create_fields=True)
    assert report.created_fields == ("total_visits",)
    made = http.get("/crm/v3/properties/contacts/total_visits").json
    assert (made["type"], made["fieldType"], made["hubspotDefined"]) == ("string", "text", False)
    assert http.read("101", "total_visits") == {"total_visits": "5"}


def test_salesforce_fields_get_their_suffix(sandbox: Sandbox) -> None:
    text = "LastName,Company,Visits,Tier__c\nBerg,Acorn,5,gold\n"
    report = sandbox.load("salesforce.Lead", text, create_fields=True)
    assert (report.loaded, report.created_fields) == (1, ("Visits__c", "Tier__c"))


def test_a_file_can_describe_a_past(sandbox: Sandbox, http: Http) -> None:
    header = "email,hs_object_id,createdate,lastmodifieddate,lifecyclestage"
    text = f"{header}\na@example.com,7,2025-01-02,2025-03-04,lead\n"
    sandbox.load("hubspot.contacts", text)
    shown = http.get("/crm/v3/objects/contacts/7").json
    assert (shown["createdAt"], shown["updatedAt"]) == (
        "2025-01-02T00:00:00.000Z",
        "2025-03-04T00:00:00.000Z",
    )
    assert http.read("7", "hs_v2_date_entered_lead") == {
        "hs_v2_date_entered_lead": "2025-01-02T00:00:00.000Z"
    }


def test_rows_can_be_associated_with_what_is_there(sandbox: Sandbox, http: Http) -> None:
    contact = http.contact(email="a@example.com")
    sandbox.load("hubspot.calls", f"hs_timestamp,associations.contacts\n2026-01-01,{contact}\n")
    assert http.read(contact, "num_notes") == {"num_notes": "1"}
    with pytest.raises(ConfigError):
        sandbox.load("hubspot.calls", "hs_timestamp,associations.contacts\n2026-01-01,999\n")


@pytest.mark.parametrize(
    ("name", "text"),
    [
        ("hubspot.contacts", ""),
        ("hubspot.contacts", ",,\n1,2,3\n"),
        ("hubspot.contacts", "email,email\na,b\n"),
        ("hubspot.contacts", "Bad Name\nx\n"),
        ("hubspot.owners", "name\nAnn\n"),
        ("contacts", "email\na@example.com\n"),
        ("zoho.leads", "email\na@example.com\n"),
        ("salesforce.Butterfly", "Name\nx\n"),
    ],
)
def test_what_cannot_be_loaded_is_refused(sandbox: Sandbox, name: str, text: str) -> None:
    with pytest.raises(ConfigError):
        sandbox.load(name, text, create_fields=True)


@pytest.mark.parametrize("content", [None, b"email\n\xff\xfe\n"])
def test_a_file_that_cannot_be_read_is_refused(
    sandbox: Sandbox, tmp_path: Path, content: bytes | None
) -> None:
    file = tmp_path / "people.csv"
    if content is not None:
        file.write_bytes(content)
    with pytest.raises(ConfigError, match="people"):
        sandbox.load("hubspot.contacts", file)
