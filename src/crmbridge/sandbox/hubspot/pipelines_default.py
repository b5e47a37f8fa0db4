"""The pipelines of a new portal: lifecycle stages of contacts, deal stages, lead stages."""

from __future__ import annotations

from collections.abc import Iterable
from typing import Any

from crmbridge.sandbox.hubspot.lifecycle import DEFAULT_STAGES, PIPELINE_ID

#: Default stages are as old as the epoch (recorded answer, checked 2026-11-21).
_EPOCH = "1970-01-01T00:00:00Z"


def stage(
    stage_id: str, label: str, order: int, metadata: dict[str, str], at: str = _EPOCH
) -> dict[str, Any]:
    """Give one stage as the pipelines API shows it."""
    return {
        "label": label,
        "displayOrder": order,
        "metadata": metadata,
        "id": stage_id,
        "createdAt": at,
        "updatedAt": at,
        "writePermissions": "CRM_PERMISSIONS_ENFORCEMENT",
        "archived": False,
    }


def pipeline(pipeline_id: str, label: str, stages: Iterable[dict[str, Any]]) -> dict[str, Any]:
    """Give one pipeline as the pipelines API shows it."""
    return {
        "label": label,
        "displayOrder": 0,
        "id": pipeline_id,
        "stages": list(stages),
        "createdAt": _EPOCH,
        "updatedAt": _EPOCH,
        "archived": False,
    }


def _lifecycle_stages() -> list[dict[str, Any]]:
    states = {"other": "CLOSED"}
    return [
        stage(key, label, order, _state(states.get(key, "OPEN")))
        for order, (key, label) in enumerate(DEFAULT_STAGES.items())
    ]


def _state(state: str) -> dict[str, str]:
    return {"isClosed": "true" if state == "CLOSED" else "false", "state": state}


_DEAL_STAGES = (
    ("appointmentscheduled", "Appointment scheduled", "0.2"),
    ("qualifiedtobuy", "Qualified to buy", "0.4"),
    ("presentationscheduled", "Presentation scheduled", "0.6"),
    ("decisionmakerboughtin", "Decision maker bought in", "0.8"),
    ("contractsent", "Contract sent", "0.9"),
    ("closedwon", "Closed won", "1.0"),
    ("closedlost", "Closed lost", "0.0"),
)
_LEAD_STAGES = (
    ("new-stage-id", "New", "NEW"),
    ("attempting-stage-id", "Attempting", "IN_PROGRESS"),
    ("connected-stage-id", "Connected", "IN_PROGRESS"),
    ("qualified-stage-id", "Qualified", "QUALIFIED"),
    ("unqualified-stage-id", "Disqualified", "UNQUALIFIED"),
)
#: States of a lead stage that end it.
CLOSED_LEAD_STATES = frozenset({"QUALIFIED", "UNQUALIFIED"})


def _deal_stages() -> list[dict[str, Any]]:
    return [
        stage(
            key, label, order, {"isClosed": "true" if key.startswith("closed") else "false", "probability": p}
        )
        for order, (key, label, p) in enumerate(_DEAL_STAGES)
    ]


def _lead_stages() -> list[dict[str, Any]]:
    return [
        stage(key, label, order, {"leadState": state, "isClosed": str(state in CLOSED_LEAD_STATES).lower()})
        for order, (key, label, state) in enumerate(_LEAD_STAGES)
    ]


#: Object type to its pipelines.
PIPELINES = {
    "contacts": [pipeline(PIPELINE_ID, "Lifecycle stage pipeline", _lifecycle_stages())],
    "deals": [pipeline("default", "Sales pipeline", _deal_stages())],
    "leads": [pipeline("lead-pipeline-id", "Lead pipeline", _lead_stages())],
}
#: Object type to the property whose options are its pipelines' stages.
STAGE_PROPERTIES = {"contacts": "lifecyclestage", "deals": "dealstage", "leads": "hs_pipeline_stage"}
