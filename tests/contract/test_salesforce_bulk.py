"""Bulk API 2.0 through the adapter, over a real socket: one outcome per record, whatever goes wrong."""

from __future__ import annotations

from collections.abc import Iterator
from typing import Any

import pytest

from crmbridge.adapters.retry import RetryPolicy
from crmbridge.adapters.salesforce import Salesforce
from crmbridge.adapters.salesforce.bulk import Row, fits
from crmbridge.errors import QuotaExhausted, Unavailable
from crmbridge.model import Outcome, OutcomeState, Write
from crmbridge.sandbox.options import Options
from tests.contract.test_salesforce_sandbox import Org

JOBS = "*/jobs/ingest"
ONE = "*/jobs/ingest/*"


@pytest.fixture(scope="module")
def shared() -> Iterator[Org]:
    made = Org()
    with made.sandbox:
        yield made


@pytest.fixture
def org(shared: Org) -> Iterator[Org]:
    yield shared
    shared.sandbox.set_faults()
    shared.sandbox.run(lambda: setattr(shared.sandbox.world, "options", Options()))


def people(org: Org, count: int) -> list[str]:
    rows = [{"LastName": f"P{number}", "Company": "Acme"} for number in range(count)]
    return list(org.load("Lead", *rows))


def update(record_id: str, **values: Any) -> Write:
    return Write(lead_id=f"of {record_id}", crm="salesforce", object="Lead", id=record_id, values=values)


def sent(crm: Salesforce, *writes: Write, waits: list[int] | None = None) -> list[Outcome]:
    way = crm.bulk("Lead")
    assert way is not None
    return list(way.write(writes, lambda: waits.append(1) if waits is not None else None))


def named(crm: Salesforce, ids: list[str]) -> list[Any]:
    found = crm.read("Lead", ids)
    return [found[key].fields["last_name"] for key in ids]


def calls(org: Org, seen: int) -> list[str]:
    """Name the calls about jobs since then."""
    paths = [(entry["method"], entry["path"]) for entry in org.sandbox.audit(seen)]
    return [f"{method} {path.rpartition('/')[2]}" for method, path in paths if "/jobs/" in path]


def last(org: Org) -> int:
    return max((entry["seq"] for entry in org.sandbox.audit()), default=0)


def test_every_record_is_written_in_a_handful_of_calls(org: Org) -> None:
    crm, ids = org.connect(), people(org, 300)
    crm.read("Lead", ids[:1])
    before, seen = crm.calls, last(org)
    outcomes = sent(crm, *(update(key, last_name=f'N{key}, "x"\nÄ') for key in ids))
    assert [outcome.key for outcome in outcomes] == ids
    assert {(outcome.state, outcome.error) for outcome in outcomes} == {(OutcomeState.WRITTEN, None)}
    # Prepare, upload, close, two looks; nothing failed, so there is nothing to read.
    assert crm.calls - before == 5
    assert [call.split()[0] for call in calls(org, seen)] == ["POST", "PUT", "PATCH", "GET", "GET"]
    assert named(crm, ids) == [f'N{key}, "x" Ä' for key in ids]


def test_a_field_that_is_not_named_stays_and_none_clears(org: Org) -> None:
    crm, (one, other) = org.connect(), people(org, 2)
    crm.write([update(key, phone="+4930901820") for key in (one, other)])
    sent(crm, update(one, phone=None), update(other, last_name="Other"))
    found = crm.read("Lead", [one, other])
    assert (found[one].fields["phone"], found[other].fields["phone"]) == (None, "+4930901820")
    assert (found[one].fields["last_name"], found[other].fields["last_name"]) == ("P0", "Other")


