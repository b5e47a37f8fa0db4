"""Handlers of pipelines and their stages."""

from __future__ import annotations

import re
from collections.abc import Mapping
from typing import Any

from crmbridge.sandbox.http import Response
from crmbridge.sandbox.hubspot.call import Call, answer, no_content, object_field, text_field
from crmbridge.sandbox.hubspot.errors import HubSpotError, invalid_input, not_found
from crmbridge.sandbox.hubspot.lifecycle import PIPELINE_ID
from crmbridge.sandbox.hubspot.pipelines_default import STAGE_PROPERTIES, pipeline, stage

_REFERENCES = ("validateReferencesBeforeDelete", "validateDealStageUsagesBeforeDelete")
_NO_SIGNS = re.compile(r"[^a-z0-9]+")
Json = dict[str, Any]


def list_pipelines(call: Call) -> Response:
    """``GET /crm/v3/pipelines/{type}``; of contacts: the lifecycle stages in order."""
    return answer({"results": list(call.portal.catalog.pipelines(call.kind).values())})


def get_pipeline(call: Call) -> Response:
    """``GET /crm/v3/pipelines/{type}/{pipeline}``."""
    return answer(_pipeline(call))


def create_pipeline(call: Call) -> Response:
    """``POST /crm/v3/pipelines/{type}``; contacts have one, whose stages can be changed."""
    if call.kind.name not in STAGE_PROPERTIES or call.kind.name == "contacts":
        raise invalid_input(f"No further pipelines can be made for {call.kind.name}")
    number = call.portal.world.next_number("hs_pipeline")
    now = call.portal.world.clock.iso()
    item = pipeline(f"{_slug(_label(call.body))}-{number}", _label(call.body), _new_stages(call))
    item |= {"displayOrder": _order(call.body), "createdAt": now, "updatedAt": now}
    return _stored(call, item, "CREATE", 201)


def replace_pipeline(call: Call) -> Response:
    """``PUT /crm/v3/pipelines/{type}/{pipeline}``: label, order and stages as a whole."""
    old = _pipeline(call)
    given = {"label": _label(call.body), "displayOrder": _order(call.body), "stages": _new_stages(call)}
    _refuse_used(call, [item["id"] for item in old["stages"]])
    return _stored(call, {**old, **given}, "UPDATE")


def update_pipeline(call: Call) -> Response:
    """``PATCH /crm/v3/pipelines/{type}/{pipeline}``: label and order."""
    return _stored(call, {**_pipeline(call), **_given(call.body)}, "UPDATE")


def delete_pipeline(call: Call) -> Response:
    """``DELETE /crm/v3/pipelines/{type}/{pipeline}``; refused for the lifecycle, and when asked to check."""
    item = _pipeline(call)
    if item["id"] == PIPELINE_ID or len(call.portal.catalog.pipelines(call.kind)) == 1:
        raise invalid_input("The last pipeline of an object cannot be deleted")
    _refuse_used(call, [part["id"] for part in item["stages"]])
    call.portal.catalog.remove("pipeline", call.kind, item["id"])
    _after(call, item["id"], "DELETE", item)
    return no_content()


def audit(call: Call) -> Response:
    """``GET …/{pipeline}/audit`` and ``…/stages/{stage}/audit``: what was changed, newest first."""
    identifier = call.params.get("stage") or call.params["pipeline"]
    _pipeline(call) if "stage" not in call.params else _stage(call)
    found = call.portal.catalog.part("audit", call.kind).get(identifier, {"entries": []})
    return answer({"results": found["entries"]})


def list_stages(call: Call) -> Response:
    """``GET /crm/v3/pipelines/{type}/{pipeline}/stages``."""
    return answer({"results": _pipeline(call)["stages"]})


def get_stage(call: Call) -> Response:
    """``GET /crm/v3/pipelines/{type}/{pipeline}/stages/{stage}``."""
    return answer(_stage(call))


def create_stage(call: Call) -> Response:
    """``POST /crm/v3/pipelines/{type}/{pipeline}/stages``."""
    item = _pipeline(call)
    new = _new_stage(call, call.body)
    stages = sorted([*item["stages"], new], key=lambda part: int(part["displayOrder"]))
    _stored(call, {**item, "stages": stages}, "UPDATE")
    return _shown_stage(call, new, "CREATE", 201)


def replace_stage(call: Call) -> Response:
    """``PUT /crm/v3/pipelines/{type}/{pipeline}/stages/{stage}``."""
    given = {"label": _label(call.body), "displayOrder": _order(call.body)}
    return _changed_stage(call, {**_stage(call), **given, "metadata": _metadata(call.body)})


def update_stage(call: Call) -> Response:
    """``PATCH /crm/v3/pipelines/{type}/{pipeline}/stages/{stage}``."""
    old = _stage(call)
    metadata = {**old["metadata"], **_metadata(call.body)}
    return _changed_stage(call, {**old, **_given(call.body), "metadata": metadata})


