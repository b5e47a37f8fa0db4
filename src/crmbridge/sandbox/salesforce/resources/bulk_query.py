"""jobs/query: bulk jobs that read."""

from __future__ import annotations

import base64
import binascii
from array import array

from crmbridge.sandbox.salesforce.bulk import QueryJob, jobs
from crmbridge.sandbox.salesforce.bulk.export import check_plan, page
from crmbridge.sandbox.salesforce.failures import refuse
from crmbridge.sandbox.salesforce.org import Org
from crmbridge.sandbox.salesforce.resources import bulk
from crmbridge.sandbox.salesforce.wire import Call, Reply


def create(org: Org, call: Call) -> Reply:
    """POST jobs/query."""
    body = call.object()
    operation = bulk.one_of(body, "operation", "query", jobs.QUERY_OPERATIONS)
    statement = body.get("query")
    if not isinstance(statement, str) or not statement.strip():
        raise refuse("API_ERROR", "No query was specified")
    planner = org.queries.planner(call.caller.user_id)
    plan = planner.plan(statement, include_deleted=operation == "queryAll")
    check_plan(plan)
    if org.bulk.query_jobs.used >= org.world.options.salesforce.daily_query_jobs:
        raise refuse("LIMIT_EXCEEDED", "Max bulk v2 query jobs per 24 hrs has been exceeded", status=400)
    org.bulk.query_jobs.use()
    common = bulk.common_fields(org, call, body, plan.root, operation)
    job = QueryJob(statement=statement, plan=plan, **common)
    org.bulk.queries[job.id] = job
    org.bulk.touch(job, jobs.UPLOADED)
    return Reply(body=job.shown())


def info(org: Org, call: Call) -> Reply:
    """GET jobs/query/{id}."""
    job = org.bulk.find(org.bulk.queries, call.path[2])
    org.bulk.poll(job)
    return Reply(body=job.shown())


def patch(org: Org, call: Call) -> Reply:
    """PATCH jobs/query/{id}: only Aborted."""
    job = org.bulk.find(org.bulk.queries, call.path[2])
    bulk.one_of(call.object(), "state", "", (jobs.ABORTED,))
    return bulk.aborted(org, job)


def delete(org: Org, call: Call) -> Reply:
    """DELETE jobs/query/{id}."""
    return bulk.deleted(org, org.bulk.queries, call)


def listed(org: Org, call: Call) -> Reply:
    """GET jobs/query."""
    return bulk.listed(org, org.bulk.queries, call, "V2Query")


def results(org: Org, call: Call) -> Reply:
    """GET jobs/query/{id}/results: everything on one page unless ``maxRecords`` says less."""
    job = org.bulk.find(org.bulk.queries, call.path[2])
    _check_results(job, call)
    start = _offset(call.arg("locator"), job.rowids)
    count = bulk.whole(call.arg("maxRecords")) or len(job.rowids)
    data, number = page(org.store, job, start, count)
    following = start + count
    headers = {
        "Sforce-NumberOfRecords": str(number),
        "Sforce-Locator": _locator(following) if following < len(job.rowids) else "null",
    }
    return bulk.csv(org, data, headers)


def _check_results(job: QueryJob, call: Call) -> None:
    if job.state != jobs.COMPLETE:
        words = {jobs.UPLOADED: "UPLOAD_COMPLETE", jobs.RUNNING: "IN_PROGRESS", jobs.ABORTED: "ABORTED"}
        message = (
            "can only download query results of successfully completed bulk job with status: JOB_COMPLETE. "
            f"Current status: {words.get(job.state, job.state.upper())}"
        )
        raise refuse("JOB_NOT_COMPLETE", message, status=412)
    if job.caller.version != call.caller.version:
        message = f"The job was created with API version {job.caller.version}"
        raise refuse("API_VERSION_MISMATCH", message, status=409)


def _locator(offset: int) -> str:
    return base64.urlsafe_b64encode(str(offset).encode()).decode().rstrip("=")


def _offset(locator: str | None, rowids: array[int]) -> int:
    if not locator:
        return 0
    try:
        text = base64.urlsafe_b64decode(locator + "=" * (-len(locator) % 4)).decode("ascii")
    except (binascii.Error, ValueError):
        text = ""
    offset = bulk.whole(text)
    if not 0 < offset < len(rowids):
        raise refuse("INVALID_QUERY_LOCATOR", "invalid query locator")
    return offset
