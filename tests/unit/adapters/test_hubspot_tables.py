"""HubSpot's words and ours: rows, values, watermarks, one row each way."""

from __future__ import annotations

from datetime import UTC, date, datetime, timedelta
from decimal import Decimal
from typing import Any

import pytest

from crmbridge.adapters import adapter, names
from crmbridge.adapters.hubspot.activities import summaries, to_activities
from crmbridge.adapters.hubspot.answers import Associated, Associations, FromId, Peer, Row
from crmbridge.adapters.hubspot.marks import (
    EARLIEST,
    Mark,
    ScanMark,
    Window,
    fingerprint,
    mark_text,
    parse_mark,
    stamp,
)
from crmbridge.adapters.hubspot.owners import to_owner
from crmbridge.adapters.hubspot.read import to_account, to_opportunity, to_record
from crmbridge.adapters.hubspot.schema import needed_scopes, to_field
from crmbridge.adapters.hubspot.tables import ACTIVITIES, ACTIVITY_TABLES, EXTRA_PROPERTIES, salesforce_id
from crmbridge.adapters.hubspot.values import same, to_wire
from crmbridge.adapters.hubspot.walk import fits
from crmbridge.adapters.hubspot.write import from_change
from crmbridge.errors import ConfigError, MappingError
from crmbridge.mapping import Kind, Mapping, ObjectMap
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
from crmbridge.ports import FieldOption

STAMP = "2026-11-20T08:00:00.123Z"
NOON = datetime(2026, 11, 20, 12, tzinfo=UTC)


def contacts() -> ObjectMap:
    found = Mapping.default().object("hubspot", "contacts")
    assert found is not None
    return found


def row(id: str = "7", *, archived: bool = False, **properties: str | None) -> Row:
    return Row(id=id, properties=properties, updated_at=STAMP, archived=archived)


# CRM -> ours -----------------------------------------------------------------------------------------


def test_a_contact_reads_with_its_links_and_its_past() -> None:
    record = to_record(
        row(
            email="Ada@Example.com",
            lastname="",
            associatedcompanyid="99",
            hs_additional_emails="b@example.com;A@example.com",
            hs_merged_object_ids="12;3",
            salesforceleadid="00QB0000005fc6x",
        ),
        contacts(),
    )
    assert record.ref == RecordRef("hubspot", "contacts", "7")
    assert record.version == STAMP
    assert record.modified_at == datetime(2026, 11, 20, 8, 0, 0, 123_000, UTC)
    assert record.fields == {"email": "ada@example.com", "last_name": None, "account_id": "99"}
    assert record.other_emails == ("a@example.com", "b@example.com")
    assert record.absorbed_ids == ("12", "3")
    assert record.linked_to == RecordRef("salesforce", "Lead", "00QB0000005fc6xMAA")


def test_a_contact_in_salesforce_outweighs_the_lead_it_was() -> None:
    raw = row(salesforceleadid="00QB0000005fc6x", salesforcecontactid="003B0000005fc6xIAA")
    assert to_record(raw, contacts()).linked_to == RecordRef("salesforce", "Contact", "003B0000005fc6xIAA")


def test_a_lead_is_tied_to_its_contact() -> None:
    leads = Mapping.parse({"format": 1, "hubspot": {"status_object": "leads"}}).object("hubspot", "leads")
    assert leads is not None
    assert to_record(row(), leads, ("41", "42")).linked_to == RecordRef("hubspot", "contacts", "41")


def test_an_archived_row_is_deleted() -> None:
    assert to_record(row(archived=True), contacts()).deleted


def test_an_unmapped_stage_is_unknown_and_kept() -> None:
    record = to_record(row(lifecyclestage="1234567"), contacts())
    assert (record.fields["stage"], record.unknown["stage"]) == (None, "1234567")


@pytest.mark.parametrize(
    ("text", "expected"),
    [
        ("00QB0000005fc6x", "00QB0000005fc6xMAA"),
        ("00QB0000005fc6xMAA", "00QB0000005fc6xMAA"),
        ("", None),
        ("../User/0050000000abc", None),
        ("00QB0000005fc6", None),
    ],
)
def test_salesforce_ids_get_their_long_form(text: str, expected: str | None) -> None:
    assert salesforce_id(text) == expected


def test_a_company_reads_as_an_account() -> None:
    assert to_account(
        row(
            "9",
            name="Acme",
            domain="www.acme.co.uk",
            lifecyclestage="customer",
            numberofemployees="1200",
            hubspot_owner_id="5",
            hs_parent_company_id="",
            industry=None,
        )
    ) == Account(
        ref=RecordRef("hubspot", "companies", "9"),
        name="Acme",
        domain="acme.co.uk",
        owner_id="5",
        customer=True,
        employee_count=1200,
    )


