"""Every rule of the lint finds what it is for, leaves what is fine, and shows it by a true example."""

from __future__ import annotations

from copy import deepcopy
from dataclasses import replace
from datetime import date
from typing import Any

import pytest

from crmbridge.model import Owner
from crmbridge.normalise.places import country_codes
from crmbridge.process import Process
from crmbridge.process.lint import RULES, Finding, World, lint
from tests.unit.process.acme import ACME, BOB, NOW, OWNERS, TRIAGE, changed, data, owner
from tests.unit.process.lint.proofs import PROOFS, prove

WORLD = World(now=NOW, every_country=country_codes(), countries={"DE": 10, "SE": 1})


def rule(name: str, points: float, *when: tuple[Any, ...], group: str | None = None) -> dict[str, Any]:
    conditions = [
        {"field": field, "op": op, **({"value": value[0]} if value else {})} for field, op, *value in when
    ]
    return {"name": name, "points": points, "when": conditions, **({"group": group} if group else {})}


def seen(name: str, where: list[tuple[Any, ...]], **more: Any) -> dict[str, Any]:
    conditions = [{"field": field, "op": op, "value": value} for field, op, value in where]
    return {"name": name, "kind": "meeting", "points": 5, "times": 1, "where": conditions, **more}


def place(name: str, **more: Any) -> dict[str, Any]:
    return {"name": name, "owner": BOB, **more}


def held(reason: str, *when: tuple[Any, ...]) -> dict[str, Any]:
    return {"reason": reason, "when": rule("", 0, *when)["when"]}


def pooled(*members: dict[str, Any], fallback: str | None = None) -> Process:
    """Germany goes to a pool of these members."""
    pool = {"name": "p", "member": list(members), **({"fallback": fallback} if fallback else {})}
    back = [{"name": "back", "member": [{"owner": "eva@acme.example"}]}] if fallback else []
    return changed(
        pool=[pool, *back], territory=[{"name": "de", "countries": ["DE", "SE"], "pool": "p"}],
        named_account=None,
    )  # fmt: skip


def staged(index: int, **values: Any) -> Process:
    stages = deepcopy(data()["stage"])
    stages[index] |= values
    return changed(stage=stages)


def without_way_to(name: str) -> Process:
    stages = deepcopy(data()["stage"])
    for stage in stages:
        stage["next"] = [other for other in stage["next"] if other != name]
    return changed(stage=stages)


def fit(*rules: dict[str, Any], caps: dict[str, float] | None = None, **wanted: Any) -> Process:
    """Other fit rules; anybody qualifies by points alone."""
    only_points = {
        "manual": False, "forms": [], "email_engagement": None, "threshold": 10.0, "fit_minimum": None,
        "engagement_minimum": None, "hysteresis": 0.0, "required": [], **wanted,
    }  # fmt: skip
    parsed = deepcopy(data())
    parsed["qualification"] = {key: value for key, value in only_points.items() if value is not None}
    parsed["fit"], parsed["fit_caps"] = list(rules), caps or {}
    parsed["engagement"], parsed["engagement_caps"] = [], {}
    parsed["scope"] = {}
    return Process.parse(parsed)


ANYBODY = rule("Anybody", 20, ("email", "present"))
LEFT = replace(owner(BOB), hubspot_active=False, salesforce_active=False)
BOTH_AWAY = [{"from": date(2026, 11, 20), "to": date(2026, 11, 25)}]
SOON_AWAY = [{"from": date(2026, 12, 20), "to": date(2026, 12, 25)}]


def world(*owners: Owner) -> World:
    return replace(WORLD, owners={**OWNERS, **{each.key: each for each in owners}})


