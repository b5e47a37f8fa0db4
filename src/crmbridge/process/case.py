"""One lead in the course of one decision: what is known, what is found out, what will be remembered."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass, field
from datetime import datetime
from typing import Any

from crmbridge.model import Assignment, Effect, Lead, Memory, Reason
from crmbridge.process.definition import Process
from crmbridge.process.making import reason, remember
from crmbridge.process.parts import Stage


@dataclass(slots=True)
class Case:
    """Made and thrown away by one call of ``decide``; never seen outside."""

    lead: Lead
    process: Process
    #: As the ledger gave it.
    memory: Memory
    now: datetime
    #: Where the lead is, as far as the decision has got.
    stage: Stage
    #: First seen where somebody else put it.
    adopted: bool = False
    #: Where it stood before somebody moved it since the last decision; None: nobody did.
    moved_from: Stage | None = None
    #: Memory field -> new value, for what this decision changes.
    updates: dict[str, Any] = field(default_factory=dict)

    #: Rounded; ``score`` is their sum.
    fit_score: float = 0.0
    engagement_score: float = 0.0
    score: float = 0.0
    missing: tuple[str, ...] = ()
    #: Why nothing may be handed over; None: it may.
    held: Reason | None = None
    #: Why a recycled lead may not come back; None: it may, or it is not recycled.
    stays: Reason | None = None
    qualified_by: str | None = None
    near_miss: str | None = None
    assignment: Assignment | None = None
    handed_off: bool = False

    #: Reasons by the section of the file that their rules stand in.
    moves: tuple[Reason, ...] = ()
    judged: tuple[Reason, ...] = ()
    points: Sequence[Reason] = ()
    routed: tuple[Reason, ...] = ()

    def recalled(self, name: str) -> Any:
        """Give a field of the memory as it stands now."""
        return self.updates[name] if name in self.updates else getattr(self.memory, name)

    def remembered(self) -> Memory:
        """Give the memory as it stands now."""
        return remember(self.memory, self.updates) if self.updates else self.memory

    def move(self, stage: Stage, because: Reason) -> None:
        """Move the lead and say why; a way that the process does not foresee is named as such."""
        self.moves += (because,)
        if not self.stage.allows(stage.name):
            self.moves += (reason("stage.off_path", Effect.MOVE, stage.name, self.stage.next),)
        self.stage = stage
        self.updates["stage"] = stage.name
        self.updates["stage_at"] = self.now
