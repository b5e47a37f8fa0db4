"""The emulated HubSpot: authorisation, limits, dispatch, errors."""

from __future__ import annotations

import logging
from collections.abc import Iterable, Mapping, Sequence
from dataclasses import replace
from pathlib import Path
from typing import Any

from crmbridge.sandbox.app import LoadResult
from crmbridge.sandbox.http import Request, Response
from crmbridge.sandbox.hubspot import acting, loading, routes
from crmbridge.sandbox.hubspot.call import Call, answer
from crmbridge.sandbox.hubspot.errors import HubSpotError, missing_scopes
from crmbridge.sandbox.hubspot.objects import OBJECT_TYPES
from crmbridge.sandbox.hubspot.portal import Portal
from crmbridge.sandbox.hubspot.route_table import TABLE
from crmbridge.sandbox.hubspot.tokens import ALL_SCOPES, Token
from crmbridge.sandbox.world import World

_log = logging.getLogger(__name__)


class HubSpotApp:
    """One portal behind HTTP; see `crmbridge.sandbox.app.CrmApp` for what each method promises."""

    def __init__(self, world: World) -> None:
        self.portal = Portal(world)

    def handle(self, request: Request) -> Response:
        """Answer a request."""
        try:
            return self._handle(request)
        except HubSpotError as error:
            response = answer(error.body(self.portal.correlation_id()), error.status)
            return replace(response, headers={**response.headers, **error.headers})
        except Exception:  # noqa: BLE001 - our own defect, answered as the real service answers its own
            _log.exception("hubspot handler failed: %s %s", request.method, request.path)
            return answer(HubSpotError(500, "internal error", None).body(self.portal.correlation_id()), 500)

    def ready(self, origin: str, folder: Path) -> dict[str, str]:
        """Give this CRM's part of the ready line."""
        del folder
        tokens = self.portal.tokens
        return {
            "base_url": origin,
            "access_token": tokens.access_token,
            "client_id": tokens.client_id,
            "client_secret": tokens.client_secret,
            "developer_api_key": tokens.developer_key,
            "refresh_token": tokens.first_refresh_token,
            "portal_id": str(self.portal.portal_id),
        }

    def load_csv(
        self,
        object: str,
        header: Sequence[str],
        rows: Iterable[tuple[int, Sequence[str]]],
        create_fields: bool,
    ) -> LoadResult:
        """Load rows as records, or as owners when ``object`` is "owners"."""
        self.portal.settle()
        return loading.load(self.portal, object, header, rows, create_fields=create_fields)

    def state(self) -> dict[str, Any]:
        """Give counts by object."""
        store = self.portal.store
        return {
            "portal_id": self.portal.portal_id,
            "records": {kind.name: store.count(kind) for kind in OBJECT_TYPES},
            "archived": {kind.name: store.count(kind, archived=True) for kind in OBJECT_TYPES},
            "webhooks": self.portal.delivery.state(),
            "calls_today": self.portal.limits.used_today,
        }

    def reset(self) -> None:
        """Forget all records, custom properties, owners, tokens and counters."""
        self.portal.reset()

    def act(self, action: str, arguments: Mapping[str, Any]) -> dict[str, Any]:
        """Do what a person does in the portal: edit, restore, owner_leaves …"""
        self.portal.settle()
        return acting.act(self.portal, action, arguments)

    def _handle(self, request: Request) -> Response:
        self.portal.settle()
        found = TABLE.match(request.method, request.path)
        call = Call(portal=self.portal, request=request, params=found.params, version=found.version)
        if found.route is not None and found.route.right == "none":
            return found.route.handler(call)
        token = self._sign_in(request)
        if found.route is None:
            if found.other_method:
                raise HubSpotError(405, "Method not allowed", None)
            raise HubSpotError(404, "Not found", "OBJECT_NOT_FOUND")
        self.portal.limits.take(token, search=found.route.is_search)
        self._authorise(found.route, found.params)
        call.token = token
        self.portal.acting = call.source
        response = found.route.handler(call)
        limits = self.portal.limits.headers(token, search=found.route.is_search)
        return replace(response, headers={**response.headers, **limits})

    def _sign_in(self, request: Request) -> Token:
        # The webhooks API takes the key of a developer account in the query (checked 2026-11-21).
        key = request.arg("hapikey") if request.path.startswith(("/webhooks/", "/app-webhooks/")) else ""
        sent = f"Bearer {key}" if key else request.headers.get("authorization", "")
        token = self.portal.tokens.recognise(sent)
        self.portal.world.audit.user(f"app {token.app_id}")
        return token

    def _authorise(self, route: routes.Route, params: dict[str, str]) -> None:
        scopes = self.portal.options.scopes
        granted = ALL_SCOPES if scopes is None else scopes
        needed = routes.required_scopes(route, params)
        if needed and not granted.intersection(needed):
            raise missing_scopes(needed)
        if not self.portal.options.leads_object and routes.needs_leads(params):
            raise missing_scopes(["crm.objects.leads.read"])
