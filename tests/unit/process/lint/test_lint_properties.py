"""Whatever a file says: every finding is shown by its example, and what "never" happens never does."""

from __future__ import annotations

from datetime import date
from typing import Any

from hypothesis import given, settings
from hypothesis import strategies as st

from crmbridge.errors import ConfigError
from crmbridge.model import Lead
from crmbridge.normalise.places import country_codes
from crmbridge.process import Process
from crmbridge.process.lint import World, lint
from crmbridge.process.lint.meeting import Maker
from crmbridge.process.lint.study import Study
from tests.unit.process import strategies
from tests.unit.process.acme import ANN, BOB, NOW, data, owner
from tests.unit.process.lint.proofs import index_of, prove

COUNTRIES = frozenset({"DE", "FR", "US"})
STAGES = tuple(stage["name"] for stage in data()["stage"])
_words = st.sampled_from(["chief", "head of", "head", "vp", "DE", "US-CA", "Software", "software", "a"])
_numbers = st.sampled_from([0, 1, 10, 10.5, 11, 100])


def _leaf(fields: list[str], ops: dict[str, st.SearchStrategy[Any]]) -> st.SearchStrategy[dict[str, Any]]:
    def build(field: str, op: str, value: Any) -> dict[str, Any]:
        return {"field": field, "op": op, **({} if value is None else {"value": value})}

    each = [st.builds(build, st.sampled_from(fields), st.just(op), value) for op, value in ops.items()]
    return st.one_of(each)


_none = st.none()
_lists = st.lists(_words, min_size=1, max_size=3)
_ranges = st.tuples(_numbers, _numbers).map(sorted).map(list)
_leaves = st.one_of(
    _leaf(
        ["job_title", "industry", "country", "own"],
        {
            "eq": _words, "ne": _words, "in": _lists, "not_in": _lists, "contains": _words,
            "not_contains": _words, "contains_any": _lists, "starts_with": _words, "ends_with": _words,
            "not_starts_with": _words, "present": _none, "absent": _none, "matches": _words,
        },
    ),
    _leaf(
        ["employee_count", "own", "account.employee_count"],
        {"lt": _numbers, "ge": _numbers, "gt": _numbers, "between": _ranges, "absent": _none},
    ),
    _leaf(["opted_out", "account.customer", "unknown.country"], {"is_true": _none, "is_false": _none}),
    _leaf(
        ["created_at"],
        {"within_days": _numbers, "older_than_days": _numbers, "after": st.just(date(2026, 11, 20))},
    ),
)  # fmt: skip
_conditions: st.SearchStrategy[list[dict[str, Any]]] = st.recursive(
    st.lists(_leaves, min_size=1, max_size=3),
    lambda below: st.one_of(
        below.map(lambda parts: [{"any": parts}]), st.tuples(below, below).map(lambda two: [*two[0], *two[1]])
    ),
    max_leaves=4,
)
_groups = st.sampled_from([None, "g"])


def _named(items: list[dict[str, Any]], key: str = "name") -> list[dict[str, Any]]:
    return [
        {name: value for name, value in {key: f"r{i}", **item}.items() if value is not None}
        for i, item in enumerate(items)
    ]


_fit = st.lists(
    st.fixed_dictionaries(
        {"points": st.sampled_from([-20, 0, 5, 10, 20]), "when": _conditions, "group": _groups}
    ),
    min_size=1, max_size=5,
).map(_named)  # fmt: skip
_places = st.lists(
    st.fixed_dictionaries(
        {
            "countries": st.lists(st.sampled_from(sorted(COUNTRIES)), max_size=2, unique=True),
            "regions": st.lists(st.sampled_from(["US-CA", "US-NY"]), max_size=1),
            "industries": st.lists(st.sampled_from(["Software", "Retail"]), max_size=1),
            "employees": st.sampled_from([None, {"from": 10}, {"to": 100}, {"from": 100, "to": 200}]),
            "precedence": st.integers(1, 5),
            "pool": st.just("p"),
        }
    ),
    max_size=4,
).map(_named)
_member = st.fixed_dictionaries(
    {
        "capacity_per_day": st.sampled_from([None, 0, 3]),
        "leave": st.sampled_from(
            [[], [{"from": date(2026, 11, 20), "to": date(2026, 12, 1)}],
             [{"from": date(2026, 12, 20), "to": date(2026, 12, 24)}]]
        ),
    }
)  # fmt: skip


