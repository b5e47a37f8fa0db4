"""G1 to G4: API calls of real runs, counted by the sandbox, each beside its minimum."""

from __future__ import annotations

import json
import re
from collections import Counter
from collections.abc import Iterator, Mapping
from contextlib import contextmanager
from dataclasses import dataclass
from datetime import datetime
from typing import Any, NamedTuple

from benchmarks import company
from benchmarks.measure import Line, ceil_div, gated
from crmbridge.adapters.hubspot import OVERLAP
from crmbridge.bridge import Bridge
from crmbridge.mapping import Mapping as CompanyMapping
from crmbridge.results import Plan
from crmbridge.sandbox import Sandbox

#: Past both adapters' overlap windows.
_LATER_SECONDS = 600.0
#: HubSpot: owners, companies, contacts, deals, and five kinds of engagements; each is one call.
_HUBSPOT_TYPES = ("owners", "companies", "contacts", "deals", "calls", "emails", "meetings", "notes", "tasks")
#: Salesforce: users, queues, accounts, leads, contacts, opportunities, roles, tasks, events, members.
_SALESFORCE_OBJECTS = 10
_QUERIES_PER_COMPOSITE = 5
_METADATA_CALLS = 2
_COLLECTIONS = "salesforce PATCH /composite/sobjects"
#: Above so many leads a run writes nothing.
_MANY = 20_000


@dataclass
class _World:
    """Both CRMs with a company over them, and what was called since one last looked."""

    sandbox: Sandbox
    bridge: Bridge
    #: (CRM, object) -> rows that were sent.
    rows: Counter[str]
    mapping: CompanyMapping | None
    _seen: int = 0

    def called(self) -> Counter[str]:
        """Give calls by CRM, method and path since the last time."""
        entries = self.sandbox.audit(self._seen)
        self._seen = entries[-1]["seq"] if entries else self._seen
        return Counter(f"{entry['crm']} {entry['method']} {_plain(entry['path'])}" for entry in entries)

    def reconnected(self) -> None:
        """Make adapters that know nothing, as a new process would."""
        self.bridge.crms = _connect(self.sandbox, self.mapping)

    def later(self) -> None:
        """Let time pass."""
        self.sandbox.advance(_LATER_SECONDS)


def _plain(path: str) -> str:
    return re.sub(r"/query/.+", "/query/CURSOR", re.sub(r"/services/data/v[\d.]+", "", path))


def _connect(sandbox: Sandbox, mapping: CompanyMapping | None = None) -> dict[str, Any]:
    settings = sandbox.settings()
    hubspot, salesforce = settings["hubspot"], settings["salesforce"]
    return {
        "hubspot": company.hubspot(hubspot["base_url"], hubspot["access_token"], mapping),
        "salesforce": company.salesforce(salesforce["instance_url"], salesforce["session_id"], mapping),
    }


#: Nothing may be written or created: a first run decides everybody and is done.
_READ_ONLY = {
    "format": 1,
    "write": {
        "hubspot": [],
        "salesforce_lead": [],
        "salesforce_contact": [],
        "create_salesforce_leads": False,
    },
}


@contextmanager
def _world(leads: int, *, read_only: bool = False) -> Iterator[_World]:
    """Start a sandbox with invented leads and the custom fields in place."""
    mapping = CompanyMapping.parse(_READ_ONLY, "mapping.toml") if read_only else None
    rows: Counter[str] = Counter()
    with Sandbox(demo=leads) as sandbox:
        now = sandbox.run(sandbox.world.clock.now)
        with company.bridge(
            _connect(sandbox, mapping),
            mapping=mapping,
            progress=lambda what, count: rows.update({what: count}),
            now=now,
        ) as bridge:
            bridge.create_fields(bridge.needed_fields())
            world = _World(sandbox, bridge, rows, mapping)
            world.called()
            yield world


def _table(calls: Mapping[str, int]) -> str:
    return ", ".join(f"{name} {count}" for name, count in sorted(calls.items()))


