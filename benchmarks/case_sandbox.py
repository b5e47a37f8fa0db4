# ruff: noqa: S608 - SOQL of constants
"""SB: the sandbox's own speed over a real socket: loading, pages, searches on indexed fields.

The sandbox is another process. Its CPU decides, as a busy machine makes every wall clock late; the wall is
printed.
"""

from __future__ import annotations

import json
import os
import subprocess
import sys
from collections.abc import Callable, Iterator, Mapping
from contextlib import contextmanager
from dataclasses import dataclass
from functools import partial
from http.client import HTTPConnection
from itertools import count
from pathlib import Path
from statistics import median
from tempfile import TemporaryDirectory
from time import perf_counter
from typing import Any
from urllib.parse import quote, urlsplit

from benchmarks.measure import Line, gated, shown

_SERVE = "import sys; from crmbridge.sandbox.serve import serve_forever; serve_forever(load=sys.argv[1:])"
_TICKS = os.sysconf("SC_CLK_TCK")
_QUERY = "/services/data/v62.0/query?q="
_FIELDS = "Id, FirstName, LastName, Company, Email, Phone, City, Country, Status, OwnerId, SystemModstamp"
_PROPERTIES = "email,firstname,lastname,company,phone,city,country,lifecyclestage"
_SINCE = "2020-01-01T00:00:00Z"
#: What is asked over all leads.
_SOQL = {
    "Email =": "SELECT Id FROM Lead WHERE Email = 'p777@example.com'",
    "SystemModstamp >=, ORDER BY, LIMIT 2000": f"SELECT Id, Email FROM Lead WHERE SystemModstamp >= {_SINCE}"
    " ORDER BY SystemModstamp, Id LIMIT 2000",
    "COUNT() of SystemModstamp >=": f"SELECT COUNT() FROM Lead WHERE SystemModstamp >= {_SINCE}",
}
#: What is searched over all contacts: property, operator, value.
_SEARCHES = (
    ("email", "EQ", "p777@example.com"),
    ("lastmodifieddate", "GTE", "1577836800000"),
    ("lastname", "EQ", "lang5"),
)


@dataclass(frozen=True, slots=True)
class _Server:
    """A sandbox in a process of its own."""

    pid: int
    ready: Mapping[str, Any]
    load_seconds: float

    def cpu_seconds(self) -> float:
        """Give the processor time it has taken."""
        values = Path(f"/proc/{self.pid}/stat").read_text(encoding="ascii").rpartition(")")[2].split()
        return (int(values[11]) + int(values[12])) / _TICKS

    def peak_bytes(self) -> int:
        """Give the most memory it has had."""
        lines = Path(f"/proc/{self.pid}/status").read_text(encoding="ascii").splitlines()
        return next(int(line.split()[1]) * 1024 for line in lines if line.startswith("VmHWM"))

    def caller(self, crm: str) -> Callable[..., Any]:
        """Give what calls a CRM on one connection and decodes the answer."""
        ready = self.ready[crm]
        url, token = (ready[name] for name in _SIGN_IN[crm])
        connection = HTTPConnection(urlsplit(url).netloc)
        headers = {"Authorization": f"Bearer {token}", "Content-Type": "application/json"}

        def call(path: str, body: Any = None) -> Any:
            data = None if body is None else json.dumps(body)
            connection.request("POST" if body else "GET", path, body=data, headers=headers)
            answer = connection.getresponse()
            assert answer.status == 200, answer.read()
            return json.loads(answer.read())

        return call


_SIGN_IN = {"hubspot": ("base_url", "access_token"), "salesforce": ("instance_url", "session_id")}


def run(*, quick: bool) -> list[Line]:
    """SB: 100,000 contacts and as many leads."""
    size = 5_000 if quick else 100_000
    with _serving(size) as server:
        lines = [
            gated("SB", f"load {size:,} contacts and leads each, CPU", server.cpu_seconds(), 60, "s"),
            Line(goal="SB", what="… by the clock", figure=shown(server.load_seconds, "s")),
            gated("SB", "peak of memory", server.peak_bytes() / 1e6, 1_000, "MB"),
        ]
        lines += _rate(server, "pages of 100 contacts", 100, _contact_pages(server), 50 if quick else 400)
        lines += _rate(server, "pages of 2,000 leads", 2_000, _lead_pages(server), 2 if quick else 40)
        hubspot, salesforce = server.caller("hubspot"), server.caller("salesforce")
        for name, statement in _SOQL.items():
            ask = partial(salesforce, _QUERY + quote(statement))
            lines += _latency(server, f"SOQL {name}", ask)
        for search in _SEARCHES:
            ask = partial(hubspot, "/crm/v3/objects/contacts/search", _search(*search))
            lines += _latency(server, f"search {search[0]} {search[1]}", ask)
    return lines


