"""One CRM object seen through a company's mapping, in both directions."""

from __future__ import annotations

from collections.abc import Callable, Iterable, Mapping, Sequence
from dataclasses import dataclass, field, replace
from typing import Any, Final, TypeAlias

from crmbridge.errors import MappingError, Where
from crmbridge.model import ActivityKind, CrmName, Value
from crmbridge.normalise import UNKNOWN, Kind, Reading
from crmbridge.normalise.places import country_name, read_country, region_name
from crmbridge.normalise.readers import (
    PAIR_READERS,
    PLAIN_READERS,
    PairMemory,
    Readers,
    TextMemory,
    as_it_is,
    picker,
    translator,
    written,
)
from crmbridge.ports import FieldSchema

#: Canonical name, reader, its memory or None, field with the currency (None: it is no money).
_PairStep: TypeAlias = tuple[str, Callable[[Any, Any], Reading], PairMemory | None, str | None]
#: Raw texts kept of a value that cannot be read; long enough to recognise it by.
_LONGEST_UNKNOWN: Final = 500


@dataclass(frozen=True, slots=True, kw_only=True)
class FieldMap:
    """One canonical field and what it is called in one CRM object."""

    canonical: str
    #: The CRM's field name.
    name: str
    kind: Kind
    #: May be written to records that exist.
    write: bool = False
    #: CRM value -> canonical text. Empty for fields whose values are not translated.
    to_canonical: Mapping[str, str] = field(default_factory=dict)
    #: Canonical text -> the CRM value that is written.
    to_raw: Mapping[str, str] = field(default_factory=dict)
    #: Canonical text -> the CRM values that mean it, the preferred one first.
    choices: Mapping[str, tuple[str, ...]] = field(default_factory=dict)
    #: Canonical texts that this CRM has no value for: the field is left as it is.
    left_alone: frozenset[str] = frozenset()
    #: Canonical texts whose CRM values the company's own file names.
    chosen: frozenset[str] = frozenset()
    #: Field with the ISO code of a country or region, used instead of ``name`` where it exists.
    code: str | None = None
    #: Field with the currency of an amount; asked for.
    currency: str | None = None
    #: Field that would hold the currency if the CRM has it; not asked for until that is known.
    currency_if_offered: str | None = None
    #: ``name`` holds ISO codes, not names.
    holds_code: bool = False
    #: Which file says so, and where: for problems.
    file: str = ""
    key: str = ""
    #: The company's own file says so, not our defaults.
    own: bool = False

    @property
    def translated(self) -> bool:
        """Tell whether the field's values go through a table."""
        return bool(self.choices) or self.kind in (Kind.STAGE, Kind.STATUS, Kind.REASON)


@dataclass(frozen=True, slots=True, kw_only=True)
class Summary:
    """Fields of a person's record that tell of an activity: the latest of its kind only."""

    kind: ActivityKind
    #: CRM field with the moment.
    at: str
    #: CRM field with the name of the form, mail or page; None when there is none.
    name: str | None = None
    file: str = ""
    key: str = ""


