"""Records of one person -> one `Lead`: one value per field, by field authority.

Evidence comes first: a value that somebody changed beats one that nobody touched, and of two changes the
later one wins, also once we have agreed with it. Without evidence the authority's CRM speaks, and a value
that is there beats one that is not. What we wrote ourselves is never evidence.
"""

from __future__ import annotations

from collections.abc import Callable, Iterable, Mapping, Sequence
from dataclasses import fields as dataclass_fields
from datetime import datetime
from typing import Any, NamedTuple

from crmbridge.identity import is_live
from crmbridge.model import (
    NO_MEMORY,
    Account,
    Lead,
    LeadStatus,
    Memory,
    Opportunity,
    Owner,
    OwnerKind,
    RecordRef,
    Value,
    move_key,
)
from crmbridge.normalise import company_domain, registrable_domain
from crmbridge.ports import StoredLead, StoredRecord
from crmbridge.twins import maker

#: Tell whether two values of a field are one and the same to the CRM that holds the record.
Same = Callable[[RecordRef, str, Value, Value], bool]
#: Canonical field -> "hubspot" | "salesforce" | "newest" | "ours".
Authority = Callable[[str], str]

_lead = maker(Lead)
_LEAD_FIELDS = frozenset(item.name for item in dataclass_fields(Lead))
#: Not the person's: computed here, or about the record and our decision.
_NOT_PERSONAL = frozenset(
    (
        "id records activities account opportunities account_owner opportunity_owner custom unknown "
        "owner_kind owner_active stage_at status_at status_reason domain stage status owner lead_id "
        "account_id "
        "fit_score engagement_score score is_mql is_sal qualified_at accepted_at recycled_at recycle_until "
        "recycle_count recycle_reason why process_version interest_at programme sla_promise "
        "sla_due_at work_list"
    ).split()
)
#: Whoever said no in one CRM said it to the company: no authority and no edit elsewhere undoes it.
_CONSENT = frozenset({"opted_out", "do_not_call"})


class OwnerDirectory:
    """Finds owners by our key and by their id in a CRM."""

    def __init__(self, owners: Mapping[str, Owner]) -> None:
        self.by_key = owners
        self._by_id = {
            (crm, owner_id): owner
            for owner in owners.values()
            for crm in ("hubspot", "salesforce")
            if (owner_id := owner.id_in(crm)) is not None
        }

    def key_of(self, crm: str, owner_id: Value) -> str | None:
        """Translate a CRM's owner id; one that no owner list knows keeps its id as its key."""
        if not isinstance(owner_id, str):
            return None
        owner = self._by_id.get((crm, owner_id))
        return owner.key if owner else f"{crm}:owner:{owner_id}"

    def get(self, key: str | None) -> Owner | None:
        """Find an owner; None when nobody has that key."""
        return self.by_key.get(key) if key is not None else None

    def working_person(self, crm: str, owner_id: Value) -> str | None:
        """Translate to a person who can be given leads; None for queues and people who left."""
        owner = self.get(self.key_of(crm, owner_id))
        return owner.key if owner and owner.kind is OwnerKind.PERSON and owner.active else None


class Candidate(NamedTuple):
    """One record's value of one field, with its evidence."""

    stored: StoredRecord
    value: Value
    #: Somebody changed it since we agreed on it.
    edited: bool
    #: When, by the CRM's stamp; None without evidence.
    changed_at: datetime | None


def unify(
    stored: StoredLead,
    *,
    owners: OwnerDirectory,
    authority: Authority,
    same: Same,
    stages: Sequence[str],
    owner_authority: Mapping[str, str],
) -> Lead:
    """Make one lead of a person's records.

    Args:
        owners: Everybody who can own a lead in either CRM.
        authority: Whose value counts, per field.
        same: What each CRM takes for the same value.
        stages: Stage names in the order of the process.
        owner_authority: Stage name -> whose owner counts in that stage; a stage that is absent follows
            ``authority("owner")``.

    Returns:
        The lead. Records that are gone give no values; a lead without a live record is empty but for
        its id and records.
    """
    live = [part for part in stored.records if is_live(part.record)]
    picker = _Picker(live, authority, same)
    memory = stored.memory or NO_MEMORY
    stage, stage_at = _stage(picker, memory, stages)
    values = _person_values(picker)
    status = picker.pick("status")
    reason = picker.pick("recycle_reason")
    account = _account(stored.accounts, live)
    owner = _owner(picker, owners, memory, owner_authority.get(stage or "") or authority("owner"))
    held_by = owners.get(owner)
    return _lead(
        id=stored.id,
        records=tuple(part.record.ref for part in stored.records),
        stage=stage,
        stage_at=stage_at,
        status=LeadStatus(status.value) if status and status.value is not None else None,
        status_at=status.changed_at if status else None,
        status_reason=_text(reason.value) if reason else None,
        owner=owner,
        owner_kind=held_by.kind if held_by else None,
        owner_active=held_by.active if held_by else None,
        domain=_domain(values),
        unknown=tuple(sorted({name for part in live for name in part.record.unknown})),
        activities=stored.activities,
        account=account,
        opportunities=stored.opportunities,
        account_owner=owners.working_person(account.ref.crm, account.owner_id) if account else None,
        opportunity_owner=_opportunity_owner(stored.opportunities, owners),
        **values,
    )


