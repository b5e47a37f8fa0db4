"""What sales promised: calendars, clocks, touches, and what follows when a promise is not kept."""

from __future__ import annotations

from dataclasses import replace
from datetime import UTC, date, datetime, timedelta
from typing import Any

import pytest

from crmbridge.model import (
    Activity,
    ActivityKind,
    Decision,
    Direction,
    Lead,
    LeadStatus,
    Memory,
    NoticeKind,
    RecordRef,
)
from crmbridge.process import Process, decide
from crmbridge.process.hours import LATEST, ROUND_THE_CLOCK, Calendar, between, due, merged, used
from crmbridge.process.promises import Quota
from crmbridge.process.sla import SlaState, evaluate
from tests.unit.process.acme import ANN, BOB, EVA, HOT, TRIAGE, changed, owned, problems, with_sales
from tests.unit.process.acme import data as acme_data

#: A Monday in Berlin, nine o'clock (UTC+1).
MONDAY = datetime(2026, 11, 23, 8, tzinfo=UTC)
HOURS = timedelta(hours=1)
OFFICE = {"name": "berlin", "timezone": "Europe/Berlin", "holidays": ["DE-BE"], "countries": ["DE"]}


def berlin(month: int, day: int, hour: int, minute: int = 0) -> datetime:
    """A moment of 2026 by the clocks of Berlin, in winter."""
    return datetime(2026, month, day, hour - 1, minute, tzinfo=UTC)


def condition(field: str, value: str) -> dict[str, str]:
    return {"field": field, "op": "eq", "value": value}


def calendar(**changes: Any) -> Calendar:
    found = changed(calendar=[{**OFFICE, **changes}]).parts.calendars
    return found[0]


# the clock -------------------------------------------------------------------------------------------
@pytest.mark.parametrize(
    ("start", "hours", "end"),
    [
        pytest.param(berlin(11, 23, 9), 4, berlin(11, 23, 13), id="within a day"),
        pytest.param(berlin(11, 23, 15), 4, berlin(11, 24, 11), id="over night"),
        pytest.param(berlin(11, 27, 16), 2, berlin(11, 30, 10), id="over the weekend"),
        pytest.param(berlin(11, 28, 12), 1, berlin(11, 30, 10), id="from a Saturday"),
        pytest.param(berlin(11, 23, 9), 8, berlin(11, 23, 17), id="to the end of the day"),
        pytest.param(berlin(12, 24, 16), 2, berlin(12, 28, 10), id="over Christmas, which is closed"),
        pytest.param(berlin(11, 23, 7), 1, berlin(11, 23, 10), id="from before the office opens"),
    ],
)
def test_working_time_passes_in_working_hours(start: datetime, hours: float, end: datetime) -> None:
    """S58: business hours, weekends and holidays."""
    clock = calendar()
    assert due(clock, start, hours * 3600) == end
    assert between(clock, start, end) == hours * 3600


def test_summer_time_changes_nothing_for_the_office() -> None:
    """Nine to five is eight hours on both sides of the night in which clocks are put back."""
    clock = calendar()
    friday, monday = datetime(2026, 10, 23, 7, tzinfo=UTC), datetime(2026, 10, 26, 8, tzinfo=UTC)
    assert due(clock, friday, 8 * 3600) == friday + 8 * HOURS
    assert due(clock, friday, 9 * 3600) == monday + HOURS


def test_a_lunch_break_and_a_saturday() -> None:
    clock = calendar(hours={"friday": ["09:00-12:00", "13:00-15:00"], "saturday": ["10:00-24:00"]})
    assert due(clock, berlin(11, 27, 11), 2 * 3600) == berlin(11, 27, 14)
    assert due(clock, berlin(11, 27, 14), 2 * 3600) == berlin(11, 28, 11)
    assert not clock.is_open(berlin(11, 27, 12, 30))
    assert clock.is_open(berlin(11, 28, 23, 59))


