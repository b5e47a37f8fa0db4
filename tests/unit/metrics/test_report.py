"""One report: what each figure counts, and that nothing is reported that was not recorded (S81-S92)."""

from __future__ import annotations

from datetime import date
from typing import Any

import pytest
from hypothesis import given
from hypothesis import strategies as st

from crmbridge.journey import EntryKind, Journey
from crmbridge.metrics import Outline, Quota, report
from crmbridge.model import ActivityKind, Direction
from tests.unit.metrics.journeys import OUTLINE, at, deal, did, journey, mql, said, stage, terms


def made(*journeys: Journey, **changed: Any) -> dict[str, Any]:
    return report(journeys, OUTLINE, terms(**changed))


def funnel(document: dict[str, Any]) -> dict[str, tuple[int, int, int]]:
    return {row["stage"]: (row["reached"], row["recorded"], row["current"]) for row in document["funnel"]}


def conversion(document: dict[str, Any], start: str, end: str) -> tuple[int, int]:
    (row,) = (row for row in document["conversion"] if (row["from"], row["to"]) == (start, end))
    return row["n"], row["converted"]


def test_a_skipped_stage_is_reached_and_not_recorded() -> None:
    """S4, S86: ways are not straight."""
    found = funnel(made(journey(1, stage("lead", 0), stage("mql", 1), stage("customer", 5))))
    assert found["sal"] == (1, 0, 0)
    assert found["customer"] == (1, 1, 1)
    assert found["recycled"] == (0, 0, 0)


def test_a_recycled_lead_keeps_what_it_reached() -> None:
    """S10, S86."""
    document = made(
        journey(1, stage("mql", 1), stage("sal", 2), stage("recycled", 3),
                said(EntryKind.RECYCLED, 3, reason="timing")),
        journey(2, stage("mql", 1)),
    )  # fmt: skip
    assert funnel(document)["sal"] == (1, 1, 0)
    assert funnel(document)["recycled"] == (1, 1, 1)
    assert conversion(document, "mql", "sal") == (2, 1)
    assert document["recycled"] == {"timing": 1}


def test_verdicts_are_counted_by_reason_and_a_missing_reason_is_one() -> None:
    """S73."""
    document = made(
        journey(
            1, said(EntryKind.RECYCLED, 1, reason="timing"), said(EntryKind.RECYCLED, 9, reason="budget")
        ),
        journey(2, said(EntryKind.RECYCLED, 1)),
        journey(3, said(EntryKind.REJECTED, 1, reason="wrong_geography")),
        journey(4, stage("junk", 1)),
        journey(5, deal_lost := stage("lead", 1), opportunities=(deal(won=False),)),
    )
    assert deal_lost.value == "lead"
    assert document["recycled"] == {"": 1, "budget": 1, "timing": 1}
    assert document["rejected"] == {"wrong_geography": 1}
    assert document["disqualified"] == {"": 1}
    assert document["lost_reasons"] == {"": 1}


def test_the_follow_up_runs_from_the_hand_off_to_the_first_touch_after_it() -> None:
    """S58, S82: speed to lead and the rep's clock are two figures."""
    document = made(
        mql(
            1, 10,
            entries=(said(EntryKind.HANDED_OFF, 11, value="ann"),),
            activities=(
                did(ActivityKind.CALL, 10.5),  # before the hand-off: somebody else's
                did(ActivityKind.FORM_SUBMISSION, 10.75, Direction.INBOUND),
                did(ActivityKind.EMAIL_SENT, 11.1, owner=None),  # a mailing
                did(ActivityKind.CALL, 11.2, Direction.INBOUND),
                did(ActivityKind.CALL, 11.25),
                did(ActivityKind.MEETING, 12),
            ),
        ),
        mql(2, 10),
    )  # fmt: skip
    found = document["follow_up"]
    assert (found["passed"], found["n"], found["untouched"]) == (2, 1, 1)
    assert found["median_seconds"] == 6 * 3600
    assert found["from_action"] == {"n": 1, "median_seconds": 12 * 3600, "p90_seconds": 12 * 3600}
    assert found["touches"] == {"call": 1, "meeting": 1}
    assert document["activities"] == {"call": 3, "email_sent": 1, "form_submission": 1, "meeting": 1}
    assert (found["business_median_seconds"], found["sla"]["share"]) == (None, None)


