"""One lint at work: the process, the world, and the leads that it makes to show what it finds."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import replace
from datetime import timedelta
from functools import cached_property
from typing import Any, Final

from crmbridge.model import Activity, ActivityKind, Lead, Owner, OwnerKind, RecordRef
from crmbridge.process.conditions import LEAD_FIELDS, Condition, field_condition, lead_getter
from crmbridge.process.definition import Process
from crmbridge.process.lint.findings import Finding, World
from crmbridge.process.lint.meeting import Answer, Demand, Maker, bare_lead
from crmbridge.process.lint.score_bounds import Best, best_lead
from crmbridge.process.operators import FieldKind
from crmbridge.process.parts import EngagementRule, Parts

#: Activities of one rule without a limit that an example shows.
_ENOUGH: Final = 20


class Study:
    """What the rules of a lint share. Made for one lint and thrown away."""

    def __init__(self, process: Process, world: World) -> None:
        self.process = process
        self.world = world
        self.now = world.now
        stages = tuple(stage.name for stage in process.stages)
        self.maker = Maker(world.now, countries=world.every_country, stages=stages)

    @property
    def parts(self) -> Parts:
        """Give what the file says."""
        return self.process.parts

    def finding(self, rule: str, key: str, message: str, suggestion: str, **more: Any) -> Finding:
        """Make a finding; a warning shown by a bare lead now, unless more is said."""
        given: dict[str, Any] = {"severity": "warning", "example": bare_lead(self.now), "at": self.now}
        return Finding(rule=rule, key=key, message=message, suggestion=suggestion, **(given | more))

    # demands ---------------------------------------------------------------------------------------
    @cached_property
    def required(self) -> tuple[Demand, ...]:
        """Demand what every lead must have that can qualify: it is ours, and its data are complete."""
        present = tuple((_present(name), True) for name, _ in self.parts.qualification.required)
        return ((self.parts.scope.when, True), *present)

    @cached_property
    def free(self) -> tuple[Demand, ...]:
        """Demand what every lead must have that can be handed over: nothing holds it either."""
        consents = ((_flag(name), False) for name in ("opted_out", "do_not_call"))
        return (*self.required, *consents, *((hold.when, False) for hold in self.parts.routing.holds))

    def lead(self, *demands: Demand) -> Answer:
        """Find a lead that is ours, complete, and meets these demands."""
        return self.maker.lead([*self.required, *demands])

    def shown(self, *demands: Demand) -> Lead:
        """Find a lead that meets these demands, as complete as can be; a bare one if none is found."""
        found = self.lead(*demands).subject or self.maker.lead(demands).subject
        return found if isinstance(found, Lead) else bare_lead(self.now)

    # scores ----------------------------------------------------------------------------------------
    @cached_property
    def best(self) -> Best:
        """Give the best fit score that a lead which may be handed over can have."""
        found = best_lead(self.process, self.maker, self.free)
        return replace(found, lead=self.active(found.lead))

    def active(self, lead: Lead) -> Lead:
        """Let a lead do as much of everything as gives points."""
        done = [item for rule in self.parts.engagement if rule.points > 0 for item in self.doing(rule)]
        return replace(lead, activities=tuple(sorted(done, key=lambda item: (item.at, item.ref))))

    def doing(self, rule: EngagementRule) -> list[Activity]:
        """Give the activities of one lead that an engagement rule counts, as many as it does."""
        found = self.one(rule)
        if found is None:
            return []
        return [
            replace(
                found,
                at=self.now - timedelta(seconds=place),
                ref=RecordRef("hubspot", found.kind.value, f"{rule.rule}-{place}"),
            )
            for place in range(min(rule.times or _ENOUGH, _ENOUGH))
        ]

    def one(self, rule: EngagementRule) -> Activity | None:
        """Give an activity that a rule counts, and no rule that takes points away if that can be."""
        answers = self.answers(rule, [other for other in self.parts.engagement if other.points < 0])
        answers += self.answers(rule, [])
        return next((answer.subject for answer in answers if answer.subject is not None), None)

    def answers(self, rule: EngagementRule, without: Sequence[EngagementRule]) -> list[Answer]:
        """Ask for an activity of each kind that a rule counts and the others do not."""
        kinds = [kind for kind in ActivityKind if kind in rule.kinds]
        return [self.maker.activity(kind, self._demands(kind, rule, without)) for kind in kinds]

    def _demands(
        self, kind: ActivityKind, rule: EngagementRule, without: Sequence[EngagementRule]
    ) -> list[Demand]:
        own: list[Demand] = [] if rule.where is None else [(rule.where, True)]
        never = [(other.where, False) for other in without if kind in other.kinds and other.where is not None]
        return [*own, *never]

    # owners ----------------------------------------------------------------------------------------
    def owner(self, key: str) -> Owner | None:
        """Find an owner as routing does: by key, or a queue by its name."""
        return self.world.owners.get(key) or self._queues.get(key.casefold())

    @cached_property
    def _queues(self) -> dict[str, Owner]:
        owners = self.world.owners.values()
        return {owner.name.casefold(): owner for owner in owners if owner.kind is OwnerKind.QUEUE}

    def is_able(self, key: str) -> bool:
        """Tell whether an owner can be given leads; while no owners are known, everybody can."""
        found = self.owner(key)
        return not self.world.owners or (found is not None and found.active)


def _flag(name: str) -> Condition:
    return field_condition(name, "is_true", None, get=lead_getter(name), kind=FieldKind.BOOLEAN)


def _present(name: str) -> Condition:
    kind = LEAD_FIELDS.get(name, FieldKind.ANY)
    return field_condition(name, "present", None, get=lead_getter(name), kind=kind)
