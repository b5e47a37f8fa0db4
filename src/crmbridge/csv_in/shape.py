"""The keys of a mapping of CSV files, each with its check; every problem is reported at once."""

from __future__ import annotations

import codecs
from collections.abc import Mapping
from datetime import date, datetime
from typing import Any, Final
from zoneinfo import ZoneInfo

from crmbridge.csv_in.spec import DIRECTIONS, KINDS, NAMES, ROWS
from crmbridge.mapping_file.checks import (
    Check,
    Place,
    check_boolean,
    check_step,
    check_text,
    list_of,
    one_of,
    table_of,
)
from crmbridge.metrics.figures import PERIODS
from crmbridge.metrics.steps import ROLES, WAY

#: Words for dates as spreadsheets write them -> strptime, the longer ones first.
_WORDS: Final = (
    ("YYYY", "%Y"), ("YY", "%y"), ("MMM", "%b"), ("MM", "%m"), ("DD", "%d"),
    ("HH", "%H"), ("mm", "%M"), ("ss", "%S"), ("SS", "%S"),
)  # fmt: skip


def texts(value: Any, place: Place) -> tuple[str, ...] | None:
    """Accept a text or a list of texts."""
    if isinstance(value, str):
        return (value,)
    if isinstance(value, list) and all(isinstance(item, str) for item in value):
        return tuple(value)
    place.refuse("must be a text or a list of texts")
    return None


def _encoding(value: Any, place: Place) -> Any:
    try:
        return codecs.lookup(value).name if isinstance(value, str) else _no(place, "must be a text")
    except LookupError:
        return _no(place, f"there is no encoding {value!r}", 'such as "utf-8", "utf-8-sig" or "cp1252"')


def _one_character(value: Any, place: Place) -> Any:
    if isinstance(value, str) and len(value) == 1:
        return value
    return _no(place, "must be one character", 'such as ",", ";" or "\\t"')


def _header(value: Any, place: Place) -> Any:
    if value is True:
        return True
    if isinstance(value, list) and value and all(isinstance(name, str) for name in value):
        return tuple(value)
    return _no(place, "must be true or the list of column names", "a file without a header needs the list")


def date_formats(value: Any, place: Place) -> tuple[str, ...] | None:
    """Accept strptime formats, "iso", or words such as DD.MM.YYYY."""
    found = texts(value, place)
    if found is None:
        return None
    read = tuple(_strptime(text) for text in found)
    for text, pattern in zip(found, read, strict=True):
        if pattern != "iso" and not _is_date(pattern):
            place.refuse(
                f"{text!r} is no date format with year, month and day", 'such as "%d.%m.%Y" or "iso"'
            )
    return read


def _strptime(text: str) -> str:
    if text.casefold() == "iso":
        return "iso"
    if "%" in text:
        return text
    for word, code in _WORDS:
        text = text.replace(word, code)
    return text


def _is_date(pattern: str) -> bool:
    """Tell whether a format gives back the very day that it wrote."""
    moment = datetime(2021, 12, 13)  # noqa: DTZ001 - compared with what strptime gives
    try:
        return datetime.strptime(moment.strftime(pattern), pattern).date() == moment.date()  # noqa: DTZ007
    except ValueError:
        return False


def _zone(value: Any, place: Place) -> Any:
    try:
        return ZoneInfo(value).key if isinstance(value, str) else _no(place, "must be a text")
    except (KeyError, ValueError, OSError):
        return _no(place, f"there is no time zone {value!r}", 'such as "Europe/Berlin"')


def column(value: Any, place: Place) -> Any:
    """Accept a column name, or a table with column and date_format."""
    if isinstance(value, str) and value.strip():
        return {"column": value}
    if isinstance(value, Mapping) and isinstance(value.get("column"), str):
        extra = sorted(value.keys() - {"column", "date_format"})
        for key in extra:
            place.at(key).refuse("unknown key", "known here: column, date_format")
        given = value.get("date_format")
        formats = None if given is None else date_formats(given, place.at("date_format"))
        return {"column": value["column"], "date_format": formats}
    return _no(place, "must be the name of a column", 'or { column = "…", date_format = "…" }')