def test_leads_that_still_have_time_are_not_judged() -> None:
    """S58, S63."""
    document = made(
        mql(1, 10, activities=(did(ActivityKind.CALL, 10.5),)),
        mql(2, 10, activities=(did(ActivityKind.CALL, 13),)),
        mql(3, 10),
        mql(4, 19.5),
        as_of=20,
        target=lambda _: 86_400.0,
        business=lambda _, start, end: (end - start).total_seconds() / 2,
    )
    assert document["follow_up"]["sla"] == {
        "judged": 3,
        "inside": 1,
        "share": 1 / 3,
        "agreed": [{"seconds": 86_400, "leads": 4}],
    }
    assert document["follow_up"]["business_median_seconds"] == (0.25 + 1.5) / 2 * 86_400


def test_days_are_differences_of_calendar_dates_and_a_win_before_the_start_is_shown() -> None:
    document = made(
        mql(1, 10, won=20.9), mql(2, 10, won=31), mql(3, 10, won=-2), mql(4, 10), close_from="mql"
    )
    assert document["time_to_close"] == {"n": 3, "median_days": 21, "p90_days": 29}
    assert document["notes"]["won on a day before the time to close begins; counted as it is"] == 1


def test_revenue_never_adds_two_currencies() -> None:
    """S85."""
    one = made(
        mql(1, 1, won=2, opportunities=(deal(amount="10.10"),)),
        mql(2, 1, opportunities=(deal(amount="0.20"),)),
    )
    assert (one["revenue"], one["revenue_by_currency"], one["won"]) == (10.3, {"EUR": 10.3}, 2)
    two = made(mql(1, 1, opportunities=(deal(amount="5"), deal(amount="7", currency="USD"))))
    assert (two["revenue"], two["revenue_by_currency"]) == (None, {"EUR": 5, "USD": 7})


def test_an_opportunity_older_than_the_lead_is_not_the_leads() -> None:
    """S84, S93: what a customer bought before is no conversion."""
    document = made(mql(1, 10, opportunities=(deal(amount="9", created_at=at(2)),)))
    assert (document["won"], document["revenue"]) == (0, None)
    assert document["notes"] == {"opportunities older than their lead; not the lead's": 1}


def test_a_blank_value_is_a_group_of_its_own() -> None:
    document = made(
        mql(1, 1, won=2, by={"source": "web"}), mql(2, 1, by={"source": None}), mql(3, 1, by={"source": None})
    )
    found = {row["value"]: (row["leads"], row["won"], row["rate"]) for row in document["by"]["source"]}
    assert found == {None: (2, 0, 0.0), "web": (1, 1, 1.0)}


def test_what_nobody_records_is_null_and_not_nought() -> None:
    document = report(
        [journey(1, stage("mql", 1), by={"source": "web"})], Outline.of({"mql": "qualified"}), terms()
    )
    (row,) = document["by"]["source"]
    assert (row["accepted"], row["won"], row["rate"], row["lost"], row["touched"]) == (None,) * 5
    assert (document["won"], document["lost"], document["revenue"], document["quota"]) == (None,) * 4
    assert document["feedback"] == {"passed": 1, "with_feedback": None, "coverage": None}
    assert document["follow_up"]["untouched"] is None


def test_feedback_coverage_counts_answers_of_any_kind() -> None:
    """S76: 100 % is the requirement."""
    document = made(
        mql(1, 1, entries=(said(EntryKind.ACCEPTED, 2),)),
        mql(2, 1, entries=(said(EntryKind.REJECTED, 2),)),
        mql(3, 1, entries=(said(EntryKind.DISQUALIFIED, 2),)),
        mql(4, 1),
        journey(5, stage("lead", 0)),
    )
    assert document["feedback"] == {"passed": 4, "with_feedback": 3, "coverage": 0.75}


def test_leads_outside_the_period_are_left_out_and_said_so() -> None:
    document = made(mql(1, 1), mql(2, 40), mql(3, 80), since=date(2026, 2, 1), until=date(2026, 3, 1))
    assert (document["rows_in"], document["rows_used"]) == (3, 1)
    assert document["rows_skipped"] == {"outside_the_period": 2}
    assert document["leads"] == 1


