"""Single records of the emulated org. "sf_8_n" names line n of the facts, §8."""

from __future__ import annotations

from typing import Any

import pytest

from crmbridge.sandbox.salesforce import ids
from tests.sandbox.salesforce import BASE, Client


@pytest.fixture
def client() -> Client:
    return Client()


@pytest.mark.parametrize(
    ("short", "check"),
    [("00Q000000000001", "EAA"), ("0057e00000RmwSW", "AAZ"), ("00DJo0000000001", "MAA")],
)
def test_the_checksum_marks_the_capitals_sf_8_5(short: str, check: str) -> None:
    assert ids.checksum(short) == check
    assert ids.to_long(short) == short + check


def test_ids_are_18_characters_with_prefix_and_come_again_with_the_same_seed_sf_8_5(client: Client) -> None:
    first = client.lead()
    assert first.startswith("00Q")
    assert len(first) == 18
    assert ids.to_long(first[:15]) == first
    assert Client().lead() == first


def test_an_id_may_be_short_or_have_lost_its_case_but_its_checksum_counts_sf_8_5(client: Client) -> None:
    lead = client.lead()
    assert client.get(f"sobjects/Lead/{lead[:15]}").body["Id"] == lead
    assert client.get(f"sobjects/Lead/{lead.lower()}").body["Id"] == lead
    assert client.get("sobjects/Lead/00Q000000000001EAB").code == "MALFORMED_ID"
    assert client.get("sobjects/Lead/nonsense").status == 400


CREATE_ERRORS: dict[str, tuple[dict[str, Any], str, list[str]]] = {
    "unknown field": ({"Foo": 1}, "INVALID_FIELD", []),
    "read-only field": ({"PhotoUrl": "x"}, "INVALID_FIELD_FOR_INSERT_UPDATE", ["PhotoUrl"]),
    "missing required": ({"LastName": "", "Company": ""}, "REQUIRED_FIELD_MISSING", ["LastName", "Company"]),
    "too long": ({"City": "x" * 41}, "STRING_TOO_LONG", ["City"]),
    "restricted picklist": (
        {"CleanStatus": "Bogus"},
        "INVALID_OR_NULL_FOR_RESTRICTED_PICKLIST",
        ["CleanStatus"],
    ),
    "bad e-mail": ({"Email": "not an address"}, "INVALID_EMAIL_ADDRESS", ["Email"]),
    "text for a number": ({"AnnualRevenue": "much"}, "JSON_PARSER_ERROR", []),
    "number for a text": ({"City": 5}, "JSON_PARSER_ERROR", []),
    "number too large": ({"NumberOfEmployees": 10**10}, "NUMBER_OUTSIDE_VALID_RANGE", ["NumberOfEmployees"]),
    "bad boolean": ({"DoNotCall": "perhaps"}, "JSON_PARSER_ERROR", []),
    "malformed id": ({"OwnerId": "me"}, "MALFORMED_ID", ["OwnerId"]),
    "unknown owner": ({"OwnerId": "005000000000009AAA"}, "INVALID_CROSS_REFERENCE_KEY", []),
    "id in an insert": ({"Id": "00Q000000000001AAA"}, "INVALID_FIELD_FOR_INSERT_UPDATE", ["Id"]),
}  # fmt: skip


@pytest.mark.parametrize("case", CREATE_ERRORS)
def test_a_create_is_checked_against_the_field_tables_sf_8_6(client: Client, case: str) -> None:
    fields, code, names = CREATE_ERRORS[case]
    answer = client.post("sobjects/Lead", {"LastName": "Doe", "Company": "Acme", **fields})
    assert (answer.status, answer.code) == (400, code)
    assert answer.body[0].get("fields", []) == names
    assert client.soql("SELECT COUNT() FROM Lead").body["totalSize"] == 0


def test_too_long_a_text_is_refused_in_the_services_words_sf_8_6(client: Client) -> None:
    answer = client.post("sobjects/Lead", {"LastName": "Doe", "Company": "Acme", "City": "x" * 41})
    assert answer.body[0]["message"] == f"City: data value too large: {'x' * 41} (max length=40)"


