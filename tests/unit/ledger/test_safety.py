"""What the ledger remembers so that writing is safe, on both databases."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import replace
from datetime import timedelta
from typing import Any

import pytest
from sqlalchemy import func, select

from crmbridge.history import FieldChange, RecordHistory
from crmbridge.ledger import SqlLedger
from crmbridge.ledger.forgetting import BY_LEAD
from crmbridge.ledger.tables import metadata, owner_change, undone
from crmbridge.model import Conflict, OutcomeState, Record, Write
from crmbridge.ports import Binding, Run
from crmbridge.safety import Ruling, delay_after
from tests.unit.ledger.samples import (
    ANN,
    ANN_LEAD,
    BOB,
    LATER,
    NOW,
    Clock,
    change,
    marked,
    message,
    note,
    opened,
    outcome,
    planned,
    record,
    settled,
    take,
    write,
)

NextRun = Callable[[Run], Run]


@pytest.fixture
def ann(ledger: SqlLedger, run: Run) -> str:
    return settled(ledger, run, record(ANN))[0]


def fail(ledger: SqlLedger, run: Run, lead_id: str, *, max_attempts: int = 12) -> Write:
    """Plan one field, and have the CRM refuse it."""
    ledger.append(run, [planned(lead_id, change(lead_id))])
    sent = write(change(lead_id))
    refused = outcome(sent, OutcomeState.FAILED)
    ledger.log(run, [(sent, refused)], (), max_attempts=max_attempts)
    return sent


# failures ----------------------------------------------------------------------------------------
def test_a_failure_waits_twice_as_long_each_time_and_at_most_a_day() -> None:
    minutes = [delay_after(attempts).total_seconds() / 60 for attempts in (1, 2, 3, 8, 9, 10, 500)]
    assert minutes == [5, 10, 20, 640, 1280, 1440, 1440]


def test_a_failed_record_is_due_again_when_its_time_has_come(
    ledger: SqlLedger, run: Run, ann: str, clock: Clock
) -> None:
    fail(ledger, run, ann)
    assert ledger.waiting() == {("hubspot", "contacts", "1"): "1"}
    clock.seconds += 301
    assert ledger.waiting() == {}
    fail(ledger, run, ann)
    clock.seconds += 301
    assert list(ledger.waiting()) == [("hubspot", "contacts", "1")]
    [found] = ledger.failures()
    assert (found.attempts, found.fields, found.error, found.lead_id) == (2, ("score",), "failed", ann)
    assert found.first_at < found.last_at


def test_a_record_that_fails_too_often_is_a_dead_letter_until_somebody_retries_it(
    ledger: SqlLedger, run: Run, ann: str, clock: Clock
) -> None:
    for _ in range(3):
        fail(ledger, run, ann, max_attempts=3)
    clock.seconds += 10**9
    assert [found.next_at for found in ledger.failures()] == [None]
    assert list(ledger.waiting()) == [("hubspot", "contacts", "1")]
    assert ledger.retry([ann]) == 1
    assert ledger.waiting() == {}


def test_a_success_forgets_the_failure(ledger: SqlLedger, run: Run, ann: str) -> None:
    sent = fail(ledger, run, ann)
    ledger.log(run, [(sent, outcome(sent))], ())
    assert ledger.failures() == []


def test_what_was_dropped_is_neither_listed_nor_tried(ledger: SqlLedger, run: Run, ann: str) -> None:
    fail(ledger, run, ann)
    assert [ledger.drop_failures([ann]), ledger.drop_failures([ann])] == [1, 0]
    assert ledger.failures() == []
    assert list(ledger.waiting()) == [("hubspot", "contacts", "1")]


def test_another_process_tries_everything_again(ledger: SqlLedger, run: Run, ann: str) -> None:
    fail(ledger, run, ann, max_attempts=1)
    ledger.finish(run, "done", {})
    ledger.begin("sync", NOW, {"process": "2"})
    assert ledger.waiting() == {}


def test_a_failure_that_no_plan_wants_any_more_is_forgotten(
    ledger: SqlLedger, run: Run, ann: str, next_run: NextRun
) -> None:
    fail(ledger, run, ann)
    ledger.track(run, NOW)
    assert len(ledger.failures()) == 1
    later = next_run(run)
    ledger.append(later, [planned(ann)])
    ledger.track(later, NOW)
    assert ledger.failures() == []


# conflicts ---------------------------------------------------------------------------------------
def test_a_conflict_is_known_since_it_was_listed_first_until_it_is_gone(
    ledger: SqlLedger, run: Run, ann: str, next_run: NextRun
) -> None:
    found = Conflict(lead_id=ann, kind="field", records=(ANN,), field="owner", theirs="7", ours="8")
    ledger.append(run, [planned(ann, conflicts=[found])])
    ledger.track(run, NOW)
    second = next_run(run)
    ledger.append(second, [planned(ann, conflicts=[found])])
    ledger.track(second, LATER)
    assert [(item.conflict, item.first_seen_at) for item in ledger.disputes()] == [(found, NOW)]
    third = next_run(second)
    ledger.append(third, [planned(ann)])
    ledger.track(third, LATER)
    assert ledger.disputes() == []


def test_a_conflict_tells_when_each_side_changed_the_field(
    ledger: SqlLedger, run: Run, ann: str, clock: Clock
) -> None:
    ledger.append(run, [planned(ann, change(ann))])
    sent = write(change(ann))
    ledger.log(run, [(sent, outcome(sent))], ())
    take(ledger, run, record(ANN, version="3", at=LATER, score=1.0))
    found = Conflict(lead_id=ann, kind="field", records=(ANN,), field="score", theirs=1.0, ours=60.0)
    ledger.append(run, [planned(ann, conflicts=[found])])
    ledger.track(run, NOW)
    [dispute] = ledger.disputes()
    assert (dispute.theirs_at, dispute.ours_reason) == (LATER, "fit.role")
    assert dispute.ours_at is not None
    assert dispute.ours_at.timestamp() == clock.seconds


def test_rulings_come_with_the_lead_they_are_about(ledger: SqlLedger, run: Run, ann: str) -> None:
    made = Ruling(place=str(ANN), field="owner", theirs="7", ours=None, choice="theirs", by="kay", at=NOW)
    ledger.rule([made])
    assert ledger.load([ann])[0].rulings == (made,)
    other = settled(ledger, run, record(BOB))[0]
    assert ledger.load([other])[0].rulings == ()


# owners and other tools --------------------------------------------------------------------------
def flip(ledger: SqlLedger, run: Run, times: int) -> None:
    for number in range(times):
        at = NOW + timedelta(hours=number + 1)
        take(ledger, run, record(ANN, version=f"f{number}", at=at, owner=str(number)))


def test_an_owner_who_flips_too_often_puts_the_lead_into_quarantine_until_it_is_released(
    ledger: SqlLedger, run: Run, ann: str
) -> None:
    flip(ledger, run, 3)
    assert ledger.quarantine(run, NOW, 3, LATER) == 0
    flip(ledger, run, 4)
    assert ledger.quarantine(run, NOW, 3, LATER) == 1
    assert ledger.quarantine(run, NOW, 3, LATER) == 0
    [found] = ledger.quarantined()
    assert (found.lead_id, found.since_at) == (ann, LATER)
    assert found.reason.startswith("owner_flapping: hubspot:contacts:1 changed owner")
    assert ledger.load([ann])[0].quarantined
    assert [ledger.release(ann), ledger.release(ann)] == [True, False]
    assert ledger.quarantine(run, NOW, 3, LATER) == 0
    assert marked(ledger) == [ann]


def test_old_flips_do_not_count(ledger: SqlLedger, run: Run, ann: str) -> None:
    flip(ledger, run, 9)
    assert ledger.quarantine(run, NOW + timedelta(days=30), 3, LATER) == 0
    assert ledger.quarantined() == []


def test_flips_and_values_put_back_are_pruned_with_the_audit_but_not_while_they_are_watched(
    ledger: SqlLedger, run: Run, ann: str
) -> None:
    flip(ledger, run, 5)
    put_back(ledger, run, ann, 6)
    after = LATER + timedelta(days=2)
    for before, watched in ((after, NOW), (NOW, after)):
        ledger.prune(before, watched)
        assert _counted(ledger) == (4, 1)
    ledger.prune(after, after)
    assert _counted(ledger) == (0, 0)
    assert ledger.quarantine(run, NOW, 3, after) == 0


def _counted(ledger: SqlLedger) -> tuple[int, int]:
    with ledger._store.read() as tx:
        counts = [select(func.count()).select_from(table) for table in (owner_change, undone)]
        flips, values = (int(tx.execute(count).scalar_one()) for count in counts)
        return flips, values


def test_the_quarantine_of_an_absorbed_lead_goes_on(ledger: SqlLedger, run: Run, ann: str) -> None:
    flip(ledger, run, 5)
    ledger.quarantine(run, NOW, 3, LATER)
    survivor = settled(ledger, run, record(BOB))[0]
    ledger.bind(run, [Binding(lead_id=survivor, records=(ANN, BOB), absorbed=(ann,))])
    assert [found.lead_id for found in ledger.quarantined()] == [survivor]


def put_back(ledger: SqlLedger, run: Run, lead_id: str, number: int, theirs: float = 0.0) -> None:
    """We write 60, somebody writes theirs."""
    ledger.append(run, [planned(lead_id, change(lead_id))])
    sent = write(change(lead_id))
    ledger.log(run, [(sent, outcome(sent))], ())
    at = NOW + timedelta(hours=number)
    take(ledger, run, record(ANN, version=f"p{number}", at=at, score=theirs))


def test_the_same_value_put_back_over_ours_is_counted(ledger: SqlLedger, run: Run, ann: str) -> None:
    for number in range(3):
        put_back(ledger, run, ann, number)
    undone = ledger.load([ann])[0].records[0].undone["score"]
    assert (undone.theirs, undone.count, undone.last_at) == (0.0, 3, NOW + timedelta(hours=2))
    put_back(ledger, run, ann, 4, theirs=5.0)
    assert ledger.load([ann])[0].records[0].undone == {}


# budget ------------------------------------------------------------------------------------------
def test_calls_are_counted_up_to_the_cap_of_the_day(ledger: SqlLedger, clock: Clock) -> None:
    assert [ledger.spend("hubspot", 2) for _ in range(4)] == [True, True, False, False]
    assert (ledger.spent("hubspot"), ledger.spent("salesforce")) == (2, 0)
    assert ledger.spend("hubspot", None)
    assert not ledger.spend("salesforce", 0)
    clock.seconds += 86_400
    assert ledger.spent("hubspot") == 0


# audit -------------------------------------------------------------------------------------------
def test_the_audit_of_old_runs_goes_when_it_is_pruned(
    ledger: SqlLedger, run: Run, ann: str, next_run: NextRun
) -> None:
    ledger.append(run, [planned(ann, change(ann))])
    sent = write(change(ann))
    ledger.log(run, [(sent, outcome(sent))], ())
    assert ledger.last_written() == run.id
    assert [item.field for item in ledger.written_by(run.id)] == ["score"]
    assert ledger.prune(NOW, NOW) == 0
    assert ledger.prune(LATER, LATER) == 1
    assert ledger.history(ann) == []


def test_owner_changes_are_kept_as_long_as_the_audit(ledger: SqlLedger, run: Run, ann: str) -> None:
    flip(ledger, run, 5)
    later = NOW + timedelta(days=365)
    ledger.prune(later, later)
    assert ledger.quarantine(run, NOW, 3, LATER) == 0


def test_the_text_of_a_note_that_was_made_is_not_kept(ledger: SqlLedger, run: Run, ann: str) -> None:
    ledger.append(run, [replace(planned(ann), attachments=(note(ann, WORDS[0]),))])
    ledger.promote(run, None, {})
    assert WORDS[0].encode() in everything(ledger)
    [waiting] = ledger.attachments(run, "", 10)
    ledger.attached(run, [(waiting.marker, None)])
    assert ledger.attachments(run, "", 10) == []
    ledger.append(run, [planned(ann)])
    assert WORDS[0].encode() not in everything(ledger)


def test_what_a_crash_cut_off_is_audited_with_what_stood_there_before(
    ledger: SqlLedger, run: Run, ann: str, next_run: NextRun
) -> None:
    ledger.append(run, [planned(ann, change(ann, old=12.5))])
    intent = Write(
        lead_id=ann, crm="hubspot", object="contacts", id="1", values={"score": 60.0}, old={"score": 12.5}
    )
    ledger.log(run, (), [intent])
    later = next_run(run)
    ledger.observe(later, [record(ANN, version="2", score=60.0)])
    ledger.settle(later, ledger.open_intents())
    [found] = ledger.history(ann)
    assert (found.old, found.new, found.outcome) == (12.5, 60.0, "settled")


# people ------------------------------------------------------------------------------------------
SECRETS = ("ann.secret@example.com", "Secretkin", "Weissnichtwo", "Hush-hush webinar")
#: What only a note, only a message and only the past of a record holds.
WORDS = ("Says she hates calls", "Told the channel", "Formerly Nowhereville")


def everything(ledger: SqlLedger) -> bytes:
    """Give all that stands in the database, as one text."""
    found = []
    with ledger._store.read() as tx:
        for table in metadata.tables.values():
            found += [repr(tuple(row)).encode() for row in tx.execute(select(table))]
    return b"\n".join(found)


def known_by_name(ledger: SqlLedger, run: Run) -> str:
    """Store a person wherever the ledger may store one."""
    email, name, city, mail = SECRETS
    person: dict[str, Any] = {"email": email, "last_name": name, "city": city}
    take(ledger, run, record(ANN, **person), record(ANN_LEAD, version="9", email=email))
    take(ledger, run, opened(ANN, name=mail), object="emails")
    [lead_id] = settled(ledger, run)
    wanted = [change(lead_id, ANN, "city", city, "Elsewhere"), change(lead_id, ANN, "last_name", None, name)]
    dispute = Conflict(
        lead_id=lead_id, kind="field", records=(ANN,), field="city", theirs=city, ours="Elsewhere"
    )
    ledger.append(run, [planned(lead_id, *wanted, conflicts=[dispute])])
    ledger.track(run, NOW)
    told = replace(planned(lead_id), attachments=(note(lead_id, WORDS[0]),))
    ledger.append(run, [replace(told, deliveries=(message(lead_id, WORDS[1]),))])
    ledger.promote(run, None, {})
    ledger.append(run, [planned(lead_id, *wanted, conflicts=[dispute])])
    past = FieldChange(field="city", value=WORDS[2], at=NOW)
    ledger.keep_past(run, [(RecordHistory(ref=ANN, created_at=None, changes=(past,)), "1")])
    sent = write(*wanted)
    ledger.log(run, (), [sent])
    ledger.log(run, [(sent, outcome(sent, OutcomeState.FAILED))], ())
    ledger.log(run, (), [write(change(lead_id, None, "last_name", None, name))])
    ledger.rule(
        [Ruling(place=str(ANN), field="city", theirs=city, ours="X", choice="theirs", by="kay", at=NOW)]
    )
    return lead_id


def test_whoever_is_forgotten_stands_in_no_table_any_more_and_the_audit_keeps_its_rows(
    ledger: SqlLedger, run: Run
) -> None:
    lead_id = known_by_name(ledger, run)
    before = everything(ledger)
    assert all(secret.encode() in before for secret in SECRETS + WORDS)
    shown = ledger.forget(lead_id, carry_out=False)
    assert everything(ledger) == before
    done = ledger.forget(lead_id, carry_out=True)
    assert (done, done.live) == (shown, (ANN, ANN_LEAD))
    left = everything(ledger)
    assert [secret for secret in SECRETS + WORDS if secret.encode() in left] == []
    assert {item.field for item in ledger.history(lead_id)} == {"city", "last_name"}
    assert {(item.old, item.new) for item in ledger.history(lead_id)} == {("erased", "erased")}
    again = ledger.forget(lead_id, carry_out=True)
    assert (again.rows, again.live) == ({}, ())
    assert marked(ledger) == []
    assert ledger.open_intents() == []


def test_of_every_table_it_is_known_whether_it_holds_people() -> None:
    """A new table is either erased by ``forget`` or belongs on this list of what holds nobody's data."""
    by_record = "record audit lead identity_key activity ruling undone intent past".split()
    colleagues_and_companies = "owner instant account opportunity opportunity_person".split()
    ids_and_numbers = (
        "lease run setting watermark alias pointer assignment event quarantine "
        "owner_change usage limiter checkpoint"
    ).split()
    erased = [table.name.removeprefix("crmbridge_") for table in BY_LEAD]
    known = {*erased, *by_record, *colleagues_and_companies, *ids_and_numbers}
    assert {name.removeprefix("crmbridge_") for name in metadata.tables} == known


def test_a_forgotten_person_does_not_come_back_as_a_deleted_record(ledger: SqlLedger, run: Run) -> None:
    lead_id = known_by_name(ledger, run)
    ledger.forget(lead_id, carry_out=True)
    gone = record(ANN, version="77", email=SECRETS[0])
    take(ledger, run, Record(ref=ANN, version="77", modified_at=LATER, fields=gone.fields, deleted=True))
    assert SECRETS[0].encode() not in everything(ledger)


def test_a_person_whom_a_crm_forgets_is_forgotten_at_once(ledger: SqlLedger, run: Run) -> None:
    lead_id = known_by_name(ledger, run)
    take(
        ledger, run, Record(ref=ANN, version="8", modified_at=LATER, fields={}, deleted=True, forgotten=True)
    )
    left = everything(ledger)
    assert [secret for secret in SECRETS if secret.encode() in left] == []
    assert ledger.find(lead_id=lead_id) == [lead_id]
