"""What a replay does over invented pasts: capacity, leave, sales kept apart, differences with their rules."""

from __future__ import annotations

from copy import deepcopy
from datetime import date, timedelta
from random import Random
from typing import Any

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from crmbridge.process import Process
from crmbridge.replay import Past, Replay, Source, ticks
from crmbridge.replay.report import NEW_ALONE, OTHER_OWNER, OTHER_TIME
from crmbridge.replaying import Trial, carried_out
from tests.property.company import PROCESS
from tests.replay.invented import (
    BEGIN,
    END,
    Pasts,
    crowd,
    day,
    lead,
    owners,
    past,
    process_of,
    stage,
    visit,
)

OLD = process_of()
NEW = process_of(qualification={"threshold": 30.0, "required": ["email", "last_name"]})


def tried(source: Source, new: Process = OLD, old: Process | None = None, **more: Any) -> Replay:
    trial = Trial(new=new, old=old, since=BEGIN, until=END, **more)
    moments = ticks(BEGIN, END, new.zone, (), owners(new))
    return carried_out(trial, source, moments, {})


def pool(**member: Any) -> list[dict[str, Any]]:
    return [{"name": "dach", "member": [{"owner": "ann@example.com", **member}]}]


def boss(name: str, **fields: Any) -> Past:
    return past(lead(name, job_title="Head", **fields), OLD)


def test_a_replay_of_nothing_is_nothing() -> None:
    found = tried(Pasts([]), NEW, OLD)
    assert (found.new.leads, found.new.passed, found.differences, found.new.weeks) == (0, 0, {}, {})
    assert found.new.quality[0].precision.rate is None


def test_a_process_against_itself_has_no_differences() -> None:
    found = tried(Pasts(crowd(OLD, 200)), OLD, OLD)
    assert found.differences == {}
    assert found.new == found.old
    assert found.new.passed > 20


@settings(max_examples=10, deadline=None)
@given(seed=st.integers(0, 1000), page=st.integers(1, 40))
def test_neither_order_nor_pages_matter(seed: int, page: int) -> None:
    pasts = crowd(OLD, 40, seed)
    shuffled = list(pasts)
    Random(seed).shuffle(shuffled)
    assert tried(Pasts(shuffled, page), NEW, OLD) == tried(Pasts(pasts), NEW, OLD)


def test_a_day_on_which_nothing_changed_is_skipped() -> None:
    found = tried(Pasts([past(lead("ada", job_title="Clerk"), OLD)]))
    assert (found.new.lead_days, found.new.decisions) == (301, 1)


def test_a_score_is_as_of_the_day_on_which_it_counts() -> None:
    """Three visits within a day pass 40 points; over a year they have decayed."""
    process = process_of(qualification={"threshold": 40.0, "required": ["email"]})
    soon = lead("soon", activities=tuple(visit("soon", at) for at in (1.0, 1.1, 1.2)))
    slow = lead("slow", activities=tuple(visit("slow", at) for at in (1.0, 90.0, 200.0)))
    found = tried(Pasts([past(soon, process), past(slow, process)]), process, lead="soon")
    assert found.new.passed == 1
    assert found.lead is not None
    assert [item.handed_off for item in found.lead.days] == [False, True]
    assert found.lead.days[1].at.date() == day(1).date()


def test_capacity_makes_leads_wait_and_says_so() -> None:
    """S78: what a change of the definition means for the people who work the leads is known before."""
    process = process_of(pool=pool(capacity_per_day=1), routing={"mode": "direct"})
    found = tried(Pasts([boss(name) for name in ("ada", "bea", "cid")]), process)
    (load,) = found.new.loads
    assert (load.leads, load.most_a_day, found.new.feasibility.waited) == (3, 1, 2)
    assert found.new.feasibility.unplaced == 0


def test_nobody_on_leave_is_given_anything() -> None:
    away = [{"from": date(2025, 1, 1), "to": date(2025, 12, 31)}]
    process = process_of(pool=pool(leave=away))
    found = tried(Pasts([boss("ada")]), process)
    assert [load.owner for load in found.new.loads] == ["tia@example.com"]


