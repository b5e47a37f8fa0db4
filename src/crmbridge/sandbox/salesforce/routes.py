"""The route table: which resource answers which method and path behind the version."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass

from crmbridge.sandbox.salesforce.failures import not_found, refuse
from crmbridge.sandbox.salesforce.org import Org
from crmbridge.sandbox.salesforce.resources import (
    batch,
    bulk_ingest,
    bulk_query,
    collections,
    composite,
    graph,
    meta,
    queries,
    records,
    search,
    tooling,
    tree,
)
from crmbridge.sandbox.salesforce.wire import Call, Reply

Handler = Callable[[Org, Call], Reply]


@dataclass(frozen=True, slots=True)
class Route:
    """One line of the table."""

    method: str
    #: Segments; "*" stands for any one. Compared in any case.
    pattern: tuple[str, ...]
    handler: Handler

    def fits(self, path: tuple[str, ...]) -> bool:
        """Tell whether a path is meant, whatever the method."""
        return len(path) == len(self.pattern) and all(
            wanted in ("*", given.lower()) for wanted, given in zip(self.pattern, path, strict=True)
        )


def _route(method: str, path: str, handler: Handler) -> Route:
    return Route(method, tuple(path.lower().split("/")) if path else (), handler)


def _composite(org: Org, call: Call) -> Reply:
    return composite.composite(org, call, lambda part: dispatch(org, part))


def _graph(org: Org, call: Call) -> Reply:
    return graph.graph(org, call, lambda part: dispatch(org, part))


def _batch(org: Org, call: Call) -> Reply:
    return batch.batch(org, call, lambda part: dispatch(org, part))


ROUTES = (
    _route("GET", "", meta.resources),
    _route("GET", "limits", meta.limits),
    _route("GET", "limits/recordCount", meta.record_count),
    _route("GET", "query", queries.query),
    _route("GET", "query/*", queries.query),
    _route("GET", "queryAll", queries.query),
    _route("GET", "queryAll/*", queries.query),
    _route("GET", "search", search.search),
    _route("GET", "parameterizedSearch", search.parameterized),
    _route("POST", "parameterizedSearch", search.parameterized),
    _route("GET", "sobjects", meta.objects),
    _route("GET", "sobjects/*", meta.object_basic),
    _route("POST", "sobjects/*", records.create),
    _route("GET", "sobjects/*/describe", meta.object_describe),
    _route("GET", "sobjects/*/updated", queries.updated),
    _route("GET", "sobjects/*/deleted", queries.deleted),
    _route("GET", "sobjects/*/*", records.read),
    _route("PATCH", "sobjects/*/*", records.update),
    _route("DELETE", "sobjects/*/*", records.delete),
    _route("GET", "sobjects/*/*/*", records.read_by_key),
    _route("PATCH", "sobjects/*/*/*", records.upsert),
    _route("DELETE", "sobjects/*/*/*", records.delete_by_key),
    _route("POST", "composite", _composite),
    _route("POST", "composite/batch", _batch),
    _route("POST", "composite/graph", _graph),
    _route("POST", "composite/tree/*", tree.create),
    _route("POST", "composite/sobjects", collections.create),
    _route("PATCH", "composite/sobjects", collections.update),
    _route("DELETE", "composite/sobjects", collections.delete),
    _route("GET", "composite/sobjects/*", collections.retrieve),
    _route("POST", "composite/sobjects/*", collections.retrieve),
    _route("PATCH", "composite/sobjects/*/*", collections.upsert),
    _route("GET", "jobs/ingest", bulk_ingest.listed),
    _route("POST", "jobs/ingest", bulk_ingest.create),
    _route("GET", "jobs/ingest/*", bulk_ingest.info),
    _route("PATCH", "jobs/ingest/*", bulk_ingest.patch),
    _route("DELETE", "jobs/ingest/*", bulk_ingest.delete),
    _route("PUT", "jobs/ingest/*/batches", bulk_ingest.upload),
    _route("GET", "jobs/ingest/*/successfulResults", bulk_ingest.successful_results),
    _route("GET", "jobs/ingest/*/failedResults", bulk_ingest.failed_results),
    _route("GET", "jobs/ingest/*/unprocessedrecords", bulk_ingest.unprocessed_records),
    _route("GET", "jobs/query", bulk_query.listed),
    _route("POST", "jobs/query", bulk_query.create),
    _route("GET", "jobs/query/*", bulk_query.info),
    _route("PATCH", "jobs/query/*", bulk_query.patch),
    _route("DELETE", "jobs/query/*", bulk_query.delete),
    _route("GET", "jobs/query/*/results", bulk_query.results),
    _route("POST", "tooling/sobjects/CustomField", tooling.create_custom_field),
    _route("GET", "tooling/sobjects/CustomField/*", tooling.read_custom_field),
    _route("GET", "tooling/query", tooling.query),
)


def dispatch(org: Org, call: Call) -> Reply:
    """Let the resource answer.

    Raises:
        ApiError: There is no such resource, it knows not this method, or what it refuses.
    """
    fitting = [route for route in ROUTES if route.fits(call.path)]
    for route in fitting:
        if route.method == call.method:
            return route.handler(org, call)
    if not fitting:
        raise not_found()
    allowed = ",".join(sorted({route.method for route in fitting}))
    message = f"HTTP Method '{call.method}' not allowed. Allowed are {allowed}"
    raise refuse("METHOD_NOT_ALLOWED", message, status=405)
