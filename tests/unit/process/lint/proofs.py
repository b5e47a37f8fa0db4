"""What each finding claims, checked on its example by the policy itself: decide, route, assign, score."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import replace
from datetime import timedelta
from typing import Any

from crmbridge.model import Decision, Lead, Memory, StageRole
from crmbridge.process import Process, assign, decide
from crmbridge.process.lint import Finding, World
from crmbridge.process.routing import hold, route
from tests.unit.process.acme import owner


def index_of(finding: Finding) -> int:
    """The number in the first brackets of the key."""
    return int(finding.key.split("[")[1].split("]")[0])


def decided(process: Process, finding: Finding, lead: Lead | None = None) -> Decision:
    return decide(lead or finding.example, process, finding.memory, finding.at)


def without(process: Process, **parts: Any) -> Process:
    return Process.of(replace(process.parts, **parts), fingerprint="")


def dropped(items: tuple[Any, ...], index: int) -> tuple[Any, ...]:
    return items[:index] + items[index + 1 :]


def given(process: Process, world: World, finding: Finding) -> str | None:
    """Whom the example is given to in the end; None: nobody."""
    routed, _ = route(finding.example, process, ())
    decision = Decision(
        lead_id="example", process_version="", decided_at=finding.at, stage="mql", role=StageRole.QUALIFIED,
        status=None, fit_score=0, engagement_score=0, score=0, assignment=routed,
    )  # fmt: skip
    owners = world.owners or {key: owner(key) for key in process.owners}
    (found,) = assign([decision], process, {}, owners, loads_day={}, loads_30_days={}, now=finding.at)
    return found.owner


# one proof per rule ------------------------------------------------------------------------------------
def never_holds(process: Process, _world: World, finding: Finding) -> None:
    parts, lead = process.parts, finding.example
    if finding.key == "scope.when":
        assert not process.covers(lead, finding.at)
        return
    section = finding.key.split("[")[0]
    if section == "engagement":
        where = parts.engagement[index_of(finding)].where
        assert where is not None
        assert not any(where.test(item, finding.at) for item in lead.activities)
    else:
        rules: Any = parts.fit if section == "fit" else parts.routing.holds
        assert not rules[index_of(finding)].when.test(lead, finding.at)


def hold_is_shadowed(process: Process, _world: World, finding: Finding) -> None:
    rule = process.parts.routing.holds[index_of(finding)]
    assert rule.when.test(finding.example, finding.at)
    found = hold(finding.example, process, finding.at)
    assert found is not None
    assert found.rule != rule.name


def holds_everyone(process: Process, _world: World, finding: Finding) -> None:
    assert process.covers(finding.example, finding.at)
    assert decided(process, finding).missing == ()
    assert hold(finding.example, process, finding.at) is not None


def adds_nothing(process: Process, _world: World, finding: Finding) -> None:
    section, index, parts = finding.key.split("[")[0], index_of(finding), process.parts
    rules: Any = getattr(parts, section)
    if section == "fit":
        assert rules[index].when.test(finding.example, finding.at)
        lesser = without(process, fit=dropped(parts.fit, index))
    else:
        lesser = without(process, engagement=dropped(rules, index), engagement_caps={
            name: cap for name, cap in parts.engagement_caps.items()
            if any(rule.group == name for rule in dropped(rules, index))
        })  # fmt: skip
    assert decided(process, finding).score == decided(lesser, finding).score


def unreachable(process: Process, _world: World, finding: Finding) -> None:
    """The best lead there is fails at this gate, and a process without the gate would have taken it."""
    name = finding.key.split(".")[1]
    wanted, decision = process.qualification, decided(process, finding)
    scores = {
        "threshold": decision.score,
        "fit_minimum": decision.fit_score,
        "engagement_minimum": decision.engagement_score,
    }
    assert scores[name] < getattr(wanted, name)
    assert decision.qualified_by != "score"


def without_territory(process: Process, _world: World, finding: Finding) -> None:
    assert finding.example.country is not None
    assert process.territory_index.find(finding.example) is None
    other = replace(finding.example, country=None)
    routed, reasons = route(finding.example, process, ())
    assert routed.via == "triage" or routed.owner is None
    assert "unrouted_no_territory" in {reason.rule for reason in reasons}
    assert process.territory_index.find(other) is None


def never_wins(process: Process, _world: World, finding: Finding) -> None:
    territory = process.territories[index_of(finding)]
    found = process.territory_index.find(finding.example)
    assert found is not None
    assert found is not territory
    alone = without(process, territories=(territory,))
    assert alone.territory_index.find(finding.example) is territory


def overlap(process: Process, _world: World, finding: Finding) -> None:
    loser = process.territories[index_of(finding)]
    found = process.territory_index.find(finding.example)
    assert found is not None
    assert found is not loser
    without_winner = tuple(one for one in process.territories if one is loser)
    assert without(process, territories=without_winner).territory_index.find(finding.example) is loser


def rung_idle(process: Process, _world: World, finding: Finding) -> None:
    rung = finding.message.split("'")[1]
    assert route(finding.example, process, ())[0].via != rung
    only = replace(process.routing, ladder=(rung,), keep_owner=True)
    assert route(finding.example, without(process, routing=only), ())[0].via == rung


def sales_field(process: Process, _world: World, finding: Finding) -> None:
    """With the field as sales filled it the rule fires or the datum is there; on a new lead it is not."""
    index = index_of(finding)
    if finding.key.startswith("qualification.required"):
        assert process.qualification.required[index][0] in decided(process, finding).missing
    else:
        assert process.parts.fit[index].when.test(finding.example, finding.at)


def owner_cannot(process: Process, world: World, finding: Finding) -> None:
    names: dict[str, str | None] = {
        "routing.triage": process.routing.triage,
        "routing.tele_qualification": process.routing.tele_qualification,
        **{
            f"named_account[{i}].owner": account.owner
            for i, account in enumerate(process.parts.named_accounts)
        },
        **{f"territory[{i}].owner": one.owner for i, one in enumerate(process.territories)},
        **{
            f"pool[{i}].member[{j}].owner": member.owner
            for i, pool in enumerate(process.pools)
            for j, member in enumerate(pool.members)
        },
    }
    key = names[finding.key]
    assert key is not None
    assert given(process, world, finding) != key


def nobody_in_the_pool(process: Process, world: World, finding: Finding) -> None:
    pool = process.pools[index_of(finding)]
    assert given(process, world, finding) not in {
        member.owner for member in pool.members if member.owner != process.routing.triage
    }


def says_nothing(attribute: str) -> Callable[[Process, World, Finding], None]:
    def prove(process: Process, _world: World, finding: Finding) -> None:
        stage = process.stage(decided(process, finding).stage)
        assert stage is process.stages[index_of(finding)]
        assert getattr(stage, attribute) == ""

    return prove


def off_path(process: Process, _world: World, finding: Finding) -> None:
    assert "stage.off_path" in {reason.rule for reason in decided(process, finding).reasons}


def loops(process: Process, _world: World, finding: Finding) -> None:
    """Sales gives it back; a minute later it is an MQL again, although nobody did anything."""
    first = decided(process, finding)
    assert first.role is StageRole.RECYCLED
    shown = replace(finding.example, stage=first.stage)
    again = decide(shown, process, first.memory, finding.at + timedelta(minutes=1))
    assert again.role is StageRole.QUALIFIED
    assert again.qualified_by is not None


PROOFS: dict[str, Callable[[Process, World, Finding], None]] = {
    "condition_never_holds": never_holds,
    "hold_is_shadowed": hold_is_shadowed,
    "hold_holds_everyone": holds_everyone,
    "rule_adds_nothing": adds_nothing,
    "threshold_unreachable": unreachable,
    "country_without_territory": without_territory,
    "territory_never_wins": never_wins,
    "territory_overlap": overlap,
    "rung_never_decides": rung_idle,
    "sales_field": sales_field,
    "owner_left": owner_cannot,
    "owner_unknown": owner_cannot,
    "pool_without_capacity": nobody_in_the_pool,
    "pool_away": nobody_in_the_pool,
    "stage_without_exit": says_nothing("exit"),
    "stage_without_owner": says_nothing("owner_team"),
    "stage_without_definition": says_nothing("definition"),
    "stage_is_a_dead_end": off_path,
    "stage_never_entered": off_path,
    "recycle_loop": loops,
}


def prove(process: Process, world: World, finding: Finding) -> None:
    """Show the finding on its example, by running the process."""
    assert isinstance(finding.memory, Memory)
    PROOFS[finding.rule](process, world, finding)
