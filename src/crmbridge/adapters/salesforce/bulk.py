"""Bulk API 2.0: one job for thousands of updates or creations, with one outcome per record.

A job is prepared (nothing happens yet), uploaded, closed (from here on it runs), asked for, and read. What it
leaves undone goes the ordinary way. No assignment rule runs unless a job names one, and ours name none;
results come in an order of their own (Bulk API 2.0 guide, checked 2026-11-21).
"""

from __future__ import annotations

import csv
import io
from collections.abc import Callable, Iterator, Mapping, Sequence
from typing import Any, Final, NamedTuple

import msgspec
import structlog

from crmbridge.adapters.salesforce.client import Client, decode
from crmbridge.adapters.salesforce.errors import LOCKED, safe, state_of
from crmbridge.adapters.salesforce.soql import id18
from crmbridge.adapters.salesforce.tables import CRM
from crmbridge.errors import Ambiguous, Forbidden, Refused, TransientError, Unavailable, Where
from crmbridge.model import OutcomeState, Write

log = structlog.get_logger("crmbridge.salesforce")

#: Below, collections are quicker and hardly dearer (the vendor's own advice); a batch inside the service
#: has 10,000 records, and up to there one job is one of them.
LEAST: Final = 2_000
MOST: Final = 10_000
#: Seconds until the first look at a job; each wait is half as long again, up to the longest.
_FIRST_SECONDS: Final = 1.0
_GROWTH: Final = 1.5
_LONGEST_SECONDS: Final = 30.0
#: Seconds waited in all; a job that is still at work then is left alone, and settled by reading.
_PATIENCE_SECONDS: Final = 3_600.0
#: Calls that a job costs in the plan's estimate: prepare, upload, close, five looks, one result.
CALLS: Final = 9

_ID: Final = "Id"
_NULL: Final = "#N/A"
_LONGEST_CELL: Final = 32_000
_COMPLETE: Final = "JobComplete"
_ENDED: Final = frozenset({_COMPLETE, "Failed", "Aborted"})
#: A record that fails so is sent once more on its own way, with the headers that a job cannot have.
_AGAIN: Final = frozenset({LOCKED, "DUPLICATES_DETECTED"})


class Row(NamedTuple):
    """One write as a job takes it."""

    write: Write
    #: Field -> JSON value; None clears.
    body: Mapping[str, Any]


class Result(NamedTuple):
    """What a job made of one row."""

    state: OutcomeState
    #: None: the service did not say.
    id: str | None = None
    error: str | None = None


_WRITTEN: Final = Result(OutcomeState.WRITTEN)
_LOST: Final = Result(OutcomeState.AMBIGUOUS, error="BULK_NO_RESULT")


class _Job(msgspec.Struct):
    """A job as the service shows it."""

    id: str
    state: str
    processed: int = msgspec.field(name="numberRecordsProcessed", default=0)
    failed: int = msgspec.field(name="numberRecordsFailed", default=0)


