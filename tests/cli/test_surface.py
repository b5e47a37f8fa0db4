"""What the command line promises without any account: version, help, demo, sandbox."""

from __future__ import annotations

import ast
import json
import os
import signal
import subprocess
import sys
import urllib.request
from importlib.metadata import version
from pathlib import Path

import pytest

import crmbridge.guards
from crmbridge.cli.exits import GUARDS
from crmbridge.sandbox import Sandbox
from tests.cli.company import crmbridge as command

COMMAND = [sys.executable, "-c", "from crmbridge.cli import main; main()"]


def test_the_version_is_the_installed_one() -> None:
    ran = command("--version")
    assert (ran.code, ran.out) == (0, f"crmbridge {version('crmbridge')}\n")


def test_without_a_command_the_help_is_shown() -> None:
    ran = command()
    assert ran.code == 2
    assert "Set a company up" in ran.out + ran.err


def test_the_guards_that_can_be_overridden_are_those_that_can_refuse_a_plan() -> None:
    tree = ast.parse(Path(crmbridge.guards.__file__).read_text("utf-8"))
    made = {
        str(node.args[0].value)
        for node in ast.walk(tree)
        if isinstance(node, ast.Call)
        and isinstance(node.func, ast.Name)
        and node.func.id == "GuardFinding"
        and isinstance(node.args[0], ast.Constant)
    }
    assert set(GUARDS) == made - {
        "moved_on",
        "paused",
    }  # an old plan is never carried out, nor any in a pause


def test_the_demo_is_one_document_of_six_numbers_and_its_second_run_is_empty() -> None:
    ran = command("demo", "--json", "--leads", "60")
    assert ran.code == 0
    assert list(ran.json) == [
        "leads", "changes", "changes_second_run", "api_calls", "api_calls_second_run", "duration_seconds",
    ]  # fmt: skip
    assert all(isinstance(number, int | float) for number in ran.json.values())
    assert (ran.json["changes"] > 0, ran.json["changes_second_run"]) == (True, 0)
    assert 60 <= ran.json["leads"] <= 66


def test_the_demo_tells_its_story_and_leaves_its_files_where_they_are_wanted(tmp_path: Path) -> None:
    ran = command("demo", "--leads", "60", "--keep", str(tmp_path / "acorn"))
    assert (ran.code, ran.err) == (0, "")
    for chapter in ("crmbridge provision", "crmbridge plan", "crmbridge apply", "crmbridge explain"):
        assert chapter in ran.out
    assert "\n0 changes, " in ran.out
    assert {"process.toml", "mapping.toml"} <= {path.name for path in (tmp_path / "acorn").iterdir()}
    again = command("demo", "--keep", str(tmp_path / "acorn"))
    assert (again.code, again.out) == (2, "")
    assert "holds a company already" in again.err


def test_the_sandbox_says_in_one_line_where_it_is_and_ends_on_sigterm() -> None:
    plain = {key: value for key, value in os.environ.items() if not key.startswith("CRMBRIDGE_")}
    with subprocess.Popen(
        [*COMMAND, "sandbox", "serve", "--demo", "10"],
        stdout=subprocess.PIPE, stderr=subprocess.PIPE, text=True, env=plain,
    ) as serving:  # fmt: skip
        assert serving.stdout is not None
        ready = json.loads(serving.stdout.readline())
        asked = urllib.request.Request(
            f"{ready['control']['url']}/state",
            headers={"Authorization": f"Bearer {ready['control']['token']}"},
        )
        with urllib.request.urlopen(asked, timeout=5) as answer:
            assert json.load(answer)["hubspot"]
        serving.send_signal(signal.SIGTERM)
        rest, errors = serving.communicate(timeout=20)
    assert (serving.returncode, rest, errors) == (0, "", "")
    assert ready.keys() == {"hubspot", "salesforce", "control", "ca_file"}
    assert ready["hubspot"].keys() >= {
        "base_url", "access_token", "client_id", "client_secret", "refresh_token", "portal_id",
    }  # fmt: skip
    assert ready["salesforce"].keys() >= {
        "instance_url", "session_id", "client_id", "client_secret", "username", "private_key_file",
        "api_version", "org_id",
    }  # fmt: skip


@pytest.mark.parametrize(
    ("words", "named"),
    [
        pytest.param(["--load", "leads.csv"], "OBJECT=FILE.csv", id="no object"),
        pytest.param(["--load", "hubspot.contacts=missing.csv"], "missing.csv", id="no file"),
        pytest.param(["--clock", "noon"], "--clock", id="no moment"),
        pytest.param(["--state", "none/state.db"], "--state", id="no folder"),
    ],
)
def test_a_sandbox_that_cannot_start_says_why(words: list[str], named: str) -> None:
    ran = command("sandbox", "serve", *words)
    assert (ran.code, ran.out) == (2, "")
    assert named in ran.err


def test_a_port_that_is_taken_is_said_to_be(served: Sandbox) -> None:
    port = served.ready["hubspot"]["base_url"].rpartition(":")[2]
    ran = command("sandbox", "serve", "--hubspot-port", port)
    assert (ran.code, "cannot be served" in ran.err) == (2, True)
