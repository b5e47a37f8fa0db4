"""What is remembered so that writing is safe and people are respected: types, and the ledger's part of it.

Failures wait and end as dead letters; conflicts last until somebody settles them with a ruling; leads whose
owner flips are quarantined; every write ever made can be looked up, undone and forgotten.
"""

from __future__ import annotations

from collections.abc import Collection, Iterator, Mapping, Sequence
from dataclasses import dataclass
from datetime import datetime, timedelta
from typing import Any, Literal, Protocol, TypeAlias

from crmbridge.model import Conflict, RecordRef, Value

#: Whose value stands, as a person settles it.
Choice: TypeAlias = Literal["theirs", "ours"]

#: A failed write is tried again after so long; twice as long after each further failure …
_FIRST_DELAY = timedelta(minutes=5)
#: … and at most so long.
_LONGEST_DELAY = timedelta(days=1)


def delay_after(attempts: int) -> timedelta:
    """Say how long a record waits after it has failed so many times in a row (1 or more)."""
    return min(_LONGEST_DELAY, _FIRST_DELAY * float(2 ** min(attempts - 1, 20)))


@dataclass(frozen=True, slots=True, kw_only=True)
class Failure:
    """A record whose write failed: it waits for its next try, or nobody tries any more."""

    lead_id: str
    crm: str
    object: str
    #: None: it was to be created.
    id: str | None
    #: Canonical names of the fields that were to be written, sorted. No values: they are people's.
    fields: tuple[str, ...]
    #: The CRM's error code.
    error: str
    #: Failures in a row.
    attempts: int
    first_at: datetime
    last_at: datetime
    #: None: a dead letter, which only ``retry`` or a change of the record, process or mapping revives.
    next_at: datetime | None
    #: Somebody gave it up: no longer listed, and left alone like a dead letter.
    dropped: bool = False


@dataclass(frozen=True, slots=True, kw_only=True)
class Ruling:
    """How a person settled a conflict, once: it holds for exactly these two values."""

    #: The record as text; the lead id where no record is named.
    place: str
    #: Canonical field; "" for a conflict that is not about one.
    field: str
    theirs: Value
    ours: Value
    #: "theirs", "ours", or for identity the ref (as text) of the record that is this person's.
    choice: str
    #: Who settled it, and when.
    by: str
    at: datetime


@dataclass(frozen=True, slots=True, kw_only=True)
class Dispute:
    """An open conflict, with what is known about its two sides."""

    conflict: Conflict
    #: When a plan listed it first; it has stood since then.
    first_seen_at: datetime
    #: When their value was seen to change, by the CRM's stamp; None when it has stood since before us.
    theirs_at: datetime | None = None
    #: When we last wrote the field, and which rule wanted it; None when we never did.
    ours_at: datetime | None = None
    ours_reason: str | None = None


@dataclass(frozen=True, slots=True, kw_only=True)
class Undone:
    """Somebody put a value back over ours, several times the same one."""

    theirs: Value
    count: int
    last_at: datetime


@dataclass(frozen=True, slots=True, kw_only=True)
class Quarantined:
    """A lead that is left alone until somebody releases it."""

    lead_id: str
    since_at: datetime
    #: Name of the rule, then what was counted; no personal data.
    reason: str


@dataclass(frozen=True, slots=True, kw_only=True)
class Written:
    """One field write that was tried, as the audit keeps it."""

    #: By the wall clock.
    at: datetime
    run: str
    lead_id: str
    crm: str
    object: str
    #: None: it was to be created, and was not.
    id: str | None
    field: str
    #: None when it was empty, or nobody knows (a write that a crash cut off).
    old: Value
    new: Value
    reason: str
    #: ``OutcomeState`` value, or "settled": found out by reading after a crash.
    outcome: str
    error: str | None = None
    #: The record was created by it.
    created: bool = False


@dataclass(frozen=True, slots=True, kw_only=True)
class Forgotten:
    """What erasing a person comes to."""

    lead_id: str
    #: Table -> rows that hold, or held, personal data.
    rows: Mapping[str, int]
    #: Records that still stand in a CRM as far as we know: erase the person there first.
    live: tuple[RecordRef, ...]


class SafetyLedger(Protocol):
    """The ledger's part of it; each method is one transaction."""

    # failures --------------------------------------------------------------------------------------
    def failures(self) -> Sequence[Failure]:
        """Give what failed and was not dropped, in order of crm, object and record."""

    def waiting(self) -> Mapping[tuple[str, str, str], str]:
        """Give (crm, object, ``Write.key``) -> version on which it failed, of what is not due again yet."""

    def retry(self, lead_ids: Collection[str] | None) -> int:
        """Make failures of these leads (None: all) due at once, dead letters too; returns how many."""

    def drop_failures(self, lead_ids: Collection[str]) -> int:
        """Give up on failures of these leads; returns how many."""

    # conflicts -------------------------------------------------------------------------------------
    def track(self, run: Any, now: datetime) -> None:
        """Note which conflicts a finished plan lists, since when, and forget what it no longer lists."""

    def disputes(self) -> Sequence[Dispute]:
        """Give the open conflicts, in order of lead, kind, field and records."""

    def rule(self, rulings: Sequence[Ruling]) -> None:
        """Keep rulings; a later one on the same field of the same record replaces the earlier."""

    def decide_again(self, lead_ids: Collection[str]) -> None:
        """Mark leads: the next run decides them."""

    # owners and other tools ------------------------------------------------------------------------
    def quarantine(self, run: Any, since: datetime, more_than: int, now: datetime) -> int:
        """Quarantine leads of which a record changed owners too often, not by us; returns how many."""

    def quarantined(self) -> Sequence[Quarantined]:
        """Give the leads in quarantine, in order of id."""

    def release(self, lead_id: str) -> bool:
        """Let a lead out, with its counters at zero and marked; False when it was not in."""

    # budget ----------------------------------------------------------------------------------------
    def spend(self, crm: str, cap: int | None) -> bool:
        """Count one call of today; False, and not counted, when that would pass the day's ``cap``."""

    def spent(self, crm: str) -> int:
        """Give the calls counted today (UTC), by all processes."""

    # audit -----------------------------------------------------------------------------------------
    def history(self, lead_id: str) -> Sequence[Written]:
        """Give every write of a lead, of leads that it absorbed too, oldest first."""

    def written_by(self, run_id: str) -> Iterator[Written]:
        """Give what a run wrote or may have written, in order of lead, then oldest first."""

    def last_written(self) -> str | None:
        """Give the id of the last run that wrote something; None when none did."""

    def keep_deciding(self, run: Any, lead_ids: Collection[str]) -> None:
        """Have the next run decide these leads, even when all that this run planned for them is written."""

    def prune(self, before: datetime, watched: datetime) -> int:
        """Delete the audit of runs that began before; returns how many rows.

        Owner changes and values put back go as well, those since ``watched`` excepted.
        """

    # people ----------------------------------------------------------------------------------------
    def forget(self, lead_id: str, *, carry_out: bool) -> Forgotten:
        """Erase what is known of a person from every table; ids stay. Safe to repeat."""
