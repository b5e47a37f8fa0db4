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

#: What Acme's file does not say: the promises of both sides.
PROMISES: dict[str, Any] = {
    "calendar": [{"name": "berlin", "timezone": "Europe/Berlin", "holidays": ["DE-BE"], "countries": ["DE"]}],
    "sla": {
        "calendar": "berlin",
        "manager": "mia@acme.example",
        "target": [{"name": "all", "first_touch_minutes": 240, "touches": 6, "touches_by": {"call": 3}}],
    },
    "reject": [{"reason": "wrong_number", "class": "clerical", "data": ["phone"]}],
    "handoff": {"language": "en"},
    "alert": [{"name": "sales", "on": ["handed_off"], "to": ["channel"]}],
    "customers": {"threshold": 40.0},
    "programme": [{"name": "newsletter"}],
    "quota": {"qualified": 300},
}
PROMISED = changed(**PROMISES)


def sentences(new: Process) -> list[str]:
    return [found.sentence for found in differences(ACME, new)]


def promised(section: str, **values: Any) -> Process:
    """Acme with promises, one of which is another; of a list the first entry."""
    first = PROMISES[section]
    value = first | values if isinstance(first, dict) else [first[0] | values, *first[1:]]
    return changed(**PROMISES | {section: value})


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
         "the data that a lead must have change from email, last_name, phone, country to email"),
        (changed(qualification={"manual": False}), "qualifying a lead by hand changes from yes to no"),
        (edited("fit", 0, points=30), "fit 'Decision maker': points change from 25 to 30"),
        (edited("fit", 2, when=[{"field": "employee_count", "op": "ge", "value": 10}]),
         "fit 'Company size': the condition changes from employee_count between 50, 5000 to "
         "employee_count ge 10"),
        (edited("engagement", 0, half_life_days=60),
         "engagement 'Pricing page': the half-life changes from 30 days to 60 days"),
        (edited("territory", 0, countries=["DE"]),
         "territory 'dach': countries change from DE, AT, CH to DE"),
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
    "section",
    sorted(
        set(KEYS)
        - {"", "condition", "qualification.email_engagement", "territory.employees"}
        - {"reject", "alert", "handoff", "customers", "quota", "sla", "sla.target", "programme"}
        - {"calendar", "calendar.hours", "calendar.closed"}
    ),
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
        "metrics": changed(metrics={"maturity_days": 30}),
    }  # fmt: skip
    assert len(sentences(news[section])) == 1


@pytest.mark.parametrize(
    ("section", "values", "said"),
    [
        ("alert", {"digest_hours": 2},
         "alert 'sales': how long messages are collected changes from nothing to 2 hours"),
        ("alert", {"on": ["handed_off", "escalation"]},
         "alert 'sales': what is told changes from handed_off to escalation, handed_off"),
        ("calendar", {"timezone": "Europe/Paris"},
         "calendar 'berlin': timezone changes from Europe/Berlin to Europe/Paris"),
        ("calendar", {"closed": [date(2026, 12, 24), date(2026, 12, 31)]},
         "calendar 'berlin': the days off add 2026-12-24, 2026-12-31"),
        ("calendar", {"hours": {"monday": ["08:00-12:00", "13:00-17:00"], "tuesday": ["09:00-17:00"]}},
         "calendar 'berlin': the working hours change from Monday to Friday 09:00-17:00 to "
         "Monday 08:00-12:00, 13:00-17:00; Tuesday 09:00-17:00"),
        ("customers", {"threshold": 50.0},
         "interest of existing customers: the score at which it is told changes from 40 to 50"),
        ("handoff", {"language": "es"}, "the hand-off's note: the language changes from en to es"),
        ("programme", {"threshold": 20.0},
         "programme 'newsletter': the threshold changes from nothing to 20"),
        ("quota", {"qualified": 400},
         "the quota: the MQLs that marketing delivers change from 300 to 400"),
        ("reject", {"data": ["email"]},
         "reject 'wrong_number': the data to mend change from phone to email"),
        ("sla", {"manager": "max@acme.example"},
         "the SLA: the manager of everybody else changes from mia@acme.example to max@acme.example"),
        ("sla", {"remind_at": 0.5},
         "sla target 'all': what happens at which share of the time changes from reminder at 80%, "
         "escalation at 100%, end at 100% to reminder at 50%, escalation at 100%, end at 100%"),
        ("sla", {"target": [PROMISES["sla"]["target"][0] | {"first_touch_minutes": 30}]},
         "sla target 'all': the time from the assignment to the first touch changes from 4 hours to "
         "30 minutes"),
    ],
)  # fmt: skip
def test_a_change_of_a_promise_is_said_in_one_sentence(section: str, values: Any, said: str) -> None:
    """S12: promises are agreed like everything else, so their changes are presented, too."""
    assert [found.sentence for found in differences(PROMISED, promised(section, **values))] == [said]


@pytest.mark.parametrize("section", sorted(PROMISES))
def test_a_promise_that_comes_or_goes_is_named(section: str) -> None:
    promises = {name: value for name, value in PROMISES.items() if name != section}
    if section == "calendar":  # the SLA goes by it
        promises["sla"] = {name: value for name, value in PROMISES["sla"].items() if name != "calendar"}
    less = changed(**promises)
    came, went = differences(less, PROMISED), differences(PROMISED, less)
    assert (section, "added") in {(found.section, found.kind) for found in came}
    assert (section, "removed") in {(found.section, found.kind) for found in went}


def test_a_new_sla_is_told_promise_by_promise() -> None:
    """S12, S66."""
    found = [each.sentence for each in differences(ACME, PROMISED) if each.section.startswith("sla")]
    assert found == [
        "new: the SLA: the calendar berlin; what counts as a touch call, email_sent, meeting; "
        "counting calls without a direction as touches no; the manager of everybody else mia@acme.example; "
        "how often a lead is given to somebody else 3",
        "new promise of sales 'all': the time from the assignment to the first touch 4 hours; "
        "the number of touches 6; the touches by kind call 3; "
        "what happens at which share of the time reminder at 80%, escalation at 100%, end at 100%",
    ]


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