class ObjectMap:
    """One CRM object: what to ask for, how to read a row, how to write a value. Immutable, thread-safe."""

    def __init__(
        self,
        *,
        crm: CrmName,
        object: str,
        fields: Iterable[FieldMap],
        summaries: tuple[Summary, ...] = (),
        status_reasons: Mapping[str, str] | None = None,
        readers: Readers | None = None,
    ) -> None:
        """Compile the map.

        Args:
            crm: Which CRM.
            object: The CRM's own object name.
            fields: One per canonical field; the order does not matter.
            summaries: Activities told by fields of the record.
            status_reasons: Raw status -> reason code that it implies.
            readers: Memories of the company's texts, shared by its objects; None makes new ones.
        """
        self.crm: CrmName = crm
        self.object = object
        self.fields = tuple(sorted(fields, key=lambda f: f.canonical))
        self.summaries = summaries
        self.status_reasons = dict(status_reasons or {})
        self._readers = readers or Readers()
        self._by_canonical = {f.canonical: f for f in self.fields}
        # Asked for every field of every record that is planned.
        self._tables = {f.canonical: f.to_raw if f.translated else None for f in self.fields}
        self._values = picker(f.name for f in self.fields)
        self._empty: dict[str, Any] = dict.fromkeys(f.canonical for f in self.fields)
        self._direct = {f.canonical: _direct_reader(f) for f in self.fields}
        self._steps = tuple((f.canonical, f.name, self._remembering(f)) for f in self.fields)
        self._pairs = tuple(self._pair_step(f) for f in self.fields if f.kind in PAIR_READERS)
        status = self._by_canonical.get("status")
        self._status_name = status.name if status and self.status_reasons else None

    @property
    def names(self) -> tuple[str, ...]:
        """Name the CRM fields to ask for, sorted, each once."""
        wanted = {f.name for f in self.fields} | {f.currency for f in self.fields}
        wanted |= {name for summary in self.summaries for name in (summary.at, summary.name)}
        return tuple(sorted(name for name in wanted if name))

    def field(self, canonical: str) -> FieldMap | None:
        """Find a field by its canonical name; None when it is not mapped."""
        return self._by_canonical.get(canonical)

    def read(self, raw: Mapping[str, Any]) -> tuple[dict[str, Value], dict[str, str]]:
        """Read a row into (fields, unknown), as ``Record`` holds them. Never raises.

        A field that the row does not have is absent; one that it has and that is empty is None. What
        cannot be read or has no mapping is None, with its raw text in ``unknown``.
        """
        return self.read_all((raw,))[0]

    def read_all(self, rows: Sequence[Mapping[str, Any]]) -> list[tuple[dict[str, Value], dict[str, str]]]:
        """Read the rows of a page as ``read`` does, in their order.

        Telephone numbers come after everything else: going to and fro between their library and the other
        readers, row by row, was measured to take a quarter longer.
        """
        found = [self._read_plain(raw) for raw in rows]
        if self._pairs:
            for raw, (fields, unknown) in zip(rows, found, strict=True):
                self._read_pairs(raw, fields, unknown)
        if self._status_name is not None:
            for raw, (fields, unknown) in zip(rows, found, strict=True):
                if raw.get(self._status_name) is not None:
                    self._imply_reason(raw, fields, unknown)
        return found

    def _read_plain(self, raw: Mapping[str, Any]) -> tuple[dict[str, Value], dict[str, str]]:
        """Read all but the pairs, which stay as they are."""
        try:
            steps, values, fields = self._steps, self._values(raw), self._empty.copy()
        except KeyError:  # a row without some of the fields
            steps = tuple(step for step in self._steps if step[1] in raw)
            values = tuple(raw[name] for _, name, _ in steps)
            fields = dict.fromkeys(canonical for canonical, _, _ in steps)
        unknown: dict[str, str] = {}
        for (canonical, _, read), value in zip(steps, values, strict=True):
            if value is None:
                continue
            try:
                reading = read(value)
            except TypeError:  # no hashable value: a list or a nested object
                reading = self._direct[canonical](value)
            if reading is UNKNOWN:
                unknown[canonical] = str(value)[:_LONGEST_UNKNOWN]
                reading = None
            fields[canonical] = reading
        return fields, unknown

    def reader(self, canonical: str) -> Callable[[Any], Reading] | None:
        """Give what reads single values of a field, as a history has them; None when it is not mapped."""
        found = self._by_canonical.get(canonical)
        if found is None:
            return None
        if found.kind in PAIR_READERS:
            pair = PAIR_READERS[found.kind]
            return lambda value: pair(value, None)
        return self._remembering(found)

    def to_raw(self, canonical: str, value: Value) -> Value:
        """Translate a canonical value into the CRM's; None (clear) stays None.

        Values of enumerations become the CRM's, a country or region becomes its code or English name as
        the field holds it; everything else is given back as it is, for the adapter to put on the wire.

        Raises:
            MappingError: the field is not mapped, or the value has no mapping here.
        """
        found = self._by_canonical.get(canonical)
        if found is None:
            raise MappingError(f"field {canonical} is not mapped", Where(self.crm, self.object))
        if value is None:
            return None
        if found.translated or str(value) in found.to_raw:
            return self._translated(found, value)
        if found.kind is Kind.COUNTRY and not found.holds_code:
            return country_name(str(value))
        if found.kind is Kind.REGION:
            return str(value).partition("-")[2] if found.holds_code else region_name(str(value))
        return value

    def expresses(self, canonical: str, value: Value) -> bool:
        """Tell whether ``to_raw`` has a value for it: the field is mapped, and so is the value."""
        if canonical not in self._tables:
            return False
        table = self._tables[canonical]
        return table is None or value is None or written(value) in table

    def leaves_alone(self, canonical: str, value: Value) -> bool:
        """Tell whether this CRM deliberately has no value for it, so that nothing is to be written."""
        found = self._by_canonical.get(canonical)
        return found is None or (value is not None and written(value) in found.left_alone)

    def offered(self, fields: Mapping[str, FieldSchema]) -> ObjectMap:
        """Fit the map to what the CRM really has.

        Fields that do not exist are left out (``check`` reports them); country, region and currency
        codes are read where they exist; of several values for one meaning the first that the CRM offers
        is written, and none where it offers none of our defaults.

        Args:
            fields: The object's fields as described live; empty means "unknown", and changes nothing.
        """
        if not fields:
            return self
        return ObjectMap(
            crm=self.crm,
            object=self.object,
            fields=[fitted for f in self.fields if (fitted := _fitted(f, fields, self.status_reasons))],
            summaries=tuple(s for s in (_fitted_summary(s, fields) for s in self.summaries) if s),
            status_reasons=self.status_reasons,
            readers=self._readers,
        )

    def _read_pairs(self, raw: Mapping[str, Any], fields: dict[str, Value], unknown: dict[str, str]) -> None:
        for canonical, read, memory, currency in self._pairs:
            value = fields.get(canonical)
            if value is None:
                continue
            other = fields.get("country") if currency is None else raw.get(currency)
            try:
                reading = read(value, other) if memory is None else memory[value, other]
            except TypeError:  # no hashable value: a list or a nested object
                reading = read(value, other)
            if reading is UNKNOWN:
                unknown[canonical] = str(value)[:_LONGEST_UNKNOWN]
                reading = None
            fields[canonical] = reading

    def _imply_reason(
        self, raw: Mapping[str, Any], fields: dict[str, Value], unknown: Mapping[str, str]
    ) -> None:
        # What a person gave as the reason stands; the status only fills the gap.
        if fields.get("recycle_reason") is None and "recycle_reason" not in unknown:
            implied = self.status_reasons.get(str(raw.get(self._status_name or "")))
            if implied is not None:
                fields["recycle_reason"] = implied

    def _translated(self, found: FieldMap, value: Value) -> str:
        text = written(value)
        if (raw := found.to_raw.get(text)) is None:
            # Only enumerations come here: their texts are words of the process, nobody's data.
            message = f"{found.canonical} {text!r} has no mapping in field {found.name}"
            raise MappingError(message, Where(self.crm, self.object))
        return raw

    def _remembering(self, f: FieldMap) -> Callable[[Any], Any]:
        direct = self._direct[f.canonical]
        # Our own id is another for every record.
        if f.kind in PAIR_READERS or f.canonical == "lead_id":
            return direct
        return TextMemory(direct).__getitem__ if f.translated else self._readers.of(f.kind)

    def _pair_step(self, f: FieldMap) -> _PairStep:
        # Money has its currency field or none; a phone or region has the record's country.
        currency = (f.currency or "") if f.kind is Kind.MONEY else None
        return f.canonical, PAIR_READERS[f.kind], self._readers.pairs.get(f.kind), currency


