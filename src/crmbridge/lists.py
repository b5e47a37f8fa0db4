"""Lists that people work from (S41, S42, S53): prioritised, almost qualified, due, unrouted, left alone.

What a list says is as of each lead's last decision that was carried out; names come from the records as
they were read last. Nothing is held in memory: a list may be as long as a company has leads.
"""

from __future__ import annotations

from collections.abc import Iterable, Iterator, Mapping
from dataclasses import dataclass
from datetime import datetime, timedelta
from typing import Final, Protocol

from crmbridge.chunks import chunks
from crmbridge.identity import is_live
from crmbridge.model import OwnerKind
from crmbridge.ports import Ledger, StoredLead
from crmbridge.standing import ALMOST_QUALIFIED, PRIORITISED, UNROUTED, Standing

DUE: Final = "due"
QUARANTINED: Final = "quarantined"
DEAD_LETTERS: Final = "dead-letters"
#: The lists that there are, with what each shows.
LISTS: Final[Mapping[str, str]] = {
    PRIORITISED: "leads with sales, the highest score first",
    ALMOST_QUALIFIED: "leads that lack one datum: most active and easiest to find first",
    DUE: "promises of sales that run out, and leads that the process looks at again: overdue ones first",
    UNROUTED: "MQLs that nobody has, with the dead end or hold that is the reason",
    QUARANTINED: "leads that are left alone until somebody releases them (crmbridge release)",
    DEAD_LETTERS: "leads whose record could not be written so often that nobody tries any more "
    "(crmbridge failures retry)",
}
#: Leads whose names are looked up together.
_PAGE: Final = 200


@dataclass(frozen=True, slots=True, kw_only=True)
class ListRow:
    """One lead on a list."""

    lead_id: str
    #: As the records have them; None where nobody knows.
    name: str | None
    company: str | None
    email: str | None
    #: Owner key; None when nobody has it.
    owner: str | None
    stage: str
    score: float | None
    engagement_score: float | None
    due_at: datetime | None
    #: The promise of sales that is due then ("first_touch" …); None: it is the process that looks again.
    promise: str | None
    #: Whether that moment has passed, and by how much.
    overdue: bool
    overdue_seconds: float | None
    #: The one datum that is missing.
    datum: str | None
    #: Who would choose an owner.
    pool: str | None
    territory: str | None
    #: Why it qualified, why nobody has it, or what is waited for.
    why: str | None
    qualified_at: datetime | None
    assigned_at: datetime | None
    recent_activity_count: int
    last_activity_at: datetime | None
    #: Records in the CRMs, as ``crm:object:id``.
    records: tuple[str, ...]


class LeftAlone(Protocol):
    """A lead that is left alone until somebody looks."""

    @property
    def lead_id(self) -> str:
        """Name the lead."""

    @property
    def since_at(self) -> datetime:
        """Say since when."""

    @property
    def reason(self) -> str:
        """Say why."""


def work_list(
    ledger: Ledger,
    name: str,
    now: datetime,
    *,
    owner: str | None = None,
    ahead: timedelta = timedelta(days=1),
) -> Iterator[ListRow]:
    """Give one of ``LISTS``, best first.

    Args:
        now: What is overdue is judged by it.
        owner: Only theirs: an e-mail address in any case, or a queue's name or key. None: everybody's.
        ahead: How far ahead the list of what is due looks.
    """
    key = _owner_key(ledger, owner) if owner is not None else None
    if name in {QUARANTINED, DEAD_LETTERS}:
        rows = quarantine_list(ledger, _left_alone_by(ledger, name), now)
        yield from (row for row in rows if key is None or row.owner == key)
        return
    standings = (
        ledger.due_standings(now + ahead, owner=key) if name == DUE else ledger.standings(name, owner=key)
    )
    for page in chunks(standings, _PAGE):
        stored = _loaded(ledger, [found.lead_id for found in page])
        yield from (_row(found, stored.get(found.lead_id), now) for found in page)


