"""A company's mapping: how it names fields and values in each CRM, and what may be written there."""

from __future__ import annotations

import hashlib
import json
import tomllib
from collections.abc import Iterable, Iterator
from collections.abc import Mapping as MappingType
from functools import lru_cache
from pathlib import Path
from typing import Any, Final

from crmbridge.errors import ConfigError, Problem
from crmbridge.mapping_file import (
    AUTHORITIES,
    CANONICAL,
    NEVER_WRITTEN,
    OPTIONAL,
    Choice,
    FieldEntry,
    check_file,
)
from crmbridge.mapping_file.checks import Place, merge, nearest
from crmbridge.model import CrmName, LeadStatus
from crmbridge.normalise import Kind, Readers
from crmbridge.object_map import FieldMap, ObjectMap, Summary
from crmbridge.ports import Schema

__all__ = ["AUTHORITIES", "CANONICAL", "OPTIONAL", "FieldMap", "Kind", "Mapping", "ObjectMap", "Summary"]

# Not importlib.resources: it costs a tenth of what importing the whole package does.
_DEFAULTS: Final = Path(__file__).parent / "mappings"
_DEFAULT_FILES: Final = ("shared.toml", "hubspot.toml", "salesforce.toml")

#: (CRM, object) -> where its tables stand in the file, and its list under [write].
_OBJECTS: Final[MappingType[tuple[CrmName, str], tuple[tuple[str, ...], str]]] = {
    ("hubspot", "contacts"): (("hubspot",), "hubspot"),
    ("hubspot", "leads"): (("hubspot", "lead"), "hubspot"),
    ("salesforce", "Lead"): (("salesforce", "lead"), "salesforce_lead"),
    ("salesforce", "Contact"): (("salesforce", "contact"), "salesforce_contact"),
}

#: Which table translates which kind.
_TABLES: Final = {Kind.STAGE: "stages", Kind.STATUS: "statuses", Kind.REASON: "recycle_reasons"}
#: Read and never written: only the CRM's own conversion makes it true.
_READ_ONLY_STATUS: Final = LeadStatus.CONVERTED.value
#: Canonical fields that stand on HubSpot's Leads object when the company keeps its status there.
_ON_HUBSPOT_LEADS: Final = frozenset({"status", "recycle_reason"})


