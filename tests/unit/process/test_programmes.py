"""Nurture programmes: who is in which one, and that nobody is written to who must not be."""

from __future__ import annotations

from dataclasses import replace
from typing import Any

import pytest

from crmbridge.desired import desired
from crmbridge.model import Lead, LeadStatus, Memory
from crmbridge.process import decide
from tests.unit.process.acme import ACME, COLD, HOT, KNOWN, NOW, changed, owned, problems, with_sales
from tests.unit.process.acme import data as acme_data

PROGRAMMES: list[dict[str, Any]] = [
    {"name": "Win back", "stages": ["recycled"], "reasons": ["timing"]},
    {"name": "Warm up", "stages": ["lead"], "threshold": 20.0},
    {"name": "Germany", "when": [{"field": "country", "op": "eq", "value": "DE"}]},
    {"name": "Newsletter"},
]
PROCESS = changed(programme=PROGRAMMES)


def programme(lead: Lead, memory: Memory = KNOWN) -> str | None:
    return decide(lead, PROCESS, memory, NOW).programme


@pytest.mark.parametrize(
    ("lead", "name"),
    [
        pytest.param(replace(HOT, activities=(), country="US", phone=None), "Warm up", id="points"),
        pytest.param(COLD, "Germany", id="condition"),
        pytest.param(replace(COLD, country="US"), "Newsletter", id="the rest"),
        pytest.param(replace(COLD, opted_out=True), None, id="opted out"),
        pytest.param(HOT, None, id="sales gets it"),
    ],
)  # fmt: skip
def test_a_lead_is_in_the_first_programme_that_fits(lead: Lead, name: str | None) -> None:
    """S20, S75: passed to a programme instead of to sales, by score and by conditions."""
    assert programme(lead) == name


@pytest.mark.parametrize(("reason", "name"), [("timing", "Win back"), ("no_budget", "Germany")])
def test_what_sales_gave_back_is_nurtured_by_its_reason(reason: str, name: str) -> None:
    """S74, S75."""
    given_back = replace(owned(HOT, stage="sal"), status=LeadStatus.RECYCLED, status_reason=reason)
    assert programme(given_back, with_sales("sal")) == name


def test_the_programme_is_a_field_by_which_marketings_tool_enrols() -> None:
    """S75: written where mapping.toml names a field, and taken away when sales gets the lead."""
    assert desired(COLD, decide(COLD, PROCESS, KNOWN, NOW))["programme"] == "Germany"
    assert desired(HOT, decide(HOT, PROCESS, KNOWN, NOW))["programme"] is None


def test_a_company_without_programmes_has_none() -> None:
    assert decide(COLD, ACME, KNOWN, NOW).programme is None


def test_what_is_wrong_with_a_programme_is_told() -> None:
    broken = acme_data() | {"programme": [{"name": "A", "stages": ["leed"]}, {"name": "A"}]}
    assert set(problems(broken)) == {"programme[0].stages", "programme[1].name"}
