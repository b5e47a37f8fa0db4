"""The process itself, and what stands behind the figures."""

from __future__ import annotations

from base64 import b64encode
from typing import Any

from crmbridge.chart import Step
from crmbridge.report.contents import Contents, Section
from crmbridge.report.language import Language
from crmbridge.report.sections.base import empty, section
from crmbridge.report.tables import plain, table


def process(contents: Contents, language: Language) -> Section:
    """Show the live process as it is drawn by `crmbridge chart` (S94), and in words below."""
    made = section(contents, language, "process", is_wide=True)
    drawn = contents.process
    if drawn is None:
        return empty(language, made)
    made.says.append(language.say("says", "process", version=plain(drawn.version)))
    # An image of its own keeps the drawing's styles from the page's.
    data = b64encode(drawn.svg.encode()).decode()
    way = " → ".join(plain(step.name) for step in drawn.steps)
    made.image = f"data:image/svg+xml;base64,{data}", f"{made.title}: {way}"
    keys = ("stage", "definition", "responsible", "exit", "next")
    made.tables.append(table(language, made.title, keys, [_step(step) for step in drawn.steps]))
    return made


def _step(step: Step) -> dict[str, Any]:
    return {
        "stage": plain(step.name),
        "definition": plain(step.definition),
        "responsible": plain(step.owner_team),
        "exit": plain(step.exit),
        "next": "*" if step.next is None else ", ".join(plain(name) for name in step.next),
    }


def about(contents: Contents, language: Language) -> Section:
    """Say what became of every row, and what was noted."""
    document = contents.document
    figures = ("rows", "as_of", "percentiles", "conversion", "null")
    made = section(contents, language, "about", figures, is_wide=True)
    rows = [{"what": language.word("used"), "n": document["rows_used"]}]
    for word, key in (("skipped", "rows_skipped"), ("left_out", "leads_left_out"), ("noted", "notes")):
        named = language.word(word)
        rows += [{"what": f"{named}: {plain(why)}", "n": n} for why, n in document[key].items()]
    made.tables.append(table(language, made.title, ("what", "n"), rows, is_open=True))
    if contents.work is not None:
        made.says.append(language.say("page", "personal"))
    return made