@dataclass(frozen=True, slots=True)
class _DeadLetter:
    """A lead of which a record is not written any more."""

    lead_id: str
    since_at: datetime
    reason: str


def _left_alone_by(ledger: Ledger, name: str) -> Iterable[LeftAlone]:
    if name == QUARANTINED:
        return ledger.quarantined()
    dead = [found for found in ledger.failures() if found.next_at is None]
    dead.sort(key=lambda found: found.last_at)
    reasons = [f"{found.crm} {found.object}: {found.error}, {found.attempts} times" for found in dead]
    pairs = zip(dead, reasons, strict=True)
    return [_DeadLetter(found.lead_id, found.last_at, reason) for found, reason in pairs]


def _owner_key(ledger: Ledger, name: str) -> str:
    """Find an owner's key by the name that people use; a name of nobody is a key of nobody."""
    wanted = name.strip().casefold()
    for key, owner in ledger.owners().items():
        if wanted in {key.casefold(), owner.name.casefold() if owner.kind is OwnerKind.QUEUE else ""}:
            return key
    return name.strip()


def quarantine_list(ledger: Ledger, left_alone: Iterable[LeftAlone], now: datetime) -> Iterator[ListRow]:
    """Give leads that are left alone, with the reason and who owns a record of theirs, in the order given."""
    keys = {
        (crm, str(owner.id_in(crm))): key
        for key, owner in ledger.owners().items()
        for crm in ("hubspot", "salesforce")
        if owner.id_in(crm) is not None
    }
    for page in chunks(left_alone, _PAGE):
        stored = _loaded(ledger, [found.lead_id for found in page])
        for found in page:
            lead = stored.get(found.lead_id)
            yield _row(_left_alone(found, _record_owner(lead, keys)), lead, now)


def _left_alone(found: LeftAlone, owner: str) -> Standing:
    return Standing(
        lead_id=found.lead_id, list=QUARANTINED, owner=owner, rank=0.0, stage="", score=0.0,
        engagement_score=0.0, decided_at=found.since_at, process_version="", why=found.reason,
    )  # fmt: skip


def _record_owner(stored: StoredLead | None, keys: Mapping[tuple[str, str], str]) -> str:
    """Give the key of who owns the first record that has an owner; "" for nobody."""
    records = [part.record for part in stored.records if is_live(part.record)] if stored else []
    owned = ((record.ref.crm, str(record.fields.get("owner"))) for record in records)
    return next((keys[found] for found in owned if found in keys), "")


def _loaded(ledger: Ledger, lead_ids: list[str]) -> dict[str, StoredLead]:
    return {lead.id: lead for lead in ledger.load(lead_ids)}


def _row(found: Standing, stored: StoredLead | None, now: datetime) -> ListRow:
    late = now - found.due_at if found.due_at is not None and found.due_at < now else None
    names = [_text(stored, field) for field in ("first_name", "last_name")]
    return ListRow(
        lead_id=found.lead_id,
        name=" ".join(part for part in names if part) or None,
        company=_text(stored, "company"),
        email=_text(stored, "email"),
        owner=found.owner or None,
        stage=found.stage,
        score=found.score,
        engagement_score=found.engagement_score,
        due_at=found.due_at,
        promise=found.promise,
        overdue=late is not None,
        overdue_seconds=late.total_seconds() if late is not None else None,
        datum=found.datum,
        pool=found.pool,
        territory=found.territory,
        why=found.why,
        qualified_at=found.qualified_at,
        assigned_at=found.assigned_at,
        recent_activity_count=found.recent_activity_count,
        last_activity_at=found.last_activity_at,
        records=tuple(str(part.record.ref) for part in stored.records) if stored else (),
    )


def _text(stored: StoredLead | None, field: str) -> str | None:
    """Give a datum as the first record that has it holds it."""
    records = [part.record for part in stored.records if is_live(part.record)] if stored else []
    values = (record.fields.get(field) for record in records)
    return next((value for value in values if isinstance(value, str)), None)
