"""Adapters by name, imported on demand: nothing of a CRM's SDK is loaded before it is needed.

An adapter is a class in entry point group ``crmbridge.adapters`` that implements ``ports.Crm``.
"""

from __future__ import annotations

from functools import cache
from importlib.metadata import entry_points
from typing import Any

from crmbridge.errors import ConfigError, Problem

GROUP = "crmbridge.adapters"


@cache
def adapter(name: str) -> type[Any]:
    """Give the adapter class for a CRM's name.

    Each adapter has its own constructor (its own kind of sign-in), hence no closer type.

    Raises:
        ConfigError: no installed package offers an adapter of that name, or two do.
    """
    offers = entry_points(group=GROUP, name=name)
    if len(offers) != 1:
        found = ", ".join(names()) or "none"
        raise ConfigError([Problem("", name, f"{len(offers)} adapters of this name; installed: {found}")])
    (offer,) = offers
    loaded: type[Any] = offer.load()
    return loaded


def names() -> tuple[str, ...]:
    """Name the installed adapters, sorted."""
    return tuple(sorted({offer.name for offer in entry_points(group=GROUP)}))
