"""Pages read as a browser reads them: a real HTML parser, which says what is not well-formed."""

from __future__ import annotations

from functools import cache

from lxml import etree

from crmbridge.report import Contents, pack, page
from tests.docs.report_picture import contents, meeting

LEADS = 1_500
#: What a browser would fetch or run.
_ADDRESSES = (
    "src",
    "href",
    "{http://www.w3.org/1999/xlink}href",
    "action",
    "data",
    "poster",
    "srcset",
    "xlink:href",
)


@cache
def acorn() -> Contents:
    """Give what the page of Acorn's year shows."""
    return contents(LEADS)


@cache
def html(language: str = "en") -> str:
    """Give the page of Acorn's year."""
    return page(acorn(), language)


@cache
def pack_html(language: str = "en") -> str:
    """Give the pack of Acorn's next meeting."""
    return pack(meeting(LEADS), language)


def tree(text: str) -> etree._Element:
    """Parse a page; raises where tags do not nest or ids repeat."""
    parser = etree.HTMLParser(huge_tree=True)
    root = etree.fromstring(text.encode(), parser)
    # libxml2 knows HTML 4: newer elements are no fault of the page.
    faults = [str(each) for each in parser.error_log if "invalid" not in each.message]
    assert not faults, faults[:5]
    ids = root.xpath("//@id")
    assert len(ids) == len(set(ids))
    return root


def addresses(root: etree._Element) -> list[str]:
    """Give whatever points somewhere."""
    return [str(each.get(name)) for each in root.iter() for name in _ADDRESSES if each.get(name)]


def words(root: etree._Element) -> str:
    """Give what can be read, on one line."""
    body = root.find("body")
    return " ".join("".join((root if body is None else body).itertext()).split())
