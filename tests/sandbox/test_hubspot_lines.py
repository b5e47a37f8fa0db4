"""The document says what is emulated: every line, every test, every switch that it names exists."""

from __future__ import annotations

import ast
import re
from collections.abc import Iterator
from dataclasses import fields
from pathlib import Path

import pytest

from crmbridge.sandbox.options import HubSpotOptions

HERE = Path(__file__).parent
DOCUMENT = HERE.parents[1] / "docs" / "sandbox.md"
SECTION = DOCUMENT.read_text("utf-8").split("\n## HubSpot\n")[1].split("\n## ")[0]
ROWS = [[cell.strip() for cell in line.strip("|").split("|")] for line in SECTION.splitlines()
        if re.match(r"\| \d+ \|", line)]  # fmt: skip
LINES = 29


def documented_tests() -> Iterator[tuple[str, str]]:
    """Give the name and docstring of every test and test class of the sandbox."""
    for file in HERE.glob("test_*.py"):
        tree = ast.parse(file.read_text("utf-8"))
        for node in tree.body:
            if isinstance(node, ast.FunctionDef | ast.ClassDef):
                yield node.name, ast.get_docstring(node) or ""


TESTS = dict(documented_tests())


def test_every_line_has_a_row() -> None:
    assert [row[0] for row in ROWS] == [str(number) for number in range(1, LINES + 1)]


@pytest.mark.parametrize("row", ROWS, ids=lambda row: f"HS-9.{row[0]}")
def test_a_row_names_tests_that_name_its_line(row: list[str]) -> None:
    names = re.findall(r"`(\w+)`", row[2])
    assert names
    for name in names:
        assert re.search(rf"HS-9\.{row[0]}\b", TESTS[name]), name


def test_every_switch_is_in_the_document() -> None:
    named = {name for row in ROWS for name in re.findall(r"`(\w+)`", row[3])}
    switches = {item.name for item in fields(HubSpotOptions)}
    assert switches - named == set()
