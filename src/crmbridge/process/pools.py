"""Hands out reps: smooth weighted round robin with stored credits, capacity, leave, and who is left.

The turn works as in nginx: before each lead every available member gains their weight in credit, the one
with the most credit gets the lead and pays the weights of all. Shares stay within one lead of the ideal
at any moment, and nobody gets several in a row while others wait. Credits are stored between runs:

* A member on leave or inactive loses their credit, and starts again from the smallest credit there is
  when they return: they are not owed what they missed, and nobody is flooded (practice: F14).
* A member whose capacity is used up keeps their credit and gains none.
* An owner who refused the lead is passed over for this lead alone and keeps the turn.
"""

from __future__ import annotations

from collections.abc import Iterable, Iterator, Mapping
from dataclasses import dataclass
from datetime import date, datetime
from typing import Final, TypeAlias

from crmbridge.model import Decision, Owner, OwnerKind
from crmbridge.process.definition import Process
from crmbridge.process.parts import Member, Pool
from crmbridge.process.routing import NO_OWNER

#: Pool -> owner key -> credit.
Pointers: TypeAlias = Mapping[str, Mapping[str, float]]
#: Credits are rounded, so that they stay equal however often they are stored.
_DIGITS: Final = 6


@dataclass(frozen=True, slots=True)
class Assigned:
    """Who gets a lead."""

    lead_id: str
    #: Key of the owner in the owner directory; None: nobody could be found.
    owner: str | None
    #: What chose: the decision's ``via`` ("territory", "existing_owner" …), "fallback_pool", or why it went
    #: to triage: "triage_pool_empty", "triage_inactive_owner", "triage_unknown_owner"; or the dead end.
    via: str
    #: The pool that gave its turn; None when no pool did.
    pool: str | None = None


class Assignments:
    """Assigns lazily, one lead after the other: iterate once, then read ``pointers``.

    Holds counts per owner and credits per pool, never the leads.
    """

    def __init__(
        self,
        candidates: Iterable[Decision],
        process: Process,
        pointers: Pointers,
        directory: _Directory,
        loads: tuple[Mapping[str, int], Mapping[str, int]],
    ) -> None:
        self._candidates = candidates
        self._process = process
        self._directory = directory
        #: Owner key -> leads given today, and in the last 30 days; this run's included.
        self._loads_day, self._loads_30_days = (dict(counts) for counts in loads)
        self._here = {pool.name: directory.present(pool) for pool in process.pools}
        self._credits = {
            pool.name: _rebased(pointers.get(pool.name, {}), self._here[pool.name]) for pool in process.pools
        }

    @property
    def pointers(self) -> dict[str, dict[str, float]]:
        """Give the credits after the leads handed out so far; store them with the plan."""
        return {pool: dict(shares) for pool, shares in self._credits.items()}

    def __iter__(self) -> Iterator[Assigned]:
        """Hand out the next lead. The candidates must come in order of (qualified_at, lead id)."""
        for decision in self._candidates:
            assigned = self._assign(decision)
            if assigned.owner is not None:
                for loads in (self._loads_day, self._loads_30_days):
                    loads[assigned.owner] = loads.get(assigned.owner, 0) + 1
            yield assigned

    def _assign(self, decision: Decision) -> Assigned:
        wanted = decision.assignment
        if wanted is None:
            return Assigned(decision.lead_id, None, NO_OWNER)
        if wanted.owner is not None:
            return self._fixed(decision.lead_id, wanted.owner, wanted.via)
        if wanted.pool is not None:
            return self._from_pools(decision, wanted.pool, wanted.via)
        return Assigned(decision.lead_id, None, wanted.via)

    def _fixed(self, lead_id: str, key: str, via: str) -> Assigned:
        owner = self._directory.find(key)
        if owner is not None and owner.active:
            return Assigned(lead_id, owner.key, via)
        return self._triage(lead_id, "triage_unknown_owner" if owner is None else "triage_inactive_owner")

    def _triage(self, lead_id: str, via: str) -> Assigned:
        key = self._process.routing.triage
        owner = self._directory.find(key) if key is not None else None
        if owner is None or not owner.active:
            return Assigned(lead_id, None, NO_OWNER)
        return Assigned(lead_id, owner.key, via)

    def _from_pools(self, decision: Decision, name: str, via: str) -> Assigned:
        pool = self._process.pools_by_name.get(name)
        while pool is not None:
            owner = self._turn(pool, decision.memory.refused_by)
            if owner is not None:
                return Assigned(decision.lead_id, owner, via, pool.name)
            pool, via = self._process.pools_by_name.get(pool.fallback or ""), "fallback_pool"
        return self._triage(decision.lead_id, "triage_pool_empty")

    def _turn(self, pool: Pool, refused_by: tuple[str, ...]) -> str | None:
        """Give the turn to a member; None when nobody is available. Credits move only with a lead."""
        able = {key: member for key, member in self._here[pool.name].items() if self._has_room(key, member)}
        shares = self._credits[pool.name]
        willing = [key for key in able if key not in refused_by]
        if not willing:
            return None
        # The first of equals in the file: max() keeps the earliest.
        chosen = max(willing, key=lambda key: round(shares[key] + able[key].weight, _DIGITS))
        _pay(shares, able, chosen)
        return chosen

    def _has_room(self, key: str, member: Member) -> bool:
        per_day, per_30_days = member.capacity_per_day, member.capacity_per_30_days
        if per_day is not None and self._loads_day.get(key, 0) >= per_day:
            return False
        return per_30_days is None or self._loads_30_days.get(key, 0) < per_30_days


