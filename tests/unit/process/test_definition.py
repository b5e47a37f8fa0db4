"""The process file: what it means, and every way to get it wrong with the place where."""

from __future__ import annotations

from copy import deepcopy
from dataclasses import replace
from datetime import UTC, datetime
from pathlib import Path
from typing import Any

import pytest

from crmbridge.errors import ConfigError
from crmbridge.model import StageRole
from crmbridge.process import Process
from tests.unit.process.acme import ACME, FILE, HOT, NOW, changed, data, days, problems


def test_the_example_loads_without_a_warning() -> None:
    """S2, S3, S14: every step has a name, a definition, an owner and an exit."""
    assert ACME.warnings == ()
    assert ACME.name == "Acme: leads"
    sal = ACME.stage("sal")
    assert sal is not None
    assert (sal.role, sal.owner_team, sal.exit) == (StageRole.ACCEPTED, "sales", "A real need is confirmed")
    assert ACME.by_role(StageRole.ACCEPTED) is sal
    assert ACME.owner_authority == {"mql": "salesforce", "sal": "salesforce"}
    assert ACME.reasons == ("timing", "unreachable", "definition_not_met")


def test_the_process_names_what_others_must_provide() -> None:
    assert ACME.custom_fields == {"visits", "manual_mql"}
    assert {"email", "phone", "visits", "account.industry"} <= ACME.fields
    assert "inbound@acme.example" in ACME.owners
    assert ACME.owners == tuple(sorted(set(ACME.owners)))
    assert ACME.identity.hubspot_portal_id == "1234567"
    assert ACME.guards.max_handoffs == 500


def test_comments_and_layout_do_not_change_the_fingerprint() -> None:
    """S12: two versions of the agreement are told apart by what they say."""
    assert Process.parse(data()).fingerprint == ACME.fingerprint
    assert changed(qualification={"threshold": 61.0}).fingerprint != ACME.fingerprint


def test_a_byte_order_mark_and_a_quoted_norway_do_no_harm(tmp_path: Path) -> None:
    file = tmp_path / "process.toml"
    file.write_text(FILE.read_text(encoding="utf-8"), encoding="utf-8-sig")
    process = Process.load(file)
    nordics = next(territory for territory in process.territories if territory.name == "nordics")
    assert nordics.countries == ("NO", "SE", "DK", "FI")


def test_stage_names_and_steps_are_the_companys_own() -> None:
    """S5: a company's own step in between acts as the step before it."""
    parsed = data()
    parsed["stage"].insert(1, {"name": "Nurture 🌱", "definition": "Gets the newsletter"})
    parsed["stage"][0]["name"] = "Inquiry"
    parsed["stage"][2]["next"].append("Inquiry")
    parsed["stage"][2]["next"].remove("lead")
    process = Process.parse(parsed)
    nurture = process.stage("Nurture 🌱")
    assert nurture is not None
    assert (nurture.role, nurture.main) == (StageRole.LEAD, False)
    lead_stage = process.by_role(StageRole.LEAD)
    assert lead_stage is not None
    assert lead_stage.name == "Inquiry"


def test_scope_says_which_leads_are_ours() -> None:
    assert ACME.covers(HOT, NOW)
    assert not ACME.covers(replace(HOT, email="kim@ACME.example"), NOW)
    assert not ACME.covers(replace(HOT, created_at=datetime(2023, 12, 31, tzinfo=UTC)), NOW)
    assert not ACME.covers(replace(HOT, created_at=None), NOW)
    assert changed(scope=None).covers(replace(HOT, created_at=None), NOW)


def test_a_day_begins_in_the_companys_time_zone() -> None:
    """Capacity and leave count Berlin's days: 23:30 UTC is already tomorrow there."""
    late = datetime(2026, 11, 20, 23, 30, tzinfo=UTC)
    assert ACME.day(late).isoformat() == "2026-11-21"
    assert ACME.day_began_at(late) == datetime(2026, 11, 20, 23, tzinfo=UTC)
    summer = datetime(2026, 7, 1, 12, tzinfo=UTC)
    assert ACME.day_began_at(summer) == datetime(2026, 6, 30, 22, tzinfo=UTC)


