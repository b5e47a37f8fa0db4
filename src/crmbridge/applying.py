"""The words *apply* and *verify* of a run: write-ahead intents, batched writes, one outcome per record.

Before each call the intents are durable; after it, each record's outcome. A crash in between leaves
intents without an outcome, which the next run settles by reading the CRM, never by sending again.
"""

from __future__ import annotations

from collections.abc import Collection, Iterator, Mapping, Sequence
from dataclasses import dataclass, field, replace
from itertools import groupby
from typing import NamedTuple

from crmbridge.chunks import chunks
from crmbridge.errors import QuotaExhausted, TransientError
from crmbridge.guards import stop_if_paused
from crmbridge.model import Change, Outcome, OutcomeState, Record, Value, Write
from crmbridge.ports import BulkWay, Crm, Ledger, Progress, Run, no_progress


@dataclass(slots=True)
class ApplyReport:
    """What became of the writes: records, not fields."""

    #: Outcome state -> records.
    states: dict[OutcomeState, int] = field(default_factory=dict)
    #: Error code -> records that failed with it.
    errors: dict[str, int] = field(default_factory=dict)
    #: Records left out because they failed before and are not due again yet, or never.
    waiting: int = 0

    def add(self, outcome: Outcome) -> None:
        """Count one record."""
        self.states[outcome.state] = self.states.get(outcome.state, 0) + 1
        if outcome.error is not None:
            self.errors[outcome.error] = self.errors.get(outcome.error, 0) + 1

    def count(self, *states: OutcomeState) -> int:
        """Add up the records in these states."""
        return sum(self.states.get(state, 0) for state in states)


class _Kind(NamedTuple):
    """What is re-read and verified together: one object, and creations apart from updates."""

    crm: str
    object: str
    create: bool


def apply(
    run: Run,
    crms: Mapping[str, Crm],
    ledger: Ledger,
    *,
    compare_and_set: Collection[str] = (),
    lead_ids: Collection[str] | None = None,
    max_attempts: int = 12,
    progress: Progress = no_progress,
) -> ApplyReport:
    """Carry out a run's plan; its decisions must have been promoted before.

    A record that failed before and is not due again is left out and counted.

    Args:
        compare_and_set: Canonical fields that Salesforce writes only if the record has not moved.
        lead_ids: Only the changes of these leads; None: all.
        max_attempts: So many failures in a row make a dead letter.

    Raises:
        TransientError, FatalError: what was written so far is in the ledger; the next run goes on.
            Paused is one of them: it is looked for before every batch.
    """
    report, waiting = ApplyReport(), ledger.waiting()
    open_changes = ledger.changes(run, open_only=True)
    changes = (change for change in open_changes if lead_ids is None or change.lead_id in lead_ids)
    records = (list(group) for _, group in groupby(changes, _record_key))
    due = (found for found in records if not _is_waiting(found[0], waiting, report))
    writes = (_intended(found, compare_and_set) for found in due)
    for kind, group in groupby(writes, _kind):
        crm = crms[kind.crm]
        writer = _Writer(run, crm, ledger, kind, report, max_attempts=max_attempts, progress=progress)
        bulk = crm.bulk(kind.object)
        try:
            for chunk in chunks(group, bulk.most if bulk else crm.read_limit(kind.object)):
                writer.write(chunk)
            writer.finish()
        except (TransientError, QuotaExhausted):
            writer.keep()
            raise
    return report


def recover(run: Run, crms: Mapping[str, Crm], ledger: Ledger) -> int:
    """Settle by reading what a dead run may or may not have written; returns how many records.

    Safe to repeat: reading changes nothing, and their leads are planned again.
    """
    open_writes = [write for write in ledger.open_intents() if write.crm in crms]
    for kind, group in groupby(sorted(open_writes, key=_kind), _kind):
        crm = crms[kind.crm]
        for chunk in chunks(group, crm.read_limit(kind.object)):
            ledger.observe(run, _read_back(crm, kind, chunk).values())
            ledger.settle(run, chunk)
    return len(open_writes)


