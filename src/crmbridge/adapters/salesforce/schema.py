"""What the org offers: one composite call of describes, and the rights and custom fields that follow."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from threading import Lock
from typing import Any

import msgspec

from crmbridge.adapters.salesforce.client import Client, QueryPage, Request, SubAnswer, decode
from crmbridge.adapters.salesforce.errors import Lacking
from crmbridge.adapters.salesforce.soql import id18, query_path, select
from crmbridge.adapters.salesforce.tables import (
    CRM,
    DESCRIBED,
    PEOPLE,
    RIGHT_FLAGS,
    RIGHT_OBJECTS,
    SOURCES,
)
from crmbridge.errors import Forbidden, NotFound, Where
from crmbridge.mapping import Mapping as CompanyMapping
from crmbridge.mapping import ObjectMap
from crmbridge.ports import CrmIdentity, FieldOption, FieldSchema, Rights, Schema


class _Option(msgspec.Struct):
    value: str
    label: str | None = None
    active: bool = True


class _Field(msgspec.Struct, rename="camel"):
    name: str
    label: str
    type: str
    createable: bool = False
    updateable: bool = False
    nillable: bool = True
    defaulted_on_create: bool = False
    unique: bool = False
    external_id: bool = False
    id_lookup: bool = False
    length: int = 0
    scale: int = 0
    restricted_picklist: bool = False
    custom: bool = False
    picklist_values: list[_Option] = []


class _Described(msgspec.Struct):
    fields: list[_Field]
    queryable: bool = True
    createable: bool = False
    updateable: bool = False
    deletable: bool = False


@dataclass(frozen=True, slots=True, kw_only=True)
class Metadata:
    """What one call told of the org."""

    identity: CrmIdentity
    schema: Schema
    #: "Lead.read" …, for the objects of ``RIGHT_OBJECTS``.
    granted: frozenset[str]
    #: Digits after the point, per (object, field).
    scales: Mapping[tuple[str, str], int]


class Org:
    """The org through the company's mapping: asked once, when first needed; thread-safe."""

    def __init__(self, client: Client, mapping: CompanyMapping) -> None:
        self.client = client
        self.mapping = mapping
        self._lock = Lock()
        self._metadata: Metadata | None = None
        self._maps: dict[str, ObjectMap] = {}

    @property
    def metadata(self) -> Metadata:
        """What is known; asks the org when nothing is yet."""
        with self._lock:
            return self._metadata or self._asked()

    @property
    def known(self) -> Metadata | None:
        """What is known without asking."""
        return self._metadata

    def refresh(self) -> Metadata:
        """Ask the org again."""
        with self._lock:
            return self._asked()

    def forget(self) -> None:
        """Ask again when something is needed next: the org was changed."""
        with self._lock:
            self._metadata = None

    def use(self, mapping: CompanyMapping) -> None:
        """Go on with another mapping."""
        with self._lock:
            self.mapping = mapping
            if self._metadata is not None:
                self._fit(self._metadata)

    def _asked(self) -> Metadata:
        self._metadata = metadata = describe(self.client)
        self._fit(metadata)
        return metadata

    def _fit(self, metadata: Metadata) -> None:
        self._maps = {
            found.object: found.offered(metadata.schema.objects.get(found.object, {}))
            for found in self.mapping.objects(CRM)
        }

    def map(self, object: str) -> ObjectMap:
        """Give the mapping of an object, fitted to the fields that the org has.

        Raises:
            Forbidden: the mapping does not know the object, or the token may not see it.
        """
        offered = self.metadata.schema.objects
        found = self._maps.get(object)
        if found is None:
            raise Forbidden("the object is not mapped", Where(CRM, object))
        if object not in offered:
            raise Lacking("the integration user may not read the object", Where(CRM, object))
        return found

    def columns(self, object: str) -> tuple[str, ...]:
        """Name the fields to ask for: ours and the mapped ones, as far as they exist for this token.

        Paths to a parent ("Campaign.Name") are not described there and stay.
        """
        mapped = self.map(object).names if object in PEOPLE else ()
        offered = self.metadata.schema.objects[object]
        wanted = dict.fromkeys((*SOURCES[object].fields, *mapped))
        return tuple(name for name in wanted if "." in name or name in offered)

    def rights(self) -> Rights:
        """Compare what the token may do with what the mapping needs."""
        return Rights(granted=self.metadata.granted, needed=needed_rights(self.mapping))


