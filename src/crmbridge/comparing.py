"""Two versions of a process side by side: what changes in the file, and for which leads."""

from __future__ import annotations

from collections import Counter
from collections.abc import Iterator, Mapping
from dataclasses import dataclass, replace
from datetime import datetime
from typing import Final

from crmbridge.identity import is_live
from crmbridge.mapping import Mapping as CompanyMapping
from crmbridge.model import NO_MEMORY, Decision, StageRole
from crmbridge.ports import Ledger, StoredLead
from crmbridge.process import Process, decide
from crmbridge.process.differences import Difference, differences
from crmbridge.unify import OwnerDirectory, unify

_PAGE: Final = 500
_WITH_MARKETING: Final = frozenset({StageRole.LEAD, StageRole.RECYCLED})


@dataclass(frozen=True, slots=True, kw_only=True)
class Effects:
    """What a new version would mean for the leads that the ledger knows, if it decided them now."""

    #: Leads that were decided by both.
    leads: int
    #: Leads with another stage, score, owner, hold or missing datum; each counted once.
    different: int
    #: The same by what is different; a lead may be in several.
    by: Mapping[str, int]


@dataclass(frozen=True, slots=True, kw_only=True)
class Comparison:
    """What changes from one version of a process to another."""

    old_version: str
    new_version: str
    differences: tuple[Difference, ...]
    #: None when no leads are known.
    effects: Effects | None
    #: From when the new version decides which leads, in one sentence.
    applies: str


#: What becomes of a lead that is known, by ``[process] applies_to``.
_APPLIES: Final = {
    "all": "the next run decides every lead by the new version",
    "changed": "known leads keep what stands until something about them changes or falls due; new leads "
    "are decided by the new version at once",
}


def compare(old: Process, new: Process, effects: Effects | None = None) -> Comparison:
    """Compare two processes, and put with it what it would mean for a company's leads, if that is known."""
    same = old.fingerprint == new.fingerprint
    return Comparison(
        old_version=old.version,
        new_version=new.version,
        differences=differences(old, new),
        effects=effects,
        applies="nothing changes" if same else _APPLIES[new.applies_to],
    )


def effects(
    old: Process, new: Process, ledger: Ledger, mapping: CompanyMapping, now: datetime
) -> Effects | None:
    """Decide every known lead by both processes as of one moment; None when no leads are known.

    Writes nothing. Takes as long as deciding every lead twice.
    """
    if not ledger.lead_ids("", 1):
        return None
    owners = OwnerDirectory(ledger.owners())
    leads, different, by = 0, 0, Counter[str]()
    for stored in _everyone(ledger):
        before, after = (_decided(stored, each, owners, mapping, now) for each in (old, new))
        leads += before is not None or after is not None
        changes = set(_changes(before, after))
        different += bool(changes)
        by.update(changes)
    return Effects(leads=leads, different=different, by=dict(sorted(by.items())))


def _everyone(ledger: Ledger) -> Iterator[StoredLead]:
    after = ""
    while ids := ledger.lead_ids(after, _PAGE):
        yield from ledger.load(ids)
        after = ids[-1]


def _decided(
    stored: StoredLead, process: Process, owners: OwnerDirectory, mapping: CompanyMapping, now: datetime
) -> Decision | None:
    """Decide a lead as a run would; None when a run would leave it."""
    if stored.conflict is not None or not any(is_live(part.record) for part in stored.records):
        return None
    lead = unify(
        stored,
        owners=owners,
        authority=mapping.authority,
        same=lambda _ref, _name, left, right: left == right,
        stages=tuple(stage.name for stage in process.stages),
        owner_authority=process.owner_authority,
    )
    if not process.covers(lead, now):
        return None
    return decide(lead, process, replace(stored.memory or NO_MEMORY, process_version=process.version), now)


def _changes(before: Decision | None, after: Decision | None) -> Iterator[str]:
    """Name what is different, in words of the list of effects."""
    if before is None or after is None:
        if before is not after:
            yield "no longer in scope" if after is None else "newly in scope"
        return
    was, is_ = before.role in _WITH_MARKETING, after.role in _WITH_MARKETING
    if before.stage != after.stage:
        yield (
            "newly qualified" if was and not is_ else "not qualified any more" if is_ and not was else "stage"
        )
    if before.score != after.score:
        yield "score"
    if before.assignment != after.assignment:
        yield "who gets it"
    if before.missing != after.missing:
        yield "missing data"
    if before.held != after.held:
        yield "hold"
