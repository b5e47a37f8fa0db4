"""Measuring: CPU time of fresh processes, interleaved rounds, and the unit U.

U is the CPU time in which ``json.loads`` decodes one record of the HubSpot page, taken in the same round:
machines and quiet minutes differ by a factor of three, ratios to U hardly do.
"""

from __future__ import annotations

import gc
import json
import math
import resource
import subprocess
import sys
from collections.abc import Callable, Mapping
from dataclasses import asdict, dataclass, field
from statistics import median
from time import process_time
from typing import Any

#: A round in which U moved by more than this says nothing.
_STEADY = 0.25
_U_REPEATS = 30
#: Does something to records, and says how many.
Work = Callable[[], int]


@dataclass(frozen=True, slots=True, kw_only=True)
class Line:
    """One line of the report."""

    #: "G5"; lines without a limit explain the one above.
    goal: str
    what: str
    figure: str
    #: As a person reads it; "" for a figure that is no goal.
    limit: str = ""
    #: None: no goal, or one that is printed only.
    met: bool | None = None


def gated(goal: str, what: str, value: float, limit: float, unit: str, *, at_least: bool = False) -> Line:
    """Make a line whose value must stay below (or reach) a limit."""
    met = value >= limit if at_least else value <= limit
    sign = ">=" if at_least else "<="
    return Line(
        goal=goal, what=what, figure=shown(value, unit), limit=f"{sign} {shown(limit, unit)}", met=met
    )


def shown(value: float, unit: str) -> str:
    """Write a figure with as many digits as it deserves."""
    number = f"{value:,.0f}" if float(value).is_integer() or abs(value) >= 100 else f"{value:.3g}"
    return f"{number} {unit}".strip()


@dataclass(slots=True)
class Timed:
    """CPU time per record, of all rounds."""

    #: Microseconds.
    micros: list[float] = field(default_factory=list)
    #: In units of U of the same round.
    units: list[float] = field(default_factory=list)

    @property
    def us(self) -> float:
        """Give the median in microseconds."""
        return median(self.micros)

    @property
    def u(self) -> float:
        """Give the median in U."""
        return median(self.units)

    def text(self) -> str:
        """Write median and minimum."""
        return f"{self.us:.1f} µs (least {min(self.micros):.1f}) = {self.u:.2f} U"


def unit(page: bytes, rows: int) -> float:
    """Measure U once: microseconds per record."""
    started = process_time()
    for _ in range(_U_REPEATS):
        json.loads(page)
    return (process_time() - started) / (_U_REPEATS * rows) * 1e6


def interleaved(
    works: Mapping[str, Work], *, page: bytes, rows: int, rounds: int = 5
) -> tuple[dict[str, Timed], Timed]:
    """Run every work once a round; returns what each took, and U itself.

    Args:
        page: What U is measured on, with so many ``rows``.
        rounds: Wanted; rounds in which U moved are repeated, up to as many again.
    """
    for work in works.values():
        work()  # imports, compiled patterns, caches of the machine
    timed, base = {name: Timed() for name in works}, Timed()
    for attempt in range(rounds * 2):
        before = unit(page, rows)
        taken = {name: _taken(work) for name, work in works.items()}
        after = unit(page, rows)
        moved = abs(after - before) / before > _STEADY
        if moved and attempt < rounds and len(base.micros) + rounds * 2 - attempt > rounds:
            continue
        per_record = (before + after) / 2
        base.micros.append(per_record)
        base.units.append(1.0)
        for name, micros in taken.items():
            timed[name].micros.append(micros)
            timed[name].units.append(micros / per_record)
        if len(base.micros) == rounds:
            break
    return timed, base


def _taken(work: Work) -> float:
    gc.collect()
    started = process_time()
    count = work()
    return (process_time() - started) / count * 1e6


def peak_megabytes() -> float:
    """Give the process's largest resident size so far."""
    return resource.getrusage(resource.RUSAGE_SELF).ru_maxrss / 1024


def in_child(target: str, **arguments: Any) -> Any:
    """Call ``module:function`` in a fresh interpreter and give what it returns.

    Arguments and result travel as JSON; a list of ``Line`` comes back as dictionaries.
    """
    command = [sys.executable, "-m", "benchmarks.child", target, json.dumps(arguments)]
    done = subprocess.run(command, stdout=subprocess.PIPE, check=True)
    return json.loads(done.stdout.splitlines()[-1])


def plain(value: Any) -> Any:
    """Make a result fit for JSON."""
    if isinstance(value, Line):
        return asdict(value)
    return [plain(item) for item in value] if isinstance(value, list) else value


def ceil_div(count: int, size: int) -> int:
    """Give how many batches hold so many."""
    return math.ceil(count / size)
