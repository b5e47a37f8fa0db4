"""The HubSpot adapter against the local portal, over a real socket."""

from __future__ import annotations

from collections import Counter
from collections.abc import Iterator, Sequence
from collections.abc import Mapping as MappingType
from typing import Any, TypeVar

import pytest
import requests
from structlog.testing import capture_logs

from crmbridge.adapters.hubspot import HubSpot, OAuth
from crmbridge.adapters.hubspot.client import Client
from crmbridge.adapters.retry import RetryPolicy
from crmbridge.adapters.tokens import FixedToken
from crmbridge.adapters.transport import Budget, Transport
from crmbridge.errors import (
    AuthFailed,
    FatalError,
    Forbidden,
    QuotaExhausted,
    TransientError,
    Unavailable,
)
from crmbridge.mapping import Mapping
from crmbridge.model import (
    Account,
    Activity,
    ActivityKind,
    Direction,
    Opportunity,
    OutcomeState,
    Owner,
    Record,
    RecordRef,
    Value,
    Write,
)
from crmbridge.ports import FieldOption, NewField, Page
from crmbridge.sandbox import Sandbox, SandboxOptions

T = TypeVar("T")
LEADS = {"format": 1, "hubspot": {"status_object": "leads"}}
#: Everything that is read; one call each when nothing changed.
OBJECTS = ("owners", "companies", "contacts", "deals", "calls", "emails", "meetings", "notes", "tasks")


def new_fields(mapping: Mapping) -> list[NewField]:
    """Name the custom properties that the default mapping needs."""
    return [
        NewField(
            object="contacts",
            name=field.name,
            label=field.canonical.replace("_", " "),
            kind=field.kind.value,
            description="made for a test",
            external_id=field.canonical == "lead_id",
            options=tuple(FieldOption(value=raw, label=raw) for raw in field.to_raw.values()),
        )
        for found in mapping.objects("hubspot")
        for field in found.fields
        if field.name.startswith("crmbridge_")
    ]


class Portal:
    """A sandbox portal, and a reader that remembers as the ledger would."""

    def __init__(self, mapping: Mapping | None = None, **options: Any) -> None:
        self.sandbox = Sandbox(SandboxOptions(options={"hubspot": options}))
        self.ready: dict[str, Any] = self.sandbox.ready["hubspot"]
        self.slept: list[float] = []
        self.crm = self.adapter(mapping or Mapping.parse({"format": 1}))
        self.marks: dict[str, str] = {}
        self.versions: dict[tuple[str, str], str] = {}
        transport = Transport("hubspot")
        self.wire = Client(transport, FixedToken(self.ready["access_token"]), self.ready["base_url"])

    def adapter(self, mapping: Mapping | None = None, **settings: Any) -> HubSpot:
        settings = {"access_token": self.ready["access_token"], "base_url": self.ready["base_url"]} | settings
        policy = RetryPolicy(sleep=self.slept.append, jitter=lambda: 0.0)
        return HubSpot(mapping or self.crm.mapping, policy=policy, **settings)

    def provision(self) -> None:
        self.crm.create_fields(new_fields(Mapping.parse({"format": 1})))

    def contacts(self, count: int, start: int = 0) -> list[str]:
        """Create contacts p0@example.com … and give their ids, lowest first."""
        made = [{"email": f"p{n}@example.com", "lastname": f"L{n}"} for n in range(start, start + count)]
        return [found for part in _chunks(made, 100) for found in self.make("contacts", *part)]

    def make(self, object: str, *rows: dict[str, str], to: tuple[tuple[str, int], ...] = ()) -> list[str]:
        """Create records, each associated with (record id, association type)."""
        links = [
            {
                "to": {"id": target},
                "types": [{"associationCategory": "HUBSPOT_DEFINED", "associationTypeId": kind}],
            }
            for target, kind in to
        ]
        inputs = [{"properties": row, "associations": links} for row in rows]
        return sorted((row.id for row in self.wire.create(object, inputs).results), key=int)

    def change(self, object: str, record_id: str, **properties: str) -> None:
        self.wire.update(object, [{"id": record_id, "properties": properties}])

    def known(self, object: str, ids: Sequence[str]) -> MappingType[str, str]:
        return {key: self.versions[object, key] for key in ids if (object, key) in self.versions}

    def changes(self, crm: HubSpot | None = None, *, full: bool = False) -> list[Page]:
        """Read as a run does: pages are stored with their watermarks."""
        pages = []
        for page in (crm or self.crm).changes(self.marks, self.known, full=full):
            self.take(page)
            pages.append(page)
        return pages

    def take(self, page: Page) -> None:
        if page.watermark is not None:
            self.marks[page.object] = page.watermark
        for record in of([page], Record):
            self.versions[record.ref.object, record.ref.id] = record.version

    def requests(self, since: int = 0) -> Counter[str]:
        """Count "METHOD path" of the requests after a number of the audit log."""
        return Counter(f"{entry['method']} {entry['path']}" for entry in self.sandbox.audit(since))

    @property
    def seq(self) -> int:
        entries = self.sandbox.audit()
        return int(entries[-1]["seq"]) if entries else 0

    def values(self, record_id: str) -> MappingType[str, Value]:
        return self.crm.read("contacts", [record_id])[record_id].fields


