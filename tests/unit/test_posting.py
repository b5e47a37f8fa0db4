"""Notes for reps and messages to people: after the writes, each once, whatever goes wrong."""

from __future__ import annotations

import json
from collections.abc import Iterator
from dataclasses import dataclass, field
from datetime import UTC, datetime, timedelta
from http.server import BaseHTTPRequestHandler, HTTPServer
from threading import Thread
from typing import Any

import pytest
from pydantic import SecretStr

from crmbridge.alerts import AppriseCourier, courier_for
from crmbridge.bridge import Bridge
from crmbridge.errors import ConfigError, Paused
from crmbridge.mapping import Mapping as CompanyMapping
from crmbridge.outbox import DeliveryState
from crmbridge.process import Process
from crmbridge.settings import Settings
from crmbridge.testing import Fate
from tests.property.company import PROCESS
from tests.property.world import World

EVERY = DeliveryState
ALERT = {"name": "sales", "on": ["handed_off", "unrouted"], "to": ["channel"]}


@dataclass
class Postman:
    """A courier that keeps what it was given."""

    state: DeliveryState = DeliveryState.SENT
    sent: list[tuple[str, str, str]] = field(default_factory=list)
    owners: list[str | None] = field(default_factory=list)
    dies: bool = False

    def send(
        self, to: str, title: str, body: str, *, owner: str | None, manager: str | None
    ) -> DeliveryState:
        self.sent.append((to, title, body))
        self.owners.append(owner)
        if self.dies:
            raise KeyboardInterrupt
        return self.state


@dataclass
class Company:
    """A world with alerts and notes."""

    world: World
    postman: Postman

    def bridge(self, **sections: Any) -> None:
        """Go on with a process of these further sections."""
        self.world.bridge = Bridge(
            Process.parse({**PROCESS, **sections}),
            CompanyMapping.parse({"format": 1}),
            hubspot=self.world.hubspot,
            salesforce=self.world.salesforce,
            ledger=self.world.ledger,
            clock=lambda: self.world.now,
            courier=self.postman,
        )

    def arrive(self, name: str, country: str = "DE", title: str = "Head of Sales") -> None:
        self.world.hubspot.edit(
            "contacts",
            name,
            email=f"{name}@example.org",
            last_name=name.title(),
            company="Acme",
            job_title=title,
            country=country,
        )

    def states(self) -> list[str]:
        found = self.world.ledger.deliveries(list(DeliveryState), 100)
        return sorted(item.state.value for item in found)


@pytest.fixture
def company() -> Iterator[Company]:
    world = World()
    made = Company(world, Postman())
    made.bridge(alert=[ALERT], handoff={})
    yield made
    world.close()


# messages --------------------------------------------------------------------------------------------
def test_a_hand_off_is_told_once(company: Company) -> None:
    """S51: an alert for a new qualified lead, at most once."""
    company.arrive("ada")
    result = company.world.bridge.sync()
    assert result.posted.delivered == {"sent": 1, "unknown": 0}
    ((to, title, body),) = company.postman.sent
    assert (to, title) == ("channel", "New qualified lead: Ada, Acme")
    assert "MQL by score" in body
    company.world.bridge.sync()
    assert len(company.postman.sent) == 1
    assert company.postman.owners[0] in {"ann@example.com", "bob@example.com"}


def test_what_was_not_written_is_not_told_until_it_is(company: Company) -> None:
    company.arrive("ada")
    company.world.salesforce.fates = [Fate.REFUSE_FIRST]
    assert company.world.bridge.sync().failed == 1
    assert company.postman.sent == []
    assert company.world.salesforce.notes == []
    company.world.bridge.retry_failures()
    company.world.bridge.sync()
    assert len(company.postman.sent) == 1
    assert len(company.world.salesforce.notes) == 1


def test_a_plan_alone_tells_nobody(company: Company) -> None:
    company.arrive("ada")
    company.world.bridge.plan()
    assert (company.postman.sent, company.states()) == ([], [])


