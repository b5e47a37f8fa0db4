"""One field of an sObject, and the compact table format in which the objects are written down.

A line is ``Name type rights extras | Label``. Rights: n nillable, c createable, u updateable, d defaulted on
create, ``-`` none. Extras: ``->A,B`` what it refers to, ``rel=`` relationship name when it is not the name
without "Id" (empty: none), ``child=`` name of the relationship seen from the parent, ``in=`` compound field,
``-filter``, ``-sort``, ``-group``, ``-agg``, ``+fls`` and ``-fls`` (field-level security against the rule),
``if=`` feature an org may lack, and the flags of ``_FLAGS``. ``+id``, ``+deleted``, ``+audit``,
``+currency``, ``+recordtype`` and ``+address Prefix`` stand for the fields
that many objects share.
"""

from __future__ import annotations

import re
from collections.abc import Iterator, Sequence
from dataclasses import dataclass

_TYPE = re.compile(r"(\w+)(?:\((\d+)(?:,(\d+))?\))?")
_FLAGS = {"idLookup", "unique", "externalId", "restricted", "calculated", "names", "caseSensitive"}
_NOT_GROUPABLE = {"double", "currency", "percent", "datetime", "address"}
_NOT_AGGREGATABLE = {"boolean", "address"}
NUMERIC = frozenset({"double", "currency", "percent"})
REFERENCES = frozenset({"id", "reference"})

_AUDIT = """
CreatedDate       datetime  d | Created Date
CreatedById       reference d ->User | Created By ID
LastModifiedDate  datetime  d | Last Modified Date
LastModifiedById  reference d ->User | Last Modified By ID
SystemModstamp    datetime  d | System Modstamp
"""
_ADDRESS = """
{p}Street           textarea(255) ncu in={p}Address | {l}Street
{p}City             string(40)    ncu in={p}Address | {l}City
{p}State            string(80)    ncu in={p}Address | {l}State/Province
{p}PostalCode       string(20)    ncu in={p}Address | {l}Zip/Postal Code
{p}Country          string(80)    ncu in={p}Address | {l}Country
{p}StateCode        picklist(10)  ncu in={p}Address restricted if=states | {l}State/Province Code
{p}CountryCode      picklist(10)  ncu in={p}Address restricted if=states | {l}Country Code
{p}Latitude         double(18,15) ncu in={p}Address | {l}Latitude
{p}Longitude        double(18,15) ncu in={p}Address | {l}Longitude
{p}GeocodeAccuracy  picklist(40)  ncu in={p}Address restricted | {l}Geocode Accuracy
{p}Address          address       n | {l}Address
"""


_SHARED = {
    "+currency": "CurrencyIsoCode picklist(255) ncud restricted if=currencies | Currency ISO Code",
    "+recordtype": "RecordTypeId reference ncu ->RecordType if=recordtypes | Record Type ID",
}


@dataclass(frozen=True, slots=True, kw_only=True)
class Field:
    """What describe tells about one field."""

    name: str
    label: str
    #: Salesforce's own type name in lower case: "string", "picklist", "reference" …
    type: str
    #: Characters a text may have; 0 for other types.
    length: int = 0
    precision: int = 0
    scale: int = 0
    #: Digits an integer may have; 0 for other types.
    digits: int = 0
    nillable: bool = False
    createable: bool = False
    updateable: bool = False
    #: A value is set when a create names none, so that it is not required although not nillable.
    defaulted: bool = False
    filterable: bool = True
    sortable: bool = True
    groupable: bool = True
    aggregatable: bool = True
    #: Whether field-level security can hide it.
    permissionable: bool = False
    unique: bool = False
    external_id: bool = False
    id_lookup: bool = False
    case_sensitive: bool = False
    restricted: bool = False
    calculated: bool = False
    #: A reference whose parent is read through the polymorphic Name object.
    names: bool = False
    custom: bool = False
    refers_to: tuple[str, ...] = ()
    #: None: no path leads to the parent.
    relationship: str | None = None
    #: Name of the child relationship seen from the parent; None: it cannot be queried.
    child: str | None = None
    compound: str | None = None
    #: Feature of the org without which the field is not there: "states", "currencies", "recordtypes" …
    feature: str | None = None
    #: Picklist values with their state: value -> active.
    values: tuple[tuple[str, bool], ...] = ()
    default: str | bool | None = None

    @property
    def required(self) -> bool:
        """Whether a create must name it."""
        return self.createable and not self.nillable and not self.defaulted

    @property
    def long_text(self) -> bool:
        """Whether it is a long text area, which can be neither filtered nor sorted."""
        return self.type == "textarea" and self.length > 255


def parse_fields(table: str, picklists: dict[str, str], aliases: dict[str, str]) -> Iterator[Field]:
    """Read a table of fields.

    Args:
        table: Lines as the module's docstring describes.
        picklists: Field name -> values divided by "|"; the default one begins with "*".
        aliases: Texts that stand for a long list of references.
    """
    for line in _lines(table):
        yield _field(line, picklists, aliases)