def test_an_open_picklist_takes_anything_and_defaults_are_applied_sf_8_6(client: Client) -> None:
    lead = client.lead(Industry="Underwater Basket Weaving")
    row = client.get(f"sobjects/Lead/{lead}").body
    assert row["Industry"] == "Underwater Basket Weaving"
    assert row["Status"] == "Open - Not Contacted"
    assert row["Name"] == "Doe"
    assert row["OwnerId"] == client.app.org.seeds.integration_user_id


def test_null_clears_and_required_fields_cannot_be_cleared(client: Client) -> None:
    lead = client.lead(City="Bonn")
    assert client.patch(f"sobjects/Lead/{lead}", {"City": None}).status == 204
    assert client.get(f"sobjects/Lead/{lead}?fields=City").body["City"] is None
    assert client.patch(f"sobjects/Lead/{lead}", {"LastName": ""}).code == "REQUIRED_FIELD_MISSING"


def test_every_successful_write_moves_the_stamps_in_whole_seconds_sf_8_7(client: Client) -> None:
    lead = client.lead()
    client.world.clock.advance(90.75)
    assert client.patch(f"sobjects/Lead/{lead}", {"LastName": "Doe"}).status == 204
    row = client.get(f"sobjects/Lead/{lead}").body
    assert row["SystemModstamp"] == row["LastModifiedDate"] == "2026-11-21T08:01:30.000+0000"
    assert row["CreatedDate"] == "2026-11-21T08:00:00.000+0000"
    assert row["LastModifiedById"] == client.app.org.seeds.integration_user_id


def test_automation_moves_system_modstamp_alone_sf_8_7(client: Client) -> None:
    lead = client.lead()
    client.world.clock.advance(10)
    client.app.act("touch", {"object": "Lead", "record_id": lead})
    row = client.get(f"sobjects/Lead/{lead}").body
    assert row["SystemModstamp"] > row["LastModifiedDate"]


def test_upsert_creates_then_updates_by_external_id_sf_8_8(client: Client) -> None:
    client.custom("Lead.Ext__c", label="Ext", type="Text", length=40, externalId=True, unique=True)
    created = client.patch("sobjects/Lead/Ext__c/a%2Fb%20c", {"LastName": "Doe", "Company": "Acme"})
    updated = client.patch("sobjects/Lead/Ext__c/a%2Fb%20c", {"City": "Bonn"})
    assert (created.status, created.body["created"]) == (201, True)
    assert (updated.status, updated.body["created"]) == (200, False)
    assert created.body["id"] == updated.body["id"]
    assert created.headers["Location"] == f"{BASE}/sobjects/Lead/{created.body['id']}"
    assert client.get("sobjects/Lead/Ext__c/a%2Fb%20c").body["City"] == "Bonn"


def test_upsert_refuses_ids_in_the_body_and_can_be_kept_from_inserting_sf_8_8(client: Client) -> None:
    client.custom("Lead.Ext__c", label="Ext", type="Text", length=40, externalId=True, unique=True)
    lead = client.lead(Ext__c="1")
    assert client.patch("sobjects/Lead/Ext__c/1", {"Id": lead}).code == "INVALID_FIELD"
    assert client.patch("sobjects/Lead/Ext__c/1", {"Ext__c": "1"}).code == "INVALID_FIELD"
    assert client.patch("sobjects/Lead/Ext__c/2?updateOnly=true", {"City": "x"}).status == 404
    assert client.patch("sobjects/Lead/City/2", {"LastName": "x"}).status == 404


def test_an_email_that_two_leads_share_gives_300_and_their_urls_sf_8_8(client: Client) -> None:
    twins = [client.lead(Email="two@example.com"), client.lead(Email="TWO@example.com")]
    answer = client.patch("sobjects/Lead/Email/two@example.com", {"City": "Bonn"})
    assert answer.status == 300
    assert answer.body == [f"{BASE}/sobjects/Lead/{twin}" for twin in twins]


def test_a_unique_field_refuses_a_second_record(client: Client) -> None:
    client.custom("Lead.Ext__c", label="Ext", type="Text", length=40, externalId=True, unique=True)
    first = client.lead(Ext__c="x")
    answer = client.post("sobjects/Lead", {"LastName": "Doe", "Company": "Acme", "Ext__c": "X"})
    assert answer.code == "DUPLICATE_VALUE"
    assert first[:15] in answer.body[0]["message"]
    assert client.patch(f"sobjects/Lead/{first}", {"Ext__c": "x"}).status == 204