# what is refused -------------------------------------------------------------------------------------
def broken(*path: Any, value: Any) -> dict[str, str]:
    """The example with one value replaced; a missing key is added, a list index is followed."""
    parsed = deepcopy(data())
    table: Any = parsed
    for step in path[:-1]:
        table = table[step]
    table[path[-1]] = value
    return problems(parsed)


REFUSED = [
    (
        "an unknown key",
        ("qualification", "treshold"),
        5,
        "qualification.treshold",
        "did you mean 'threshold'?",
    ),
    ("an unknown section", ("territories",), [], "territories", "did you mean 'territory'?"),
    ("a wrong type", ("qualification", "threshold"), "60", "qualification.threshold", "must be a number"),
    (
        "a number that is none",
        ("qualification", "threshold"),
        float("nan"),
        "qualification.threshold",
        "must be",
    ),
    ("true as a number", ("qualification", "threshold"), True, "qualification.threshold", "must be a number"),
    ("an unknown role", ("stage", 1, "role"), "mql", "stage[1].role", "one of lead, qualified"),
    ("a role twice", ("stage", 3, "role"), "accepted", "stage", "2 stages have the role 'accepted'"),
    ("a stage that is not there", ("stage", 0, "next"), ["mqls"], "stage[0].next", "did you mean 'mql'?"),
    ("a stage name twice", ("stage", 2, "name"), "mql", "stage[2].name", "is the same as stage[1]"),
    ("no way to qualify", ("stage", 0, "next"), ["disqualified"], "stage[0].next", "no lead can qualify"),
    ("a rule name twice", ("fit", 1, "name"), "decision MAKER", "fit[1].name", "is the same as fit[0]"),
    ("a rule for everybody", ("fit", 0, "when"), [], "fit[0].when", "must not be empty"),
    ("an unknown activity", ("engagement", 0, "kind"), "pageview", "engagement[0].kind", "'page_view'?"),
    (
        "a field no activity has",
        ("engagement", 0, "where"),
        [{"field": "subject", "op": "present"}],
        "engagement[0].where[0].field",
        "no field of an activity",
    ),
    ("times 0", ("engagement", 0, "times"), 0, "engagement[0].times", "1 or more"),
    ("a cap for nobody", ("fit_caps", "roles"), 3, "fit_caps.roles", "did you mean 'role'?"),
    ("an unknown datum", ("qualification", "required"), ["score"], "qualification.required[0]", "no datum"),
    ("a rung twice", ("routing", "ladder"), ["territory", "territory"], "routing.ladder[1].rung", "the same"),
    ("an unknown rung", ("routing", "ladder"), ["territorys"], "routing.ladder", "did you mean 'territory'?"),
    ("a country name", ("territory", 0, "countries"), ["de"], "territory[0].countries", "did you mean 'DE'?"),
    (
        "a country that TOML read as false",
        ("territory", 0, "countries"),
        [False],
        "territory[0].countries",
        "list of texts",
    ),
    ("a bad region", ("territory", 4, "regions"), ["California"], "territory[4].regions", "ISO region code"),
    (
        "prefixes without a country",
        ("territory", 4, "postal_prefixes"),
        ["9"],
        "territory[4].postal_prefixes",
        "countries",
    ),
    (
        "a size upside down",
        ("territory", 2, "employees"),
        {"from": 9, "to": 1},
        "territory[2].employees",
        "more than",
    ),
    ("an unknown pool", ("territory", 0, "pool"), "dahc", "territory[0].pool", "did you mean 'dach'?"),
    ("pool and owner", ("territory", 0, "owner"), "x@acme.example", "territory[0]", "not both"),
    ("an unknown fallback", ("pool", 0, "fallback"), "eema", "pool[0].fallback", "did you mean 'emea'?"),
    ("an empty pool", ("pool", 1, "member"), [], "pool[1].member", "nobody"),
    (
        "a weight of 0",
        ("pool", 0, "member"),
        [{"owner": "a@b.example", "weight": 0}],
        "pool[0].member[0].weight",
        "above 0",
    ),
    (
        "leave upside down",
        ("pool", 2, "member"),
        [{"owner": "a@b.example", "leave": [{"from": NOW.date(), "to": (NOW - days(1)).date()}]}],
        "pool[2].member[0].leave[0]",
        "before it begins",
    ),
    (
        "a member twice",
        ("pool", 1, "member"),
        [{"owner": "a@b.example"}, {"owner": "A@B.example"}],
        "pool[1].member[1].owner",
        "the same",
    ),
    (
        "a named account without a name",
        ("named_account", 0),
        {"owner": "a@b.example"},
        "named_account[0]",
        "domain or a name",
    ),
    ("a reason twice", ("recycle", 1, "reason"), "timing", "recycle[1].reason", "the same"),
    ("a cool-down without end", ("recycle", 0, "cool_down_days"), 1e9, "recycle[0].cool_down_days", "36500"),
    ("an unknown score handling", ("recycle", 0, "score"), "half", "recycle[0].score", "'halve'?"),
    ("a time zone that is none", ("process", "timezone"), "Berlin", "process.timezone", "IANA"),
    ("a share above 1", ("guards", "max_changed_share"), 30, "guards.max_changed_share", "from 0 to 1"),
    ("another format", ("format",), 2, "format", "reads format 1"),
    ("a triage that is needed", ("routing",), {"mode": "triage"}, "routing.triage", "is missing"),
    (
        "a tele-qualification that is needed",
        ("routing",),
        {"mode": "tele_qualification", "triage": "x"},
        "routing.tele_qualification",
        "is missing",
    ),
]


