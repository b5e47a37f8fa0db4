"""report --html and --pack over files: for the owner alone, in four languages, or refused with advice."""

from __future__ import annotations

import stat
from pathlib import Path

import pytest

from crmbridge import report
from tests.cli.company import crmbridge
from tests.unit.csv_in.files import write
from tests.unit.report.pages import tree, words


def test_files_give_a_page_that_its_owner_alone_can_read(tmp_path: Path) -> None:
    mapping, page = write(tmp_path), tmp_path / "page.html"
    ran = crmbridge("report", "--mapping", str(mapping), "--html", str(page))
    assert (ran.code, ran.out) == (0, "")
    assert stat.S_IMODE(page.stat().st_mode) == 0o600
    told = words(tree(page.read_text("utf-8")))
    assert "CSV files: report" in told
    assert "There is no ledger behind CSV files, so there is no list." in told
    assert "CSV files come without a process." in told


def test_a_page_speaks_the_language_that_is_asked_for_and_json_goes_with_it(tmp_path: Path) -> None:
    mapping, page = write(tmp_path), tmp_path / "page.html"
    words_ = ("--since", "2026-01-06", "--until", "2026-02-01", "--lang", "es", "--json")
    ran = crmbridge("report", "--mapping", str(mapping), "--html", str(page), *words_)
    assert ran.json["leads"] == 1
    told = words(tree(page.read_text("utf-8")))
    assert "Leads cualificados desde 6 ene 2026 hasta 1 feb 2026" in told
    assert "1 leads contados" in told


def test_files_give_a_pack_since_the_last_meeting(tmp_path: Path) -> None:
    """S91: over files the pack compares three moments, too."""
    mapping, pack = write(tmp_path), tmp_path / "pack.html"
    ran = crmbridge("report", "--mapping", str(mapping), "--pack", str(pack), "--since", "2026-01-06")
    assert ran.code == 0
    assert "From Jan 6, 2026" in words(tree(pack.read_text("utf-8")))


@pytest.mark.parametrize(
    ("options", "told"),
    [
        (("--html", "page.html", "--lang", "de"), "'de' is not known; one of: en, es, fr, pt"),
        (("--html", "nowhere/page.html"), "name a file in a folder that exists"),
        (("--pack", "pack.html", "--since", "2027-01-01"), "the last meeting is to come"),
    ],
)
def test_what_cannot_be_written_is_refused(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch, options: tuple[str, ...], told: str
) -> None:
    mapping = write(tmp_path)
    monkeypatch.chdir(tmp_path)
    ran = crmbridge("report", "--mapping", str(mapping), *options)
    assert (ran.code, told in ran.err) == (2, True), ran.err


def test_without_the_extra_it_is_said_what_to_install(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(report, "is_available", lambda: False)
    page = tmp_path / "page.html"
    ran = crmbridge("report", "--mapping", str(write(tmp_path)), "--html", str(page))
    assert (ran.code, "pip install 'crmbridge[report]'" in ran.err, page.exists()) == (2, True, False)