def _chunks(items: list[dict[str, str]], size: int) -> Iterator[list[dict[str, str]]]:
    return (items[start : start + size] for start in range(0, len(items), size))


def of(pages: Sequence[Page], kind: type[T]) -> list[T]:
    return [item for page in pages for item in page.items if isinstance(item, kind)]


def ids(pages: Sequence[Page]) -> list[str]:
    return [record.ref.id for record in of(pages, Record)]


def write(record_id: str | None, lead: str = "", object: str = "contacts", **values: Value) -> Write:
    return Write(lead_id=lead or f"L{record_id}", crm="hubspot", object=object, id=record_id, values=values)


@pytest.fixture
def portal() -> Iterator[Portal]:
    made = Portal()
    with made.sandbox:
        yield made


@pytest.fixture
def leads_portal() -> Iterator[Portal]:
    made = Portal(Mapping.parse(LEADS))
    with made.sandbox:
        made.provision()
        yield made


# the account -----------------------------------------------------------------------------------------


def test_the_identity_costs_one_call_and_is_remembered(portal: Portal) -> None:
    first, second = portal.crm.identity(), portal.crm.identity()
    assert first is second
    assert (first.account_id, first.calls_per_day) == (portal.ready["portal_id"], 625_000)
    assert portal.crm.calls == 1


def test_scopes_are_told_and_compared(portal: Portal) -> None:
    rights = portal.crm.rights()
    assert rights.missing == frozenset()
    assert "crm.schemas.contacts.write" in rights.too_much


def test_the_schema_knows_stages_in_order_and_what_is_read_only(portal: Portal) -> None:
    schema = portal.crm.schema()
    assert schema.stage_order[:3] == ("subscriber", "lead", "marketingqualifiedlead")
    assert set(schema.objects) == {"contacts", "companies", "deals"}
    contacts = schema.objects["contacts"]
    assert contacts["email"].updateable
    assert not contacts["lastmodifieddate"].updateable
    assert [option.value for option in contacts["lifecyclestage"].options] == list(schema.stage_order)


def test_custom_properties_are_created_once(portal: Portal) -> None:
    wanted = new_fields(portal.crm.mapping)
    first = portal.crm.create_fields(wanted)
    second = portal.crm.create_fields(wanted)
    assert {outcome.state for outcome in first} == {OutcomeState.WRITTEN}
    assert {outcome.state for outcome in second} == {OutcomeState.UNCHANGED}
    assert portal.crm.schema().objects["contacts"]["crmbridge_lead_id"].external_id


