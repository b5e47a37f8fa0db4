"""examples/scheduled: the script runs, and every command line in the files is one that crmbridge takes."""

from __future__ import annotations

import json
import os
import re
import shlex
import subprocess
import sys
from pathlib import Path

import pytest

from tests.cli.company import Company, crmbridge
from tests.docs.cli_reference import commands, options

FOLDER = Path(__file__).parents[2] / "examples" / "scheduled"


def run(company: Company, script_words: list[str], **changed: str) -> subprocess.CompletedProcess[str]:
    """Run the script as cron does: with a PATH, the company's secrets and nothing else."""
    path = f"{Path(sys.executable).parent}:/usr/bin:/bin"
    environ = {"PATH": path, "HOME": str(company.folder), **company.environ(**changed)}
    return subprocess.run(
        ["bash", str(FOLDER / "sync.sh"), *script_words],
        env=environ, capture_output=True, text=True, check=False, timeout=60,
    )  # fmt: skip


def test_the_script_leaves_the_last_run_for_others_to_read(company: Company) -> None:
    done = run(company, [str(company.folder)])
    assert (done.returncode, done.stdout, done.stderr) == (0, "", "")
    document = json.loads(company.folder.joinpath("last-run.json").read_text("utf-8"))
    assert (document["written"] > 0, document["failed"]) == (True, 0)


@pytest.mark.parametrize(
    ("changed", "code", "told"),
    [
        pytest.param({}, 3, "a guard refused the plan", id="paused"),
        pytest.param({"CRMBRIDGE_HUBSPOT__ACCESS_TOKEN": "pat-wrong"}, 2, "crmbridge check -C", id="token"),
    ],
)
def test_the_script_says_what_to_do_and_keeps_the_code(
    company: Company, changed: dict[str, str], code: int, told: str
) -> None:
    company.run("pause", "for the test")
    done = run(company, [str(company.folder)], **changed)
    assert (done.returncode, told in done.stderr) == (code, True)


def test_the_script_asks_for_a_company(company: Company) -> None:
    assert "usage: sync.sh COMPANY_FOLDER" in run(company, []).stderr


def lines() -> list[list[str]]:
    """Find crmbridge's arguments in the crontab, the systemd unit, the script and the CronJob."""
    texts = [(FOLDER / name).read_text("utf-8") for name in ("crontab", "crmbridge-sync.service", "sync.sh")]
    run = [line for line in "\n".join(texts).splitlines() if "echo" not in line]
    shown = re.findall(r"(?:^|[ /])crmbridge ((?:sync|plan|check) [^>\n]*)", "\n".join(run), re.MULTILINE)
    pod = re.search(r"args: (\[.*\])", (FOLDER / "cronjob.yaml").read_text("utf-8"))
    assert pod is not None
    return [*map(shlex.split, shown), json.loads(pod[1])]


@pytest.mark.parametrize("words", [pytest.param(words, id=" ".join(words)) for words in lines()])
def test_every_command_line_is_one_that_crmbridge_takes(words: list[str]) -> None:
    takes = dict(commands())[f"crmbridge {words[0]}"]
    known = {word for item in options(takes) for word in item.opts}
    assert {word for word in words if word.startswith("-")} <= known
    ran = crmbridge(*words)  # there is no such company here: it gets as far as that
    assert ran.code == 2
    assert "holds no process.toml" in ran.err


def test_the_files_show_more_than_one_way() -> None:
    assert len(lines()) >= 4
    assert os.access(FOLDER / "sync.sh", os.X_OK)


def test_the_unit_counts_a_run_that_can_be_resumed_as_a_success() -> None:
    unit = (FOLDER / "crmbridge-sync.service").read_text("utf-8")
    assert "SuccessExitStatus=4" in unit
    assert "OnCalendar=" in (FOLDER / "crmbridge-sync.timer").read_text("utf-8")