class _Picker:
    """Chooses one value per field among a person's live records."""

    def __init__(self, live: Sequence[StoredRecord], authority: Authority, same: Same) -> None:
        self.live = live
        self._authority = authority
        self._same = same

    def candidates(self, name: str) -> list[Candidate]:
        """Give every live record's value of a field, with its evidence."""
        found = []
        for part in self.live:
            record = part.record
            if name in record.fields and name not in record.unknown:
                value = record.fields[name]
                edited = self._edited(part, name, value)
                found.append(Candidate(part, value, edited, part.changed_at.get(name)))
        return found

    def _edited(self, part: StoredRecord, name: str, value: Value) -> bool:
        """Tell whether somebody changed the value after we agreed on it, or since we first saw it."""
        if name in part.base:
            base = part.base[name]
            return base != value and not self._same(part.record.ref, name, base, value)
        return name in part.changed_at

    def pick(self, name: str, authority: str | None = None) -> Candidate | None:
        """Choose by evidence, then by authority; None when no live record has the field."""
        found = self.candidates(name)
        if len(found) < 2:
            return found[0] if found else None
        side = authority or self._authority(name)
        mine = [item for item in found if item.stored.record.ref.crm == side]
        if any(item.edited or item.value is not None for item in mine):
            found = mine
        if any(item.edited or item.changed_at is not None for item in found):
            return min(found, key=_weakness)
        # Nobody edited anything: the first that has a value at all.
        return next((item for item in found if item.value is not None), found[0])


def _weakness(candidate: Candidate) -> tuple[float, bool, bool, RecordRef]:
    """Order by the time of the last edit, by having a value at all, and by record.

    An edit that we agreed with since counts by its time as before: of two edits the earlier one, which
    stands in a conflict, must not win by outliving the later one.
    """
    stamp = candidate.changed_at.timestamp() if candidate.changed_at else 0.0
    unproven = not (candidate.edited or stamp)
    return -stamp, unproven, candidate.value is None, candidate.stored.record.ref


def _person_values(picker: _Picker) -> dict[str, Any]:
    """Pick every field of the person; what is no field of `Lead` is the company's own."""
    picked = _picked(picker)
    values: dict[str, Any] = {name: picked[name] for name in picked.keys() & _LEAD_FIELDS}
    values["custom"] = {name: picked[name] for name in sorted(picked.keys() - _LEAD_FIELDS)}
    return values


def _picked(picker: _Picker) -> dict[str, Value]:
    """Give the values on which the records agree, which is most of them, and choose the others."""
    if len(picker.live) == 1:
        fields = picker.live[0].record.fields
        return {name: value for name, value in fields.items() if name not in _NOT_PERSONAL}
    picked: dict[str, Value] = {}
    disputed: set[str] = set()
    for part in picker.live:
        fields = part.record.fields
        for name in fields.keys() - _NOT_PERSONAL:
            value = fields[name]
            first = picked.setdefault(name, value)
            if first is not value and first != value:
                disputed.add(name)
    for name in disputed - _CONSENT:
        item = picker.pick(name)
        picked[name] = item.value if item else None
    for name in disputed & _CONSENT:
        picked[name] = any(part.record.fields.get(name) is True for part in picker.live)
    return picked


def _stage(picker: _Picker, memory: Memory, stages: Sequence[str]) -> tuple[str | None, datetime | None]:
    """Give the latest move that a person made and its time, else what we remember, else the furthest set.

    A CRM that cannot express our stage (HubSpot has no lifecycle value for "recycled") still shows the
    one before: that is no move. Neither is one that was acted on before and still stands there.
    """
    found = [item for item in picker.candidates("stage") if item.value is not None]
    move = min(found, key=_weakness, default=None)
    if move is not None and move.edited and not _is_acted_on(move, memory.seen_stage):
        return _text(move.value), move.changed_at
    if memory.stage is not None:
        return memory.stage, None
    known = [str(item.value) for item in found]
    return max(known, key=lambda name: stages.index(name) if name in stages else -1, default=None), None


def _is_acted_on(move: Candidate, seen: str | None) -> bool:
    """Tell whether a move by hand is the one that was acted on last, or one before it."""
    if seen is None or move_key(str(move.value), move.changed_at) == seen:
        return seen is not None
    seen_at = seen.rpartition("|")[2]
    return bool(seen_at) and move.changed_at is not None and move.changed_at < datetime.fromisoformat(seen_at)


def _owner(picker: _Picker, owners: OwnerDirectory, memory: Memory, authority: str | None) -> str | None:
    """Give the owner a person chose last, else the one we assigned, else the one who is set."""
    picked = picker.pick("owner", authority)
    if memory.assigned_owner and (picked is None or not picked.edited or authority == "ours"):
        return memory.assigned_owner
    return owners.key_of(picked.stored.record.ref.crm, picked.value) if picked else None


def _account(accounts: Sequence[Account], live: Sequence[StoredRecord]) -> Account | None:
    """Give the account that a live record names; Salesforce's where both CRMs name one."""
    if not accounts:
        return None
    named = {(part.record.ref.crm, part.record.fields.get("account_id")) for part in live}
    found = [item for item in accounts if (item.ref.crm, item.ref.id) in named and not item.deleted]
    return max(found, key=lambda item: (item.ref.crm == "salesforce", item.ref), default=None)


def _opportunity_owner(opportunities: Iterable[Opportunity], owners: OwnerDirectory) -> str | None:
    for opportunity in opportunities:
        if not opportunity.closed and not opportunity.deleted:
            owner = owners.working_person(opportunity.ref.crm, opportunity.owner_id)
            if owner is not None:
                return owner
    return None


def _domain(values: Mapping[str, Any]) -> str | None:
    """Give the company's domain: of its site, else of the address unless that is free mail."""
    website, email = values.get("website"), values.get("email")
    found = registrable_domain(website) if isinstance(website, str) else None
    # By host, not by address: the memory of domains then serves everybody of a company.
    return found or (company_domain(email.rpartition("@")[2]) if isinstance(email, str) else None)


def _text(value: Value) -> str | None:
    return value if isinstance(value, str) else None
