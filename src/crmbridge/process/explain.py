"""Why a lead is where it is, and what would change it.

A second run over the same input: the decision, the rules that did not match, and counterfactuals. Each
"would be an MQL if …" is proved by deciding a changed lead (or process, or moment), never guessed.
"""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import dataclass, replace
from datetime import datetime

from crmbridge.model import Decision, Effect, Lead, Memory, Reason, StageRole
from crmbridge.process.conditions import all_of
from crmbridge.process.decide import decide
from crmbridge.process.definition import Process
from crmbridge.process.parts import WITH_SALES, EngagementRule, FitRule, Parts
from crmbridge.process.routing import NO_COUNTRY, UNKNOWN_COUNTRY
from crmbridge.process.sla import Promise, SlaState, evaluate

_MARKETING = frozenset({StageRole.LEAD, StageRole.RECYCLED})


@dataclass(frozen=True, slots=True, kw_only=True)
class Explanation:
    """A decision with everything behind it."""

    decision: Decision
    #: The rules that fired; the decision's own reasons.
    fired: tuple[Reason, ...]
    #: Score rules that did not, in the order of the file: ``threshold`` is what the rule asks for, as a
    #: person reads it, ``value`` what was found, ``points`` what it would give (once, for an activity).
    unmatched: tuple[Reason, ...]
    #: One sentence for each thing that alone would change the outcome, and each gap that remains.
    would_change: tuple[str, ...]
    #: How the promises of sales stand once this is carried out; None: nothing is promised.
    sla: SlaState | None = None


def explain(lead: Lead, process: Process, memory: Memory, now: datetime) -> Explanation:
    """Decide, and say what the decision hangs on.

    The same input gives the same explanation. Takes as long as some dozen decisions.
    """
    decision = decide(lead, process, memory, now)
    return Explanation(
        decision=decision,
        fired=decision.reasons,
        unmatched=_unmatched(lead, process, decision),
        would_change=tuple(_Question(lead, process, memory, now, decision).answers()),
        sla=evaluate(lead, process, decision.memory, now),
    )


def _unmatched(lead: Lead, process: Process, decision: Decision) -> tuple[Reason, ...]:
    fired = {reason.rule for reason in decision.reasons}
    parts = process.parts
    fit = [_unmet(rule, lead) for rule in parts.fit if rule.rule not in fired]
    return (*fit, *(_undone(rule) for rule in parts.engagement if rule.rule not in fired))


def _unmet(rule: FitRule, lead: Lead) -> Reason:
    value = rule.shows(lead) if rule.shows is not None else None
    return Reason(rule.rule, Effect.SCORE, value, rule.when.text, rule.points)


def _undone(rule: EngagementRule) -> Reason:
    kinds = " or ".join(sorted(kind.value for kind in rule.kinds))
    needs = f"{kinds} with {rule.where.text}" if rule.where is not None else kinds
    return Reason(rule.rule, Effect.SCORE, None, needs, rule.points)


