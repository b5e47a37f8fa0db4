"""Salesforce's rows and values, both directions, as tables of examples."""

from __future__ import annotations

from datetime import UTC, date, datetime
from decimal import Decimal
from typing import Any

import pytest

from crmbridge.adapters.salesforce.activities import to_activity
from crmbridge.adapters.salesforce.owners import to_owners
from crmbridge.adapters.salesforce.provision import metadata, permission_set
from crmbridge.adapters.salesforce.read import to_account, to_opportunity, to_record
from crmbridge.adapters.salesforce.schema import needed_rights
from crmbridge.adapters.salesforce.tables import (
    CALLS,
    CONDITIONAL_LIMIT,
    NEW_FIELD_TYPES,
    QUERIES_PER_CALL,
    SOURCES,
)
from crmbridge.adapters.salesforce.write import from_change, same
from crmbridge.errors import MappingError
from crmbridge.mapping import Mapping, ObjectMap
from crmbridge.model import (
    Account,
    Activity,
    ActivityKind,
    Direction,
    Money,
    Opportunity,
    Owner,
    OwnerKind,
    RecordRef,
    Value,
    Write,
)
from crmbridge.normalise import Kind
from crmbridge.ports import FieldOption, NewField

LEAD = "00QAA00000000012AA"
CONTACT = "003AA0000000001YAA"
USER = "005AA0000000001YAA"
STAMP = "2026-05-01T07:25:37.000+0000"
AT = datetime(2026, 5, 1, 7, 25, 37, tzinfo=UTC)


def lead_map() -> ObjectMap:
    found = Mapping.default().object("salesforce", "Lead")
    assert found is not None
    return found


def row(**values: Any) -> dict[str, Any]:
    return {"Id": LEAD, "SystemModstamp": STAMP, "IsDeleted": False} | values


# rows ------------------------------------------------------------------------------------------------


def test_a_lead_carries_its_version_its_time_and_its_mapped_fields() -> None:
    raw = row(Email="Ann@Example.com ", LastModifiedDate="2026-05-01T07:00:00.000+0000", OwnerId=USER)
    record = to_record(raw, lead_map())
    assert record.ref == RecordRef("salesforce", "Lead", LEAD)
    assert record.version == STAMP
    assert record.modified_at == datetime(2026, 5, 1, 7, 0, tzinfo=UTC)
    assert record.fields == {"email": "ann@example.com", "owner": USER}
    assert not record.deleted
    assert record.raw is raw


def test_a_converted_lead_names_its_contact_and_counts_as_converted_whatever_its_status_says() -> None:
    record = to_record(row(IsConverted=True, ConvertedContactId=CONTACT, Status="Done deal"), lead_map())
    assert record.converted_to == RecordRef("salesforce", "Contact", CONTACT)
    assert record.fields["status"] == "converted"
    assert record.unknown == {}


def test_a_merged_lead_names_its_survivor_and_a_contact_its_account() -> None:
    contacts = Mapping.default().object("salesforce", "Contact")
    assert contacts is not None
    merged = to_record(row(IsDeleted=True, MasterRecordId="00QAA0000000002"), lead_map())
    assert merged.deleted
    assert merged.merged_into == RecordRef("salesforce", "Lead", "00QAA00000000022AA")
    contact = to_record(row(Id=CONTACT, AccountId="001AA0000000001"), contacts)
    assert contact.fields["account_id"] == "001AA0000000001YAA"


def test_a_status_without_a_mapping_is_kept_raw() -> None:
    record = to_record(row(Status="On ice"), lead_map())
    assert record.fields["status"] is None
    assert record.unknown == {"status": "On ice"}


@pytest.mark.parametrize(
    ("kind", "customer"),
    [("Customer - Direct", True), ("Prospect", False), ("Our own word", None), (None, None)],
)
def test_an_account_is_a_customer_by_its_type_alone(kind: str | None, customer: bool | None) -> None:
    assert to_account(row(Id="001AA0000000001YAA", Type=kind)).customer is customer