def test_a_company_without_a_stage_may_or_may_not_be_a_customer() -> None:
    assert to_account(row(name="Acme")).customer is None


def test_a_deal_reads_as_an_opportunity_with_its_people() -> None:
    deal = row(
        "3",
        amount="100.50",
        deal_currency_code="EUR",
        dealstage="998877",
        hs_is_closed="true",
        hs_is_closed_won="true",
        closedate="2026-12-01T22:00:00Z",
        createdate="2026-11-01T00:00:00Z",
    )
    assert to_opportunity(deal, ("7", "8"), ("9",)) == Opportunity(
        ref=RecordRef("hubspot", "deals", "3"),
        people=(RecordRef("hubspot", "contacts", "7"), RecordRef("hubspot", "contacts", "8")),
        account_id="9",
        amount=Money(Decimal("100.50"), "EUR"),
        raw_stage="998877",
        closed=True,
        won=True,
        created_at=datetime(2026, 11, 1, tzinfo=UTC),
        close_on=date(2026, 12, 1),
    )


@pytest.mark.parametrize(
    ("stage", "expected"),
    [("closedwon", (True, True)), ("closedlost", (True, False)), ("appointmentscheduled", (False, False))],
)
def test_the_default_stages_tell_where_the_portal_does_not(stage: str, expected: tuple[bool, bool]) -> None:
    deal = to_opportunity(row(dealstage=stage), (), ())
    assert (deal.closed, deal.won) == expected


def test_owners_are_people_or_queues() -> None:
    person = {"id": "1", "email": "Kay@Example.com", "firstName": "Kay", "lastName": None, "type": "PERSON"}
    queue = {"id": 2, "type": "QUEUE", "archived": True}
    assert to_owner(person) == Owner(
        key="kay@example.com", kind=OwnerKind.PERSON, name="Kay", hubspot_id="1", hubspot_active=True
    )
    assert to_owner(queue) == Owner(
        key="hubspot:owners:2", kind=OwnerKind.QUEUE, name="2", hubspot_id="2", hubspot_active=False
    )


# activities ------------------------------------------------------------------------------------------


class People:
    """Says that every activity belongs to contacts 7 and 8."""

    def associations(self, source: str, target: str, inputs: list[dict[str, str]]) -> Associations:
        peers = [Peer(to_object_id=8), Peer(to_object_id="7")]
        return Associations(results=[Associated(source=FromId(id=item["id"]), to=peers) for item in inputs])


def only(object: str, **properties: str | None) -> Activity:
    found = to_activities(People(), object, [row("1", **properties)])  # type: ignore[arg-type]  # a fake
    first, second = (item for item in found if isinstance(item, Activity))
    assert (first.person.id, second.person.id) == ("7", "8")
    return first


@pytest.mark.parametrize(
    ("object", "properties", "kind", "direction", "outcome"),
    [
        ("calls", {"hs_call_direction": "INBOUND"}, ActivityKind.CALL, Direction.INBOUND, None),
        ("calls", {"hs_call_direction": "OUTBOUND"}, ActivityKind.CALL, Direction.OUTBOUND, None),
        ("calls", {"hs_call_status": "BUSY"}, ActivityKind.CALL, Direction.UNKNOWN, "BUSY"),
        (
            "calls",
            {"hs_call_disposition": "f240bbac-87c9-4f6e-bf70-924b57d47db7"},
            ActivityKind.CALL,
            Direction.UNKNOWN,
            "Connected",
        ),
        ("emails", {"hs_email_direction": "EMAIL"}, ActivityKind.EMAIL_SENT, Direction.OUTBOUND, None),
        (
            "emails",
            {"hs_email_direction": "INCOMING_EMAIL"},
            ActivityKind.EMAIL_REPLIED,
            Direction.INBOUND,
            None,
        ),
        (
            "emails",
            {"hs_email_direction": "FORWARDED_EMAIL"},
            ActivityKind.UNKNOWN,
            Direction.UNKNOWN,
            None,
        ),
        ("emails", {}, ActivityKind.UNKNOWN, Direction.UNKNOWN, None),
        (
            "meetings",
            {"hs_engagement_source": "MEETINGS", "hs_meeting_outcome": "COMPLETED"},
            ActivityKind.MEETING,
            Direction.INBOUND,
            "COMPLETED",
        ),
        ("notes", {}, ActivityKind.NOTE, Direction.UNKNOWN, None),
        ("tasks", {"hs_task_status": "COMPLETED"}, ActivityKind.TASK, Direction.UNKNOWN, "COMPLETED"),
    ],
)
def test_an_engagement_becomes_one_activity_per_person(
    object: str, properties: dict[str, str], kind: ActivityKind, direction: Direction, outcome: str | None
) -> None:
    activity = only(object, hs_timestamp="2026-11-20T12:00:00Z", **properties)
    assert (activity.kind, activity.direction, activity.outcome) == (kind, direction, outcome)
    assert (activity.at, activity.ref) == (NOON, RecordRef("hubspot", object, "1"))


