"""People: owners who left, pools in which nobody can take a lead."""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import replace
from datetime import date, datetime, time, timedelta
from typing import Final

from crmbridge.model import Lead
from crmbridge.process.lint.findings import Finding
from crmbridge.process.lint.places import named_lead, placed_lead, study_lead
from crmbridge.process.lint.study import Study
from crmbridge.process.parts import Member, Pool

#: How many days ahead leave is looked at.
_DAYS_AHEAD: Final = 90


# owners ----------------------------------------------------------------------------------------------
def owners(study: Study) -> Iterator[Finding]:
    """Find owners who left or whom nobody knows. Only their place is told: they are people."""
    for key, owner, example in _named(study):
        if study.is_able(owner):
            continue
        found = study.owner(owner)
        rule = "owner_unknown" if found is None else "owner_left"
        message = "exists in neither CRM" if found is None else "has left: no lead can be given to them"
        yield study.finding(
            rule, key, f"this owner {message}", "name somebody else, or activate them",
            severity="error", example=example,
        )  # fmt: skip


def _named(study: Study) -> Iterator[tuple[str, str, Lead]]:
    """Give everybody whom the file names: key path, owner, and a lead that would be theirs."""
    parts = study.parts
    stops = {"triage": parts.routing.triage, "tele_qualification": parts.routing.tele_qualification}
    for name, stop in stops.items():
        if stop is not None:
            yield f"routing.{name}", stop, study_lead(study)
    for index, account in enumerate(parts.named_accounts):
        yield f"named_account[{index}].owner", account.owner, named_lead(study, index)
    for index, territory in enumerate(parts.territories):
        if territory.owner is not None:
            yield f"territory[{index}].owner", territory.owner, placed_lead(study, territory)
    for index, pool in enumerate(parts.pools):
        for place, member in enumerate(pool.members):
            yield f"pool[{index}].member[{place}].owner", member.owner, _pool_lead(study, pool)


# pools -----------------------------------------------------------------------------------------------
def pools(study: Study) -> Iterator[Finding]:
    """Find pools that cannot take a lead: today, ever, or on some days to come."""
    for index, pool in enumerate(study.parts.pools):
        if not any(_ever_able(study, member) for member in pool.members):
            yield _without_capacity(study, index, pool)
        elif not _is_covered(study, pool, study.process.day(study.now)):
            yield _away(study, index, pool, study.process.day(study.now))
        else:
            yield from _away_soon(study, index, pool)


def _ever_able(study: Study, member: Member) -> bool:
    limits = (member.capacity_per_day, member.capacity_per_30_days)
    return 0 not in limits and study.is_able(member.owner)


def _without_capacity(study: Study, index: int, pool: Pool) -> Finding:
    chain = any(_ever_able(study, member) for each in _chain(study, pool)[1:] for member in each.members)
    where = "its fallback takes every lead" if chain else "its leads go to triage"
    message = f"nobody in {pool.name!r} can take a lead (left, or capacity 0): {where}"
    return study.finding(
        "pool_without_capacity", f"pool[{index}]", message, "put somebody into it",
        severity="warning" if chain else "error", example=_pool_lead(study, pool),
    )  # fmt: skip


def _chain(study: Study, pool: Pool) -> list[Pool]:
    """Give a pool with its fallbacks; the file's checks refuse circles."""
    found: list[Pool] = []
    following: Pool | None = pool
    while following is not None:
        found.append(following)
        following = study.process.pools_by_name.get(following.fallback or "")
    return found


def _is_covered(study: Study, pool: Pool, day: date) -> bool:
    members = (member for each in _chain(study, pool) for member in each.members)
    return any(_ever_able(study, member) and not member.is_away(day) for member in members)


def _away_soon(study: Study, index: int, pool: Pool) -> Iterator[Finding]:
    today = study.process.day(study.now)
    days = (today + timedelta(days=ahead) for ahead in range(1, _DAYS_AHEAD + 1))
    first = next((day for day in days if not _is_covered(study, pool, day)), None)
    if first is not None:
        yield _away(study, index, pool, first)


def _away(study: Study, index: int, pool: Pool, first: date) -> Finding:
    last = first
    while not _is_covered(study, pool, last + timedelta(days=1)) and (last - first).days < _DAYS_AHEAD:
        last += timedelta(days=1)
    span = first.isoformat() if first == last else f"{first.isoformat()} to {last.isoformat()}"
    message = f"everybody in {pool.name!r} and its fallbacks is on leave: {span}; its leads go to triage"
    at = max(study.now, datetime.combine(first, time(12), study.process.zone))
    example = replace(_pool_lead(study, pool), created_at=study.now)
    return study.finding(
        "pool_away", f"pool[{index}]", message, "add a member, or a fallback", example=example, at=at
    )


def _pool_lead(study: Study, pool: Pool) -> Lead:
    """Give a lead that routing sends to a pool, at once or as a fallback; a bare one if none is sent."""
    for territory in study.parts.territories:
        start = study.process.pools_by_name.get(territory.pool or "")
        if start is not None and pool in _chain(study, start):
            return placed_lead(study, territory)
    return study_lead(study)
