"""Properties that follow from others, by object type."""

from __future__ import annotations

from collections.abc import Callable, Mapping
from typing import Any

from crmbridge.sandbox.hubspot.pipelines_default import CLOSED_LEAD_STATES

Values = dict[str, str]
Pipelines = Mapping[str, Mapping[str, Any]]


def _contact(properties: Values, _: Pipelines) -> Values:
    email = properties.get("email", "")
    names = [properties[name] for name in ("firstname", "lastname") if properties.get(name)]
    return {
        "hs_email_domain": email.rpartition("@")[2],
        "hs_full_name_or_email": " ".join(names) or email,
        "hs_is_unworked": "false" if properties.get("notes_last_contacted") else "true",
    }


def _deal(properties: Values, pipelines: Pipelines) -> Values:
    metadata = _stage(pipelines, properties.get("pipeline", ""), properties.get("dealstage", ""))
    closed, probability = metadata.get("isClosed", "false"), metadata.get("probability", "")
    won = closed == "true" and probability == "1.0"
    return {
        "hs_is_closed": closed,
        "hs_is_closed_won": "true" if won else "false",
        "hs_deal_stage_probability": probability,
        "hs_closed_amount": properties.get("amount", "0") if won else "0",
    }


def _lead(properties: Values, pipelines: Pipelines) -> Values:
    stage = _stage(pipelines, properties.get("hs_pipeline", ""), properties.get("hs_pipeline_stage", ""))
    return {"hs_lead_is_open": "false" if stage.get("leadState") in CLOSED_LEAD_STATES else "true"}


def _task(properties: Values, _: Pipelines) -> Values:
    return {"hs_task_is_completed": "true" if properties.get("hs_task_status") == "COMPLETED" else "false"}


def _stage(pipelines: Pipelines, pipeline: str, stage: str) -> Mapping[str, str]:
    for item in pipelines.get(pipeline, {}).get("stages", ()):
        if item["id"] == stage:
            metadata: Mapping[str, str] = item["metadata"]
            return metadata
    return {}


DERIVED: dict[str, Callable[[Values, Pipelines], Values]] = {
    "contacts": _contact,
    "deals": _deal,
    "leads": _lead,
    "tasks": _task,
}