def test_what_happens_later_is_not_counted() -> None:
    document = made(mql(1, 10, won=20), as_of=20)
    assert document["won"] == 0
    assert made(mql(1, 10), as_of=5)["rows_skipped"] == {"created_after_as_of": 1}


# cohorts ---------------------------------------------------------------------------------------------
def test_a_cohort_is_judged_once_its_window_is_over_and_shows_what_is_censored() -> None:
    document = made(mql(1, 0, won=5), mql(2, 0, won=95), mql(3, 25), as_of=100)
    (cohort,) = document["cohorts"]
    (won,) = (row for row in cohort["conversions"] if row["to"] == "customer")
    assert (cohort["cohort"], cohort["leads"]) == ("2026-01", 3)
    assert (won["mature"], won["converted"], won["censored"], won["rate"]) == (2, 1, 1, 0.5)
    assert won["low"] < 0.5 < won["high"]


def test_a_win_on_an_unknown_day_is_not_taken_for_one_within_the_window() -> None:
    (cohort,) = made(mql(1, 0, entries=(stage("customer", None),)))["cohorts"]
    (won,) = (row for row in cohort["conversions"] if row["to"] == "customer")
    assert (won["mature"], won["converted"], won["undated"]) == (1, 0, 1)


def test_periods_count_what_happened_in_them() -> None:
    rows = {row["period"]: row for row in made(mql(1, 5, won=40), mql(2, 50))["periods"]}
    assert (rows["2026-01"]["qualified"], rows["2026-01"]["won"]) == (1, 0)
    assert (rows["2026-02"]["qualified"], rows["2026-02"]["won"], rows["2026-02"]["leads"]) == (1, 1, 1)


# quota -----------------------------------------------------------------------------------------------
def quota(**changed: Any) -> Quota:
    given = {"measure": "qualified", "period": "month", "target": 3, "begins": date(2026, 1, 1)}
    return Quota(**{**given, **changed})


def test_a_shortfall_is_owed_on_top_and_a_surplus_is_not_carried_over() -> None:
    """S57, S64, S88."""
    document = made(mql(1, 1), mql(2, 32), mql(3, 33), mql(4, 34), mql(5, 35), mql(6, 36), mql(7, 37),
                    as_of=68, quotas=(quota(),))  # fmt: skip
    january, february, march = document["quota"]["qualified"]["periods"]
    assert (january["delivered"], january["shortfall"], january["on_track"]) == (1, 2, False)
    assert (february["carried_over"], february["due"], february["shortfall"]) == (2, 5, 0)
    assert (march["carried_over"], march["delivered"], march["shortfall"]) == (0, 0, None)
    assert march["running_target"] == pytest.approx(3 * 10 / 31)


def test_a_quota_without_carry_over_begins_anew_and_named_periods_have_their_own_target() -> None:
    found = made(mql(1, 1), as_of=40, quotas=(quota(carry_over=False, targets={"2026-02": 9}),))
    january, february = found["quota"]["qualified"]["periods"]
    assert (january["shortfall"], february["due"]) == (2, 9)


def test_a_surplus_is_taken_off_where_that_is_agreed() -> None:
    found = made(
        mql(1, 1), mql(2, 2), mql(3, 3), mql(4, 4), as_of=40, quotas=(quota(carry_surplus=True, begins=None),)
    )
    january, february = found["quota"]["qualified"]["periods"]
    assert (january["begins"], january["shortfall"], february["due"]) == ("2026-01-02", 0, 2)


def test_sales_owes_customers() -> None:
    """S62."""
    found = made(mql(1, 1, won=3), as_of=20, quotas=(quota(measure="won", target=1),))
    assert found["quota"]["won"]["periods"][0]["progress"] == 1


def test_one_document_holds_both_sides_to_the_same_leads() -> None:
    """S65, S90: what marketing delivers and what sales wins, counted on the same journeys."""
    quotas = (quota(), quota(measure="won", target=1))
    found = made(mql(1, 1, won=3, sal=1), mql(2, 2), mql(3, 3), as_of=20, quotas=quotas)
    assert {side: each["periods"][0]["delivered"] for side, each in found["quota"].items()} == {
        "qualified": 3, "won": 1,
    }  # fmt: skip
    (funnel_won,) = (row["reached"] for row in found["funnel"] if row["stage"] == "customer")
    assert found["quota"]["won"]["periods"][0]["delivered"] == funnel_won == found["won"]


