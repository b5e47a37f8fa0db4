"""The ledger's tables. ``docs/ledger.md`` says what each keeps and for how long.

Conventions: ``ref`` is ``crm:object:id``; times are whole microseconds since 1970 UTC (exact, and the
same on both databases); flags are 0 or 1; ``body`` and its like are msgpack (``crmbridge.codec``). What a
query needs is a column; everything else stays in the body, so that a new field needs no migration.
"""

from __future__ import annotations

from typing import Any

from sqlalchemy import (
    BigInteger,
    Column,
    ColumnElement,
    Index,
    Integer,
    LargeBinary,
    MetaData,
    SmallInteger,
    Table,
    Text,
    literal_column,
    text,
)

metadata = MetaData()

#: Sorts by code point on both databases, as Python does: plans come out in the same order everywhere.
Key = Text().with_variant(Text(collation="C"), "postgresql")
#: SQLite only counts up by itself in a column that is an INTEGER and nothing else.
Number = BigInteger().with_variant(Integer(), "sqlite")


#: Written out in a condition, where a parameter would keep SQLite from using a partial index.
ZERO: ColumnElement[int] = literal_column("0")
ONE: ColumnElement[int] = literal_column("1")


def _table(name: str, *columns: Column[Any], clustered: bool = False) -> Table:
    """Define a table; ``clustered`` rows live in the primary key itself (small rows only)."""
    return Table(f"crmbridge_{name}", metadata, *columns, sqlite_with_rowid=not clustered)


def _index(name: str, *columns: Column[Any], where: str | None = None) -> Index:
    condition = None if where is None else text(where)
    return Index(f"crmbridge_{name}", *columns, sqlite_where=condition, postgresql_where=condition)


def _column(name: str, type_: Any, *, key: bool = False, null: bool = False) -> Column[Any]:
    return Column(name, type_, primary_key=key, nullable=null, autoincrement=False)


# runs --------------------------------------------------------------------------------------------
lease = _table(
    "lease",
    _column("name", Key, key=True),
    _column("fence", BigInteger),
    _column("holder", Key, null=True),  # run id; null when nobody holds it
    _column("expires_at", BigInteger),
)
run = _table(
    "run",
    _column("number", BigInteger, key=True),  # the fence it was opened with
    _column("id", Key),
    _column("kind", Key),
    _column("state", Key),
    _column("started_at", BigInteger),
    _column("header", LargeBinary),
    _column("summary", LargeBinary, null=True),
)
_index("run_id", run.c.id)
setting = _table("setting", _column("name", Key, key=True), _column("value", LargeBinary), clustered=True)

# read --------------------------------------------------------------------------------------------
watermark = _table(
    "watermark",
    _column("crm", Key, key=True),
    _column("object", Key, key=True),
    _column("value", Text),
    clustered=True,
)
record = _table(
    "record",
    _column("ref", Key, key=True),
    _column("crm", Key),
    _column("object", Key),
    _column("version", Text),
    _column("modified_at", BigInteger, null=True),
    _column("deleted", SmallInteger),
    _column("rebind", SmallInteger),  # 1: identity is to be settled
    _column("lead_id", Key, null=True),
    _column("owner_id", Key, null=True),
    _column("account", Key, null=True),  # crm:id of the account it names
    _column("keys", Text),  # identity keys, one a line: tells at once whether they changed
    _column("body", LargeBinary),
    _column("base", LargeBinary, null=True),
    _column("changed_at", LargeBinary, null=True),
)
_index("record_lead", record.c.lead_id, where="lead_id IS NOT NULL")
_index("record_rebind", record.c.ref, where="rebind = 1")
_index("record_account", record.c.account, where="account IS NOT NULL")
_index("record_deleted", record.c.ref, where="deleted = 1")
identity_key = _table(
    "identity_key", _column("key", Key, key=True), _column("ref", Key, key=True), clustered=True
)
activity = _table(
    "activity",
    _column("person", Key, key=True),
    _column("ref", Key, key=True),
    _column("body", LargeBinary),
    clustered=True,
)
_index("activity_ref", activity.c.ref)
account = _table(
    "account",
    _column("key", Key, key=True),  # crm:id, as records and opportunities name it
    _column("owner_id", Key, null=True),
    _column("body", LargeBinary),
)
opportunity = _table(
    "opportunity",
    _column("ref", Key, key=True),
    _column("owner_id", Key, null=True),
    _column("body", LargeBinary),
)
opportunity_person = _table(
    "opportunity_person", _column("person", Key, key=True), _column("ref", Key, key=True), clustered=True
)
_index("opportunity_person_ref", opportunity_person.c.ref)
owner = _table(
    "owner",
    _column("crm", Key, key=True),
    _column("object", Key, key=True),
    _column("id", Key, key=True),
    _column("key", Key),
    _column("body", LargeBinary),
)