@contextmanager
def _serving(size: int) -> Iterator[_Server]:
    with TemporaryDirectory() as folder:
        contacts, leads = _files(Path(folder), size)
        command = [sys.executable, "-c", _SERVE, f"hubspot.contacts={contacts}", f"salesforce.Lead={leads}"]
        start = perf_counter()
        with subprocess.Popen(command, stdout=subprocess.PIPE, text=True) as process:
            assert process.stdout is not None
            ready = json.loads(process.stdout.readline())
            try:
                yield _Server(process.pid, ready, perf_counter() - start)
            finally:
                process.terminate()


def _files(folder: Path, size: int) -> tuple[Path, Path]:
    contacts, leads = folder / "contacts.csv", folder / "leads.csv"
    people = [
        f"p{n}@example.com,Ada,Lang{n % 977},Acme {n % 5000},+43 1 {n:07d},Wien,Austria" for n in range(size)
    ]
    head = "email,firstname,lastname,company,phone,city,country,createdate\n"
    contacts.write_text(head + "".join(f"{row},2026-03-02T08:00:00Z\n" for row in people))
    stamps = (f"2026-0{1 + n % 9}-{1 + n % 28:02d}T{n % 24:02d}:00:00.000+0000" for n in count())
    head = "Email,FirstName,LastName,Company,Phone,City,Country,SystemModstamp\n"
    leads.write_text(head + "".join(f"{row},{at}\n" for row, at in zip(people, stamps, strict=False)))
    return contacts, leads


def _contact_pages(server: _Server) -> Callable[[], None]:
    call, after = server.caller("hubspot"), ["0"]

    def page() -> None:
        path = f"/crm/v3/objects/contacts?limit=100&properties={_PROPERTIES}&after={after[0]}"
        after[0] = call(path).get("paging", {"next": {"after": "0"}})["next"]["after"]

    return page


def _lead_pages(server: _Server) -> Callable[[], None]:
    call, first = server.caller("salesforce"), _QUERY + quote(f"SELECT {_FIELDS} FROM Lead")
    following = [first]

    def page() -> None:
        following[0] = call(following[0]).get("nextRecordsUrl", first)

    return page


def _search(name: str, operator: str, value: str) -> Mapping[str, Any]:
    filters = [{"propertyName": name, "operator": operator, "value": value}]
    return {"filters": filters, "sorts": [name], "limit": 100}


def _rate(server: _Server, what: str, size: int, page: Callable[[], None], pages: int) -> list[Line]:
    cpu, wall = _cost(server, page, pages)
    return [
        gated(
            "SB", f"{what}, records per second of CPU", size * pages / cpu, 20_000, "records/s", at_least=True
        ),
        Line(
            goal="SB", what="… by the clock, client included", figure=shown(size * pages / wall, "records/s")
        ),
    ]


def _latency(server: _Server, what: str, ask: Callable[[], Any]) -> list[Line]:
    ask()  # a property is indexed when it is first searched for
    walls = []
    before = server.cpu_seconds()
    for _ in range(21):
        start = perf_counter()
        ask()
        walls.append(perf_counter() - start)
    cpu = (server.cpu_seconds() - before) / 21
    return [
        gated("SB", f"{what}, CPU", cpu * 1000, 50, "ms"),
        Line(goal="SB", what="… by the clock, median", figure=shown(median(walls) * 1000, "ms")),
    ]


def _cost(server: _Server, work: Callable[[], None], times: int) -> tuple[float, float]:
    """Give server CPU and wall of doing it so often, after once to warm up."""
    work()
    cpu, wall = server.cpu_seconds(), perf_counter()
    for _ in range(times):
        work()
    return max(server.cpu_seconds() - cpu, 1 / _TICKS), perf_counter() - wall
