"""A company folder over a sandbox, worked by the command line as people do, in this process."""

from __future__ import annotations

import io
import json
import os
from collections.abc import Mapping
from contextlib import redirect_stderr, redirect_stdout
from dataclasses import dataclass
from importlib import resources
from pathlib import Path
from typing import Any

import pytest

from crmbridge.cli.app import run
from crmbridge.sandbox import Sandbox

#: What the sandbox's clock shows, and what runs are told with ``--now``.
NOW = "2026-11-23T08:00:00+00:00"
BOTH = ("hubspot", "salesforce")


@dataclass(frozen=True)
class Ran:
    """What a command came to; errors on one line, however wide the terminal is."""

    code: int
    out: str
    err: str

    @property
    def json(self) -> Any:
        return json.loads(self.out)


def crmbridge(*words: str, environ: Mapping[str, str] | None = None) -> Ran:
    """Run ``crmbridge WORDS`` with these settings alone; an unexpected exception reaches the test."""
    out, err = io.StringIO(), io.StringIO()
    with pytest.MonkeyPatch.context() as patch, redirect_stdout(out), redirect_stderr(err):
        for name in [name for name in os.environ if name.startswith("CRMBRIDGE_")]:
            patch.delenv(name)
        for name, value in {"COLUMNS": "200", **(environ or {})}.items():
            patch.setenv(name, value)
        patch.setattr("sys.argv", ["crmbridge", *words])
        code = run()
    return Ran(code, out.getvalue(), " ".join(err.getvalue().split()))


@dataclass
class Company:
    """A folder, and the environment with its secrets."""

    folder: Path
    sandbox: Sandbox
    crms: tuple[str, ...] = BOTH

    def environ(self, **changed: str) -> dict[str, str]:
        """Give the settings as environment variables; `changed` replaces some."""
        settings = self.sandbox.settings()
        found = {
            f"CRMBRIDGE_{crm}__{name}".upper(): value
            for crm in self.crms
            for name, value in settings[crm].items()
        }
        return {**found, **changed}

    def run(self, command: str, *words: str, **changed: str) -> Ran:
        """Run ``crmbridge COMMAND WORDS -C FOLDER``."""
        return crmbridge(command, *words, "-C", str(self.folder), environ=self.environ(**changed))

    def write_files(self) -> None:
        """Take the demo company's process and mapping."""
        for name in ("process.toml", "mapping.toml"):
            text = resources.files("crmbridge.cli").joinpath("demo_company", name).read_text("utf-8")
            self.folder.joinpath(name).write_text(text, "utf-8")

    def change_process(self, old: str, new: str) -> None:
        """Edit one place of process.toml."""
        path = self.folder / "process.toml"
        text = path.read_text("utf-8")
        assert text.count(old) == 1
        path.write_text(text.replace(old, new), "utf-8")

    def effects(self, since: int = 0) -> list[str]:
        """Name what calls have changed in both CRMs."""
        return [effect for entry in self.sandbox.audit(since) for effect in entry["effects"]]

    def seen(self) -> int:
        """Give the number of the last request, for `effects`."""
        return max((entry["seq"] for entry in self.sandbox.audit()), default=0)
