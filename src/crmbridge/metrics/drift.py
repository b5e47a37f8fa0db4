"""Drift: a conversion rate that moved beyond chance against the company's own baseline, and why perhaps.

Every mature cohort is compared with the mature cohorts before it. Two things can be wrong (S87): the
*definition* (scores and acceptance moved: other leads are passed than before) or the *follow-up* (times and
touches moved: the same leads are worked differently). The report names what the data point to and decides
nothing.
"""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from dataclasses import dataclass
from typing import Any

from crmbridge.metrics.chance import adjusted, beyond_spread, numbers_differ, shares_differ
from crmbridge.metrics.cohorts import Cohort, Cohorts, Outcome
from crmbridge.metrics.figures import Sample, rate, tidy
from crmbridge.metrics.steps import Terms


@dataclass(frozen=True, slots=True)
class _Test:
    """One rate of one cohort against its baseline."""

    cohort: Cohort
    baseline: Sequence[Cohort]
    own: Outcome
    before: Outcome
    p_value: float


def drift(cohorts: Cohorts, terms: Terms) -> dict[str, Any]:
    """Test every cohort that has a baseline.

    Returns:
        ``tests`` in order of time, ``latest`` those of the newest tested cohort, ``drifted`` whether one of
        them moved. ``drifted`` is None where nothing could be tested.
    """
    tests = list(_tests(cohorts, terms))
    corrected = adjusted([test.p_value for test in tests])
    rows = [_row(cohorts, test, p, terms) for test, p in zip(tests, corrected, strict=True)]
    newest = rows[-1]["cohort"] if rows else None
    latest = [row for row in rows if row["cohort"] == newest]
    return {
        "alpha": terms.alpha,
        "baseline_periods": terms.baseline_periods,
        "least_n": terms.least,
        "tests": rows,
        "latest": latest,
        "drifted": any(row["drifted"] for row in latest) if rows else None,
    }


def _tests(cohorts: Cohorts, terms: Terms) -> Iterator[_Test]:
    every = list(cohorts)
    for place, cohort in enumerate(every):
        baseline = every[max(0, place - terms.baseline_periods) : place]
        for role in cohorts.roles:
            own = cohorts.outcome(cohort, role)
            before = [cohorts.outcome(item, role) for item in baseline]
            total = _sum(role, own, before)
            # A cohort that is partly censored waits: its early days are no fair sample of it.
            if own.censored or min(own.mature, total.mature) < terms.least:
                continue
            p = shares_differ(own.converted, own.mature, total.converted, total.mature)
            shares = [(item.converted, item.mature) for item in before if item.mature]
            yield _Test(
                cohort, baseline, own, total, max(p, beyond_spread(own.converted, own.mature, shares))
            )


def _sum(role: str, like: Outcome, outcomes: Sequence[Outcome]) -> Outcome:
    return Outcome(
        to=role,
        window_days=like.window_days,
        mature=sum(item.mature for item in outcomes),
        converted=sum(item.converted for item in outcomes),
        censored=sum(item.censored for item in outcomes),
        undated=sum(item.undated for item in outcomes),
    )


def _row(cohorts: Cohorts, test: _Test, p_adjusted: float, terms: Terms) -> dict[str, Any]:
    drifted = p_adjusted < terms.alpha
    signals = _signals(cohorts, test, terms) if drifted else []
    own, before = (
        rate(test.own.converted, test.own.mature),
        rate(test.before.converted, test.before.mature),
    )
    return {
        "cohort": cohorts.name(test.cohort),
        "to": test.own.to,
        "window_days": test.own.window_days,
        "n": test.own.mature,
        "converted": test.own.converted,
        "rate": own,
        "baseline_n": test.before.mature,
        "baseline_converted": test.before.converted,
        "baseline_rate": before,
        "p_value": test.p_value,
        "p_adjusted": p_adjusted,
        "drifted": drifted,
        "likely_cause": _cause(signals) if drifted else None,
        "signals": signals,
    }


# what it looks like ----------------------------------------------------------------------------------
def _signals(cohorts: Cohorts, test: _Test, terms: Terms) -> list[dict[str, Any]]:
    """Compare what tells of the definition and what tells of the follow-up."""
    found = [*_share_signals(cohorts, test), *_number_signals(test)]
    found = [row for row in found if min(row["n"], row["baseline_n"]) >= terms.least]
    corrected = adjusted([row["p_value"] for row in found])
    return [
        row | {"p_adjusted": p, "moved": p < terms.alpha} for row, p in zip(found, corrected, strict=True)
    ]


def _share_signals(cohorts: Cohorts, test: _Test) -> Iterator[dict[str, Any]]:
    if "accepted" in cohorts.roles:
        own = cohorts.outcome(test.cohort, "accepted")
        before = _sum("accepted", own, [cohorts.outcome(item, "accepted") for item in test.baseline])
        shares = (own.converted, own.mature), (before.converted, before.mature)
        yield _share("acceptance", "definition", *shares)
    for name, side, column in (
        ("declined by sales", "definition", "declined"),
        ("touched at all", "follow_up", "touched"),
    ):
        flags = [getattr(item, column) for item in (test.cohort, *test.baseline)]
        counts = [(sum(found), len(found)) for found in flags]
        yield _share(name, side, counts[0], (sum(p for p, _ in counts[1:]), sum(n for _, n in counts[1:])))


def _share(name: str, side: str, own: tuple[int, int], before: tuple[int, int]) -> dict[str, Any]:
    return {
        "signal": name,
        "side": side,
        "n": own[1],
        "value": rate(*own),
        "baseline_n": before[1],
        "baseline_value": rate(*before),
        "p_value": shares_differ(*own, *before) if own[1] and before[1] else 1.0,
    }


def _number_signals(test: _Test) -> Iterator[dict[str, Any]]:
    for name, side, column in (
        ("score at qualification", "definition", "scores"),
        ("seconds to the first touch", "follow_up", "touch_seconds"),
        ("touches per lead", "follow_up", "touches"),
    ):
        own: Sample = getattr(test.cohort, column)
        before = Sample(number for item in test.baseline for number in getattr(item, column).numbers)
        both = len(own) and len(before)
        yield {
            "signal": name,
            "side": side,
            "n": len(own),
            "value": tidy(own.at(50)),
            "baseline_n": len(before),
            "baseline_value": tidy(before.at(50)),
            "p_value": numbers_differ(own.numbers, before.numbers) if both else 1.0,
        }


def _cause(signals: Sequence[dict[str, Any]]) -> str:
    """Name the side that moved; "both", or "unclear" when neither did."""
    sides = {row["side"] for row in signals if row["moved"]}
    return "both" if len(sides) == 2 else next(iter(sides), "unclear")
