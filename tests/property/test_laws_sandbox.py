"""The five laws over both adapters and the local CRMs, with lost answers, refusals and kills at any call."""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from datetime import UTC, datetime, timedelta
from importlib import resources
from typing import Any

import pytest
from hypothesis import HealthCheck, Phase, given, settings
from hypothesis import strategies as st

from crmbridge.adapters.hubspot import HubSpot
from crmbridge.adapters.retry import RetryPolicy
from crmbridge.adapters.salesforce import Salesforce
from crmbridge.bridge import Bridge
from crmbridge.errors import CrmBridgeError
from crmbridge.ledger import SqlLedger
from crmbridge.mapping import Mapping
from crmbridge.model import Record, Value
from crmbridge.process import Process
from crmbridge.sandbox import Sandbox
from crmbridge.testing import Killed

MORNING = datetime(2026, 11, 21, 8, tzinfo=UTC)
PEOPLE = 24
#: What people see of a record; ids and stamps of created ones differ between runs.
SEEN = (
    "email stage status owner recycle_reason is_mql is_sal qualified_at score fit_score recycle_count why"
).split()

WRITES = [
    ("hubspot", "POST", "/crm/v3/objects/contacts/batch/update"),
    ("salesforce", "PATCH", "/services/data/v62.0/composite/sobjects*"),
    ("salesforce", "POST", "/services/data/v62.0/composite"),
]
ACTIONS: list[dict[str, Any]] = [
    {"reset": "after"},
    {"reset": "before"},
    {"status": 503, "body": "html"},
    {"status": 504, "body": "empty", "applied": True},
    {"status": 502, "body": "latin1"},
    {"truncate_at": 20},
    {"status": 429, "headers": {"Retry-After": "1"}},
]
faults = st.lists(
    st.builds(
        lambda place, action, skip: {
            "crm": place[0],
            "method": place[1],
            "path": place[2],
            "skip": skip,
            "count": 1,
            "action": action,
        },
        st.sampled_from(WRITES),
        st.sampled_from(ACTIONS),
        st.integers(0, 2),
    ),
    min_size=1,
    max_size=4,
)
ON_A_SOCKET = settings(
    deadline=None,
    max_examples=12,
    phases=[Phase.explicit, Phase.generate],
    suppress_health_check=[HealthCheck.too_slow, HealthCheck.function_scoped_fixture],
)


class Company:
    """The demo company on a sandbox of its own state, with a clock that stands still."""

    def __init__(self, sandbox: Sandbox) -> None:
        self.sandbox = sandbox
        self.seconds = 0.0
        self.calls_left: int | None = None
        policy = RetryPolicy(sleep=lambda _seconds: None, jitter=lambda: 0.0, attempts=3)
        self.ledger = SqlLedger("sqlite://", clock=lambda: self.seconds, lease_seconds=60.0)
        mapping = Mapping.default()
        hubspot, salesforce = sandbox.ready["hubspot"], sandbox.ready["salesforce"]
        self.hubspot = HubSpot(
            mapping,
            access_token=hubspot["access_token"],
            base_url=hubspot["base_url"],
            policy=policy,
            before_call=self._count,
        )
        self.salesforce = Salesforce(
            mapping,
            instance_url=salesforce["instance_url"],
            session_id=salesforce["session_id"],
            policy=policy,
            before_call=self._count,
        )
        self.bridge = Bridge(
            Process.load(resources.files("crmbridge.cli") / "demo_company" / "process.toml"),  # type: ignore[arg-type]  # a Path: the package is installed unzipped
            mapping,
            hubspot=self.hubspot,
            salesforce=self.salesforce,
            ledger=self.ledger,
            clock=lambda: MORNING,
        )

    def begin(self) -> None:
        """Go back to the invented people, with the custom fields made."""
        self.sandbox.set_faults()
        self.sandbox.reset()
        self.bridge.create_fields(self.bridge.needed_fields())

    def sync(self) -> None:
        """One run, whatever becomes of it; a dead run's lease runs out."""
        try:
            self.bridge.sync()
        except (Killed, CrmBridgeError):
            self.seconds += 61

    def settle(self, runs: int = 8) -> None:
        """Run until nothing is left to do."""
        for _ in range(runs):
            self.sync()
            self.calls_left = None  # only runs are killed, not the look at what is left
            if not self.changes():
                return
        raise AssertionError(f"still not empty after {runs} runs: {self.changes()[:3]}")

    def changes(self) -> list[tuple[str, ...]]:
        return [(c.crm, c.object, c.id or "", c.field, str(c.old), str(c.new)) for c in self.bridge.plan()]

    def seen(self) -> list[tuple[str, list[tuple[str, Value]]]]:
        """What people see in both CRMs."""
        pages = [*self.hubspot.changes({}, _nothing), *self.salesforce.changes({}, _nothing)]
        records = [item for page in pages for item in page.items if isinstance(item, Record)]
        return sorted(
            ((record.ref.object, [(name, record.fields.get(name)) for name in SEEN]) for record in records),
            key=repr,
        )

    def _count(self) -> None:
        """Stand for ``kill -9`` just before a call."""
        if self.calls_left is None:
            return
        if self.calls_left == 0:
            self.calls_left = None
            raise Killed
        self.calls_left -= 1


