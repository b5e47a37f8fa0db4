"""What the run needs from a CRM and from the ledger. Adapters and ledgers implement these protocols.

The two words that a port promises about a call: *safe to repeat* means that calling it twice, also after
a crash between the two, leaves the same state; *one call* means one API call that the CRM counts.
Every method may raise ``TransientError`` (after the transport's own retries) and ``FatalError``; where a
method may raise a ``RecordError`` it says so.
"""

from __future__ import annotations

from crmbridge.ports.crm import (
    BulkWay,
    Crm,
    CrmIdentity,
    FieldOption,
    FieldSchema,
    Item,
    KnownVersions,
    NewField,
    Page,
    Progress,
    Quota,
    Rights,
    Schema,
    no_progress,
)
from crmbridge.ports.ledger import (
    Binding,
    Ledger,
    Limiter,
    PlanCounts,
    Planned,
    Run,
    StoredLead,
    StoredRecord,
)

__all__ = [
    "Binding",
    "BulkWay",
    "Crm",
    "CrmIdentity",
    "FieldOption",
    "FieldSchema",
    "Item",
    "KnownVersions",
    "Ledger",
    "Limiter",
    "NewField",
    "Page",
    "PlanCounts",
    "Planned",
    "Progress",
    "Quota",
    "Rights",
    "Run",
    "Schema",
    "StoredLead",
    "StoredRecord",
    "no_progress",
]
