"""What the page is made of: the figures, the lists of people at work, the process; and the parts it shows."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field
from datetime import datetime
from typing import Final

from crmbridge.chart import Step
from crmbridge.lists import ListRow
from crmbridge.metrics import Document

#: Rows of a list or a table that the page shows; --json and `crmbridge list` have all.
SHOWN: Final = 25


@dataclass(frozen=True, slots=True, kw_only=True)
class Drawn:
    """The live process, drawn."""

    version: str
    #: A document of its own.
    svg: str
    steps: tuple[Step, ...]


@dataclass(frozen=True, slots=True, kw_only=True)
class Work:
    """What waits for somebody, of a company with a ledger."""

    #: The first of each list, at most ``SHOWN``.
    almost: Sequence[ListRow] = ()
    due: Sequence[ListRow] = ()
    #: Name of a list (or "overdue", "dead_letters") -> how many there are.
    counts: Mapping[str, int] = field(default_factory=dict)
    #: How far the list of what is due looks ahead.
    until: datetime
    #: Key paths of the process file where lint found an error or a warning.
    lint: Sequence[str] = ()


@dataclass(frozen=True, slots=True, kw_only=True)
class Contents:
    """Everything that the page can show; None: there is nothing of the kind behind these figures."""

    #: The company's process; "" for files.
    name: str
    document: Document
    since: str | None = None
    until: str | None = None
    work: Work | None = None
    process: Drawn | None = None


# parts of a page ---------------------------------------------------------------------------------------
@dataclass(frozen=True, slots=True)
class Picture:
    """One picture of a part."""

    #: Safe to be put into the page as it is.
    svg: str
    #: Written above it, where a part has several.
    caption: str = ""


@dataclass(frozen=True, slots=True)
class Table:
    """Rows with their head; cells are text."""

    caption: str
    head: Sequence[str]
    rows: Sequence[Sequence[str]]
    #: Columns that hold numbers: set to the right.
    numbers: frozenset[int] = frozenset()
    #: How many rows are not shown.
    hidden: str = ""
    #: Whether it stands open; otherwise it is behind a click, below its picture.
    is_open: bool = False


@dataclass(frozen=True, slots=True)
class Decision:
    """Something that somebody has to decide, and what is asked."""

    says: str
    asks: str


@dataclass(slots=True, kw_only=True)
class Section:
    """One part of the page."""

    id: str
    title: str
    #: Sentences; one that says so where nothing is recorded.
    says: list[str] = field(default_factory=list)
    pictures: list[Picture] = field(default_factory=list)
    tables: list[Table] = field(default_factory=list)
    decisions: list[Decision] = field(default_factory=list)
    #: (figure, definition).
    means: list[tuple[str, str]] = field(default_factory=list)
    #: Whether it takes the whole width.
    is_wide: bool = False
    #: Whether there is nothing to show but the sentence that says so.
    is_empty: bool = False
    #: A drawing as data of an image, and what it shows.
    image: tuple[str, str] | None = None


@dataclass(frozen=True, slots=True)
class Tile:
    """One headline figure with its definition."""

    label: str
    value: str
    note: str
    definition: str
