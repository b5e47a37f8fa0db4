"""docs/report.md explains every key of the document and of a mapping, and every figure in its own words."""

from __future__ import annotations

import re
import tomllib
from collections.abc import Iterator, Mapping
from pathlib import Path
from typing import Any

import pytest

from crmbridge.csv_in.parse import load_spec
from crmbridge.csv_in.shape import FILE, SHAPE
from crmbridge.csv_in.spec import KINDS, REASONS, ROWS, SPECIAL
from crmbridge.metrics.definitions import definitions
from crmbridge.metrics.steps import ROLES
from tests.unit.csv_in.files import reported
from tests.unit.metrics.journeys import terms

TEXT = (Path(__file__).parents[2] / "docs" / "report.md").read_text("utf-8")
WORDS = set(re.findall(r"[a-z0-9_]+", " ".join(re.findall(r"`([^`\n]+)`", TEXT))))


def keys(shape: Mapping[str, Any]) -> Iterator[str]:
    for key, below in shape.items():
        yield key
        if isinstance(below, Mapping):
            yield from keys(below)


@pytest.mark.parametrize("key", sorted({*keys(SHAPE), *FILE} - {"format"}))
def test_every_key_of_a_mapping_is_explained(key: str) -> None:
    assert key in WORDS or f"[{key}]" in TEXT


@pytest.mark.parametrize("word", sorted({*ROLES, *ROWS, *KINDS, *SPECIAL, *REASONS}))
def test_every_word_of_a_mapping_is_named(word: str) -> None:
    assert word in WORDS


def test_every_key_of_the_document_is_explained(tmp_path: Path) -> None:
    document = reported(tmp_path)
    assert document.keys() <= WORDS
    (row, *_) = document["by"]["source"]
    assert row.keys() <= WORDS
    (cohort, *_) = document["cohorts"]
    assert {*cohort["conversions"][0], *document["periods"][0]} <= WORDS


@pytest.mark.parametrize("name", definitions(terms()))
def test_every_definition_stands_on_the_page(name: str) -> None:
    first = definitions(terms())[name].split("2027")[0].split("from the first")[0][:40].split(" in which")[0]
    assert f"| `{name}` | " in TEXT
    assert name in {"as_of", "cohorts"} or first in TEXT


def test_the_example_is_a_mapping(tmp_path: Path) -> None:
    example = re.search(r"```toml\n(.*?)```", TEXT, re.DOTALL)
    assert example is not None
    tomllib.loads(example[1])
    path = tmp_path / "example.toml"
    path.write_text(example[1], "utf-8")
    assert load_spec(path).stages == {"mql": "qualified", "customer": "customer"}
