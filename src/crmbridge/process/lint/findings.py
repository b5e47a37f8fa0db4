"""What a lint of a process finds, and what it is told about the world."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass, field
from datetime import datetime
from typing import Final

from crmbridge.model import Lead, Memory, Owner

#: Severities, the worst first.
SEVERITIES: Final = ("error", "warning", "info")
#: Every rule, with what it means. The page docs/lint.md is tested against it.
RULES: Final[Mapping[str, str]] = {
    "condition_never_holds": "a condition that no lead or activity can meet",
    "hold_is_shadowed": "a hold whose leads an earlier hold names first",
    "hold_holds_everyone": "holds that leave no lead which could ever be handed over",
    "rule_adds_nothing": "a score rule that cannot change any score",
    "threshold_unreachable": "a score gate above what all rules with their caps can give",
    "country_without_territory": "a country, or a part of it, that no territory covers",
    "territory_never_wins": "a territory, or a part of it, whose leads other territories take",
    "territory_overlap": "two equally specific territories of which the precedence decides",
    "rung_never_decides": "a rung of the ladder that an earlier one, or the file, makes idle",
    "sales_field": "a rule on something that sales fills in after the hand-off",
    "owner_left": "an owner who can be given no leads any more",
    "owner_unknown": "an owner whom neither CRM knows",
    "pool_without_capacity": "a pool in which nobody can take a lead",
    "pool_away": "days, of the next 90, on which everybody in a pool and its fallbacks is on leave",
    "stage_without_exit": "a stage that does not say what must have happened before a lead moves on",
    "stage_without_owner": "a stage for which no team is responsible",
    "stage_without_definition": "a stage that does not say what being in it means",
    "stage_is_a_dead_end": "a stage in the middle of the way that no lead may leave",
    "stage_never_entered": "a stage that no other stage leads to",
    "recycle_loop": "a recycle reason whose leads come back at once, with nothing new, again and again",
}


@dataclass(frozen=True, slots=True, kw_only=True)
class Finding:
    """One thing that is wrong or odd, with a lead that shows it."""

    #: Key of ``RULES``.
    rule: str
    #: "error", "warning" or "info".
    severity: str
    #: Key path in process.toml.
    key: str
    message: str
    suggestion: str
    #: Invented. Deciding it at ``at`` with ``memory`` shows the finding.
    example: Lead
    memory: Memory = field(default_factory=Memory)
    at: datetime
    #: The file that is to be mended.
    file: str = "process.toml"


@dataclass(frozen=True, slots=True, kw_only=True)
class World:
    """What a lint knows besides the file; without any of it, only the file speaks."""

    #: Aware. Leave is judged from this day on.
    now: datetime
    #: The owner directory; empty: none was read yet, so nobody has left.
    owners: Mapping[str, Owner] = field(default_factory=dict)
    #: ISO code -> leads that come from there; empty: unknown.
    countries: Mapping[str, int] = field(default_factory=dict)
    #: Every ISO 3166-1 code there is.
    every_country: frozenset[str] = frozenset()
