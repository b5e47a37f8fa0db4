"""Checks the parts of a process against each other: references, ways out, reachability, overlaps."""

from __future__ import annotations

import re
from collections import Counter
from collections.abc import Callable, Iterable, Mapping, Sequence
from typing import Final

from crmbridge.model import StageRole
from crmbridge.process.checking_promises import check_alerts, check_calendars, check_programmes, check_sla
from crmbridge.process.conditions import LEAD_FIELDS, NOT_COMPARABLE
from crmbridge.process.parts import EngagementRule, FitRule, Parts, Stage
from crmbridge.process.reading import Reader, nearest
from crmbridge.process.territories import clashes

_REQUIRED_ROLES: Final = (
    StageRole.LEAD,
    StageRole.QUALIFIED,
    StageRole.ACCEPTED,
    StageRole.RECYCLED,
    StageRole.DISQUALIFIED,
)
#: Where a lead's way may end.
_END_ROLES: Final = frozenset({StageRole.CUSTOMER, StageRole.DISQUALIFIED})


def check(reader: Reader, parts: Parts) -> None:
    """Note every contradiction between the parts of the file.

    A check is left out where a section that it reads has problems of its own: it would complain about
    defaults that nobody wrote.
    """
    wrong = {re.split(r"[.\[]", problem.key)[0] for problem in reader.errors}
    for sections, run in _CHECKS:
        if wrong.isdisjoint(sections):
            run(reader, parts)


# names -----------------------------------------------------------------------------------------------
def _check_rule_names(reader: Reader, parts: Parts) -> None:
    _check_unique(reader, "fit", "name", [rule.rule for rule in parts.fit])
    _check_unique(reader, "engagement", "name", [rule.rule for rule in parts.engagement])
    _check_unique(reader, "routing.hold", "reason", [hold.name for hold in parts.routing.holds])


def _check_entry_names(reader: Reader, parts: Parts) -> None:
    _check_unique(reader, "named_account", "domain", [account.rule for account in parts.named_accounts])
    _check_unique(reader, "territory", "name", [territory.name for territory in parts.territories])
    _check_unique(reader, "pool", "name", [pool.name for pool in parts.pools])
    _check_unique(reader, "recycle", "reason", [entry.reason for entry in parts.recyclings])
    _check_unique(reader, "reject", "reason", [entry.reason for entry in parts.rejections])
    _check_unique(reader, "calendar", "name", [calendar.name for calendar in parts.calendars])
    _check_unique(reader, "alert", "name", [alert.name for alert in parts.alerts])
    _check_unique(reader, "programme", "name", [programme.name for programme in parts.programmes])
    targets = parts.sla.targets if parts.sla is not None else ()
    _check_unique(reader, "sla.target", "name", [target.rule for target in targets])
    for index, pool in enumerate(parts.pools):
        _check_unique(reader, f"pool[{index}].member", "owner", [member.owner for member in pool.members])


def _check_unique(reader: Reader, path: str, key: str, names: Sequence[str]) -> None:
    first: dict[str, int] = {}
    for index, name in enumerate(names):
        if name in first:
            reader.problem(f"{path}[{index}].{key}", f"is the same as {path}[{first[name]}]", "rename one")
        first.setdefault(name, index)


# stages ----------------------------------------------------------------------------------------------
def _check_stages(reader: Reader, parts: Parts) -> None:
    stages = parts.stages
    _check_unique(reader, "stage", "name", [stage.name for stage in stages])
    _check_roles(reader, stages)
    names = [stage.name for stage in stages]
    for index, stage in enumerate(stages):
        for name in stage.next or ():
            if name not in names:
                reader.problem(f"stage[{index}].next", f"{name!r} is no stage", nearest(name, names))
    _check_ways_out(reader, stages)
    _check_hand_off(reader, stages)


def _check_roles(reader: Reader, stages: Sequence[Stage]) -> None:
    counts = Counter(stage.role for stage in stages if stage.main)
    for role in _REQUIRED_ROLES:
        if not counts[role]:
            reader.problem("stage", f"no stage has the role {role.value!r}", f'add role = "{role.value}"')
    for role, count in counts.items():
        if count > 1:
            reader.problem("stage", f"{count} stages have the role {role.value!r}", "a role has one stage")


