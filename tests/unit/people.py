"""Invented people and records that unit tests share."""

from __future__ import annotations

from collections.abc import Mapping
from datetime import UTC, datetime
from typing import Any

from crmbridge.model import Owner, OwnerKind, Record, RecordRef, Value
from crmbridge.ports import StoredLead, StoredRecord
from crmbridge.unify import OwnerDirectory

NOW = datetime(2026, 3, 2, 9, tzinfo=UTC)
EARLIER = datetime(2026, 3, 1, 9, tzinfo=UTC)
CONTACT = RecordRef("hubspot", "contacts", "1")
LEAD = RecordRef("salesforce", "Lead", "00Q000000000001AAA")
PERSON = RecordRef("salesforce", "Contact", "003000000000001AAA")

ANN = Owner(
    key="ann@example.com",
    kind=OwnerKind.PERSON,
    name="Ann",
    hubspot_id="11",
    salesforce_id="005A",
    hubspot_active=True,
    salesforce_active=True,
)
BOB = Owner(
    key="bob@example.com",
    kind=OwnerKind.PERSON,
    name="Bob",
    hubspot_id="12",
    salesforce_id="005B",
    hubspot_active=True,
    salesforce_active=True,
)
GONE = Owner(
    key="gone@example.com",
    kind=OwnerKind.PERSON,
    name="Gone",
    salesforce_id="005G",
    salesforce_active=False,
)
INBOX = Owner(
    key="salesforce:Group:00G1",
    kind=OwnerKind.QUEUE,
    name="Inbox",
    salesforce_id="00G1",
    salesforce_active=True,
    queue_objects=("Lead",),
)
OWNERS = OwnerDirectory({owner.key: owner for owner in (ANN, BOB, GONE, INBOX)})


def same(ref: RecordRef, name: str, left: Value, right: Value) -> bool:
    return left == right


def part(
    ref: RecordRef,
    fields: Mapping[str, Value],
    *,
    base: Mapping[str, Value] | None = None,
    changed_at: Mapping[str, datetime] | None = None,
    unknown: Mapping[str, str] | None = None,
    **more: Any,
) -> StoredRecord:
    record = Record(ref=ref, version="v1", modified_at=EARLIER, fields=fields, unknown=unknown or {}, **more)
    return StoredRecord(record=record, base=base or {}, changed_at=changed_at or {}, lead_id="L1")


def person(*parts: StoredRecord, **more: Any) -> StoredLead:
    return StoredLead(id="L1", records=tuple(parts), **more)