def _stage(value: Any, place: Place) -> Any:
    """Accept a stage, false, or a table that says that the key is a column."""
    if value is False or (isinstance(value, str) and value.strip()):
        return value
    if isinstance(value, Mapping) and isinstance(value.get("stage"), str) and value.get("present") is True:
        return {"stage": value["stage"]}
    return _no(place, "must be a stage, false, or { stage = …, present = true } for a column")


def _state(value: Any, place: Place) -> Any:
    return True if value is True else texts(value, place)


def or_false(check: Check) -> Check:
    """Make a check that also accepts false."""

    def checked(value: Any, place: Place) -> Any:
        return False if value is False else check(value, place)

    return checked


def _moment(value: Any, place: Place) -> Any:
    if isinstance(value, date):
        return value
    return _no(place, "must be a date or a moment", "write it without quotes: 2026-11-21")


def _no(place: Place, message: str, suggestion: str = "") -> Any:
    place.refuse(message, suggestion)


_KIND: Final = one_of(*KINDS)
_FORMAT: Final[Mapping[str, Any]] = {
    "encoding": _encoding,
    "delimiter": _one_character,
    "header": _header,
    "date_format": date_formats,
    "decimal": one_of(".", ","),
    "thousands": _one_character,
    "missing": texts,
    "timezone": _zone,
}
#: Keys of a table in ``files``.
FILE: Final[Mapping[str, Any]] = {
    "path": check_text,
    "name": check_text,
    "rows": one_of(*ROWS),
    "key": check_text,
    "on": check_text,
    **_FORMAT,
    "only": table_of(texts),
    "stage": check_text,
    "id": check_text,
    "at": column,
    "owner": check_text,
    "kind": _KIND,
    "kind_column": check_text,
    "direction": one_of(*DIRECTIONS),
    "direction_column": check_text,
    "directions": table_of(one_of(*DIRECTIONS)),
    "value": check_text,
    "reason": check_text,
    "created": column,
    "closed": column,
    "amount": check_text,
    "currency": check_text,
    "state": check_text,
    "won": _state,
    "lost": texts,
    "open": texts,
}
#: Keys of a file table that only rows of this kind have.
OF_ROWS: Final[Mapping[str, tuple[str, ...]]] = {
    "activities": (
        "id", "at", "owner", "kind", "kind_column", "direction", "direction_column", "directions",
    ),
    "deals": ("id", "created", "closed", "amount", "currency", "state", "won", "lost", "open", "owner"),
    "history": ("value", "at", "reason"),
}  # fmt: skip
QUOTA: Final[Mapping[str, Any]] = {
    "period": one_of(*PERIODS),
    "target": check_step,
    "targets": table_of(check_step),
    "begins": _moment,
    "carry_over": check_boolean,
    "carry_surplus": check_boolean,
}
#: Every key of a mapping of CSV files; ``files`` is checked by itself.
SHAPE: Final[Mapping[str, Any]] = {
    "format": lambda value, place: value == 1 or place.refuse("this version reads format = 1"),
    "csv": {"files": lambda value, _: value, **_FORMAT, "currency": check_text},
    "key": {"column": check_text, "row": check_boolean, "names": one_of(*NAMES)},
    "fields": table_of(column),
    "stages": table_of(_stage),
    "dates": table_of(column),
    "roles": table_of(one_of(*ROLES)),
    "reasons": table_of(check_text),
    "kinds": table_of(or_false(_KIND)),
    "report": {
        "as_of": _moment,
        "by": list_of(check_text),
        "period": one_of(*PERIODS),
        "close_from": check_text,
        "touches": list_of(_KIND),
        "windows": table_of(check_step, one_of(*WAY)),
        "sla_hours": check_step,
        "quota": {"qualified": QUOTA, "won": QUOTA},
    },
}
