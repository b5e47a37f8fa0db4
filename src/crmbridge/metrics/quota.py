"""Marketing's promise and sales': a number per period, and what is still owed of earlier ones."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass, field
from datetime import date
from typing import Any

from crmbridge.metrics.figures import begin_of, next_begin, period_of, tidy


@dataclass(frozen=True, slots=True, kw_only=True)
class Quota:
    """A number that one side owes the other per period."""

    #: "qualified": leads that marketing qualifies (S57); "won": customers that sales wins (S62).
    measure: str
    #: "week", "month", "quarter" or "year".
    period: str
    #: Owed in every period that ``targets`` does not name.
    target: float
    #: Period ("2026-Q4") -> what is owed in it.
    targets: Mapping[str, float] = field(default_factory=dict)
    #: The first day that counts; None: the first on which something was delivered.
    begins: date | None = None
    #: Whether a shortfall is owed on top in the next period (S64).
    carry_over: bool = True
    #: Whether a surplus is taken off the next period.
    carry_surplus: bool = False


def progress(quota: Quota, delivered: Mapping[date, int], as_of: date) -> list[dict[str, Any]]:
    """Say for every period since the beginning what was owed, carried over and delivered.

    Args:
        delivered: Day -> how many on that day.
        as_of: The last day that counts; a period that it lies in is under way.

    Returns:
        One row per period. ``running_target`` is what is owed by the end of ``as_of``, in proportion to the
        calendar days; ``shortfall`` what was owed and not delivered in a period that is over, else None.
    """
    rows: list[dict[str, Any]] = []
    first = quota.begins or min(delivered, default=as_of)
    begin, carried = begin_of(first, quota.period), 0.0
    while begin <= as_of:
        row = _row(quota, max(begin, first), carried, delivered, as_of)
        carried = _carried(quota, row["due"] - row["delivered"])
        rows.append(row)
        begin = next_begin(begin, quota.period)
    return rows


def _carried(quota: Quota, missing: float) -> float:
    if missing > 0:
        return missing if quota.carry_over else 0.0
    return missing if quota.carry_surplus else 0.0


def _row(
    quota: Quota, first: date, carried: float, delivered: Mapping[date, int], as_of: date
) -> dict[str, Any]:
    name, end = period_of(first, quota.period), next_begin(first, quota.period)
    last = min(end, date.fromordinal(as_of.toordinal() + 1))
    got = sum(count for day, count in delivered.items() if first <= day < last)
    target = quota.targets.get(name, quota.target)
    due = max(0.0, target + carried)
    running = due * (last - first).days / (end - first).days
    return {
        "period": name,
        "begins": first.isoformat(),
        "target": tidy(target),
        "carried_over": tidy(carried),
        "due": tidy(due),
        "delivered": got,
        "running_target": tidy(running),
        "progress": got / due if due else None,
        "on_track": got >= running,
        "shortfall": tidy(max(0.0, due - got)) if end <= last else None,
    }