def test_a_deleted_record_is_hidden_and_can_come_back_sf_8_9(client: Client) -> None:
    lead = client.lead()
    assert client.delete(f"sobjects/Lead/{lead}").status == 204
    gone = client.get(f"sobjects/Lead/{lead}")
    assert (gone.status, gone.code) == (404, "ENTITY_IS_DELETED")
    assert client.records("SELECT Id FROM Lead") == []
    assert client.records("SELECT IsDeleted FROM Lead", "queryAll") == [{"IsDeleted": True}]
    client.world.clock.advance(5)
    client.app.act("undelete", {"object": "Lead", "record_id": lead})
    row = client.get(f"sobjects/Lead/{lead}").body
    assert row["IsDeleted"] is False
    assert row["SystemModstamp"] == "2026-11-21T08:00:05.000+0000"


def test_a_merge_deletes_the_loser_and_moves_what_refers_to_it_sf_8_9(client: Client) -> None:
    master, loser = client.lead(), client.lead()
    task = client.create("Task", WhoId=loser, Subject="Call")
    client.app.act("merge", {"object": "Lead", "master_id": master, "loser_ids": [loser]})
    rows = client.records("SELECT Id, IsDeleted, MasterRecordId FROM Lead ORDER BY Id", "queryAll")
    assert rows == [
        {"Id": master, "IsDeleted": False, "MasterRecordId": None},
        {"Id": loser, "IsDeleted": True, "MasterRecordId": master},
    ]
    assert client.get(f"sobjects/Task/{task}").body["WhoId"] == master


def test_a_converted_lead_stays_readable_and_refuses_writes_sf_8_10(client: Client) -> None:
    lead = client.lead(FirstName="Jo", Email="jo@acme.example", City="Bonn")
    task = client.create("Task", WhoId=lead, Subject="Call")
    made = client.app.act("convert", {"lead_id": lead, "opportunity_name": "Deal"})
    row = client.get(f"sobjects/Lead/{lead}").body
    assert row["IsConverted"] is True
    assert row["ConvertedContactId"] == made["contact_id"]
    assert row["ConvertedDate"] == "2026-11-21"
    refused = client.patch(f"sobjects/Lead/{lead}", {"City": "Köln"})
    assert (refused.status, refused.code) == (400, "CANNOT_UPDATE_CONVERTED_LEAD")
    contact = client.get(f"sobjects/Contact/{made['contact_id']}").body
    assert (contact["Name"], contact["MailingCity"]) == ("Jo Doe", "Bonn")
    assert contact["AccountId"] == made["account_id"]
    assert client.get(f"sobjects/Task/{task}").body["WhoId"] == made["contact_id"]


def test_owners_must_exist_be_active_and_fit_the_object_sf_8_11(client: Client) -> None:
    lead = client.lead()
    contact = client.create("Contact", LastName="Doe")
    left = client.user("left", IsActive=False)
    leads, tasks = client.queue("Leads", "Lead"), client.queue("Tasks", "Task")
    assert client.patch(f"sobjects/Lead/{lead}", {"OwnerId": left}).code == "INACTIVE_OWNER_OR_USER"
    assert client.patch(f"sobjects/Lead/{lead}", {"OwnerId": leads}).status == 204
    assert client.patch(f"sobjects/Lead/{lead}", {"OwnerId": tasks}).code == "INVALID_CROSS_REFERENCE_KEY"
    assert client.patch(f"sobjects/Contact/{contact}", {"OwnerId": leads}).code == "FIELD_INTEGRITY_EXCEPTION"
    owner = client.records("SELECT Owner.Name, Owner.Type FROM Lead")[0]["Owner"]
    assert (owner["Name"], owner["Type"]) == ("Leads", "Queue")


def test_an_assignment_rule_takes_the_lead_unless_the_header_says_false_sf_8_12(client: Client) -> None:
    ann, bea = client.user("ann"), client.user("bea")
    client.options.assignment_owner = "ann@org.example"
    lead = client.lead(OwnerId=bea)
    assert client.get(f"sobjects/Lead/{lead}").body["OwnerId"] == ann
    client.patch(f"sobjects/Lead/{lead}", {"OwnerId": bea}, sforce_auto_assign="FALSE")
    assert client.get(f"sobjects/Lead/{lead}").body["OwnerId"] == bea
    client.patch(f"sobjects/Lead/{lead}", {"City": "Bonn"})
    assert client.get(f"sobjects/Lead/{lead}").body["OwnerId"] == ann


