"""What the run needs from the ledger, and from its rate limiter."""

from __future__ import annotations

from collections.abc import Collection, Iterable, Iterator, Mapping, Sequence
from dataclasses import dataclass, field
from datetime import datetime
from typing import Protocol

from crmbridge.history import RecordHistory
from crmbridge.journey import Entry
from crmbridge.model import (
    Account,
    Activity,
    Change,
    Conflict,
    Decision,
    Memory,
    Opportunity,
    Outcome,
    Owner,
    Record,
    RecordRef,
    Value,
    Write,
)
from crmbridge.outbox import Attachment, Delivery, Outbox
from crmbridge.ports.crm import Page
from crmbridge.safety import Ruling, SafetyLedger, Undone
from crmbridge.seen import Instant, Seen
from crmbridge.standing import Standing


class Limiter(Protocol):
    """Shares one CRM's rate limit among all processes of a company."""

    def acquire(self, bucket: str, limit: int, window_seconds: float) -> float:
        """Reserve one permit; return how many seconds to wait before using it (0.0: now)."""

    def pause(self, bucket: str, seconds: float) -> None:
        """Let nobody start before ``seconds`` from now: the server said so."""


@dataclass(frozen=True, slots=True, kw_only=True)
class StoredRecord:
    """A record as the ledger holds it."""

    record: Record
    #: Canonical field -> what we last wrote, or saw when both agreed. A field that we never touched is
    #: absent: whatever stands there was there before us.
    base: Mapping[str, Value] = field(default_factory=dict)
    #: Canonical field -> the CRM's stamp of the row when the value was seen to differ from what we knew,
    #: our own writes left out. A field that has been so since we first read the row is absent.
    changed_at: Mapping[str, datetime] = field(default_factory=dict)
    #: The lead it is bound to; None before identity is settled.
    lead_id: str | None = None
    #: Canonical field -> what somebody put back over our value more than once. Filled in by ``load`` alone.
    undone: Mapping[str, Undone] = field(default_factory=dict)


@dataclass(frozen=True, slots=True, kw_only=True)
class StoredLead:
    """Everything the ledger holds of one lead."""

    id: str
    #: In order of ref.
    records: tuple[StoredRecord, ...]
    #: In order of (at, ref); deleted ones are left out.
    activities: tuple[Activity, ...] = ()
    #: Accounts that a record of the lead names, in order of ref.
    accounts: tuple[Account, ...] = ()
    #: Opportunities of a record of the lead, in order of ref.
    opportunities: tuple[Opportunity, ...] = ()
    #: None for a lead that has never been decided.
    memory: Memory | None = None
    #: Why nobody can say which records are this person's; None when identity is settled.
    conflict: Conflict | None = None
    #: How people settled conflicts of this lead and its records.
    rulings: tuple[Ruling, ...] = ()
    #: Left alone until somebody releases it.
    quarantined: bool = False


@dataclass(frozen=True, slots=True, kw_only=True)
class Binding:
    """The records of one person. Several claims that no rule settles are a conflict, not a binding."""

    lead_id: str
    #: Sorted.
    records: tuple[RecordRef, ...]
    #: Lead ids that turned out to be this person: their memory and history move here.
    absorbed: tuple[str, ...] = ()
    #: Set when the records contradict each other: the lead is skipped and listed.
    conflict: Conflict | None = None


@dataclass(frozen=True, slots=True, kw_only=True)
class Planned:
    """What a run found for one lead: its decision with what follows, or why it was skipped."""

    lead_id: str
    #: None when the lead was skipped.
    decision: Decision | None
    #: Why the lead was skipped ("out_of_scope", "ambiguous_identity", "deleted" …); None when decided.
    skipped: str | None = None
    changes: tuple[Change, ...] = ()
    conflicts: tuple[Conflict, ...] = ()
    #: (record, field, value) on which both sides agree: the new base once the plan is carried out.
    agreed: tuple[tuple[RecordRef, str, Value], ...] = ()
    #: What the decision adds to the lead's journey once the plan is carried out.
    entries: tuple[Entry, ...] = ()
    #: Where the lead stands for the people who work from lists; None: on none.
    standing: Standing | None = None
    #: What goes out beside the changes once they are written.
    attachments: tuple[Attachment, ...] = ()
    deliveries: tuple[Delivery, ...] = ()
    #: What the decision saw; None: the same as the decision before it, and nothing came of it.
    seen: Seen | None = None


@dataclass(frozen=True, slots=True, kw_only=True)
class Run:
    """One run of one company, as the ledger knows it."""

    id: str
    #: "plan", "sync", "apply".
    kind: str
    started_at: datetime
    #: Grows with every lease taken: a holder that wakes up late is refused.
    fence: int