@pytest.mark.parametrize("state", [DeliveryState.FAILED, DeliveryState.UNKNOWN])
def test_what_did_not_arrive_is_listed_and_not_repeated(company: Company, state: DeliveryState) -> None:
    company.arrive("ada")
    company.postman.state = state
    company.world.bridge.sync()
    company.world.bridge.sync()
    assert (len(company.postman.sent), company.states()) == (1, [state.value])
    company.postman.state = DeliveryState.SENT
    assert company.world.ledger.redeliver([]) == 1
    company.world.bridge.sync()
    assert (len(company.postman.sent), company.states()) == (2, ["sent"])


def test_a_crash_while_sending_leaves_it_unknown(company: Company) -> None:
    """Law 4 for messages: nobody knows whether it arrived, so it is listed and not sent again."""
    company.arrive("ada")
    company.postman.dies = True
    with pytest.raises(KeyboardInterrupt):
        company.world.bridge.sync()
    company.postman.dies = False
    company.world.seconds += 61
    company.world.bridge.sync()
    assert (len(company.postman.sent), company.states()) == (1, ["unknown"])


def test_the_text_of_a_message_that_arrived_is_not_kept(company: Company) -> None:
    company.arrive("ada")
    company.world.bridge.sync()
    (kept,) = company.world.ledger.deliveries([DeliveryState.SENT], 10)
    assert (kept.delivery.title, kept.delivery.body) == ("", "")


def test_messages_are_collected(company: Company) -> None:
    """S51: digest or immediate."""
    company.bridge(alert=[{**ALERT, "digest_hours": 2}])
    company.postman.owners.clear()
    for name in ("ada", "ben", "cid"):
        company.arrive(name)
    company.world.bridge.sync()
    assert company.postman.sent == []
    company.world.wait(0.1)
    company.world.bridge.sync()
    # One for each rep: addresses may hold the rep's.
    assert sum(title.count("messages") for _, title, _ in company.postman.sent) == 1
    assert company.states() == ["sent"] * 3


def test_quiet_hours_are_kept(company: Company) -> None:
    office = {"name": "office", "timezone": "Europe/Berlin"}
    company.bridge(alert=[{**ALERT, "calendar": "office"}], calendar=[office])
    company.world.now = datetime(2026, 3, 1, 20, tzinfo=UTC)  # a Sunday evening
    company.arrive("ada")
    company.world.bridge.sync()
    assert company.states() == ["waiting"]
    company.world.now = datetime(2026, 3, 2, 8, 30, tzinfo=UTC)
    company.world.bridge.sync()
    assert company.states() == ["sent"]


def test_a_lead_that_nobody_gets_is_told(company: Company) -> None:
    """S48: no lead is unrouted in silence."""
    routing = {"mode": "direct", "triage": "gone@example.com"}
    company.bridge(alert=[ALERT], routing=routing)
    company.arrive("zoe", country="FR")
    company.world.bridge.sync()
    company.world.bridge.sync()
    assert [title for _, title, _ in company.postman.sent] == ["Nobody gets this lead: Zoe, Acme"]


def test_templates_are_the_company_s_own_and_conditions_choose(company: Company) -> None:
    alert = {
        **ALERT,
        "title": "$name ($$$score)",
        "body": "$owner: $why",
        "when": [{"field": "country", "op": "eq", "value": "DE"}],
    }
    company.bridge(alert=[alert])
    company.arrive("ada")
    company.arrive("ida", country="AT")
    company.world.bridge.sync()
    assert [title for _, title, _ in company.postman.sent] == ["Ada ($60)"]


