"""Reading: everything that changed, and records by id. ``to_record`` is the direction CRM -> ours."""

from __future__ import annotations

from collections.abc import Iterable, Iterator, Mapping, Sequence
from dataclasses import replace
from datetime import date, datetime, timedelta
from decimal import Decimal
from typing import Any

from crmbridge.adapters.salesforce.activities import to_activity
from crmbridge.adapters.salesforce.client import decode
from crmbridge.adapters.salesforce.marks import is_fresh
from crmbridge.adapters.salesforce.owners import to_owners
from crmbridge.adapters.salesforce.schema import Org
from crmbridge.adapters.salesforce.soql import id18, is_id, select, within
from crmbridge.adapters.salesforce.tables import (
    ACTIVITIES,
    CRM,
    CUSTOMER_TYPES,
    IDS_PER_QUERY,
    OWNERS,
    PEOPLE,
    QUERIES_PER_CALL,
    READ_LIMIT,
)
from crmbridge.adapters.salesforce.values import Row, as_id, as_moment, as_ref, as_text, chunks
from crmbridge.adapters.salesforce.walk import Rows, Walk, roles_of, run_queries
from crmbridge.mapping import ObjectMap
from crmbridge.model import Account, LeadStatus, Money, Opportunity, Record, RecordRef, Value
from crmbridge.normalise import company_domain
from crmbridge.ports import Item, KnownVersions, Page
from crmbridge.twins import maker

#: A survivor of a merge may have been merged in its turn, and so on.
_MERGES = 5
_made_ref = maker(RecordRef)
_made_record = maker(Record)


class Reader:
    """The reading half of the adapter."""

    def __init__(self, org: Org, overlap: timedelta) -> None:
        self._org = org
        self._overlap = overlap

    # changed rows ------------------------------------------------------------------------------------

    def changes(
        self, watermarks: Mapping[str, str], known: KnownVersions, *, full: bool = False
    ) -> Iterator[Page]:
        """See ``ports.Crm.changes``."""
        walk = Walk(self._org, {} if full else watermarks, known, overlap=self._overlap)
        people: dict[str, list[Row]] = {name: [] for name in OWNERS}
        for page in walk.pages():
            if page.object in people:
                # Owners come first, whole: their last page tells that nobody is missing.
                people[page.object].extend(page.rows)
                if page.object == OWNERS[-1] and page.is_last:
                    yield _owners_page(people)
                continue
            yield Page(
                object=page.object,
                items=tuple(self._items(page, known)),
                watermark=page.watermark,
                rows_count=len(page.rows) + page.unchanged_count,
            )

    def _items(self, page: Rows, known: KnownVersions) -> Iterator[Item]:
        name = page.object
        if name in PEOPLE:
            found = self._org.map(name)
            now = self._org.client.now
            yield from (_unsettled(record, now) for record in to_records(list(_news(page, known)), found))
        elif name == "Account":
            yield from map(to_account, page.rows)
        elif name == "Opportunity":
            client = self._org.client
            yield from (to_opportunity(row, roles_of(client, row)) for row in page.rows)
        elif name in ACTIVITIES:
            yield from (item for row in page.rows if (item := to_activity(name, row)) is not None)

    # records by id -----------------------------------------------------------------------------------

    def read(self, object: str, ids: Sequence[str]) -> dict[str, Record]:
        """Read by id, keyed as asked; merged records come as their survivors."""
        wanted = {asked: id18(asked) for asked in ids if is_id(asked)}
        found = self._retrieve(object, sorted(set(wanted.values())))
        missing = sorted(set(wanted.values()) - found.keys())
        if missing:
            found |= self._survivors(object, missing)
        return {asked: found[full] for asked, full in wanted.items() if full in found}

    def read_external(self, object: str, lead_ids: Sequence[str]) -> dict[str, Record]:
        """Read by our external id, keyed by lead id."""
        found = self._org.map(object)
        key = found.field("lead_id")
        if key is None or not lead_ids:
            return {}
        # The field ignores case, as the CRM compares texts.
        asked = {lead_id.casefold(): lead_id for lead_id in lead_ids}
        rows = self._matching(object, self._org.columns(object), key.name, list(lead_ids))
        now = self._org.client.now
        return {
            asked[text]: _unsettled(to_record(row, found), now)
            for row in rows
            if (text := str(row[key.name]).casefold()) in asked
        }

    def _retrieve(self, object: str, ids: Sequence[str]) -> dict[str, Record]:
        found: dict[str, Record] = {}
        for part in chunks(ids, READ_LIMIT):
            body = {"ids": part, "fields": self._org.columns(object)}
            answer = self._org.client.send("POST", f"composite/sobjects/{object}", body, object=object)
            for row in decode(answer.content, list[dict[str, Any] | None]):
                if row is not None and not row.get("IsDeleted"):
                    record = _unsettled(to_record(row, self._org.map(object)), self._org.client.now)
                    found[record.ref.id] = record
        return found

    def _survivors(self, object: str, ids: Sequence[str]) -> dict[str, Record]:
        """Follow merges: lost id -> record that survived; ids of records that are gone are absent."""
        heirs = dict(zip(ids, ids, strict=True))
        lost = sorted(ids)
        for _ in range(_MERGES):
            rows = self._matching(object, ("Id", "MasterRecordId"), "Id", lost, deleted=True)
            masters = {id18(row["Id"]): as_id(row["MasterRecordId"]) for row in rows}
            lost = sorted({master for master in masters.values() if master})
            if not lost:
                break
            heirs = {first: masters.get(heir) or heir for first, heir in heirs.items()}
        alive = self._retrieve(object, sorted({heir for first, heir in heirs.items() if heir != first}))
        return {first: alive[heir] for first, heir in heirs.items() if heir in alive}

    def _matching(
        self, object: str, names: Sequence[str], by: str, values: Sequence[str], *, deleted: bool = False
    ) -> Iterator[Row]:
        parts = list(chunks(values, IDS_PER_QUERY))
        for group in chunks(parts, QUERIES_PER_CALL):
            queries = [select(object, names, where=within(by, part)) for part in group]
            yield from run_queries(self._org.client, object, queries, deleted=deleted)


