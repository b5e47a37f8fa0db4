"""Options that several commands share."""

from __future__ import annotations

from datetime import UTC, datetime
from pathlib import Path
from typing import Annotated

import typer

Company = Annotated[
    Path, typer.Option("--company", "-C", metavar="DIR", help="Company folder with process.toml.")
]
AsJson = Annotated[bool, typer.Option("--json", help="One JSON document on stdout; logs on stderr.")]
Now = Annotated[
    str | None, typer.Option("--now", metavar="ISO", help="Decide as of this moment instead of now.")
]
Full = Annotated[bool, typer.Option("--full", help="Read everything again, archived records too.")]
Allow = Annotated[
    list[str] | None, typer.Option("--allow", metavar="GUARD", help="Override a guard; repeatable.")
]
Limit = Annotated[int | None, typer.Option("--limit", min=1, help="At most so many leads.")]
Only = Annotated[list[str] | None, typer.Option("--only", metavar="LEAD", help="Only this lead; repeatable.")]
Show = Annotated[int, typer.Option("--show", min=0, help="How many changes to print.")]


def moment(text: str | None) -> datetime | None:
    """Read ``--now``: an ISO moment; without an offset it is UTC."""
    if text is None:
        return None
    try:
        found = datetime.fromisoformat(text)
    except ValueError:
        raise typer.BadParameter("give an ISO moment, such as 2026-11-21T09:00:00+00:00") from None
    return found if found.tzinfo else found.replace(tzinfo=UTC)
