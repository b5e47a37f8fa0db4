"""Stages that nobody can leave or explain, recycle reasons in circles, rules that know too much."""

from __future__ import annotations

import re
from collections.abc import Iterator
from dataclasses import replace
from datetime import timedelta
from typing import Any, Final

from crmbridge.model import Lead, LeadStatus, Memory, StageRole
from crmbridge.process.conditions import Condition, leaves
from crmbridge.process.decide import decide
from crmbridge.process.lint.findings import Finding
from crmbridge.process.lint.places import study_lead
from crmbridge.process.lint.study import Study
from crmbridge.process.parts import Recycling, Stage

#: A lead may stay here for good.
_ENDS: Final = frozenset({StageRole.CUSTOMER, StageRole.DISQUALIFIED})
#: More rounds than this are no limit.
_MANY_CYCLES: Final = 10


# stages ----------------------------------------------------------------------------------------------
def stages(study: Study) -> Iterator[Finding]:
    """Find stages that say too little, and stages that lead nowhere or are led to from nowhere."""
    entered = {name for stage in study.process.stages for name in stage.next or ()}
    any_move = any(stage.next is None for stage in study.process.stages)
    for index, stage in enumerate(study.process.stages):
        for told in _gaps(stage):
            yield _about(study, index, told)
        if stage.next == () and stage.role not in _ENDS:
            message = f"{stage.name!r} has no next stage: every way out of it breaks the process"
            yield _about(study, index, ("stage_is_a_dead_end", "next", message))
        if not any_move and stage.name not in entered and stage.role is not StageRole.LEAD:
            message = f"no stage names {stage.name!r} as one that may follow"
            yield _about(study, index, ("stage_never_entered", "name", message))


def _gaps(stage: Stage) -> Iterator[tuple[str, str, str]]:
    if not stage.exit and stage.role not in _ENDS:
        yield "stage_without_exit", "exit", f"{stage.name!r} does not say what must have happened to move on"
    if not stage.owner_team:
        yield "stage_without_owner", "owner_team", f"no team is responsible for {stage.name!r}"
    if not stage.definition:
        yield "stage_without_definition", "definition", f"{stage.name!r} does not say what it means"


_ADVICE: Final = {
    "stage_without_exit": "agree on it, and write it down",
    "stage_without_owner": "name the team that is asked when a lead stands still there",
    "stage_without_definition": "write one sentence that both teams agree on",
    "stage_is_a_dead_end": "name the stages that may follow",
    "stage_never_entered": "name it in the next of the stage before, or take it away",
}


def _about(study: Study, index: int, told: tuple[str, str, str]) -> Finding:
    """Show it by a lead in the stage, which sales gives back; or by one that somebody moves there."""
    (rule, key, message), stage = told, study.process.stages[index]
    memory = Memory(stage=stage.name, stage_at=study.now)
    example = study_lead(study, stage=stage.name)
    if rule == "stage_is_a_dead_end":
        example = replace(example, status=LeadStatus.RECYCLED, status_at=study.now)
    if rule == "stage_never_entered":
        memory = Memory(stage=study.process.first_stage.name, stage_at=study.now)
    return study.finding(
        rule, f"stage[{index}].{key}", message, _ADVICE[rule], example=example, memory=memory
    )


# recycling -------------------------------------------------------------------------------------------
def recycling(study: Study) -> Iterator[Finding]:
    """Find reasons whose leads are back with sales in the next run, although nothing happened."""
    for index, entry in enumerate(study.parts.recyclings):
        if _comes_back(study, entry):
            yield _loop(study, index, entry)


def _comes_back(study: Study, entry: Recycling) -> bool:
    """Ask the process itself: the best lead, recycled now, a minute later."""
    example, memory = _given_back(study, entry)
    first = decide(example, study.process, memory, study.now)
    shown = replace(example, stage=first.stage)
    again = decide(shown, study.process, first.memory, study.now + timedelta(minutes=1))
    return first.role is StageRole.RECYCLED and again.role is StageRole.QUALIFIED


def _given_back(study: Study, entry: Recycling) -> tuple[Lead, Memory]:
    accepted = study.process.stages_by_role[StageRole.ACCEPTED].name
    code = None if entry.reason == "default" else entry.reason
    said: dict[str, Any] = {"status": LeadStatus.RECYCLED, "status_reason": code, "status_at": study.now}
    return replace(study.best.lead, stage=accepted, **said), Memory(stage=accepted, stage_at=study.now)


def _loop(study: Study, index: int, entry: Recycling) -> Finding:
    endless = entry.max_cycles > _MANY_CYCLES
    rounds = "without end" if endless else f"up to {entry.max_cycles} times"
    message = f"{entry.reason!r}: sales gives a lead back, and has it again in the next run, {rounds}"
    advice = 'set reentry = "new_evidence", or a cool-down, and a small max_cycles'
    example, memory = _given_back(study, entry)
    return study.finding(
        "recycle_loop", f"recycle[{index}]", message, advice,
        severity="error" if endless else "warning", example=example, memory=memory,
    )  # fmt: skip


# leakage ---------------------------------------------------------------------------------------------
#: Fields of the model that say what sales did with the lead.
_OF_SALES: Final = frozenset({"status", "status_at", "status_reason", "stage"})
#: Names of companies' own fields that sales usually fills in; spelled without anything but letters.
_USUAL: Final = frozenset(
    {
        "tags",
        "leadquality",
        "leadprofile",
        "leadgrade",
        "lastnotableactivity",
        "disposition",
        "calloutcome",
        "salesnotes",
        "nextstep",
        "lostreason",
        "closedlostreason",
        "rejectionreason",
        "forecastcategory",
        "converted",
        "isconverted",
    }
)


def leaks(study: Study) -> Iterator[Finding]:
    """Find score rules that rest on what sales fills in after the hand-off.

    Such a rule knows the end of the story: it looks excellent in hindsight and says nothing about a new
    lead, whose field is still empty.
    """
    declared = frozenset(study.parts.qualification.sales_fields)
    for index, rule in enumerate(study.parts.fit):
        for field in dict.fromkeys(leaf.field for leaf in leaves(rule.when)):
            severity = _blame(field.removeprefix("unknown."), declared)
            if severity is not None:
                yield _leak(study, f"fit[{index}].when", rule.when, field, severity)
    for index, (name, _) in enumerate(study.parts.qualification.required):
        severity = _blame(name, declared)
        if severity is not None:
            message = f"{name!r} is filled in by sales after the hand-off: no new lead has it"
            advice = "ask for what marketing can know"
            yield study.finding(
                "sales_field", f"qualification.required[{index}]", message, advice,
                severity=severity, example=study_lead(study),
            )  # fmt: skip


def _blame(field: str, declared: frozenset[str]) -> str | None:
    if field in declared or field in _OF_SALES:
        return "error"
    return "warning" if re.sub(r"[^a-z]", "", field.casefold()) in _USUAL else None


def _leak(study: Study, key: str, when: Condition, field: str, severity: str) -> Finding:
    word = "is" if severity == "error" else "looks like something that is"
    message = f"{field!r} {word} filled in by sales after the hand-off: the rule knows the end of the story"
    advice = "take the rule away, or name another field that marketing can know"
    example = study.shown((when, True))
    return study.finding("sales_field", key, message, advice, severity=severity, example=example)
