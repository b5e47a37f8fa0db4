"""Tables as CSV that a spreadsheet shows and never runs: the one way in which we write CSV."""

from __future__ import annotations

import csv
import io
from collections.abc import Iterable, Sequence
from datetime import date
from typing import Any, TextIO

from crmbridge.model import Money

#: What a spreadsheet takes for the beginning of a formula; also in full width, and behind white space.
_FORMULA = ("=", "+", "-", "@", "\t", "\r", "\uff1d", "\uff0b", "\uff0d", "\uff20")


def cell(value: Any) -> str:
    """Write one value. A text that a spreadsheet would run gets an apostrophe in front; None is empty."""
    if value is None:
        return ""
    if isinstance(value, bool):
        return "true" if value else "false"
    if isinstance(value, int | float):
        return str(value)
    if isinstance(value, Money):
        return f"{value.amount} {value.currency or ''}".strip()
    if isinstance(value, date):
        return value.isoformat()
    text = str(value).replace("\0", "")
    return "'" + text if text.startswith(_FORMULA) or text.lstrip().startswith(_FORMULA) else text


def table(header: Sequence[str], rows: Iterable[Sequence[Any]]) -> str:
    """Make a table, lines ended by ``\\r\\n`` as RFC 4180 has it."""
    out = io.StringIO(newline="")
    write_table(out, header, rows)
    return out.getvalue()


def write_table(out: TextIO, header: Sequence[str], rows: Iterable[Sequence[Any]]) -> int:
    """Write the same row by row, and count its rows."""
    writer = csv.writer(out)
    writer.writerow(header)
    count = 0
    for row in rows:
        writer.writerow([cell(value) for value in row])
        count += 1
    return count
