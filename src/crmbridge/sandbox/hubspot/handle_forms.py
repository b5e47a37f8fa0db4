"""Handlers of forms, of submitting one, and of reading what was submitted."""

from __future__ import annotations

import base64
import binascii
from typing import Any
from urllib.parse import quote, unquote

from crmbridge.sandbox.http import Response
from crmbridge.sandbox.hubspot import showing
from crmbridge.sandbox.hubspot.call import Call, answer, no_content, object_field, record_id, text_field
from crmbridge.sandbox.hubspot.errors import HubSpotError, invalid_input, not_found
from crmbridge.sandbox.hubspot.forms import PARTS
from crmbridge.sandbox.hubspot.submitting import submit_later

PAGE, MAX_PAGE = 20, 500
#: Submissions of one page (checked 2026-11-21).
MAX_SUBMISSIONS = 50
_OBJECTS = ("configuration", "displayOptions", "legalConsentOptions")
Json = dict[str, Any]


def list_forms(call: Call) -> Response:
    """``GET /marketing/v3/forms``."""
    found = call.portal.forms.all(archived=call.flag("archived"))
    types = call.names("formTypes")
    found = [item for item in found if not types or "all" in types or item["formType"] in types]
    limit, start = call.number("limit", PAGE, highest=MAX_PAGE), _cursor(call.request.arg("after"))
    body: Json = {"results": found[start : start + limit]}
    if start + limit < len(found):
        body["paging"] = _paging(call, start + limit)
    return answer(body)


def get_form(call: Call) -> Response:
    """``GET /marketing/v3/forms/{form}``."""
    return answer(_form(call, archived=call.flag("archived")))


def create_form(call: Call) -> Response:
    """``POST /marketing/v3/forms``; what is not given gets HubSpot's defaults."""
    item = call.portal.forms.create(_given(call, whole=True))
    call.portal.world.audit.effect(f"hubspot form {item['id']} created")
    return answer(item, 201)


def replace_form(call: Call) -> Response:
    """``PUT /marketing/v3/forms/{form}``."""
    return answer(call.portal.forms.change(_form(call), _given(call, whole=True)))


def update_form(call: Call) -> Response:
    """``PATCH /marketing/v3/forms/{form}``."""
    return answer(call.portal.forms.change(_form(call), _given(call, whole=False)))


def archive_form(call: Call) -> Response:
    """``DELETE /marketing/v3/forms/{form}``: it takes no more submissions."""
    now = call.portal.world.clock.iso()
    call.portal.forms.put({**_form(call), "archived": True, "archivedAt": now})
    return no_content()


def submit(call: Call) -> Response:
    """``POST /submissions/v3/integration/submit/{portal}/{form}``: no token needed.

    Each ``fields`` entry is name, value and objectTypeId; a contact is found or made by its e-mail address.
    """
    item = call.portal.forms.get(call.params["form"])
    if item is None or item["archived"] or call.params["portal"] != str(call.portal.portal_id):
        raise not_found()
    fields = _fields(call)
    submit_later(call.portal, item, fields, _at(call), object_field(call.body, "context"))
    action = item["configuration"]["postSubmitAction"]
    key = "redirectUri" if action.get("type") == "redirect_url" else "inlineMessage"
    return answer({key: str(action.get("value", ""))})


def list_submissions(call: Call) -> Response:
    """``GET /form-integrations/v1/submissions/forms/{form}``: newest first, at most 50 a page."""
    item = call.portal.forms.get(call.params["form"])
    if item is None:
        raise not_found()
    if item["formType"] == "blog_comment":
        raise HubSpotError(400, "FORM_TYPE_NOT_ALLOWED", extra={"errorType": "FORM_TYPE_NOT_ALLOWED"})
    limit, start = call.number("limit", PAGE, highest=MAX_SUBMISSIONS), _cursor(call.request.arg("after"))
    found = call.portal.forms.submissions(item["id"], start, limit + 1)
    body: Json = {"results": found[:limit]}
    if len(found) > limit:
        body["paging"] = _paging(call, start + limit)
    return answer(body)


def _form(call: Call, *, archived: bool = False) -> Json:
    found = call.portal.forms.get(call.params["form"])
    if found is None or found["archived"] != archived:
        raise not_found()
    return found


def _given(call: Call, *, whole: bool) -> Json:
    given = {name: call.body[name] for name in PARTS if call.body.get(name) is not None}
    if not isinstance(given.get("name", "" if whole else "kept"), str) or (whole and not given.get("name")):
        raise invalid_input("A form needs a name")
    if not isinstance(given.get("formType", ""), str) or not isinstance(given.get("fieldGroups", []), list):
        raise invalid_input("formType must be a string, fieldGroups a list")
    for name in _OBJECTS:
        object_field(given, name)
    action = given.get("configuration", {}).get("postSubmitAction", {})
    if not isinstance(action, dict):
        raise invalid_input("configuration.postSubmitAction must be an object")
    return given


def _fields(call: Call) -> list[Json]:
    fields = call.body.get("fields")
    if not isinstance(fields, list) or not fields or not all(isinstance(item, dict) for item in fields):
        raise _invalid("REQUIRED_FIELD", "The list of fields is missing")
    read = [
        {
            "objectTypeId": text_field(item, "objectTypeId", "0-1"),
            "name": text_field(item, "name"),
            "value": text_field(item, "value"),
        }
        for item in fields
    ]
    if any(not item["name"] for item in read):
        raise _invalid("INVALID_METADATA", "A field has no name")
    return read


def _invalid(error_type: str, message: str) -> HubSpotError:
    errors = [{"message": message, "errorType": error_type}]
    return HubSpotError(400, "The request is not valid", None, {"errors": errors})


def _at(call: Call) -> int:
    number, now = record_id(text_field(call.body, "submittedAt")), call.portal.world.clock.now_ms()
    return now if number is None or number > now else number


def _cursor(text: str) -> int:
    """Read a cursor: a number in base64, escaped or not."""
    try:
        number = record_id(base64.b64decode(unquote(text), validate=True).decode("ascii")) if text else 0
    except (binascii.Error, ValueError):
        number = None
    if number is None:
        raise invalid_input("Invalid after: it is no cursor of this list")
    return number


def _paging(call: Call, start: int) -> Json:
    cursor = base64.b64encode(str(start).encode()).decode()
    request = call.request
    path = request.raw_path.partition("?")[0]
    paging = showing.next_page(request.origin, path, request.query, cursor)
    # The service gives the cursor escaped for a URL (recorded answer, checked 2026-11-21).
    paging["next"]["after"] = quote(cursor)
    return paging
