"""docs/mapping.md explains every key that a mapping file may have, and its example is one."""

from __future__ import annotations

import re
import tomllib
from collections.abc import Iterator, Mapping
from pathlib import Path
from typing import Any

import pytest

from crmbridge.mapping import AUTHORITIES, CANONICAL, Kind
from crmbridge.mapping import Mapping as CompanyMapping
from crmbridge.mapping_file import FIELD_KEYS, SHAPE, SUMMARY_KEYS
from crmbridge.model import ActivityKind, LeadStatus

TEXT = (Path(__file__).parents[2] / "docs" / "mapping.md").read_text(encoding="utf-8")
WORDS = set(re.findall(r"[a-z_]+", " ".join(re.findall(r"`([^`\n]+)`", TEXT))))


def keys(shape: Mapping[str, Any]) -> Iterator[str]:
    for key, below in shape.items():
        yield key
        if isinstance(below, Mapping):
            yield from keys(below)


@pytest.mark.parametrize("key", sorted({*keys(SHAPE), *FIELD_KEYS, *SUMMARY_KEYS}))
def test_every_key_is_explained(key: str) -> None:
    assert key in WORDS


@pytest.mark.parametrize("word", sorted([*CANONICAL, *AUTHORITIES, *(kind.value for kind in Kind)]))
def test_every_canonical_field_kind_and_authority_is_named(word: str) -> None:
    assert word in WORDS


@pytest.mark.parametrize("values", [LeadStatus, ActivityKind])
def test_every_status_and_activity_kind_is_named(values: type[LeadStatus] | type[ActivityKind]) -> None:
    assert {value.value for value in values} - {"unknown"} <= WORDS


def test_every_example_is_a_mapping_that_is_accepted() -> None:
    blocks = re.findall(r"```toml\n(.*?)```", TEXT, re.DOTALL)
    assert len(blocks) == 3
    for block in blocks:
        CompanyMapping.parse({"format": 1, **tomllib.loads(block)})


def test_the_defaults_named_in_the_page_are_the_defaults() -> None:
    mapping = CompanyMapping.default()
    assert (mapping.status_object, mapping.score_step) == ("contacts", 5)
    assert mapping.compare_and_set == {"owner"}
    assert (mapping.create_salesforce_leads, mapping.create_hubspot_contacts) == (True, False)
