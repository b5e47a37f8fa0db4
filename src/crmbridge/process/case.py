"""One lead in the course of one decision: what is known, what is found out, what will be remembered."""

from __future__ import annotations

from dataclasses import dataclass, field
from datetime import datetime
from typing import Any

from crmbridge.model import Assignment, Effect, Lead, Memory, Notice, NoticeKind, Reason, StageRole
from crmbridge.process.definition import Process
from crmbridge.process.making import reason, remember
from crmbridge.process.parts import Stage
from crmbridge.process.sla import SlaState


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
    #: How the promises of sales stand; None: nothing is promised.
    sla: SlaState | None = None
    #: Sales said "unreachable" before the agreed touches: the verdict does not count yet.
    is_too_early: bool = False
    #: Taken from who had it, for somebody else to work it.
    is_taken: bool = False
    notices: tuple[Notice, ...] = ()

    #: Reasons by the section of the file that their rules stand in.
    moves: tuple[Reason, ...] = ()
    judged: tuple[Reason, ...] = ()
    points: tuple[Reason, ...] = ()
    routed: tuple[Reason, ...] = ()
    promised: tuple[Reason, ...] = ()

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

    def take_back(self, because: Reason) -> None:
        """Take the lead from who has it: an MQL that somebody else is to get; the clocks begin anew."""
        qualified = self.process.stages_by_role[StageRole.QUALIFIED]
        if self.stage.role is not StageRole.QUALIFIED:
            self.move(qualified, because)
        else:
            self.moves += (because,)
        holders = {self.lead.owner, self.recalled("assigned_owner")} - {None}
        self.updates["refused_by"] = tuple(sorted({*self.recalled("refused_by"), *holders}))
        self.updates |= {"taken_from": self.lead.owner, "assigned_owner": None, "assigned_at": None}
        self.updates["accepted_at"] = None
        self.start_clocks()
        self.is_taken = True

    def start_clocks(self) -> None:
        """Forget what was done about the promises of the last owner; what the buyer waits for goes on."""
        kept = tuple(step for step in self.recalled("fired") if step.startswith("response."))
        if kept != self.recalled("fired"):
            self.updates["fired"] = kept
        if self.recalled("pauses") or self.recalled("paused_at") is not None:
            self.updates |= {"pauses": (), "paused_at": None}

    def tell(self, kind: NoticeKind, key: str, rule: str, **more: Any) -> None:
        """Note what people are to be told; ``key`` tells this event from others of the lead."""
        memory, sla = self.remembered(), self.process.parts.sla
        owner = more.pop("owner", None) or self.recalled("assigned_owner") or self.lead.owner
        notice = Notice(
            key=f"{self.lead.id}|{kind.value}|{key}",
            kind=kind,
            lead_id=self.lead.id,
            at=self.now,
            owner=owner,
            manager=sla.manager_of(owner) if sla is not None else None,
            rule=rule,
            score=self.score,
            why=memory.why,
            **more,
        )
        self.notices += (notice,)
