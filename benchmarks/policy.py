"""One policy three times: for crmbridge, as a zen decision graph, and as one zen expression.

12 fit rules, 8 engagement rules with a half-life, 3 score gates, 5 required fields, 15 territories.
"""

from __future__ import annotations

from itertools import pairwise
from typing import Any, Final, NamedTuple

STAGES: Final[tuple[tuple[str, str, list[str]], ...]] = (
    ("lead", "lead", ["mql", "opportunity", "customer", "disqualified"]),
    ("mql", "qualified", ["sal", "sales_qualified", "opportunity", "customer", "recycled", "disqualified"]),
    ("sal", "accepted", ["sales_qualified", "opportunity", "customer", "recycled", "disqualified"]),
    ("sales_qualified", "sales_qualified", ["opportunity", "customer", "recycled", "disqualified"]),
    ("opportunity", "opportunity", ["customer", "recycled", "disqualified"]),
    ("customer", "customer", []),
    ("recycled", "recycled", ["mql", "opportunity", "customer", "disqualified"]),
    ("disqualified", "disqualified", []),
)
REPS: Final = ("ann.berg@example.com", "ben.cole@example.com")
REQUIRED: Final = ("email", "last_name", "company", "phone", "country")
THRESHOLD: Final = 60.0
FIT_MINIMUM: Final = 20.0
ENGAGEMENT_MINIMUM: Final = 10.0
MAIL_CAP: Final = 20.0


class Fit(NamedTuple):
    """A fit rule in our words and in zen's; ``$`` stands for the field in the latter."""

    points: int
    field: str
    op: str
    value: Any
    zen: str


def _contains(*texts: str) -> str:
    return " or ".join(f'contains(lower($ ?? ""), "{text}")' for text in texts)


def _among(*texts: str) -> str:
    return "$ in [" + ", ".join(f'"{text}"' for text in texts) + "]"


_HEADS = ["chief", "vp", "head", "director"]
_MANAGERS = ["manager", "administrator"]
_INDUSTRIES = ["Software", "Manufacturing", "Finance"]
_SOURCES = ["ORGANIC_SEARCH", "REFERRALS"]
FITS: Final = (
    Fit(25, "job_title", "contains_any", _HEADS, _contains(*_HEADS)),
    Fit(10, "job_title", "contains_any", _MANAGERS, _contains(*_MANAGERS)),
    Fit(-30, "job_title", "contains", "student", _contains("student")),
    Fit(15, "employee_count", "between", [50, 1000], "$ != null and $ >= 50 and $ <= 1000"),
    Fit(10, "employee_count", "gt", 1000, "$ != null and $ > 1000"),
    Fit(10, "industry", "in", _INDUSTRIES, _among(*_INDUSTRIES)),
    Fit(10, "country", "in", ["DE", "AT", "CH"], _among("DE", "AT", "CH")),
    Fit(8, "country", "in", ["US", "GB", "CA"], _among("US", "GB", "CA")),
    Fit(5, "source", "in", _SOURCES, _among(*_SOURCES)),
    Fit(3, "source", "eq", "PAID_SEARCH", '$ == "PAID_SEARCH"'),
    Fit(2, "city", "present", None, "$ != null"),
    Fit(3, "website", "starts_with", "https", 'startsWith(lower($ ?? ""), "https")'),
)


class Engagement(NamedTuple):
    """An engagement rule."""

    kind: str
    points: float
    half_life_days: float
    #: Part of the activity's name; "" for any.
    name: str = ""
    group: str = ""


ENGAGEMENTS: Final = (
    Engagement("page_view", 3.0, 30.0),
    Engagement("page_view", 10.0, 45.0, name="/pricing"),
    Engagement("form_submission", 20.0, 60.0),
    Engagement("email_opened", 2.0, 30.0, group="mail"),
    Engagement("email_clicked", 6.0, 45.0, group="mail"),
    Engagement("email_replied", 15.0, 60.0),
    Engagement("call", 8.0, 90.0),
    Engagement("meeting", 15.0, 90.0),
)


