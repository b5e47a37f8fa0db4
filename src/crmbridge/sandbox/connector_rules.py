"""What the HubSpot-Salesforce connector is set to do: mapped fields, rules, and which value wins."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import asdict, dataclass, fields
from typing import Any

from crmbridge.errors import ConfigError, Problem

TWO_WAY, PREFER, SALESFORCE, HUBSPOT, NEVER = RULES = (
    "two_way", "prefer_salesforce", "always_salesforce", "always_hubspot", "never",
)  # fmt: skip


@dataclass(frozen=True, slots=True, kw_only=True)
class FieldMapping:
    """One mapped property."""

    #: Property of HubSpot's contacts. ``hubspot_owner_id`` is translated by the users' e-mail addresses.
    hubspot: str
    #: Field of Lead and of Contact; "" where the object has none.
    lead: str = ""
    contact: str = ""
    #: "two_way" the last change wins; "prefer_salesforce" Salesforce unless it is blank there (what most
    #: portals use); "always_salesforce", blank too; "always_hubspot"; "never".
    rule: str = PREFER

    def field(self, object_: str) -> str:
        """Give the field of "Lead" or "Contact"."""
        return self.lead if object_ == "Lead" else self.contact


#: What the connector maps from the start (practice reports, checked 2026-11-21).
DEFAULT_FIELDS = (
    FieldMapping(hubspot="firstname", lead="FirstName", contact="FirstName"),
    FieldMapping(hubspot="lastname", lead="LastName", contact="LastName"),
    FieldMapping(hubspot="email", lead="Email", contact="Email"),
    FieldMapping(hubspot="phone", lead="Phone", contact="Phone"),
    FieldMapping(hubspot="mobilephone", lead="MobilePhone", contact="MobilePhone"),
    FieldMapping(hubspot="jobtitle", lead="Title", contact="Title"),
    FieldMapping(hubspot="company", lead="Company"),
    FieldMapping(hubspot="website", lead="Website"),
    FieldMapping(hubspot="city", lead="City", contact="MailingCity"),
    FieldMapping(hubspot="state", lead="State", contact="MailingState"),
    FieldMapping(hubspot="zip", lead="PostalCode", contact="MailingPostalCode"),
    FieldMapping(hubspot="country", lead="Country", contact="MailingCountry"),
    FieldMapping(hubspot="hubspot_owner_id", lead="OwnerId", contact="OwnerId"),
)


@dataclass(frozen=True, slots=True, kw_only=True)
class ConnectorOptions:
    """How the connector of a sandbox works."""

    fields: Sequence[FieldMapping] = DEFAULT_FIELDS
    #: Simulated minutes from one run to the next.
    every_minutes: float = 15.0
    #: Id of the HubSpot list whose members may go to Salesforce; "": everybody beyond Subscriber. It limits
    #: that direction only.
    inclusion_list: str = ""
    #: What a HubSpot contact without counterpart becomes: "Lead", "Contact" or "" for nothing.
    creates: str = "Lead"
    #: Salesforce leads and contacts with an address and without counterpart become HubSpot contacts.
    from_salesforce: bool = True
    #: Contact roles of opportunities move the lifecycle stage to opportunity, then customer; never back.
    stages_by_opportunity: bool = False

    def as_dict(self) -> dict[str, Any]:
        """Give the settings as JSON values."""
        return {**asdict(self), "fields": [asdict(item) for item in self.fields]}


def parse(data: Any) -> ConnectorOptions:
    """Read settings from JSON; what is not given has its default.

    Raises:
        ConfigError: A key is unknown or a value is of another type; all of them at once.
    """
    if not isinstance(data, Mapping):
        raise ConfigError([Problem("connector", "", "must be an object of settings")])
    problems = _problems(data, ConnectorOptions)
    rows = data.get("fields", [])
    for position, row in enumerate(rows if isinstance(rows, list) else []):
        problems += _row_problems(row, f"fields[{position}]")
    if data.get("creates", "Lead") not in ("Lead", "Contact", ""):
        problems.append(Problem("connector", "creates", 'must be "Lead", "Contact" or ""'))
    minutes = data.get("every_minutes", 1)
    if isinstance(minutes, int | float) and minutes <= 0:
        problems.append(Problem("connector", "every_minutes", "must be over 0"))
    if problems:
        raise ConfigError(problems)
    given = {name: value for name, value in data.items() if name != "fields"}
    mapped = [FieldMapping(**row) for row in rows] if "fields" in data else DEFAULT_FIELDS
    return ConnectorOptions(**given, fields=tuple(mapped))


def winner(rule: str, hubspot: str, salesforce: str, known: tuple[str, str] | None, *, newer: bool) -> str:
    """Tell whose value is copied: "hubspot", "salesforce" or "" for nothing.

    Args:
        rule: One of `RULES`.
        hubspot: Present value there, "" for blank.
        salesforce: Present value there, in the form of HubSpot's.
        known: Both values as they were after the last run; None before the first.
        newer: HubSpot's value was changed after Salesforce's record.
    """
    if hubspot == salesforce or rule == NEVER:
        return ""
    if rule == PREFER:
        return "salesforce" if salesforce else "hubspot"
    if rule != TWO_WAY:
        return rule.removeprefix("always_")
    if known is not None and (hubspot != known[0]) != (salesforce != known[1]):
        return "hubspot" if hubspot != known[0] else "salesforce"
    if known == (hubspot, salesforce):
        return ""  # could not be written the last time, and nobody changed anything since
    if known is None and not (hubspot and salesforce):
        return "hubspot" if hubspot else "salesforce"
    return "hubspot" if newer else "salesforce"


def _row_problems(row: Any, key: str) -> list[Problem]:
    if not isinstance(row, Mapping):
        return [Problem("connector", key, "must be an object")]
    problems = _problems(row, FieldMapping, f"{key}.")
    if not row.get("hubspot"):
        problems.append(Problem("connector", f"{key}.hubspot", "is needed"))
    if row.get("rule", PREFER) not in RULES:
        problems.append(Problem("connector", f"{key}.rule", "must be one of: " + ", ".join(RULES)))
    return problems


def _problems(
    data: Mapping[str, Any], kind: type[ConnectorOptions] | type[FieldMapping], key: str = ""
) -> list[Problem]:
    known = {item.name: str(item.type) for item in fields(kind)}
    problems = [Problem("connector", f"{key}{name}", "unknown setting") for name in data if name not in known]
    for name, value in data.items():
        wanted = _JSON_TYPES.get(known.get(name, ""))
        if wanted is not None and (
            not isinstance(value, wanted) or isinstance(value, bool) is not (wanted is bool)
        ):
            problems.append(Problem("connector", f"{key}{name}", "has the wrong type"))
    return problems


_JSON_TYPES: dict[str, Any] = {
    "str": str, "bool": bool, "float": (int, float), "Sequence[FieldMapping]": list,
}  # fmt: skip