def test_one_bad_definition_does_not_stop_the_others(portal: Portal) -> None:
    good, bad = (
        NewField(object="contacts", name=name, label=name, kind="text", description="")
        for name in ("fine", "Not A Name!")
    )
    assert [outcome.state for outcome in portal.crm.create_fields([good, bad])] == [
        OutcomeState.WRITTEN,
        OutcomeState.FAILED,
    ]


# reading ---------------------------------------------------------------------------------------------


@pytest.mark.parametrize("count", [3, 450])
def test_an_idle_run_costs_one_call_per_object_whatever_there_is(portal: Portal, count: int) -> None:
    portal.contacts(count)
    assert len(ids(portal.changes())) == count
    before = portal.crm.calls
    assert ids(portal.changes()) == []
    assert portal.crm.calls - before == len(OBJECTS)


def test_a_first_read_takes_one_call_per_hundred(portal: Portal) -> None:
    portal.contacts(250)
    portal.changes()
    assert portal.requests()["GET /crm/v3/objects/contacts"] == 3


def test_only_what_changed_is_given_again(portal: Portal) -> None:
    made = portal.contacts(5)
    portal.changes()
    portal.change("contacts", made[2], lastname="New")
    (record,) = of(portal.changes(), Record)
    assert (record.ref.id, record.fields["last_name"]) == (made[2], "New")


def test_more_changes_than_a_page_all_arrive(portal: Portal) -> None:
    portal.changes()
    made = portal.contacts(450)
    assert sorted(ids(portal.changes()), key=int) == made


def test_our_own_writes_come_back_as_known(portal: Portal) -> None:
    made = portal.contacts(2)
    portal.changes()
    (outcome,) = portal.crm.write([write(made[0], owner=None, last_name="Ours")])
    portal.versions["contacts", made[0]] = outcome.version
    assert ids(portal.changes()) == []


def test_a_change_that_the_index_shows_late_is_not_lost(portal: Portal) -> None:
    early, late = portal.contacts(2)
    portal.changes()
    portal.sandbox.set_options(hubspot={"search_lag_seconds": 30})
    portal.change("contacts", early, lastname="Late in the index")
    portal.sandbox.set_options(hubspot={"search_lag_seconds": 0})
    portal.sandbox.advance(10)
    portal.change("contacts", late, lastname="At once")
    assert ids(portal.changes()) == [late]
    portal.sandbox.advance(30)
    assert ids(portal.changes()) == [early]


def test_rows_that_share_a_moment_with_many_others_all_arrive(portal: Portal) -> None:
    portal.changes()
    rows = "email,lastname\n" + "".join(f"bulk{n}@example.com,B{n}\n" for n in range(700))
    portal.sandbox.load("hubspot.contacts", rows)
    assert len(set(ids(portal.changes()))) == 700


def test_a_first_read_goes_on_where_it_stopped(portal: Portal) -> None:
    portal.contacts(350)
    for page in portal.crm.changes({}, portal.known):
        portal.take(page)
        if page.object == "contacts" and len(portal.versions) == 200:
            break
    since = portal.seq
    portal.changes()
    assert len(portal.versions) == 350
    assert portal.requests(since)["GET /crm/v3/objects/contacts"] == 2


def test_a_full_read_finds_what_was_archived(portal: Portal) -> None:
    kept, gone = portal.contacts(2)
    portal.changes()
    _delete(portal, gone)
    assert ids(portal.changes()) == []
    (record,) = of(portal.changes(full=True), Record)
    assert (record.ref.id, record.deleted) == (gone, True)
    assert kept not in portal.crm.read("contacts", [gone])


def _delete(portal: Portal, record_id: str) -> None:
    headers = {"Authorization": f"Bearer {portal.ready['access_token']}"}
    url = f"{portal.ready['base_url']}/crm/v3/objects/contacts/{record_id}"
    assert requests.delete(url, headers=headers, timeout=10).status_code == 204


