"""query, queryAll, updated and deleted."""

from __future__ import annotations

from datetime import UTC, datetime, timedelta

from crmbridge.sandbox.salesforce.failures import refuse
from crmbridge.sandbox.salesforce.org import Org
from crmbridge.sandbox.salesforce.resources import query_info
from crmbridge.sandbox.salesforce.schema import SObject
from crmbridge.sandbox.salesforce.wire import Call, Reply

_STORED = "%Y-%m-%dT%H:%M:%S.000+0000"
#: How far back the two replication calls look (developer guide, checked 2026-11-21).
UPDATED_DAYS = 30
DELETED_DAYS = 15


def query(org: Org, call: Call) -> Reply:
    """GET query or queryAll, with q= or with a locator behind it."""
    if len(call.path) > 1:
        return Reply(body=org.queries.more(call.caller, call.path[1]))
    statement = call.arg("q")
    if call.arg("explain") is not None:
        return query_info.explained(org, call, call.arg("explain") or "")
    if statement is None:
        raise refuse("MALFORMED_QUERY", "A query string has to be specified")
    include_deleted = call.path[0].lower() == "queryall"
    if (call.arg("columns") or "").lower() == "true":
        return query_info.columns(org, call, statement)
    return Reply(body=org.queries.run(call.caller, statement, include_deleted=include_deleted))


def updated(org: Org, call: Call) -> Reply:
    """GET sobjects/{object}/updated."""
    item = _replicated(org, call)
    start, end = _span(org, call, UPDATED_DAYS)
    live = " AND IsDeleted = 0" if item.has("IsDeleted") else ""
    rows = org.store.rows(
        item, f"SystemModstamp >= ? AND SystemModstamp < ?{live}", (_text(start), _text(end))
    )
    return Reply(body={"ids": [row["Id"] for row in rows], "latestDateCovered": _text(end)})


def deleted(org: Org, call: Call) -> Reply:
    """GET sobjects/{object}/deleted."""
    item = _replicated(org, call)
    start, end = _span(org, call, DELETED_DAYS)
    values = (_text(start), _text(end))
    rows = (
        org.store.rows(item, "IsDeleted = 1 AND SystemModstamp >= ? AND SystemModstamp < ?", values)
        if item.has("IsDeleted")
        else []
    )
    earliest = org.world.clock.now() - timedelta(days=DELETED_DAYS)
    body = {
        "deletedRecords": [{"id": row["Id"], "deletedDate": row["SystemModstamp"]} for row in rows],
        "earliestDateAvailable": _text(earliest.replace(second=0)),
        "latestDateCovered": _text(end),
    }
    return Reply(body=body)


def _replicated(org: Org, call: Call) -> SObject:
    item = org.object(call.path[1])
    if not item.can("replicate"):
        raise refuse("INVALID_TYPE", f"Entity is not replicateable: {item.name}")
    return item


def _span(org: Org, call: Call, days: int) -> tuple[datetime, datetime]:
    start, end = _moment(call, "start"), _moment(call, "end")
    now = org.world.clock.now()
    if start >= end:
        raise refuse("INVALID_REPLICATION_DATE", "startDate must be before endDate")
    if start < now - timedelta(days=days):
        raise refuse("INVALID_REPLICATION_DATE", "startDate cannot be more than the window before now")
    return start, min(end, now.replace(second=0, microsecond=0))


def _moment(call: Call, name: str) -> datetime:
    text = call.arg(name)
    if text is None:
        raise refuse("MISSING_ARGUMENT", f"{name} parameter is required")
    try:
        # A plus sign that was not encoded arrives as a blank.
        moment = datetime.fromisoformat(text.strip().replace(" ", "+"))
        moment = moment.astimezone(UTC) if moment.tzinfo else moment.replace(tzinfo=UTC)
    except (ValueError, OverflowError):
        raise refuse("INVALID_REPLICATION_DATE", f"{name} is no date") from None
    # Seconds are ignored (developer guide, checked 2026-11-21).
    return moment.replace(second=0, microsecond=0)


def _text(moment: datetime) -> str:
    return moment.strftime(_STORED)