def test_what_sales_did_is_an_outcome_until_the_process_passes_the_lead() -> None:
    clerk = past(lead("ada", job_title="Clerk"), OLD, stage("mql", 5), stage("sal", 9))
    found = tried(Pasts([clerk, past(lead("boss", job_title="Head"), OLD, stage("sal", 9))]))
    assert found.new.passed == 1
    accepted = found.new.quality[0]
    assert (accepted.recall.part, accepted.recall.whole) == (1, 2)
    assert accepted.precision.rate == 1.0


def test_what_is_too_young_to_tell_is_counted_and_not_judged() -> None:
    young = boss("ada", created_at=END - timedelta(days=3))
    found = tried(Pasts([young]))
    accepted = found.new.quality[0]
    assert (accepted.censored, accepted.censored_passed, accepted.base.whole) == (1, 1, 0)


def test_a_person_whom_sales_ruled_out_before_is_not_passed_afterwards() -> None:
    process = OLD
    acts = (visit("ada", 20.0), visit("ada", 20.1), visit("ada", 20.2), visit("ada", 20.3))
    made = past(lead("ada", activities=acts), process, stage("disqualified", 10))
    assert tried(Pasts([made])).new.passed == 0


def test_every_difference_has_its_lead_and_its_rule() -> None:
    """S12: sales sees before it agrees what another version would have done, lead by lead."""
    busy = past(lead("busy", activities=(visit("busy", 3.0), visit("busy", 3.1))), OLD)
    found = tried(Pasts([boss("ada"), busy]), NEW, OLD)
    (changed,) = found.changed
    assert (changed.lead, changed.what, changed.old_at) == ("busy", NEW_ALONE, None)
    assert "qualification.threshold" in changed.because


def test_another_time_and_another_owner_are_told_apart() -> None:
    acts = (visit("ada", 3.0), visit("ada", 8.0), visit("ada", 9.0), visit("ada", 9.5))
    tables = deepcopy(PROCESS["territory"])
    tables[0].pop("pool")
    by_hand = process_of(territory=[{**tables[0], "owner": "bob@example.com"}])
    pasts = Pasts([past(lead("ada", activities=acts), OLD)])
    assert tried(pasts, NEW, OLD).differences == {OTHER_TIME: 1}
    found = tried(Pasts([boss("ada")]), by_hand, process_of(pool=pool()))
    assert found.differences == {OTHER_OWNER: 1}
    assert found.changed[0].because


def test_a_moment_that_nobody_recorded_is_not_invented() -> None:
    """An MQL without a date: it counts as nobody's success, and nobody knows when it was passed."""
    found = tried(Pasts([past(lead("ada"), OLD, stage("sal", None))]))
    assert found.new.quality[0].recall.whole == 0
    assert found.coverage.with_way == 0


def test_only_what_is_known_counts_when_asked() -> None:
    assumed = past(lead("ada", job_title="Head"), OLD)
    strict = past(lead("ada", job_title="Head"), OLD, known_only=True)
    assert tried(Pasts([assumed])).new.passed == 1
    assert tried(Pasts([strict])).new.passed == 0


def test_a_field_of_sales_is_not_known_before_sales_filled_it_in() -> None:
    rule = [{"name": "Boss", "points": 60, "when": [{"field": "job_title", "op": "eq", "value": "Head"}]}]
    wanted = {"threshold": 50.0, "required": ["email"], "sales_fields": ["job_title"]}
    process = process_of(fit=rule, qualification=wanted)
    assert tried(Pasts([past(lead("ada", job_title="Head"), process)]), process).new.passed == 0


def test_near_misses_name_the_one_datum() -> None:
    found = tried(Pasts([boss("ada", last_name=None)]))
    assert found.new.near_misses == {"last_name": 1}


@pytest.mark.parametrize("count", [150])
def test_bands_of_the_score_add_up(count: int) -> None:
    found = tried(Pasts(crowd(OLD, count)))
    for quality in found.new.quality:
        assert sum(band.came.whole for band in quality.bands) == quality.base.whole
        assert sum(band.came.part for band in quality.bands) == quality.base.part
        assert quality.base.whole + quality.censored == count


def test_decisions_are_shown_with_their_rules() -> None:
    found = tried(Pasts([boss("ada")]), lead="ada")
    assert found.lead is not None
    assert "fit.boss" in {item.rule for item in found.lead.days[0].reasons}
