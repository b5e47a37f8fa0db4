"""Secrets stay secret, and nothing that a CRM or a person writes is ever obeyed."""

from __future__ import annotations

import csv
import io
import json
import re
from collections.abc import Callable, Iterator
from contextlib import contextmanager, suppress
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer
from pathlib import Path
from threading import Thread
from typing import Any

import pytest
import structlog

from crmbridge.adapters import transport
from crmbridge.adapters.hubspot import HubSpot
from crmbridge.adapters.retry import RetryPolicy
from crmbridge.adapters.salesforce import Salesforce
from crmbridge.cli.show import text
from crmbridge.errors import CrmBridgeError, FatalError
from crmbridge.ledger.limiter import SqlLimiter
from crmbridge.logs import configure
from crmbridge.mapping import Mapping
from crmbridge.model import OutcomeState, Write
from crmbridge.ports import Crm
from crmbridge.sandbox import Sandbox
from tests.contract.shop import PROCESS, Shop

TOKEN = "pat-na1-00000000-secret-0000-0000-000000000000"
#: Texts that want to be a query, a path, a line of a log, a formula or a command of the terminal.
HOSTILE = [
    "x' OR Id != '",
    "x\\' OR Name LIKE '%",
    "../../sobjects/User/005000000000001AAA",
    "1/../../owners",
    "a?b=c#d",
    "%2e%2e%2f",
    "line\r\nX-Injected: yes",
    "=cmd|' /C calc'!A0",
    "\x1b]0;owned\x07\x1b[2J",
    "",
    "x" * 5000,
]
POLICY = RetryPolicy(attempts=1)


def hubspot(url: str) -> Crm:
    return HubSpot(Mapping.default(), access_token=TOKEN, base_url=url, policy=POLICY)


def salesforce(url: str) -> Crm:
    return Salesforce(Mapping.default(), instance_url=url, session_id=TOKEN, policy=POLICY)


BOTH = pytest.mark.parametrize("connect", [hubspot, salesforce])


@contextmanager
def server(answer: Callable[[BaseHTTPRequestHandler], None]) -> Iterator[tuple[str, list[str]]]:
    """Serve on loopback; gives the address, and what was asked for."""
    asked: list[str] = []

    class Handler(BaseHTTPRequestHandler):
        def do_GET(self) -> None:
            asked.append(self.path)
            self.rfile.read(int(self.headers.get("Content-Length") or 0))
            answer(self)

        do_POST = do_PATCH = do_GET  # noqa: N815 - the names that http.server looks for

        def log_message(self, *_: object) -> None:
            """Stay silent."""

    with ThreadingHTTPServer(("127.0.0.1", 0), Handler) as httpd:
        thread = Thread(target=httpd.serve_forever, kwargs={"poll_interval": 0.01}, daemon=True)
        thread.start()
        try:
            yield f"http://127.0.0.1:{httpd.server_port}", asked
        finally:
            httpd.shutdown()
            thread.join()


def ok(handler: BaseHTTPRequestHandler) -> None:
    handler.send_response(200)
    handler.send_header("Content-Length", "2")
    handler.end_headers()
    handler.wfile.write(b"{}")


@BOTH
@pytest.mark.parametrize("status", [301, 302, 303, 307, 308])
def test_a_redirect_to_another_host_is_refused_and_the_token_never_gets_there(
    connect: Callable[[str], Crm], status: int
) -> None:
    with server(ok) as (elsewhere, stolen):

        def away(handler: BaseHTTPRequestHandler) -> None:
            handler.send_response(status)
            handler.send_header("Location", f"{elsewhere}/steal")
            handler.send_header("Content-Length", "0")
            handler.end_headers()

        with server(away) as (url, asked), pytest.raises(FatalError) as caught:
            connect(url).identity()
    assert asked
    assert stolen == []
    assert TOKEN not in str(caught.value)


@BOTH
@pytest.mark.parametrize("told", [True, False])
def test_an_answer_that_never_ends_is_not_read_to_its_end(
    connect: Callable[[str], Crm], told: bool, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(transport, "MAX_ANSWER_BYTES", 200_000)
    sent: list[int] = []

    def long(handler: BaseHTTPRequestHandler) -> None:
        handler.send_response(200)
        if told:
            handler.send_header("Content-Length", "900000000")
        handler.end_headers()
        try:
            while len(sent) < 5000:
                handler.wfile.write(b'{"a":"' + b"x" * 9990)
                sent.append(9996)
        except OSError:
            handler.close_connection = True

    with server(long) as (url, _), pytest.raises(FatalError, match="longer than 200,000 bytes"):
        connect(url).identity()
    assert len(sent) < 5000


@BOTH
@pytest.mark.parametrize("url", ["http://example.com", "http://192.0.2.1:8080"])
def test_plain_http_is_for_this_machine_alone(connect: Callable[[str], Crm], url: str) -> None:
    with pytest.raises(FatalError, match="https only"):
        connect(url)


# the sandbox: what hostile ids and texts come to -----------------------------------------------------
@pytest.fixture(scope="module")
def served() -> Iterator[Sandbox]:
    with Sandbox() as sandbox:
        yield sandbox


@pytest.fixture
def shop(
    served: Sandbox, tmp_path: Path, monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str]
) -> Shop:
    served.reset()
    monkeypatch.setattr(SqlLimiter, "acquire", lambda *_: 0.0)  # how long calls wait is another test's matter
    made = Shop(tmp_path, served, monkeypatch, capsys)
    made.write(PROCESS)
    made.sign_in()
    made.people()
    assert made.run("provision", "--apply").code == 0
    return made


