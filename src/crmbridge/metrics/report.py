"""The report: journeys in, one document out. One pass; the same figures for both sides (S90)."""

from __future__ import annotations

from collections import Counter
from collections.abc import Iterable, Mapping
from dataclasses import dataclass, field
from typing import Any, Final

from crmbridge.journey import Journey
from crmbridge.metrics.chance import is_available
from crmbridge.metrics.cohorts import Cohorts
from crmbridge.metrics.definitions import definitions
from crmbridge.metrics.drift import drift
from crmbridge.metrics.figures import Sample, rate, spread, tidy
from crmbridge.metrics.passage import Passage, Reader
from crmbridge.metrics.quota import progress
from crmbridge.metrics.review import Review
from crmbridge.metrics.segments import segments
from crmbridge.metrics.steps import Outline, Terms
from crmbridge.metrics.tally import Tally, money, win_rate

_HOUR: Final = 3_600
#: Seconds at which the bins of the time to the first touch end; one more holds all that took longer.
TOUCH_BINS: Final = (
    300,
    1_800,
    _HOUR,
    4 * _HOUR,
    8 * _HOUR,
    24 * _HOUR,
    48 * _HOUR,
    120 * _HOUR,
    240 * _HOUR,
)
#: The document of the report, as JSON has it. ``docs/report.md`` explains every key.
Document = dict[str, Any]


@dataclass(slots=True, kw_only=True)
class Rows:
    """What became of the rows that the journeys were made of."""

    read: int = 0
    #: Reason -> rows.
    skipped: Counter[str] = field(default_factory=Counter)
    #: What else is worth knowing -> how often.
    notes: Counter[str] = field(default_factory=Counter)


def report(journeys: Iterable[Journey], outline: Outline, terms: Terms, rows: Rows | None = None) -> Document:
    """Count journeys under an outline of steps and the terms of the report.

    Args:
        journeys: Read once, one at a time.
        rows: What became of the rows behind the journeys, complete when the last journey was given; None:
            each journey is one row.
    """
    reader = Reader(outline, terms)
    tally, cohorts = Tally(outline, terms, reader), Cohorts(reader, terms)
    review, counted, left_out = Review(terms), Counter[str](), 0
    for journey in journeys:
        found = reader.read(journey)
        counted["leads"] += 1
        if (reason := _outside(found, terms)) is not None:
            counted[reason] += 1
            left_out += 1
            continue
        tally.add(found)
        cohorts.add(found)
        review.add(found)
    made = _document(tally, cohorts, review, outline, terms)
    return _rows(rows, counted, tally) | made


def _outside(found: Passage, terms: Terms) -> str | None:
    """Say why a lead is not in the report; None when it is."""
    created = found.journey.created_at
    if created is not None and created > terms.as_of:
        return "created_after_as_of"
    if terms.since is None and terms.until is None:
        return None
    day = found.cohort or found.began
    if day is None:
        return "without_a_day"
    before = terms.since is not None and day < terms.since
    after = terms.until is not None and day >= terms.until
    return "outside_the_period" if before or after else None


def _rows(rows: Rows | None, counted: Counter[str], tally: Tally) -> Document:
    outside = Counter({reason: n for reason, n in counted.items() if reason != "leads"})
    if rows is None:
        rows = Rows(read=counted["leads"], skipped=outside)
        outside = Counter()
    return {
        "rows_in": rows.read,
        "rows_used": rows.read - sum(rows.skipped.values()),
        "rows_skipped": dict(sorted(rows.skipped.items())),
        "leads": tally.all.leads,
        "leads_left_out": dict(sorted(outside.items())),
        "notes": dict(sorted((rows.notes + tally.notes).items())),
    }


def _document(tally: Tally, cohorts: Cohorts, review: Review, outline: Outline, terms: Terms) -> Document:
    return {
        "as_of": terms.as_of.isoformat(),
        "definitions": definitions(terms),
        "funnel": tally.funnel(),
        "conversion": tally.conversion(),
        "follow_up": _follow_up(tally),
        "activities": dict(sorted(tally.activities.items())),
        "time_to_close": {
            "n": len(tally.all.close_days),
            "median_days": tally.all.close_days.at(50),
            "p90_days": tally.all.close_days.at(90),
        },
        "close_from": terms.close_from,
        **_outcomes(tally),
        **money(tally.all.revenue),
        "by": tally.by(),
        "period": terms.period,
        "periods": tally.period_rows(),
        "cohorts": cohorts.rows(touched=tally.has("touched")),
        "leads_without_cohort": cohorts.undated,
        **{role: dict(sorted(reasons.items())) for role, reasons in _verdicts(tally).items()},
        "feedback": _feedback(tally),
        "review": review.document(),
        "quota": _quota(tally, terms),
        **_tested(tally, cohorts, outline, terms),
    }


def _outcomes(tally: Tally) -> Document:
    won, lost = tally.told("won", tally.all.won), tally.told("lost", tally.all.lost)
    return {"won": won, "lost": lost, "win_rate": win_rate(won, lost)}


def _feedback(tally: Tally) -> Document:
    answered = tally.told("feedback", tally.all.answered)
    return {
        "passed": tally.told("passed", tally.all.passed),
        "with_feedback": answered,
        "coverage": rate(answered, tally.all.passed),
    }


def _verdicts(tally: Tally) -> Mapping[str, Counter[str]]:
    names = {"lost": "lost_reasons"}
    return {names.get(role, role): reasons for role, reasons in tally.verdicts.items()}


def _follow_up(tally: Tally) -> Document:
    everything = tally.all
    return {
        "passed": tally.told("passed", everything.passed),
        "n": len(everything.touch),
        "untouched": tally.told("touched", everything.passed - len(everything.touch)),
        **_seconds("", everything.touch),
        **_seconds("business_", tally.business),
        "from_action": {"n": len(tally.from_action), **_seconds("", tally.from_action)},
        "distribution": _distribution(tally),
        "sla": {
            "judged": tally.judged,
            "inside": tally.inside,
            "share": rate(tally.inside, tally.judged),
            "agreed": [{"seconds": tidy(s), "leads": n} for s, n in sorted(tally.agreed.items())],
        },
        "touches": dict(sorted(tally.touches.items())),
        "median_touches": tally.touch_counts.at(50) if tally.has("touched") else None,
        "p90_touches": tally.touch_counts.at(90) if tally.has("touched") else None,
    }


def _distribution(tally: Tally) -> Document:
    """Give how many first touches came within which time, on the clock that the SLA is judged by."""
    is_business = len(tally.business) > 0
    sample = tally.business if is_business else tally.all.touch
    return {"clock": "business" if is_business else "elapsed", "bins": spread(sample, TOUCH_BINS)}


def _seconds(prefix: str, sample: Sample) -> Document:
    return {f"{prefix}median_seconds": sample.at(50), f"{prefix}p90_seconds": sample.at(90)}


def _quota(tally: Tally, terms: Terms) -> Document | None:
    if not terms.quotas:
        return None
    day = terms.day(terms.as_of)
    return {
        quota.measure: {
            "period": quota.period,
            "carry_over": quota.carry_over,
            "periods": progress(quota, tally.days[quota.measure], day),
        }
        for quota in terms.quotas
    }


def _tested(tally: Tally, cohorts: Cohorts, outline: Outline, terms: Terms) -> Document:
    """Give what needs the statistics library; null where it is not installed."""
    if not is_available():
        return {"drift": None, "segments": None}
    first = {step.role: outline.first(step.role) for step in outline.way}
    return {"drift": drift(cohorts, terms), "segments": segments(tally, first, terms)}
