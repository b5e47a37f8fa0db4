"""What CSV files tell of leads: whose rows they are, and which of them cannot be believed."""

from __future__ import annotations

import hashlib
from collections import Counter
from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass, field, replace
from datetime import datetime, timedelta
from typing import Final

from crmbridge.chunks import chunks
from crmbridge.csv_in import CsvIn
from crmbridge.errors import ConfigError
from crmbridge.identity import is_live
from crmbridge.journey import Entry, EntryKind, Journey
from crmbridge.mapping_file.checks import nearest
from crmbridge.metrics.steps import OFF, WAY
from crmbridge.ports import Ledger, StoredLead
from crmbridge.process import Process
from crmbridge.references import search_lead

#: Why all rows of a lead are refused -> what that means. The order is the one in which they are looked for.
REFUSALS: Final[Mapping[str, str]] = {
    "bad_date": "a date that does not have the declared format",
    "bad_number": "a number that does not have the declared form",
    "blank_date": "a row of a history without its moment",
    "blank_stage": "a row of a history without its stage",
    "unknown_stage": "a stage that [stages] does not name",
    "duplicate_key": "the same key twice, with different values",
    "nothing_told": "no stage at all",
    "undated": "a stage, and nothing says since when",
    "in_future": "a date after the moment of the run",
    "contradictory": "a later stage dated before an earlier one",
    "before_creation": "a date before the creation that the file names, else before the CRMs'",
    "unknown_lead": "the key names nobody that the ledger knows",
    "ambiguous_lead": "the key names several leads",
    "named_twice": "two keys name the same lead",
    "ambiguous_identity": "nobody can say which records are this person's",
    "quarantined": "the lead is left alone until somebody releases it",
    "deleted": "all records of the lead are gone",
}
#: Why a row is left out that says nothing of any lead -> what that means.
SKIPS: Final[Mapping[str, str]] = {
    "blank_key": "no key",
    "duplicate_row": "the same row once more",
    "no_match": "a row of a history whose key no row of a lead has",
    "not_counted": "a stage that the mapping says means nothing",
    "not_selected": "not among the rows that the mapping asks for",
    "ragged_row": "more or fewer cells than columns",
}
#: Leads looked up together.
_BATCH: Final = 2_000
#: Between two stages of one and the same moment, which is a day where the file has days alone.
_STEP: Final = timedelta(seconds=1)


@dataclass(slots=True)
class Told:
    """What files tell, by lead id, and what became of their rows."""

    entries: dict[str, tuple[Entry, ...]] = field(default_factory=dict)
    rows: int = 0
    #: Rows of leads in ``entries``.
    used: int = 0
    #: Reason -> rows; together with ``used`` they are all.
    refused: Counter[str] = field(default_factory=Counter)

    @property
    def fingerprint(self) -> str:
        """Name what is told, so that the same files go on with the same backfill."""
        told = sorted(
            f"{lead} {entry.at} {entry.value} {entry.reason}"
            for lead, entries in self.entries.items()
            for entry in entries
        )
        return hashlib.sha256("\n".join(told).encode()).hexdigest()


def told_by(found: CsvIn, ledger: Ledger, process: Process, now: datetime) -> Told:
    """Find the leads behind the rows, and refuse what cannot be believed; the reject file gets these rows.

    Args:
        found: Read with ``strict=False``, its file of rejects still open.

    Raises:
        ConfigError: the mapping names stages that the process does not have, or files of another kind.
    """
    _check(found, process)
    reader = _Reader(found, ledger, process, now)
    for journeys in chunks(found.journeys(), _BATCH):
        reader.take(journeys)
    return reader.finished()


def _check(found: CsvIn, process: Process) -> None:
    spec, known = found.spec, {stage.name for stage in process.stages}
    for file in spec.files:
        if file.rows not in ("leads", "history"):
            file.place.refuse(f"a backfill has no use for {file.rows}", "leave the file out")
    named = [stage for stage in spec.values.values() if stage]
    named += [stage for _, stage in spec.present] + [stage for stage, _ in spec.dates]
    named += [file.stage for file in spec.files if file.stage]
    for stage in dict.fromkeys(named):
        if stage not in known:
            hint = nearest(stage, known) or f"stages: {', '.join(sorted(known))}"
            spec.place.at("stages").refuse(f"the process has no stage {stage!r}", hint)
    if spec.place.problems:
        raise ConfigError(spec.place.problems)


