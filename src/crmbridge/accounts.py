"""Only the pinned accounts are touched: a token of any other is refused before the first read."""

from __future__ import annotations

from collections.abc import Mapping

from crmbridge.errors import Problem
from crmbridge.ports import CrmIdentity
from crmbridge.process.parts import Identity


def strangers(pinned: Identity, identities: Mapping[str, CrmIdentity]) -> tuple[Problem, ...]:
    """Name the accounts that are not the ones the process file pins; a CRM without a pin may be any."""
    keys = {
        "hubspot": ("hubspot_portal_id", pinned.hubspot_portal_id),
        "salesforce": ("salesforce_org_id", pinned.salesforce_org_id),
    }
    return tuple(
        Problem(
            "process.toml",
            f"identity.{keys[name][0]}",
            f"the token is for {name} account {identity.account_id}, the process for {keys[name][1]}",
            "use that account's token, or pin the other account if it is the right one",
        )
        for name, identity in sorted(identities.items())
        if keys[name][1] not in {None, identity.account_id}
    )
