"""What is done where histories contradict themselves: one stated rule per kind, counted and listed."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass
from datetime import datetime
from typing import Final

#: Kind of problem -> the rule by which it was settled.
RULES: Final[Mapping[str, str]] = {
    "before_creation": "a moment before the first record is not believed: nobody knows when it happened",
    "deleted": "the record was deleted: what was recorded until then counts, nothing is known of later",
    "in_future": "a moment after the histories were read is not believed: nobody knows when it happened",
    "left_before_entered": "a stage was left before it was entered: the moment of entering counts",
    "merged_histories": "merged people have several histories: both count, each in order of time",
    "stage_dates_disagree": "a stamped date differs from the history of the field: the history counts",
    "two_owners": "both CRMs named another owner for more than a day: the CRM with the authority counts",
    "unknown_stage": "a stage value that no mapping knows: where the lead stood then is unknown",
    "unknown_status": "a status value that no mapping knows: the status then is unknown",
}


@dataclass(frozen=True, slots=True, kw_only=True)
class TimelineProblem:
    """One contradiction in one lead's histories."""

    lead_id: str
    #: A key of ``RULES``.
    kind: str
    #: The record it was found in, as text; "" for the person as a whole.
    record: str = ""
    #: Field or stage concerned; "" when there is none.
    what: str = ""
    at: datetime | None = None

    @property
    def rule(self) -> str:
        """Say how it was settled."""
        return RULES[self.kind]