# notes -----------------------------------------------------------------------------------------------
def test_a_rep_finds_the_reason_on_the_record(company: Company) -> None:
    """S30, S36, S37: scores, rules, contact data, on the Salesforce Lead that the hand-off created."""
    company.arrive("ada")
    company.world.bridge.sync()
    (note,) = company.world.salesforce.notes
    (lead,) = company.world.salesforce.records("Lead")
    assert (note.object, note.id, note.kind) == ("Lead", lead.ref.id, "task")
    assert note.owner_id in {"s-ann", "s-bob"}
    assert note.title == "New qualified lead, score 60"
    for told in ("Boss +50.0", "Near +10.0", "E-mail: ada@example.org", "Name: Ada"):
        assert told in note.body
    assert company.world.hubspot.notes == []


@pytest.mark.parametrize("fate", [Fate.LOST_BEFORE, Fate.LOST_AFTER, Fate.DOWN, Fate.KILLED_HALFWAY])
def test_a_note_is_made_once_whatever_happens(company: Company, fate: Fate) -> None:
    """Law 4 for notes: looked for by its marker before it is made."""
    for name in ("ada", "ben", "cid"):
        company.arrive(name)
    company.world.salesforce.note_fates = [fate]
    company.world.sync()
    company.world.sync()
    made = [note.marker for note in company.world.salesforce.notes]
    assert len(made) == len(set(made)) == 3


def test_a_note_that_a_crm_refuses_is_told_and_not_tried_for_ever(company: Company) -> None:
    company.arrive("ada")
    company.world.salesforce.note_fates = [Fate.REFUSE_FIRST]
    assert company.world.bridge.sync().posted.errors == {"refused": 1}
    assert company.world.bridge.sync().posted.errors == {}


@pytest.mark.parametrize("crm", ["hubspot", "salesforce", "both"])
def test_the_calls_that_notes_cost_are_in_the_estimate(company: Company, crm: str) -> None:
    """Before the first write a plan says at most how many calls it will spend: notes are calls, too."""
    company.bridge(handoff={"note": "task", "crm": crm})
    for number in range(5):
        company.arrive(f"p{number}")
    world = company.world
    plan = world.bridge.plan()
    spent = world.bridge.apply(plan).api_calls
    noted = {"hubspot", "salesforce"} if crm == "both" else {crm}
    assert {name for name, calls in plan.estimates.items() if calls.notes} == noted
    assert all(spent[name] <= calls.total for name, calls in plan.estimates.items())
    assert world.hubspot.notes or world.salesforce.notes


def test_a_pause_keeps_notes_and_messages_back_until_it_is_lifted(company: Company) -> None:
    company.arrive("ada")
    company.world.hubspot.meanwhile = lambda: company.world.bridge.pause("wrong territories")
    with pytest.raises(Paused, match="wrong territories"):
        company.world.bridge.sync()
    assert (company.world.salesforce.notes, company.postman.sent) == ([], [])
    company.world.bridge.resume()
    company.world.bridge.sync()
    assert (len(company.world.salesforce.notes), len(company.postman.sent)) == (1, 1)


def test_what_was_undone_is_not_told_any_more(company: Company) -> None:
    """A message that is still collected when its hand-off is taken back would be untrue."""
    company.bridge(alert=[{**ALERT, "digest_hours": 2}])
    company.arrive("ada")
    company.world.bridge.sync()
    assert company.states() == ["waiting"]
    company.world.bridge.undo("last", apply=True)
    company.world.wait(1)
    company.world.bridge.sync()
    assert (company.postman.sent, company.states()) == ([], [])


def test_notes_speak_the_company_s_language_and_go_where_it_says(company: Company) -> None:
    company.bridge(handoff={"note": "note", "crm": "both", "language": "fr", "contact_data": False})
    company.arrive("ada")
    company.world.bridge.sync()
    notes = [*company.world.hubspot.notes, *company.world.salesforce.notes]
    assert {(note.crm, note.title) for note in notes} == {
        ("hubspot", "Nouveau lead qualifié, score 60"),
        ("salesforce", "Nouveau lead qualifié, score 60"),
    }
    assert not any("ada@example.org" in note.body for note in notes)