@dataclass(frozen=True, slots=True)
class _Question:
    """What would change this decision?"""

    lead: Lead
    process: Process
    memory: Memory
    now: datetime
    decision: Decision

    def answers(self) -> Iterator[str]:
        """Give the sentences, from the data over the score to time and routing."""
        if self.decision.role in _MARKETING:
            yield from self._data()
            yield from self._score()
            yield from self._by_hand()
            yield from self._hold()
            yield from self._time()
        elif self.decision.role in WITH_SALES:
            yield from self._routing()
            yield from self._promises()

    # the changed worlds ------------------------------------------------------------------------------
    def _is_mql(
        self, lead: Lead | None = None, process: Process | None = None, now: datetime | None = None
    ) -> bool:
        decision = decide(lead or self.lead, process or self.process, self.memory, now or self.now)
        return decision.role is StageRole.QUALIFIED

    def _knowing(self, *names: str) -> Lead:
        """Give the lead as if fields had a value: one that could not be normalised counts as there."""
        return replace(self.lead, unknown=tuple(sorted({*self.lead.unknown, *names})))

    def _with(self, **changes: object) -> Process:
        """Give the process with other parts."""
        parts: Parts = replace(self.process.parts, **changes)  # type: ignore[arg-type]  # names of Parts' fields
        return Process.of(parts, fingerprint=self.process.fingerprint)

    # the answers -------------------------------------------------------------------------------------
    def _data(self) -> Iterator[str]:
        missing = self.decision.missing
        if missing and self._is_mql(self._knowing(*missing)):
            yield f"would be an MQL if {_listed(missing)} were known"

    def _score(self) -> Iterator[str]:
        wanted, decision = self.process.qualification, self.decision
        gates = (
            ("the threshold", decision.score, wanted.threshold),
            ("the fit minimum", decision.fit_score, wanted.fit_minimum),
            ("the engagement minimum", decision.engagement_score, wanted.engagement_minimum),
        )
        if decision.qualified_by is not None or decision.near_miss is not None:
            return
        for name, score, limit in gates:
            if limit is not None and score < limit:
                yield f"lacks {_number(limit - score)} points to {name} of {_number(limit)}"
        for rule in self.process.parts.fit:
            if self._is_mql(process=self._with(fit=_forced(self.process.parts.fit, rule))):
                yield f"would be an MQL if {rule.name!r} ({rule.points:+g}) matched: {rule.when.text}"

    def _by_hand(self) -> Iterator[str]:
        if not self.process.qualification.manual or self.lead.custom.get("manual_mql") is True:
            return
        if self._is_mql(replace(self.lead, custom={**self.lead.custom, "manual_mql": True})):
            yield "would be an MQL if a person ticked manual_mql"

    def _hold(self) -> Iterator[str]:
        held = self.decision.held
        if held == "held_opt_out" and self._is_mql(replace(self.lead, opted_out=None)):
            yield "would be handed over if the person had not opted out"
        elif held == "held_do_not_call" and self._is_mql(replace(self.lead, do_not_call=None)):
            yield "would be handed over if the person could be called"
        elif held == "held_cycle_limit":
            yield f"stays recycled: recycled {self.decision.memory.recycle_count} times, the limit is reached"
        elif held is not None and self._is_mql(process=self._without_hold(held)):
            yield f"would be handed over but for {held}"

    def _without_hold(self, name: str) -> Process:
        routing = self.process.routing
        return self._with(
            routing=replace(routing, holds=tuple(rule for rule in routing.holds if rule.name != name))
        )

    def _time(self) -> Iterator[str]:
        memory = self.decision.memory
        if self.decision.role is not StageRole.RECYCLED or self.decision.held is not None:
            return
        until = memory.recycle_until
        if until is not None and until > self.now:
            day = until.date().isoformat()
            is_all = self._is_mql(now=until)
            yield (
                f"would be an MQL when the cool-down ends on {day}"
                if is_all
                else f"the cool-down ends on {day}"
            )
        if any(reason.rule == "recycle.no_new_evidence" for reason in self.decision.reasons):
            yield "needs something new from the person after the recycling"

    def _routing(self) -> Iterator[str]:
        assignment = self.decision.assignment
        if assignment is None:
            return
        dead_ends = [reason.rule for reason in self.decision.reasons if reason.rule.startswith("unrouted_")]
        for dead_end in dead_ends:
            if dead_end in {NO_COUNTRY, UNKNOWN_COUNTRY}:
                yield "would find its territory if country were known"
            elif assignment.owner is None:
                yield f"nobody claims it: {dead_end}"

    def _promises(self) -> Iterator[str]:
        state = evaluate(self.lead, self.process, self.decision.memory, self.now)
        if state is None:
            return
        if state.paused:
            yield "the clocks stand still while it is held"
        for promise in state.promises:
            if promise.met_at is None and not state.paused:
                yield _promise(promise, self.now)


def _promise(promise: Promise, now: datetime) -> str:
    name, day = promise.name.replace("_", " "), f"{promise.due_at:%Y-%m-%d %H:%M} UTC"
    return f"{name} {'was' if promise.is_broken(now) else 'is'} due at {day}"


def _forced(rules: tuple[FitRule, ...], matched: FitRule) -> tuple[FitRule, ...]:
    """Give the rules as if one matched every lead."""
    always = replace(matched, when=all_of(()))
    return tuple(always if rule is matched else rule for rule in rules)


def _listed(names: tuple[str, ...]) -> str:
    return names[0] if len(names) == 1 else f"{', '.join(names[:-1])} and {names[-1]}"


def _number(value: float) -> str:
    return f"{round(value, 6):g}"