@dataclass(frozen=True, slots=True, kw_only=True)
class PlanCounts:
    """Totals of a finished plan, for guards, cost and the summary line."""

    leads: int = 0
    decided: int = 0
    adopted: int = 0
    handed_off: int = 0
    #: reason -> leads.
    skipped: Mapping[str, int] = field(default_factory=dict)
    changes: int = 0
    conflicts: int = 0
    #: (goes first, crm, object, is a creation, has an owner change) -> records with a change.
    records: Mapping[tuple[bool, str, str, bool, bool], int] = field(default_factory=dict)
    #: (crm, object) -> records known to the ledger and not deleted.
    known: Mapping[tuple[str, str], int] = field(default_factory=dict)
    #: (crm, field) -> changes that replace a value that was not empty.
    overwrites: Mapping[tuple[str, str], int] = field(default_factory=dict)


class Ledger(SafetyLedger, Outbox, Protocol):
    """Our own record of what was read, decided, intended and written. One company per ledger.

    Every method is one transaction. A method that takes a ``run`` checks its fence first and raises
    ``LeaseLost`` when another run has taken over. Nothing here knows a CRM.
    """

    # runs ------------------------------------------------------------------------------------------
    def begin(self, kind: str, now: datetime, header: Mapping[str, str]) -> Run:
        """Take the company's lease and open a run; abandon what a dead run left half planned.

        Raises:
            LeaseLost: a live run holds the lease.
        """

    def renew(self, run: Run) -> None:
        """Prolong the lease of a run that is still at work; what stores for a run prolongs it as well."""

    def finish(self, run: Run, state: str, summary: Mapping[str, object]) -> None:
        """Close a run ("planned", "done", "stopped", "failed", "refused") and give the lease back."""

    def run(self, run_id: str) -> tuple[Run, Mapping[str, str], str] | None:
        """Find a run with its header and state; None when there is no such run."""

    def pause(self, reason: str | None) -> None:
        """Keep, or with None lift, the company's pause: while there is one, no run may write."""

    def paused(self) -> str | None:
        """Give the reason of the pause; None when there is none."""

    def remember(self, key: str, value: bytes, at: datetime) -> None:
        """Keep a small value, such as a schema, with its moment. Safe to repeat."""

    def recall(self, key: str) -> tuple[bytes, datetime] | None:
        """Give a value that was kept, with its moment; None when there is none."""

    def close(self) -> None:
        """Let go of the database. Safe to repeat."""

    # read ------------------------------------------------------------------------------------------
    def watermarks(self, crm: str) -> Mapping[str, str]:
        """Give object name -> watermark."""

    def known_versions(self, crm: str, object: str, ids: Sequence[str]) -> Mapping[str, str]:
        """Give record id -> version for the records the ledger holds undeleted."""

    def take(self, run: Run, crm: str, page: Page) -> None:
        """Store a page with its watermark; leads whose records, activities or accounts changed are marked."""

    def observe(self, run: Run, records: Iterable[Record]) -> None:
        """Store records read before or after a write, without marking their leads."""

    def owners(self) -> Mapping[str, Owner]:
        """Give every owner by key, both CRMs joined."""

    # unify -----------------------------------------------------------------------------------------
    def alone(self, after: str, limit: int) -> Sequence[RecordRef]:
        """Give new records that no other record can be one person with, by their identity keys.

        In order of ref as text, after ``after``; each of them is a lead of its own. Others that are as
        lonely may be left to ``unbound``.
        """

    def unbound(self, limit: int) -> Sequence[StoredRecord]:
        """Give records whose identity is to be settled, in order of ref."""

    def related(
        self, keys: Collection[str], refs: Collection[RecordRef], *, known: Collection[RecordRef] = ()
    ) -> Sequence[StoredRecord]:
        """Give the records that carry one of the identity keys, are one of the refs, or name one.

        Args:
            known: Left out: the caller has them.
        """

    def bind(self, run: Run, bindings: Iterable[Binding]) -> None:
        """Store whose records are whose, mark these leads, and take the records off ``unbound``."""

    def marked(self, now: datetime, after: str, limit: int) -> Sequence[str]:
        """Give ids of leads to decide (changed, unfinished, or due by ``now``), ascending after ``after``."""

    def load(self, lead_ids: Sequence[str]) -> Sequence[StoredLead]:
        """Load leads with everything that belongs to them, in the order asked for."""

    def find(
        self, *, lead_id: str | None = None, ref: RecordRef | None = None, email: str | None = None
    ) -> Sequence[str]:
        """Find lead ids by one of the three, sorted; aliases of merged leads are followed."""

    # lists -----------------------------------------------------------------------------------------
    def standings(self, name: str, *, owner: str | None = None) -> Iterator[Standing]:
        """Give the leads of a list, best first; those of one owner alone if one is named."""

    def due_standings(self, until: datetime, *, owner: str | None = None) -> Iterator[Standing]:
        """Give the leads that are due by a moment, the longest due first."""

    def tally(self, field: str) -> Mapping[str, int]:
        """Count the records that are not gone by the text that they hold in a canonical field."""

    # plan ------------------------------------------------------------------------------------------
    def append(self, run: Run, planned: Iterable[Planned]) -> None:
        """Append to the run's plan. The same lead twice: the later one replaces the earlier."""

    def candidates(self, run: Run) -> Iterator[Decision]:
        """Give the decisions of this plan that hand over, in order of (qualified_at, lead id)."""

    def pointers(self) -> Mapping[str, Mapping[str, float]]:
        """Give pool -> member -> credit of the weighted round robin."""

    def loads(self, since: datetime) -> Mapping[str, int]:
        """Give owner key -> leads that we assigned to them since then."""

    def counts(self, run: Run) -> PlanCounts:
        """Total the run's plan."""

    def changes(self, run: Run, *, open_only: bool = False) -> Iterator[Change]:
        """Give the plan's changes in apply order: owners and hand-offs first, then by crm, object, id.

        Args:
            open_only: Leave out those that were carried out or found in place already.
        """

    def conflicts(self, run: Run | None = None) -> Iterator[Conflict]:
        """Give the conflicts of a plan; of the last finished plan when no run is given."""

    # apply -----------------------------------------------------------------------------------------
    def promote(
        self, run: Run, lead_ids: Collection[str] | None, pointers: Mapping[str, Mapping[str, float]]
    ) -> None:
        """Make the plan's decisions the leads' memory before the first write, with bases agreed on.

        Args:
            lead_ids: Only these leads; None: all of the plan.
            pointers: The round robin's credits after these leads' assignments.
        """

    def log(
        self,
        run: Run,
        outcomes: Sequence[tuple[Write, Outcome]],
        intents: Sequence[Write],
        *,
        max_attempts: int = 12,
    ) -> None:
        """Store what became of one batch and what the next one will try; one transaction.

        A record that failed waits for its next try, after ``max_attempts`` failures in a row for ever.

        A written value becomes base and observed value of its field. A lead all of whose changes were
        written or found in place is no longer marked; any other stays marked.
        """

    def open_intents(self) -> Sequence[Write]:
        """Give the intents without an outcome that a dead run left behind."""

    def settle(self, run: Run, writes: Sequence[Write]) -> None:
        """Close intents whose records were read and observed: their leads are planned again."""

    def applied_since(self, run_id: str) -> bool:
        """Tell whether another run wrote something after this plan was made."""

    def superseded(self, run_id: str) -> bool:
        """Tell whether a later run has read the CRMs and planned anew."""

    # journeys --------------------------------------------------------------------------------------
    def lead_ids(self, after: str, limit: int) -> Sequence[str]:
        """Give ids of all leads, ascending after ``after``."""

    def entries(self, lead_ids: Collection[str]) -> Mapping[str, Sequence[Entry]]:
        """Give what is recorded of leads' journeys, in order of time; a lead without any is absent."""

    # what runs saw ---------------------------------------------------------------------------------
    def note_instant(self, run: Run, at: datetime, process: str) -> None:
        """Keep when a run decides, by which process (its fingerprint), and who could be given leads then.

        It counts from when a part of the run's plan is carried out. Safe to repeat.
        """

    def instants(self) -> Sequence[Instant]:
        """Give the runs that were carried out, in order of time, each with its owners."""

    def seals(self, lead_ids: Sequence[str]) -> Mapping[str, bytes]:
        """Give the seal of what each lead's last decision saw; leads that were never decided are absent."""

    def seen(self, lead_ids: Sequence[str]) -> Mapping[str, Sequence[tuple[int, Seen]]]:
        """Give what the decisions about leads saw, with the number of the run, in order of time."""

    # the past --------------------------------------------------------------------------------------
    def keep_past(self, run: Run, items: Iterable[tuple[RecordHistory, str]]) -> None:
        """Keep what a CRM recorded of some records' past, each with the version of its record.

        Safe to repeat: a later reading replaces an earlier one.
        """

    def past(self, refs: Collection[RecordRef]) -> Mapping[RecordRef, tuple[RecordHistory, str]]:
        """Give what was kept, with the version of the record it was read at; others are absent."""

    def keep_journeys(self, run: Run, journeys: Mapping[str, Sequence[Entry]]) -> int:
        """Replace what leads' journeys hold from the CRMs; what we recorded live stays.

        Returns:
            How many entries came, went or changed: 0 when the journeys were the same already.
        """

    def recall_past(self, run: Run, memories: Mapping[str, Memory]) -> None:
        """Give leads that no run ever decided the memory of their past; their marks stay as they are."""

    def checkpoint(self, run: Run, job: str, part: str, body: Mapping[str, int | str]) -> None:
        """Keep how far a job has got. Safe to repeat."""

    def checkpoints(self, job: str) -> Mapping[str, Mapping[str, int | str]]:
        """Give part -> what was kept for it, in order of part."""