def _lines(table: str) -> Iterator[str]:
    for line in filter(None, map(str.strip, table.splitlines())):
        yield from _expanded(line) if line.startswith("+") else (line,)


def _expanded(line: str) -> Iterator[str]:
    word, _, rest = line.partition(" ")
    if word == "+id":
        return iter([f"Id id d idLookup {rest}"])
    if word == "+deleted":
        return iter(["IsDeleted boolean d | Deleted"])
    if word in _SHARED:
        return _lines(_SHARED[word])
    if word == "+audit":
        return _lines(_AUDIT)
    return _lines(_ADDRESS.format(p=rest, l=f"{rest} " if rest else ""))


def _field(line: str, picklists: dict[str, str], aliases: dict[str, str]) -> Field:
    left, label = line.split("|", 1)
    name, kind, rights, *extras = left.split()
    match = _TYPE.fullmatch(kind)
    if match is None:
        raise ValueError(f"bad type in field table: {line}")
    type_, size, scale = match[1], int(match[2] or 0), int(match[3] or 0)
    refers_to = next((aliases.get(x[2:], x[2:]) for x in extras if x.startswith("->")), "")
    values = picklist(picklists.get(name, ""))
    return build(
        name=name, label=label.strip(), type=type_, size=size, scale=scale, rights=rights, extras=extras,
        refers_to=tuple(filter(None, refers_to.split(","))), values=values,
    )  # fmt: skip


def picklist(text: str) -> tuple[tuple[str, bool], ...]:
    """Read values divided by "|"; all of them are active."""
    return tuple((value, True) for value in text.split("|")) if text else ()


def build(
    *,
    name: str,
    label: str,
    type: str,
    size: int,
    scale: int,
    rights: str,
    extras: Sequence[str],
    refers_to: tuple[str, ...] = (),
    values: tuple[tuple[str, bool], ...] = (),
    custom: bool = False,
) -> Field:
    """Build a field; what its type implies is filled in.

    Args:
        name: API name.
        label: What people see.
        type: Type name in lower case.
        size: Length of a text, precision of a number; 0: what the type has.
        scale: Decimal places.
        rights: Letters of n, c, u, d.
        extras: Words as in the table format.
        refers_to: Objects a reference may point to.
        values: Picklist values and whether they are active; a default one begins with "*".
        custom: Whether it is the company's own field.
    """
    flags = _FLAGS.intersection(extras)
    options = dict(word.split("=", 1) for word in extras if "=" in word)
    default = next((value[1:] for value, _ in values if value.startswith("*")), None)
    return Field(
        name=name,
        label=label,
        type=type,
        length=_length(type, size),
        precision=size if type in NUMERIC else 0,
        scale=scale,
        digits=(size or 8) if type == "int" else 0,
        nillable="n" in rights,
        createable="c" in rights,
        updateable="u" in rights,
        defaulted="d" in rights,
        unique="unique" in flags,
        external_id="externalId" in flags,
        id_lookup="idLookup" in flags,
        case_sensitive="caseSensitive" in flags,
        restricted="restricted" in flags,
        calculated="calculated" in flags,
        names="names" in flags,
        custom=custom,
        refers_to=refers_to,
        relationship=_relationship(name, options, refers_to),
        child=options.get("child"),
        compound=options.get("in"),
        feature=options.get("if"),
        values=tuple((value.removeprefix("*"), active) for value, active in values),
        default=False if type == "boolean" else default,
        permissionable=_is_permissionable(type, rights, options.get("in"), extras),
        **_abilities(type, size, extras),
    )


def _length(type_: str, size: int) -> int:
    if type_ in REFERENCES:
        return 18
    return 0 if type_ in NUMERIC or type_ in {"int", "boolean", "date", "datetime", "address"} else size


def _relationship(name: str, options: dict[str, str], refers_to: tuple[str, ...]) -> str | None:
    if "rel" in options:
        return options["rel"] or None
    if not refers_to:
        return None
    return name[:-3] + "__r" if name.endswith("__c") else name.removesuffix("Id")


def _is_permissionable(type_: str, rights: str, compound: str | None, extras: Sequence[str]) -> bool:
    usual = "n" in rights and ("c" in rights or "u" in rights or type_ == "address") and compound != "Name"
    return "+fls" in extras or (usual and "-fls" not in extras)


def _abilities(type_: str, size: int, extras: Sequence[str]) -> dict[str, bool]:
    long_text = type_ == "textarea" and size > 255
    return {
        "filterable": not long_text and "-filter" not in extras,
        "sortable": not long_text and type_ != "address" and "-sort" not in extras,
        "groupable": not long_text and type_ not in _NOT_GROUPABLE and "-group" not in extras,
        "aggregatable": not long_text and type_ not in _NOT_AGGREGATABLE and "-agg" not in extras,
    }
