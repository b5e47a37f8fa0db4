"""The command line. It only calls the library: whatever it does, `Bridge` does."""

from __future__ import annotations

import sys


def main() -> None:
    """Run the ``crmbridge`` command; needs the ``cli`` extra."""
    try:
        from crmbridge.cli.app import run  # noqa: PLC0415 - typer and rich come with an extra
    except ModuleNotFoundError as error:
        if error.name not in {"typer", "rich", "tomlkit"}:
            raise
        sys.stderr.write("the command line needs an extra: pip install 'crmbridge[cli]'\n")
        sys.exit(2)
    sys.exit(run())
