"""Scripts of tests/js: clients and parsers that others wrote, run by Node.

Without Node or its packages (``make test`` installs them) such a test is skipped with a reason; with
CI=true their absence is a failure.
"""

from __future__ import annotations

import json
import os
import shutil
import subprocess
from pathlib import Path
from typing import Any

import pytest

FOLDER = Path(__file__).parents[1] / "js"
#: What the packages need.
OLDEST_NODE = 20
_SECONDS = 60


def run(script: str, data: Any) -> Any:
    """Run a script of tests/js with JSON on its standard input and give the JSON it answers.

    Args:
        script: File name in tests/js.
        data: What the script reads.
    """
    node = shutil.which("node") or ""
    missing = _missing(node)
    if missing:
        _absent(missing)
    done = subprocess.run(
        [node, script],
        cwd=FOLDER,
        input=json.dumps(data).encode(),
        capture_output=True,
        timeout=_SECONDS,
        check=False,
    )
    assert done.returncode == 0, done.stderr.decode()[-3000:]
    return json.loads(done.stdout)


def _missing(node: str) -> str:
    """Tell what keeps scripts from running; "" when nothing does."""
    if not node:
        return "node is not installed"
    shown = subprocess.run([node, "--version"], capture_output=True, text=True, check=True).stdout
    if int(shown.lstrip("v").partition(".")[0]) < OLDEST_NODE:
        return f"node is older than {OLDEST_NODE}"
    # `make test` leaves the stamp when everything is there.
    stamp = FOLDER / "node_modules" / ".installed"
    return "" if stamp.exists() else "the npm packages are not installed: make test"


def _absent(reason: str) -> None:
    if os.environ.get("CI") == "true":
        pytest.fail(reason)
    pytest.skip(reason)
