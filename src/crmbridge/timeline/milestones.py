"""Stages, statuses and owners over time -> what they mean: MQL, hand-off, SAL, rejected, recycled, out."""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from dataclasses import dataclass
from datetime import datetime, timedelta
from typing import Final

from crmbridge.journey import Entry, EntryKind, Evidence
from crmbridge.model import LeadStatus, StageRole

#: Entry into these is what sales does with a lead that it has.
_ACCEPTED_ROLES: Final = frozenset(
    {StageRole.ACCEPTED, StageRole.SALES_QUALIFIED, StageRole.OPPORTUNITY, StageRole.CUSTOMER}
)
_WITH_SALES: Final = _ACCEPTED_ROLES | {StageRole.QUALIFIED}
#: Status -> what it says of acceptance: sales' own word, or what follows from it.
_ACCEPTED_STATUSES: Final = {
    LeadStatus.ACCEPTED.value: Evidence.CERTAIN,
    LeadStatus.SALES_QUALIFIED.value: Evidence.DERIVED,
    LeadStatus.CONVERTED.value: Evidence.DERIVED,
}
#: Status -> how sales gave the lead back.
_GIVEN_BACK: Final = {
    LeadStatus.REJECTED.value: EntryKind.REJECTED,
    LeadStatus.RECYCLED.value: EntryKind.RECYCLED,
    LeadStatus.DISQUALIFIED.value: EntryKind.DISQUALIFIED,
}
_ROLE_KINDS: Final = {
    StageRole.RECYCLED: EntryKind.RECYCLED,
    StageRole.DISQUALIFIED: EntryKind.DISQUALIFIED,
}
#: A reason counts for a verdict when it was given with it, or so soon after.
_REASON_WITHIN: Final = timedelta(days=1)


@dataclass(slots=True)
class _Round:
    """One round with sales: from the MQL to whatever became of it."""

    qualified: bool = False
    handed_off: bool = False
    accepted: bool = False
    given_back: bool = False


class Milestones:
    """Walks once through a lead's entries, in order of time.

    Args:
        roles: Stage name -> role.
        reasons: (moment, reason code or None), in order of time.
        stage_since: From when on the stage is recorded; None: it is not.
    """

    def __init__(
        self,
        roles: dict[str, StageRole],
        reasons: Sequence[tuple[datetime, str | None]],
        stage_since: datetime | None,
    ) -> None:
        self._roles = roles
        self._reasons = reasons
        self._stage_since = stage_since
        self._round = _Round()
        self._role: StageRole | None = None
        self._owner: Entry | None = None

    def of(self, entries: Sequence[Entry]) -> Iterator[Entry]:
        """Give what follows from entries about stages, statuses and owners."""
        for entry in entries:
            if entry.kind is EntryKind.STAGE:
                yield from self._stage(entry)
            elif entry.kind is EntryKind.STATUS:
                yield from self._status(entry)
            elif entry.kind is EntryKind.OWNER:
                self._owner = entry if entry.value is not None else None
                yield from self._handed_off(entry)

    def _stage(self, entry: Entry) -> Iterator[Entry]:
        role = self._roles.get(entry.value or "")
        before, self._role = self._role, role
        if role in _WITH_SALES and (before not in _WITH_SALES or self._round.given_back):
            self._round = _Round()
        if role is StageRole.QUALIFIED and not self._round.qualified and before not in _ACCEPTED_ROLES:
            self._round.qualified = True
            yield _made(EntryKind.QUALIFIED, entry)
            yield from self._handed_off(entry)
        elif role in _ACCEPTED_ROLES:
            is_named = role is StageRole.ACCEPTED
            yield from self._accepted(entry, entry.evidence if is_named else _at_most(entry.evidence))
        elif role in _ROLE_KINDS:
            yield from self._gave_back(_ROLE_KINDS[role], entry)

    def _status(self, entry: Entry) -> Iterator[Entry]:
        status = entry.value or ""
        if status in _ACCEPTED_STATUSES:
            if self._round.given_back:
                self._round = _Round()
            certain = _ACCEPTED_STATUSES[status] is Evidence.CERTAIN
            yield from self._accepted(entry, entry.evidence if certain else _at_most(entry.evidence))
        elif status in _GIVEN_BACK:
            yield from self._gave_back(_GIVEN_BACK[status], entry)

    def _accepted(self, entry: Entry, evidence: Evidence) -> Iterator[Entry]:
        if self._round.accepted:
            return
        if not self._round.qualified and not self._is_recorded_before(entry):
            # It must have been an MQL before; nobody recorded when.
            yield Entry(kind=EntryKind.QUALIFIED, at=None, evidence=Evidence.UNKNOWN, source=entry.source)
        self._round.qualified = self._round.accepted = True
        yield _made(EntryKind.ACCEPTED, entry, evidence=evidence)

    def _is_recorded_before(self, entry: Entry) -> bool:
        """Tell whether the stage was recorded before: then there was no MQL that nobody noted."""
        return (
            self._stage_since is not None
            and entry.at is not None
            and self._role is not None
            and (self._stage_since < entry.at)
        )

    def _gave_back(self, kind: EntryKind, entry: Entry) -> Iterator[Entry]:
        """Count one verdict once, whether the status, the stage or both tell it."""
        if self._round.given_back and kind is not EntryKind.DISQUALIFIED:
            return
        self._round.given_back = True
        yield _made(kind, entry, reason=self._reason(entry.at))

    def _handed_off(self, entry: Entry) -> Iterator[Entry]:
        """An MQL with an owner is in somebody's hands."""
        owner = self._owner
        waits = self._round.qualified and not self._round.handed_off and not self._round.given_back
        if owner is None or not waits or self._role is not StageRole.QUALIFIED:
            return
        self._round.handed_off = True
        yield _made(EntryKind.HANDED_OFF, entry, value=owner.value, evidence=_at_most(entry.evidence))

    def _reason(self, at: datetime | None) -> str | None:
        if at is None:
            return None
        known = [code for moment, code in self._reasons if moment <= at + _REASON_WITHIN]
        return known[-1] if known else None


def _at_most(evidence: Evidence) -> Evidence:
    """Make what follows from something no surer than that."""
    return Evidence.DERIVED if evidence is Evidence.CERTAIN else evidence


def _made(
    kind: EntryKind,
    entry: Entry,
    *,
    value: str | None = None,
    reason: str | None = None,
    evidence: Evidence | None = None,
) -> Entry:
    return Entry(
        kind=kind,
        at=entry.at,
        value=value,
        reason=reason,
        evidence=evidence or entry.evidence,
        source=entry.source,
    )