CASES: list[tuple[str, str, str, Process, World]] = [
    ("condition_never_holds", "a country that is no code", "fit[1].when",
     fit(ANYBODY, rule("x", 5, ("country", "eq", "Germany"))), WORLD),
    ("condition_never_holds", "two values at once", "fit[1].when",
     fit(ANYBODY, rule("x", 5, ("industry", "eq", "Software"), ("industry", "eq", "Retail"))), WORLD),
    ("condition_never_holds", "numbers that leave no gap", "fit[1].when",
     fit(ANYBODY, rule("x", 5, ("employee_count", "gt", 10), ("employee_count", "lt", 11))), WORLD),
    ("condition_never_holds", "a text for a number", "fit[1].when",
     fit(ANYBODY, rule("x", 5, ("employee_count", "eq", "100"))), WORLD),
    ("condition_never_holds", "a piece that is not to be in it", "fit[1].when",
     fit(ANYBODY, rule("x", 5, ("job_title", "contains", "head of"), ("job_title", "not_contains", "head"))),
     WORLD),
    ("condition_never_holds", "both young and old", "fit[1].when",
     fit(ANYBODY, rule("x", 5, ("created_at", "within_days", 10), ("created_at", "older_than_days", 10))),
     WORLD),
    ("condition_never_holds", "a status that does not exist", "routing.hold[0].when",
     changed(routing={"hold": [held("x", ("status", "eq", "frozen"))]}), WORLD),
    ("condition_never_holds", "nobody is ours", "scope.when",
     changed(scope={"when": [{"field": "opted_out", "op": "is_true"},
                             {"field": "opted_out", "op": "is_false"}]}), WORLD),
    ("condition_never_holds", "an activity", "engagement[5].where",
     changed(engagement=[*data()["engagement"],
                         seen("x", [("direction", "eq", "sideways")])]), WORLD),
    ("hold_is_shadowed", "a narrower hold after a wider one", "routing.hold[1]",
     changed(routing={"hold": [held("a", ("industry", "in", ["Retail", "Energy"])),
                               held("b", ("industry", "eq", "energy"))]}), WORLD),
    ("hold_holds_everyone", "what is required is held", "routing.hold",
     changed(routing={"hold": [held("a", ("email", "present"))]}), WORLD),
    ("rule_adds_nothing", "no points", "fit[1]", fit(ANYBODY, rule("x", 0, ("phone", "present"))), WORLD),
    ("rule_adds_nothing", "a cap of nothing", "fit[1]",
     fit(ANYBODY, rule("x", 5, ("phone", "present"), group="g"), caps={"g": 0}), WORLD),
    ("rule_adds_nothing", "a cap that others fill", "fit[1]",
     fit(rule("Role", 20, ("job_title", "contains_any", ["chief", "head"]), group="g"),
         rule("x", 5, ("job_title", "contains", "chief"), group="g"), caps={"g": 20}), WORLD),
    ("rule_adds_nothing", "an activity without points", "engagement[5]",
     changed(engagement=[*data()["engagement"], seen("x", [("name", "eq", "y")], points=0)]), WORLD),
    ("threshold_unreachable", "rules that exclude each other", "qualification.threshold",
     fit(rule("a", 20, ("country", "eq", "DE")), rule("b", 20, ("country", "eq", "FR")), threshold=30),
     WORLD),
    ("threshold_unreachable", "a rule that asks for what is required to be there", "qualification.threshold",
     fit(rule("a", 20, ("phone", "absent")), rule("b", 10, ("email", "present")),
         threshold=30, required=["phone"]), WORLD),
    ("threshold_unreachable", "a penalty that always comes with it", "qualification.fit_minimum",
     fit(rule("a", 20, ("job_title", "contains", "head of")),
         rule("b", -15, ("job_title", "contains", "head")), threshold=0, fit_minimum=10), WORLD),
    ("threshold_unreachable", "engagement that cannot happen", "qualification.engagement_minimum",
     changed(qualification={"manual": True, "engagement_minimum": 10.0},
             engagement=[seen("x", [("name", "eq", "a"), ("name", "eq", "b")], points=50)],
             engagement_caps={}), WORLD),
    ("country_without_territory", "a country", "territory", ACME, replace(WORLD, countries={"FR": 3})),
    ("country_without_territory", "a part of a country", "territory", ACME,
     replace(WORLD, countries={"US": 3})),
    ("country_without_territory", "any", "territory", ACME, replace(WORLD, countries={})),
    ("territory_never_wins", "precedence", "territory[0]",
     changed(territory=[place("a", countries=["DE"]), place("b", countries=["DE"], precedence=1)]), WORLD),
    ("territory_never_wins", "sizes that fill it", "territory[0]",
     changed(territory=[
         place("all", countries=["DE"], industries=["Retail"]),
         place("small", countries=["DE"], industries=["Retail"], precedence=1),
     ]), WORLD),
    ("territory_never_wins", "a part", "territory[0]",
     changed(territory=[place("a", countries=["DE", "FR"]), place("b", countries=["FR"], precedence=1)]),
     WORLD),
    ("territory_overlap", "size and industry", "territory[0].precedence",
     changed(territory=[place("size", countries=["DE"], employees={"from": 10}),
                        place("trade", countries=["DE"], industries=["Retail"], precedence=1)]), WORLD),
    ("rung_never_decides", "customers behind accounts", "routing.ladder",
     changed(routing={"ladder": ["account_owner", "customer", "territory", "named_account"]}), WORLD),
    ("rung_never_decides", "owners are not kept", "routing.ladder",
     changed(routing={"keep_owner": False}), WORLD),
    ("rung_never_decides", "named accounts without their rung", "routing.ladder",
     changed(routing={"ladder": ["territory"]}), WORLD),
    ("sales_field", "declared", "fit[1].when",
     fit(ANYBODY, rule("x", 5, ("budget_agreed", "is_true")), sales_fields=["budget_agreed"]), WORLD),
    ("sales_field", "by its name", "fit[1].when",
     fit(ANYBODY, rule("x", 5, ("Lead Quality", "eq", "High"))), WORLD),
    ("sales_field", "what sales says", "fit[1].when",
     fit(ANYBODY, rule("x", 5, ("status", "eq", "accepted"))), WORLD),
    ("sales_field", "required", "qualification.required[1]",
     changed(qualification={"required": ["email", "tags"]}), WORLD),
    ("owner_left", "of a pool", "pool[0].member[1].owner", ACME, world(LEFT)),
    ("owner_left", "the triage point", "routing.triage", ACME,
     world(replace(owner(TRIAGE), hubspot_active=False, salesforce_active=False))),
    ("owner_unknown", "of a named account", "named_account[0].owner", ACME,
     replace(WORLD, owners={key: found for key, found in OWNERS.items() if not key.startswith("kay")})),
    ("pool_without_capacity", "capacity 0", "pool[0]", pooled({"owner": BOB, "capacity_per_day": 0}), WORLD),
    ("pool_without_capacity", "all left, with a fallback", "pool[0]", pooled({"owner": BOB}, fallback="back"),
     world(LEFT)),
    ("pool_away", "today", "pool[0]", pooled({"owner": BOB, "leave": BOTH_AWAY}), WORLD),
    ("pool_away", "in a month", "pool[0]", pooled({"owner": BOB, "leave": SOON_AWAY}), WORLD),
    ("stage_without_exit", "in the middle", "stage[2].exit", ACME, WORLD),
    ("stage_without_owner", "nobody", "stage[1].owner_team", ACME, WORLD),
    ("stage_without_definition", "no words", "stage[1].definition", ACME, WORLD),
    ("stage_is_a_dead_end", "in the middle", "stage[2].next", staged(2, next=[]), WORLD),
    ("stage_never_entered", "on the way", "stage[3].name", without_way_to("sales_qualified"), WORLD),
    ("recycle_loop", "at once", "recycle[1]",
     changed(recycle=[{"reason": "timing"},
                      {"reason": "unreachable", "cool_down_days": 0, "reentry": "cool_down"}]), WORLD),
    ("recycle_loop", "without end", "recycle[0]",
     changed(recycle=[{"reason": "default", "cool_down_days": 0, "reentry": "cool_down", "max_cycles": 999}]),
     WORLD),
]  # fmt: skip