class _Directory:
    """Finds owners, and who of a pool can be given leads on a day."""

    def __init__(self, owners: Mapping[str, Owner], today: date) -> None:
        self._owners = owners
        self._today = today
        self._queues = {
            owner.name.casefold(): owner
            for _, owner in sorted(owners.items(), reverse=True)
            if owner.kind is OwnerKind.QUEUE
        }

    def find(self, key: str) -> Owner | None:
        """Find an owner by key, or a queue by the name that people know it by."""
        return self._owners.get(key) or self._queues.get(key.casefold())

    def present(self, pool: Pool) -> dict[str, Member]:
        """Give the members who are active and not on leave, by their owner's key."""
        found = ((self.find(member.owner), member) for member in pool.members)
        return {
            owner.key: member
            for owner, member in found
            if owner is not None and owner.active and not member.is_away(self._today)
        }


def _rebased(shares: Mapping[str, float], here: Mapping[str, Member]) -> dict[str, float]:
    """Forget who is away, and let who is back or new start from the smallest credit there is."""
    kept = {key: shares[key] for key in here if key in shares}
    least = min(kept.values(), default=0.0)
    return {key: kept.get(key, least) for key in here}


def _pay(shares: dict[str, float], able: Mapping[str, Member], chosen: str) -> None:
    """Let every available member gain their weight, and the chosen one pay for all."""
    for key, member in able.items():
        shares[key] = round(shares[key] + member.weight, _DIGITS)
    total = sum(member.weight for member in able.values())
    shares[chosen] = round(shares[chosen] - total, _DIGITS)


def assign(
    candidates: Iterable[Decision],
    process: Process,
    pointers: Pointers,
    owners: Mapping[str, Owner],
    *,
    loads_day: Mapping[str, int],
    loads_30_days: Mapping[str, int],
    now: datetime,
) -> Assignments:
    """Hand out reps, once per run.

    Args:
        candidates: Decisions that hand over, in order of (qualified_at, lead id): the order decides who
            gets what. ``memory.refused_by`` of each is respected.
        pointers: Credits as the ledger keeps them; empty at the beginning.
        owners: The owner directory by key; who is inactive in one CRM gets nothing.
        loads_day: Owner key -> leads given since ``process.day_began_at(now)``.
        loads_30_days: Owner key -> leads given in the last 30 days, today's included.
        now: Aware; its day in the process's time zone decides who is on leave.

    Returns:
        An iterable of one ``Assigned`` per candidate, in their order; ``pointers`` on it are the credits
        afterwards. The same input gives the same output.
    """
    directory = _Directory(owners, process.day(now))
    return Assignments(candidates, process, pointers, directory, (loads_day, loads_30_days))


def advance(
    process: Process,
    pointers: Pointers,
    picks: Iterable[tuple[str, str]],
    *,
    owners: Mapping[str, Owner] | None = None,
    now: datetime | None = None,
) -> dict[str, dict[str, float]]:
    """Give the credits after some picks alone: for when only a part of a plan is carried out.

    Args:
        picks: (pool, owner key) in the order of the plan, as ``Assigned`` named them.
        owners: The directory that ``assign`` saw, with its ``now``: who was away neither gains nor pays.
            Without it everybody in a pool counts as there.

    Returns:
        The same credits as ``assign`` had after these leads, but for members whose capacity ran out on
        the way: they are counted as available. Picks of pools or owners that are gone are ignored.
    """
    directory = _Directory(owners, process.day(now)) if owners is not None and now is not None else None
    here = {
        pool.name: directory.present(pool)
        if directory is not None
        else {member.owner: member for member in pool.members}
        for pool in process.pools
    }
    shares = {name: _rebased(pointers.get(name, {}), members) for name, members in here.items()}
    for pool, owner in picks:
        if owner in here.get(pool, {}):
            _pay(shares[pool], here[pool], owner)
    return shares