def test_nothing_to_say_costs_nothing(company: Company) -> None:
    """An idle run makes no further call."""
    company.arrive("ada")
    company.world.bridge.sync()
    before = company.world.salesforce.calls
    company.world.bridge.sync()
    idle = company.world.salesforce.calls - before
    company.world.bridge.sync()
    assert company.world.salesforce.calls - before == 2 * idle


# Apprise ---------------------------------------------------------------------------------------------
class _Webhook(BaseHTTPRequestHandler):
    received: list[dict[str, Any]]
    status = 200

    def do_POST(self) -> None:
        length = int(self.headers["Content-Length"])
        type(self).received.append({"path": self.path, **json.loads(self.rfile.read(length))})
        self.send_response(type(self).status)
        self.end_headers()

    def log_message(self, format: str, *args: Any) -> None:
        """Stay quiet."""


@pytest.fixture
def webhook() -> Iterator[tuple[int, type[_Webhook]]]:
    handler = type("Handler", (_Webhook,), {"received": [], "status": 200})
    server = HTTPServer(("127.0.0.1", 0), handler)
    thread = Thread(target=server.serve_forever, daemon=True)
    thread.start()
    yield server.server_port, handler
    server.shutdown()
    server.server_close()
    thread.join()


@pytest.mark.filterwarnings("ignore:'imghdr' is deprecated")  # a library of a library
def test_messages_go_through_apprise(webhook: tuple[int, type[_Webhook]]) -> None:
    """S51, S52: to every service that Apprise knows; here a webhook."""
    port, handler = webhook
    courier = AppriseCourier({"hook": SecretStr(f"json://127.0.0.1:{port}/{{owner}}")})
    said = {"owner": "ann@example.com", "manager": None}
    assert courier.send("hook", "Title", "Line <b>one</b>", **said) is DeliveryState.SENT
    (message,) = handler.received
    assert (message["title"], message["message"]) == ("Title", "Line <b>one</b>")
    assert message["path"].rstrip("/") == "/ann@example.com"
    handler.status = 500
    assert courier.send("hook", "Title", "Text", **said) is DeliveryState.FAILED


@pytest.mark.filterwarnings("ignore:'imghdr' is deprecated")
def test_a_message_to_nobody_fails() -> None:
    courier = AppriseCourier({"rep": SecretStr("json://127.0.0.1:1/{owner}"), "bad": SecretStr("nonsense")})
    for to, owner in (("rep", None), ("rep", "Inbound queue"), ("bad", None), ("other", None)):
        assert courier.send(to, "T", "B", owner=owner, manager=None) is DeliveryState.FAILED


def test_a_destination_without_an_address_is_refused_before_anything_is_done() -> None:
    process = Process.parse({**PROCESS, "alert": [ALERT]})
    with pytest.raises(ConfigError) as refused:
        courier_for(process, {})
    assert [problem.key for problem in refused.value.problems] == ["CRMBRIDGE_ALERTS__CHANNEL"]
    assert courier_for(Process.parse(PROCESS), {}) is None


def test_addresses_come_from_the_environment(tmp_path: Any) -> None:
    environ = {
        "CRMBRIDGE_ALERTS__CHANNEL": "json://127.0.0.1:1/secret",
        "CRMBRIDGE_HUBSPOT__ACCESS_TOKEN": "pat",
    }
    settings = Settings.for_company(tmp_path, environ)
    assert settings.alerts["channel"].get_secret_value() == "json://127.0.0.1:1/secret"
    assert "127.0.0.1" not in repr(settings)


def test_time_is_the_run_s(company: Company) -> None:
    """What waits is sent by a later run, even of another day."""
    company.bridge(alert=[{**ALERT, "digest_hours": 1}])
    company.arrive("ada")
    company.world.bridge.sync()
    company.world.now += timedelta(days=2)
    company.world.bridge.sync()
    assert company.states() == ["sent"]
