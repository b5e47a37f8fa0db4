"""The forward-only rule of the lifecycle stage.

HubSpot moves a stage only forward; to go back the value must be cleared first, in a request of its own
(contact guide, v3 and 2026-09, checked 2026-11-21). What a backward write answers is a switch.
"""

from __future__ import annotations

from collections.abc import Sequence

from crmbridge.sandbox.hubspot.values import Invalid

PROPERTY = "lifecyclestage"
PIPELINE_ID = "contacts-lifecycle-pipeline"
#: In order; "other" ranks last although it is no step forward.
DEFAULT_STAGES = {
    "subscriber": "Subscriber",
    "lead": "Lead",
    "marketingqualifiedlead": "Marketing Qualified Lead",
    "salesqualifiedlead": "Sales Qualified Lead",
    "opportunity": "Opportunity",
    "customer": "Customer",
    "evangelist": "Evangelist",
    "other": "Other",
}


def allowed(stages: Sequence[str], old: str, new: str, mode: str) -> str:
    """Give the stage that a write results in.

    Args:
        stages: All stages in order.
        old: Present stage, "" for none.
        new: Written stage, "" to clear.
        mode: Switch `HubSpotOptions.lifecycle`.

    Raises:
        Invalid: The write goes backward and the mode is "reject".
    """
    if not old or not new or mode == "allow" or old not in stages:
        return new
    if stages.index(new) >= stages.index(old):
        return new
    if mode == "reject":
        raise Invalid("INVALID_LIFECYCLE_STAGE", f"{new} is before {old}: the stage can only move forward.")
    return old
