"""The one retry policy of both adapters, and the rate limiter of a process of its own."""

from __future__ import annotations

import random
import time
from collections import defaultdict, deque
from collections.abc import Callable
from dataclasses import dataclass
from threading import Lock
from typing import TypeVar

import structlog
import tenacity

from crmbridge.errors import RateLimited, TransientError, Unavailable

T = TypeVar("T")

log = structlog.get_logger("crmbridge.transport")


class NotCarriedOut(Unavailable):
    """The call did nothing for sure (never sent, or refused at the door): safe to repeat, writes too."""


@dataclass(frozen=True, slots=True, kw_only=True)
class RetryPolicy:
    """How often and how long transient failures are waited out.

    The n-th wait is drawn from 0 … min(longest, first * 2^(n-1)) seconds (full jitter), and is never
    shorter than the server asked for.
    """

    #: Calls in all, the first one included.
    attempts: int = 6
    #: Longest sum of waits for one call. A wait that would pass it is not begun.
    total_seconds: float = 180.0
    first_seconds: float = 1.0
    longest_seconds: float = 30.0
    sleep: Callable[[float], None] = time.sleep
    #: Gives numbers from 0 up to, not including, 1.
    jitter: Callable[[], float] = random.random

    def run(self, call: Callable[[], T], *, crm: str) -> T:
        """Call, and call again after a ``TransientError``; the last error is raised as it is."""
        retrying = tenacity.Retrying(
            retry=tenacity.retry_if_exception_type(TransientError),
            wait=lambda state: self.wait_seconds(state.attempt_number, _error(state)),
            stop=self._is_over,
            sleep=self.sleep,
            before_sleep=lambda state: _log_retry(crm, state),
            reraise=True,
        )
        return retrying(call)

    def wait_seconds(self, attempt: int, error: BaseException | None) -> float:
        """Say how long to wait after the failure of attempt number ``attempt`` (from 1)."""
        backoff = min(self.longest_seconds, self.first_seconds * 2.0 ** (attempt - 1)) * self.jitter()
        asked = retry_after(error)
        # Everybody was told the same moment: without jitter on top all would come back together.
        return backoff if asked is None else asked + min(backoff, self.first_seconds)

    def _is_over(self, state: tenacity.RetryCallState) -> bool:
        spent = state.idle_for + state.upcoming_sleep
        return state.attempt_number >= self.attempts or spent > self.total_seconds


def _error(state: tenacity.RetryCallState) -> BaseException | None:
    return state.outcome.exception() if state.outcome else None


def _log_retry(crm: str, state: tenacity.RetryCallState) -> None:
    error = _error(state)
    where = getattr(error, "where", None)
    log.warning(
        "retry",
        crm=crm,
        error=type(error).__name__,
        status=getattr(where, "status", None),
        code=getattr(where, "code", None),
        attempt=state.attempt_number,
        wait_seconds=round(state.upcoming_sleep, 3),
    )


class LocalLimiter:
    """A ``ports.Limiter`` for one process: a ring of reservations per bucket.

    Permit k starts no earlier than one window after permit k - limit: never more than ``limit`` starts in
    any window, wherever it is laid.
    """

    def __init__(self, clock: Callable[[], float] = time.monotonic) -> None:
        self._clock = clock
        self._lock = Lock()
        self._starts: defaultdict[str, deque[float]] = defaultdict(deque)
        self._paused_until: dict[str, float] = {}

    def acquire(self, bucket: str, limit: int, window_seconds: float) -> float:
        with self._lock:
            now = self._clock()
            starts = self._starts[bucket]
            while len(starts) > limit:  # the server lowered the limit
                starts.popleft()
            earliest = starts.popleft() + window_seconds if len(starts) == limit else now
            start = max(now, earliest, self._paused_until.get(bucket, now))
            starts.append(start)
            return start - now

    def pause(self, bucket: str, seconds: float) -> None:
        with self._lock:
            until = self._clock() + seconds
            self._paused_until[bucket] = max(until, self._paused_until.get(bucket, until))


def retry_after(error: BaseException | None) -> float | None:
    """Give the seconds the server asked to wait; None when it did not say."""
    return error.retry_after_seconds if isinstance(error, (RateLimited, Unavailable)) else None
