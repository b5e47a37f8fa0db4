"""Bulk API 2.0: jobs/ingest and jobs/query."""

from __future__ import annotations

import base64
import binascii
from array import array
from collections.abc import Mapping, Sequence
from dataclasses import replace
from email import message_from_bytes
from email.message import Message
from typing import Any, TypeVar

from crmbridge.sandbox.salesforce.bulk import IngestJob, QueryJob, jobs
from crmbridge.sandbox.salesforce.bulk.export import check_plan, page
from crmbridge.sandbox.salesforce.bulk.jobs import Job, Outcome
from crmbridge.sandbox.salesforce.bulk.tables import (
    DELIMITERS,
    LINE_ENDINGS,
    BadTable,
    read_table,
    write_table,
)
from crmbridge.sandbox.salesforce.failures import refuse
from crmbridge.sandbox.salesforce.org import Org
from crmbridge.sandbox.salesforce.schema import SObject
from crmbridge.sandbox.salesforce.wire import Call, Reply

#: Jobs of one page of a list, and rows of a result page that names no size.
LIST_PAGE = 1_000
AnyJob = TypeVar("AnyJob", bound=Job)


def create_ingest(org: Org, call: Call) -> Reply:
    """POST jobs/ingest: JSON, or a multipart request with the data in its second part."""
    body, data = _parts(call) if "multipart" in (call.header("content-type") or "") else (call.object(), None)
    item = _object(org, body.get("object"))
    operation = _one_of(body, "operation", "", jobs.INGEST_OPERATIONS)
    _check_ingest(org, item, operation, body)
    common = _common(org, call, body, item, operation)
    job = IngestJob(
        external_id=str(body.get("externalIdFieldName") or ""),
        assignment_rule=str(body.get("assignmentRuleId") or ""),
        **common,
    )
    org.bulk.ingest[job.id] = job
    if data is not None:
        _take(org, job, data)
        org.bulk.touch(job, jobs.UPLOADED)
    return Reply(body=job.shown())


def upload(org: Org, call: Call) -> Reply:
    """PUT jobs/ingest/{id}/batches: once."""
    job = org.bulk.find(org.bulk.ingest, call.path[2])
    kind = call.header("content-type") or "text/csv"
    if "csv" not in kind.lower() or not isinstance(call.body, bytes):
        raise refuse("UNSUPPORTED_MEDIA_TYPE", f"Content-Type not supported : {kind}", status=415)
    if job.state != jobs.OPEN:
        raise refuse("INVALIDJOBSTATE", f"Data cannot be uploaded to a job in state {job.state}")
    if job.data is not None:
        advice = (
            "please 'Close' / 'Abort' / 'Delete' the current Job then create a new Job and make sure you "
            "only do 'PUT' once on a given Job."
        )
        raise refuse("CLIENTINPUTERROR", f"Found multiple contents for job: <{job.id}>, {advice}")
    _take(org, job, call.body)
    return Reply(status=201)


def ingest_info(org: Org, call: Call) -> Reply:
    """GET jobs/ingest/{id}."""
    job = org.bulk.find(org.bulk.ingest, call.path[2])
    org.bulk.poll(job)
    return Reply(body=job.shown())


def patch_ingest(org: Org, call: Call) -> Reply:
    """PATCH jobs/ingest/{id}: UploadComplete or Aborted."""
    job = org.bulk.find(org.bulk.ingest, call.path[2])
    state = _one_of(call.object(), "state", "", (jobs.UPLOADED, jobs.ABORTED))
    if state == jobs.ABORTED:
        return _aborted(org, job)
    if job.state != jobs.OPEN:
        raise job.refuse_move("Closing")
    org.bulk.touch(job, jobs.UPLOADED)
    return Reply(body=job.shown())


def delete_ingest(org: Org, call: Call) -> Reply:
    """DELETE jobs/ingest/{id}."""
    return _deleted(org, org.bulk.ingest, call)


def list_ingest(org: Org, call: Call) -> Reply:
    """GET jobs/ingest."""
    return _listed(org, org.bulk.ingest, call, "V2Ingest")


def successful_results(org: Org, call: Call) -> Reply:
    """GET jobs/ingest/{id}/successfulResults."""
    job = org.bulk.find(org.bulk.ingest, call.path[2])
    rows = [
        [one.record_id, str(one.created).lower(), *job.rows[one.row]]
        for one in org.bulk.results(job)
        if not one.error
    ]
    return _file(org, job, ["sf__Id", "sf__Created", *job.header], rows)