#: Every path that we ever ask for: API names and ids of letters and digits, and one encoded query.
_PATHS = re.compile(r"/[A-Za-z0-9/_.\-]*(\?[A-Za-z0-9=&%_.,~\-]*)?", re.ASCII)


@pytest.mark.parametrize("hostile", HOSTILE, ids=[str(number) for number in range(len(HOSTILE))])
def test_a_hostile_id_reaches_no_url_and_finds_nobody(shop: Shop, hostile: str) -> None:
    victims = shop.leads("v@example.com,Victim,Acme,DE")
    shop.look()
    bridge = shop.bridge()
    try:
        for name, target in (("hubspot", "contacts"), ("salesforce", "Lead")):
            crm = bridge.crms[name]
            write = Write(
                lead_id="L1",
                crm=name,
                object=target,
                id=hostile,
                values={"status": "working"},
                if_version="1",
            )
            assert _answers(crm, target, hostile, write) == []
    finally:
        bridge.close()
    assert shop.writes() == []
    paths = [entry["path"] for entry in shop.sandbox.audit(shop.seen)]
    assert [path for path in paths if not _PATHS.fullmatch(path) or ".." in path] == []
    assert len(victims) == 1


def _answers(crm: Crm, target: str, hostile: str, write: Write) -> list[Any]:
    """Give whatever came back or was written; a refusal on our side is as good as nothing."""
    asks: list[Callable[[], Any]] = [
        lambda: crm.read(target, [hostile]),
        lambda: crm.read_external(target, [hostile]),
        lambda: [outcome for outcome in crm.write([write]) if outcome.state is OutcomeState.WRITTEN],
    ]
    found = []
    for ask in asks:
        with suppress(CrmBridgeError):
            found.append(ask())
    return [answer for answer in found if answer]


def test_no_token_stands_in_logs_errors_ledger_or_plan(
    shop: Shop, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(RetryPolicy, "wait_seconds", lambda *_: 0.0)
    shop.contacts("a@example.com,Ann,Acme,DE", "b@example.com,Bob,Acme,DE")
    logged = io.StringIO()
    try:
        configure(as_json=True, level="debug", stream=logged)
        told = [shop.run("plan", "--out", str(tmp_path / "made.plan")), shop.run("sync", "--json")]
        shop.sandbox.set_faults({"crm": "hubspot", "action": {"status": 401}})
        told.append(shop.run("sync"))
        shop.sandbox.set_faults({"crm": "salesforce", "action": {"status": 403}})
        told.append(shop.run("sync"))
    finally:
        shop.sandbox.set_faults()
        structlog.reset_defaults()
    assert [ran.code for ran in told[:2]] == [0, 0]
    assert 0 not in [ran.code for ran in told[2:]]
    kept = b"".join(path.read_bytes() for path in tmp_path.iterdir() if path.is_file())
    shown = logged.getvalue() + "".join(ran.out + ran.err for ran in told)
    secrets = [
        value
        for settings in shop.sandbox.settings().values()
        for name, value in settings.items()
        if "token" in name or "secret" in name or "session" in name
    ]
    assert len(secrets) >= 2
    assert [secret for secret in secrets if secret in shown or secret.encode() in kept] == []


def test_every_csv_we_write_is_text_to_a_spreadsheet(shop: Shop) -> None:
    formula = "=cmd|' /C calc'!A0"
    shop.contacts(f'a@example.com,"{formula}","{formula}",DE')
    shop.sync()
    history = shop.run("history", "a@example.com", "--csv")
    cells = [value for row in csv.reader(io.StringIO(history.out)) for value in row]
    assert "'" + formula in cells
    assert [value for value in cells if value.startswith(("=", "+", "-", "@"))] == []
    assert formula in [row["new"] for row in shop.run("history", "a@example.com", "--json").json]


# what people and log readers see ---------------------------------------------------------------------
@pytest.mark.parametrize("hostile", HOSTILE)
def test_a_terminal_is_never_steered_by_a_value(hostile: str) -> None:
    assert [
        char for char in text(hostile) if char != " " and not char.isprintable() and char != "\ufffd"
    ] == []


@pytest.mark.parametrize("as_json", [True, False])
def test_a_value_never_begins_a_line_of_the_log(as_json: bool) -> None:
    out = io.StringIO()
    try:
        configure(as_json=as_json, level="info", stream=out)
        for hostile in HOSTILE:
            structlog.get_logger().info("run_done", reason=hostile, code="line\nlevel=error event=faked")
    finally:
        structlog.reset_defaults()
    lines = out.getvalue().splitlines()
    assert len(lines) == len(HOSTILE)
    assert "faked" not in out.getvalue()
    assert "\x1b]" not in out.getvalue()
    if as_json:
        assert {json.loads(line)["event"] for line in lines} == {"run_done"}
