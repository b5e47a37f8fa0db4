"""docs/lint.md names every rule of the lint with what it means, and no other."""

from __future__ import annotations

import re
from pathlib import Path

from crmbridge.process.lint import RULES

TEXT = (Path(__file__).parents[2] / "docs" / "lint.md").read_text("utf-8")


def test_every_rule_stands_there_with_what_it_means_and_no_other() -> None:
    rows = dict(re.findall(r"^\| `(\w+)` \| [^|]+ \| ([^|]+) \|$", TEXT, re.MULTILINE))
    assert rows.keys() == RULES.keys()
    assert [name for name, meaning in RULES.items() if not rows[name].startswith(meaning)] == []
