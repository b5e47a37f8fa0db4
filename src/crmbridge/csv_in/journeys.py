"""Joined rows -> journeys: what the files record, and nothing else."""

from __future__ import annotations

from collections.abc import Iterator, Mapping
from datetime import datetime, timedelta
from decimal import Decimal
from typing import Any, Final, cast
from zoneinfo import ZoneInfo

from crmbridge.csv_in.load import EPOCH
from crmbridge.csv_in.loaded import Loaded
from crmbridge.csv_in.sources import Sources
from crmbridge.csv_in.spec import REASONS
from crmbridge.journey import Entry, EntryKind, Evidence, Journey
from crmbridge.metrics.steps import OFF, WAY
from crmbridge.model import Activity, ActivityKind, Direction, Money, Opportunity, RecordRef
from crmbridge.twins import open_twin

_VERDICTS: Final = {
    "rejected": EntryKind.REJECTED,
    "recycled": EntryKind.RECYCLED,
    "disqualified": EntryKind.DISQUALIFIED,
}
_OpenActivity: Final = open_twin(Activity)
_KINDS: Final = tuple(ActivityKind)
_DIRECTIONS: Final = tuple(Direction)


class Teller:
    """Tells the journeys of what was loaded."""

    def __init__(self, loaded: Loaded, sources: Sources) -> None:
        self._loaded, self._sources, self._spec = loaded, sources, loaded.spec
        self._roles = loaded.spec.stages
        self._way = [name for name, role in self._roles.items() if role in WAY]
        #: A way of one step was given its beginning: every row is a lead.
        declared = {stage for stage in loaded.spec.values.values() if stage}
        declared |= {stage for _, stage in loaded.spec.present} | {stage for stage, _ in loaded.spec.dates}
        declared |= {file.stage for file in loaded.spec.files if file.stage}
        self._implied = "lead" if self._roles.get("lead") == "lead" and "lead" not in declared else None
        named = {REASONS[name] for name in self._spec.fields if name in REASONS}
        self._told_by_reason = [role for role in _VERDICTS if role in named and not self._spec.has_role(role)]
        self._zone = ZoneInfo(loaded.spec.files[0].format.timezone)

    def __iter__(self) -> Iterator[Journey]:
        """Give one journey per lead, in the order of the files."""
        kept = self._loaded.activities
        at, leads = kept.at, kept.leads
        # By lead, then time, then place in the files: sorted is stable.
        order = sorted(range(len(leads)), key=at.__getitem__)
        order.sort(key=leads.__getitem__)
        texts, start = list(kept.texts), 0
        for lead in range(len(self._loaded.keys)):
            end = start
            while end < len(order) and leads[order[end]] == lead:
                end += 1
            yield self._tell(lead, self._activities(lead, order[start:end], texts))
            start = end

    def _tell(self, lead: int, activities: list[Activity]) -> Journey:
        sources, get = self._sources, self._loaded.get
        moments = {name: get(source, lead) for name, source in sources.moments.items()}
        reached = self._reached(lead)
        created = moments.get("created_at") or self._entered_first(reached)
        self._history(lead, reached)
        entries = [*self._entries(lead, reached), *self._past(lead)]
        if moments.get("handed_off_at") is not None:
            entries.append(_entry(EntryKind.HANDED_OFF, moments["handed_off_at"]))
        if self._implied is not None:
            entries.append(_entry(EntryKind.STAGE, created, self._implied))
        if moments.get("first_touch_at") is not None:
            activities = sorted([*activities, self._first(lead, moments["first_touch_at"])], key=_at)
        return Journey(
            lead_id=self._loaded.keys[lead],
            created_at=created,
            entries=tuple(sorted(entries, key=_order)),
            dimensions={name: get(source, lead) for name, source in sources.dimensions.items()},
            activities=tuple(activities),
            opportunities=tuple(self._opportunities(lead, reached)),
            stage=self._current(lead, reached),
        )

    # stages -----------------------------------------------------------------------------------------------
    def _own(self, lead: int) -> str | None:
        source = self._sources.stage
        raw = None if source is None else self._loaded.get(source, lead)
        return None if raw is None else self._spec.values.get(raw)

    def _reached(self, lead: int) -> dict[str, datetime | None]:
        """Give stage -> when, by value, by columns that are present, by files, and by dates."""
        loaded, sources = self._loaded, self._sources
        own = self._own(lead)
        found: dict[str, datetime | None] = {}
        if own is not None:
            found[own] = None
        for source, stage in sources.present:
            if loaded.get(source, lead) is not None:
                found[stage] = None
        for table, stage in sources.by_file.items():
            if table == 0 or loaded.detail(table, lead) is not None:
                found[stage] = None
        for stage, source, shared in sources.dates:
            at = loaded.get(source, lead)
            if at is not None and self._counts(stage, own, found, shared=shared):
                found[stage] = at
        return found

    def _counts(self, stage: str, own: str | None, found: Mapping[str, Any], *, shared: bool) -> bool:
        """Tell whether a date says that its stage was reached.

        A column that several stages share dates the one that the row is in. Where a column names the
        stage, the date of an ending (won, or off the way) counts only if the row is in it, or past it.
        """
        if stage in found:
            return True
        if shared:
            return False
        role = self._roles[stage]
        if self._sources.stage is None or (role != "customer" and role not in OFF):
            return True
        past = own in self._way and stage in self._way and self._way.index(own) > self._way.index(stage)
        if not past:
            self._loaded.notes[f"a date of {stage!r} on a row in another stage: not counted"] += 1
        return past

    def _entered_first(self, reached: Mapping[str, datetime | None]) -> datetime | None:
        """Take the day a stage of the role lead was entered for the creation, where no field has it."""
        found = [at for stage, at in reached.items() if at is not None and self._roles[stage] == "lead"]
        return min(found, default=None)

    def _history(self, lead: int, reached: dict[str, datetime | None]) -> None:
        """Let a recorded history date what is known without a date."""
        for at, raw, _ in self._loaded.history.get(lead, ()):
            stage = self._spec.values.get(raw)
            if stage is not None and stage in reached and reached[stage] is None:
                reached[stage] = at

    def _past(self, lead: int) -> Iterator[Entry]:
        for at, raw, reason in self._loaded.history.get(lead, ()):
            stage = self._spec.values.get(raw)
            if stage is not None:
                yield _entry(EntryKind.STAGE, at, stage, self._code(reason))
                verdict = _VERDICTS.get(self._roles[stage])
                if verdict is not None:
                    yield _entry(verdict, at, None, self._code(reason))

    def _current(self, lead: int, reached: Mapping[str, datetime | None]) -> str | None:
        """Give the stage by value; else the last one off the way that is no older than the way's last."""
        own = self._own(lead)
        if own is not None:
            return own
        history = self._loaded.history.get(lead)
        if history:
            return self._spec.values.get(max(history, key=lambda item: item[0])[1])
        way = [stage for stage in self._way if stage in reached]
        off = [stage for stage in reached if self._roles[stage] in OFF]
        dated = max((at for stage in way if (at := reached[stage]) is not None), default=None)
        for stage in reversed(off):
            at = reached[stage]
            if dated is None or at is None or at >= dated:
                return stage
        return way[-1] if way else self._implied

    # entries ----------------------------------------------------------------------------------------------
    def _entries(self, lead: int, reached: Mapping[str, datetime | None]) -> Iterator[Entry]:
        told = {self._spec.values.get(raw) for _, raw, _ in self._loaded.history.get(lead, ())}
        for stage, at in reached.items():
            if stage in told:
                continue
            role = self._roles[stage]
            reason = self._reason(lead, role)
            yield _entry(EntryKind.STAGE, at, stage, reason if role == "lost" else None)
            if role in _VERDICTS:
                yield _entry(_VERDICTS[role], at, None, reason)
        yield from self._by_reason(lead)
        self._note_reason(lead, reached)
        score = None if self._sources.score is None else self._loaded.get(self._sources.score, lead)
        qualified = next((stage for stage in reached if self._roles[stage] == "qualified"), None)
        if score is not None and qualified is not None:
            yield Entry(kind=EntryKind.QUALIFIED, at=reached[qualified], source="csv", score=float(score))

    def _reason(self, lead: int, role: str) -> str | None:
        source = self._sources.reasons.get(role)
        return None if source is None else self._code(self._loaded.get(source, lead))

    def _code(self, raw: str | None) -> str | None:
        return None if raw is None else self._spec.reasons.get(raw, raw)

    def _note_reason(self, lead: int, reached: Mapping[str, Any]) -> None:
        """Say that a reason stands on a row that is in no stage it could belong to."""
        said = {self._roles[stage] for stage in reached} & set(OFF)
        named = {role for role in self._sources.reasons if self._reason(lead, role) is not None}
        if named and not said and not named & set(self._told_by_reason):
            self._loaded.notes["a reason on a row whose stage is no verdict: not counted"] += 1

    def _by_reason(self, lead: int) -> Iterator[Entry]:
        """Take a reason for the verdict itself where no stage stands for it."""
        for role in self._told_by_reason:
            if (reason := self._reason(lead, role)) is not None:
                yield _entry(_VERDICTS[role], None, None, reason)

    # what hangs on it -------------------------------------------------------------------------------------
    def _activities(self, lead: int, places: list[int], texts: list[str | None]) -> list[Activity]:
        kept, names = self._loaded.activities, [file.name for file in self._spec.files]
        person = RecordRef("csv", "lead", self._loaded.keys[lead])
        return [
            _activity(
                RecordRef("csv", names[kept.files[place]], str(kept.lines[place])),
                person,
                _KINDS[kept.kinds[place]],
                EPOCH + timedelta(microseconds=kept.at[place]),
                _DIRECTIONS[kept.directions[place]],
                texts[kept.owners[place]],
                texts[kept.raws[place]] or "",
            )
            for place in places
        ]

    def _first(self, lead: int, at: datetime) -> Activity:
        """A first touch whose channel nobody recorded."""
        person = RecordRef("csv", "lead", self._loaded.keys[lead])
        return Activity(
            ref=RecordRef("csv", "first_touch_at", self._loaded.keys[lead]),
            person=person,
            kind=ActivityKind.UNKNOWN,
            at=at,
            direction=Direction.OUTBOUND,
            raw_kind="first_touch_at",
        )

    def _opportunities(self, lead: int, reached: Mapping[str, datetime | None]) -> Iterator[Opportunity]:
        for deal in self._loaded.deals.get(lead, ()):
            yield Opportunity(
                ref=RecordRef("csv", "deal", deal.id),
                owner_id=deal.owner,
                amount=_money(deal.amount, deal.currency),
                raw_stage=deal.raw_state,
                closed=deal.state != "open",
                won=deal.state == "won",
                created_at=deal.created,
                close_on=None if deal.closed is None else deal.closed.astimezone(self._zone).date(),
            )
        source = self._sources.amount
        won = [stage for stage in reached if self._roles[stage] == "customer"]
        if source is not None and won:
            yield from self._sale(lead, self._loaded.get(source, lead), reached[won[0]])

    def _sale(self, lead: int, amount: Decimal | None, at: datetime | None) -> Iterator[Opportunity]:
        if amount is None:
            self._loaded.notes["won without an amount"] += 1
            return
        source = self._sources.currency
        currency = None if source is None else self._loaded.get(source, lead)
        yield Opportunity(
            ref=RecordRef("csv", "lead", self._loaded.keys[lead]),
            amount=_money(amount, currency or self._spec.currency),
            closed=True,
            won=True,
            close_on=None if at is None else at.astimezone(self._zone).date(),
        )


def _activity(ref: RecordRef, person: RecordRef, kind: ActivityKind, at: datetime, *rest: Any) -> Activity:
    """Make an activity by an open twin: there are millions of them."""
    made: Any = _OpenActivity()
    made.ref, made.person, made.kind, made.at = ref, person, kind, at
    made.direction, made.owner_id, made.raw_kind = rest
    made.name = made.outcome = None
    made.deleted = False
    made.__class__ = Activity
    return cast("Activity", made)


def _money(amount: Decimal | None, currency: str | None) -> Money | None:
    return None if amount is None else Money(amount, currency)


def _entry(
    kind: EntryKind, at: datetime | None, value: str | None = None, reason: str | None = None
) -> Entry:
    evidence = Evidence.UNKNOWN if at is None else Evidence.CERTAIN
    return Entry(kind=kind, at=at, value=value, reason=reason, evidence=evidence, source="csv")


def _order(entry: Entry) -> tuple[bool, float, str, str]:
    at = entry.at
    return at is not None, 0.0 if at is None else at.timestamp(), entry.kind.value, entry.value or ""


def _at(activity: Activity) -> datetime:
    return activity.at
