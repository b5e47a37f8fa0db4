"""What a mapping of CSV files says, as frozen objects. docs/report.md explains every key."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any, Final

from crmbridge.mapping_file.checks import Place
from crmbridge.metrics.steps import ROLES
from crmbridge.model import ActivityKind, Direction

#: What the rows of a file are.
ROWS: Final = ("leads", "details", "deals", "activities", "history")
#: What a key may be the name of, for whoever looks for the lead behind it.
NAMES: Final = ("email", "lead_id", "hubspot:contacts", "salesforce:Lead", "salesforce:Contact")
#: Fields with a meaning of their own; every other name under [fields] is a dimension of the report.
REASONS: Final[Mapping[str, str]] = {
    "reject_reason": "rejected",
    "recycle_reason": "recycled",
    "disqualify_reason": "disqualified",
    "lost_reason": "lost",
}
MOMENTS: Final = ("created_at", "handed_off_at", "first_touch_at")
#: Read for other purposes than reports; personal data is no dimension.
PERSONAL: Final = frozenset(
    {"email", "first_name", "last_name", "phone", "mobile_phone", "website", "city", "postal_code"}
)
SPECIAL: Final = frozenset({"stage", "status", "reason", "amount", "currency", "score", *REASONS, *MOMENTS})
#: Words of the glossary that say what a stage of this name means.
_GLOSSARY: Final = {"mql": "qualified", "sal": "accepted", "won": "customer"}


@dataclass(frozen=True, slots=True, kw_only=True)
class Format:
    """How the texts of a file are to be read."""

    encoding: str = "utf-8"
    delimiter: str = ","
    #: None: the first row names the columns.
    header: tuple[str, ...] | None = None
    #: strptime formats, or "iso"; () where none is declared.
    date_formats: tuple[str, ...] = ()
    decimal: str = "."
    thousands: str = ""
    #: Texts that mean "no value", beside the empty one.
    missing: frozenset[str] = frozenset()
    timezone: str = "UTC"


@dataclass(frozen=True, slots=True, kw_only=True)
class File:
    """One file, what its rows are, and the columns that only its kind of rows has."""

    place: Place = field(compare=False)
    name: str
    path: Path
    rows: str
    #: Column with the join key; "": each row is a lead of its own.
    key: str
    #: Column, in a file before, that the key is compared with; None: the lead's key.
    on: str | None
    format: Format
    #: Column -> values of the rows that count; the others are skipped as "not_selected".
    only: Mapping[str, frozenset[str]] = field(default_factory=dict)
    #: The stage that a row in this file puts the lead in; None: none.
    stage: str | None = None
    #: The further keys of the table, checked: ``at``, ``kind``, ``won`` …
    more: Mapping[str, Any] = field(default_factory=dict)

    @property
    def label(self) -> str:
        """Name the file as messages do."""
        return self.path.name


@dataclass(frozen=True, slots=True)
class Column:
    """A column that is asked for, and how."""

    place: Place = field(compare=False)
    name: str
    #: Formats of its dates; (): the file's.
    formats: tuple[str, ...] = ()


@dataclass(frozen=True, slots=True, kw_only=True)
class Spec:
    """A mapping file."""

    place: Place
    files: tuple[File, ...]
    #: One of ``NAMES``; None: a lead reference as on the command line.
    key_names: str | None = None
    #: Canonical name -> column.
    fields: Mapping[str, Column]
    #: Raw value -> stage; None: a value that says nothing.
    values: Mapping[str, str | None]
    #: (column that is present, stage).
    present: tuple[tuple[Column, str], ...]
    #: (stage, column with the date).
    dates: tuple[tuple[str, Column], ...]
    #: Raw reason -> code; a reason that is not named stays as it is.
    reasons: Mapping[str, str]
    #: Raw kind -> kind; None: rows that do not count.
    kinds: Mapping[str, ActivityKind | None]
    #: Stage -> role, the way in its order first.
    stages: Mapping[str, str]
    touches: frozenset[ActivityKind]
    currency: str | None
    #: The rest of [report].
    report: Mapping[str, Any]

    @property
    def stage_column(self) -> Column | None:
        """Give the column whose values name the stage."""
        return self.fields.get("stage") or self.fields.get("status")

    @property
    def dimensions(self) -> Mapping[str, Column]:
        """Give the fields that leads are grouped by."""
        taken = SPECIAL if "stage" not in self.fields else SPECIAL - {"status"}
        return {
            name: column for name, column in self.fields.items() if name not in taken and name not in PERSONAL
        }

    def has_role(self, role: str) -> bool:
        """Tell whether a stage means this."""
        return role in self.stages.values()


def meaning(stage: str) -> str | None:
    """Say what a stage means by its name alone; None: it has to be declared."""
    plain = "_".join(stage.casefold().split())
    return plain if plain in ROLES else _GLOSSARY.get(plain)


#: Direction as files write it.
DIRECTIONS: Final = {item.value: item for item in Direction}
KINDS: Final = {item.value: item for item in ActivityKind}
#: Touches where the file does not say: what certainly went to the person.
TOUCHES: Final = frozenset({ActivityKind.CALL, ActivityKind.MEETING, ActivityKind.EMAIL_SENT})
