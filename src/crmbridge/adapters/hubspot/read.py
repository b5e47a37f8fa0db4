"""Reading: everything that changed, and records by id. ``to_record`` is the direction CRM -> ours."""

from __future__ import annotations

from collections.abc import Callable, Iterable, Iterator, Mapping, Sequence
from dataclasses import dataclass
from datetime import datetime
from decimal import Decimal, InvalidOperation
from functools import partial
from typing import Any, Final

import structlog

from crmbridge.adapters.hubspot import making, owners
from crmbridge.adapters.hubspot.activities import associated, summary_reader, to_activities
from crmbridge.adapters.hubspot.answers import Row, emails, parts, stamped
from crmbridge.adapters.hubspot.client import Client
from crmbridge.adapters.hubspot.marks import Mark, ScanMark, mark_text, parse_mark, stamp
from crmbridge.adapters.hubspot.tables import (
    ACTIVITIES,
    CLOSED_DEAL_STAGES,
    CONNECTOR_LINKS,
    CUSTOMER_STAGES,
    EXTRA_PROPERTIES,
    salesforce_id,
    stamp_property,
)
from crmbridge.adapters.hubspot.walk import Batch, Walker, fits
from crmbridge.errors import Forbidden
from crmbridge.mapping import Mapping as CompanyMapping
from crmbridge.mapping import ObjectMap
from crmbridge.model import Account, Money, Opportunity, Record, RecordRef, Value
from crmbridge.normalise import company_domain, read_date, read_datetime, read_integer
from crmbridge.ports import Item, KnownVersions, Page

log = structlog.get_logger("crmbridge.hubspot")

_NOBODY: Final[Mapping[str, Sequence[str]]] = {}
#: Records per batch read, and sources per association read.
BATCH: Final = 100
ASSOCIATION_BATCH: Final = 1_000
#: Objects whose people come from associations: their rows are gathered to fill those calls.
_ASSOCIATED: Final = frozenset({"leads", "deals", *ACTIVITIES})


@dataclass(frozen=True, slots=True)
class _Wanted:
    """One object to read: what to ask for, and how its rows become items."""

    object: str
    properties: tuple[str, ...]
    to_items: Callable[[list[Row]], list[Item]]
    #: Too many properties for one request: list and search give stamps, batch reads the rest.
    wide: bool


