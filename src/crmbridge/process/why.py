"""The reasons as the rep reads them before the first call (S30, S37): scores and rule names alone."""

from __future__ import annotations

from operator import attrgetter
from typing import Final

from crmbridge.process.case import Case

#: Most rules that are named: what a person takes in at a glance.
_RULES_NAMED: Final = 5
_points: Final = attrgetter("points")


def why(case: Case) -> str:
    """Write one short paragraph without any personal data.

    The strongest rules come first; equal ones stay in the order of the file.
    """
    names, threshold = case.process.rule_names, case.process.parts.qualification.threshold
    strongest = sorted(case.points, key=_points, reverse=True)[:_RULES_NAMED]
    because = ", ".join([f"{names[found.rule]} {found.points:+.1f}" for found in strongest])
    scores = f"score {case.score:.1f} (fit {case.fit_score:.1f}, engagement {case.engagement_score:.1f})"
    rules = because or "no rule gave points"
    return f"MQL by {case.qualified_by or 'hand'}: {scores}, threshold {threshold:.1f}. Because: {rules}."
