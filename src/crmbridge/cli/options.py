"""Options that several commands share, and how they are read."""

from __future__ import annotations

from collections.abc import Callable, Iterable
from datetime import UTC, datetime
from pathlib import Path
from typing import Annotated

import typer

from crmbridge.cli.exits import GUARDS


def moment(text: str | None) -> datetime | None:
    """Read an ISO moment; without an offset it is UTC."""
    if text is None:
        return None
    try:
        found = datetime.fromisoformat(text)
    except ValueError:
        raise typer.BadParameter("give an ISO moment, such as 2026-11-21T09:00:00+00:00") from None
    return found if found.tzinfo else found.replace(tzinfo=UTC)


def checked_moment(text: str | None) -> str | None:
    """Refuse what is no moment before any work is done."""
    moment(text)
    return text


def _known_guards(names: list[str] | None) -> list[str] | None:
    for name in names or ():
        if name not in GUARDS:
            raise typer.BadParameter(f"there is no guard {name}; known: {', '.join(GUARDS)}")
    return names


def one_of(known: Iterable[str]) -> Callable[[str], str]:
    """Give the check of a word that must be one of some."""
    words = tuple(known)

    def checked(word: str) -> str:
        if word not in words:
            raise typer.BadParameter(f"{word!r} is not known; one of: {', '.join(words)}")
        return word

    return checked


def in_a_folder(path: Path | None) -> Path | None:
    """Refuse a file to write whose folder does not exist, before any work is done for it."""
    if path is not None and (path.is_dir() or not path.absolute().parent.is_dir()):
        raise typer.BadParameter(f"cannot write {path}: name a file in a folder that exists")
    return path


Company = Annotated[
    Path, typer.Option("--company", "-C", metavar="DIR", help="Company folder with process.toml.")
]
Lead = Annotated[
    str,
    typer.Argument(
        metavar="LEAD",
        help="Lead id, hubspot:contacts:ID, salesforce:Lead:ID, salesforce:Contact:ID or e-mail.",
    ),
]
AsJson = Annotated[
    bool, typer.Option("--json", metavar="", help="One JSON document on stdout; logs on stderr.")
]
AsCsv = Annotated[
    bool, typer.Option("--csv", metavar="", help="A table on stdout; what a spreadsheet would run is text.")
]
Budget = Annotated[
    int | None,
    typer.Option(
        "--budget",
        min=0,
        metavar="N",
        help="API calls to spend in all; then it stops, and goes on next time.",
    ),
]
Now = Annotated[
    str | None,
    typer.Option(
        "--now", metavar="ISO", callback=checked_moment, help="Decide as of this moment instead of now."
    ),
]
Full = Annotated[
    bool, typer.Option("--full", metavar="", help="Read everything again, archived records too.")
]
Allow = Annotated[
    list[str] | None,
    typer.Option(
        "--allow",
        metavar="GUARD",
        callback=_known_guards,
        help=f"Override a guard; repeatable: {', '.join(GUARDS)}.",
    ),
]
Limit = Annotated[
    int | None,
    typer.Option(
        "--limit", min=1, metavar="N", help="At most so many leads; the guards judge the whole plan."
    ),
]
Only = Annotated[
    list[str] | None,
    typer.Option("--only", metavar="LEAD", help="Only this lead, named as for explain; repeatable."),
]
Show = Annotated[int, typer.Option("--show", min=0, metavar="N", help="How many changes to print.")]
