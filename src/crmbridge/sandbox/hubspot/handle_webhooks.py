"""Handlers of webhook settings and subscriptions of the public app: the API is for such apps only."""

from __future__ import annotations

from typing import Any

from crmbridge.sandbox.http import Response
from crmbridge.sandbox.hubspot.call import Call, answer, batch_answer, no_content, record_id, text_field
from crmbridge.sandbox.hubspot.errors import HubSpotError, invalid_input, not_found
from crmbridge.sandbox.hubspot.objects import object_type
from crmbridge.sandbox.hubspot.tokens import PUBLIC_APP_ID
from crmbridge.sandbox.hubspot.webhooks import EVENT_TYPES
from crmbridge.sandbox.posting import is_local

#: Subscriptions that one app may have (webhook guide, checked 2026-11-21).
MAX_SUBSCRIPTIONS = 1_000
Json = dict[str, Any]


def get_settings(call: Call) -> Response:
    """``GET /webhooks/v3/{app}/settings``."""
    found = call.portal.webhooks.settings(_app(call))
    if found is None:
        raise not_found()
    return answer(found)


def put_settings(call: Call) -> Response:
    """``PUT /webhooks/v3/{app}/settings``: target and throttling."""
    app, now = _app(call), call.portal.world.clock.iso()
    throttling = call.body.get("throttling")
    most = throttling.get("maxConcurrentRequests") if isinstance(throttling, dict) else None
    if isinstance(most, bool) or not isinstance(most, int) or most <= 5:
        raise invalid_input("throttling.maxConcurrentRequests must be over 5")
    old = call.portal.webhooks.settings(app) or {"createdAt": now}
    settings = {
        "targetUrl": checked_target(text_field(call.body, "targetUrl")),
        "throttling": {"maxConcurrentRequests": most},
        "createdAt": old["createdAt"],
        "updatedAt": now,
    }
    call.portal.aim_webhooks(app, settings)
    return answer(settings)


def delete_settings(call: Call) -> Response:
    """``DELETE /webhooks/v3/{app}/settings``: from now on events go nowhere."""
    call.portal.aim_webhooks(_app(call), None)
    return no_content()


def list_subscriptions(call: Call) -> Response:
    """``GET /webhooks/v3/{app}/subscriptions``."""
    return answer({"results": list(call.portal.webhooks.subscriptions(_app(call)).values())})


def create_subscription(call: Call) -> Response:
    """``POST /webhooks/v3/{app}/subscriptions``: a change of properties needs one for each property."""
    return answer(subscribe(call, _app(call), call.body), 201)


def get_subscription(call: Call) -> Response:
    """``GET /webhooks/v3/{app}/subscriptions/{id}``."""
    return answer(_subscription(call, call.params["id"]))


def update_subscription(call: Call) -> Response:
    """``PATCH /webhooks/v3/{app}/subscriptions/{id}``: on or off."""
    return answer(_switched(call, call.params["id"], call.body.get("active")))


def delete_subscription(call: Call) -> Response:
    """``DELETE /webhooks/v3/{app}/subscriptions/{id}``."""
    call.portal.webhooks.put(_app(call), int(_subscription(call, call.params["id"])["id"]), None)
    return no_content()


def batch_update(call: Call) -> Response:
    """``POST /webhooks/v3/{app}/subscriptions/batch/update``: on or off, 207 when some are unknown."""
    started = call.portal.world.clock.iso()
    results: list[Json] = []
    errors: list[Json] = []
    for item in call.inputs():
        try:
            results.append(_switched(call, text_field(item, "id"), item.get("active")))
        except HubSpotError as error:
            errors.append({**error.as_entry(), "context": {"id": [text_field(item, "id")]}})
    return batch_answer(call, results, errors, started=started)


def subscribe(call: Call, app: str, given: Json) -> Json:
    """Make a subscription.

    Raises:
        HubSpotError: 400, it is not as documented, or there are too many.
    """
    there = call.portal.webhooks.subscriptions(app)
    if len(there) >= MAX_SUBSCRIPTIONS:
        raise invalid_input(f"No more than {MAX_SUBSCRIPTIONS} subscriptions can be made")
    return call.portal.subscribe(app, read_subscription(given))


def read_subscription(given: Json) -> Json:
    """Check what a new subscription is for.

    Raises:
        HubSpotError: 400, it is not as documented.
    """
    event = text_field(given, "eventType")
    name, active = text_field(given, "propertyName"), given.get("active", False)
    if event not in EVENT_TYPES or not isinstance(active, bool | None):
        raise invalid_input(f"Invalid eventType {event[:60]}, or active is no boolean")
    if event.endswith(".propertyChange") != bool(name):
        raise invalid_input("propertyName is needed for changes of properties, and for nothing else")
    item = {"eventType": event, "active": active is True}
    if event.startswith("object."):
        item["objectTypeId"] = object_type(text_field(given, "objectTypeId")).type_id
    return item | ({"propertyName": name} if name else {})


def checked_target(url: str) -> str:
    """Give back a target that may be used.

    Raises:
        HubSpotError: 400, it is not on this machine: the sandbox sends nothing to others.
    """
    if not is_local(url):
        raise invalid_input("targetUrl must lead to this machine: the sandbox sends nothing to others")
    return url


def _app(call: Call) -> str:
    if call.params["app"] != PUBLIC_APP_ID:
        raise not_found()
    return PUBLIC_APP_ID


def _subscription(call: Call, number: str) -> Json:
    key = record_id(number)
    found = call.portal.webhooks.subscriptions(_app(call)).get(-1 if key is None else key)
    if found is None:
        raise not_found()
    return found


def _switched(call: Call, number: str, active: Any) -> Json:
    item = _subscription(call, number)
    if not isinstance(active, bool):
        raise invalid_input("Invalid input JSON: active must be a boolean")
    changed = {**item, "active": active, "updatedAt": call.portal.world.clock.iso()}
    call.portal.webhooks.put(_app(call), int(item["id"]), changed)
    return changed
