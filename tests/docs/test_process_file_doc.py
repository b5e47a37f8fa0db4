"""docs/process-file.md says of every key what the code says, and of no key that the code does not know."""

from __future__ import annotations

import re
import tomllib
from pathlib import Path
from typing import Any

import pytest

from crmbridge.model import Memory
from crmbridge.process import Process, decide
from crmbridge.process.conditions import ACTIVITY_FIELDS, LEAD_FIELDS
from crmbridge.process.keys import KEYS, Key
from crmbridge.process.operators import OPERATORS, FieldKind
from crmbridge.process.routing import DEAD_ENDS
from tests.unit.process.acme import HOT, NOW

TEXT = (Path(__file__).parents[2] / "docs" / "process-file.md").read_text(encoding="utf-8")
WORDS = set(re.findall(r"`([^`\n]+)`", TEXT))
#: Headings that are no table of the file by name.
NAMED = {"The file": "", "Conditions": "condition"}


def documented() -> dict[str, dict[str, tuple[str, str, str]]]:
    """Section -> key -> (type, default, meaning), as the page's tables have them."""
    sections: dict[str, dict[str, tuple[str, str, str]]] = {}
    for part in re.split(r"^#{2,3} ", TEXT, flags=re.MULTILINE)[1:]:
        heading, _, body = part.partition("\n")
        if "| Key |" in body:
            name = NAMED.get(heading, heading.strip("`[]"))
            rows = [[cell.strip() for cell in line.strip("|").split(" | ")] for line in body.splitlines()]
            sections[name] = {
                row[0].strip("|` "): (row[1], row[2], row[3].rstrip("| "))
                for row in rows
                if len(row) == 4 and row[0].startswith(("`", " `"))
            }
    return sections


def default_of(key: Key) -> str:
    """How the page writes a default."""
    if key.required:
        return "required"
    shown: dict[Any, str] = {None: "–", True: "`true`", False: "`false`"}
    if key.default is None or isinstance(key.default, bool):
        return shown[key.default]
    if isinstance(key.default, str):
        return f'`"{key.default}"`'
    if isinstance(key.default, list):
        return "all, in this order" if key.default else "`[]`"
    return "empty" if isinstance(key.default, dict) else f"`{key.default:g}`"


PAGE = documented()


def test_every_section_is_on_the_page_and_no_other() -> None:
    assert set(PAGE) == set(KEYS)


@pytest.mark.parametrize("section", KEYS)
def test_every_key_stands_there_with_its_type_and_default_and_no_other(section: str) -> None:
    expected = {key.name: (key.kind.value, default_of(key)) for key in KEYS[section]}
    assert {name: cells[:2] for name, cells in PAGE[section].items()} == expected
    assert all(meaning for _, _, meaning in PAGE[section].values())


@pytest.mark.parametrize(
    ("section", "key"), [(section, key) for section, keys in KEYS.items() for key in keys if key.choices]
)
def test_every_choice_is_named(section: str, key: Key) -> None:
    named = set(re.findall(r"`([^`]+)`", PAGE[section][key.name][2]))
    assert set(key.choices) <= named


@pytest.mark.parametrize("name", OPERATORS)
def test_every_operator_stands_there_with_what_it_works_on(name: str) -> None:
    operator = OPERATORS[name]
    kinds = ", ".join(kind.value for kind in FieldKind if kind in operator.fields)
    assert f"| `{name}` | {kinds} | {operator.value.value} | " in TEXT


def test_every_field_and_dead_end_is_named() -> None:
    assert {*LEAD_FIELDS, *ACTIVITY_FIELDS, *DEAD_ENDS} <= WORDS


def test_the_example_works() -> None:
    example = re.search(r"```toml\n(.*?)```", TEXT, flags=re.DOTALL)
    assert example is not None
    process = Process.parse(tomllib.loads(example[1]))
    assert process.warnings == ()
    assert decide(HOT, process, Memory(), NOW).stage == "mql"
