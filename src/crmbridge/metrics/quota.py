"""Marketing's promise and sales': a number per period, and what is still owed of earlier ones."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass, field
from datetime import date
from typing import Any, Final

from crmbridge.metrics.figures import begin_of, next_begin, period_of, rate, tidy

#: What may be promised: leads that marketing qualifies (S57), customers that sales wins (S62).
MEASURES: Final = ("qualified", "won")


@dataclass(frozen=True, slots=True, kw_only=True)
class Quota:
    """A number that one side owes the other per period."""

    #: One of ``MEASURES``.
    measure: str
    #: "week", "month", "quarter" or "year".
    period: str
    #: Owed in every period that ``targets`` does not name.
    target: float
    #: Period ("2026-Q4") -> what is owed in it.
    targets: Mapping[str, float] = field(default_factory=dict)
    #: The first day that counts.
    begins: date
    #: Whether a shortfall is owed on top in the next period (S64). A surplus is never carried over.
    carry_over: bool = True


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
    begin, carried = begin_of(quota.begins, quota.period), 0.0
    while begin <= as_of:
        row = _row(quota, begin, carried, delivered, as_of)
        carried = (row["shortfall"] or 0.0) if quota.carry_over else 0.0
        rows.append(row)
        begin = next_begin(begin, quota.period)
    return rows


def _row(
    quota: Quota, begin: date, carried: float, delivered: Mapping[date, int], as_of: date
) -> dict[str, Any]:
    name, end = period_of(begin, quota.period), next_begin(begin, quota.period)
    first = max(begin, quota.begins)
    last = min(end, date.fromordinal(as_of.toordinal() + 1))
    got = sum(count for day, count in delivered.items() if first <= day < last)
    target = quota.targets.get(name, quota.target)
    due = target + carried
    running = due * (last - first).days / (end - first).days
    return {
        "period": name,
        "begins": first.isoformat(),
        "target": tidy(target),
        "carried_over": tidy(carried),
        "due": tidy(due),
        "delivered": got,
        "running_target": tidy(running),
        "progress": rate(got, 1) if due == 0 else got / due,
        "on_track": got >= running,
        "shortfall": tidy(max(0.0, due - got)) if end <= last else None,
    }