def test_accepted_leads_are_counted_in_all_and_per_period() -> None:
    """S81, S83, S84: passed, accepted, and what became opportunities."""
    found = made(mql(1, 1, sal=2), mql(2, 2, sal=40), mql(3, 3))
    assert found["follow_up"]["passed"] == 3
    assert conversion(found, "mql", "sal") == (3, 2)
    assert [row["accepted"] for row in found["periods"][:2]] == [1, 1]


def test_feedback_speaks_of_criteria_campaigns_and_quality() -> None:
    """S77, S80: per campaign what sales accepted, declined and won; why it declined; what it was worth."""
    found = made(
        mql(1, 1, sal=2, won=9, by={"campaign": "fair"}, opportunities=(deal(amount="50"),)),
        mql(2, 1, by={"campaign": "fair"}, entries=(said(EntryKind.REJECTED, 2, reason="not_a_fit"),)),
        mql(3, 1, by={"campaign": "webinar"}),
    )
    rows = {row["value"]: row for row in found["by"]["campaign"]}
    assert found["rejected"] == {"not_a_fit": 1}
    assert [(rows[name]["passed"], rows[name]["feedback"], rows[name]["accepted"], rows[name]["won"])
            for name in ("fair", "webinar")] == [(2, 2, 1, 1), (1, 0, 0, 0)]  # fmt: skip
    assert (rows["fair"]["revenue"], rows["webinar"]["won"]) == (50, 0)


def test_the_return_of_a_campaign_is_what_it_won_against_what_it_cost() -> None:
    """S92: ROI as the final measure; null where cost or revenue is not recorded."""
    deals = (deal(amount="300"),)
    found = made(
        mql(1, 1, won=9, by={"campaign": "fair", "source": "fair"}, opportunities=deals),
        mql(2, 1, by={"campaign": "webinar", "source": "web"}),
        mql(3, 1, won=9, by={"campaign": "mail", "source": "mail"}, opportunities=deals),
        costs={"fair": 200.0, "webinar": 100.0},
    )
    rows = {row["value"]: (row["cost"], row["roi"]) for row in found["by"]["campaign"]}
    assert rows == {"fair": (200, 0.5), "webinar": (100, -1), "mail": (None, None)}
    assert {row["roi"] for row in found["by"]["source"]} == {None}


def test_wins_and_losses_of_qualified_leads_are_reviewed_with_their_reasons() -> None:
    """S89, S92: won and lost, the win rate, why, and the revenue that it came to."""
    found = made(
        mql(1, 1, won=9, opportunities=(deal(amount="100"),)),
        mql(2, 1, opportunities=(deal(won=False),)),
    )
    assert (found["won"], found["lost"], found["win_rate"], found["revenue"]) == (1, 1, 0.5, 100)
    assert found["lost_reasons"] == {"": 1}  # none was recorded, and none is invented


# chance ----------------------------------------------------------------------------------------------
def months(count: int, each: int, sal: Any, **more: Any) -> list[Journey]:
    return [
        mql(month * 1000 + place, month * 30.5 + 1 + place % 20, sal=1 if sal(month, place) else None,
            **{name: make(month, place) for name, make in more.items()})
        for month in range(count) for place in range(each)
    ]  # fmt: skip


def scores(month: int, place: int) -> tuple[Any, ...]:
    moved = 40 if month == 11 else 0
    return (said(EntryKind.QUALIFIED, month * 30.5 + 1 + place % 20, score=60.0 + place % 30 - moved),)


def calls(month: int, place: int) -> tuple[Any, ...]:
    waited = 3 if month == 11 else 0.2
    return (did(ActivityKind.CALL, month * 30.5 + 1 + place % 20 + waited + place % 7 / 100),)


def steady(month: int, place: int) -> bool:
    return place % 2 == 0


def fell(month: int, place: int) -> bool:
    return place % 10 == 0 if month == 11 else place % 2 == 0


def test_a_steady_rate_is_no_drift() -> None:
    """S87."""
    found = made(*months(12, 60, steady))["drift"]
    assert found["drifted"] is False
    assert not any(row["drifted"] for row in found["tests"])
    assert all(row["n"] >= 20 <= row["baseline_n"] for row in found["tests"])


