"""docs/testing.md tells of every fixture and of everything that a fault can do."""

from __future__ import annotations

import re
from dataclasses import fields
from pathlib import Path

from crmbridge.sandbox.failures_by_name import BY_NAME, NAMES
from crmbridge.sandbox.faults import BODIES, RESETS, Action
from crmbridge.testing import fixtures

PAGE = (Path(__file__).parents[2] / "docs" / "testing.md").read_text(encoding="utf-8")
#: First cells of the tables' rows: all names in them.
ROWS = {
    name for row in re.findall(r"^\| (`[^|]+) \|", PAGE, re.MULTILINE) for name in re.findall(r"`(\w+)`", row)
}


def test_the_tables_name_every_fixture_and_every_part_of_an_action() -> None:
    offered = {name for name in fixtures.__all__ if name not in ("NOW", "OpenCompany")}
    assert offered | {part.name for part in fields(Action)} == ROWS


def test_every_value_that_a_part_can_have_is_named() -> None:
    for word in (*BODIES, *RESETS, *NAMES):
        assert f"`{word}`" in PAGE, word


def test_a_failure_has_a_name_in_both_crms() -> None:
    assert set(BY_NAME["hubspot"]) == set(BY_NAME["salesforce"])