def _nothing(_object: str, _ids: Sequence[str]) -> dict[str, str]:
    return {}


@pytest.fixture(scope="module")
def sandbox() -> Iterator[Sandbox]:
    with Sandbox(demo=PEOPLE, clock=MORNING) as running:
        yield running


@pytest.fixture(scope="module")
def undisturbed(sandbox: Sandbox) -> list[tuple[str, list[tuple[str, Value]]]]:
    company = Company(sandbox)
    company.begin()
    company.settle()
    return company.seen()


def test_applying_and_planning_again_is_empty(sandbox: Sandbox) -> None:
    """S98: after a run both CRMs show one and the same view of every lead."""
    company = Company(sandbox)
    company.begin()
    plan = company.bridge.plan()
    assert plan.counts.changes > 0
    company.bridge.apply(plan)
    assert company.changes() == []
    before = len(_effects(sandbox))
    assert company.bridge.sync().written == 0
    assert len(_effects(sandbox)) == before


def test_the_same_in_gives_the_same_plan_whatever_the_page_size(sandbox: Sandbox) -> None:
    company = Company(sandbox)
    company.begin()
    first = company.changes()
    assert first == company.changes()
    other = Company(sandbox)
    sandbox.set_options(salesforce={"max_page_size": 5})
    try:
        assert other.changes() == first
    finally:
        sandbox.set_options(salesforce={"max_page_size": 2000})


@ON_A_SOCKET
@given(rules=faults)
def test_lost_answers_and_refusals_are_harmless(
    sandbox: Sandbox, undisturbed: list[Any], rules: list[dict[str, Any]]
) -> None:
    company = Company(sandbox)
    company.begin()
    sandbox.set_faults(*rules, seed=1)
    company.settle()
    sandbox.set_faults()
    assert company.seen() == undisturbed


@ON_A_SOCKET
@given(calls=st.integers(0, 40))
def test_a_kill_before_any_call_is_harmless(sandbox: Sandbox, undisturbed: list[Any], calls: int) -> None:
    company = Company(sandbox)
    company.begin()
    company.calls_left = calls
    company.settle()
    assert company.seen() == undisturbed


def test_what_a_person_changes_after_us_stands(sandbox: Sandbox) -> None:
    company = Company(sandbox)
    company.begin()
    company.settle()
    lead = next(
        record
        for page in company.salesforce.changes({}, _nothing)
        for record in page.items
        if isinstance(record, Record) and record.ref.object == "Lead" and record.fields.get("is_mql") is True
    )
    sandbox.advance(timedelta(hours=1).total_seconds())
    kay = next(o for o in company.ledger.owners().values() if o.key.startswith("kay"))
    _edit_lead(sandbox, lead.ref.id, {"OwnerId": kay.salesforce_id, "Status": "Working - Contacted"})
    company.settle()
    company.settle()
    found = company.salesforce.read("Lead", [lead.ref.id])[lead.ref.id]
    assert (found.fields["owner"], found.fields["status"]) == (kay.salesforce_id, "working")


def _effects(sandbox: Sandbox) -> list[str]:
    return [effect for entry in sandbox.audit() for effect in entry["effects"]]


def _edit_lead(sandbox: Sandbox, record_id: str, values: dict[str, Any]) -> None:
    import requests  # noqa: PLC0415 - the hands of a rep, not ours

    ready = sandbox.ready["salesforce"]
    requests.patch(
        f"{ready['instance_url']}/services/data/v62.0/sobjects/Lead/{record_id}",
        json=values,
        headers={"Authorization": f"Bearer {ready['session_id']}", "Sforce-Auto-Assign": "FALSE"},
        timeout=10,
    ).raise_for_status()
