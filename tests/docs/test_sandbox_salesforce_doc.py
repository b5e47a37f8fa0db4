"""The page on the sandbox, Salesforce: every line has a test that exists, every switch is documented."""

from __future__ import annotations

import re
from dataclasses import fields
from pathlib import Path

from crmbridge.sandbox.options import SalesforceOptions
from crmbridge.sandbox.salesforce.objects import OBJECTS

ROOT = Path(__file__).parents[2]
PAGE = (
    (ROOT / "docs" / "sandbox.md").read_text("utf-8").partition("\n## Salesforce\n")[2].partition("\n## ")[0]
)
TESTS = "".join(path.read_text("utf-8") for path in (ROOT / "tests" / "sandbox").glob("*.py"))
LINES = 25


def test_every_line_is_in_the_table_with_a_test_that_names_it() -> None:
    rows = re.findall(r"^\| SF-8\.(\d+) \|.*?\| `(\w+)` \|", PAGE, re.MULTILINE)
    assert [int(number) for number, _ in rows] == list(range(1, LINES + 1))
    for number, name in rows:
        assert name.endswith(f"_sf_8_{number}")
        assert f"def {name}(" in TESTS, name


def test_every_switch_is_documented_and_no_other() -> None:
    table = PAGE.partition("### Every switch")[2]
    named = {name for line in table.splitlines() for name in re.findall(r"`(\w+)`", line.split(" | ")[0])}
    assert named == {field.name for field in fields(SalesforceOptions)}


def test_switches_of_the_table_exist() -> None:
    known = {field.name for field in fields(SalesforceOptions)}
    for row in re.findall(r"^\| SF-8\..*$", PAGE, re.MULTILINE):
        for name in re.findall(r"`(\w+)`", row.rsplit("|", 2)[1]):
            assert name in known, name


def test_every_object_is_listed() -> None:
    listed = PAGE.partition("**Objects**: ")[2].partition(". Custom")[0].replace("\n", " ").split(", ")
    assert sorted(listed) == sorted(item.name for item in OBJECTS)