class Reader:
    """The reading half of the adapter."""

    def __init__(self, client: Client, mapping: CompanyMapping, walker: Walker) -> None:
        self._client = client
        self._mapping = mapping
        self._walker = walker

    # changed rows ------------------------------------------------------------------------------------

    def changes(
        self, watermarks: Mapping[str, str], known: KnownVersions, *, full: bool = False
    ) -> Iterator[Page]:
        """See ``ports.Crm.changes``."""
        yield owners.page(self._client, first=full or "owners" not in watermarks)
        for wanted in self._wanted():
            try:
                yield from self._object(wanted, parse_mark(watermarks.get(wanted.object)), known, full=full)
            except Forbidden as error:
                if wanted.object != "leads":
                    raise
                # Leads need Sales Hub Professional: a portal without it goes on with its contacts.
                log.warning("object_unreadable", crm="hubspot", object="leads", code=error.where.code)

    def _wanted(self) -> Iterator[_Wanted]:
        yield self._one("companies", lambda rows: [to_account(row) for row in rows])
        contacts = self._mapping.object("hubspot", "contacts")
        if contacts is not None:
            yield self._one("contacts", lambda rows: self._people(rows, contacts), contacts.names)
        leads = self._mapping.object("hubspot", "leads")
        if leads is not None:
            yield self._one("leads", lambda rows: self._leads(rows, leads), leads.names)
        yield self._one("deals", self._deals)
        for name in ACTIVITIES:
            yield self._one(name, partial(to_activities, self._client, name))

    @staticmethod
    def _one(object: str, to_items: Callable[[list[Row]], list[Item]], mapped: Iterable[str] = ()) -> _Wanted:
        properties = tuple(sorted({*mapped, *EXTRA_PROPERTIES[object], stamp_property(object)}))
        return _Wanted(object, properties, to_items, wide=not fits(properties))

    def _object(
        self, wanted: _Wanted, mark: Mark | ScanMark | None, known: KnownVersions, *, full: bool
    ) -> Iterator[Page]:
        asked = (stamp_property(wanted.object),) if wanted.wide else wanted.properties
        if full or not isinstance(mark, Mark):
            begun = mark if isinstance(mark, ScanMark) and not full else None
            batches = self._walker.scan(wanted.object, asked, begun, full=full)
        else:
            batches = self._walker.changed(wanted.object, asked, mark)
        fresh = ((batch, self._fresh(wanted, batch, known)) for batch in batches)
        yield from _pages(wanted, fresh)

    def _fresh(self, wanted: _Wanted, batch: Batch, known: KnownVersions) -> list[Row]:
        """Drop the rows whose version is known, before anything of them is normalised."""
        versions = known(wanted.object, [row.id for row in batch.rows])
        rows = [row for row in batch.rows if row.archived or _is_news(row, versions.get(row.id), batch)]
        if not wanted.wide:
            return rows
        archived = [row for row in rows if row.archived]
        ids = [row.id for row in rows if not row.archived]
        return [*archived, *self._rows(wanted.object, ids, wanted.properties)]

    def _people(self, rows: list[Row], contacts: ObjectMap) -> list[Item]:
        items: list[Item] = []
        told = summary_reader(contacts.summaries)
        for row, record in zip(rows, to_records(rows, contacts), strict=True):
            items.append(record)
            items.extend(told(row, record.ref))
        return items

    def _leads(self, rows: list[Row], leads: ObjectMap) -> list[Item]:
        people = associated(self._client, "leads", "contacts", [row.id for row in rows])
        return [*to_records(rows, leads, people)]

    def _deals(self, rows: list[Row]) -> list[Item]:
        ids = [row.id for row in rows if not row.archived]
        people = associated(self._client, "deals", "contacts", ids)
        companies = associated(self._client, "deals", "companies", ids)
        return [to_opportunity(row, people.get(row.id, ()), companies.get(row.id, ())) for row in rows]

    # by id -------------------------------------------------------------------------------------------

    def read(self, object: str, ids: Sequence[str]) -> dict[str, Record]:
        """See ``ports.Crm.read``."""
        wanted = self._for_records(object)
        found: dict[str, Record] = {}
        asked = set(ids)
        for row in self._rows(object, list(dict.fromkeys(ids)), wanted.properties):
            if row.archived:
                continue
            record = self._record(object, row)
            for key in (record.ref.id, *record.absorbed_ids):
                if key in asked:
                    found[key] = record
        return found

    def read_external(self, object: str, lead_ids: Sequence[str]) -> dict[str, Record]:
        """See ``ports.Crm.read_external``."""
        wanted = self._for_records(object)
        object_map = self._mapping.object("hubspot", object)
        field = object_map.field("lead_id") if object_map else None
        if field is None:
            return {}
        rows = self._rows(object, list(dict.fromkeys(lead_ids)), wanted.properties, field.name)
        asked = set(lead_ids)
        return {
            lead_id: self._record(object, row)
            for row in rows
            if not row.archived and (lead_id := row.properties.get(field.name) or "") in asked
        }

    def _for_records(self, object: str) -> _Wanted:
        object_map = self._mapping.object("hubspot", object)
        return self._one(object, lambda _: [], object_map.names if object_map else ())

    def _record(self, object: str, row: Row) -> Record:
        object_map = self._mapping.object("hubspot", object)
        if object_map is None:
            raise LookupError(f"the mapping has no HubSpot object {object}")
        return to_record(row, object_map)

    def _rows(
        self, object: str, ids: Sequence[str], properties: Sequence[str], id_property: str | None = None
    ) -> Iterator[Row]:
        for start in range(0, len(ids), BATCH):
            part = ids[start : start + BATCH]
            yield from self._client.read(object, part, properties, id_property).results


def _is_news(row: Row, known: str | None, batch: Batch) -> bool:
    if known is None:
        return True
    # Search may show a row as it was before our own write; a list never does.
    return row.updated_at != known if batch.current else stamp(row.updated_at) > stamp(known)


def _pages(wanted: _Wanted, batches: Iterable[tuple[Batch, list[Row]]]) -> Iterator[Page]:
    """Make pages; where associations are read, of as many rows as one such call takes."""
    size = ASSOCIATION_BATCH if wanted.object in _ASSOCIATED else 1
    rows: list[Row] = []
    mark: Mark | ScanMark | None = None
    count, pending = 0, False
    for batch, fresh in batches:
        rows.extend(fresh)
        count += len(batch.rows)
        mark, pending = batch.mark, True
        if len(rows) + BATCH > size:
            yield _page(wanted, rows, mark, count)
            rows, count, pending = [], 0, False
    if pending:
        yield _page(wanted, rows, mark, count)