def test_a_bad_record_never_takes_the_good_ones_with_it(org: Org) -> None:
    crm, ids = org.connect(), people(org, 4)
    outcomes = sent(
        crm,
        update(ids[0], last_name="A"),
        update(ids[1], email="no address"),
        update("no id at all", last_name="B"),
        update(ids[3], last_name="C"),
    )
    assert [(outcome.state, outcome.error) for outcome in outcomes] == [
        (OutcomeState.WRITTEN, None),
        (OutcomeState.FAILED, "INVALID_EMAIL_ADDRESS"),
        (OutcomeState.FAILED, "MALFORMED_ID"),
        (OutcomeState.WRITTEN, None),
    ]
    assert "no address" not in repr(outcomes)


def test_creating_twice_makes_one_record(org: Org) -> None:
    crm = org.connect()
    writes = [
        Write(
            lead_id=f"L{number:020x}",
            crm="salesforce",
            object="Lead",
            id=None,
            values={"lead_id": f"L{number:020x}", "last_name": f"New {number}", "company": "Acme"},
        )
        for number in range(3)
    ]
    first, again = sent(crm, *writes), sent(crm, *writes)
    assert {outcome.state for outcome in (*first, *again)} == {OutcomeState.WRITTEN}
    assert [outcome.id for outcome in first] == [outcome.id for outcome in again]
    assert len({outcome.id for outcome in first}) == 3


def test_no_assignment_rule_takes_an_owner(org: Org) -> None:
    (key,) = people(org, 1)
    rows = "Username,LastName,Alias,Email,TimeZoneSidKey,LocaleSidKey,EmailEncodingKey,LanguageLocaleKey\n"
    org.sandbox.load("salesforce.User", f"{rows}q@x.com,Q,q,q@x.com,UTC,en_US,UTF-8,en_US")
    crm = org.connect()
    before = crm.read("Lead", [key])[key].fields["owner"]
    org.sandbox.set_options(salesforce={"assignment_owner": "q@x.com"})
    sent(crm, update(key, last_name="Mine"))
    assert crm.read("Lead", [key])[key].fields["owner"] == before


def test_a_job_that_fails_half_way_is_finished_the_ordinary_way(org: Org) -> None:
    crm, ids = org.connect(), people(org, 6)
    org.sandbox.set_options(salesforce={"bulk_batch_records": 2, "daily_bulk_batches": 1_000})
    used = org.app.bulk.batches.used if hasattr(org.app, "bulk") else None
    org.sandbox.set_options(salesforce={"bulk_batch_records": 2, "daily_bulk_batches": (used or 0) + 1})
    outcomes = sent(crm, *(update(key, last_name=f"N{key}") for key in ids))
    assert {outcome.state for outcome in outcomes} == {OutcomeState.WRITTEN}
    assert named(crm, ids) == [f"N{key}" for key in ids]


def test_ten_looks_at_a_slow_job_wait_longer_each_time(org: Org) -> None:
    slept: list[float] = []
    policy = RetryPolicy(sleep=slept.append, jitter=lambda: 0.0)
    crm, ids, waits = org.connect(policy=policy), people(org, 2), list[int]()
    org.sandbox.set_options(salesforce={"bulk_polls": 5})
    outcomes = sent(crm, *(update(key, last_name="N") for key in ids), waits=waits)
    assert {outcome.state for outcome in outcomes} == {OutcomeState.WRITTEN}
    assert len(slept) == len(waits) == 10
    assert slept == sorted(slept)
    assert slept[0] == 1.0
    assert slept[-1] == 30.0 or slept[-1] > 20


def test_a_job_that_never_ends_leaves_everything_open(org: Org) -> None:
    crm, ids = org.connect(), people(org, 2)
    org.sandbox.set_options(salesforce={"bulk_polls": 10_000})
    outcomes = sent(crm, *(update(key, last_name="N") for key in ids))
    assert {(outcome.state, outcome.error) for outcome in outcomes} == {
        (OutcomeState.AMBIGUOUS, "BULK_TOO_LONG")
    }