class _Writer:
    """Writes the records of one kind."""

    def __init__(
        self,
        run: Run,
        crm: Crm,
        ledger: Ledger,
        kind: _Kind,
        report: ApplyReport,
        *,
        max_attempts: int,
        progress: Progress,
    ) -> None:
        self.run, self.crm, self.ledger, self.kind, self.report = run, crm, ledger, kind, report
        self._max_attempts, self._progress = max_attempts, progress
        self._bulk = crm.bulk(kind.object)
        self._checked = crm.verify_fields(kind.object)
        #: Outcomes to be stored with the next intents, and those that are to be verified first.
        self._done: list[tuple[Write, Outcome]] = []
        self._doubtful: list[tuple[Write, Outcome]] = []

    def write(self, chunk: Sequence[Write]) -> None:
        """Re-read and write in full batches; outcomes are stored with the next batch's intents."""
        pieces = chunks(chunk, self.crm.read_limit(self.kind.object))
        if self._bulk is not None and _plain(chunk) >= self._bulk.least:
            self._send([write for piece in pieces for write in self._ready(piece)], self._bulk)
            self._count(chunk)
            return
        for piece in pieces:
            self._send(self._ready(piece), None)
            self._count(piece)

    def _count(self, writes: Sequence[Write]) -> None:
        self._progress(f"write {self.kind.crm} {self.kind.object}", len(writes))

    def _send(self, ready: Sequence[Write], bulk: BulkWay | None) -> None:
        """Write what is needed; in one go where a CRM takes so many."""
        if bulk is not None and _plain(ready) >= bulk.least:
            stop_if_paused(self.ledger)
            plain = [write for write in ready if write.if_version is None]
            self._store(plain)
            self._sent(plain, bulk.write(plain, lambda: self.ledger.renew(self.run)))
            ready = [write for write in ready if write.if_version is not None]
        for batch in self._batches(ready):
            stop_if_paused(self.ledger)
            self._store(batch)
            self._sent(batch, self.crm.write(batch))

    def _sent(self, batch: Sequence[Write], outcomes: Sequence[Outcome]) -> None:
        for write, outcome in zip(batch, outcomes, strict=True):
            if self._is_doubtful(write, outcome):
                self._doubtful.append((write, outcome))
            else:
                # Not the version of the answer: somebody may have changed another field just before,
                # and the row would not be read again.
                self._done.append((write, replace(outcome, version="") if outcome.version else outcome))
        if len(self._doubtful) >= self.crm.read_limit(self.kind.object):
            self._verify()
        self.ledger.renew(self.run)

    def _ready(self, piece: Sequence[Write]) -> list[Write]:
        return list(piece) if self.kind.create else self._reread(piece)

    def finish(self) -> None:
        """Verify what is still doubtful, and store the last outcomes."""
        self._verify()
        self._store(())

    def keep(self) -> None:
        """Store what is certain before an error ends the run; the doubtful is settled by the next one."""
        self._store(())

    def _batches(self, writes: Sequence[Write]) -> Iterator[list[Write]]:
        """Split into calls as full as can be; conditional writes go apart from others."""
        for conditional, group in groupby(writes, lambda write: write.if_version is not None):
            kind = self.kind
            yield from chunks(
                group, self.crm.write_limit(kind.object, create=kind.create, conditional=conditional)
            )

    def _store(self, intents: Sequence[Write]) -> None:
        """Store outcomes and the intents of the next batch in one transaction."""
        done, self._done = self._done, []
        if done or intents:
            self.ledger.log(self.run, done, intents, max_attempts=self._max_attempts)
        for _, outcome in done:
            self.report.add(outcome)

    def _reread(self, chunk: Sequence[Write]) -> list[Write]:
        """Look at the records once more: who moved is left alone, what is there already is not sent."""
        live = self.crm.read(self.kind.object, [item.key for item in chunk])
        self.ledger.observe(self.run, live.values())
        ready: list[Write] = []
        for item in chunk:
            write = self._still_needed(item, live.get(item.key))
            if isinstance(write, OutcomeState):
                self._done.append((item, Outcome(key=item.key, state=write, id=item.id)))
            else:
                ready.append(write)
        return ready

    def _still_needed(self, item: Write, record: Record | None) -> Write | OutcomeState:
        if record is None or record.ref.id != item.id:
            return OutcomeState.MOVED
        values = {}
        for name, new in item.values.items():
            theirs = record.fields.get(name)
            if self._same(name, theirs, new):
                continue
            if name in record.unknown or not self._same(name, theirs, item.old[name]):
                return OutcomeState.MOVED
            values[name] = new
        version = record.version if item.if_version is not None else None
        if not values:
            return OutcomeState.UNCHANGED
        is_same = len(values) == len(item.values) and version == item.if_version
        return item if is_same else replace(item, values=values, if_version=version)

    def _is_doubtful(self, write: Write, outcome: Outcome) -> bool:
        """Tell whether the CRM may silently have done something else."""
        return outcome.state is OutcomeState.WRITTEN and not self._checked.isdisjoint(write.values)

    def _verify(self) -> None:
        """Read back what is doubtful, and say so where something else stands there."""
        doubtful, self._doubtful = self._doubtful, []
        for part in chunks(doubtful, self.crm.read_limit(self.kind.object)):
            live = self.crm.read(self.kind.object, [str(outcome.id) for _, outcome in part])
            for write, outcome in part:
                self._done.append((write, self._verdict(write, outcome, live.get(str(outcome.id)))))

    def _verdict(self, write: Write, outcome: Outcome, record: Record | None) -> Outcome:
        if record is None:
            return outcome
        taken = all(
            self._same(name, record.fields.get(name), value)
            for name, value in write.values.items()
            if name in self._checked
        )
        self.ledger.observe(self.run, [record])
        if taken:
            return replace(outcome, version=record.version)
        return replace(outcome, state=OutcomeState.FAILED, error="not_taken", version=record.version)

    def _same(self, name: str, left: Value, right: Value) -> bool:
        return left == right or self.crm.same(self.kind.object, name, left, right)


