"""CSV that a spreadsheet shows and never runs, row by row."""

from __future__ import annotations

import csv
from collections.abc import Iterable, Sequence
from datetime import datetime
from typing import Any, Final, TextIO

#: What a spreadsheet takes for the beginning of a formula (OWASP, CSV injection; checked 2026-11-21);
#: also in full width.
_FORMULA: Final = ("=", "+", "-", "@", "\t", "\r", "\n", "\uff1d", "\uff0b", "\uff0d", "\uff20")


def write_csv(out: TextIO, header: Sequence[str], rows: Iterable[Sequence[Any]]) -> int:
    """Write a table as RFC 4180 has it, and count its rows.

    A text that a spreadsheet would run, blanks before it aside, gets an apostrophe in front. None is an
    empty cell, a moment is ISO 8601.
    """
    writer = csv.writer(out)
    writer.writerow(header)
    count = 0
    for row in rows:
        writer.writerow([_cell(value) for value in row])
        count += 1
    return count


def _cell(value: Any) -> Any:
    if isinstance(value, datetime):
        return value.isoformat()
    if isinstance(value, bool):
        return "true" if value else "false"
    if not isinstance(value, str):
        return value
    text = value.replace("\0", "")
    return "'" + text if text.startswith(_FORMULA) or text.lstrip().startswith(_FORMULA) else text
