"""The Salesforce adapter against the local org, over a real socket."""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from collections.abc import Mapping as MappingType
from contextlib import contextmanager
from dataclasses import replace
from datetime import UTC, datetime
from pathlib import Path
from typing import Any

import pytest

from crmbridge.adapters.retry import RetryPolicy
from crmbridge.adapters.salesforce import Salesforce
from crmbridge.errors import AuthFailed
from crmbridge.mapping import Mapping
from crmbridge.model import (
    Account,
    Activity,
    ActivityKind,
    Opportunity,
    OutcomeState,
    Owner,
    OwnerKind,
    Record,
    Value,
    Write,
)
from crmbridge.ports import FieldOption, Item, NewField, Page
from crmbridge.sandbox import Sandbox
from crmbridge.sandbox.salesforce import SalesforceApp

MORNING = datetime(2026, 11, 21, 8, 0, tzinfo=UTC)


def new_fields(mapping: Mapping) -> list[NewField]:
    """Name the custom fields that the default mapping needs."""
    return [
        NewField(
            object=found.object,
            name=field.name,
            label=field.canonical.replace("_", " "),
            kind=field.kind.value,
            description="made for a test",
            external_id=field.canonical == "lead_id",
            options=tuple(FieldOption(value=raw, label=raw) for raw in field.to_raw.values()),
        )
        for found in mapping.objects("salesforce")
        for field in found.fields
        if field.name.endswith("__c")
    ]


class Org:
    """A sandbox org with the custom fields of the default mapping."""

    def __init__(self) -> None:
        self.sandbox = Sandbox(clock=MORNING)
        app = self.sandbox.salesforce
        assert isinstance(app, SalesforceApp)
        self.app = app
        self.ready: MappingType[str, str] = self.sandbox.ready["salesforce"]
        self.connect().create_fields(new_fields(Mapping.default()))

    def connect(self, **settings: Any) -> Salesforce:
        options: dict[str, Any] = {
            "instance_url": self.ready["instance_url"],
            "session_id": self.ready["session_id"],
            "policy": RetryPolicy(sleep=lambda _seconds: None, jitter=lambda: 0.0),
        }
        return Salesforce(Mapping.default(), **(options | settings))

    def load(self, name: str, *rows: MappingType[str, Any]) -> tuple[str, ...]:
        """Put rows into the org, a minute later than what is there; nobody looks in that very second."""
        self.sandbox.advance(60)
        header = list(rows[0])
        cells = [(line, [str(row.get(column, "")) for column in header]) for line, row in enumerate(rows, 2)]
        result = self.sandbox.run(lambda: self.app.load_csv(name, header, cells, False))
        assert result.skipped == ()
        self.sandbox.advance(2)
        return result.ids

    def act(self, action: str, **arguments: Any) -> dict[str, Any]:
        """Do what a person does in the org, a minute later; nobody looks in that very second."""
        self.sandbox.advance(60)
        done = self.sandbox.run(lambda: self.app.act(action, arguments))
        self.sandbox.advance(2)
        return done

    def effects(self, since: int) -> list[str]:
        return [effect for entry in self.sandbox.audit(since) for effect in entry["effects"]]


@contextmanager
def small_pages(org: Org) -> Iterator[None]:
    org.sandbox.set_options(salesforce={"max_page_size": 200})
    yield
    org.sandbox.set_options(salesforce={"max_page_size": 2000})


@pytest.fixture(scope="module")
def served() -> Iterator[Org]:
    org = Org()
    yield org
    org.sandbox.stop()


@pytest.fixture
def org(served: Org) -> Iterator[Org]:
    served.sandbox.reset()
    served.connect().create_fields(new_fields(Mapping.default()))
    yield served
    served.sandbox.set_faults()


@pytest.fixture
def crm(org: Org) -> Salesforce:
    return org.connect()


def nothing_known(_object: str, _ids: Sequence[str]) -> MappingType[str, str]:
    return {}


def people(count: int, first: int = 0) -> list[dict[str, Any]]:
    return [
        {"LastName": f"Doe{number}", "Company": "Example", "Email": f"doe{number}@example.com"}
        for number in range(first, first + count)
    ]


def items_of(pages: Sequence[Page], name: str) -> list[Item]:
    return [item for page in pages if page.object == name for item in page.items]


