"""What both kinds of bulk jobs have in common: making, listing, aborting and deleting them."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import replace
from typing import Any, TypeVar

from crmbridge.sandbox.salesforce.bulk import IngestJob, QueryJob, jobs
from crmbridge.sandbox.salesforce.bulk.tables import DELIMITERS, LINE_ENDINGS
from crmbridge.sandbox.salesforce.failures import refuse
from crmbridge.sandbox.salesforce.org import Org
from crmbridge.sandbox.salesforce.schema import SObject
from crmbridge.sandbox.salesforce.wire import Call, Reply

#: Jobs of one page of a list.
LIST_PAGE = 1_000
AnyJob = TypeVar("AnyJob", IngestJob, QueryJob)


def common_fields(
    org: Org, call: Call, body: Mapping[str, Any], item: SObject, operation: str
) -> dict[str, Any]:
    """Give what every new job is made of.

    Raises:
        ApiError: The CSV it wants is not one of the known kinds.
    """
    delimiter = one_of(body, "columnDelimiter", "COMMA", tuple(DELIMITERS))
    line_ending = one_of(body, "lineEnding", "LF", tuple(LINE_ENDINGS))
    one_of(body, "contentType", "CSV", ("CSV",))
    stamp = org.store.stamp()
    return {
        "id": org.bulk.new_id(),
        "operation": operation,
        "item": item,
        # A job outlives its request: nothing of the request but user and version is kept.
        "caller": replace(call.caller, headers={}),
        "created": stamp,
        "modified": stamp,
        "step_ms": org.world.clock.now_ms(),
        "delimiter": delimiter,
        "line_ending": line_ending,
    }


def object_of(org: Org, name: Any) -> SObject:
    """Give the object a job names.

    Raises:
        ApiError: INVALIDENTITY.
    """
    item = org.seen.get(name) if isinstance(name, str) else None
    if item is None:
        raise refuse("INVALIDENTITY", f"Entity '{name}' is not supported by the Bulk API.")
    return item


def one_of(body: Mapping[str, Any], name: str, usual: str, known: Sequence[str]) -> str:
    """Give a value of a body that must be one of a few; ``usual`` when it is absent.

    Raises:
        ApiError: JSON_PARSER_ERROR.
    """
    value = body.get(name) or usual
    if value not in known:
        raise refuse("JSON_PARSER_ERROR", f"{name} must be one of: {', '.join(known)}")
    return str(value)


def aborted(org: Org, job: IngestJob | QueryJob) -> Reply:
    """Abort a job that has not ended."""
    if job.ended:
        raise job.refuse_move("Aborting")
    org.bulk.touch(job, jobs.ABORTED)
    return Reply(body=job.shown())


def deleted(org: Org, kept: dict[str, AnyJob], call: Call) -> Reply:
    """Delete a job that has ended."""
    job = org.bulk.find(kept, call.path[2])
    if not job.ended:
        raise refuse("INVALIDJOBSTATE", f"A job in state {job.state} cannot be deleted")
    del kept[job.id]
    return Reply(status=204)


def listed(org: Org, kept: dict[str, AnyJob], call: Call, kind: str) -> Reply:
    """Give jobs, newest first; the other kind of job or one with PK chunking is none of these."""
    fits = (call.arg("jobType") or kind) == kind and (call.arg("isPkChunkingEnabled") or "false") == "false"
    found = [job.shown() for job in org.bulk.listed(kept)] if fits else []
    start = whole(call.arg("queryLocator"))
    done = start + LIST_PAGE >= len(found)
    path = f"{call.caller.base}/{'/'.join(call.path)}?queryLocator={start + LIST_PAGE}"
    following = None if done else path
    return Reply(
        body={"done": done, "records": found[start : start + LIST_PAGE], "nextRecordsUrl": following}
    )


def whole(text: str | None) -> int:
    """Give a number of a query parameter; 0 when it is absent or none."""
    return int(text) if text and text.isdecimal() and len(text) < 10 else 0


def csv(org: Org, data: bytes, headers: Mapping[str, str]) -> Reply:
    """Give CSV, with its charset or without."""
    named = org.world.options.salesforce.bulk_csv_charset
    kind = "text/csv; charset=UTF-8" if named else "text/csv"
    return Reply(body=data, headers={"Content-Type": kind, **headers})