def test_days_that_the_company_is_closed() -> None:
    closed = [date(2026, 11, 24), {"from": date(2026, 11, 26), "to": date(2026, 11, 27)}]
    assert due(calendar(closed=closed), berlin(11, 23, 16), 10 * 3600) == berlin(11, 30, 10)


def test_a_clock_is_total() -> None:
    """Moments outside the years that are laid out neither raise nor go backwards."""
    clock = calendar()
    old, far = datetime(1, 1, 2, tzinfo=UTC), datetime(9999, 1, 1, tzinfo=UTC)
    assert between(clock, far, old) == 0.0
    assert between(clock, old, far) > 0
    assert due(clock, far, 1.0) == LATEST
    assert due(ROUND_THE_CLOCK, far, 1e12) == LATEST


def test_spans_that_overlap_are_left_out_once() -> None:
    spans = merged(
        [(MONDAY + 3 * HOURS, MONDAY + 5 * HOURS), (MONDAY + HOURS, MONDAY + 4 * HOURS), (MONDAY, MONDAY)]
    )
    assert spans == ((MONDAY + HOURS, MONDAY + 5 * HOURS),)
    assert due(ROUND_THE_CLOCK, MONDAY, 2 * 3600, spans) == MONDAY + 6 * HOURS
    assert used(ROUND_THE_CLOCK, MONDAY, MONDAY + 6 * HOURS, spans) == 2 * 3600


# the state -------------------------------------------------------------------------------------------
def promising(silence: str = "none", *, sla: dict[str, Any] | None = None, **target: Any) -> Process:
    """Acme with office hours in Berlin and one target."""
    made = {"name": "all", "silence": silence, **target}
    return changed(
        calendar=[OFFICE],
        sla={"manager": EVA, **(sla or {}), "target": [made]},
    )


FOUR_HOURS = promising(first_touch_minutes=240)


def touch(at: datetime, kind: str = "call", **changes: Any) -> Activity:
    values: dict[str, Any] = {"direction": Direction.OUTBOUND, "owner_id": "7", **changes}
    person = RecordRef("salesforce", "Lead", "1")
    ref = RecordRef("salesforce", "Task", at.isoformat())
    return Activity(ref=ref, person=person, kind=ActivityKind(kind), at=at, **values)


def given(*touches: Activity, at: datetime = MONDAY, **memory: Any) -> tuple[Lead, Memory]:
    """A lead that Ann has got on Monday morning."""
    activities = tuple(sorted([*HOT.activities, *touches], key=lambda item: item.at))
    lead = owned(replace(HOT, stage="mql", status=LeadStatus.NEW, activities=activities))
    return lead, with_sales(stage_at=at, qualified_at=at, assigned_at=at, **memory)


def state(process: Process, now: datetime, *touches: Activity, **memory: Any) -> SlaState:
    lead, remembered = given(*touches, **memory)
    found = evaluate(lead, process, remembered, now)
    assert found is not None
    return found


def test_nothing_is_promised_without_an_sla_or_before_somebody_has_the_lead() -> None:
    lead, memory = given()
    assert evaluate(lead, changed(), memory, MONDAY) is None
    assert evaluate(lead, FOUR_HOURS, replace(memory, assigned_at=None), MONDAY) is None
    assert evaluate(lead, FOUR_HOURS, replace(memory, stage="customer"), MONDAY) is None


@pytest.mark.parametrize(
    ("item", "counts"),
    [
        pytest.param(touch(MONDAY + HOURS), True, id="a call by a rep"),
        pytest.param(touch(MONDAY + HOURS, "email_sent"), True, id="a mail by a rep"),
        pytest.param(touch(MONDAY + HOURS, "email_sent", owner_id=None), False, id="a mail by marketing"),
        pytest.param(touch(MONDAY - HOURS), False, id="before the assignment"),
        pytest.param(touch(MONDAY + 9 * HOURS), False, id="in the future"),
        pytest.param(touch(MONDAY + HOURS, direction=Direction.INBOUND), False, id="the buyer called"),
        pytest.param(touch(MONDAY + HOURS, direction=Direction.UNKNOWN), False, id="nobody says who called"),
        pytest.param(touch(MONDAY + HOURS, "note"), False, id="a note"),
    ],
)
def test_a_touch_is_an_outbound_activity_by_sales_after_the_assignment(item: Activity, counts: bool) -> None:
    """S59: touches are counted from what both CRMs record."""
    assert state(FOUR_HOURS, MONDAY + 2 * HOURS, item).touches == int(counts)