def records_of(pages: Sequence[Page], name: str) -> dict[str, Record]:
    return {item.ref.id: item for item in items_of(pages, name) if isinstance(item, Record)}


def marks(pages: Sequence[Page]) -> dict[str, str]:
    return {page.object: page.watermark for page in pages if page.watermark is not None}


def owners(crm: Salesforce) -> list[Owner]:
    return [item for item in next(crm.changes({}, nothing_known)).items if isinstance(item, Owner)]


def update(record_id: str, if_version: str | None = None, **values: Value) -> Write:
    return Write(
        lead_id="l",
        crm="salesforce",
        object="Lead",
        id=record_id,
        values=values,
        if_version=if_version,
    )


# sign-in and metadata --------------------------------------------------------------------------------


def test_every_way_to_sign_in_reaches_the_same_org(org: Org) -> None:
    app = {"session_id": None, "client_id": org.ready["client_id"]}
    key = Path(org.ready["private_key_file"])
    ways: list[dict[str, Any]] = [
        {"session_id": lambda: org.ready["session_id"]},
        app | {"client_secret": org.ready["client_secret"]},
        app | {"username": org.ready["username"], "private_key_file": key},
        app | {"username": org.ready["username"], "private_key": key.read_text()},
    ]
    assert {org.connect(**way).identity().account_id for way in ways} == {org.ready["org_id"]}


def test_a_wrong_token_is_refused(org: Org) -> None:
    with pytest.raises(AuthFailed):
        org.connect(session_id="00Dwrong!token").identity()


def test_a_session_that_ends_in_the_middle_is_renewed_without_losing_a_write(org: Org) -> None:
    (lead,) = org.load("Lead", *people(1))
    secret = {"client_id": org.ready["client_id"], "client_secret": org.ready["client_secret"]}
    crm = org.connect(session_id=None, **secret)
    crm.identity()
    org.act("expire_tokens")
    (outcome,) = crm.write([update(lead, score=55.0)])
    assert outcome.state is OutcomeState.WRITTEN
    assert crm.read("Lead", [lead])[lead].fields["score"] == 55.0


def test_the_org_is_described_in_one_call(crm: Salesforce) -> None:
    schema = crm.schema()
    lead = schema.objects["Lead"]
    assert lead["LastName"].required
    assert lead["crmbridge_Lead_Id__c"].external_id
    assert lead["crmbridge_Lead_Id__c"].unique
    assert {option.value for option in lead["Status"].options if option.final} == {"Closed - Converted"}
    assert crm.rights().missing == frozenset()
    assert crm.identity().calls_per_day == 100_000
    assert crm.calls == 1


def test_fields_that_exist_are_left_alone_when_they_are_created_again(crm: Salesforce) -> None:
    outcomes = crm.create_fields(new_fields(Mapping.default())[:3])
    assert {outcome.state for outcome in outcomes} == {OutcomeState.UNCHANGED}


# changes ---------------------------------------------------------------------------------------------


def test_new_fields_are_granted_to_the_users_of_our_permission_set(served: Org) -> None:
    served.sandbox.reset()
    user = served.sandbox.run(lambda: served.app.org.seeds.integration_user_id)
    (ours,) = served.load("PermissionSet", {"Name": "crmbridge", "Label": "crmbridge"})
    served.load("PermissionSetAssignment", {"PermissionSetId": ours, "AssigneeId": user})
    served.sandbox.set_options(salesforce={"new_fields_hidden": True})
    try:
        fields = new_fields(Mapping.default())
        served.connect().create_fields(fields)
        known = served.connect().schema().objects
        assert all(field.name in known[field.object] for field in fields)
    finally:
        served.sandbox.set_options(salesforce={"new_fields_hidden": False})


def test_an_idle_run_takes_two_calls_and_brings_nothing(org: Org, crm: Salesforce) -> None:
    org.load("Lead", *people(20))
    first = list(crm.changes({}, nothing_known))
    known = {record.ref.id: record.version for record in records_of(first, "Lead").values()}
    calls = crm.calls
    second = list(crm.changes(marks(first), lambda _object, _ids: known))
    assert crm.calls - calls == 2
    assert sum(len(page.items) for page in second if page.object != "owners") == 0
    assert marks(second).keys() >= {"Lead"}