def test_a_merged_contact_is_followed_to_its_survivor(portal: Portal) -> None:
    first, second = portal.contacts(2)
    portal.changes()
    headers = {"Authorization": f"Bearer {portal.ready['access_token']}"}
    body = {"primaryObjectId": first, "objectIdToMerge": second}
    url = f"{portal.ready['base_url']}/crm/v3/objects/contacts/merge"
    survivor = requests.post(url, json=body, headers=headers, timeout=10).json()["id"]
    found = portal.crm.read("contacts", [first, second])
    assert {key: record.ref.id for key, record in found.items()} == {first: survivor, second: survivor}
    (record,) = of(portal.changes(), Record)
    assert {first, second} - {survivor} <= set(record.absorbed_ids)
    assert record.other_emails == ("p1@example.com",)


def test_very_many_fields_are_read_all_the_same(portal: Portal) -> None:
    names = [f"a_rather_long_property_name_{n}" for n in range(250)]
    portal.crm.create_fields(
        [NewField(object="contacts", name=n, label=n, kind="text", description="") for n in names]
    )
    fields = {name: {"name": name, "kind": "text"} for name in names}
    crm = portal.adapter(Mapping.parse({"format": 1, "hubspot": {"fields": fields}}))
    (made,) = portal.make("contacts", {"email": "p@example.com", names[-1]: "here"})
    (record,) = of(portal.changes(crm), Record)
    assert record.fields[names[-1]] == "here"
    portal.change("contacts", made, **{names[0]: "there"})
    (record,) = of(portal.changes(crm), Record)
    assert (record.fields[names[0]], record.fields[names[-1]]) == ("there", "here")


def test_companies_deals_and_owners_come_with_their_links(portal: Portal) -> None:
    (company,) = portal.make("companies", {"name": "Acme", "domain": "acme.example.com"})
    (person,) = portal.make("contacts", {"email": "p@example.com"}, to=((company, 279),))
    (deal,) = portal.make(
        "deals",
        {"dealname": "Big", "dealstage": "closedwon", "amount": "5"},
        to=((person, 3), (company, 341)),
    )
    pages = portal.changes()
    (account,), (opportunity,) = of(pages, Account), of(pages, Opportunity)
    assert (account.ref.id, account.name) == (company, "Acme")
    assert (opportunity.ref.id, opportunity.people) == (deal, (RecordRef("hubspot", "contacts", person),))
    assert (opportunity.account_id, opportunity.closed, opportunity.won) == (company, True, True)
    owners = next(page for page in pages if page.object == "owners")
    assert owners.complete
    assert all(isinstance(owner, Owner) and owner.hubspot_id for owner in owners.items)


def test_an_engagement_is_one_activity_for_every_person(portal: Portal) -> None:
    first, second = portal.contacts(2)
    (call,) = portal.make(
        "calls",
        {"hs_timestamp": "2026-11-20T12:00:00Z", "hs_call_direction": "OUTBOUND", "hs_call_title": "Hi"},
        to=((first, 194), (second, 194)),
    )
    activities = [found for found in of(portal.changes(), Activity) if found.ref.object == "calls"]
    assert [(found.ref.id, found.person.id) for found in activities] == [(call, first), (call, second)]
    assert {(found.kind, found.direction, found.name) for found in activities} == {
        (ActivityKind.CALL, Direction.OUTBOUND, "Hi")
    }
    before = portal.crm.calls
    assert of(portal.changes(), Activity) == []
    assert portal.crm.calls - before == len(OBJECTS)


def test_people_are_found_by_our_external_id(portal: Portal) -> None:
    portal.provision()
    (made,) = portal.contacts(1)
    portal.crm.write([write(made, lead_id="L1")])
    found = portal.crm.read_external("contacts", ["L1", "L2"])
    assert {key: record.ref.id for key, record in found.items()} == {"L1": made}


# writing ---------------------------------------------------------------------------------------------


def test_a_batch_is_one_call_and_gives_versions(portal: Portal) -> None:
    portal.provision()
    made = portal.contacts(100)
    before = portal.crm.calls
    outcomes = portal.crm.write([write(record, stage="mql", score=61.5) for record in made])
    assert portal.crm.calls - before == 1
    assert [outcome.id for outcome in outcomes] == made
    read = portal.crm.read("contacts", made)
    assert {outcome.version for outcome in outcomes} == {record.version for record in read.values()}
    assert {(r.fields["stage"], r.fields["score"]) for r in read.values()} == {("mql", 61.5)}