# G1 --------------------------------------------------------------------------------------------------
def idle(*, quick: bool, leads: int = 0) -> list[Line]:
    """G1: a second run that finds nothing, for few and for many leads."""
    sizes = [leads] if leads else [200, 600] if quick else [1000, 100_000]
    limit = len(_HUBSPOT_TYPES) + ceil_div(_SALESFORCE_OBJECTS, _QUERIES_PER_COMPOSITE) + 1 + _METADATA_CALLS
    lines, totals = [], []
    for size in sizes:
        # Many leads are only decided: writing them all would take the sandbox minutes.
        with _world(size, read_only=size > _MANY) as world:
            for _ in range(2):
                world.bridge.sync()
                world.later()
            world.called()
            world.reconnected()
            plan = world.bridge.plan()
            calls = world.called()
        totals.append(calls.total())
        what = f"{size:,} leads: calls of an idle run in a new process"
        lines.append(gated("G1", what, calls.total(), limit, "calls"))
        lines.append(
            Line(goal="G1", what="… " + _table(calls), figure=f"{plan.counts.leads} leads due or open")
        )
    if len(sizes) > 1:
        same = len(set(totals)) == 1
        text = " = ".join(map(str, totals)) if same else " / ".join(map(str, totals))
        lines.append(
            Line(goal="G1", what="the same for few and for many leads", figure=text, limit="equal", met=same)
        )
    return lines


# G2 --------------------------------------------------------------------------------------------------
def full_read(*, quick: bool) -> list[Line]:
    """G2: calls of a first read beside the fewest pages that hold the rows."""
    with _world(600 if quick else 10_000) as world:
        world.bridge.plan()
        calls = world.called()
        rows = {what.removeprefix("read "): count for what, count in world.rows.items() if "read " in what}
    pages = {
        what: max(1, ceil_div(count, 100 if what.startswith("hubspot") else 2000))
        for what, count in rows.items()
    }
    people = {what: pages[what] for what in ("hubspot contacts", "salesforce Lead", "salesforce Contact")}
    composites = ceil_div(_SALESFORCE_OBJECTS, _QUERIES_PER_COMPOSITE)
    associations = sum(count for path, count in calls.items() if "/associations/" in path)
    minimum = (
        sum(count for what, count in pages.items() if what.startswith("hubspot"))
        + composites
        + sum(count - 1 for what, count in pages.items() if what.startswith("salesforce"))
        + associations
        + _METADATA_CALLS
    )
    contacts = calls["hubspot GET /crm/v3/objects/contacts"]
    fewest = people["hubspot contacts"]
    what = f"{rows['hubspot contacts']:,} contacts: pages read; minimum {fewest}"
    return [
        gated("G2", what, contacts, fewest * 1.02 + 3, "calls"),
        gated("G2", f"whole first read; minimum {minimum}", calls.total(), minimum * 1.02 + 3, "calls"),
        Line(goal="G2", what="… " + _table(calls), figure=""),
        Line(goal="G2", what="… rows: " + _table(rows), figure=""),
    ]  # fmt: skip


# G3 --------------------------------------------------------------------------------------------------
def writes(*, quick: bool) -> list[Line]:
    """G3: calls of carrying a plan out, each kind beside its minimum; and of the run after it."""
    with _world(400 if quick else 3000) as world:
        plan = world.bridge.plan()
        world.called()
        result = world.bridge.apply(plan)
        calls = world.called()
        lines = _against_minimum(plan, calls)
        failed = dict(result.report.errors)
        lines.append(
            Line(goal="G3", what="… records: " + _states(result), figure=_table(failed) or "none failed")
        )
        world.later()
        world.bridge.sync()
        world.later()
        world.called()
        world.bridge.sync()
        again = sum(count for path, count in world.called().items() if _is_write(path))
    lines.append(
        Line(goal="G3", what="write calls of the run after it", figure=str(again), limit="0", met=again == 0)
    )
    return lines