def _page(wanted: _Wanted, rows: list[Row], mark: Mark | ScanMark | None, count: int) -> Page:
    return Page(
        object=wanted.object,
        items=tuple(wanted.to_items(rows)) if rows else (),
        watermark=mark_text(mark) if mark is not None else None,
        rows_count=count,
    )


# HubSpot's row -> ours -------------------------------------------------------------------------------


def to_record(row: Row, object_map: ObjectMap, people: Sequence[str] = ()) -> Record:
    """Normalise a contact or a lead; ``people`` are the contacts that a lead belongs to."""
    return to_records((row,), object_map, {row.id: people})[0]


def to_records(
    rows: Sequence[Row], object_map: ObjectMap, people: Mapping[str, Sequence[str]] = _NOBODY
) -> list[Record]:
    """Normalise a page of contacts or leads; ``people`` are the contacts of a lead, by its id."""
    read = object_map.read_all([row.properties for row in rows])
    return [
        _record(row, object_map.object, fields, unknown, people.get(row.id, ()))
        for row, (fields, unknown) in zip(rows, read, strict=True)
    ]


def _record(
    row: Row, object: str, fields: dict[str, Value], unknown: dict[str, str], people: Sequence[str]
) -> Record:
    raw = row.properties
    if "associatedcompanyid" in raw:
        fields["account_id"] = raw["associatedcompanyid"] or None
    merged, others = raw.get("hs_merged_object_ids"), raw.get("hs_additional_emails")
    return making.record(
        ref=making.reference(object, row.id),
        version=row.updated_at,
        modified_at=stamped(row.updated_at),
        fields=fields,
        unknown=unknown,
        deleted=row.archived,
        absorbed_ids=parts(merged) if merged else (),
        linked_to=RecordRef("hubspot", "contacts", people[0]) if people else _counterpart(raw),
        other_emails=emails(others) if others else (),
        raw=raw,
    )


def to_account(row: Row) -> Account:
    """Normalise a company."""
    raw = row.properties
    stage = raw.get("lifecyclestage")
    employees = read_integer(raw.get("numberofemployees"))
    return Account(
        ref=RecordRef("hubspot", "companies", row.id),
        name=raw.get("name") or None,
        domain=company_domain(raw.get("domain") or ""),
        owner_id=raw.get("hubspot_owner_id") or None,
        customer=stage in CUSTOMER_STAGES if stage else None,
        parent_id=raw.get("hs_parent_company_id") or None,
        industry=raw.get("industry") or None,
        employee_count=employees if isinstance(employees, int) else None,
        deleted=row.archived,
    )


def to_opportunity(row: Row, people: Sequence[str], companies: Sequence[str]) -> Opportunity:
    """Normalise a deal."""
    raw = row.properties
    raw_stage = raw.get("dealstage") or ""
    closed, won = _outcome(raw, raw_stage)
    close_on = read_date(raw.get("closedate"))
    return Opportunity(
        ref=RecordRef("hubspot", "deals", row.id),
        people=tuple(RecordRef("hubspot", "contacts", person) for person in people),
        account_id=companies[0] if companies else None,
        owner_id=raw.get("hubspot_owner_id") or None,
        amount=_money(raw.get("amount"), raw.get("deal_currency_code")),
        raw_stage=raw_stage,
        closed=closed,
        won=won,
        created_at=_moment(raw.get("createdate")),
        close_on=close_on.date() if isinstance(close_on, datetime) else None,
        deleted=row.archived,
    )


def _outcome(raw: Mapping[str, Any], stage: str) -> tuple[bool, bool]:
    """Tell whether a deal is (closed, won)."""
    if raw.get("hs_is_closed"):
        won = raw.get("hs_is_closed_won") == "true"
        return won or raw["hs_is_closed"] == "true", won
    return stage in CLOSED_DEAL_STAGES, CLOSED_DEAL_STAGES.get(stage, False)


def _money(amount: str | None, currency: str | None) -> Money | None:
    try:
        return Money(Decimal(amount), currency or None) if amount else None
    except InvalidOperation:
        return None


def _moment(text: str | None) -> datetime | None:
    moment = read_datetime(text)
    return moment if isinstance(moment, datetime) else None


def _counterpart(raw: Mapping[str, Any]) -> RecordRef | None:
    """Give the record that HubSpot's own Salesforce connector keeps this one in step with."""
    for name, counterpart in CONNECTOR_LINKS:
        if (text := raw.get(name)) and (record_id := salesforce_id(text)):
            return RecordRef("salesforce", counterpart, record_id)
    return None
