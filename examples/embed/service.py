"""crmbridge inside an existing integration service: plain WSGI, no framework needed.

    POST /sync                 run once; 409 while another run is at work, 422 when a guard refuses
    GET  /leads/<reference>    why a lead is where it is

The service owns its tokens: crmbridge is handed a callable and asks again whenever it needs one. Nothing is
read from the environment, nothing happens on import, and several companies can live in one process.
"""

from __future__ import annotations

import json
from collections.abc import Callable, Iterable
from pathlib import Path
from typing import Any
from urllib.parse import unquote
from wsgiref.types import StartResponse, WSGIEnvironment

import msgspec

from crmbridge import Bridge, Mapping, Process
from crmbridge.adapters.hubspot import HubSpot
from crmbridge.adapters.salesforce import Salesforce
from crmbridge.errors import ConfigError, CrmBridgeError, LeaseLost, UnsafePlan
from crmbridge.ledger import SqlLedger

Answer = tuple[str, Any]


def build_bridge(
    company: Path,
    ledger_url: str,
    *,
    hubspot_token: Callable[[], str],
    hubspot_url: str | None,
    salesforce_token: Callable[[], str],
    salesforce_url: str,
) -> Bridge:
    """Put one company's bridge together from the service's own objects."""
    mapping = Mapping.load(company / "mapping.toml")
    ledger = SqlLedger(ledger_url)
    return Bridge(
        Process.load(company / "process.toml"),
        mapping,
        hubspot=HubSpot(mapping, access_token=hubspot_token, base_url=hubspot_url, limiter=ledger.limiter),
        salesforce=Salesforce(
            mapping, instance_url=salesforce_url, session_id=salesforce_token, limiter=ledger.limiter
        ),
        ledger=ledger,
        company=company.name,
    )


class Service:
    """A WSGI application over one bridge."""

    def __init__(self, bridge: Bridge) -> None:
        self.bridge = bridge

    def __call__(self, environ: WSGIEnvironment, start_response: StartResponse) -> Iterable[bytes]:
        """Answer one request."""
        status, document = self._answer(environ["REQUEST_METHOD"], environ["PATH_INFO"])
        start_response(status, [("Content-Type", "application/json")])
        return [json.dumps(document).encode()]

    def _answer(self, method: str, path: str) -> Answer:
        try:
            if (method, path) == ("POST", "/sync"):
                return self._sync()
            if method == "GET" and path.startswith("/leads/"):
                return self._explain(unquote(path.removeprefix("/leads/")))
        except LeaseLost as error:
            return "409 Conflict", {"error": str(error)}
        except (ConfigError, UnsafePlan) as error:
            return "422 Unprocessable Content", {"error": str(error)}
        except CrmBridgeError as error:
            return "503 Service Unavailable", {"error": str(error)}
        return "404 Not Found", {"error": "no such page"}

    def _sync(self) -> Answer:
        result = self.bridge.sync()
        return "200 OK", {
            "leads": result.plan.counts.leads,
            "written": result.written,
            "failed": result.failed,
            "api_calls": dict(result.api_calls),
        }

    def _explain(self, reference: str) -> Answer:
        return "200 OK", msgspec.to_builtins(self.bridge.explain(reference))
