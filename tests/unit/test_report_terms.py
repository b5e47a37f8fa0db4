"""What the process file says about promises and figures reaches the report."""

from __future__ import annotations

from datetime import UTC, date, datetime, timedelta
from typing import Any

import pytest

from crmbridge.journey import EntryKind, Journey
from crmbridge.metrics import Quota
from crmbridge.model import LeadStatus
from crmbridge.process import decide
from crmbridge.recording import recorded
from crmbridge.reporting import terms
from tests.unit.process.acme import HOT, NOW, changed, owned, with_sales
from tests.unit.process.test_sla import touch

FRIDAY = datetime(2026, 11, 20, 15, tzinfo=UTC)
MONDAY = FRIDAY + timedelta(days=3)


def journey(**dimensions: str | None) -> Journey:
    return Journey(lead_id="1", dimensions=dimensions)


def test_both_sides_promises_reach_the_report() -> None:
    """S57, S62, S64: quotas of marketing and sales, with carry-over."""
    quota = {"period": "month", "qualified": 120, "customers": 9, "since": date(2026, 1, 1)}
    found = terms(changed(quota=quota), NOW)
    assert (found.period, [item.measure for item in found.quotas]) == ("month", ["qualified", "won"])
    assert found.quotas[0] == Quota(
        measure="qualified", period="month", target=120, begins=date(2026, 1, 1), carry_surplus=True
    )


def test_how_figures_are_counted_is_the_file_s() -> None:
    """S87: window, baseline and least size of a cohort."""
    metrics: dict[str, Any] = {"maturity_days": 60, "dimensions": ["source"], "drift_min_leads": 50}
    found = terms(changed(metrics=metrics), NOW)
    assert (found.windows["qualified"], found.dimensions, found.least) == (60, ("source",), 50)


def test_follow_up_is_judged_in_working_time_by_the_promise_that_holds() -> None:
    """S58, S82: touches, working time and windows of the SLA."""
    process = changed(
        calendar=[{"name": "berlin", "timezone": "Europe/Berlin", "countries": ["DE"]}],
        sla={
            "target": [
                {
                    "name": "demo",
                    "when": [{"field": "source", "op": "eq", "value": "demo"}],
                    "first_touch_minutes": 30,
                },
                {"name": "others", "first_touch_minutes": 240},
            ]
        },
    )
    found = terms(process, NOW)
    assert found.business is not None
    assert found.target is not None
    assert found.business(journey(country="DE"), FRIDAY, MONDAY) == 8 * 3600
    assert found.business(journey(country="US"), FRIDAY, MONDAY) == 3 * 86_400
    assert [found.target(journey(source=name)) for name in ("demo", "web", None)] == [1800, 14_400, 14_400]
    assert found.target(journey()) is None  # nobody recorded where it came from
    assert found.is_touch(touch(MONDAY))
    assert not found.is_touch(touch(MONDAY, "task"))


@pytest.mark.parametrize("told", ["wrong_territory", "not_a_fit"])
def test_every_rejection_is_on_the_record(told: str) -> None:
    """S76: also one that went straight to somebody else."""
    process = changed(
        reject=[
            {"reason": "wrong_territory", "class": "procedural"},
            {"reason": "not_a_fit", "class": "definitional"},
        ]
    )
    lead = owned(HOT, status=LeadStatus.REJECTED, status_reason=told, status_at=NOW - timedelta(hours=1))
    memory = with_sales()
    decision = decide(lead, process, memory, NOW)
    found = [entry for entry in recorded(memory, decision, lead) if entry.kind is EntryKind.REJECTED]
    assert [(entry.reason, entry.at) for entry in found] == [(told, NOW - timedelta(hours=1))]
