"""The process file as one frozen object: the agreement between marketing and sales, compiled once."""

from __future__ import annotations

import hashlib
import json
import tomllib
from collections.abc import Mapping
from dataclasses import dataclass
from datetime import UTC, date, datetime, time, timedelta
from pathlib import Path
from typing import Any
from zoneinfo import ZoneInfo

from crmbridge.errors import ConfigError, Problem
from crmbridge.model import Lead, StageRole
from crmbridge.process.building import build
from crmbridge.process.checking import check
from crmbridge.process.compiling import Score, compile_engagement
from crmbridge.process.conditions import LEAD_FIELDS, Condition, leaves
from crmbridge.process.hours import Calendar, Span, merged
from crmbridge.process.operators import Get
from crmbridge.process.parts import (
    EngagementRule,
    Guards,
    Identity,
    NamedAccount,
    Parts,
    Pool,
    Qualification,
    Recycling,
    Routing,
    Stage,
    Territory,
)
from crmbridge.process.promises import Alert, Metrics, Quota, Rejection, Sla
from crmbridge.process.reading import Reader
from crmbridge.process.scoring import FitScorer
from crmbridge.process.territories import TerritoryIndex

#: What holds for a recycle reason without an entry where the file has no "default" either.
_RECYCLING = Recycling(reason="default", cool_down_days=90, max_cycles=3, keeps=1.0, needs_evidence=True)