def test_calls_without_a_direction_count_where_the_company_says_so() -> None:
    process = promising(first_touch_minutes=240, sla={"undirected": True})
    assert state(process, MONDAY + 2 * HOURS, touch(MONDAY + HOURS, direction=Direction.UNKNOWN)).touches == 1


def test_two_clocks_run_until_the_first_touch() -> None:
    """S58, S67: from the buyer's action, and from the assignment."""
    process = promising(response_minutes=60, first_touch_minutes=240)
    friday = berlin(11, 20, 16, 30)
    clicked = Activity(
        ref=RecordRef("hubspot", "x", "1"),
        person=HOT.records[0],
        kind=ActivityKind.PAGE_VIEW,
        at=friday,
        direction=Direction.INBOUND,
    )
    lead, memory = given()
    lead = replace(lead, activities=(clicked,))
    found = evaluate(lead, process, memory, MONDAY)
    assert found is not None
    assert {item.name: item.due_at for item in found.promises} == {
        "response": berlin(11, 23, 9, 30),
        "first_touch": berlin(11, 23, 13),
    }


def test_the_state_says_what_was_kept_and_what_was_not() -> None:
    in_time = state(FOUR_HOURS, MONDAY + 6 * HOURS, touch(MONDAY + 2 * HOURS))
    late = state(FOUR_HOURS, MONDAY + 6 * HOURS, touch(MONDAY + 5 * HOURS))
    open_ = state(FOUR_HOURS, MONDAY + 6 * HOURS)
    assert [item.broken for item in (in_time, late, open_)] == [(), ("first_touch",), ("first_touch",)]
    assert (in_time.next_at, late.next_at) == (None, None)


def test_the_next_moment_is_the_next_step() -> None:
    """80 percent of four hours are 3 h 12 min."""
    assert state(FOUR_HOURS, MONDAY).next_at == MONDAY + timedelta(minutes=192)
    reminded = state(FOUR_HOURS, MONDAY + 3.5 * HOURS, fired=("first_touch.reminder",))
    assert reminded.next_at == MONDAY + 4 * HOURS


def test_leave_stops_the_rep_s_clock_and_not_the_buyer_s() -> None:
    pool = [
        {
            "name": "dach",
            "member": [{"owner": ANN, "leave": [{"from": date(2026, 11, 23), "to": date(2026, 11, 24)}]}],
        }
    ]
    process = changed(
        calendar=[OFFICE],
        pool=pool,
        territory=[{"name": "dach", "countries": ["DE"], "pool": "dach"}],
        sla={"target": [{"name": "all", "response_minutes": 240, "first_touch_minutes": 240}]},
    )
    lead, memory = given()
    found = evaluate(replace(lead, activities=()), process, memory, MONDAY)
    assert found is not None
    assert [item.due_at for item in found.promises] == [MONDAY + 4 * HOURS, berlin(11, 25, 13)]


def test_the_first_target_that_fits_holds() -> None:
    """S58: targets by market, source and stage."""
    targets = [
        {
            "name": "demo",
            "when": [{"field": "source", "op": "eq", "value": "demo"}],
            "first_touch_minutes": 30,
        },
        {"name": "accepted", "stages": ["sal"], "decision_hours": 24},
        {"name": "california", "territories": ["california"], "first_touch_minutes": 60},
        {"name": "others", "first_touch_minutes": 240},
    ]
    process = changed(calendar=[OFFICE], sla={"target": targets})
    lead, memory = given()
    cases = [
        ("demo", replace(lead, source="Demo"), memory),
        ("accepted", lead, replace(memory, stage="sal", accepted_at=MONDAY)),
        ("others", lead, memory),
    ]
    for name, someone, remembered in cases:
        found = evaluate(someone, process, remembered, MONDAY)
        assert found is not None
        assert found.target == name