class Mapping:
    """Everything a company can name differently, in both directions. Immutable, thread-safe."""

    def __init__(self, data: MappingType[str, Any], fingerprint: str) -> None:
        """Build from checked and merged data; use ``load``, ``parse`` or ``default``."""
        write = data["write"]
        self.status_object: str = data["hubspot"]["status_object"]
        self.summaries: tuple[Summary, ...] = data["hubspot"]["summaries"]
        self.create_salesforce_leads: bool = write["create_salesforce_leads"]
        self.create_hubspot_contacts: bool = write["create_hubspot_contacts"]
        self.create_fields: tuple[str, ...] = write["create_fields"]
        self.compare_and_set: frozenset[str] = frozenset(write["compare_and_set"])
        self.score_step: float = write["score_step"]
        #: SHA-256 of the merged files: changes whenever anything that they say changes.
        self.fingerprint = fingerprint
        self._authority: MappingType[str, str] = data["authority"]
        readers = Readers()
        self._objects: dict[tuple[str, str], ObjectMap] = {
            key: _object_map(key, data, self.summaries, readers)
            for key in _OBJECTS
            if key != ("hubspot", "leads") or self.status_object == "leads"
        }

    @classmethod
    def default(cls) -> Mapping:
        """Give the mapping of a company that writes no file."""
        return cls.parse({"format": 1}, file="")

    @classmethod
    def load(cls, path: Path | None) -> Mapping:
        """Read a company's mapping.toml over the defaults.

        Args:
            path: None, or a file that does not exist, gives the defaults.

        Raises:
            ConfigError: with every problem of the file at once.
        """
        if path is None or not path.exists():
            return cls.default()
        try:
            data = tomllib.loads(path.read_bytes().decode("utf-8-sig"))
        except (tomllib.TOMLDecodeError, UnicodeDecodeError, OSError) as error:
            reason = str(error) if isinstance(error, tomllib.TOMLDecodeError) else type(error).__name__
            problem = Problem(path.name, "", f"is no readable TOML: {reason}", "mend the file, UTF-8 text")
            raise ConfigError([problem]) from None
        return cls.parse(data, file=path.name)

    @classmethod
    def parse(cls, data: MappingType[str, Any], file: str = "mapping.toml") -> Mapping:
        """Build from the file's data, laid over the defaults.

        Raises:
            ConfigError: with every problem at once, each with file, key path and what to do.
        """
        place = Place(file)
        own = check_file(data, place)
        defaults, default_data = _defaults()
        merged = merge(defaults, own)
        place.problems.extend(_contradictions(own, merged, file))
        if place.problems:
            raise ConfigError(place.problems)
        return cls(merged, _fingerprint(merge(default_data, data)))

    def object(self, crm: str, object: str) -> ObjectMap | None:
        """Find the map of one CRM object; None when the company does not use it."""
        return self._objects.get((crm, object))

    def objects(self, crm: str) -> tuple[ObjectMap, ...]:
        """Give the maps of one CRM's objects, the person's main record first."""
        return tuple(found for (owner, _), found in self._objects.items() if owner == crm)

    def authority(self, field: str) -> str:
        """Say whose value of a field wins: "hubspot", "salesforce", "newest" or "ours"."""
        return self._authority.get(field, self._authority["default"])

    def writable(self, crm: str, object: str) -> frozenset[str]:
        """Name the canonical fields that may be written to existing records of an object."""
        found = self.object(crm, object)
        return frozenset(f.canonical for f in found.fields if f.write) if found else frozenset()

    def offered(self, schemas: MappingType[str, Schema]) -> Mapping:
        """Fit every object to what the CRMs really have (see ``ObjectMap.offered``).

        Args:
            schemas: CRM name -> live schema. A CRM or object that is absent keeps its map.
        """
        fitted = _copy(self)
        fitted._objects = {
            key: found.offered(schemas[key[0]].objects.get(key[1], {})) if key[0] in schemas else found
            for key, found in self._objects.items()
        }
        return fitted


def _copy(mapping: Mapping) -> Mapping:
    """Copy a mapping without building its objects again."""
    copied = Mapping.__new__(Mapping)
    copied.__dict__.update(mapping.__dict__)
    return copied


@lru_cache(maxsize=1)
def _defaults() -> tuple[MappingType[str, Any], MappingType[str, Any]]:
    """Give the default files, checked and as they stand."""
    checked: dict[str, Any] = {}
    data: dict[str, Any] = {}
    for name in _DEFAULT_FILES:
        text = (_DEFAULTS / name).read_text(encoding="utf-8")
        place = Place(f"defaults/{name}", own=False)
        part = tomllib.loads(text)
        checked = merge(checked, check_file(part, place))
        data = merge(data, part)
        if place.problems:  # a broken package, not the company's doing
            raise ConfigError(place.problems)
    return checked, data


def _fingerprint(data: MappingType[str, Any]) -> str:
    return hashlib.sha256(json.dumps(data, sort_keys=True, default=str).encode()).hexdigest()


def _table(data: MappingType[str, Any], path: Iterable[str], name: str) -> MappingType[str, Any]:
    for key in path:
        data = data.get(key, {})
    table: MappingType[str, Any] = data.get(name, {})
    return table


def _object_map(
    key: tuple[CrmName, str],
    data: MappingType[str, Any],
    summaries: tuple[Summary, ...],
    readers: Readers,
) -> ObjectMap:
    path, write = _OBJECTS[key]
    on_leads = data["hubspot"]["status_object"] == "leads" and key == ("hubspot", "contacts")
    reasons = _table(data, path, "status_reasons")
    fields = [
        _field_map(canonical, entry, _choices(entry, data, path), reasons, canonical in data["write"][write])
        for canonical, entry in _table(data, path, "fields").items()
        if entry is not None and not (on_leads and canonical in _ON_HUBSPOT_LEADS)
    ]
    return ObjectMap(
        crm=key[0],
        object=key[1],
        fields=fields,
        summaries=summaries if key == ("hubspot", "contacts") else (),
        status_reasons=reasons,
        readers=readers,
    )


