"""A lead's way from recorded histories: exact where recorded, unknown where not (S4, S31, S34)."""

from __future__ import annotations

from dataclasses import replace
from datetime import timedelta

import pytest

from crmbridge.history import OPPORTUNITY_STAGE, FieldChange, RecordHistory, StageStamp
from crmbridge.journey import Entry, EntryKind, Evidence
from crmbridge.model import Opportunity, RecordRef
from crmbridge.timeline import RULES, TimelineProblem, count_coverage
from tests.unit.people import CONTACT, LEAD, PERSON, part
from tests.unit.timeline.past import NOW, day, lines, past, told

OTHER = RecordRef("hubspot", "contacts", "2")
DEAL = RecordRef("hubspot", "deals", "9")


@pytest.mark.parametrize(
    ("histories", "expected"),
    [
        pytest.param(
            [past(CONTACT, 0, stage=[(0, "lead"), (5, "mql"), (9, "sal")], owner=[(5, "11")])],
            [
                "0 stage lead",
                "5 stage mql",
                "5 owner ann@example.com",
                "5 qualified",
                "~5 handed_off ann@example.com",
                "9 stage sal",
                "9 accepted",
            ],
            id="one recorded way",
        ),
        pytest.param(
            [past(LEAD, 0, {"status": 3}, status=[(None, "new"), (4, "accepted"), (8, "recycled")])],
            [
                "? status new",
                "? qualified",
                "4 status accepted",
                "4 accepted",
                "8 status recycled",
                "8 recycled",
            ],
            id="the stage is untracked: an MQL happened, nobody knows when",
        ),
        pytest.param(
            [past(LEAD, 0, stage=[(0, "mql")], status=[(3, "rejected")], recycle_reason=[(3, "junk")])],
            ["0 stage mql", "0 qualified", "3 status rejected", "3 rejected (junk)"],
            id="a reason that came with the verdict",
        ),
        pytest.param(
            [
                past(
                    CONTACT,
                    0,
                    stage=[(0, "lead"), (2, "mql"), (4, "recycled"), (9, "mql")],
                    status=[(4, "recycled")],
                )
            ],
            [
                "0 stage lead",
                "2 stage mql",
                "2 qualified",
                "4 stage recycled",
                "4 status recycled",
                "4 recycled",
                "9 stage mql",
                "9 qualified",
            ],
            id="two rounds; a verdict told twice counts once",
        ),
        pytest.param(
            [
                past(CONTACT, 0, stage=[(0, "lead"), (5, "mql"), (7, "sal")]),
                past(LEAD, 5, stage=[(5, "lead"), (6, "mql"), (8, "sal")]),
            ],
            ["0 stage lead", "5 stage mql", "5 qualified", "7 stage sal", "7 accepted"],
            id="a second record that follows with delay moves nobody",
        ),
        pytest.param(
            [
                past(CONTACT, 0, stage=[(0, "lead"), (2, "mql"), (4, "recycled")]),
                past(LEAD, 1, stage=[(1, "lead"), (3, "mql"), (5, "recycled"), (9, "mql")]),
            ],
            [
                "0 stage lead",
                "2 stage mql",
                "2 qualified",
                "4 stage recycled",
                "4 recycled",
                "9 stage mql",
                "9 qualified",
            ],
            id="coming back after recycling is no catching up",
        ),
    ],
)
def test_what_was_recorded_is_told(histories: list[RecordHistory], expected: list[str]) -> None:
    assert lines(told(*histories)) == expected


def test_a_field_without_any_record_is_unknown_with_what_stands_there_now() -> None:
    found = told(past(LEAD, 0, {}), records=[part(LEAD, {"status": "working", "owner": "005A"})])
    assert lines(found) == ["? status working", "? owner ann@example.com"]
    assert set(found.coverage.values()) == {Evidence.UNKNOWN}


def test_a_recorded_field_that_never_changed_was_always_so() -> None:
    found = told(past(LEAD, 2, {"status": 2}), records=[part(LEAD, {"status": "new"})])
    assert lines(found) == ["2 status new"]
    assert found.coverage["status"] is Evidence.CERTAIN


