"""Processes that are forked, watched and killed: what one gives back comes through a pipe."""

from __future__ import annotations

import os
import pickle
import signal
import sys
import traceback
from collections.abc import Callable
from dataclasses import dataclass
from typing import Any, NoReturn

#: Nothing that a campaign forks takes so long; whoever does hangs, and is ended by its own alarm.
_HANG_SECONDS = 600


@dataclass(frozen=True, slots=True)
class Child:
    """A process under way, and the end of the pipe that its result comes through."""

    pid: int
    reader: int


@dataclass(frozen=True, slots=True)
class Ended:
    """How a child ended."""

    #: What its work returned; None when it was killed or failed.
    value: Any
    #: The signal that ended it; 0: none did.
    signal: int
    #: The traceback of an error that its work let through; "" for none.
    error: str


def start(work: Callable[[], Any], seconds: int = _HANG_SECONDS) -> Child:
    """Fork, and do ``work`` in the child; it dies after so many seconds (0: never). Single-threaded only."""
    reader, writer = os.pipe()
    sys.stdout.flush()
    pid = os.fork()
    if pid:
        os.close(writer)
        return Child(pid, reader)
    os.close(reader)
    signal.alarm(seconds)
    return _work(work, writer)


def _work(work: Callable[[], Any], writer: int) -> NoReturn:
    try:
        answer: tuple[Any, str] = (work(), "")
    except BaseException:  # noqa: BLE001 - whatever it is, the parent is told
        answer = (None, traceback.format_exc())
    with os.fdopen(writer, "wb") as pipe:
        pickle.dump(answer, pipe)
    os._exit(0)


def ended(child: Child, sent: bytes) -> Ended:
    """Take leave of a child that has closed its pipe; ``sent`` is all that came through it."""
    _, status = os.waitpid(child.pid, 0)
    if os.WIFSIGNALED(status):
        return Ended(None, os.WTERMSIG(status), "")
    value, error = pickle.loads(sent)  # noqa: S301 - our own child wrote it
    return Ended(value, 0, error)


def wait(child: Child) -> Ended:
    """Wait for a child."""
    with os.fdopen(child.reader, "rb") as pipe:
        sent = pipe.read()
    return ended(child, sent)