# unify -------------------------------------------------------------------------------------------
lead = _table(
    "lead",
    _column("id", Key, key=True),
    _column("marked", SmallInteger),  # 0 settled, 1 to decide, 2 somebody edited it after it was decided
    _column("due_at", BigInteger, null=True),
    _column("memory", LargeBinary, null=True),
    _column("conflict", LargeBinary, null=True),
    clustered=True,
)
_index("lead_marked", lead.c.id, where="marked > 0")
_index("lead_due", lead.c.id, lead.c.due_at, where="due_at IS NOT NULL")
alias = _table("alias", _column("old_id", Key, key=True), _column("lead_id", Key), clustered=True)
_index("alias_lead", alias.c.lead_id)

# plan --------------------------------------------------------------------------------------------
planned = _table(
    "planned",
    _column("run", BigInteger, key=True),
    _column("lead_id", Key, key=True),
    _column("skipped", Text, null=True),
    _column("adopted", SmallInteger),
    _column("handed_off", SmallInteger),
    _column("qualified_at", BigInteger),  # 0 when it never was
    _column("due_at", BigInteger, null=True),
    _column("changes", Integer),
    _column("conflicts", Integer),
    _column("owner", Key, null=True),  # whom the decision assigned it to, and when
    _column("assigned_at", BigInteger, null=True),
    _column("decision", LargeBinary, null=True),
    _column("memory", LargeBinary, null=True),
    _column("agreed", LargeBinary, null=True),
    _column("entries", LargeBinary, null=True),  # what the decision adds to the journey
    _column("standing", LargeBinary, null=True),
    _column("outgoing", LargeBinary, null=True),  # notes and messages, posted when it is promoted
    _column("seen", LargeBinary, null=True),  # seal and body of what the decision saw
)
_index(
    "planned_handed_off",
    planned.c.run,
    planned.c.qualified_at,
    planned.c.lead_id,
    where="handed_off = 1",
)
#: The primary key is the apply order, so that the plan streams out without sorting.
change = _table(
    "change",
    _column("run", BigInteger, key=True),
    _column("rank", SmallInteger, key=True),  # 0: hand-offs and owners, 1: the rest
    _column("crm", Key, key=True),
    _column("object", Key, key=True),
    _column("update", SmallInteger, key=True),  # 0: the record is created
    _column("plain", SmallInteger, key=True),  # 0: the record's owner changes
    _column("record", Key, key=True),  # record id; the lead id for a creation
    _column("field", Key, key=True),
    _column("lead_id", Key),
    _column("overwrites", SmallInteger),
    _column("done", SmallInteger),
    _column("body", LargeBinary),
    clustered=True,
)
_index("change_lead", change.c.lead_id)
conflict = _table(
    "conflict",
    _column("run", BigInteger, key=True),
    _column("lead_id", Key, key=True),
    _column("place", Integer, key=True),
    _column("body", LargeBinary),
    clustered=True,
)
pointer = _table("pointer", _column("pool", Key, key=True), _column("credits", LargeBinary), clustered=True)
assignment = _table(
    "assignment",
    _column("lead_id", Key, key=True),
    _column("at", BigInteger, key=True),
    _column("owner", Key),
    clustered=True,
)
_index("assignment_at", assignment.c.at)

# apply -------------------------------------------------------------------------------------------
intent = _table(
    "intent",
    _column("crm", Key, key=True),
    _column("object", Key, key=True),
    _column("record", Key, key=True),  # Write.key
    _column("run", BigInteger),
    _column("body", LargeBinary),
)
audit = _table(
    "audit",
    Column("number", Number, primary_key=True, autoincrement=True),
    _column("at", BigInteger),
    _column("run", BigInteger),
    _column("lead_id", Key),
    _column("crm", Key),
    _column("object", Key),
    _column("record", Key, null=True),  # null: it was to be created, and was not
    _column("field", Key),
    _column("old", LargeBinary),
    _column("new", LargeBinary),
    _column("reason", Text),
    _column("state", Key),  # OutcomeState value, or "settled": found out by reading after a crash
    _column("error", Text, null=True),
    _column("created", SmallInteger, null=True),  # 1: the write created the record, or was to
)
_index("audit_lead", audit.c.lead_id)
_index("audit_run", audit.c.run)

# the way of each lead --------------------------------------------------------------------------------
event = _table(
    "event",
    _column("lead_id", Key, key=True),
    _column("kind", Key, key=True),  # EntryKind value
    _column("at", BigInteger, key=True),  # 0: nobody knows when
    _column("value", Key, key=True),  # "" for none
    _column("body", LargeBinary),  # a journey.Entry
    clustered=True,
)
_index("event_at", event.c.at)

