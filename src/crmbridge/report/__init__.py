"""The report to look at: one self-contained page, and the pack for the weekly meeting. Pure.

Needs the extra ``report``: templates and pictures are imported when the first page is made.
"""

from crmbridge.report.changes import Meeting, window
from crmbridge.report.contents import SHOWN, Contents, Drawn, Work
from crmbridge.report.language import LANGUAGES
from crmbridge.report.page import is_available, pack, page

__all__ = [
    "LANGUAGES",
    "SHOWN",
    "Contents",
    "Drawn",
    "Meeting",
    "Work",
    "is_available",
    "pack",
    "page",
    "window",
]
