"""Options of a sandbox as the command line has them: texts and flags."""

from __future__ import annotations

import json
from collections.abc import Iterable
from dataclasses import fields
from datetime import UTC, datetime
from pathlib import Path
from typing import Any

from crmbridge.errors import ConfigError, Problem
from crmbridge.sandbox.connector_rules import ConnectorOptions
from crmbridge.sandbox.options import Options
from crmbridge.sandbox.sandbox import SandboxOptions


def parse_options(**given: Any) -> SandboxOptions:
    """Read options: ``load`` and ``switch`` as texts, ``clock`` as ISO 8601 or "", ``connector`` as a flag.

    Raises:
        ConfigError: One of them cannot be read, or is no switch.
    """
    load = [parse_load(text) for text in given.pop("load", None) or ()]
    clock = given.pop("clock", None)
    connector = ConnectorOptions() if given.pop("connector", False) else None
    switches = parse_switches(given.pop("switch", None) or ())
    return SandboxOptions(
        **given,
        load=load,
        clock=_parse_clock(clock) if clock else None,
        connector=connector,
        options=switches,
    )


def parse_load(text: str) -> tuple[str, Path]:
    """Read ``hubspot.contacts=FILE.csv``.

    Raises:
        ConfigError: It has no "=".
    """
    name, sign, path = text.partition("=")
    if not (sign and name and path):
        raise ConfigError([Problem("--load", text, "must be OBJECT=FILE.csv", "hubspot.contacts=leads.csv")])
    return name, Path(path)


def parse_switches(texts: Iterable[str]) -> dict[str, dict[str, Any]]:
    """Read ``hubspot.lifecycle=reject`` and so on; a value is JSON, or else a text.

    Raises:
        ConfigError: All that are no switches, or have a value of another type.
    """
    switches: dict[str, dict[str, Any]] = {crm.name: {} for crm in fields(Options)}
    problems = []
    for text in texts:
        place, sign, value = text.partition("=")
        crm, _, name = place.partition(".")
        if not (sign and name and crm in switches):
            problems.append(
                Problem("--switch", text, "must be CRM.SWITCH=VALUE", "hubspot.search_lag_seconds=10")
            )
        else:
            switches[crm][name] = _value(value)
    if problems:
        raise ConfigError(problems)
    Options().change(switches)  # refuses what is no switch before anything starts
    return switches


def _value(text: str) -> Any:
    try:
        return json.loads(text)
    except ValueError:
        return text


def _parse_clock(text: str) -> datetime:
    try:
        moment = datetime.fromisoformat(text)
    except ValueError:
        raise ConfigError(
            [Problem("--clock", text, "is no ISO 8601 moment", "2026-11-21T08:00:00Z")]
        ) from None
    return moment if moment.tzinfo else moment.replace(tzinfo=UTC)