def describe(client: Client) -> Metadata:
    """Describe the org in one call: who it is, its objects, which lead statuses a conversion sets."""
    queries = (
        select("Organization", ["Id"]),
        select("LeadStatus", ["ApiName", "IsConverted"]),
        # Known in orgs with several currencies only.
        select("CurrencyType", ["IsoCode"], where="IsCorporate = true"),
    )
    answers = client.composite(
        [Request("GET", query_path(query)) for query in queries]
        + [Request("GET", f"sobjects/{name}/describe") for name in DESCRIBED]
    )
    organization, statuses, currencies = (
        _records(answer, name)
        for answer, name in zip(answers, ("Organization", "LeadStatus", "CurrencyType"), strict=False)
    )
    described = _described(answers[len(queries) :])
    if not organization:
        raise Forbidden("the org does not say which one it is", Where(CRM, "Organization"))
    converted = {row["ApiName"] for row in statuses if row.get("IsConverted")}
    return Metadata(
        identity=_identity(organization[0], currencies, client.usage),
        schema=Schema(
            crm=CRM,
            objects={name: _fields(name, found, converted) for name, found in described.items()},
            features=_features(described),
        ),
        granted=_granted(described),
        scales={(name, f.name): f.scale for name, found in described.items() for f in found.fields},
    )


def _records(answer: SubAnswer, object: str) -> list[dict[str, Any]]:
    if answer.ok:
        return decode(answer.body, QueryPage).records
    error = answer.error(object)
    if isinstance(error, (Lacking, NotFound)):
        return []
    raise error


def _described(answers: Sequence[SubAnswer]) -> dict[str, _Described]:
    found = {}
    for name, answer in zip(DESCRIBED, answers, strict=True):
        if answer.ok:
            found[name] = decode(answer.body, _Described)
        elif not isinstance(error := answer.error(name), (Lacking, NotFound)):
            raise error
    return {name: described for name, described in found.items() if described.queryable}


def _identity(
    organization: Mapping[str, Any], currencies: Sequence[Mapping[str, Any]], usage: tuple[int, int] | None
) -> CrmIdentity:
    used, total = usage or (0, None)
    return CrmIdentity(
        account_id=id18(organization["Id"]),
        currency=currencies[0]["IsoCode"] if currencies else None,
        calls_left=max(0, total - used) if total is not None else None,
        calls_per_day=total,
    )


def _fields(object: str, described: _Described, converted: set[str]) -> dict[str, FieldSchema]:
    return {
        found.name: _field(found, converted if (object, found.name) == ("Lead", "Status") else set())
        for found in described.fields
    }


def _field(found: _Field, converted: set[str]) -> FieldSchema:
    return FieldSchema(
        name=found.name,
        label=found.label,
        type=found.type,
        createable=found.createable,
        updateable=found.updateable,
        required=found.createable and not found.nillable and not found.defaulted_on_create,
        unique=found.unique,
        external_id=found.external_id or found.id_lookup,
        length=found.length or None,
        options=tuple(
            FieldOption(
                value=option.value,
                label=option.label or option.value,
                active=option.active,
                final=option.value in converted,
            )
            for option in found.picklist_values
        ),
        restricted=found.restricted_picklist,
        custom=found.custom,
    )


def _features(described: Mapping[str, _Described]) -> frozenset[str]:
    names = {f"{name}.{found.name}" for name, part in described.items() for found in part.fields}
    signs = {
        "person_accounts": {"Account.IsPersonAccount", "Contact.IsPersonAccount"},
        "state_country_codes": {"Lead.CountryCode", "Contact.MailingCountryCode"},
        "multi_currency": {"Lead.CurrencyIsoCode", "Opportunity.CurrencyIsoCode"},
    }
    return frozenset(feature for feature, fields in signs.items() if names & fields)


def _granted(described: Mapping[str, _Described]) -> frozenset[str]:
    return frozenset(
        f"{name}.{right}"
        for name in RIGHT_OBJECTS
        for flag, right in RIGHT_FLAGS.items()
        if name in described and getattr(described[name], flag)
    )


def needed_rights(mapping: CompanyMapping) -> frozenset[str]:
    """Name the object rights that the mapping needs: "Lead.read", "Lead.edit", "Lead.create" …"""
    people = [found.object for found in mapping.objects(CRM)]
    needed = {f"{name}.read" for name in (*people, "Account", "Campaign", "Opportunity")}
    needed |= {f"{name}.edit" for name in people if mapping.writable(CRM, name)}
    if mapping.create_salesforce_leads and "Lead" in people:
        needed |= {"Lead.create", "Lead.edit"}
    return frozenset(needed)
