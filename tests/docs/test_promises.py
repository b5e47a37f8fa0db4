"""Every promise of docs/promises.md names tests that exist."""

from __future__ import annotations

import ast
import re
from pathlib import Path

import pytest

ROOT = Path(__file__).parents[2]
PAGE = (ROOT / "docs" / "promises.md").read_text("utf-8")
NAMED = re.findall(r"`(tests/[\w/]+\.py)::(\w+)`", PAGE)
PROMISES = [line for line in PAGE.splitlines() if line.startswith("| ") and not line.startswith("| promise ")]


def defined(path: Path) -> set[str]:
    nodes = ast.parse(path.read_text("utf-8")).body
    return {node.name for node in nodes if isinstance(node, ast.FunctionDef | ast.ClassDef)}


@pytest.mark.parametrize(("path", "name"), sorted(set(NAMED)), ids=lambda text: text.rpartition("/")[2])
def test_the_test_exists(path: str, name: str) -> None:
    assert name in defined(ROOT / path)


@pytest.mark.parametrize("line", PROMISES, ids=[line.split("|")[1].strip()[:60] for line in PROMISES])
def test_every_promise_is_proven(line: str) -> None:
    assert re.search(r"\| `tests/[\w/]+\.py::\w+`(, `tests/[\w/]+\.py::\w+`)* \|$", line)


def test_there_are_promises_and_their_limits() -> None:
    assert len(PROMISES) > 25
    assert PAGE.count("\n- **") >= 5
