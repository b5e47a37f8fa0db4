"""Files load only as declared: a clear refusal otherwise, never other figures."""

from __future__ import annotations

import csv
import stat
from datetime import UTC, datetime
from decimal import Decimal
from pathlib import Path
from typing import Any

import pytest
from hypothesis import given
from hypothesis import strategies as st

from crmbridge.csv_in import read_csv
from crmbridge.csv_in.texts import amount, moment_reader
from crmbridge.errors import ConfigError
from tests.unit.csv_in.files import DEALS, LEADS, MAPPING, read, refused, reported, write


def declared(line: str, mapping: str = MAPPING) -> str:
    """Add a line under [csv]."""
    return mapping.replace("[csv]\n", f"[csv]\n{line}\n")


def figures(document: dict[str, Any]) -> Any:
    return {
        key: document[key] for key in ("rows_in", "rows_used", "funnel", "by", "revenue", "time_to_close")
    }


def test_two_files_become_one_funnel(tmp_path: Path) -> None:
    document = reported(tmp_path)
    assert [(row["stage"], row["reached"], row["current"]) for row in document["funnel"]] == [
        ("mql", 3, 2),
        ("customer", 1, 1),
    ]
    assert (document["rows_in"], document["rows_used"], document["rows_skipped"]) == (5, 4, {"no_match": 1})
    assert document["time_to_close"] == {"n": 1, "median_days": 15, "p90_days": 15}
    assert (document["revenue"], document["notes"]) == (100.5, {"leads without a row in deals.csv": 2})
    assert {row["value"] for row in document["by"]["source"]} == {"web", "unknown", None}


# declared or refused ---------------------------------------------------------------------------------
COLUMNS = LEADS.splitlines()[0].split(",")
SAME: dict[str, tuple[str, dict[str, bytes]]] = {
    "CRLF": (MAPPING, {"leads": LEADS.replace("\n", "\r\n").encode()}),
    "byte order mark": (declared('encoding = "utf-8-sig"'), {"leads": b"\xef\xbb\xbf" + LEADS.encode()}),
    "UTF-16": (
        MAPPING.replace('"leads.csv"', '{ path = "leads.csv", encoding = "utf-16" }'),
        {"leads": LEADS.encode("utf-16")},
    ),
    "semicolons": (declared('delimiter = ";"'), {
        "leads": LEADS.replace(",", ";").encode(), "deals": DEALS.replace(",", ";").encode()}),
    "no header": (
        MAPPING.replace('"leads.csv"', f'{{ path = "leads.csv", header = {COLUMNS} }}'),
        {"leads": LEADS.partition("\n")[2].encode()},
    ),
    "no line end": (MAPPING, {"leads": LEADS.rstrip("\n").encode()}),
    "decimal comma": (
        MAPPING.replace('key = "lead" }', 'key = "lead", decimal = ",", thousands = "." }'),
        {"deals": DEALS.replace("100.50", '"100,50"').encode()},
    ),
    "a word for nothing": (
        declared('missing = ["n/a"]'), {"leads": LEADS.replace("06,,", "06,n/a,").encode()}),
    "other dates": (
        MAPPING.replace('"%Y-%m-%d"', '"DD.MM.YYYY"'),
        {
            "leads": LEADS.replace("2026-01-05", "05.01.2026").replace("2026-01-06", "06.01.2026")
            .replace("2026-02-01", "01.02.2026").encode(),
            "deals": DEALS.replace("2026-01-20", "20.01.2026").replace("2026-01-21", "21.01.2026").encode(),
        },
    ),
    "two formats": (
        MAPPING.replace('"%Y-%m-%d"', '["%Y-%m-%d", "%Y-%m-%d %H:%M:%S"]'),
        {"deals": DEALS.replace("2026-01-20", "2026-01-20 19:58:54").encode()},
    ),
    "a format for one column": (
        MAPPING.replace('customer = "won_on"', 'customer = { column = "won_on", date_format = "%d/%m/%y" }'),
        {"deals": DEALS.replace("2026-01-20", "20/01/26").replace("2026-01-21", "21/01/26").encode()},
    ),
}  # fmt: skip