def test_bad_records_never_take_good_ones_with_them(portal: Portal) -> None:
    portal.provision()
    made = portal.contacts(8)
    writes = [write(record, last_name="Good") for record in made]
    writes[2] = write(made[2], owner="999999")
    writes[5] = write("88888888", last_name="Nobody")
    writes[6] = write(made[6], recycle_reason="no such reason")
    states = [outcome.state for outcome in portal.crm.write(writes)]
    failed = {2, 5, 6}
    assert states == [OutcomeState.FAILED if n in failed else OutcomeState.WRITTEN for n in range(8)]
    assert [portal.values(record)["last_name"] for record in (made[0], made[7])] == ["Good", "Good"]


def test_a_property_that_does_not_exist_costs_two_calls_not_hundreds(portal: Portal) -> None:
    made = portal.contacts(60)  # not provisioned
    before = portal.crm.calls
    writes = [write(r, score=1.0) if n % 2 else write(r, last_name="Good") for n, r in enumerate(made)]
    outcomes = portal.crm.write(writes)
    assert Counter(outcome.state for outcome in outcomes) == {
        OutcomeState.FAILED: 30,
        OutcomeState.WRITTEN: 30,
    }
    assert portal.crm.calls - before <= 2
    assert outcomes[1].error == "PROPERTY_DOESNT_EXIST crmbridge_score"


def test_a_record_named_twice_is_written_twice_in_order(portal: Portal) -> None:
    (made,) = portal.contacts(1)
    outcomes = portal.crm.write([write(made, last_name="First"), write(made, last_name="Second")])
    assert [outcome.state for outcome in outcomes] == [OutcomeState.WRITTEN] * 2
    assert portal.values(made)["last_name"] == "Second"


UPDATE = {"crm": "hubspot", "method": "POST", "path": "/crm/v3/objects/contacts/batch/update", "count": 1}


@pytest.mark.parametrize(
    ("action", "applied"),
    [
        ({"reset": "after"}, True),
        ({"reset": "before"}, False),
        ({"status": 503, "applied": True}, True),
        ({"status": 502, "body": "html"}, False),
        ({"status": 504, "body": "latin1"}, False),
        ({"truncate_at": 20}, True),
    ],
)
def test_an_answer_that_never_came_is_ambiguous_and_nothing_is_sent_again(
    portal: Portal, action: dict[str, Any], applied: bool
) -> None:
    made = portal.contacts(2)
    portal.sandbox.set_faults({**UPDATE, "action": action})
    before = portal.crm.calls
    outcomes = portal.crm.write([write(record, last_name="New") for record in made])
    assert [outcome.state for outcome in outcomes] == [OutcomeState.AMBIGUOUS] * 2
    assert portal.crm.calls - before == 1
    assert (portal.values(made[0])["last_name"] == "New") is applied


def test_a_locked_write_waits_and_goes_out_again(portal: Portal) -> None:
    (made,) = portal.contacts(1)
    portal.sandbox.set_faults({**UPDATE, "action": {"status": 423}})
    (outcome,) = portal.crm.write([write(made, last_name="New")])
    assert outcome.state is OutcomeState.WRITTEN
    assert portal.slept == [2.0]


def test_creating_twice_gives_one_record(portal: Portal) -> None:
    portal.provision()
    wanted = [write(None, f"L{n}", last_name=f"N{n}", email=f"n{n}@example.com") for n in range(3)]
    first = portal.crm.write(wanted)
    second = portal.crm.write(wanted)
    assert [outcome.state for outcome in first] == [OutcomeState.WRITTEN] * 3
    assert [outcome.id for outcome in second] == [outcome.id for outcome in first]
    assert [outcome.key for outcome in first] == ["L0", "L1", "L2"]


