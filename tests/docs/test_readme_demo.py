"""The README shows what `make demo` really prints."""

from __future__ import annotations

import os
import subprocess
import sys
from pathlib import Path

README = Path(__file__).parents[2] / "README.md"
BEGIN, END = "<!-- demo:begin -->\n", "<!-- demo:end -->"


def demo_output() -> str:
    """Run the demo as a user's shell would, with no settings of anybody around."""
    plain = {key: value for key, value in os.environ.items() if not key.startswith("CRMBRIDGE_")}
    command = [sys.executable, "-c", "from crmbridge.cli import main; main()", "demo"]
    done = subprocess.run(command, capture_output=True, text=True, check=True, env=plain, timeout=120)
    return "\n".join(line.rstrip() for line in done.stdout.splitlines())


def test_the_readme_shows_the_real_output_of_the_demo() -> None:
    """With UPDATE_README=1 the README is brought up to date instead."""
    before, rest = README.read_text("utf-8").split(BEGIN)
    shown, after = rest.split(END)
    block = f"```text\n{demo_output()}\n```\n"
    if os.environ.get("UPDATE_README"):
        README.write_text(f"{before}{BEGIN}{block}{END}{after}", "utf-8")
        return
    assert shown == block