def test_an_account_comes_with_domain_owner_and_parent() -> None:
    raw = {"Name": "Acme  GmbH", "Website": "https://www.acme.example.com/x", "OwnerId": USER}
    account = to_account(row(Id="001AA0000000001", ParentId="001AA0000000002", NumberOfEmployees=9, **raw))
    assert account == Account(
        ref=RecordRef("salesforce", "Account", "001AA0000000001YAA"),
        name="Acme GmbH",
        domain="example.com",
        owner_id=USER,
        parent_id="001AA0000000002YAA",
        employee_count=9,
    )


def test_an_opportunity_keeps_its_currency_and_the_people_who_still_have_a_role() -> None:
    raw = row(Id="006AA0000000001YAA", Amount=1200.5, CurrencyIsoCode="CHF", StageName="Closed Won")
    raw |= {"IsClosed": True, "IsWon": True, "CloseDate": "2026-06-30", "CreatedDate": STAMP}
    roles: list[dict[str, Any]] = [
        {"ContactId": CONTACT, "IsDeleted": False},
        {"ContactId": "003AA0000000002YAA", "IsDeleted": True},
        {"ContactId": None},
    ]
    assert to_opportunity(raw, roles) == Opportunity(
        ref=RecordRef("salesforce", "Opportunity", "006AA0000000001YAA"),
        people=(RecordRef("salesforce", "Contact", CONTACT),),
        amount=Money(Decimal("1200.5"), "CHF"),
        raw_stage="Closed Won",
        closed=True,
        won=True,
        created_at=AT,
        close_on=date(2026, 6, 30),
    )


# activities ------------------------------------------------------------------------------------------


@pytest.mark.parametrize(
    ("subtype", "call_type", "kind", "direction"),
    [
        ("Call", "Inbound", ActivityKind.CALL, Direction.INBOUND),
        ("Call", "Outbound", ActivityKind.CALL, Direction.OUTBOUND),
        ("Call", "Internal", ActivityKind.CALL, Direction.UNKNOWN),
        ("Call", None, ActivityKind.CALL, Direction.UNKNOWN),
        ("Email", None, ActivityKind.EMAIL_SENT, Direction.OUTBOUND),
        ("ListEmail", None, ActivityKind.EMAIL_SENT, Direction.OUTBOUND),
        ("Task", None, ActivityKind.TASK, Direction.UNKNOWN),
        (None, None, ActivityKind.TASK, Direction.UNKNOWN),
        ("Carrier pigeon", None, ActivityKind.UNKNOWN, Direction.UNKNOWN),
    ],
)
def test_a_closed_task_is_what_its_subtype_says(
    subtype: str | None, call_type: str | None, kind: ActivityKind, direction: Direction
) -> None:
    raw = row(Id="00TAA00000000012AA", WhoId=LEAD, IsClosed=True, TaskSubtype=subtype, CallType=call_type)
    activity = to_activity("Task", raw | {"CompletedDateTime": STAMP})
    assert activity is not None
    assert (activity.kind, activity.direction, activity.at) == (kind, direction, AT)
    assert activity.raw_kind == (subtype or "Task")


def test_an_open_call_is_a_task_that_has_not_happened() -> None:
    raw = row(Id="00TAA00000000012AA", WhoId=LEAD, IsClosed=False, TaskSubtype="Call", CreatedDate=STAMP)
    activity = to_activity(
        "Task", raw | {"ActivityDate": "2030-01-01", "Status": "Not Started", "Subject": "Ring"}
    )
    assert activity == Activity(
        ref=RecordRef("salesforce", "Task", "00TAA00000000012AA"),
        person=RecordRef("salesforce", "Lead", LEAD),
        kind=ActivityKind.TASK,
        at=AT,
        name="Ring",
        raw_kind="Call",
        outcome="Not Started",
    )


def test_a_closed_task_without_a_time_happened_on_its_day() -> None:
    raw = row(WhoId=CONTACT, IsClosed=True, ActivityDate="2026-04-30", CreatedDate=STAMP)
    activity = to_activity("Task", raw)
    assert activity is not None
    assert activity.at == datetime(2026, 4, 30, tzinfo=UTC)
    assert activity.person == RecordRef("salesforce", "Contact", CONTACT)


