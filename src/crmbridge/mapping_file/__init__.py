"""mapping.toml as data: every known key with its check, every problem reported at once."""

from __future__ import annotations

import re
from collections.abc import Mapping
from dataclasses import dataclass, field
from typing import Any, Final

from crmbridge.mapping_file.checks import (
    Place,
    check_boolean,
    check_shape,
    check_step,
    check_text,
    list_of,
    nearest,
    one_of,
    table_of,
)
from crmbridge.model import ActivityKind, LeadStatus
from crmbridge.normalise import Kind
from crmbridge.object_map import Summary

#: The file format this version reads.
FORMAT: Final = 1

#: Canonical fields every company has, and what they hold.
CANONICAL: Final[Mapping[str, Kind]] = {
    "email": Kind.EMAIL,
    "first_name": Kind.TEXT,
    "last_name": Kind.TEXT,
    "phone": Kind.PHONE,
    "mobile_phone": Kind.PHONE,
    "job_title": Kind.TEXT,
    "company": Kind.TEXT,
    "website": Kind.URL,
    "industry": Kind.TEXT,
    "employee_count": Kind.INTEGER,
    "annual_revenue": Kind.MONEY,
    "country": Kind.COUNTRY,
    "region": Kind.REGION,
    "city": Kind.TEXT,
    "postal_code": Kind.TEXT,
    "source": Kind.TEXT,
    "campaign": Kind.TEXT,
    "persona": Kind.TEXT,
    "created_at": Kind.DATETIME,
    "opted_out": Kind.BOOLEAN,
    "do_not_call": Kind.BOOLEAN,
    "stage": Kind.STAGE,
    "status": Kind.STATUS,
    "recycle_reason": Kind.REASON,
    "owner": Kind.OWNER,
    "lead_id": Kind.TEXT,
    "fit_score": Kind.NUMBER,
    "engagement_score": Kind.NUMBER,
    "score": Kind.NUMBER,
    "is_mql": Kind.BOOLEAN,
    "is_sal": Kind.BOOLEAN,
    "qualified_at": Kind.DATETIME,
    "accepted_at": Kind.DATETIME,
    "recycled_at": Kind.DATETIME,
    "recycle_until": Kind.DATETIME,
    "recycle_count": Kind.INTEGER,
    "why": Kind.LONG_TEXT,
    "process_version": Kind.TEXT,
    "interest_at": Kind.DATETIME,
    "programme": Kind.TEXT,
    "sla_promise": Kind.TEXT,
    "sla_due_at": Kind.DATETIME,
    "work_list": Kind.TEXT,
    "manual_mql": Kind.BOOLEAN,
    "manual_by": Kind.TEXT,
}

#: Of these, the ones that no default maps: whoever wants them in the CRM names the field to hold them.
OPTIONAL: Final = frozenset({"interest_at", "programme", "sla_promise", "sla_due_at", "work_list"})

#: Set by the CRM or by people; refused under [write].
NEVER_WRITTEN: Final = frozenset({"created_at", "manual_mql", "manual_by"})

#: Names that mean something else in process files, or that the adapters read by themselves.
RESERVED: Final = frozenset(
    {
        "id", "records", "domain", "account", "account_id", "account_owner", "activities", "custom",
        "opportunities", "opportunity_owner", "other_emails", "owner_active", "owner_kind", "stage_at",
        "status_at", "status_reason", "unknown",
    }
)  # fmt: skip

#: Kinds that a company may choose instead of a canonical field's own.
_OTHER_KINDS: Final[Mapping[Kind, frozenset[Kind]]] = {
    Kind.DATETIME: frozenset({Kind.DATE}),
    Kind.TEXT: frozenset({Kind.LONG_TEXT, Kind.MULTI}),
    Kind.LONG_TEXT: frozenset({Kind.TEXT}),
    Kind.URL: frozenset({Kind.TEXT}),
    Kind.NUMBER: frozenset({Kind.INTEGER}),
}