def test_a_field_tracked_later_is_covered_in_part_and_its_first_value_has_no_time() -> None:
    found = told(past(LEAD, 2, {"status": 30}), records=[part(LEAD, {"status": "new"})])
    assert lines(found) == ["? status new"]
    assert found.coverage["status"] is Evidence.DERIVED


def test_a_converted_lead_goes_on_as_its_contact() -> None:
    lead = part(LEAD, {"status": "converted"}, converted_to=PERSON)
    found = told(
        past(
            LEAD, 0, {"owner": 0, "status": 0}, owner=[(0, "005A"), (30, "005B")], status=[(9, "converted")]
        ),
        past(PERSON, 9, {"owner": 9}, owner=[(9, "005A"), (12, "005B")]),
        records=[lead, part(PERSON, {})],
    )
    assert lines(found, "owner") == ["0 owner ann@example.com", "12 owner bob@example.com"]
    assert lines(found, "accepted") == ["~9 accepted"]


def test_a_conversion_of_which_only_the_day_is_known_is_derived() -> None:
    history = past(LEAD, 9, {}, status=[(9, "converted")])
    changes = tuple(
        replace(change, exact=False, at=day(9) - timedelta(hours=3)) for change in history.changes
    )
    found = told(replace(history, changes=changes))
    assert lines(found, "status") == ["~8 status converted"]
    assert found.problems == ()


@pytest.mark.parametrize(
    ("authority", "owners"),
    [
        ("salesforce", ["2 owner bob@example.com"]),
        ("newest", ["1 owner ann@example.com", "2 owner bob@example.com"]),
    ],
)
def test_two_owners_at_once_are_listed_and_the_authority_counts(authority: str, owners: list[str]) -> None:
    found = told(past(CONTACT, 1, owner=[(1, "11")]), past(LEAD, 1, owner=[(2, "005B")]), owner=authority)
    assert [problem.kind for problem in found.problems] == ["two_owners"]
    assert lines(found, "owner") == owners


def test_two_crms_that_agree_within_a_day_are_no_problem() -> None:
    found = told(
        past(CONTACT, 0, owner=[(1, "11"), (5, "12")]), past(LEAD, 0, owner=[(1, "005A"), (5, "005B")])
    )
    assert found.problems == ()


@pytest.mark.parametrize(
    ("history", "kinds", "stages"),
    [
        pytest.param(
            past(CONTACT, 10, stage=[(3, "mql"), (12, "sal")]),
            ["before_creation"],
            ["? stage mql", "12 stage sal"],
            id="before the creation",
        ),
        pytest.param(
            past(CONTACT, 0, stage=[(0, "lead"), (5000, "mql")]),
            ["in_future"],
            ["? stage mql", "0 stage lead"],
            id="in the future",
        ),
        pytest.param(
            past(CONTACT, 0, stage=[(0, "lead"), (3, "???"), (5, "mql")]),
            ["unknown_stage"],
            ["0 stage lead", "5 stage mql"],
            id="a stage nobody knows",
        ),
        pytest.param(
            past(CONTACT, 0, status=[(0, "new"), (3, "???")]),
            ["unknown_status"],
            [],
            id="a status nobody knows",
        ),
        pytest.param(
            past(
                CONTACT,
                0,
                stage=[(0, "lead"), (5, "mql")],
                stamps=[StageStamp(stage="mql", entered_at=day(5), left_at=day(4))],
            ),
            ["left_before_entered"],
            ["0 stage lead", "5 stage mql"],
            id="left before entered",
        ),
        pytest.param(
            past(CONTACT, 0, stage=[(5, "mql")], stamps=[StageStamp(stage="mql", entered_at=day(2))]),
            ["stage_dates_disagree"],
            ["5 stage mql"],
            id="a stamp against the history",
        ),
        pytest.param(
            past(CONTACT, 0, stage=[(0, "lead")], merges={"7": day(4)}),
            ["merged_histories"],
            ["0 stage lead"],
            id="merged",
        ),
    ],
)
def test_contradictions_have_a_rule_each(history: RecordHistory, kinds: list[str], stages: list[str]) -> None:
    found = told(history)
    assert [problem.kind for problem in found.problems] == kinds
    assert all(problem.rule == RULES[problem.kind] for problem in found.problems)
    assert lines(found, "stage") == stages