def _choices(
    entry: FieldEntry, data: MappingType[str, Any], path: tuple[str, ...]
) -> MappingType[str, Choice]:
    if (table := _TABLES.get(entry.kind)) is not None:
        return {key: choice for key, choice in _table(data, path, table).items() if choice is not None}
    return {key: Choice(entry.place, raws) for key, raws in entry.values.items()}


def _field_map(
    canonical: str,
    entry: FieldEntry,
    choices: MappingType[str, Choice],
    reasons: MappingType[str, str],
    write: bool,
) -> FieldMap:
    # The company's rows first: a value that they claim is taken from our defaults.
    rows = sorted(choices.items(), key=lambda row: not row[1].place.own)
    to_canonical: dict[str, str] = {}
    kept: dict[str, tuple[str, ...]] = {}
    for meaning, choice in rows:
        kept[meaning] = tuple(raw for raw in choice.raws if raw not in to_canonical)
        to_canonical |= dict.fromkeys(kept[meaning], meaning)
    best = {
        meaning: next((raw for raw in raws if raw not in reasons), None)
        for meaning, raws in kept.items()
        if not (entry.kind is Kind.STATUS and meaning == _READ_ONLY_STATUS)
    }
    to_raw = {meaning: raw for meaning, raw in best.items() if raw is not None}
    return FieldMap(
        canonical=canonical,
        name=entry.name,
        kind=entry.kind,
        write=write,
        to_canonical=to_canonical,
        to_raw=to_raw,
        choices=kept,
        left_alone=frozenset(kept.keys() - to_raw.keys()),
        chosen=frozenset(meaning for meaning, choice in rows if choice.place.own and choice.raws),
        code=entry.code,
        currency=entry.currency if entry.place.own else None,
        currency_if_offered=entry.currency,
        file=entry.place.file,
        key=entry.place.key,
        own=entry.place.own,
    )


def _contradictions(
    own: MappingType[str, Any], merged: MappingType[str, Any], file: str
) -> Iterator[Problem]:
    """Find what no single row shows: values with two meanings, lists that name fields nobody maps."""
    mapped: dict[str, frozenset[str]] = {}
    for path, write in _OBJECTS.values():
        for table in _TABLES.values():
            yield from _two_meanings(_table(own, path, table))
        # HubSpot's one list covers its contacts and its Leads object.
        mapped[write] = mapped.get(write, frozenset()) | _mapped(merged, path)
    for write, names in mapped.items():
        yield from _unknown_names(own.get("write", {}).get(write), names, f"write.{write}", file)
    everything = frozenset().union(*mapped.values())
    for name in ("create_fields", "compare_and_set"):
        yield from _unknown_names(own.get("write", {}).get(name), everything, f"write.{name}", file)
    for canonical in own.get("authority", {}):
        if canonical != "default" and canonical not in everything | CANONICAL.keys():
            hint = nearest(canonical, everything)
            yield Problem(file, f"authority.{canonical}", "is no field of this mapping", hint)


def _mapped(merged: MappingType[str, Any], path: tuple[str, ...]) -> frozenset[str]:
    return frozenset(name for name, entry in _table(merged, path, "fields").items() if entry is not None)


def _two_meanings(table: MappingType[str, Any]) -> Iterator[Problem]:
    seen: dict[str, str] = {}
    for meaning, choice in table.items():
        for raw in choice.raws if choice is not None else ():
            if (other := seen.setdefault(raw, meaning)) != meaning:
                message = f"value {raw!r} means {other!r} already"
                yield Problem(choice.place.file, choice.place.key, message, "let it mean one of the two")


def _unknown_names(
    names: Iterable[str | None] | None, known: frozenset[str], key: str, file: str
) -> Iterator[Problem]:
    for index, name in enumerate(names or ()):
        if name is None:
            continue
        if name in NEVER_WRITTEN:
            yield Problem(file, f"{key}[{index}]", f"{name} is never written", "take it out of the list")
        elif name not in known:
            yield Problem(file, f"{key}[{index}]", f"{name} is not mapped here", nearest(name, known))