class Area(NamedTuple):
    """A territory: its countries, and the least size of a company."""

    name: str
    countries: tuple[str, ...]
    employees_from: int = 0


#: The more specific ones first: zen's table takes the first that matches.
AREAS: Final = (
    Area("dach_enterprise", ("DE", "AT", "CH"), 1000),
    Area("us_enterprise", ("US",), 1000),
    Area("uk_enterprise", ("GB",), 1000),
    Area("fr_enterprise", ("FR",), 1000),
    Area("dach", ("DE", "AT", "CH")),
    Area("us", ("US",)),
    Area("uk", ("GB", "IE")),
    Area("france", ("FR", "BE", "LU")),
    Area("iberia", ("ES", "PT")),
    Area("italy", ("IT",)),
    Area("nordics", ("SE", "NO", "DK", "FI")),
    Area("canada", ("CA",)),
    Area("japan", ("JP",)),
    Area("oceania", ("AU", "NZ")),
    Area("rest", ()),
)


# for crmbridge ---------------------------------------------------------------------------------------
def process(*, threshold: float = THRESHOLD) -> dict[str, Any]:
    """Give the policy as parsed TOML; with a threshold that nobody reaches nothing is handed over."""
    return {
        "format": 1,
        "process": {"name": "Benchmark", "version": "1", "timezone": "Europe/Berlin"},
        "stage": [_stage(name, role, after) for name, role, after in STAGES],
        "qualification": {
            "threshold": threshold,
            "fit_minimum": FIT_MINIMUM,
            "engagement_minimum": ENGAGEMENT_MINIMUM,
            "required": list(REQUIRED),
        },
        "fit": [_fit(number, fit) for number, fit in enumerate(FITS)],
        "engagement": [_engagement(number, rule) for number, rule in enumerate(ENGAGEMENTS)],
        "engagement_caps": {"mail": MAIL_CAP},
        "routing": {"mode": "direct", "ladder": ["territory"], "keep_owner": False},
        "territory": [_territory(area) for area in AREAS],
        "pool": [{"name": "everybody", "member": [{"owner": owner} for owner in REPS]}],
        "recycle": [{"reason": "default", "cool_down_days": 90, "max_cycles": 3}],
        "guards": {"max_changed_share": 1.0, "max_handoffs": 1_000_000, "max_overwrites": 1_000_000},
    }


def _stage(name: str, role: str, after: list[str]) -> dict[str, Any]:
    return {"name": name, "role": role, "definition": name, "owner_team": "sales", "next": after}


def _fit(number: int, fit: Fit) -> dict[str, Any]:
    condition = {"field": fit.field, "op": fit.op}
    when = condition if fit.value is None else {**condition, "value": fit.value}
    return {"name": f"Fit {number}", "points": fit.points, "when": [when]}


def _engagement(number: int, rule: Engagement) -> dict[str, Any]:
    made: dict[str, Any] = {
        "name": f"Engagement {number}",
        "kind": rule.kind,
        "points": rule.points,
        "half_life_days": rule.half_life_days,
    }
    if rule.name:
        made["where"] = [{"field": "name", "op": "contains", "value": rule.name}]
    return made | ({"group": rule.group} if rule.group else {})


def _territory(area: Area) -> dict[str, Any]:
    size = {"employees": {"from": area.employees_from}} if area.employees_from else {}
    return {"name": area.name, "countries": list(area.countries), "pool": "everybody", **size}


# for zen ---------------------------------------------------------------------------------------------
def expression() -> str:
    """Give the best case: one list of all fit rules and territories, the rest is left to the host."""
    fits = [f"({_on(fit)}) ? {fit.points} : 0" for fit in FITS]
    areas = [_covers(area) for area in AREAS]
    return "[" + ", ".join(fits + areas) + "]"


def _on(fit: Fit) -> str:
    return fit.zen.replace("$", fit.field)


def _covers(area: Area) -> str:
    parts = []
    if area.countries:
        parts.append(f"country in [{_texts(area.countries)}]")
    if area.employees_from:
        parts.append(f"employee_count != null and employee_count >= {area.employees_from}")
    return " and ".join(parts) or "true"


