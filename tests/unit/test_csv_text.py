"""Tables that a spreadsheet shows and never runs."""

from __future__ import annotations

import csv
import io
from datetime import UTC, datetime
from decimal import Decimal

import pytest
from hypothesis import given
from hypothesis import strategies as st

from crmbridge.csv_text import cell, table
from crmbridge.model import Money


@pytest.mark.parametrize(
    "text", ["=1+1", "+49 30", "-1", "@cmd", "\t=1", " =1", "\r\n=1", "＝1", "=cmd|' /C calc'!A0"]
)
def test_what_a_spreadsheet_would_run_becomes_text(text: str) -> None:
    assert cell(text) == "'" + text


def test_values_that_are_no_text_are_left_as_they_are() -> None:
    at = datetime(2026, 3, 2, 9, tzinfo=UTC)
    values = [None, True, -3, 2.5, at, Money(Decimal("1.50"), "EUR"), "Ann"]
    assert [cell(value) for value in values] == [
        "", "true", "-3", "2.5", "2026-03-02T09:00:00+00:00", "1.50 EUR", "Ann",
    ]  # fmt: skip


@given(st.lists(st.lists(st.text(st.characters(exclude_characters="\0")), min_size=2, max_size=2)))
def test_a_table_is_read_back_cell_by_cell(rows: list[list[str]]) -> None:
    found = list(csv.reader(io.StringIO(table(("a", "b"), rows), newline="")))
    assert found[0] == ["a", "b"]
    assert [[text.removeprefix("'") for text in row] for row in found[1:]] == [
        [text.removeprefix("'") for text in row] for row in rows
    ]
    assert not [text for row in found[1:] for text in row if text.lstrip().startswith(("=", "+", "-", "@"))]