#: Kinds whose values a field's own ``values`` table may translate.
_WITH_VALUES: Final = frozenset({Kind.TEXT, Kind.BOOLEAN, Kind.COUNTRY, Kind.INTEGER, Kind.NUMBER})
#: Kinds of a company's own fields; the others belong to one canonical field each.
_OWN_KINDS: Final = frozenset(Kind) - {Kind.STAGE, Kind.STATUS, Kind.REASON, Kind.OWNER}

AUTHORITIES: Final = ("hubspot", "salesforce", "newest", "ours")
_NAME: Final = re.compile(r"[a-z][a-z0-9_]*", re.ASCII)
_FIELD_NAME: Final = re.compile(r"[A-Za-z_][A-Za-z0-9_]*", re.ASCII)


@dataclass(frozen=True, slots=True, kw_only=True)
class FieldEntry:
    """A row of a ``fields`` table."""

    place: Place
    name: str
    kind: Kind
    code: str | None = None
    currency: str | None = None
    values: Mapping[str, tuple[str, ...]] = field(default_factory=dict)


@dataclass(frozen=True, slots=True)
class Choice:
    """A row of a table of values: the CRM values that mean one thing; none at all for ``false``."""

    place: Place
    raws: tuple[str, ...]


def check_format(value: Any, place: Place) -> int | None:
    """Accept the format this version reads."""
    if value == FORMAT and not isinstance(value, bool):
        return FORMAT
    place.refuse(f"format {value!r} is not known", f"this version of crmbridge reads format = {FORMAT}")
    return None


def _check_field_name(value: Any, place: Place) -> str | None:
    if isinstance(value, str) and _FIELD_NAME.fullmatch(value):
        return value
    place.refuse(
        "must be the CRM's internal field name", "letters, digits and _: the API name, not the label"
    )
    return None


def _check_canonical(key: Any, place: Place) -> str | None:
    if not _NAME.fullmatch(key):
        place.refuse("must be a name of small letters, digits and _")
    elif key in RESERVED:
        place.refuse("is read by crmbridge itself and cannot be mapped", "choose another name")
    else:
        return str(key)
    return None


def _check_status(key: Any, place: Place) -> str | None:
    known = [status.value for status in LeadStatus if status is not LeadStatus.UNKNOWN]
    if key in known:
        return str(key)
    place.refuse("is no lead status", nearest(key, known) or f"one of {', '.join(known)}")
    return None


def check_choice(value: Any, place: Place) -> Choice | None:
    """Accept a CRM value, a list of them, or false: this CRM has no such value."""
    if value is False:
        return Choice(place, ())
    raws = value if isinstance(value, list) and value else [value]
    if all(isinstance(raw, str) and raw.strip() for raw in raws):
        return Choice(place, tuple(dict.fromkeys(raw.strip() for raw in raws)))
    place.refuse("must be the CRM's value, a list of values, or false", 'write "value" or ["value", "other"]')
    return None


#: Keys of a field's inline table.
FIELD_KEYS: Final[Mapping[str, Any]] = {
    "name": _check_field_name,
    "kind": one_of(*(kind.value for kind in Kind)),
    "code": _check_field_name,
    "currency": _check_field_name,
    "values": table_of(check_choice),
}


def check_field(value: Any, place: Place) -> FieldEntry | None:
    """Accept a field name, an inline table, or false: not mapped at all (given as None)."""
    if value is False:
        return None
    if not isinstance(value, (str, Mapping)):
        place.refuse("must be a field name, a table with name, or false")
        return None
    entry = check_shape(FIELD_KEYS, value, place) if isinstance(value, Mapping) else {}
    name = entry.get("name") if isinstance(value, Mapping) else _check_field_name(value, place)
    if isinstance(value, Mapping) and "name" not in value:
        place.refuse("name is missing", 'write { name = "field_name", … }')
    kind = _field_kind(place.key.rpartition(".")[2], entry.get("kind"), place)
    if name is None or kind is None:
        return None
    _check_extras(entry, kind, place)
    values = {key: choice.raws for key, choice in entry.get("values", {}).items() if choice}
    return FieldEntry(
        place=place,
        name=name,
        kind=kind,
        code=entry.get("code"),
        currency=entry.get("currency"),
        values=values,
    )


