"""Tuning suggests from outcomes, holds the newer leads out, and refuses where there is too little."""

from __future__ import annotations

import tomllib
from dataclasses import replace
from typing import Any

import pytest

from crmbridge.process import Process
from crmbridge.tuning import LEAST_LEADS, Suggestion, suggest, written
from tests.property.company import PROCESS
from tests.replay.invented import END, crowd, day, lead, past, process_of, stage

#: "Near" says nothing about the outcome, and the file thinks it does; "Boss" is what counts.
FIT: list[dict[str, Any]] = [
    {"name": "Boss", "points": 10, "when": [{"field": "job_title", "op": "contains", "value": "head"}]},
    {"name": "Near", "points": 50, "when": [{"field": "country", "op": "eq", "value": "DE"}]},
]
STAGES = [*PROCESS["stage"], {"name": "won", "role": "customer", "definition": "Bought", "next": []}]


def company(**changed: Any) -> Process:
    return process_of(fit=FIT, stage=STAGES, **changed)


def enough(process: Process, count: int = 600) -> list[Any]:
    """A crowd whose accepted people bought."""
    found = []
    for made in crowd(process, count):
        ended = replace(made.outcome, converted_at=made.outcome.accepted_at)
        found.append(replace(made, outcome=ended))
    return found


@pytest.fixture(scope="module")
def suggestion() -> Suggestion:
    process = company()
    return suggest(enough(process), process, day(500))


def test_points_follow_the_outcome_with_their_uncertainty(suggestion: Suggestion) -> None:
    """S21: threshold and points are tuned on numbers, S78: what sales answered changes the definition."""
    assert suggestion.refused is None
    rules = {item.rule: item for item in suggestion.rules}
    boss, near = rules["fit.boss"], rules["fit.near"]
    assert boss.suggested > 20 > near.suggested
    assert boss.low <= boss.suggested <= boss.high
    assert near.low <= 0 <= near.high


def test_it_is_judged_on_leads_that_it_was_not_fitted_on(suggestion: Suggestion) -> None:
    assert suggestion.split_at is not None
    chosen = next(cut for cut in suggestion.cuts if cut.threshold == suggestion.threshold)
    assert chosen.precision.whole == chosen.passed
    assert chosen.recall.whole < suggestion.converted
    assert (chosen.precision.rate or 0) > (suggestion.today.precision.rate or 0)
    passed = [cut.passed for cut in suggestion.cuts]
    assert passed == sorted(passed, reverse=True)


def test_the_same_leads_give_the_same_suggestion() -> None:
    process = company()
    one, other = (suggest(enough(process, 260), process, day(500)) for _ in range(2))
    assert one == other
    assert one.refused is None


def test_too_few_leads_give_no_suggestion() -> None:
    """S21: not before scoring has run long enough to give numbers."""
    process = company()
    found = suggest(enough(process, LEAST_LEADS - 50), process, day(500))
    assert found.refused is not None
    assert str(LEAST_LEADS) in found.refused
    assert (found.rules, found.cuts, found.threshold) == ((), (), None)


def test_too_few_that_bought_give_no_suggestion() -> None:
    process = company()
    pasts = [past(lead(f"p{number}"), process) for number in range(LEAST_LEADS)]
    pasts += [past(lead("ada"), process, stage("won", 9))]
    found = suggest(pasts, process, day(500))
    assert found.refused is not None
    assert (found.leads, found.converted) == (LEAST_LEADS + 1, 1)


def test_leads_that_are_too_young_are_left_out() -> None:
    process = company()
    young = past(lead("ada", created_at=END), process)
    assert suggest([young], process, END).censored == 1


def test_a_rule_on_what_sales_fills_in_is_warned_of() -> None:
    rule = {"name": "Tagged", "points": 9, "when": [{"field": "tags", "op": "present"}]}
    process = process_of(fit=[*FIT, rule], stage=STAGES)
    found = suggest([], process, END)
    assert any("tags" in warning for warning in found.warnings)


def test_data_as_first_known_are_warned_of(suggestion: Suggestion) -> None:
    assert any("first known" in warning for warning in suggestion.warnings)


TEXT = """\
# our agreement
[process]
version = "1"

[qualification]
threshold = 50.0 # since March

[[fit]]
name = "Boss"   # who decides
points = 10

[[fit]]
name = "Near"
points = 50
"""


def test_the_new_file_keeps_comments_and_says_what_was(suggestion: Suggestion) -> None:
    text = written(TEXT, suggestion)
    assert "# our agreement" in text
    assert "# who decides" in text
    assert "was 10" in text
    data = tomllib.loads(text)
    assert data["qualification"]["threshold"] == suggestion.threshold
    assert data["fit"][0]["points"] == next(
        item.suggested for item in suggestion.rules if item.rule == "fit.boss"
    )
    assert data["process"]["version"] == "1-tuned"