@pytest.mark.parametrize(("mapping", "files"), SAME.values(), ids=SAME)
def test_a_declared_form_gives_the_same_figures(
    tmp_path: Path, mapping: str, files: dict[str, bytes]
) -> None:
    assert figures(reported(tmp_path, mapping, **files)) == figures(reported(tmp_path))


@pytest.mark.parametrize(
    ("name", "told"),
    [
        ("byte order mark", "begins with a byte order mark"),
        ("UTF-16", "begins with a byte order mark"),
        ("semicolons", "has no column"),
        ("no header", "has no column"),
        ("decimal comma", "is no number in the declared form: line 2"),
        ("other dates", "is no date in the declared format: lines 2, 3, 4"),
        ("two formats", "is no date in the declared format: line 2"),
        ("a format for one column", "is no date in the declared format: line 2"),
    ],
)
def test_the_same_form_undeclared_is_refused(tmp_path: Path, name: str, told: str) -> None:
    files: dict[str, Any] = dict(SAME[name][1])
    problems = refused(tmp_path, **files)
    assert told in " ".join(map(str, problems))
    assert all(problem.suggestion or problem.message for problem in problems)


def test_the_first_rows_that_do_not_fit_are_named_with_file_and_column_and_no_text(tmp_path: Path) -> None:
    rows = "".join(f"{n},{n}. May,web,ann\n" for n in range(1, 9))
    (problem,) = refused(tmp_path, leads="id,first_contact,source,owner\n" + rows)
    assert (problem.file, problem.key) == ("leads.csv", "first_contact")
    assert problem.message == "is no date in the declared format: lines 2, 3, 4, 5, 6 and 3 more"
    assert problem.suggestion == "declared: %Y-%m-%d"


def test_dates_without_a_format_are_not_guessed(tmp_path: Path) -> None:
    problems = refused(tmp_path, MAPPING.replace('date_format = "%Y-%m-%d"\n', ""))
    assert {problem.key for problem in problems} == {"dates.mql", "dates.customer"}
    assert all("no date_format is declared" in problem.message for problem in problems)


def test_two_formats_that_read_a_day_differently_are_refused(tmp_path: Path) -> None:
    mapping = MAPPING.replace('"%Y-%m-%d"', '["%d/%m/%Y", "%m/%d/%Y"]')
    leads = LEADS.replace("2026-01-05", "13/02/2026").replace("2026-01-06", "02/03/2026")
    (problem, *_) = refused(tmp_path, mapping, leads=leads, deals="lead,won_on,amount\n")
    assert problem.message == "is no date in the declared format: lines 3, 4"


def test_a_wrong_encoding_is_a_refusal_with_the_line(tmp_path: Path) -> None:
    problems = refused(tmp_path, leads=LEADS.replace("web", "Müll").encode("latin-1"))
    assert "is not utf-8 after line" in problems[0].message


def test_an_open_quote_is_a_refusal(tmp_path: Path) -> None:
    assert "line" in refused(tmp_path, leads=LEADS + '4,2026-01-01,"web,ann\n')[0].message


def test_a_header_that_is_declared_and_there_as_well_is_a_refusal(tmp_path: Path) -> None:
    mapping = SAME["no header"][0]
    assert "begins with its header" in refused(tmp_path, mapping)[0].message


def test_a_missing_file_is_a_refusal(tmp_path: Path) -> None:
    path = write(tmp_path)
    tmp_path.joinpath("deals.csv").unlink()
    with pytest.raises(ValueError, match=r"deals\.csv: cannot be read: No such file"):
        read_csv(path)


# rows -----------------------------------------------------------------------------------------------
ROWS = """\
id,first_contact,source,owner
1,2026-01-05,web,ann
1,2026-01-05,web,ann
1,2026-01-06,web,ann

 ,2026-01-05,web,ann
2,2026-01-05,web
3,2026-01-05,web,ann,more
4,,web,ann
"""