@pytest.mark.parametrize(
    ("path", "value", "key", "message"), [row[1:] for row in REFUSED], ids=[row[0] for row in REFUSED]
)
def test_it_is_refused_with_its_key(path: tuple[Any, ...], value: Any, key: str, message: str) -> None:
    found = broken(*path, value=value)
    assert key in found, found
    assert message in found[key]


def test_all_problems_are_reported_at_once() -> None:
    parsed = data()
    parsed["qualification"]["treshold"] = 1
    parsed["fit"][0]["when"][0]["op"] = "containz"
    parsed["pool"][0]["fallback"] = "nowhere"
    parsed["recycle"][0]["score"] = 3
    parsed["stage"][0]["next"] = ["nowhere"]
    assert set(problems(parsed)) >= {
        "qualification.treshold",
        "fit[0].when[0].op",
        "pool[0].fallback",
        "recycle[0].score",
        "stage[0].next",
    }


def test_a_missing_role_is_named() -> None:
    parsed = data()
    parsed["stage"] = [stage for stage in parsed["stage"] if stage["role"] != "disqualified"]
    for stage in parsed["stage"]:
        stage["next"] = [name for name in stage["next"] if name != "disqualified"]
    assert "no stage has the role 'disqualified'" in problems(parsed)["stage"]


def test_a_stage_loop_without_a_way_out_is_refused() -> None:
    parsed = data()
    parsed["stage"][2]["next"] = ["sales_qualified"]
    parsed["stage"][3]["next"] = ["sal"]
    found = problems(parsed)
    assert {"stage[2].next", "stage[3].next"} <= found.keys()
    assert "has no way out: sal, sales_qualified only lead to each other" in found["stage[2].next"]


def test_a_stage_that_is_meant_to_be_the_end_is_no_loop() -> None:
    parsed = data()
    parsed["stage"][2]["next"] = []
    assert problems(parsed) == {}


def test_a_threshold_that_no_lead_can_reach_is_refused() -> None:
    """All fit and engagement points with their caps and times, and no other way to become an MQL."""
    parsed = data()
    parsed["qualification"] = {"threshold": 161.0, "required": []}
    assert "all rules with their caps give at most 160" in problems(parsed)["qualification.threshold"]
    parsed["qualification"]["threshold"] = 160.0
    assert problems(parsed) == {}


@pytest.mark.parametrize(
    "way", [{"manual": True}, {"forms": ["Demo request"]}, {"email_engagement": {"days": 30}}]
)
def test_an_unreachable_threshold_is_fine_with_another_way(way: dict[str, Any]) -> None:
    """S22, S24, S25: a company may qualify by hand alone."""
    parsed = data()
    parsed["qualification"] = {"threshold": 1000.0, **way}
    assert problems(parsed) == {}


def test_points_without_a_limit_reach_every_threshold() -> None:
    parsed = data()
    parsed["qualification"] = {"threshold": 1000.0}
    del parsed["engagement"][3]["times"]
    assert problems(parsed) == {}


