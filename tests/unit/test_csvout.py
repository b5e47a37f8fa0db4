"""CSV that a spreadsheet shows and never runs."""

from __future__ import annotations

import csv
import io
from datetime import UTC, datetime
from typing import Any

import pytest
from hypothesis import given
from hypothesis import strategies as st

from crmbridge.csvout import write_csv


def written(*rows: list[Any]) -> list[list[str]]:
    out = io.StringIO(newline="")
    assert write_csv(out, ["a"], rows) == len(rows)
    return list(csv.reader(io.StringIO(out.getvalue(), newline="")))[1:]


@pytest.mark.parametrize("text", ["=1+1", "+1", "-1", "@x", "\t=1", "  =1", "\uff1d1", "\n=1"])
def test_what_a_spreadsheet_would_run_is_text(text: str) -> None:
    assert written([text]) == [["'" + text]]


@pytest.mark.parametrize(
    ("value", "shown"),
    [(None, ""), (-1.5, "-1.5"), (True, "true"), ("O'Brien, Ltd", "O'Brien, Ltd"),
     (datetime(2026, 11, 21, tzinfo=UTC), "2026-11-21T00:00:00+00:00")],
)  # fmt: skip
def test_everything_else_is_as_it_is(value: Any, shown: str) -> None:
    assert written([value]) == [[shown]]


@given(st.lists(st.lists(st.text(), min_size=2, max_size=2), max_size=3))
def test_no_cell_begins_a_formula_and_no_row_is_lost(rows: list[list[str]]) -> None:
    found = written(*rows)
    assert len(found) == len(rows)
    assert not [cell for row in found for cell in row if cell.lstrip().startswith(("=", "+", "-", "@"))]