def test_a_bulk_load_is_read_once_and_then_one_page_tells_that_nothing_changed(
    org: Org, crm: Salesforce
) -> None:
    leads = org.load("Lead", *people(450))
    with small_pages(org):
        first = list(crm.changes({}, nothing_known))
        known = {record.ref.id: record.version for record in records_of(first, "Lead").values()}
        calls = crm.calls
        second = list(crm.changes(marks(first), lambda _object, _ids: known))
        assert crm.calls - calls == 2
        assert records_of(second, "Lead") == {}

        org.act("touch", object="Lead", record_id=leads[7])
        calls = crm.calls
        third = list(crm.changes(marks(second), lambda _object, _ids: known))
        assert crm.calls - calls == 2
        assert list(records_of(third, "Lead")) == [leads[7]]
        fourth = list(crm.changes(marks(third), nothing_known))
        assert records_of(fourth, "Lead") == {}


def test_an_edit_in_the_second_of_the_last_read_is_not_missed(org: Org, crm: Salesforce) -> None:
    """Stamps count whole seconds: a row can change once more and keep the stamp that we know."""
    (lead,) = org.load("Lead", *people(1))
    org.sandbox.run(lambda: org.app.act("touch", {"object": "Lead", "record_id": lead}))
    first = list(crm.changes({}, nothing_known))
    known = {record.ref.id: record.version for record in records_of(first, "Lead").values()}
    update_at_once = "UPDATE sf_lead SET Title = 'Chief' WHERE Id = ?"
    org.sandbox.run(lambda: org.sandbox.world.db.execute(update_at_once, (lead,)))
    org.sandbox.advance(30)
    second = list(crm.changes(marks(first), lambda _object, _ids: known))
    assert records_of(second, "Lead")[lead].fields["job_title"] == "Chief"
    known = {record.ref.id: record.version for record in records_of(second, "Lead").values()}
    assert records_of(list(crm.changes(marks(second), lambda _object, _ids: known)), "Lead") == {}


def test_a_row_that_appears_late_among_many_is_found(org: Org, crm: Salesforce) -> None:
    org.load("Lead", *people(450))
    with small_pages(org):
        first = list(crm.changes({}, nothing_known))
        newest = max(record.version for record in records_of(first, "Lead").values())
        (late,) = org.load("Lead", people(1, 999)[0] | {"SystemModstamp": newest})
        second = list(crm.changes(marks(first), nothing_known))
    assert late in records_of(second, "Lead")


def test_what_changed_comes_with_its_new_version_and_a_watermark_never_goes_back(
    org: Org, crm: Salesforce
) -> None:
    leads = org.load("Lead", *people(3))
    first = list(crm.changes({}, nothing_known))
    known = {record.ref.id: record.version for record in records_of(first, "Lead").values()}
    org.act("touch", object="Lead", record_id=leads[1])
    second = list(crm.changes(marks(first), lambda _object, _ids: known))
    (changed,) = records_of(second, "Lead").values()
    assert changed.ref.id == leads[1]
    assert changed.version > known[leads[1]]
    assert marks(second)["Lead"] >= marks(first)["Lead"]


def test_every_row_of_many_pages_comes_once(org: Org, crm: Salesforce) -> None:
    leads = org.load("Lead", *people(450))
    with small_pages(org):
        pages = list(crm.changes({}, nothing_known))
    assert [page.rows_count for page in pages if page.object == "Lead"] == [200, 200, 50]
    assert sorted(records_of(pages, "Lead")) == sorted(leads)


def test_rows_edited_while_later_pages_are_read_are_given_by_the_next_run(org: Org, crm: Salesforce) -> None:
    first, *_, last = org.load("Lead", *people(450))
    with small_pages(org):
        seen: list[Page] = []
        for page in crm.changes({}, nothing_known):
            seen.append(page)
            if page.object == "Lead" and not records_of(seen[:-1], "Lead"):
                # The last row shows its new stamp in this pass; the first one was read before its edit.
                org.act("touch", object="Lead", record_id=first)
                org.sandbox.advance(3600)
                org.act("touch", object="Lead", record_id=last)
        known = {record.ref.id: record.version for record in records_of(seen, "Lead").values()}
        after = list(crm.changes(marks(seen), lambda _object, _ids: known))
    assert set(records_of(after, "Lead")) == {first}