def test_every_row_is_used_or_skipped_with_a_reason_and_kept(tmp_path: Path) -> None:
    rejects = tmp_path / "rejects.csv"
    found = read_csv(write(tmp_path, leads=ROWS), rejects=rejects)
    assert found.rows.read == 9
    assert found.rows.skipped == {
        "duplicate_row": 1, "duplicate_key": 1, "blank_key": 1, "ragged_row": 2, "no_match": 1,
    }  # fmt: skip
    with rejects.open(encoding="utf-8", newline="") as lines:
        header, *kept = csv.reader(lines)
    assert header == ["file", "line", "reason", "cells"]  # the files have different columns
    assert [row[:3] for row in kept] == [
        ["leads.csv", "3", "duplicate_row"],
        ["leads.csv", "4", "duplicate_key"],
        ["leads.csv", "6", "blank_key"],
        ["leads.csv", "7", "ragged_row"],
        ["leads.csv", "8", "ragged_row"],
        ["deals.csv", "3", "no_match"],
    ]
    assert kept[-1][3:] == ["9", "2026-01-21", "1"]
    assert stat.S_IMODE(rejects.stat().st_mode) == 0o600


def test_a_refusal_leaves_no_rejects_and_files_that_are_read_are_never_replaced(tmp_path: Path) -> None:
    rejects, path = tmp_path / "rejects.csv", write(tmp_path, leads=LEADS.replace("2026-02-01", "soon"))
    with pytest.raises(ConfigError, match="is no date"):
        read_csv(path, rejects=rejects)
    assert not rejects.exists()
    with pytest.raises(ConfigError, match="is a file that is read"):
        read_csv(path, rejects=tmp_path / "leads.csv")
    assert tmp_path.joinpath("leads.csv").read_text("utf-8").startswith("id,")


def test_a_column_that_is_there_twice_is_refused_where_it_is_asked_for(tmp_path: Path) -> None:
    twice = LEADS.replace("source,owner", "source,source")
    assert "has 2 columns 'source'" in str(refused(tmp_path, leads=twice))
    unused = LEADS.replace("owner\n", "x,x\n").replace(",ann", ",,").replace(",bob", ",,")
    assert read(tmp_path, MAPPING.replace('owner = "owner"\n', ""), leads=unused).rows.read == 5


# texts ----------------------------------------------------------------------------------------------
@given(st.datetimes(datetime(1980, 1, 1), datetime(2100, 1, 1)))  # noqa: DTZ001 - written without a zone
def test_the_fast_reader_reads_what_strptime_reads(moment: datetime) -> None:
    for pattern in ("%Y-%m-%d", "%Y-%m-%d %H:%M:%S", "%Y-%m-%dT%H:%M:%S", "%Y-%m-%d %H:%M"):
        text = moment.strftime(pattern)
        expected = datetime.strptime(text, pattern).replace(tzinfo=UTC)
        assert moment_reader([pattern], "UTC")(text) == expected


def test_times_are_of_the_declared_zone() -> None:
    assert moment_reader(["%Y-%m-%d %H:%M"], "Europe/Berlin")("2026-07-01 00:30") == datetime(
        2026, 6, 30, 22, 30, tzinfo=UTC
    )


@pytest.mark.parametrize("text", ["20260105", "2026-W02-1", "2026-1-5x", "2026-13-01", "٢٠٢٦-٠١-٠٥", ""])
def test_what_is_no_iso_day_is_none(text: str) -> None:
    with pytest.raises(ValueError, match="fits no format"):
        moment_reader(["iso"], "UTC")(text)


@pytest.mark.parametrize(
    ("text", "decimal", "thousands", "expected"),
    [
        ("1234.5", ".", "", "1234.5"), ("1.234,50", ",", ".", "1234.50"), ("-7", ".", "", "-7"),
        ("1,234,567", ".", ",", "1234567"), ("12", ",", ".", "12"),
    ],
)  # fmt: skip
def test_numbers_are_read_as_declared(text: str, decimal: str, thousands: str, expected: str) -> None:
    assert amount(text, decimal, thousands) == Decimal(expected)


@pytest.mark.parametrize(
    ("text", "decimal", "thousands"),
    [
        ("1,5", ".", ""),
        ("1,5", ".", ","),
        ("1.234", ",", ""),
        ("1e5", ".", ""),
        ("NaN", ".", ""),
        ("$5", ".", ""),
    ],
)
def test_a_number_in_another_form_is_none(text: str, decimal: str, thousands: str) -> None:
    with pytest.raises(ValueError, match="is no number"):
        amount(text, decimal, thousands)