def test_an_unknown_kind_keeps_hubspots_word() -> None:
    activity = only("emails", hs_timestamp=STAMP, hs_email_direction="FORWARDED_EMAIL")
    assert activity.raw_kind == "FORWARDED_EMAIL"


def test_a_done_task_happened_when_it_was_done_not_when_it_was_due() -> None:
    activity = only("tasks", hs_timestamp=STAMP, hs_task_completion_date="2026-11-20T12:00:00Z")
    assert activity.at == NOON


def test_an_activity_without_a_moment_is_none() -> None:
    assert to_activities(People(), "notes", [row("1", hs_timestamp=None)]) == []  # type: ignore[arg-type]  # a fake


@pytest.mark.parametrize("object", ACTIVITIES)
def test_every_property_that_a_table_reads_is_asked_for(object: str) -> None:
    table = ACTIVITY_TABLES[object]
    used = {*table.at, *table.outcome, *filter(None, (table.by, table.title, table.raw_kind))}
    assert used <= set(EXTRA_PROPERTIES[object])


def test_the_latest_opening_is_one_activity_however_often_it_is_read() -> None:
    contact = row("7", hs_email_last_open_date="2026-11-20T12:00:00Z", hs_email_last_email_name="News")
    wanted = contacts().summaries
    (activity,) = summaries(contact, wanted)
    assert activity == Activity(
        ref=RecordRef("hubspot", "contacts.email_opened", "7:1795176000000"),
        person=RecordRef("hubspot", "contacts", "7"),
        kind=ActivityKind.EMAIL_OPENED,
        at=NOON,
        direction=Direction.INBOUND,
        name="News",
        raw_kind="hs_email_last_open_date",
    )
    assert list(summaries(contact, wanted)) == [activity]


# ours -> CRM -----------------------------------------------------------------------------------------


@pytest.mark.parametrize(
    ("kind", "value", "text"),
    [
        (Kind.TEXT, None, ""),
        (Kind.TEXT, "Ä; b", "Ä; b"),
        (Kind.BOOLEAN, True, "true"),
        (Kind.BOOLEAN, False, "false"),
        (Kind.INTEGER, 7, "7"),
        (Kind.NUMBER, 42.0, "42"),
        (Kind.NUMBER, 0.1, "0.1"),
        (Kind.DATETIME, NOON, "1795176000000"),
        (Kind.DATE, datetime(2026, 11, 20, tzinfo=UTC), "2026-11-20"),
        (Kind.MONEY, Money(Decimal("1E+3"), "EUR"), "1000"),
        (Kind.MULTI, "a;b", "a;b"),
    ],
)
def test_every_value_is_written_as_text(kind: Kind, value: Value, text: str) -> None:
    assert to_wire(kind, value) == text


def written(**values: Value) -> dict[str, str]:
    write = Write(lead_id="L1", crm="hubspot", object="contacts", id="7", values=values)
    return from_change(write, contacts())


def test_changes_are_put_into_hubspots_words() -> None:
    assert written(stage="mql", status="attempting", score=61.5, recycle_reason=None, is_mql=True) == {
        "lifecyclestage": "marketingqualifiedlead",
        "hs_lead_status": "ATTEMPTED_TO_CONTACT",
        "crmbridge_score": "61.5",
        "crmbridge_recycle_reason": "",
        "crmbridge_is_mql": "true",
    }


def test_a_stage_that_hubspot_does_not_have_is_left_alone() -> None:
    assert written(stage="recycled", owner="5") == {"hubspot_owner_id": "5"}


def test_a_value_without_a_mapping_is_refused() -> None:
    with pytest.raises(MappingError):
        written(recycle_reason="no such reason")


@pytest.mark.parametrize(
    ("kind", "left", "right", "expected"),
    [
        (Kind.EMAIL, "Ada@Example.com", "ada@example.com", True),
        (Kind.TEXT, "Ada", "ada", False),
        (Kind.TEXT, "", None, True),
        (Kind.TEXT, " Ada ", "Ada", True),
        (Kind.NUMBER, "5", 5.0, True),
        (Kind.NUMBER, 5.1, 5, False),
        (Kind.BOOLEAN, "true", True, True),
        (Kind.BOOLEAN, None, False, False),
        (Kind.DATETIME, NOON, NOON + timedelta(microseconds=200), True),
        (Kind.DATETIME, NOON, NOON + timedelta(milliseconds=2), False),
        (Kind.MULTI, "a;b", "b;a", True),
        (Kind.MONEY, Money(Decimal("5.0"), "EUR"), Money(Decimal(5)), True),
        (None, "x", "y", False),
    ],
)
def test_hubspot_takes_some_different_values_for_one(
    kind: Kind | None, left: Value, right: Value, expected: bool
) -> None:
    assert same(kind, left, right) is expected
    assert same(kind, right, left) is expected


