"""docs/requirements.md: every promise has its row, and every test that a row names says its number."""

from __future__ import annotations

import ast
import re
from functools import cache
from pathlib import Path

import pytest

ROOT = Path(__file__).parents[2]
PAGE = (ROOT / "docs" / "requirements.md").read_text("utf-8")
ROWS = [
    [cell.strip() for cell in line.strip("|").split(" | ")]
    for line in PAGE.splitlines()
    if re.match(r"\| S\d+ \|", line)
]
NOT_YET = "not yet"
TESTS = [
    (row[0], place, name)
    for row in ROWS
    for place, name in re.findall(r"`(tests/[\w/]+\.py)::(\w+)`", row[-1])
]


@cache
def functions(place: str) -> dict[str, str]:
    """The tests of a file, each with its source, decorators and docstring included."""
    text = (ROOT / place).read_text("utf-8")
    found: dict[str, str] = {}
    for node in ast.parse(text).body:
        if isinstance(node, ast.FunctionDef):
            first = min([node.lineno, *(each.lineno for each in node.decorator_list)])
            found[node.name] = "\n".join(text.splitlines()[first - 1 : node.end_lineno])
    return found


def test_every_promise_has_one_row() -> None:
    assert [row[0] for row in ROWS] == [f"S{number}" for number in range(1, 100)]
    assert all(len(row) == 4 and all(row) for row in ROWS)


def test_a_row_names_tests_or_says_that_there_is_nothing_yet() -> None:
    named = {number for number, _, _ in TESTS}
    assert {row[0] for row in ROWS if row[-1] == NOT_YET} == {row[0] for row in ROWS} - named


def test_the_page_counts_what_is_kept() -> None:
    kept = sum(row[-1] != NOT_YET for row in ROWS)
    assert f"**{kept} of 99**" in PAGE


@pytest.mark.parametrize(("number", "place", "name"), TESTS)
def test_every_test_that_is_named_exists_and_names_the_promise(number: str, place: str, name: str) -> None:
    source = functions(place).get(name)
    assert source is not None, f"there is no {place}::{name}"
    assert re.search(rf"\b{number}\b", source), f"{place}::{name} does not say {number}"
