"""Messages through Apprise: Slack, Teams, e-mail, webhooks and some hundred services more, each by a URL.

The URLs are secrets and come from settings. ``{owner}`` and ``{manager}`` in one stand for the e-mail address
of who has the lead and of the manager, so that one setting writes to every rep.
"""

from __future__ import annotations

import importlib.util
import logging
from collections.abc import Mapping
from typing import Any
from urllib.parse import quote

from pydantic import SecretStr

from crmbridge.errors import ConfigError, Problem
from crmbridge.outbox import DeliveryState
from crmbridge.process import Process


class AppriseCourier:
    """Implements ``outbox.Courier``; thread-safe.

    Args:
        urls: Name of the destination -> Apprise URL.
    """

    def __init__(self, urls: Mapping[str, SecretStr]) -> None:
        self._urls = dict(urls)

    def send(
        self, to: str, title: str, body: str, *, owner: str | None, manager: str | None
    ) -> DeliveryState:
        """Send one message.

        Apprise says no for a refusal and for a connection that failed alike: that is FAILED, and a message
        is never repeated by itself either way. What it could not even say is UNKNOWN.
        """
        import apprise  # noqa: PLC0415 - an extra, and half a second

        address = self._address(to, owner, manager)
        if address is None:
            return DeliveryState.FAILED
        # It would log addresses with their tokens.
        logging.getLogger("apprise").setLevel(logging.CRITICAL + 1)
        messenger: Any = apprise.Apprise()
        if not messenger.add(address):
            return DeliveryState.FAILED
        try:
            sent = messenger.notify(title=title, body=body, body_format=apprise.NotifyFormat.TEXT)
        except Exception:  # noqa: BLE001 - some hundred services, each with errors of its own
            return DeliveryState.UNKNOWN
        return DeliveryState.SENT if sent else DeliveryState.FAILED

    def _address(self, to: str, owner: str | None, manager: str | None) -> str | None:
        secret = self._urls.get(to)
        if secret is None:
            return None
        url = secret.get_secret_value()
        for name, who in (("{owner}", owner), ("{manager}", manager)):
            if name in url:
                if who is None or "@" not in who:
                    return None  # a queue has no address, and nobody has none
                url = url.replace(name, quote(who, safe="@"))
        return url


def courier_for(process: Process, urls: Mapping[str, SecretStr]) -> AppriseCourier | None:
    """Make the courier that the process's alerts need; None where there are none.

    Raises:
        ConfigError: a destination has no URL, or Apprise is not installed.
    """
    if not process.alerts:
        return None
    problems = [
        Problem("environment", f"CRMBRIDGE_ALERTS__{name.upper()}", "not set", "give its Apprise URL")
        for name in sorted({name for alert in process.alerts for name in alert.to} - urls.keys())
    ]
    if importlib.util.find_spec("apprise") is None:
        advice = "pip install 'crmbridge[alerts]'"
        problems.append(Problem("process.toml", "alert", "needs the extra alerts", advice))
    if problems:
        raise ConfigError(problems)
    return AppriseCourier(urls)
