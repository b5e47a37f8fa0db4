"""Replay: the decisions that a process would have made over recorded history. Pure; writes nothing."""

from crmbridge.replay.engine import Replayed, Source, replay
from crmbridge.replay.past import Making, Outcome, Past, Step
from crmbridge.replay.results import Changed, LeadTrace, Replay, Version
from crmbridge.replay.ticks import Ticks, ticks

__all__ = [
    "Changed",
    "LeadTrace",
    "Making",
    "Outcome",
    "Past",
    "Replay",
    "Replayed",
    "Source",
    "Step",
    "Ticks",
    "Version",
    "replay",
    "ticks",
]
