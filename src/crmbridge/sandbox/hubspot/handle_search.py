# ruff: noqa: S608 - table and column names are constants of this package, values are bound
"""The search handler: filters compiled to SQL over the record table as the lagging index sees it."""

from __future__ import annotations

from typing import Any

from crmbridge.sandbox.http import Response
from crmbridge.sandbox.hubspot import showing
from crmbridge.sandbox.hubspot.call import Call, answer, names_field
from crmbridge.sandbox.hubspot.errors import invalid_input
from crmbridge.sandbox.hubspot.objects import ObjectType
from crmbridge.sandbox.hubspot.portal import Portal
from crmbridge.sandbox.hubspot.search_sql import Query, compile_search
from crmbridge.sandbox.hubspot.store import Record, from_json

#: Search guide, checked 2026-11-21.
MAX_RESULTS = 10_000
MAX_PAGE = 200
MAX_BODY_CHARACTERS = 3_000
_JITTER_RATIO = 0.2


def search(call: Call) -> Response:
    """``POST …/search``: exact total, offset paging up to 10,000 results."""
    kind, portal = call.kind, call.portal
    if len(call.request.body.decode("utf-8", "replace")) > MAX_BODY_CHARACTERS:
        raise invalid_input(f"The request body is over the limit of {MAX_BODY_CHARACTERS} characters.")
    body = call.body
    limit, offset = _limit(body.get("limit")), _offset(body.get("after"))
    if offset + limit > MAX_RESULTS:
        raise invalid_input(f"Paging past {MAX_RESULTS} results is not possible.")
    query = compile_search(portal, kind, body)
    total, records = _run(portal, kind, query, limit, offset)
    names = showing.wanted(portal, kind, names_field(body, "properties"))
    results = [showing.show(portal, kind, record, names) for record in records]
    if portal.options.search_order_jitter:
        _jitter(portal, results)
    shown: dict[str, Any] = {"total": total, "results": results}
    if offset + len(results) < total and results:
        shown["paging"] = {"next": {"after": str(offset + len(results))}}
    return answer(shown)


def _jitter(portal: Portal, results: list[showing.Json]) -> None:
    """Swap neighbours now and then, as the service was seen to do (checked 2026-11-21)."""
    for position in range(1, len(results)):
        if portal.world.random.random() < _JITTER_RATIO:
            results[position - 1], results[position] = results[position], results[position - 1]


def _limit(value: Any) -> int:
    if value is None:
        return 10
    number = int(value) if str(value).isdecimal() and len(str(value)) < 9 else -1
    if isinstance(value, bool) or not 0 <= number <= MAX_PAGE:
        raise invalid_input(f"Invalid limit: it must be between 0 and {MAX_PAGE}.")
    return number


def _offset(value: Any) -> int:
    text = "0" if value in (None, "") else str(value)
    if isinstance(value, bool) or not text.isdecimal() or len(text) > 9:
        raise invalid_input(f"Cannot deserialize value of type `int` from String: {text[:40]}")
    return int(text)


def _run(portal: Portal, kind: ObjectType, query: Query, limit: int, offset: int) -> tuple[int, list[Record]]:
    db, now = portal.world.db, portal.world.clock.now_ms()
    portal.store.settle_search(now)
    source = _source(portal, kind)
    total = db.execute(f"SELECT COUNT(*) FROM {source} WHERE {query.where}", query.values).fetchone()[0]
    if not limit:
        return total, []
    rows = db.execute(
        f"SELECT id, modified, properties FROM {source} WHERE {query.where}"
        f" ORDER BY {query.order} LIMIT ? OFFSET ?",
        (*query.values, *query.order_values, limit, offset),
    )
    return total, [
        Record(id=row[0], created=0, modified=row[1], properties=from_json(row[2])) for row in rows
    ]


def _source(portal: Portal, kind: ObjectType) -> str:
    """Give what is searched: the records, or, while the index lags, some of them as they were."""
    pending = portal.world.db.execute("SELECT 1 FROM hs_pending WHERE type = ? LIMIT 1", (kind.name,))
    if pending.fetchone() is None:
        return kind.table
    return (
        f"(SELECT id, archived, created, modified, properties FROM {kind.table} WHERE id NOT IN"
        f" (SELECT id FROM hs_pending WHERE type = '{kind.name}')"
        f" UNION ALL SELECT id, 0, 0, modified, properties FROM hs_pending"
        f" WHERE type = '{kind.name}' AND properties IS NOT NULL)"
    )
