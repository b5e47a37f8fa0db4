"""The words *read* and *unify* of a run: what changed in the CRMs, and whose records are whose."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field
from functools import partial

from crmbridge.identity import keys, new_lead_id, resolve
from crmbridge.model import RecordRef
from crmbridge.ports import Binding, Crm, Ledger, Progress, Run, StoredRecord, no_progress

#: Records whose identity is settled together; related ones are added to it.
_PAGE = 500


@dataclass(slots=True)
class ReadReport:
    """What reading brought."""

    #: (crm, object) -> rows the CRM sent, unchanged ones included.
    rows: dict[tuple[str, str], int] = field(default_factory=dict)
    #: (crm, object) read whole although the ledger held rows of it, and nothing came.
    emptied: frozenset[tuple[str, str]] = frozenset()


def read(
    crms: Mapping[str, Crm],
    ledger: Ledger,
    run: Run,
    *,
    full: bool = False,
    progress: Progress = no_progress,
) -> ReadReport:
    """Take every change of both CRMs into the ledger, each page with its watermark in one transaction."""
    report = ReadReport()
    for crm in crms.values():
        watermarks = ledger.watermarks(crm.name)
        # Only a source of which rows are known can come back empty.
        whole = {place for place, rows in ledger.counts(run).known.items() if rows} if full else set()
        whole = {place for place in whole if place[0] == crm.name}
        known = _nothing_known if full else partial(ledger.known_versions, crm.name)
        for page in crm.changes(watermarks, known, full=full):
            ledger.take(run, crm.name, page)
            ledger.renew(run)
            progress(f"read {crm.name} {page.object}", page.rows_count)
            place = (crm.name, page.object)
            report.rows[place] = report.rows.get(place, 0) + page.rows_count
        report.emptied |= {place for place in whole if not report.rows.get(place)}
    return report


def _nothing_known(_object: str, _ids: Sequence[str]) -> Mapping[str, str]:
    """Have every row of a full read normalised again: formulas change without moving a stamp."""
    return {}


def bind(ledger: Ledger, run: Run) -> None:
    """Settle whose the new and changed records are, a page at a time, whatever order they came in."""
    after = ""
    while alone := ledger.alone(after, _PAGE):
        ledger.bind(run, [Binding(lead_id=new_lead_id(ref), records=(ref,)) for ref in alone])
        ledger.renew(run)
        after = str(alone[-1])
    while page := ledger.unbound(_PAGE):
        ledger.bind(run, resolve(_closed(page, ledger)))
        ledger.renew(run)


def _closed(page: Sequence[StoredRecord], ledger: Ledger) -> list[StoredRecord]:
    """Add everything that shares an identity key with the page, until nothing new appears."""
    found: dict[RecordRef, StoredRecord] = {}
    fresh = list(page)
    while fresh:
        found.update((part.record.ref, part) for part in fresh)
        wanted = {key for part in fresh for key in keys(part.record)}
        refs = {part.record.ref for part in fresh}
        related = [*ledger.related(wanted, refs, known=found), *_bound_with(fresh, ledger)]
        fresh = list({part.record.ref: part for part in related if part.record.ref not in found}.values())
    return list(found.values())


def _bound_with(parts: list[StoredRecord], ledger: Ledger) -> list[StoredRecord]:
    """Give the records that are bound to the same leads, whatever keys they carry now."""
    lead_ids = sorted({part.lead_id for part in parts if part.lead_id is not None})
    return [part for lead in ledger.load(lead_ids) for part in lead.records] if lead_ids else []
