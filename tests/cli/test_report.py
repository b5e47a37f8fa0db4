"""report: one document over the ledger or over files, with every key that interfaces promise."""

from __future__ import annotations

import json
from pathlib import Path

import pytest

from tests.cli.company import NOW, Company, crmbridge
from tests.unit.csv_in.files import MAPPING, write

KEYS = {
    "rows_in", "rows_used", "rows_skipped", "definitions", "funnel", "conversion", "follow_up",
    "time_to_close", "revenue", "by", "cohorts", "recycled", "quota", "drift",
}  # fmt: skip
ROW = {
    "value", "leads", "qualified", "accepted", "opportunities", "won", "rate", "revenue", "median_days",
    "p90_days",
}  # fmt: skip


def test_files_give_the_document_that_is_promised(tmp_path: Path) -> None:
    mapping = write(tmp_path)
    ran = crmbridge(
        "report", "--from-csv", str(tmp_path / "leads.csv"), str(tmp_path / "deals.csv"),
        "--mapping", str(mapping), "--json",
    )  # fmt: skip
    document = ran.json
    assert (ran.code, document.keys() >= KEYS) == (0, True)
    assert set(document["funnel"][0]) >= {"stage", "reached", "current"}
    assert set(document["conversion"][0]) >= {"from", "to", "n", "converted", "rate"}
    assert set(document["follow_up"]) >= {
        "n", "median_seconds", "p90_seconds", "business_median_seconds", "business_p90_seconds",
    }  # fmt: skip
    assert all(row.keys() >= ROW for rows in document["by"].values() for row in rows)
    assert document["conversion"] == [
        {"from": "mql", "to": "customer", "n": 3, "converted": 1, "rate": 1 / 3}
    ]


def test_the_mapping_alone_is_enough_and_rejects_are_kept(tmp_path: Path) -> None:
    rejects = tmp_path / "rejects.csv"
    ran = crmbridge("report", "--mapping", str(write(tmp_path)), "--rejects", str(rejects))
    assert ran.code == 0
    for text in ("3 leads", "1 skipped: no_match", "Funnel", "33.33%", "By source", "(blank)", "reached: "):
        assert text in ran.out
    assert "deals.csv,3,no_match,9," in rejects.read_text("utf-8")


def test_dimensions_and_periods_can_be_chosen(tmp_path: Path) -> None:
    words = ("report", "--mapping", str(write(tmp_path)), "--json")
    document = crmbridge(*words, "--by", "owner", "--since", "2026-01-06", "--until", "2026-02-01").json
    assert (list(document["by"]), document["leads"]) == (["owner"], 1)
    assert document["leads_left_out"] == {"outside_the_period": 2}
    assert crmbridge(*words, "--now", "2026-01-10").json["won"] == 0


@pytest.mark.parametrize(
    ("words", "told"),
    [
        (("--from-csv", "leads.csv"), "CSV files need a mapping"),
        (("--mapping", "none.toml"), "cannot be read"),
        (("--since", "May"), "give an ISO day"),
        (("--mapping", "funnel.toml", "--by", "team"), "is no field of the mapping"),
    ],
)
def test_what_cannot_be_done_is_refused(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch, words: tuple[str, ...], told: str
) -> None:
    write(tmp_path, MAPPING)
    monkeypatch.chdir(tmp_path)
    ran = crmbridge("report", *words)
    assert (ran.code, told in ran.err, ran.out) == (2, True, "")


def test_the_ledger_gives_the_same_document_and_what_decisions_recorded(company: Company) -> None:
    """S81, S98: figures of what was recorded while it happened, the same for both sides."""
    done = company.run("sync", "--json", "--now", NOW).json
    ran = company.run("report", "--json", "--now", NOW)
    document = ran.json
    assert (ran.code, document.keys() >= KEYS) == (0, True)
    assert document["rows_in"] == document["rows_used"] + sum(document["rows_skipped"].values())
    assert document["leads"] == done["decided"]
    assert sum(row["current"] for row in document["funnel"]) == document["leads"]
    assert {"source", "owner", "territory", "team", "country"} <= set(document["by"])
    mql = next(row for row in document["funnel"] if row["role"] == "qualified")
    assert document["follow_up"]["passed"] >= done["handed_off"] > 0
    assert mql["reached"] >= done["handed_off"]
    again = company.run("report", "--json", "--now", NOW)
    assert json.loads(again.out) == document


def test_the_ledger_is_shown_on_a_terminal(company: Company) -> None:
    assert company.run("sync", "--now", NOW).code == 0
    ran = company.run("report", "--by", "country")
    assert (ran.code, "By country" in ran.out, "By source" in ran.out) == (0, True, False)
    _check_pages(company)


def _check_pages(company: Company) -> None:
    """S91, S94: the page has the lists and the process; the pack knows that everything happened this week."""
    page, pack = company.folder / "page.html", company.folder / "pack.html"
    ran = company.run("report", "--html", str(page), "--pack", str(pack), "--now", NOW)
    assert (ran.code, ran.out) == (0, "")
    lacking = json.loads(company.run("list", "almost-qualified", "--json").out)["rows"]
    told = page.read_text("utf-8")
    assert "Acorn: one lead process: report" in told
    assert all(f'<th scope="row">{row["lead_id"]}</th>' in told for row in lacking[:25])
    assert "data:image/svg+xml;base64," in told
    assert "Acorn: one lead process: weekly review" in pack.read_text("utf-8")


#: Nothing of the kind is in the demo company's file.
_PROMISES = """
[[calendar]]
name = "weekdays"

[sla]
calendar = "weekdays"

[[sla.target]]
name = "everybody"
first_touch_minutes = 240

[quota]
period = "quarter"
qualified = 1000

[metrics]
maturity_days = 30
dimensions = ["country"]
"""


def test_promises_of_the_process_file_are_reported(company: Company) -> None:
    """S57, S58, S88: quota and SLA come from the agreement itself."""
    path = company.folder / "process.toml"
    text = path.read_text("utf-8")
    path.write_text(text + _PROMISES, "utf-8")
    assert company.run("sync", "--now", NOW).code == 0
    ran = company.run("report", "--json", "--now", "2026-12-20T08:00:00+00:00")
    document = ran.json
    assert ran.code == 0
    assert list(document["by"]) == ["country"]
    (quarter,) = document["quota"]["qualified"]["periods"]
    assert (quarter["period"], quarter["due"], quarter["on_track"]) == ("2026-Q4", 1000, False)
    assert document["follow_up"]["sla"]["judged"] > 0
    assert {row["window_days"] for cohort in document["cohorts"] for row in cohort["conversions"]} == {30}