def test_a_minimum_that_no_lead_can_reach_is_refused() -> None:
    parsed = data()
    parsed["qualification"] = {"threshold": 10.0, "fit_minimum": 61.0}
    assert "at most 60" in problems(parsed)["qualification.fit_minimum"]


def test_overlapping_territories_need_a_precedence() -> None:
    """Equally specific, equally ranked, and one lead can be in both."""
    parsed = data()
    parsed["territory"][3]["precedence"] = 100
    message = problems(parsed)["territory[3].precedence"]
    assert "overlaps territory[2] ('dach large')" in message


@pytest.mark.parametrize(
    ("first", "second", "clash"),
    [
        ({"countries": ["DE"]}, {"countries": ["DE", "FR"]}, True),
        ({"countries": ["DE"]}, {"countries": ["FR"]}, False),
        ({"countries": ["DE"]}, {"countries": ["DE"], "postal_prefixes": ["1"]}, False),
        (
            {"countries": ["DE"], "postal_prefixes": ["1"]},
            {"countries": ["DE"], "postal_prefixes": ["10"]},
            False,
        ),
        ({"countries": ["DE"], "industries": ["A"]}, {"countries": ["DE"], "industries": ["a", "B"]}, True),
        ({"countries": ["DE"], "industries": ["A"]}, {"countries": ["DE"], "industries": ["B"]}, False),
        (
            {"countries": ["DE"], "employees": {"to": 9}},
            {"countries": ["DE"], "employees": {"from": 10}},
            False,
        ),
        (
            {"countries": ["DE"], "employees": {"to": 10}},
            {"countries": ["DE"], "employees": {"from": 10}},
            True,
        ),
        ({"regions": ["US-CA"]}, {"countries": ["US"]}, False),
        ({}, {"countries": ["US"]}, False),
        ({}, {}, True),
    ],
)
def test_only_real_overlaps_are_refused(first: dict[str, Any], second: dict[str, Any], clash: bool) -> None:
    parsed = data()
    parsed["territory"] = [
        {"name": "one", "pool": "dach", **first},
        {"name": "two", "pool": "west", **second},
    ]
    assert (problems(parsed) != {}) is clash


def test_a_loop_of_fallback_pools_is_refused() -> None:
    parsed = data()
    parsed["pool"][1]["fallback"] = "dach"
    assert {"pool[0].fallback", "pool[1].fallback"} <= problems(parsed).keys()
    parsed["pool"][1]["fallback"] = "emea"
    assert "leads back" in problems(parsed)["pool[1].fallback"]


def test_oddities_are_warnings() -> None:
    parsed = data()
    del parsed["routing"]["triage"]
    parsed["territory"] = [item for item in parsed["territory"] if item.get("pool") != "west"]
    parsed["stage"][6]["next"] = ["disqualified"]
    keys = {warning.key for warning in Process.parse(parsed).warnings}
    assert keys == {"routing.triage", "pool[2]", "stage[6].next"}


@pytest.mark.parametrize(
    ("content", "message"),
    [
        (b"", "is empty"),
        (b"# nothing but a comment\n", "is empty"),
        (b"[process\n", "is no TOML"),
        (b"\xff\xfe", "is not UTF-8"),
        (b"countries = [NO]", "is no TOML"),
        (b"a = " + b"[" * 2000 + b"]" * 2000, "nested"),
    ],
)
def test_a_file_that_is_none_is_refused_in_one_sentence(tmp_path: Path, content: bytes, message: str) -> None:
    file = tmp_path / "process.toml"
    file.write_bytes(content)
    with pytest.raises(ConfigError, match=message) as caught:
        Process.load(file)
    assert [found.file for found in caught.value.problems] == ["process.toml"]


def test_a_missing_file_is_a_configuration_error(tmp_path: Path) -> None:
    with pytest.raises(ConfigError, match="cannot be read: No such file"):
        Process.load(tmp_path / "process.toml")


def test_the_smallest_process_that_works() -> None:
    roles = ("lead", "qualified", "accepted", "recycled", "disqualified")
    process = Process.parse(
        {
            "format": 1,
            "process": {"name": "Small", "version": "1"},
            "stage": [{"name": role, "role": role} for role in roles],
            "qualification": {"threshold": 0.0},
        }
    )
    assert process.day(NOW).isoformat() == "2026-11-21"
    assert [warning.key for warning in process.warnings] == ["routing.triage"]