def test_touches_are_asked_for_by_number_and_by_channel() -> None:
    """S59, S60: three touches in fourteen days, two of them calls."""
    process = promising(touches=3, touches_by={"call": 2}, touches_days=14)
    mails = [touch(MONDAY + hour * HOURS, "email_sent") for hour in (1, 2, 3)]
    one_call = [*mails, touch(MONDAY + 4 * HOURS)]
    two_calls = [*one_call, touch(MONDAY + 5 * HOURS)]
    met = [
        state(process, MONDAY + 30 * HOURS, *items).promises[0].met_at
        for items in (mails, one_call, two_calls)
    ]
    assert met == [None, None, MONDAY + 5 * HOURS]
    assert state(process, MONDAY).promises[0].due_at == MONDAY + timedelta(days=14)


# what follows ----------------------------------------------------------------------------------------
def run(process: Process, now: datetime, *touches: Activity, **memory: Any) -> Decision:
    lead, remembered = given(*touches, **memory)
    return decide(lead, process, remembered, now)


def told(decision: Decision) -> list[tuple[NoticeKind, str | None, str | None]]:
    return [(notice.kind, notice.clock, notice.manager) for notice in decision.notices]


def test_a_reminder_comes_at_the_share_and_once() -> None:
    """S58: reminder at 80 percent of the window."""
    before, after = run(FOUR_HOURS, MONDAY + 3 * HOURS), run(FOUR_HOURS, MONDAY + 3.5 * HOURS)
    assert before.notices == ()
    assert before.due_at == MONDAY + timedelta(minutes=192)
    assert told(after) == [(NoticeKind.REMINDER, "first_touch", EVA)]
    lead, _ = given()
    again = decide(lead, FOUR_HOURS, after.memory, MONDAY + 3.6 * HOURS)
    assert (again.notices, again.due_at) == ((), MONDAY + 4 * HOURS)


def test_a_breach_is_escalated_to_the_manager_once() -> None:
    """S58: breach to the manager; a run that comes late tells of the breach alone."""
    process = promising(first_touch_minutes=240, sla={"managers": {ANN: BOB}})
    late = run(process, MONDAY + 5 * HOURS)
    assert told(late) == [(NoticeKind.ESCALATION, "first_touch", BOB)]
    assert late.memory.fired == ("first_touch.end", "first_touch.escalation", "first_touch.reminder")
    lead, _ = given()
    assert decide(lead, process, late.memory, MONDAY + 6 * HOURS).notices == ()


def test_a_lead_that_is_let_lie_goes_to_somebody_else() -> None:
    """S58, S61: reassignment after the breach; never back to who let it lie, and the clocks begin anew."""
    process = promising(first_touch_minutes=240, sla={"reassign_at": 1.5})
    early, late = run(process, MONDAY + 5.9 * HOURS), run(process, MONDAY + 6.1 * HOURS)
    assert not early.handed_off
    assert late.handed_off
    assert late.assignment is not None
    assert ANN in late.memory.refused_by
    assert late.assignment.owner != ANN
    assert (late.memory.assigned_owner, late.memory.fired, late.memory.reassign_count) == (None, (), 1)
    assert NoticeKind.REASSIGNED in [notice.kind for notice in late.notices]


def test_a_lead_is_not_passed_on_for_ever() -> None:
    process = promising(first_touch_minutes=240, sla={"reassign_at": 1.5, "max_reassignments": 2})
    assert run(process, MONDAY + 7 * HOURS, reassign_count=1).handed_off
    assert not run(process, MONDAY + 7 * HOURS, reassign_count=2).handed_off