def _file(fit: Any, holds: Any, places: Any, members: Any, more: Any) -> dict[str, Any]:
    parsed = data()
    if any(rule.get("group") == "g" for rule in fit):
        parsed["fit_caps"] = {"g": more["cap"]}
    else:
        parsed.pop("fit_caps")
    parsed["fit"] = fit
    parsed["qualification"] = {"threshold": more["threshold"], "required": more["required"]}
    parsed["routing"]["hold"] = _named([{"when": when} for when in holds], "reason")
    parsed["routing"]["ladder"] = more["ladder"]
    parsed["territory"] = places
    owners = (ANN, BOB)
    parsed["pool"] = [
        {"name": "p", "member": [{"owner": owners[i], **_plain(m)} for i, m in enumerate(members)]}
    ]
    parsed["recycle"] = [
        {
            "reason": "default",
            "cool_down_days": more["days"],
            "reentry": "cool_down",
            "max_cycles": more["cycles"],
        }
    ]
    return parsed


def _plain(member: dict[str, Any]) -> dict[str, Any]:
    return {key: value for key, value in member.items() if value is not None}


files = st.builds(
    _file, _fit, st.lists(_conditions, max_size=2), _places, st.lists(_member, min_size=1, max_size=2),
    st.fixed_dictionaries({
        "cap": st.sampled_from([0, 10, 20]), "threshold": st.sampled_from([0, 10, 30, 150]),
        "required": st.sampled_from([[], ["email", "country"]]), "days": st.sampled_from([0, 30]),
        "cycles": st.sampled_from([1, 100]),
        "ladder": st.permutations(["customer", "account_owner", "territory", "existing_owner"]),
    }),
)  # fmt: skip


def parsed(file: dict[str, Any]) -> Process | None:
    """The process, or None for what is refused before a lint sees it."""
    try:
        return Process.parse(file)
    except ConfigError:
        return None


@given(files, st.booleans(), st.booleans())
@settings(max_examples=30, deadline=None)
def test_every_finding_is_shown_by_its_example(file: dict[str, Any], seen: bool, left: bool) -> None:
    process = parsed(file)
    if process is None:
        return
    owners = {key: owner(key, hubspot_active=not (left and key == BOB)) for key in process.owners}
    world = World(
        now=NOW, every_country=COUNTRIES, countries=dict.fromkeys(COUNTRIES, 1) if seen else {},
        owners=owners if left else {},
    )  # fmt: skip
    for finding in lint(process, world):
        prove(process, world, finding)


@given(files, st.lists(strategies.leads, min_size=1, max_size=8))
@settings(max_examples=30, deadline=None)
def test_what_never_happens_does_not_happen_to_any_lead(file: dict[str, Any], leads: list[Lead]) -> None:
    """Countries and stages apart, where a lead of a test may hold what no CRM's lead does."""
    process = parsed(file)
    if process is None:
        return
    study = Study(process, World(now=NOW, every_country=country_codes()))
    never = {
        index_of(finding)
        for finding in lint(process, study.world)
        if finding.rule == "condition_never_holds" and finding.key.startswith("fit")
    }
    for lead in leads:
        if lead.country not in {None, *country_codes()}:
            continue
        assert not [i for i in never if process.parts.fit[i].when.test(lead, NOW)]
        if all(condition.test(lead, NOW) == holds for condition, holds in study.free):
            assert process.fit.score(lead, NOW)[0] <= study.best.bound


@given(st.lists(_conditions, min_size=1, max_size=3), st.lists(strategies.leads, min_size=1, max_size=8))
@settings(max_examples=30, deadline=None)
def test_a_lead_to_order_meets_its_order_and_none_means_none(
    whens: list[list[dict[str, Any]]], leads: list[Lead]
) -> None:
    file = data() | {"fit": _named([{"points": 1, "when": when} for when in whens])}
    process = parsed({key: value for key, value in file.items() if key != "fit_caps"})
    if process is None:
        return
    demands = [(rule.when, bool(place % 2 == 0)) for place, rule in enumerate(process.parts.fit)]
    answer = Maker(NOW, countries=country_codes(), stages=STAGES).lead(demands)
    if answer.subject is not None:
        assert all(condition.test(answer.subject, NOW) == holds for condition, holds in demands)
    elif answer.proved:
        usual = (lead for lead in leads if lead.country in {None, *country_codes()})
        assert not [lead for lead in usual if all(c.test(lead, NOW) == holds for c, holds in demands)]