def test_a_walk_stopped_half_way_goes_on_from_its_last_page(org: Org, crm: Salesforce) -> None:
    for first in range(0, 600, 200):
        org.load("Lead", *people(200, first))
    with small_pages(org):
        walk = crm.changes({}, nothing_known)
        page = next(page for page in walk if page.object == "Lead")
        rest = [found for found in crm.changes(marks([page]), nothing_known) if found.object == "Lead"]
    seen = records_of([page], "Lead").keys() | records_of(rest, "Lead").keys()
    assert len(seen) == 600


def test_many_late_edits_among_many_rows_are_all_found(org: Org, crm: Salesforce) -> None:
    leads = org.load("Lead", *people(450))
    with small_pages(org):
        first = list(crm.changes({}, nothing_known))
        known = {record.ref.id: record.version for record in records_of(first, "Lead").values()}
        org.sandbox.advance(30)
        crm.write([update(lead, score=5.0) for lead in leads[:150]])
        crm.write([update(lead, score=5.0) for lead in leads[150:300]])
        org.sandbox.advance(1)
        new = org.load("Lead", *people(3, 900))
        second = list(crm.changes(marks(first), lambda _object, _ids: known))
    assert set(records_of(second, "Lead")) == {*leads[:300], *new}


def test_deleted_merged_and_converted_leads_are_told(org: Org, crm: Salesforce) -> None:
    kept, merged, converted = org.load("Lead", *people(3))
    org.act("merge", object="Lead", master_id=kept, loser_ids=[merged])
    made = org.act("convert", lead_id=converted)
    found = records_of(list(crm.changes({}, nothing_known)), "Lead")
    assert found[merged].deleted
    assert str(found[merged].merged_into) == f"salesforce:Lead:{kept}"
    assert str(found[converted].converted_to) == f"salesforce:Contact:{made['contact_id']}"
    assert found[converted].fields["status"] == "converted"


def test_owners_come_first_and_whole(org: Org, crm: Salesforce) -> None:
    page = next(crm.changes({}, nothing_known))
    assert (page.object, page.complete) == ("owners", True)
    people = [owner for owner in page.items if isinstance(owner, Owner) and owner.kind is OwnerKind.PERSON]
    assert people
    assert all(owner.salesforce_active for owner in people)


def test_accounts_opportunities_and_activities_are_read(org: Org, crm: Salesforce) -> None:
    (account,) = org.load(
        "Account", {"Name": "Acme", "Website": "https://acme-tools.com", "Type": "Prospect"}
    )
    (contact,) = org.load("Contact", {"LastName": "Roe", "AccountId": account, "Email": "roe@example.com"})
    (lead,) = org.load("Lead", *people(1))
    opportunity = {"Name": "Big", "StageName": "Prospecting", "CloseDate": "2027-01-31", "Amount": 10}
    (deal,) = org.load("Opportunity", opportunity | {"AccountId": account})
    org.load("OpportunityContactRole", {"OpportunityId": deal, "ContactId": contact})
    call = {"Status": "Completed", "TaskSubtype": "Call", "CallType": "Outbound", "Subject": "Call"}
    org.load("Task", call | {"WhoId": lead, "ActivityDate": "2026-11-20"})
    times = {"StartDateTime": "2026-11-22T10:00:00Z", "EndDateTime": "2026-11-22T11:00:00Z"}
    org.load("Event", times | {"WhoId": contact, "Subject": "Demo", "DurationInMinutes": 60})
    (campaign,) = org.load("Campaign", {"Name": "Fair"})
    org.load("CampaignMember", {"CampaignId": campaign, "LeadId": lead, "Status": "Sent"})

    pages = list(crm.changes({}, nothing_known))
    (company,) = items_of(pages, "Account")
    assert isinstance(company, Account)
    assert (company.domain, company.customer) == ("acme-tools.com", False)
    assert records_of(pages, "Contact")[contact].fields["account_id"] == account
    (chance,) = items_of(pages, "Opportunity")
    assert isinstance(chance, Opportunity)
    assert [person.id for person in chance.people] == [contact]
    kinds = {
        item.ref.object: (item.kind, item.person.id)
        for name in ("Task", "Event", "CampaignMember")
        for item in items_of(pages, name)
        if isinstance(item, Activity)
    }
    assert kinds == {
        "Task": (ActivityKind.CALL, lead),
        "Event": (ActivityKind.MEETING, contact),
        "CampaignMember": (ActivityKind.EVENT, lead),
    }


