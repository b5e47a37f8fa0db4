"""Puts the parts into one HTML document that needs no network and runs no script."""

from __future__ import annotations

from datetime import datetime
from functools import cache
from importlib import resources
from importlib.util import find_spec
from typing import Any

from crmbridge.report.changes import Meeting, changes
from crmbridge.report.contents import Contents, Section
from crmbridge.report.decisions import decisions
from crmbridge.report.language import Language
from crmbridge.report.sections import sections
from crmbridge.report.tables import plain
from crmbridge.report.tiles import tiles


def is_available() -> bool:
    """Tell whether what draws and fills the page is installed (extra ``report``)."""
    return all(find_spec(name) is not None for name in ("jinja2", "matplotlib"))


def page(contents: Contents, language: str = "en") -> str:
    """Make the report as one HTML document.

    Args:
        language: One of ``LANGUAGES``; words, numbers and dates follow it.
    """
    spoken = Language(language)
    parts = [_decided(contents, spoken), *sections(contents, spoken)]
    name = plain(contents.name) or spoken.say("page", "files")
    title = spoken.say("page", "title", name=name)
    return _filled(contents, spoken, title, _about(contents, spoken), parts)


def pack(meeting: Meeting, language: str = "en") -> str:
    """Make the pack for the weekly meeting (S91): what changed, what is to be decided, where targets stand.

    Args:
        language: As for ``page``.
    """
    spoken, contents = Language(language), meeting.contents
    parts = [changes(meeting, spoken), _decided(contents, spoken)]
    parts += sections(contents, spoken, meeting=True)
    name = plain(contents.name) or spoken.say("page", "files")
    title = spoken.say("page", "pack", name=name)
    since = [spoken.moment(each["as_of"]) for each in (meeting.last, meeting.before)]
    when = spoken.moment(contents.document["as_of"])
    told = spoken.say("page", "between", since=since[0], when=when, before=since[1])
    return _filled(contents, spoken, title, [told], parts)


def _about(contents: Contents, language: Language) -> list[str]:
    document = contents.document
    told = [
        language.say("page", "as_of", when=language.moment(document["as_of"])),
        language.say(
            "page",
            "counted",
            leads=language.number(document["leads"]),
            used=language.number(document["rows_used"]),
            read=language.number(document["rows_in"]),
        ),
    ]
    if contents.since or contents.until:
        since = language.day(contents.since) if contents.since else language.say("page", "beginning")
        until = language.day(contents.until) if contents.until else language.say("page", "now")
        told.append(language.say("page", "period", since=since, until=until))
    return told


def _decided(contents: Contents, language: Language) -> Section:
    found = decisions(contents, language)
    says = [] if found else [language.say("empty", "decisions")]
    title = language.say("title", "decisions")
    return Section(id="decisions", title=title, says=says, decisions=found, is_wide=True)


def _filled(
    contents: Contents, language: Language, title: str, about: list[str], parts: list[Section]
) -> str:
    return str(
        _template().render(
            language=language.code,
            title=title,
            about=about,
            made_at=datetime.fromisoformat(contents.document["as_of"]).date().isoformat(),
            tiles=tiles(contents.document, language),
            groups=_grouped(parts),
            say=lambda key: language.say("page", key),
        )
    )


def _grouped(parts: list[Section]) -> list[tuple[str, list[Section]]]:
    """Lay the parts out: what is to be done, pictures, wide tables, what has nothing to show."""
    shown = [part for part in parts if not part.is_empty]
    first = [part for part in shown if part.id in ("changes", "decisions")]
    return [
        ("wide", first),
        ("narrow", [part for part in shown if not part.is_wide]),
        ("wide", [part for part in shown if part.is_wide and part not in first]),
        ("empty", [part for part in parts if part.is_empty]),
    ]


@cache
def _template() -> Any:
    import jinja2  # noqa: PLC0415 - it comes with an extra

    def read(name: str) -> str:
        return resources.files("crmbridge.report").joinpath("templates", name).read_text("utf-8")

    environment = jinja2.Environment(
        loader=jinja2.FunctionLoader(read), autoescape=True, undefined=jinja2.StrictUndefined,
        trim_blocks=True, lstrip_blocks=True,
    )  # fmt: skip
    return environment.get_template("page.html")
