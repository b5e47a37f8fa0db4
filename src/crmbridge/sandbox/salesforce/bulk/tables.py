"""CSV as Bulk API 2.0 takes and gives it.

Line endings must be the job's, quotes are doubled, a quoted field may span lines (developer guide
"Prepare CSV Files", checked 2026-11-21).
"""

from __future__ import annotations

import csv
import io
import re
from collections.abc import Iterable, Sequence

DELIMITERS = {
    "COMMA": ",",
    "TAB": "\t",
    "PIPE": "|",
    "SEMICOLON": ";",
    "CARET": "^",
    "BACKQUOTE": "`",
}
LINE_ENDINGS = {"LF": "\n", "CRLF": "\r\n"}
_QUOTED = re.compile(r'"(?:[^"]|"")*"')
#: What must not stand at the end of a line, by the job's line ending.
_FOREIGN = {"LF": re.compile(r"\r"), "CRLF": re.compile(r"(?<!\r)\n|\r(?!\n)")}
#: Longest field read; a record may have 400,000 characters (limits page, checked 2026-11-21).
_MAX_FIELD = 400_000


class BadTable(Exception):
    """A file that fails its job; the text is the job's ``errorMessage``."""


def read_table(data: bytes, delimiter: str, line_ending: str) -> tuple[list[str], list[list[str]]]:
    """Give header and rows of an upload; rows that lack cells at their end are filled with empty ones.

    Args:
        data: The file. A byte order mark is not taken off: the first name will not be found.
        delimiter: Name of the column delimiter.
        line_ending: "LF" or "CRLF".

    Raises:
        BadTable: The service would not read it.
    """
    try:
        text = data.decode("utf-8")
    except UnicodeDecodeError:
        raise BadTable("ClientInputError : Invalid UTF-8 in user data") from None
    if _FOREIGN[line_ending].search(_QUOTED.sub("", text)):
        message = f"LineEnding is invalid on user data. Current LineEnding setting is {line_ending}"
        raise BadTable(f"ClientInputError : {message}")
    lines = _lines(text, DELIMITERS[delimiter])
    header = lines[0] if lines else []
    return header, [_filled(row, len(header)) for row in lines[1:]]


def _lines(text: str, delimiter: str) -> list[list[str]]:
    csv.field_size_limit(_MAX_FIELD)
    try:
        reader = csv.reader(io.StringIO(text, newline=""), delimiter=delimiter, strict=True)
        return [row for row in reader if row]
    except csv.Error as error:
        raise BadTable(f"InvalidBatch : Failed to parse CSV: {error}") from None


def _filled(row: list[str], width: int) -> list[str]:
    if len(row) > width:
        raise BadTable("InvalidBatch : Failed to parse CSV: a row has more cells than the header")
    return row + [""] * (width - len(row))


def write_table(
    header: Sequence[str], rows: Iterable[Sequence[str]], delimiter: str, line_ending: str
) -> bytes:
    """Give a result file: every field quoted, one header row."""
    out = io.StringIO(newline="")
    writer = csv.writer(
        out, delimiter=DELIMITERS[delimiter], lineterminator=LINE_ENDINGS[line_ending], quoting=csv.QUOTE_ALL
    )
    writer.writerow(header)
    writer.writerows(rows)
    return out.getvalue().encode("utf-8", "replace")
