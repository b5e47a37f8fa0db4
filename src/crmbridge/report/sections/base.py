"""What the parts of the page share."""

from __future__ import annotations

from collections.abc import Iterable, Sequence
from typing import Any

from crmbridge.report.contents import Contents, Section
from crmbridge.report.language import Language


def section(
    contents: Contents,
    language: Language,
    name: str,
    figures: Sequence[str] = (),
    *,
    is_wide: bool = False,
) -> Section:
    """Begin a part with its title and the definitions of its figures."""
    means = [(language.word(key), language.definition(key, contents.document)) for key in figures]
    return Section(id=name, title=language.say("title", name), means=means, is_wide=is_wide)


def empty(language: Language, found: Section, why: str | None = None) -> Section:
    """Say in one sentence that there is nothing."""
    found.says = [language.say("empty", why or found.id)]
    found.means, found.is_empty, found.is_wide = [], True, False
    return found


def told(language: Language, title: str, points: Iterable[tuple[str, str]]) -> str:
    """Tell a picture to who cannot see it."""
    return language.say("says", "chart", title=title, points="; ".join(f"{a}: {b}" for a, b in points))


def reached(document: dict[str, Any], role: str) -> int | None:
    """Count the leads that reached the first stage of a role; None where there is none."""
    return next((row["reached"] for row in document["funnel"] if row["role"] == role), None)