def delete_stage(call: Call) -> Response:
    """``DELETE /crm/v3/pipelines/{type}/{pipeline}/stages/{stage}``: records keep the value."""
    item, gone = _pipeline(call), _stage(call)
    if len(item["stages"]) == 1:
        raise invalid_input("The last stage of a pipeline cannot be deleted")
    _refuse_used(call, [gone["id"]])
    _stored(call, {**item, "stages": [part for part in item["stages"] if part["id"] != gone["id"]]}, "UPDATE")
    _note(call, gone["id"], "DELETE", gone)
    return no_content()


def _pipeline(call: Call) -> Json:
    found = call.portal.catalog.pipelines(call.kind).get(call.params["pipeline"])
    if found is None:
        raise not_found()
    return found


def _stage(call: Call) -> Json:
    for item in _pipeline(call)["stages"]:
        if item["id"] == call.params["stage"]:
            found: Json = item
            return found
    raise not_found()


def _label(body: Mapping[str, Any]) -> str:
    label = text_field(body, "label")
    if not label:
        raise invalid_input("Invalid input JSON: label is needed")
    return label


def _order(body: Mapping[str, Any]) -> int:
    order = body.get("displayOrder", 0)
    if isinstance(order, bool) or not isinstance(order, int):
        raise invalid_input("Invalid input JSON: displayOrder must be a number")
    return order


def _given(body: Mapping[str, Any]) -> Json:
    given: Json = {"label": _label(body)} if body.get("label") is not None else {}
    return given | ({"displayOrder": _order(body)} if body.get("displayOrder") is not None else {})


def _metadata(body: Mapping[str, Any]) -> dict[str, str]:
    return {name: str(value) for name, value in object_field(body, "metadata").items()}


def _new_stages(call: Call) -> list[Json]:
    stages = call.body.get("stages")
    if not isinstance(stages, list) or not all(isinstance(item, dict) for item in stages) or not stages:
        raise invalid_input("Invalid input JSON: a pipeline needs stages")
    return [_new_stage(call, item) for item in stages]


def _new_stage(call: Call, body: Mapping[str, Any]) -> Json:
    label, metadata = _label(body), _metadata(body)
    if call.kind.name == "deals" and not metadata.get("probability"):
        raise invalid_input("A deal stage needs metadata.probability between 0.0 and 1.0")
    # Stages of a portal's own have numbers for ids (checked 2026-11-21).
    number = call.portal.world.next_number("hs_stage", 1_000_001)
    return stage(str(number), label, _order(body), metadata, call.portal.world.clock.iso())


def _changed_stage(call: Call, new: Json) -> Response:
    new["updatedAt"] = call.portal.world.clock.iso()
    item = _pipeline(call)
    stages = [new if part["id"] == new["id"] else part for part in item["stages"]]
    stages.sort(key=lambda part: int(part["displayOrder"]))
    _stored(call, {**item, "stages": stages}, "UPDATE")
    return _shown_stage(call, new, "UPDATE", 200)


def _shown_stage(call: Call, item: Json, action: str, status: int) -> Response:
    _note(call, item["id"], action, item)
    return answer(item, status)


def _stored(call: Call, item: Json, action: str, status: int = 200) -> Response:
    if action == "UPDATE":
        item = {**item, "updatedAt": call.portal.world.clock.iso()}
    call.portal.catalog.put("pipeline", call.kind, item["id"], item)
    _after(call, item["id"], action, item)
    return answer(item, status)


def _after(call: Call, identifier: str, action: str, item: Json) -> None:
    if call.kind.name in STAGE_PROPERTIES:
        call.portal.catalog.sync_stage_options(call.kind, STAGE_PROPERTIES[call.kind.name])
        call.portal.catalog.sync_pipeline_options(call.kind)
        call.portal.follow_stages()
    _note(call, identifier, action, item)
    call.portal.world.audit.effect(f"hubspot pipeline {call.kind.name}.{identifier} {action.lower()}d")


def _note(call: Call, identifier: str, action: str, item: Json) -> None:
    catalog = call.portal.catalog
    entry = {
        "portalId": call.portal.portal_id,
        "identifier": identifier,
        "action": action,
        "timestamp": call.portal.world.clock.iso(),
        "message": f"{action} {identifier}",
        "rawObject": {key: value for key, value in item.items() if key != "stages"},
        "fromUserId": 0,
    }
    before = catalog.part("audit", call.kind).get(identifier, {"entries": []})["entries"]
    catalog.put("audit", call.kind, identifier, {"entries": [entry, *before]})


def _refuse_used(call: Call, stage_ids: list[str]) -> None:
    """Refuse to take stages away that records are in, if the request asks for the check."""
    name = STAGE_PROPERTIES.get(call.kind.name)
    if name is None or not any(call.flag(parameter) for parameter in _REFERENCES):
        return
    used = [stage_id for stage_id in stage_ids if call.portal.store.has_value(call.kind, name, stage_id)]
    if used:
        raise HubSpotError(400, "Records are in these stages", extra={"context": {"stageIds": used}})


def _slug(label: str) -> str:
    return _NO_SIGNS.sub("-", label.lower()).strip("-")[:40] or "pipeline"