# safe writes -------------------------------------------------------------------------------------
failure = _table(
    "failure",
    _column("crm", Key, key=True),
    _column("object", Key, key=True),
    _column("record", Key, key=True),  # Write.key
    _column("lead_id", Key),
    _column("created", SmallInteger),  # 1: it was to be created
    _column("fields", Text),  # names, one a line
    _column("error", Text),
    _column("attempts", Integer),
    _column("version", Text),  # of the record that the change was planned on
    _column("first_at", BigInteger),
    _column("last_at", BigInteger),
    _column("next_at", BigInteger),
    _column("state", SmallInteger),  # 0 waiting, 1 dead letter, 2 dropped by a person
)
_index("failure_lead", failure.c.lead_id)
dispute = _table(
    "dispute",
    _column("lead_id", Key, key=True),
    _column("kind", Key, key=True),
    _column("field", Key, key=True),  # "" for none
    _column("records", Key, key=True),  # refs, one a line
    _column("first_seen_at", BigInteger),
    _column("run", BigInteger),  # the last plan that listed it
    _column("body", LargeBinary),
)
_index("dispute_run", dispute.c.run)
ruling = _table(
    "ruling",
    _column("place", Key, key=True),  # ref, or the lead id where no record is named
    _column("field", Key, key=True),  # "" for none
    _column("body", LargeBinary),
)
quarantine = _table(
    "quarantine",
    _column("lead_id", Key, key=True),
    _column("since_at", BigInteger),
    _column("reason", Text),
    clustered=True,
)
owner_change = _table(
    "owner_change", _column("ref", Key, key=True), _column("at", BigInteger, key=True), clustered=True
)
_index("owner_change_at", owner_change.c.at)
undone = _table(
    "undone",
    _column("ref", Key, key=True),
    _column("field", Key, key=True),
    _column("theirs", LargeBinary),
    _column("times", Integer),
    _column("last_at", BigInteger),
)
usage = _table(
    "usage",
    _column("crm", Key, key=True),
    _column("day", Key, key=True),  # 2026-11-21, UTC
    _column("calls", BigInteger),
    clustered=True,
)
# lists -----------------------------------------------------------------------------------------------
standing = _table(
    "standing",
    _column("lead_id", Key, key=True),
    _column("list", Key),  # "" when the lead is only waited for
    _column("owner", Key),  # "" for nobody
    _column("rank", BigInteger),  # millionths; lower comes first
    _column("due_at", BigInteger, null=True),
    _column("body", LargeBinary),  # a standing.Standing
)
_index("standing_list", standing.c["list"], standing.c.rank, standing.c.lead_id)
_index("standing_owner", standing.c.owner, standing.c["list"], standing.c.rank, standing.c.lead_id)
_index("standing_due", standing.c.due_at, standing.c.lead_id, where="due_at IS NOT NULL")
# outbox ------------------------------------------------------------------------------------------------
attachment = _table(
    "attachment",
    _column("marker", Key, key=True),
    _column("lead_id", Key),
    _column("state", Key),  # DeliveryState value: waiting, sent (made) or failed
    _column("error", Text, null=True),
    _column("body", LargeBinary),  # an outbox.Attachment
)
_index("attachment_waiting", attachment.c.marker, where="state = 'waiting'")
delivery = _table(
    "delivery",
    _column("key", Key, key=True),
    _column("lead_id", Key),
    _column("at", BigInteger),
    _column("state", Key),  # DeliveryState value
    _column("error", Text, null=True),
    _column("body", LargeBinary),  # an outbox.Delivery; without its text once it arrived
)
_index("delivery_state", delivery.c.state, delivery.c.at)

# the past ----------------------------------------------------------------------------------------
past = _table(
    "past",
    _column("ref", Key, key=True),
    _column("version", Text),  # of the record when its past was read
    _column("body", LargeBinary),  # a history.RecordHistory
)
#: How far a backfill has got: a job is one period with one process and mapping.
checkpoint = _table(
    "checkpoint",
    _column("job", Key, key=True),
    _column("part", Key, key=True),
    _column("at", BigInteger),
    _column("body", LargeBinary),
    clustered=True,
)

# what runs saw -----------------------------------------------------------------------------------
#: Every run that was carried out; one that was only planned goes with its plan.
instant = _table(
    "instant",
    _column("run", BigInteger, key=True),
    _column("at", BigInteger),  # the moment of its decisions
    _column("process", Key),  # fingerprint
    _column("live", SmallInteger),  # 1: it was carried out
    _column(
        "owners", LargeBinary, null=True
    ),  # owners that came, changed (or None: went) since the one before
)
#: One row per lead and run that decided it over something new.
seen = _table(
    "seen",
    _column("lead_id", Key, key=True),
    _column("run", BigInteger, key=True),
    _column("seal", LargeBinary),
    _column("body", LargeBinary),  # a seen.Seen
    clustered=True,
)

# limiter -----------------------------------------------------------------------------------------
limiter = _table(
    "limiter",
    _column("bucket", Key, key=True),
    _column("starts", LargeBinary),  # start times within the window, doubles, ascending
    _column("pause_until", BigInteger),
)

#: The last table that a schema version brings; its absence tells an empty database.
version = Table("crmbridge_version", MetaData(), Column("version_num", Text, primary_key=True))
