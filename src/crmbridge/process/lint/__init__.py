"""Proves what is wrong with a process before a lead has to, each time with a lead that shows it. Pure.

Nothing here is guessed: that a condition never holds, a territory never wins or a threshold is out of
reach is found by trying every combination that the file can tell apart (``values``).
"""

from __future__ import annotations

from collections.abc import Callable, Iterator
from typing import Final

from crmbridge.process.definition import Process
from crmbridge.process.lint.findings import RULES, SEVERITIES, Finding, World
from crmbridge.process.lint.people import owners, pools
from crmbridge.process.lint.places import countries, overlaps, rungs, shadows
from crmbridge.process.lint.scores import conditions, holds, idle_rules, thresholds
from crmbridge.process.lint.study import Study
from crmbridge.process.lint.ways import leaks, recycling, stages

__all__ = ["RULES", "Finding", "World", "lint"]

_CHECKS: Final[tuple[Callable[[Study], Iterator[Finding]], ...]] = (
    stages,
    conditions,
    leaks,
    idle_rules,
    thresholds,
    holds,
    rungs,
    countries,
    shadows,
    overlaps,
    owners,
    pools,
    recycling,
)


def lint(process: Process, world: World) -> tuple[Finding, ...]:
    """Find gaps, shadows, dead ends and leaks of a process.

    The same input gives the same findings. Takes as long as some thousand decisions.

    Returns:
        Errors first, then warnings, then what is merely worth knowing; each in the order of the rules.
    """
    study = Study(process, world)
    found = [finding for check in _CHECKS for finding in check(study)]
    return tuple(sorted(found, key=lambda finding: SEVERITIES.index(finding.severity)))