@dataclass(frozen=True, slots=True, kw_only=True, repr=False)
class Process:
    """A company's lead process. Immutable, safe to share between threads."""

    #: Everything the file says, as it was read.
    parts: Parts
    #: SHA-256 over the file's content, formatting and comments aside.
    fingerprint: str
    #: What is odd and does not stop a run.
    warnings: tuple[Problem, ...] = ()
    #: Compiled from ``parts``, for the policy alone.
    stages_by_name: Mapping[str, Stage]
    stages_by_role: Mapping[StageRole, Stage]
    #: Where a lead begins that is in no stage.
    first_stage: Stage
    fit: FitScorer
    engagement: Score
    territory_index: TerritoryIndex
    named_domains: Mapping[str, NamedAccount]
    #: Folded company name -> named account.
    named_names: Mapping[str, NamedAccount]
    pools_by_name: Mapping[str, Pool]
    recyclings_by_reason: Mapping[str, Recycling]
    #: "fit.decision_maker" -> "Decision maker".
    rule_names: Mapping[str, str]
    #: Conditions whose answer changes some days after a date of the lead.
    timers: tuple[tuple[Get, float], ...]
    #: Whether negative points fade: a score can rise by itself.
    forgives: bool
    #: Days of capacity and leave are counted here.
    zone: ZoneInfo
    rejections_by_reason: Mapping[str, Rejection]
    #: Owner key -> when they are away, in order.
    away: Mapping[str, tuple[Span, ...]]
    #: Country, and territory, -> the calendar that leads from there follow.
    calendars_by_country: Mapping[str, Calendar]
    calendars_by_territory: Mapping[str, Calendar]

    @classmethod
    def load(cls, path: Path) -> Process:
        """Read a process file.

        Raises:
            ConfigError: with every problem of the file, each with its key path.
        """
        try:
            # utf-8-sig: editors on Windows put a byte order mark in front, which TOML does not know.
            data = tomllib.loads(path.read_text(encoding="utf-8-sig"))
        except OSError as error:
            raise _refused(path.name, f"cannot be read: {error.strerror or type(error).__name__}") from None
        except UnicodeDecodeError as error:
            raise _refused(path.name, f"is not UTF-8 at byte {error.start}") from None
        except ValueError as error:
            raise _refused(path.name, f"is no TOML: {error}") from None
        except RecursionError:
            raise _refused(path.name, "is nested too deeply") from None
        return cls.parse(data, path.name)

    @classmethod
    def parse(cls, data: Mapping[str, Any], file: str = "process.toml") -> Process:
        """Build a process from parsed TOML.

        Raises:
            ConfigError: with every problem, each with ``file`` and its key path.
        """
        if not data:
            raise _refused(file, "is empty", "start from the example in docs/process-file.md")
        reader = Reader(file)
        parts = build(reader, data)
        check(reader, parts)
        if reader.errors:
            raise ConfigError(reader.problems)
        return cls.of(parts, fingerprint=_fingerprint(data), warnings=tuple(reader.problems))

    @classmethod
    def of(cls, parts: Parts, *, fingerprint: str, warnings: tuple[Problem, ...] = ()) -> Process:
        """Compile parts that have been checked."""
        named = parts.named_accounts
        roles = {stage.role: stage for stage in parts.stages if stage.main}
        return cls(
            parts=parts,
            fingerprint=fingerprint,
            warnings=warnings,
            stages_by_name={stage.name: stage for stage in parts.stages},
            stages_by_role=roles,
            first_stage=roles[StageRole.LEAD],
            fit=FitScorer(parts.fit, parts.fit_caps),
            engagement=compile_engagement(parts.engagement, parts.engagement_caps),
            territory_index=TerritoryIndex(parts.territories),
            named_domains={account.domain: account for account in named if account.domain is not None},
            named_names={account.name.casefold(): account for account in named if account.name is not None},
            pools_by_name={pool.name: pool for pool in parts.pools},
            recyclings_by_reason={entry.reason: entry for entry in parts.recyclings},
            rule_names={rule.rule: rule.name for rules in (parts.fit, parts.engagement) for rule in rules},
            timers=_timers(parts),
            forgives=any(_fades(rule) for rule in parts.engagement),
            zone=ZoneInfo(parts.timezone),
            rejections_by_reason={entry.reason: entry for entry in parts.rejections},
            away=_away(parts),
            calendars_by_country={name: each for each in parts.calendars for name in each.countries},
            calendars_by_territory={name: each for each in parts.calendars for name in each.territories},
        )

    def __repr__(self) -> str:
        """Say which process it is; its rules would fill pages."""
        return f"<Process {self.name!r} version {self.version!r} {self.fingerprint[:12]}>"

    # what the file says ----------------------------------------------------------------------------
    @property
    def name(self) -> str:
        """Give the process's name."""
        return self.parts.name

    @property
    def version(self) -> str:
        """Give the agreed version, as the company writes it."""
        return self.parts.version

    @property
    def applies_to(self) -> str:
        """Give whom a changed file concerns: "all" leads at once, or "changed" ones."""
        return self.parts.applies_to

    @property
    def stages(self) -> tuple[Stage, ...]:
        """Give the stages in the order of the file."""
        return self.parts.stages

    @property
    def identity(self) -> Identity:
        """Give the accounts that may be touched."""
        return self.parts.identity

    @property
    def guards(self) -> Guards:
        """Give the numbers at which a plan is refused."""
        return self.parts.guards

    @property
    def qualification(self) -> Qualification:
        """Give the agreed definition of an MQL."""
        return self.parts.qualification

    @property
    def routing(self) -> Routing:
        """Give who gets a lead that qualified."""
        return self.parts.routing

    @property
    def pools(self) -> tuple[Pool, ...]:
        """Give the pools in the order of the file."""
        return self.parts.pools

    @property
    def territories(self) -> tuple[Territory, ...]:
        """Give the territories in the order of the file."""
        return self.parts.territories

    @property
    def sla(self) -> Sla | None:
        """Give what sales promises; None when nothing is."""
        return self.parts.sla

    @property
    def alerts(self) -> tuple[Alert, ...]:
        """Give who is told of what, in the order of the file."""
        return self.parts.alerts

    @property
    def quota(self) -> Quota | None:
        """Give what each side promises per period; None when nothing is."""
        return self.parts.quota

    @property
    def metrics(self) -> Metrics:
        """Give how figures are counted."""
        return self.parts.metrics

    @property
    def reasons(self) -> tuple[str, ...]:
        """Give the reason codes that have an entry of their own: recycling, then rejecting."""
        named = [entry.reason for entry in self.parts.recyclings if entry.reason != "default"]
        return tuple(dict.fromkeys([*named, *self.rejections_by_reason]))

    @property
    def owner_authority(self) -> Mapping[str, str]:
        """Give stage name -> whose owner edit counts there; absent: what the mapping says."""
        return {
            stage.name: stage.owner_authority for stage in self.stages if stage.owner_authority is not None
        }

    @property
    def custom_fields(self) -> frozenset[str]:
        """Name the company's own fields that conditions and required data use: the mapping must have them."""
        own = {"manual_mql"} if self.qualification.manual else set()
        return frozenset(self.fields - LEAD_FIELDS.keys() | own)

    @property
    def fields(self) -> frozenset[str]:
        """Name every lead field, the company's own included, that conditions and required data use."""
        used = {leaf.field for condition in self._conditions() for leaf in leaves(condition)}
        named = {entry.until_field for entry in self.parts.recyclings if entry.until_field is not None}
        named |= {name for entry in self.parts.rejections for name, _ in entry.data}
        return frozenset(
            {name.removeprefix("unknown.") for name in used}
            | named
            | dict(self.qualification.required).keys()
        )

    def _conditions(self) -> list[Condition]:
        found = [self.parts.scope.when]
        found += [rule.when for rule in self.parts.fit]
        found += [hold.when for hold in self.routing.holds]
        found += [programme.when for programme in self.parts.programmes]
        if self.sla is not None:
            found += [target.when for target in self.sla.targets]
            found += [self.sla.pause] if self.sla.pause is not None else []
        return found + [alert.when for alert in self.alerts if alert.when is not None]

    @property
    def owners(self) -> tuple[str, ...]:
        """Give every owner key that the file names, sorted."""
        found = {self.routing.triage, self.routing.tele_qualification}
        found |= {account.owner for account in self.parts.named_accounts}
        found |= {territory.owner for territory in self.territories}
        found |= {member.owner for pool in self.pools for member in pool.members}
        if self.sla is not None:
            found |= {self.sla.manager, *self.sla.managers.values()}
        if self.parts.customers is not None:
            found.add(self.parts.customers.owner)
        return tuple(sorted(owner for owner in found if owner is not None))

    # questions -------------------------------------------------------------------------------------
    def stage(self, name: str) -> Stage | None:
        """Find a stage by name; None when there is none."""
        return self.stages_by_name.get(name)

    def by_role(self, role: StageRole) -> Stage | None:
        """Find the stage that stands for a role; None when an optional role has none."""
        return self.stages_by_role.get(role)

    def recycling(self, reason: str | None) -> Recycling:
        """Find what a recycle reason means: its entry, else "default", else 90 days and 3 cycles."""
        entries = self.recyclings_by_reason
        return entries.get(reason or "default") or entries.get("default") or _RECYCLING

    def covers(self, lead: Lead, now: datetime) -> bool:
        """Tell whether a lead is ours at all, by ``[scope]``."""
        scope = self.parts.scope
        after = scope.created_after
        if after is not None and (lead.created_at is None or lead.created_at < after):
            return False
        return scope.when.test(lead, now)

    def day(self, now: datetime) -> date:
        """Give the calendar day of ``now`` in the company's time zone."""
        return now.astimezone(self.zone).date()

    def day_began_at(self, now: datetime) -> datetime:
        """Give the moment (UTC) at which that day began: the leads given since then count for the day."""
        return datetime.combine(self.day(now), time(), self.zone).astimezone(UTC)


