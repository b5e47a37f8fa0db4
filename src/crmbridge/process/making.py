"""Makes the policy's frozen objects by open twins: its twenty reasons are most of a decision's cost."""

from __future__ import annotations

from collections.abc import Callable, Mapping
from dataclasses import fields
from typing import Any, Final, cast

from crmbridge.model import Assignment, Decision, Effect, Memory, Reason, Value
from crmbridge.twins import open_twin


def _copier(frozen: Any, twin: type) -> Callable[[Any], Any]:
    """Generate the copying into an open twin, field by field: half the time of passing them all."""
    lines = [f"    made.{each.name} = given.{each.name}" for each in fields(frozen)]
    names: dict[str, Any] = {"twin": twin}
    source = "\n".join(["def copy(given):", "    made = twin()", *lines, "    return made"])
    exec(source, names)  # noqa: S102 - our own text: the names of our own fields
    copy: Callable[[Any], Any] = names["copy"]
    return copy


OpenReason: Final = open_twin(Reason)
_OpenMemory: Final = open_twin(Memory)
_OpenAssignment: Final = open_twin(Assignment)
_open_memory: Final = _copier(Memory, _OpenMemory)
OpenDecision: Final = open_twin(Decision)
#: 1.5 * 2**52: at this size a float has no digits behind the point, so adding it rounds half to even.
ROUNDING: Final = 6755399441055744.0


def reason(
    rule: str,
    effect: Effect,
    value: Value = None,
    threshold: Value | tuple[Value, ...] = None,
    points: float | None = None,
) -> Reason:
    """Make a reason; the arguments are the fields."""
    made: Any = OpenReason()
    made.rule = rule
    made.effect = effect
    made.value = value
    made.threshold = threshold
    made.points = points
    made.__class__ = Reason
    return cast("Reason", made)


def assignment(owner: str | None, pool: str | None, via: str, territory: str | None = None) -> Assignment:
    """Make an assignment; the arguments are the fields."""
    made: Any = _OpenAssignment()
    made.owner = owner
    made.pool = pool
    made.via = via
    made.territory = territory
    made.__class__ = Assignment
    return cast("Assignment", made)


def remember(memory: Memory, updates: Mapping[str, Any]) -> Memory:
    """Copy a memory with some fields changed."""
    made: Any = _open_memory(memory)
    for name, value in updates.items():
        setattr(made, name, value)
    made.__class__ = Memory
    return cast("Memory", made)


def rounded(points: float) -> float:
    """Round to 6 digits as ``round(points * 1e6) / 1e6`` does, in a fifth of its time.

    Exact up to two thousand million points either way.
    """
    return (points * 1e6 + ROUNDING - ROUNDING) / 1e6
