"""Hostile words in every place that a company or a lead can fill: shown, and never obeyed."""

from __future__ import annotations

import json
from collections.abc import Iterator, Sequence
from dataclasses import replace
from pathlib import Path
from typing import Any

import pytest

from crmbridge.report import page
from tests.unit.report.pages import acorn, addresses, tree, words

SHARED = Path(__file__).parents[4] / "shared" / "data" / "reference" / "naughty_strings" / "blns.json"
FIXED = (
    "<script>alert(1)</script>", '"><img src=x onerror=alert(1)>', "'-alert(1)-'",
    "</style><script>1</script>",
    "]]></svg><script>1</script>", "{{ 7*7 }}{% raw %}", "{n} {leads}", "$\\frac{1}{0}$", "$x$",
    "\\input{x}", "javascript:alert(1)", "\x00\x07\x1b[31m", "\u202eevil\u2066", "\ud800",
    "田中さん العربية 👩‍👩‍👧",
    "a" * 5_000, "=cmd|' /C calc'!A0", "&lt;b&gt;&amp;", "<!--", "", " ", "1e400", "NaN", "-0",
)  # fmt: skip


def naughty() -> list[str]:
    return list(json.loads(SHARED.read_text("utf-8"))) if SHARED.exists() else []


def poisoned(words_: Sequence[str]) -> Any:
    """Put words into every place; each row gets another one."""
    supply = _endless(words_)
    found = acorn()
    document = json.loads(json.dumps(found.document))
    for row in document["funnel"]:
        row["stage"] = next(supply)
    for rows in document["by"].values():
        for row in rows:
            row["value"] = next(supply)
    for what in ("recycled", "rejected", "disqualified", "lost_reasons", "notes", "rows_skipped"):
        document[what] = {next(supply): 3 for _ in range(12)}
    document["by"][next(supply) or "x"] = document["by"]["source"]
    for row in document["segments"][:30]:
        row.update(value=next(supply), verdict="outperforms", dimension=next(supply) or "x")
    for rows in document["review"].values():
        for row in rows:
            row.update(lead_id=next(supply), source=next(supply), owner=next(supply), reason=next(supply))
    work = found.work
    assert work is not None
    people = [
        replace(row, name=next(supply), company=next(supply), owner=next(supply), datum=next(supply))
        for row in work.almost
    ]
    work = replace(work, almost=people, due=people, lint=[next(supply) for _ in range(4)])
    return replace(found, name=next(supply), document=document, work=work)


def _endless(words_: Sequence[str]) -> Iterator[str]:
    while True:
        yield from words_


def check(words_: Sequence[str]) -> str:
    text = page(poisoned(words_))
    root = tree(text)
    assert not root.xpath("//script | //iframe | //link | //object | //embed | //base | //form")
    assert not [name for each in root.iter() for name in each.keys() if name.startswith("on")]  # noqa: SIM118
    assert all(each.startswith(("#", "data:image/svg+xml;base64,")) for each in addresses(root))
    assert len(root.findall(".//h1")) == 1
    text.encode()  # no half of a character
    assert not set(text) & set("\x00\x07\x1b\u202e\u2066")
    return words(root)


def test_a_fixed_set_is_shown_and_never_obeyed() -> None:
    told = check(FIXED)
    assert "<script>alert(1)</script>" in told
    assert "{{ 7*7 }}" in told
    assert "$x$" in told
    assert "{n} {leads}" in told


@pytest.mark.slow
def test_the_list_of_naughty_strings_is_shown_and_never_obeyed() -> None:
    strings = naughty()
    if not strings:
        pytest.skip("the reference list ../shared/data/reference/naughty_strings is not here")
    for start in range(0, len(strings), 260):
        check(strings[start : start + 260])