def _news(page: Rows, known: KnownVersions) -> Iterator[Row]:
    """Leave out the rows whose version is known: most of the overlap."""
    versions = known(page.object, [row["Id"] for row in page.rows]) if page.rows else {}
    return (row for row in page.rows if versions.get(row["Id"]) != row["SystemModstamp"])


def _unsettled(record: Record, now: datetime | None) -> Record:
    """Give a row that was read in the second of its stamp a version that the next run does not know.

    Somebody may change it once more in that second, and the stamp would stay. The part of a second is
    cut off again where a write is made conditional on the version.
    """
    if record.deleted or not is_fresh(record.version, now):
        return record
    return replace(record, version=record.version.replace(".000", ".999"))


def _owners_page(people: Mapping[str, Sequence[Row]]) -> Page:
    users, queues = (people[name] for name in OWNERS)
    items = to_owners(users, queues)
    return Page(object="owners", items=items, complete=True, rows_count=len(users) + len(queues))


# rows ------------------------------------------------------------------------------------------------


def to_record(row: Row, object_map: ObjectMap) -> Record:
    """Normalise a Lead or a Contact."""
    return to_records((row,), object_map)[0]


def to_records(rows: Sequence[Row], object_map: ObjectMap) -> list[Record]:
    """Normalise a page of Leads or Contacts."""
    read = object_map.read_all(rows)
    return [
        _record(row, object_map.object, fields, unknown)
        for row, (fields, unknown) in zip(rows, read, strict=True)
    ]


def _record(row: Row, object: str, fields: dict[str, Value], unknown: dict[str, str]) -> Record:
    is_converted = bool(row.get("IsConverted"))
    if is_converted:
        # The org may call the status of a converted lead whatever it likes.
        fields["status"] = LeadStatus.CONVERTED.value
        unknown.pop("status", None)
    if "AccountId" in row:
        fields["account_id"] = as_id(row["AccountId"])
    return _made_record(
        ref=_made_ref(CRM, object, id18(row["Id"])),
        version=row["SystemModstamp"],
        modified_at=as_moment(row.get("LastModifiedDate") or row["SystemModstamp"]),
        fields=fields,
        unknown=unknown,
        deleted=bool(row.get("IsDeleted")),
        merged_into=as_ref(object, row.get("MasterRecordId")),
        converted_to=as_ref("Contact", row.get("ConvertedContactId")) if is_converted else None,
        raw=row,
    )


def to_account(row: Row) -> Account:
    """Normalise an account."""
    website = row.get("Website")
    return Account(
        ref=RecordRef(CRM, "Account", id18(row["Id"])),
        name=as_text(row.get("Name")),
        domain=company_domain(website) if website else None,
        owner_id=as_id(row.get("OwnerId")),
        customer=CUSTOMER_TYPES.get(str(row.get("Type")).casefold()),
        parent_id=as_id(row.get("ParentId")),
        industry=as_text(row.get("Industry")),
        employee_count=row.get("NumberOfEmployees"),
        deleted=bool(row.get("IsDeleted")),
    )


def to_opportunity(row: Row, roles: Iterable[Row]) -> Opportunity:
    """Normalise an opportunity with the contacts that have a role in it."""
    amount = row.get("Amount")
    people = {RecordRef(CRM, "Contact", id18(role["ContactId"])) for role in roles if _has_role(role)}
    return Opportunity(
        ref=RecordRef(CRM, "Opportunity", id18(row["Id"])),
        people=tuple(sorted(people)),
        account_id=as_id(row.get("AccountId")),
        owner_id=as_id(row.get("OwnerId")),
        amount=Money(Decimal(str(amount)), row.get("CurrencyIsoCode")) if amount is not None else None,
        raw_stage=row.get("StageName") or "",
        closed=bool(row.get("IsClosed")),
        won=bool(row.get("IsWon")),
        created_at=as_moment(row.get("CreatedDate")),
        close_on=date.fromisoformat(row["CloseDate"]) if row.get("CloseDate") else None,
        deleted=bool(row.get("IsDeleted")),
    )


def _has_role(role: Row) -> bool:
    return bool(role.get("ContactId")) and not role.get("IsDeleted")
