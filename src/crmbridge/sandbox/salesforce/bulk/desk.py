"""Where jobs are handed in and picked up: keeping them, and moving them on step by step.

A job moves by being asked for: each ``bulk_polls`` polls it makes one step, so that a client sees every
state and the same polls always see the same. With ``bulk_step_seconds`` time moves it instead.
Steps: UploadComplete → InProgress, then one batch of records each; the last one ends the job.
"""

from __future__ import annotations

import random
from collections.abc import Iterator
from datetime import timedelta
from itertools import chain
from typing import TypeVar

from crmbridge.sandbox.options import SalesforceOptions
from crmbridge.sandbox.salesforce.bulk import jobs
from crmbridge.sandbox.salesforce.bulk.export import find_rows
from crmbridge.sandbox.salesforce.bulk.ingest import RowWriter
from crmbridge.sandbox.salesforce.bulk.jobs import IngestJob, Job, Outcome, QueryJob
from crmbridge.sandbox.salesforce.bulk.tables import BadTable, read_table
from crmbridge.sandbox.salesforce.failures import not_found
from crmbridge.sandbox.salesforce.ids import to_long
from crmbridge.sandbox.salesforce.quota import Quota
from crmbridge.sandbox.salesforce.store import Store
from crmbridge.sandbox.salesforce.writes import Writer

#: Ended jobs are kept this long (understanding_bulk2_ingest, checked 2026-11-21).
KEPT_MS = int(timedelta(days=7).total_seconds() * 1000)
_QUOTA_USED_UP = "ExceededQuota : ApiBatchItems Limit exceeded."
AnyJob = TypeVar("AnyJob", bound=Job)


class Desk:
    """All bulk jobs of the org. They live in memory: a restart forgets them."""

    def __init__(self, store: Store, writer: Writer) -> None:
        self._store = store
        self._writer = writer
        self.ingest: dict[str, IngestJob] = {}
        self.queries: dict[str, QueryJob] = {}
        #: Batches of 10,000 records, and query jobs.
        self.batches = Quota(store.world.clock)
        self.query_jobs = Quota(store.world.clock)

    def reset(self) -> None:
        """Forget all jobs."""
        self.ingest.clear()
        self.queries.clear()
        self.batches.reset()
        self.query_jobs.reset()

    def new_id(self) -> str:
        """Give a fresh job id."""
        return self._store.make_id("750", self._store.world.next_number("salesforce.bulk"))

    def find(self, kept: dict[str, AnyJob], job_id: str) -> AnyJob:
        """Give a job by its id, long or short.

        Raises:
            ApiError: NOT_FOUND, also when it ended more than a week ago.
        """
        self._forget_old(kept)
        job = kept.get(to_long(job_id) or "")
        if job is None:
            raise not_found()
        return job

    def listed(self, kept: dict[str, AnyJob]) -> list[AnyJob]:
        """Give all jobs, newest first."""
        self._forget_old(kept)
        return list(reversed(kept.values()))

    def touch(self, job: Job, state: str) -> None:
        """Bring a job into a state, at this moment."""
        job.state = state
        job.modified = self._store.stamp()
        job.step_ms = self._store.world.clock.now_ms()
        job.polls = 0

    def poll(self, job: Job) -> None:
        """Note that a client asked for a job; it may move on by that."""
        if not job.moving or self._options.bulk_step_seconds > 0:
            return
        if self._options.bulk_polls <= 0:
            self._finish(job)
            return
        job.polls += 1
        if job.polls >= self._options.bulk_polls:
            self._step(job)

    def let_time_pass(self) -> None:
        """Make the steps that are due by the clock."""
        step_ms = int(self._options.bulk_step_seconds * 1000)
        if step_ms <= 0:
            return
        for job in self._moving():
            while job.moving and self._store.world.clock.now_ms() >= job.step_ms + step_ms:
                began = job.step_ms
                self._step(job)
                job.step_ms = began + step_ms

    def results(self, job: IngestJob) -> list[Outcome]:
        """Give the outcomes in the order of the result files: not the one of the upload."""
        outcomes = list(job.outcomes)
        if self._options.bulk_shuffle_results:
            random.Random(f"{self._store.world.seed} {job.id}").shuffle(outcomes)
        return outcomes

    @property
    def _options(self) -> SalesforceOptions:
        return self._store.world.options.salesforce

    def _moving(self) -> Iterator[Job]:
        return (job for job in chain(self.ingest.values(), self.queries.values()) if job.moving)

    def _forget_old(self, kept: dict[str, AnyJob]) -> None:
        now = self._store.world.clock.now_ms()
        for job in [job for job in kept.values() if job.ended and now - job.step_ms > KEPT_MS]:
            del kept[job.id]

    def _finish(self, job: Job) -> None:
        while job.moving:
            self._step(job)

    def _step(self, job: Job) -> None:
        if job.state == jobs.UPLOADED:
            self.touch(job, jobs.RUNNING)
            return
        job.steps += 1
        if isinstance(job, QueryJob):
            job.rowids = find_rows(self._store, job.plan)
            self.touch(job, jobs.COMPLETE)
        elif isinstance(job, IngestJob):
            self._write_batch(job)

    def _write_batch(self, job: IngestJob) -> None:
        try:
            writer = self._opened(job)
        except BadTable as bad:
            self._fail(job, str(bad))
            return
        if self.batches.used >= self._options.daily_bulk_batches:
            self._fail(job, _QUOTA_USED_UP)
            return
        self.batches.use()
        first = len(job.outcomes)
        last = min(first + max(self._options.bulk_batch_records, 1), len(job.rows))
        with self._store.world.transaction():
            job.outcomes += [writer.write(row) for row in range(first, last)]
        self.touch(job, jobs.COMPLETE if last == len(job.rows) else jobs.RUNNING)

    def _opened(self, job: IngestJob) -> RowWriter:
        if job.data is not None:
            job.header, job.rows = read_table(job.data, job.delimiter, job.line_ending)
            job.data = None
        return RowWriter(self._writer, self._store.schema, job)

    def _fail(self, job: IngestJob, message: str) -> None:
        job.error = message
        self.touch(job, jobs.FAILED)