def test_a_touch_in_time_leaves_everybody_in_peace() -> None:
    decision = run(FOUR_HOURS, MONDAY + 30 * HOURS, touch(MONDAY + 2 * HOURS))
    assert (decision.notices, decision.due_at, decision.handed_off) == ((), None, False)


@pytest.mark.parametrize(
    ("silence", "stage", "refused"),
    [
        ("none", "mql", ()),
        ("accepted", "sal", ()),
        ("rejected", "recycled", (ANN,)),
        ("recycled", "recycled", ()),
        ("reassign", "mql", (ANN,)),
    ],
)
def test_silence_counts_as_the_process_says(silence: str, stage: str, refused: tuple[str, ...]) -> None:
    """S71: no answer in the agreed time is an answer."""
    process = promising(silence, acceptance_hours=16)
    before, after = run(process, MONDAY + 25 * HOURS), run(process, MONDAY + 33 * HOURS)
    assert before.stage == "mql"
    assert (after.stage, after.memory.refused_by) == (stage, refused)
    assert after.handed_off is (silence == "reassign")


def test_an_accepted_lead_is_decided_in_time_or_somebody_hears_of_it() -> None:
    process = promising(decision_hours=8)
    lead, memory = given(stage="sal", accepted_at=MONDAY)
    decision = decide(replace(lead, stage="sal"), process, memory, MONDAY + 9 * HOURS)
    assert told(decision) == [(NoticeKind.ESCALATION, "decision", EVA)]


def test_a_lead_is_worked_so_long_and_then_recycled() -> None:
    """S60, S61: how long a lead is worked, and what happens afterwards."""
    process = promising(working_days=30, after_working="recycled")
    decision = run(process, MONDAY + timedelta(days=31))
    assert (decision.stage, decision.memory.recycle_reason) == ("recycled", "worked_out")


def test_clocks_stand_still_while_a_lead_is_held() -> None:
    """Pause on hold: two hours on hold are two hours more."""
    process = promising(
        first_touch_minutes=240, sla={"pause": [{"field": "persona", "op": "eq", "value": "wait"}]}
    )
    lead, memory = given()
    waiting = decide(replace(lead, persona="wait"), process, memory, MONDAY + HOURS)
    assert waiting.memory.paused_at == MONDAY + HOURS
    assert decide(replace(lead, persona="wait"), process, waiting.memory, MONDAY + 30 * HOURS).notices == ()
    back = decide(lead, process, waiting.memory, MONDAY + 3 * HOURS)
    assert back.memory.pauses == ((MONDAY + HOURS, MONDAY + 3 * HOURS),)
    found = evaluate(lead, process, back.memory, MONDAY + 3 * HOURS)
    assert found is not None
    assert found.promises[0].due_at == MONDAY + 6 * HOURS


def test_somebody_else_s_clock_begins_when_a_person_gives_the_lead_on() -> None:
    lead, memory = given(fired=("first_touch.reminder", "response.reminder"))
    decision = decide(replace(lead, owner=BOB), FOUR_HOURS, memory, MONDAY + 3 * HOURS)
    assert (decision.memory.assigned_at, decision.memory.fired) == (
        MONDAY + 3 * HOURS,
        ("response.reminder",),
    )


