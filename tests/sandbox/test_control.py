"""The control API, time, and starting and stopping."""

from __future__ import annotations

import io
import json
import subprocess
import sys
from datetime import UTC, datetime
from pathlib import Path
from typing import Any

import pytest

from crmbridge.sandbox import ConnectorOptions, Sandbox
from crmbridge.sandbox.arguments import parse_options
from crmbridge.sandbox.serve import serve_forever
from tests.sandbox.conftest import Http

CONTACTS = "/crm/v3/objects/contacts"


def test_it_needs_its_own_token(http: Http, control: Http) -> None:
    control.token = http.token
    assert control.get("/state").status == 401


def test_the_ready_line_holds_all_that_clients_need(sandbox: Sandbox) -> None:
    ready = sandbox.ready
    assert list(ready) == ["hubspot", "salesforce", "control", "ca_file"]
    assert {"base_url", "access_token", "client_id", "client_secret", "refresh_token", "portal_id"} <= set(
        ready["hubspot"]
    )
    assert {
        "instance_url",
        "session_id",
        "client_id",
        "client_secret",
        "username",
        "private_key_file",
        "api_version",
        "org_id",
    } <= set(ready["salesforce"])
    assert set(ready["control"]) == {"url", "token"}


def test_the_state_counts_records_and_calls(http: Http, control: Http) -> None:
    http.contact(email="a@example.com")
    state = control.get("/state").json
    assert state["hubspot"]["records"]["contacts"] == 1
    assert state["calls"] == {"hubspot": 1, "salesforce": 0}


def test_the_audit_tells_who_did_what(http: Http, control: Http) -> None:
    """HS-9.29"""
    http.contact(email="a@example.com")
    http.get(f"{CONTACTS}?limit=1")
    entries = control.get("/audit").json
    assert [(e["seq"], e["method"], e["path"], e["query"], e["status"], e["effects"]) for e in entries] == [
        (1, "POST", CONTACTS, "", 201, ["hubspot contacts 101 created"]),
        (2, "GET", CONTACTS, "limit=1", 200, []),
    ]
    assert entries[0]["user"] == "app 19083857"
    assert [e["seq"] for e in control.get("/audit?since=1").json] == [2]


def test_time_can_be_set_and_advanced(http: Http, control: Http) -> None:
    """HS-9.29"""
    control.post("/clock", {"set": "2030-01-01T00:00:00Z"})
    control.post("/clock", {"advance_seconds": 86_400})
    record_id = http.contact(email="a@example.com")
    assert str(http.read(record_id, "createdate")["createdate"]).startswith("2030-01-02T00:00:")


def test_faults_and_switches_are_set_and_problems_named(http: Http, control: Http) -> None:
    rule = {"crm": "hubspot", "path": CONTACTS, "count": 1, "action": {"status": 503}}
    assert control.post("/faults", {"seed": 1, "rules": [rule]}).json == {"rules": 1}
    assert [http.get(CONTACTS).status for _ in range(2)] == [503, 200]
    refused = control.post("/faults", {"rules": [{"action": {"colour": "red"}}]})
    assert (refused.status, refused.json["problems"][0][:34]) == (400, "faults: rules[0].action.colour: un")
    assert (
        control.post("/options", {"hubspot": {"lifecycle": "reject"}}).json["hubspot"]["lifecycle"]
        == "reject"
    )
    assert control.post("/options", {"hubspot": {"lifecycle": "perhaps"}}).status == 400


@pytest.mark.parametrize(
    ("path", "body"),
    [
        ("/clock", {"set": "soon"}),
        ("/clock", {"advance_seconds": "1"}),
        ("/faults", {}),
        ("/load", {"object": "hubspot.contacts"}),
        ("/load", {"object": "hubspot.butterflies", "csv": "a\n1\n"}),
        ("/options", {"zoho": {}}),
        ("/options", {"hubspot": {"rate_limits": 1}}),
        ("/options", {"salesforce": {"hidden_fields": "Lead.Phone"}}),
        ("/act", {"crm": "hubspot", "action": "explode"}),
        ("/act", {"crm": "hubspot", "action": "edit", "arguments": {"object": "contacts", "id": "1"}}),
        ("/state", b"["),
    ],
)
def test_what_is_not_as_documented_is_refused(control: Http, path: str, body: Any) -> None:
    answer = control.post(path, body)
    assert answer.status in (400, 404)
    assert answer.json["error"]


def test_files_are_loaded_from_the_text_that_comes_with_the_request(http: Http, control: Http) -> None:
    report = control.post("/load", {"object": "hubspot.contacts", "csv": "email\na@example.com\n"}).json
    assert (report["rows"], report["loaded"]) == (1, 1)
    assert len(http.get(CONTACTS).json["results"]) == 1


def test_no_path_of_a_request_reaches_the_file_system(
    sandbox: Sandbox, http: Http, control: Http, tmp_path: Path
) -> None:
    secret = tmp_path / "secret.csv"
    secret.write_text("email\nsecret@example.com\n")
    loaded = control.post("/load", {"object": "hubspot.contacts", "csv": str(secret)})
    assert loaded.status == 400 or loaded.json["loaded"] == 0
    org = sandbox.ready["salesforce"]
    salesforce = Http(org["instance_url"], org["session_id"])
    for client in (http, salesforce, control):
        for path in (str(secret), f"/..{secret}", f"/%2e%2e{secret}", f"/services/data/v62.0/../..{secret}"):
            answer = client.get(path)
            assert answer.status in (400, 404)
            assert b"secret@" not in answer.data
    salesforce.pool.clear()


