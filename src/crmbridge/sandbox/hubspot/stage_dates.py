"""The dates that HubSpot keeps for lifecycle stages, in the three generations that portals have.

Old ones exist for default stages only; a 2023 portal had old and middle ones, a portal of late 2024 only v2
(both recorded, checked 2026-11-21). Which exist here is the switch `HubSpotOptions.stage_date_generations`.
"""

from __future__ import annotations

from collections.abc import Collection, Mapping

from crmbridge.sandbox.clock import iso_ms
from crmbridge.sandbox.hubspot.definitions import P
from crmbridge.sandbox.hubspot.values import moment_ms

GROUP = "contactlcs"
GENERATIONS = ("old", "middle", "v2")
#: Generation to the pattern, label and type of its properties.
_PATTERNS = {
    "old": (("hs_lifecyclestage_{}_date", "Became: {}", "datetime"),),
    "middle": (
        ("hs_date_entered_{}", "Entered: {}", "datetime"),
        ("hs_date_exited_{}", "Left: {}", "datetime"),
    ),
    "v2": (
        ("hs_v2_date_entered_{}", "Entered stage: {}", "datetime"),
        ("hs_v2_date_exited_{}", "Left stage: {}", "datetime"),
        ("hs_v2_latest_time_in_{}", "Latest time in stage: {}", "number"),
        ("hs_v2_cumulative_time_in_{}", "Cumulative time in stage: {}", "number"),
    ),
}


def rows(
    stages: Mapping[str, str], generations: Collection[str], old_stages: Collection[str] | None = None
) -> list[P]:
    """Give the properties of these stages (id to label); ``old_stages`` alone have old ones, None: all."""
    return [
        P(name=name.format(stage), label=text.format(label), type=kind, read_only=True, hidden=True)
        for stage, label in stages.items()
        for generation in GENERATIONS
        if generation in generations and (generation != "old" or old_stages is None or stage in old_stages)
        for name, text, kind in _PATTERNS[generation]
    ]


def stamps(properties: Mapping[str, str], old: str, new: str, now_ms: int) -> dict[str, str]:
    """Give the properties that a change of stage moves, of all generations; "" clears one."""
    moment = iso_ms(now_ms)
    moved = {"hs_v2_date_entered_current_stage": moment if new else ""}
    if old:
        moved |= {f"hs_v2_date_exited_{old}": moment, f"hs_date_exited_{old}": moment}
        moved |= _durations(properties, old, now_ms)
    if new:
        moved |= dict.fromkeys(
            (f"hs_v2_date_entered_{new}", f"hs_date_entered_{new}", f"hs_lifecyclestage_{new}_date"), moment
        )
    return moved


def _durations(properties: Mapping[str, str], stage: str, now_ms: int) -> dict[str, str]:
    entered = properties.get(f"hs_v2_date_entered_{stage}")
    if not entered:
        return {}
    latest = max(now_ms - moment_ms(entered), 0)
    before = int(float(properties.get(f"hs_v2_cumulative_time_in_{stage}") or 0))
    return {
        f"hs_v2_latest_time_in_{stage}": str(latest),
        f"hs_v2_cumulative_time_in_{stage}": str(before + latest),
    }