def test_an_event_is_a_meeting_at_its_start() -> None:
    activity = to_activity("Event", row(WhoId=LEAD, StartDateTime=STAMP, CreatedDate="2026-01-01T00:00:00Z"))
    assert activity is not None
    assert (activity.kind, activity.at) == (ActivityKind.MEETING, AT)


@pytest.mark.parametrize(
    ("responded", "day", "kind", "direction", "at"),
    [
        (True, "2026-05-01", ActivityKind.CAMPAIGN_RESPONSE, Direction.INBOUND, AT),
        (
            True,
            "2026-05-03",
            ActivityKind.CAMPAIGN_RESPONSE,
            Direction.INBOUND,
            datetime(2026, 5, 3, tzinfo=UTC),
        ),
        (False, None, ActivityKind.EVENT, Direction.UNKNOWN, AT),
    ],
)
def test_a_campaign_member_is_a_response_once_it_responded(
    responded: bool, day: str | None, kind: ActivityKind, direction: Direction, at: datetime
) -> None:
    raw = row(
        LeadId=LEAD, ContactId=CONTACT, HasResponded=responded, FirstRespondedDate=day, CreatedDate=STAMP
    )
    activity = to_activity("CampaignMember", raw | {"Campaign": {"Name": "Spring fair"}, "Status": "Sent"})
    assert activity is not None
    assert (activity.kind, activity.direction, activity.at) == (kind, direction, at)
    assert activity.person == RecordRef("salesforce", "Contact", CONTACT)
    assert activity.name == "Spring fair"


def test_an_activity_with_somebody_of_another_kind_is_left_out() -> None:
    assert to_activity("Task", row(WhoId="00AAA0000000001AAA", IsClosed=True, CreatedDate=STAMP)) is None


# owners ----------------------------------------------------------------------------------------------


def test_owners_are_keyed_by_address_and_queues_know_what_they_may_own() -> None:
    users = [{"Id": USER, "Name": "Ann", "Email": "Ann@Example.com", "IsActive": True}]
    queue = {"QueueId": "00GAA00000000012AA", "Queue": {"Name": "Inbound", "Email": None}}
    owners = to_owners(users, [queue | {"SobjectType": "Lead"}, queue | {"SobjectType": "Case"}])
    assert owners == (
        Owner(
            key="ann@example.com",
            kind=OwnerKind.PERSON,
            name="Ann",
            salesforce_id=USER,
            salesforce_active=True,
        ),
        Owner(
            key="salesforce:Group:00GAA00000000012AA",
            kind=OwnerKind.QUEUE,
            name="Inbound",
            salesforce_id="00GAA00000000012AA",
            salesforce_active=True,
            queue_objects=("Case", "Lead"),
        ),
    )


def test_a_shared_address_belongs_to_the_active_person() -> None:
    gone = {"Id": "005AA0000000001YAA", "Email": "team@example.com", "IsActive": False}
    here = {"Id": "005AA0000000002YAA", "Email": "team@example.com", "IsActive": True}
    queue = {"QueueId": "00GAA00000000012AA", "Queue": {"Email": "team@example.com"}, "SobjectType": "Lead"}
    assert {owner.salesforce_id: owner.key for owner in to_owners([gone, here], [queue])} == {
        "005AA0000000002YAA": "team@example.com",
        "005AA0000000001YAA": "salesforce:User:005AA0000000001YAA",
        "00GAA00000000012AA": "salesforce:Group:00GAA00000000012AA",
    }


# changes ---------------------------------------------------------------------------------------------


def write(**values: Value) -> Write:
    return Write(lead_id="l1", crm="salesforce", object="Lead", id=LEAD, values=values)