# the account -----------------------------------------------------------------------------------------


def test_a_property_definition_says_what_may_be_written() -> None:
    field = to_field(
        {
            "name": "tier",
            "label": "Tier",
            "type": "enumeration",
            "hubspotDefined": False,
            "options": [
                {"value": "b", "label": "B", "displayOrder": 1, "hidden": True},
                {"value": "a", "label": "A", "displayOrder": 0},
            ],
            "modificationMetadata": {"readOnlyValue": False},
        }
    )
    assert field.options == (
        FieldOption(value="a", label="A"),
        FieldOption(value="b", label="B", active=False),
    )
    assert (field.updateable, field.restricted, field.custom, field.unique) == (True, True, True, False)


@pytest.mark.parametrize(
    "read_only", [{"calculated": True}, {"modificationMetadata": {"readOnlyValue": True}}]
)
def test_calculated_and_read_only_properties_are_not_writable(read_only: dict[str, Any]) -> None:
    assert not to_field({"name": "n", "label": "N", "type": "number", **read_only}).updateable


def test_the_scopes_needed_follow_the_mapping() -> None:
    reading = Mapping.parse({"format": 1, "write": {"hubspot": []}})
    leads = Mapping.parse({"format": 1, "hubspot": {"status_object": "leads"}})
    assert "crm.objects.contacts.write" not in needed_scopes(reading)
    assert needed_scopes(leads) - needed_scopes(Mapping.default()) == {
        "crm.objects.leads.read",
        "crm.objects.leads.write",
    }


# watermarks ------------------------------------------------------------------------------------------


@pytest.mark.parametrize(
    "mark",
    [
        Mark(since=STAMP),
        Mark(since=STAMP, seen="3.abc", looked_ms=5, settled=True),
        ScanMark(after="12", began=STAMP, newest=""),
    ],
)
def test_watermarks_survive_being_stored(mark: Mark | ScanMark) -> None:
    assert parse_mark(mark_text(mark)) == mark


@pytest.mark.parametrize("text", [None, "", "yesterday", '{"by": "moon"}'])
def test_a_watermark_of_somebody_else_means_reading_everything(text: str | None) -> None:
    assert parse_mark(text) is None


def test_stamps_without_milliseconds_sort_with_the_others() -> None:
    assert stamp("2026-11-20T08:00:00Z") < stamp("2026-11-20T08:00:00.001Z")


def test_the_window_begins_an_overlap_before_the_newest_stamp() -> None:
    window = Window(timedelta(minutes=2))
    assert window.since == EARLIEST
    window.add([("2026-11-20T08:00:00.000Z", "1"), ("2026-11-20T07:00:00.000Z", "2")])
    assert window.since == "2026-11-20T07:58:00.000Z"


def test_a_window_is_never_later_than_the_servers_clock_when_reading_began() -> None:
    window = Window(timedelta(minutes=2), "2026-11-20T07:30:00.000Z")
    window.add([("2026-11-20T08:00:00.000Z", "1")])
    assert window.since == "2026-11-20T07:28:00.000Z"


def test_a_scan_and_a_search_tell_the_same_of_the_same_rows() -> None:
    keys = [(f"2026-11-20T08:00:{second:02d}.000Z", str(second)) for second in range(60)] * 10
    keys = [(text, f"{number}") for number, (text, _) in enumerate(keys)]
    window = Window(timedelta(minutes=2))
    window.add(keys)
    newest_page = sorted(keys, reverse=True)[:200]
    assert window.seen(window.since) == fingerprint(600, newest_page)


@pytest.mark.parametrize(
    "changed",
    [[("2026-11-20T08:00:01.000Z", "1")], [("2026-11-20T08:00:00.000Z", "2")], []],
)
def test_a_fingerprint_tells_that_something_moved(changed: list[tuple[str, str]]) -> None:
    before = [("2026-11-20T08:00:00.000Z", "1")]
    assert fingerprint(len(changed), changed) != fingerprint(1, before)


def test_very_many_properties_do_not_fit_a_request() -> None:
    assert fits(tuple(f"property_number_{n}" for n in range(50)))
    assert not fits(tuple(f"property_number_{n}" for n in range(300)))


# the way in ------------------------------------------------------------------------------------------


def test_adapters_are_found_by_name() -> None:
    assert {"hubspot", "salesforce"} <= set(names())
    assert adapter("hubspot").__name__ == "HubSpot"


def test_an_unknown_adapter_is_a_configuration_error() -> None:
    with pytest.raises(ConfigError, match="hubspot"):
        adapter("pipedrive")