@pytest.mark.parametrize(("mode", "saved"), [("alert", 201), ("block", 400)])
def test_a_duplicate_rule_alerts_or_blocks_sf_8_13(client: Client, mode: str, saved: int) -> None:
    client.lead(Email="jo@acme.example")
    client.options.duplicate_rule = mode
    body = {"LastName": "Doe", "Company": "Acme", "Email": "jo@acme.example"}
    refused = client.post("sobjects/Lead", body)
    assert (refused.status, refused.code) == (400, "DUPLICATES_DETECTED")
    assert refused.body[0]["duplicateResut"]["allowSave"] is (mode == "alert")
    again = client.post("sobjects/Lead", body, sforce_duplicate_rule_header="allowSave=true")
    assert again.status == saved


def test_a_validation_rule_refuses_with_its_own_text_sf_8_14(client: Client) -> None:
    client.options.validation_rules = frozenset(
        {"Lead | Status = 'Closed - Not Converted' AND Rating = null | Say why."}
    )
    lead = client.lead()
    refused = client.patch(f"sobjects/Lead/{lead}", {"Status": "Closed - Not Converted"})
    assert refused.body == [
        {"message": "Say why.", "errorCode": "FIELD_CUSTOM_VALIDATION_EXCEPTION", "fields": []}
    ]
    assert client.get(f"sobjects/Lead/{lead}").body["Status"] == "Open - Not Contacted"
    both = {"Status": "Closed - Not Converted", "Rating": "Cold"}
    assert client.patch(f"sobjects/Lead/{lead}", both).status == 204


def test_history_has_rows_for_tracked_fields_only_sf_8_15(client: Client) -> None:
    client.options.tracked_fields = frozenset({"Lead.Status"})
    lead = client.lead()
    client.patch(f"sobjects/Lead/{lead}", {"Status": "Working - Contacted", "City": "Bonn"})
    rows = client.records("SELECT LeadId, Field, OldValue, NewValue FROM LeadHistory")
    assert rows == [
        {"LeadId": lead, "Field": "created", "OldValue": None, "NewValue": None},
        {
            "LeadId": lead,
            "Field": "Status",
            "OldValue": "Open - Not Contacted",
            "NewValue": "Working - Contacted",
        },
    ]
    assert client.soql("SELECT Id FROM LeadHistory WHERE NewValue = 'x'").code == "INVALID_FIELD"


def test_an_owner_change_is_told_by_names_and_by_ids_sf_8_15(client: Client) -> None:
    lead, ann = client.lead(), client.user("ann")
    client.patch(f"sobjects/Lead/{lead}", {"OwnerId": ann})
    rows = client.records("SELECT OldValue, NewValue FROM LeadHistory WHERE Field = 'Owner'")
    own = client.app.org.seeds.integration_user_id
    assert rows == [{"OldValue": "Integration", "NewValue": "Ann"}, {"OldValue": own, "NewValue": ann}]


def test_an_opportunity_follows_its_stage(client: Client) -> None:
    deal = client.create(
        "Opportunity", Name="Deal", StageName="Prospecting", CloseDate="2026-12-01", Amount=1000
    )
    client.patch(f"sobjects/Opportunity/{deal}", {"StageName": "Closed Won"})
    row = client.get(f"sobjects/Opportunity/{deal}").body
    assert (row["IsClosed"], row["IsWon"], row["Probability"]) == (True, True, 100.0)
    assert (row["FiscalYear"], row["ExpectedRevenue"]) == (2026, 1000.0)
    stages = client.records("SELECT StageName FROM OpportunityHistory")
    assert stages == [{"StageName": "Prospecting"}, {"StageName": "Closed Won"}]


