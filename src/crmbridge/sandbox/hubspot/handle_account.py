"""Handlers of the account: owners, account information, tokens."""

from __future__ import annotations

from typing import Any
from urllib.parse import parse_qsl

from crmbridge.sandbox.clock import iso_ms
from crmbridge.sandbox.http import Response
from crmbridge.sandbox.hubspot import showing
from crmbridge.sandbox.hubspot.call import Call, answer, no_content, record_id, text_field
from crmbridge.sandbox.hubspot.errors import invalid_input, not_found
from crmbridge.sandbox.hubspot.tokens import ALL_SCOPES, TOKEN_SECONDS

MAX_OWNERS_PAGE = 500
ADMIN_USER_ID = 9_000_101
_FORM_ERRORS = {
    "BAD_REFRESH_TOKEN": ("invalid_grant", "refresh token is invalid, expired or revoked"),
    "BAD_HUB": ("access_denied", "the hub is not known or not active any more"),
    "BAD_CLIENT_ID": ("invalid_client", "missing or unknown client id"),
    "BAD_CLIENT_SECRET": ("invalid_client", "missing or unknown client secret"),
    "BAD_GRANT_TYPE": ("unsupported_grant_type", "missing or unknown grant type"),
}


def list_owners(call: Call) -> Response:
    """``GET /crm/v3/owners``; those who left are in the archived list only."""
    limit = call.number("limit", 100, highest=MAX_OWNERS_PAGE)
    start = record_id(call.request.arg("after", "0"))
    if start is None:
        raise invalid_input("Invalid after: it is no owner id")
    owners = call.portal.owners.page(
        archived=call.flag("archived"),
        email=call.request.arg("email"),
        from_id=start,
        limit=limit + 1,
    )
    body: dict[str, Any] = {"results": owners[:limit]}
    if len(owners) > limit:
        request = call.request
        path = request.raw_path.partition("?")[0]
        body["paging"] = showing.next_page(request.origin, path, request.query, owners[limit]["id"])
    return answer(body)


def get_owner(call: Call) -> Response:
    """``GET /crm/v3/owners/{id}?idProperty=id|userId``."""
    number, id_property = record_id(call.params["id"]), call.request.arg("idProperty", "id")
    if id_property not in ("id", "userId"):
        raise invalid_input(f"Invalid idProperty {id_property[:40]}: it must be id or userId")
    found = None
    if number is not None:
        archived = call.flag("archived")
        found = call.portal.owners.get(number, by_user=id_property == "userId", archived=archived)
    if found is None:
        raise not_found()
    return answer(found)


def account_details(call: Call) -> Response:
    """``GET /account-info/v3/details``."""
    return answer(
        {
            "portalId": call.portal.portal_id,
            "accountType": "STANDARD",
            "timeZone": "UTC",
            "companyCurrency": "EUR",
            "additionalCurrencies": [],
            "utcOffset": "+00:00",
            "utcOffsetMilliseconds": 0,
            "uiDomain": "app.hubspot.com",
            "dataHostingLocation": "na1",
        }
    )


def daily_usage(call: Call) -> Response:
    """``GET /account-info/v3/api-usage/daily/private-apps``."""
    limits = call.portal.limits
    usage = {
        "name": "private-apps-api-calls-daily",
        "usageLimit": call.portal.options.daily_limit,
        "currentUsage": limits.used_today,
        "collectedAt": call.portal.world.clock.iso(),
        "fetchStatus": "SUCCESS",
        "resetsAt": iso_ms(limits.resets_at_ms),
    }
    return answer({"results": [usage]})


def token_info(call: Call) -> Response:
    """``POST /oauth/v2/private-apps/get/access-token-info`` with the token in the body."""
    if text_field(call.body, "tokenKey") != call.portal.tokens.access_token:
        raise not_found()
    return answer(
        {
            "userId": ADMIN_USER_ID,
            "hubId": call.portal.portal_id,
            "appId": int(call.token.app_id) if call.token else 0,
            "scopes": sorted(granted(call)),
        }
    )


def granted(call: Call) -> frozenset[str]:
    """Give the scopes of the token."""
    scopes = call.portal.options.scopes
    return ALL_SCOPES if scopes is None else scopes


def oauth_token(call: Call) -> Response:
    """``POST /oauth/v1/token``: refresh, form-encoded; errors have a shape of their own."""
    form = dict(parse_qsl(call.request.body.decode("utf-8", "replace")))
    tokens = call.portal.tokens
    if form.get("grant_type") != "refresh_token":
        return _refused("BAD_GRANT_TYPE")
    if form.get("client_id") != tokens.client_id:
        return _refused("BAD_CLIENT_ID")
    if form.get("client_secret") != tokens.client_secret:
        return _refused("BAD_CLIENT_SECRET")
    if call.portal.options.portal_gone:
        return _refused("BAD_HUB")
    issued = tokens.refresh(form.get("refresh_token", ""))
    if issued is None:
        return _refused("BAD_REFRESH_TOKEN")
    access, refresh = issued
    call.portal.world.audit.effect("hubspot token issued")
    return answer(
        {
            "token_type": "bearer",
            "refresh_token": refresh,
            "access_token": access,
            "expires_in": TOKEN_SECONDS,
            "hub_id": call.portal.portal_id,
            "scopes": sorted(granted(call)),
        }
    )


def oauth_access_token(call: Call) -> Response:
    """``GET /oauth/v1/access-tokens/{token}``: what a token is good for."""
    token = call.portal.tokens.recognise(f"Bearer {call.params['token']}")
    return answer(
        {
            "token": call.params["token"],
            "user": "admin@example.com",
            "hub_domain": "example.com",
            "scopes": sorted(granted(call)),
            "hub_id": call.portal.portal_id,
            "app_id": int(token.app_id),
            "expires_in": TOKEN_SECONDS,
            "user_id": ADMIN_USER_ID,
            "token_type": "access",
        }
    )


def oauth_refresh_token(call: Call) -> Response:
    """``GET /oauth/v1/refresh-tokens/{token}``: whose it is."""
    if not call.portal.tokens.is_refresh_token(call.params["token"]):
        raise not_found()
    return answer(
        {
            "token": call.params["token"],
            "user": "admin@example.com",
            "hub_domain": "example.com",
            "scopes": sorted(granted(call)),
            "hub_id": call.portal.portal_id,
            "client_id": call.portal.tokens.client_id,
            "user_id": ADMIN_USER_ID,
            "token_type": "refresh",
        }
    )


def oauth_revoke(call: Call) -> Response:
    """``DELETE /oauth/v1/refresh-tokens/{token}``."""
    call.portal.tokens.revoke(call.params["token"])
    return no_content()


def _refused(status: str) -> Response:
    error, message = _FORM_ERRORS[status]
    body = {"error": error, "error_description": message, "status": status, "message": message}
    return answer(body, 400)