def _check_ways_out(reader: Reader, stages: Sequence[Stage]) -> None:
    """Refuse stages from which every way leads round in circles."""
    following = {stage.name: _following(stage, stages) for stage in stages}
    ended = {stage.name for stage in stages if stage.role in _END_ROLES or not following[stage.name]}
    while grown := {name for name, after in following.items() if name not in ended and ended & after}:
        ended |= grown
    stuck = [stage.name for stage in stages if stage.name not in ended]
    for index, stage in enumerate(stages):
        if stage.name in stuck:
            circle = ", ".join(stuck)
            advice = "let one of them lead to a customer or disqualified stage"
            reader.problem(
                f"stage[{index}].next", f"has no way out: {circle} only lead to each other", advice
            )


def _following(stage: Stage, stages: Sequence[Stage]) -> set[str]:
    names = {other.name for other in stages if other.name != stage.name}
    return names if stage.next is None else names & set(stage.next)


def _check_hand_off(reader: Reader, stages: Sequence[Stage]) -> None:
    """Refuse a process in which no lead can be handed over."""
    qualified = next((stage for stage in stages if stage.main and stage.role is StageRole.QUALIFIED), None)
    for index, stage in enumerate(stages):
        if qualified is None or not stage.main or stage.allows(qualified.name):
            continue
        if stage.role is StageRole.LEAD:
            reader.problem(f"stage[{index}].next", f"leaves out {qualified.name!r}: no lead can qualify")
        if stage.role is StageRole.RECYCLED:
            message = f"leaves out {qualified.name!r}: a recycled lead never comes back by itself"
            reader.warning(f"stage[{index}].next", message)


# scores ----------------------------------------------------------------------------------------------
def _check_caps(reader: Reader, parts: Parts) -> None:
    _check_groups(reader, "fit", parts.fit, parts.fit_caps)
    _check_groups(reader, "engagement", parts.engagement, parts.engagement_caps)


def _check_groups(
    reader: Reader, section: str, rules: Sequence[FitRule | EngagementRule], caps: Mapping[str, float]
) -> None:
    groups = {rule.group for rule in rules if rule.group is not None}
    for name, cap in caps.items():
        if name not in groups:
            reader.problem(f"{section}_caps.{name}", "no rule has this group", nearest(name, sorted(groups)))
        if cap < 0:
            reader.problem(f"{section}_caps.{name}", "must be 0 or more")


def _check_qualification(reader: Reader, parts: Parts) -> None:
    names = [name for name, _ in parts.qualification.required]
    _check_unique(reader, "qualification.required", "field", names)
    for index, name in enumerate(names):
        if name in NOT_COMPARABLE or name.startswith("unknown."):
            advice = nearest(name, LEAD_FIELDS)
            reader.problem(f"qualification.required[{index}]", f"{name!r} is no datum of a lead", advice)
    if parts.qualification.hysteresis > parts.qualification.threshold > 0:
        message = "is more than the threshold: an MQL would never be dropped"
        reader.warning("qualification.hysteresis", message)


def _check_reachable(reader: Reader, parts: Parts) -> None:
    """Refuse a score gate that no lead can pass, unless leads qualify without a score."""
    wanted = parts.qualification
    if wanted.manual or wanted.forms or wanted.email_engagement is not None:
        return
    fit = _most([(rule.group, rule.points) for rule in parts.fit], parts.fit_caps)
    engagement = _most([(rule.group, _most_points(rule)) for rule in parts.engagement], parts.engagement_caps)
    gates = (
        ("threshold", wanted.threshold, fit + engagement),
        ("fit_minimum", wanted.fit_minimum, fit),
        ("engagement_minimum", wanted.engagement_minimum, engagement),
    )
    for key, limit, most in gates:
        if limit is not None and round(most, 6) < limit:
            message = f"no lead can reach {limit:g}: all rules with their caps give at most {most:g}"
            reader.problem(f"qualification.{key}", message, "lower it, or give more points")


def _most_points(rule: EngagementRule) -> float:
    if rule.points <= 0:
        return 0.0
    return rule.points * rule.times if rule.times is not None else float("inf")