def test_a_stage_never_moves_back_and_reading_shows_it(portal: Portal) -> None:
    (made,) = portal.contacts(1)
    portal.crm.write([write(made, stage="opportunity")])
    (outcome,) = portal.crm.write([write(made, stage="lead")])
    assert outcome.state is OutcomeState.WRITTEN
    assert portal.values(made)["stage"] == "opportunity"
    assert portal.crm.verify_fields("contacts") == {"stage"}


HOSTILE = (
    "=1+1",
    "Robert'); DROP TABLE--",
    "名前 🙂",
    "a\u2028b",
    "<script>",
    "null",
    "\u202eabc",
)


@pytest.mark.parametrize("text", HOSTILE)
def test_hostile_texts_come_back_as_they_went(portal: Portal, text: str) -> None:
    (made,) = portal.contacts(1)
    portal.crm.write([write(made, last_name=text)])
    assert portal.crm.same("contacts", "last_name", portal.values(made)["last_name"], text)


# HubSpot's Leads object ------------------------------------------------------------------------------


def test_leads_are_created_on_their_contact_once(leads_portal: Portal) -> None:
    portal = leads_portal
    (made,) = portal.contacts(1)
    portal.crm.write([write(made, lead_id="L1")])
    wanted = [write(None, "L1", object="leads", status="attempting"), write(None, "L2", object="leads")]
    first, nobody = portal.crm.write(wanted)
    again, _ = portal.crm.write(wanted)
    assert (first.state, first.id) == (OutcomeState.WRITTEN, again.id)
    assert (nobody.state, nobody.error) == (OutcomeState.FAILED, "NO_CONTACT")
    (lead,) = [record for record in of(portal.changes(), Record) if record.ref.object == "leads"]
    assert lead.linked_to == RecordRef("hubspot", "contacts", made)
    assert lead.fields["status"] == "attempting"


def test_a_portal_without_leads_goes_on_with_its_contacts(leads_portal: Portal) -> None:
    leads_portal.sandbox.set_options(hubspot={"leads_object": False})
    made = leads_portal.contacts(1)
    with capture_logs() as logs:
        assert ids(leads_portal.changes()) == made
    assert [entry["object"] for entry in logs if entry["event"] == "object_unreadable"] == ["leads"]
    assert "leads_object" not in leads_portal.crm.schema().features


# sign-in, limits, failures ---------------------------------------------------------------------------


def test_a_wrong_token_is_refused(portal: Portal) -> None:
    with pytest.raises(AuthFailed) as caught:
        portal.adapter(access_token="pat-na1-wrong").identity()
    assert "wrong" not in str(caught.value).removeprefix("the access token is wrong")


def test_the_host_may_renew_its_token(portal: Portal) -> None:
    given = iter(["stale", portal.ready["access_token"]])
    assert portal.adapter(access_token=lambda: next(given)).identity().account_id == portal.ready["portal_id"]


def oauth(portal: Portal, **changes: Any) -> OAuth:
    keys = {key: portal.ready[key] for key in ("client_id", "client_secret", "refresh_token")}
    return OAuth(**(keys | changes))


def test_oauth_refreshes_before_the_token_expires_and_keeps_the_new_refresh_token(portal: Portal) -> None:
    portal.sandbox.set_options(hubspot={"rotate_refresh_tokens": True})
    kept: list[str] = []
    now = [0.0]
    crm = portal.adapter(access_token=oauth(portal, on_rotation=kept.append), clock=lambda: now[0])
    crm.read("contacts", ["1"])
    crm.read("contacts", ["1"])
    assert portal.requests()["POST /oauth/v1/token"] == 1
    now[0] += 1_790
    crm.read("contacts", ["1"])
    assert portal.requests()["POST /oauth/v1/token"] == 2
    assert len(set(kept)) == 2


def test_oauth_refreshes_once_when_the_token_is_refused(portal: Portal) -> None:
    crm = portal.adapter(access_token=oauth(portal), clock=lambda: 0.0)
    crm.read("contacts", ["1"])
    portal.sandbox.advance(3_600)
    crm.read("contacts", ["1"])
    assert portal.requests()["POST /oauth/v1/token"] == 2