def test_a_new_role_brings_its_opportunity_back_with_all_its_people(org: Org, crm: Salesforce) -> None:
    first, second = org.load("Contact", {"LastName": "Roe"}, {"LastName": "Moe"})
    chance = {"Name": "Big", "StageName": "Prospecting", "CloseDate": "2027-01-31"}
    (deal,) = org.load("Opportunity", chance)
    org.load("OpportunityContactRole", {"OpportunityId": deal, "ContactId": first})
    before = list(crm.changes({}, nothing_known))
    for _ in range(5):
        org.sandbox.advance(60)
    org.load("OpportunityContactRole", {"OpportunityId": deal, "ContactId": second})
    after = list(crm.changes(marks(before), nothing_known))
    found = [item for item in items_of(after, "Opportunity") if isinstance(item, Opportunity)]
    assert {person.id for person in found[-1].people} == {first, second}


# records by id ---------------------------------------------------------------------------------------


def test_records_are_read_in_one_call_and_merged_ones_come_as_their_survivor(
    org: Org, crm: Salesforce
) -> None:
    kept, merged, gone, converted = org.load("Lead", *people(4))
    crm.identity()
    calls = crm.calls
    assert crm.read("Lead", [kept, converted[:15]]).keys() == {kept, converted[:15]}
    assert crm.calls - calls == 1
    org.act("merge", object="Lead", master_id=kept, loser_ids=[merged])
    org.act("convert", lead_id=converted)
    found = crm.read("Lead", [merged, converted, gone, "00Q000000000000AAA"])
    assert {asked: record.ref.id for asked, record in found.items()} == {
        merged: kept,
        converted: converted,
        gone: gone,
    }
    assert found[converted].converted_to is not None


def test_records_are_found_by_our_id_whatever_is_in_it(org: Org, crm: Salesforce) -> None:
    ours = ["l'); DROP", "ünïcode % _", "l-1"]
    writes = [
        Write(
            lead_id=lead_id,
            crm="salesforce",
            object="Lead",
            id=None,
            values={"last_name": "Doe", "company": "Example"},
        )
        for lead_id in ours
    ]
    created = crm.write(writes)
    assert {outcome.state for outcome in created} == {OutcomeState.WRITTEN}
    again = crm.write(writes)
    assert [outcome.id for outcome in again] == [outcome.id for outcome in created]
    found = crm.read_external("Lead", [*ours, "unknown"])
    assert {lead_id: record.ref.id for lead_id, record in found.items()} == {
        lead_id: outcome.id for lead_id, outcome in zip(ours, created, strict=True)
    }


# writes ----------------------------------------------------------------------------------------------


def test_two_hundred_updates_take_one_call_and_read_back_as_written(org: Org, crm: Salesforce) -> None:
    leads = org.load("Lead", *people(200))
    crm.identity()
    calls = crm.calls
    at = datetime(2026, 11, 21, 9, 30, 15, tzinfo=UTC)
    values: dict[str, Value] = {
        "score": 61.5,
        "stage": "mql",
        "is_mql": True,
        "qualified_at": at,
        "why": "fit 60",
    }
    outcomes = crm.write([replace(update(lead), values=values) for lead in leads])
    assert {outcome.state for outcome in outcomes} == {OutcomeState.WRITTEN}
    assert crm.calls - calls == 1
    found = crm.read("Lead", leads)
    assert crm.calls - calls == 2
    for name, value in values.items():
        assert {record.fields[name] for record in found.values()} == {value}


def test_a_bad_record_never_takes_the_good_ones_with_it(org: Org, crm: Salesforce) -> None:
    good, converted, bad = org.load("Lead", *people(3))
    org.act("convert", lead_id=converted)
    outcomes = crm.write(
        [update(good, score=1.0), update(converted, score=1.0), update(bad, owner="005000000000000AAA")]
    )
    assert [(outcome.state.value, outcome.error) for outcome in outcomes] == [
        ("written", None),
        ("moved", "CANNOT_UPDATE_CONVERTED_LEAD"),
        ("failed", "INVALID_CROSS_REFERENCE_KEY"),
    ]


