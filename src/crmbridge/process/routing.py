"""Who should work a lead: hold flags, the ladder, territories, triage. Every dead end has a name."""

from __future__ import annotations

from collections.abc import Callable, Collection
from datetime import datetime
from functools import lru_cache
from typing import Final, TypeAlias

from crmbridge.model import Assignment, Effect, Lead, OwnerKind, Reason
from crmbridge.process.definition import Process
from crmbridge.process.making import assignment, reason
from crmbridge.process.parts import NamedAccount

#: Dead ends, as ``Assignment.via`` and reasons name them.
NO_COUNTRY: Final = "unrouted_no_country"
UNKNOWN_COUNTRY: Final = "unrouted_unknown_country"
NO_TERRITORY: Final = "unrouted_no_territory"
REFUSED_OWNER: Final = "unrouted_refused_owner"
NO_OWNER: Final = "unrouted_no_owner"
DEAD_ENDS: Final = (NO_COUNTRY, UNKNOWN_COUNTRY, NO_TERRITORY, REFUSED_OWNER, NO_OWNER)

# Looked up once: the class of an enum finds its members by a call in Python.
_ROUTE: Final = Effect.ROUTE
_HOLD: Final = Effect.HOLD
#: Most territories (by country) whose reason is made once; then the one used longest ago is dropped.
_TERRITORIES_KEPT: Final = 4096
#: A choice with the reason for it.
Routed: TypeAlias = tuple[Assignment, tuple[Reason, ...]]
#: One rung of the ladder: an assignment, or None to go on.
_Rung: TypeAlias = Callable[[Lead, Process, Collection[str]], Assignment | None]


def hold(lead: Lead, process: Process, now: datetime) -> Reason | None:
    """Say why a lead may not be handed over or written to, whatever its score; None when it may.

    Consent counts in both directions: a person who opted out of marketing's e-mail is not passed to
    sales to be mailed from there, and one who must not be called is not passed to be called. What the
    CRMs do not say (None) holds nobody.
    """
    if lead.opted_out is True:
        return reason("held_opt_out", _HOLD, True)
    if lead.do_not_call is True:
        return reason("held_do_not_call", _HOLD, True)
    for rule in process.parts.routing.holds:
        if rule.when.test(lead, now):
            return reason(rule.name, _HOLD)
    return None


def route(lead: Lead, process: Process, refused_by: Collection[str]) -> Routed:
    """Choose an owner or a pool for a lead.

    Args:
        refused_by: Owner keys that gave the lead back: no rung but triage leads to them again.

    Returns:
        The assignment and its reasons. What no rung claims goes to triage with the dead end as a second
        reason; without a triage point the assignment is the dead end itself.
    """
    routing = process.parts.routing
    if routing.mode == "triage":
        return _first_stop("triage", routing.triage)
    if routing.mode == "tele_qualification":
        return _first_stop("tele_qualification", routing.tele_qualification)
    for name in routing.ladder:
        chosen = _RUNGS[name](lead, process, refused_by)
        if chosen is not None:
            return chosen, (_reason(chosen, lead),)
    return _to_triage(_dead_end(lead, process), lead, process)


def _first_stop(via: str, owner: str | None) -> Routed:
    return assignment(owner, None, via), (reason(f"routing.{via}", _ROUTE),)


def _to_triage(dead_end: str, lead: Lead, process: Process) -> Routed:
    found = reason(dead_end, _ROUTE, lead.country)
    triage = process.parts.routing.triage
    if triage is None:
        return assignment(None, None, dead_end), (found,)
    return assignment(triage, None, "triage"), (reason("routing.triage", _ROUTE), found)


def _reason(chosen: Assignment, lead: Lead) -> Reason:
    """Name the rung; owners are people and stay out of reasons."""
    if chosen.via == "territory":
        return _territory_reason(chosen.territory, lead.country, chosen.pool)
    if chosen.via == "named_account":
        return reason(chosen.territory or "named_account", _ROUTE, lead.domain)
    return reason(f"routing.{chosen.via}", _ROUTE)


@lru_cache(maxsize=_TERRITORIES_KEPT)
def _territory_reason(territory: str | None, country: str | None, pool: str | None) -> Reason:
    """Make the reason of a territory: the same for all from one country."""
    return reason(f"territory.{territory}", _ROUTE, country, pool)


@lru_cache(maxsize=_TERRITORIES_KEPT)
def _to_territory(owner: str | None, pool: str | None, territory: str) -> Assignment:
    return assignment(owner, pool, "territory", territory=territory)


def _dead_end(lead: Lead, process: Process) -> str:
    if process.territory_index.find(lead) is not None:
        return REFUSED_OWNER
    if lead.country is None and process.territory_index.asks_for_country:
        return UNKNOWN_COUNTRY if "country" in lead.unknown else NO_COUNTRY
    return NO_TERRITORY


# the rungs -------------------------------------------------------------------------------------------
def _owned(owner: str | None, via: str, refused_by: Collection[str]) -> Assignment | None:
    if owner is None or owner in refused_by:
        return None
    return assignment(owner, None, via)


def _named_account(lead: Lead, process: Process, refused_by: Collection[str]) -> Assignment | None:
    account = _find_named(lead, process)
    if account is None or account.owner in refused_by:
        return None
    return assignment(account.owner, None, "named_account", territory=account.rule)


def _find_named(lead: Lead, process: Process) -> NamedAccount | None:
    """Match by domain, the lead's before its account's, then by the company's exact name."""
    account = lead.account
    for domain in (lead.domain, account.domain if account else None):
        found = process.named_domains.get(domain) if domain else None
        if found is not None:
            return found
    for name in (account.name if account else None, lead.company):
        found = process.named_names.get(name.strip().casefold()) if name else None
        if found is not None:
            return found
    return None


def _customer(lead: Lead, _process: Process, refused_by: Collection[str]) -> Assignment | None:
    if lead.account is None or lead.account.customer is not True:
        return None
    return _owned(lead.account_owner, "customer", refused_by)


def _opportunity_owner(lead: Lead, _process: Process, refused_by: Collection[str]) -> Assignment | None:
    return _owned(lead.opportunity_owner, "opportunity_owner", refused_by)


def _account_owner(lead: Lead, _process: Process, refused_by: Collection[str]) -> Assignment | None:
    return _owned(lead.account_owner, "account_owner", refused_by)


def _existing_owner(lead: Lead, process: Process, refused_by: Collection[str]) -> Assignment | None:
    """Keep the person who has it; a queue, and who left or is in no owner list, keeps nothing."""
    if not process.parts.routing.keep_owner or lead.owner_kind is not OwnerKind.PERSON:
        return None
    return _owned(lead.owner, "existing_owner", refused_by) if lead.owner_active is not False else None


def _territory(lead: Lead, process: Process, refused_by: Collection[str]) -> Assignment | None:
    found = process.territory_index.find(lead)
    if found is None or found.owner in refused_by:
        return None
    return _to_territory(found.owner, found.pool, found.name)


_RUNGS: Final[dict[str, _Rung]] = {
    "named_account": _named_account,
    "customer": _customer,
    "opportunity_owner": _opportunity_owner,
    "account_owner": _account_owner,
    "existing_owner": _existing_owner,
    "territory": _territory,
}