def test_starting_over_puts_everything_back(sandbox: Sandbox, http: Http) -> None:
    before = sandbox.run(sandbox.world.options.as_dict)
    http.contact(email="a@example.com")
    sandbox.set_options(hubspot={"lifecycle": "reject"})
    sandbox.set_faults({"action": {"status": 503}})
    sandbox.connect(ConnectorOptions())
    sandbox.start_over()
    assert http.get(CONTACTS).json == {"results": []}
    assert sandbox.run(sandbox.world.options.as_dict) == before
    assert sandbox.connector_state()["on"] is False
    assert len(sandbox.audit()) == 1


def test_a_reset_goes_back_to_the_start(http: Http, control: Http) -> None:
    http.contact(email="a@example.com")
    control.post("/reset")
    assert http.get(CONTACTS).json == {"results": []}
    assert [entry["seq"] for entry in control.get("/audit").json] == [1]
    assert http.contact(email="a@example.com") == "101"


def test_a_frozen_clock_stands_still_until_it_is_moved() -> None:
    moment = datetime(2026, 11, 21, 8, tzinfo=UTC)
    with Sandbox(clock=moment) as sandbox:
        assert sandbox.run(sandbox.world.clock.now) == moment
        sandbox.advance(1.5)
        assert sandbox.run(sandbox.world.clock.iso) == "2026-11-21T08:00:01.500Z"


def test_the_same_seed_gives_the_same_answers() -> None:
    answers = []
    for _ in range(2):
        with Sandbox(seed=5, clock=datetime(2026, 11, 21, tzinfo=UTC)) as sandbox:
            ready = sandbox.ready["hubspot"]
            http = Http(ready["base_url"], ready["access_token"])
            ids = [http.contact(email=f"p{number}@example.com") for number in range(5)]
            read = http.post(f"{CONTACTS}/batch/read", {"inputs": [{"id": record_id} for record_id in ids]})
            answers.append((ready["access_token"], read.data, http.get("/nothing").data))
            http.pool.clear()
    assert answers[0] == answers[1]


def test_a_state_file_keeps_the_state(tmp_path: Path) -> None:
    file = tmp_path / "state.sqlite"
    for expected in (["101"], ["101", "102"]):
        with Sandbox(state=file) as sandbox:
            ready = sandbox.ready["hubspot"]
            http = Http(ready["base_url"], ready["access_token"])
            http.contact(email=f"{len(expected)}@example.com")
            assert [item["id"] for item in http.get(CONTACTS).json["results"]] == expected
            assert len(http.get("/crm/v3/owners").json["results"]) == 1
            http.pool.clear()


def test_the_server_prints_one_line_and_stops_when_told(tmp_path: Path) -> None:
    file = tmp_path / "people.csv"
    file.write_text("email\na@example.com\n")
    code = "import sys; from crmbridge.sandbox.serve import serve_forever as serve; serve(load=sys.argv[1:])"
    with subprocess.Popen(
        [sys.executable, "-c", code, f"hubspot.contacts={file}"],
        stdout=subprocess.PIPE,
        text=True,
        env={"PYTHONPATH": ":".join(sys.path)},
    ) as server:
        assert server.stdout is not None
        ready = json.loads(server.stdout.readline())
        control = Http(ready["control"]["url"], ready["control"]["token"])
        assert control.get("/state").json["hubspot"]["records"]["contacts"] == 1
        control.post("/stop")
        assert server.stdout.read() == ""
        assert server.wait(5) == 0
        control.pool.clear()


def test_a_signal_stops_it_and_leaves_nothing_behind() -> None:
    code = "from crmbridge.sandbox.serve import serve_forever; serve_forever(tls=True)"
    env = {"PYTHONPATH": ":".join(sys.path)}
    with subprocess.Popen([sys.executable, "-c", code], stdout=subprocess.PIPE, text=True, env=env) as server:
        assert server.stdout is not None
        folder = Path(json.loads(server.stdout.readline())["ca_file"]).parent
        assert folder.is_dir()
        server.terminate()
        assert server.wait(5) == 0
    assert not folder.exists()


def test_options_come_as_the_command_line_has_them() -> None:
    switches = ["hubspot.lifecycle=reject", "hubspot.search_lag_seconds=10", "salesforce.short_pages=true"]
    options = parse_options(
        load=["hubspot.contacts=a.csv"], clock="2026-11-21T08:00:00", demo=5, switch=switches, connector=True
    )
    assert options.options == {
        "hubspot": {"lifecycle": "reject", "search_lag_seconds": 10},
        "salesforce": {"short_pages": True},
    }
    assert options.connector == ConnectorOptions()
    assert options.load == [("hubspot.contacts", Path("a.csv"))]
    assert options.clock == datetime(2026, 11, 21, 8, tzinfo=UTC)


@pytest.mark.parametrize(
    "given",
    [
        {"load": ["contacts.csv"]},
        {"clock": "tomorrow"},
        {"load": ["hubspot.contacts=no.csv"]},
        {"switch": ["zoho.lifecycle=reject"]},
        {"switch": ["hubspot.lifecycle"]},
        {"switch": ["hubspot.colour=red"]},
        {"switch": ["salesforce.short_pages=1"]},
    ],
)
def test_options_that_cannot_be_read_are_refused(given: dict[str, Any]) -> None:
    with pytest.raises(ValueError, match=r"--load|--clock|no\.csv|--switch|unknown switch|true or false"):
        serve_forever(out=io.StringIO(), **given)
