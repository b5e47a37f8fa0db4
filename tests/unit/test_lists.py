"""Rows of the lists: names from the records, owners by the name that people use, and who is left alone."""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import dataclass
from datetime import datetime, timedelta

import pytest

from crmbridge.ledger import SqlLedger
from crmbridge.ledger.watch import note_owner_changes
from crmbridge.lists import DEAD_LETTERS, DUE, QUARANTINED, quarantine_list, work_list
from crmbridge.model import Decision, Owner, OwnerKind, RecordRef, StageRole
from crmbridge.ports import Planned
from crmbridge.safety import Failure
from crmbridge.standing import PRIORITISED, Standing
from tests.unit.ledger.samples import NOW, bind_all, page, record, take

QUEUE = "salesforce:Group:00G1"
INBOUND = Owner(
    key=QUEUE, kind=OwnerKind.QUEUE, name="Inbound leads", salesforce_id="00G1", salesforce_active=True
)


@dataclass(frozen=True)
class Left:
    lead_id: str
    since_at: datetime
    reason: str


@pytest.fixture
def ledger() -> Iterator[SqlLedger]:
    """One lead, in a queue, due in an hour."""
    with SqlLedger("sqlite://") as opened:
        run = opened.begin("sync", NOW, {})
        person = RecordRef("hubspot", "contacts", "1")
        take(opened, run, record(person, first_name="Ada", last_name="Lovelace", company="Engines"))
        opened.take(run, "salesforce", page(INBOUND, object="Group", complete=True))
        (lead_id,) = bind_all(opened, run)
        found = Standing(
            lead_id=lead_id, list=PRIORITISED, owner=QUEUE, rank=-9, stage="mql", score=9, engagement_score=4,
            decided_at=NOW, process_version="1", due_at=NOW + timedelta(hours=1), why="because",
        )  # fmt: skip
        decision = Decision(
            lead_id=lead_id, process_version="1", decided_at=NOW, stage="mql", role=StageRole.QUALIFIED,
            status=None, fit_score=0, engagement_score=0, score=0,
        )  # fmt: skip
        opened.append(run, [Planned(lead_id=lead_id, decision=decision, standing=found)])
        opened.promote(run, None, {})
        opened.finish(run, "done", {})
        yield opened


def test_a_row_has_the_names_that_the_records_hold(ledger: SqlLedger) -> None:
    (row,) = work_list(ledger, PRIORITISED, NOW)
    assert (row.name, row.company, row.email) == ("Ada Lovelace", "Engines", "p1@example.com")
    assert (row.owner, row.score, row.why) == (QUEUE, 9, "because")
    assert row.records == ("hubspot:contacts:1",)


@pytest.mark.parametrize(("owner", "rows"), [("inbound LEADS", 1), (QUEUE, 1), ("ann@example.com", 0)])
def test_a_queue_is_named_as_people_name_it(ledger: SqlLedger, owner: str, rows: int) -> None:
    assert len(list(work_list(ledger, PRIORITISED, NOW, owner=owner))) == rows


def test_what_is_due_says_whether_it_is_overdue(ledger: SqlLedger) -> None:
    hour = timedelta(hours=1)
    assert list(work_list(ledger, DUE, NOW, ahead=hour / 2)) == []
    assert [row.overdue for row in work_list(ledger, DUE, NOW)] == [False]
    (late,) = work_list(ledger, DUE, NOW + 2 * hour)
    assert (late.overdue, late.overdue_seconds) == (True, 3600.0)


def test_a_lead_that_is_left_alone_is_listed_with_the_reason(ledger: SqlLedger) -> None:
    (lead_id,) = ledger.lead_ids("", 10)
    rows = list(quarantine_list(ledger, [Left(lead_id, NOW, "owner_flapping"), Left("gone", NOW, "x")], NOW))
    assert [(row.lead_id, row.name, row.why) for row in rows] == [
        (lead_id, "Ada Lovelace", "owner_flapping"),
        ("gone", None, "x"),
    ]


def test_dead_letters_are_a_list_with_what_the_crm_said(ledger: SqlLedger) -> None:
    """S48: what is not written any more is on a list, and nothing else that failed."""
    (lead_id,) = ledger.lead_ids("", 10)
    failed = [
        Failure(lead_id=lead_id, crm="salesforce", object="Lead", id="1", fields=("stage",), error="LOCKED",
                attempts=12, first_at=NOW, last_at=NOW, next_at=next_at)
        for next_at in (None, NOW)
    ]  # fmt: skip
    with pytest.MonkeyPatch.context() as patch:
        patch.setattr(ledger, "failures", lambda: failed)
        (row,) = work_list(ledger, DEAD_LETTERS, NOW)
    assert (row.lead_id, row.name, row.why) == (lead_id, "Ada Lovelace", "salesforce Lead: LOCKED, 12 times")


def test_the_quarantine_of_the_ledger_is_a_list_like_the_others(ledger: SqlLedger) -> None:
    person = RecordRef("hubspot", "contacts", "1")
    hours = [NOW + timedelta(hours=hour) for hour in range(1, 6)]
    with ledger._store.write() as tx:
        note_owner_changes(ledger._store, tx, [(str(person), at) for at in hours])
    run = ledger.begin("sync", hours[-1], {})
    assert ledger.quarantine(run, NOW, 3, hours[-1]) == 1
    (row,) = work_list(ledger, QUARANTINED, hours[-1])
    assert row.why is not None
    assert row.why.startswith("owner_flapping")
    assert list(work_list(ledger, QUARANTINED, hours[-1], owner="ann@example.com")) == []
