"""Bulk jobs: what each keeps, the states it may be in, and how it shows itself."""

from __future__ import annotations

from array import array
from dataclasses import dataclass, field
from typing import Any

from crmbridge.sandbox.salesforce.caller import Caller
from crmbridge.sandbox.salesforce.failures import ApiError, refuse
from crmbridge.sandbox.salesforce.schema import SObject
from crmbridge.sandbox.salesforce.soql import Plan

OPEN, UPLOADED, RUNNING = "Open", "UploadComplete", "InProgress"
COMPLETE, FAILED, ABORTED = "JobComplete", "Failed", "Aborted"
ENDED = frozenset({COMPLETE, FAILED, ABORTED})
INGEST_OPERATIONS = ("insert", "update", "upsert", "delete", "hardDelete")
QUERY_OPERATIONS = ("query", "queryAll")
#: Milliseconds a step is said to have taken.
_STEP_MS = 100


@dataclass(frozen=True, slots=True)
class Outcome:
    """What became of one row of an ingest job."""

    #: Place of the row in the file, from 0.
    row: int
    record_id: str = ""
    created: bool = False
    #: ``CODE:message:fields --``; "" when the row was written.
    error: str = ""


@dataclass(slots=True, kw_only=True)
class Job:
    """What both kinds of jobs have in common."""

    id: str
    operation: str
    item: SObject
    #: Who made it: writes are his, and results are given in his version only.
    caller: Caller
    #: Stored datetimes.
    created: str
    modified: str
    delimiter: str = "COMMA"
    line_ending: str = "LF"
    state: str = OPEN
    error: str = ""
    #: Steps made, polls since the last one, and the moment of the last one.
    steps: int = 0
    polls: int = 0
    step_ms: int = 0

    @property
    def ended(self) -> bool:
        """Whether nothing will move it any more."""
        return self.state in ENDED

    @property
    def moving(self) -> bool:
        """Whether polls or time move it on."""
        return self.state in (UPLOADED, RUNNING)

    def refuse_move(self, verb: str) -> ApiError:
        """Build the error for a state it cannot go to."""
        return refuse(
            "INVALIDJOBSTATE", f"{verb} already {_WORDS.get(self.state, self.state)} Job not allowed"
        )

    def _shown(self, kind: str) -> dict[str, Any]:
        return {
            "id": self.id,
            "operation": self.operation,
            "object": self.item.name,
            "createdById": self.caller.user_id,
            "createdDate": self.created,
            "systemModstamp": self.modified,
            "state": self.state,
            "concurrencyMode": "Parallel",
            "contentType": "CSV",
            "apiVersion": float(self.caller.version),
            "jobType": kind,
            "lineEnding": self.line_ending,
            "columnDelimiter": self.delimiter,
        }

    def _progress(self, processed: int) -> dict[str, Any]:
        error = {"errorMessage": self.error} if self.error else {}
        return {
            "retries": 0,
            "totalProcessingTime": self.steps * _STEP_MS,
            "numberRecordsProcessed": processed,
            **error,
        }


@dataclass(slots=True, kw_only=True)
class IngestJob(Job):
    """A job that writes."""

    external_id: str = ""
    assignment_rule: str = ""
    #: The upload; None until it came.
    data: bytes | None = None
    header: list[str] = field(default_factory=list)
    rows: list[list[str]] = field(default_factory=list)
    #: In the order of the file; results are given in another.
    outcomes: list[Outcome] = field(default_factory=list)

    @property
    def failed_count(self) -> int:
        """Rows that were refused."""
        return sum(1 for outcome in self.outcomes if outcome.error)

    def shown(self) -> dict[str, Any]:
        """Give the job as its info shows it."""
        extra: dict[str, Any] = {"contentUrl": f"{self.caller.base[1:]}/jobs/ingest/{self.id}/batches"}
        if self.external_id:
            extra["externalIdFieldName"] = self.external_id
        if self.assignment_rule:
            extra["assignmentRuleId"] = self.assignment_rule
        times = {"apiActiveProcessingTime": self.steps * _STEP_MS, "apexProcessingTime": 0}
        counts = {"numberRecordsFailed": self.failed_count}
        return self._shown("V2Ingest") | extra | self._progress(len(self.outcomes)) | times | counts


@dataclass(slots=True, kw_only=True)
class QueryJob(Job):
    """A job that reads."""

    statement: str
    plan: Plan
    #: Rows found, fixed when the job ran; their values are read page by page.
    rowids: array[int] = field(default_factory=lambda: array("q"))

    def shown(self) -> dict[str, Any]:
        """Give the job as its info shows it."""
        return self._shown("V2Query") | self._progress(len(self.rowids)) | {"isPkChunkingSupported": True}


#: How messages call a state.
_WORDS = {COMPLETE: "Completed"}
