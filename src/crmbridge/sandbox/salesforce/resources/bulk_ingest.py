"""jobs/ingest: bulk jobs that write."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import replace
from email import message_from_bytes
from email.message import Message
from typing import Any

from crmbridge.sandbox.salesforce.bulk import IngestJob, jobs
from crmbridge.sandbox.salesforce.bulk.jobs import Outcome
from crmbridge.sandbox.salesforce.bulk.tables import BadTable, read_table, write_table
from crmbridge.sandbox.salesforce.failures import refuse
from crmbridge.sandbox.salesforce.org import Org
from crmbridge.sandbox.salesforce.resources import bulk
from crmbridge.sandbox.salesforce.schema import SObject
from crmbridge.sandbox.salesforce.wire import Call, Reply


def create(org: Org, call: Call) -> Reply:
    """POST jobs/ingest: JSON, or a multipart request with the data in its second part."""
    body, data = _parts(call) if "multipart" in (call.header("content-type") or "") else (call.object(), None)
    item = bulk.object_of(org, body.get("object"))
    operation = bulk.one_of(body, "operation", "", jobs.INGEST_OPERATIONS)
    _check_ingest(org, item, operation, body)
    common = bulk.common_fields(org, call, body, item, operation)
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


def info(org: Org, call: Call) -> Reply:
    """GET jobs/ingest/{id}."""
    job = org.bulk.find(org.bulk.ingest, call.path[2])
    org.bulk.poll(job)
    return Reply(body=job.shown())


def patch(org: Org, call: Call) -> Reply:
    """PATCH jobs/ingest/{id}: UploadComplete or Aborted."""
    job = org.bulk.find(org.bulk.ingest, call.path[2])
    state = bulk.one_of(call.object(), "state", "", (jobs.UPLOADED, jobs.ABORTED))
    if state == jobs.ABORTED:
        return bulk.aborted(org, job)
    if job.state != jobs.OPEN:
        raise job.refuse_move("Closing")
    org.bulk.touch(job, jobs.UPLOADED)
    return Reply(body=job.shown())


def delete(org: Org, call: Call) -> Reply:
    """DELETE jobs/ingest/{id}."""
    return bulk.deleted(org, org.bulk.ingest, call)


def listed(org: Org, call: Call) -> Reply:
    """GET jobs/ingest."""
    return bulk.listed(org, org.bulk.ingest, call, "V2Ingest")


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


def _failed(outcomes: Sequence[Outcome]) -> list[Outcome]:
    return [one for one in outcomes if one.error]


def _readable(job: IngestJob) -> tuple[list[str], list[list[str]]]:
    try:
        return read_table(job.data or b"", job.delimiter, job.line_ending)
    except BadTable:
        return [], []  # nothing of it can be given back


def _file(org: Org, job: IngestJob, header: Sequence[str], rows: Sequence[Sequence[str]]) -> Reply:
    return bulk.csv(org, write_table(header, rows, job.delimiter, job.line_ending), {})
