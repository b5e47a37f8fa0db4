"""Write docs/cli.md from the commands' own help: ``python -m tests.docs.cli_reference``."""

from __future__ import annotations

from collections.abc import Iterator
from pathlib import Path
from typing import Any

import typer

from crmbridge.cli.app import app
from crmbridge.cli.exits import GUARDS

PAGE = Path(__file__).parents[2] / "docs" / "cli.md"
_HEAD = """\
# The command line

Written from `crmbridge COMMAND --help` by `python -m tests.docs.cli_reference`; a test keeps it current.
Settings come from the environment and exit codes are listed in the [README](../README.md); errors are
explained in [errors.md](errors.md).

Answers go to stdout, logs and progress to stderr. With `--json` stdout holds one document and nothing else;
after an error it is empty.

- `LEAD`: our lead id, `hubspot:contacts:ID`, `salesforce:Lead:ID`, `salesforce:Contact:ID`, or an
  e-mail address.
- `ISO`: a moment such as `2026-11-21T09:00:00+01:00`; without an offset it is UTC.
- `GUARD`: {guards}; their limits stand in process.toml under `[guards]`.
"""


def commands() -> Iterator[tuple[str, Any]]:
    """Give every command with its full name, in the order of the help."""
    yield from _below(typer.main.get_command(app), "crmbridge")


def _below(group: Any, name: str) -> Iterator[tuple[str, Any]]:
    for word, command in group.commands.items():
        if hasattr(command, "commands"):
            yield from _below(command, f"{name} {word}")
        else:
            yield f"{name} {word}", command


def options(command: Any) -> list[Any]:
    """Give the arguments and options of a command, without ``--help``."""
    return [item for item in command.params if item.name != "help"]


def example(command: Any) -> str:
    """Give the example of a command's help."""
    return str(command.help).partition("Example: ")[2].strip()


def page() -> str:
    """Write the page."""
    head = _HEAD.format(guards=", ".join(f"`{guard}`" for guard in GUARDS))
    return head + "".join(_section(name, command) for name, command in commands())


def _section(name: str, command: Any) -> str:
    told = " ".join(str(command.help).partition("Example: ")[0].split())
    rows = "".join(_row(item) for item in options(command))
    table = f"\n| | |\n|---|---|\n{rows}" if rows else ""
    return f"\n## `{name}`\n\n{told}\n\n    {example(command)}\n{table}"


def _row(item: Any) -> str:
    named = ", ".join(f"`{word}`" for word in item.opts) if item.param_type_name == "option" else ""
    value = f" `{item.metavar}`" if item.metavar else ""
    default = item.default if isinstance(item.default, int | str | Path) else None
    shown = f" Default: `{default}`." if default not in {None, False, ""} else ""
    return f"| {(named + value).strip()} | {item.help}{shown} |\n"


if __name__ == "__main__":
    PAGE.write_text(page(), "utf-8")
