"""The library as a host embeds it: over the sandbox, with parts of its own, from several threads."""

from __future__ import annotations

import tomllib
from collections.abc import Iterator
from concurrent.futures import ThreadPoolExecutor
from contextlib import contextmanager
from datetime import UTC, datetime
from importlib import resources
from pathlib import Path
from typing import Any

import pytest

from crmbridge import Bridge
from crmbridge.adapters.hubspot import HubSpot
from crmbridge.adapters.salesforce import Salesforce
from crmbridge.errors import ConfigError, LeaseLost, UnsafePlan
from crmbridge.ledger import SqlLedger
from crmbridge.mapping import Mapping
from crmbridge.process import Process
from crmbridge.sandbox import Sandbox, SandboxOptions

MORNING = datetime(2026, 11, 23, 8, tzinfo=UTC)
PROCESS = Path(str(resources.files("crmbridge.cli") / "demo_company" / "process.toml"))


@pytest.fixture(scope="module")
def served() -> Iterator[Sandbox]:
    with Sandbox(demo=40, clock=MORNING) as sandbox:
        yield sandbox


@pytest.fixture
def sandbox(served: Sandbox) -> Sandbox:
    served.set_options(hubspot={"leads_object": True})
    served.reset()
    return served


@contextmanager
def company(
    sandbox: Sandbox,
    mapping: dict[str, Any] | None = None,
    *,
    crms: str = "hubspot salesforce",
    url: str = "sqlite://",
) -> Iterator[Bridge]:
    """One company of the sandbox, set up and provisioned."""
    rules = Mapping.parse({"format": 1, **(mapping or {})})
    hubspot, salesforce = sandbox.ready["hubspot"], sandbox.ready["salesforce"]
    ledger = SqlLedger(url)
    bridge = Bridge(
        Process.load(PROCESS),
        rules,
        hubspot=HubSpot(
            rules, access_token=lambda: str(hubspot["access_token"]), base_url=hubspot["base_url"]
        )
        if "hubspot" in crms
        else None,
        salesforce=Salesforce(
            rules, instance_url=salesforce["instance_url"], session_id=lambda: str(salesforce["session_id"])
        )
        if "salesforce" in crms
        else None,
        ledger=ledger,
        clock=lambda: MORNING,
    )
    bridge.create_fields(bridge.needed_fields())
    try:
        yield bridge
    finally:
        bridge.close()


@pytest.mark.parametrize("crm", ["hubspot", "salesforce"])
def test_a_company_with_one_crm_works_too(sandbox: Sandbox, crm: str) -> None:
    with company(sandbox, crms=crm) as bridge:
        result = bridge.sync()
        assert result.written > 0
        assert result.failed == 0
        assert {change.crm for change in result.plan} == {crm}
        assert bridge.plan().counts.changes == 0


def test_what_is_left_of_each_account_s_day_is_known_from_its_answers(sandbox: Sandbox) -> None:
    with company(sandbox) as bridge:
        first = bridge.plan()
        for name, crm in bridge.crms.items():
            quota = crm.quota()
            assert quota is not None
            assert 0 < quota.left < quota.per_day
            assert bridge.ledger.spent(name) >= first.api_calls[name] > 0


def test_two_runs_at_once_never_overlap(sandbox: Sandbox, tmp_path: Path) -> None:
    with company(sandbox, url=f"sqlite:///{tmp_path / 'ledger.db'}") as bridge:

        def run() -> str:
            try:
                bridge.sync()
            except LeaseLost:
                return "held"
            return "done"

        with ThreadPoolExecutor(4) as threads:
            states = [future.result() for future in [threads.submit(run) for _ in range(4)]]
        assert "done" in states
        assert set(states) <= {"done", "held"}
        assert bridge.plan().counts.changes == 0


def test_two_companies_live_in_one_process(sandbox: Sandbox) -> None:
    with Sandbox(demo=20, clock=MORNING, seed=7) as other, company(sandbox) as one, company(other) as two:
        leads = one.sync().plan.counts.leads, two.sync().plan.counts.leads
        assert leads[0] > leads[1] > 0
        assert one.plan().counts.changes == two.plan().counts.changes == 0


def test_hubspot_s_leads_object_holds_the_status(sandbox: Sandbox) -> None:
    with company(sandbox, {"hubspot": {"status_object": "leads"}}) as bridge:
        result = bridge.sync()
        created = [c for c in result.plan if (c.object, c.field, c.id) == ("leads", "status", None)]
        assert created
        assert {change.new for change in created} <= {"new", "working"}
        assert not [c for c in result.plan if (c.object, c.field) == ("contacts", "status")]
        assert result.failed == 0
        assert bridge.plan().counts.changes == 0


def test_a_portal_without_the_leads_object_degrades_with_a_message(sandbox: Sandbox) -> None:
    sandbox.set_options(hubspot={"leads_object": False})
    with company(sandbox, {"hubspot": {"status_object": "leads"}}) as bridge:
        warnings = [problem for problem in bridge.check() if problem.key == "hubspot.status_object"]
        assert [problem.severity for problem in warnings] == ["warning"]
        assert bridge.sync().failed == 0
        assert bridge.plan().counts.changes == 0


def test_a_plan_applied_in_parts_ends_where_a_whole_one_does(sandbox: Sandbox) -> None:
    with company(sandbox) as bridge:
        plan = bridge.plan()
        one = next(iter(plan)).lead_id
        assert bridge.apply(plan, only=[one]).written >= 1
        assert bridge.apply(plan, limit=3).written >= 1
        bridge.apply(plan)
        assert bridge.plan().counts.changes == 0


def test_a_plan_is_refused_when_a_later_run_has_written(sandbox: Sandbox) -> None:
    with company(sandbox) as bridge:
        old = bridge.plan()
        bridge.sync()
        with pytest.raises(UnsafePlan, match="moved_on"):
            bridge.apply(old)


def test_another_account_is_refused_before_anything_is_read(sandbox: Sandbox) -> None:
    with company(sandbox) as bridge:
        pinned = PROCESS.read_text("utf-8") + '\n[identity]\nhubspot_portal_id = "1"\n'
        bridge.process = Process.parse(tomllib.loads(pinned))
        seen = sandbox.audit()[-1]["seq"]
        with pytest.raises(ConfigError, match="hubspot_portal_id"):
            bridge.sync()
        assert [entry["path"] for entry in sandbox.audit(seen)] == ["/account-info/v3/details"]


def test_assignment_rules_never_take_a_lead_from_its_rep(sandbox: Sandbox) -> None:
    """Assignment rules fire when the header is missing: ours never is, so owners stay as decided."""
    sandbox.set_options(salesforce={"assignment_owner": "kay.ito@example.com"})
    try:
        with company(sandbox) as bridge:
            assert bridge.sync().failed == 0
            assert bridge.plan().counts.changes == 0
    finally:
        sandbox.set_options(salesforce={"assignment_owner": ""})


def test_options_can_be_given_at_the_start() -> None:
    with (
        Sandbox(
            SandboxOptions(demo=10, clock=MORNING, options={"hubspot": {"lifecycle": "reject"}})
        ) as strict,
        company(strict) as bridge,
    ):
        assert bridge.sync().failed == 0
        assert bridge.plan().counts.changes == 0