def _states(result: Any) -> str:
    return ", ".join(f"{state.value} {count}" for state, count in result.report.states.items())


def _is_write(path: str) -> bool:
    return "/batch/update" in path or "/batch/upsert" in path or "/batch/create" in path or "PATCH" in path


class _Way(NamedTuple):
    """One way out to a CRM: what takes it, by which path, how many records a call."""

    name: str
    crm: str
    create: bool
    #: Only records with (without) an owner change; None: both.
    owner: bool | None
    path: str
    size: int

    def takes(self, crm: str, *, create: bool, owner: bool) -> bool:
        """Tell whether such records go this way."""
        return (crm, create) == (self.crm, self.create) and self.owner in {None, owner}


_WAYS = (
    _Way(
        "HubSpot updates", "hubspot", False, None, "hubspot POST /crm/v3/objects/contacts/batch/update", 100
    ),
    _Way("Salesforce creations", "salesforce", True, None, f"{_COLLECTIONS}/Lead/crmbridge_Lead_Id__c", 200),
    _Way("Salesforce compare-and-set", "salesforce", False, True, "salesforce POST /composite", 25),
    _Way("Salesforce other updates", "salesforce", False, False, _COLLECTIONS, 200),
)


def _against_minimum(plan: Plan, calls: Counter[str]) -> list[Line]:
    """Compare each way out with the fewest calls that do.

    Owners and hand-offs go out before everything else: each of the two waves ends with a batch of its own.
    """
    lines = [_way_out(plan, calls, way) for way in _WAYS]
    stages = len({change.id for change in plan if change.crm == "hubspot" and change.field == "stage"})
    lines.append(_reread(plan, calls, _Read("hubspot", "contacts", 100, stages)))
    for target in ("Lead", "Contact"):
        verified = sum(
            count
            for (_, crm, object_name, _, owner), count in plan.counts.records.items()
            if crm == "salesforce" and object_name == target and owner
        )
        lines.append(_reread(plan, calls, _Read("salesforce", target, 2000, verified)))
    return [*lines, Line(goal="G3", what="… " + _table(calls), figure="")]


def _way_out(plan: Plan, calls: Counter[str], way: _Way) -> Line:
    #: Records by wave and object: what may share a call.
    by_call: Counter[tuple[bool, str]] = Counter()
    for (is_first, crm, object_name, create, owner), count in plan.counts.records.items():
        if way.takes(crm, create=create, owner=owner):
            by_call[is_first, object_name] += count
    count = by_call.total()
    waves = sum(ceil_div(records, way.size) for records in by_call.values())
    fewest = ceil_div(count, way.size)
    what = f"{way.name}: {count} records, {way.size} a call; minimum {fewest}, in two waves {waves}"
    return gated("G3", what, calls[way.path], waves, "calls")


class _Read(NamedTuple):
    """Reads of one object around its writes."""

    crm: str
    object: str
    size: int
    #: Records that are read once more afterwards.
    verified: int

    @property
    def path(self) -> str:
        """Name the call as ``called`` does."""
        if self.crm == "hubspot":
            return f"hubspot POST /crm/v3/objects/{self.object}/batch/read"
        return f"salesforce POST /composite/sobjects/{self.object}"


def _reread(plan: Plan, calls: Counter[str], read: _Read) -> Line:
    """Compare the reads before and after the writes; both are done for a chunk of ``size`` at a time."""
    by_call: Counter[tuple[bool, bool]] = Counter()
    for (is_first, crm, object_name, create, owner), count in plan.counts.records.items():
        if (crm, object_name, create) == (read.crm, read.object, False):
            by_call[is_first, owner and crm == "salesforce"] += count
    chunks = sum(ceil_div(count, read.size) for count in by_call.values())
    again = ceil_div(read.verified, read.size)
    what = (
        f"{read.crm} {read.object}: re-reads of {by_call.total()}, verification of {read.verified}; "
        f"minimum {ceil_div(by_call.total(), read.size) + again}, in two waves {chunks + again}"
    )
    # What is verified may be spread over the chunks of both waves.
    return gated("G3", what, calls[read.path], (chunks + again) * 1.02 + 2, "calls")