def test_a_campaign_member_copies_its_person_and_responds(client: Client) -> None:
    campaign, lead = client.create("Campaign", Name="Fair"), client.lead(Email="jo@acme.example")
    member = client.create("CampaignMember", CampaignId=campaign, LeadId=lead)
    row = client.get(f"sobjects/CampaignMember/{member}").body
    assert (row["Status"], row["HasResponded"], row["Email"]) == ("Sent", False, "jo@acme.example")
    client.patch(f"sobjects/CampaignMember/{member}", {"Status": "Responded"})
    assert client.get(f"sobjects/CampaignMember/{member}").body["FirstRespondedDate"] == "2026-11-21"
    again = client.post("sobjects/CampaignMember", {"CampaignId": campaign, "LeadId": lead})
    assert again.code == "DUPLICATE_VALUE"


def test_a_row_is_written_only_if_nobody_changed_it_since_sf_8_16(client: Client) -> None:
    lead = client.lead()
    read = client.get(f"sobjects/Lead/{lead}").headers["Last-Modified"]
    assert read == "Sat, 21 Nov 2026 08:00:00 GMT"
    # The blind spot: a change within the same second goes unnoticed.
    assert client.patch(f"sobjects/Lead/{lead}", {"City": "A"}, if_unmodified_since=read).status == 204
    client.world.clock.advance(1)
    client.patch(f"sobjects/Lead/{lead}", {"City": "B"})
    assert client.patch(f"sobjects/Lead/{lead}", {"City": "C"}, if_unmodified_since=read).status == 412
    assert client.get(f"sobjects/Lead/{lead}").body["City"] == "B"
    assert client.patch(f"sobjects/Lead/{lead}", {"City": "C"}, if_unmodified_since="soon").status == 400


def test_an_unchanged_row_is_not_sent_again_and_only_accounts_have_an_etag_sf_8_16(client: Client) -> None:
    lead, account = client.lead(), client.create("Account", Name="Acme")
    row = client.get(f"sobjects/Lead/{lead}")
    assert "ETag" not in row.headers
    same = client.get(f"sobjects/Lead/{lead}", if_modified_since=row.headers["Last-Modified"])
    assert (same.status, same.body) == (304, None)
    tag = client.get(f"sobjects/Account/{account}").headers["ETag"]
    assert client.get(f"sobjects/Account/{account}", if_none_match=tag).status == 304
    assert client.patch(f"sobjects/Account/{account}", {"Site": "x"}, if_match='"other"').status == 412
    assert client.patch(f"sobjects/Account/{account}", {"Site": "x"}, if_match=tag).status == 204


def test_a_parent_may_be_named_by_its_external_id(client: Client) -> None:
    client.custom("Account.Number__c", label="Number", type="Text", length=20, externalId=True, unique=True)
    account = client.create("Account", Name="Acme", Number__c="7")
    contact = client.create("Contact", LastName="Doe", Account={"Number__c": "7"})
    assert client.get(f"sobjects/Contact/{contact}").body["AccountId"] == account
    missing = client.post("sobjects/Contact", {"LastName": "Doe", "Account": {"Number__c": "8"}})
    assert missing.code == "INVALID_FIELD"


def test_get_updated_and_get_deleted_ignore_seconds_sf_8_23(client: Client) -> None:
    lead, gone = client.lead(), client.lead()
    client.world.clock.advance(3600)
    client.delete(f"sobjects/Lead/{gone}")
    client.world.clock.advance(120)
    window = "start=2026-11-21T07:30:59%2B00:00&end=2026-11-21T10:00:00%2B00:00"
    updated = client.get(f"sobjects/Lead/updated/?{window}").body
    assert updated == {"ids": [lead], "latestDateCovered": "2026-11-21T09:02:00.000+0000"}
    deleted = client.get(f"sobjects/Lead/deleted/?{window}").body
    assert deleted["deletedRecords"] == [{"id": gone, "deletedDate": "2026-11-21T09:00:00.000+0000"}]
    old = client.get("sobjects/Lead/updated?start=2026-01-01T00:00:00Z&end=2026-11-21T00:00:00Z")
    assert old.code == "INVALID_REPLICATION_DATE"


def test_the_audit_log_tells_who_changed_which_fields_sf_8_25(client: Client) -> None:
    entry = client.world.audit.begin(at="", crm="salesforce", method="POST", path="", query="")
    lead = client.lead(City="Bonn")
    assert entry.user == "integration@org.example"
    assert entry.effects == [f"salesforce Lead {lead} created LastName, Company, City"]
