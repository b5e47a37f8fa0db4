"""Guards refuse a plan before the first write, with the numbers."""

from __future__ import annotations

import pytest

from crmbridge.errors import UnsafePlan
from crmbridge.guards import CallEstimate, estimate, guard, refuse_empty
from crmbridge.ports import PlanCounts
from crmbridge.process.parts import Guards
from crmbridge.testing import FakeCrm

CONTACTS = ("hubspot", "contacts")
LIMITS = Guards(max_changed_share=0.3, min_changed=50, max_overwrites=10, max_handoffs=5)


def refused(counts: PlanCounts, *allow: str, calls: int = 0, left: int | None = None) -> list[str]:
    estimates = {"hubspot": CallEstimate(writes=calls)}
    try:
        guard(counts, LIMITS, estimates=estimates, rooms={"hubspot": left}, allow=allow)
    except UnsafePlan as error:
        return [finding.guard for finding in error.findings]
    return []


def changed(records: int, known: int) -> PlanCounts:
    return PlanCounts(records={(False, *CONTACTS, False, False): records}, known={CONTACTS: known})


@pytest.mark.parametrize(
    ("records", "known", "expected"),
    [
        pytest.param(60, 100, ["changed_share"], id="too large a share"),
        pytest.param(49, 50, [], id="too few records to be a pattern"),
        pytest.param(300, 1000, [], id="just the limit"),
    ],
)
def test_a_plan_that_changes_too_large_a_share_is_refused(
    records: int, known: int, expected: list[str]
) -> None:
    assert refused(changed(records, known)) == expected


def test_creations_are_no_share_of_what_is_there() -> None:
    counts = PlanCounts(records={(True, *CONTACTS, True, False): 900}, known={CONTACTS: 1000})
    assert refused(counts) == []


def test_each_guard_has_a_name_and_is_overridden_by_it() -> None:
    counts = PlanCounts(handed_off=6, overwrites={("hubspot", "owner"): 11})
    assert refused(counts) == ["overwrites", "handoffs"]
    assert refused(counts, "handoffs") == ["overwrites"]
    assert refused(counts, "handoffs", "overwrites") == []


def test_a_plan_that_would_eat_the_day_s_calls_is_refused() -> None:
    assert refused(PlanCounts(), calls=101, left=100) == ["calls"]
    assert refused(PlanCounts(), calls=100, left=100) == []
    assert refused(PlanCounts(), calls=10**6, left=None) == []


def test_the_message_has_share_limit_and_counts() -> None:
    with pytest.raises(
        UnsafePlan, match=r"60 of 100 hubspot contacts records would change \(60\.0%; the limit is 30%\)"
    ):
        guard(changed(60, 100), LIMITS, estimates={}, rooms={})


def test_a_source_that_came_back_empty_is_refused() -> None:
    with pytest.raises(UnsafePlan, match="hubspot contacts came back empty"):
        refuse_empty({CONTACTS}, ())
    refuse_empty({CONTACTS}, ("empty_source",))
    refuse_empty((), ())


@pytest.mark.parametrize(("fields", "verifies"), [(None, 1), (("qualified_at",), 0), (("stage",), 1)])
def test_reading_back_is_counted_where_a_field_is_written_that_needs_it(
    fields: tuple[str, ...] | None, verifies: int
) -> None:
    """A backfill that writes stages pays for looking at them again, one that writes dates does not."""
    counts = PlanCounts(records={(False, "hubspot", "contacts", False, False): 5})
    calls = estimate(counts, {"hubspot": FakeCrm("hubspot")}, fields=fields)
    assert (calls["hubspot"].writes, calls["hubspot"].verifies) == (1, verifies)


def test_the_estimate_counts_full_batches() -> None:
    counts = PlanCounts(records={(True, *CONTACTS, False, False): 101, (True, *CONTACTS, True, False): 1})
    calls = estimate(counts, {"hubspot": FakeCrm("hubspot")}, compare_and_set=True)
    assert calls["hubspot"] == CallEstimate(rereads=2, writes=3, verifies=3)