def failed_results(org: Org, call: Call) -> Reply:
    """GET jobs/ingest/{id}/failedResults."""
    job = org.bulk.find(org.bulk.ingest, call.path[2])
    rows = [[one.record_id, one.error, *job.rows[one.row]] for one in _failed(org.bulk.results(job))]
    return _file(org, job, ["sf__Id", "sf__Error", *job.header], rows)


def unprocessed_records(org: Org, call: Call) -> Reply:
    """GET jobs/ingest/{id}/unprocessedrecords, in either spelling."""
    job = org.bulk.find(org.bulk.ingest, call.path[2])
    if job.data is not None and job.ended:
        job.header, job.rows = _readable(job)
        job.data = None
    rows = job.rows[len(job.outcomes) :] if job.ended else []
    return _file(org, job, job.header, rows)


def create_query(org: Org, call: Call) -> Reply:
    """POST jobs/query."""
    body = call.object()
    operation = _one_of(body, "operation", "query", jobs.QUERY_OPERATIONS)
    statement = body.get("query")
    if not isinstance(statement, str) or not statement.strip():
        raise refuse("API_ERROR", "No query was specified")
    planner = org.queries.planner(call.caller.user_id)
    plan = planner.plan(statement, include_deleted=operation == "queryAll")
    check_plan(plan)
    if org.bulk.query_jobs.used >= org.world.options.salesforce.daily_query_jobs:
        raise refuse("LIMIT_EXCEEDED", "Max bulk v2 query jobs per 24 hrs has been exceeded", status=400)
    org.bulk.query_jobs.use()
    common = _common(org, call, body, plan.root, operation)
    job = QueryJob(statement=statement, plan=plan, **common)
    org.bulk.queries[job.id] = job
    org.bulk.touch(job, jobs.UPLOADED)
    return Reply(body=job.shown())


def query_info(org: Org, call: Call) -> Reply:
    """GET jobs/query/{id}."""
    job = org.bulk.find(org.bulk.queries, call.path[2])
    org.bulk.poll(job)
    return Reply(body=job.shown())


def patch_query(org: Org, call: Call) -> Reply:
    """PATCH jobs/query/{id}: only Aborted."""
    job = org.bulk.find(org.bulk.queries, call.path[2])
    _one_of(call.object(), "state", "", (jobs.ABORTED,))
    return _aborted(org, job)


def delete_query(org: Org, call: Call) -> Reply:
    """DELETE jobs/query/{id}."""
    return _deleted(org, org.bulk.queries, call)


def list_query(org: Org, call: Call) -> Reply:
    """GET jobs/query."""
    return _listed(org, org.bulk.queries, call, "V2Query")


def query_results(org: Org, call: Call) -> Reply:
    """GET jobs/query/{id}/results: everything on one page unless ``maxRecords`` says less."""
    job = org.bulk.find(org.bulk.queries, call.path[2])
    _check_results(job, call)
    start = _offset(call.arg("locator"), job.rowids)
    count = _whole(call.arg("maxRecords")) or len(job.rowids)
    data, number = page(org.store, job, start, count)
    following = start + count
    headers = {
        "Sforce-NumberOfRecords": str(number),
        "Sforce-Locator": _locator(following) if following < len(job.rowids) else "null",
    }
    return _csv(org, data, headers)


def _check_ingest(org: Org, item: SObject, operation: str, body: Mapping[str, Any]) -> None:
    if org.world.options.salesforce.read_only_profile:
        raise refuse("INSUFFICIENT_ACCESS", "You do not have the level of access necessary.", status=403)
    needed = {"insert": "create", "update": "update", "upsert": "create"}.get(operation, "delete")
    if not item.can(needed):
        raise refuse("INVALIDENTITY", f"Entity '{item.name}' is not supported by the Bulk API.")
    if operation == "hardDelete" and not org.world.options.salesforce.bulk_hard_delete:
        raise refuse("FEATURENOTENABLED", "hardDelete operation is not permitted for this user")
    if operation != "upsert":
        return
    name = body.get("externalIdFieldName")
    if not isinstance(name, str) or not name:
        raise refuse("INVALIDJOB", "InvalidJob : External ID field name was not specified for an upsert")
    if item.upsert_key(name) is None:
        message = (
            f"Field name provided, {name} does not match an External ID, Salesforce Id, or indexed field"
        )
        raise refuse("INVALIDJOB", f"InvalidJob : {message} for {item.name}")


