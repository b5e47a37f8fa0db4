"""One lead process, agreed by marketing and sales, kept true in HubSpot and in Salesforce.

The public names; everything else is reached through its module. Importing this loads no SDK, no database,
no settings.
"""

from __future__ import annotations

import importlib
from typing import TYPE_CHECKING, Any

if TYPE_CHECKING:
    from crmbridge.bridge import Bridge
    from crmbridge.errors import ConfigError, CrmBridgeError, FatalError, RecordError, TransientError
    from crmbridge.mapping import Mapping
    from crmbridge.model import Activity, Change, Decision, Lead, Reason
    from crmbridge.process import Process
    from crmbridge.results import Plan, Result

__all__ = [
    "Activity",
    "Bridge",
    "Change",
    "ConfigError",
    "CrmBridgeError",
    "Decision",
    "FatalError",
    "Lead",
    "Mapping",
    "Plan",
    "Process",
    "Reason",
    "RecordError",
    "Result",
    "TransientError",
]

_HOMES = {
    "Bridge": "bridge",
    "Mapping": "mapping",
    "Plan": "results",
    "Process": "process",
    "Result": "results",
    **dict.fromkeys(
        ("ConfigError", "CrmBridgeError", "FatalError", "RecordError", "TransientError"), "errors"
    ),
    **dict.fromkeys(("Activity", "Change", "Decision", "Lead", "Reason"), "model"),
}


def __getattr__(name: str) -> Any:
    """Load a public name when it is first asked for."""
    if name not in _HOMES:
        raise AttributeError(f"module {__name__!r} has no attribute {name!r}")
    return getattr(importlib.import_module(f"{__name__}.{_HOMES[name]}"), name)


def __dir__() -> list[str]:
    return sorted([*globals(), *__all__])
