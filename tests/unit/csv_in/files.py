"""Writes small files with a mapping, and reads them."""

from __future__ import annotations

from pathlib import Path
from typing import Any

from crmbridge.csv_in import CsvIn, read_csv
from crmbridge.errors import ConfigError, Problem
from crmbridge.metrics import report

LEADS = """\
id,first_contact,source,owner
1,2026-01-05,web,ann
2,2026-01-06,,bob
3,2026-02-01,unknown,ann
"""
DEALS = """\
lead,won_on,amount
1,2026-01-20,100.50
9,2026-01-21,1
"""
MAPPING = """\
[csv]
files = ["leads.csv", { path = "deals.csv", key = "lead" }]
date_format = "%Y-%m-%d"
[key]
column = "id"
[fields]
source = "source"
owner = "owner"
amount = "amount"
[stages]
won_on = "customer"
[dates]
mql = "first_contact"
customer = "won_on"
"""


def write(folder: Path, mapping: str = MAPPING, **files: str | bytes) -> Path:
    """Write files (name without .csv -> content) and the mapping; give the mapping's path."""
    for name, content in ({"leads": LEADS, "deals": DEALS} | files).items():
        data = content if isinstance(content, bytes) else content.encode()
        folder.joinpath(f"{name}.csv").write_bytes(data)
    path = folder / "funnel.toml"
    path.write_text(mapping, "utf-8")
    return path


def read(folder: Path, mapping: str = MAPPING, **files: str | bytes) -> CsvIn:
    return read_csv(write(folder, mapping, **files))


def reported(folder: Path, mapping: str = MAPPING, **files: str | bytes) -> dict[str, Any]:
    found = read(folder, mapping, **files)
    return report(found.journeys(), found.outline, found.terms(), found.rows)


def refused(folder: Path, mapping: str = MAPPING, **files: str | bytes) -> list[Problem]:
    """Give the problems for which files are refused."""
    try:
        read(folder, mapping, **files)
    except ConfigError as error:
        return list(error.problems)
    raise AssertionError("they were read")
