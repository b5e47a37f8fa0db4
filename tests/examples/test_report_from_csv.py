"""examples/report_from_csv: the command of its page runs, and its figures are those of plain counting."""

from __future__ import annotations

import csv
import re
import shlex
from collections import Counter
from pathlib import Path

import pytest

from tests.cli.company import crmbridge

ROOT = Path(__file__).parents[2]
FOLDER = ROOT / "examples" / "report_from_csv"


def rows(name: str) -> list[dict[str, str]]:
    with FOLDER.joinpath(name).open(encoding="utf-8", newline="") as lines:
        return list(csv.DictReader(lines))


@pytest.fixture(autouse=True)
def at_the_root(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.chdir(ROOT)


def test_the_commands_of_the_page_run(tmp_path: Path) -> None:
    commands = re.findall(
        r"^    crmbridge (.*)$", FOLDER.joinpath("README.md").read_text("utf-8"), re.MULTILINE
    )
    assert len(commands) == 3
    for command in commands:
        here = command.replace("rejects.csv", str(tmp_path / "r.csv"))
        here = here.replace("report.html", str(tmp_path / "report.html"))
        assert crmbridge(*shlex.split(here)).code == 0
    assert tmp_path.joinpath("report.html").read_text("utf-8").startswith("<!")
    assert len(tmp_path.joinpath("r.csv").read_text("utf-8").splitlines()) == 4


def test_the_figures_are_those_of_plain_counting() -> None:
    document = crmbridge("report", "--mapping", str(FOLDER / "funnel.toml"), "--json").json
    leads = {row["Lead"]: row for row in rows("leads.csv")}
    statuses = Counter(row["Status"] for row in leads.values())
    current = {row["stage"]: row["current"] for row in document["funnel"]}
    assert current == {
        "mql": statuses["Open"], "customer": statuses["Won"], "recycled": statuses["Recycled"],
        "disqualified": statuses["Junk"],
    }  # fmt: skip
    assert document["recycled"] == Counter(
        row["Reason"] for row in leads.values() if row["Status"] == "Recycled"
    )
    won = [row for row in rows("deals.csv") if row["Lead"] in leads]
    cents = sum(int(row["Amount"].replace(",", "")) for row in won)
    assert (document["won"], document["revenue"]) == (len(won), pytest.approx(cents / 100))
    assert document["activities"] == {"call": len(rows("calls.csv"))}
    assert document["rows_in"] == sum(
        len(rows(f"{name}.csv")) for name in ("leads", "deals", "reps", "calls")
    )
    assert document["rows_skipped"] == {"duplicate_row": 1, "no_match": 2}