def silent(attribute: str, index: int) -> Process:
    """Acme with a stage that leaves something out."""
    stages = deepcopy(data()["stage"])
    stages[index].pop(attribute)
    return changed(stage=stages)


SILENT = {
    "stage_without_exit": silent("exit", 2),
    "stage_without_owner": silent("owner_team", 1),
    "stage_without_definition": silent("definition", 1),
}


@pytest.mark.parametrize(
    ("name", "key", "process", "told"),
    [
        pytest.param(name, key, SILENT.get(name, process), told, id=f"{name}-{what}")
        for name, what, key, process, told in CASES
    ],
)
def test_what_is_wrong_is_found_and_its_example_shows_it(
    name: str, key: str, process: Process, told: World
) -> None:
    """S12, S48: what nobody may lose is found before a lead is lost by it."""
    found = lint(process, told)
    mine = [finding for finding in found if (finding.rule, finding.key) == (name, key)]
    assert mine, [(finding.rule, finding.key, finding.message) for finding in found]
    for finding in found:
        prove(process, told, finding)


def test_every_rule_has_a_case_and_a_proof() -> None:
    assert {case[0] for case in CASES} == RULES.keys() == PROOFS.keys()


def test_a_good_process_has_nothing_but_what_it_means_so() -> None:
    told = replace(WORLD, owners=OWNERS, countries={"DE": 10, "AT": 3, "NO": 1})
    assert [(each.severity, each.rule) for each in lint(ACME, told)] == [("info", "territory_overlap")]


def test_errors_come_first_and_each_says_what_to_do() -> None:
    process = fit(ANYBODY, rule("x", 5, ("country", "eq", "Germany")), rule("y", 0, ("phone", "present")))
    found = lint(process, WORLD)
    order = ["error", "warning", "info"]
    assert [each.severity for each in found] == sorted((each.severity for each in found), key=order.index)
    assert all(each.suggestion and each.message and each.file == "process.toml" for each in found)


def test_owners_are_told_by_their_place_alone() -> None:
    found: tuple[Finding, ...] = lint(ACME, world(LEFT))
    assert all("@" not in each.message for each in found)
    assert {each.key for each in found if each.rule == "owner_left"} == {"pool[0].member[1].owner"}
