"""What every figure means, in one sentence each: printed beside it, in the document and in docs/report.md."""

from __future__ import annotations

from crmbridge.metrics.steps import Terms

#: Figure -> its definition. ``{…}`` is filled from the terms of the report.
_TEXTS = {
    "leads": "A lead is one person; in files, one key of the leads file.",
    "rows": "rows_in = rows_used + the sum of rows_skipped: every row is used, or skipped for a reason.",
    "as_of": "What happened after {as_of} is not counted; windows that end later are censored.",
    "reached": "Leads that entered the stage or one further on the way; off the way: put there.",
    "recorded": "Leads with a record of that very stage; the others of 'reached' follow from a later stage.",
    "current": "Leads that are in the stage now.",
    "conversion": "n reached 'from', converted of them reached 'to'; rate = converted / n, between 0 and 1.",
    "qualified": "Leads that reached the first stage of the role qualified (MQL), or a later one.",
    "accepted": "Leads that reached the first stage of the role accepted (SAL), or a later one.",
    "opportunities": "Leads that reached the first stage of the role opportunity, or a later one.",
    "won": "Leads that reached the first stage of the role customer, or with an opportunity that was won.",
    "lost": "Leads that are not won and have a lost opportunity, or a stage that means lost.",
    "rate": "In 'by': won / leads. win_rate: won / (won + lost).",
    "passed": "Leads with a hand-off; where none is recorded, qualified leads; in files without a stage "
    "of that role, every lead with a creation date.",
    "follow_up": "From the hand-off (as 'passed') to the first touch at or after it. n: leads with both.",
    "touch": "A call or meeting that did not come in, or an e-mail, task or other contact that went out and "
    "names who of ours made it; in files: an activity of a declared touch kind that did not come in.",
    "from_action": "From the person's last own activity before the hand-off to the first touch.",
    "business": "The same in business hours by the calendar of the process; null without one.",
    "sla": "inside / judged. Judged: touched, or the window is over; a lead that still has time is left out.",
    "time_to_close": "Calendar days from {close_from} to the day it was won; won leads alone.",
    "percentiles": "Linear interpolation between order statistics; days are differences of calendar dates.",
    "revenue": "Sum of the amounts of what was won. One number where there is one currency; currencies are "
    "never added; null where no amount is recorded.",
    "null": "Nothing of the kind is recorded anywhere; 0 is a count.",
    "by": "Every value of a dimension; null: it is blank, which is a group of its own.",
    "cohorts": "Leads by the {period} in which they qualified (without such a stage: were created). "
    "Converted: got there within window_days. Rates are over mature leads, whose window is over; "
    "censored ones are counted and in no rate. low and high: Wilson interval, 95 %.",
    "recycled": "How often sales gave a lead back, by reason; the key '' is: no reason given. Likewise "
    "rejected, disqualified and lost.",
    "feedback": "Passed leads that sales accepted, moved on, lost, rejected, gave back or disqualified / "
    "passed leads.",
    "quota": "running_target: what is owed by the end of the day of as_of, in proportion to calendar days; a "
    "shortfall is owed on top in the next period, a surplus is taken off it, where that is agreed.",
    "drift": "Each mature cohort against up to {baseline_periods} before it: Fisher's exact test and "
    "Laney's p' (the larger p-value counts), Benjamini-Hochberg over all; drifted: p_adjusted < {alpha}.",
    "segments": "Each value against all other leads: Fisher's exact test, Benjamini-Hochberg per measure, "
    "from {least} leads on each side.",
}


def definitions(terms: Terms) -> dict[str, str]:
    """Give every definition under these terms."""
    words = {
        "as_of": terms.as_of.isoformat(),
        "close_from": f"the first day of {terms.close_from}"
        if terms.close_from
        else "the first day recorded",
        "period": terms.period,
        "baseline_periods": terms.baseline_periods,
        "alpha": terms.alpha,
        "least": terms.least,
    }
    return {name: text.format_map(words) for name, text in _TEXTS.items()}
