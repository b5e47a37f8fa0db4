"""Tests against chance, by scipy: imported when the first test is made, because it takes a second."""

from __future__ import annotations

from collections.abc import Sequence
from importlib.util import find_spec
from itertools import pairwise
from math import sqrt
from statistics import NormalDist, fmean
from typing import Any


def is_available() -> bool:
    """Tell whether the statistics library is installed (extra ``report``)."""
    return find_spec("scipy") is not None


def _stats() -> Any:
    from scipy import stats  # noqa: PLC0415 - a second of imports that most commands do not need

    return stats


def shares_differ(part: int, whole: int, other_part: int, other_whole: int) -> float:
    """Give the two-sided p-value of Fisher's exact test of two shares."""
    table = [[part, whole - part], [other_part, other_whole - other_part]]
    return float(_stats().fisher_exact(table)[1])


def numbers_differ(one: Sequence[float], other: Sequence[float]) -> float:
    """Give the two-sided p-value of the Mann-Whitney U test; 1.0 where every number is the same."""
    if len({*one, *other}) < 2:
        return 1.0
    return float(_stats().mannwhitneyu(one, other, alternative="two-sided").pvalue)


def adjusted(p_values: Sequence[float]) -> list[float]:
    """Correct p-values for their number (Benjamini-Hochberg)."""
    return [float(p) for p in _stats().false_discovery_control(p_values)] if p_values else []


def beyond_spread(part: int, whole: int, cohorts: Sequence[tuple[int, int]]) -> float:
    """Give the p-value of a share against the spread that the baseline's cohorts have among themselves.

    Laney's p' chart: cohorts differ more than dice would, by seasons and campaigns; what is no more than
    that is no drift. With fewer than five cohorts their spread is unknown: 0.0, the other test decides.

    Args:
        cohorts: (part, whole) of each baseline cohort, in order of time.
    """
    parts, wholes = sum(p for p, _ in cohorts), sum(n for _, n in cohorts)
    if len(cohorts) < 5 or not 0 < parts < wholes:
        return 0.0
    mean = parts / wholes
    unit = sqrt(mean * (1 - mean))
    scores = [(p / n - mean) / (unit / sqrt(n)) for p, n in cohorts if n]
    moved = fmean(abs(b - a) for a, b in pairwise(scores))
    spread = max(1.0, moved / 1.128)  # 1.128: mean range of two normal numbers, in standard deviations
    score = (part / whole - mean) / (unit * spread * sqrt(1 / whole + 1 / wholes))
    return 2 * NormalDist().cdf(-abs(score))