def _away(parts: Parts) -> Mapping[str, tuple[Span, ...]]:
    """Give when each member of a pool is on leave, as moments."""
    zone = ZoneInfo(parts.timezone)
    found: dict[str, list[Span]] = {}
    for member in (member for pool in parts.pools for member in pool.members):
        found.setdefault(member.owner, []).extend(
            (_midnight(first, zone), _midnight(last + timedelta(days=1), zone))
            for first, last in member.leave
        )
    return {owner: merged(spans) for owner, spans in found.items() if spans}


def _next_day(day: date) -> date:
    return min(day, date(9999, 12, 30)) + timedelta(days=1)


def _midnight(day: date, zone: ZoneInfo) -> datetime:
    return datetime.combine(max(day, date(1, 1, 2)), time(), zone).astimezone(UTC)


def _timers(parts: Parts) -> tuple[tuple[Get, float], ...]:
    conditions = [rule.when for rule in parts.fit] + [hold.when for hold in parts.routing.holds]
    found = [leaf for condition in conditions for leaf in leaves(condition)]
    return tuple((leaf.get, leaf.days) for leaf in found if leaf.get is not None and leaf.days is not None)


def _fades(rule: EngagementRule) -> bool:
    return rule.points < 0 and (rule.half_life_seconds is not None or rule.within_seconds is not None)


def _refused(file: str, message: str, suggestion: str = "") -> ConfigError:
    return ConfigError([Problem(file, "", message, suggestion)])


def _fingerprint(data: Mapping[str, Any]) -> str:
    text = json.dumps(data, sort_keys=True, separators=(",", ":"), default=_plain)
    return hashlib.sha256(text.encode()).hexdigest()


def _plain(value: Any) -> str:
    return value.isoformat() if isinstance(value, date | time) else repr(value)