def _texts(texts: tuple[str, ...]) -> str:
    return ", ".join(f'"{text}"' for text in texts)


def graph(*, inside: bool) -> dict[str, Any]:
    """Give the decision graph: two tables and an expression node.

    Args:
        inside: Engagement is computed in the graph, from the activities; otherwise the host gives it.
    """
    nodes = [
        {"id": "in", "type": "inputNode", "name": "lead", "position": _AT},
        {"id": "fit", "type": "decisionTableNode", "name": "fit", "position": _AT, "content": _fit_table()},
        {
            "id": "area",
            "type": "decisionTableNode",
            "name": "area",
            "position": _AT,
            "content": _area_table(),
        },
        {
            "id": "sum",
            "type": "expressionNode",
            "name": "sum",
            "position": _AT,
            "content": _sums(inside=inside),
        },
        {"id": "out", "type": "outputNode", "name": "decision", "position": _AT},
    ]
    order = [node["id"] for node in nodes]
    edges = [
        {"id": f"{one}-{other}", "type": "edge", "sourceId": one, "targetId": other}
        for one, other in pairwise(order)
    ]
    return {"nodes": nodes, "edges": edges}


_AT: Final = {"x": 0, "y": 0}


def _fit_table() -> dict[str, Any]:
    fields = list(dict.fromkeys(fit.field for fit in FITS))
    rules = [
        {
            "_id": f"r{number}",
            **{field: fit.zen if field == fit.field else "" for field in fields},
            "points": str(fit.points),
        }
        for number, fit in enumerate(FITS)
    ]
    return _table("collect", fields, "points", rules, "fit")


def _area_table() -> dict[str, Any]:
    rules = [
        {
            "_id": f"r{number}",
            "country": f"$ in [{_texts(area.countries)}]" if area.countries else "",
            "employee_count": f"$ != null and $ >= {area.employees_from}" if area.employees_from else "",
            "territory": f'"{area.name}"',
        }
        for number, area in enumerate(AREAS)
    ]
    return _table("first", ["country", "employee_count"], "territory", rules, "area")


def _table(
    policy: str, fields: list[str], output: str, rules: list[dict[str, Any]], path: str
) -> dict[str, Any]:
    return {
        "hitPolicy": policy,
        "inputs": [{"id": field, "name": field, "field": field} for field in fields],
        "outputs": [{"id": output, "name": output, "field": output}],
        "rules": rules,
        "passThrough": True,
        "outputPath": path,
        "executionMode": "single",
    }


def _sums(*, inside: bool) -> dict[str, Any]:
    rows = [("fit_score", "sum(map(fit, #.points))")]
    if inside:
        rows += [(f"e{number}", _activities(rule)) for number, rule in enumerate(ENGAGEMENTS)]
        mail = [f"$.e{number}" for number, rule in enumerate(ENGAGEMENTS) if rule.group]
        others = [f"$.e{number}" for number, rule in enumerate(ENGAGEMENTS) if not rule.group]
        rows.append(("engagement_score", f"min([{MAIL_CAP}, {' + '.join(mail)}]) + {' + '.join(others)}"))
    score = "$.engagement_score" if inside else "engagement_score"
    rows.append(("missing", f"filter([{', '.join(map(_missing, REQUIRED))}], # != null)"))
    gates = [
        f"$.fit_score + {score} >= {THRESHOLD}",
        f"$.fit_score >= {FIT_MINIMUM}",
        f"{score} >= {ENGAGEMENT_MINIMUM}",
        "len($.missing) == 0",
    ]
    rows.append(("qualified", " and ".join(gates)))
    expressions = [{"id": key, "key": key, "value": value} for key, value in rows]
    return {"expressions": expressions, "passThrough": True, "executionMode": "single"}


def _missing(name: str) -> str:
    return f'{name} == null ? "{name}" : null'


def _activities(rule: Engagement) -> str:
    wanted = f'#.kind == "{rule.kind}"' + (f' and contains(#.name, "{rule.name}")' if rule.name else "")
    return (
        f"sum(map(filter(activities, {wanted}), {rule.points} * 0.5 ^ (#.age_days / {rule.half_life_days})))"
    )
