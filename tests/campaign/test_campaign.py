"""The fault campaign: nothing lost, nothing twice, nobody overwritten; and it notices when that is not so."""

from __future__ import annotations

import json
import subprocess
import sys
from pathlib import Path
from typing import Any

import pytest
from benchmarks.campaign.plants import PLANTS

from tests.campaign.planted import TRIALS
from tests.unit.ledger.conftest import postgres_url

__all__ = ["postgres_url"]  # a fixture
_ROOT = Path(__file__).resolve().parents[2]
#: Whatever happens, these columns stay empty. The window has a column of its own: see docs/run-lifecycle.md.
_NEVER = ("lost", "duplicates", "overwritten", "overrun")


def _run(module: str, *arguments: str) -> dict[str, Any]:
    """Run a module in a process of its own, as forking needs; its last line is a JSON object."""
    ran = subprocess.run(
        [sys.executable, "-m", module, *arguments],
        capture_output=True,
        text=True,
        cwd=_ROOT,
        env={"PYTHONPATH": ":".join([str(_ROOT), *sys.path])},
        check=False,
    )
    assert ran.stdout, ran.stderr[-2000:]
    found: dict[str, Any] = json.loads(ran.stdout.splitlines()[-1])
    return found


def _campaign(runs: int, ledger: str, seed: int = 1) -> dict[str, Any]:
    return _run("benchmarks.faults", "--runs", str(runs), "--seed", str(seed), "--ledger", ledger, "--json")


def _is_clean(found: dict[str, Any]) -> bool:
    return found["failed_seeds"] == [] and not any(found[column] for column in _NEVER)


def test_fifty_disturbed_runs_do_no_harm() -> None:
    found = _campaign(50, "sqlite://")
    assert _is_clean(found), found
    assert found["runs"] == 50
    assert found["killed"] >= 10
    assert found["faults"] >= 10


def test_disturbed_runs_do_no_harm_on_postgresql(postgres_url: str) -> None:
    found = _campaign(8, postgres_url)
    assert _is_clean(found), found
    assert found["killed"] + found["faults"] > 0


@pytest.mark.slow
@pytest.mark.parametrize(("ledger", "runs"), [("sqlite", 100), ("postgresql", 40)])
def test_many_disturbed_runs_do_no_harm(ledger: str, runs: int, request: pytest.FixtureRequest) -> None:
    """The full five hundred take minutes: ``python -m benchmarks.faults --runs 500``."""
    url = request.getfixturevalue("postgres_url") if ledger == "postgresql" else "sqlite://"
    found = _campaign(runs, url, seed=1000)
    assert _is_clean(found), found


@pytest.fixture(scope="module")
def planted() -> dict[str, Any]:
    return _run("tests.campaign.planted")


@pytest.mark.parametrize("bug", [name for name in TRIALS if name in PLANTS])
def test_a_planted_bug_raises_its_column(planted: dict[str, Any], bug: str) -> None:
    column = PLANTS[bug][1]
    assert planted[bug][column] > 0, planted[bug]


def test_without_a_bug_even_people_who_aim_at_the_window_lose_only_there(planted: dict[str, Any]) -> None:
    assert _is_clean(planted["none"])


@pytest.mark.slow
def test_a_year_of_runs_neither_grows_nor_slows() -> None:
    _soak(300, "365")


def test_a_month_of_runs_does_not_grow() -> None:
    _soak(60, "30")


def _soak(runs: int, days: str) -> None:
    found = _run("benchmarks.soak", "--runs", str(runs), "--days", days, "--people", "12", "--json")
    first, last = found["first"], found["last"]
    assert last["runs"] == runs
    assert last["memory_mb"] - first["memory_mb"] < 16
    # What is kept for ever is one line for each record written; an idle run leaves one small row.
    assert last["ledger_kb"] - first["ledger_kb"] < 2 * runs + 2 * last["written"]