class _Reader:
    """Takes journeys as files tell them, some at a time."""

    def __init__(self, found: CsvIn, ledger: Ledger, process: Process, now: datetime) -> None:
        self._found, self._ledger, self._now = found, ledger, now
        ranks = {role: rank for rank, role in enumerate((*WAY, *OFF))}
        self._ranks = {stage.name: ranks.get(stage.role.value, len(ranks)) for stage in process.stages}
        self._off = {stage.name for stage in process.stages if stage.role.value in OFF}
        self._told = Told(rows=found.rows.read)
        #: Lead id -> the key that named it.
        self._keys: dict[str, str] = {}

    def take(self, journeys: Sequence[Journey]) -> None:
        """Judge some leads of the files."""
        named: dict[str, tuple[Journey, tuple[Entry, ...]]] = {}
        for journey in journeys:
            entries = self._dated(journey)
            reason = self._found.fault(journey.lead_id) or self._doubt(journey, entries)
            lead_id, unnamed = (None, reason) if reason else self._lead(journey.lead_id)
            if lead_id is None:
                self._found.refuse(journey.lead_id, unnamed or "unknown_lead")
            else:
                named[lead_id] = journey, entries
        for stored in self._ledger.load(list(named)):
            journey, entries = named[stored.id]
            reason = _standing_doubt(stored, journey, entries)
            if reason is not None:
                self._found.refuse(journey.lead_id, reason)
            else:
                self._told.entries[stored.id] = entries

    def finished(self) -> Told:
        """Give what is left, with every row accounted for."""
        for lead_id, key in self._keys.items():
            if key == _SEVERAL:
                self._told.entries.pop(lead_id, None)
        self._told.refused = self._found.rows.skipped.copy()
        self._told.used = self._told.rows - self._told.refused.total()
        return self._told

    # whose rows they are -----------------------------------------------------------------------------
    def _lead(self, key: str) -> tuple[str | None, str | None]:
        """Find the lead that a key names: its id, or why there is none."""
        found = self._search(key)
        if len(found) != 1:
            return None, "ambiguous_lead" if found else "unknown_lead"
        (lead_id,) = found
        before = self._keys.setdefault(lead_id, key)
        if before == key:
            return lead_id, None
        # Which of them is right nobody can say: neither counts, whatever became of the first one.
        self._keys[lead_id] = _SEVERAL
        if before != _SEVERAL:
            self._found.refuse(before, "named_twice")
        return None, "named_twice"

    def _search(self, key: str) -> Sequence[str]:
        names = self._found.spec.key_names
        if names == "email":
            return self._ledger.find(email=key.lower())
        if names == "lead_id":
            return self._ledger.find(lead_id=key)
        return search_lead(self._ledger, f"{names}:{key}" if names else key)

    # what they tell ----------------------------------------------------------------------------------
    def _dated(self, journey: Journey) -> tuple[Entry, ...]:
        """Give the stages with their moments, in order; of one moment in the order of the way."""
        reasons = {entry.at: entry.reason for entry in journey.entries if entry.reason is not None}
        dated = [
            replace(entry, reason=reasons.get(entry.at) if entry.value in self._off else None)
            for entry in journey.entries
            if entry.kind is EntryKind.STAGE and entry.at is not None and entry.value in self._ranks
        ]
        dated.sort(key=self._order)
        return tuple(_apart(dated))

    def _order(self, entry: Entry) -> tuple[float, int]:
        return entry.at.timestamp() if entry.at else 0.0, self._ranks[entry.value or ""]

    def _doubt(self, journey: Journey, entries: Sequence[Entry]) -> str | None:
        """Say why what a file tells cannot be believed, looked at by itself."""
        if not entries:
            is_told = any(entry.kind is EntryKind.STAGE for entry in journey.entries)
            return "undated" if is_told else "nothing_told"
        moments = [entry.at for entry in entries if entry.at is not None]
        if max(moments) > self._now:
            return "in_future"
        # A history may go back and forth; dates side by side, each of a stage once, may not.
        if not self._found.has_history(journey.lead_id) and self._goes_back(entries):
            return "contradictory"
        if "created_at" in self._found.spec.fields and _is_before(moments, journey.created_at):
            return "before_creation"
        return None

    def _goes_back(self, entries: Sequence[Entry]) -> bool:
        if any(entry.value in self._off for entry in entries):
            return False
        ranks = [self._ranks[entry.value or ""] for entry in entries]
        return ranks != sorted(ranks)


#: Stands for the key of a lead that several name.
_SEVERAL: Final = "\0"


def _apart(entries: Sequence[Entry]) -> Iterator[Entry]:
    """Put stages of one moment a second apart, so that their order is kept."""
    last: datetime | None = None
    for entry in entries:
        at = entry.at
        if last is not None and at is not None and at <= last:
            at = last + _STEP
        last = at
        yield entry if at == entry.at else replace(entry, at=at)


def _standing_doubt(stored: StoredLead, journey: Journey, entries: Sequence[Entry]) -> str | None:
    """Say why a lead cannot take what is told of it."""
    if stored.conflict is not None:
        return "ambiguous_identity"
    if stored.quarantined:
        return "quarantined"
    if not any(is_live(part.record) for part in stored.records):
        return "deleted"
    shown = [part.record.fields.get("created_at") for part in stored.records]
    created = min((at for at in shown if isinstance(at, datetime)), default=None)
    moments = [entry.at for entry in entries if entry.at is not None]
    is_early = journey.created_at is None and _is_before(moments, created)
    return "before_creation" if is_early else None


def _is_before(moments: Sequence[datetime], created_at: datetime | None) -> bool:
    """Tell whether anything happened before the day of creation: files often have days alone."""
    if created_at is None:
        return False
    return min(moments) < created_at - timedelta(hours=24)
