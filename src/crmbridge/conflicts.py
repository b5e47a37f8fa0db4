"""Settling a conflict: which one is meant, and what a person's word on it comes to. Pure."""

from __future__ import annotations

from collections.abc import Sequence
from datetime import datetime

from crmbridge.errors import ConfigError, Problem
from crmbridge.model import Conflict
from crmbridge.plan import SET_ASIDE
from crmbridge.safety import Choice, Ruling

_IDENTITY = "ambiguous_identity"


def ruling(
    conflicts: Sequence[Conflict],
    field: str | None,
    choice: Choice | None,
    record: str | None,
    *,
    by: str,
    at: datetime,
) -> Ruling:
    """Turn a person's word into a ruling.

    Args:
        conflicts: The open ones of one lead.
        field: None for identity, or where the lead has one conflict alone.
        record: The ref of the record that is meant: needed where several hold the field; for identity the
            one that is this person's.

    Raises:
        ConfigError: it names no open conflict, or several, or asks for what cannot be.
    """
    found = _chosen(conflicts, field, record)
    if found.kind == _IDENTITY:
        return _identity(found, record, by=by, at=at)
    if choice is None:
        raise _refused("says neither theirs nor ours", "add theirs (leave it as it is) or ours (write ours)")
    if choice == "ours" and found.kind in SET_ASIDE:
        advice = "mend the mapping or the data; theirs stops listing it"
        raise _refused(
            f"{found.kind} cannot be settled for ours: there is nothing that could be written", advice
        )
    place = str(found.records[0]) if found.records else found.lead_id
    return Ruling(
        place=place,
        field=found.field or "",
        theirs=found.theirs,
        ours=found.ours,
        choice=choice,
        by=by,
        at=at,
    )


def _chosen(conflicts: Sequence[Conflict], field: str | None, record: str | None) -> Conflict:
    fits = [
        found
        for found in conflicts
        if field in {None, found.field, found.kind}
        and (record is None or record in {str(ref) for ref in found.records})
    ]
    if len(fits) == 1:
        return fits[0]
    if fits:
        listed = ", ".join(f"{found.field or found.kind} on {_places(found)}" for found in fits)
        raise _refused(f"fits {len(fits)} conflicts: {listed}", "name one with FIELD and --record REF")
    raise _refused("fits no open conflict of this lead", "crmbridge conflicts lists them")


def _identity(found: Conflict, record: str | None, *, by: str, at: datetime) -> Ruling:
    if record is None:
        listed = ", ".join(str(ref) for ref in found.records)
        raise _refused(f"several records claim to be this person: {listed}", "name one with --record REF")
    claimants = " ".join(str(ref) for ref in found.records)
    return Ruling(place=found.lead_id, field="", theirs=claimants, ours=None, choice=record, by=by, at=at)


def _places(found: Conflict) -> str:
    return " ".join(str(ref) for ref in found.records) or found.lead_id


def _refused(message: str, advice: str) -> ConfigError:
    return ConfigError([Problem("conflict", "", message, advice)])
