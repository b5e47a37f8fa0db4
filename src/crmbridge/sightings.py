"""Puts beside each decision of a page what it saw, as far as that is new: what replays decide over again."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import replace

from crmbridge.model import Lead, Memory
from crmbridge.ports import Ledger, Planned, StoredLead
from crmbridge.seen import Look


class Sightings:
    """Of the leads that are being decided, a page at a time."""

    def __init__(self, ledger: Ledger) -> None:
        self._ledger = ledger
        #: What the decisions of this page rest on.
        self._leads: dict[str, tuple[Lead, Memory | None]] = {}

    def of(self, stored: StoredLead, lead: Lead) -> Lead:
        """Take note of a lead that is about to be decided; gives it back."""
        self._leads[stored.id] = (lead, stored.memory)
        return lead

    def noted(self, planned: Sequence[Planned]) -> list[Planned]:
        """Put into each decision what it saw that is new; begins a new page."""
        looks = {
            item.lead_id: Look.at(*self._leads[item.lead_id], item.decision)
            for item in planned
            if item.decision is not None
        }
        self._leads.clear()
        seals = self._ledger.seals(list(looks)) if looks else {}
        news = [lead_id for lead_id, look in looks.items() if look.is_news(seals.get(lead_id))]
        known = [lead_id for lead_id in news if lead_id in seals]
        before = self._ledger.seen(known) if known else {}
        found = {
            lead_id: looks[lead_id].seen(seals.get(lead_id), [seen for _, seen in before.get(lead_id, ())])
            for lead_id in news
        }
        return [replace(item, seen=found.get(item.lead_id)) for item in planned]
