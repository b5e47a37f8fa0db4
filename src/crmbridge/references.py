"""Lead references: our lead id, ``hubspot:contacts:ID``, ``salesforce:Lead:ID`` or an e-mail address."""

from __future__ import annotations

from collections.abc import Sequence

from crmbridge.errors import ConfigError, Problem
from crmbridge.model import RecordRef
from crmbridge.ports import Ledger
from crmbridge.salesforce_ids import long_id


def find_lead(ledger: Ledger, reference: str) -> str:
    """Turn a reference into our lead id.

    Raises:
        ConfigError: it matches no lead, or several: the message lists them.
    """
    found = search_lead(ledger, reference.strip())
    if len(found) == 1:
        return found[0]
    if found:
        message = f"matches {len(found)} leads: {', '.join(found)}"
        raise ConfigError([Problem("lead reference", "", message, "give one of these lead ids")])
    advice = "check the reference, or run crmbridge plan first: only leads that were read are known"
    raise ConfigError([Problem("lead reference", "", "matches no lead", advice)])


def search_lead(ledger: Ledger, reference: str) -> Sequence[str]:
    """Give the leads that a reference matches, sorted. Salesforce ids may have 15 characters."""
    if "@" in reference:
        return ledger.find(email=reference.lower())
    parts = reference.split(":")
    if len(parts) == 3:
        crm, object_name, record_id = parts
        if crm == "salesforce":
            record_id = long_id(record_id)
        return ledger.find(ref=RecordRef(crm, object_name, record_id))
    return ledger.find(lead_id=reference)


def known_run(ledger: Ledger, reference: str) -> str:
    """Turn a run id, or "last" for the last run that wrote, into the id of a run that the ledger knows.

    Raises:
        ConfigError: there is no such run.
    """
    found = ledger.last_written() if reference == "last" else reference
    if found is None or ledger.run(found) is None:
        advice = "crmbridge history LEAD shows the runs that wrote"
        raise ConfigError([Problem("run", "", "there is no such run", advice)])
    return found
