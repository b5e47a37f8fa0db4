"""The ledger's past: histories and journeys that are kept, memories that wait, checkpoints."""

from __future__ import annotations

from datetime import UTC, datetime

from crmbridge.history import FieldChange, RecordHistory, Source, StageStamp
from crmbridge.journey import Entry, EntryKind, Evidence
from crmbridge.ledger import SqlLedger
from crmbridge.model import Memory, RecordRef
from crmbridge.ports import Run
from tests.unit.ledger.samples import NOW, bind_all, record, take

REF = RecordRef("hubspot", "contacts", "1")
AT = datetime(2026, 1, 5, 9, tzinfo=UTC)
HISTORY = RecordHistory(
    ref=REF,
    created_at=AT,
    since={"stage": AT},
    changes=(
        FieldChange(field="stage", value="lead", at=AT, source=Source.HUBSPOT_HISTORY),
        FieldChange(field="owner", value=None, at=None, raw="?"),
    ),
    stamps=(StageStamp(stage="mql", entered_at=AT),),
    merges={"7": AT, "8": None},
)
RECORDED = Entry(kind=EntryKind.STAGE, at=AT, value="mql", source="hubspot.history")
UNDATED = Entry(kind=EntryKind.OWNER, at=None, value=None, evidence=Evidence.UNKNOWN, source="hubspot")


def test_a_history_comes_back_as_it_was_kept_and_a_later_one_replaces_it(ledger: SqlLedger, run: Run) -> None:
    ledger.keep_past(run, [(HISTORY, "v1")])
    assert ledger.past([REF, RecordRef("hubspot", "contacts", "2")]) == {REF: (HISTORY, "v1")}
    later = RecordHistory(ref=REF, created_at=None)
    ledger.keep_past(run, [(later, "v2")])
    assert ledger.past([REF]) == {REF: (later, "v2")}


def test_journeys_are_replaced_and_what_was_recorded_live_stays(ledger: SqlLedger, run: Run) -> None:
    assert ledger.keep_journeys(run, {"L1": [RECORDED, UNDATED]}) == 2
    assert ledger.keep_journeys(run, {"L1": [RECORDED, UNDATED]}) == 0
    assert set(ledger.entries(["L1", "L2"])["L1"]) == {RECORDED, UNDATED}
    moved = Entry(kind=EntryKind.STAGE, at=AT, value="sal", source="hubspot.history")
    assert ledger.keep_journeys(run, {"L1": [moved]}) == 3
    assert ledger.entries(["L1"]) == {"L1": [moved]}


def test_a_live_entry_is_neither_replaced_nor_taken_away(ledger: SqlLedger, run: Run) -> None:
    live = Entry(kind=EntryKind.STAGE, at=AT, value="mql", source="ledger")
    _record_live(ledger, run, live)
    assert ledger.keep_journeys(run, {"L1": [RECORDED, live]}) == 0
    assert ledger.keep_journeys(run, {"L1": []}) == 0
    assert ledger.entries(["L1"]) == {"L1": [live]}


def _record_live(ledger: SqlLedger, run: Run, entry: Entry) -> None:
    from crmbridge.codec import pack  # noqa: PLC0415 - what a live run does, by hand
    from crmbridge.ledger.store import to_micros  # noqa: PLC0415 - as above
    from crmbridge.ledger.tables import event  # noqa: PLC0415 - as above

    with ledger._store.write(run) as tx:
        values = ("L1", entry.kind.value, to_micros(entry.at), entry.value, pack(entry))
        tx.execute(event.insert().values(dict(zip(event.c.keys(), values, strict=True))))


def test_a_memory_of_the_past_is_for_leads_that_no_run_decided(ledger: SqlLedger, run: Run) -> None:
    take(ledger, run, record())
    (lead_id,) = bind_all(ledger, run)
    first = Memory(stage="mql", qualified_at=AT)
    ledger.recall_past(run, {lead_id: first})
    assert ledger.load([lead_id])[0].memory == first
    assert ledger.marked(NOW, "", 10) == [lead_id]
    ledger.recall_past(run, {lead_id: Memory(stage="sal", process_version="1")})
    ledger.recall_past(run, {lead_id: first})
    assert ledger.load([lead_id])[0].memory == Memory(stage="sal", process_version="1")


def test_all_leads_come_by_pages(ledger: SqlLedger, run: Run) -> None:
    take(ledger, run, record())
    (lead_id,) = bind_all(ledger, run)
    assert ledger.lead_ids("", 10) == [lead_id]
    assert ledger.lead_ids(lead_id, 10) == []


def test_checkpoints_come_back_in_order(ledger: SqlLedger, run: Run) -> None:
    ledger.checkpoint(run, "job", "part:000002", {"last": "L2", "leads": 2})
    ledger.checkpoint(run, "job", "part:000001", {"last": "L1", "leads": 1})
    ledger.checkpoint(run, "job", "part:000002", {"last": "L3", "leads": 3})
    assert list(ledger.checkpoints("job").items()) == [
        ("part:000001", {"last": "L1", "leads": 1}),
        ("part:000002", {"last": "L3", "leads": 3}),
    ]
    assert ledger.checkpoints("another") == {}


def test_a_person_who_is_forgotten_has_no_recorded_past(ledger: SqlLedger, run: Run) -> None:
    take(ledger, run, record())
    (lead_id,) = bind_all(ledger, run)
    ref = record().ref
    ledger.keep_past(run, [(RecordHistory(ref=ref, created_at=AT), "v1")])
    ledger.forget(lead_id, carry_out=True)
    assert ledger.past([ref]) == {}