# the file --------------------------------------------------------------------------------------------
@pytest.mark.parametrize(
    ("section", "value", "key"),
    [
        ("calendar", [{**OFFICE, "holidays": ["XX"]}], "calendar[0].holidays"),
        ("calendar", [{**OFFICE, "hours": {"monday": ["17:00-09:00"]}}], "calendar[0].hours.monday"),
        ("calendar", [{**OFFICE, "hours": {}}], "calendar[0].hours"),
        ("calendar", [{**OFFICE, "timezone": "Berlin"}], "calendar[0].timezone"),
        ("calendar", [OFFICE, OFFICE], "calendar[1].name"),
        ("calendar", [{**OFFICE, "territories": ["nowhere"]}], "calendar[0].territories"),
        ("sla", {"calendar": "nowhere", "target": [{"name": "a", "touches": 1}]}, "sla.calendar"),
        ("sla", {"target": []}, "sla.target"),
        ("sla", {"target": [{"name": "a"}]}, "sla.target[0]"),
        ("sla", {"target": [{"name": "a", "touches": 1, "silence": "accepted"}]}, "sla.target[0].silence"),
        ("sla", {"target": [{"name": "a", "touches": 1, "stages": ["x"]}]}, "sla.target[0].stages"),
        ("sla", {"target": [{"name": "a", "touches": 1, "territories": ["x"]}]}, "sla.target[0].territories"),
        ("sla", {"target": [{"name": "a", "touches_by": {"talk": 1}}]}, "sla.target[0].touches_by.talk"),
        ("recycle", [{"reason": "unreachable", "needs_touches": True}], "recycle[0].needs_touches"),
        ("recycle", [{"reason": "timing", "stalled_days": 3}], "recycle[0].stalled_days"),
        ("reject", [{"reason": "a", "class": "procedural", "data": ["phone"]}], "reject[0].data"),
        (
            "reject",
            [{"reason": "a", "class": "terminal"}, {"reason": "a", "class": "terminal"}],
            "reject[1].reason",
        ),
        ("alert", [{"name": "a", "on": ["reminder"], "to": ["A B"]}], "alert[0].to"),
        ("alert", [{"name": "a", "on": ["reminder"], "to": ["a"], "calendar": "x"}], "alert[0].calendar"),
        ("alert", [{"name": "a", "on": ["reminder"], "to": ["a"], "title": "$nonsense"}], "alert[0].title"),
        ("quota", {}, "quota"),
    ],
)
def test_what_is_wrong_with_a_promise_is_told_with_its_place(section: str, value: Any, key: str) -> None:
    parsed = acme_data()
    parsed[section] = value
    assert key in problems(parsed)


@pytest.mark.parametrize(
    ("period", "day", "first", "following"),
    [
        ("week", date(2026, 11, 21), date(2026, 11, 16), date(2026, 11, 23)),
        ("month", date(2026, 12, 31), date(2026, 12, 1), date(2027, 1, 1)),
        ("quarter", date(2026, 12, 31), date(2026, 10, 1), date(2027, 1, 1)),
        ("quarter", date(2026, 5, 1), date(2026, 4, 1), date(2026, 7, 1)),
    ],
)
def test_a_quota_has_periods(period: str, day: date, first: date, following: date) -> None:
    """S57, S62: quotas per week, month or quarter."""
    quota = Quota(period=period, qualified=10, customers=None, carry_over=True, since=None)
    assert quota.bounds(day) == (first, following)


def test_triage_is_not_reassigned_to_itself() -> None:
    process = promising(first_touch_minutes=240, sla={"reassign_at": 1.5})
    lead, memory = given(assigned_owner=TRIAGE, refused_by=(ANN, BOB))
    decision = decide(replace(lead, owner=TRIAGE, country="FR"), process, memory, MONDAY + 9 * HOURS)
    assert not decision.handed_off


@pytest.mark.parametrize("source", [None, "demo", "fair"])
@pytest.mark.parametrize("country", ["DE", "US", None])
def test_a_target_without_conditions_is_one_follow_up_for_every_lead(
    source: str | None, country: str | None
) -> None:
    """S68: the same touches in the same time, wherever a lead comes from and whoever has it."""
    process = promising(touches=6, touches_by={"call": 3}, touches_days=14)
    lead, memory = given(assigned_owner=BOB)
    found = evaluate(replace(lead, source=source, country=country), process, memory, MONDAY)
    assert found is not None
    assert [(promise.name, promise.due_at) for promise in found.promises] == [
        ("touches", MONDAY + timedelta(days=14))
    ]