def _common(org: Org, call: Call, body: Mapping[str, Any], item: SObject, operation: str) -> dict[str, Any]:
    delimiter = _one_of(body, "columnDelimiter", "COMMA", tuple(DELIMITERS))
    line_ending = _one_of(body, "lineEnding", "LF", tuple(LINE_ENDINGS))
    _one_of(body, "contentType", "CSV", ("CSV",))
    stamp, now = org.store.stamp(), org.world.clock.now_ms()
    return {
        "id": org.bulk.new_id(),
        "operation": operation,
        "item": item,
        # A job outlives its request: nothing of the request but user and version is kept.
        "caller": replace(call.caller, headers={}),
        "created": stamp,
        "modified": stamp,
        "created_ms": now,
        "step_ms": now,
        "delimiter": delimiter,
        "line_ending": line_ending,
    }


def _object(org: Org, name: Any) -> SObject:
    item = org.seen.get(name) if isinstance(name, str) else None
    if item is None:
        raise refuse("INVALIDENTITY", f"Entity '{name}' is not supported by the Bulk API.")
    return item


def _one_of(body: Mapping[str, Any], name: str, usual: str, known: Sequence[str]) -> str:
    value = body.get(name) or usual
    if value not in known:
        raise refuse("JSON_PARSER_ERROR", f"{name} must be one of: {', '.join(known)}")
    return str(value)


def _parts(call: Call) -> tuple[dict[str, Any], bytes]:
    """Take a multipart request apart: the job, then its data (walkthrough, checked 2026-11-21)."""
    head = f"Content-Type: {call.header('content-type')}\r\n\r\n".encode("latin-1", "replace")
    message = message_from_bytes(head + (call.body if isinstance(call.body, bytes) else b""))
    parts = [part for part in message.walk() if not part.is_multipart()]
    if len(parts) != 2:
        raise refuse("INVALIDMULTIPARTREQUEST", "a multipart request needs the parts job and content")
    job, content = (_payload(part) for part in parts)
    return replace(call, body=job).object(), content


def _payload(part: Message) -> bytes:
    payload = part.get_payload(decode=True)
    return payload if isinstance(payload, bytes) else b""


def _take(org: Org, job: IngestJob, data: bytes) -> None:
    most = org.world.options.salesforce.bulk_max_upload_bytes
    if len(data) > most:
        message = f"Request body too large: {len(data)} bytes, at most {most} are accepted"
        raise refuse("CLIENTINPUTERROR", message, status=413)
    job.data = data


def _aborted(org: Org, job: IngestJob | QueryJob) -> Reply:
    if job.ended:
        raise job.refuse_move("Aborting")
    org.bulk.touch(job, jobs.ABORTED)
    return Reply(body=job.shown())


def _deleted(org: Org, kept: dict[str, AnyJob], call: Call) -> Reply:
    job = org.bulk.find(kept, call.path[2])
    if not job.ended:
        raise refuse("INVALIDJOBSTATE", f"A job in state {job.state} cannot be deleted")
    del kept[job.id]
    return Reply(status=204)


def _listed(org: Org, kept: Mapping[str, Any], call: Call, kind: str) -> Reply:
    """Give jobs, newest first; the other kind of job or one with PK chunking is none of these."""
    fits = (call.arg("jobType") or kind) == kind and (call.arg("isPkChunkingEnabled") or "false") == "false"
    found = [job.shown() for job in org.bulk.listed(dict(kept))] if fits else []
    start = _whole(call.arg("queryLocator"))
    done = start + LIST_PAGE >= len(found)
    path = f"{call.caller.base}/{'/'.join(call.path)}?queryLocator={start + LIST_PAGE}"
    following = None if done else path
    return Reply(
        body={"done": done, "records": found[start : start + LIST_PAGE], "nextRecordsUrl": following}
    )


def _failed(outcomes: Sequence[Outcome]) -> list[Outcome]:
    return [one for one in outcomes if one.error]


def _readable(job: IngestJob) -> tuple[list[str], list[list[str]]]:
    try:
        return read_table(job.data or b"", job.delimiter, job.line_ending)
    except BadTable:
        return [], []  # nothing of it can be given back


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
    offset = _whole(text)
    if not 0 < offset < len(rowids):
        raise refuse("INVALID_QUERY_LOCATOR", "invalid query locator")
    return offset


def _whole(text: str | None) -> int:
    """Give a number of a query parameter; 0 when it is absent or none."""
    return int(text) if text and text.isdecimal() and len(text) < 10 else 0


def _file(org: Org, job: IngestJob, header: Sequence[str], rows: Sequence[Sequence[str]]) -> Reply:
    return _csv(org, write_table(header, rows, job.delimiter, job.line_ending), {})


def _csv(org: Org, data: bytes, headers: Mapping[str, str]) -> Reply:
    named = org.world.options.salesforce.bulk_csv_charset
    kind = "text/csv; charset=UTF-8" if named else "text/csv"
    return Reply(body=data, headers={"Content-Type": kind, **headers})