def test_a_dead_refresh_token_must_be_connected_again(portal: Portal) -> None:
    with pytest.raises(AuthFailed, match="BAD_REFRESH_TOKEN"):
        portal.adapter(access_token=oauth(portal, refresh_token="dead")).identity()


def test_a_missing_scope_is_named() -> None:
    portal = Portal(scopes=["crm.objects.owners.read", "crm.objects.companies.read"])
    with portal.sandbox, pytest.raises(Forbidden, match=r"crm\.objects\.contacts\.read"):
        portal.changes()


def test_plain_http_to_another_machine_is_refused() -> None:
    with pytest.raises(FatalError):
        HubSpot(Mapping.parse({"format": 1}), access_token="t", base_url="http://example.com")


def test_reads_are_repeated_until_hubspot_is_back(portal: Portal) -> None:
    made = portal.contacts(1)
    path = "/crm/v3/objects/contacts/batch/read"
    portal.sandbox.set_faults(
        {"crm": "hubspot", "path": path, "count": 2, "action": {"status": 503, "body": "html"}},
        {"crm": "hubspot", "path": path, "count": 1, "action": {"reset": "after"}},
    )
    with capture_logs() as logs:
        assert list(portal.crm.read("contacts", made)) == made
    assert [entry["event"] for entry in logs] == ["retry"] * 3


def test_a_hubspot_that_stays_down_ends_the_call(portal: Portal) -> None:
    portal.sandbox.set_faults({"crm": "hubspot", "action": {"status": 502}})
    with pytest.raises(Unavailable):
        portal.crm.read("contacts", ["1"])
    assert portal.crm.calls == portal.crm.transport.policy.attempts


def test_a_burst_beyond_the_limit_waits(portal: Portal) -> None:
    portal.sandbox.set_faults(
        {
            "crm": "hubspot",
            "count": 1,
            "action": {"status": 429, "body": {"policyName": "TEN_SECONDLY_ROLLING"}},
        }
    )
    portal.crm.read("contacts", ["1"])
    assert portal.slept[0] == 10.0


def test_the_spent_day_stops_the_run(portal: Portal) -> None:
    portal.sandbox.set_faults(
        {"crm": "hubspot", "count": 1, "action": {"status": 429, "body": {"policyName": "DAILY"}}}
    )
    with pytest.raises(QuotaExhausted):
        portal.crm.read("contacts", ["1"])
    assert portal.slept == []


def test_a_budget_stops_before_the_call(portal: Portal) -> None:
    portal.crm.transport.before_call = Budget(1)
    portal.crm.read("contacts", ["1"])
    seen = portal.seq
    with pytest.raises(QuotaExhausted):
        portal.crm.read("contacts", ["1"])
    assert portal.requests(seen) == Counter()


def test_a_connection_that_is_refused_says_so() -> None:
    crm = HubSpot(
        Mapping.parse({"format": 1}),
        access_token="t",
        base_url="http://127.0.0.1:9",
        policy=RetryPolicy(attempts=2, sleep=lambda _: None),
    )
    with pytest.raises(TransientError, match="no connection"):
        crm.identity()


def test_a_portal_over_tls_needs_its_certificates() -> None:
    sandbox = Sandbox(tls=True)
    with sandbox:
        ready = sandbox.ready["hubspot"]
        crm = HubSpot(
            Mapping.parse({"format": 1}),
            access_token=ready["access_token"],
            base_url=ready["base_url"],
            ca_file=sandbox.ready["ca_file"],
        )
        assert crm.identity().account_id == ready["portal_id"]
        stranger = HubSpot(
            Mapping.parse({"format": 1}),
            access_token=ready["access_token"],
            base_url=ready["base_url"],
            policy=RetryPolicy(attempts=1),
        )
        with pytest.raises(TransientError):
            stranger.identity()
