"""Leads of the ledger -> journeys with their dimensions: what reports count."""

from __future__ import annotations

from collections.abc import Callable, Iterator, Mapping, Sequence
from typing import Final

from crmbridge.identity import is_live
from crmbridge.journey import Entry, Journey
from crmbridge.metrics import Rows
from crmbridge.model import Lead
from crmbridge.ports import Ledger, StoredLead
from crmbridge.process import Process
from crmbridge.recording import recalled

#: Leads loaded at a time.
_PAGE: Final = 500
#: Dimensions of every lead: those that are fields of the lead, in the order in which they are shown.
FIELDS: Final = ("source", "campaign", "persona", "industry", "country", "owner")


class LedgerJourneys:
    """Journeys of all leads of a company, in order of lead id.

    Args:
        unify: Makes one lead of a person's records.
        further: Names of the company's own fields that are wanted as dimensions.
    """

    def __init__(
        self,
        ledger: Ledger,
        process: Process,
        unify: Callable[[StoredLead], Lead],
        further: Sequence[str] = (),
    ) -> None:
        self._ledger, self._process, self._unify = ledger, process, unify
        self._further = [name for name in further if name not in (*FIELDS, "territory", "team")]
        self._teams = {member.owner: pool.name for pool in reversed(process.pools) for member in pool.members}
        #: Every lead is a row; complete when the last journey was given.
        self.rows = Rows()
        #: The lead of the journey given last: what depends on more than a journey can ask it meanwhile.
        self.lead: Lead | None = None

    def __iter__(self) -> Iterator[Journey]:
        """Give the journeys of the leads that are the company's; the others are skipped with a reason."""
        after = ""
        while ids := self._ledger.lead_ids(after, _PAGE):
            entries = self._ledger.entries(ids)
            for stored in self._ledger.load(ids):
                self.rows.read += 1
                if (reason := self._skipped(stored)) is None:
                    self.lead = self._unify(stored)
                    yield self._journey(stored, self.lead, entries)
                else:
                    self.rows.skipped[reason] += 1
            after = ids[-1]

    def _skipped(self, stored: StoredLead) -> str | None:
        if stored.conflict is not None:
            return "ambiguous_identity"
        return None if any(is_live(part.record) for part in stored.records) else "deleted"

    def _journey(self, stored: StoredLead, lead: Lead, entries: Mapping[str, Sequence[Entry]]) -> Journey:
        told, memory = entries.get(stored.id, ()), stored.memory
        kinds = {entry.kind for entry in told}
        older = [entry for entry in recalled(memory) if entry.kind not in kinds] if memory else []
        return Journey(
            lead_id=stored.id,
            created_at=lead.created_at,
            entries=tuple(sorted([*told, *older], key=_order)),
            dimensions=self._dimensions(lead),
            activities=stored.activities,
            opportunities=stored.opportunities,
            stage=(memory.stage if memory else None) or lead.stage,
        )

    def _dimensions(self, lead: Lead) -> dict[str, str | None]:
        found: dict[str, str | None] = {name: getattr(lead, name) for name in FIELDS}
        territory = self._process.territory_index.find(lead)
        found["territory"] = None if territory is None else territory.name
        found["team"] = self._teams.get(lead.owner or "")
        for name in self._further:
            value = lead.custom.get(name, getattr(lead, name, None))
            found[name] = None if value is None else str(value)
        return found


def _order(entry: Entry) -> tuple[bool, float, str, str]:
    at = entry.at
    return at is not None, 0.0 if at is None else at.timestamp(), entry.kind.value, entry.value or ""
