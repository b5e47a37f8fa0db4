"""lint, chart, diff-process and list, as people use them after a run."""

from __future__ import annotations

import csv
import io
from collections.abc import Iterator
from datetime import datetime
from pathlib import Path

import pytest

from crmbridge.sandbox import Sandbox
from tests.cli.company import NOW, Company, crmbridge


@pytest.fixture(scope="module")
def synced(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Company]:
    """A company whose first run has been carried out, to be left as it is."""
    with Sandbox(demo=60, clock=datetime.fromisoformat(NOW)) as sandbox:
        folder = tmp_path_factory.mktemp("synced") / "acme"
        folder.mkdir()
        company = Company(folder, sandbox)
        company.write_files()
        assert company.run("provision", "--apply").code == 0
        assert company.run("sync", "--now", NOW).code == 0
        yield company


def test_the_prioritised_list_has_the_highest_score_first_and_needs_no_crm(synced: Company) -> None:
    """S53: a list of hot leads by score, highest first."""
    found = crmbridge("list", "prioritised", "-C", str(synced.folder), "--json", "--now", NOW).json
    scores = [row["score"] for row in found["rows"]]
    assert scores == sorted(scores, reverse=True)
    assert scores
    assert all(row["owner"] and row["records"] and row["name"] for row in found["rows"])
    assert any("Because:" in row["why"] for row in found["rows"] if row["why"])


def test_a_rep_sees_his_own_leads_alone(synced: Company) -> None:
    everybody = synced.run("list", "prioritised", "--json").json["rows"]
    owner = everybody[0]["owner"]
    mine = synced.run("list", "prioritised", "--json", "--owner", owner.upper()).json["rows"]
    assert mine == [row for row in everybody if row["owner"] == owner]
    assert 0 < len(mine) < len(everybody)


def test_the_almost_qualified_list_names_the_missing_datum(synced: Company) -> None:
    """S41, S42: what is missing, how active the person is, who would get it."""
    rows = synced.run("list", "almost-qualified", "--json").json["rows"]
    assert rows
    assert {row["datum"] for row in rows} <= {"email", "last_name", "company", "phone", "country"}
    assert all(row["owner"] or row["pool"] for row in rows)


def test_a_list_as_csv_has_a_header_and_a_row_a_lead(synced: Company) -> None:
    text = synced.run("list", "prioritised", "--csv").out
    rows = list(csv.DictReader(io.StringIO(text, newline="")))
    assert [row["lead_id"] for row in rows] == [
        row["lead_id"] for row in synced.run("list", "prioritised", "--json").json["rows"]
    ]
    assert rows[0]["records"].startswith(("hubspot:", "salesforce:"))


def test_people_see_a_table_and_a_total(synced: Company) -> None:
    shown = synced.run("list", "prioritised", "--limit", "2").out
    assert shown.splitlines()[0].split()[:2] == ["Lead", "Name"]
    assert shown.splitlines()[-1].startswith("2 leads with sales")
    assert synced.run("list", "due", "--days", "365").code == 0
    assert "dead end" in synced.run("list", "unrouted").out


def test_an_unknown_list_is_answered_with_those_that_there_are(synced: Company) -> None:
    ran = synced.run("list", "hottest")
    assert ran.code == 2
    assert "almost-qualified" in ran.err


def test_a_list_before_the_first_run_says_what_to_do(fresh: Company) -> None:
    fresh.write_files()
    ran = fresh.run("list", "prioritised")
    assert ran.code == 2
    assert "crmbridge sync" in ran.err
    assert not fresh.folder.joinpath("ledger.db").exists()


def test_lint_knows_who_left_and_where_leads_come_from(synced: Company) -> None:
    """S48: what would lose a lead is found before it does."""
    mine, theirs = (f'owner = "{name}@example.com"\n\n[[pool]]' for name in ("chloe.dubois", "dan.evans"))
    synced.change_process(mine, theirs)
    try:
        ran = synced.run("lint", "--json", "--now", NOW)
    finally:
        synced.change_process(theirs, mine)
    assert ran.code == 2
    assert ran.json["errors"] == 1
    (left,) = [found for found in ran.json["findings"] if found["severity"] == "error"]
    assert (left["rule"], left["key"]) == ("owner_left", "territory[3].owner")
    assert left["example"]["country"] in {"FR", "ES"}
    gaps = [found for found in ran.json["findings"] if found["rule"] == "country_without_territory"]
    assert all("comes from" in found["message"] or "come from" in found["message"] for found in gaps)


def test_lint_shows_people_a_finding_with_its_place_and_an_example(fresh: Company) -> None:
    fresh.write_files()
    fresh.change_process('value = ["DE", "AT", "CH", "US", "GB", "FR", "ES"]', 'value = ["Germany"]')
    ran = fresh.run("lint")
    assert ran.code == 2
    assert "error process.toml: fit[5].when (condition_never_holds)" in ran.out
    assert "for example a lead with" in ran.out
    assert "1 error, 0 warnings" in ran.out


def test_a_company_without_errors_is_told_so(fresh: Company) -> None:
    fresh.write_files()
    ran = fresh.run("lint")
    assert ran.code == 0
    assert "0 errors" in ran.out


@pytest.mark.parametrize(
    ("format_", "word"), [("svg", "<svg"), ("mermaid", "flowchart"), ("markdown", "# Acorn")]
)
def test_the_chart_goes_to_stdout_or_into_a_file(fresh: Company, format_: str, word: str) -> None:
    """S94."""
    fresh.write_files()
    shown = fresh.run("chart", "--format", format_)
    assert (shown.code, shown.out.startswith(word)) == (0, True)
    file = fresh.folder / "chart"
    assert fresh.run("chart", "--format", format_, "--out", str(file)).out == ""
    assert file.read_text("utf-8") == shown.out
    assert "mql" in fresh.run("chart").out


def test_a_new_version_is_told_in_words_and_in_leads(synced: Company, tmp_path: Path) -> None:
    """S12: what changes, told before it is applied, with what it means for the leads there are."""
    old = synced.folder / "process.toml"
    new = tmp_path / "new.toml"
    new.write_text(old.read_text("utf-8").replace("threshold = 60.0", "threshold = 30.0"), "utf-8")
    bare = crmbridge("diff-process", str(old), str(new))
    assert bare.code == 0
    assert "the threshold for an MQL changes from 60 to 30" in bare.out
    assert "decided differently" not in bare.out
    told = synced.run("diff-process", str(old), str(new), "--json", "--now", NOW).json
    assert told["effects"]["different"] > 0
    assert told["effects"]["by"]["newly qualified"] > 0
    assert "every lead" in told["applies"]
    same = synced.run("diff-process", str(old), str(old), "--json", "--now", NOW).json
    assert (same["differences"], same["effects"]["different"]) == ([], 0)
    assert "would be decided differently" in synced.run("diff-process", str(old), str(new)).out
