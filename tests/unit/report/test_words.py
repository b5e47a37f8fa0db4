"""The words: four languages with the same keys and the same gaps; numbers as their readers write them."""

from __future__ import annotations

import re

import pytest

from crmbridge.metrics.definitions import _TEXTS
from crmbridge.process.keys import LANGUAGES as PROCESS_LANGUAGES
from crmbridge.report.language import LANGUAGES, Language, definitions, words

ALL = [(section, key) for section, table in words().items() for key in table]


def gaps(text: str) -> set[str]:
    return set(re.findall(r"\{(\w+)\}", text))


def test_the_page_speaks_every_language_of_the_process_file() -> None:
    assert LANGUAGES == PROCESS_LANGUAGES


@pytest.mark.parametrize(("section", "key"), ALL)
def test_every_text_is_there_four_times_with_the_same_gaps(section: str, key: str) -> None:
    texts = words()[section][key]
    assert len(texts) == len(LANGUAGES)
    assert all(texts)
    assert len({frozenset(gaps(text)) for text in texts}) == 1


def test_sentences_are_translated() -> None:
    long = [texts for table in words().values() for texts in table.values() if len(texts[0].split()) > 3]
    same = [texts for texts in long if len(set(texts)) < len(texts) and "{" not in texts[0]]
    assert (len(long) > 60, same) == (True, [])


def test_definitions_are_translated_with_their_gaps() -> None:
    shown = set(definitions())
    assert set(_TEXTS) - shown == {"from_action"}  # no figure of the page
    for key, texts in definitions().items():
        assert len(texts) == len(LANGUAGES) - 1
        assert {frozenset(gaps(text)) for text in texts} == {frozenset(gaps(_TEXTS[key]))}


@pytest.mark.parametrize(
    ("code", "written"),
    [
        ("en", ("12,345.5", "12.3%", "1.5 hr", "€1,234,567", "Nov 2, 2026", "Nov 26")),
        ("es", ("12.345,5", "12,3 %", "1,5 h", "1.234.567 €", "2 nov 2026", "nov 26")),
        ("fr", ("12 345,5", "12,3 %", "1,5 h", "1 234 567 €", "2 nov. 2026", "nov. 26")),
        ("pt", ("12.345,5", "12,3%", "1,5 horas", "€ 1.234.567", "2 de nov. de 2026", "nov. 26")),
    ],
)
def test_figures_are_written_as_their_readers_write_them(code: str, written: tuple[str, ...]) -> None:
    language = Language(code)
    found = (
        language.number(12345.5), language.share(0.1234), language.seconds(5400),
        language.money({"EUR": 1_234_567.0}), language.day("2026-11-02"), language.period("2026-11"),
    )  # fmt: skip
    assert tuple(re.sub(r"[\u00a0\u202f]", " ", each) for each in found) == written


def test_currencies_are_never_added() -> None:
    assert Language("en").money({"EUR": 10.0, "USD": 5.0, "": 3.0}) == "€10 + $5 + 3"


def test_periods_of_every_kind_have_a_name() -> None:
    names = ("2026-Q4", "2026-W47", "2026", None)
    assert [Language("en").period(name) for name in names] == ["Q4 2026", "2026-W47", "2026", "not recorded"]
