"""Percentiles, intervals and periods against what others compute."""

from __future__ import annotations

from datetime import date, timedelta

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st
from scipy.stats import binomtest

from crmbridge.metrics.figures import (
    PERIODS,
    Sample,
    begin_of,
    next_begin,
    percentile,
    period_of,
    rate,
    tidy,
    wilson,
)

numbers = st.lists(st.integers(-10_000, 10_000), min_size=1, max_size=60)


@given(numbers, st.integers(0, 100))
def test_percentiles_are_those_of_linear_interpolation(values: list[int], percent: int) -> None:
    assert Sample(values).at(percent) == pytest.approx(np.percentile(values, percent), abs=1e-9)


@given(numbers)
def test_percentiles_do_not_depend_on_the_order_and_rise(values: list[int]) -> None:
    sample, turned = Sample(values), Sample(reversed(values))
    found = [sample.at(percent) for percent in range(0, 101, 10)]
    assert found == [turned.at(percent) for percent in range(0, 101, 10)]
    assert found == sorted(value for value in found if value is not None)


def test_a_percentile_of_nothing_is_nothing() -> None:
    assert percentile([], 50) is None
    assert Sample().at(90) is None


def test_whole_numbers_come_without_a_fraction() -> None:
    assert (tidy(3.0), tidy(3.5), tidy(None)) == (3, 3.5, None)
    assert isinstance(Sample([1, 3]).at(50), int)


@given(st.integers(1, 500).flatmap(lambda n: st.tuples(st.integers(0, n), st.just(n))))
def test_the_interval_is_wilsons(counts: tuple[int, int]) -> None:
    interval = binomtest(*counts).proportion_ci(method="wilson")
    assert wilson(*counts) == pytest.approx((interval.low, interval.high), abs=1e-9)


def test_a_share_of_nothing_is_nothing() -> None:
    assert (rate(0, 0), rate(None, 5), rate(1, 4), wilson(0, 0)) == (None, None, 0.25, None)


@given(st.dates(date(1990, 1, 1), date(2090, 1, 1)), st.sampled_from(PERIODS))
def test_periods_follow_each_other_without_a_gap(day: date, kind: str) -> None:
    begin, end = begin_of(day, kind), next_begin(day, kind)
    assert begin <= day < end
    assert begin_of(end, kind) == end
    assert {period_of(begin, kind), period_of(end - timedelta(days=1), kind)} == {period_of(day, kind)}
    assert period_of(end, kind) > period_of(day, kind)


def test_periods_are_named_as_people_name_them() -> None:
    day = date(2026, 11, 21)
    assert [period_of(day, kind) for kind in PERIODS] == ["2026-W47", "2026-11", "2026-Q4", "2026"]
