"""What people ask about and settle between two runs: failures, conflicts, quarantine, history, erasure."""

from __future__ import annotations

from abc import ABC, abstractmethod
from collections.abc import Callable, Collection, Mapping, Sequence
from datetime import datetime, timedelta
from typing import Any

from crmbridge.conflicts import ruling
from crmbridge.ports import Crm, Ledger
from crmbridge.process import Process
from crmbridge.references import find_lead
from crmbridge.safety import Choice, Dispute, Failure, Forgotten, Quarantined, Ruling, Written
from crmbridge.webhooks import privacy_deletions


class Desk(ABC):
    """The part of ``Bridge`` that needs the ledger alone: no method here reads or writes a CRM's records."""

    process: Process
    ledger: Ledger
    crms: Mapping[str, Crm]
    _clock: Callable[[], datetime]

    def pause(self, reason: str) -> None:
        """Let no run write until `resume`, one that is under way neither; planning stays possible.

        Safe to repeat.
        """
        self.ledger.pause(reason)

    def resume(self) -> None:
        """Lift a pause. Safe to repeat."""
        self.ledger.pause(None)

    def failures(self) -> Sequence[Failure]:
        """Give the records whose write failed, with when they are tried again; dead letters too."""
        return self.ledger.failures()

    def retry_failures(self, leads: Collection[str] = ()) -> int:
        """Have the next run try these leads' failed records again, dead letters too. Safe to repeat.

        Args:
            leads: References of leads; empty: all.
        """
        return self.ledger.retry(self._ids(leads) if leads else None)

    def drop_failures(self, leads: Collection[str]) -> int:
        """Give these leads' failed records up: not listed, nor tried until somebody changes them."""
        return self.ledger.drop_failures(self._ids(leads))

    def conflicts(self) -> Sequence[Dispute]:
        """Give what no rule decides, with both sides as far as they are known."""
        return self.ledger.disputes()

    def settle(
        self,
        lead: str,
        field: str | None = None,
        choice: Choice | None = None,
        *,
        record: str | None = None,
        by: str,
    ) -> Ruling:
        """Settle a conflict once: it holds for exactly these two values, and is carried out by the next run.

        Args:
            field: None for a conflict of identity, or where the lead has one conflict alone.
            choice: "theirs": what stands there stays. "ours": it is overwritten.
            record: Which record is meant; for identity, the one that is this person's.
            by: Who says so; kept in the ledger.

        Raises:
            ConfigError: it names no open conflict, or several.
        """
        lead_id = find_lead(self.ledger, lead)
        mine = [item.conflict for item in self.ledger.disputes() if item.conflict.lead_id == lead_id]
        found = ruling(mine, field, choice, record, by=by, at=self._clock())
        self.ledger.rule([found])
        self.ledger.decide_again([lead_id])
        return found

    def quarantined(self) -> Sequence[Quarantined]:
        """Give the leads that are left alone until somebody releases them."""
        return self.ledger.quarantined()

    def release(self, lead: str) -> bool:
        """Let a lead out of quarantine; False when it was not in. The next run decides it."""
        return self.ledger.release(find_lead(self.ledger, lead))

    def history(self, lead: str) -> Sequence[Written]:
        """Give every write that was ever tried on a lead, oldest first, as long as the audit is kept."""
        return self.ledger.history(find_lead(self.ledger, lead))

    def prune(self, days: int) -> int:
        """Delete the audit of runs older than that; returns how many rows.

        What is counted of owners who change and of values that come back goes with it, once it is older
        than ``watch_days`` too.
        """
        now = self._clock()
        watched = now - timedelta(days=self.process.guards.watch_days)
        return self.ledger.prune(now - timedelta(days=days), watched)

    def forget(self, lead: str, *, apply: bool = False) -> Forgotten:
        """Erase a person from the ledger, or (without ``apply``) say what would be erased. Safe to repeat.

        Erase the person in the CRMs first: whoever changes a record there brings it back.

        Raises:
            LeaseLost: a run is at work.
        """
        lead_id = find_lead(self.ledger, lead)
        run = self.ledger.begin("forget", self._clock(), self._fingerprints())
        try:
            return self.ledger.forget(lead_id, carry_out=apply)
        finally:
            self.ledger.finish(run, "done", {})

    def forget_deleted(self, events: Any) -> Sequence[Forgotten]:
        """Erase the contacts whose privacy deletion HubSpot tells of: only a webhook does. Safe to repeat.

        Contacts that the ledger does not know, and events of other portals and kinds, are left out.

        Args:
            events: The decoded JSON body of a webhook call. Check its signature before.

        Raises:
            LeaseLost: a run is at work; answer with an error, and HubSpot sends the events again.
        """
        told = list(privacy_deletions(events, self.crms["hubspot"].identity().account_id))
        leads = {lead_id: None for ref in told for lead_id in self.ledger.find(ref=ref)}
        return [self.forget(lead_id, apply=True) for lead_id in leads]

    @abstractmethod
    def _fingerprints(self) -> Mapping[str, str]:
        """Name what every decision rests on, for the header of a run."""

    def _ids(self, leads: Collection[str]) -> list[str]:
        return [find_lead(self.ledger, lead) for lead in leads]
