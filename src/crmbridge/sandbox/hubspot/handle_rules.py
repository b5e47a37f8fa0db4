"""Handlers of property validation rules: they are read through the API and made in the portal."""

from __future__ import annotations

from crmbridge.sandbox.http import Response
from crmbridge.sandbox.hubspot.call import Call, answer
from crmbridge.sandbox.hubspot.errors import HubSpotError


def list_rules(call: Call) -> Response:
    """``GET /crm/v3/property-validations/{type}``: all properties that have rules."""
    found = call.portal.catalog.part("rule", call.kind).items()
    results = [{"propertyName": name, "propertyValidationRules": item["rules"]} for name, item in found]
    return answer({"results": results})


def get_rules(call: Call) -> Response:
    """``GET /crm/v3/property-validations/{type}/{property}``."""
    name = call.params["name"]
    if name not in call.portal.catalog.properties(call.kind):
        raise HubSpotError(404, f"Property with name {name[:100]} does not exist.", "OBJECT_NOT_FOUND")
    found = call.portal.catalog.part("rule", call.kind).get(name, {"rules": []})
    return answer({"results": found["rules"]})
