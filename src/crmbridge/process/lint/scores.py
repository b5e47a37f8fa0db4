"""Scores: conditions that never hold, rules that add nothing, thresholds out of reach, idle holds."""

from __future__ import annotations

from collections.abc import Iterator, Mapping, Sequence
from dataclasses import replace

from crmbridge.model import Activity, Lead
from crmbridge.process.conditions import Condition
from crmbridge.process.lint.findings import Finding
from crmbridge.process.lint.meeting import bare_lead
from crmbridge.process.lint.score_bounds import most_engagement
from crmbridge.process.lint.study import Study
from crmbridge.process.parts import EngagementRule, FitRule


def conditions(study: Study) -> Iterator[Finding]:
    """Find conditions that no lead and no activity can meet."""
    for key, condition in _on_leads(study):
        if study.maker.lead([(condition, True)]).is_never:
            yield _never(study, key, condition, _nearest(study, condition))
    for index, rule in enumerate(study.parts.engagement):
        if rule.where is not None and not _is_possible(study, rule):
            example = replace(bare_lead(study.now), activities=_tries(study, rule))
            yield _never(study, f"engagement[{index}].where", rule.where, example)


def _on_leads(study: Study) -> Iterator[tuple[str, Condition]]:
    yield "scope.when", study.parts.scope.when
    yield from ((f"fit[{index}].when", rule.when) for index, rule in enumerate(study.parts.fit))
    yield from (
        (f"routing.hold[{index}].when", hold.when) for index, hold in enumerate(study.parts.routing.holds)
    )


def _never(study: Study, key: str, condition: Condition, example: Lead) -> Finding:
    message = f"can never hold: {condition.text}"
    advice = "compare with values that the field can have: country is an ISO code, text a whole value"
    return study.finding("condition_never_holds", key, message, advice, severity="error", example=example)


def _nearest(study: Study, condition: Condition) -> Lead:
    """Give a lead that meets as many of the joined conditions as one can."""
    for left_out in condition.parts:
        rest = [(part, True) for part in condition.parts if part is not left_out]
        found = study.maker.lead(rest).subject if condition.op == "all" else None
        if isinstance(found, Lead):
            return found
    return bare_lead(study.now)


def _is_possible(study: Study, rule: EngagementRule) -> bool:
    return not all(answer.is_never for answer in study.answers(rule, []))


def _tries(study: Study, rule: EngagementRule) -> tuple[Activity, ...]:
    return tuple(study.doing(replace(rule, where=None, times=1)))


# rules that add nothing ------------------------------------------------------------------------------
def idle_rules(study: Study) -> Iterator[Finding]:
    """Find score rules that change no lead's score."""
    for index, rule in enumerate(study.parts.fit):
        because = _idle(study, rule)
        if because:
            example = study.shown((rule.when, True))
            advice = "raise the cap, or take the rule away"
            yield study.finding("rule_adds_nothing", f"fit[{index}]", because, advice, example=example)
    for index, other in enumerate(study.parts.engagement):
        because = _no_points(other, study.parts.engagement, study.parts.engagement_caps)
        if because:
            example = replace(bare_lead(study.now), activities=tuple(study.doing(other)))
            advice = "give it points, or take the rule away"
            yield study.finding("rule_adds_nothing", f"engagement[{index}]", because, advice, example=example)


def _no_points(
    rule: FitRule | EngagementRule, rules: Sequence[FitRule | EngagementRule], caps: Mapping[str, float]
) -> str:
    if rule.points == 0:
        return f"{rule.name!r} gives no points"
    if rule.points > 0 and caps.get(rule.group or "") == 0 and not _has_penalty(rule, rules):
        return f"{rule.name!r} gives nothing: the cap of its group is 0"
    return ""


def _has_penalty(rule: FitRule | EngagementRule, rules: Sequence[FitRule | EngagementRule]) -> bool:
    """Tell whether a rule of the same group takes points away: then a full cap has room again."""
    return any(other.group == rule.group and other.points < 0 for other in rules)


def _idle(study: Study, rule: FitRule) -> str:
    if study.maker.lead([(rule.when, True)]).subject is None:
        return ""  # it never holds, which is another finding
    plain = _no_points(rule, study.parts.fit, study.parts.fit_caps)
    if plain or rule.points < 0 or rule.group not in study.parts.fit_caps:
        return plain
    if _has_penalty(rule, study.parts.fit):
        return ""
    mates = [other for other in study.parts.fit if other.group == rule.group]
    before = mates[: mates.index(rule)]
    always = [
        other for other in before if study.maker.lead([(rule.when, True), (other.when, False)]).is_never
    ]
    if sum(other.points for other in always) < study.parts.fit_caps[rule.group or ""]:
        return ""
    names = ", ".join(repr(other.name) for other in always)
    return f"{rule.name!r} adds nothing: whoever meets it meets {names}, which fill the cap of {rule.group!r}"


# thresholds ------------------------------------------------------------------------------------------
def thresholds(study: Study) -> Iterator[Finding]:
    """Find score gates that no lead can pass, counted exactly."""
    wanted, parts = study.parts.qualification, study.parts
    fit = study.best.bound
    engagement = most_engagement(
        parts.engagement, parts.engagement_caps, lambda rule: _is_possible(study, rule)
    )
    gates = (
        ("threshold", wanted.threshold, fit + engagement),
        ("fit_minimum", wanted.fit_minimum, fit),
        ("engagement_minimum", wanted.engagement_minimum, engagement),
    )
    others = wanted.manual or wanted.forms or wanted.email_engagement is not None
    for name, limit, most in gates:
        # Without any lead to hand over there is nothing to count; the holds say so.
        if limit is not None and fit > float("-inf") and round(most, 6) < limit:
            message = f"no lead can reach {limit:g}: what can hold together gives at most {most:g}"
            advice = "lower it, or give more points" + (
                " (leads still qualify by other ways)" if others else ""
            )
            yield study.finding(
                "threshold_unreachable", f"qualification.{name}", message, advice,
                severity="warning" if others else "error", example=study.best.lead,
            )  # fmt: skip


# holds -----------------------------------------------------------------------------------------------
def holds(study: Study) -> Iterator[Finding]:
    """Find holds that an earlier one makes idle, and holds that leave nobody."""
    rules = study.parts.routing.holds
    for index, hold in enumerate(rules):
        earlier = [(other.when, False) for other in rules[:index]]
        if not earlier or not study.maker.lead([(hold.when, True), *earlier]).is_never:
            continue
        if study.maker.lead([(hold.when, True)]).subject is None:
            continue  # it never holds at all, which is another finding
        message = f"{hold.name!r} is never named: whoever it holds is held by an earlier one"
        example = study.shown((hold.when, True))
        yield study.finding(
            "hold_is_shadowed", f"routing.hold[{index}]", message, "put it first, or take it away",
            severity="info", example=example,
        )  # fmt: skip
    yield from _everyone(study, [hold.when for hold in rules])


def _everyone(study: Study, whens: Sequence[Condition]) -> Iterator[Finding]:
    possible = study.lead().subject
    if whens and isinstance(possible, Lead) and study.lead(*((when, False) for when in whens)).is_never:
        message = "every lead that has the required data is held: nothing is ever handed over"
        yield study.finding(
            "hold_holds_everyone", "routing.hold", message, "narrow the holds",
            severity="error", example=possible,
        )  # fmt: skip