def _field_kind(canonical: str, given: str | None, place: Place) -> Kind | None:
    own = CANONICAL.get(canonical)
    if own is not None:
        kind = Kind(given) if given else own
        if kind is own or kind in _OTHER_KINDS.get(own, frozenset()):
            return kind
        place.refuse(f"{canonical} is of kind {own.value}, not {kind.value}", "leave kind out")
        return None
    if given is None:
        hint = nearest(
            canonical, CANONICAL, "if it is a company's own field, give its kind; or did you mean "
        )
        place.refuse("a company's own field needs a kind", hint or '{ name = "…", kind = "text" }')
        return None
    if Kind(given) not in _OWN_KINDS:
        place.refuse(f"kind {given} belongs to the field {given} alone", 'use kind = "text"')
        return None
    return Kind(given)


def _check_extras(entry: Mapping[str, Any], kind: Kind, place: Place) -> None:
    if entry.get("values") and kind not in _WITH_VALUES:
        place.at("values").refuse(f"kind {kind.value} takes no values here", _where_values_go(kind))
    if entry.get("code") and kind not in (Kind.COUNTRY, Kind.REGION):
        place.at("code").refuse("only a country or region has a code")
    if entry.get("currency") and kind is not Kind.MONEY:
        place.at("currency").refuse("only money has a currency", 'give kind = "money"')


def _where_values_go(kind: Kind) -> str:
    tables = {Kind.STAGE: "stages", Kind.STATUS: "statuses", Kind.REASON: "recycle_reasons"}
    return f"write them under {tables[kind]}" if kind in tables else ""


#: Keys of a table under [[hubspot.summaries]].
SUMMARY_KEYS: Final[Mapping[str, Any]] = {
    "kind": one_of(*(kind.value for kind in ActivityKind if kind is not ActivityKind.UNKNOWN)),
    "at": _check_field_name,
    "name": _check_field_name,
}


def check_summary(value: Any, place: Place) -> Summary | None:
    """Accept a table that names an activity's kind and its fields."""
    entry = check_shape(SUMMARY_KEYS, value, place)
    for key in ("kind", "at"):
        if isinstance(value, Mapping) and key not in value:
            place.refuse(f"{key} is missing")
    if not entry.get("kind") or not entry.get("at"):
        return None
    kind = ActivityKind(entry["kind"])
    return Summary(kind=kind, at=entry["at"], name=entry.get("name"), file=place.file, key=place.key)


_FIELDS: Final = table_of(check_field, _check_canonical)
_VALUES: Final = table_of(check_choice)
_OBJECT: Final[Mapping[str, Any]] = {
    "fields": _FIELDS,
    "stages": _VALUES,
    "statuses": table_of(check_choice, _check_status),
    "status_reasons": table_of(check_text),
    "recycle_reasons": _VALUES,
}

#: Every key of mapping.toml; docs/mapping.md explains each of them (a test compares).
SHAPE: Final[Mapping[str, Any]] = {
    "format": check_format,
    "hubspot": {
        "status_object": one_of("contacts", "leads"),
        **_OBJECT,
        "lead": {key: check for key, check in _OBJECT.items() if key != "stages"},
        "summaries": list_of(check_summary),
    },
    "salesforce": {"lead": _OBJECT, "contact": _OBJECT},
    "authority": table_of(one_of(*AUTHORITIES)),
    "write": {
        "hubspot": list_of(check_text),
        "salesforce_lead": list_of(check_text),
        "salesforce_contact": list_of(check_text),
        "create_salesforce_leads": check_boolean,
        "create_hubspot_contacts": check_boolean,
        "create_fields": list_of(check_text),
        "compare_and_set": list_of(check_text),
        "score_step": check_step,
    },
}


def check_file(data: Any, place: Place) -> dict[str, Any]:
    """Check a whole file; what is wrong is in ``place.problems``, what is right is given back."""
    checked = check_shape(SHAPE, data, place)
    if isinstance(data, Mapping) and "format" not in data:
        place.refuse("format is missing", f"begin the file with format = {FORMAT}")
    return checked