def test_stages_of_which_only_a_stamp_tells_are_filled_in() -> None:
    stamps = [StageStamp(stage="mql", entered_at=day(5)), StageStamp(stage="sal", entered_at=day(4000))]
    found = told(past(CONTACT, 0, {}, stamps=stamps))
    assert lines(found) == ["5 stage mql", "5 qualified"]
    assert found.journey.entries[0].source == "hubspot.stage_dates"
    assert [problem.kind for problem in found.problems] == ["in_future"]


def test_a_record_deleted_in_the_middle_tells_what_it_told_until_then() -> None:
    gone = part(OTHER, {"stage": "mql"}, deleted=True)
    found = told(
        past(CONTACT, 3, stage=[(3, "lead")]), past(OTHER, 0, stage=[(0, "lead"), (2, "mql")]),
        records=[part(CONTACT, {}), gone],
    )  # fmt: skip
    assert lines(found, "stage") == ["0 stage lead", "2 stage mql"]
    assert found.problems == (
        TimelineProblem(lead_id="L1", kind="deleted", record=str(OTHER), at=gone.record.modified_at),
    )


def test_merged_people_keep_both_ways_in_order_of_time() -> None:
    found = told(
        past(CONTACT, 10, stage=[(10, "lead"), (20, "sal")], merges={"2": day(15)}),
        past(OTHER, 0, stage=[(0, "lead"), (4, "mql")]),
    )
    assert lines(found, "stage") == ["0 stage lead", "4 stage mql", "20 stage sal"]
    assert found.journey.created_at == day(0)


def test_an_opportunity_dates_what_follows_from_it() -> None:
    deal = Opportunity(ref=DEAL, people=(CONTACT,), created_at=day(7), closed=True, won=True, raw_stage="won")
    change = FieldChange(field=OPPORTUNITY_STAGE, value="won", at=day(9))
    closing = RecordHistory(ref=DEAL, created_at=day(7), changes=(change,))
    found = told(past(CONTACT, 0, {}), closing, records=[part(CONTACT, {})], opportunities=[deal])
    # The process of the laws has neither stage: nothing is invented for it.
    assert lines(found) == []


def test_what_stands_there_undated_is_not_told_beside_the_day_that_we_recorded() -> None:
    """S31: nobody reads "?" beside the very day on which we wrote the stage."""
    own = [
        Entry(kind=EntryKind.STAGE, at=day(5), value="mql"),
        Entry(kind=EntryKind.QUALIFIED, at=day(5), value="score"),
    ]
    held = [part(CONTACT, {"stage": "mql"})]
    assert lines(told(records=held)) == ["? stage mql", "? qualified"]
    assert lines(told(records=held, own=own)) == ["5 stage mql", "5 qualified score"]


def test_what_the_ledger_recorded_live_counts_once() -> None:
    own = [Entry(kind=EntryKind.QUALIFIED, at=day(5, 1), value="score")]
    found = told(past(CONTACT, 0, stage=[(0, "lead"), (5, "mql")]), own=own)
    assert lines(found, "qualified") == ["5 qualified score"]


def test_a_date_field_of_the_company_tells_of_a_milestone_and_our_own_does_not() -> None:
    values = {"qualified_at": day(3), "accepted_at": day(5)}
    found = told(past(CONTACT, 0, {}), records=[part(CONTACT, values, base={"accepted_at": day(5)})])
    assert lines(found) == ["~3 qualified"]


def test_everything_comes_before_the_histories_were_read() -> None:
    found = told(past(CONTACT, 0, stage=[(0, "lead"), (5, "mql"), (900, "sal")]))
    assert all(entry.at is None or entry.at <= NOW for entry in found.journey.entries)


def test_coverage_is_totalled() -> None:
    whole, nothing = told(past(CONTACT, 0, stage=[(0, "lead")])), told(past(CONTACT, 0, {}))
    assert count_coverage([whole.coverage, nothing.coverage])["stage"] == {
        "certain": 1,
        "derived": 0,
        "unknown": 1,
    }


def test_the_order_of_the_records_does_not_matter() -> None:
    first = past(CONTACT, 0, stage=[(0, "lead"), (5, "mql")], owner=[(5, "11")])
    second = past(LEAD, 5, stage=[(5, "lead"), (6, "mql")], owner=[(6, "005A")])
    assert told(first, second).journey.entries == told(second, first).journey.entries
