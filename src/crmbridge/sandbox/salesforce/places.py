"""State and country picklists: names and codes that must agree, where the org has switched them on.

Countries are those of ISO 3166-1. States exist for the nine countries for which a new org has them
(help page "State and Country/Territory Picklists", checked 2026-11-21).
"""

from __future__ import annotations

from collections.abc import Iterator, Mapping
from functools import cache
from typing import Any

import pycountry

from crmbridge.sandbox.salesforce.failures import ApiError, refuse
from crmbridge.sandbox.salesforce.schema import SObject

_WITH_STATES = frozenset({"AU", "BR", "CA", "CN", "IN", "IE", "IT", "MX", "US"})
_PREFIXES = ("", "Mailing", "Other", "Billing", "Shipping")


def completed(item: SObject, before: Mapping[str, Any], given: Mapping[str, Any]) -> dict[str, Any]:
    """Give names for codes and codes for names that a write sets.

    Args:
        item: The object written to.
        before: The record as it is; empty for a new one.
        given: What the write sets.

    Raises:
        ApiError: FIELD_INTEGRITY_EXCEPTION, for a place that is not in the lists.
    """
    changes: dict[str, Any] = {}
    for prefix in _PREFIXES:
        names = [f"{prefix}{part}" for part in ("Country", "CountryCode", "State", "StateCode")]
        if item.has(names[1]) and any(name in given for name in names):
            changes |= _place(names, before, given)
    return changes


def _place(names: list[str], before: Mapping[str, Any], given: Mapping[str, Any]) -> dict[str, Any]:
    country, country_code, state, state_code = names
    found: dict[str, Any] = {}
    wanted = _set(given, country_code, country)
    if wanted is not None:
        found |= dict(zip((country, country_code), _country(wanted, country), strict=True))
    code = found.get(country_code, before.get(country_code))
    wanted = _set(given, state_code, state)
    if wanted is not None:
        found |= dict(zip((state, state_code), _state(code, wanted, state), strict=True))
    return found


def _set(given: Mapping[str, Any], code: str, name: str) -> str | None:
    """Give what a write wants: "" clears, None leaves alone; the code counts when both are there."""
    for key in (code, name):
        if given.get(key):
            return str(given[key])
    return "" if code in given or name in given else None


def _country(text: str, field: str) -> tuple[str | None, str | None]:
    if not text:
        return None, None
    try:
        found = pycountry.countries.lookup(text)
    except LookupError:
        raise _problem("country", "country/territory", "countries", field) from None
    return found.name, found.alpha_2


def _state(country: str | None, text: str, field: str) -> tuple[str | None, str | None]:
    if not text:
        return None, None
    if not country:
        message = f"A country/territory must be specified before specifying a state value for field: {field}"
        raise refuse("FIELD_INTEGRITY_EXCEPTION", message, [field])
    for code, name in _states(country):
        if text.lower() in (code.lower(), name.lower()):
            return name, code
    raise _problem("state", "state", "states", field)


def _problem(what: str, choice: str, valid: str, field: str) -> ApiError:
    trouble = f"There's a problem with this {what}, even though it may appear correct."
    advice = f"Please select a {choice} from the list of valid {valid}."  # noqa: S608 - prose
    return refuse("FIELD_INTEGRITY_EXCEPTION", f"{trouble} {advice}: {field}", [field])


@cache
def _states(country: str) -> tuple[tuple[str, str], ...]:
    if country not in _WITH_STATES:
        return ()
    found = [state for state in pycountry.subdivisions if state.country_code == country]
    return tuple((state.code.partition("-")[2], state.name) for state in found)


@cache
def picklist(field: str) -> tuple[tuple[str, str], ...]:
    """Give value and label of every entry of a code field; empty for other fields."""
    if field.endswith("CountryCode"):
        return tuple((country.alpha_2, country.name) for country in pycountry.countries)
    return tuple(_all_states()) if field.endswith("StateCode") else ()


def _all_states() -> Iterator[tuple[str, str]]:
    seen: set[str] = set()
    for country in sorted(_WITH_STATES):
        for code, name in _states(country):
            if code not in seen:  # two countries may share a code; the picklist then has it once
                seen.add(code)
                yield code, name
