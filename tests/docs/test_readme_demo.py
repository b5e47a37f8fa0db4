"""The README shows what `make demo` really prints, and what can be asked of the company it leaves behind."""

from __future__ import annotations

import os
import re
import shlex
import subprocess
import sys
from pathlib import Path
from typing import NamedTuple

import pytest

from tests.cli.company import crmbridge

README = Path(__file__).parents[2] / "README.md"
BEGIN, END = "<!-- demo:begin -->\n", "<!-- demo:end -->"
#: Where the README keeps the demo's company.
KEPT = re.findall(r"crmbridge demo --keep (\S+)", README.read_text("utf-8"))[0]
#: The second column of "Look around".
ASKED = re.findall(r"^\|[^|]+\| (`crmbridge [^|]+`) \|", README.read_text("utf-8"), re.MULTILINE)


class Demo(NamedTuple):
    """What the demo printed, and the company's folder."""

    output: str
    folder: Path


@pytest.fixture(scope="module")
def demo(tmp_path_factory: pytest.TempPathFactory) -> Demo:
    """Run the demo as a user's shell would, with no settings of anybody around."""
    folder = tmp_path_factory.mktemp("demo") / "acme"
    plain = {key: value for key, value in os.environ.items() if not key.startswith("CRMBRIDGE_")}
    command = [sys.executable, "-c", "from crmbridge.cli import main; main()", "demo", "--keep", str(folder)]
    done = subprocess.run(command, capture_output=True, text=True, check=True, env=plain, timeout=120)
    shown = done.stdout.split("The company's files are in")[0]  # what a demo that is not kept leaves out
    return Demo("\n".join(line.rstrip() for line in shown.splitlines()), folder)


def test_the_readme_shows_the_real_output_of_the_demo(demo: Demo) -> None:
    """With UPDATE_README=1 the README is brought up to date instead."""
    before, rest = README.read_text("utf-8").split(BEGIN)
    shown, after = rest.split(END)
    block = f"```text\n{demo.output}\n```\n"
    if os.environ.get("UPDATE_README"):
        README.write_text(f"{before}{BEGIN}{block}{END}{after}", "utf-8")
        return
    assert shown == block


@pytest.mark.parametrize("line", [line for cell in ASKED for line in re.findall("`crmbridge ([^`]+)`", cell)])
def test_what_the_readme_asks_of_the_kept_company_is_answered(demo: Demo, line: str) -> None:
    process = str(demo.folder / "process.toml")
    for written, meant in (("OLD.toml", process), ("NEW.toml", process), (KEPT, str(demo.folder))):
        line = line.replace(written, meant)
    ran = crmbridge(*shlex.split(line), "-C", str(demo.folder))
    assert (ran.code, ran.err) == (0, "")
    assert ran.out or line.startswith("chart")


def test_the_readme_asks_for_something() -> None:
    assert len(ASKED) >= 10
