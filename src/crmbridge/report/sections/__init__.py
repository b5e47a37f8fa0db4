"""The parts of the page, in its order. Each takes the contents and a language, and gives a `Section`.

A part without data says so in one sentence; nothing is shown that was not recorded.
"""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import replace
from typing import Final, TypeAlias

from crmbridge.report.contents import Contents, Section
from crmbridge.report.language import Language
from crmbridge.report.sections.groups import groups, owners, segments, territories
from crmbridge.report.sections.outcomes import feedback, reasons, review
from crmbridge.report.sections.people import almost, due
from crmbridge.report.sections.rest import about, process
from crmbridge.report.sections.steps import funnel
from crmbridge.report.sections.time import cohorts, conversion, follow_up, quota

Part: TypeAlias = Callable[[Contents, Language], Section]
_PARTS: Final[tuple[Part, ...]] = (
    funnel, conversion, follow_up, quota, reasons, territories, owners, segments, review, feedback, cohorts,
    almost, due, groups, process, about,
)  # fmt: skip
#: Parts of the meeting pack, below what changed and what is to be decided (S91).
_MEETING: Final[tuple[Part, ...]] = (quota, conversion, follow_up, review, reasons, feedback, almost, due)


def sections(contents: Contents, language: Language, *, meeting: bool = False) -> list[Section]:
    """Give the parts of the whole page, or of the meeting pack."""
    if not meeting:
        return [part(contents, language) for part in _PARTS]
    found = [part(contents, language) for part in _MEETING]
    for each in found:
        if each.id == review.__name__:  # gone through one by one
            each.is_wide = True
            each.tables = [replace(table, is_open=True) for table in each.tables]
    return found
