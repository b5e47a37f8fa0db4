"""What changes between two versions, said in sentences that name the file's own words (S12)."""

from __future__ import annotations

from collections.abc import Mapping
from copy import deepcopy
from dataclasses import fields, is_dataclass, replace
from datetime import date
from typing import Any

import pytest

from crmbridge.comparing import compare
from crmbridge.process import Process
from crmbridge.process.differences import differences
from crmbridge.process.keys import KEYS
from crmbridge.process.parts import Parts
from tests.unit.process.acme import ACME, changed, data

#: A part without a number or text -> something of it that may be left out.
_FIRST = {"scope": "created_after"}
LEAVE = date(2026, 12, 1)


def sentences(new: Process) -> list[str]:
    return [found.sentence for found in differences(ACME, new)]


def edited(section: str, index: int, **values: Any) -> Process:
    items = deepcopy(data()[section])
    items[index] |= values
    return changed(**{section: items})


def test_the_same_process_has_no_differences() -> None:
    assert differences(ACME, Process.parse(data())) == ()


@pytest.mark.parametrize(
    ("new", "said"),
    [
        (changed(qualification={"threshold": 50.0}), "the threshold for an MQL changes from 60 to 50"),
        (changed(qualification={"required": ["email"]}),
         "the data that a lead must have changes from email, last_name, phone, country to email"),
        (changed(qualification={"manual": False}), "qualifying a lead by hand changes from yes to no"),
        (edited("fit", 0, points=30), "fit 'Decision maker': points changes from 25 to 30"),
        (edited("fit", 2, when=[{"field": "employee_count", "op": "ge", "value": 10}]),
         "fit 'Company size': the condition changes from employee_count between 50, 5000 to "
         "employee_count ge 10"),
        (edited("engagement", 0, half_life_days=60),
         "engagement 'Pricing page': the half-life changes from 30 days to 60 days"),
        (edited("territory", 0, countries=["DE"]),
         "territory 'dach': countries changes from DE, AT, CH to DE"),
        (edited("recycle", 0, cool_down_days=10),
         "recycle 'timing': the rest before it may come back (days) changes from 90 to 10"),
        (edited("stage", 0, owner_team="sales"),
         "stage 'lead': the responsible team changes from marketing to sales"),
        (changed(fit_caps={"role": 10.0}), "fit caps 'role': most points changes from 30 to 10"),
        (changed(routing={"triage": "other@acme.example"}),
         "the triage point changes from inbound@acme.example to other@acme.example"),
        (changed(process={"applies_to": "changed"}), "whom it concerns changes from all to changed"),
    ],
)  # fmt: skip
def test_a_change_is_said_in_one_sentence(new: Process, said: str) -> None:
    """S12: what is presented to sales for comment."""
    assert sentences(new) == [said]


def test_what_comes_and_what_goes_is_named() -> None:
    fit = [*data()["fit"][1:], {"name": "New", "points": 5, "when": [{"field": "phone", "op": "present"}]}]
    found = differences(ACME, changed(fit=fit))
    assert [(each.kind, each.name) for each in found] == [("removed", "Decision maker"), ("added", "New")]
    assert "points 5" in found[1].sentence
    assert "phone present" in found[1].sentence


def test_a_changed_order_of_capped_rules_is_a_change() -> None:
    rules = data()["fit"]
    found = sentences(changed(fit=[rules[1], rules[0], *rules[2:]]))
    assert len(found) == 1
    assert found[0].startswith("the order of the fit rules changes: Technical role, Decision maker")


@pytest.mark.parametrize(
    "section", sorted(set(KEYS) - {"", "condition", "qualification.email_engagement", "territory.employees"})
)
def test_a_change_of_any_section_is_noticed(section: str) -> None:
    """Nothing of the file is left out: whatever the fingerprint sees has a sentence."""
    news: dict[str, Process] = {
        "process": changed(process={"timezone": "UTC"}),
        "identity": changed(identity={"hubspot_portal_id": "2"}),
        "scope": changed(scope={"when": []}),
        "stage": edited("stage", 1, exit="Another"),
        "qualification": changed(qualification={"email_engagement": {"days": 5}}),
        "fit": edited("fit", 2, points=1),
        "engagement": edited("engagement", 1, times=1),
        "routing": changed(routing={"mode": "triage"}),
        "routing.hold": changed(routing={"hold": []}),
        "named_account": edited("named_account", 0, owner="x@acme.example"),
        "territory": edited("territory", 2, employees={"from": 5}),
        "pool": edited("pool", 0, fallback="west"),
        "pool.member": edited("pool", 2, member=[{"owner": "wes@acme.example", "weight": 3}]),
        "pool.member.leave": edited("pool", 1, member=[
            {"owner": "eva@acme.example", "leave": [{"from": LEAVE, "to": LEAVE}]}]),
        "recycle": edited("recycle", 1, max_cycles=9),
        "guards": changed(guards={"max_handoffs": 1}),
    }  # fmt: skip
    assert len(sentences(news[section])) == 1


#: A process of other parts cannot be compiled from any words: these have cases of their own above.
_OWN_CASES = {"stages", "timezone"}


@pytest.mark.parametrize("attribute", sorted({each.name for each in fields(Parts)} - _OWN_CASES))
def test_every_part_of_a_process_is_compared(attribute: str) -> None:
    """Also what is added to the file later: a part that is emptied or altered makes a difference."""
    value: Any = getattr(ACME.parts, attribute)
    other: Any = type(value)() if isinstance(value, tuple | Mapping) else "other"
    if is_dataclass(value) and not isinstance(value, type):
        told = [
            each.name for each in fields(value) if isinstance(getattr(value, each.name), int | float | str)
        ]
        other = (
            replace(value, **dict.fromkeys(told, 7)) if told else replace(value, **{_FIRST[attribute]: None})
        )
    if value == other:
        return  # empty in the example
    parts: Parts = replace(ACME.parts, **{attribute: other})
    assert differences(ACME, Process.of(parts, fingerprint=""))


def test_a_comparison_says_from_when_the_new_version_counts() -> None:
    """S12: grandfathering is part of the version."""
    assert compare(ACME, ACME).applies == "nothing changes"
    assert "every lead" in compare(ACME, changed(qualification={"threshold": 50.0})).applies
    later = changed(process={"applies_to": "changed"})
    assert "until something about them changes" in compare(ACME, later).applies
