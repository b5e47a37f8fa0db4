"""The latest wins and losses, one by one: what a meeting goes through (S89). No personal data: lead ids."""

from __future__ import annotations

from collections.abc import Mapping
from datetime import date
from heapq import heappush, heappushpop
from typing import Any, Final

from crmbridge.metrics.figures import tidy
from crmbridge.metrics.passage import Passage
from crmbridge.metrics.steps import Terms

#: Wins kept, and as many losses: what a meeting can go through.
KEPT: Final = 12


class Review:
    """Keeps the latest of each; the last by lead id where the days are equal."""

    def __init__(self, terms: Terms) -> None:
        self._terms = terms
        self._kept: dict[str, list[tuple[date, str, dict[str, Any]]]] = {"won": [], "lost": []}

    def add(self, found: Passage) -> None:
        """Take one lead; one that is neither won nor lost, or on a day that nobody knows, is left out."""
        what, day = ("won", found.won_on) if found.won else ("lost", found.lost_on)
        if day is None or not (found.won or found.lost):
            return
        kept = self._kept[what]
        item = (day, found.journey.lead_id, _row(found, day))
        if len(kept) < KEPT:
            heappush(kept, item)
        else:
            heappushpop(kept, item)

    def document(self) -> Mapping[str, list[dict[str, Any]]]:
        """Show both, the latest first."""
        return {
            what: [row for _, _, row in sorted(kept, key=lambda item: item[:2], reverse=True)]
            for what, kept in self._kept.items()
        }


def _row(found: Passage, day: date) -> dict[str, Any]:
    dimensions = found.journey.dimensions
    reasons = [reason for role, reason, _ in found.verdicts if role == "lost" and reason]
    return {
        "lead_id": found.journey.lead_id,
        "day": day.isoformat(),
        "days": found.close_days if found.won else None,
        "revenue_by_currency": {each: tidy(sum_) for each, sum_ in sorted(found.revenue.items())},
        "reason": reasons[-1] if reasons and not found.won else None,
        "touches": sum(found.touches.values()) if found.journey.activities else None,
        "score": tidy(found.score),
        "source": dimensions.get("source"),
        "owner": dimensions.get("owner"),
    }
