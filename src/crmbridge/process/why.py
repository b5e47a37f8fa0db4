"""The reasons as the rep reads them before the first call (S30, S37): scores and rule names alone."""

from __future__ import annotations

from typing import Final

from crmbridge.process.case import Case

#: Most rules that are named, per score.
_RULES_NAMED: Final = 6


def why(case: Case) -> str:
    """Write one short paragraph without any personal data."""
    threshold = case.process.parts.qualification.threshold
    head = (
        f"MQL by {case.qualified_by or 'hand'}: score {_short(case.score)} (fit {_short(case.fit_score)}, "
        f"engagement {_short(case.engagement_score)}), threshold {_short(threshold)}."
    )
    return head + _strongest(case, "fit.", "Fit") + _strongest(case, "engagement.", "Engagement")


def _strongest(case: Case, prefix: str, title: str) -> str:
    """List the rules that gave most; equal ones stay in the order of the file."""
    found = [(given.points, given.rule) for given in case.points if given.rule.startswith(prefix)]
    ranked = sorted(((-points, rule) for points, rule in found if points), key=lambda item: item[0])
    names = case.process.rule_names
    shown = [f"{names[rule]} {_short(-minus, '+')}" for minus, rule in ranked[:_RULES_NAMED]]
    return f" {title}: {', '.join(shown)}." if shown else ""


def _short(number: float, sign: str = "") -> str:
    return f"{round(number, 1):{sign}g}"