@pytest.mark.parametrize(
    ("field", "value", "name", "wire"),
    [
        ("owner", "005AA0000000001", "OwnerId", USER),
        ("score", 61.25, "crmbridge_Score__c", 61.25),
        ("employee_count", 12, "NumberOfEmployees", 12),
        ("annual_revenue", Money(Decimal(1000), "EUR"), "AnnualRevenue", 1000),
        ("qualified_at", AT, "crmbridge_Qualified_At__c", "2026-05-01T07:25:37Z"),
        ("is_mql", True, "crmbridge_Is_MQL__c", True),
        ("is_mql", None, "crmbridge_Is_MQL__c", False),
        ("why", None, "crmbridge_Why__c", None),
        ("stage", "mql", "crmbridge_Stage__c", "mql"),
        ("status", "new", "Status", "Open - Not Contacted"),
        ("country", "DE", "Country", "Germany"),
    ],
)
def test_a_value_goes_out_as_json_of_its_kind(field: str, value: Value, name: str, wire: Any) -> None:
    assert from_change(write(**{field: value}), lead_map()) == {name: wire}


def test_an_owner_without_an_id_there_is_never_sent() -> None:
    with pytest.raises(MappingError):
        from_change(write(owner="ann@example.com"), lead_map())


@pytest.mark.parametrize(
    ("kind", "left", "right", "expected"),
    [
        (Kind.DATETIME, AT, AT.replace(microsecond=400_000), True),
        (Kind.DATETIME, AT, AT.replace(second=38), False),
        (Kind.NUMBER, 61.123456, 61.12, True),
        (Kind.NUMBER, 61.126, 61.12, False),
        (Kind.NUMBER, 0, None, False),
        (Kind.MONEY, Money(Decimal("10.001")), Money(Decimal(10), "EUR"), True),
        (Kind.MONEY, Money(Decimal(10), "CHF"), Money(Decimal(10), "EUR"), False),
        (Kind.BOOLEAN, None, False, True),
        (Kind.STAGE, "MQL", "mql", True),
        (Kind.TEXT, "Acme", "ACME", False),
        (Kind.TEXT, "Acme", None, False),
        (Kind.LONG_TEXT, "a \r\nb\n", "a\nb", True),
    ],
)
def test_what_salesforce_keeps_as_one_value_is_the_same(
    kind: Kind, left: Value, right: Value, expected: bool
) -> None:
    assert same(kind, left, right, 2) is expected
    assert same(kind, right, left, 2) is expected


# limits, rights and fields ---------------------------------------------------------------------------


def test_every_source_is_read_by_one_call_of_at_most_five_queries() -> None:
    asked = [name for names in CALLS for name in names]
    assert sorted(asked) == sorted(SOURCES)
    assert max(map(len, CALLS)) <= QUERIES_PER_CALL
    assert CONDITIONAL_LIMIT == 25  # sub-requests of a composite


def test_the_rights_follow_from_the_mapping() -> None:
    assert needed_rights(Mapping.default()) >= {"Lead.read", "Lead.edit", "Lead.create", "Opportunity.read"}
    reading = Mapping.parse({"format": 1, "write": {"create_salesforce_leads": False, "salesforce_lead": []}})
    assert not {"Lead.create", "Lead.edit"} & needed_rights(reading)


def test_the_permission_set_grants_what_is_written_and_no_deletion() -> None:
    text = permission_set(Mapping.default())
    assert "<field>Lead.crmbridge_Stage__c</field>" in text
    assert "<field>Lead.LastName</field>" not in text
    assert "<allowDelete>true</allowDelete>" not in text
    assert "<name>TransferAnyLead</name>" in text


def test_every_kind_of_field_can_be_created() -> None:
    assert {kind.value for kind in Kind} <= NEW_FIELD_TYPES.keys()


def test_the_external_id_field_is_unique_and_a_picklist_brings_its_values() -> None:
    key = NewField(object="Lead", name="X__c", label="X", kind="text", description="d", external_id=True)
    assert metadata(key) == {
        "type": "Text",
        "length": 255,
        "label": "X",
        "description": "d",
        "externalId": True,
        "unique": True,
        "caseSensitive": False,
    }
    option = FieldOption(value="mql", label="MQL")
    stage = NewField(object="Lead", name="S__c", label="S", kind="stage", description="d", options=(option,))
    assert metadata(stage)["valueSet"]["valueSetDefinition"]["value"] == [
        {"fullName": "mql", "label": "MQL", "default": False}
    ]
