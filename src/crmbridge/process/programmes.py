"""Which nurture programme a lead is in (S20, S75): passed to a programme instead of to sales."""

from __future__ import annotations

from collections.abc import Sequence

from crmbridge.process.case import Case
from crmbridge.process.promises import Programme


def programme_of(case: Case, programmes: Sequence[Programme]) -> str | None:
    """Find the first programme of the file that fits; None when none does, or the lead is held."""
    if case.held is not None:
        return None
    return next((found.name for found in programmes if _fits(found, case)), None)


def _fits(programme: Programme, case: Case) -> bool:
    if case.stage.name not in programme.stages:
        return False
    if programme.reasons and case.recalled("recycle_reason") not in programme.reasons:
        return False
    if programme.threshold is not None and case.score < programme.threshold:
        return False
    return programme.when.test(case.lead, case.now)