def test_compare_and_set_loses_to_an_edit_made_since(org: Org, crm: Salesforce) -> None:
    mine, theirs = org.load("Lead", *people(2))
    found = crm.read("Lead", [mine, theirs])
    org.act("touch", object="Lead", record_id=theirs)
    calls = crm.calls
    outcomes = crm.write([update(lead, found[lead].version, score=7.0) for lead in (mine, theirs)])
    assert [outcome.state for outcome in outcomes] == [OutcomeState.WRITTEN, OutcomeState.MOVED]
    assert crm.calls - calls == 1
    assert crm.read("Lead", [theirs])[theirs].fields["score"] is None


def test_an_answer_lost_after_the_write_leaves_a_doubt_that_reading_settles(
    org: Org, crm: Salesforce
) -> None:
    (lead,) = org.load("Lead", *people(1))
    crm.identity()
    org.sandbox.set_faults(
        {"crm": "salesforce", "method": "PATCH", "path": "*", "count": 1, "action": {"reset": "after"}}
    )
    calls = crm.calls
    (outcome,) = crm.write([update(lead, score=9.0)])
    assert outcome.state is OutcomeState.AMBIGUOUS
    assert crm.calls - calls == 1
    assert crm.read("Lead", [lead])[lead].fields["score"] == 9.0


def test_a_read_is_repeated_when_the_org_is_down_for_a_moment(org: Org, crm: Salesforce) -> None:
    (lead,) = org.load("Lead", *people(1))
    crm.identity()
    org.sandbox.set_faults(
        {"crm": "salesforce", "path": "*", "count": 2, "action": {"status": 503, "body": "html"}}
    )
    assert crm.read("Lead", [lead]).keys() == {lead}


def test_the_assignment_rule_leaves_our_owner_alone(org: Org, crm: Salesforce) -> None:
    (lead,) = org.load("Lead", *people(1))
    mine, ruled = (owner.salesforce_id for owner in owners(crm)[:2])
    assert mine
    assert ruled
    org.sandbox.set_options(salesforce={"assignment_owner": ruled})
    new = Write(
        lead_id="l-1",
        crm="salesforce",
        object="Lead",
        id=None,
        values={"last_name": "Doe", "company": "Example", "owner": mine},
    )
    outcomes = [*crm.write([new]), *crm.write([update(lead, owner=mine)])]
    version = crm.read("Lead", [lead])[lead].version
    outcomes += crm.write([update(lead, version, score=3.0)])
    org.sandbox.set_options(salesforce={"assignment_owner": ""})
    assert {outcome.state for outcome in outcomes} == {OutcomeState.WRITTEN}
    found = crm.read("Lead", sorted({str(outcome.id) for outcome in outcomes}))
    assert {record.fields["owner"] for record in found.values()} == {mine}


def test_an_alert_of_duplicates_stops_a_creation_but_no_update(org: Org, crm: Salesforce) -> None:
    lead, _ = org.load("Lead", *people(1), *people(1))
    org.sandbox.set_options(salesforce={"duplicate_rule": "alert"})
    values: dict[str, Value] = {"last_name": "Doe", "company": "Example", "email": "doe0@example.com"}
    new = Write(lead_id="l-1", crm="salesforce", object="Lead", id=None, values=values)
    outcomes = [*crm.write([new]), *crm.write([update(lead, email="doe0@example.com", score=1.0)])]
    org.sandbox.set_options(salesforce={"duplicate_rule": "off"})
    assert [(outcome.state.value, outcome.error) for outcome in outcomes] == [
        ("failed", "DUPLICATES_DETECTED"),
        ("written", None),
    ]


def test_what_was_written_is_the_same_when_it_is_read(org: Org, crm: Salesforce) -> None:
    (lead,) = org.load("Lead", *people(1))
    values: dict[str, Value] = {
        "score": 61.123456,
        "qualified_at": datetime(2026, 11, 21, 9, 30, 15, 999_000, tzinfo=UTC),
        "why": "fit 60\nengagement 1",
        "status": "working",
        "is_sal": None,
    }
    crm.write([replace(update(lead), values=values)])
    read = crm.read("Lead", [lead])[lead].fields
    for name, value in values.items():
        assert crm.same("Lead", name, value, read[name]), name