class Bulk:
    """Writes rows of one object by one job."""

    def __init__(self, client: Client) -> None:
        self._client = client

    def write(
        self, rows: Sequence[Row], external_id: str | None, waiting: Callable[[], None]
    ) -> dict[str, Result]:
        """Write rows, all creations or all updates: ``Write.key`` -> result; absent: it was not carried out.

        Args:
            external_id: The field that creations are upserted by; None: updates.
            waiting: Called before every wait.

        Raises:
            TransientError: nothing was carried out.
            QuotaExhausted: the calls are spent; what the job does is settled by reading.
        """
        target, key = rows[0].write.object, external_id or _ID
        try:
            job_id = self._prepared(rows, key, target)
        except (Forbidden, Refused) as error:
            log.warning("bulk_refused", crm=CRM, object=target, code=error.where.code)
            return {}
        try:
            self._close(job_id, target)
            job = self._ended(job_id, target, waiting)
            return self._results(job, rows, key, target)
        except (TransientError, Ambiguous) as error:
            lost = Result(OutcomeState.AMBIGUOUS, error=error.where.code or "BULK_NO_ANSWER")
            return {row.write.key: lost for row in rows}

    # the way of a job --------------------------------------------------------------------------------
    def _prepared(self, rows: Sequence[Row], key: str, target: str) -> str:
        """Upload to a job of its own, if need be to a second one; the first then does nothing."""
        data = _table(rows, key)
        return self._uploaded(data, key, target) or self._uploaded(data, key, target) or _no_upload(target)

    def _uploaded(self, data: bytes, key: str, target: str) -> str | None:
        job_id = self._made(key, target).id
        try:
            self._send("PUT", f"{_path(job_id)}/batches", target, data=data)
        except Ambiguous:
            self._give_up(job_id, target)
            return None
        return job_id

    def _made(self, key: str, target: str) -> _Job:
        wanted = {"object": target, "contentType": "CSV", "lineEnding": "LF", "columnDelimiter": "COMMA"}
        if key == _ID:
            wanted["operation"] = "update"
        else:
            wanted |= {"operation": "upsert", "externalIdFieldName": key}
        # Repeatable: an open job without rows does nothing.
        answer = self._client.send("POST", "jobs/ingest", wanted, object=target)
        return decode(answer.content, _Job)

    def _close(self, job_id: str, target: str) -> None:
        """Let it begin; where the answer is lost, the job itself says whether it has."""
        try:
            self._send("PATCH", _path(job_id), target, {"state": "UploadComplete"})
        except Ambiguous:
            if self._look(job_id, target).state == "Open":
                self._send("PATCH", _path(job_id), target, {"state": "UploadComplete"})

    def _ended(self, job_id: str, target: str, waiting: Callable[[], None]) -> _Job:
        """Ask until it has ended, by the transport's clock."""
        sleep = self._client.transport.policy.sleep
        for seconds in _waits():
            waiting()
            sleep(seconds)
            job = self._look(job_id, target)
            if job.state in _ENDED:
                return job
        raise Ambiguous("the job takes too long", Where(CRM, target, code="BULK_TOO_LONG"))

    def _look(self, job_id: str, target: str) -> _Job:
        return decode(self._client.send("GET", _path(job_id), object=target).content, _Job)

    def _give_up(self, job_id: str, target: str) -> None:
        """Abort a job that nobody will close; when that fails too, it is forgotten after seven days."""
        try:
            self._send("PATCH", _path(job_id), target, {"state": "Aborted"})
        except (TransientError, Ambiguous, Refused, Forbidden) as error:
            log.warning("bulk_left_open", crm=CRM, object=target, code=error.where.code)

    def _send(
        self,
        method: str,
        path: str,
        target: str,
        body: Mapping[str, Any] | None = None,
        *,
        data: bytes | None = None,
    ) -> None:
        headers = {"Content-Type": "text/csv"} if data is not None else None
        self._client.send(method, path, body, object=target, headers=headers, write=True, data=data)

    # results -----------------------------------------------------------------------------------------
    def _results(self, job: _Job, rows: Sequence[Row], key: str, target: str) -> dict[str, Result]:
        """Give each row its result; of a row that stands in no file nobody knows."""
        is_whole = job.state == _COMPLETE and job.processed == len(rows) and not job.failed
        if is_whole and key == _ID:
            return {row.write.key: _WRITTEN for row in rows}
        found = self._told(job, key, target)
        told = {row.write.key: found.get(_key(row.write), _LOST) for row in rows}
        return {name: result for name, result in told.items() if result is not None}

    def _told(self, job: _Job, key: str, target: str) -> dict[str, Result | None]:
        """Read the files of results: key -> result; None: it was not carried out."""
        found: dict[str, Result | None] = {}
        for row in self._file(job, "failedResults", target) if job.failed else ():
            code = _code(row.get("sf__Error") or "")
            again = code in _AGAIN
            found[row.get(key) or ""] = None if again else Result(state_of(400, code), error=code)
        for row in self._file(job, "successfulResults", target):
            found[row.get(key) or ""] = _WRITTEN._replace(id=row.get("sf__Id") or None)
        if job.state != _COMPLETE:
            found |= {row.get(key) or "": None for row in self._file(job, "unprocessedrecords", target)}
        return found

    def _file(self, job: _Job, name: str, target: str) -> Iterator[dict[str, str]]:
        content = self._client.send("GET", f"{_path(job.id)}/{name}", object=target).content
        # Not by requests: without a charset it would read UTF-8 as Latin-1.
        try:
            return csv.DictReader(io.StringIO(content.decode("utf-8"), newline=""))
        except UnicodeDecodeError:
            raise Unavailable("the answer was not understood", Where(CRM, target)) from None


def _no_upload(target: str) -> str:
    raise Unavailable("the upload got no answer, twice", Where(CRM, target))


def _waits() -> Iterator[float]:
    """Give the seconds between two looks at a job, until patience is at its end."""
    seconds, spent = _FIRST_SECONDS, 0.0
    while spent < _PATIENCE_SECONDS:
        yield seconds
        spent += seconds
        seconds = min(seconds * _GROWTH, _LONGEST_SECONDS)


def _path(job_id: str) -> str:
    return f"jobs/ingest/{id18(job_id)}"


def _code(error: str) -> str:
    """Take the code out of ``CODE:message:fields --``; the message may quote values."""
    code = safe(error.partition(":")[0]) or "UNKNOWN"
    quotes_lock = code == "CANNOT_INSERT_UPDATE_ACTIVATE_ENTITY" and LOCKED in error
    return LOCKED if quotes_lock else code


# rows ------------------------------------------------------------------------------------------------
def fits(row: Row) -> bool:
    """Tell whether a job can take a row: not a text that means "clear", nor one that is too long."""
    texts = [value for value in row.body.values() if isinstance(value, str)]
    return all(text != _NULL and len(text) <= _LONGEST_CELL for text in texts)


def _key(write: Write) -> str:
    """Name a row as it stands in the files."""
    return id18(write.id) if write.id is not None else write.lead_id


def _table(rows: Sequence[Row], key: str) -> bytes:
    """Write the upload: an empty cell leaves a field alone, #N/A clears it."""
    names = sorted({name for row in rows for name in row.body} - {key})
    out = io.StringIO(newline="")
    writer = csv.writer(out, lineterminator="\n")
    writer.writerow([key, *names])
    for row in rows:
        body = row.body
        writer.writerow([_key(row.write), *(_cell(body[name]) if name in body else "" for name in names)])
    return out.getvalue().encode("utf-8")


def _cell(value: Any) -> str:
    if value is None or value == "":
        return _NULL
    if isinstance(value, bool):
        return "true" if value else "false"
    return str(value)