def test_drift_with_other_scores_points_to_the_definition() -> None:
    """S87."""
    (row,) = [row for row in made(*months(12, 60, fell, entries=scores))["drift"]["tests"] if row["drifted"]]
    assert (row["cohort"], row["to"], row["n"]) == ("2026-12", "accepted", 60)
    assert (row["rate"], row["baseline_rate"]) == (0.1, 0.5)
    assert row["likely_cause"] == "definition"
    assert "score at qualification" in {signal["signal"] for signal in row["signals"] if signal["moved"]}


def test_drift_with_slower_follow_up_points_to_it_as_well() -> None:
    """S87: acceptance itself speaks for the definition, the times for the follow-up."""
    (row,) = [
        row for row in made(*months(12, 60, fell, activities=calls))["drift"]["tests"] if row["drifted"]
    ]
    moved = {signal["side"]: signal["signal"] for signal in row["signals"] if signal["moved"]}
    assert moved["follow_up"] == "seconds to the first touch"
    assert row["likely_cause"] == "both"


def test_seasons_of_the_baseline_are_no_drift() -> None:
    """A company whose months differ by themselves is compared with how much they do."""

    def swings(month: int, place: int) -> bool:
        return place % 10 < (7 if month % 2 else 3)

    assert made(*months(12, 60, swings))["drift"]["drifted"] is False


def test_too_few_leads_are_shown_and_not_tested() -> None:
    found = made(*months(12, 5, steady))["drift"]
    assert (found["tests"], found["drifted"]) == ([], None)


def test_segments_stand_out_beyond_chance_only() -> None:
    """S79: every value against the rest, with its interval."""
    leads = [
        mql(place, 1, won=2 if place % 10 < (6 if place < 100 else 2) else None,
            by={"source": "partner" if place < 100 else f"other{place % 2}", "even": str(place % 2)})
        for place in range(300)
    ]  # fmt: skip
    rows = {
        (row["dimension"], row["value"]): row for row in made(*leads)["segments"] if row["measure"] == "won"
    }
    partner = rows["source", "partner"]
    assert (partner["n"], partner["rate"], partner["rest_rate"]) == (100, 0.6, 0.2)
    assert partner["verdict"] == "outperforms"
    assert partner["low"] < 0.6 < partner["high"]
    assert rows["even", "1"]["verdict"] == "as the rest"


def test_a_dimension_that_only_winners_have_is_not_compared() -> None:
    leads = [mql(n, 1, won=2 if n < 50 else None, by={"seller": "s" if n < 50 else None}) for n in range(200)]
    assert not [row for row in made(*leads)["segments"] if row["measure"] == "won"]


# sums ------------------------------------------------------------------------------------------------
_STAGES = st.lists(st.sampled_from([step.name for step in OUTLINE.steps]), max_size=4)


@given(st.lists(st.tuples(_STAGES, st.sampled_from(["a", "b", None]), st.integers(0, 300)), max_size=25))
def test_the_sums_of_every_figure_agree(drawn: list[tuple[list[str], str | None, int]]) -> None:
    """S90: the same numbers for both sides, whichever way they are cut."""
    leads = [
        journey(n, *(stage(name, day + i) for i, name in enumerate(names)), created=day, by={"source": value})
        for n, (names, value, day) in enumerate(drawn)
    ]
    document = made(*leads)
    rows = document["by"].get("source", [])
    assert document["rows_in"] == document["rows_used"] + sum(document["rows_skipped"].values())
    assert sum(row["leads"] for row in rows) == document["leads"] == len(leads)
    assert sum(row["won"] for row in rows) == document["won"]
    reached = [row["reached"] for row in document["funnel"] if row["stage"] not in ("recycled", "junk")]
    assert reached == sorted(reached, reverse=True)
    assert sum(row["current"] for row in document["funnel"]) == sum(bool(names) for names, _, _ in drawn)
    assert all(row["converted"] <= row["n"] for row in document["conversion"])
    cohorts = sum(cohort["leads"] for cohort in document["cohorts"])
    assert cohorts + document["leads_without_cohort"] == funnel(document)["mql"][0]
    for cohort in document["cohorts"]:
        assert all(row["mature"] + row["censored"] == cohort["leads"] for row in cohort["conversions"])
