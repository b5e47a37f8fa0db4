"""What happens by itself at a moment of sandbox time: deliveries, retries, the connector's runs."""

from __future__ import annotations

import asyncio
import heapq
import logging
from collections.abc import Awaitable, Callable
from itertools import count

from crmbridge.sandbox.clock import Clock

_log = logging.getLogger(__name__)
Job = Callable[[], Awaitable[None]]


class Jobs:
    """Jobs by the time at which they are due; equal times run in the order in which they were added."""

    def __init__(self, clock: Clock) -> None:
        self._clock = clock
        self._heap: list[tuple[int, int, Job]] = []
        self._numbers = count()
        self._passing = asyncio.Lock()

    def at(self, due_ms: int, job: Job) -> None:
        """Let a job run at a moment, epoch milliseconds; one in the past runs as soon as possible."""
        heapq.heappush(self._heap, (due_ms, next(self._numbers), job))

    def after(self, seconds: float, job: Job) -> None:
        """Let a job run when so much sandbox time has passed."""
        self.at(self._clock.now_ms() + round(seconds * 1000), job)

    def clear(self) -> None:
        """Forget all jobs."""
        self._heap.clear()

    @property
    def is_due(self) -> bool:
        """Whether a job waits for no more time."""
        return bool(self._heap) and self._heap[0][0] <= self._clock.now_ms()

    async def advance(self, milliseconds: int = 0) -> None:
        """Let time pass: every job that falls due runs, the clock standing at its moment.

        Requests are answered while a job waits for the network. A negative amount goes back, without jobs.
        A job must not wait for somebody who lets time pass: the second one waits for the first.
        """
        async with self._passing:
            end = self._clock.now_ms() + milliseconds
            while self._heap and self._heap[0][0] <= end:
                due, _, job = heapq.heappop(self._heap)
                self._forward(due)
                await _safely(job)
            if milliseconds < 0:
                self._clock.advance(milliseconds=milliseconds)
            self._forward(end)

    def _forward(self, to_ms: int) -> None:
        step = to_ms - self._clock.now_ms()
        if step > 0:
            self._clock.advance(milliseconds=step)


async def _safely(job: Job) -> None:
    try:
        await job()
    except Exception:  # noqa: BLE001 - one broken job must not stop time for all others
        _log.exception("a job of the sandbox failed")
