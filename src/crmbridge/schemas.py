"""What the CRMs really have, remembered for a day: an idle run does not pay for describing them again."""

from __future__ import annotations

from collections.abc import Mapping
from datetime import datetime, timedelta

from crmbridge import codec
from crmbridge.ports import Crm, Ledger, Schema

_A_DAY = timedelta(days=1)


def current_schemas(
    crms: Mapping[str, Crm], ledger: Ledger, fingerprint: str, now: datetime
) -> dict[str, Schema]:
    """Give each CRM's schema, and fit the adapters to it.

    Args:
        fingerprint: Of the mapping: another mapping asks about other objects.
        now: A schema older than a day at this moment is read again.
    """
    return {name: _current(crm, ledger, f"schema.{name}.{fingerprint}", now) for name, crm in crms.items()}


def read_schemas(
    crms: Mapping[str, Crm], ledger: Ledger, fingerprint: str, now: datetime
) -> dict[str, Schema]:
    """Read each CRM's schema now, whatever is remembered, and remember it."""
    return {name: _read(crm, ledger, f"schema.{name}.{fingerprint}", now) for name, crm in crms.items()}


def _current(crm: Crm, ledger: Ledger, key: str, now: datetime) -> Schema:
    kept = ledger.recall(key)
    if kept is None or not now - _A_DAY < kept[1] <= now:
        return _read(crm, ledger, key, now)
    schema = codec.unpack(kept[0], Schema)
    crm.fit(schema)
    return schema


def _read(crm: Crm, ledger: Ledger, key: str, now: datetime) -> Schema:
    schema = crm.schema()
    ledger.remember(key, codec.pack(schema), now)
    crm.fit(schema)
    return schema
