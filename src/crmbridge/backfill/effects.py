"""What a bulk write may set off in a CRM, and what is done about it. Facts checked 2026-11-21."""

from __future__ import annotations

from collections.abc import Collection, Mapping
from dataclasses import dataclass
from typing import Final


@dataclass(frozen=True, slots=True, kw_only=True)
class SideEffect:
    """Something that writing may set off."""

    crm: str
    what: str
    #: How it is kept from happening, or who has to see to it.
    suppressed: str


_ALWAYS: Final[Mapping[str, tuple[SideEffect, ...]]] = {
    "hubspot": (
        SideEffect(
            crm="hubspot",
            what="workflows that enrol contacts by one of the written properties start",
            suppressed="HubSpot has no switch for it: see which use these properties, and turn them off or "
            "exclude changes by integrations while the backfill runs",
        ),
        SideEffect(
            crm="hubspot",
            what="HubSpot's own Salesforce connector copies written properties that it maps",
            suppressed="the fields of crmbridge are written in both CRMs: leave them out of the connector",
        ),
    ),
    "salesforce": (
        SideEffect(
            crm="salesforce",
            what="the active assignment rule gives updated leads another owner",
            suppressed="every write says Sforce-Auto-Assign: FALSE",
        ),
        SideEffect(
            crm="salesforce",
            what="duplicate rules refuse or report updates",
            suppressed="updates are allowed to be saved although they resemble another record",
        ),
        SideEffect(
            crm="salesforce",
            what="flows, triggers and validation rules run on every updated record",
            suppressed="no call can switch them off: exempt the integration user; refusals are listed",
        ),
    ),
}
_NEVER: Final = SideEffect(
    crm="crmbridge",
    what="hand-offs, alerts, tasks and SLA clocks for things of the past",
    suppressed="a backfill assigns nobody, sends nothing and starts no clock; owners are never written",
)
_MOVED: Final = SideEffect(
    crm="hubspot",
    what="a lifecycle stage that is written moves associated records and appears in HubSpot's own reports",
    suppressed="only written because it was asked for (--also stage); HubSpot takes no move backwards",
)


def side_effects(crms: Collection[str], fields: Collection[str]) -> tuple[SideEffect, ...]:
    """Name what writing these canonical fields in these CRMs may set off."""
    found = [effect for crm in sorted(crms) for effect in _ALWAYS.get(crm, ())]
    if "stage" in fields and "hubspot" in crms:
        found.append(_MOVED)
    return (*found, _NEVER)
