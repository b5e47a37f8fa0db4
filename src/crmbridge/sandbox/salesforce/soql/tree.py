"""A SOQL statement as a tree. ``at`` is the character a part begins at, for error messages."""

from __future__ import annotations

from dataclasses import dataclass


@dataclass(frozen=True, slots=True)
class Path:
    """A field, maybe of a parent: ``Owner.Name``."""

    names: tuple[str, ...]
    at: int


@dataclass(frozen=True, slots=True)
class Literal:
    """A value as written. Kinds: string, number, boolean, null, date, datetime, range."""

    kind: str
    text: str
    at: int


@dataclass(frozen=True, slots=True)
class Call:
    """A function: ``COUNT(Id)``, ``CALENDAR_YEAR(CreatedDate)``, ``FIELDS(ALL)``."""

    name: str
    args: tuple[Path | Call, ...]
    at: int


@dataclass(frozen=True, slots=True)
class Compare:
    """One comparison; operators: = != < > <= >= like."""

    left: Path | Call
    operator: str
    right: Literal


@dataclass(frozen=True, slots=True)
class Within:
    """A comparison with several values; operators: in, not in, includes, excludes."""

    left: Path | Call
    operator: str
    values: tuple[Literal, ...]


@dataclass(frozen=True, slots=True)
class WithinSelect:
    """A semi-join or anti-join."""

    left: Path | Call
    operator: str
    select: Select


@dataclass(frozen=True, slots=True)
class Not:
    """A condition turned round."""

    part: Condition


@dataclass(frozen=True, slots=True)
class All:
    """Conditions joined by AND."""

    parts: tuple[Condition, ...]


@dataclass(frozen=True, slots=True)
class Some:
    """Conditions joined by OR."""

    parts: tuple[Condition, ...]


Condition = Compare | Within | WithinSelect | Not | All | Some


@dataclass(frozen=True, slots=True)
class Case:
    """One branch of TYPEOF; ``object`` "" is ELSE."""

    object: str
    fields: tuple[Path, ...]
    at: int


@dataclass(frozen=True, slots=True)
class TypeOf:
    """Other fields for each kind of parent of a polymorphic reference."""

    path: Path
    cases: tuple[Case, ...]


@dataclass(frozen=True, slots=True)
class Item:
    """One thing selected."""

    what: Path | Call | TypeOf | Select
    alias: str = ""


@dataclass(frozen=True, slots=True)
class Order:
    """One key of ORDER BY."""

    what: Path | Call
    descending: bool
    nulls_last: bool


@dataclass(frozen=True, slots=True)
class Source:
    """What FROM names."""

    name: str
    alias: str
    at: int


@dataclass(frozen=True, slots=True)
class Select:
    """A statement, or a subquery."""

    items: tuple[Item, ...]
    source: Source
    where: Condition | None
    group: tuple[Path | Call, ...]
    having: Condition | None
    order: tuple[Order, ...]
    limit: int | None
    offset: int