# G4 --------------------------------------------------------------------------------------------------
def changed(*, quick: bool) -> list[Line]:
    """G4: rows read when 50 leads of many have changed."""
    size, edited = (600, 10) if quick else (10_000, 50)
    with _world(size) as world:
        world.bridge.plan()
        world.later()
        world.bridge.plan()
        world.later()
        overlap = _overlapping(world.sandbox)
        _edit(world.sandbox, edited)
        world.rows.clear()
        world.called()
        plan = world.bridge.plan()
        calls, rows = world.called(), Counter(world.rows)
    read = {crm: rows[f"read {crm}"] for crm in ("hubspot contacts", "salesforce Lead")}
    lines = [
        gated(
            "G4",
            f"{edited} of {size:,} changed in each CRM: rows of {crm} read; {overlap[crm]} in the overlap",
            count,
            edited + overlap[crm],
            "rows",
        )
        for crm, count in read.items()
    ]
    decided = plan.counts.leads
    lines.append(Line(goal="G4", what="… leads decided again", figure=f"{decided} in {calls.total()} calls"))
    return lines


def _clients(sandbox: Sandbox) -> tuple[Any, Any]:
    """Give both adapters' own clients, to edit with."""
    crms = _connect(sandbox)
    return crms["hubspot"]._client, crms["salesforce"]._org.client


def _overlapping(sandbox: Sandbox) -> dict[str, int]:
    """Count the rows that the next run reads again: stamped in the overlap before the newest one."""
    hubspot, salesforce = _clients(sandbox)
    newest = hubspot.search("contacts", _newest_request([])).results[0]
    since = _shifted(newest.properties["lastmodifieddate"] or newest.updated_at)
    recent = [
        {"propertyName": "lastmodifieddate", "operator": "GTE", "value": f"{since.timestamp() * 1000:.0f}"}
    ]
    stamps = "SELECT+SystemModstamp+FROM+Lead+ORDER+BY+SystemModstamp+DESC+LIMIT+1"
    row = _json(salesforce.send("GET", f"query/?q={stamps}").content)["records"][0]
    moment = _shifted(row["SystemModstamp"]).strftime("%Y-%m-%dT%H:%M:%SZ")
    counted = f"SELECT+COUNT()+FROM+Lead+WHERE+SystemModstamp+%3E%3D+{moment}"
    return {
        "hubspot contacts": hubspot.search("contacts", _newest_request(recent)).total,
        "salesforce Lead": _json(salesforce.send("GET", f"query/?q={counted}").content)["totalSize"],
    }


def _newest_request(filters: list[dict[str, str]]) -> dict[str, Any]:
    return {
        "filter_groups": [{"filters": filters}] if filters else [],
        "sorts": [{"propertyName": "lastmodifieddate", "direction": "DESCENDING"}],
        "properties": ["lastmodifieddate"],
        "limit": 1,
    }


def _shifted(stamp: str) -> datetime:
    return datetime.fromisoformat(stamp) - OVERLAP


def _edit(sandbox: Sandbox, count: int) -> None:
    """Let people change the city of some contacts and leads."""
    hubspot, salesforce = _clients(sandbox)
    page = hubspot.page("contacts", ["city"], None, archived=False)
    rows = _json(salesforce.send("GET", f"query/?q=SELECT+Id+FROM+Lead+LIMIT+{count}").content)["records"]
    hubspot.update("contacts", [_city(row.id) for row in page.results[:count]])
    records = [{"attributes": {"type": "Lead"}, "City": "Elsewhere", "id": row["Id"]} for row in rows]
    salesforce.send("PATCH", "composite/sobjects", {"records": records}, write=True)


def _city(contact: str) -> dict[str, Any]:
    return {"id": contact, "properties": {"city": "Elsewhere"}}


def _json(content: bytes) -> Any:
    return json.loads(content)
