"""The object types of the portal: names, type ids, scopes, association types."""

from __future__ import annotations

from dataclasses import dataclass

from crmbridge.sandbox.hubspot.errors import HubSpotError


@dataclass(frozen=True, slots=True, kw_only=True)
class ObjectType:
    """One kind of record."""

    #: Plural name as in paths: "contacts".
    name: str
    #: "0-1" and so on.
    type_id: str
    singular: str
    #: Any one of these lets a token read.
    read_scopes: tuple[str, ...]
    write_scopes: tuple[str, ...]
    #: Given when a request names no properties.
    default_properties: tuple[str, ...]
    #: Properties of which all are needed to create a record.
    required: tuple[str, ...] = ()
    #: Properties of which one is needed to create a record.
    one_of: tuple[str, ...] = ()
    #: A dated event in the life of a contact: call, meeting …
    is_activity: bool = False

    @property
    def table(self) -> str:
        """Name of the SQLite table; never made from a request."""
        return f"hs_{self.name}"

    @property
    def label(self) -> str:
        """Singular in capitals, as error messages name it."""
        return self.singular.upper()

    @property
    def modified_property(self) -> str:
        """Property that holds the change stamp; contacts have their own (checked 2026-11-21)."""
        return "lastmodifieddate" if self.name == "contacts" else "hs_lastmodifieddate"

    @property
    def created_property(self) -> str:
        """Property that holds the creation stamp."""
        return "createdate" if self.name in _WITH_CREATEDATE else "hs_createdate"


_WITH_CREATEDATE = frozenset({"contacts", "companies", "deals"})
_CONTACTS = (("crm.objects.contacts.read",), ("crm.objects.contacts.write",))
_STAMPS = ("hs_createdate", "hs_lastmodifieddate", "hs_object_id")


def _activity(name: str, type_id: str, *more_read: str) -> ObjectType:
    return ObjectType(
        name=name,
        type_id=type_id,
        singular=name[:-1],
        read_scopes=(*_CONTACTS[0], *more_read),
        write_scopes=_CONTACTS[1],
        default_properties=_STAMPS,
        required=("hs_timestamp",),
        is_activity=True,
    )


CONTACTS = ObjectType(
    name="contacts",
    type_id="0-1",
    singular="contact",
    read_scopes=_CONTACTS[0],
    write_scopes=_CONTACTS[1],
    default_properties=("createdate", "email", "firstname", "hs_object_id", "lastmodifieddate", "lastname"),
    one_of=("email", "firstname", "lastname"),
)
COMPANIES = ObjectType(
    name="companies",
    type_id="0-2",
    singular="company",
    read_scopes=("crm.objects.companies.read",),
    write_scopes=("crm.objects.companies.write",),
    default_properties=("createdate", "domain", "hs_lastmodifieddate", "hs_object_id", "name"),
    one_of=("name", "domain"),
)
DEALS = ObjectType(
    name="deals",
    type_id="0-3",
    singular="deal",
    read_scopes=("crm.objects.deals.read",),
    write_scopes=("crm.objects.deals.write",),
    default_properties=(
        "amount",
        "closedate",
        "createdate",
        "dealname",
        "dealstage",
        "hs_lastmodifieddate",
        "hs_object_id",
        "pipeline",
    ),
    required=("dealname", "dealstage"),
)
LEADS = ObjectType(
    name="leads",
    type_id="0-136",
    singular="lead",
    read_scopes=("crm.objects.leads.read",),
    write_scopes=("crm.objects.leads.write",),
    default_properties=_STAMPS,
    required=("hs_lead_name",),
)
OBJECT_TYPES = (
    CONTACTS,
    COMPANIES,
    DEALS,
    LEADS,
    _activity("tasks", "0-27"),
    _activity("notes", "0-46"),
    _activity("meetings", "0-47"),
    _activity("calls", "0-48"),
    _activity("emails", "0-49", "sales-email-read"),
    _activity("communications", "0-18"),
)
BY_NAME = {item.name: item for item in OBJECT_TYPES}
_BY_ANY_NAME = {
    key: item for item in OBJECT_TYPES for key in (item.name, item.singular, item.type_id, item.type_id[2:])
}


def object_type(name: str) -> ObjectType:
    """Find a type by plural, singular (any case) or type id.

    Raises:
        HubSpotError: 400 without a category, as the real service answers.
    """
    found = _BY_ANY_NAME.get(name.lower())
    if found is None or name.isdigit():
        raise HubSpotError(400, f"Unable to infer object type from: {name}", None)
    return found


#: Unlabelled association types, both directions (HubSpot's association guide, checked 2026-11-21; pairs
#: of companies and deals with activities are not in our notes and carry ids recalled from there).
ASSOCIATION_TYPES = {
    ("contacts", "companies"): 279,
    ("companies", "contacts"): 280,
    ("contacts", "deals"): 4,
    ("deals", "contacts"): 3,
    ("contacts", "calls"): 193,
    ("calls", "contacts"): 194,
    ("contacts", "emails"): 197,
    ("emails", "contacts"): 198,
    ("contacts", "meetings"): 199,
    ("meetings", "contacts"): 200,
    ("contacts", "notes"): 201,
    ("notes", "contacts"): 202,
    ("contacts", "tasks"): 203,
    ("tasks", "contacts"): 204,
    ("contacts", "communications"): 82,
    ("communications", "contacts"): 81,
    ("companies", "communications"): 88,
    ("communications", "companies"): 87,
    ("contacts", "leads"): 609,
    ("leads", "contacts"): 608,
    ("companies", "deals"): 342,
    ("deals", "companies"): 341,
    ("companies", "calls"): 181,
    ("calls", "companies"): 182,
    ("companies", "emails"): 185,
    ("emails", "companies"): 186,
    ("companies", "meetings"): 187,
    ("meetings", "companies"): 188,
    ("companies", "notes"): 189,
    ("notes", "companies"): 190,
    ("companies", "tasks"): 191,
    ("tasks", "companies"): 192,
    ("deals", "leads"): 1038,
    ("leads", "deals"): 1039,
    ("leads", "calls"): 596,
    ("calls", "leads"): 597,
    ("leads", "emails"): 598,
    ("emails", "leads"): 599,
    ("leads", "meetings"): 600,
    ("meetings", "leads"): 601,
    ("leads", "notes"): 854,
    ("notes", "leads"): 853,
    ("leads", "tasks"): 646,
    ("tasks", "leads"): 647,
}
#: The one marked as primary, beside the unlabelled one.
PRIMARY_TYPES = {
    ("contacts", "companies"): 1,
    ("companies", "contacts"): 2,
    ("leads", "contacts"): 578,
    ("contacts", "leads"): 579,
    ("deals", "companies"): 5,
    ("companies", "deals"): 6,
}
