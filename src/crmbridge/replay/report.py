"""Makes of what was counted what people read: shares, bands, two versions side by side. Pure."""

from __future__ import annotations

from collections import Counter
from collections.abc import Iterator, Mapping, Sequence
from datetime import datetime
from typing import Final

from crmbridge.metrics.figures import rate, wilson
from crmbridge.model import Decision, Lead, Memory
from crmbridge.replay.engine import Replayed
from crmbridge.replay.results import (
    Band,
    Changed,
    Day,
    Feasibility,
    LeadTrace,
    Load,
    Quality,
    Reasoned,
    Share,
    Version,
)
from crmbridge.replay.tally import BANDS, Judged, Tally
from crmbridge.replay.walk import Track

NEW_ALONE: Final = "passed by the new one alone"
OLD_ALONE: Final = "passed by the old one alone"
OTHER_TIME: Final = "passed at another time"
OTHER_OWNER: Final = "somebody else gets it"
_HOUR: Final = 3600.0


def share(part: int, whole: int) -> Share:
    """Make a share with its interval."""
    low, high = wilson(part, whole) or (None, None)
    return Share(part=part, whole=whole, rate=rate(part, whole), low=low, high=high)


def version_of(found: Replayed) -> Version:
    """Sum up one process."""
    tally, process = found.tally, found.process
    weeks = max(1, len({*tally.weeks, *tally.handed}))
    return Version(
        name=process.name,
        version=process.version,
        fingerprint=process.fingerprint,
        leads=tally.leads,
        lead_days=tally.lead_days,
        decisions=tally.decisions,
        passed=tally.passed,
        ways=_sorted(tally.ways),
        weeks=_sorted(tally.weeks),
        handed_over=_sorted(tally.handed),
        loads=tuple(_loads(tally, weeks)),
        territories=_sorted(tally.territories),
        near_misses=_sorted(tally.near),
        flapped=tally.flapped,
        quality=tuple(_quality(name, judged, tally) for name, judged in tally.judged.items()),
        feasibility=Feasibility(
            waited=len(tally.waits),
            median_hours=_hours(tally.waits.at(50)),
            p90_hours=_hours(tally.waits.at(90)),
            unplaced=tally.unplaced,
        ),
    )


def _sorted(counts: Mapping[str, int]) -> dict[str, int]:
    return dict(sorted(counts.items()))


def _hours(seconds: float | None) -> float | None:
    return None if seconds is None else round(seconds / _HOUR, 1)


def _loads(tally: Tally, weeks: int) -> Iterator[Load]:
    most: Counter[str] = Counter()
    for (owner, _), leads in tally.owner_days.items():
        most[owner] = max(most[owner], leads)
    for owner, leads in sorted(tally.owners.items()):
        yield Load(owner=owner, leads=leads, per_week=round(leads / weeks, 2), most_a_day=most[owner])


def _quality(name: str, judged: Judged, tally: Tally) -> Quality:
    base, precision = share(judged.so, judged.leads), share(judged.passed_and_so, judged.passed)
    return Quality(
        outcome=name,
        precision=precision,
        recall=share(judged.passed_and_so, judged.so),
        base=base,
        lift=_lift(precision, base),
        censored=judged.censored,
        censored_passed=judged.censored_passed,
        bands=tuple(_bands(judged, base, tally.band_width)),
    )


def _lift(part: Share, base: Share) -> float | None:
    return round(part.rate / base.rate, 3) if part.rate is not None and base.rate else None


def _bands(judged: Judged, base: Share, width: float) -> Iterator[Band]:
    for band, leads in sorted(judged.bands.items()):
        came = share(judged.bands_so[band], leads)
        yield Band(
            score_from=round(band * width, 6) if band else None,
            score_below=round((band + 1) * width, 6) if band < BANDS else None,
            came=came,
            lift=_lift(came, base),
        )


# two versions ----------------------------------------------------------------------------------------
def differences(old: Replayed, new: Replayed) -> Iterator[Changed]:
    """Give every lead with which they did something else, in order of lead id."""
    for lead_id in sorted(old.tracks.keys() | new.tracks.keys()):
        before, after = old.tracks.get(lead_id), new.tracks.get(lead_id)
        what = _what(before, after)
        if what is not None:
            yield Changed(
                lead=lead_id,
                what=what,
                old_at=_at(old, before),
                new_at=_at(new, after),
                old_owner=_owner(before),
                new_owner=_owner(after),
            )


def _what(before: Track | None, after: Track | None) -> str | None:
    was, is_ = (track.passed if track is not None else None for track in (before, after))
    if was is None and is_ is not None:
        return NEW_ALONE
    if was is not None and is_ is None:
        return OLD_ALONE
    if was != is_:
        return OTHER_TIME
    return OTHER_OWNER if _hands(before) != _hands(after) else None


def _hands(track: Track | None) -> list[tuple[int, str | None]]:
    return [(hand.place, hand.owner) for hand in track.hands] if track is not None else []


def _owner(track: Track | None) -> str | None:
    return track.hands[0].owner if track is not None and track.hands else None


def _at(found: Replayed, track: Track | None) -> datetime | None:
    return found.ticks.at[track.passed] if track is not None and track.passed is not None else None


# one lead --------------------------------------------------------------------------------------------
class Tracer:
    """Keeps every decision about some leads."""

    def __init__(self, lead_ids: Sequence[str]) -> None:
        self.days: dict[str, list[Day]] = {lead_id: [] for lead_id in lead_ids}

    def __call__(self, place: int, lead: Lead, before: Memory, decision: Decision) -> None:  # noqa: ARG002
        """Take note of one decision."""
        if lead.id in self.days:
            self.days[lead.id].append(day_of(decision))


def day_of(decision: Decision) -> Day:
    """Show one decision."""
    return Day(
        at=decision.decided_at,
        stage=decision.stage,
        score=decision.score,
        owner=decision.memory.assigned_owner,
        handed_off=decision.handed_off,
        missing=decision.missing,
        held=decision.held,
        reasons=tuple(
            Reasoned(rule=item.rule, value=item.value, threshold=item.threshold, points=item.points)
            for item in decision.reasons
        ),
    )


def because(old: Sequence[Day], new: Sequence[Day]) -> tuple[str, ...]:
    """Name the rules that differ where two ways of a lead first part, in the order of the new file."""
    for left, right in _side_by_side(old, new):
        if (left.stage, left.owner, left.handed_off) != (right.stage, right.owner, right.handed_off):
            mine, theirs = ({item.rule: item for item in day.reasons} for day in (right, left))
            rules = [rule for rule in {**mine, **theirs} if mine.get(rule) != theirs.get(rule)]
            return tuple(rules) or ("the turn of the pool",)
    return ()


def _side_by_side(old: Sequence[Day], new: Sequence[Day]) -> Iterator[tuple[Day, Day]]:
    """Pair what stood by both at every moment at which either decided."""
    left = {day.at: day for day in old}
    right = {day.at: day for day in new}
    was: Day | None = None
    is_: Day | None = None
    for at in sorted(left.keys() | right.keys()):
        was, is_ = left.get(at, was), right.get(at, is_)
        if was is not None and is_ is not None:
            yield was, is_


def trace_of(lead_id: str, days: Sequence[Day], old: Sequence[Day], changed: Changed | None) -> LeadTrace:
    """Show one lead under one process or two."""
    return LeadTrace(lead=lead_id, days=tuple(days), old_days=tuple(old), changed=changed)
