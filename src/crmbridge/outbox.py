"""What goes out beside the fields: the note on a rep's record, and messages to people. Each once.

Both are kept by the ledger from the moment a plan is promoted, together with the decision they belong to, so
that a crash loses none. A note is looked for by its marker before it is made, so making it may be repeated.
A message cannot be looked for: its state is "intended" before it leaves, and one of which nobody knows
whether it arrived is listed, never sent again by itself.
"""

from __future__ import annotations

from collections.abc import Collection, Sequence
from dataclasses import dataclass
from datetime import datetime
from enum import Enum
from typing import TYPE_CHECKING, Protocol

if TYPE_CHECKING:
    from crmbridge.ports import Run


@dataclass(frozen=True, slots=True, kw_only=True)
class Attachment:
    """A note or a task on the record of a lead that was handed over."""

    #: Tells it from every other one; stands in its text.
    marker: str
    lead_id: str
    crm: str
    #: The record it hangs on: a contact in HubSpot, a Lead or Contact in Salesforce.
    object: str
    #: None: the record was created by the run that made the plan; it carries the lead id.
    id: str | None
    #: "task" (for the rep to do) or "note".
    kind: str
    title: str
    body: str
    #: The CRM's own owner id; None: the CRM's user that we sign in as.
    owner_id: str | None
    at: datetime


class DeliveryState(Enum):
    """What became of a message."""

    #: Not sent yet: the hand-off is not written, quiet hours, or it is collected.
    WAITING = "waiting"
    #: Going out at this moment.
    INTENDED = "intended"
    SENT = "sent"
    #: The service said no.
    FAILED = "failed"
    #: No telling whether it arrived.
    UNKNOWN = "unknown"


@dataclass(frozen=True, slots=True, kw_only=True)
class Delivery:
    """One message to one destination."""

    #: Alert, destination and event: the same event is told there once.
    key: str
    lead_id: str
    #: Names in the process file.
    alert: str
    to: str
    #: NoticeKind value.
    kind: str
    at: datetime
    title: str
    #: Empty once it was sent.
    body: str
    #: For destinations with ``{owner}`` or ``{manager}`` in their address; None: nobody.
    owner: str | None = None
    manager: str | None = None


@dataclass(frozen=True, slots=True, kw_only=True)
class StoredDelivery:
    """A message as the ledger holds it."""

    delivery: Delivery
    state: DeliveryState
    #: Why it failed, without personal data; None when it did not.
    error: str | None = None


class Courier(Protocol):
    """Brings messages to people."""

    def send(
        self, to: str, title: str, body: str, *, owner: str | None, manager: str | None
    ) -> DeliveryState:
        """Send one message to a destination by its name; SENT, FAILED or UNKNOWN. Never raises."""


class Outbox(Protocol):
    """The chapter *outbox* of the ledger. Every method is one transaction."""

    def attachments(self, run: Run, after: str, limit: int) -> Sequence[Attachment]:
        """Give notes still to be made whose lead has nothing left to write in this run.

        In order of marker, after ``after``.
        """

    def attached(self, run: Run, made: Sequence[tuple[str, str | None]]) -> None:
        """Store (marker, error): made, or refused for good when there is an error."""

    def deliverable(self, run: Run) -> Sequence[Delivery]:
        """Give messages that may go out: nothing of their lead is left to write. Oldest first."""

    def deliver(
        self, run: Run, keys: Collection[str], state: DeliveryState, error: str | None = None
    ) -> None:
        """Store what became, or is about to become, of messages."""

    def withdraw(self, run: Run) -> int:
        """Drop what still waits of leads that this run's plan changes; returns how many."""

    def forsake(self, run: Run) -> int:
        """Name messages of a dead run, that may have gone out, as unknown; returns how many."""

    def deliveries(self, states: Collection[DeliveryState], limit: int) -> Sequence[StoredDelivery]:
        """List messages in these states, newest first."""

    def redeliver(self, keys: Collection[str]) -> int:
        """Let failed and unknown messages go out again with the next run; returns how many. All: no keys."""
