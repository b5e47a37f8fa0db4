"""examples/backfill: night by night, a few calls at a time, until the past is written."""

from __future__ import annotations

import json
import os
import subprocess
import sys
from pathlib import Path

from tests.cli.company import Company

SCRIPT = Path(__file__).parents[2] / "examples" / "backfill" / "backfill.sh"
#: More than a night in which nothing is written costs, less than the whole.
CALLS = "40"


def night(company: Company, *words: str) -> subprocess.CompletedProcess[str]:
    """Run the script as cron does: with a PATH, the company's secrets and nothing else."""
    path = f"{Path(sys.executable).parent}:/usr/bin:/bin"
    environ = {"PATH": path, "HOME": str(company.folder), **company.environ()}
    if "PYTHONPATH" in os.environ:
        environ["PYTHONPATH"] = os.environ["PYTHONPATH"]
    return subprocess.run(
        ["bash", str(SCRIPT), str(company.folder), *words],
        env=environ, capture_output=True, text=True, check=False, timeout=60,
    )  # fmt: skip


def test_it_goes_on_night_by_night_until_it_is_through(company: Company) -> None:
    stopped = night(company, "2024-01-01", "12")
    assert (stopped.returncode, "the next night goes on" in stopped.stderr) == (0, True)
    assert not company.folder.joinpath("backfill.done").exists()
    done = night(company, "2024-01-01", CALLS)
    assert (done.returncode, done.stderr) == (0, "")
    document = json.loads(company.folder.joinpath("backfill.json").read_text("utf-8"))
    assert (document["applied"], document["failed"]) == (True, 0)
    before = company.seen()
    assert night(company, "2024-01-01").returncode == 0
    assert company.seen() == before


def test_it_asks_for_a_company_and_a_beginning(company: Company) -> None:
    assert "usage: backfill.sh COMPANY_FOLDER SINCE" in night(company).stderr