def _direct_reader(f: FieldMap) -> Callable[[Any], Reading]:
    if f.kind in PAIR_READERS:
        return as_it_is
    return translator(f.kind, f.to_canonical) if f.translated else PLAIN_READERS[f.kind]


def _fitted(f: FieldMap, fields: Mapping[str, FieldSchema], reasons: Mapping[str, str]) -> FieldMap | None:
    if f.code is not None and f.code in fields:
        return replace(f, name=f.code, code=None, holds_code=True)
    schema = fields.get(f.name)
    if schema is None:
        return None
    currency = f.currency or f.currency_if_offered
    f = replace(f, currency=currency if currency in fields else None)
    if not schema.options:
        return f
    if f.translated:
        return _fitted_choices(f, schema, reasons)
    return _fitted_country(f, schema) if f.kind is Kind.COUNTRY else f


def _fitted_choices(f: FieldMap, schema: FieldSchema, reasons: Mapping[str, str]) -> FieldMap:
    offered = {option.value for option in schema.options if option.active and not option.final}
    writable: dict[str, str] = {}
    for canonical, raws in f.choices.items():
        best = next((raw for raw in raws if raw in offered and raw not in reasons), None)
        if best is None and canonical in f.chosen:
            best = f.to_raw.get(canonical)  # the company asked for it: the CRM may say no
        if best is not None and canonical not in f.left_alone:
            writable[canonical] = best
    return replace(f, to_raw=writable, left_alone=f.left_alone | (f.choices.keys() - writable.keys()))


def _fitted_country(f: FieldMap, schema: FieldSchema) -> FieldMap:
    options = {read_country(option.value): option.value for option in reversed(schema.options)}
    return replace(f, to_raw={code: value for code, value in options.items() if isinstance(code, str)})


def _fitted_summary(summary: Summary, fields: Mapping[str, FieldSchema]) -> Summary | None:
    if summary.at not in fields:
        return None
    return summary if summary.name in fields else replace(summary, name=None)