def _plain(writes: Sequence[Write]) -> int:
    """Count the writes that are not conditional."""
    return sum(write.if_version is None for write in writes)


def _read_back(crm: Crm, kind: _Kind, writes: Sequence[Write]) -> Mapping[str, Record]:
    names = [write.key for write in writes]
    return crm.read_external(kind.object, names) if kind.create else crm.read(kind.object, names)


def _record_key(change: Change) -> tuple[str, str, str, str]:
    return change.crm, change.object, change.id or "", change.lead_id


def _is_waiting(first: Change, waiting: Mapping[tuple[str, str, str], str], report: ApplyReport) -> bool:
    """Tell whether a record failed before and is not due again; one that somebody changed since is."""
    version = waiting.get((first.crm, first.object, first.id or first.lead_id))
    is_waiting = version is not None and version == first.based_on_version
    report.waiting += is_waiting
    return is_waiting


def _intended(changes: Sequence[Change], compare_and_set: Collection[str]) -> Write:
    first = changes[0]
    values = {change.field: change.new for change in changes}
    conditional = (
        first.crm == "salesforce" and first.id is not None and not values.keys().isdisjoint(compare_and_set)
    )
    return Write(
        lead_id=first.lead_id,
        crm=first.crm,
        object=first.object,
        id=first.id,
        values=values,
        if_version=first.based_on_version if conditional else None,
        old={change.field: change.old for change in changes},
    )


def _kind(write: Write) -> _Kind:
    return _Kind(write.crm, write.object, write.id is None)
