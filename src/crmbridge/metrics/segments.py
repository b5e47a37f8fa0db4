"""Segments that convert better or worse than the rest of the leads, beyond chance (S79)."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any, Final

from crmbridge.metrics.chance import adjusted, shares_differ
from crmbridge.metrics.figures import rate, wilson
from crmbridge.metrics.steps import Terms
from crmbridge.metrics.tally import Group, Tally

#: What is compared: key of a row -> role that must be reached. "won" has no role: it is counted as such.
_MEASURES: Final = {"accepted": "accepted", "won": None}


def segments(tally: Tally, first: dict[str, int | None], terms: Terms) -> list[dict[str, Any]]:
    """Compare every value of every dimension with the other leads of that dimension.

    Returns:
        One row per value with at least ``terms.least`` leads on both sides, the most certain first. A
        ``verdict`` of "outperforms" or "underperforms" holds after correction for the number of tests.
    """
    rows: list[dict[str, Any]] = []
    for measure, role in _MEASURES.items():
        if role is not None and first.get(role) is None:
            continue
        found = _compared(tally, measure, first.get(role) if role else None, terms)
        corrected = adjusted([row["p_value"] for row in found])
        rows += [_judged(row, p, terms) for row, p in zip(found, corrected, strict=True)]
    return sorted(rows, key=lambda row: (row["p_adjusted"], row["dimension"], row["value"] or ""))


def _compared(tally: Tally, measure: str, place: int | None, terms: Terms) -> list[dict[str, Any]]:
    whole, part = _counts(tally.all, measure, place)
    found = []
    for dimension, groups in tally.groups.items():
        if _is_known_of_winners_alone(groups):
            continue
        for value, group in groups.items():
            leads, hits = _counts(group, measure, place)
            if min(leads, whole - leads) >= terms.least and part:
                found.append(_row(measure, dimension, value, (hits, leads), (part - hits, whole - leads)))
    return found


def _is_known_of_winners_alone(groups: Mapping[str | None, Group]) -> bool:
    """Tell whether a dimension is filled in when a lead is won: it would foretell what it follows from."""
    return all(group.won == group.leads for value, group in groups.items() if value is not None)


def _counts(group: Group, measure: str, place: int | None) -> tuple[int, int]:
    return group.leads, group.won if measure == "won" else group.at_least(place) or 0


def _row(
    measure: str, dimension: str, value: str | None, own: tuple[int, int], rest: tuple[int, int]
) -> dict[str, Any]:
    interval = wilson(*own)
    return {
        "measure": measure,
        "dimension": dimension,
        "value": value,
        "n": own[1],
        "converted": own[0],
        "rate": rate(*own),
        "low": None if interval is None else interval[0],
        "high": None if interval is None else interval[1],
        "rest_n": rest[1],
        "rest_rate": rate(*rest),
        "p_value": shares_differ(*own, *rest),
    }


def _judged(row: dict[str, Any], p_adjusted: float, terms: Terms) -> dict[str, Any]:
    better = row["rate"] > row["rest_rate"]
    sure = p_adjusted < terms.alpha
    verdict = ("outperforms" if better else "underperforms") if sure else "as the rest"
    return row | {"p_adjusted": p_adjusted, "verdict": verdict}