def _most(points: Iterable[tuple[str | None, float]], caps: Mapping[str, float]) -> float:
    """Total what rules can give at most; ones that exclude each other are counted all the same."""
    groups: dict[str | None, float] = {}
    for group, most in points:
        groups[group] = groups.get(group, 0.0) + max(most, 0.0)
    return sum(min(total, caps.get(group or "", float("inf"))) for group, total in groups.items())


# routing ---------------------------------------------------------------------------------------------
def _check_routing(reader: Reader, parts: Parts) -> None:
    routing = parts.routing
    if routing.mode == "triage" and routing.triage is None:
        reader.problem("routing.triage", 'is missing: mode = "triage" sends every MQL there')
    if routing.mode == "tele_qualification" and routing.tele_qualification is None:
        reader.problem(
            "routing.tele_qualification", 'is missing: mode = "tele_qualification" sends every MQL there'
        )
    _check_unique(reader, "routing.ladder", "rung", routing.ladder)
    if routing.mode == "direct" and routing.triage is None:
        message = "is missing: what nobody claims stays without an owner"
        reader.warning("routing.triage", message, "name a person or queue")


def _check_pools(reader: Reader, parts: Parts) -> None:
    names = [pool.name for pool in parts.pools]
    fallbacks = {pool.name: pool.fallback for pool in parts.pools}
    used = {territory.pool for territory in parts.territories} | set(fallbacks.values())
    for index, pool in enumerate(parts.pools):
        if pool.fallback is not None and pool.fallback not in names:
            advice = nearest(pool.fallback, names)
            reader.problem(f"pool[{index}].fallback", f"{pool.fallback!r} is no pool", advice)
        if _comes_back(pool.name, fallbacks):
            reader.problem(f"pool[{index}].fallback", "leads back to this pool", "end the chain at one pool")
        if pool.name not in used:
            reader.warning(f"pool[{index}]", f"no territory uses the pool {pool.name!r}")


def _comes_back(start: str, fallbacks: Mapping[str, str | None]) -> bool:
    seen: set[str] = set()
    name = fallbacks.get(start)
    while name is not None and name not in seen:
        if name == start:
            return True
        seen.add(name)
        name = fallbacks.get(name)
    return False


def _check_territories(reader: Reader, parts: Parts) -> None:
    pools = [pool.name for pool in parts.pools]
    for index, territory in enumerate(parts.territories):
        if territory.pool is not None and territory.pool not in pools:
            advice = nearest(territory.pool, pools)
            reader.problem(f"territory[{index}].pool", f"{territory.pool!r} is no pool", advice)
    places = {id(territory): index for index, territory in enumerate(parts.territories)}
    for first, second in clashes(parts.territories):
        message = f"overlaps territory[{places[id(first)]}] ({first.name!r}), and nothing says which one wins"
        reader.problem(f"territory[{places[id(second)]}].precedence", message, "give one a lower precedence")


#: The sections that a check reads, and the check.
_CHECKS: Final[tuple[tuple[frozenset[str], Callable[[Reader, Parts], None]], ...]] = (
    (frozenset({"stage"}), _check_stages),
    (frozenset({"fit", "engagement", "routing"}), _check_rule_names),
    (
        frozenset(
            {
                "named_account",
                "territory",
                "pool",
                "recycle",
                "reject",
                "calendar",
                "alert",
                "sla",
                "programme",
            }
        ),
        _check_entry_names,
    ),
    (frozenset({"calendar", "territory"}), check_calendars),
    (frozenset({"sla", "stage", "territory", "recycle"}), check_sla),
    (frozenset({"programme", "stage"}), check_programmes),
    (frozenset({"alert", "sla"}), check_alerts),
    (frozenset({"fit", "engagement", "fit_caps", "engagement_caps"}), _check_caps),
    (frozenset({"qualification"}), _check_qualification),
    (frozenset({"qualification", "fit", "engagement", "fit_caps", "engagement_caps"}), _check_reachable),
    (frozenset({"routing"}), _check_routing),
    (frozenset({"pool", "territory"}), _check_pools),
    (frozenset({"pool", "territory"}), _check_territories),
)