@pytest.mark.parametrize(
    ("rule", "made"),
    [
        # The answer to closing is lost, whether it was closed or not.
        ({"method": "PATCH", "path": ONE, "count": 1, "action": {"reset": "after"}}, 1),
        ({"method": "PATCH", "path": ONE, "count": 1, "action": {"reset": "before"}}, 1),
        # The answer to the upload is lost: the job is given up, and a second one made.
        ({"method": "PUT", "path": ONE, "count": 1, "action": {"reset": "after"}}, 2),
        ({"method": "PUT", "path": ONE, "count": 1, "action": {"status": 503}}, 2),
        # The answer to preparing is lost: an open job does nothing.
        ({"method": "POST", "path": JOBS, "count": 1, "action": {"reset": "after"}}, 2),
        # Looking and reading are repeated.
        ({"method": "GET", "path": ONE, "count": 2, "action": {"status": 503}}, 1),
        ({"method": "GET", "path": "*Results", "count": 2, "action": {"truncate_at": 10}}, 1),
    ],
)
def test_whatever_answer_is_lost_every_record_is_written_once(
    org: Org, rule: dict[str, Any], made: int
) -> None:
    crm, ids = org.connect(), people(org, 3)
    seen = last(org)
    org.sandbox.set_faults(rule)
    # One fails, so that results have to be read.
    writes = [
        update(ids[0], last_name="A"),
        update(ids[1], email="no address"),
        update(ids[2], last_name="C"),
    ]
    states = [outcome.state for outcome in sent(crm, *writes)]
    assert states == [OutcomeState.WRITTEN, OutcomeState.FAILED, OutcomeState.WRITTEN]
    assert calls(org, seen).count("POST ingest") == made


def test_an_upload_that_never_comes_through_wrote_nothing(org: Org) -> None:
    crm, ids = org.connect(), people(org, 2)
    org.sandbox.set_faults({"method": "PUT", "path": ONE, "action": {"status": 503}})
    with pytest.raises(Unavailable):
        sent(crm, *(update(key, last_name="N") for key in ids))
    org.sandbox.set_faults()
    assert named(crm, ids) == ["P0", "P1"]


def test_results_that_cannot_be_read_leave_everything_open(org: Org) -> None:
    crm, ids = org.connect(), people(org, 2)
    org.sandbox.set_faults({"method": "GET", "path": "*failedResults", "action": {"status": 503}})
    outcomes = sent(crm, update(ids[0], last_name="N"), update(ids[1], email="no address"))
    assert {outcome.state for outcome in outcomes} == {OutcomeState.AMBIGUOUS}


def test_an_org_without_the_bulk_api_writes_the_ordinary_way(org: Org) -> None:
    crm, ids = org.connect(), people(org, 2)
    body = [{"errorCode": "FUNCTIONALITY_NOT_ENABLED", "message": "no bulk"}]
    org.sandbox.set_faults({"method": "POST", "path": JOBS, "action": {"status": 403, "body": body}})
    outcomes = sent(crm, *(update(key, last_name="N") for key in ids))
    assert {outcome.state for outcome in outcomes} == {OutcomeState.WRITTEN}


def test_a_spent_budget_stops_it_while_it_waits(org: Org) -> None:
    crm, ids = org.connect(), people(org, 2)
    crm.read("Lead", ids)
    left = iter(range(4))

    def meter() -> None:
        if next(left, None) is None:
            raise QuotaExhausted("the budget is spent")

    crm.meter(meter)
    with pytest.raises(QuotaExhausted):
        sent(crm, *(update(key, last_name="N") for key in ids))


def test_a_text_that_means_clear_goes_the_ordinary_way(org: Org) -> None:
    crm, ids = org.connect(), people(org, 2)
    outcomes = sent(crm, update(ids[0], last_name="#N/A"), update(ids[1], last_name="N"))
    assert {outcome.state for outcome in outcomes} == {OutcomeState.WRITTEN}
    assert named(crm, ids) == ["#N/A", "N"]
    assert not fits(Row(update(ids[0]), {"Text__c": "x" * 32_001}))
